"""Training with weights in a store: devices, ideal devices, few bits."""
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref import SNU, Dense, Network, bernoulli_nll
from snu_ref.pcm import PCMArray, DeviceReadout, UpdateRule
from snu_ref.pcm.in_loop import NoisyStore, PCMStore, QuantisedStore, RoundedStore, round_to_bits
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.settings import settings_of
from snu_ref.tasks.training import make_store, train

NAMES = ("0.W", "1.W")


def _network(dtype=np.float64):
    rng = np.random.default_rng(0)
    return Network([SNU(3, 4, rng=rng, dtype=dtype), Dense(4, 2, rng=rng, dtype=dtype)])


def _stores():
    yield PCMStore(_network(), NAMES, noise=np.random.default_rng(0), scale=8.0)
    yield QuantisedStore(_network(), NAMES, scale=8.0)
    yield RoundedStore(_network(), NAMES, bits=5)


@pytest.mark.parametrize("which", range(3))
def test_a_store_touches_its_matrices_only(which):
    store = list(_stores())[which]
    network = _network()
    store = type(store)(
        network, NAMES, **({"noise": 0.0} if which == 0 else {"bits": 4} if which == 2 else {})
    )
    before = {name: p.copy() for name, p in network.params.items()}
    arrays = dict(network.params)
    store.read()
    assert all(
        network.params[name] is arrays[name] for name in arrays
    )  # the same arrays, changed in place
    for name in before:  # what ideal devices give at first is what they were given
        same = name not in NAMES or which == 1
        assert np.array_equal(network.params[name], before[name]) == same


def test_the_counters_of_a_store_are_the_sum_over_its_matrices():
    both, one = (PCMStore(_network(), names, noise=np.random.default_rng(0), scale=8.0)
                 for names in (NAMES, NAMES[:1]))
    alone = one.arrays["0.W"].counters
    assert one.counters == alone
    assert both.counters == {name: count + both.arrays["1.W"].counters[name]
                             for name, count in both.arrays["0.W"].counters.items()}


@pytest.mark.parametrize("which", range(3))
def test_write_needs_a_read_before_it(which):
    store = list(_stores())[which]
    with pytest.raises(RuntimeError, match="expected a read before it"):
        store.write()
    store.read()
    store.write()
    with pytest.raises(RuntimeError):
        store.write()


@pytest.mark.parametrize("which", range(3))
def test_the_state_of_a_store_restores_it(which):
    store, other = list(_stores())[which], list(_stores())[which]
    rng = np.random.default_rng(1)
    for _ in range(4):
        store.read()
        for p in store.params.values():
            p += rng.normal(0, 0.2, p.shape)
        store.write()
    other.restore(store.state())
    a, b = store.state(), other.state()
    assert a.keys() == b.keys() and all(np.array_equal(a[key], b[key]) for key in a)
    kept = {key: part.tobytes() for key, part in b.items()}
    for part in a.values():   # the other store goes by its own copies
        part[...] = 0
    assert {key: part.tobytes() for key, part in other.state().items()} == kept


def test_names_and_start_weights_are_checked():
    with pytest.raises(ValueError, match="names: expected names of matrices"):
        QuantisedStore(_network(), ("7.W",))
    with pytest.raises(
        ValueError, match="names: expected names of matrices, of 0.W, 1.W, got .'0.b'"
    ):
        QuantisedStore(_network(), ("0.b",))
    network = _network()
    network.params["0.W"][0, 0] = 100.0
    with pytest.raises(ValueError, match="W"):
        PCMStore(network, NAMES, noise=0.0)
    with pytest.raises(ValueError, match="0.W: expected numbers in .-2.5, 2.5., got 100"):
        QuantisedStore(network, NAMES)
    for name in NAMES:   # a limit below any weight holds weights of zero alone
        network.params[name][...] = 0
    QuantisedStore(network, NAMES, limit=1e-6)
    for value, fits in (
        (2.5, True),
        (2.51, False),
    ):  # 20 uS, where pulses end, at 8 uS per unit weight
        network.params["0.W"][0, 0] = value
        if fits:
            QuantisedStore(network, NAMES)
        else:
            with pytest.raises(ValueError, match="0.W: expected numbers in .-2.5, 2.5., got 2.51"):
                QuantisedStore(network, NAMES)
    for bits in (1, 0, 53, 2000):
        with pytest.raises(ValueError, match="bits"):
            RoundedStore(_network(), NAMES, bits=bits).read()


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
    for step in (0.05, 0.05, 0.05):  # 0.4 uS each: the third passes one step of 1 uS
        store.read()
        np.add(network.params["0.W"], step, out=network.params["0.W"])
        store.write()
    assert np.allclose(store.weights("0.W"), start + 1 / 8) and np.allclose(store.chi["0.W"], 0.2)
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


