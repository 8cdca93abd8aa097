"""Every mistake of the catalogue, made in the second unit (`second_unit`) by editing its equations."""
import numpy as np
from helpers.second_unit import G, SPIKE, functions, sigmoid

Z = "at.z(x @ W + 0 + decay * (s * gate))"
Z_REC = "at.z(x @ W + y @ H + decay * (s * gate))"
KEPT = "decay * (s * gate)"
OF_Y_T = "decay * (s * (1 - then)) + stop(decay) * (stop(s) * gate)"


def edit(*pairs, **more):
    """A mistake made by edits alone, for `Port`."""
    return lambda config: dict(edits=list(pairs), **more)


def z_of(config):
    return Z_REC if config["recurrent"] else Z


def add_b(config):
    return z_of(config), z_of(config).replace("(x @", "(b + x @")


def g_is(f, slope):
    return lambda config: dict(g=(f, slope))


def g_slope(f):
    return lambda config: dict(g=(functions(config)[0][0], f(functions(config)[0][1])))


def h_is(f, slope):
    return lambda config: dict(h=(f, slope))


def h_slope(slope):
    return lambda config: dict(h=(functions(config)[1][0], slope))


def after(f, before=None):
    return lambda config: dict(after=f, before=before)


def zero(*names):
    def before(i):
        return {**i, **{name: 0 * i[name] for name in names}}

    def then(i, o):
        for name in names:
            if name.startswith("state"):
                o[name.replace("state", "start")] *= 0
    return after(then, before)


def times(names, factor):
    def then(i, o):
        T, B, n = i["dy"].shape
        for name in o:
            if name.startswith(names):
                o[name] = o[name] * factor(T, B, n)
    return after(then)


PARAMS = ("grad.W", "grad.H", "grad.b", "grad.decay")
EVERYTHING = ("adj", "grad", "start")


def loop_sums(t_kept=lambda t, T: True, b_kept=lambda i, B: True):
    """Parameter gradients added up by a loop over some steps and samples."""
    def then(i, o):
        T, B, n = i["dy"].shape
        for name in PARAMS:
            if name in o:
                o[name] = 0 * o[name]
        for t in range(T):
            for k in range(B):
                if t_kept(t, T) and b_kept(k, B):
                    s, y = (o["s"][t - 1, k], o["y"][t - 1, k]) if t else (i["state.s"][k], i["state.y"][k])
                    gate = 1 - (max(y) if then.inhibited else y)
                    o["grad.W"] += np.outer(i["x"][t, k], o["adj.z"][t, k])
                    o["grad.b"] += o["adj.v"][t, k]
                    o["grad.decay"] += o["adj.z"][t, k] * s * gate
                    if "grad.H" in o:
                        o["grad.H"] += np.outer(y, o["adj.z"][t, k])

    def make(config):
        then.inhibited = config["lateral_inhibition"]
        return dict(after=then)
    return make


def one_sum(name, term, begin=0):
    """One parameter gradient as a sum over t of term(i, o, t, s, y, gate)."""
    def make(config):
        def then(i, o):
            result = 0 * o[name]
            for t in range(begin, len(i["x"])):
                s, y = (o["s"][t - 1], o["y"][t - 1]) if t else (i["state.s"], i["state.y"])
                gate = 1 - (y.max(1)[:, None] if config["lateral_inhibition"] else y)
                result = result + term(i, o, t, s, y, gate)
            o[name] = result
        return dict(after=then)
    return make


def reorder(there, back, names=("x", "dy")):
    def before(i):
        return {**i, **{name: there(i[name]) for name in names}}

    def then(i, o):
        for name, a in o.items():
            if a.ndim == 3:
                o[name] = back(a)
    return after(then, before)


def swap_axes(there, back):
    """Batch and time exchanged; states of the wrong size are zeros, and not reported."""
    def before(i):
        i = {**i, "x": there(i["x"]), "dy": there(i["dy"])}
        for name in ("state.s", "state.y", "dend.s", "dend.y"):
            i[name] = np.zeros(i["dy"].shape[1:])
        return i

    def then(i, o):
        for name, a in list(o.items()):
            if name.startswith(("end", "start")):
                del o[name]
            elif a.ndim == 3:
                o[name] = back(a)
    return after(then, before)


def late(names):
    def then(i, o):
        for name in names:
            o[name] = np.concatenate([np.zeros_like(o[name][:1]), o[name][:-1]])
    return after(then)


