"""Changes to the functions of the unit: g, h and their slopes, the surrogate of the step.

As in `catalogue_forward`; but a change of a slope alone leaves the forward pass as it is.

Sources, read for their defaults: snnTorch, Norse, SpikingJelly, PyTorch, TensorFlow, Keras, JAX.
Texts and formulas are ours.
"""
import numpy as np

from ...activations import LEAK, STATE_FUNCTIONS, SURROGATES, sigmoid, sigmoid_slope
from ..program.conditions import LEAKY, SIGMOID, STEP, option
from ..program.equations import Variant, product


def leaky(slope):
    """The changes that give leaky_relu another slope."""
    return {"g": lambda z: np.where(z > 0, z, slope * z),
            "g_slope": lambda z, s: np.where(z > 0, 1.0, slope).astype(z.dtype)}


def _is_g(name):
    return {"g": STATE_FUNCTIONS[name].value, "g_slope": STATE_FUNCTIONS[name].slope}


def _other_g(name):
    return lambda config: config["g"] != name


G = [
    Variant("g_left_out",
            "g is left out, s = z: s = g(z)",
            _is_g("identity"), _other_g("identity")),
    *(Variant(f"g_is_{name}",
              f"g is {name}, not the one this case asks for",
              _is_g(name), _other_g(name))
      for name in ("relu", "leaky_relu", "tanh")),
    Variant("g_is_sigmoid",
            "g is a sigmoid, not the one this case asks for",
            {"g": sigmoid, "g_slope": sigmoid_slope}),
    Variant("g_is_elu",
            "g is elu, not the one this case asks for",
            {"g": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
             "g_slope": lambda z, s: np.where(z > 0, 1, np.exp(np.minimum(z, 0)))}),
    Variant("g_is_softplus",
            "g is softplus, not the one this case asks for",
            {"g": lambda z: np.logaddexp(0 * z, z),
             "g_slope": lambda z, s: sigmoid(z)}),
    Variant("g_clipped_at_one",
            "g is clipped to [0, 1]: s has no upper bound",
            {"g": lambda z: np.clip(z, 0, 1),
             "g_slope": lambda z, s: ((z > 0) & (z < 1)).astype(z.dtype)},
            option(g=("relu", "identity"))),
    Variant("g_then_relu",
            "the state is clamped at 0 after g, max(g(z), 0): s = g(z)",
            lambda config: {
                "g": lambda z: np.maximum(STATE_FUNCTIONS[config["g"]].value(z), 0),
                "g_slope": lambda z, s: (s > 0) * STATE_FUNCTIONS[config["g"]].slope(z, s)},
            _other_g("relu")),
    *(Variant(f"leaky_slope={slope}",
              f"leaky_relu has slope {slope} below zero{whose}: 0.1",
              leaky(slope), LEAKY)
      for slope, whose in ((0.01, " (PyTorch's and JAX's default)"),
                           (0.2, " (TensorFlow's default)"), (0.3, " (Keras's default)"))),
    Variant("leaky_floor",
            "leaky_relu is max(z, 0.1): it is max(z, 0.1 z)",
            {"g": lambda z: np.maximum(z, 0.1), "g_slope": lambda z, s: (z > 0.1).astype(z.dtype)},
            LEAKY),
    Variant("g_is_softsign",
            "g is z / (1 + |z|), not the one this case asks for",
            {"g": lambda z: z / (1 + np.abs(z)), "g_slope": lambda z, s: (1 - np.abs(s)) ** 2}),
    Variant("g_is_hard_tanh",
            "g is clip(z, -1, 1), a hard tanh, not the one this case asks for",
            {"g": lambda z: np.clip(z, -1, 1),
             "g_slope": lambda z, s: (np.abs(z) < 1).astype(z.dtype)}),
    Variant("g_on_input_only",
            "g is applied to x W alone: it is applied to the whole of z",
            {"drive": lambda c: product(c, c.x, c.W).apply(c.g, c.g_slope), "s": lambda c: c.z},
            _other_g("identity")),
]


