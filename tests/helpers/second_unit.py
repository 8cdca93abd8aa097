"""A second SNU, to make mistakes in: five lines of equations as text, differentiated forwards.

The equations of one step are source text, so that a wrong port is made as wrong ports are: by
editing a line. Gradients come from dual numbers, which carry the derivative along every input, and
every trace, at once; neither a tape nor a derivation is involved. It shares nothing with the
package.

    port = Port(config, edits=[("1 - seen", "1 - stop(seen)")])
    port(inputs)                                name -> array, as a conformance case lists them
"""
import numpy as np

SOURCE = """
seen = y
fired = seen
gate = 1 - fired
z = at.z(x @ W + 0 + decay * (s * gate))
s = at.s(g(z))
v = at.v(s + b)
y = at.y(h(v))
"""


class Dual:
    """A value and its derivatives along P directions: value (...), along (..., P)."""
    __array_ufunc__ = None

    def __init__(self, value, along):
        self.value, self.along = value, along

    def __add__(self, other):
        if isinstance(other, Dual):
            return Dual(self.value + other.value, self.along + other.along)
        return Dual(self.value + other, self.along)

    def __mul__(self, other):
        if isinstance(other, Dual):
            return Dual(self.value * other.value,
                        self.along * other.value[..., None] + other.along * self.value[..., None])
        return Dual(self.value * other, self.along * np.asarray(other)[..., None])

    def __matmul__(self, other):
        return Dual(self.value @ other.value, np.einsum("bip,ij->bjp", self.along, other.value)
                    + np.einsum("bi,ijp->bjp", self.value, other.along))

    def __sub__(self, other):
        return self + other * -1

    def __rsub__(self, other):
        return self * -1 + other

    __radd__, __rmul__ = __add__, __mul__


def stop(a):
    """A constant."""
    return Dual(a.value, 0 * a.along)


def swap(value, gradient):
    """The value of one, with the derivatives of the other."""
    return Dual(value.value + 0 * gradient.value, gradient.along + 0 * value.along)


def turned(a):
    """A matrix transposed."""
    return Dual(a.value.T, a.along.swapaxes(0, 1))


def of(f, slope):
    """A point-wise function of a Dual."""
    def function(a):
        return Dual(f(a.value), slope(a.value)[..., None] * a.along)
    function.slope = slope
    return function


def bent(f, a, at):
    """f(a), with the slope that f has at another point."""
    return Dual(f(a).value, f.slope(at.value)[..., None] * a.along)


positive = of(lambda a: np.maximum(a, 0), lambda a: 1.0 * (a > 0))


def others(a):
    """For each unit, the maximum over the other units."""
    n = a.value.shape[1]
    columns = [largest(Dual(np.delete(a.value, j, 1), np.delete(a.along, j, 1))) for j in range(n)]
    return Dual(*(np.concatenate([getattr(c, k) for c in columns], 1) for k in ("value", "along")))


def largest(a, axis=1, weights=lambda tied: tied / tied.sum()):
    """The maximum over units (1), over samples (0), or over both (None), its gradient spread by
    weights."""
    value, along = a.value, a.along
    if axis is None:
        return _pick(value.ravel(), along.reshape(value.size, -1), weights)
    if axis == 0:
        value, along = value.T, along.swapaxes(0, 1)
    rows = [_pick(value[i], along[i], weights) for i in range(len(value))]
    picked = Dual(np.stack([r.value for r in rows]), np.stack([r.along for r in rows]))
    if axis == 0:
        return Dual(picked.value.T, picked.along.swapaxes(0, 1))
    return picked


def _pick(values, along, weights):
    tied = (values == max(values)).astype(float)
    return Dual(np.array([max(values)]), (weights(tied) @ along)[None])


def first(tied):
    """All of the gradient to the first."""
    return np.eye(len(tied))[list(tied).index(1.0)]


def total(a):
    """The sum over units."""
    return Dual(a.value.sum(1, keepdims=True), a.along.sum(1, keepdims=True))


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


