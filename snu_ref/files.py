"""What commands write: folders tried before the work begins, and files that are whole or not there.

A file is written beside its place under the name NAME.unfinished, forced to the disk, and then put
in its place in one step. A kill at any moment, or a full disk, leaves what was there before.
"""
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path


def output_folder(name, path):
    """Make the folder `path` if it is not there, and try that files can be written in it.

    name: what the message calls it, such as "--out". Raises OSError.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"1")
    except OSError as error:
        reason = "that is a file" if isinstance(error, FileExistsError) else error.strerror or error
        raise OSError(f"{name}: expected a folder to write in, got {path}: {reason}") from error
    return path


@contextmanager
def whole_file(path):
    """A binary file to write to, put in place of `path` at the end of the block.

    If writing fails, `path` is as it was before; an OSError then names it.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with open(unfinished, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:
        try:
            unfinished.unlink()  # half a file would keep a full disk full
        except OSError:
            pass  # it was never there, or the first error is the one to tell
        if isinstance(error, OSError):
            raise OSError(f"{path}: cannot be written: {error.strerror or error}") from error
        raise
