"""A second implementation of the SNU, to be made wrong: a port is this unit with lines edited.

It has all options of the unit, and its gradients come in two styles:

    hand       a backward pass for the right equations, along whatever traces the port has made; the
               edits may be in it as well
    derived    gradients of the edited forward pass, by the small reverse-mode `Var` below

Written without a look at the table of mistakes that the diagnosis knows.
"""
import re
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np


# ---- reverse-mode differentiation ---------------------------------------------------------------

class Var:
    """An array a that knows what it was made of: links are pairs (Var, dL/da -> its share)."""
    __array_ufunc__ = None      # an array leaves its operators to Var
    tape = []                   # all of them, in order of birth

    def __init__(self, a, *links):
        self.a, self.d = np.asarray(a), 0
        self.links = [(v, f) for v, f in links if isinstance(v, Var)]
        Var.tape.append(self)

    def __add__(self, o):
        return Var(self.a + data(o), (self, lambda d: d), (o, lambda d: d))

    def __mul__(self, o):
        return Var(self.a * data(o), (self, lambda d: d * data(o)), (o, lambda d: d * self.a))

    def __matmul__(self, o):
        return Var(self.a @ data(o), (self, lambda d: d @ data(o).T), (o, lambda d: self.a.T @ d))

    def __rsub__(self, o):
        return -self + o

    def __neg__(self):
        return Var(-self.a, (self, lambda d: -d))

    def __sub__(self, o):
        return self + -o

    __radd__, __rmul__ = __add__, __mul__

    @property
    def T(self):
        return Var(self.a.T, (self, lambda d: d.T))

    @staticmethod
    def sweep():
        """Back along the tape: what is in d of the last ones reaches all the others."""
        for var in reversed(Var.tape):
            for parent, share in var.links:
                if np.any(var.d):
                    parent.d = parent.d + shrink(share(var.d), parent.a.shape)

    def grad(self):
        """dL/da, zeros if nothing has reached it."""
        return self.d + np.zeros_like(self.a)


def data(o):
    """The numbers of a Var or of an array."""
    return o.a if isinstance(o, Var) else o


def shrink(d, shape):
    """Undo broadcasting: sum the axes that are not in `shape`."""
    d = d + np.zeros(shape, d.dtype)
    d = d.sum(axis=tuple(range(d.ndim - len(shape))))
    return d.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1 != d.shape[i]), keepdims=True)


def curve(v, f, slope):
    """f(v), point by point, with slope(v) for its derivative."""
    kind = v.a.dtype
    return Var(f(v.a).astype(kind), (v, lambda d: d * slope(v.a).astype(kind)))


def backwards(v, f):
    """v itself; its cotangent d becomes f(d)."""
    return Var(v.a, (v, f))


def detach(v):
    """v as a constant."""
    return Var(v.a)


def amax(v, share=None, axis=-1):
    """The maximum of each row; `share` of its gradient goes to each element."""
    share = share or ties
    return Var(v.a.max(axis, keepdims=True), (v, lambda d: d * share(v.a)))


def ties(y):
    """1/k for each of the k largest elements of a row, else 0."""
    top = (y == y.max(-1, keepdims=True)).astype(y.dtype)
    return top / top.sum(-1, keepdims=True)


def first(y):
    """1 for the first of the largest elements of a row, as argmax has it."""
    return 1.0 * (np.arange(y.shape[-1]) == y.argmax(-1)[:, None])


def total(v, axis=-1):
    """The sum of each row."""
    return Var(v.a.sum(axis, keepdims=True), (v, lambda d: d + 0 * v.a))


def rounded(v, f):
    """f(v), a rounding that the gradient does not see."""
    return Var(f(v.a), (v, lambda d: d)) if isinstance(v, Var) else f(v)


def bfloat16(a):
    """The nearest numbers with 8 bits."""
    bits = np.asarray(a, np.float32).view(np.uint32)
    bits = (bits + 0x7FFF + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)
    return bits.view(np.float32).astype(a.dtype)


def half(a):
    """The nearest float16."""
    return a.astype(np.float16).astype(a.dtype)


def single(a):
    """The nearest float32."""
    return a.astype(np.float32).astype(a.dtype)


# ---- the unit: the text from here to its end is what the edits change ---------------------------
UNIT_BEGINS = True

G = {"relu": (lambda z: np.maximum(z, 0), lambda z: 1.0 * (z > 0)),
     "leaky_relu": (lambda z: np.maximum(z, 0.1 * z), lambda z: np.where(z > 0, 1.0, 0.1)),
     "identity": (lambda z: z + 0, lambda z: np.ones_like(z)),
     "tanh": (lambda z: np.tanh(z), lambda z: 1 - np.tanh(z) ** 2)}

