"""Training in the loop: runs whose weights are in a store, and the straight-through gradient."""
from types import SimpleNamespace

import numpy as np
import pytest

from snu_ref import Dense, Network, bernoulli_nll
from snu_ref.pcm import DeviceReadout, PCMArray
from snu_ref.tasks.loading import load_task
from snu_ref.tasks.presets import find_preset
from snu_ref.tasks.settings import settings_of
from snu_ref.tasks.training import make_store, train


def _music(**changes):
    loaded = load_task("music", "snu")
    loaded.task.data = {split: rolls[:6] for split, rolls in loaded.task.data.items()}
    return loaded.task, settings_of(
        find_preset("music", "snu", "pcm"), epochs=3, hidden=(10,), **changes
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


def test_a_run_with_injected_noise_is_judged_and_kept_without_it():
    task, settings = _music(store={"kind": "noisy", "sigma": 0.5})
    trained = train(task, settings, 0)
    for name in ("0.W", "1.W"):
        assert np.allclose(
            trained.network.params[name], trained.store.weights(name, training=False), rtol=1e-6
        )  # float32
    assert trained.history[-1]["nll"] == task.evaluate(trained.network, "valid", settings, 0)["nll"]


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
