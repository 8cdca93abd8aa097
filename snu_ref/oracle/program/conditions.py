"""Where a change of the SNU makes sense: in which configurations, and for which shapes of a case.

A Variant (`equations`) asks two questions before it is tried: when(config), as `option` makes them,
and fits(inputs).
"""


def option(**wanted):
    """A `when`: whether a configuration has all these values; a tuple: any of its members."""
    def when(config):
        """Whether a configuration has these values."""
        return all(config[name] in value if isinstance(value, tuple) else config[name] == value
                   for name, value in wanted.items())
    return when


STEP, SIGMOID = option(h="step"), option(h="sigmoid")
LEAKY = option(g="leaky_relu")
RECURRENT = option(recurrent=True)
INHIBITED, OWN_GATE = option(lateral_inhibition=True), option(lateral_inhibition=False)
THROUGH, DETACHED = option(reset_grad="through"), option(reset_grad="detached")
INHIBITED_THROUGH = option(reset_grad="through", lateral_inhibition=True)


def square(inputs):
    """As many inputs as units: W and x can be mistaken for other things."""
    return inputs["params.W"].shape[0] == inputs["params.W"].shape[1]


def several_units(inputs):
    """More than one unit."""
    return inputs["params.b"].size > 1


def several_samples(inputs):
    """More than one sample."""
    return inputs["x"].shape[1] > 1


def several_steps(inputs):
    """More than one step."""
    return len(inputs["x"]) > 1
