"""Changes to the backward pass: the gradient is cut, takes a wrong path, or is summed wrongly.

The forward pass is right in all of these. A wrong path is made with `stand_in`: the value of the
right expression, with the gradient of another. Wrong sums are worked out from the right adjoints,
adj.z = dL/dz_t and adj.v = dL/dv_t. The rest is as in `catalogue_forward`.
"""
import numpy as np

from .catalogue_forward import INHIBITED, RECURRENT, several_samples, several_units, square
from .equations import PARAMETERS, Variant, option, product
from .tape import constant, stand_in

THROUGH, DETACHED = option(reset_grad="through"), option(reset_grad="detached")
PLAIN_THROUGH = option(reset_grad="through", lateral_inhibition=False)
INHIBITED_THROUGH = option(reset_grad="through", lateral_inhibition=True)


def several_steps(inputs):
    """More than one step."""
    return len(inputs["x"]) > 1


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


PATHS = [
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
    Variant("state_gradient_ungated",
            "the gradient from state to state lacks the gate: ds_{t-1} += decay (1 - y_{t-1}) dz_t",
            _leak_with_gradient(
                lambda c: constant(c.decay) * c.s + (c.decay * c.gate) * c.s.detach())),
    Variant("state_gradient_undecayed",
            "the gradient from state to state lacks the decay: ds_{t-1} += decay (1 - y_{t-1}) "
            "dz_t",
            _leak_with_gradient(
                lambda c: c.s * constant(c.gate) + c.decay * c.s.detach() * c.gate)),
    Variant("state_detached",
            "no gradient flows from state to state: ds_{t-1} += decay (1 - y_{t-1}) dz_t is "
            "missing",
            _cut(True, False)),
    Variant("output_detached",
            "y_{t-1} is a constant to the next step, in gate and recurrence alike: the gradient "
            "flows back through both",
            _cut(False, True), RECURRENT),
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
            {"fired": lambda c, seen: _batch_maximum_first(seen)}, INHIBITED_THROUGH,
            several_samples),
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


def _late_reset(c, currents):
    z = currents + c.decay * c.s * c.gate
    s = z.apply(c.g, c.g_slope).detach()  # the s of this step, before it is called so
    return stand_in(z, currents + c.decay * c.s * constant(c.gate) + constant(c.decay) * s * c.gate)


def _batch_maximum_first(seen):
    return seen.maximum(-1, "first").maximum(0, "first")


# ---- sums over time and batch -------------------------------------------------------------------

def _scaled(names, factor):
    """Outputs of some names times factor(c)."""
    def change(c, outputs):
        for name in names:
            if name in outputs:
                outputs[name] = outputs[name] * float(factor(c))
    return {"outputs": (change,)}


def _set(name, value):
    """One output replaced by value(c, outputs), or where the run has none, left alone."""
    def change(c, outputs):
        if name in outputs:
            outputs[name] = value(c, outputs)
    return {"outputs": (change,)}


def _sums_over(steps=slice(None), samples=slice(None)):
    """Parameter gradients summed over some of the steps and samples alone."""
    def change(c, outputs):
        if "adj.z" not in outputs:  # a forward pass alone
            return
        with_weights, with_bias = (outputs[name][steps, samples] for name in ("adj.z", "adj.v"))
        s, y, gate = (a[steps, samples] for a in _before(c, outputs))
        outputs["grad.W"] = np.einsum("tbi,tbj->ij", c.given["x"][steps, samples], with_weights)
        outputs["grad.b"] = with_bias.sum((0, 1))
        outputs["grad.decay"] = (with_weights * s * gate).sum((0, 1))
        if "grad.H" in outputs:
            outputs["grad.H"] = np.einsum("tbi,tbj->ij", y, with_weights)
    return {"outputs": (change,)}


def _before(c, outputs):
    """s_{t-1}, y_{t-1} and the gate of every step, as far as the traces tell."""
    s = np.concatenate([c.given["state.s"][None], outputs["s"][:-1]])
    y = np.concatenate([c.given["state.y"][None], outputs["y"][:-1]])
    return s, y, 1 - (y.max(-1, keepdims=True) if c.config["lateral_inhibition"] else y)


def _with_states(weights):
    """sum_t of weights(adj.z, s, y, gate, outputs), those of the step before."""
    return lambda c, outputs: weights(outputs["adj.z"], *_before(c, outputs), outputs)


_T, _B = (lambda c: 1 / c.T), (lambda c: 1 / c.B)
_BACKWARD = ("adj.y", "adj.v", "adj.s", "adj.z", *PARAMETERS, "grad.x", "start.s", "start.y")

