"""What a port can do: its declaration `can`, the cases that fit it, and the form of its numbers.

    can = dict(unit="snu", h="step", surrogate=("tanh", "arctan"), recurrent=False,
               decay="shared", start="rest", returns=("y", "grad.W"), dtype="float32")

Each of the OPTIONS has one value or a tuple of values; each of the FORMS has one value. A missing
OPTION has all values, a missing FORM its default. FORMS change which cases fit, and the outputs:

    decay, b    "shared": all units have the same number; its gradient is the sum over the units.
    start       "rest": s_0 = y_0 = 0. "spiking": y_0 is 0 or 1. "own": the port computes
                y_0 = h(s_0 + b), and the gradient flows through it. No loss on s_T and y_T.
    state       "after reset": the port's state is s_t (1 - y_t), with inhibition s_t (1 - max y_t).
                So is its initial state, with y_0 = 0. There is no loss on the final s.
"""
import numpy as np

from ...activations import STATE_FUNCTIONS, SURROGATES, output_function

UNITS = ("snu", "rnn", "gru", "lstm", "loss", "optimiser", "clip", "training", "pcm", "pcm-array")
SNU_OPTIONS = {"h": ("step", "sigmoid"), "g": tuple(STATE_FUNCTIONS),
               "surrogate": tuple(SURROGATES), "reset_grad": ("through", "detached"),
               "recurrent": (False, True), "lateral_inhibition": (False, True)}
OPTIONS = {"unit": UNITS, **SNU_OPTIONS}
FORMS = {"decay": ("by unit", "shared"), "b": ("by unit", "shared"),
         "start": ("any", "own", "spiking", "rest"), "state": ("before reset", "after reset"),
         "dtype": ("float64", "float32")}          # the first is the default
KEYS = (*OPTIONS, *FORMS, "returns")
CANCELLED = 0.1  # our choice: sums smaller than this part of the sum of |terms| are not compared


def declared(can, names):
    """A port's `can` with all keys: tuples for OPTIONS, strings for FORMS, `returns` or None.

    names: {unit: names of its outputs}. Raises ValueError for an unknown key or value, and for
    abilities that contradict each other.
    """
    if not isinstance(can, dict):
        raise ValueError(f"can: expected a dict, got {type(can).__name__}")
    for key in can:
        if key not in KEYS:
            raise ValueError(f"can: unknown key {key!r}; the keys are {', '.join(KEYS)}")
    full = {key: _several(key, can[key], there) if key in can else there
            for key, there in OPTIONS.items()}
    for key, there in FORMS.items():
        full[key] = _known(key, can.get(key, there[0]), there)
    names = sorted(set().union(*(names.get(unit, ()) for unit in full["unit"])))
    full["returns"] = _several("returns", can["returns"], names) if "returns" in can else None
    _no_contradiction(can, full)
    return full


def _several(key, value, there):
    values = tuple(value) if isinstance(value, (tuple, list, set)) else (value,)
    if not values:
        raise ValueError(f"can: {key}: expected one or more of {_listed(there)}, got none")
    return tuple(_known(key, v, there) for v in values)


def _known(key, value, there):
    for known in there:  # compare types too: True == 1, but `recurrent` must be a bool
        if type(value) is type(known) and value == known:
            return known
    raise ValueError(f"can: {key}: expected one of {_listed(there)}, got {value!r}")


def _listed(values):
    return ", ".join(map(repr, values))


def _no_contradiction(can, full):
    returns = full["returns"] or ()
    snu_only = [key for key in (*SNU_OPTIONS, "decay", "b", "start", "state") if key in can]
    for wrong, why in (
            ("snu" not in full["unit"] and snu_only,
             f"{', '.join(snu_only)}: only the unit 'snu' has this, but unit = "
             f"{_listed(full['unit'])}"),
            ("surrogate" in can and full["h"] == ("sigmoid",),
             "surrogate: only h = 'step' has one, but h = 'sigmoid'"),
            (full["state"] == "after reset" and full["start"] == "own",
             "start = 'own': y_0 = h(s_0 + b) cannot be computed from a state = 'after reset'"),
            ("grad.H" in returns and full["recurrent"] == (False,),
             "returns: grad.H needs recurrent = True, but recurrent = False"),
            ("start.y" in returns and (full["start"] == "own" or full["state"] == "after reset"),
             "returns: start.y is the gradient of y_0, but this port is given no y_0 "
             "(start = 'own' or state = 'after reset')"),
            ("adj.s" in returns and full["state"] == "after reset",
             "returns: adj.s is dL/ds before the reset, but state = 'after reset'")):
        if wrong:
            raise ValueError(f"can: {why}")