def ends_early(config):
    """A backward pass that stops before the first step."""
    sums = loop_sums(lambda t, T: t > 0)(config)["after"]

    def then(i, o):
        sums(i, o)
        o["grad.x"][0] = 0
        o["start.s"], o["start.y"] = o["adj.s"][0] - o["adj.v"][0], o["adj.y"][0] - i["dy"][0]
    return dict(after=then)


def end_each_step(config):
    """The final state's cotangent of s at each step: the gradients of all beginnings of the sequence."""
    from helpers.second_unit import Port
    right = Port(config)

    def then(i, o):
        for k in range(1, len(i["x"])):
            part = right({**i, "x": i["x"][:k], "dy": 0 * i["dy"][:k], "dend.y": 0 * i["dend.y"]})
            for name, a in part.items():
                if name.startswith(("adj", "grad", "start")):
                    o[name][:k if a.ndim == 3 else None] += a
    return dict(after=then)


def rerun(config):
    from helpers.second_unit import Port
    right = Port(config)

    def before(i):
        o = right(i)
        return {**i, "state.s": o["end.s"], "state.y": o["end.y"]}
    return dict(before=before)


def in_a_row(config):
    from helpers.second_unit import Port
    right = Port(config)

    def before(i):
        s, y = i["state.s"].copy(), i["state.y"].copy()
        for k in range(1, len(s)):
            o = right({**i, "state.s": s, "state.y": y})
            s[k], y[k] = o["end.s"][k - 1], o["end.y"][k - 1]
        return {**i, "state.s": s, "state.y": y}
    return dict(before=before)


def last_only(i):
    dy = 0 * i["dy"]
    dy[-1] = i["dy"][-1]
    return {**i, "dy": dy}


def not_last(i):
    dy = 1 * i["dy"]
    dy[-1] = 0
    return {**i, "dy": dy}


def slope_at(point):
    """The slope of h, taken elsewhere than at v."""
    return edit(("h(v)", f"bent(h, v, {point})"))


def detach_every(k, names="sy"):
    lines = "".join(f"{name} = stop({name}) if t and t % {k} == 0 else {name}\n" for name in names)
    return edit(("seen = ", lines + "seen = "))


def gradient_of_kept(gradient):
    return edit((KEPT, f"swap({KEPT}, {gradient})"))


def feedback(text):
    return edit(("y @ H", text))


def sees(text, ahead=""):
    """Something else than y_{t-1} in the gate."""
    def make(config):
        seen = "seen = stop(y)" if config["reset_grad"] == "detached" else "seen = y"
        return dict(edits=[(seen, ahead + seen.replace("y", text))])
    return make


def after_reset(name, y):
    """A trace of s with the reset by its own step's y."""
    def make(config):
        def then(i, o):
            fired = o[y].max(-1)[..., None] if config["lateral_inhibition"] else o[y]
            o[name] = o[name] * (1 - fired)
        return dict(after=then)
    return make


def x_reshaped(config):
    def before(i):
        T, B, n = i["x"].shape
        return {**i, "x": i["x"].reshape(B, T, n).transpose(1, 0, 2)}
    return dict(before=before, after=lambda i, o: o.update(
        {"grad.x": o["grad.x"].transpose(1, 0, 2).reshape(i["x"].shape)}))


def b_of(text):
    return edit(("s + b", f"s + ({text})"))


def decay_of(text):
    return edit(("seen = ", f"decay_kept = {text}\nseen = "), ("decay * (", "decay_kept * ("))


def fired(text):
    return lambda config: dict(edits=[("fired = largest(seen)" if config["lateral_inhibition"] else "fired = seen",
                                       f"fired = {text}")])


def with_g(name):
    return g_is(*G[name])


def reset(text):
    return edit((KEPT, text))


def all_of_z(text):
    """z from its currents and what is kept."""
    return lambda config: dict(edits=[(z_of(config), text.format("(x @ W + y @ H)" if config["recurrent"] else "(x @ W)"))])


LEAKY = {slope: g_is(lambda z, a=slope: np.maximum(z, a * z), lambda z, a=slope: np.where(z > 0, 1, a))
         for slope in (0.01, 0.2, 0.3)}
NORMAL = np.sqrt(0.5 / np.pi)

