"""Wrong ports of the SNU, with one to four mistakes each, and right ones: a test of the diagnosis.

This is a second implementation of the unit, for all its options, written without a look at the
table of mistakes that the diagnosis knows. A port is this unit with a few of its lines edited. The
gradients come in two styles:

    hand       a backward pass for the right equations, along whatever traces the port has made; the
               edits may be in it as well
    derived    gradients of the edited forward pass, by the small reverse-mode `Var` below

`PORTS[name]` is an adapter for `python -m snu_ref check`:

    python -m snu_ref check tests/oracle/blind_ports.py:PORTS.soft_reset

`tests/oracle/run_blind_ports.py` runs them all and counts what the check says of each.
"""
import re
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np


# ---- reverse-mode differentiation -----------------------------------------------------------------

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


# ---- the unit: the text from here to its end is what the edits change -----------------------------
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

# ---- ports ----------------------------------------------------------------------------------------
TEXT = re.search(r"UNIT_BEGINS = True\n(.*?)UNIT_ENDS = True", Path(__file__).read_text(), re.S)[1]
RETURNED = {"all": ".*", "s y grads": "[sy]|end.*|grad.*|start.*", "y grads": "y|end.y|grad.*",
            "s y": "[sy]", "y": "y"}
SCOPES = {"every option": lambda c: True,
          "no H, no inhibition": lambda c: not (c["recurrent"] or c["lateral_inhibition"]),
          "spikes alone": lambda c: c["h"] == "step" and not c["lateral_inhibition"],
          "defaults alone": lambda c: (c["g"], c["reset_grad"]) == ("relu", "through") and not (
              c["recurrent"] or c["lateral_inhibition"]) and "tanh" in (c["surrogate"], c["h"])}


class Mistake(NamedTuple):
    """What is wrong, in a sentence; words that its naming has to hold; and the edits that make it.

    An edit is a pair (right text, wrong text) of the unit above; the right text stands there once.
    """
    sentence: str
    words: str
    edits: tuple


class Port:
    """The unit with all edits of some mistakes; `run(case)` for the check.

    kind: "single", "several", "odd" (one of the mistakes, odd_..., stands in no table) or "right".
    """

    def __init__(self, name, kind, style, returns, scope, mistakes, edits=()):
        self.name, self.kind, self.style, self.returns, self.scope = name, kind, style, returns, scope
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
                raise ValueError(f"{self.name}: {right!r} stands {text.count(right)} times")
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


MISTAKES = {}
PORTS = SimpleNamespace()


def mistake(key, sentence, words, *edits):
    """Enter a mistake."""
    if key in MISTAKES:
        raise ValueError(f"{key}: there are two")
    MISTAKES[key] = Mistake(sentence, words, edits)


def port(name, kind, style, returns, *keys, scope="every option", edits=()):
    """Enter a port."""
    if hasattr(PORTS, name):
        raise ValueError(f"{name}: there are two")
    mistakes = {key: MISTAKES[key] for key in keys}
    setattr(PORTS, name, Port(name, kind, style, returns, scope, mistakes, edits))


def before(anchor, *lines):
    """The edit that puts lines before the one that begins with `anchor`."""
    indent = re.search(r"^( *)" + re.escape(anchor), TEXT, re.M)[1]
    return anchor, "".join(line + "\n" + indent for line in lines) + anchor


def after(anchor, *lines):
    """The edit that puts lines after `anchor`, a whole one."""
    indent = re.search(r"^( *)" + re.escape(anchor) + "$", TEXT, re.M)[1]
    return anchor, anchor + "".join("\n" + indent + line for line in lines)


# ---- mistakes of the forward pass -----------------------------------------------------------------
# A port by hand has the right backward pass behind these; a derived one differentiates them.
START, LOOP = "trace = []", "for t, x_t in enumerate(x):"
STATE, OUT, KEPT = 's = curve(z, *G[c["g"]])', "y = curve(v, *output(c))", "decay * s * gate"
SEEN = 'seen = detach(y) if c["reset_grad"] == "detached" else y'
TOP = 'top = amax(seen) if c["lateral_inhibition"] else seen'
BORDER = "pass  # the state goes on from piece to piece"

mistake("no_reset", "The state is never reset: the gate is missing.",
        r"no reset|never reset|without (the )?(reset|gate)|(reset|gate)[^.]*(missing|left out|dropped|"
        r"not applied|absent)|\+ decay[ .*]+s_?\{?(t-1|old)?\}?$", (KEPT, "decay * s"))
mistake("soft_reset", "The reset subtracts the threshold from the kept state, instead of a gate.",
        r"subtract|soft reset|minus the threshold|threshold[^.]*taken off|\+ b[ .*]+y|y[^ ]*[ .*]+b\b|"
        r"- threshold", (KEPT, "decay * s + top * b"))
mistake("soft_reset_decayed", "The reset subtracts the threshold from the state before the decay.",
        r"subtract|soft reset|minus the threshold|\(s[^ ]* \+ b[ .*]+y|s[^ ]* [+-] (y[^ ]*|thr)",
        (KEPT, "decay * (s + top * b)"))
mistake("soft_reset_by_one", "The reset subtracts 1, instead of a gate.",
        r"subtract|soft reset|minus (1|one|y)\b|s[^ ]* - y", (KEPT, "decay * s - top"))
mistake("early_reset", "The state is reset within the step of its spike, and kept and returned so.",
        r"(same|own|its|within the|in the) step|after the spike|at once|already reset|s_t[ .*]+\(1 - y_t|"
        r"s \* \(1 - y\)|returned state[^.]*reset|reset[^.]*returned",
        (KEPT, "decay * s"),
        before("trace.append((z, s, v, y))", SEEN, TOP,
               "s = s * (1 - top)"))
mistake("reset_of_all", "The gate multiplies the input current too.",
        r"(gate|reset)[^.]*(input|drive|current|x_?t? ?W|whole|all of z|everything)|"
        r"(input|drive|current|x_?t? ?W)[^.]*(gate|reset)|\)[ .*]+(gate|\(1 - y)",
        ("z = drive + kept", "z = (drive + decay * s) * gate"))
