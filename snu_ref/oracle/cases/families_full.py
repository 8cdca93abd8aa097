"""Cases with full mantissas: those added for what coarse numbers hide, and those made for a port.

Weights, inputs and decay are multiples of 2^-24, or of 2^-23 where they may be larger than 1: they
fill the 24 bits of a float32, so that weights rounded to bfloat16, TF32, float16 or int8 show. A
drawn case has numbers on both sides of every kink, near to it and far from it: see `unfit`.
"""
import itertools

import numpy as np

from ...activations import STATE_FUNCTIONS, SURROGATES, output_function
from .abilities import CANCELLED, summed
from .case import Definition
from .families_hand import literal, snu_config
from .families_unit import FLAGS_OF, name_of
from .tolerances import MARGIN

FULL = 2 ** 24
LEAST = 4e-6  # of the bound in float32: 1.3e-6 was measured of a gate written as k - k y
SIZES = ((5, 2, 4, 3), (4, 3, 3, 3), (6, 2, 5, 4), (5, 3, 4, 4))  # T, B, n_in >= n, n; ours
TAILS = (4, 5, 41, 37)   # sizes that no vector of 2, 4, 8 or 16 numbers divides
CLEAR, NEAR, FAR = 2.0 ** -6, 0.1, 2.0


def full(config, size, start="rest", shared=(), end=""):
    """`make` of a case of the SNU with drawn numbers of full length.

    start: "rest", "spiking" (y_0 is 0 or 1), "graded" (y_0 within 0 and 3/4), "silent" (s_0 alone)
    or "own" (y_0 = h(s_0 + b)); the first sample of the others starts from s_0 = y_0 = 0 too.
    shared: "decay", "b": one number for all units. end: "s", "y" of the final state has a loss.
    """
    T, B, n_in, n = size

    def make(draws):
        def grid(low, high, *shape):
            return draws.grid(low, high, shape, FULL if -1 <= low and high <= 1 else FULL // 2)

        def by_unit(name, low, high):
            return np.full(n, grid(low, high, 1)[0]) if name in shared else grid(low, high, n)
        inputs = {"params.W": grid(-1, 1, n_in, n), "params.b": by_unit("b", -0.9375, -0.125),
                  "params.decay": by_unit("decay", 0.5625, 0.96875)}
        if config["recurrent"]:
            inputs["params.H"] = grid(-0.75, 0.75, n, n)
        inputs["x"] = grid(-1.75, 1.75, T, B, n_in)
        late = (np.arange(B) > 0)[:, None] * (start != "rest")
        s, spikes, graded = grid(-1, 1, B, n), draws.integers(2, (B, n)), grid(0, 0.75, B, n)
        spikes[-1, 0] |= not spikes[1:].any()
        inputs["state.s"] = s * late
        inputs["state.y"] = {"spiking": spikes, "graded": graded}.get(start, 0 * s) * late
        if start == "own":
            h = output_function(config["h"], SURROGATES[config["surrogate"]])
            inputs["state.y"] = h.value(inputs["state.s"] + inputs["params.b"])
        inputs["dy"] = grid(-1, 1, T, B, n)
        for name in "sy":
            inputs[f"dend.{name}"] = grid(-1, 1, B, n) * (name in end)
        return {name: a + 0.0 for name, a in inputs.items()}  # -0 becomes 0
    return make


def unfit(config, inputs, outputs):
    """Which property drawn numbers lack, or "".

    Each unit has z on both sides of 0; some |v| < 1/10, where slopes are steep, and some |z| > 2,
    where a clamp shows. Samples differ in who fires; with inhibition some maxima are tied and some
    not. W has rank n, so that x W + ... = z can be solved for dz. Sums over units do not cancel.
    The final state is no small rest of large terms, or float32 could not give it in any order.
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


def _flags(config, *more):
    kind = "sigmoid" if config["h"] == "sigmoid" else "surrogate"
    return ("reset gradient", "g", kind, "precision",
            *(flag for option, flag in FLAGS_OF.items() if config[option]), *more)


# ---- added to the vectors -----------------------------------------------------------------------

def start_cases():
    """From rest and from spikes, loss on y alone, for every surrogate, g and reset gradient."""
    both = list(itertools.product(SURROGATES, STATE_FUNCTIONS, ("through", "detached")))
    for start, why in (("rest", "from rest"),
                       ("spiking", "from a state after spikes, y_0 = 0 or 1")):
        for i, (surrogate, g, reset_grad) in enumerate(both):
            config = snu_config("step", g, surrogate, reset_grad=reset_grad)
            more = "zero start" if start == "rest" else "start state"
            yield Definition(f"start-{start}-{name_of(config)}", "start", f"{why}, loss on y alone",
                             _flags(config, more), config, full(config, SIZES[i % 2], start),
                             unfit=unfit, least=LEAST)
    for i, (g, reset_grad) in enumerate(itertools.product(STATE_FUNCTIONS,
                                                          ("through", "detached"))):
        for h in ("step", "sigmoid"):
            config = snu_config(h, g, list(SURROGATES)[i % 5], reset_grad=reset_grad)
            if h == "sigmoid":
                config["surrogate"] = "tanh"
            yield Definition(f"start-equal-{name_of(config)}", "start",
                             "from rest, loss on y alone; all units have one decay and one "
                             "threshold",
                             _flags(config, "zero start", "decay"), config,
                             full(config, SIZES[i % 2], "rest", ("decay", "b")), unfit=unfit,
                             least=LEAST)


def kink_cases():
    """z = 0 with x not 0, and v = 0, with a detached gate, for every g and surrogate."""
    for surrogate, g in itertools.product(SURROGATES, STATE_FUNCTIONS):
        config = snu_config("step", g, surrogate, reset_grad="detached")
        # z = 0 twice, fires (b > 0), v = 0; then v = 0 at z = 1, where g(1) is exact
        third = dict(W=[0.5, -0.5], b=0.0) if g == "tanh" else dict(W=[0.5, 0.5], b=-1.0)
        W = np.array([[0.5, -0.5], [0.5, -0.5], third["W"]]).T
        yield Definition(f"edge-kink-{name_of(config)}", "edge", "z is exactly 0 though x is not, "
                         "and v is exactly 0: g'(0), no spike, psi'(0); the gate is a constant",
                         ("kink", "threshold", "g", "surrogate", "reset gradient"), config,
                         literal(W=W, b=[0.25, 0, third["b"]], decay=[0.75, 0.5, 0.25],
                                 x=[[1, 1], [0.5, 0.5], [1, 1]],
                                 dy=[[1, 2, 1], [1, 1, 2], [2, 1, 1]]), "forward", alive=False)


def tail_cases():
    """37 units, 41 inputs, 5 samples: what loops over several numbers at once leave over."""
    for id, config in (
            ("relu", snu_config(g="relu", surrogate="tanh")),
            ("detached", snu_config(surrogate="arctan", reset_grad="detached")),
            ("recurrent", snu_config(g="tanh", surrogate="fast_sigmoid", recurrent=True)),
            ("ssnu", snu_config("sigmoid", "relu", "tanh", recurrent=True)),
            ("ssnu-inhibited", snu_config("sigmoid", "leaky_relu", "tanh",
                                          lateral_inhibition=True))):
        yield Definition(f"tail-{id}", "tail", "37 units, 41 inputs, 5 samples",
                         _flags(config, "tails", "sums"), config,
                         _small(full(config, TAILS, "spiking", end="sy")), least=LEAST)


def _small(make):
    """W and H by 1/4: z of a sum over 41 inputs is of order 1."""
    def smaller(draws):
        inputs = make(draws)
        return {name: a / 4 if name in ("params.W", "params.H") else a
                for name, a in inputs.items()}
    return smaller


# ---- made for a port ----------------------------------------------------------------------------

def made_cases(can, number, seed):
    """Definitions of `number` cases for each declared h, g, surrogate, reset_grad, and one at
    boundaries; can: as `abilities.declared` returns it."""
    if not number or "snu" not in can["unit"]:
        return
    combinations = [c for c in itertools.product(can["h"], can["surrogate"], can["g"],
                                                 can["reset_grad"])
                    if c[0] == "step" or c[1] == can["surrogate"][0]]
    layers = list(itertools.product(can["recurrent"], can["lateral_inhibition"]))
    shared = [name for name in ("decay", "b") if can[name] == "shared"]
    forms = {key: can[key] for key in ("decay", "b", "start", "state")
             if can[key] in ("shared", "own", "after reset")}
    starts = {"any": ("graded", "rest", "spiking", "graded"), "own": ("own",), "rest": ("rest",),
              "spiking": ("spiking", "rest")}[can["start"]]
    if can["state"] == "after reset":
        starts = ["silent" if start in ("graded", "spiking") else start for start in starts]
    for j, (h, surrogate, g, reset_grad) in enumerate(combinations):
        for i in range(number):
            config = snu_config(h, g, surrogate, *layers[(i + j) % len(layers)], reset_grad)
            ends = "y" if can["state"] == "after reset" else "sy"
            end = ends if can["start"] == "any" and i % 2 else ""
            yield _made(f"{name_of(config)}-{i + 1}", {**config, **forms}, seed,
                        full(config, SIZES[i % 4], starts[i % len(starts)], shared, end),
                        unfit=unfit, least=LEAST)
        config = snu_config(h, g, surrogate, *layers[j % len(layers)], reset_grad)
        yield _made(f"edge-{name_of(config)}", {**config, **forms}, seed,
                    _boundaries(config, shared, can["start"] == "own"), "boundary", alive=False)


def _made(name, config, seed, make, exact="", **more):
    id = f"made-{name}" if seed == 0 else f"made-{seed}-{name}"
    return Definition(id, "made-edge" if exact else "made", "made for what the port can do",
                      _flags(config), config, make, exact, **more)


def _boundaries(config, shared, own):
    """Three samples: one silent, one that fires at every step, saturated once, one with z = 0 and
    v = 0 exactly."""
    b = [0.0 if config["g"] == "tanh" else -0.5] * 3
    decay = [0.5] * 3 if "decay" in shared else [0.0, 1.0, 0.5]
    meets = [[1, 1, 1, 1]] * 3 if config["g"] == "tanh" else [
        [1.5, 1.5, 1.5, 1], [1.25, 1.25, 1.25, 1], [0.75, 0.75, 0.75, 1]]
    x = [[[-1, -1, -1, 0.5], [3, 2, 2.5, 0.5], first]
         for first in (*meets, [3, 2, 2, 0.5])]
    x[2][1] = [60, 50, 40, 0.5]
    weights = np.vstack([np.eye(3), -np.ones(3)])
    H = [[0.5, 0.25, 0], [0, 0.5, 0.25], [0.25, 0, 0.5]] if config["recurrent"] else None
    make = literal(W=weights, b=b, decay=decay, H=H, x=x,
                   dy=[[[1, 2, 1], [2, 1, 1], [1, 1, 2]]] * 4)
    if not own:
        return make

    def from_own(draws):
        inputs = make(draws)
        h = output_function(config["h"], SURROGATES[config["surrogate"]])
        return {**inputs, "state.y": h.value(inputs["state.s"] + inputs["params.b"])}
    return from_own
