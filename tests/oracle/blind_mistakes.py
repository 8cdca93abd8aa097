"""Mistakes that people make in porting the unit, as edits of `blind_unit`, each with a sentence.

    MISTAKES = {key: Mistake(sentence, words, edits)}

They come from code that is written like common libraries of spiking networks, from the defaults of
frameworks, and from indices, axes, states and precision that go wrong by hand.
"""
import re

from blind_unit import TEXT, Mistake

MISTAKES = {}


def mistake(key, sentence, words, *edits):
    """Enter a mistake."""
    if key in MISTAKES:
        raise ValueError(f"{key}: there are two")
    MISTAKES[key] = Mistake(sentence, words, edits)


def before(anchor, *lines):
    """The edit that puts lines before the one that begins with `anchor`."""
    indent = re.search(r"^( *)" + re.escape(anchor), TEXT, re.M)[1]
    return anchor, "".join(line + "\n" + indent for line in lines) + anchor


def after(anchor, *lines):
    """The edit that puts lines after `anchor`, a whole one."""
    indent = re.search(r"^( *)" + re.escape(anchor) + "$", TEXT, re.M)[1]
    return anchor, anchor + "".join("\n" + indent + line for line in lines)


# Patterns that several mistakes use: the words that a diagnosis must contain.
FROM_T = r"mean|average|\bT\b|divid|number of steps"
OVER_B = r"mean|average|batch|\bB\b|divid"
PIECE = r"piece|border|chunk"
SINGLE = r"float32|single|24 bits"
BF16 = r"bfloat16|8 bits"
KINK = r">= ?0|at (z = )?0|at zero|kink|right slope"
ONE_STEP = r"(first|one|single|last) step|overwrit|sum|over time"

# ---- mistakes of the forward pass ---------------------------------------------------------------
# A port by hand keeps the right backward pass; a derived port differentiates its mistake.
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
    r"(same|own|its|within the|in the) step|after the spike|at once|already reset|"
    r"s_t[ .*]+\(1 - y_t|s \* \(1 - y\)|returned state[^.]*reset|reset[^.]*returned",
    (KEPT, "decay * s"),
    before("trace.append((z, s, v, y))", SEEN, TOP,
               "s = s * (1 - top)"))
mistake("reset_of_all", "The gate multiplies the input current too.",
    r"(gate|reset)[^.]*(input|drive|current|x_?t? ?W|whole|all of z|everything)|"
    r"(input|drive|current|x_?t? ?W)[^.]*(gate|reset)|\)[ .*]+(gate|\(1 - y)",
    ("z = drive + kept", "z = (drive + decay * s) * gate"))
mistake("late_reset", "The gate looks at the output of two steps before.",
    r"(reset|gate)[^;]*(two steps|t ?- ?2|late|delay|step before)|(two steps|t ?- ?2|late|"
    r"delay)[^;]*(reset|gate)", before(LOOP, "older = y"),
    (SEEN, "older, seen = y, older\n        " + SEEN.replace("(y)", "(seen)")[:-1] + "seen"))
mistake("bias_in_state", "The bias is added inside g, so that the state holds it.",
    r"(b|bias)\b[^.]*(inside|into the state|in the state|in z|before g|integrat)|\+ b\b[^.]*\)|"
    r"z[^.]*\+ b\b", ("z = drive + kept", "z = drive + kept + b"), ("v = s + b", "v = s + 0 * b"))
mistake("at_threshold", "A unit fires at its threshold already.",
    r">=|reaches|at (the|its) threshold|v = 0|step\(0\)", ("1.0 * (v > 0)", "1.0 * (v >= 0)"))
mistake("fixed_threshold", "The threshold is always 1; the bias is not read.",
    r"s[^ ]* - 1\b|threshold[^.]*(1\b|one\b|fixed|constant)|\bb\b[^.]*(ignored|-1|left out|"
    r"not (used|read)|constant)", ("v = s + b", "v = s + (0 * b - 1)"))
mistake("minus_bias", "The bias is subtracted.",
    r"s[^ ]* - b\b|sign of (b|the bias)\b|\b(b|bias)\b[^;]*(subtract|minus b)|subtract[^;]*\b(b|"
    r"bias)\b", ("v = s + b", "v = s - b"))
mistake("one_minus_decay", "1 - decay stands where decay should.",
    r"1 - decay(?!\)?[ .*]+\(?(x|drive|input))",
    before(START, "decay = 1 - decay"))