mistake("late_reset", "The gate looks at the output of two steps before.",
        r"two steps|t ?- ?2|one step (too )?late|(reset|gate)[^.]*(late|delay|step before)|delay",
        before(LOOP, "older = y"), (SEEN, "older, seen = y, older\n        "
                                    + SEEN.replace("(y)", "(seen)")[:-1] + "seen"))
mistake("bias_in_state", "The bias is added inside g, so that the state holds it.",
        r"(b|bias)\b[^.]*(inside|into the state|in the state|in z|before g|integrat)|\+ b\b[^.]*\)|"
        r"z[^.]*\+ b\b", ("z = drive + kept", "z = drive + kept + b"), ("v = s + b", "v = s + 0 * b"))
mistake("at_threshold", "A unit fires at its threshold already.",
        r">=|reaches|at (the|its) threshold|v = 0|step\(0\)", ("1.0 * (v > 0)", "1.0 * (v >= 0)"))
mistake("fixed_threshold", "The threshold is always 1; the bias is not read.",
        r"s[^ ]* - 1\b|threshold[^.]*(1\b|one\b|fixed|constant)|\bb\b[^.]*(ignored|-1|left out|not (used|"
        r"read)|constant)", ("v = s + b", "v = s + (0 * b - 1)"))
mistake("minus_bias", "The bias is subtracted.", r"s[^ ]* - b\b|sign of (b|the bias)|-b\b|subtract",
        ("v = s + b", "v = s - b"))
mistake("one_minus_decay", "1 - decay stands where decay should.", r"1 - decay",
        before(START, "decay = 1 - decay"))
mistake("decayed_input", "The input current is decayed as the state is.",
        r"decay[^.]*(input|drive|current|x_?t? ?W)|(input|drive|current|x_?t? ?W)[^.]*decay|"
        r"decay[ .*]+(gate[ .*]+)?\(", ("z = drive + kept", "z = decay * drive + kept"))
mistake("averaged_input", "The input current is multiplied by 1 - decay.", r"\(?1 - decay",
        ("z = drive + kept", "z = (1 - decay) * drive + kept"))
mistake("decay_through_sigmoid", "The decay passes through a sigmoid, as if it were a logit.",
        r"sigmoid|logit|\bexp\b", before(START, "decay = curve(decay, sigmoid, sigmoid_slope)"))
mistake("decay_0_9", "The decay is always 0.9.", r"0\.9\b", before(START, "decay = 0 * decay + 0.9"))
mistake("decay_of_mean", "All units share the mean decay.", r"mean|average|share|same (decay|for all)",
        before(START, "decay = total(decay) * (1 / decay.a.size)"))
mistake("decay_exponential", "exp(-(1 - decay)) stands where decay should.", r"\bexp",
        before(START, "decay = curve(decay, lambda a: np.exp(a - 1), lambda a: np.exp(a - 1))"))
mistake("decay_squared", "The decay is applied twice.", r"decay[^.]*(twice|squared|\^2|\*\* ?2)|twice",
        (KEPT, "decay * decay * s * gate"))
mistake("no_decay", "The state does not decay.",
        r"decay[^.]*(missing|left out|ignored|1\b|not applied|dropped)|(no|without) decay",
        (KEPT, "(0 * decay + 1) * s * gate"))
mistake("recurrence_gated", "The reset gates the recurrent current.",
        r"(\bH\b|recurren)[^.]*(gate|reset)|(gate|reset)[^.]*(\bH\b|recurren)",
        ("z + y @ H", "z + (y @ H) * gate"))
mistake("recurrence_after_g", "The recurrent current is added after g.",
        r"(\bH\b|recurren)[^.]*(outside|after|beyond)|g\([^)]*\) \+ y[^ ]* \*? ?@? ?H",
        ("z = z + y @ H", "pass"), after(STATE, "s = s if H is None else s + y @ H"))
mistake("no_recurrence", "The recurrent current is missing.",
        r"(\bH\b|recurren)[^.]*(missing|left out|ignored|dropped|not (used|added))|(no|without)[^.]*"
        r"(\bH\b|recurren)", ("z = z + y @ H", "pass"))
mistake("H_transposed", "H is transposed.", r"H'|H\.T|H[^.]*transpos|transpos[^.]*H",
        ("z + y @ H", "z + y @ H.T"))
mistake("no_self_connection", "The diagonal of H is not used.", r"diagonal|itself|self",
        ("z + y @ H", "z + y @ (H * (1 - np.eye(H.a.shape[0])))"))
mistake("recurrent_state", "H is fed with the state instead of the output.",
        r"s[^ ]* ?[*@]? ?H|(state|\bs_?\{?t?-?1?\}?)[^.]*\bH\b", ("z + y @ H", "z + s @ H"))
mistake("late_recurrence", "H is fed with the output of two steps before.",
        r"two steps|t ?- ?2|late|delay", before(LOOP, "earlier = y"),
        ("z = z + y @ H", "z, earlier = z + earlier @ H, y"))
mistake("W_in_other_order", "W and its gradient are read and written in column order.",
        r"transpos|order|layout|reshap|column|axes",
        before("X = [Var", "W = W.reshape(W.shape[::-1]).T"),
        ('"grad.W": dW', '"grad.W": dW.T.reshape(dW.shape)'))
mistake("no_g", "g is not applied.",
        r"identity|s[^ ]* = z|(no|without) (g|relu|activation)\b|\bg\b[^.]*(missing|left out|not applied|"
        r"dropped)", (STATE, 's = curve(z, *G["identity"])'))
mistake("relu_always", "g is relu, whatever is asked for.", r"relu", (STATE, 's = curve(z, *G["relu"])'))
mistake("leak_0_01", "The slope of leaky_relu below 0 is 0.01.", r"0\.01",
        ("0.1 * z", "0.01 * z"), ("1.0, 0.1)", "1.0, 0.01)"))
mistake("leak_0_2", "The slope of leaky_relu below 0 is 0.2.", r"0\.2\b",
        ("0.1 * z", "0.2 * z"), ("1.0, 0.1)", "1.0, 0.2)"))
mistake("g_of_kept", "g is applied to the kept part of the state alone.",
        r"\bg\(decay|\bg\b[^.]*(alone|only)|g of the (kept|decayed)",
        (STATE, 's = z - kept + curve(kept, *G[c["g"]])'))