def test_rounded_weights_learn_what_is_smaller_than_a_step():
    network = _network()
    store = RoundedStore(network, NAMES, bits=3)
    start = store.floats["0.W"].copy()
    for _ in range(5):
        store.read()
        np.add(network.params["0.W"], 1e-4, out=network.params["0.W"])
        store.write()
    assert np.allclose(store.floats["0.W"], start + 5e-4, rtol=0, atol=1e-15)


def test_the_straight_through_gradient_is_that_of_the_conductances_as_read():
    """dL/dG+ = dL/dW (1 + 0.03 N)/scale and dL/dG- its negative, by central differences, the noise
    frozen.

    Converters are off: with them the read-out is a staircase, which the rule steps over.
    """
    rng = np.random.default_rng(5)
    network = Network([Dense(3, 2, rng=rng)])
    array = PCMArray(3, 2, noise=rng, scale=8.0, readout=DeviceReadout(bits=None))
    array.program(network.params["0.W"].copy(), 0.0)
    array.devices.G0[...] += 1.0  # away from the clip at 0
    N = rng.normal(size=array.device_shape)
    x, target = rng.normal(size=(4, 5, 3)), (rng.random((4, 5, 2)) < 0.5) * 1.0

    def loss():
        network.params["0.W"][...] = array.read_weights(array.now, noise=N)
        y, cache = network.forward(x)
        value, dy = bernoulli_nll(y, target)
        return value, network.backward(dy, cache)[1]["0.W"]

    _, dW = loss()
    for sign, i in ((1, 0), (-1, 1)):
        for j in np.ndindex(3, 2):
            place = (i, 0, *j)
            values = []
            for h in (1e-5, -2e-5):
                array.devices.G0[place] += h
                values.append(loss()[0])
            array.devices.G0[place] += 1e-5
            numerical = (values[0] - values[1]) / 2e-5
            assert numerical == pytest.approx(
                sign * dW[j] * (1 + 0.03 * N[place]) / 8.0, rel=1e-5, abs=1e-9
            )


def test_unknown_kinds_and_options_are_named():
    for store, message in (
        (
            {"kind": "tape"},
            "kind: expected one of 'pcm', 'quantised', 'rounded', 'noisy', got 'tape'",
        ),
        ({"kind": "rounded", "bit": 4}, "bit"),
        ({"kind": "pcm", "colour": 1}, "colour"),
    ):
        task, settings = _music(store=store)
        with pytest.raises((ValueError, TypeError), match=message):
            train(task, settings, 0)


def _music(**changes):
    loaded = load_task("music", "snu")
    loaded.task.data = {split: rolls[:6] for split, rolls in loaded.task.data.items()}
    return loaded.task, settings_of(
        find_preset("music", "snu", "pcm"), epochs=3, hidden=(10,), **changes
    )


def test_the_network_of_the_experiment_has_52800_devices():
    task, settings = load_task("music", "snu").task, settings_of(find_preset("music", "snu", "pcm"))
    rng = np.random.default_rng(0)
    store = make_store(task.network(settings, rng), settings, rng)
    assert store.n_devices == 52_800 == 2 * (88 * 150 + 150 * 88)


