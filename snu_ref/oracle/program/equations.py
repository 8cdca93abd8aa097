"""The unit's equations for one step, each in a place of its own, so that any can be exchanged.

For one step, with s and y those of the step before:

    fired = seen(y)                  what the reset sees of y; with inhibition, max_j of it
    gate  = 1 - fired
    drive, feedback, leak  =  x W,  y H,  decay . s . gate
    z = drive + feedback + leak
    s = g(z)
    v = s + b
    y = h(v)                         the slope of the step is the surrogate's, psi'(v)

`equations(config)` holds these as a dict, name -> function of the step c; `run` takes the program
they make through time on a tape, differentiates it and returns every trace, adjoint and gradient.
With nothing exchanged these are the numbers of `snu_ref.SNU`. `snu_ref.oracle.diagnosis.variants`
lists the exchanges that programmers make.

A step c holds W, H, b, decay and x; s and y, which are those of the step before until they are
overwritten; older, the y before that; t; and what the step has computed so far: fired, gate, z, v.

What this does not do: speed, long sequences, any check of its arguments.
"""
from types import SimpleNamespace
from typing import Callable, NamedTuple, Union

import numpy as np

from ...activations import STATE_FUNCTIONS, SURROGATES, sigmoid, sigmoid_slope, step
from .tape import Tape, matmul

TRACES = ("z", "s", "v", "y")
FORWARD = (*TRACES, "end.s", "end.y")
PARAMETERS = ("W", "H", "b", "decay")
GRADIENTS = tuple(f"grad.{name}" for name in PARAMETERS)
BACKWARD = ("adj.y", "adj.v", "adj.s", "adj.z", *GRADIENTS, "grad.x", "start.s", "start.y")


def equations(config):
    """The right equations for a configuration: name -> function (of the step c, mostly)."""
    g, surrogate = STATE_FUNCTIONS[config["g"]], SURROGATES[config["surrogate"]]
    spiking, detached = config["h"] == "step", config["reset_grad"] == "detached"
    inhibited, recurrent = config["lateral_inhibition"], config["recurrent"]
    return {
        # before the first step
        "inputs": (),                                  # functions (config, inputs) -> inputs
        "start": lambda c, inputs, forward: (inputs["state.s"], inputs["state.y"]),
        "W": lambda W: W, "H": lambda H: H, "b": lambda b: b, "decay": lambda decay: decay,
        # the step
        "recall": lambda c: (c.s, c.y),                # what this step knows of the one before
        "seen": lambda c: c.y.detach() if detached else c.y,
        "fired": lambda c, seen: seen.maximum(-1) if inhibited else seen,
        "gate": lambda c: 1 - c.fired,
        "drive": lambda c: product(c, c.x, c.W),
        "feedback": lambda c: product(c, c.y, c.H) if recurrent else 0.0,
        "leak": lambda c: c.decay * c.s * c.gate,
        "z": lambda c, drive, feedback, leak: drive + feedback + leak,
        "g": g.value, "g_slope": g.slope,              # of (z), and of (z, g(z))
        "s": lambda c: c.z.apply(c.g, c.g_slope),
        "v": lambda c: c.s + c.b,
        "h": step if spiking else sigmoid,
        "h_slope": (lambda v, y: surrogate.dpsi(v)) if spiking else sigmoid_slope,
        "h_at": lambda c: c.v.value,                   # where the slope of h is taken
        "h_gain": 1.0,                                 # a factor to it
        "y": output,
        "store": lambda c: (c.s, c.y),                 # what is kept for the next step
        "shown": lambda c: c.s,                        # what is reported as s,
        "out": lambda c: c.y,                          # and as y; the loss reads this
        # the arithmetic, and what becomes of the results
        "dtype": None, "rounded": None,
        "outputs": (),                                 # functions (c, outputs), changed in place
    }


def product(c, a, b):
    """The matrix product a b, its operands rounded first where that is what was exchanged."""
    return matmul(a, b, c.rounded)


def output(c):
    """h(v), and h_gain . h'(v) for its slope, which may be taken somewhere else than at v."""
    at = c.h_at(c)  # now: by the time of the backward pass, c is at another step
    return c.v.apply(c.h, lambda v, y: c.h_gain * c.h_slope(at, y))


def one_step(c):
    """z, s, v, y of one step, from c.x and from c.s, c.y of the step before."""
    before = c.y
    c.s, c.y = c.recall(c)
    c.fired = c.find_fired(c, c.seen(c))
    c.gate = c.find_gate(c)
    c.z = c.find_z(c, c.drive(c), c.feedback(c), c.leak(c))
    c.s = c.find_s(c)
    c.v = c.find_v(c)
    c.y = c.find_y(c)
    c.older = before


