"""The right backward pass along the traces of a wrong forward pass.

Automatic differentiation follows a mistake of the forward pass; a backward pass written by hand
does not: it holds the right equations, and reads z, s, v and y of the wrong run. A change of the
forward pass has therefore several sets of gradients. A name from FORMS, after the names of the
changes of the forward pass and before those of the backward pass, says which:

    ("no_reset",)                                     differentiated as it stands
    ("no_reset", "right_backward")                    the right backward pass, along its traces
    ("no_reset", "right_backward", "reset_detached")  that, with a change of its own
    ("no_reset", "forward_alone")                     the traces and the final state, no gradients

The right equations run once more; after each step its z, s, v and y become those of the wrong run,
and the gradients go through the right expressions (`equations`).

What it does not do: a backward pass that follows half of a mistake.
"""
from typing import NamedTuple

import numpy as np

from ..program.equations import BACKWARD, FORWARD, PARAMETERS, as_computed, finish, run
from .explanation import FORWARD_ALONE


class Form(NamedTuple):
    """What a backward pass takes over from the wrong forward pass, apart from the traces.

    used: the parameters, inputs and initial state that the forward pass used. gate: its gate.
    reported: the traces as they came out, where these are not those that the steps computed.
    """
    text: str
    used: bool = False
    gate: bool = False
    reported: bool = False


FORMS = {
    "right_backward": Form(
        "the backward pass does not follow this: it is the right one, along these traces"),
    "right_backward_as_used": Form(
        "the backward pass does not follow this: it is the right one, along these traces, with the "
        "parameters, inputs and initial state that the forward pass used", used=True),
    "right_backward_kept_gate": Form(
        "the backward pass does not follow this: it is the right one, along these traces, with the "
        "gate that the forward pass used", gate=True),
    "right_backward_all_kept": Form(
        "the backward pass does not follow this: it is the right one, along these traces, with the "
        "gate, parameters, inputs and initial state that the forward pass used",
        used=True, gate=True),
    "right_backward_as_reported": Form(
        "the backward pass does not follow this: it is the right one, along the traces as they "
        "came out", reported=True),
    FORWARD_ALONE: Form(
        "this explains the forward pass; the gradients do not follow from it in a way that is "
        "known: mend the forward pass first, then check again"),
}


def split(names):
    """Names of changes ahead of a form, the form or None, and those behind it."""
    at = next((i for i, name in enumerate(names) if name in FORMS), len(names))
    form = names[at] if at < len(names) else None
    return tuple(names[:at]), form, tuple(names[at + 1:])


def forms_for(ahead):
    """The forms that differ from one another, for these changes of the forward pass."""
    used = any(name in ahead for name in (*PARAMETERS, "inputs", "start"))
    gate = any(name in ahead for name in ("gate", "fired", "seen", "recall"))
    return [name for name, form in FORMS.items()
            if name != FORWARD_ALONE and form.used <= used and form.gate <= gate
            and form.reported <= ("outputs" in ahead)]


def run_along(config, inputs, ahead, form, behind, dtype=np.float64, backward=True):
    """The outputs of the changes `ahead`, with gradients by a form and the changes `behind`.

    None where the shapes, or two changes of the same equation, do not allow it.
    """
    computed = as_computed(config, inputs, ahead, dtype)
    forward = finish(config, inputs, {name: computed[name] for name in FORWARD},
                     ahead.get("outputs", ()))
    if form == FORWARD_ALONE or not backward:
        return forward
    if FORMS[form].reported:
        computed = {**computed, **forward}
    held = _held(computed, FORMS[form], ahead)
    changed = inputs
    for change in (*held.get("inputs", ()), *behind.get("inputs", ())):
        changed = change(config, changed)
    if computed["z"].shape != changed["dy"].shape:
        return None
    held["inputs"] = (*held.get("inputs", ()), *behind.get("inputs", ()))
    if set(held) & set(behind) - {"inputs"}:
        return None
    found = run(config, inputs, {**behind, **held}, dtype)
    return {**forward, **{name: found[name] for name in BACKWARD if name in found}}


def _held(computed, form, ahead):
    """Changes of the right equations that hold every step to what was computed."""
    z, s, v, y, gate = (computed[name] for name in ("z", "s", "v", "y", "gate"))

    def output(c):
        at = c.h_at(c)  # now: by the time of the backward pass, c is at another step
        y_t = y[c.t]
        return c.v.apply(lambda v: y_t, lambda v, y: c.h_gain * c.h_slope(at, y))

    held = {"z": lambda c, drive, feedback, leak: _with_value(drive + feedback + leak, z[c.t]),
            "s": lambda c: c.z.apply(lambda z_t: s[c.t], c.g_slope),
            "v": lambda c: _with_value(c.s + c.b, v[c.t]),
            "y": output}
    if form.gate:
        held["gate"] = lambda c: _with_value(1 - c.fired, gate[c.t])
    if form.used:
        held.update({name: _as_used(ahead[name]) for name in PARAMETERS if name in ahead})
        held["inputs"] = ahead.get("inputs", ())
        held["start"] = lambda c, inputs, run: (computed["start.s"], computed["start.y"])
    return held


def _with_value(var, value):
    """Another value, with the gradient of the Var."""
    return var.tape.node(value, var.receive)


def _as_used(change):
    """A parameter with the value that the change gave it, and the gradient of itself."""
    def held(parameter):
        value = change(parameter)
        value = np.asarray(getattr(value, "value", value), parameter.value.dtype)
        return _with_value(parameter, np.broadcast_to(value, parameter.value.shape))
    return held
