"""Test that a call accepts all numbers in an interval, and no others."""
import math

import pytest


def next_to(bound, towards):
    """The number beside `bound`: one away for an int, else the next float."""
    if isinstance(bound, int):
        return bound + (1 if towards > bound else -1)
    return math.nextafter(bound, towards)


def takes(call, interval, low, high, name):
    """The interval's name is "[]", "[)", "(]" or "()"; an end of None is not looked at.

    An end that is closed is taken, and the number beyond it refused by the name of the argument;
    an end that is open is refused, and the number before it taken. Ints stand for ints.
    """
    for end, closed, beyond in ((low, interval[0] == "[", -math.inf),
                                (high, interval[1] == "]", math.inf)):
        if end is None:
            continue
        inside = end if closed else next_to(end, -beyond)
        call(inside)
        outside = next_to(end, beyond) if closed else end
        if outside == inside:  # nothing is beyond infinity
            continue
        with pytest.raises(ValueError, match=f"^{name}: expected "):
            call(outside)
