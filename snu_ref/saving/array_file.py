"""Named arrays in a file: an .npz without compression, with a SHA-256 that shows any damage.

`read` returns exactly the arrays that `write` got, or raises DamagedError. It refuses pickles,
members that unpack to more bytes than the file has, and arrays whose header claims more bytes than
follow. `np.load` can read the file too.
"""
import hashlib
import io
import os
import zipfile

import numpy as np

from ..files import open_regular, whole_file

DIGEST = "sha256"


class DamagedError(ValueError):
    """The file is not as `write` wrote it, or `write` did not write it."""


def write(path, arrays):
    """Write arrays, {name: array}, to `path`, replacing a file there; OSError that names it."""
    # packed in memory, because on a full disk zipfile fails again when it closes the file
    packed = io.BytesIO()
    np.savez(packed, **arrays, **{DIGEST: np.array(digest(arrays))})
    with whole_file(path) as file:
        file.write(packed.getvalue())


def read(path):
    """The arrays in `path`, read-only. Raises DamagedError that says what is wrong."""
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > os.fstat(file.fileno()).st_size:
                raise ValueError("its arrays are larger than the file")
            arrays = {member.filename.removesuffix(".npy"): _array(archive.read(member))
                      for member in members}
        if DIGEST not in arrays:
            raise ValueError(f"it has no array {DIGEST!r}")
    except FileNotFoundError:
        raise
    except Exception as error:  # on damaged bytes zipfile and NumPy raise many kinds of errors
        raise DamagedError(" ".join(str(error).split()) or type(error).__name__) from error
    if str(arrays.pop(DIGEST)) != digest(arrays):
        raise DamagedError("the SHA-256 of its arrays is not the one stated in the file")
    return arrays


def digest(arrays):
    """SHA-256 over names, dtypes, shapes and numbers, in the order of the names: 64 hex digits."""
    sha256 = hashlib.sha256()
    for name in sorted(arrays):
        a = arrays[name]
        sha256.update(f"{name} {a.dtype.str} {a.shape}\n".encode())
        sha256.update(a.tobytes())
    return sha256.hexdigest()


def _array(raw):
    """The array in the bytes of an .npy file."""
    file = io.BytesIO(raw)
    version = np.lib.format.read_magic(file)
    if version != (1, 0):
        raise ValueError(f"expected version 1.0 of the .npy format, found {version}")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    data = raw[file.tell():]
    array = np.ndarray(shape, dtype, data, order="F" if fortran else "C")
    if array.nbytes != len(data):
        raise ValueError(f"expected {array.nbytes} bytes for shape {shape}, found {len(data)}")
    return array
