"""What all layers share: named parameter arrays of fixed shapes, and the initial weights.

A layer has
    params       name -> array; an optimiser changes the arrays in place
    trainable    tuple of the names that an optimiser updates
    in_shape     shape of one sample at one step, (n_in,) for most layers; None: any shape
    out_shape    the same for the output
    forward(x, state=None)                            -> y, cache     (cache.state: the final state)
    backward(dy, cache, dstate=None, need_dx=True)    -> dx, grads, dstate
Both passes are pure: they update nothing and remember nothing between calls. (Only Dropout draws a
new mask from its generator in each forward pass.) Do not change the parameters or x between forward
and backward: the cache contains x itself, not a copy. The cache of a unit also contains the output
y, so y is read-only; change `y.copy()` instead.

Once a layer is made, only the numbers in `params` and the names in `trainable` can change. Two
layers can share an array (`tie`), so arrays are changed in place and never replaced.
"""
import functools
import inspect
import math
import re
import textwrap
from collections.abc import Mapping

import numpy as np

from . import validation


class Params(Mapping):
    """The arrays of a layer by name: change them in place, `params["W"][...] = a`.

    Assigning another array is a TypeError: layers that share an array would silently separate.

    >>> params = Params({"b": np.zeros(2)})
    >>> params["b"] += 1
    >>> params["b"].tolist()
    [1.0, 1.0]
    """

    def __init__(self, arrays):
        self._arrays = arrays

    def __getitem__(self, name):
        return self._arrays[name]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return f"Params({', '.join(f'{name} {a.shape}' for name, a in self._arrays.items())})"

    def __setitem__(self, name, value):
        if value is not self._arrays.get(name):  # `params["b"] += 1` assigns the same one
            raise TypeError(f'params["{name}"]: expected a change in place, params["{name}"][...] '
                            f"= a, got a new {type(value).__name__}; layer.tie shares arrays")


class Value:
    """Base of Layer and Network: once one is made, an assignment is an AttributeError."""

    def __init_subclass__(cls):
        make = cls.__init__

        @functools.wraps(make)  # keeps the signature that help() shows
        def make_and_close(self, *args, **options):
            make(self, *args, **options)
            if type(self) is cls:  # wait until a subclass's constructor has ended
                vars(self)["_made"] = True
        cls.__init__ = make_and_close

    def __setattr__(self, name, value):
        if "_made" in vars(self):
            kind = type(self).__name__
            raise AttributeError(f"{name}: expected no change of this {kind}, got an assignment; "
                                 f"make a new {kind}")
        super().__setattr__(name, value)

    def __delattr__(self, name):
        setattr(self, name, None)  # raises the same error

    @property
    def n_trainable(self):
        """The number of trainable parameters: decay counts only if trained, a tied array once."""
        params = self.params
        return sum(params[name].size for name in self.trainable)


