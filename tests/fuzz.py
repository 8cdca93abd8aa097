"""Odd calls of every public function: the right answer, or an error that names the argument.

    python tests/fuzz.py                 10,000 calls, seed 0; exit status 1 if one is wrong
    python tests/fuzz.py 500 --seed 3 --only Adam

Each call takes plain arguments (helpers/public_calls.py) and makes one of them odd: another dtype,
layout in memory, subclass, shape or size of the numbers, or another kind of number where a number
is expected. The right answer is that of the same call on contiguous copies in float64 (int64,
bool; int and float for numbers), to 1e-12, in float32 2e-5, in float16 2e-3 of the largest number
of each array, or of a hundredth of the largest of all, if that is more. Where a number of that
answer is beyond the dtype, that array is not compared. A refusal is a ValueError or TypeError
whose message has the argument's name; a MemoryError for a size counts as one. No input may be
changed.
"""
import argparse
import os
import re
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np  # noqa: E402

from helpers.public_calls import DTYPE_OF_A_LAYER, NAMES, arguments_of, run  # noqa: E402


class Own(np.ndarray):
    """A subclass that adds nothing."""


# ---- odd values: function of (value, rng), which gives the odd value -----------------------------

def strided(a, rng):
    wide = np.full(tuple(2 * n for n in a.shape), 77).astype(a.dtype)
    view = wide[tuple(slice(None, None, 2) for _ in a.shape)]
    view[...] = a
    return view


def backwards(a, rng):
    return np.array(a[..., ::-1])[..., ::-1] if a.ndim else a


def unaligned(a, rng):
    raw = np.zeros(a.nbytes + 1, np.uint8)[1:].view(a.dtype)[:a.size].reshape(a.shape)
    raw[...] = a
    return raw


def read_only(a, rng):
    a = a.copy()
    a.flags.writeable = False
    return a


def masked(a, rng):
    return np.ma.array(a, mask=rng.random(a.shape) < 0.3)


def memmap(a, rng):
    if not a.size:
        return a
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, a.dtype, "w+", shape=a.shape)
    mapped[...] = a
    return mapped


def with_number(*values):
    def change(a, rng):
        a = a.copy()
        if a.size:
            with np.errstate(over="ignore"):
                place = np.unravel_index(rng.integers(a.size), a.shape)
                a[place] = values[rng.integers(len(values))]
        return a
    return change


def fill(*values):
    def change(a, rng):
        with np.errstate(over="ignore"):
            return np.full_like(a, values[rng.integers(len(values))])
    return change


def reshaped(a, rng):
    axis = rng.integers(a.ndim) if a.ndim else 0
    forms = [a[None], a[..., None], a.ravel(), np.array(a.flat[0]) if a.size else a, a.T,
             a.take([], axis=axis) if a.ndim else a,
             a.take([0], axis=axis) if a.ndim and a.size else a,
             np.concatenate([a, a], axis=axis) if a.ndim else a]
    if rng.random() < 0.1:
        return np.array(1.0)
    return np.ascontiguousarray(forms[rng.integers(len(forms))])


def as_dtype(*dtypes):
    def change(a, rng):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return a.astype(dtypes[rng.integers(len(dtypes))])
    return change


FINFO = np.finfo(np.float64)
LAYOUTS = [strided, backwards, unaligned, read_only, lambda a, rng: np.asfortranarray(a),
           lambda a, rng: np.array(a.T, order="C").T]
SUBCLASSES = [masked, memmap, lambda a, rng: a.view(Own),
              lambda a, rng: a.view(np.matrix) if a.ndim == 2 else a.view(Own)]
FLOATS = [with_number(np.nan, np.inf, -np.inf),
          with_number(1e300, -1e300, 1e-300, 5e-324, FINFO.max, -0.0),
          fill(1e300, 5e-324, 1e160, -1e-160, 0.0)]
INTEGERS = [with_number(-1, -100, 2 ** 31, 2 ** 62, -2 ** 63), fill(0, -1, 10 ** 6)]
DTYPES = [as_dtype(np.float16, np.float32, np.longdouble, np.complex128, object, ">f8", "U8", bool),
          as_dtype(np.int8, np.uint8, np.uint64, np.int16, ">i4")]
