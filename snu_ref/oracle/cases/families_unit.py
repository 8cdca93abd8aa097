"""Every variant of the unit, from a given state and from rest; batches, pieces, long sequences."""
import itertools
from functools import partial

from ...activations import STATE_FUNCTIONS, SURROGATES
from .case import Definition, Draws
from .drawn import drawn, flags_of, name_of
from .literal import snu_config
from .tolerances import FLOAT32_STEPS

PLAIN = snu_config(g="relu", surrogate="tanh")
COUPLED = {**PLAIN, "recurrent": True, "lateral_inhibition": True}
SEEDS = {"batch-snu": 2, "batch-ssnu": 1}  # the `attempt` of each batch, for its single samples


def _variants(family, why, flags, outputs, size, *ends):
    for (h, surrogate), g, recurrent, inhibition, reset_grad in itertools.product(
            outputs, STATE_FUNCTIONS, (False, True), (False, True), ("through", "detached")):
        config = snu_config(h, g, surrogate, recurrent, inhibition, reset_grad)
        yield Definition(f"{family}-{name_of(config)}", family, f"this variant of the unit, {why}",
                         flags_of(config, *flags), config, drawn(config, size, *ends))


def unit_cases():
    """All 192 variants of the unit, from a given state, with a cotangent on every output."""
    outputs = [("step", surrogate) for surrogate in SURROGATES] + [("sigmoid", "tanh")]
    return _variants("unit", "every term at once", ("start state", "end state"), outputs,
                     (5, 2, 3, 3))


def rest_cases():
    """From rest, s_0 = y_0 = 0, without a loss on the final state: enough for simple ports."""
    return _variants("rest", "from rest, loss on y alone", ("zero start",),
                     [("step", "tanh"), ("sigmoid", "tanh")], (4, 2, 2, 3), "rest", "")


def batch_cases():
    """Four samples together, then two of them alone, which must have the same numbers."""
    soft = snu_config("sigmoid", "leaky_relu", "tanh", lateral_inhibition=True)
    for name, config in (("snu", COUPLED), ("ssnu", soft)):
        together = drawn(config, (5, 4, 2, 3))
        id = f"batch-{name}"
        yield Definition(id, "batch", "four samples together; samples 1 and 3 stand alone in the "
                         "cases that follow", flags_of(config, "batch", "sums"), config, together)
        for i in (1, 3):
            yield Definition(f"{id}-sample-{i}", "batch", f"sample {i} of the case {id}, alone",
                             flags_of(config, "batch", "small shapes"), {**config, "part_of": id},
                             partial(_one_sample, together, i, id), alive=False)


def _one_sample(together, i, whole, draws):
    inputs = together(Draws(whole, SEEDS[whole]))  # the inputs of all four samples
    for name in inputs:
        if not name.startswith("params."):
            axis = 0 if name.startswith(("state.", "dend.")) else 1
            inputs[name] = inputs[name].take([i], axis=axis)
    return inputs


def stream_cases():
    """A sequence in pieces: pass the state on, pass its gradient back, add the other gradients."""
    for name, config, pieces in (
            ("snu", PLAIN, [2, 5, 1]), ("snu-rec", COUPLED, [3, 1, 4]),
            ("ssnu", snu_config("sigmoid", "tanh", "tanh", recurrent=True), [1, 3, 4])):
        yield Definition(f"stream-{name}", "stream",
                         "to be run in pieces of the lengths in config.pieces, the state handed "
                         "on; backward from the last piece to the first, the state's gradient "
                         "handed back, parameter gradients added up. The numbers are those of the "
                         "whole sequence.", flags_of(config, "pieces", "start state", "end state"),
                         {**config, "pieces": pieces}, drawn(config, (8, 2, 3, 3)))


def long_cases():
    """Long sequences: 200 steps in both precisions, 1000 steps in float64 alone."""
    for id, config, T, n in (
            ("snu-200", PLAIN, 200, 2),
            ("snu-rec-200", snu_config(g="relu", surrogate="triangle", recurrent=True), 200, 2),
            ("ssnu-200", snu_config("sigmoid", "relu", "tanh", recurrent=True), 200, 2),
            ("snu-1000", PLAIN, 1000, 1)):
        yield Definition(f"long-{id}", "long", f"{T} steps", flags_of(config, "long", "time"),
                         config, drawn(config, (T, 1, 2, n), cotangents=0.25),
                         float64_only="float32 errors grow with T; measured up to 9e-6 at T = 1000"
                         if T > FLOAT32_STEPS else "")


def default_cases():
    """The default SNU and sSNU in several sizes, for ports without other options."""
    for name, kind, flag, h in (("snu", "SNU", "surrogate", "step"),
                                ("ssnu", "sSNU", "sigmoid", "sigmoid")):
        for word, why, more, size, options in (
                ("small", "three steps of one unit", "small shapes", (3, 1, 1, 1), {}),
                ("rest", "from rest, loss on y alone", "zero start", (6, 3, 4, 2),
                 {"start": "rest", "end": ""}),
                ("decay", "decay from 0 to 1", "decay", (7, 2, 2, 4), {"decay": (0, 1)}),
                ("detached", "the gate a constant backward", "reset gradient", (7, 2, 2, 3), {}),
                ("20", "twenty steps", "time", (20, 2, 3, 3), {"cotangents": 0.5})):
            config = snu_config(h, "relu", "tanh",
                                reset_grad="detached" if word == "detached" else "through")
            yield Definition(f"default-{name}-{word}", "default", f"{kind}: {why}",
                             ("g", flag, more, "sums"), config, drawn(config, size, **options))
