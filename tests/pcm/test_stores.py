"""Stores of weights: on devices, on ideal devices, in few bits, with noise."""
import numpy as np
import pytest

from snu_ref import SNU, Dense, Network
from snu_ref.pcm import UpdateRule
from snu_ref.pcm.in_loop import NoisyStore, PCMStore, QuantisedStore, RoundedStore, round_to_bits

NAMES = ("0.W", "1.W")


def _network(dtype=np.float64):
    rng = np.random.default_rng(0)
    return Network([SNU(3, 4, rng=rng, dtype=dtype), Dense(4, 2, rng=rng, dtype=dtype)])


MAKERS = {
    "devices": lambda net: PCMStore(net, NAMES, noise=np.random.default_rng(1)),
    "ideal": lambda net: QuantisedStore(net, NAMES),
    "rounded": lambda net: RoundedStore(net, NAMES, bits=4),
    "noisy": lambda net: NoisyStore(net, NAMES, noise=np.random.default_rng(1)),
}
every_kind = pytest.mark.parametrize("kind", MAKERS)


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@every_kind
def test_a_store_touches_its_matrices_only(kind):
    network = _network()
    store = MAKERS[kind](network)
    before = {name: p.copy() for name, p in network.params.items()}
    arrays = dict(network.params)
    store.read()
    for name in before:  # ideal devices start at the given weights
        assert network.params[name] is arrays[name]  # the same array, changed in place
        kept = name not in NAMES or kind == "ideal"
        assert np.array_equal(network.params[name], before[name]) == kept


def test_the_counters_of_a_store_are_the_sum_over_its_matrices():
    both, one = (PCMStore(_network(), names, noise=np.random.default_rng(0), scale=8.0)
                 for names in (NAMES, NAMES[:1]))
    alone = one.arrays["0.W"].counters
    assert one.counters == alone
    assert both.counters == {name: count + both.arrays["1.W"].counters[name]
                             for name, count in both.arrays["0.W"].counters.items()}


@every_kind
def test_write_needs_a_read_before_it(kind):
    store = MAKERS[kind](_network())
    with pytest.raises(RuntimeError, match="expected a call of read"):
        store.write()
    store.read()
    store.write()
    with pytest.raises(RuntimeError):
        store.write()


@every_kind
def test_the_state_of_a_store_restores_it(kind):
    store, other = MAKERS[kind](_network()), MAKERS[kind](_network())
    rng = np.random.default_rng(1)
    for _ in range(4):
        store.read()
        for p in store.params.values():
            p += rng.normal(0, 0.2, p.shape)
        store.write()
    state = store.state()
    other.restore(state)
    assert same(state, other.state())
    kept = {key: part.tobytes() for key, part in state.items()}
    for part in state.values():   # the stores must have copies, not these arrays
        part[...] = 0
    for each in (store, other):
        assert {key: part.tobytes() for key, part in each.state().items()} == kept


def test_names_and_start_weights_are_checked():
    with pytest.raises(ValueError, match="names: expected some of the matrices"):
        QuantisedStore(_network(), ("7.W",))
    with pytest.raises(
        ValueError, match="names: expected some of the matrices 0.W, 1.W, got .'0.b'"
    ):
        QuantisedStore(_network(), ("0.b",))
    network = _network()
    network.params["0.W"][0, 0] = 100.0
    with pytest.raises(ValueError, match="W"):
        PCMStore(network, NAMES, noise=0.0)
    with pytest.raises(ValueError, match="0.W: expected numbers in .-2.5, 2.5., got 100"):
        QuantisedStore(network, NAMES)
    for name in NAMES:   # any limit is enough for weights of zero
        network.params[name][...] = 0
    QuantisedStore(network, NAMES, limit=1e-6)
    network.params["0.W"][0, 0] = 2.5  # 20 uS, the most that pulses reach, at 8 uS for weight 1
    QuantisedStore(network, NAMES)
    network.params["0.W"][0, 0] = 2.51
    with pytest.raises(ValueError, match="0.W: expected numbers in .-2.5, 2.5., got 2.51"):
        QuantisedStore(network, NAMES)


def test_the_updates_that_devices_get_are_conserved():
    """chi_0 + sum of the steps = epsilon sum n + chi_end: the net pulses account for all that was
    wanted."""
    store = PCMStore(_network(), NAMES, noise=np.random.default_rng(3), scale=8.0,
                     rule=UpdateRule(refresh_every=None))
    array, wanted, pulses = store.arrays["0.W"], 0.0, 0.0
    update = array.update

    def counted(dW, **noise):
        nonlocal wanted, pulses
        n = update(dW, **noise)
        wanted, pulses = wanted + 8.0 * dW, pulses + n
        return n

    array.update = counted
    rng = np.random.default_rng(4)
    for _ in range(30):
        store.read()
        for p in store.params.values():
            p += rng.normal(0, 0.05, p.shape)
        store.write()
    assert np.abs(pulses).sum() > 20
    assert np.allclose(wanted, 0.77 * pulses + array.chi, atol=1e-12)


