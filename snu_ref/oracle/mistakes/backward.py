"""Changes to the backward pass: the gradient is cut, or takes a wrong path.

The forward pass is right in all of these. A wrong path is made with `stand_in`: the value of the
right expression, with the gradient of another. The rest is as in `catalogue_forward`.
"""
import numpy as np

from ..program.conditions import (DETACHED, INHIBITED_THROUGH, RECURRENT, STEP, THROUGH,
                                  several_samples, several_steps, several_units, square)
from ..program.equations import Variant, product
from ..program.tape import constant, stand_in


# ---- paths through one step ---------------------------------------------------------------------

def _leak_with_gradient(wrong):
    """decay s gate, with the gradient of wrong(c)."""
    return {"leak": lambda c: stand_in(c.decay * c.s * c.gate, wrong(c))}


def _cut(s, y, every=1):
    """Recall with s, y as constants, where `every` divides t; the initial state is left alone."""
    def recall(c):
        if c.t == 0 or c.t % every:
            return c.s, c.y
        return (c.s.detach() if s else c.s), (c.y.detach() if y else c.y)
    return {"recall": recall}


def _feedback_with_gradient(wrong):
    return {"feedback": lambda c: stand_in(product(c, c.y, c.H), wrong(c))}


def _late_reset(c, currents):
    z = currents + c.decay * c.s * c.gate
    s = z.apply(c.g, c.g_slope).detach()  # the s of this step, before it is called so
    return stand_in(z, currents + c.decay * c.s * constant(c.gate) + constant(c.decay) * s * c.gate)


def _with_gate_of_this_step(c, currents):
    """The right z, with the gradient of s_{t-1} and decay through the gate 1 - y_t."""
    z = currents + c.decay * c.s * c.gate
    y = c.h(c.g(z.value) + getattr(c.b, "value", c.b))  # a plain number, where b was exchanged
    gate = 1 - (y.max(-1, keepdims=True) if c.config["lateral_inhibition"] else y)
    return stand_in(z, currents + c.decay * c.s * gate + constant(c.decay) * c.s.detach() * c.gate)


def _v_of_step_before(c):
    """v_{t-1}, as an array; v_1 at the first step."""
    before = c.v.value if c.t == 0 else c.v_before
    c.v_before = c.v.value
    return before


def _with_end_cotangent(c):
    """s_t, to whose gradient that of the final state is added at every step."""
    s = c.z.apply(c.g, c.g_slope)
    if c.t < len(c.given["x"]) - 1:
        s.receive(c.given["dend.s"])
    return s