NO_ARRAYS = [lambda a, rng: a.tolist(), lambda a, rng: None, lambda a, rng: 1.0, lambda a, rng: "a",
             lambda a, rng: {0: a}]
NUMBERS = [np.int8, np.uint8, np.int64, np.float16, np.float32, np.float64, np.longdouble,
           Fraction, Decimal, complex, str, bool, float, int, lambda v: np.array(v),
           lambda v: np.bool_(v), lambda v: [v], lambda v: -v, lambda v: 0 * v,
           lambda v: float("nan"), lambda v: float("inf"), lambda v: 10 ** 12 * v,
           lambda v: 2 ** 1100, lambda v: 1e-320, lambda v: None, lambda v: v + 0.5,
           lambda v: np.float64(v) * 1e300, lambda v: 127, lambda v: np.int8(127)]


def make_odd(value, rng):
    """(an odd form of `value`, its kind in words)"""
    def of(kinds, word):
        return kinds[rng.integers(len(kinds))](value, rng), word
    if isinstance(value, np.ndarray):
        extreme = {"f": FLOATS, "i": INTEGERS}.get(value.dtype.kind, LAYOUTS)
        kinds = [(LAYOUTS, "layout"), (SUBCLASSES, "subclass"), (DTYPES, "dtype"),
                 ([reshaped], "shape"), (extreme, "extreme"), (NO_ARRAYS, "no array"),
                 (LAYOUTS, "layout")]
        return of(*kinds[rng.integers(len(kinds))])
    if isinstance(value, (tuple, list)):
        forms = [tuple(map(np.int8, value)), list(value), tuple(value), value[:-1], (), None, 3,
                 np.array(value), tuple(-v for v in value), tuple(map(float, value))]
        return forms[rng.integers(len(forms))], "sizes"
    try:
        return NUMBERS[rng.integers(len(NUMBERS))](value), "number"
    except (OverflowError, ValueError, TypeError):
        return None, "number"


def plain(value):
    """The contiguous copy in float64, int64 or bool; ints and floats for NumPy's numbers."""
    if isinstance(value, np.ndarray):
        value = np.array(value, order="C", subok=False)
        if value.dtype.kind == "f":
            with np.errstate(over="ignore"):
                return value.astype(np.float64)
        return value.astype(np.int64) if value.dtype.kind in "iu" and value.size and (
            value.max() < 2 ** 63) else value
    if isinstance(value, (tuple, list)):
        return type(value)(map(plain, value))
    if isinstance(value, np.generic):
        return float(value) if isinstance(value, np.floating) else value.item()
    return value


ALSO = {  # other names that an error may have: of what the argument determines
    ("Dropout", "x"): ["mask"], ("check_gradient", "x"): ["forward"],
    ("PCMArray", "dac_bound"): ["weights"], ("PCMArray", "t"): ["weights"]}


# ---- what is right -------------------------------------------------------------------------------