mistake("g_of_input", "g is applied to the input current alone.",
        r"\bg\(x[^+]*\)|\bg\b[^.]*(alone|only)|g of the (input|drive|current)",
        (STATE, 's = z - drive + curve(drive, *G[c["g"]])'))
mistake("g_for_output", "g is applied on the way to the output alone; the state is kept without it.",
        r"\bg\b[^.]*(output|\bv\b|y_t|h\()|h\(g|v[^ ]* = g|s[^ ]* = z",
        (STATE, 's = curve(z, *G["identity"])'), ("v = s + b", 'v = curve(z, *G[c["g"]]) + b'))
mistake("state_clamped", "The state is clamped to at most 1.", r"clamp|clip|\bmin\b|at most|limit|bound",
        after(STATE, "s = curve(s, lambda a: np.minimum(a, 1), lambda a: 1.0 * (a <= 1))"))
mistake("steep_sigmoid", "The sigmoid is four times as steep.", r"\b4\b|steep|sigmoid\(\w+ ?[.*]",
        ("0.5 * np.tanh(0.5 * v)", "0.5 * np.tanh(2 * v)"),
        ("return sigmoid(v) *", "return 4 * sigmoid(v) *"))
mistake("hard_sigmoid", "The sigmoid is a straight line, 0.2 v + 0.5, within 0 and 1.",
        r"hard|0\.2|piecewise|straight",
        ("return 0.5 + 0.5 * np.tanh(0.5 * v)", "return np.clip(0.2 * v + 0.5, 0, 1)"),
        ("sigmoid(v) * (1 - sigmoid(v))", "0.2 * (abs(v) < 2.5)"))
mistake("graded_spike", "The output is multiplied by the state.",
        r"y[^.]*(\* ?s\b|times s|multipl|graded)|s[^ ]*[ .*]+h\(|h\([^)]*\)[ .*]+s|step[^.]*s_t",
        after(OUT, "y = y * s"))
mistake("hard_output", "The soft unit gives spikes, with the slope of the sigmoid.",
        r"step|spikes?|hard|heaviside", ("(sigmoid, sigmoid_slope)", "(spike, sigmoid_slope)"))
mistake("no_inhibition", "Each unit resets itself alone, with inhibition too.",
        r"inhibition[^.]*(missing|ignored|off\b|not|without)|own (gate|reset|output)|(no|without)[^.]*"
        r"inhibition|1 - y", (TOP, "top = seen"))
mistake("inhibition_over_all", "The maximum of the inhibition is over the whole batch.",
        r"batch|samples", ("amax(seen)", "amax(seen, lambda y: (y == y.max()) / (y == y.max()).sum(), None)"))
mistake("inhibition_over_samples", "The maximum of the inhibition is over the samples, unit by unit.",
        r"batch|samples|wrong axis|axis 0",
        ("amax(seen)", "amax(seen, lambda y: (y == y.max(0)) / (y == y.max(0)).sum(0), 0)"))
mistake("inhibition_sum", "Inhibition sums the outputs, instead of their maximum.", r"\bsum",
        ("amax(seen)", "total(seen)"))
mistake("inhibition_mean", "Inhibition takes the mean of the outputs, instead of their maximum.",
        r"mean|average", ("amax(seen)", "total(seen) * (1 / seen.a.shape[-1])"))
mistake("start_ignored", "The run begins with zeros, not with the state that is passed in.",
        r"(initial|start|first|passed)[^.]*(state|s_0|s, y)?[^.]*(ignor|not used|zero|0\b|dropped|left out)|"
        r"(zero|0)[^.]*(initial|start)", before(LOOP, "s, y = 0 * s, 0 * y"))
mistake("start_y_ignored", "The run begins with y = 0, not with the output that is passed in.",
        r"(initial|start|first|passed)[^.]*(y|output)[^.]*(ignor|not used|zero|0\b|dropped|left out)|y_0|"
        r"y\[0\]|start\.y|state\.y", before(LOOP, "y = 0 * y"))
mistake("start_s_ignored", "The run begins with s = 0, not with the state that is passed in.",
        r"(initial|start|first|passed)[^.]*(\bs\b|state)[^.]*(ignor|not used|zero|0\b|dropped|left out)|s_0|"
        r"s\[0\]|start\.s|state\.s", before(LOOP, "s = 0 * s"))
mistake("pieces_from_zero", "Each piece of a sequence begins with zeros.", r"piece|border|chunk",
        (BORDER, "s, y = 0 * s, 0 * y"))
mistake("state_kept", "The state of the last run is the start of the next.",
        r"repeat|other numbers|(kept|keeps|left)[^.]*(run|call|case)|between (runs|calls|cases)",
        before("def forward(", "KEPT = {}", "", ""),
        before(LOOP, "s = Var(KEPT.get(s.a.shape, s.a))"),
        before("return trace", "KEPT[s.a.shape] = s.a"))
mistake("dropout", "Dropout of the input is left on.", r"repeat|other numbers|random|draws|dropout",
        ("x_t @ W", "(x_t * ((RNG.random(x_t.a.shape) > 0.1) / 0.9)) @ W"),
        before("def forward(", "RNG = np.random.default_rng(1)", "", ""))
mistake("batch_first", "x is read, and its gradient written, as (B, T, n_in).",
        r"batch|\(B, T|axes|exchang|swap|layout|order", before(
            "X = [Var", "x = x.reshape(x.shape[1], x.shape[0], -1).swapaxes(0, 1)"),
        ('"grad.x": dx', '"grad.x": dx.swapaxes(0, 1).reshape(dx.shape)'))
mistake("time_reversed", "The input is run through from its last step to its first.",
        r"revers|last[^.]*first|backwards in time|from the end|\[::-1\]", before("X = [Var", "x = x[::-1]"),
        ('"grad.x": dx', '"grad.x": dx[::-1]'))
mistake("y_a_step_late", "The output that is returned is that of the step before.",
        r"(\by\b|output)[^.]*(before|earlier|previous|shift|late|t ?- ?1|delay|wrong step)",
        ('"y": y,', '"y": np.concatenate([y0[None], y[:-1]]),'))
