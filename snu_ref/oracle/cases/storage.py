"""Arrays in files. Readers use no pickle, stay within their folder, and read no more than expected.

    .npz    one case: plain arrays "input.NAME" and "output.NAME"; equal arrays give equal files
    .json   a copy of a tiny case as text: each number with 17 digits and as its IEEE-754 bits
    .npy, .bin   single arrays of an exported case or of a port's results; .bin: raw, little-endian

A wrong file raises a ValueError that names it.
"""
import hashlib
import json
import lzma
import math
import re
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ...files import open_regular, read_regular, whole_file

CASE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,80}")
ARRAY_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*")
SLACK = 4096  # bytes, our choice: the largest header of an array
LARGEST_JSON = 10 ** 8  # bytes, our choice: a hundred times the manifest


def checked_name(kind, name):
    """`name` if it is a plain name of a "case" or "array", without a path; else ValueError."""
    pattern, text = {"case": (CASE_NAME, "lower-case letters, digits and -"),
                     "array": (ARRAY_NAME, "letters, digits, _ and single dots")}[kind]
    if not isinstance(name, str) or len(name) > 100 or not pattern.fullmatch(name):
        raise ValueError(f"{kind} name {repr(name)[:80]}: expected {text}")
    return name


def inside(folder, *parts):
    """The resolved path folder/parts; ValueError if it, or a link, leads out of the folder."""
    try:
        root = Path(folder).resolve()
        path = root.joinpath(*parts).resolve()
    except (RuntimeError, OSError) as error:  # circular links, names too long
        raise ValueError(f"{'/'.join(parts)} in {folder}: {error}") from None
    if not path.is_relative_to(root):
        raise ValueError(f"{'/'.join(parts)}: leads out of the folder {folder}")
    return path


def digest(arrays):
    """SHA-256 over names, dtypes, shapes and little-endian bytes."""
    sha = hashlib.sha256()
    for name in sorted(arrays):
        a = little(arrays[name])
        sha.update(f"{name} {a.dtype.str} {a.shape} ".encode())
        sha.update(a.tobytes())
    return sha.hexdigest()


def little(a):
    """The array with little-endian, C-ordered bytes."""
    return np.asarray(a, a.dtype.newbyteorder("<"), order="C")


# ---- a case in one file -------------------------------------------------------------------------

def write_npz(path, arrays):
    """Write plain arrays to a compressed .npz whose bytes depend on the arrays alone."""
    with whole_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name, a in arrays.items():
            info = zipfile.ZipInfo(name + ".npy")   # dated 1980
            info.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(info, "w") as part:
                np.lib.format.write_array(part, little(a), version=(1, 0), allow_pickle=False)


