"""What a port can do: how it declares that, which cases fit it, and the form of its numbers.

    can = dict(unit="snu", h="step", surrogate=("tanh", "arctan"), recurrent=False,
               decay="shared", start="rest", returns=("y", "grad.W"), dtype="float32")

Options of a case (OPTIONS) have one value or a tuple of them; the others (FORMS) have one. What is
not named is free. FORMS change what a case asks for, and what is compared:

    decay, b    "shared": one number for all units. Cases have equal ones; gradients are sums.
    start       "rest": s_0 = y_0 = 0. "spiking": y_0 is 0 or 1. "own": the port computes
                y_0 = h(s_0 + b), and the gradient flows through that. All three: a loss on y alone.
    state       "after reset": the state is s_t (1 - y_t), or s_t (1 - max y_t) with inhibition;
                so is the initial one: y_0 = 0. No loss on the final s.
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
CANCELLED = 0.1  # ours: sums that are smaller than this, relative to their terms, are not compared


def declared(can, names):
    """A port's `can` with every key: tuples for OPTIONS, texts for FORMS, `returns` or None.

    names: unit -> names of the outputs that it has. Raises ValueError for an unknown key or value,
    and for abilities that contradict each other.
    """
    if not isinstance(can, dict):
        raise ValueError(f"can: expected a dict, got {type(can).__name__}")
    for key in can:
        if key not in KEYS:
            raise ValueError(f"can: unknown key {key!r}; there are {', '.join(KEYS)}")
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
    for known in there:  # True == 1, but 1 is no value of `recurrent`
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
             f"{', '.join(snu_only)}: only the unit 'snu' has this, and unit = "
             f"{_listed(full['unit'])}"),
            ("surrogate" in can and full["h"] == ("sigmoid",),
             "surrogate: only h = 'step' has one, and h = 'sigmoid'"),
            (full["state"] == "after reset" and full["start"] == "own",
             "start = 'own': y_0 = h(s_0 + b) cannot be computed from a state = 'after reset'"),
            ("grad.H" in returns and full["recurrent"] == (False,),
             "returns: grad.H is there with recurrent = True alone, and recurrent = False"),
            ("start.y" in returns and (full["start"] == "own" or full["state"] == "after reset"),
             "returns: start.y is the gradient of a y_0 that this port is not given "
             "(start = 'own' or state = 'after reset')"),
            ("adj.s" in returns and full["state"] == "after reset",
             "returns: adj.s is dL/ds before the reset, and state = 'after reset'")):
        if wrong:
            raise ValueError(f"can: {why}")


# ---- cases that fit -----------------------------------------------------------------------------

def config_fits(can, config):
    """Whether the options of a case are within those declared."""
    if config["unit"] not in can["unit"]:
        return False
    return config["unit"] != "snu" or all(
        config[key] in can[key] or key == "surrogate" and config["h"] == "sigmoid"
        for key in SNU_OPTIONS)


def inputs_fit(can, config, inputs):
    """Whether a port that is given a case of its options can be given these numbers."""
    if config["unit"] != "snu":
        return True
    s, y, b = inputs["state.s"], inputs["state.y"], inputs["params.b"]
    end = inputs["dend.s"].any(), inputs["dend.y"].any()
    start = {"any": True, "rest": not (s.any() or y.any()),
             "spiking": ((y == 0) | (y == 1)).all(),
             "own": np.allclose(y, own_start(config, inputs), rtol=0, atol=1e-12)}
    return bool(all((inputs[f"params.{name}"] == inputs[f"params.{name}"][0]).all()
                    for name in ("decay", "b") if can[name] == "shared")
                and start[can["start"]] and (can["start"] == "any" or not any(end))
                and (can["state"] == "before reset" or not (y.any() or end[0])))


def adapted(can, entry, inputs, outputs):
    """(entry, inputs, outputs) of a case as this port is asked, or None if it does not fit."""
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


# ---- numbers as a port has them -----------------------------------------------------------------

def as_reported(config, inputs, outputs):
    """All outputs of the unit, in the form in which a port of these abilities has them."""
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
    """y_0 = h(s_0 + b), of a port that computes it."""
    return _h(config).value(inputs["state.s"] + inputs["params.b"])


def forms(can):
    """The FORMS of a port that change its cases, as their configurations name them."""
    return {key: can[key] for key in ("decay", "b", "start", "state")
            if can[key] in ("shared", "own", "after reset")}


def summed(config):
    """Names of the gradients of which one number is compared."""
    return [f"grad.{name}" for name in ("decay", "b") if config.get(name) == "shared"]