mistake("decayed_input", "The input current is decayed as the state is.",
    r"decay[^.]*(input|drive|current|x_?t? ?W)|(input|drive|current|x_?t? ?W)[^.]*decay|"
    r"decay[ .*]+(gate[ .*]+)?\(", ("z = drive + kept", "z = decay * drive + kept"))
mistake("averaged_input", "The input current is multiplied by 1 - decay.",
    r"1 - decay\)?[ .*]+\(?(x|drive|input|current)|(input|current|drive|x_?t? ?W)[^.]*1 - decay",
    ("z = drive + kept", "z = (1 - decay) * drive + kept"))
mistake("decay_through_sigmoid", "The decay passes through a sigmoid, as if it were a logit.",
    r"sigmoid|logit|\bexp\b", before(START, "decay = curve(decay, sigmoid, sigmoid_slope)"))
mistake("decay_0_9", "The decay is always 0.9.", r"0\.9\b",
    before(START, "decay = 0 * decay + 0.9"))
mistake("decay_of_mean", "All units share the mean decay.",
    r"mean|average|share|same (decay|for all)",
    before(START, "decay = total(decay) * (1 / decay.a.size)"))
mistake("decay_exponential", "exp(-(1 - decay)) stands where decay should.", r"\bexp",
    before(START, "decay = curve(decay, lambda a: np.exp(a - 1), lambda a: np.exp(a - 1))"))
mistake("decay_squared", "The decay is applied twice.",
    r"decay[^.]*(twice|squared|\^2|\*\* ?2)|twice", (KEPT, "decay * decay * s * gate"))
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
    r"(\bH\b|recurren)[^;]*(missing|left out|ignored|dropped|not (used|added))|(no|"
    r"without)[^;]*(\bH\b|recurren|y H)", ("z = z + y @ H", "pass"))
mistake("H_transposed", "H is transposed.", r"H'|H\.T|H[^.]*transpos|transpos[^.]*H",
    ("z + y @ H", "z + y @ H.T"))
mistake("no_self_connection", "The diagonal of H is not used.", r"diagonal|itself|self",
    ("z + y @ H", "z + y @ (H * (1 - np.eye(H.a.shape[0])))"))
mistake("recurrent_state", "H is fed with the state instead of the output.",
    r"s[^ ]* ?[*@]? ?H|(state|\bs_?\{?t?-?1?\}?)[^.]*\bH\b", ("z + y @ H", "z + s @ H"))
mistake("late_recurrence", "H is fed with the output of two steps before.",
    r"(\bH\b|recurren)[^;]*(two steps|t ?- ?2|late|delay|step before)|(two steps|t ?- ?2|late|"
    r"delay)[^;]*(\bH\b|recurren)", before(LOOP, "earlier = y"),
    ("z = z + y @ H", "z, earlier = z + earlier @ H, y"))
mistake("W_in_other_order", "W and its gradient are read and written in column order.",
    r"transpos|order|layout|reshap|column|axes",
    before("X = [Var", "W = W.reshape(W.shape[::-1]).T"),
    ('"grad.W": dW', '"grad.W": dW.T.reshape(dW.shape)'))
mistake("no_g", "g is not applied.",
    r"identity|s[^ ]* = z|(no|without) (g|relu|activation)\b|\bg\b[^.]*(missing|left out|"
    r"not applied|dropped)", (STATE, 's = curve(z, *G["identity"])'))
mistake("relu_always", "g is relu, whatever is asked for.", r"(?<!leaky_)(?<!leaky )relu\b",
    (STATE, 's = curve(z, *G["relu"])'))
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
mistake("g_for_output",
    "g is applied on the way to the output alone; the state is kept without it.",
    r"\bg\b[^.]*(output|\bv\b|y_t|h\()|h\(g|v[^ ]* = g|s[^ ]* = z",
    (STATE, 's = curve(z, *G["identity"])'), ("v = s + b", 'v = curve(z, *G[c["g"]]) + b'))
mistake("state_clamped", "The state is clamped to at most 1.",
    r"clamp|clip|\bmin\b|at most|limit|bound",
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
    r"batch|samples",
    ("amax(seen)", "amax(seen, lambda y: (y == y.max()) / (y == y.max()).sum(), None)"))