def read_npz(path, shapes):
    """The arrays of an .npz; `shapes`, {name: (dtype, shape)}, lists all that it must contain."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
            expected = {name + ".npy" for name in shapes}
            if set(sizes) != expected or len(archive.infolist()) != len(expected):
                odd = sorted(set(sizes) ^ expected) or ["a name twice"]
                raise ValueError(f"missing or unexpected arrays: {', '.join(odd)}")
            arrays = {}
            for name, (dtype, shape) in shapes.items():
                if sizes[name + ".npy"] > _bytes(dtype, shape) + SLACK:
                    raise ValueError(f"{name}: expected numbers of shape {shape}, got more bytes")
                with archive.open(name + ".npy") as file:
                    a = _read_array(file, dtype, shape, name + ": ")
                if a.dtype != np.dtype(dtype):
                    raise ValueError(f"{name}: expected {np.dtype(dtype)}, got {a.dtype}")
                if a.dtype.kind == "f" and not np.isfinite(a).all():
                    raise ValueError(f"{name}: holds NaN or infinity")
                arrays[name] = a
            return arrays
    except (zipfile.BadZipFile, EOFError, ValueError, KeyError, OSError, RuntimeError, zlib.error,
            lzma.LZMAError, struct.error) as error:
        raise ValueError(f"{path}: {error}") from None


def _bytes(dtype, shape):
    return math.prod(shape) * np.dtype(dtype).itemsize


def _read_array(file, dtype, shape, name=""):
    """The array of an open .npy file, of this shape and dtype, in either byte order.

    The header must state this shape and dtype before anything else is allocated or read. Objects
    are never unpickled.
    """
    version = np.lib.format.read_magic(file)
    if version not in HEADERS:
        raise ValueError(f"{name}not an array of plain numbers (.npy format {version})")
    try:
        found, fortran, kind = HEADERS[version](file)
    except (MemoryError, RecursionError, SyntaxError, TypeError, OverflowError) as error:
        raise ValueError(f"{name}unreadable header ({type(error).__name__})") from None
    if kind.hasobject:
        raise ValueError(f"{name}holds Python objects, which are never loaded (allow_pickle=False)")
    if found != tuple(shape):
        raise ValueError(f"{name}expected shape {tuple(shape)}, got {found}")
    if kind.newbyteorder("=") != np.dtype(dtype):
        raise ValueError(f"{name}expected dtype {np.dtype(dtype)}, got {kind}")
    size = _bytes(dtype, shape)
    raw = file.read(size + 1)
    if len(raw) != size:
        word = "more" if len(raw) > size else f"only {len(raw)}"
        raise ValueError(f"{name}expected {size} bytes of numbers, got {word}")
    return np.frombuffer(bytearray(raw), kind).reshape(shape, order="F" if fortran else "C")


HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


# ---- the copy in text ---------------------------------------------------------------------------

def bits(value):
    """The IEEE-754 bits of a float64 or a float32 as hex digits."""
    code = "<f" if isinstance(value, np.float32) else "<d"
    return "0x" + struct.pack(code, value)[::-1].hex()


def as_text(arrays):
    """{name: {"shape", "decimal", "bits"}}: numbers in C order, with 17 digits and as hex bits."""
    return {name: {"shape": list(a.shape), "decimal": [f"{v:.17g}" for v in a.ravel().tolist()],
                   "bits": [bits(v) for v in a.ravel().tolist()]} for name, a in arrays.items()}


def check_text(path, inputs, outputs):
    """Raise ValueError unless the JSON copy at `path` has the same numbers, decimal and bits."""
    content = read_json(path)
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected an object")
    for field, right in (("inputs", as_text(inputs)), ("outputs", as_text(outputs))):
        found = content.get(field)
        if found != right:
            odd = [name for name, numbers in right.items()
                   if isinstance(found, dict) and found.get(name) != numbers]
            raise ValueError(f"{path}: differs from the .npz in {', '.join(odd) or field}")


def read_json(path):
    """The content of a JSON file; ValueError with its name if it cannot be read."""
    try:
        raw = read_regular(path, LARGEST_JSON)
    except FileNotFoundError as error:
        raise ValueError(error) from None
    try:
        return json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not readable as JSON: {error}") from None


# ---- single arrays ------------------------------------------------------------------------------

def read_bin(path, dtype, shape):
    """The raw little-endian numbers of a file, of a known dtype and shape."""
    size, expected = Path(path).stat().st_size, _bytes(dtype, shape)
    if size != expected:
        width = np.dtype(dtype).itemsize
        other = {4: "float32", 8: "float64"}.get(size * width // expected if expected else 0)
        hint = f": these look like {other}" if other and size * width % expected == 0 else ""
        raise ValueError(f"expected {expected} bytes, {np.dtype(dtype)} {tuple(shape)}, "
                         f"got {size} bytes{hint}")
    numbers = np.frombuffer(read_regular(path, expected), np.dtype(dtype).newbyteorder("<"))
    return numbers.astype(dtype).reshape(shape)


def look_swapped(arrays):
    """Whether the numbers of these arrays have ordinary sizes only after a swap of their bytes."""
    def ordinary(numbers):
        size = np.abs(numbers[numbers != 0])
        return np.mean((size > 1e-30) & (size < 1e30)) if size.size else 1.0
    numbers = np.concatenate([np.ravel(a) for a in arrays]) if arrays else np.zeros(1)
    return ordinary(numbers) < 0.5 and ordinary(numbers.byteswap()) > 0.9


def read_npy(path, dtype, shape):
    """The numbers of a .npy file, of a known dtype and shape, read without pickle."""
    with open_regular(path) as file:
        return _read_array(file, dtype, shape).astype(dtype)