mistake("x_a_step_late", "The input is read a step late.",
        r"(\bx\b|x_|input)[^.]*(before|earlier|previous|shift|late|t ?- ?1|delay|wrong step)",
        before("X = [Var", "x = np.concatenate([0 * x[:1], x[:-1]])"),
        ('"grad.x": dx', '"grad.x": np.concatenate([dx[1:], 0 * dx[:1]])'))
mistake("fires_from_old_state", "The output is made of the state of the step before.",
        r"s_\{?t ?- ?1|(state|\bs\b)[^.]*(before|previous|earlier|old)|late",
        before(STATE, "old = s"), ("v = s + b", "v = old + b"))
mistake("state_in_float16", "The state is stored in float16.", r"float16|half|11 bits",
        after(STATE, "s = rounded(s, half)"))
mistake("state_in_bfloat16", "The state is stored in bfloat16.", r"bfloat16|8 bits",
        after(STATE, "s = rounded(s, bfloat16)"))
mistake("kept_in_float32", "The kept part of the state is computed in float32.", r"float32|single|24 bits",
        (KEPT, "rounded(rounded(decay, single) * s * gate, single)"))
mistake("all_in_float32", "Everything is computed in float32.", r"float32|single|24 bits",
        before("x, W, b, decay = (a[", "a = {k: p.astype(np.float32) for k, p in a.items()}"))
mistake("drive_in_bfloat16", "The input current is rounded to bfloat16.", r"bfloat16|8 bits",
        ("x_t @ W", "rounded(x_t @ W, bfloat16)"))

# ---- mistakes of the backward pass ----------------------------------------------------------------
# Those with edits in both `forward` and `backward` are for either style; the others say "hand".
SURROGATE = 'PSI[c["surrogate"]])'
DETACHED = 'if c["reset_grad"] == "detached":\n            dY = 0 * dY'
BACK_H = "dY = dY + adj_z[t] @ H.T"
BACK_BORDER = "pass  # the gradient goes back from piece to piece"
H_SLOPE = r"(surrogate|pseudo|psi|slope|derivative|h'|dh)[^.]*"

mistake("no_surrogate", "The step passes no gradient: its slope is 0.",
        H_SLOPE + r"(\b0\b|zero|missing|flat|left out)|no (surrogate|gradient)", (SURROGATE, "lambda v: 0 * v)"))
mistake("straight_through", "The slope of the step is 1.", H_SLOPE + r"(\b1\b|one)|straight",
        (SURROGATE, "lambda v: 1 + 0 * v)"))
mistake("tanh_always", "The surrogate is that of tanh, whatever is asked for.", r"tanh",
        (SURROGATE, 'PSI["tanh"])'))
mistake("triangle_always", "The surrogate is the triangle, whatever is asked for.", r"triangle|1 - (\||abs)",
        (SURROGATE, 'PSI["triangle"])'))
mistake("sharp_fast_sigmoid", "The fast sigmoid has a slope of 25.", r"\b25\b",
        ("1 / (1 + abs(v)) ** 2", "1 / (1 + 25 * abs(v)) ** 2"))
mistake("fast_sigmoid_unsquared", "The fast sigmoid's derivative lacks its square.",
        r"square|\*\* ?1|\^1|1 \+ (\|v\||abs\(v\))\)?$|not squared", ("(1 + abs(v)) ** 2", "(1 + abs(v))"))
mistake("arctan_without_pi", "The arctan surrogate lacks its pi.", r"\bpi\b|v\^2|v \*\* 2|width|wide|3\.14",
        ("(np.pi * v) ** 2", "v ** 2"))
mistake("arctan_alpha_1", "The arctan surrogate is half as high and twice as wide.",
        r"pi ?/ ?2|0\.5|half|alpha|1\.57", ("1 / (1 + (np.pi * v) ** 2)", "0.5 / (1 + (np.pi / 2 * v) ** 2)"))
mistake("triangle_damped", "The triangle is multiplied by 0.3.", r"0\.3\b",
        ("np.maximum(1 - abs(v), 0)", "0.3 * np.maximum(1 - abs(v), 0)"))
mistake("narrow_triangle", "The triangle is half as wide.", r"\b2\b|0\.5|half|narrow|width",
        ("np.maximum(1 - abs(v), 0)", "np.maximum(1 - 2 * abs(v), 0)"))
mistake("wide_boxcar", "The boxcar is twice as wide and half as high.", r"0\.5|half|wide|width|< 1",
        ("1.0 * (abs(v) < 0.5)", "0.5 * (abs(v) < 1)"))
mistake("tanh_unsquared", "The slope of the tanh surrogate lacks its square.",
        r"square|1 - tanh\(v\)(?!\^| ?\*\*)", ("1 - np.tanh(v) ** 2", "1 - np.tanh(v)"))
mistake("surrogate_of_s", "The slope of h is taken at s, not at s + b (hand).",
        r"(at|of) s\b|'\(s|without b|threshold", ("[1](v[t])", "[1](s[t])"))
mistake("soft_by_surrogate", "The soft unit has the slope of the tanh surrogate.",
        r"tanh|surrogate", ("(sigmoid, sigmoid_slope)", '(sigmoid, PSI["tanh"])'))
mistake("sigmoid_of_y", "The slope of the sigmoid is taken at its own value.",
        r"(at|of) y\b|sigmoid\(y|twice|sigmoid\(sigmoid", ("    return sigmoid(v) * (1 - sigmoid(v))",
                                                         "    v = sigmoid(v)\n"
                                                         "    return sigmoid(v) * (1 - sigmoid(v))"))
mistake("sigmoid_slope_short", "The slope of the sigmoid lacks its factor 1 - y.",
        r"1 - y|y \(1|sigmoid'|slope|factor", ("sigmoid(v) * (1 - sigmoid(v))", "sigmoid(v)"))
mistake("reset_constant", "The gradient never flows through the reset gate.",
        r"detach|constant|(reset|gate)[^.]*gradient|gradient[^.]*(reset|gate)|stop",
        (SEEN, "seen = detach(y)"), (DETACHED, "dY = 0 * dY"))
mistake("reset_never_constant", "The gradient flows through the gate where it is to be detached.",
        r"detach|through|constant|(reset|gate)[^.]*gradient|gradient[^.]*(reset|gate)",
        (SEEN, "seen = y"), (DETACHED, "pass"))
