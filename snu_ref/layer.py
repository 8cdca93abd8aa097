"""What all layers share: named parameter arrays of known shapes, and the start values of weights.

A layer has
    params       dict, name -> array; the arrays are changed in place by an optimiser
    trainable    tuple of the names that an optimiser updates
    in_shape     shape of one sample at one step, (n_in,) for most; None where any will do
    out_shape    the same of the output
    forward(x, state=None)                            -> y, cache     (cache.state: the final state)
    backward(dy, cache, dstate=None, need_dx=True)    -> dx, grads, dstate
and both passes are pure: no optimiser inside, nothing remembered between calls (Dropout alone draws
a new mask from its generator in each forward pass). The cache belongs to the parameters as they
were: change them only after the backward pass. It also holds the input x itself and, for units, the
output y. So that no change of y in place can spoil the gradient in silence, such a y is read-only:
`y.copy()` can be changed. x belongs to the caller, who leaves it as it is until then.
"""
import inspect
import re
import textwrap

import numpy as np

from . import validation


class Layer:
    """Base of all layers: holds `params` and checks them before each pass.

    Every argument of a constructor that matters later is kept as an attribute of the same name.
    `options`, and with it `repr` and `Network.save`, goes by that.
    """

    kinds = {}  # name of a class: the class, of all layers of this package

    def __init_subclass__(cls):
        if cls.__module__.startswith(__package__ + "."):
            Layer.kinds[cls.__name__] = cls

    def __init__(self, dtype, in_shape=None, out_shape=None):
        self.dtype = validation.real_dtype(dtype)
        self.in_shape = in_shape
        self.out_shape = out_shape
        self.params = {}
        self.trainable = ()
        self._shapes = {}

    def add_param(self, name, value, trainable=True):
        """Register the array `value` under `name`, in the layer's dtype; the shape is fixed."""
        self.params[name] = value.astype(self.dtype, copy=False)
        self._shapes[name] = value.shape
        if trainable:
            self.trainable += (name,)

    def tie(self, name, array):
        """Hold `array`, which another layer holds too, under `name`: they are one parameter."""
        p = self.params[name]
        self.params[name] = validation.array(f'params["{name}"]', array, p.shape, p.dtype)

    def check_params(self):
        """Named errors if `params` lost an array, or has one of another kind or with NaN."""
        if self.params.keys() != self._shapes.keys():
            raise ValueError(f"params: expected the names {', '.join(self._shapes)}, "
                             f"got {', '.join(map(str, self.params))}")
        for name, shape in self._shapes.items():
            validation.array(f'params["{name}"]', self.params[name], shape, self.dtype)

    def options(self, changed=False):
        """The constructor's arguments, by name; changed: only those that are not its defaults.

        Left out is what only gives start values: rng (but for Dropout), decay, scale.
        """
        arguments = inspect.signature(type(self).__init__).parameters
        kept = {name: getattr(self, name) for name in arguments if hasattr(self, name)}
        names = {name: getattr(value, "name", value) for name, value in kept.items()}
        return {name: kept[name] for name in kept
                if not changed or not np.array_equal(names[name], arguments[name].default)}

    def __repr__(self):
        options = ", ".join(f"{name}={getattr(value, 'name', value)!r}"
                            for name, value in self.options(changed=True).items()
                            if isinstance(getattr(value, "name", value), (str, int, float, tuple))
                            and name != "dtype")
        params = [f"{name} {p.shape}" + " fixed" * (name not in self.trainable)
                  for name, p in self.params.items()]
        text = "; ".join([f"{type(self).__name__}({options})", *params, str(self.dtype)])
        return lines(text)

    def zero_state(self, B):
        """The state before the first step: () for a layer without one."""
        validation.positive_int("B", B)
        return ()

    @property
    def n_trainable(self):
        """The number of trainable parameters, as papers count: a decay only where it is trained."""
        return sum(self.params[name].size for name in self.trainable)

    def zeros(self, kind, B):
        """The named tuple `kind` with an array of zeros, (B,) + out_shape, in each field."""
        return kind(*(np.zeros((B,) + self.out_shape, self.dtype) for _ in kind._fields))

    def check_cache(self, cache, kind, **traces):
        """TypeError or ValueError unless `cache` is what a forward pass of such a layer returns.

        kind: its named-tuple class; traces: of some fields, the shape behind time and batch.
        """
        if not isinstance(cache, kind):
            raise TypeError(f"cache: expected the {kind.__name__} that forward returned, "
                            f"got {type(cache).__name__}")
        for field, shape in traces.items():
            validation.array(f"cache.{field}", getattr(cache, field), ("T", "B") + shape,
                             self.dtype, finite=False)

    def check_no_state(self, name, state):
        """TypeError unless `state` is None or (): this layer keeps nothing from step to step."""
        if state is not None and not (isinstance(state, tuple) and not state):
            raise TypeError(f"{name}: expected None or (), {type(self).__name__} has no state, "
                            f"got {type(state).__name__}")

    def check_state(self, name, state, kind, B):
        """`state` as the named tuple `kind` of arrays (B,) + out_shape; zeros if it is None."""
        if state is None:
            return self.zeros(kind, B)
        other = hasattr(state, "_fields") and not isinstance(state, kind)  # another unit's state
        if not isinstance(state, tuple) or len(state) != len(kind._fields) or other:
            raise TypeError(f"{name}: expected {kind.__name__}({', '.join(kind._fields)}), as "
                            f"zero_state gives it, got {type(state).__name__}")
        for field, part in zip(kind._fields, state):
            validation.array(f"{name}.{field}", part, (B,) + self.out_shape, self.dtype)
        return kind(*state)


