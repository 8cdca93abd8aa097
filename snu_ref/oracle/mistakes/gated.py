"""Mistakes in RNN, GRU and LSTM: the order of gates, their functions, paths of the gradient.

The conventions that frameworks differ in are those of PyTorch, Keras, cuDNN and ONNX; the equations
that are exchanged are those of `snu_ref.oracle.program.gated`.
"""
import itertools

import numpy as np

from ...activations import sigmoid
from ..program.gated import gated_equations, run_gated, sigma, tanh
from ..program.tape import stand_in
from .entry import Mistake

GATED = ("rnn", "gru", "lstm")
KNOWN_ORDERS = {"zrn": " (Keras)", "iofg": " (ONNX)", "ifog": " (with the candidate last)"}


def _mistake(name, text, units, changes, when=lambda config, inputs: True):
    def run(config, inputs):
        made = changes(config) if callable(changes) else changes
        return run_gated(config, inputs, made) if when(config, inputs) else None
    return Mistake(name, text, units, run)


def _identity(a):
    return a * 1.0


def _relu(a):
    return a.apply(lambda v: np.maximum(v, 0), lambda v, f: (v > 0).astype(v.dtype))


def _hard_sigmoid(slope):
    return lambda a: a.apply(lambda v: np.clip(slope * v + 0.5, 0, 1),
                             lambda v, f: slope * ((f > 0) & (f < 1)))


def _orders(unit, right, text):
    for order in map("".join, itertools.permutations(right)):
        if order != right:
            yield _mistake(
                f"{unit}_gates_{order}",
                f"the columns of W, H and b hold the gates in the order {', '.join(order)}"
                f"{KNOWN_ORDERS.get(order, '')}: {text}", (unit,), {"order": order})


def _cut(h, c):
    def recall(step):
        if step.t == 0:
            return step.h, step.c
        return (step.h.detach() if h else step.h,
                step.c.detach() if c and step.c is not None else step.c)
    return {"recall": recall}


def _zeroed(prefix):
    """The state, or its cotangent, taken as 0; a state that is not used has the gradient 0."""
    def before(inputs):
        return {name: 0 * a if name.startswith(prefix) else a for name, a in inputs.items()}

    def after(outputs, inputs):
        unused = prefix.replace("state", "start")
        return {name: 0 * a if name.startswith(unused) else a for name, a in outputs.items()}
    return {"inputs": before, "outputs": after}


def _nonzero(prefix):
    return lambda config, inputs: any(a.any() for name, a in inputs.items()
                                      if name.startswith(prefix))


def _divided(by):
    def after(outputs, inputs):
        size = np.prod([inputs["dy"].shape[axis] for axis in by])
        return {name: a / size if name in ("grad.W", "grad.H", "grad.b", "grad.b_h") else a
                for name, a in outputs.items()}
    return {"outputs": after}


def _with_constant_reset(c, config):
    c.r = c.r.detach()
    return gated_equations(config)["candidate"](c)


