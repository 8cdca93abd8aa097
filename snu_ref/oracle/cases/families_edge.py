"""Boundary cases: exactly at a threshold or kink, silent, always firing, saturated, of length one.

At a boundary there is no margin, so every operation up to the boundary is dyadic: z and v are
exactly 0 (or exactly at the kink) in any precision and any order of summation.
"""
from ...activations import SURROGATES
from .case import Definition
from .families_hand import literal, snu_config


def edge_cases():
    """All boundary cases."""
    def add(id, why, flags, make, exact="all", **options):
        cases.append(Definition(f"edge-{id}".lower().replace("_", "-"), "edge", why,
                                tuple(flags.split(", ")), snu_config(**options), make, exact,
                                alive=False))
    cases = []
    for surrogate in SURROGATES:
        add(f"v-zero-{surrogate}", "v is exactly 0: no spike, and psi'(0) = 1 all the same",
            "threshold, surrogate, exact",
            literal(W=[[1]], b=[-1], decay=[0.5], x=[1, 0.5], dy=[1, 0]), surrogate=surrogate,
            exact="all" if surrogate in ("boxcar", "triangle") else "forward")
    add("v-zero-then-kept", "v is exactly 0, so there is no reset, and the state is kept for "
        "the next step",
        "threshold, reset, exact",
        literal(W=[[1]], b=[-0.5], decay=[0.5], x=[0.5, 0.5], dy=[1, 1]))
    add("v-zero-sigmoid", "sigmoid(0) = 1/2, with slope 1/4", "sigmoid, exact",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[1], dy=[1]), h="sigmoid")
    add("z-zero-relu", "z is exactly 0: g'(0) of relu is the left slope, 0",
        "kink, g, exact",
        literal(W=[[0.5, -1]], b=[0.25, 0.25], decay=[0.5, 0.5], x=[[0], [1]],
                dy=[[1, 1], [1, 1]]), g="relu")
    add("z-zero-leaky", "z is exactly 0: g'(0) of leaky_relu is the left slope, 0.1",
        "kink, g, leak",
        literal(W=[[1]], b=[0.25], decay=[0.5], x=[0, 1], dy=[1, 0]), g="leaky_relu",
        exact="forward")
    add("kink-boxcar", "v is exactly 1/2 and -1/2: psi' of the boxcar is 0 on its edges",
        "kink, surrogate, exact",
        literal(W=[[1.5, 0.5, 1.25]], b=[-1, -1, -1], decay=[0.5, 0.5, 0.5], x=[[1]],
                dy=[[1, 1, 1]]),
        surrogate="boxcar")
    add("kink-triangle", "v is exactly 1 and -1: psi' of the triangle is 0 at its feet",
        "kink, surrogate, exact",
        literal(W=[[2, 0, 1.25]], b=[-1, -1, -1], decay=[0.5, 0.5, 0.5], x=[[1]], dy=[[1, 1, 1]]))
    add("silent", "no unit ever fires, and the gradient flows all the same",
        "silent, decay, exact",
        literal(W=[[0.25, 0.125]], b=[-1, -1], decay=[0.5, 0.5], x=[[1], [0.5], [1]],
                dy=[[1, 0.5], [0.5, 1], [2, 1]]))
    add("silent-inhibition", "no unit fires: all four tie for the maximum, 0, and each has a "
        "quarter of its gradient",
        "silent, inhibition, ties, exact",
        literal(W=[[0.5, 0.25, 0.5, 0.125]], b=[-1] * 4, decay=[0.5] * 4, x=[[1], [0.5], [1]],
                dy=[[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 2]]), lateral_inhibition=True)
    add("firing", "every unit fires at every step: the gate is always closed",
        "firing, reset, reset gradient, exact",
        literal(W=[[1.25, 1.5]], b=[-1, -1], decay=[0.5, 0.5], x=[[1]] * 4,
                dy=[[1, 0.5], [0.5, 1], [1, 1], [2, 1]]))
    add("ties", "two of four units fire together: each takes half of the gradient of the maximum, "
        "the others none",
        "inhibition, ties, exact",
        literal(W=[[1.5, 0.5, 1.25, 0.25]], b=[-1] * 4, decay=[0.5] * 4, x=[[1], [0.5]],
                dy=[[0] * 4, [2, 1, 1, 4]]), lateral_inhibition=True)
    add("ties-by-sample", "the maximum is that of each sample by itself: one sample is silent, one "
        "fires",
        "inhibition, ties, batch, exact",
        literal(W=[[1.5, 0.5]], b=[-1, -1], decay=[0.5, 0.5], x=[[[1], [0.5]], [[0.5], [0.5]]],
                dy=[[[0, 0], [0, 0]], [[2, 1], [1, 4]]]), lateral_inhibition=True)
    add("decay-0-and-1", "decay at both ends of its range: one unit forgets at once, the other "
        "never",
        "decay, exact",
        literal(W=[[0.25, 0.25]], b=[-1, -1], decay=[0, 1], x=[[1], [0.5], [1], [0.5]],
                dy=[[1, 1], [0, 1], [2, 1], [1, 0]]))
    add("one-of-each", "T = B = n_in = n_units = 1, with H: axes of length 1 are axes",
        "small shapes, recurrence, exact",
        literal(W=[[0.75]], H=[[0.5]], b=[-1], decay=[0.5], x=[1], dy=[1], s=1, y=0.5),
        recurrent=True)
    add("one-step", "T = 1: nothing is carried, but state and cotangents come in at both ends",
        "small shapes, start state, end state, exact",
        literal(W=[[1, 0.5], [0.5, 1]], b=[-1, -0.5], decay=[0.5, 0.25],
                x=[[[1, 0.25], [0.5, 0.5]]],
                dy=[[[1, 2], [0.5, 1]]], s=[[1, 0.5], [0.25, 1]], y=[[0, 0.5], [1, 0.25]],
                dend_s=[[1, 0], [0.5, 2]], dend_y=[[1, 1], [0, 0.5]]))
    add("one-unit-inhibited", "one unit with inhibition is its own maximum: the same as the "
        "plain reset",
        "small shapes, inhibition, exact",
        literal(W=[[1]], b=[-1], decay=[0.5], x=[1.5, 0.75, 0.5], dy=[1, 4, 1]),
        lateral_inhibition=True)
    far = dict(W=[[1, 1, 1, 1]], decay=[0.5, 0.5, 0.5, 0.5], x=[[0.5], [0.75]],
               dy=[[1, 1, 1, 1], [1, 1, 1, 1]])
    for name, b in (("sigmoid", [-1000, 1000, -40, -0.625]),
                    ("sigmoid-float32", [-100, 100, -20, -0.625])):
        add(f"saturated-{name}", "|v| far beyond where exp overflows: y is 0 or 1 and its slope 0, "
            "no inf, no NaN",
            "saturation, sigmoid", literal(b=b, **far), h="sigmoid", exact="")
    for surrogate in SURROGATES:
        add(f"saturated-{surrogate}", "|v| far beyond where exp or cosh overflows: psi' vanishes, "
            "no inf, no NaN", "saturation, surrogate", literal(b=[-1000, 1000, -40, -0.625], **far),
            surrogate=surrogate, exact="forward")
    return cases
