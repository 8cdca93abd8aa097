"""A chain of layers that is itself a layer: the output of one is the input of the next.

    y = forward_K( ... forward_1(x) ),        dx = backward_1( ... backward_K(dy) )

Each layer runs all its time steps before the next one starts: layers are chained in depth, and
recurrence stays inside a layer. State, cache and state gradient are tuples with one entry a layer.

Parameters are named "0.W", "1.b" ...: the layer's place, then its name there. One array that stands
in several places (tied weights) is one parameter: it appears once, under its first name, and its
gradient is the sum of those from all its places.

An error from inside begins with the place of the layer: "layers[1]: dy: expected shape ...".

`save` writes a plain .npz, without pickle: the array of each parameter under its first name, and
under "network" a text in JSON with the class, options, parameters and trainable names of each
layer, and the states of the generators. Two parameters of one name there are one array.
"""
import inspect
import json
import math
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from . import validation
from .activations import Activation, STATE_FUNCTIONS, SURROGATES, Surrogate
from .layer import Layer, Params, Value

FORMAT = 1  # of the files that `Network.save` writes
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")  # NumPy's own


class NetworkCache(NamedTuple):
    """The caches of the layers, in order."""
    layers: tuple

    def __repr__(self):
        return _numbered("NetworkCache", self.layers)

    @property
    def state(self):
        """The states of the layers after the last step."""
        return tuple(cache.state for cache in self.layers)


