"""Changes to the equations of the forward pass: threshold, reset, decay.

Each is what some program does; where one is the habit of a library, its text says whose. The
gradient follows the changed equations, as automatic differentiation would have it. The equations
that are exchanged, and what a step c holds, are those of `snu_ref.oracle.program.equations`.

Sources, read for their conventions: IBM/neuroaikit, snnTorch, Norse, SpikingJelly, and the defaults
of PyTorch, TensorFlow and JAX. Texts and formulas are ours.
"""
import numpy as np

from ...activations import sigmoid, sigmoid_slope
from ..program.conditions import RECURRENT, STEP, option, several_units
from ..program.equations import Variant, product


# ---- pieces of equations that more than one line needs ------------------------------------------

def _of_first(p):
    """The first element of a parameter, for all units: (1,)."""
    return (p * np.eye(1, p.value.size, dtype=p.value.dtype)[0]).sum(-1)


def _unreset(c):
    return c.decay * c.s


def _after_reset(c):
    """s_t (1 - y_t), at the end of step t: the gate, and what it sees, are those of this step."""
    c.after = c.s * (1 - c.find_fired(c, c.seen(c)))
    return c.after


def _decayed_again(c):
    """decay s_t, at the end of step t."""
    c.after = c.decay * c.s
    return c.after


def _first_step_ungated(c):
    """The gate of a unit's own y, but none at the first step: y_0 came from no step."""
    return 1.0 if c.t == 0 else 1 - c.fired


def _of_two_steps(c):
    """The larger of y_{t-1} and y_{t-2}."""
    y, older = _detached_if_asked(c, c.y), _detached_if_asked(c, c.older)
    return y + (older - y).apply(lambda a: np.maximum(a, 0), lambda a, f: (a > 0).astype(a.dtype))


def _detached_if_asked(c, y):
    return y.detach() if c.config["reset_grad"] == "detached" else y


def _y_of_start(c):
    """y_0, whatever the step."""
    if c.t == 0:
        c.start_y = c.y
    return _detached_if_asked(c, c.start_y)


def _as_column(p):
    """A parameter as one number for each sample, (n, 1), where it is one for each unit."""
    return p.tape.node(p.value[:, None], lambda d: p.receive(d.sum(-1)))


def as_many_samples_as_units(inputs):
    """B = n > 1: a parameter can be broadcast along the wrong axis, and nothing complains."""
    return 1 < inputs["params.b"].size == inputs["x"].shape[1]


def _mean(p):
    """The mean of a parameter, for all units: (1,)."""
    return p.sum(-1) * (1 / p.value.size)


# ---- the changes --------------------------------------------------------------------------------