# ---- cases that fit -----------------------------------------------------------------------------

def config_fits(can, config):
    """Whether the port declares the options of a case."""
    if config["unit"] not in can["unit"]:
        return False
    return config["unit"] != "snu" or all(
        config[key] in can[key] or key == "surrogate" and config["h"] == "sigmoid"
        for key in SNU_OPTIONS)


def inputs_fit(can, config, inputs):
    """Whether the port's FORMS allow these inputs: parameters, initial state and losses."""
    if config["unit"] != "snu":
        return True
    s, y = inputs["state.s"], inputs["state.y"]
    end = inputs["dend.s"].any(), inputs["dend.y"].any()
    start = {"any": True, "rest": not (s.any() or y.any()),
             "spiking": ((y == 0) | (y == 1)).all(),
             "own": np.allclose(y, own_start(config, inputs), rtol=0, atol=1e-12)}
    return bool(all((inputs[f"params.{name}"] == inputs[f"params.{name}"][0]).all()
                    for name in ("decay", "b") if can[name] == "shared")
                and start[can["start"]] and (can["start"] == "any" or not any(end))
                and (can["state"] == "before reset" or not (y.any() or end[0])))


def adapted(can, entry, inputs, outputs):
    """(entry, inputs, outputs) of a case in this port's form, or None if the case does not fit."""
    if not (config_fits(can, entry["config"]) and inputs_fit(can, entry["config"], inputs)):
        return None
    config = dict(entry["config"])
    if config["unit"] == "snu":
        config.update(forms(can))
    reported = as_reported(config, inputs, outputs)
    if can["returns"] is not None:
        reported = {name: a for name, a in reported.items() if name in can["returns"]}
    for name in set(summed(config)) & set(reported):
        if abs(reported[name]) < CANCELLED * np.abs(outputs[name]).sum():
            del reported[name]
    if not reported:
        return None
    same = [name for name, a in reported.items() if a is outputs[name]]
    return {**entry, "config": config,
            "outputs": {name: list(a.shape) for name, a in reported.items()},
            "exact": [name for name in entry["exact"] if name in same or name in ("s", "end.s")
                      and name in reported],
            "zero": [name for name in entry["zero"] if name in reported]}, inputs, reported


# ---- the form of a port's numbers ---------------------------------------------------------------

def as_reported(config, inputs, outputs):
    """All outputs of a case, in the form in which a port with this configuration returns them."""
    found = dict(outputs)
    if config.get("start") == "own" and "start.y" in found:
        v = inputs["state.s"] + inputs["params.b"]
        through = found.pop("start.y") * _h(config).slope(v, own_start(config, inputs))
        found["start.s"] = found["start.s"] + through
        found["grad.b"] = found["grad.b"] + through.sum(axis=0)
    if config.get("state") == "after reset":
        for s, y in (("s", "y"), ("end.s", "end.y")):
            if s in found:
                top = found[y].max(-1, keepdims=True) if config["lateral_inhibition"] else found[y]
                found[s] = found[s] * (1 - top)
        found = {name: a for name, a in found.items() if name not in ("start.y", "adj.s")}
    found.update({name: np.asarray(found[name].sum()) for name in summed(config) if name in found})
    return found


def _h(config):
    return output_function(config["h"], SURROGATES[config["surrogate"]])


def own_start(config, inputs):
    """y_0 = h(s_0 + b), for a port that computes y_0 itself."""
    return _h(config).value(inputs["state.s"] + inputs["params.b"])


def forms(can):
    """The port's FORMS that change its cases, as items of their configurations."""
    return {key: can[key] for key in ("decay", "b", "start", "state")
            if can[key] in ("shared", "own", "after reset")}


def summed(config):
    """Names of the gradients that are compared as one number, their sum over the units."""
    return [f"grad.{name}" for name in ("decay", "b") if config.get(name) == "shared"]