H = [
    Variant("h_is_sigmoid",
            "the output is sigmoid(v), the soft unit: this case is the spiking one, step(v)",
            {"h": sigmoid, "h_slope": sigmoid_slope}, STEP),
    Variant("h_is_surrogate",
            "the output is psi(v), the primitive of the surrogate: it is step(v), and psi serves "
            "the gradient alone",
            lambda config: {"h": SURROGATES[config["surrogate"]].psi}, STEP),
    Variant("h_is_sign",
            "the output is sign(v), -1 below the threshold: it is 0 there",
            {"h": np.sign}, STEP),
    Variant("h_is_step",
            "the output is step(v) with the slope 1 - tanh^2(v), the spiking unit: this case is "
            "the soft one, sigmoid(v)",
            {"h": lambda v: (v > 0).astype(v.dtype), "h_slope": lambda v, y: 1 - np.tanh(v) ** 2},
            SIGMOID),
    Variant("h_is_rounded_sigmoid",
            "the output is sigmoid(v) rounded to 0 or 1, with the slope of the sigmoid, straight "
            "through: sigmoid(v) itself",
            {"h": lambda v: (v > 0).astype(v.dtype), "h_slope": lambda v, y: _sigmoid_slope(v)},
            SIGMOID),
    Variant("h_is_sigmoid_of_2v",
            "the output is (1 + tanh(v))/2, which is sigmoid(2 v): sigmoid(v)",
            {"h": lambda v: 0.5 + 0.5 * np.tanh(v), "h_slope": lambda v, y: 2 * y * (1 - y)},
            SIGMOID),
    Variant("h_is_tanh",
            "the output is tanh(v): sigmoid(v)",
            {"h": np.tanh, "h_slope": lambda v, y: 1 - y * y}, SIGMOID),
    Variant("h_is_fast_sigmoid",
            "the output is 1/2 + v / (2 (1 + |v|)), a fast sigmoid: sigmoid(v)",
            {"h": lambda v: 0.5 + 0.5 * v / (1 + np.abs(v)),
             "h_slope": lambda v, y: 0.5 / (1 + np.abs(v)) ** 2},
            SIGMOID),
    Variant("h_is_hard_sigmoid",
            "the output is clip(v/6 + 1/2, 0, 1), a hard sigmoid (PyTorch's): sigmoid(v)",
            {"h": lambda v: np.clip(v / 6 + 0.5, 0, 1),
             "h_slope": lambda v, y: (np.abs(v) < 3).astype(v.dtype) / 6},
            SIGMOID),
    Variant("h_is_hard_sigmoid_0.2",
            "the output is clip(0.2 v + 1/2, 0, 1), a hard sigmoid (Keras 2's): sigmoid(v)",
            {"h": lambda v: np.clip(0.2 * v + 0.5, 0, 1),
             "h_slope": lambda v, y: 0.2 * (np.abs(v) < 2.5).astype(v.dtype)},
            SIGMOID),
    Variant("y_is_s",
            "s is returned in the place of y",
            {"out": lambda c: c.s + 0.0}),
    Variant("y_is_v",
            "v is returned in the place of y",
            {"out": lambda c: c.v + 0.0}),
    Variant("y_is_z",
            "z is returned in the place of y",
            {"out": lambda c: c.z + 0.0}),
]


# ---- slopes: the forward pass is right -----------------------------------------------------------

def _kinked(config):
    return config["g"] in ("relu", "leaky_relu")


def _slope_at_zero(value):
    """g'(0) = value; elsewhere as it is."""
    def changes(config):
        slope = STATE_FUNCTIONS[config["g"]].slope
        return {"g_slope": lambda z, s: np.where(z == 0, value, slope(z, s)).astype(z.dtype)}
    return changes


