"""Changes to the sums of the backward pass: over time and batch, and of which terms.

The forward pass and the adjoints are right in all of these: what is wrong is worked out from
adj.z = dL/dz_t and adj.v = dL/dv_t when the run is over. The rest is as in `catalogue_forward`.
"""
import numpy as np

from ..program.conditions import RECURRENT, several_samples, several_steps, several_units
from ..program.equations import BACKWARD, GRADIENTS, Variant


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


def _ended_early(c, outputs):
    """What a backward pass has that is stopped before step 1: the gradients carried to it."""
    if "adj.z" in outputs:
        outputs["grad.x"] = np.concatenate([0 * outputs["grad.x"][:1], outputs["grad.x"][1:]])
        outputs["start.s"] = outputs["adj.s"][0] - outputs["adj.v"][0]
        outputs["start.y"] = outputs["adj.y"][0] - c.given["dy"][0]


def _with_states(weights):
    """sum_t of weights(adj.z, s, y, gate, outputs), those of the step before."""
    return lambda c, outputs: weights(outputs["adj.z"], *_before(c, outputs), outputs)


def _of_decay(c, f):
    return f(c.given["params.decay"])


_T, _B = (lambda c: 1 / c.T), (lambda c: 1 / c.B)

SUM_VARIANTS = [
    *(Variant(f"mean_over_{over}",
              f"the gradients of the parameters are means over {over}: sums over time and batch",
              _scaled(GRADIENTS, factor), fits=fits)
      for over, factor, fits in (("time", _T, several_steps), ("batch", _B, several_samples),
                                 ("time_and_batch", lambda c: 1 / (c.T * c.B),
                                  lambda inputs: several_steps(inputs)
                                  and several_samples(inputs)))),
    *(Variant(f"loss_mean_over_{over}",
              f"everything in the backward pass is divided by {what}, as of a loss that is a mean: "
              "the loss is the sum of dy . y",
              _scaled(BACKWARD, factor), fits=fits)
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
    Variant("H_gradient_without_diagonal",
            "the diagonal of dH is 0: a unit feeds itself, too",
            _set("grad.H", lambda c, o: o["grad.H"] * (1 - np.eye(len(o["grad.H"])))), RECURRENT),
    Variant("start_y_without_feedback",
            "the gradient of the initial y lacks the path through H, dz_1 H'",
            _set("start.y", lambda c, o: o["start.y"] - o["adj.z"][0] @ c.given["params.H"].T),
            RECURRENT),
    Variant("W_gradient_of_x_before",
            "dW = sum x_{t-1}' dz_t: x_t' dz_t",
            _set("grad.W", lambda c, o: np.einsum(
                "tbi,tbj->ij", c.given["x"][:-1], o["adj.z"][1:]))),
    Variant("W_gradient_of_next_x",
            "dW = sum x_{t+1}' dz_t: x_t' dz_t",
            _set("grad.W", lambda c, o: np.einsum(
                "tbi,tbj->ij", c.given["x"][1:], o["adj.z"][:-1]))),
    Variant("backward_without_first_step",
            "the backward pass ends before the first step (a loop one too short): it has T steps",
            {"outputs": (*_sums_over(steps=slice(1, None))["outputs"], _ended_early)}),
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
            _scaled(GRADIENTS, lambda c: 2.0)),
]