SURROGATES = {
    **SPIKE,
    "one": lambda v: 1 + 0 * v, "zero": lambda v: 0 * v, "one_above": lambda v: 1.0 * (v > 0),
    "box_of_two": lambda v: 1.0 * (abs(v) < 1), "flat_box": lambda v: 0.5 * (abs(v) < 1),
    "sigmoid": lambda v: sigmoid(v) * sigmoid(-v), "sigmoid_4": lambda v: 4 * sigmoid(4 * v) * sigmoid(-4 * v),
    "sigmoid_25": lambda v: 25 * sigmoid(25 * v) * sigmoid(-25 * v),
    "fast_sigmoid_10": lambda v: (1 + 10 * abs(v)) ** -2.0, "fast_sigmoid_25": lambda v: (1 + 25 * abs(v)) ** -2.0,
    "fast_sigmoid_100": lambda v: (1 + 100 * abs(v)) ** -2.0, "arctan_unscaled": lambda v: 1 / (1 + v**2),
    "arctan_over_pi": lambda v: 1 / (np.pi + np.pi**3 * v**2),
    "triangle_0.3": lambda v: np.where(abs(v) < 1, 0.3 - 0.3 * abs(v), 0),
    "gaussian": lambda v: NORMAL * np.exp(-v**2 / 2), "gaussian_peak_one": lambda v: np.exp(-(v**2)),
    "tanh_value": np.tanh, "tanh_unsquared": lambda v: 1 - abs(np.tanh(v)),
}

