"""Ports that declare `can`: right ones, and wrong ones.

They keep one state, one decay, float32: as the libraries of spiking units have it. They are written
from the equations, and share no code with the package; the last ones are the reference, altered.
"""
import numpy as np

from snu_ref.oracle.cases.reference import outputs_of

SLOPES = {"arctan": lambda v: 1 / (1 + (np.pi * v) ** 2), "tanh": lambda v: 1 - np.tanh(v) ** 2}
LIF = dict(unit="snu", h="step", g="identity", surrogate=("tanh", "arctan"), reset_grad="detached",
           recurrent=False, lateral_inhibition=False, decay="shared", b="shared", start="rest")


class Lif:
    """The state is kept after its reset; one decay, one threshold, float32; starts from rest."""
    can = dict(LIF, state="after reset", returns=("s", "y", "grad.W", "grad.x", "grad.decay"),
               dtype="float32")
    psi = SLOPES

    def run(self, case):
        x, dy, W = case["x"], case["dy"], self.weights(case["params.W"])
        decay, b = case["params.decay"][0], case["params.b"][0]
        kept, traces = np.zeros(dy.shape[1:], x.dtype), []
        for x_t in x:
            before, s = kept, self.product(x_t, W) + decay * kept
            y = (s + b > 0).astype(x.dtype)
            kept = s * (1 - y)
            traces.append((before, s, y, kept))
        before, s, y, after = (np.array(a) for a in zip(*traces))
        dz, dx, dkept = np.zeros_like(dy), np.zeros_like(x), 0
        for t in reversed(range(len(x))):
            dz[t] = dy[t] * self.psi[case.config["surrogate"]](s[t] + b) + dkept * (1 - y[t])
            dx[t], dkept = dz[t] @ W.T, decay * dz[t]
        return {"s": after, "y": y, "grad.W": np.einsum("tbi,tbj->ij", x, dz), "grad.x": dx,
                "grad.decay": (dz * before).sum().reshape(1)}

    def weights(self, W):
        return W

    def product(self, x, W):
        return x @ W


class Wrong(Lif):
    psi = {**SLOPES, "tanh": SLOPES["arctan"]}


class Own:
    """y is no part of the state: y_{t-1} = step(s_{t-1} + b), and the gradient flows through it."""
    can = dict(LIF, surrogate="tanh", reset_grad="through", recurrent=True, decay="by unit",
               b="by unit", start="own",
               returns=("y", "end.s", "grad.W", "grad.H", "grad.b", "start.s"))

    def run(self, case):
        x, dy, p = case["x"], case["dy"], case.params
        s = [case["state.s"]]
        spikes = lambda s: (s + p["b"] > 0).astype(s.dtype)                      # noqa: E731
        for x_t in x:
            y = spikes(s[-1])
            s.append(x_t @ p["W"] + y @ p["H"] + p["decay"] * s[-1] * (1 - y))
        ds, out = np.zeros_like(s[0]), {f"grad.{k}": 0 * p[k] for k in ("W", "H", "b")}
        for t in reversed(range(len(x))):
            dv = dy[t] * SLOPES["tanh"](s[t + 1] + p["b"]) if t == len(x) - 1 else 0
            ds = ds + dv                         # 0 but at the last step; dY below has the other dy
            out["grad.b"] += dv + 0 * ds.sum(0) if np.isscalar(dv) else dv.sum(0)
            y = spikes(s[t])
            out["grad.W"] += x[t].T @ ds
            out["grad.H"] += y.T @ ds
            dY = ds @ p["H"].T - ds * p["decay"] * s[t] + (dy[t - 1] if t else 0)
            dv = dY * SLOPES["tanh"](s[t] + p["b"])
            out["grad.b"] += dv.sum(0)
            ds = ds * p["decay"] * (1 - y) + dv
        return {"y": np.array([spikes(a) for a in s[1:]]), "end.s": s[-1], "start.s": ds, **out}


def reference(case):
    """The right answers to any case."""
    return outputs_of(case.config, case.inputs, case.dtype)


class Forgetful:
    """It starts from rest, whatever state it is given."""
    can = dict(unit="snu", h="step", g="relu", surrogate="boxcar", recurrent=False,
               lateral_inhibition=False, reset_grad="through", start="rest")

    def run(self, case):
        rest = {name: 0 * a for name, a in case.inputs.items() if name.startswith("state.")}
        return outputs_of(self.config(case.config), {**case.inputs, **rest}, case.dtype)

    def config(self, config):
        return config


class Detached(Forgetful):
    def config(self, config):
        return {**config, "reset_grad": "detached"}


class Clamped(Forgetful):
    def run(self, case):
        inside = (case.params["decay"] > 0) & (case.params["decay"] < 1)
        out = super().run(case)
        return {**out, "grad.decay": out["grad.decay"] * inside}


class Triple(Lif):
    def run(self, case):
        out = super().run(case)
        return {**out, "grad.decay": 3 * out["grad.decay"]}


class Restful(Forgetful):
    """The same, and no gradient reaches the state that it ignores."""

    def run(self, case):
        if case.config["unit"] != "snu":
            raise NotImplementedError(case.config["unit"])
        return {name: a if name not in ("start.s", "start.y") else 0 * a
                for name, a in super().run(case).items() if name in case.outputs}