COMMON = [
    _mistake("gated_H_transposed", "H is transposed: rows are where h comes from, h @ H", GATED,
             {"H": lambda H: H.T}),
    _mistake("gated_no_bias", "b is left out: it is added to every gate", GATED,
             {"b": lambda b, k: b * 0.0}),
    _mistake("gated_bias_twice",
             "b is added twice, as of PyTorch's bias_ih and bias_hh that both hold it: once, one "
             "of them is 0", GATED, {"b": lambda b, k: b if k == "n" else b + b.detach()}),
    _mistake("gated_no_recurrence", "h_{t-1} H is left out", GATED, {"H": lambda H: H * 0.0}),
    _mistake("gated_gradient_cut", "no gradient flows from step to step (the state is detached, "
             "truncated backpropagation with k = 1): it flows back through all steps", GATED,
             _cut(True, True)),
    _mistake("gated_start_ignored", "the initial state is ignored, h_0 = 0: begin with the state "
             "that is given", GATED, _zeroed("state."), _nonzero("state.")),
    _mistake("gated_end_ignored", "the cotangents of the final state are ignored: they add to the "
             "gradient of the last step", GATED, _zeroed("dend."), _nonzero("dend.")),
    *(_mistake(f"gated_mean_over_{what}", f"the gradients of the parameters are means over {what}: "
               "they are sums over time and batch", GATED, _divided(axes))
      for what, axes in (("time", (0,)), ("batch", (1,)), ("time_and_batch", (0, 1)))),
    *(_mistake(f"gated_hard_sigmoid_{name}",
               f"the gates are a hard sigmoid, clip({text} + 1/2, 0, 1) ({whose}): they are "
               "sigmoids", ("gru", "lstm"), {"sigma": _hard_sigmoid(slope)})
      for name, text, whose, slope in (("0.2", "0.2 a", "Keras 2", 0.2),
                                       ("sixth", "a/6", "PyTorch", 1 / 6))),
    _mistake("gated_sigmoid_candidate", "the candidate is a sigmoid: it is tanh", ("gru", "lstm"),
             {"act": sigma}),
    _mistake("gated_linear_candidate", "the candidate has no tanh", ("gru", "lstm"),
             {"act": _identity}),
    _mistake("gated_tanh_slope_left_out",
             "the derivative 1 - tanh^2 is left out of the backward pass",
             GATED, {"act": lambda a: a.apply(np.tanh, lambda v, f: np.ones_like(f))}),
    _mistake("gated_tanh_slope_of_argument", "the derivative of tanh is 1 - a^2: 1 - tanh(a)^2",
             GATED, {"act": lambda a: a.apply(np.tanh, lambda v, f: 1 - v * v)}),
    _mistake("gated_sigmoid_slope_left_out",
             "the derivative of the sigmoid, k (1 - k) of a gate k, is left out of the backward "
             "pass", ("gru", "lstm"), {"sigma": lambda a: a.apply(
                 sigmoid, lambda v, f: np.ones_like(f))}),
    _mistake("gated_H_gradient_untransposed", "dh_{t-1} += da H: da H', with H transposed", GATED,
             {"fed": lambda h, H: stand_in(h @ H, h @ H.detach().T + h.detach() @ H)}),
    _mistake("gated_feedback_detached",
             "no gradient flows back through H: dh_{t-1} += da H' is missing",
             GATED, {"fed": lambda h, H: h.detach() @ H}),
    *(_mistake(f"gated_end_{field}_ignored",
               f"the cotangent of the final {field} is ignored: it adds to d{field}_T", ("lstm",),
               _zeroed(f"dend.{field}"), _nonzero(f"dend.{field}"))
      for field in "hc"),
    *(_mistake(f"gated_start_{field}_ignored", f"the initial {field} is ignored: it is given",
               ("lstm",), _zeroed(f"state.{field}"), _nonzero(f"state.{field}")) for field in "hc"),
    _mistake("gated_b_not_added", "b is not added in the forward pass: it is added to every gate",
             GATED, _zeroed("params.b")),
    _mistake("gated_no_dy_but_last", "dy is used at the last step alone: every step has its own",
             GATED, {"inputs": lambda i: {**i, "dy": np.where(
                 np.arange(len(i["dy"]))[:, None, None] == len(i["dy"]) - 1, i["dy"], 0)}}),
]

RNN = [
    _mistake("rnn_relu", "h = relu(...): h = tanh(...)", ("rnn",), {"act": _relu}),
    _mistake("rnn_linear", "h = x W + h H + b without tanh", ("rnn",), {"act": _identity}),
    _mistake("rnn_sigmoid", "h = sigmoid(...): h = tanh(...)", ("rnn",), {"act": sigma}),
]

GRU = [
    *_orders("gru", "rzn", "the order is r, z, n (reset, update, candidate)"),
    _mistake("gru_update_inverted", "h = (1 - z) h_{t-1} + z n: z = 1 keeps the state, "
             "h = z h_{t-1} + (1 - z) n", ("gru",),
             {"mix": lambda c: (1 - c.z) * c.h + c.z * c.n}),
    _mistake("gru_reset_after",
             "the reset gate is applied after the product, r . (h H_n): this case has reset_after "
             "= false, (r . h) H_n", ("gru",),
             {"candidate": lambda c: c.x @ c.W["n"] + c.b["n"] + c.r * (c.h @ c.H["n"])},
             lambda config, inputs: not config["reset_after"]),
    _mistake("gru_reset_before", "the reset gate is applied before the product, (r . h) H_n + b_h: "
             "this case has reset_after = true, r . (h H_n + b_h)", ("gru",),
             {"candidate": lambda c: c.x @ c.W["n"] + (c.r * c.h) @ c.H["n"] + c.b["n"] + c.b_h},
             lambda config, inputs: config["reset_after"]),
    _mistake("gru_reset_before_no_b_h",
             "the reset gate is applied before the product, (r . h) H_n, and b_h is not used: this "
             "case has reset_after = true, r . (h H_n + b_h)", ("gru",),
             {"candidate": lambda c: c.x @ c.W["n"] + (c.r * c.h) @ c.H["n"] + c.b["n"]
              + 0.0 * c.b_h},
             lambda config, inputs: config["reset_after"]),
    _mistake("gru_b_h_not_added", "b_h is not added in the forward pass: r . (h H_n + b_h)",
             ("gru",), _zeroed("params.b_h"), lambda config, inputs: config["reset_after"]),
    _mistake("gru_b_h_outside", "b_h is added outside of the reset gate, r . (h H_n) + b_h: it is "
             "inside, r . (h H_n + b_h)", ("gru",),
             {"candidate": lambda c: c.x @ c.W["n"] + c.b["n"] + c.r * (c.h @ c.H["n"]) + c.b_h},
             lambda config, inputs: config["reset_after"]),
    _mistake("gru_b_h_left_out", "b_h is left out: r . (h H_n + b_h)", ("gru",),
             {"candidate": lambda c: c.x @ c.W["n"] + c.b["n"] + c.r * (c.h @ c.H["n"])
              + 0 * c.b_h},
             lambda config, inputs: config["reset_after"]),
    _mistake("gru_reset_gates_bias", "the reset gate multiplies b_n as well: only h H_n + b_h",
             ("gru",), {"candidate": lambda c: c.x @ c.W["n"] + c.r * (
                 c.h @ c.H["n"] + c.b_h + c.b["n"])}, lambda config, inputs: config["reset_after"]),
    _mistake("gru_no_reset", "the reset gate is not used: it multiplies h_{t-1} in the candidate",
             ("gru",), lambda config: {"candidate": lambda c: c.a(c, "n") + (
                 c.b_h if config["reset_after"] else 0.0) + 0.0 * c.r}),
    _mistake("gru_no_direct_gradient", "dh_{t-1} lacks the term z . dh_t", ("gru",),
             {"mix": lambda c: c.z * c.h.detach() + (1 - c.z) * c.n}),
    _mistake("gru_reset_gradient_missing", "no gradient flows to the reset gate", ("gru",),
             lambda config: {"candidate": lambda c: _with_constant_reset(c, config)}),
    _mistake("gru_H_gradient_ungated", "dH_n = sum h_{t-1}' da_n: sum (r . h_{t-1})' da_n",
             ("gru",), {"candidate": lambda c: c.x @ c.W["n"] + c.b["n"] + stand_in(
                 (c.r * c.h) @ c.H["n"],
                 (c.r * c.h) @ c.H["n"].detach() + c.h.detach() @ c.H["n"])},
             lambda config, inputs: not config["reset_after"]),
    _mistake("gru_H_gradient_without_reset", "dH_n = sum h_{t-1}' da_n: sum h_{t-1}' (r . da_n)",
             ("gru",), {"candidate": lambda c: c.x @ c.W["n"] + c.b["n"] + stand_in(
                 c.r * (c.h @ c.H["n"] + c.b_h),
                 c.r * (c.h @ c.H["n"].detach() + c.b_h) + c.h.detach() @ c.H["n"])},
             lambda config, inputs: config["reset_after"]),
]