THRESHOLD = [
    Variant("step_at_zero_fires",
            "step(0) = 1, or v >= 0: a unit fires only when v > 0, strictly",
            {"h": lambda v: (v >= 0).astype(v.dtype)}, STEP),
    Variant("bias_subtracted",
            "b is subtracted, v = s - b (the authors' toolkit does so): here b is minus the "
            "threshold, v = s + b",
            {"b": lambda b: -b}),
    Variant("bias_left_out",
            "v = s, without b: v = s + b",
            {"b": lambda b: 0.0}),
    Variant("threshold_one",
            "v = s - 1, a fixed threshold of 1 (the default of several libraries): v = s + b",
            {"b": lambda b: -1.0}),
    Variant("bias_in_state",
            "b is added inside g and stays in the state, s = g(... + b), v = s: b shifts the "
            "threshold alone, v = s + b",
            {"z": lambda c, d, f, leak: d + f + leak + c.b, "v": lambda c: c.s + 0.0}),
    Variant("bias_in_state_outside_g",
            "b is added to the state that is kept, s = g(z) + b, v = s: the state is g(z), b is "
            "added in v alone",
            {"s": lambda c: c.z.apply(c.g, c.g_slope) + c.b, "v": lambda c: c.s + 0.0}),
    Variant("bias_twice",
            "b is added to z and to v: it belongs in v = s + b alone",
            {"z": lambda c, d, f, leak: d + f + leak + c.b}),
    Variant("bias_of_current",
            "b is added to the input current and the threshold is 1, v = g(z + b) - 1 (a Linear "
            "layer with a bias before a LIF): v = s + b, and z has no b",
            {"z": lambda c, d, f, leak: d + f + leak + c.b, "v": lambda c: c.s - 1.0}),
    Variant("bias_in_state_unseen",
            "b is added inside g and stays in the state, s = g(z + b), v = s, with z as it should "
            "be: s = g(z), v = s + b",
            {"s": lambda c: (c.z + c.b).apply(c.g, c.g_slope), "v": lambda c: c.s + 0.0}),
    Variant("h_of_s",
            "the output is h(s), without b, though v itself is right: y = h(v), v = s + b",
            {"y": lambda c: c.s.apply(c.h, lambda s, y: c.h_gain * c.h_slope(s, y))}),
    Variant("v_is_z",
            "the output is h(z + b), with z before g: v = s + b, s = g(z)",
            {"v": lambda c: c.z + c.b}),
    Variant("b_reversed",
            "the thresholds are those of the units in reverse order: unit j has b[j]",
            {"b": lambda b: b.tape.node(b.value[::-1], lambda d: b.receive(d[::-1]))},
            fits=several_units),
    Variant("b_of_first_unit",
            "one threshold for all units, b[0]: b has one element for each unit",
            {"b": _of_first}, fits=several_units),
    Variant("b_along_batch",
            "b runs along the batch, b[:, None], which needs as many samples as units: along the "
            "units, the last axis",
            {"b": _as_column}, fits=as_many_samples_as_units),
]