@pytest.mark.parametrize("store", [{"kind": "pcm", "scale": 16.0, "refresh_every": 2},
                                   {"kind": "quantised"}, {"kind": "rounded", "bits": 4},
                                   {"kind": "noisy", "sigma": 0.1}])
def test_a_resumed_run_with_a_store_ends_bit_identical(tmp_path, store):
    task, settings = _music(store=store)
    path = tmp_path / "checkpoint.npz"
    whole = train(task, settings, 3)
    evaluate, calls = task.evaluate, []

    def stop(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(*args)

    task.evaluate = stop
    with pytest.raises(KeyboardInterrupt):
        train(task, settings, 3, checkpoint=path)
    task.evaluate = evaluate
    resumed = train(task, settings, 3, checkpoint=path, resume=True)
    for name, p in whole.network.params.items():
        assert np.array_equal(p, resumed.network.params[name])
    a, b = whole.store.state(), resumed.store.state()
    assert all(np.array_equal(a[key], b[key]) for key in a)
    assert getattr(whole.store, "counters", 0) == getattr(resumed.store, "counters", 0)


def test_training_in_the_loop_learns():
    task, settings = _music()
    trained = train(task, SimpleNamespace(**{**vars(settings), "epochs": 100}), 0)
    assert trained.history[-1]["loss"] < 0.5 * trained.history[0]["loss"]
    assert trained.store.counters["set_pulses"] > 0 and trained.best_epoch == 100


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


# ---- nothing wrong in silence -------------------------------------------------------------------

def stores():
    def network():
        rng = np.random.default_rng(0)
        return Network([Dense(3, 2, rng=rng), Dense(2, 2, rng=rng)])
    for make in (lambda net: PCMStore(net, ("0.W", "1.W"), noise=np.random.default_rng(1)),
                 lambda net: QuantisedStore(net, ("0.W", "1.W")),
                 lambda net: RoundedStore(net, ("0.W", "1.W"), bits=4),
                 lambda net: NoisyStore(net, ("0.W", "1.W"), noise=np.random.default_rng(1))):
        net = network()
        yield make(net), net


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_an_update_that_one_matrix_refuses_changes_none():
    for store, net in stores():
        store.read()
        net.params["0.W"] += 0.2
        net.params["1.W"][0, 0] = np.inf if isinstance(store, (RoundedStore, NoisyStore)) else 1e4
        before = store.state()
        with pytest.raises(
            ValueError, match="^1.W: expected finite|^dW: expected at most 1000 pulses"
        ):
            store.write()
        assert same(before, store.state())


def test_a_state_that_does_not_fit_changes_nothing():
    for store, net in stores():
        before = store.state()
        store.read()
        net.params["0.W"] += 0.3
        store.write()
        after = store.state()
        last = next(name for name in after if name.startswith("1.W") and after[name].ndim == 2)
        for change in (
            {last: before[last][:1]},
            {last: before[last] * np.nan},
            {"2.W/chi": np.ones(1)},
            {last: before[last].tolist()},
            {last: None},
        ):
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
    for wrong in (1, 53, 4.0, True):
        with pytest.raises((ValueError, TypeError), match="^bits: expected an int in"):
            RoundedStore(net, ("0.W",), bits=wrong)


def test_blind_pulses_that_could_not_be_counted_are_refused():
    with pytest.raises(ValueError, match="^epsilon: expected at least refresh_below / 1000"):
        UpdateRule(epsilon=1e-90, refresh="blind")


def test_a_run_with_injected_noise_is_judged_and_kept_without_it():
    task, settings = _music(store={"kind": "noisy", "sigma": 0.5})
    trained = train(task, settings, 0)
    for name in ("0.W", "1.W"):
        assert np.allclose(
            trained.network.params[name], trained.store.at_rest(name), rtol=1e-6
        )  # float32
    assert trained.history[-1]["nll"] == task.evaluate(trained.network, "valid", settings, 0)["nll"]
