"""Ports as texts, which the tests of the check write to a file: a second implementation, an echo.

The second implementation takes one sample at a time, sums from the last term to the first, and has
other forms of the same functions. `wrong` puts mistakes into it. The echo is the reference itself,
with a line of the test at {0}.
"""
PORT = """
import numpy as np

PSI = {"tanh": lambda v: 1 / np.cosh(np.minimum(abs(v), 40)) ** 2,
       "boxcar": lambda v: 1.0 if abs(v) < 0.5 else 0.0,
       "triangle": lambda v: max(1 - abs(v), 0),
       "arctan": lambda v: 1 / (1 + np.pi * v * (np.pi * v)),
       "fast_sigmoid": lambda v: (1 + abs(v)) ** -2.0}
G = {"relu": lambda z: z if z > 0 else 0 * z, "leaky_relu": lambda z: z if z > 0 else z / 10,
     "identity": lambda z: z, "tanh": lambda z: np.tanh(z)}
DG = {"relu": lambda z: 1.0 * (z > 0), "leaky_relu": lambda z: 1.0 if z > 0 else 0.1,
      "identity": lambda z: 1.0, "tanh": lambda z: 1 / np.cosh(z) ** 2}


def dot(a, b, kind):
    total = kind(0)
    for p, q in list(zip(a, b))[::-1]:
        total = kind(total + p * q)
    return total


def sigmoid(v, kind):
    e = np.exp(-abs(v))
    return kind(1 / (1 + e) if v > 0 else e / (1 + e))


class Port:
    def run(self, case):
        c, p = case.config, case.params
        if c["unit"] != "snu":
            raise NotImplementedError("only the SNU")
        kind, x = case.dtype.type, case["x"]
        T, B, m = x.shape
        n = p["b"].size
        out = {name: np.zeros(shape, case.dtype) for name, shape in case.outputs.items()
               if not name.startswith("adj.")}
        W, H, b, decay = p["W"], p.get("H"), p["b"], p["decay"]
        for i in range(B):
            s, y = [case["state.s"][i]], [case["state.y"][i]]
            for t in range(T):
                gate = [1 - (max(y[t]) if c["lateral_inhibition"] else y[t][j]) for j in range(n)]
                z = [kind(decay[j] * gate[j] * s[t][j] + dot(x[t, i], W[:, j], kind)
                          + (dot(y[t], H[:, j], kind) if H is not None else 0)) for j in range(n)]
                s.append(np.array([G[c["g"]](q) for q in z], case.dtype))
                v = s[-1] + b
                y.append(np.array([sigmoid(q, kind) if c["h"] == "sigmoid" else q > 0 for q in v],
                                  case.dtype))
                out["z"][t, i], out["s"][t, i], out["v"][t, i], out["y"][t, i] = z, s[-1], v, y[-1]
            out["end.s"][i], out["end.y"][i] = s[-1], y[-1]
            ds, dy = case["dend.s"][i].copy(), case["dend.y"][i].copy()
            for t in reversed(range(T)):
                slope = [sigmoid(q, kind) * sigmoid(-q, kind) if c["h"] == "sigmoid"
                         else PSI[c["surrogate"]](q) for q in out["v"][t, i]]
                dv = (dy + case["dy"][t, i]) * np.array(slope, case.dtype)
                dz = (ds + dv) * np.array([DG[c["g"]](q) for q in out["z"][t, i]], case.dtype)
                top = y[t].max()
                gate = 1 - (top if c["lateral_inhibition"] else y[t])
                out["grad.W"] += np.outer(x[t, i], dz)
                out["grad.b"] += dv
                out["grad.decay"] += dz * s[t] * gate
                out["grad.x"][t, i] = [dot(dz, W[k], kind) for k in range(m)]
                ds, dy = dz * decay * gate, np.zeros(n, case.dtype)
                if c["reset_grad"] == "through" and c["lateral_inhibition"]:
                    tied = (y[t] == top)
                    dy = dy - tied * dot(decay * s[t], dz, kind) / kind(tied.sum())
                elif c["reset_grad"] == "through":
                    dy = dy - decay * s[t] * dz
                if H is not None:
                    out["grad.H"] += np.outer(y[t], dz)
                    dy = dy + np.array([dot(dz, H[k], kind) for k in range(n)], case.dtype)
            out["start.s"][i], out["start.y"][i] = ds, dy
        return out
"""


def wrong(*changes):
    """The text of the port with (old, new) changes in it."""
    source = PORT
    for old, new in changes:
        assert old in source
        source = source.replace(old, new)
    return source


ECHO = '''
from snu_ref.oracle.cases.reference import outputs_of
class Port:
    def run(self, case):
        out = outputs_of(case.config, case.inputs, case.dtype)
        {0}
'''
