"""Cases beyond the unit: RNN, GRU, LSTM, losses, optimisers, clipping, networks in training."""
import itertools
from functools import partial

import numpy as np

from .case import Definition

STEPS = 4  # our choice: training steps


def recurrent_cases():
    """RNN, GRU in both forms, and LSTM; each from a given state and from rest."""
    for name, config, gates, fields in (
            ("rnn", {"unit": "rnn"}, 1, "h"),
            ("gru-before", {"unit": "gru", "reset_after": False}, 3, "h"),
            ("gru-after", {"unit": "gru", "reset_after": True}, 3, "h"),
            ("lstm", {"unit": "lstm"}, 4, "hc")):
        for start in ("state", "rest"):
            yield Definition(f"{name}-{start}", name.split("-")[0],
                             "one layer, forward and backward",
                             ("gates",) if gates > 1 else ("recurrence",), config,
                             partial(_recurrent, gates, fields, config.get("reset_after"),
                                     start == "state"))


def _recurrent(gates, fields, reset_after, state, draws, T=5, B=2, n_in=3, n=3):
    inputs = {"params.W": draws.grid(-1, 1, (n_in, gates * n)),
              "params.H": draws.grid(-0.75, 0.75, (n, gates * n)),
              "params.b": draws.grid(-1, 1, (gates * n,))}
    if reset_after:
        inputs["params.b_h"] = draws.grid(-1, 1, (n,))
    inputs["x"] = draws.grid(-1.5, 1.5, (T, B, n_in))
    for prefix, field in itertools.product(("state", "dend"), fields):
        value = draws.grid(-1, 1, (B, n))
        inputs[f"{prefix}.{field}"] = value if state else np.zeros_like(value)
    inputs["dy"] = draws.grid(-1, 1, (T, B, n))
    return inputs


def loss_cases():
    """The three losses: plain, with padded steps, and with large logits."""
    variants = {"plain": ("value and gradient", ("loss",)),
                "masked": ("the second sample ends two steps early; padding holds numbers that "
                           "must not count", ("loss", "mask")),
                "far": ("logits up to 1000, where exp overflows", ("loss", "saturation"))}
    for loss in ("mean_square_error", "bernoulli_nll", "softmax_cross_entropy"):
        for variant, (why, flags) in variants.items():
            if variant != "far" or loss == "bernoulli_nll":
                yield Definition(f"loss-{loss.replace('_', '-')}-{variant}", "loss", why, flags,
                                 {"unit": "loss", "loss": loss}, partial(_loss, loss, variant))


def _loss(loss, variant, draws, T=5, B=2, n=3):
    inputs = {"y": draws.grid(-2, 2, (T, B, n)), "target": _target(draws, loss, (T, B, n))}
    if variant == "masked":
        inputs["mask"] = (np.arange(T)[:, None] < np.array([T, T - 2])).astype(float)
    if variant == "far":
        inputs["y"][0, 0], inputs["y"][1, 1] = [1000, -1000, 0.5], [-750, -1000, -750.5]
    if variant == "distant":
        inputs["y"][0, 0], inputs["y"][1, 1] = [1000, -1000, 0.5], [-96, -1000, -96.5]
        inputs["target"][0, 0], inputs["target"][1, 1] = 1, 2
    return inputs


def _target(draws, loss, shape):
    T, B, n = shape
    if loss == "mean_square_error":
        return np.eye(n)[draws.integers(n, (B,))]
    if loss == "bernoulli_nll":
        return draws.integers(2, shape).astype(float)
    return draws.integers(n, (T, B))


def added_cases():
    """Clipping of numbers of full length; large logits, with a bound that right formulas meet."""
    yield Definition("clip-full", "optimiser", "the common norm of three tensors, with numbers of "
                     "full length, against 0.3", ("clipping", "precision"),
                     {"unit": "clip", "max_norm": 0.3125}, lambda draws: {
                         f"grads.{name}": draws.grid(-1, 1, shape, 2 ** 24)
                         for name, shape in (("W", (4, 3)), ("H", (3, 3)), ("b", (3,)))})
    yield Definition("loss-softmax-cross-entropy-distant", "loss", "logits up to 1000, where exp "
                     "overflows; in float32 logsumexp(y) - y[k] passes as well",
                     ("loss", "saturation"),
                     {"unit": "loss", "loss": "softmax_cross_entropy"},
                     partial(_loss, "softmax_cross_entropy", "distant"), least=1e-5)


ADAM = {"optimiser": "adam", "lr": 0.0625, "beta1": 0.875, "beta2": 0.984375, "eps": 2.0 ** -20}