RESET = [
    Variant("no_reset",
            "there is no reset, z = ... + decay s_{t-1}: the gate 1 - y_{t-1} is missing",
            {"gate": lambda c: 1.0}),
    Variant("reset_by_threshold",
            "the reset subtracts the threshold, decay (s - (-b) y): it is the factor decay s (1 - "
            "y_{t-1})",
            {"leak": lambda c: c.decay * (c.s + c.b * c.fired)}),
    Variant("reset_by_threshold_after_decay",
            "the reset subtracts the threshold after the decay, decay s - (-b) y: it is the "
            "factor decay s (1 - y_{t-1})",
            {"leak": lambda c: _unreset(c) + c.b * c.fired}),
    Variant("reset_by_one",
            "the reset subtracts the spike, decay (s - y): it is the factor decay s (1 - y_{t-1})",
            {"leak": lambda c: c.decay * (c.s - c.fired)}),
    Variant("reset_by_one_after_decay",
            "the reset subtracts the spike after the decay, decay s - y (snnTorch's "
            "\"subtract\"): it is the factor decay s (1 - y_{t-1})",
            {"leak": lambda c: _unreset(c) - c.fired}),
    Variant("reset_to_b",
            "the state is reset to b and not to 0, decay (s (1 - y) + b y): a spike leaves "
            "nothing of it, decay s (1 - y_{t-1})",
            {"leak": lambda c: c.decay * (c.s * c.gate + c.b * c.fired)}),
    Variant("reset_to_b_after_decay",
            "the state is reset to b and not to 0, after the decay, decay s (1 - y) + b y: a "
            "spike leaves nothing of it, decay s (1 - y_{t-1})",
            {"leak": lambda c: c.decay * c.s * c.gate + c.b * c.fired}),
    Variant("reset_undecayed",
            "the decay is outside the gate, decay s - s y: both go together, decay s (1 - y_{t-1})",
            {"leak": lambda c: _unreset(c) - c.s * c.fired}),
    Variant("gate_inverted",
            "the gate is y_{t-1}: it is 1 - y_{t-1}",
            {"gate": lambda c: c.fired}),
    Variant("reset_twice",
            "the gate is applied twice, (1 - y)^2 (its value is the same for spikes, its slope is "
            "not): once",
            {"gate": lambda c: (1 - c.fired) * (1 - c.fired)}),
    Variant("reset_of_stored_state",
            "y_t instead of y_{t-1} in the gate: the state is reset in the step of its spike, and "
            "s (1 - y) is what is kept and handed out: keep s itself, the next step's gate resets "
            "it",
            {"store": lambda c: (_after_reset(c), c.y), "gate": lambda c: 1.0}),
    Variant("reset_of_reported_state",
            "y_t instead of y_{t-1} in the gate: the state is reset in the step of its spike, and "
            "s (1 - y) is reported as s_t: s_t is the state before the reset",
            {"shown": _after_reset, "store": lambda c: (c.after, c.y), "gate": lambda c: 1.0}),
    Variant("reset_by_own_spike",
            "y_t instead of y_{t-1} in the gate: each unit's state is reset in the step of its "
            "own spike, so that y_0 resets nothing, and no other unit: the gate is 1 - y_{t-1}, "
            "or 1 - max_j y_j",
            {"fired": lambda c, seen: seen, "gate": _first_step_ungated}),
    Variant("reset_for_two_steps",
            "a spike resets the state of the next two steps, a refractory period: of the next "
            "step alone, 1 - y_{t-1}",
            {"seen": _of_two_steps}),
    Variant("gate_one_step_late",
            "the gate sees y_{t-2}: it is 1 - y_{t-1}",
            {"seen": lambda c: _detached_if_asked(c, c.older)}),
    Variant("gate_one_step_late_from_start",
            "the gate sees y_{t-2}, and y_0 in both of the first two steps: it is 1 - y_{t-1}",
            {"seen": lambda c: _detached_if_asked(c, c.older if c.t else c.y)}),
    Variant("gate_of_start",
            "the gate sees y_0 at every step, as of a variable that is never updated: it is 1 - "
            "y_{t-1}",
            {"seen": _y_of_start}),
    Variant("reset_gates_all",
            "the reset gates the whole of z, (x W + y H + decay s)(1 - y): it gates the state "
            "alone",
            {"leak": _unreset, "z": lambda c, d, f, leak: (d + f + leak) * c.gate}),
    Variant("reset_gates_input",
            "the reset gates the input too, (x W)(1 - y_{t-1}): it gates the state alone",
            {"drive": lambda c: product(c, c.x, c.W) * c.gate}),
    Variant("hard_gate",
            "the gate of the soft unit is rounded to 0 or 1: it is graded, 1 - y_{t-1}",
            lambda config: {"fired": lambda c, seen: (
                seen.maximum(-1) if config["lateral_inhibition"] else seen).apply(
                    lambda y: (y > 0.5).astype(y.dtype), lambda y, f: 0.0 * y)},
            option(h="sigmoid")),
    Variant("gate_shut_above_zero",
            "the state is erased wherever y_{t-1} > 0: the gate is graded, 1 - y_{t-1}",
            lambda config: {"fired": lambda c, seen: (
                seen.maximum(-1) if config["lateral_inhibition"] else seen).apply(
                    lambda y: (y > 0).astype(y.dtype), lambda y, f: 0.0 * y)}),
    Variant("gate_from_v",
            "the gate is 1 - v_{t-1} clipped to [0, 1], not 1 - y_{t-1}",
            {"seen": lambda c: (c.s + c.b).apply(
                lambda v: np.clip(v, 0, 1), lambda v, f: ((v > 0) & (v < 1)).astype(v.dtype))}),
]