def outcome(name, arguments, dtype=np.float64):
    """("value", flat list), ("refused", message) or ("fault", text)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an overflow shows in the comparison
            return "value", run(name, arguments, dtype)
    except (ValueError, TypeError) as error:
        return "refused", str(error)
    except MemoryError:
        return "refused", f"expected less: {', '.join(arguments)}"  # the sizes are too large
    except Exception:
        return "fault", traceback.format_exc(limit=-3)


def differ(got, right, rounding, largest):
    """None, or what differs between two flat lists."""
    if len(got) != len(right):
        return f"{len(got)} results, not {len(right)}"
    numbers = [np.abs(np.asarray(b, np.float64)).max(initial=0) for b in right
               if np.asarray(b).dtype.kind in "fiub"]
    least = 1e-2 * max((n for n in numbers if n < largest), default=0)
    for i, (a, b) in enumerate(zip(got, right)):
        a, b = (np.asarray(v) for v in (a, b))
        if a.shape != b.shape:
            return f"result {i}: shape {a.shape}, not {b.shape}"
        if b.dtype.kind not in "fiub":
            if not np.array_equal(a, b):
                return f"result {i}: {a!r}, not {b!r}"
            continue
        with np.errstate(all="ignore"):
            a, b = a.astype(np.float64), b.astype(np.float64)
            beyond = (np.abs(b) > largest) | ~np.isfinite(b)
            if beyond.any():
                continue  # the result is out of range, or nearly
            scale = max(np.abs(b).max(initial=0), least)
            if not (np.abs(a - b) <= rounding * scale + 1e-300).all():
                return f"result {i}: {a.ravel()[:4]}, not {b.ravel()[:4]}"
    return None


def frozen(arguments):
    return {key: (v.tobytes() if isinstance(v, np.ndarray) and not v.dtype.hasobject else repr(v))
            for key, v in arguments.items()}


def one_call(name, rng):
    """(outcome, kind, what is wrong or None) of one odd call."""
    single = rng.random() < 0.15
    dtype = np.float32 if single else np.float64
    arguments = arguments_of(name, rng, dtype)
    key = list(arguments)[rng.integers(len(arguments))]
    odd, kind = make_odd(arguments[key], rng)
    arguments[key] = odd
    before = frozen(arguments)
    result, got = outcome(name, arguments, dtype if name in DTYPE_OF_A_LAYER else np.float64)
    where = f"{name}, {key} = {odd!r:.150} ({kind}{', float32' if single else ''})"
    if frozen(arguments) != before:
        return "wrong", kind, f"{where}: an input was changed"
    if result == "fault":
        return "wrong", kind, f"{where}: {got}"
    inner = key.rpartition(".")[2]
    if result == "refused":
        named = [key, inner, {"p": "params", "g": "grads"}.get(key, key)]
        named += ALSO.get((name, key), [])
        if kind in ("dtype", "shape", "no array", "sizes", "number", "extreme"):
            named += [k.rpartition(".")[2] for k in arguments]  # either of two that do not fit
        words = "|".join(map(re.escape, named))
        if "expected" not in got or not re.search(rf"(?<![A-Za-z_])({words})(?![A-Za-z])", got):
            return "wrong", kind, f"{where}: refused without its name: {got}"
        return "refused", kind, None
    if kind == "subclass":
        if type(odd) is not np.ndarray:
            return "wrong", kind, f"{where}: a subclass was taken"
    status, right = outcome(name, {k: plain(v) for k, v in arguments.items()})
    if status != "value":
        return "wrong", kind, f"{where}: taken, where the plain copy is not: {right}"
    dtypes = {np.dtype(dtype), getattr(odd, "dtype", np.dtype(float))}
    half, precise = np.dtype(np.float16) in dtypes, np.dtype(np.float32) not in dtypes
    rounding, largest = (2e-3, 6e4) if half else (1e-12, 1e307) if precise else (2e-5, 3e37)
    problem = differ(got, right, rounding, largest)
    if problem and not (kind == "extreme" and single):
        return "wrong", kind, f"{where}: {problem}"
    return "right", kind, None


def count(names, one_call, calls, seed, only="", report=print):
    """Counter of (kind of oddity, outcome) over n calls; report(text) gets what is wrong."""
    counts = Counter()
    names = [name for name in names if only in name]
    for i in range(calls):
        result, kind, problem = one_call(names[i % len(names)], np.random.default_rng([seed, i]))
        counts[kind, "wrong" if problem else result] += 1
        if problem:
            report(f"call {i}: {problem}")
    return counts


def fuzz(calls, seed, only="", report=print):
    """The counts of odd calls of every public function."""
    return count(NAMES, one_call, calls, seed, only, report)


def script(about, fuzz, calls, kinds, total):
    """A command line: prints the table of a fuzz, returns 1 if something is wrong."""
    parser = argparse.ArgumentParser(description=about.split("\n")[0])
    parser.add_argument("calls", type=int, nargs="?", default=calls)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="those whose name contains this")
    args = parser.parse_args()
    counts = fuzz(args.calls, args.seed, args.only)
    kinds = (*kinds, "wrong")
    print(f"{'':18}" + "".join(f"{kind:>9}" for kind in kinds))
    for row in sorted({row for row, _ in counts}):
        print(f"{row:18}" + "".join(f"{counts[row, kind]:9}" for kind in kinds))
    wrong = sum(n for (_, result), n in counts.items() if result == "wrong")
    print(f"{sum(counts.values())} calls of {total}, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(script(__doc__, fuzz, 10_000, ("right", "refused"), f"{len(NAMES)} functions"))
