"""A failing case as the diagnosis uses it: the inputs, and what the port returned."""
from typing import NamedTuple

import numpy as np

from ..cases.abilities import as_reported
from ..program.lines import compute
from ..program.step import FORWARD

SLACK = {"float64": 1.0, "float32": 4.0}  # our choice: factors on the bound of a case
OPTIONS = ("h", "g", "surrogate", "recurrent", "lateral_inhibition", "reset_grad")
PROPOSING = ("unit", "rest", "start", "default", "batch", "stream", "made")   # others: boundaries
SAMPLE = 24      # our choice: so many failing, and so many passing, cases test a set
LONGEST = 50     # our choice: the most steps of a case in which edits are searched for


class Seen(NamedTuple):
    """One case: configuration, inputs, the port's numbers, the relative bound."""
    id: str
    family: str
    config: dict
    inputs: dict
    got: dict
    bound: float
    turned: bool = False     # whether the port's arrays are read in another order
    right: bool = False      # whether its forward pass is right, so that only gradients are wrong

    @property
    def T(self):
        """Number of steps."""
        return len(self.inputs["x"])

    @property
    def proposes(self):
        """Whether to begin the search with such a case; where little happens, too much fits."""
        return self.family in PROPOSING and self.T >= 3

    @property
    def params(self):
        """W, H, b and decay."""
        return {name[7:]: a for name, a in self.inputs.items() if name.startswith("params.")}

    @property
    def state(self):
        """The state as reported, or computed from v or from a sigmoid's y."""
        if "s" in self.got:
            return self.got["s"]
        if "v" in self.got:
            return self.got["v"] - self.params["b"]
        inside = np.clip(self.got["y"], 1e-6, 1 - 1e-6)
        return np.log(inside) - np.log1p(-inside) - self.params["b"]

    @property
    def gradients(self):
        """The names of the returned adjoints and gradients."""
        return [name for name in self.got if name not in FORWARD]

    def those(self, edits):
        """Those edits that apply to this case."""
        return [e for e in edits if e.applies(self.config, self.inputs)]

    def tolerance(self, a):
        """The largest allowed difference from the numbers a."""
        size = np.abs(a[np.isfinite(a)]).max(initial=0)
        return self.bound * (size or 1.0)

    @np.errstate(all="ignore")
    def equal(self, a, got):
        """Whether the numbers a equal the port's; NaN equals NaN."""
        return a.shape == got.shape and bool((  # np.allclose does the same, but is 4 times slower
            (np.abs(got - a) <= self.tolerance(a)) | (got == a) | (got != got) & (a != a)).all())

    def reported(self, outputs):
        """The outputs of a program in the form that the port uses."""
        return as_reported(self.config, self.inputs, outputs)

    def matches(self, outputs):
        """Whether these outputs equal the port's."""
        outputs = self.reported(outputs)
        return all(self.equal(outputs[name], a) for name, a in self.got.items() if name in outputs)

    def agreed(self, outputs):
        """The number of the port's values that these outputs equal."""
        outputs = self.reported(outputs)
        return sum(int((np.abs(outputs[name] - a) <= self.tolerance(outputs[name])).sum())
                   for name, a in self.got.items() if name in outputs)

    def digits(self, outputs):
        """The number of digits to which all outputs equal the port's."""
        outputs = self.reported(outputs)
        worst = max((float(np.nanmax(np.abs(outputs[name] - a), initial=0))
                     / (np.abs(outputs[name][np.isfinite(outputs[name])]).max(initial=0) or 1.0)
                     for name, a in self.got.items() if name in outputs), default=0.0)
        return min(16.0, -np.log10(worst)) if worst else 16.0


def seen_of(result, dtype):
    """The Seen of a failed Result."""
    entry, name, got = result.entry, np.dtype(dtype).name, result.got
    # If end.s is only the last s again, it says nothing about the state that the port keeps.
    got = {key: a for key, a in got.items() if key not in ("end.s", "end.y")
           or not np.array_equal([a], got.get(key[4:], a[:0])[-1:])}
    config = {key: str(value).replace(" ", "_") if key == "state" else value   # a word in lines.txt
              for key, value in entry["config"].items()}
    seen = Seen(entry["id"], entry["family"], config, result.case[0], got,
                SLACK[name] * entry["tolerance"][name]["bound"])
    return seen._replace(right=has_traces(seen) and not {*FORWARD} & {*result.comparison.wrong})


def reordered(seen, view):
    """The case with the port's arrays in another order. view: an Edit of the table's VIEWS."""
    texts = {name: text for names, text in view.lines for name in names.split()}
    return seen._replace(turned=True, **{which: {
        name: compute(texts[name], {"a": a, "T": seen.T}) if name in texts else a
        for name, a in arrays.items()} for which, arrays in (
            ("inputs", seen.inputs), ("got", seen.got))})


def forward_class(seen):
    """The options that the forward pass depends on."""
    c = seen.config
    return c["recurrent"], c["lateral_inhibition"], c["h"], c["g"]


def has_traces(seen):
    """Whether what the port returned gives the state of each step."""
    return "y" in seen.got and ("s" in seen.got or "v" in seen.got or seen.config["h"] == "sigmoid")


def spread(items, most=SAMPLE):
    """At most `most` items, evenly spaced over the list; the first item is always among them."""
    step = max(len(items) / most, 1)
    return [items[int(i * step)] for i in range(min(most, len(items)))]