mistake("recurrence_constant", "No gradient flows back through H.",
        r"(\bH\b|recurren)[^.]*(detach|gradient|constant|missing|left out|stop)|(detach|gradient|stop)[^.]*"
        r"(\bH\b|recurren)", ("z + y @ H", "z + detach(y) @ H"), (BACK_H, "pass"))
mistake("recurrence_constant_if_detached", "With a detached reset, no gradient flows through H either.",
        r"(\bH\b|recurren)[^.]*(detach|gradient|constant|missing)|(detach|gradient)[^.]*(\bH\b|recurren)",
        ("z + y @ H", "z + seen @ H"), (BACK_H, BACK_H + ' * (c["reset_grad"] == "through")'))
mistake("state_constant", "No gradient flows back through the kept state.",
        r"(\bs_?|state|kept|time)[^.]*(detach|constant|gradient|cut|stop|truncat)|(detach|gradient)[^.]*"
        r"(\bs\b|state)|truncat", (KEPT, "decay * detach(s) * gate"),
        ("ds = adj_z[t] * decay * gate", "ds = 0 * ds"))
mistake("relu_slope_at_0", "The slope of relu at 0 is 1.", r">= ?0|at (z = )?0|at zero|kink|right slope",
        ("1.0 * (z > 0)", "1.0 * (z >= 0)"))
mistake("leaky_slope_at_0", "The slope of leaky_relu at 0 is 1.",
        r">= ?0|at (z = )?0|at zero|kink|right slope", ("np.where(z > 0, 1", "np.where(z >= 0, 1"))
mistake("g_straight_through", "The slope of g is left out (hand).",
        r"g'|slope of g|derivative of g|\bdg\b", ("adj_s[t] * dg", "adj_s[t]"))
mistake("leaky_slope_of_relu", "Below 0 leaky_relu passes no gradient.",
        r"leaky|leak|below 0|slope|relu", ("np.where(z > 0, 1.0, 0.1)", "np.where(z > 0, 1.0, 0.0)"))
mistake("tanh_slope_of_z", "The slope of tanh is 1 - z^2, not 1 - s^2.", r"1 - z|z\^2|z \*\* 2|of z\b|at z",
        ("1 - np.tanh(z) ** 2", "1 - z ** 2"))
mistake("reset_sign", "The gradient through the gate has the wrong sign (hand).", r"sign|\+",
        ("dY = -adj_z[t]", "dY = adj_z[t]"))
mistake("reset_without_decay", "The gradient through the gate lacks decay (hand).",
        r"decay", ("-adj_z[t] * decay * s_old", "-adj_z[t] * s_old"))
mistake("reset_of_new_s", "The gradient through the gate has s_t for s_{t-1} (hand).",
        r"s_\{?t\}?\b|s\[t\]|\bs\b[^.]*(step|after|new|wrong|same)", ("* decay * s_old", "* decay * s[t]"))
mistake("kept_without_gate", "The gradient of the kept state lacks the gate (hand).",
        r"gate|1 - y|reset", ("ds = adj_z[t] * decay * gate", "ds = adj_z[t] * decay"))
mistake("kept_without_decay", "The gradient of the kept state lacks decay (hand).", r"decay",
        ("ds = adj_z[t] * decay", "ds = adj_z[t]"))
mistake("kept_by_new_gate", "The gradient of the kept state has y_t for y_{t-1} in the gate (hand).",
        r"y_\{?t\}?\b|y\[t\]|gate[^.]*(step|after|new|wrong|same)", (
            "ds = adj_z[t] * decay * gate", "ds = adj_z[t] * decay * (1 - (y[t].max(-1, keepdims=True) "
            'if c["lateral_inhibition"] else y[t]))'))
mistake("ddecay_without_gate", "The gradient of decay lacks the gate (hand).", r"gate|1 - y|reset",
        ("s_old * gate).sum", "s_old).sum"))
mistake("ddecay_of_new_s", "The gradient of decay has s_t for s_{t-1} (hand).",
        r"s_\{?t\}?\b|s\[t\]|\bs\b[^.]*(step|after|new|wrong|same)",
        ("(adj_z[t] * s_old * gate)", "(adj_z[t] * s[t] * gate)"))
mistake("dW_mean", "The gradient of W is the mean over the samples, not the sum.",
        r"mean|average|batch|\bB\b|divid", ('"grad.W": dW', '"grad.W": dW / x.shape[1]'))
mistake("loss_mean", "All cotangents are divided by the number of samples.",
        r"mean|average|batch|\bB\b|divid", ('a["dy"]', 'a["dy"] / x.shape[1]'),
        ('a["dend.s"], a["dend.y"]', 'a["dend.s"] / x.shape[1], a["dend.y"] / x.shape[1]'))
mistake("dy_over_T", "dy is divided by the number of steps.",
        r"mean|average|\bT\b|divid|number of steps", ('a["dy"]', 'a["dy"] / len(x)'))
mistake("grads_over_T", "The gradients of the parameters are means over time, not sums.",
        r"mean|average|\bT\b|divid|number of steps",
        ('return {"z"', 'dW, db, ddecay = dW / len(x), db / len(x), ddecay / len(x)\n    return {"z"'))
mistake("db_of_z", "The gradient of b sums dL/dz, not dL/dv (hand).", r"\b(adj[._])?d?z\b",
        ("db + adj_v[t]", "db + adj_z[t]"))
mistake("db_of_s", "The gradient of b sums dL/ds, not dL/dv (hand).", r"\b(adj[._])?d?s\b",
        ("db + adj_v[t]", "db + adj_s[t]"))
mistake("db_sign", "The gradient of b has the wrong sign.", r"sign|-",
        ('"grad.b": db', '"grad.b": -db'))
mistake("db_of_one_step", "The gradient of b is that of the first step, not a sum over time (hand).",
        r"(first|one|single|last) step|overwrit|sum|over time", ("db = db + adj_v", "db = adj_v"))
mistake("dW_of_one_step", "The gradient of W is that of the first step, not a sum over time (hand).",
        r"(first|one|single|last) step|overwrit|sum|over time", ("dW = dW + x", "dW = x"))
mistake("end_s_missing", "The cotangent of the final s is left out.",
        r"(final|end|last)[^.]*(missing|left out|ignored|not|zero|0\b|dropped)|dend",
        ('= a["dend.s"]', '= 0 * a["dend.s"]'))
