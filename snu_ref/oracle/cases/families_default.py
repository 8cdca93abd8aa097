"""The default units alone: SNU and sSNU with g = relu, no recurrent weights, no inhibition.

For ports that have nothing else: cases by hand, at boundaries, and drawn in several sizes, so that
such a port is held against every kind of case. The default surrogate is tanh, psi'(v) =
1 - tanh^2(v): traces are exact, and so are gradients where every v is 0.
"""
from .case import Definition
from .families_hand import literal, snu_config
from .families_unit import drawn

SNU = {"g": "relu", "surrogate": "tanh"}
SSNU = {**SNU, "h": "sigmoid"}
NEAR = (2.0 ** -11, -2.0 ** -11, 2.0 ** -20, -2.0 ** -20)   # of v; 1 + 2^-20 is a float32


def _case(id, why, flags, make, exact, **options):
    return Definition(id, id.split("-")[0], why, tuple(flags.split(", ")), snu_config(**options),
                      make, exact, alive=False)


def default_hand_cases():
    """The default units by hand; they need tanh or exp at most."""
    three = literal(W=[[1]], b=[-1], decay=[0.5], x=[1.5, 0.75, 0.5], dy=[1, 4, 1])
    for reset_grad, word in (("through", "flows through"), ("detached", "stops at")):
        yield _case(f"hand-default-{reset_grad}", "the default SNU: a spike, the reset, and the "
                    f"gradient of step 2 {word} the reset gate of step 1",
                    "reset, reset gradient, surrogate", three, "forward", **SNU,
                    reset_grad=reset_grad)
        yield _case(f"hand-default-soft-{reset_grad}", "the default sSNU: the gradient of step 2 "
                    f"{word} the graded gate of step 1", "sigmoid, reset, reset gradient", three,
                    "", **SSNU, reset_grad=reset_grad)
    yield _case("hand-default-relu", "below rest the state is held at 0, and no gradient passes",
                "g, surrogate",
                literal(W=[[1]], b=[-0.5], decay=[0.5], x=[0.25, -1, 0.75], dy=[1, 1, 2]),
                "forward", **SNU)
    yield _case("hand-default-states", "states and cotangents at both ends; y_0 = 1/4",
                "start state, end state, reset gradient",
                literal(W=[[1]], b=[-1], decay=[0.5], x=[0.5, 1], dy=[2, 0], s=1, y=0.25, dend_s=2,
                        dend_y=4), "forward", **SNU)


def default_edge_cases():
    """The default units at boundaries."""
    yield _case("edge-default-v-zero", "v is exactly 0 at every step: no spike and no reset, and "
                "psi'(0) = 1", "threshold, surrogate, reset, exact",
                literal(W=[[1]], b=[-1], decay=[0.5], x=[1, 0.5, 0.5], dy=[1, 2, 1]), "all", **SNU)
    yield _case("edge-default-z-zero", "z is exactly 0, with b > 0: the unit fires, and g'(0) = 0",
                "kink, g, firing", literal(W=[[0.5, -1]], b=[0.25, 0.25], decay=[0.5, 0.5],
                                           x=[[0], [1]], dy=[[1, 1], [1, 1]]), "forward", **SNU)
    yield _case("edge-default-silent", "no unit ever fires, and the gradient flows all the same",
                "silent, decay", literal(W=[[0.25, 0.125]], b=[-1, -1], decay=[0.5, 0.75],
                                         x=[[1], [0.5], [1]], dy=[[1, 0.5], [0.5, 1], [2, 1]]),
                "forward", **SNU)
    yield _case("edge-default-firing", "every unit fires at every step: the gate is always closed",
                "firing, reset, reset gradient",
                literal(W=[[1.25, 1.5]], b=[-1, -1], decay=[0.5, 0.75], x=[[1]] * 3,
                        dy=[[1, 0.5], [0.5, 1], [2, 1]]), "forward", **SNU)
    yield _case("edge-default-decay-0-and-1", "decay at both ends of its range", "decay",
                literal(W=[[0.25, 0.25]], b=[-1, -1], decay=[0, 1], x=[[1], [0.5], [1]],
                        dy=[[1, 1], [0, 1], [2, 1]]), "forward", **SNU)
    one = dict(W=[[1, 0.5], [0.5, 1]], b=[-1, -0.5], decay=[0.5, 0.25], x=[[[1, 0.25], [0.5, 0.5]]],
               dy=[[[1, 2], [0.5, 1]]], s=[[1, 0.5], [0.25, 1]], y=[[0, 0.5], [1, 0.25]],
               dend_s=[[1, 0], [0.5, 2]], dend_y=[[1, 1], [0, 0.5]])
    for name, options, exact in (("", SNU, "forward"), ("-soft", SSNU, "")):
        yield _case(f"edge-default{name}-one-step", "T = 1, two samples, states and cotangents at "
                    "both ends", "small shapes, start state, end state, batch", literal(**one),
                    exact, **options)
    yield _case("edge-default-soft-v-zero", "sigmoid(0) = 1/2, and the gate is half open",
                "sigmoid, reset, exact",
                literal(W=[[1]], b=[-1], decay=[0.5], x=[1, 0.75], dy=[1, 2]), "all", **SSNU)
    near = literal(W=[[1] * 4], b=[-1 - v for v in NEAR], decay=[0.5] * 4, x=[[1], [0.5]],
                   dy=[[1, 2, 1, 2], [1, 1, 2, 2]])
    why = "v is 2^-11, -2^-11, 2^-20, -2^-20, exactly: a spike however small v is"
    for name, options in (("", {}), ("default-", SNU)):
        yield _case(f"edge-{name}near-threshold", why, "threshold, reset, surrogate", near,
                    "forward", **options)


def large_state_cases():
    """States far above 1, with v near the threshold all the same."""
    make = literal(W=[[1, 16]], b=[-64, -1024], decay=[0.5, 0.5], x=[[64], [32], [32.015625]],
                   dy=[[1, 2], [1, 1], [2, 1]])
    for name, options in (("", {}), ("default-", SNU)):
        yield _case(f"edge-{name}large-state", "states of 64 and 1024, at thresholds to match: the "
                    "state has no upper limit", "large state, threshold, decay", make, "forward",
                    **options)


def default_cases():
    """The default units drawn, in several sizes; from states and from rest, decay of all sizes."""
    for name, options in (("snu", SNU), ("ssnu", SSNU)):
        flag, kind = ("surrogate", "SNU") if name == "snu" else ("sigmoid", "sSNU")
        for size, why, more, make, reset_grad in (
                ("small", "three steps of one unit", "small shapes", drawn(3, 1, 1, 1), "through"),
                ("rest", "from rest, loss on y alone", "zero start",
                 drawn(6, 3, 4, 2, state=False, end=False), "through"),
                ("decay", "decay from 0 to 1", "decay",
                 drawn(7, 2, 2, 4, keep=(0.0, 1.0)), "through"),
                ("detached", "the gate a constant backward", "reset gradient",
                 drawn(7, 2, 2, 3), "detached"),
                ("20", "twenty steps", "time", drawn(20, 2, 3, 3, size=0.5), "through")):
            yield Definition(f"default-{name}-{size}", "default", f"{kind}: {why}",
                             ("g", flag, more, "sums"),
                             snu_config(**options, reset_grad=reset_grad), make)
