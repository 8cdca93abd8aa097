"""Cases with full mantissas, which show errors that coarse numbers hide; new cases for a port."""
import itertools

import numpy as np

from ...activations import STATE_FUNCTIONS, SURROGATES
from .abilities import forms, own_start
from .case import Definition
from .drawn import LEAST, SIZES, drawn, flags_of, name_of, unfit
from .literal import literal, snu_config

TAILS = (4, 5, 41, 37)   # T, B, n_in, n: n and n_in are not multiples of 2, 4, 8 or 16


def _full(id, family, why, flags, config, size, start, end="", shared=(), **numbers):
    return Definition(id, family, why, flags_of(config, *flags, full=True), config,
                      drawn(config, size, start, end, shared=shared, full=True, **numbers),
                      unfit=unfit, least=LEAST)


# ---- added to the vectors -----------------------------------------------------------------------

def start_cases():
    """From rest and after spikes, loss on y alone, for every surrogate, g and reset gradient."""
    both = list(itertools.product(SURROGATES, STATE_FUNCTIONS, ("through", "detached")))
    for start, why, flag in (("rest", "from rest", "zero start"),
                             ("spiking", "from a state after spikes, y_0 = 0 or 1", "start state")):
        for i, (surrogate, g, reset_grad) in enumerate(both):
            config = snu_config("step", g, surrogate, reset_grad=reset_grad)
            yield _full(f"start-{start}-{name_of(config)}", "start", f"{why}, loss on y alone",
                        (flag,), config, SIZES[i % 2], start)
    for i, (g, reset_grad) in enumerate(itertools.product(STATE_FUNCTIONS,
                                                          ("through", "detached"))):
        for h, surrogate in (("step", list(SURROGATES)[i % 5]), ("sigmoid", "tanh")):
            config = snu_config(h, g, surrogate, reset_grad=reset_grad)
            yield _full(f"start-equal-{name_of(config)}", "start",
                        "from rest, loss on y alone; all units have one decay and one threshold",
                        ("zero start", "decay"), config, SIZES[i % 2], "rest",
                        shared=("decay", "b"))


def kink_cases():
    """For every g and surrogate: z = 0 though x is not 0, and v = 0; the gate is detached."""
    for surrogate, g in itertools.product(SURROGATES, STATE_FUNCTIONS):
        config = snu_config("step", g, surrogate, reset_grad="detached")
        # unit 1: z = 0, b > 0, fires; unit 2: z = v = 0; unit 3: v = 0 at z = 1 if g(1) is exact
        w, b = (-0.5, 0.0) if g == "tanh" else (0.5, -1.0)
        yield Definition(f"edge-kink-{name_of(config)}", "edge", "z is exactly 0 though x is not, "
                         "and v is exactly 0: g'(0), no spike, psi'(0); the gate is a constant",
                         ("kink", "threshold", "g", "surrogate", "reset gradient"), config,
                         literal(W=[[0.5, 0.5, 0.5], [-0.5, -0.5, w]], b=[0.25, 0, b],
                                 decay=[0.75, 0.5, 0.25], x=[[1, 1], [0.5, 0.5], [1, 1]],
                                 dy=[[1, 2, 1], [1, 1, 2], [2, 1, 1]]), "forward", alive=False)


def tail_cases():
    """37 units, 41 inputs, 5 samples: the remainder of a loop over SIMD vectors."""
    for id, config in (
            ("relu", snu_config(g="relu", surrogate="tanh")),
            ("detached", snu_config(surrogate="arctan", reset_grad="detached")),
            ("recurrent", snu_config(g="tanh", surrogate="fast_sigmoid", recurrent=True)),
            ("ssnu", snu_config("sigmoid", "relu", "tanh", recurrent=True)),
            ("ssnu-inhibited", snu_config("sigmoid", "leaky_relu", "tanh",
                                          lateral_inhibition=True))):
        # weights of at most 1/4 keep z, a sum over 41 inputs, of order 1
        yield _full(f"tail-{id}", "tail", "37 units, 41 inputs, 5 samples", ("tails", "sums"),
                    config, TAILS, "spiking", "sy", weights=0.25)._replace(unfit=None)


# ---- new cases for a port -----------------------------------------------------------------------

def made_cases(can, number, seed):
    """Yield, for each declared combination of h, g, surrogate and reset_grad, the Definitions of
    `number` random cases and of one at boundaries; can: from `abilities.declared`."""
    if not number or "snu" not in can["unit"]:
        return
    combinations = [c for c in itertools.product(can["h"], can["surrogate"], can["g"],
                                                 can["reset_grad"])
                    if c[0] == "step" or c[1] == can["surrogate"][0]]
    layers = list(itertools.product(can["recurrent"], can["lateral_inhibition"]))
    shared = [name for name in ("decay", "b") if can[name] == "shared"]
    starts = {"any": ("graded", "rest", "spiking", "graded"), "own": ("own",), "rest": ("rest",),
              "spiking": ("spiking", "rest")}[can["start"]]
    ends = "sy"
    if can["state"] == "after reset":
        starts = ["silent" if start in ("graded", "spiking") else start for start in starts]
        ends = "y"
    prefix, why = f"made-{seed}-" if seed else "made-", "made for what the port can do"
    for j, (h, surrogate, g, reset_grad) in enumerate(combinations):
        configs = [snu_config(h, g, surrogate, *layers[(i + j) % len(layers)], reset_grad,
                              **forms(can)) for i in range(number)]
        for i, config in enumerate(configs):
            size = SIZES[-1 - i % 4]  # the last first: its 1/T, 1/B, 1/n are not the common 1/2
            yield _full(f"{prefix}{name_of(config)}-{i + 1}", "made", why, (), config, size,
                        starts[i % len(starts)], ends if can["start"] == "any" and i % 2 else "",
                        shared)
        yield Definition(f"{prefix}edge-{name_of(configs[0])}", "made-edge", why,
                         flags_of(configs[0], full=True), configs[0], _boundaries(configs[0]),
                         "boundary", alive=False)


def _boundaries(config):
    """Three samples: one stays silent, one always fires and saturates once, one has z = v = 0."""
    b = [0.0 if config["g"] == "tanh" else -0.5] * 3
    meets = [[1, 1, 1, 1]] * 3 if config["g"] == "tanh" else [
        [1.5, 1.5, 1.5, 1], [1.25, 1.25, 1.25, 1], [0.75, 0.75, 0.75, 1]]
    x = [[[-1, -1, -1, 0.5], [3, 2, 2.5, 0.5], first]
         for first in (*meets, [3, 2, 2, 0.5])]
    x[2][1] = [60, 50, 40, 0.5]
    own = config.get("start") == "own"
    return literal(
        W=np.vstack([np.eye(3), -np.ones(3)]), b=b, x=x,
        H=[[0.5, 0.25, 0], [0, 0.5, 0.25], [0.25, 0, 0.5]] if config["recurrent"] else None,
        decay=[0.5] * 3 if config.get("decay") == "shared" else [0, 1, 0.5],
        y=own_start(config, {"state.s": 0, "params.b": np.array(b)}) if own else 0,
        dy=[[[1, 2, 1], [2, 1, 1], [1, 1, 2]]] * 4)