class Network(Value):
    """A chain of layers with the interface of a layer.

    layers : list of layers of one dtype, whose sizes fit one behind the other; Networks may be
    nested. Raises TypeError or ValueError that names the layer that does not fit.

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
                                 f"layers[{last}], but it takes {layer.in_shape}")
            if layer.out_shape is not None:  # a Dropout takes and gives any shape
                before, last = layer.out_shape, i

    def __repr__(self):
        return _numbered(f"Network, {self.n_trainable:,} trainable parameters", self.layers)

    @property
    def dtype(self):
        """The dtype of all layers."""
        return self.layers[0].dtype

    @property
    def in_shape(self):
        """Shape of one sample at one step, (n_in,) for most first layers."""
        return self.layers[0].in_shape

    @property
    def out_shape(self):
        """Shape of the output for one sample at one step."""
        return self.layers[-1].out_shape

    def first_names(self):
        """(layer index, name) -> the name of its array in `params`; tied arrays share one."""
        first, names = {}, {}
        for i, layer in enumerate(self.layers):
            for name, p in layer.params.items():
                names[i, name] = first.setdefault(id(p), f"{i}.{name}")
        return names

    @property
    def params(self):
        """Name -> array, each array once; change the arrays in place, as those of a layer."""
        return Params({first: self.layers[i].params[name]
                       for (i, name), first in self.first_names().items()
                       if first == f"{i}.{name}"})

    @property
    def trainable(self):
        """The names that an optimiser updates, in the order of `params`."""
        names = self.first_names()
        return tuple(dict.fromkeys(names[i, name] for i, layer in enumerate(self.layers)
                                   for name in layer.trainable))

    @property
    def n_trainable(self):
        """The number of trainable parameters, tied ones counted once."""
        params = self.params
        return sum(params[name].size for name in self.trainable)

    def zero_state(self, B):
        """The zero states of all layers."""
        return tuple(layer.zero_state(B) for layer in self.layers)

    def forward(self, x, state=None):
        """x (T, B, n_in) -> the last layer's y and the cache; state: one entry a layer, or None."""
        states = self._one_each("state", state)
        caches = []
        for i, (layer, s) in enumerate(zip(self.layers, states)):
            with _errors_named(i):
                x, cache = layer.forward(x, s)
            caches.append(cache)
        return x, NetworkCache(tuple(caches))

    def backward(self, dy, cache, dstate=None, need_dx=True):
        """dy -> dx or None, grads (names as in params), dstate (one entry a layer)."""
        validation.instance("cache", cache, NetworkCache)
        if len(cache.layers) != len(self.layers):
            raise ValueError(f"cache: expected that of {len(self.layers)} layers, "
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

        numpy.load can read the arrays, too. No loss and no optimiser is in the file. Raises
        ValueError for a class, g or surrogate of your own, which it cannot hold, and OSError.
        """
        from . import array_file  # here: it takes long to load
        arrays, names, generators = {}, {}, []
        layers = _describe(self, "", arrays, names, generators)["layers"]
        text = json.dumps({"format": FORMAT, "generators": generators, "layers": layers},
                          default=lambda array: array.tolist())
        array_file.write(path, {**arrays, "network": np.array(text)})

    @classmethod
    def load(cls, path):
        """The network in a file of `save`: the same bits, dtypes, ties and trainable names.

        Raises ValueError for a file that is damaged, of a newer version or of something else.
        """
        from . import array_file
        try:
            arrays = array_file.read(path)
            described = json.loads(str(arrays.pop("network")))
            if described["format"] != FORMAT:
                raise ValueError(f"format {described['format']} is of another version of snu_ref")
            generators = [_generator(state) for state in described["generators"]]
            whole = {"kind": "Network", "layers": described["layers"]}
            return _build(whole, arrays, {}, generators)
        except FileNotFoundError:
            raise
        except Exception as error:  # a foreign text can go wrong in many ways
            raise ValueError(f"{path}: expected a file that Network.save has written, but "
                             f"{type(error).__name__}: {error}") from error

    def _one_each(self, name, states):
        if states is None:
            return (None,) * len(self.layers)
        if not isinstance(states, tuple) or len(states) != len(self.layers):
            came = f"{len(states)}" if isinstance(states, tuple) else type(states).__name__
            raise TypeError(f"{name}: expected a tuple of {len(self.layers)} states, one a layer, "
                            f"got {came}")
        return states


def _numbered(head, parts):
    """Lines for a repr: the head, and each part behind its place."""
    return "\n".join([head, *(f"{i:3} " + repr(part).replace("\n", "\n    ")
                              for i, part in enumerate(parts))])


# ---- files --------------------------------------------------------------------------------------

def _describe(layer, place, arrays, names, generators):
    """A layer as what JSON can hold; its arrays and generators are added, each once.

    place: "2." for layers[2], "2.0." for the first of a Network there. names: by id, the names of
    arrays, layers and generators that were met before.
    """
    if isinstance(layer, Network):
        return {"kind": "Network",
                "layers": [_describe(part, f"{place}{i}.", arrays, names, generators)
                           for i, part in enumerate(layer.layers)]}
    kind = type(layer).__name__
    if Layer.kinds.get(kind) is not type(layer):
        raise ValueError(f"layers[{place[:-1]}]: expected a layer of snu_ref, which a file names, "
                         f"got the class {kind} of your own")
    options = {}
    for name, value in layer.options().items():
        if isinstance(value, np.random.Generator):
            if id(value) not in names:
                names[id(value)] = len(generators)
                generators.append(value.bit_generator.state)
            value = {"generator": names[id(value)]}
        elif isinstance(value, Layer):
            value = {"layer": names.get(id(value)) or _describe(value, f"{place}{name}.", arrays,
                                                                names, generators)}
        elif isinstance(value, np.ndarray):
            arrays[place + name] = value
            value = {"array": place + name}
        elif isinstance(value, (Activation, Surrogate)):
            own = {"g": STATE_FUNCTIONS, "surrogate": SURROGATES}.get(name, {value.name: value})
            if own.get(value.name) is not value:
                raise ValueError(f"layers[{place[:-1]}]: {name}: expected one of {', '.join(own)}, "
                                 "which a file names, got a function of your own")
            value = value.name
        options[name] = value.name if isinstance(value, np.dtype) else value
    names[id(layer)] = place
    for name, p in layer.params.items():
        arrays.setdefault(names.setdefault(id(p), place + name), p)
    return {"kind": kind, "place": place, "options": options, "trainable": layer.trainable,
            "params": {name: names[id(p)] for name, p in layer.params.items()}}


def _build(described, arrays, made, generators):
    """The layer that `_describe` described; made: arrays and layers that stand already, by name."""
    if described["kind"] == "Network":
        return Network([_build(part, arrays, made, generators)
                        for part in described["layers"]])
    options = {}
    for name, value in described["options"].items():
        if isinstance(value, dict):
            (kind, value), = value.items()
            value = (generators[value] if kind == "generator" else
                     arrays[value].copy() if kind == "array" else
                     made[value] if isinstance(value, str) else
                     _build(value, arrays, made, generators))
        options[name] = value
    kind = Layer.kinds[described["kind"]]
    if "rng" in inspect.signature(kind.__init__).parameters:
        numbers = sum(arrays[key].size for key in described["params"].values())
        options = {"rng": _blank(numbers), **options}  # but for Dropout, which has its own
    layer = kind(**options)
    if layer.params.keys() != described["params"].keys():
        raise ValueError(f"expected the parameters {', '.join(layer.params)} of {kind.__name__}, "
                         f"found {', '.join(described['params'])}")
    for name, key in described["params"].items():
        layer.tie(name, made.setdefault(key, arrays[key].copy()))
    if not set(described["trainable"]) <= layer.params.keys():
        raise ValueError(f"trainable: expected some of {', '.join(layer.params)}, found "
                         f"{described['trainable']}")
    layer.trainable = tuple(described["trainable"])
    made[described["place"]] = layer
    return layer


def _blank(most):
    """A generator of start values that get others soon: zeros, `most` numbers in all.

    So a false size in a file costs an error, and no memory.
    """
    class Blank(np.random.Generator):  # in here, since numpy.random takes long to load
        left = most

        def uniform(self, low=0.0, high=1.0, size=None):
            self.left -= math.prod(size)
            if self.left < 0:
                raise ValueError("its layers are larger than its arrays")
            return np.zeros(size)

    return Blank(np.random.PCG64(0))


def _generator(state):
    """The generator with a state of one of NumPy's own kinds."""
    kind = state["bit_generator"]
    if kind not in GENERATORS:
        raise ValueError(f"generator: expected one of {', '.join(GENERATORS)}, found {kind}")
    bits = getattr(np.random, kind)()
    bits.state = state
    return np.random.Generator(bits)


@contextmanager
def _errors_named(i):
    """Put the place of a layer in front of the message of its TypeError or ValueError."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = (f"layers[{i}]: {error}",)
        raise
