"""Simple relations of a tensor to the right one: -1 times it, divided by T, transposed, late.

A relation is a change like those of the catalogue, of one or several outputs, and its name says
all: "grad.b: times -1", "grad.W,grad.H: transposed", "grad.x: times 1/T", "y: one step late".
"""
import numpy as np

from ..program.equations import Variant


def _transposed(a):
    return a.swapaxes(0, 1) if a.ndim > 1 and a.shape[0] == a.shape[1] > 1 else None


def _several(a):
    """Whether the tensor has a time axis with more than one step."""
    return a.ndim == 3 and len(a) > 1


def _one_step_late(a):
    return np.concatenate([0 * a[:1], a[:-1]]) if _several(a) else None


def _one_step_early(a):
    return np.concatenate([a[1:], 0 * a[:1]]) if _several(a) else None


def _without(t):
    def without(a):
        if not _several(a):
            return None
        a = a.copy()
        a[t] = 0
        return a
    return without


REARRANGED = {
    "transposed": _transposed,
    "reversed in time": lambda a: a[::-1] if _several(a) else None,
    "one step late": _one_step_late,
    "one step early": _one_step_early,
    "without its last step": _without(-1),
    "without its first step": _without(0),
    "with the units in reverse order":
        lambda a: a[..., ::-1] if a.ndim and a.shape[-1] > 1 else None,
}
FACTORS = {
    "-1": lambda T, B, n: -1.0, "2": lambda T, B, n: 2.0, "1/2": lambda T, B, n: 0.5,
    "1/T": lambda T, B, n: 1 / T, "1/B": lambda T, B, n: 1 / B,
    "1/(T B)": lambda T, B, n: 1 / (T * B),
    "1/(T B n)": lambda T, B, n: 1 / (T * B * n), "T": lambda T, B, n: T, "B": lambda T, B, n: B,
    "T B": lambda T, B, n: T * B,
}


def factor_of(words, sizes):
    """The number of a factor in words: "1/(T B)", "-1", "0.37"; sizes: T, B and n."""
    return float(FACTORS[words](*sizes)) if words in FACTORS else float(words)


def related(words, value, sizes):
    """The tensor that has the relation `words` to `value`; None where there is no such thing."""
    if words in REARRANGED:
        return REARRANGED[words](value)
    return factor_of(words.removeprefix("times "), sizes) * value


def change(name):
    """The Variant of a relation, by its name: "grad.b: times -1"."""
    tensors, _, words = name.partition(": ")
    tensors = tensors.split(",")

    def apply(c, outputs):
        sizes = c.T, c.B, c.given["params.b"].size
        for tensor in tensors:
            if tensor in outputs:
                value = related(words, outputs[tensor], sizes)
                outputs[tensor] = outputs[tensor] if value is None else value

    return Variant(name, relation_text(name), {"outputs": (apply,)})


def relation_text(name):
    """A relation in words, from its name."""
    tensors, _, words = name.partition(": ")
    several = "," in tensors
    listed, are = tensors.replace(",", ", "), "are" if several else "is"
    if words == "times 0":
        return f"{listed} {are} 0"
    right = "the right ones" if several else "the right one"
    return f"{listed} {are} {right}{', ' if words in REARRANGED else ' '}{words}"


def relation(port, name, value, sizes):
    """All words for how the port's tensor `name` relates to `value`. port: a `matching.Answer`."""
    got = port.got[name]
    if not np.isfinite(got).all() or not value.any():
        return ()
    if not got.any():
        return ("times 0",)
    candidates = [f"times {words}" for words in FACTORS
                  if factor_of(words, sizes) != 1] + list(REARRANGED)
    moved = {words: related(words, value, sizes) for words in candidates}
    found = tuple(words for words, a in moved.items()
                  if a is not None and a.any() and port.error(name, a) <= port.match)
    factor = float((got * value).sum() / (value * value).sum())
    # a single number can be met by some factor always: that would say nothing
    if not found and (np.count_nonzero(value) > 2
                      and port.error(name, factor * value) <= port.match):
        return (f"times {factor:.12g}",)
    return found


def relations(port, outputs, sizes):
    """How the port's tensors that differ relate to these outputs.

    Returns [(names of tensors, all words that fit)], and the names of the tensors without any.
    """
    found, rest = {}, []
    for name in port.names:
        if name in outputs and port.error(name, outputs[name]) > max(port.match, port.tolerance):
            words = relation(port, name, outputs[name], sizes)
            if words:
                found.setdefault(words, []).append(name)
            else:
                rest.append(name)
    return [(tuple(names), words) for words, names in found.items()], rest