mistake("inhibition_over_samples",
    "The maximum of the inhibition is over the samples, unit by unit.",
    r"batch|samples|wrong axis|axis 0",
    ("amax(seen)", "amax(seen, lambda y: (y == y.max(0)) / (y == y.max(0)).sum(0), 0)"))
mistake("inhibition_sum", "Inhibition sums the outputs, instead of their maximum.", r"\bsum",
    ("amax(seen)", "total(seen)"))
mistake("inhibition_mean", "Inhibition takes the mean of the outputs, instead of their maximum.",
    r"mean|average", ("amax(seen)", "total(seen) * (1 / seen.a.shape[-1])"))
mistake("start_ignored", "The run begins with zeros, not with the state that is passed in.",
    r"(initial|start|first|passed)[^.]*(state|s_0|s, y)?[^.]*(ignor|not used|zero|0\b|dropped|"
    r"left out)|(zero|0)[^.]*(initial|start)", before(LOOP, "s, y = 0 * s, 0 * y"))
mistake("start_y_ignored", "The run begins with y = 0, not with the output that is passed in.",
    r"(initial|start|first|passed)[^.]*(y|output)[^.]*(ignor|not used|zero|0\b|dropped|left out)|"
    r"y_0|y\[0\]|start\.y|state\.y", before(LOOP, "y = 0 * y"))
mistake("start_s_ignored", "The run begins with s = 0, not with the state that is passed in.",
    r"(initial|start|first|passed)[^.]*(\bs\b|state)[^.]*(ignor|not used|zero|0\b|dropped|"
    r"left out)|s_0|s\[0\]|start\.s|state\.s", before(LOOP, "s = 0 * s"))
mistake("pieces_from_zero", "Each piece of a sequence begins with zeros.", PIECE,
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
    r"revers|last[^.]*first|backwards in time|from the end|\[::-1\]",
    before("X = [Var", "x = x[::-1]"), ('"grad.x": dx', '"grad.x": dx[::-1]'))
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
mistake("state_in_bfloat16", "The state is stored in bfloat16.", BF16,
    after(STATE, "s = rounded(s, bfloat16)"))
mistake("kept_in_float32", "The kept part of the state is computed in float32.", SINGLE,
    (KEPT, "rounded(rounded(decay, single) * s * gate, single)"))
mistake("all_in_float32", "Everything is computed in float32.", SINGLE,
    before("x, W, b, decay = (a[", "a = {k: p.astype(np.float32) for k, p in a.items()}"))
mistake("drive_in_bfloat16", "The input current is rounded to bfloat16.", BF16,
    ("x_t @ W", "rounded(x_t @ W, bfloat16)"))

# ---- mistakes of the backward pass --------------------------------------------------------------
# Those with edits in both `forward` and `backward` are for either style; the others say "hand".
SURROGATE = 'PSI[c["surrogate"]])'
DETACHED = 'if c["reset_grad"] == "detached":\n            dY = 0 * dY'
BACK_H = "dY = dY + adj_z[t] @ H.T"
BACK_BORDER = "pass  # the gradient goes back from piece to piece"
H_SLOPE = r"(surrogate|pseudo|psi|slope|derivative|h'|dh)[^.]*"

mistake("no_surrogate", "The step passes no gradient: its slope is 0.",
    H_SLOPE + r"(\b0\b|zero|missing|flat|left out)|no (surrogate|gradient)",
    (SURROGATE, "lambda v: 0 * v)"))
mistake("straight_through", "The slope of the step is 1.", H_SLOPE + r"(\b1\b|one)|straight",
    (SURROGATE, "lambda v: 1 + 0 * v)"))
mistake("tanh_always", "The surrogate is that of tanh, whatever is asked for.", r"tanh",
    (SURROGATE, 'PSI["tanh"])'))
mistake("triangle_always", "The surrogate is the triangle, whatever is asked for.",
    r"triangle|1 - (\||abs)", (SURROGATE, 'PSI["triangle"])'))
mistake("sharp_fast_sigmoid", "The fast sigmoid has a slope of 25.", r"\b25\b",
    ("1 / (1 + abs(v)) ** 2", "1 / (1 + 25 * abs(v)) ** 2"))
mistake("fast_sigmoid_unsquared", "The fast sigmoid's derivative lacks its square.",
    r"square|\*\* ?1|\^1|1 \+ (\|v\||abs\(v\))\)?$|not squared",
    ("(1 + abs(v)) ** 2", "(1 + abs(v))"))
