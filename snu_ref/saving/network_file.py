"""A network as one file: a plain .npz, without pickle.

    "0.W", "1.b" ...   each array once, under the first of its names in the network
    "network"          JSON text: the format's number, the states of the generators, and of each
                       layer its class, options, parameters and trainable names
    "sha256"           a digest of all this: see `array_file`

Parameters that name the same array are tied; layers that name the same generator share it. Your own
classes and functions are an error that names them, since the file contains no Python code.
"""
import inspect
import json
import math

import numpy as np

from ..activations import Activation, STATE_FUNCTIONS, SURROGATES, Surrogate
from ..files import found_at
from ..layer import Layer
from . import array_file

FORMAT = 1
GENERATORS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")  # NumPy's own


def write(path, network):
    """Write a Network to `path`. Raises ValueError for your own classes and functions, OSError."""
    arrays, generators = {}, []
    layers = _describe(network, "", arrays, {}, generators)["layers"]
    text = json.dumps({"format": FORMAT, "generators": generators, "layers": layers},
                      default=lambda array: array.tolist())  # some generators' states have arrays
    array_file.write(path, {**arrays, "network": np.array(text)})


def read(path, network):
    """The network in a file that `write` has written; network: its class.

    Raises FileNotFoundError, and ValueError that names the file for any other content.
    """
    def refused(found):
        return ValueError(f"{path}: expected a file that Network.save has written, found {found}")

    if (found := found_at(path)) not in ("a file", "nothing"):
        raise refused(found)
    try:
        arrays = array_file.read(path)
    except array_file.DamagedError as error:
        raise refused(f"a damaged file, or one of another kind: {error}") from error
    if "network" not in arrays:
        raise refused("a checkpoint; snu_ref.tasks.load_run reads its folder"
                      if "identity" in arrays else "no array 'network' in it")
    try:
        described = json.loads(str(arrays.pop("network")))
        if described["format"] != FORMAT:
            raise ValueError(f"format {described['format']} belongs to another version of snu_ref")
        generators = [_generator(state) for state in described["generators"]]
        whole = {"kind": "Network", "layers": described["layers"]}
        return _build(whole, network, arrays, {}, generators)
    except Exception as error:  # an unknown file can cause any kind of error
        missing = "no entry " * isinstance(error, KeyError)
        raise refused(f"layers that cannot be read: {missing}{error}") from error


def _describe(layer, place, arrays, names, generators):
    """A layer as data for JSON; adds each array and generator once to `arrays` and `generators`.

    place: "2." for layers[2], "2.0." for the first layer of a Network there. names: {id: name} of
    the arrays, layers and generators that have been described already.
    """
    if hasattr(layer, "layers"):  # a Network
        return {"kind": "Network",
                "layers": [_describe(part, f"{place}{i}.", arrays, names, generators)
                           for i, part in enumerate(layer.layers)]}
    kind = type(layer).__name__
    if Layer.kinds.get(kind) is not type(layer):
        raise ValueError(f"layers[{place[:-1]}]: expected a layer of snu_ref, got your own class "
                         f"{kind}, which a file cannot hold")
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
                                 "got your own function, which a file cannot hold")
            value = value.name
        options[name] = value.name if isinstance(value, np.dtype) else value
    names[id(layer)] = place
    for name, p in layer.params.items():
        arrays.setdefault(names.setdefault(id(p), place + name), p)
    return {"kind": kind, "place": place, "options": options, "trainable": layer.trainable,
            "params": {name: names[id(p)] for name, p in layer.params.items()}}


def _build(described, network, arrays, made, generators):
    """The layer that `_describe` described.

    network: the class Network; made: arrays and layers that exist already, by name.
    """
    if described["kind"] == "Network":
        return network([_build(part, network, arrays, made, generators)
                        for part in described["layers"]])
    options = {}
    for name, value in described["options"].items():
        if isinstance(value, dict):
            (kind, value), = value.items()
            value = (generators[value] if kind == "generator" else
                     arrays[value].copy() if kind == "array" else
                     made[value] if isinstance(value, str) else
                     _build(value, network, arrays, made, generators))
        options[name] = value
    kind = Layer.kinds[described["kind"]]
    if "rng" in inspect.signature(kind.__init__).parameters:
        numbers = sum(arrays[key].size for key in described["params"].values())
        options = {"rng": _blank(numbers), **options}  # the options of Dropout have an rng
    layer = kind(**options)
    if layer.params.keys() != described["params"].keys():
        raise ValueError(f"expected the parameters {', '.join(layer.params)} of {kind.__name__}, "
                         f"found {', '.join(described['params'])}")
    for name, key in described["params"].items():
        layer.tie(name, made.setdefault(key, arrays[key].copy()))
    layer.trainable = described["trainable"]
    made[described["place"]] = layer
    return layer


def _blank(most):
    """A generator that gives at most `most` zeros; the numbers of the file replace them later.

    If a file has a wrong size, this raises an error before the memory is allocated.
    """
    class Blank(np.random.Generator):  # here, because numpy.random is slow to load
        left = most

        def uniform(self, low=0.0, high=1.0, size=None):
            self.left -= math.prod(size)
            if self.left < 0:
                raise ValueError("the layers need more numbers than the arrays have")
            return np.zeros(size)

    return Blank(np.random.PCG64(0))


def _generator(state):
    """The generator that has this state; only NumPy's kinds are known."""
    kind = state["bit_generator"]
    if kind not in GENERATORS:
        raise ValueError(f"generator: expected one of {', '.join(GENERATORS)}, found {kind}")
    bits = getattr(np.random, kind)()
    bits.state = state
    return np.random.Generator(bits)