LSTM = [
    *_orders("lstm", "ifgo", "the order is i, f, g, o (input, forget, candidate, output)"),
    _mistake("lstm_forget_bias_one", "1 is added to the forget gate's argument (unit_forget_bias, "
             "forget_bias=1): b as given has everything", ("lstm",),
             {"b": lambda b, k: b + 1.0 if k == "f" else b}),
    _mistake("lstm_output_without_tanh", "h = o c: h = o tanh(c)", ("lstm",),
             {"shown": lambda c: c.o * c.c}),
    _mistake("lstm_output_gate_left_out", "h = tanh(c), without the output gate: h = o tanh(c)",
             ("lstm",), {"shown": lambda c: tanh(c.c) + 0.0 * c.o}),
    _mistake("lstm_coupled_gates", "c = f c + (1 - f) g, coupled gates: c = f c + i g", ("lstm",),
             {"cell": lambda c: c.f * c.c + (1 - c.f) * c.g + 0.0 * c.i}),
    _mistake("lstm_gates_exchanged", "c = i c + f g: c = f c + i g", ("lstm",),
             {"cell": lambda c: c.i * c.c + c.f * c.g}),
    _mistake("lstm_no_forget_gate", "c = c + i g, without the forget gate: c = f c + i g",
             ("lstm",), {"cell": lambda c: c.c + c.i * c.g + 0.0 * c.f}),
    _mistake("lstm_output_slope_left_out", "dc lacks the derivative of tanh(c): dc += dh o (1 - "
             "tanh^2(c))", ("lstm",), {"shown": lambda c: c.o * c.c.apply(
                 np.tanh, lambda v, f: np.ones_like(f))}),
    _mistake("lstm_cell_gradient_ungated", "the gradient from cell to cell lacks the forget gate: "
             "dc_{t-1} += f dc_t", ("lstm",), {"cell": lambda c: stand_in(
                 c.f * c.c + c.i * c.g, c.f * c.c.detach() + c.c + c.i * c.g)}),
    *(_mistake(f"lstm_{k}_gradient_missing", f"no gradient flows to the {what} gate", ("lstm",),
               change)
      for k, what, change in (
          ("i", "input", {"cell": lambda c: c.f * c.c + c.i.detach() * c.g}),
          ("f", "forget", {"cell": lambda c: c.f.detach() * c.c + c.i * c.g}),
          ("o", "output", {"shown": lambda c: c.o.detach() * tanh(c.c)}))),
    _mistake("lstm_cell_detached", "no gradient flows from cell to cell: dc_{t-1} += f dc_t",
             ("lstm",), _cut(False, True)),
    _mistake("lstm_h_detached",
             "no gradient flows through h_{t-1} H: it flows back through h and c",
             ("lstm",), _cut(True, False)),
]

GATED_MISTAKES = [*COMMON, *RNN, *GRU, *LSTM]