mistake("end_y_missing", "The cotangent of the final y is left out.",
        r"(final|end|last)[^.]*(missing|left out|ignored|not|zero|0\b|dropped)|dend",
        (', a["dend.y"]', ', 0 * a["dend.y"]'))
mistake("dH_of_new_y", "The gradient of H has y_t for y_{t-1} (hand).",
        r"y_\{?t\}?\b|y\[t\]|\by\b[^.]*(step|after|new|wrong|same)", ("y_old.T @ adj", "y[t].T @ adj"))
mistake("dH_transposed", "The gradient of H is transposed.", r"transpos|H'|\.T\b",
        ('"grad.H": dH', '"grad.H": np.transpose(dH)'))
mistake("dH_without_start", "The gradient of H lacks the first step (hand).",
        r"first step|initial|start|y_0|t ?= ?1", ("dH + y_old", "dH + bool(t) * y_old"))
mistake("back_through_H", "The gradient goes back through H, not through its transpose (hand).",
        r"transpos|H'|\.T\b|@ H\b", (BACK_H, BACK_H[:-2]))
mistake("start_gradient_zero", "The gradient of the initial state is 0.", r"start|initial",
        ('"start.s": ds, "start.y": dY', '"start.s": 0 * s0, "start.y": 0 * y0'))
mistake("start_gradient_short", "The gradient of the initial s is dL/dz of the first step.",
        r"start|initial", ('"start.s": ds', '"start.s": adj[3][0]'))
mistake("dy_a_step_off", "dy is read a step late (hand).", r"\bdy\b[^.]*(step|shift|late|before|t ?- ?1)|"
        r"cotangent[^.]*(step|shift)", ("= dy[t] + dY", "= dy[t - 1] + dY"))
mistake("dz_clipped", "dL/dz is clipped to 1 in size.", r"clip|clamp|limit|at most",
        ("adj_s[t] * dg", "np.clip(adj_s[t] * dg, -1, 1)"),
        before(STATE, "z = backwards(z, lambda d: np.clip(d, -1, 1))"))
mistake("truncated", "The gradient is cut after every third step.",
        r"truncat|cut|every|detach|\b3\b", before("if t in borders:\n            pass  # the state",
                                                "s, y = (detach(s), detach(y)) if t % 3 == 0 else (s, y)"),
        before("if t in borders:\n            pass  # the gradient", "ds, dY = ds * (t % 3 > 0), dY * (t % 3 > 0)"))
mistake("pieces_cut", "The gradient does not go back from piece to piece.", r"piece|border|chunk",
        (BORDER, "s, y = detach(s), detach(y)"), (BACK_BORDER, "ds, dY = 0 * ds, 0 * dY"))
mistake("dx_of_s", "The gradient of x is made of dL/ds, not of dL/dz (hand).", r"\b(adj[._])?d?s\b|g'",
        ("dx[t] = adj_z[t]", "dx[t] = adj_s[t]"))
mistake("back_past_h", "What comes from the step after is not multiplied by the slope of h (hand).",
        H_SLOPE + "|h'|surrogate", ("= adj_y[t] * dh", "= dy[t] * dh + dY"))
mistake("back_in_wrong_order", "The backward pass runs from the first step to the last (hand).",
        r"order|revers|first[^.]*last|forwards? in time", ("reversed(range(T))", "range(T)"))
mistake("ties_first", "Of units that tie for the maximum the first gets all the gradient.",
        r"\btie|first|argmax|share|one of", ("amax(seen)", "amax(seen, first)"), ("ties(y_old)", "first(y_old)"))
mistake("ties_whole", "Each of k units that tie for the maximum gets the whole gradient.",
        r"\btie|share|1/k|whole|each", ("amax(seen)", "amax(seen, lambda y: 1.0 * (ties(y) > 0))"),
        ("ties(y_old)", "(ties(y_old) > 0)"))
mistake("inhibition_constant", "The maximum of the inhibition is a constant backwards.",
        r"detach|constant|no gradient|inhibition[^.]*gradient|gradient[^.]*inhibition",
        after(SEEN, 'seen = detach(seen) if c["lateral_inhibition"] else seen'),
        ("dY = ties(y_old) *", "dY = 0 *"))
mistake("inhibition_backward_own", "Backwards, each unit has its own reset, in spite of inhibition (hand).",
        r"inhibition|own|max|tie", ("dY = ties(y_old) * dY.sum(-1, keepdims=True)", "pass"))
mistake("inhibition_spread", "The gradient of the maximum is spread over all units (hand).",
        r"1/n|all units|spread|mean|even|share|tie", ("ties(y_old) *", "1 / b.size *"))

# ---- differences that no table would have ---------------------------------------------------------
mistake("odd_ripple", "s has 0.01 sin(7 s) added to it.", r"sin", after(
    STATE, "s = s + curve(s, lambda a: 0.01 * np.sin(7 * a), lambda a: 0.07 * np.cos(7 * a))"))
mistake("odd_third_input", "Every third input is weaker by a tenth.", r"third",
        ("x_t @ W", "x_t * (0.9 if t % 3 == 1 else 1) @ W"))
mistake("odd_unit_0", "The first unit has a threshold higher by 0.07.", r"first unit|unit 0",
        ("v = s + b", "v = s + b - 0.07 * (np.arange(b.a.size) == 0)"))
mistake("odd_fixed_point", "s is rounded to multiples of 1/37.", r"1/37|multiple|fixed",
        after(STATE, "s = rounded(s, lambda a: np.round(37 * a) / 37)"))
mistake("odd_pair", "Each unit's current leaks a thirteenth into the next unit's.", r"next|neighbour",
        ("x_t @ W", "x_t @ (W + (1 / 13) * (W @ np.roll(np.eye(W.a.shape[1]), 1, 1)))"))
mistake("odd_corner", "The first weight counts 1.3 times.", r"1\.3|first weight",
        before(START, "W = W * (1 + 0.3 * (np.arange(W.a.size) == 0).reshape(W.a.shape))"))
