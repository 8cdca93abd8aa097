"""A chain of layers that is itself a layer: the output of one is the input of the next.

    y = forward_K( ... forward_1(x) ),        dx = backward_1( ... backward_K(dy) )

Each layer runs all its time steps before the next layer starts: recurrence stays inside a layer.
State, cache and state gradient are tuples with one entry per layer.

Parameters are named "0.W", "1.b" ...: the layer's index, then the name in the layer. An array that
several layers share (tied weights) is one parameter. It appears once, under its first name; its
gradient is the sum over all its uses.

The message of an error in a layer begins with its index: "layers[1]: dy: expected shape ...".
"""
from contextlib import contextmanager
from typing import NamedTuple

from . import validation
from .layer import Layer, Params, Value


class NetworkCache(NamedTuple):
    """The caches of the layers, in order."""
    layers: tuple

    def __repr__(self):
        return _numbered("NetworkCache", self.layers)

    @property
    def state(self):
        """The states of the layers after the last step."""
        return tuple(cache.state for cache in self.layers)


def flat(whole, place=""):
    """[(index, part)] of a Network or its cache; "1.0" is the first part of an inner Network."""
    if not hasattr(whole, "layers"):
        return [(place[1:], whole)]
    return [pair for i, part in enumerate(whole.layers) for pair in flat(part, f"{place}.{i}")]


class Network(Value):
    """A chain of layers with the interface of a layer.

    layers : list of layers of one dtype; the outputs of each must fit the inputs of the next.
    Networks may be nested. Raises TypeError or ValueError that names the layer that does not fit.

    >>> import numpy as np
    >>> from snu_ref import SNU, Dense
    >>> rng = np.random.default_rng(0)
    >>> network = Network([SNU(64, 100, rng=rng), Dense(100, 10, rng=rng)])
    >>> network.trainable, network.n_trainable
    (('0.W', '0.b', '1.W', '1.b'), 7510)
    >>> y, cache = network.forward(np.ones((5, 2, 64)))
    >>> dx, grads, dstate = network.backward(np.ones((5, 2, 10)), cache)
    >>> y.shape, dx.shape, grads["0.decay"].shape
    ((5, 2, 10), (5, 2, 64), (100,))
    """

    def __init__(self, layers):
        if not isinstance(layers, (list, tuple)):
            raise TypeError(f"layers: expected a list of layers, got {type(layers).__name__}")
        self.layers = tuple(layers)
        if not self.layers:
            raise ValueError("layers: expected at least one layer, got none")
        before, last = None, None
        for i, layer in enumerate(self.layers):
            validation.instance(f"layers[{i}]", layer, Layer, Network)
            if layer.dtype != self.layers[0].dtype:
                raise TypeError(f"layers[{i}]: expected dtype {self.layers[0].dtype} as in "
                                f"layers[0], got {layer.dtype}")
            if None not in (before, layer.in_shape) and before != layer.in_shape:
                raise ValueError(f"layers[{i}]: expected inputs of shape {before}, the outputs of "
                                 f"layers[{last}], got a layer for {layer.in_shape}")
            if layer.out_shape is not None:  # a Dropout has no fixed shape
                before, last = layer.out_shape, i
        self.dtype, self.out_shape = self.layers[0].dtype, before
        self.in_shape = next((layer.in_shape for layer in self.layers
                              if layer.in_shape is not None), None)  # () for word numbers

    def __repr__(self):
        return _numbered(f"Network, {self.n_trainable:,} trainable parameters", self.layers)

    def first_names(self):
        """(layer index, name) -> the name of its array in `params`; tied arrays share one."""
        first, names = {}, {}
        for i, layer in enumerate(self.layers):
            for name, p in layer.params.items():
                names[i, name] = first.setdefault(id(p), f"{i}.{name}")
        return names

    @property
    def params(self):
        """Name -> array, each array once; change the arrays in place."""
        return Params({first: self.layers[i].params[name]
                       for (i, name), first in self.first_names().items()})

    @property
    def trainable(self):
        """The names that an optimiser updates, in the order of `params`."""
        names = self.first_names()
        return tuple(dict.fromkeys(names[i, name] for i, layer in enumerate(self.layers)
                                   for name in layer.trainable))

    def zero_state(self, B):
        """The zero states of all layers."""
        return tuple(layer.zero_state(B) for layer in self.layers)

    def forward(self, x, state=None):
        """x (T, B, n_in) -> the last layer's y and the cache; state: one per layer, or None."""
        states = self._one_each("state", state)
        caches = []
        for i, (layer, s) in enumerate(zip(self.layers, states)):
            with _errors_named(i):
                x, cache = layer.forward(x, s)
            caches.append(cache)
        return x, NetworkCache(tuple(caches))

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """Backward pass: dy -> dx (or None), grads (named as params), dstate (one per layer)."""
        validation.instance("cache", cache, NetworkCache)
        if len(cache.layers) != len(self.layers):
            raise ValueError(f"cache: expected the cache of {len(self.layers)} layers, "
                             f"got {len(cache.layers)}")
        dstates = list(self._one_each("dstate", dstate))
        names = self.first_names()
        grads = dict.fromkeys(self.params)
        for i in reversed(range(len(self.layers))):
            with _errors_named(i):
                dy, layer_grads, dstates[i] = self.layers[i].backward(
                    dy, cache.layers[i], dstates[i], need_dx=need_dx or i > 0)
            for name, grad in layer_grads.items():
                seen = grads[names[i, name]]
                grads[names[i, name]] = grad if seen is None else seen + grad
        return dy, grads, tuple(dstates)

    def save(self, path):
        """Write the layers, their parameters and the generators of dropout to `path`, for `load`.

        The file is a plain .npz without pickle; numpy.load can read it too. It contains neither
        loss nor optimiser. Raises ValueError if the network has your own class, g or surrogate,
        which cannot be stored; OSError if writing fails.
        """
        from .saving import network_file  # here, because it is slow to import
        network_file.write(path, self)

    @classmethod
    def load(cls, path):
        """Read a network that `save` wrote: the same bits, dtypes, ties and trainable names.

        Raises ValueError if the file is damaged, of a newer version, or not a network.
        """
        from .saving import network_file
        return network_file.read(path, cls)

    def _one_each(self, name, states):
        if states is None:
            return (None,) * len(self.layers)
        if not isinstance(states, tuple) or len(states) != len(self.layers):
            came = f"{len(states)}" if isinstance(states, tuple) else type(states).__name__
            raise TypeError(f"{name}: expected {len(self.layers)} states in a tuple, one per "
                            f"layer, got {came}")
        return states


def _numbered(head, parts):
    """Lines for a repr: the head, then each part after its index."""
    return "\n".join([head, *(f"{i:3} " + repr(part).replace("\n", "\n    ")
                              for i, part in enumerate(parts))])


@contextmanager
def _errors_named(i):
    """Put a layer's index in front of the message of its TypeError or ValueError."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = (f"layers[{i}]: {error}",)
        raise
