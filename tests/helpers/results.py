"""Results of a check, written by hand: cases that passed and cases that failed."""
from math import nan

import numpy as np

from snu_ref.oracle.cases.abilities import SNU_OPTIONS
from snu_ref.oracle.comparison.checking import Result
from snu_ref.oracle.comparison.compare import Comparison, Divergence

CONFIG = {key: values[0] for key, values in SNU_OPTIONS.items()}
FIRST = Divergence("s", (1, 0, 2), "t, sample, unit", 0.5, 0.25, "0x1p-1", "0x1p-2", 3, 0.25, 1e-12,
                   nan, 7, 2e-13)


def entry(name, family="rnn", unit="rnn", outputs=("s", "y"), **config):
    return {"id": name, "family": family, "why": f"why of {name}", "outputs": list(outputs),
            "config": {"unit": unit, **config}}


def passed(name, worst=0.0, compared=("s", "y"), case=None, **options):
    return Result(entry(name, **options), "passed", "", Comparison(compared, 2, worst, None), None,
                  case)


def failed(name, divergence=FIRST, wrong=("s",), a=np.ones((2, 1, 3)), got=None, inputs=(),
           expected=False, **options):
    outputs = {name: a for name in ("s", "y")}
    comparison = Comparison(("s", "y"), 2, 0.5, divergence, wrong)
    return Result(entry(name, **options), "failed", "", comparison,
                  {"s": a - 0.25 if got is None else got}, (dict(inputs), outputs), expected)
