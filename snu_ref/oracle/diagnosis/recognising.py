"""Which mistake gives these numbers, in everything that is not the SNU: one mistake, or a relation.

    recognise(config, inputs, got, expected, tolerance)     explanations, best first
    numbers_with(config, inputs, expected, name)            the outputs under a mistake of that name

The mistakes are whole programs (`mistakes`), tried one after the other; where none gives the port's
numbers, single tensors are related to the right ones ("grad.b: times -1").

What it does not do: two mistakes together.
"""
import numpy as np

from ..mistakes.devices import DEVICE_MISTAKES
from ..mistakes.gated import GATED_MISTAKES
from ..mistakes.losses import LOSS_MISTAKES
from ..mistakes.optimisers import OPTIMISER_MISTAKES
from ..mistakes.training import TRAINING_MISTAKES
from .explanation import Explanation, PARTIAL, partly, precision_text
from .matching import Answer, agree, digits_of
from .relations import related, relation_text, relations

MISTAKES = {}  # unit -> name -> Mistake
for _mistake in (*GATED_MISTAKES, *LOSS_MISTAKES, *OPTIMISER_MISTAKES, *TRAINING_MISTAKES,
                 *DEVICE_MISTAKES):
    for _unit in _mistake.units:
        MISTAKES.setdefault(_unit, {})[_mistake.name] = _mistake


@np.errstate(all="ignore")
def numbers_with(config, inputs, expected, name):
    """The outputs of a case under one mistake or relation; None where there is no such thing."""
    if ": " in name:
        tensors, _, words = name.partition(": ")
        if not set(tensors.split(",")) <= set(expected):
            return None
        moved = {t: related(words, expected[t], _sizes(inputs)) for t in tensors.split(",")}
        return None if any(a is None for a in moved.values()) else {**expected, **moved}
    mistake = MISTAKES[config["unit"]].get(name)
    try:
        return mistake and mistake.run(config, inputs)
    except (ValueError, ArithmeticError, IndexError):
        return None  # it leads out of the numbers, or asks for more noise than there is


def text_of(config, name):
    """What a mistake or relation is, in words."""
    return relation_text(name) if ": " in name else MISTAKES[config["unit"]][name].text


def recognise(config, inputs, got, expected, tolerance):
    """Explanations of the numbers `got`, best first; [] if nothing is wrong or nothing is known."""
    port = Answer(got, expected, tolerance)
    if not port.wrong:
        return []
    runs = {name: numbers_with(config, inputs, expected, name) for name in MISTAKES[config["unit"]]}
    runs = {name: outputs for name, outputs in runs.items()  # those that show
            if outputs and not all(agree(outputs[k], expected[k]) for k in port.names)}
    found = [name for name, outputs in runs.items() if port.matches(outputs)]
    if not found:
        related_by, rest = relations(port, expected, _sizes(inputs))
        if len(related_by) == 1 and not rest:
            tensors, words = related_by[0]
            found = [f"{','.join(tensors)}: {word}" for word in words]
            runs.update({name: numbers_with(config, inputs, expected, name) for name in found})
    if found:
        return [Explanation((name,), text_of(config, name), port.digits(runs[name], port.names),
                            tuple(port.names), (), tuple((o,) for o in found if o != name))
                for name in found]
    digits = digits_of(max(port.errors.values()))
    if digits >= 5:
        return [Explanation(("precision",), precision_text(digits), digits, tuple(port.names))]
    return _partial(config, port, runs, expected)


def _partial(config, port, runs, expected):
    least, ranked = len(port.matched(expected)), []
    for name, outputs in runs.items():
        matched = port.matched(outputs)
        if len(matched) > least and set(matched) & set(port.wrong):
            ranked.append((-len(matched), name, matched))
    return [partly(name, text_of(config, name), port.digits(runs[name], matched), matched,
                   port.names)
            for _, name, matched in sorted(ranked)[:PARTIAL]]


def recognised(config, inputs, got, expected, tolerance, name):
    """Whether the mistake of that name gives the numbers `got` of a case that the port fails."""
    port = Answer(got, expected, tolerance)
    if name == "precision":
        return bool(port.wrong) and digits_of(max(port.errors.values())) >= 5
    outputs = numbers_with(config, inputs, expected, name)
    return bool(port.wrong) and outputs is not None and port.matches(outputs)


def _sizes(inputs):
    """T, B and n of a case, 1 where it has no such axes."""
    sequence = inputs.get("dy", inputs.get("y"))
    return sequence.shape if sequence is not None and sequence.ndim == 3 else (1, 1, 1)
