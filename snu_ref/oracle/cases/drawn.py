"""Cases of the SNU with random numbers, and the properties that these numbers must have.

Coarse numbers are multiples of 1/64. Numbers of full length are multiples of 2^-24, or of 2^-23 if
they may be larger than 1. They need all 24 bits of a float32, so a port that rounds its weights to
bfloat16, TF32, float16 or int8 fails.
"""
import numpy as np

from .abilities import CANCELLED, own_start, summed
from .tolerances import MARGIN

COARSE = {"b": (-1, -0.25), "decay": (0.5, 0.9375), "x": (-1.5, 1.5)}
FULL = {"b": (-0.9375, -0.125), "decay": (0.5625, 0.96875), "x": (-1.75, 1.75)}
SIZES = ((5, 2, 4, 3), (4, 3, 3, 3), (6, 2, 5, 4), (5, 3, 4, 4))  # our choice; T, B, n_in >= n, n
LEAST = 4e-6  # lower limit of the float32 bound: k - k y, a correct gate, has an error of 1.3e-6
CLEAR, NEAR, FAR = 2.0 ** -6, 0.1, 2.0


def drawn(config, size, start="graded", end="sy", *, shared=(), full=False, weights=1.0,
          decay=None, cotangents=1.0):
    """The `make` of an SNU case with random numbers.

    size: T, B, n_in, n. start: "rest", "spiking" (y_0 is 0 or 1), "graded" (y_0 from 0 to 3/4),
    "silent" (y_0 = 0) or "own" (y_0 = h(s_0 + b)). end: which of the final "s", "y" have a loss.
    shared: which of "decay", "b" are one number for all units. full: numbers of full length, and
    s_0 = 0 in the first sample. weights: a factor of W, H. decay, cotangents: range and limit.
    """
    T, B, n_in, n = size
    ranges = FULL if full else COARSE

    def make(draws):
        def grid(low, high, *shape):
            if not full:
                return draws.grid(low, high, shape)
            return draws.grid(low, high, shape, 2 ** 24 if -1 <= low and high <= 1 else 2 ** 23)

        def by_unit(name, range):
            return np.full(n, grid(*range, 1)) if name in shared else grid(*range, n)

        inputs = {"params.W": weights * grid(-1, 1, n_in, n),
                  "params.b": by_unit("b", ranges["b"]),
                  "params.decay": by_unit("decay", decay or ranges["decay"])}
        if config["recurrent"]:
            inputs["params.H"] = weights * grid(-0.75, 0.75, n, n)
        inputs["x"] = grid(*ranges["x"], T, B, n_in)
        moved = (np.arange(B) >= (1 if full else 0))[:, None] * (start != "rest")
        inputs["state.s"] = grid(-1, 1, B, n) * moved
        starts = {}
        if full:  # another draw in coarse cases would change all numbers after it
            starts["spiking"] = draws.integers(2, (B, n))
            starts["spiking"][-1, 0] |= not starts["spiking"][1:].any()
        starts["graded"] = grid(0, 0.75, B, n)
        inputs["state.y"] = starts.get(start, np.zeros((B, n))) * moved
        if start == "own":
            inputs["state.y"] = own_start(config, inputs)
        inputs["dy"] = grid(-cotangents, cotangents, T, B, n)
        for name in "sy":
            inputs[f"dend.{name}"] = grid(-cotangents, cotangents, B, n) * (name in end)
        return {name: a + 0.0 for name, a in inputs.items()}  # -0 becomes 0
    return make


def name_of(config):
    """The unit's options as words, for the id of a case."""
    words = [config["surrogate"] if config["h"] == "step" else "sigmoid", config["g"]]
    words += ["rec"] * config["recurrent"] + ["inh"] * config["lateral_inhibition"]
    words += ["det"] * (config["reset_grad"] == "detached")
    return "-".join(words).replace("_", "")


def flags_of(config, *more, full=False):
    """The flags of a case: those of its options, and `more`."""
    return ("reset gradient", "g", "sigmoid" if config["h"] == "sigmoid" else "surrogate",
            *["precision"] * full, *["recurrence"] * config["recurrent"],
            *["inhibition"] * config["lateral_inhibition"], *more)


def unfit(config, inputs, outputs):
    """The property that the random numbers lack, or "".

    Each unit must have z on both sides of 0. Some |v| are below 1/10, where slopes are steep. Some
    |z| are above 2, where a clamp shows. Different units fire in different samples; with inhibition
    some maxima are tied and some are not. W has rank n, so that the diagnosis can solve for dz.
    Sums over units do not cancel. The final state is not small, because float32 would lose digits.
    """
    z, v, y = outputs["z"], outputs["v"], outputs["y"]
    if not ((z > CLEAR).any((0, 1)) & (z < -CLEAR).any((0, 1))).all():
        return "sign of z"
    if not (np.abs(v) < NEAR).any() or not (np.abs(z) > FAR).any():
        return "sizes of v, z"
    if config["h"] == "step":
        firing = y.sum(axis=-1)
        if (y == y[:, :1]).all() or config["lateral_inhibition"] and not (
                (firing > 1).any() and (firing == 1).any()):
            return "who fires"
        if config.get("start") == "own" and np.abs(
                inputs["state.s"] + inputs["params.b"]).min() < MARGIN:
            return "margin of y_0"
    end = outputs["end.s"] * (1 - outputs["end.y"] * (config.get("state") == "after reset"))
    if np.abs(end).max() < 0.5:
        return "size of the final state"
    W = inputs["params.W"]
    if np.linalg.matrix_rank(W, tol=CLEAR) < W.shape[1]:
        return "rank of W"
    for name in summed(config):
        if abs(outputs[name].sum()) < 2 * CANCELLED * np.abs(outputs[name]).sum():
            return f"sum of {name}"
    return ""
