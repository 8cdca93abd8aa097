"""Bad input to phase-change devices is named and changes nothing; their state comes back."""

import numpy as np
import pytest

from snu_ref.pcm import PCMDevices, ProgramNoise, TimeRunsBackwards, draw_stuck


def fresh(n, **options):
    return PCMDevices((n,), t=0.0, noise=0.0, **options)



def same_state(a, b):
    return all(np.array_equal(a[name], b[name]) for name in a)


NAN = np.array([1.0, np.nan, 1.0])
BAD = [
    ("time", TimeRunsBackwards, lambda d: d.program(np.full(3, 5.0), 9.9, noise=0.0)),
    ("time", TimeRunsBackwards, lambda d: d.set_pulse(9.9, noise=0.0)),
    ("time", TimeRunsBackwards, lambda d: d.reset(9.9, noise=0.0)),
    ("time", TimeRunsBackwards, lambda d: d.conductance(9.9)),
    ("time", TimeRunsBackwards, lambda d: d.read_white(9.9, noise=0.0)),
    ("time", TimeRunsBackwards, lambda d: d.read_1f(9.9, noise=0.0)),
    ("time", TimeRunsBackwards, lambda d: d.wait(9.9)),
    ("t", ValueError, lambda d: d.conductance(float("nan"))),
    ("t", ValueError, lambda d: d.conductance(float("inf"))),
    ("t", TypeError, lambda d: d.conductance("20")),
    ("t", TypeError, lambda d: d.conductance(None)),
    ("G_T", ValueError, lambda d: d.program(np.array([1.0, 25.1, 1.0]), 20.0, noise=0.0)),
    ("G_T", ValueError, lambda d: d.program(np.array([1.0, -0.1, 1.0]), 20.0, noise=0.0)),
    ("G_T", ValueError, lambda d: d.program(NAN, 20.0, noise=0.0)),
    ("G_T", ValueError, lambda d: d.program(np.ones(1), 20.0, noise=0.0)),
    ("G_T", ValueError, lambda d: d.program(np.ones((1, 3)), 20.0, noise=0.0)),
    ("G_T", TypeError, lambda d: d.program(np.array([1, 2, 3]), 20.0, noise=0.0)),
    ("G_T", TypeError, lambda d: d.program(5.0, 20.0, noise=0.0)),
    ("pulses", ValueError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=0)),
    ("pulses", ValueError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=-2)),
    ("pulses", ValueError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=np.array([1, 0, 2]))),
    ("pulses", ValueError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=np.array([1, -1, 2]))),
    ("pulses", ValueError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=np.array([1, 2]))),
    ("pulses", TypeError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=np.ones(3))),
    ("pulses", TypeError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=1.0)),
    ("pulses", TypeError, lambda d: d.set_pulse(20.0, noise=0.0, pulses=True)),
    ("where", ValueError, lambda d: d.reset(20.0, noise=0.0, where=np.array([True]))),
    ("where", TypeError, lambda d: d.reset(20.0, noise=0.0, where=np.array([1, 0, 1]))),
    ("noise", ValueError, lambda d: d.reset(20.0, noise=np.zeros(2))),
    ("noise", ValueError, lambda d: d.reset(20.0, noise=NAN)),
    ("noise", TypeError, lambda d: d.reset(20.0, noise=None)),
    ("noise", TypeError, lambda d: d.reset(20.0, noise=[0.0, 0.0, 0.0])),
    ("noise", TypeError, lambda d: d.reset(20.0, noise=np.zeros(3, dtype=int))),
    ("noise", ValueError, lambda d: d.reset(20.0, noise=float("nan"))),
    ("noise", TypeError, lambda d: d.program(np.full(3, 5.0), 20.0, noise=np.zeros(3))),
    ("noise.drift", ValueError,
     lambda d: d.program(np.full(3, 5.0), 20.0, noise=ProgramNoise(np.zeros(3), np.zeros(4)))),
    ("noise", ValueError, lambda d: d.set_pulse(20.0, noise=np.zeros(3))),
    ("noise", ValueError, lambda d: d.set_pulse(20.0, noise=np.zeros((1, 3)), pulses=2)),
    ("noise", ValueError, lambda d: d.set_pulse(20.0, noise=np.zeros((1, 4)))),
    ("noise", ValueError, lambda d: d.read_white(20.0, noise=np.zeros((3, 1)))),
    ("noise", ValueError, lambda d: d.read_1f(20.0, noise=np.zeros((3, 1)))),
]


@pytest.mark.parametrize("name, error, call", BAD)
def test_bad_input_is_named_and_changes_nothing(name, error, call):
    d = fresh(3)
    d.set_pulse(10.0, noise=0.2, pulses=2)
    before = d.state()
    with pytest.raises(error, match=r"\bt\b" if name in ("t", "time") else name):
        call(d)
    assert same_state(before, d.state())


@pytest.mark.parametrize("stuck, error", [(np.array([0, 1]), ValueError),
                                          (np.array([0, 1, 2]), ValueError),
                                          (np.array([0.0, 1.0, 0.0]), TypeError)])
def test_bad_stuck_array(stuck, error):
    with pytest.raises(error, match="stuck"):
        fresh(3, stuck=stuck)


def test_bad_stuck_probabilities():
    rng = np.random.default_rng(0)
    for p_set, p_reset, name in (
        (-0.01, 0.0, "p_set"),
        (1.02, 0.0, "p_set"),
        (0.6, 0.41, "p_reset"),
        (0.6, -0.01, "p_reset"),
    ):
        with pytest.raises(ValueError, match=name):
            draw_stuck((3,), p_set, p_reset, rng=rng)
    with pytest.raises(TypeError, match="rng"):
        draw_stuck((3,), 0.1, 0.1, rng=0)


def test_inputs_are_never_changed():
    G, N, counts = np.full(3, 5.0), np.full((2, 3), 0.5), np.array([2, 1, 1])
    d = fresh(3)
    d.program(G, 0.0, noise=ProgramNoise(N[0], N[1]))
    d.set_pulse(0.0, noise=N, pulses=counts)
    d.read_1f(0.0, noise=N[0])
    np.testing.assert_array_equal(G, 5.0)
    np.testing.assert_array_equal(N, 0.5)
    np.testing.assert_array_equal(counts, [2, 1, 1])


def test_state_comes_back_and_a_bad_one_changes_nothing():
    rng = np.random.default_rng(4)
    d = fresh(3, stuck=np.array([0, 0, 1]))
    d.set_pulse(10.0, noise=rng, pulses=2)
    kept = d.state()
    d.reset(50.0, noise=rng)
    assert not same_state(kept, d.state())
    later = d.state()
    for bad in (kept | {"G0": np.zeros(4)}, kept | {"nu": np.array([0.0, np.nan, 0.0])},
                kept | {"P": np.array([-1.0, 0.0, 0.0])}, kept | {"t0": np.zeros(3)},
                kept | {"more": np.zeros(3)}, {k: v for k, v in kept.items() if k != "P"},
                kept | {"t_write": np.full(3, 11.0)}, kept | {"stuck": np.array([0, 0, 7])}):
        with pytest.raises(ValueError, match="stat|stuck"):
            d.restore(bad)
        assert same_state(later, d.state())
    d.restore(kept)
    assert same_state(kept, d.state()) and d.now == 10.0