WRONG = {
    "step_at_zero_fires": lambda c: dict(h=(lambda v: 1.0 * (v >= 0), functions(c)[1][1])),
    "bias_subtracted": edit(("s + b", "s - b")),
    "bias_left_out": edit(("s + b", "s + 0 * b")),
    "threshold_one": edit(("s + b", "s - 1.0")),
    "bias_in_state": lambda c: dict(edits=[add_b(c), ("s + b", "s")]),
    "bias_in_state_outside_g": edit(("g(z)", "g(z) + b"), ("at.v(s + b)", "at.v(s)")),
    "bias_twice": lambda c: dict(edits=[add_b(c)]),
    "bias_of_current": lambda c: dict(edits=[add_b(c), ("s + b", "s - 1.0")]),
    "bias_in_state_unseen": edit(("g(z)", "g(z + b)"), ("at.v(s + b)", "at.v(s)")),
    "h_of_s": edit(("h(v)", "h(s)")),
    "v_is_z": edit(("s + b", "z + b")),
    "b_reversed": b_of("Dual(b.value[::-1], b.along[::-1])"),
    "b_of_first_unit": b_of("Dual(b.value[:1], b.along[:1])"),
    "b_along_batch": b_of("Dual(b.value[:, None], b.along[:, None])"),
    "decay_along_batch": decay_of("Dual(decay.value[:, None], decay.along[:, None])"),
    "no_reset": edit(("1 - fired", "fired * 0 + 1")),
    "reset_by_threshold": reset("decay * (s + b * fired)"),
    "reset_by_threshold_after_decay": reset("(decay * s + b * fired)"),
    "reset_by_one": reset("decay * (s - fired)"),
    "reset_by_one_after_decay": reset("(decay * s - fired)"),
    "reset_to_b": reset("decay * (s * gate + b * fired)"),
    "reset_to_b_after_decay": reset("(decay * (s * gate) + b * fired)"),
    "reset_by_own_spike": lambda c: dict(edits=[
        *fired("seen")(c)["edits"], ("gate = 1 - fired", "gate = 1 - fired if t else fired * 0 + 1")]),
    "reset_for_two_steps": lambda c: dict(edits=[
        ("seen = stop(y)", "seen = stop(y) + stop(positive(before - y))") if c["reset_grad"] == "detached"
        else ("seen = y", "seen = y + positive(before - y)")]),
    "reset_undecayed": reset("(decay * s - s * fired)"),
    "gate_inverted": edit(("gate = 1 - fired", "gate = fired")),
    "reset_twice": edit((KEPT, KEPT + " * gate")),
    "gate_one_step_late": sees("before"),
    "gate_one_step_late_from_start": sees("(before if t else y)"),
    "gate_of_start": sees("y_0", "y_0 = y_0 if t else y\n"),
    "reset_gates_all": all_of_z("at.z(gate * ({} + decay * s))"),
    "reset_gates_input": edit(("x @ W", "gate * (x @ W)")),
    "hard_gate": edit(("fired = seen", "fired = Dual(1.0 * (seen.value > 0.5), 0 * seen.along)")),
    "gate_shut_above_zero": lambda c: dict(edits=[("gate = 1 - fired", "gate = 1 - Dual(1.0 * (fired.value > 0), 0 * fired.along)")]),
    "gate_from_v": lambda c: dict(edits=[
        ("seen = stop(y)" if c["reset_grad"] == "detached" else "seen = y",
         "seen = of(lambda a: np.minimum(np.maximum(a, 0), 1), lambda a: 1.0 * (a > 0) * (a < 1))(s + b)")]),
    "decay_on_all": all_of_z("at.z(decay * ({} + s * gate))"),
    "decay_on_input_too": edit(("x @ W", "decay * (x @ W)")),
    "decay_on_input_only": edit(("x @ W", "decay * (x @ W)"), (KEPT, "s * gate")),
    "decay_after_g": edit((KEPT, "s * gate"), ("g(z)", "decay * g(z)")),
    "input_times_one_minus_decay": edit(("x @ W", "(1 - decay) * (x @ W)")),
    "currents_times_one_minus_decay": all_of_z("at.z((1 - decay) * {} + decay * (s * gate))"),
    "decay_squared": edit((KEPT, "decay * decay * (s * gate)")),
    "decay_when_stored": edit(("at.y(h(v))", "at.y(h(v))\ns = decay * s")),
    "decay_when_reported": edit(("at.s(g(z))", "g(z)"), ("at.y(h(v))", "at.y(h(v))\ns = at.s(decay * s)")),
    "decay_mean": edit((KEPT, "Dual(decay.value.mean(keepdims=True), decay.along.mean(0)[None]) * (s * gate)")),
    "decay_complement": edit((KEPT, "(1 - decay) * (s * gate)")),
    "decay_root": decay_of("of(np.sqrt, lambda a: 0.5 / np.sqrt(a))(decay)"),
    "leak_subtracted": edit((KEPT, "decay * (s * gate) * -1")),
    "decay_exponential": decay_of("of(lambda a: np.exp(a - 1), lambda a: np.exp(a - 1))(decay)"),
    "decay_through_sigmoid": decay_of("of(sigmoid, lambda a: sigmoid(a) * sigmoid(-a))(decay)"),
    "no_decay": edit((KEPT, "s * gate")),
    "decay_zero": edit((KEPT, "0 * s")),
    "decay_default": edit((KEPT, "0.8 * (s * gate)")),
    "decay_0.9": edit((KEPT, "0.9 * (s * gate)")),
    "decay_of_first_unit": edit((KEPT, "Dual(decay.value[:1], decay.along[:1]) * (s * gate)")),
    "no_feedback": feedback("0"),
    "H_fed_x": feedback("x @ H"),
    "W_and_H_swapped": edit(("x @ W + y @ H", "x @ H + y @ W")),
    "H_transposed": feedback("y @ turned(H)"),
    "H_fed_s": feedback("s @ H"),
    "H_fed_gated_state": feedback("(s * gate) @ H"),
    "H_fed_one_minus_y": feedback("(1 - y) @ H"),
    "feedback_late": feedback("before @ H"),
    "feedback_gated": feedback("gate * (y @ H)"),
    "feedback_decayed": feedback("decay * (y @ H)"),
    "feedback_outside_g": edit(("y @ H", "0"), ("g(z)", "g(z) + y @ H")),
    "no_self_feedback": feedback("y @ (H * (1 - np.eye(len(H.value))))"),
    "feedback_negated": feedback("y @ (H * -1)"),
    "W_reshaped": edit(("x @ W", "x @ Dual(W.value.T.reshape(W.value.shape), "
                        "W.along.swapaxes(0, 1).reshape(W.along.shape))")),
    "last_unit_silent": edit(("g(z)", "g(z) * np.array([1.0] * (z.value.shape[1] - 1) + [0])")),
    "W_transposed": edit(("x @ W", "x @ turned(W)")),
    "inhibition_across_batch": fired("largest(seen, None)"),
    "inhibition_over_batch_only": fired("largest(seen, 0)"),
    "inhibition_left_out": fired("seen"),
    "inhibition_sum": fired("total(seen)"),
    "inhibition_mean": fired("total(seen) * (1 / seen.value.shape[1])"),
    "inhibition_of_winner": fired("seen * (np.arange(seen.value.shape[1]) == seen.value.argmax(1)[:, None])"),
    "inhibition_by_others": fired("others(seen)"),
    "inhibition_and_own_reset": edit(("gate = 1 - fired", "gate = (1 - fired) * (1 - seen)")),
    "inhibition_not_asked": fired("largest(seen)"),
    "reset_of_stored_state": edit((KEPT, "decay * s"), ("at.y(h(v))", "at.y(h(v))\ns = s * (1 - y)")),
    "reset_of_reported_state": edit(
        (KEPT, "decay * s"), ("at.s(g(z))", "g(z)"), ("at.y(h(v))", "at.y(h(v))\ns = at.s(s * (1 - y))")),
    **{f"g_is_{name}": with_g(name) for name in ("relu", "leaky_relu", "tanh")},
    "g_left_out": with_g("identity"),
    "g_is_sigmoid": g_is(sigmoid, lambda z: sigmoid(z) * sigmoid(-z)),
    "g_is_elu": g_is(lambda z: np.where(z > 0, z, np.exp(z) - 1), lambda z: np.where(z > 0, 1, np.exp(z))),
    "g_is_softplus": g_is(lambda z: np.log(1 + np.exp(z)), sigmoid),
    "g_clipped_at_one": g_is(lambda z: np.minimum(1, z * (z > 0)), lambda z: 1.0 * (z > 0) * (z < 1)),
    "g_then_relu": lambda c: dict(g=(lambda z: np.maximum(functions(c)[0][0](z), 0),
                                     lambda z: (functions(c)[0][0](z) > 0) * functions(c)[0][1](z))),
    **{f"leaky_slope={slope}": wrong for slope, wrong in LEAKY.items()},
    "leaky_floor": g_is(lambda z: np.maximum(z, 0.1), lambda z: 1.0 * (z > 0.1)),
    "g_is_hard_tanh": g_is(lambda z: np.maximum(np.minimum(z, 1), -1), lambda z: 1.0 * (abs(z) < 1)),
    "g_is_softsign": g_is(lambda z: z / (1 + abs(z)), lambda z: (1 + abs(z)) ** -2.0),
    "g_on_input_only": edit(("x @ W", "g(x @ W)"), ("at.s(g(z))", "at.s(z)")),
    "h_is_sigmoid": h_is(sigmoid, lambda v: sigmoid(v) * sigmoid(-v)),
    "h_is_surrogate": lambda c: dict(h=(np.tanh, SPIKE["tanh"])),
    "h_is_sign": lambda c: dict(h=(np.sign, functions(c)[1][1])),
    "h_is_step": h_is(lambda v: 1.0 * (v > 0), lambda v: 1 / np.cosh(v) ** 2),
    "h_is_rounded_sigmoid": h_is(lambda v: np.round(sigmoid(v)), lambda v: sigmoid(v) * sigmoid(-v)),
    "h_is_sigmoid_of_2v": h_is(lambda v: sigmoid(2 * v), lambda v: 2 * sigmoid(2 * v) * sigmoid(-2 * v)),
    "h_is_tanh": h_is(np.tanh, lambda v: 1 / np.cosh(v) ** 2),
    "h_is_fast_sigmoid": h_is(lambda v: (1 + v / (1 + abs(v))) / 2, lambda v: (1 + abs(v)) ** -2.0 / 2),
    "h_is_hard_sigmoid": h_is(lambda v: np.clip(v / 6 + 0.5, 0, 1), lambda v: (abs(v) < 3) / 6),
    "h_is_hard_sigmoid_0.2": h_is(lambda v: np.clip(v / 5 + 0.5, 0, 1), lambda v: (abs(v) < 2.5) / 5),
    "y_is_s": edit(("at.y(h(v))", "h(v)\nat.y(s)")),
    "y_is_v": edit(("at.y(h(v))", "h(v)\nat.y(v)")),
    "y_is_z": edit(("at.y(h(v))", "h(v)\nat.y(z)")),
    "g_slope_left_out": g_slope(lambda right: lambda z: 1 + 0 * z),
    "g_slope_at_zero_one": g_slope(lambda right: lambda z: np.where(z == 0, 1, right(z))),
    "g_slope_at_zero_half": g_slope(lambda right: lambda z: np.where(z == 0, (right(0 * z) + 1) / 2, right(z))),
    "g_slope_of_relu": g_slope(lambda right: lambda z: 1.0 * (z > 0)),
    "g_slope_at_z": g_slope(lambda right: lambda z: 1 - z**2),
    "g_slope_of_tanh_s": g_slope(lambda right: lambda z: 1 / np.cosh(np.tanh(z)) ** 2),
    "surrogate_at_y": lambda c: dict(h=(functions(c)[1][0], lambda v: functions(c)[1][1](1.0 * (v > 0)))),
    **{f"surrogate_{name}": h_slope(slope) for name, slope in SURROGATES.items()},
    "surrogate_closed_edge": h_slope(lambda v: 1.0 * (abs(v) <= 0.5)),
    "surrogate_where_firing": lambda c: dict(h=(functions(c)[1][0], lambda v: (v > 0) * functions(c)[1][1](v))),
    "h_slope_left_out": h_slope(lambda v: 1 + 0 * v),
    "h_slope_of_v": h_slope(lambda v: v - v * v),
    "h_slope_of_y": h_slope(lambda v: sigmoid(sigmoid(v)) * sigmoid(-sigmoid(v))),
    "h_slope_of_surrogate": h_slope(lambda v: 1 / np.cosh(v) ** 2),
    "reset_detached": edit(("seen = y", "seen = stop(y)")),
    "reset_through": edit(("seen = stop(y)", "seen = y")),
    "reset_gradient_negated": gradient_of_kept("decay * (s * stop(gate)) - stop(decay) * (stop(s) * gate)"),
    "reset_gradient_undecayed": gradient_of_kept("decay * (s * stop(gate)) + stop(s) * gate"),
    "reset_gradient_of_next_state": lambda c: dict(edits=[(z_of(c), z_of(c)[:-1] + " + ahead)"), (
        "gate = 1 - fired\n", "gate = 1 - fired\nnow = g" + z_of(c)[4:] + "\n"
        "ahead = swap(0 * gate, stop(decay) * (stop(now) - stop(s)) * gate)\n")]),
    "state_gradient_gate_of_y_t": lambda c: dict(edits=[
        (z_of(c), z_of(c)[:-1].replace(KEPT, f"swap({KEPT}, {OF_Y_T})") + ")"),
        ("gate = 1 - fired\n", "gate = 1 - fired\nthen = stop(h(g" + z_of(c)[4:] + " + b))\n"
         + ("then = largest(then)\n" if c["lateral_inhibition"] else ""))]),
    "end_s_cotangent_at_each_step": end_each_step,
    "h_slope_at_step_before": edit(("at.y(h(v))", "at.y(bent(h, v, old if t else v))\nold = v")),
    "state_gradient_ungated": gradient_of_kept("stop(decay) * s + decay * stop(s) * gate"),
    "state_gradient_undecayed": gradient_of_kept("s * stop(gate) + decay * stop(s) * gate"),
    "leak_detached": edit((KEPT, f"stop({KEPT})")),
    "output_constant": edit(("h(v)", "h(stop(v))")),
    "output_gradient_not_to_s": edit(("s + b", "stop(s) + b")),
    "state_detached": detach_every(1, "s"),
    "output_detached": detach_every(1, "y"),
    "gradient_cut_after_one_step": detach_every(1),
    **{f"gradient_cut_every_{k}_steps": detach_every(k) for k in (2, 3, 4, 5)},
    **{f"state_gradient_cut_every_{k}_steps": detach_every(k, "s") for k in (2, 3, 4)},
    "feedback_detached": feedback("stop(y) @ H"),
    "feedback_gradient_untransposed": feedback("swap(y @ H, y @ turned(stop(H)) + stop(y) @ H)"),
    "inhibition_first_tie": fired("largest(seen, weights=first)"),
    "inhibition_full_ties": fired("largest(seen, weights=lambda tied: tied)"),
    "inhibition_across_batch_first_tie": fired("largest(seen, None, weights=first)"),
    "inhibition_gradient_own": fired("swap(largest(seen), seen)"),
    "inhibition_gradient_to_all": fired("swap(largest(seen), total(seen) * (1 / seen.value.shape[1]))"),
    "input_gradient_untransposed": edit(("x @ W", "swap(x @ W, x @ turned(stop(W)) + stop(x) @ W)")),
    "mean_over_time": times(PARAMS, lambda T, B, n: 1 / T),
    "mean_over_batch": times(PARAMS, lambda T, B, n: 1 / B),
    "mean_over_time_and_batch": times(PARAMS, lambda T, B, n: 1 / T / B),
    "loss_mean_over_time": times(EVERYTHING, lambda T, B, n: 1 / T),
    "loss_mean_over_batch": times(EVERYTHING, lambda T, B, n: 1 / B),
    "loss_mean_over_time_and_batch": times(EVERYTHING, lambda T, B, n: 1 / T / B),
    "loss_mean_over_everything": times(EVERYTHING, lambda T, B, n: 1 / T / B / n),
    "threshold_gradient": b_of("swap(b, b * -1)"),
    "bias_constant": b_of("stop(b)"),
    "bias_gradient_of_z": after(lambda i, o: o.update({"grad.b": o["adj.z"].sum((0, 1))})),
    "bias_gradient_of_s": after(lambda i, o: o.update({"grad.b": o["adj.s"].sum((0, 1))})),
    "decay_constant": edit((KEPT, "stop(decay) * (s * gate)")),
    "decay_gradient_ungated": one_sum("grad.decay", lambda i, o, t, s, y, gate: (o["adj.z"][t] * s).sum(0)),
    "decay_gradient_without_start": one_sum(
        "grad.decay", lambda i, o, t, s, y, gate: (o["adj.z"][t] * s * gate).sum(0), 1),
    "decay_gradient_of_s_t": one_sum(
        "grad.decay", lambda i, o, t, s, y, gate: (o["adj.z"][t] * o["s"][t] * gate).sum(0)),
    "decay_gradient_of_complement": edit((KEPT, "swap(decay, decay * -1) * (s * gate)")),
    "decay_gradient_of_logit": edit((KEPT, "swap(decay, stop(decay) * stop(1 - decay) * decay) * (s * gate)")),
    "decay_gradient_of_tau": edit((KEPT, "swap(decay, stop(1 - decay) * stop(1 - decay) * decay) * (s * gate)")),
    "H_gradient_of_y_t": one_sum("grad.H", lambda i, o, t, s, y, gate: o["y"][t].T @ o["adj.z"][t]),
    "H_gradient_without_start": one_sum("grad.H", lambda i, o, t, s, y, gate: y.T @ o["adj.z"][t], 1),
    "H_gradient_without_diagonal": one_sum(
        "grad.H", lambda i, o, t, s, y, gate: (y.T @ o["adj.z"][t]) * (1 - np.eye(y.shape[1]))),
    "start_y_without_feedback": after(lambda i, o: o.update({
        "start.y": o["start.y"] - np.einsum("bj,ij->bi", o["adj.z"][0], i["params.H"])})),
    "W_gradient_of_x_before": one_sum("grad.W", lambda i, o, t, s, y, gate: i["x"][t - 1].T @ o["adj.z"][t], 1),
    "W_gradient_of_next_x": after(lambda i, o: o.update({
        "grad.W": sum((i["x"][t + 1].T @ o["adj.z"][t] for t in range(len(i["x"]) - 1)), 0 * o["grad.W"])})),
    "backward_without_first_step": ends_early,
    "H_constant": feedback("y @ stop(H)"),
    "gradients_of_first_step": loop_sums(lambda t, T: t == 0),
    "gradients_of_last_step": loop_sums(lambda t, T: t == T - 1),
    "gradients_without_first_step": loop_sums(lambda t, T: t > 0),
    "gradients_without_last_step": loop_sums(lambda t, T: t < T - 1),
    "gradients_of_first_sample": loop_sums(b_kept=lambda i, B: i == 0),
    "gradients_of_last_sample": loop_sums(b_kept=lambda i, B: i == B - 1),
    "gradients_added_twice": times(PARAMS, lambda T, B, n: 2),
    "start_ignored": zero("state.s", "state.y"),
    "start_s_ignored": zero("state.s"),
    "start_y_ignored": zero("state.y"),
    "end_cotangents_ignored": zero("dend.s", "dend.y"),
    "end_s_cotangent_ignored": zero("dend.s"),
    "end_y_cotangent_ignored": zero("dend.y"),
    "state_not_cleared_in_batch": in_a_row,
    "state_not_cleared_between_runs": rerun,
    "end_is_step_before": after(lambda i, o: o.update({"end.s": o["s"][-2], "end.y": o["y"][-2]})),
    "end_s_after_reset": after_reset("end.s", "end.y"),
    "s_after_reset": after_reset("s", "y"),
    "x_reshaped": x_reshaped,
    "column_major": after(lambda i, o: o.update({k: a.T.reshape(a.shape) for k, a in o.items()})),
    "end_y_is_step_before": after(lambda i, o: o.update({"end.y": [i["state.y"], *o["y"]][-2]})),
    "end_s_cotangent_twice": after(None, lambda i: {**i, "dend.s": 2 * i["dend.s"]}),
    "end_y_cotangent_twice": after(None, lambda i: {**i, "dend.y": 2 * i["dend.y"]}),
    "only_last_dy": after(None, last_only),
    "no_dy_at_last_step": after(None, not_last),
    "time_reversed": reorder(lambda a: a[::-1], lambda a: a[::-1]),
    "x_reversed": after(None, lambda i: {**i, "x": i["x"][::-1]}),
    "batch_and_time_swapped": swap_axes(lambda a: a.swapaxes(0, 1), lambda a: a.swapaxes(0, 1)),
    "batch_and_time_reshaped": reorder(
        lambda a: a.reshape(a.shape[1], a.shape[0], -1).transpose(1, 0, 2),
        lambda a: a.transpose(1, 0, 2).reshape(a.shape)),
    "y_one_step_late": late("y"),
    "s_of_step_before": after(lambda i, o: o.update(s=np.stack([i["state.s"], *o["s"][:-1]]))),
    "y_of_step_before": after(lambda i, o: o.update(y=np.stack([i["state.y"], *o["y"][:-1]]))),
    **{f"{name}_of_last_step_everywhere": after(lambda i, o, k=name: o.update({k: np.stack([o[k][-1]] * len(o[k]))}))
       for name in "syvz"},
    "input_truncated": after(None, lambda i: {**i, "x": 1.0 * i["x"].astype(int)}),
    "input_rounded": after(None, lambda i: {**i, "x": np.round(i["x"])}),
    "input_late": after(lambda i, o: o.update({"grad.x": np.stack([*o["grad.x"][1:], 0 * i["x"][0]])}),
                        lambda i: {**i, "x": np.stack([0 * i["x"][0], *i["x"][:-1]])}),
    "v_reported_without_b": after(lambda i, o: o.update(v=o["s"])),
    "adj_y_without_later_steps": after(lambda i, o: o.update({"adj.y": 1 * i["dy"]})),
    "traces_one_step_late": late("zsvy"),
    "surrogate_at_s": slope_at("s"),
    "surrogate_at_s_minus_b": slope_at("s - b"),
    "surrogate_at_z": slope_at("z + b"),
    "surrogate_at_v_over_threshold": slope_at("Dual(-v.value / b.value, v.along)"),
    "h_slope_at_s": slope_at("s"),
}