G_SLOPE = [
    Variant("g_slope_left_out",
            "the derivative of g is left out, taken as 1: dz = g'(z) ds",
            {"g_slope": lambda z, s: np.ones_like(z)}, option(g=("relu", "leaky_relu", "tanh"))),
    Variant("g_slope_at_zero_one",
            "g'(0) = 1: at z = 0 the left slope counts, 0 for relu, 0.1 for leaky_relu",
            _slope_at_zero(1.0), _kinked),
    Variant("g_slope_at_zero_half",
            "g'(0) lies halfway between the slopes (as of a maximum that shares ties): at z = 0 "
            "the left slope counts, 0 for relu, 0.1 for leaky_relu",
            lambda config: _slope_at_zero(0.5 * (1 + (LEAK if config["g"] == "leaky_relu"
                                                      else 0)))(config), _kinked),
    Variant("g_slope_of_relu",
            "the derivative of g is 0 below zero, relu's: it is 0.1, leaky_relu's",
            {"g_slope": STATE_FUNCTIONS["relu"].slope}, LEAKY),
    Variant("g_slope_at_z",
            "the derivative of tanh is 1 - z^2: it is 1 - s^2, s = tanh(z)",
            {"g_slope": lambda z, s: 1 - z * z}, option(g="tanh")),
    Variant("g_slope_of_tanh_s",
            "the derivative of tanh is 1 - tanh(s)^2: it is 1 - s^2, s = tanh(z)",
            {"g_slope": lambda z, s: 1 - np.tanh(s) ** 2}, option(g="tanh")),
]


def _sigmoid_slope(v):
    return sigmoid_slope(v, sigmoid(v))


def _surrogate(name, text, dpsi):
    return Variant(f"surrogate_{name}",
                   f"the slope of the step is {text}, another surrogate: psi'(v) of the one this "
                   "case names",
                   {"h_slope": lambda v, y: dpsi(v)},
                   lambda c: c["h"] == "step" and c["surrogate"] != name)


def _away_from_zero(threshold):
    return np.where(threshold == 0, 1, threshold)