PSI = {"tanh": lambda v: 1 - np.tanh(v) ** 2,
       "boxcar": lambda v: 1.0 * (abs(v) < 0.5),
       "triangle": lambda v: np.maximum(1 - abs(v), 0),
       "arctan": lambda v: 1 / (1 + (np.pi * v) ** 2),
       "fast_sigmoid": lambda v: 1 / (1 + abs(v)) ** 2}


def spike(v):
    return 1.0 * (v > 0)


def sigmoid(v):
    return 0.5 + 0.5 * np.tanh(0.5 * v)


def sigmoid_slope(v):
    return sigmoid(v) * (1 - sigmoid(v))


def output(c):
    return (sigmoid, sigmoid_slope) if c["h"] == "sigmoid" else (spike, PSI[c["surrogate"]])


def forward(x, W, b, decay, H, s, y, c, borders):
    trace = []
    for t, x_t in enumerate(x):
        if t in borders:
            pass  # the state goes on from piece to piece
        seen = detach(y) if c["reset_grad"] == "detached" else y
        top = amax(seen) if c["lateral_inhibition"] else seen
        gate = 1 - top
        drive = x_t @ W
        kept = decay * s * gate
        z = drive + kept
        if H is not None:
            z = z + y @ H
        s = curve(z, *G[c["g"]])
        v = s + b
        y = curve(v, *output(c))
        trace.append((z, s, v, y))
    return trace


def backward(x, W, b, decay, H, s0, y0, c, borders, z, s, v, y, dy, ds, dY):
    T = len(x)
    adj_y, adj_v, adj_s, adj_z = np.zeros((4,) + y.shape, y.dtype)
    dx, dW, db, ddecay, dH = 0 * x, 0 * W, 0 * b, 0 * decay, 0 * y0.T @ y0
    for t in reversed(range(T)):
        s_old, y_old = (s[t - 1], y[t - 1]) if t else (s0, y0)
        dh = output(c)[1](v[t])
        dg = G[c["g"]][1](z[t])
        adj_y[t] = dy[t] + dY
        adj_v[t] = adj_y[t] * dh
        adj_s[t] = adj_v[t] + ds
        adj_z[t] = adj_s[t] * dg
        top = y_old.max(-1, keepdims=True) if c["lateral_inhibition"] else y_old
        gate = 1 - top
        dW = dW + x[t].T @ adj_z[t]
        db = db + adj_v[t].sum(0)
        ddecay = ddecay + (adj_z[t] * s_old * gate).sum(0)
        dH = dH + y_old.T @ adj_z[t]
        dx[t] = adj_z[t] @ W.T
        ds = adj_z[t] * decay * gate
        dY = -adj_z[t] * decay * s_old
        if c["lateral_inhibition"]:
            dY = ties(y_old) * dY.sum(-1, keepdims=True)
        if c["reset_grad"] == "detached":
            dY = 0 * dY
        if H is not None:
            dY = dY + adj_z[t] @ H.T
        if t in borders:
            pass  # the gradient goes back from piece to piece
    return (adj_y, adj_v, adj_s, adj_z), (dx, dW, db, ddecay, dH, ds, dY)


def run(c, a, by_hand):
    x, W, b, decay = (a[name] for name in ("x", "params.W", "params.b", "params.decay"))
    H = a["params.H"] if c["recurrent"] else None
    s0, y0, dy = a["state.s"], a["state.y"], a["dy"]
    ds, dY = a["dend.s"], a["dend.y"]
    borders = np.cumsum(c.get("pieces", [])).tolist()
    X = [Var(x_t) for x_t in x]
    leaves = [p if p is None else Var(p) for p in (W, b, decay, H, s0, y0)]
    trace = forward(X, *leaves, c, borders)
    z, s, v, y = (np.array([step[i].a for step in trace]) for i in range(4))
    if by_hand:
        adj, (dx, dW, db, ddecay, dH, ds, dY) = backward(
            x, W, b, decay, H, s0, y0, c, borders, z, s, v, y, dy, ds, dY)
    else:
        for step, dy_t in zip(trace, dy):
            step[3].d = step[3].d + dy_t
        trace[-1][1].d = trace[-1][1].d + ds
        trace[-1][3].d = trace[-1][3].d + dY
        Var.sweep()
        adj = [np.array([step[i].grad() for step in trace]) for i in (3, 2, 1, 0)]
        dx = np.array([x_t.grad() for x_t in X])
        dW, db, ddecay, dH, ds, dY = (p if p is None else p.grad() for p in leaves)
    return {"z": z, "s": s, "v": v, "y": y, "end.s": s[-1], "end.y": y[-1],
            "adj.y": adj[0], "adj.v": adj[1], "adj.s": adj[2], "adj.z": adj[3],
            "grad.x": dx, "grad.W": dW, "grad.b": db, "grad.decay": ddecay, "grad.H": dH,
            "start.s": ds, "start.y": dY}