mistake("odd_adapting", "The threshold rises by 0.11 for each spike so far.", r"adapt|0\.11",
        before(LOOP, "spikes = 0 * y"), ("v = s + b", "v = s + b - 0.11 * spikes"),
        after(OUT, "spikes = spikes + detach(y)"))
mistake("odd_ageing", "The decay falls by a hundredth in every step.", r"hundredth|0\.99",
        (KEPT, "0.99 ** t * " + KEPT))
mistake("odd_squeezed_input", "The input is x - 0.05 x^3.", r"x\^3|cube",
        before("X = [Var", "x = x - 0.05 * x ** 3"))
mistake("odd_soft_gate", "The gate lets 6 % of the square of the state through.", r"6 %|0\.06",
        (KEPT, KEPT + " + 0.06 * s * s * (1 - gate)"))
mistake("odd_dW", "The gradient of W is bent: dW + 0.1 cos(dW).", r"cos",
        ('"grad.W": dW', '"grad.W": dW + 0.1 * np.cos(dW)'))
mistake("odd_smoothed", "dL/dz is 0.9 of itself and 0.1 of its mean over the units.", r"mean over|0\.9",
        before(STATE, "z = backwards(z, lambda d: 0.9 * d + 0.1 * d.mean(-1, keepdims=True))"),
        ("adj_s[t] * dg", "0.9 * adj_s[t] * dg + 0.1 * (adj_s[t] * dg).mean(-1, keepdims=True)"))
mistake("odd_cross", "The current has a product of this input and the last in it.", r"product",
        before(LOOP, "last = 0 * x[0]"), ("x_t @ W", "(x_t + 0.08 * x_t * last) @ W"),
        after("z = drive + kept", "last = x_t"))
mistake("odd_noise", "A fixed pattern of small numbers is added to z.", r"pattern|noise",
        ("z = drive + kept", "z = drive + kept + 0.02 * np.cos(11.0 * np.arange(b.a.size) + t)"))
mistake("odd_surrogate", "The slope of h is 0.8 of itself and 0.2 of itself at v + 0.3.", r"0\.3",
        ("(spike, " + SURROGATE, '(spike, lambda v, p=PSI[c["surrogate"]]: 0.8 * p(v) + 0.2 * p(v + 0.3))'))

# ---- the ports ------------------------------------------------------------------------------------
# name, style, what it returns, and the mistakes where the name is not one itself; scope in brackets
SINGLE = """
no_reset hand all
soft_reset derived s y grads
soft_reset_decayed derived y grads
soft_reset_by_one hand s y grads [spikes alone]
early_reset derived s y grads
reset_of_all derived all
late_reset hand s y grads
bias_in_state derived s y grads [no H, no inhibition]
at_threshold derived all
fixed_threshold derived y grads
minus_bias hand s y grads [defaults alone]
one_minus_decay derived s y grads
decayed_input hand s y grads
averaged_input derived s y grads [defaults alone]
decay_through_sigmoid derived s y grads
decay_0_9 hand y grads
decay_of_mean derived all
recurrence_gated derived s y grads
recurrence_after_g derived s y grads
no_self_connection hand s y grads
H_transposed derived y grads
late_recurrence derived all
W_in_other_order derived s y grads
no_g derived y grads [defaults alone]
leak_0_01 hand all
g_of_kept derived s y grads
g_for_output derived s y grads
state_clamped derived s y grads
hard_sigmoid derived all
graded_spike derived s y grads
inhibition_over_all derived s y grads
inhibition_mean hand y grads
start_y_ignored derived s y grads
pieces_from_zero derived s y grads
state_kept derived all
batch_first derived s y grads
y_a_step_late hand s y grads
x_a_step_late derived y grads
fires_from_old_state derived s y grads
state_in_float16 derived s y grads
all_in_float32 hand all
no_surrogate derived y grads
tanh_always derived s y grads
sharp_fast_sigmoid hand all
triangle_damped derived y grads
arctan_without_pi derived s y grads
surrogate_of_s hand s y grads
soft_by_surrogate derived s y grads
reset_constant derived s y grads
recurrence_constant_if_detached derived y grads
state_constant derived s y grads
leaky_slope_at_0 derived all
tanh_slope_of_z hand s y grads
reset_of_new_s hand all
kept_without_gate hand y grads
ddecay_of_new_s hand s y grads
dW_mean derived y grads
db_of_z hand s y grads
end_s_missing derived s y grads
dH_of_new_y hand s y grads
truncated derived s y grads
pieces_cut hand s y grads
ties_first derived s y grads
dz_clipped hand all
start_gradient_short hand s y grads
dropout derived s y grads
dx_of_s hand s y grads
recurrent_state derived s y grads
no_inhibition derived y grads
hard_output derived all
back_past_h hand all
back_in_wrong_order hand s y grads
dy_a_step_off hand y grads
sigmoid_of_y hand s y grads
tanh_unsquared derived s y grads
state_in_bfloat16 derived all
straight_through hand y grads [defaults alone]
soft_reset_s_y derived s y: soft_reset
decayed_input_s_y derived s y: decayed_input [no H, no inhibition]
late_reset_s_y derived s y: late_reset
inhibition_over_all_s_y derived s y: inhibition_over_all
at_threshold_y derived y: at_threshold
no_reset_y derived y: no_reset
one_minus_decay_y derived y: one_minus_decay [defaults alone]
recurrence_gated_y derived y: recurrence_gated
"""