def test_an_ideal_device_takes_whole_steps_and_keeps_the_rest():
    network = _network()
    store = QuantisedStore(network, NAMES, scale=8.0, epsilon=1.0, limit=12.0)
    start = store.weights("0.W").copy()
    for step in (0.05, 0.05, 0.05):  # 0.4 uS each: the third brings the sum above one step of 1 uS
        store.read()
        np.add(network.params["0.W"], step, out=network.params["0.W"])
        store.write()
    assert np.allclose(store.weights("0.W"), start + 1 / 8) and np.allclose(store.chi["0.W"], 0.2)
    finer = QuantisedStore(_network(), NAMES, scale=8.0, epsilon=0.25)
    finer.read()
    finer.params["0.W"][...] += 0.1  # 0.8 uS: three steps of 0.25 uS
    finer.write()
    assert np.allclose(finer.weights("0.W"), start + 0.75 / 8)
    assert np.allclose(finer.chi["0.W"], 0.05)
    store.read()
    np.add(network.params["0.W"], 10.0, out=network.params["0.W"])
    store.write()
    assert np.allclose(store.weights("0.W"), 12 / 8)  # the end of the range


@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_rounding_to_bits(bits):
    W = np.random.default_rng(0).normal(size=(50, 40))
    rounded = round_to_bits(W, bits)
    step = 2 * np.abs(W).max() / (2 ** bits - 2)
    assert len(np.unique(rounded)) <= 2**bits - 1 and np.abs(rounded).max() == pytest.approx(
        np.abs(W).max()
    )
    assert np.abs(rounded - W).max() <= step / 2 * (1 + 1e-12)
    assert (
        np.array_equal(round_to_bits(-W, bits), -rounded) and not round_to_bits(0 * W, bits).any()
    )
    assert np.allclose(round_to_bits(rounded, bits), rounded, atol=1e-15)
    assert np.array_equal(round_to_bits(W / 64, bits), rounded / 64)  # scales with W


def test_rounded_weights_learn_what_is_smaller_than_a_step():
    network = _network()
    store = RoundedStore(network, NAMES, bits=3)
    start = store.floats["0.W"].copy()
    for _ in range(5):
        store.read()
        np.add(network.params["0.W"], 1e-4, out=network.params["0.W"])
        store.write()
    assert np.allclose(store.floats["0.W"], start + 5e-4, rtol=0, atol=1e-15)


def test_noise_is_injected_in_training_only():
    network = _network()
    before = {name: p.copy() for name, p in network.params.items()}
    store = NoisyStore(network, NAMES, noise=np.random.default_rng(0), sigma=0.1, clip=None)
    store.read(training=False)
    assert all(np.array_equal(network.params[name], before[name]) for name in before)
    reads = []
    for _ in range(4000):
        store.read()
        reads.append(network.params["0.W"] - before["0.W"])
        store.write()                                     # nothing was added
    error = 0.1 * np.abs(before["0.W"]).max()
    assert np.std(reads) == pytest.approx(error, rel=0.02) and abs(np.mean(reads)) < 4 * error / 200
    store.read()
    network.params["0.W"][...] += 0.25                     # an update reaches the clean weights
    store.write()
    store.read(training=False)
    np.testing.assert_allclose(network.params["0.W"], before["0.W"] + 0.25, rtol=1e-12)


def test_noisy_weights_are_clipped_to_so_many_deviations():
    network = _network()
    network.params["0.W"][0, 0] = 50.0
    store = NoisyStore(network, NAMES, noise=0.0, clip=1.5)
    deviation = network.params["0.W"].std()
    store.read()
    store.write()
    store.read(training=False)
    assert network.params["0.W"].max() == pytest.approx(1.5 * deviation)
    network.params["0.W"][...] = np.outer([3, -3, 1], [1, -1, 2, -2])
    store = NoisyStore(network, NAMES, noise=0.0, clip=0.5)
    store.read()
    store.write()
    store.read(training=False)
    half = 0.5 * np.sqrt(19 * 10 / 12)
    assert np.allclose(network.params["0.W"], np.outer([1, -1, 1], [1, -1, 1, -1]) * np.minimum(
        half, np.outer([3, 3, 1], [1, 1, 2, 2])))


def test_noise_is_added_in_units_of_the_largest_weight():
    network = _network()
    before = network.params["0.W"].copy()
    NoisyStore(network, NAMES, noise=1.0, sigma=0.1).read()
    assert np.allclose(network.params["0.W"], before + 0.1 * np.abs(before).max())


def _programmed(**options):
    store = PCMStore(_network(), NAMES, noise=np.random.default_rng(0), scale=8.0, **options)
    return store, store.arrays["0.W"]