DECAY = [
    Variant("decay_on_all",
            "the decay multiplies input and state alike, decay (x W + y H + s (1 - y)): it "
            "multiplies the state alone",
            {"leak": lambda c: c.s * c.gate, "z": lambda c, d, f, leak: (d + f + leak) * c.decay}),
    Variant("decay_on_input_too",
            "the decay multiplies x W as well as the state: it multiplies the state alone",
            {"drive": lambda c: c.decay * product(c, c.x, c.W)}),
    Variant("decay_on_input_only",
            "the decay multiplies x W and not the state: it is decay s (1 - y)",
            {"drive": lambda c: c.decay * product(c, c.x, c.W), "leak": lambda c: c.s * c.gate}),
    Variant("decay_after_g",
            "the decay comes after g, s = decay g(x W + ... + s (1 - y)): it is inside, on the "
            "old state",
            {"leak": lambda c: c.s * c.gate,
             "s": lambda c: c.decay * c.z.apply(c.g, c.g_slope)}),
    Variant("input_times_one_minus_decay",
            "x W is multiplied by 1 - decay (a leaky average, as in SpikingJelly's tau): x W "
            "stands alone",
            {"drive": lambda c: (1 - c.decay) * product(c, c.x, c.W)}),
    Variant("currents_times_one_minus_decay",
            "x W and y H are multiplied by 1 - decay: they stand alone",
            {"z": lambda c, d, f, leak: (1 - c.decay) * (d + f) + leak}, RECURRENT),
    Variant("decay_squared",
            "the decay acts twice, decay^2 s: once",
            {"decay": lambda d: d * d}),
    Variant("decay_when_stored",
            "the state is decayed when it is stored as well, decay s is kept and handed out, so "
            "that it leaks twice a step: keep s itself",
            {"store": lambda c: (c.decay * c.s, c.y)}),
    Variant("decay_when_reported",
            "the state is decayed when it is stored as well, decay s is kept and reported as s_t, "
            "so that it leaks twice a step: keep and report s itself",
            {"shown": _decayed_again, "store": lambda c: (c.after, c.y)}),
    Variant("decay_complement",
            "1 - decay is in its place: decay is the fraction that is kept",
            {"decay": lambda d: 1 - d}),
    Variant("decay_root",
            "the decay is the square root of decay: it is used as it is",
            {"decay": lambda d: d.apply(np.sqrt, lambda a, f: 0.5 / np.maximum(f, 1e-300))}),
    Variant("leak_subtracted",
            "the decayed state is subtracted, x W - decay s (1 - y): it is added",
            {"leak": lambda c: -c.decay * c.s * c.gate}),
    Variant("decay_exponential",
            "the decay is exp(-(1 - decay)), that is exp(-dt/tau): decay is used as it is, 1 - "
            "dt/tau",
            {"decay": lambda d: d.apply(lambda a: np.exp(a - 1), lambda a, f: f)}),
    Variant("decay_through_sigmoid",
            "the decay goes through a sigmoid: the parameter is the decay itself",
            {"decay": lambda d: d.apply(sigmoid, sigmoid_slope)}),
    Variant("no_decay",
            "the state is not decayed, s (1 - y): decay s (1 - y)",
            {"decay": lambda d: 1.0}),
    Variant("decay_zero",
            "nothing is kept of the state: z has the term decay s_{t-1} (1 - y_{t-1})",
            {"leak": lambda c: 0.0}),
    Variant("decay_default",
            "the decay is a constant 0.8: it is the parameter, one for each unit",
            {"decay": lambda d: 0.8}),
    Variant("decay_0.9",
            "the decay is a constant 0.9: it is the parameter, one for each unit",
            {"decay": lambda d: 0.9}),
    Variant("decay_mean",
            "one decay for all units, the mean: there is one for each unit",
            {"decay": _mean}, fits=several_units),
    Variant("decay_of_first_unit",
            "one decay for all units, decay[0]: there is one for each unit",
            {"decay": _of_first}, fits=several_units),
    Variant("decay_along_batch",
            "the decay runs along the batch, decay[:, None], which needs as many samples as units: "
            "along the units, the last axis",
            {"decay": _as_column}, fits=as_many_samples_as_units),
]


FORWARD_VARIANTS = [*THRESHOLD, *RESET, *DECAY]