# Names of equations whose result the step keeps under the same name.
RESULTS = ("fired", "gate", "z", "s", "v", "y")


def run(config, inputs, changes, dtype=np.float64, backward=True):
    """Forward and backward with some equations exchanged: name -> array, the outputs of a case.

    changes: name of an equation -> what takes its place. The traces alone unless `backward`.
    """
    e, given = {**equations(config), **changes}, inputs
    inputs, tape, steps, end, leaves, xs = _ahead(config, e, inputs, dtype)
    outputs = _traces(steps, end)
    if backward:
        tape.backward([(step["y"], dy) for step, dy in zip(steps, inputs["dy"])]
                      + [(end[0], inputs["dend.s"]), (end[1], inputs["dend.y"])])
        for name in reversed(TRACES):
            outputs[f"adj.{name}"] = np.stack([step[name].gradient() for step in steps])
        for name in GRADIENTS:
            if name in leaves:
                outputs[name] = leaves[name].gradient()
        outputs["grad.x"] = np.stack([x.gradient() for x in xs])
        for name in ("start.s", "start.y"):
            outputs[name] = leaves[name].gradient()
        outputs = {name: outputs[name] for name in FORWARD + BACKWARD if name in outputs}
    return finish(config, given, outputs, e["outputs"])


def as_computed(config, inputs, changes, dtype=np.float64):
    """What the steps have computed, before changes of what comes out: name -> array.

    The traces and the final state; "gate", (T, B, n); "start.s" and "start.y", the state of step 0.
    """
    e = {**equations(config), **changes}
    _, _, steps, end, leaves, _ = _ahead(config, e, inputs, dtype)
    found = _traces(steps, end)
    found["gate"] = np.stack([
        np.broadcast_to(getattr(step["gate"], "value", step["gate"]), step["z"].value.shape)
        for step in steps])
    found["start.s"], found["start.y"] = leaves["start.s"].value, leaves["start.y"].value
    return found


def _ahead(config, e, inputs, dtype):
    """The forward pass of the equations e: the inputs as used, and what `_forward` returns."""
    dtype, given = e["dtype"] or dtype, inputs
    for change in e["inputs"]:
        inputs = change(config, inputs)
    inputs = {name: a.astype(dtype) for name, a in inputs.items()}
    c = SimpleNamespace(config=config, given=given, **{
        "find_" + name if name in RESULTS else name: f for name, f in e.items()})
    start = e["start"](c, inputs, lambda start: _forward(c, e, inputs, start)[2])
    return (inputs, *_forward(c, e, inputs, start))


def _traces(steps, end):
    found = {name: np.stack([step[name].value for step in steps]) for name in TRACES}
    found["end.s"], found["end.y"] = (var.value for var in end)
    return found


def finish(config, inputs, outputs, changes):
    """`outputs` with changes of what comes out: functions (c, outputs).

    c has config, given, T and B.
    """
    outputs = dict(outputs)
    T, B = inputs["x"].shape[:2]
    for change in changes:
        change(SimpleNamespace(config=config, given=inputs, T=T, B=B), outputs)
    return outputs


def _forward(c, e, inputs, start):
    """All steps from the state `start`: tape, traces of each step, final state, leaves, inputs."""
    tape = Tape()
    leaves = {f"grad.{name}": tape.leaf(inputs[f"params.{name}"])
              for name in PARAMETERS if f"params.{name}" in inputs}
    leaves["start.s"], leaves["start.y"] = map(tape.leaf, start)
    for name in PARAMETERS:
        if f"grad.{name}" in leaves:
            setattr(c, name, e[name](leaves[f"grad.{name}"]))
    c.s, c.y = leaves["start.s"], leaves["start.y"]
    c.older = tape.leaf(np.zeros_like(start[1]))
    steps, xs = [], []
    for c.t, x in enumerate(inputs["x"]):
        c.x = tape.leaf(x)
        xs.append(c.x)
        one_step(c)
        steps.append({"z": c.z, "s": c.shown(c), "v": c.v, "y": c.out(c), "gate": c.gate})
        c.s, c.y = c.store(c)
    return tape, steps, (c.s, c.y), leaves, xs


class Variant(NamedTuple):
    """The unit with something exchanged.

    text: what a port's author reads: what is computed, and what should be.
    changes: name of an equation -> what takes its place; or a function of config that gives that.
    when(config), fits(inputs): whether the change makes sense for a configuration, and for shapes.
    tells(inputs): whether it is looked for in a case; in others a simpler change does the same.
    """
    name: str
    text: str
    changes: Union[dict, Callable]
    when: Callable = lambda config: True
    fits: Callable = lambda inputs: True
    tells: Callable = lambda inputs: True

    def changes_for(self, config):
        """The changes, for one configuration."""
        return self.changes(config) if callable(self.changes) else self.changes