def test_an_ideal_write_leaves_exact_conductances_and_steps():
    store, array = _programmed(ideal=("write",))
    target = np.abs(_network().params["0.W"]) * 8
    np.testing.assert_allclose(array.devices.G0.max(axis=(0, 1)), target, rtol=1e-12)
    twice = []
    for seed in (0, 1):                                   # blind pulses do not depend on the seed
        store = PCMStore(_network(), NAMES, noise=np.random.default_rng(seed), ideal=("write",))
        store.read()
        store.params["0.W"][...] += 0.5
        store.write()
        twice.append(store.arrays["0.W"].devices.G0.copy())
    assert np.array_equal(*twice) and twice[0].max() > 0


@pytest.mark.parametrize(
    "ideal, same", [((), False), (("read",), True), (("write", "drift"), False)]
)
def test_an_ideal_read_gives_the_same_weights_twice(ideal, same):
    store, _ = _programmed(ideal=ideal)
    assert np.array_equal(store.weights("0.W"), store.weights("0.W")) == same


def test_without_drift_a_year_changes_nothing():
    for ideal, same in ((("drift",), True), ((), False)):
        store, array = _programmed(ideal=ideal)
        assert np.array_equal(array.conductance(0.0), array.conductance(3e7)) == same
        store, array = _programmed(ideal=ideal)
        store.read()
        store.params["0.W"][...] += 0.3
        store.write()
        assert np.array_equal(array.conductance(array.now), array.conductance(3e7)) == same


def test_without_converters_a_quiet_read_is_the_difference_of_the_conductances():
    for ideal, same in ((("read", "converters"), True), (("read",), False)):
        store, array = _programmed(ideal=ideal)
        G = array.conductance(array.now)
        assert (
            np.allclose(store.weights("0.W"), (G[0] - G[1]).sum(axis=0) / 8, rtol=1e-12, atol=0)
            == same
        )
    with pytest.raises(
        ValueError, match="ideal: expected one of 'write', 'read', 'drift', 'converters'"
    ):
        _programmed(ideal=("noise",))


@every_kind
def test_an_update_that_one_matrix_refuses_changes_none(kind):
    store = MAKERS[kind](_network())
    store.read()
    store.params["0.W"] += 0.2
    store.params["1.W"][0, 0] = np.inf if kind in ("rounded", "noisy") else 1e4
    before = store.state()
    with pytest.raises(ValueError,
                       match="^1.W: expected finite|^dW: expected at most 1000 pulses"):
        store.write()
    assert same(before, store.state())


@every_kind
def test_a_state_that_does_not_fit_changes_nothing(kind):
    store = MAKERS[kind](_network())
    before = store.state()
    store.read()
    store.params["0.W"] += 0.3
    store.write()
    after = store.state()
    last = next(name for name in after if name.startswith("1.W") and after[name].ndim == 2)
    for change in ({last: before[last][:1]}, {last: before[last] * np.nan},
                   {"2.W/chi": np.ones(1)}, {last: before[last].tolist()}, {last: None}):
        with pytest.raises((ValueError, TypeError), match="state"):
            store.restore({**before, **change})
        assert same(after, store.state())
    without = {name: a for name, a in before.items() if name != last}
    with pytest.raises(ValueError, match=f"^state: expected an entry '{last}', got none"):
        store.restore(without)
    store.restore(before)
    assert same(before, store.state())


def test_bits_and_scales_of_stores_are_checked_and_taken_over():
    W = np.random.default_rng(0).normal(size=(4, 4))
    assert np.array_equal(round_to_bits(W, np.int8(8)), round_to_bits(W, 8))
    net = Network([Dense(3, 2, rng=np.random.default_rng(0))])
    assert type(RoundedStore(net, ("0.W",), bits=np.int8(8)).bits) is int
    for name in ("scale", "epsilon", "limit"):
        for wrong in (0, -1, np.nan, "8"):
            with pytest.raises((ValueError, TypeError), match=f"^{name}: expected"):
                QuantisedStore(net, ("0.W",), **{name: wrong})
    for name, wrong in (("sigma", -1), ("sigma", np.nan), ("clip", 0), ("noise", None)):
        with pytest.raises((ValueError, TypeError), match=f"^{name}: expected"):
            NoisyStore(net, ("0.W",), **{"noise": 0.0, name: wrong})
    for wrong in (0, 1, 53, 4.0, True):
        with pytest.raises((ValueError, TypeError), match="^bits: expected an int in"):
            RoundedStore(net, ("0.W",), bits=wrong)


def test_blind_pulses_that_could_not_be_counted_are_refused():
    with pytest.raises(ValueError, match="^epsilon: expected at least refresh_below / 1000"):
        UpdateRule(epsilon=1e-90, refresh="blind")