BACKWARD_VARIANTS = [
    Variant("reset_detached",
            "the reset gate is a constant in the backward pass: let the gradient flow through 1 - "
            "y_{t-1}",
            {"seen": lambda c: c.y.detach()}, THROUGH),
    Variant("reset_through",
            "the gradient flows through the reset gate: this case has reset_grad = \"detached\", "
            "the gate is a constant in the backward pass",
            {"seen": lambda c: c.y}, DETACHED),
    Variant("reset_gradient_negated",
            "the gradient through the reset gate has the wrong sign: dy_{t-1} -= decay s_{t-1} "
            "dz_t",
            _leak_with_gradient(lambda c: c.decay * c.s * constant(c.gate)
                                - constant(c.decay) * c.s.detach() * c.gate), THROUGH),
    Variant("reset_gradient_undecayed",
            "the gradient through the reset gate lacks the decay: dy_{t-1} -= decay s_{t-1} dz_t",
            _leak_with_gradient(lambda c: c.decay * c.s * constant(c.gate) + c.s.detach() * c.gate),
            THROUGH),
    Variant("reset_gradient_of_next_state",
            "the gradient through the reset gate has s_t for s_{t-1}: dy_{t-1} -= decay s_{t-1} "
            "dz_t",
            {"z": lambda c, d, f, leak: _late_reset(c, d + f)},
            THROUGH),
    Variant("state_gradient_gate_of_y_t",
            "the gate of the gradients of state and decay is 1 - y_t: it is 1 - y_{t-1}",
            {"z": lambda c, d, f, leak: _with_gate_of_this_step(c, d + f)}),
    Variant("end_s_cotangent_at_each_step",
            "the cotangent of the final s is added at each step: to ds_T alone",
            {"s": _with_end_cotangent}, fits=several_steps),
    Variant("h_slope_at_step_before",
            "the slope of the output is that of the step before, at v_{t-1}: at v_t",
            {"h_at": _v_of_step_before}, STEP, several_steps),
    Variant("state_gradient_ungated",
            "the gradient from state to state lacks the gate: ds_{t-1} += decay (1 - y_{t-1}) dz_t",
            _leak_with_gradient(
                lambda c: constant(c.decay) * c.s + (c.decay * c.gate) * c.s.detach())),
    Variant("state_gradient_undecayed",
            "the gradient from state to state lacks the decay: ds_{t-1} += decay (1 - y_{t-1}) "
            "dz_t",
            _leak_with_gradient(
                lambda c: c.s * constant(c.gate) + c.decay * c.s.detach() * c.gate)),
    Variant("leak_detached",
            "decay s (1 - y) is a constant in the backward pass: the gradient flows through all "
            "three factors",
            {"leak": lambda c: (c.decay * c.s * c.gate).detach()}),
    Variant("output_constant",
            "y is a constant in the backward pass, no gradient flows through h: dv = h'(v) dy",
            {"h_gain": 0.0, "h_slope": lambda v, y: np.ones_like(v)}),
    Variant("output_gradient_not_to_s",
            "the gradient of y reaches b and not s: dv adds to ds",
            {"v": lambda c: stand_in(c.s + c.b, c.s.detach() + c.b)}),
    Variant("state_detached",
            "no gradient flows from state to state: ds_{t-1} += decay (1 - y_{t-1}) dz_t is "
            "missing",
            _cut(True, False)),
    Variant("output_detached",
            "y_{t-1} is a constant to the next step, in gate and recurrence alike: the gradient "
            "flows back through both",
            _cut(False, True), tells=lambda inputs: "params.H" in inputs),
    Variant("gradient_cut_after_one_step",
            "the gradient is cut after each step (s and y detached, truncated backpropagation "
            "with k = 1): it flows back through all steps",
            _cut(True, True)),
    *(Variant(f"gradient_cut_every_{k}_steps",
              f"the gradient is cut every {k} steps (truncated backpropagation): it flows back "
              "through all steps",
              _cut(True, True, k), fits=lambda inputs, k=k: len(inputs["x"]) > k)
      for k in (2, 3, 4, 5)),
    *(Variant(f"state_gradient_cut_every_{k}_steps",
              f"the gradient of the state is cut every {k} steps, that of y is not: both flow back "
              "through all steps",
              _cut(True, False, k), fits=lambda inputs, k=k: len(inputs["x"]) > k)
      for k in (2, 3, 4)),
    Variant("feedback_detached",
            "no gradient flows back through H: dy_{t-1} += dz_t H' is missing",
            _feedback_with_gradient(lambda c: product(c, c.y.detach(), c.H)), RECURRENT),
    Variant("feedback_gradient_untransposed",
            "the gradient through H is dz_t H: dz_t H', with H transposed",
            _feedback_with_gradient(lambda c: product(c, c.y, c.H.detach().T)
                                    + product(c, c.y.detach(), c.H)),
            RECURRENT, several_units),
    Variant("inhibition_first_tie",
            "of the units that tie for the maximum, the first gets all of its gradient (as of "
            "argmax): each of k gets 1/k",
            {"fired": lambda c, seen: seen.maximum(-1, "first")},
            INHIBITED_THROUGH, several_units),
    Variant("inhibition_full_ties",
            "each unit that ties for the maximum gets all of its gradient: each of k gets 1/k",
            {"fired": lambda c, seen: seen.maximum(-1, "each")}, INHIBITED_THROUGH, several_units),
    Variant("inhibition_across_batch_first_tie",
            "the maximum runs over the whole batch and the first that ties gets all of its "
            "gradient: per sample, and each of k gets 1/k",
            {"fired": lambda c, seen: seen.maximum(-1, "first").maximum(0, "first")},
            INHIBITED_THROUGH, several_samples),
    Variant("inhibition_gradient_own",
            "the gradient of the shared gate goes to each unit's own output, as without "
            "inhibition: it goes to the units that tie for the maximum",
            {"fired": lambda c, seen: stand_in(seen.maximum(-1) + 0.0 * seen, seen)},
            INHIBITED_THROUGH,
            several_units),
    Variant("inhibition_gradient_to_all",
            "every unit gets 1/n of the gradient of the shared gate: those that tie for the "
            "maximum share it",
            {"fired": lambda c, seen: stand_in(
                seen.maximum(-1), seen.sum(-1) * (1 / seen.value.shape[-1]))},
            INHIBITED_THROUGH, several_units),
    Variant("input_gradient_untransposed",
            "dx = dz W: dx = dz W', with W transposed",
            {"drive": lambda c: stand_in(product(c, c.x, c.W), product(c, c.x, c.W.detach().T)
                                         + product(c, c.x.detach(), c.W))},
            fits=lambda inputs: square(inputs) and several_units(inputs)),
]
