"""The same seed gives the same bits: again in one process, after any other calls, and in another
process.

A few steps of training of every unit, in networks as the tasks have them; what is compared is a
digest of
all losses and parameters.
"""
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from snu_ref import (GRU, LSTM, RNN, SGD, SNU, Adam, ConvSNU, Dense, Dropout, Embedding, Flatten,
                     MaxPool2d, Network, TiedOutput, bernoulli_nll, clip_by_norm, mean_square_error,
                     rate_code, softmax_cross_entropy)
from snu_ref.pcm import UpdateRule
from snu_ref.pcm.in_loop import PCMStore


def digits(rng, dtype):
    layers = [
        SNU(64, 50, rng=rng, train_decay=True, dtype=dtype),
        SNU(50, 10, rng=rng, dtype=dtype),
    ]
    return (
        Network(layers),
        Adam(0.01),
        lambda: (
            rate_code(rng.random((15, 64)), 10, 6, rng=rng, dtype=dtype),
            np.eye(10, dtype=dtype)[rng.integers(0, 10, 15)],
            mean_square_error,
        ),
    )


def images(rng, dtype):
    unit = ConvSNU((8, 8, 1), 6, rng=rng, dtype=dtype)
    pool = MaxPool2d(unit.out_shape, 2, dtype=dtype)
    flat = Flatten(pool.out_shape, dtype=dtype)
    return (
        Network([unit, pool, flat, Dense(flat.out_shape[0], 10, rng=rng, dtype=dtype)]),
        SGD(0.1, 0.9),
        lambda: (
            rate_code(rng.random((7, 64)), 6, 5, rng=rng, dtype=dtype).reshape(6, 7, 8, 8, 1),
            np.eye(10, dtype=dtype)[rng.integers(0, 10, 7)],
            mean_square_error,
        ),
    )


def music(unit):
    def make(rng, dtype):
        layers = [
            unit(rng, dtype),
            Dropout(0.3, rng=rng, dtype=dtype),
            Dense(37, 88, rng=rng, dtype=dtype),
        ]

        def batch():
            rolls = (rng.random((13, 5, 88)) < 0.1).astype(dtype)
            return rolls[:-1], rolls[1:], bernoulli_nll
        return Network(layers), Adam(0.01), batch
    return make


def language(rng, dtype):
    embedding = Embedding(90, 30, rng=rng, dtype=dtype)
    layers = [embedding, LSTM(30, 30, rng=rng, dtype=dtype), TiedOutput(embedding)]

    def batch():
        words = rng.integers(0, 90, (9, 11))
        return words[:-1], words[1:], softmax_cross_entropy
    return Network(layers), SGD(1.0), batch


NETWORKS = {
    "digits": digits,
    "images": images,
    "language": language,
    "music ssnu": music(
        lambda rng, dtype: SNU(88, 37, rng=rng, h="sigmoid", recurrent=True, dtype=dtype)
    ),
    "music inhibited": music(
        lambda rng, dtype: SNU(88, 37, rng=rng, lateral_inhibition=True, dtype=dtype)
    ),
    "music rnn": music(lambda rng, dtype: RNN(88, 37, rng=rng, dtype=dtype)),
    "music gru": music(lambda rng, dtype: GRU(88, 37, rng=rng, reset_after=True, dtype=dtype)),
    "music on devices": music(lambda rng, dtype: SNU(88, 37, rng=rng, dtype=dtype)),
}


def trained(name, dtype=np.float32, seed=0, steps=4):
    """SHA-256 over the losses and the parameters after a few steps of training."""
    rng = np.random.default_rng(seed)
    network, optimiser, batch = NETWORKS[name](rng, dtype)
    store = None
    if name.endswith("devices"):
        store = PCMStore(network, ("0.W", "2.W"), noise=rng, rule=UpdateRule(refresh_every=2))
    sha = hashlib.sha256()
    for _ in range(steps):
        x, target, loss = batch()
        if store:
            store.read()
        y, cache = network.forward(x)
        value, dy = loss(y, target)
        _, grads, _ = network.backward(dy, cache, need_dx=False)
        optimiser.step(
            network.params, clip_by_norm({k: grads[k] for k in network.trainable}, 1.0)[0]
        )
        if store:
            store.write()
        sha.update(np.float64(value).tobytes())
    for p in network.params.values():
        sha.update(p.tobytes())
    return sha.hexdigest()


@pytest.fixture(scope="module")
def first():
    return {
        (name, dtype): trained(name, np.dtype(dtype).type)
        for name in NETWORKS
        for dtype in ("f4", "f8")
    }


def test_a_seed_gives_the_same_bits_after_any_other_calls(first):
    """In another order, and with memory fragmented by arrays of odd sizes, so that arrays have
    other addresses."""
    rng, kept = np.random.default_rng(1), []
    for name, dtype in reversed(first):
        kept += [np.ones(int(n), np.uint8) for n in rng.integers(1, 50000, 20)]
        np.random.seed(int(rng.integers(1000)))   # the global generator has no effect
        assert trained(name, np.dtype(dtype).type) == first[name, dtype], (name, dtype)
        del kept[::3]


def test_another_seed_gives_other_bits(first):
    for name in NETWORKS:
        assert trained(name, seed=1, steps=2) != trained(name, steps=2)
    assert len(set(first.values())) == len(first)


def test_another_process_gives_the_same_bits(first):
    code = (
        "import test_determinism as t, numpy as np\n"
        "for name in t.NETWORKS:\n"
        "    for dtype in ('f4', 'f8'):\n"
        "        print(name, dtype, t.trained(name, np.dtype(dtype).type), sep=',')\n"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "7",
                   "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env=environment,
        text=True,
        capture_output=True,
        timeout=600,
        check=True,
    )
    lines = [line.split(",") for line in done.stdout.splitlines()]
    assert {(name, dtype): sha for name, dtype, sha in lines} == first
