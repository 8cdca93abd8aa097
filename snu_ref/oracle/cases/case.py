"""What a conformance case is: a configuration, inputs, and the right outputs.

Inputs are multiples of a binary fraction, so they are exact in float32 and short in decimal. They
are computed from the raw bits of PCG64, because NumPy guarantees that these never change. It does
not guarantee this for its distributions.
"""
import copy
import zlib
from fnmatch import fnmatchcase
from typing import Callable, NamedTuple

import numpy as np

GRID = 64  # our choice: inputs are multiples of 1/64


class Draws:
    """Draws multiples of 1/grid for one case; `attempt` counts the seeds that were tried."""

    def __init__(self, id, attempt=0):
        self._bits = np.random.PCG64([zlib.crc32(id.encode()), attempt])

    def grid(self, low, high, shape, grid=GRID):
        """Uniform multiples of 1/grid from low to high, both included; float64, of `shape`."""
        return low + self.integers(int((high - low) * grid) + 1, shape) / grid

    def integers(self, n, shape):
        """Integers 0..n-1, int64, of `shape`."""
        size = int(np.prod(shape))
        raw = np.asarray(self._bits.random_raw(size), dtype=np.uint64)
        return (raw % np.uint64(n)).astype(np.int64).reshape(shape)


class Definition(NamedTuple):
    """How a case is made; `literal.json` and the `families_*.py` list them.

    make(draws) returns a dict of inputs, float64 or int64. exact: where float32 does not round,
    because all numbers are short binary fractions: "all", in both passes; "forward", only in the
    forward pass; "", nowhere.
    """
    id: str
    family: str
    why: str
    flags: tuple
    config: dict
    make: Callable
    exact: str = ""
    alive: bool = True   # whether gradients must be of order 1, and units both spike and not spike
    float64_only: str = ""   # the reason, if the case is not for float32 ports
    least: float = 0.0       # lower limit of the float32 bound
    unfit: Callable = None   # (config, inputs, outputs) -> why the drawn numbers do not fit, or ""


class Case:
    """A case as a port sees it, without the right outputs.

    id, family, why    strings; `config` is a dict of names and numbers, `inputs` a dict of arrays
    case["x"]          is case.inputs["x"]
    case.params        {"W": ..., "b": ...}: the inputs "params.W", "params.b", ...
    case.group("state")    the inputs with another prefix: {"s": ..., "y": ...}
    case.outputs       {name: shape} of all arrays that are compared, in the order of computation
    case.dtype         dtype of the inputs (except integers) and of the port's arrays
    """

    def __init__(self, id, family, why, config, inputs, outputs, dtype):
        self.id, self.family, self.why = id, family, why
        self.config = copy.deepcopy(config)  # a copy: the port may change it
        self.outputs = {name: tuple(shape) for name, shape in outputs.items()}
        self.dtype = np.dtype(dtype)
        self.inputs = cast(inputs, dtype)

    def __getitem__(self, name):
        return self.inputs[name]

    def __repr__(self):
        return f"Case({self.id!r}, {self.config}, {self.dtype})"

    @property
    def params(self):
        """The parameters by name, without the prefix."""
        return self.group("params")

    def group(self, prefix):
        """{name: array} of the inputs named prefix.name."""
        return group(self.inputs, prefix)


def group(arrays, prefix):
    """{name: array} of the arrays named prefix.name."""
    start = prefix + "."
    return {name[len(start):]: a for name, a in arrays.items() if name.startswith(start)}


def cast(arrays, dtype):
    """Copies of the arrays with floats in `dtype`; integers keep their dtype."""
    return {name: a.astype(dtype if a.dtype.kind == "f" else a.dtype) for name, a in arrays.items()}


def find(patterns, cases, option="--cases"):
    """The entries of `cases` (dicts with "id" and "family") that a pattern matches, in order.

    patterns: one or more ids or families, with commas between; * and ? as in file names. Raises
    ValueError for a pattern that matches nothing.
    """
    chosen = set()
    for pattern in map(str.strip, patterns.split(",")):
        hits = [i for i, case in enumerate(cases)
                if fnmatchcase(case["id"], pattern) or case["family"] == pattern]
        if not hits:
            lister = ("snu_ref.oracle.case_ids(adapter)" if pattern.startswith("made-")
                      else "`python -m snu_ref vectors list`")
            raise ValueError(f"{option}: no case or family is called {pattern!r}; {lister} "
                             "shows them all")
        chosen.update(hits)
    return [cases[i] for i in sorted(chosen)]