class Layer(Value):
    """Base of all layers: has `params` and checks them before each pass.

    A constructor keeps its arguments as attributes of the same names, except those that only set
    initial values. `options`, `repr` and `Network.save` read these attributes.
    """

    kinds = {}    # class name -> class, for all layers of this package
    State = None  # the class of the state, a named tuple, in a layer that has a state

    def __init_subclass__(cls):
        super().__init_subclass__()
        if cls.__module__.startswith(__package__ + "."):
            Layer.kinds[cls.__name__] = cls

    def __init__(self, dtype, in_shape=None, out_shape=None):
        self.dtype = validation.real_dtype(dtype)
        self.in_shape = in_shape
        self.out_shape = out_shape
        self._arrays = {}
        self.params = Params(self._arrays)
        self.trainable = ()

    def add_param(self, name, value, trainable=True):
        """Register the array `value` under `name`, in the layer's dtype; the shape is fixed."""
        self._arrays[name] = value.astype(self.dtype, copy=False)
        if trainable:
            self.trainable += (name,)

    def tie(self, name, array):
        """Share `array`, a parameter of another layer, under `name`: they become one parameter."""
        p = self.params[name]
        self._arrays[name] = validation.array(f'params["{name}"]', array, p.shape, p.dtype)

    def __setattr__(self, name, value):
        if name == "trainable" and "_made" in vars(self):
            if not isinstance(value, (tuple, list)) or len(set(value)) < len(value) \
                    or not set(value) <= self.params.keys():
                raise ValueError(f"trainable: expected some of {', '.join(self.params)}, "
                                 f"each once, got {value!r}")
            vars(self)["trainable"] = tuple(value)
        else:
            super().__setattr__(name, value)

    def check_params(self):
        """Raise ValueError that names the parameter, if one contains NaN or infinity."""
        for name, p in self.params.items():
            validation.array(f'params["{name}"]', p, None, self.dtype)

    def options(self):
        """The constructor's arguments by name.

        Those that only set initial values are left out: rng (except in Dropout), decay, threshold,
        scale.
        """
        arguments = inspect.signature(type(self).__init__).parameters
        return {name: getattr(self, name) for name in arguments if hasattr(self, name)}

    def __repr__(self):
        default = inspect.signature(type(self).__init__).parameters
        options = {name: getattr(value, "name", value) for name, value in self.options().items()}
        shown = [f"{name}={value!r}" for name, value in options.items()
                 if isinstance(value, (str, int, float, tuple)) and name != "dtype"
                 and value != default[name].default]
        params = [f"{name} {p.shape}" + " fixed" * (name not in self.trainable)
                  for name, p in self.params.items()]
        return lines("; ".join([f"{type(self).__name__}({', '.join(shown)})", *params,
                                str(self.dtype)]))

    def zero_state(self, B):
        """The state before the first step: zeros for B samples, () for a layer without a state."""
        return self.check_state("state", None, validation.positive_int("B", B))

    def check_forward(self, x, state, name="x", lead=("T", "B")):
        """Check parameters, x (lead + in_shape) and state before a pass; returns the initial state.

        Raises TypeError or ValueError that names what is wrong.
        """
        self.check_params()
        self.check_input(name, x, lead)
        return self.check_state("state", state, x.shape[len(lead) - 1])

    def check_input(self, name, x, lead=("T", "B"), finite=True):
        """Check an input, lead + in_shape; without an in_shape, n numbers for any n."""
        shape = ("n",) if self.in_shape is None else self.in_shape
        validation.array(name, x, lead + shape, self.dtype, finite=finite)

    def check_backward(self, dy, cache, kind, dstate):
        """Check the inputs of a backward pass; returns the cotangent of the final state.

        kind: the class of the cache that the layer's forward pass returns.
        """
        self.check_params()
        validation.instance("cache", cache, kind)
        self.check_input("cache.x", cache.x, finite=False)
        out_shape = cache.x.shape[2:] if self.out_shape is None else self.out_shape
        if self.State:
            validation.array("cache.y", cache.y, ("T", "B") + out_shape, self.dtype, finite=False)
        validation.array("dy", dy, cache.x.shape[:2] + out_shape, self.dtype)
        return self.check_state("dstate", dstate, dy.shape[1])

    def check_state(self, name, state, B):
        """`state` as the layer's State of arrays (B,) + out_shape; zeros if it is None.

        In a layer without a State, `state` is None or (), and () is returned.
        """
        kind = self.State
        if kind is None:
            if state is not None and not (isinstance(state, tuple) and not state):
                raise TypeError(f"{name}: expected None or (), {type(self).__name__} has no "
                                f"state, got {type(state).__name__}")
            return ()
        if state is None:
            return kind(*(np.zeros((B,) + self.out_shape, self.dtype) for _ in kind._fields))
        other = hasattr(state, "_fields") and not isinstance(state, kind)  # another unit's state
        if not isinstance(state, tuple) or len(state) != len(kind._fields) or other:
            raise TypeError(f"{name}: expected {kind.__name__}({', '.join(kind._fields)}), see "
                            f"zero_state, got {type(state).__name__}")
        for field, part in zip(kind._fields, state):
            validation.array(f"{name}.{field}", part, (B,) + self.out_shape, self.dtype)
        return kind(*state)


def glorot_uniform(shape, rng):
    """Initial weights: uniform in +-sqrt(6 / (fan_in + fan_out)), float64.

    shape: (fan_in, fan_out), or (kh, kw, c_in, n) of a kernel with the fans kh kw c_in and kh kw n.
    Source: Glorot & Bengio, AISTATS 2010, Eq. 16.
    """
    *kernel, n_in, n_out = shape
    limit = np.sqrt(6.0 / (math.prod(kernel) * (n_in + n_out)))
    return validation.generator("rng", rng).uniform(-limit, limit, shape)


def brief(arrays):
    """The repr of a state or cache, a named tuple of arrays: their shapes, not their numbers.

    The cache of an SNU also shows its spike rate, the cache of an sSNU its mean output.
    """
    text = f"{type(arrays).__name__}(" + ", ".join(
        f"{name} {getattr(a, 'shape', a)}" for name, a in zip(arrays._fields, arrays)
        if a is not None) + ")"
    if hasattr(arrays, "v") and arrays.y.size:
        y, n = arrays.y, arrays.y[0, 0].size
        text += (f"; spike rate {y.mean():.3f}, {n - np.count_nonzero(y.any(axis=(0, 1)))} of {n} "
                 "units never fire" if ((y == 0) | (y == 1)).all() else
                 f"; mean output {y.mean():.3f}")
    return lines(text)


def lines(text):
    """Wrap a text at 75 columns and indent the later lines; shapes are not split."""
    text = re.sub(r" (?=\(?\d)", "\N{NO-BREAK SPACE}", text)
    return textwrap.fill(text, 75, subsequent_indent="    ",
                         break_long_words=False).replace("\N{NO-BREAK SPACE}", " ")


def read_only(a):
    """A read-only view of `a`, for an output that a cache also contains."""
    view = a.view()
    view.flags.writeable = False
    return view


def rows(a):
    """(T, B, ..., n) as (T B ..., n), for one matrix product over all steps and samples."""
    return a.reshape(-1, a.shape[-1])


BLOCK_NUMBERS = 2 ** 16  # our choice: 256 kB in float32; a few such arrays fit a second-level cache


def blocks(n, numbers, most=BLOCK_NUMBERS):
    """Slices that cover 0..n-1 in order. An item has `numbers` numbers, a slice at most `most`.

    A slice has at least one item. Point-wise operations on a large array read and write main memory
    each time. Block by block, the numbers stay in the processor's cache, which is several times as
    fast. The block size only changes the speed and the order of sums over blocks.

    >>> blocks(10, 30, most=100)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 9, None), slice(9, 10, None)]
    """
    count = max(1, most // max(1, numbers))
    return [slice(i, min(i + count, n)) for i in range(0, n, count)]