mistake("arctan_without_pi", "The arctan surrogate lacks its pi.",
    r"\bpi\b|v\^2|v \*\* 2|width|wide|3\.14", ("(np.pi * v) ** 2", "v ** 2"))
mistake("arctan_alpha_1", "The arctan surrogate is half as high and twice as wide.",
    r"(arctan|surrogate|psi|slope)[^;]*(pi ?/ ?2|0\.5|half|alpha|1\.57|width|wide)",
    ("1 / (1 + (np.pi * v) ** 2)", "0.5 / (1 + (np.pi / 2 * v) ** 2)"))
mistake("triangle_damped", "The triangle is multiplied by 0.3.", r"0\.3\b",
    ("np.maximum(1 - abs(v), 0)", "0.3 * np.maximum(1 - abs(v), 0)"))
mistake("narrow_triangle", "The triangle is half as wide.",
    r"(triangle|surrogate|psi|slope)[^;]*(\b2\b|0\.5|half|narrow|width)",
    ("np.maximum(1 - abs(v), 0)", "np.maximum(1 - 2 * abs(v), 0)"))
mistake("wide_boxcar", "The boxcar is twice as wide and half as high.",
    r"(boxcar|surrogate|psi|slope)[^;]*(0\.5|half|wide|width|< 1)",
    ("1.0 * (abs(v) < 0.5)", "0.5 * (abs(v) < 1)"))
mistake("tanh_unsquared", "The slope of the tanh surrogate lacks its square.",
    r"square|1 - tanh\(v\)(?!\^| ?\*\*)", ("1 - np.tanh(v) ** 2", "1 - np.tanh(v)"))
mistake("surrogate_of_s", "The slope of h is taken at s, not at s + b (hand).",
    r"(at|of) s\b|'\(s|without b|threshold", ("[1](v[t])", "[1](s[t])"))
mistake("soft_by_surrogate", "The soft unit has the slope of the tanh surrogate.",
    r"tanh|surrogate", ("(sigmoid, sigmoid_slope)", '(sigmoid, PSI["tanh"])'))
mistake("sigmoid_of_y", "The slope of the sigmoid is taken at its own value.",
    r"(at|of) y\b|sigmoid\(y|twice|sigmoid\(sigmoid",
    before("return sigmoid(v) * (1 - sigmoid(v))", "v = sigmoid(v)"))
mistake("sigmoid_slope_short", "The slope of the sigmoid lacks its factor 1 - y.",
    r"1 - y|y \(1|sigmoid'|slope|factor", ("sigmoid(v) * (1 - sigmoid(v))", "sigmoid(v)"))
mistake("reset_constant", "The gradient never flows through the reset gate.",
    r"(no|without|lacks|missing)[^;]*gradient[^;]*(reset|gate)|(reset|gate)[^;]*(detach|constant|"
    r"stop|no gradient|missing)|detach[^;]*(reset|gate|\by)|gradient[^;]*(reset|"
    r"gate)[^;]*(left out|cut|never|not)|reset_grad", (SEEN, "seen = detach(y)"),
    (DETACHED, "dY = 0 * dY"))
mistake("reset_never_constant", "The gradient flows through the gate where it is to be detached.",
    r"(not|never) detach|reset_grad|through[^;]*(ignored|always|instead)|detach[^;]*(ignored|not|"
    r"never|missing)|flows[^;]*(reset|gate)", (SEEN, "seen = y"), (DETACHED, "pass"))
mistake("recurrence_constant", "No gradient flows back through H.",
    r"(no|without|lacks|missing)[^;]*gradient[^;]*(\bH\b|recurren)|(\bH\b|recurren)[^;]*(detach|"
    r"constant|no gradient|missing|stop)|detach[^;]*(\bH\b|recurren)|H'[^;]*missing",
    ("z + y @ H", "z + detach(y) @ H"), (BACK_H, "pass"))
mistake("recurrence_constant_if_detached",
    "With a detached reset, no gradient flows through H either.",
    r"(no|without|lacks|missing)[^;]*gradient[^;]*(\bH\b|recurren)|(\bH\b|recurren)[^;]*(detach|"
    r"constant|no gradient|missing|stop)|detach[^;]*(\bH\b|recurren)|H'[^;]*missing",
    ("z + y @ H", "z + seen @ H"), (BACK_H, BACK_H + ' * (c["reset_grad"] == "through")'))