H_SLOPE = [
    Variant("surrogate_at_s",
            "the surrogate is evaluated at s: psi'(v), v = s + b",
            {"h_at": lambda c: c.s.value}, STEP),
    Variant("surrogate_at_s_minus_b",
            "the surrogate is evaluated at s - b: psi'(v), v = s + b",
            {"h_at": lambda c: 2 * c.s.value - c.v.value}, STEP),
    Variant("surrogate_at_z",
            "the surrogate is evaluated at z + b: psi'(v), v = s + b",
            {"h_at": lambda c: c.z.value + (c.v.value - c.s.value)}, STEP),
    Variant("surrogate_at_v_over_threshold",
            "the surrogate is evaluated at v / (-b), v in units of the threshold: psi'(v), v = s "
            "+ b",
            {"h_at": lambda c: c.v.value / _away_from_zero(c.s.value - c.v.value)}, STEP),
    Variant("surrogate_at_y",
            "the surrogate is evaluated at the output y, 0 or 1: psi'(v), v = s + b",
            lambda config: {"h_slope": lambda v, y: SURROGATES[config["surrogate"]].dpsi(y)}, STEP),
    *(_surrogate(name, f"that of {name}", SURROGATES[name].dpsi) for name in SURROGATES),
    _surrogate("one", "1 everywhere, straight through", np.ones_like),
    _surrogate("zero", "0, as of a bare comparison", np.zeros_like),
    _surrogate("one_above", "1 where v > 0, that of relu", lambda v: (v > 0).astype(v.dtype)),
    _surrogate("box_of_two", "1 for |v| < 1, a boxcar twice as wide",
               lambda v: (np.abs(v) <= 1).astype(v.dtype)),
    _surrogate("flat_box", "1/2 for |v| < 1, a boxcar twice as wide and half as high",
               lambda v: 0.5 * (np.abs(v) <= 1).astype(v.dtype)),
    _surrogate("sigmoid", "sigmoid'(v)", _sigmoid_slope),
    _surrogate("sigmoid_4", "4 sigmoid'(4 v), SpikingJelly's default",
               lambda v: 4 * _sigmoid_slope(4 * v)),
    _surrogate("sigmoid_25", "25 sigmoid'(25 v), snnTorch's sigmoid",
               lambda v: 25 * _sigmoid_slope(25 * v)),
    _surrogate("fast_sigmoid_10", "1 / (1 + 10 |v|)^2, of SuperSpike",
               lambda v: 1 / (1 + 10 * np.abs(v)) ** 2),
    _surrogate("fast_sigmoid_25", "1 / (1 + 25 |v|)^2, snnTorch's fast sigmoid",
               lambda v: 1 / (1 + 25 * np.abs(v)) ** 2),
    _surrogate("fast_sigmoid_100", "1 / (1 + 100 |v|)^2, Norse's default",
               lambda v: 1 / (1 + 100 * np.abs(v)) ** 2),
    _surrogate("arctan_unscaled", "1 / (1 + v^2)", lambda v: 1 / (1 + v * v)),
    _surrogate("arctan_over_pi", "1 / (pi (1 + (pi v)^2))",
               lambda v: 1 / (np.pi * (1 + (np.pi * v) ** 2))),
    _surrogate("triangle_0.3", "0.3 max(0, 1 - |v|)", lambda v: 0.3 * np.maximum(1 - np.abs(v), 0)),
    _surrogate("gaussian", "exp(-v^2 / 2) / sqrt(2 pi)",
               lambda v: np.exp(-0.5 * v * v) / np.sqrt(2 * np.pi).astype(v.dtype)),
    _surrogate("gaussian_peak_one", "exp(-v^2)", lambda v: np.exp(-v * v)),
    _surrogate("tanh_value", "tanh(v), psi in the place of psi'", np.tanh),
    _surrogate("tanh_unsquared", "1 - tanh(|v|), the square left out",
               lambda v: 1 - np.tanh(np.abs(v))),
    Variant("surrogate_closed_edge",
            "at its kink the surrogate has the larger slope, as of |v| <= 1/2: the smaller |psi'| "
            "counts there",
            {"h_slope": lambda v, y: (np.abs(v) <= 0.5).astype(v.dtype)},
            option(h="step", surrogate="boxcar")),
    Variant("surrogate_where_firing",
            "the surrogate is 0 where there is no spike: psi'(v) everywhere",
            lambda config: {"h_slope": lambda v, y: y * SURROGATES[config["surrogate"]].dpsi(v)},
            STEP),
    Variant("h_slope_left_out",
            "the derivative of the sigmoid is left out, taken as 1: dv = y (1 - y) dy",
            {"h_slope": lambda v, y: np.ones_like(v)}, SIGMOID),
    Variant("h_slope_of_v",
            "the derivative of the sigmoid is v (1 - v): it is y (1 - y)",
            {"h_slope": lambda v, y: v * (1 - v)}, SIGMOID),
    Variant("h_slope_of_y",
            "the derivative of the sigmoid is sigmoid'(y): it is y (1 - y), y = sigmoid(v)",
            {"h_slope": lambda v, y: _sigmoid_slope(y)}, SIGMOID),
    Variant("h_slope_of_surrogate",
            "the derivative of the sigmoid is 1 - tanh^2(v), the surrogate of the step: it is y "
            "(1 - y)",
            {"h_slope": lambda v, y: 1 - np.tanh(v) ** 2}, SIGMOID),
    Variant("h_slope_at_s",
            "the derivative of the sigmoid is taken at s: at v = s + b",
            {"h_slope": lambda v, y: _sigmoid_slope(v), "h_at": lambda c: c.s.value}, SIGMOID),
]


FUNCTION_VARIANTS = [*G, *H, *G_SLOPE, *H_SLOPE]