SUMS = [
    *(Variant(f"mean_over_{over}",
              f"the gradients of the parameters are means over {over}: sums over time and batch",
              _scaled(PARAMETERS, factor), fits=fits)
      for over, factor, fits in (("time", _T, several_steps), ("batch", _B, several_samples),
                                 ("time_and_batch", lambda c: 1 / (c.T * c.B),
                                  lambda inputs: several_steps(inputs)
                                  and several_samples(inputs)))),
    *(Variant(f"loss_mean_over_{over}",
              f"everything in the backward pass is divided by {what}, as of a loss that is a mean: "
              "the loss is the sum of dy . y",
              _scaled(_BACKWARD, factor), fits=fits)
      for over, what, factor, fits in (
          ("time", "T", _T, several_steps), ("batch", "B", _B, several_samples),
          ("time_and_batch", "T B", lambda c: 1 / (c.T * c.B),
           lambda inputs: several_steps(inputs) and several_samples(inputs)),
          ("everything", "T B n", lambda c: 1 / c.given["dy"].size, several_units))),
    Variant("threshold_gradient",
            "the gradient of b has the wrong sign, that of a threshold: b is minus the threshold",
            _scaled(("grad.b",), lambda c: -1.0)),
    Variant("bias_constant",
            "the gradient of b is 0, the threshold is a constant: db = sum dv",
            _scaled(("grad.b",), lambda c: 0.0)),
    Variant("bias_gradient_of_z",
            "db = sum dz: db = sum dv, b is added behind g",
            _set("grad.b", lambda c, outputs: outputs["adj.z"].sum((0, 1)))),
    Variant("bias_gradient_of_s",
            "db = sum ds: db = sum dv",
            _set("grad.b", lambda c, outputs: outputs["adj.s"].sum((0, 1)))),
    Variant("decay_constant",
            "the gradient of the decay is 0: ddecay = sum dz_t s_{t-1} (1 - y_{t-1})",
            _scaled(("grad.decay",), lambda c: 0.0)),
    Variant("decay_gradient_ungated",
            "ddecay = sum dz_t s_{t-1}: with the gate, dz_t s_{t-1} (1 - y_{t-1})",
            _set("grad.decay", _with_states(lambda dz, s, y, gate, o: (dz * s).sum((0, 1))))),
    Variant("decay_gradient_without_start",
            "ddecay lacks the first step's term, dz_1 s_0 (1 - y_0)",
            _set("grad.decay",
                 _with_states(lambda dz, s, y, gate, o: (dz * s * gate)[1:].sum((0, 1))))),
    Variant("decay_gradient_of_s_t",
            "ddecay = sum dz_t s_t (1 - y_{t-1}): s_{t-1}, the old state",
            _set("grad.decay",
                 _with_states(lambda dz, s, y, gate, o: (dz * o["s"] * gate).sum((0, 1))))),
    Variant("decay_gradient_of_complement",
            "the gradient is that of 1 - decay, with the wrong sign: of decay",
            _scaled(("grad.decay",), lambda c: -1.0)),
    Variant("decay_gradient_of_logit",
            "the gradient is that of the decay's logit, times decay (1 - decay): that of the raw "
            "decay",
            _set("grad.decay", lambda c, o: o["grad.decay"] * _of_decay(c, lambda d: d * (1 - d)))),
    Variant("decay_gradient_of_tau",
            "the gradient is that of tau, times (1 - decay)^2: that of the raw decay",
            _set("grad.decay", lambda c, o: (
                o["grad.decay"] * _of_decay(c, lambda d: (1 - d) ** 2)))),
    Variant("H_gradient_of_y_t",
            "dH = sum y_t' dz_t: y_{t-1}' dz_t",
            _set("grad.H", _with_states(
                lambda dz, s, y, gate, o: np.einsum("tbi,tbj->ij", o["y"], dz))), RECURRENT),
    Variant("H_gradient_without_start",
            "dH lacks the first step's term, y_0' dz_1",
            _set("grad.H", _with_states(
                lambda dz, s, y, gate, o: np.einsum("tbi,tbj->ij", y[1:], dz[1:]))), RECURRENT),
    Variant("H_constant",
            "the gradient of H is 0: dH = sum y_{t-1}' dz_t",
            _scaled(("grad.H",), lambda c: 0.0), RECURRENT),
    Variant("gradients_of_first_step",
            "the parameters' gradients are those of step 1 alone (overwritten, not added up, as "
            "time runs back): sums over all steps",
            _sums_over(steps=slice(0, 1)),
            fits=several_steps),
    Variant("gradients_of_last_step",
            "the parameters' gradients are those of the last step alone: sums over all steps",
            _sums_over(steps=slice(-1, None)), fits=several_steps),
    Variant("gradients_without_first_step",
            "the parameters' gradients lack the first step: sums over all steps",
            _sums_over(steps=slice(1, None)), fits=several_steps),
    Variant("gradients_without_last_step",
            "the parameters' gradients lack the last step: sums over all steps",
            _sums_over(steps=slice(0, -1)), fits=several_steps),
    Variant("gradients_of_first_sample",
            "the parameters' gradients are those of the first sample alone: sums over the batch",
            _sums_over(samples=slice(0, 1)), fits=several_samples),
    Variant("gradients_of_last_sample",
            "the parameters' gradients are those of the last sample alone: sums over the batch",
            _sums_over(samples=slice(-1, None)), fits=several_samples),
    Variant("gradients_added_twice",
            "the parameters' gradients are twice the right ones, as of two backward passes "
            "without clearing between",
            _scaled(PARAMETERS, lambda c: 2.0)),
]


def _of_decay(c, f):
    return f(c.given["params.decay"])


BACKWARD_VARIANTS = [*PATHS, *SUMS]