def glorot_uniform(fan_in, fan_out, rng, shape=None):
    """Start values of weights: uniform in +-sqrt(6 / (fan_in + fan_out)), float64.

    Shape (fan_in, fan_out) unless given. Source: Glorot & Bengio, AISTATS 2010, Eq. 16.
    """
    limit = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, (fan_in, fan_out) if shape is None else shape)


def brief(arrays):
    """The repr of a named tuple of arrays, a state or a cache: shapes, never the numbers.

    Of the cache of an SNU also how often its units fire, of an sSNU the mean output.
    """
    def shape(value):
        return str(value.shape) if isinstance(value, np.ndarray) else repr(value)

    text = f"{type(arrays).__name__}(" + ", ".join(
        f"{name} {shape(getattr(arrays, name))}" for name in arrays._fields) + ")"
    if hasattr(arrays, "v") and arrays.y.size:
        y, n = arrays.y, arrays.y[0, 0].size
        text += (f"; spike rate {y.mean():.3f}, {n - np.count_nonzero(y.any(axis=(0, 1)))} of {n} "
                 "units never fire" if ((y == 0) | (y == 1)).all() else
                 f"; mean output {y.mean():.3f}")
    return lines(text)


def lines(text):
    """A text in lines of 75 columns, the later ones indented; no shape is broken."""
    text = re.sub(r" (?=\(?\d)", "\N{NO-BREAK SPACE}", text)
    return textwrap.fill(text, 75, subsequent_indent="    ",
                         break_long_words=False).replace("\N{NO-BREAK SPACE}", " ")


def read_only(a):
    """A view of `a` that cannot be written to: for an output that others hold, too."""
    view = a.view()
    view.flags.writeable = False
    return view


def rows(a):
    """(T, B, ..., n) as (T B ..., n), so that one matrix product serves all steps and samples."""
    return a.reshape(-1, a.shape[-1])


BLOCK_NUMBERS = 2 ** 16  # ours: 256 kB in float32, so that a few arrays fit a second-level cache


def blocks(n, numbers, most=BLOCK_NUMBERS):
    """Slices that cover 0..n-1 in order: as many items of `numbers` numbers as fit `most`.

    A chain of point-wise operations on a large array reads and writes main memory at every link.
    On one block of the array after the other it stays in the processor's cache and is several
    times as fast. The size of a block changes the speed and the order of sums over blocks, and no
    other result. At least one item is in a slice.

    >>> blocks(10, 30, most=100)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 9, None), slice(9, 10, None)]
    """
    count = max(1, most // max(1, numbers))
    return [slice(i, min(i + count, n)) for i in range(0, n, count)]