mistake("state_constant", "No gradient flows back through the kept state.",
    r"(\bs_?|state|kept|time)[^.]*(detach|constant|gradient|cut|stop|truncat)|(detach|"
    r"gradient)[^.]*(\bs\b|state)|truncat", (KEPT, "decay * detach(s) * gate"),
    ("ds = adj_z[t] * decay * gate", "ds = 0 * ds"))
mistake("relu_slope_at_0", "The slope of relu at 0 is 1.", KINK,
    ("1.0 * (z > 0)", "1.0 * (z >= 0)"))
mistake("leaky_slope_at_0", "The slope of leaky_relu at 0 is 1.",
    KINK, ("np.where(z > 0, 1", "np.where(z >= 0, 1"))
mistake("g_straight_through", "The slope of g is left out (hand).",
    r"g'|slope of g|derivative of g|\bdg\b", ("adj_s[t] * dg", "adj_s[t]"))
mistake("leaky_slope_of_relu", "Below 0 leaky_relu passes no gradient.",
    r"leaky|leak|below 0|slope|relu", ("np.where(z > 0, 1.0, 0.1)", "np.where(z > 0, 1.0, 0.0)"))
mistake("tanh_slope_of_z", "The slope of tanh is 1 - z^2, not 1 - s^2.",
    r"1 - z|z\^2|z \*\* 2|of z\b|at z", ("1 - np.tanh(z) ** 2", "1 - z ** 2"))
mistake("reset_sign", "The gradient through the gate has the wrong sign (hand).",
    r"(gate|reset|\bdy|dY)[^;]*(sign|\+=|negat|times -1)|sign[^;]*(gate|reset|dy)",
    ("dY = -adj_z[t]", "dY = adj_z[t]"))
mistake("reset_without_decay", "The gradient through the gate lacks decay (hand).",
    r"(gate|reset|\bdy|dY)[^;]*(lack|without|missing|left out)[^;]*decay|(gate|reset|\bdy|"
    r"dY)[^;]*decay[^;]*(missing|left out)", ("-adj_z[t] * decay * s_old", "-adj_z[t] * s_old"))
mistake("reset_of_new_s", "The gradient through the gate has s_t for s_{t-1} (hand).",
    r"(gate|reset|\bdy|dY)[^;]*(s_\{?t\}?(?![-\w])|s\[t\]|\bs\b[^;]*(step|after|new|wrong|same))",
    ("* decay * s_old", "* decay * s[t]"))
mistake("kept_without_gate", "The gradient of the kept state lacks the gate (hand).",
    r"(\bds|kept|state|s_?\{?t)[^;]*(lack|without|missing|left out)[^;]*(gate|1 - y)|(\bds|kept|"
    r"state)[^;]*(gate|1 - y)[^;]*(missing|left out)",
    ("ds = adj_z[t] * decay * gate", "ds = adj_z[t] * decay"))
mistake("kept_without_decay", "The gradient of the kept state lacks decay (hand).",
    r"(\bds|kept|state|s_?\{?t)[^;]*(lack|without|missing|left out)[^;]*decay|(\bds|kept|"
    r"state)[^;]*decay[^;]*(missing|left out)", ("ds = adj_z[t] * decay", "ds = adj_z[t]"))
mistake("kept_by_new_gate",
    "The gradient of the kept state has y_t for y_{t-1} in the gate (hand).",
    r"y_\{?t\}?\b|y\[t\]|gate[^.]*(step|after|new|wrong|same)",
    before("ds = adj_z[t] * decay * gate", 'inhibited = c["lateral_inhibition"]',
           "gate = 1 - (y[t].max(-1, keepdims=True) if inhibited else y[t])"))
mistake("ddecay_without_gate", "The gradient of decay lacks the gate (hand).",
    r"(grad\.decay|d_?decay|gradient of (the )?decay)[^;]*(gate|1 - y|reset)",
    ("s_old * gate).sum", "s_old).sum"))
mistake("ddecay_of_new_s", "The gradient of decay has s_t for s_{t-1} (hand).",
    r"(grad\.decay|d_?decay|gradient of (the )?decay)[^;]*(s_\{?t\}?(?![-\w])|s\[t\]|"
    r"\bs\b[^;]*(step|after|new|wrong|same))",
    ("(adj_z[t] * s_old * gate)", "(adj_z[t] * s[t] * gate)"))