SEVERAL = """
snntorch_subtract derived s y grads: soft_reset_decayed at_threshold
snntorch_slope derived y grads: sharp_fast_sigmoid reset_constant [spikes alone]
snntorch_zero derived s y grads: reset_of_all reset_constant no_g
spikingjelly derived s y grads: averaged_input at_threshold arctan_alpha_1
spikingjelly_no_bias derived s y grads: averaged_input fixed_threshold [no H, no inhibition]
parametric_lif derived all: decay_through_sigmoid early_reset
norse_like derived s y grads: decay_exponential reset_of_all [defaults alone]
bellec_like hand s y grads: soft_reset triangle_damped recurrence_constant
zenke_like derived y grads: decayed_input wide_boxcar reset_constant [spikes alone]
keras_dense derived s y grads: bias_in_state hard_sigmoid
keras_leaky hand all: leak_0_2 leaky_slope_at_0
torch_defaults derived s y grads: leak_0_01 relu_slope_at_0 ties_first
jax_defaults derived s y grads: leaky_slope_at_0 ties_whole end_s_missing
jax_scan hand s y grads: end_s_missing end_y_missing start_gradient_zero
c_port hand s y grads: W_in_other_order kept_without_decay
c_loops hand y grads: dW_of_one_step db_of_one_step
hdl_port hand s y grads: no_decay at_threshold state_clamped [spikes alone]
hdl_single derived s y grads: kept_in_float32 minus_bias
old_indices hand s y grads: reset_of_new_s ddecay_of_new_s kept_by_new_gate
old_indices_H hand s y grads: dH_of_new_y ddecay_of_new_s back_through_H
signs hand s y grads: reset_sign db_sign minus_bias
means derived y grads: dW_mean grads_over_T
mean_loss hand all: loss_mean db_of_z
streaming derived s y grads: pieces_from_zero start_gradient_zero
streaming_cut derived s y grads: pieces_cut recurrence_constant
wrong_axes derived s y grads: inhibition_over_samples dH_transposed
inhibited derived s y grads: inhibition_sum inhibition_constant no_self_connection
inhibited_hand hand s y grads: inhibition_backward_own surrogate_of_s
inhibited_all derived all: inhibition_over_all leak_0_01 recurrence_gated
reset_and_recurrence derived s y grads: no_reset no_recurrence
late_both derived s y grads: late_reset late_recurrence
start_both hand s y grads: start_s_ignored relu_slope_at_0 db_of_s
soft_unit derived s y grads: steep_sigmoid one_minus_decay reset_never_constant
soft_unit_hand hand s y grads: sigmoid_slope_short dH_transposed g_straight_through
four_forward derived s y grads: decay_0_9 minus_bias recurrence_after_g leak_0_2
four_backward hand s y grads: reset_without_decay kept_without_gate ddecay_without_gate dW_mean
four_mixed derived y grads: at_threshold tanh_always state_constant end_y_missing
precise_and_not hand s y grads: drive_in_bfloat16 dH_without_start
clipped derived s y grads: dz_clipped relu_always
reversed_time derived s y grads: time_reversed decay_squared
start_and_scale derived s y grads: start_ignored dy_over_T
two_surrogates derived s y grads: fast_sigmoid_unsquared narrow_triangle
two_activations derived s y grads: g_of_input leaky_slope_of_relu
spread_out hand all: inhibition_spread triangle_always
soft_reset_and_leak_s_y derived s y: soft_reset leak_0_01
averaged_and_old_y derived y: averaged_input at_threshold
"""

ODD = """
odd_reset derived s y grads: soft_reset odd_ripple
odd_threshold derived s y grads: at_threshold odd_unit_0
odd_decay derived all: one_minus_decay odd_noise
odd_input derived s y grads: decayed_input odd_third_input
odd_leak hand s y grads: leak_0_01 odd_fixed_point
odd_constant derived s y grads: reset_constant odd_dW
odd_sums hand s y grads: db_of_z odd_smoothed
odd_recurrence derived s y grads: recurrence_gated odd_ageing
odd_start derived s y grads: start_y_ignored odd_pair
odd_end derived y grads: end_s_missing odd_surrogate
odd_slope hand s y grads: surrogate_of_s odd_squeezed_input
odd_inhibition derived s y grads: inhibition_mean odd_adapting
odd_gate hand all: kept_without_gate odd_corner
odd_after_spike derived s y grads: bias_in_state odd_soft_gate
odd_product derived y grads: sharp_fast_sigmoid odd_cross
odd_mean hand s y grads: dW_mean ddecay_of_new_s odd_smoothed
"""

for kind, text in (("single", SINGLE), ("several", SEVERAL), ("odd", ODD)):
    for row in text.split("\n")[1:-1]:
        name, style, returns, keys, scope = re.fullmatch(
            r"(\w+) (\w+) (all|(?:s )?y(?: grads)?)(?:: ([\w ]+\w))?(?: \[(.*)\])?", row).groups()
        port(name, kind, style, returns, *(keys or name).split(), scope=scope or "every option")

RIGHT = {
    "hand": (),
    "derived": (),
    "hand_gate_written_out": (("ds = adj_z[t] * decay * gate", "ds = adj_z[t] * decay - adj_z[t] * (decay * top)"),),
    "derived_gate_written_out": ((KEPT, "(decay * s) - (decay * s) * top"),),
    "hand_sums_in_the_end": (("dW = dW + x[t].T @ adj_z[t]", "pass"), ("db = db + adj_v[t].sum(0)", "pass"), before(
        "return (adj_y", "dW = np.einsum('tbi,tbj->ij', x[::-1], adj_z[::-1])",
        "db = adj_v.reshape(-1, b.size)[::-1].sum(0)")),
    "derived_product_by_sums": (("drive = x_t @ W", "drive = Var((x_t.a[:, ::-1, None] * W.a[::-1])"
                                 ".sum(1), (x_t, lambda d: d @ W.a.T), (W, lambda d, x=x_t: x.a.T @ d))"),),
    "hand_other_surrogates": (
        ("1 - np.tanh(v) ** 2", "1 / np.cosh(np.clip(v, -300, 300)) ** 2"),
        ("1 / (1 + abs(v)) ** 2", "(1 + abs(v)) ** -2.0"), ("np.maximum(1 - abs(v), 0)", "np.clip(1 - abs(v), 0, 1)"),
        ("return 0.5 + 0.5 * np.tanh(0.5 * v)", "return 1 / (1 + np.exp(-v))")),
    "derived_in_longdouble": (before(
        "x, W, b, decay = (a[", "a = {k: p.astype(np.longdouble) for k, p in a.items()}"),),
    "hand_where": ((KEPT, "decay * s * gate + 0"), ("1.0 * (v > 0)", "np.where(v <= 0, 0, 1)"),
                   ("np.maximum(z, 0.1 * z)", "np.where(z > 0, z, z / 10)")),
    "derived_recurrence_first": (("z = drive + kept", "z = kept + (drive if H is None else y @ H + drive)"),
                                 ("z = z + y @ H", "pass")),
}
for name, edits in RIGHT.items():
    port("right_" + name, "right", name.split("_")[0], "all", edits=edits)