# Configurations and inputs in which to look for a mistake; the first in which it shows is taken.
CONFIG = dict(unit="snu", h="step", g="relu", surrogate="tanh", recurrent=False, lateral_inhibition=False,
              reset_grad="through")
OPTIONS = [dict(), dict(recurrent=True), dict(lateral_inhibition=True), dict(h="sigmoid"), dict(g="leaky_relu"),
           dict(g="tanh"), dict(surrogate="boxcar"), dict(reset_grad="detached")]


def draw(config, T=6, B=2, n=3, seed=1):
    """Inputs of a case: multiples of 1/64, as many inputs as units."""
    rng = np.random.default_rng(seed)

    def grid(low, high, *shape):
        return rng.integers(low * 64, high * 64, shape, endpoint=True) / 64

    inputs = {"params.W": grid(-1, 1, n, n), "params.b": grid(-0.875, -0.25, n), "params.decay": grid(0.5, 0.875, n)}
    if config["recurrent"]:
        inputs["params.H"] = grid(-0.75, 0.75, n, n)
    inputs.update(x=grid(-1.5, 1.5, T, B, n), dy=grid(-1, 1, T, B, n))
    for name in ("state.s", "dend.s", "dend.y"):
        inputs[name] = grid(-1, 1, B, n)
    inputs["state.y"] = grid(0, 0.75, B, n)
    return inputs


def edges(config):
    """Inputs with z = 0, v = 0 and v = 1/2, exactly."""
    inputs = draw(config, T=3, B=1, n=2)
    inputs.update({"params.W": np.eye(2), "params.b": np.full(2, -0.5), "params.decay": np.full(2, 0.5)})
    inputs.update({"x": np.array([[[0.5, 1]], [[0.25, 0.5]], [[-0.25, 0]]]), "dy": np.ones((3, 1, 2))})
    inputs.update({name: np.zeros((1, 2)) for name in ("state.s", "state.y")})
    if config["recurrent"]:
        inputs["params.H"] = np.zeros((2, 2))
    return inputs


def as_many_samples(config):
    """As many samples as units."""
    return draw(config, B=3)


SETTINGS = [*(({**CONFIG, **options}, make) for make in (draw, edges) for options in OPTIONS), (CONFIG, as_many_samples)]