mistake("dW_mean", "The gradient of W is the mean over the samples, not the sum.",
    OVER_B, ('"grad.W": dW', '"grad.W": dW / x.shape[1]'))
mistake("loss_mean", "All cotangents are divided by the number of samples.",
    OVER_B, ('a["dy"]', 'a["dy"] / x.shape[1]'),
    ('a["dend.s"], a["dend.y"]', 'a["dend.s"] / x.shape[1], a["dend.y"] / x.shape[1]'))
mistake("dy_over_T", "dy is divided by the number of steps.",
    FROM_T, ('a["dy"]', 'a["dy"] / len(x)'))
mistake("grads_over_T", "The gradients of the parameters are means over time, not sums.",
    FROM_T,
    ('return {"z"', 'dW, db, ddecay = dW / len(x), db / len(x), ddecay / len(x)\n    return {"z"'))
mistake("db_of_z", "The gradient of b sums dL/dz, not dL/dv (hand).",
    r"(grad\.b|\bdb\b|gradient of b\b)[^;]*(adj\.z|dL/dz|\bdz|\bz\b)",
    ("db + adj_v[t]", "db + adj_z[t]"))
mistake("db_of_s", "The gradient of b sums dL/ds, not dL/dv (hand).",
    r"(grad\.b|\bdb\b|gradient of b\b)[^;]*(adj\.s|dL/ds|\bds|\bs\b)",
    ("db + adj_v[t]", "db + adj_s[t]"))
mistake("db_sign", "The gradient of b has the wrong sign.",
    r"(grad\.b|\bdb\b|gradient of b\b)[^;]*(sign|negat|times -1|minus)|sign of[^;]*(grad\.b|"
    r"gradient of b)|-= ?dv", ('"grad.b": db', '"grad.b": -db'))
mistake("db_of_one_step",
    "The gradient of b is that of the first step, not a sum over time (hand).", ONE_STEP,
    ("db = db + adj_v", "db = adj_v"))
mistake("dW_of_one_step",
    "The gradient of W is that of the first step, not a sum over time (hand).", ONE_STEP,
    ("dW = dW + x", "dW = x"))
mistake("end_s_missing", "The cotangent of the final s is left out.",
    r"(final|end|last)[^.]*(missing|left out|ignored|not|zero|0\b|dropped)|dend",
    ('= a["dend.s"]', '= 0 * a["dend.s"]'))
mistake("end_y_missing", "The cotangent of the final y is left out.",
    r"(final|end|last)[^.]*(missing|left out|ignored|not|zero|0\b|dropped)|dend",
    (', a["dend.y"]', ', 0 * a["dend.y"]'))
mistake("dH_of_new_y", "The gradient of H has y_t for y_{t-1} (hand).",
    r"(grad\.H|\bdH\b|gradient of H\b)[^;]*(y_\{?t\}?(?![-\w])|y\[t\]|\by\b[^;]*(step|after|new|"
    r"wrong|same))", ("y_old.T @ adj", "y[t].T @ adj"))
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
mistake("dy_a_step_off", "dy is read a step late (hand).",
    r"\bdy\b[^.]*(step|shift|late|before|t ?- ?1)|cotangent[^.]*(step|shift)",
    ("= dy[t] + dY", "= dy[t - 1] + dY"))
mistake("dz_clipped", "dL/dz is clipped to 1 in size.", r"clip|clamp|limit|at most",
    ("adj_s[t] * dg", "np.clip(adj_s[t] * dg, -1, 1)"),
    before(STATE, "z = backwards(z, lambda d: np.clip(d, -1, 1))"))
mistake("truncated", "The gradient is cut after every third step.",
    r"truncat|cut|every|detach|\b3\b",
    before(SEEN, "s, y = (detach(s), detach(y)) if t % 3 == 0 else (s, y)"),
    (BACK_H, BACK_H + "\n        ds, dY = ds * (t % 3 > 0), dY * (t % 3 > 0)"))
mistake("pieces_cut", "The gradient does not go back from piece to piece.", PIECE,
    (BORDER, "s, y = detach(s), detach(y)"), (BACK_BORDER, "ds, dY = 0 * ds, 0 * dY"))
