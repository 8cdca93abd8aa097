"""A data file from outside: plain or gzip, of limited size; every error names the file."""
import gzip
import hashlib
import json
import zlib
from pathlib import Path
from typing import NamedTuple

from ..files import found_at, printable


class DataError(ValueError):
    """Data from outside are missing, cut short, mixed up, altered, or from another data set."""


class MissingDataError(DataError, FileNotFoundError):
    """The file or its folder does not exist."""


class DataFile(NamedTuple):
    """A file from outside: its bytes, unpacked if it is gzip, and the errors that name it."""
    path: Path
    raw: bytes
    copies: str  # where to get the file, or its description; the end of every message

    def fail(self, expected, found, missing=False):
        """Raise DataError; MissingDataError if the file is missing."""
        kind = MissingDataError if missing else DataError
        raise kind(f"{self.path}: expected {expected}, found {found}; {self.copies}")

    def check(self, good, expected, found):
        """Raise DataError unless `good`."""
        if not good:
            self.fail(expected, found)

    def check_digest(self, expected, content, why="altered"):
        """Raise DataError unless `content` has the SHA-256 `expected`."""
        found = hashlib.sha256(content).hexdigest()
        self.check(found == expected, f"SHA-256 {expected}", f"{found}: {why}")

    def text(self):
        """The text in UTF-8."""
        try:
            return self.raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self.fail("UTF-8 text", f"byte {self.raw[error.start]:#04x} at {error.start}")

    def json(self):
        """The value in JSON text."""
        text = self.text()
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            self.fail("JSON", f"{error} ({len(self.raw)} bytes)")


def find_file(folder, names, copies, most, whole=True):
    """The first file of `names` in the folder; the other arguments are those of `read_file`."""
    folder = Path(folder)
    place = DataFile(folder, b"", copies)
    if (found := found_at(folder)) != "a folder":
        place.fail(f"a folder with {names[0]}", found, missing=found == "nothing")
    there = [folder / name for name in names if found_at(folder / name) != "nothing"]
    if not there:
        here = sorted(printable(entry.name) for entry in folder.iterdir())
        found = ", ".join(here[:8]) + (", ..." if len(here) > 8 else "") or "an empty folder"
        place.fail(" or ".join(names), found, missing=True)
    files = [path for path in there if found_at(path) == "a file"]
    return read_file((files or there)[0], copies, most, whole)


def read_file(path, copies, most, whole=True):
    """The file at `path`; more than `most` bytes are an error if `whole`, else they are cut off."""
    file = DataFile(path, b"", copies)
    if (found := found_at(path)) != "a file":
        file.fail("a file", found, missing=found == "nothing")
    try:
        with open(path, "rb") as source:
            packed = source.read(2) == b"\x1f\x8b"  # gzip, whatever its name is
            source.seek(0)
            raw = (gzip.GzipFile(fileobj=source) if packed else source).read(most + 1)
    except (EOFError, zlib.error, OSError) as error:  # OSError: also gzip.BadGzipFile
        file.fail("a readable file, plain or gzip", f"an error: {error}")
    file.check(raw, "data", "an empty file")
    file.check(not whole or len(raw) <= most, f"at most {most:,} bytes", "more")
    return file._replace(raw=raw)