UNIT_ENDS = True

# ---- ports --------------------------------------------------------------------------------------
TEXT = re.search(r"UNIT_BEGINS = True\n(.*?)UNIT_ENDS = True", Path(__file__).read_text(), re.S)[1]
RETURNED = {"all": ".*", "s y grads": "[sy]|end.*|grad.*|start.*", "y grads": "y|end.y|grad.*",
            "s y": "[sy]", "y": "y"}
SCOPES = {"every option": lambda c: True,
          "no H, no inhibition": lambda c: not (c["recurrent"] or c["lateral_inhibition"]),
          "spikes alone": lambda c: c["h"] == "step" and not c["lateral_inhibition"],
          "defaults alone": lambda c: (c["g"], c["reset_grad"]) == ("relu", "through") and not (
              c["recurrent"] or c["lateral_inhibition"]) and "tanh" in (c["surrogate"], c["h"])}


class Mistake(NamedTuple):
    """What is wrong, in a sentence; words that a diagnosis must contain; the edits that make it.

    An edit is a pair (right text, wrong text) of the unit above; the right text occurs there once.
    """
    sentence: str
    words: str
    edits: tuple


class Port:
    """The unit with all edits of some mistakes; `run(case)` for the check.

    kind: "single", "several", "odd" (one of the mistakes, odd_..., is in no table) or "right".
    """

    def __init__(self, name, kind, style, returns, scope, mistakes, edits=()):
        self.name, self.kind, self.style = name, kind, style
        self.returns, self.scope = returns, scope
        self.mistakes = mistakes      # {key: Mistake}
        self.edits = edits            # of a right port: other ways to the same numbers
        self._unit = None

    def mended(self, *keys):
        """The same port without some of its mistakes."""
        left = {key: m for key, m in self.mistakes.items() if key not in keys}
        return Port(self.name, self.kind, self.style, self.returns, self.scope, left, self.edits)

    def source(self):
        """The port's own text."""
        text = TEXT
        for right, wrong in [*self.edits, *(e for m in self.mistakes.values() for e in m.edits)]:
            if text.count(right) != 1:
                raise ValueError(f"{self.name}: {right!r} occurs {text.count(right)} times")
            text = text.replace(right, wrong)
        return text

    def run(self, case):
        """The arrays of a case by name."""
        if case.config["unit"] != "snu":
            raise NotImplementedError("only the SNU")
        if not SCOPES[self.scope](case.config):
            raise NotImplementedError(self.scope)
        if self._unit is None:
            self._unit = dict(globals())
            exec(self.source(), self._unit)
        Var.tape.clear()
        arrays = {name: a.copy() for name, a in case.inputs.items()}
        with np.errstate(all="ignore"):
            found = self._unit["run"](case.config, arrays, self.style == "hand")
        Var.tape.clear()
        return {name: np.asarray(found[name], case.dtype) for name in case.outputs
                if re.fullmatch(RETURNED[self.returns], name)}


# ---- sets of ports ------------------------------------------------------------------------------

def also(line, *more):
    """An edit: these lines follow this one, indented like the body of a function."""
    return line, line + "".join(f"    {one}\n" for one in more)


def entered(mistakes, wrong, right):
    """The ports of a set by name. wrong: kind -> lines "NAME STYLE RETURNS: MISTAKE ..."; one
    mistake has the name of its port. right: name -> edits that leave the unit what it is.
    """
    rows = [(kind, *re.fullmatch(r"(\w+) (\w+) ((?:s )?y(?: grads)?)(?:: (.*))?", row).groups())
            for kind, text in wrong.items() for row in text.split("\n")[1:-1]]
    ports = [Port(name, kind, style, returns, "every option",
                  {key: mistakes[key] for key in (keys or name).split()}, ())
             for kind, name, style, returns, keys in rows]
    ports += [Port("right_" + name, "right", name.split("_")[0], "all", "every option", {}, edits)
              for name, edits in right.items()]
    if len({port.name for port in ports}) < len(ports):
        raise ValueError("two ports have one name")
    return SimpleNamespace(**{port.name: port for port in ports})