mistake("dx_of_s", "The gradient of x is made of dL/ds, not of dL/dz (hand).",
    r"(grad\.x|\bdx\b|gradient of x\b)[^;]*(adj\.s|dL/ds|\bds|\bs\b|g')",
    ("dx[t] = adj_z[t]", "dx[t] = adj_s[t]"))
mistake("back_past_h", "What comes from the step after is not multiplied by the slope of h (hand).",
    H_SLOPE + "|h'|surrogate", ("= adj_y[t] * dh", "= dy[t] * dh + dY"))
mistake("back_in_wrong_order", "The backward pass runs from the first step to the last (hand).",
    r"order|revers|first[^.]*last|forwards? in time", ("reversed(range(T))", "range(T)"))
mistake("ties_first", "Of units that tie for the maximum the first gets all the gradient.",
    r"\btie|first|argmax|share|one of", ("amax(seen)", "amax(seen, first)"),
    ("ties(y_old)", "first(y_old)"))
mistake("ties_whole", "Each of k units that tie for the maximum gets the whole gradient.",
    r"\btie|share|1/k|whole|each", ("amax(seen)", "amax(seen, lambda y: 1.0 * (ties(y) > 0))"),
    ("ties(y_old)", "(ties(y_old) > 0)"))
mistake("inhibition_constant", "The maximum of the inhibition is a constant backwards.",
    r"detach|constant|no gradient|inhibition[^.]*gradient|gradient[^.]*inhibition",
    after(SEEN, 'seen = detach(seen) if c["lateral_inhibition"] else seen'),
    ("dY = ties(y_old) *", "dY = 0 *"))
mistake("inhibition_backward_own",
    "Backwards, each unit has its own reset, in spite of inhibition (hand).",
    r"inhibition|own|max|tie", ("dY = ties(y_old) * dY.sum(-1, keepdims=True)", "pass"))
mistake("inhibition_spread", "The gradient of the maximum is spread over all units (hand).",
    r"1/n|all units|spread|mean|even|share|tie", ("ties(y_old) *", "1 / b.size *"))

# ---- differences that no table would have -------------------------------------------------------
mistake("odd_ripple", "s has 0.01 sin(7 s) added to it.", r"sin", after(
    STATE, "s = s + curve(s, lambda a: 0.01 * np.sin(7 * a), lambda a: 0.07 * np.cos(7 * a))"))
mistake("odd_third_input", "Every third input is weaker by a tenth.", r"third",
    ("x_t @ W", "x_t * (0.9 if t % 3 == 1 else 1) @ W"))
mistake("odd_unit_0", "The first unit has a threshold higher by 0.07.", r"first unit|unit 0",
    ("v = s + b", "v = s + b - 0.07 * (np.arange(b.a.size) == 0)"))
mistake("odd_fixed_point", "s is rounded to multiples of 1/37.", r"1/37|multiple|fixed",
    after(STATE, "s = rounded(s, lambda a: np.round(37 * a) / 37)"))
mistake("odd_pair", "Each unit's current leaks a thirteenth into the next unit's.",
    r"next|neighbour",
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
mistake("odd_smoothed", "dL/dz is 0.9 of itself and 0.1 of its mean over the units.",
    r"mean over|0\.9",
    before(STATE, "z = backwards(z, lambda d: 0.9 * d + 0.1 * d.mean(-1, keepdims=True))"),
    ("adj_s[t] * dg", "0.9 * adj_s[t] * dg + 0.1 * (adj_s[t] * dg).mean(-1, keepdims=True)"))
mistake("odd_cross", "The current has a product of this input and the last in it.", r"product",
    before(LOOP, "last = 0 * x[0]"), ("x_t @ W", "(x_t + 0.08 * x_t * last) @ W"),
    after("z = drive + kept", "last = x_t"))
mistake("odd_noise", "A fixed pattern of small numbers is added to z.", r"pattern|noise",
    ("z = drive + kept", "z = drive + kept + 0.02 * np.cos(11.0 * np.arange(b.a.size) + t)"))
mistake("odd_surrogate", "The slope of h is 0.8 of itself and 0.2 of itself at v + 0.3.", r"0\.3",
    before("return (sigmoid", 'psi = PSI[c["surrogate"]]'),
    ("(spike, " + SURROGATE, "(spike, lambda v: 0.8 * psi(v) + 0.2 * psi(v + 0.3))"))