def optimiser_cases():
    """Five steps of each optimiser with given gradients; clipping with and without effect."""
    for name, config, options in (
            ("sgd", {"optimiser": "sgd", "lr": 0.125, "momentum": 0.0}, {"exact": "all"}),
            ("sgd-momentum", {"optimiser": "sgd", "lr": 0.125, "momentum": 0.5}, {"exact": "all"}),
            ("adam", ADAM, {}),
            ("adam-published", {**ADAM, "lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
             {"float64_only": "betas as published: 1 - 0.999 loses four digits in float32"})):
        yield Definition(f"optimiser-{name}", "optimiser", "five steps with the gradients given",
                         ("optimiser",), {"unit": "optimiser", **config}, partial(_gradients, (5,)),
                         **options)
    for name, max_norm in (("active", 1.0), ("idle", 64.0)):
        yield Definition(f"clip-{name}", "optimiser",
                         f"the common norm of two tensors against {max_norm}", ("clipping",),
                         {"unit": "clip", "max_norm": max_norm}, partial(_gradients, ()))


def _gradients(steps, draws):
    inputs, shapes = {}, {"W": (3, 2), "b": (2,)}
    for name, shape in shapes.items():
        if steps:
            inputs[f"params.{name}"] = draws.grid(-1, 1, shape, grid=16)
        inputs[f"grads.{name}"] = draws.grid(-1, 1, steps + shape, grid=16)
    return inputs


def training_cases():
    """Small networks over four training steps, each step on a new batch."""
    snu, soft = {"layer": "snu"}, {"layer": "snu", "h": "sigmoid"}
    sgd = {"optimiser": "sgd", "lr": 0.125, "momentum": 0.5}
    for name, layers, loss, optimiser in (
            ("snu-snu", [snu, snu], "mean_square_error", {**sgd, "lr": 0.5}),
            ("snu-rec-dense", [{**snu, "recurrent": True}, {"layer": "dense"}], "bernoulli_nll",
             ADAM),
            ("snu-decay", [{**snu, "train_decay": True, "g": "leaky_relu"}, {"layer": "dense"}],
             "bernoulli_nll", {**sgd, "lr": 0.25}),
            ("ssnu-inhibited", [{**soft, "lateral_inhibition": True}, snu], "mean_square_error",
             sgd),
            ("language", [{"layer": "embedding"},
                          {**soft, "recurrent": True, "reset_grad": "detached"},
                          {"layer": "tied_output", "of": 0}],
             "softmax_cross_entropy", {**ADAM, "max_norm": 0.5}),
            ("lstm", [{"layer": "lstm"}, {"layer": "dense"}], "bernoulli_nll",
             {**sgd, "max_norm": 1.0})):
        config = {"unit": "training", "layers": layers, "loss": loss, **optimiser, "steps": STEPS}
        flags = ["training", "loss", "optimiser"] + ["clipping"] * ("max_norm" in config)
        flags += ["mask"] * (loss != "mean_square_error")
        yield Definition(f"training-{name}", "training",
                         "losses, gradients and parameters over four steps", tuple(flags), config,
                         partial(_training, layers, loss))


def _training(layers, loss, draws, T=5, B=3, n_in=3, n=4):
    inputs, width, embedded = {}, n_in, layers[0]["layer"] == "embedding"
    for i, layer in enumerate(layers):
        kind, out = layer["layer"], n if i < len(layers) - 1 else 3
        if kind == "embedding":
            inputs[f"params.{i}.E"] = draws.grid(-1, 1, (6, n))
        elif kind == "tied_output":
            inputs[f"params.{i}.b"] = draws.grid(-0.25, 0.25, (6,))
        else:
            k = 4 if kind == "lstm" else 1
            inputs[f"params.{i}.W"] = draws.grid(-1, 1, (width, k * out))
            if kind == "lstm" or layer.get("recurrent"):
                inputs[f"params.{i}.H"] = draws.grid(-0.75, 0.75, (out, k * out))
            low, high = (-0.75, -0.25) if kind == "snu" else (-0.5, 0.5)
            inputs[f"params.{i}.b"] = draws.grid(low, high, (k * out,))
            if kind == "snu":
                high = 1.0 if layer.get("train_decay") else 0.9375
                inputs[f"params.{i}.decay"] = draws.grid(high - 0.1875, high, (out,))
        width = out
    inputs["x"] = draws.integers(6, (STEPS, T, B)) if embedded else \
        draws.grid(-1.5, 1.5, (STEPS, T, B, n_in))
    inputs["target"] = np.stack([_target(draws, loss, (T, B, 6 if embedded else 3))
                                 for _ in range(STEPS)])
    if loss != "mean_square_error":
        lengths = 2 + draws.integers(T - 1, (STEPS, 1, B))
        lengths[:, :, 0] = T
        inputs["mask"] = (np.arange(T)[:, None] < lengths).astype(float)
    return inputs
