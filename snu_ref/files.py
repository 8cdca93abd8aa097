"""Read files from outside with care, and write our files completely or not at all.

Reading: only a regular file is opened, because a pipe may block and a device may have no end. The
caller sets the largest size. Control characters in text from outside are escaped: in a terminal
they could move the cursor or change the colours.

Writing: a folder is tested, and locked for one writer, before the work begins. A file is written as
NAME.unfinished, forced to the disk, and renamed. If the process is killed, the old file stays.
"""
import json
import os
import stat
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

if os.name == "posix":
    import fcntl

    def _lock(file):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
else:
    import msvcrt

    def _lock(file):
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:  # another process has the lock
            raise BlockingIOError from error

LOCK = ".one-writer"


def found_at(path):
    """What is at `path`: "a file", "a folder", "a link to nowhere" ... or "nothing"."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return "a link to nowhere" if os.path.islink(path) else "nothing"
    kinds = {stat.S_IFREG: "a file", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe",
             stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def open_regular(path):
    """Open the regular file at `path` to read bytes.

    Raises FileNotFoundError if nothing is there, ValueError if it is something else.
    """
    found = found_at(path)
    if found == "nothing":
        raise FileNotFoundError(f"{path}: expected a file, found no such file")
    if found != "a file":
        raise ValueError(f"{path}: expected a file, found {found}")
    return open(path, "rb")


def read_regular(path, most):
    """The bytes of the regular file at `path`; ValueError if there are more than `most`.

    Other errors are those of `open_regular`.
    """
    with open_regular(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise ValueError(f"{path}: expected at most {most} bytes, found more")
    return raw


def printable(text):
    r"""`text` with control characters as escapes.

    >>> printable("a name\x1b[31m\n")
    'a name\\x1b[31m\\n'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def output_folder(name, path):
    """Make the folder `path` if it is not there, and test that files can be written in it.

    name: its name in the message, such as "--out". Raises OSError.
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
def one_writer(name, path):
    """Like `output_folder`, and lock the folder for this process until the block ends.

    The operating system frees the lock when the process ends, so nothing has to be deleted after a
    process is killed. Raises OSError if another process writes there.
    """
    path = output_folder(name, path)
    try:
        lock = _locked(path / LOCK)
    except OSError as error:
        reason = "another run is writing there" if isinstance(error, BlockingIOError) else error
        raise OSError(f"{name}: expected a folder that no other run writes in, got {path}: "
                      f"{reason}") from error
    with lock:
        try:
            yield path
        finally:
            with suppress(OSError):  # Windows cannot delete an open file; an empty one is harmless
                os.unlink(path / LOCK)  # before the lock is freed: see `_locked`


def _locked(path):
    """The file `path`, open and locked for this process; BlockingIOError if another has it."""
    while True:
        with ExitStack() as stack:
            file = stack.enter_context(open(path, "ab"))
            _lock(file)
            # the previous owner may have removed the file just before this process got the lock
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                    stack.pop_all()
                    return file


def output_file(name, path):
    """The path of a result file, tested before long work; the ValueError begins with `name`."""
    place = Path(path).resolve()
    if not path or place.is_dir() or not os.access(place if place.exists() else place.parent,
                                                   os.W_OK):
        raise ValueError(f"{name}: expected a file that can be written, got {str(path)!r}")
    return place


@contextmanager
def whole_file(path, durable=True):
    """A binary file to write to; it replaces `path` at the end of the block.

    durable: whether it is forced to the disk first, which takes milliseconds. If writing fails,
    `path` does not change, and an OSError names it.
    """
    path = Path(path)
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with open(unfinished, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException as error:
        with suppress(OSError):  # perhaps there is no file; the first error matters more
            unfinished.unlink()  # it is useless and takes disk space
        if isinstance(error, OSError):
            raise OSError(f"{path}: cannot be written: {error.strerror or error}") from error
        raise


def write_text(path, text, durable=True):
    """Write `text` as UTF-8, as `whole_file` writes."""
    with whole_file(path, durable) as file:
        file.write(text.encode())


def write_json(path, value):
    """Write `value` as strict JSON; a number that is not finite becomes null."""
    strict = json.loads(json.dumps(value), parse_constant=lambda name: None)  # NaN, Infinity
    write_text(path, json.dumps(strict, indent=1, allow_nan=False))
