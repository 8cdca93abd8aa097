"""The blind ports: wrong ones are wrong, by each of their mistakes, and the check names these.

Every tenth of them, on the small cases; `run_blind_ports.py` judges all, and with --wrong it says
whether all are what they say.
"""
import blind_fifth
import blind_fourth
import blind_second
import blind_third
import pytest
from blind_ports import PORTS
from run_blind_ports import as_it_should_be, cases, check, judge

SMALL = ("hand", "edge", "rest", "batch", "stream", "default")


@pytest.fixture(scope="module")
def small_cases():
    """The unit's cases of the small families."""
    return list(cases(wanted=lambda entry: entry["family"] in SMALL))


@pytest.mark.parametrize("name", list(vars(PORTS))[::10])
def test_a_blind_port_is_what_it_says(name, small_cases):
    """A wrong port fails, and each of its mistakes changes numbers; a right port passes."""
    assert as_it_should_be(getattr(PORTS, name), small_cases)


@pytest.mark.parametrize("name", list(vars(PORTS))[::10])
def test_the_check_names_the_mistakes_of_a_blind_port(name):
    """All mistakes are named, and nothing else is; a right port passes."""
    port = getattr(PORTS, name)
    verdict = check(port, cases="edge,stream,unit-tanh-*,unit-*-relu")
    outcome, doubts = judge(port, verdict)
    assert set(outcome.values()) <= {"named"} and not doubts, (outcome, doubts)
    assert verdict["passed"] == (port.kind == "right")


@pytest.mark.parametrize("name", ["linear_leak", "half_at_threshold"])
def test_the_check_names_what_the_second_set_has_taught(name):
    """Mistakes of the second set that had no row when it was counted."""
    port = getattr(blind_second.PORTS, name)
    outcome, doubts = judge(port, check(port, cases="rest,edge"))
    assert set(outcome.values()) == {"named"} and not doubts, (outcome, doubts)


@pytest.mark.parametrize("name", ["four_backward", "scan_with_carry", "two_in_decay_line"])
def test_the_check_names_mistakes_that_hide_each_other(name):
    """Two in one line, two at one step back in time, two at the ends: neither helps alone."""
    port = getattr(blind_third.PORTS, name)
    outcome, doubts = judge(port, check(port, cases="unit-tanh-*"))
    assert set(outcome.values()) == {"named"} and not doubts, (outcome, doubts)


@pytest.mark.parametrize("name", [name for name in vars(PORTS) if name.startswith("right_")])
def test_right_ports_pass_in_float32(name):
    """Other formulas and other orders of sums are not reported as mistakes, in float32 either."""
    small = list(cases("float32", lambda entry: entry["family"] in SMALL[:2]))
    assert as_it_should_be(getattr(PORTS, name), small)


@pytest.mark.parametrize("ports, name", [
    (ports, name) for ports in (blind_second.PORTS, blind_fourth.PORTS, blind_fifth.PORTS)
    for name in list(vars(ports))[::15]])
def test_a_port_of_a_later_set_is_what_it_says(ports, name, small_cases):
    """The same of three later sets; each edit finds its line of the unit."""
    for port in vars(ports).values():
        port.source()
    assert as_it_should_be(getattr(ports, name), small_cases)