G = {"relu": (lambda z: z * (z > 0), lambda z: 1.0 * (z > 0)),
     "leaky_relu": (lambda z: z * np.where(z > 0, 1, 0.1), lambda z: np.where(z > 0, 1, 0.1)),
     "identity": (lambda z: 1.0 * z, lambda z: 1 + 0 * z),
     "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2)}
SPIKE = {"tanh": lambda v: 1 / np.cosh(v) ** 2,
         "boxcar": lambda v: 1.0 * (abs(v) < 0.5),
         "triangle": lambda v: np.where(abs(v) < 1, 1 - abs(v), 0.0),
         "arctan": lambda v: 1 / (1 + np.pi**2 * v * v),
         "fast_sigmoid": lambda v: (1 + abs(v)) ** -2.0}


def functions(config):
    """g and h of a configuration, each (value, slope)."""
    if config["h"] == "sigmoid":
        return G[config["g"]], (sigmoid, lambda v: sigmoid(v) * sigmoid(-v))
    return G[config["g"]], (lambda v: 1.0 * (v > 0), SPIKE[config["surrogate"]])


class _Marks:
    """at.z(a), at.s(a) ...: record a trace, and give each of its elements a direction of its
    own."""

    def __init__(self, T, B, n, begin):
        self.rows, self.size, self.begin = {k: [] for k in "zsvy"}, (T, B, n), begin

    def __getattr__(self, name):
        def mark(a):
            T, B, n = self.size
            t = len(self.rows[name])
            begin = self.begin + ("zsvy".index(name) * T + t) * B * n
            along = np.zeros((B, n, a.along.shape[-1])) + a.along
            along.reshape(B * n, -1)[np.arange(B * n), begin + np.arange(B * n)] += 1
            marked = Dual(a.value + np.zeros((B, n)), along)
            self.rows[name].append(marked)
            return marked
        return mark


class Port:
    """An SNU: called with the inputs of a case, it returns its outputs.

    edits: [(old, new)] in SOURCE. g, h: other (value, slope). before(inputs) and after(inputs,
    outputs)
    rearrange what goes in and comes out.
    """

    def __init__(self, config, edits=(), g=None, h=None, before=None, after=None):
        source = SOURCE
        if config["lateral_inhibition"]:
            source = source.replace("fired = seen", "fired = largest(seen)")
        if config["recurrent"]:
            source = source.replace("+ 0 +", "+ y @ H +")
        if config["reset_grad"] == "detached":
            source = source.replace("seen = y", "seen = stop(y)")
        for old, new in edits:
            assert old in source, (old, source)
            source = source.replace(old, new)
        self.step = compile(source, "step", "exec")
        g_right, h_right = functions(config)
        self.g, self.h, self.before, self.after = g or g_right, h or h_right, before, after
        self.config = config

    def __call__(self, given):
        inputs = self.before(dict(given)) if self.before else given
        names = [k for k in inputs if k.startswith(("params", "state")) or k == "x"]
        T, B, n = inputs["dy"].shape
        sizes = np.cumsum([0] + [inputs[k].size for k in names])
        P = sizes[-1] + 4 * T * B * n
        dual = {}
        for name, begin in zip(names, sizes):
            a = inputs[name]
            along = np.zeros((a.size, P))
            along[np.arange(a.size), begin + np.arange(a.size)] = 1
            dual[name] = Dual(a, along.reshape(a.shape + (P,)))
        here = {k[7:]: a for k, a in dual.items() if k.startswith("params.")}
        at = _Marks(T, B, n, sizes[-1])
        s, y = dual["state.s"], dual["state.y"]
        here.update(
            globals(), at=at, g=of(*self.g), h=of(*self.h), s=s, y=y, before=stop(y) * 0, np=np
        )
        for t in range(T):
            last = here["y"]
            here.update(x=Dual(inputs["x"][t], dual["x"].along[t]), t=t)
            exec(self.step, here)
            here["before"] = last
        outputs = {k: np.stack([a.value for a in rows]) for k, rows in at.rows.items()}
        end_s, end_y = here.get("end_s", here["s"]), here.get("end_y", here["y"])
        outputs["end.s"], outputs["end.y"] = end_s.value, end_y.value
        loss = sum(np.einsum("bn,bnp->p", d, a.along) for d, a in zip(inputs["dy"], at.rows["y"]))
        loss += np.einsum("bn,bnp->p", inputs["dend.s"], end_s.along)
        loss += np.einsum("bn,bnp->p", inputs["dend.y"], end_y.along)
        adjoints = loss[sizes[-1]:].reshape(4, T, B, n)
        outputs.update({f"adj.{k}": adjoints["zsvy".index(k)] for k in "yvsz"})
        for name, begin, end in zip(names, sizes, sizes[1:]):
            key = name.replace("params", "grad").replace("state", "start").replace("x", "grad.x")
            outputs[key] = loss[begin:end].reshape(inputs[name].shape)
        if self.after:
            self.after(given, outputs)
        return outputs
