"""A second set of wrong and right ports of the SNU, for an honest count of the diagnosis.

`PORTS.NAME` is an adapter for the check, as in `blind_ports.py`:

    python -m snu_ref check tests/oracle/blind_second.py:PORTS.linear_leak

The author wrote the ports, and the words that recognise their mistakes, without a look at the
table of mistakes that the diagnosis knows, and before any check was run.
`run_blind_ports.py --set second` counts what the check says of each.

20 ports have one mistake, 14 have two to four, 6 have a common mistake beside an odd difference
that no table will have, and 4 are right but written differently. Half have a backward pass written
by hand, and half take their gradients from the forward pass that they run.
"""
from blind_unit import Mistake, also, entered

# ---- lines of the unit that several mistakes change ---------------------------------------------
SPIKE = "return 1.0 * (v > 0)"
START = "trace = []\n"
SEEN = 'seen = detach(y) if c["reset_grad"] == "detached" else y'
TOP = "top = amax(seen) if"
DRIVE = "drive = x_t @ W"
KEPT = "kept = decay * s * gate"
SUM = "z = drive + kept"
FED_BACK = "z = z + y @ H"
STATE = 's = curve(z, *G[c["g"]])'
V = "v = s + b"
Y = "y = curve(v, *output(c))"
BACK = "T = len(x)\n"
DW = "dW = dW + x[t].T @ adj_z[t]"
DB = "db = db + adj_v[t].sum(0)"
DDECAY = "ddecay = ddecay + (adj_z[t] * s_old * gate).sum(0)"
DH = "dH = dH + y_old.T @ adj_z[t]"
DS = "ds = adj_z[t] * decay * gate"
DY = "dY = -adj_z[t] * decay * s_old"
DG = 'dg = G[c["g"]][1](z[t])'
DONE = "return (adj_y, adj_v"
ENDS = 'ds, dY = a["dend.s"], a["dend.y"]'


# ---- the mistakes: a sentence, a pattern for its words, edits ------------------------------------
# A name in a formula may have a subscript, as in s_{t-1} or s[t], and a product may have any sign.
SUB = r"(?:_?\{?t(?: ?[-+] ?1)?\}?|\[t[^\]]*\]|_old|_new|_prev)?"
X = r" ?[.*@]? ?"

MISTAKES = {
    # the state
    "exponential_decay": Mistake(
        "The decay is exp(-dt/tau), though the number given is already 1 - dt/tau.",
        r"exp ?\(|exponential", (
            also(START, "decay = curve(1 - decay, lambda d: np.exp(-d), lambda d: -np.exp(-d))"),)),
    "linear_leak": Mistake(
        "The leak subtracts 1 - decay in each step; it does not multiply by the decay.",
        rf"s{SUB} ?- ?\(?1 ?- ?decay|s{SUB} ?- ?\(?leak|linear leak|constant (?:leak|amount)"
        r"|leak.{0,30}(?:subtract|constant|linear)|subtract.{0,20}(?:leak|decay)", (
            (KEPT, "kept = (s - (1 - decay)) * gate"),)),
    "decay_8_bits": Mistake(
        "The decay is rounded to 8 bits, to a multiple of 1/256.",
        r"decay.{0,40}(?:round|bits|quanti|1/256|/ ?256|fixed)|(?:round|quanti)\w*.{0,20}decay", (
            also(START, "decay = Var(np.round(decay.a * 256) / 256, (decay, lambda d: d))"),
            also(BACK, "decay = np.round(decay * 256) / 256"))),
    "soft_reset": Mistake(
        "A spike subtracts the threshold from the state; it does not set the state to rest.",
        rf"soft[- ]reset|subtract|\+ ?b{X}y{SUB}|b{X}\(?1 - gate|threshold{X}y{SUB}|- ?-b{X}y", (
            (KEPT, "kept = decay * s + b * (1 - gate)"), (DS, "ds = adj_z[t] * decay"),
            (DY, "dY = adj_z[t] * b"), (DDECAY, DDECAY.replace(" * gate", "")),
            (DB, "db = db + (adj_v[t] + adj_z[t] * top).sum(0)"))),
    "s_after_reset": Mistake(
        "The state that is stored and returned has gone through the reset of its own step.",
r"after (?:the |its )?reset|reset (?:at once|in the same step|immediately|straight away)"
        r"|\bs(?:_t|\[t\]|_\{t\}) ?[.*]? ?\(1 ?- ?(?:max_?j? ?)?y(?:_t|\[t\]|_\{t\}|_\{j,t\})"
        r"|(?:same|its own) step|\bs(?:_t|\[t\]) ?[.*]? ?gate(?:_t|\[t\])"
        r"|reset (?:is )?(?:a step )?(?:early|earlier|too soon)", (
            (KEPT, "kept = decay * s"),
            ("trace.append((z, s, v, y))",
             "seen = detach(y) if c['reset_grad'] == 'detached' else y\n"
             "        s = s * (1 - (amax(seen) if c['lateral_inhibition'] else seen))\n"
             "        trace.append((z, s, v, y))"))),
    "state_before_g": Mistake(
        "The state that goes on to the next step is z, the number before g.",
rf"decay{X}z{SUB}|before g\b|without g\b|\bz\b.{{0,20}}(?:is |as )(?:the )?(?:state|kept)"
        r"|(?:keeps|carries|kept|carried).{0,30}\bz\b|state.{0,30}(?:unrectified|not rectified)", (
            (START, "trace, u = [], s\n"), (KEPT, "kept = decay * u * gate"),
            (STATE, 's, u = curve(z, *G[c["g"]]), z'))),
    "bias_twice": Mistake(
        "The bias is added to the input of the state too, as a linear layer with a bias does.",
rf"x{SUB}{X}W ?\+ ?b\b|\bg\(.*\bb\b|\bz{SUB} ?=.*\bb\b"
        r"|(?:bias|\bb\b).{0,50}(?:twice|two|state|drive|inside g|into g|input|\bz\b)", (
            (SUM, "z = drive + kept + b"),)),
    "input_by_1_minus_decay": Mistake(
        "The input is multiplied by 1 - decay, so that the state is a running average.",
        rf"\(?1 ?- ?decay\)?|running (?:average|mean)|input.{{0,40}}(?:scaled|weighted|averaged)", (
            (DRIVE, "drive = (x_t @ W) * (1 - decay)"),)),
    "binary_input": Mistake(
        "Every input that is not 0 counts as 1, as in a program for events.",
rf"\bx{SUB} ?(?:!= ?0|> ?0|>= ?1)|binar|(?:input|x\b).{{0,40}}(?:0 or 1|0 and 1|spike|event)"
        rf"|(?:step|sign|bool)\w*\(x{SUB}\)|counts as 1\b", (
            (DRIVE, "drive = Var(1.0 * (x_t.a != 0)) @ W"),
            (DW, "dW = dW + (x[t] != 0).T @ adj_z[t]"))),
    "hard_tanh": Mistake(
        "g = tanh is replaced by the identity cut off at -1 and 1.",
        r"clip\(z|hard[- ]?tanh|min\(.*max\(.*z|tanh.{0,40}(?:clip|cut|linear|clamp)|clamp", (
            ("(lambda z: np.tanh(z), lambda z: 1 - np.tanh(z) ** 2)",
             "(lambda z: np.clip(z, -1, 1), lambda z: 1.0 * (abs(z) < 1))"),)),

    # the recurrent weights
    "state_fed_back": Mistake(
        "The recurrent weights get the state s, not the output y.",
rf"\bs{SUB}{X}H\b|H{X}s{SUB}\b|state.{{0,40}}(?:fed back|through H|recurren|feeds)"
        r"|(?:recurren\w*|fed back|feeds?).{0,40}(?:state|\bs\b)", (
            (FED_BACK, "z = z + s @ H"),)),
    "recurrence_decayed": Mistake(
        "The decay multiplies the recurrent input too.",
rf"decay{X}\(?y{SUB}{X}H|decay{X}\(.*\+ ?y{SUB}{X}H ?\)|y{SUB}{X}H\)?{X}decay"
        r"|recurren.{0,50}(?:decay|leak)|decay.{0,30}recurren", (
            (FED_BACK, "z = z + decay * (y @ H)"),)),
    "recurrence_detached": Mistake(
        "No gradient flows through the outputs that are fed back: H sees a constant.",
r"(?:detach|const\w*|stop_?grad\w*) ?\(?\[?y?.{0,12}H\b|without.{0,30}H'?\b"
        r"|(?:recurren|fed back|feedback).{0,60}(?:constant|detach|gradient|no grad|cut|missing)"
        r"|gradient.{0,40}(?:recurren|\bH\b)", (
            (FED_BACK, "z = z + detach(y) @ H"),)),

    # the output
    "at_threshold": Mistake(
        "A unit fires at the threshold itself: v >= 0.",
        r">= ?0|>= ?-b|at (?:the )?threshold|step\(0\)|v(?:_t)? ?(?:=|==|is) ?0|exactly", (
            (SPIKE, "return 1.0 * (v >= 0)"),)),
    "half_at_threshold": Mistake(
        "The step is one half at the threshold, as heaviside(v, 0.5) has it.",
r"heaviside|sign\(v|\bhalf\b|(?:threshold|\bv\S* ?={1,2} ?0|step\(0\)).{0,60}(?:0\.5|1/2)"
        r"|(?:0\.5|1/2).{0,60}(?:threshold|v\S* ?={1,2} ?0)", (
            (SPIKE, "return np.heaviside(v, 0.5)"),)),
    "threshold_on_z": Mistake(
        "The output is taken from z, the number before g: v = z + b.",
rf"\bz{SUB} ?\+ ?b|\bh\(z|before g\b|without g\b|(?:fires|output|threshold).{{0,30}}\bz\b", (
            (V, "v = z + b"),)),
    "threshold_positive": Mistake(
        "The threshold is the absolute value of b: v = s - |b|.",
r"abs\(b\)|\|b\||absolute|sign of (?:the )?(?:b\b|bias|threshold)|positive threshold"
        rf"|s{SUB} ?- ?b\b", (
            (V, "v = s - curve(b, abs, np.sign)"),)),
    "s_before_step": Mistake(
        "The s returned for a step is the state before it.",
r"^\W*s\S* ?= ?s(?:_\{?|\[)t ?- ?1|(?:a|one) step (?:late|early|too|behind|before)|shifted"
        r"|before (?:the|its|each|a) (?:step|update)|(?:previous|old|last) (?:state|step)|delay", (
            ('"s": s, "v"', '"s": np.array([s0, *s[:-1]]), "v"'),)),
    "start_is_zero": Mistake(
        "Every sequence starts from s = y = 0: the initial state is ignored.",
r"(?:initial|start\w*|first) (?:state|s\b|y\b).{0,40}(?:ignored|zero|0\b|not used|missing)"
        r"|(?:ignore|forget)\w* the (?:initial|start)|state\.[sy]|s_?\{?0\}? ?= ?0"
        r"|starts? (?:from|at|with) (?:0|zero)", (
            ('s0, y0, dy = a["state.s"], a["state.y"]',
             's0, y0, dy = 0 * a["state.s"], 0 * a["state.y"]'),)),

    # the gate
    "hard_gate": Mistake(
        "The reset of the soft unit is all or nothing: it acts where y > 1/2.",
r"(?:y\w*|\)) ?>=? ?(?:0\.5|1/2)|\bround(?:s|ed)?\b|hard (?:gate|reset)|1 ?- ?step\("
        r"|(?:gate|reset).{0,50}(?:hard|all or|binary|0 or 1|step\()", (
            (TOP, "if c['h'] == 'sigmoid':\n            seen = Var(1.0 * (seen.a > 0.5))\n"
                  "        " + TOP),)),
    "reset_always_detached": Mistake(
        "The gate is a constant in the backward pass, whatever reset_grad says.",
r"(?:gate|reset).{0,50}(?:constant|detach|no gradient)|detach|stop_?grad|const\("
        r"|gradient.{0,50}(?:gate|reset)", (
            (SEEN, "seen = detach(y)"),)),
    "reset_never_detached": Mistake(
        "The gradient flows through the gate, though reset_grad is detached.",
r"detached.{0,60}(?:ignored|through|not|no effect)|through.{0,40}(?:detached|always|gate)"
        r"|(?:gate|reset).{0,60}(?:through|not detached|not a constant|flows)|reset_grad", (
            ('if c["reset_grad"] == "detached":', "if False:"),)),
    "inhibition_of_others": Mistake(
        "A unit is inhibited by the other units alone, not by its own output.",
r"\bothers?\b|(?:i|k) ?!= ?j|j ?!= ?(?:i|k)|itself|\bits own\b|own (?:output|spike)", (
            (TOP, "top = others(seen) if"),
            ("def forward(", """def others(y):
    mine = np.eye(y.a.shape[-1], dtype=bool)
    row = np.where(mine, -np.inf, y.a[:, None, :])
    top = row.max(-1)
    share = ties(row) * ~mine
    return Var(np.where(top > -np.inf, top, 0), (y, lambda d: (d[:, :, None] * share).sum(1)))


def forward("""))),
    "inhibition_sum": Mistake(
        "The shared gate is 1 - sum_j y_j, with the sum in place of the maximum.",
r"sum_\w ?y|\bsum\(y|\by\S*\.sum\(|\bsum of (?:all |the )*(?:y|outputs)|gate\S* ?=.*\bsum"
        r"|\bsum\b.{0,40}(?:inhibit|maximum|units)|inhibit.{0,40}\bsum", (
            (TOP, "top = total(seen) if"),
            ("top = y_old.max(-1, keepdims=True)", "top = y_old.sum(-1, keepdims=True)"),
            ("ties(y_old) * dY.sum(-1, keepdims=True)",
             "dY.sum(-1, keepdims=True) + 0 * y_old"))),
    "first_tie": Mistake(
        "Of units that tie for the maximum, the first gets the whole gradient.",
        r"\bties?\b|tied|argmax|the first (?:unit|of|one|maximum)|1/k", (
            (TOP, "top = amax(seen, first) if"),)),

    # the surrogates and the slopes
    "tanh_not_squared": Mistake(
        "The surrogate's slope is 1 - tanh(v), without the square.",
        r"1 ?- ?(?:np\.)?tanh\(v\w*\)(?! ?(?:\*\*|\^|2|²))|square", (
            ('"tanh": lambda v: 1 - np.tanh(v) ** 2', '"tanh": lambda v: 1 - np.tanh(v)'),)),
    "fast_sigmoid_not_squared": Mistake(
        "The slope of the fast sigmoid is 1 / (1 + |v|), without the square.",
        r"1 ?/ ?\(1 ?\+ ?(?:abs\(v\w*\)|\|v\w*\|)\)(?! ?(?:\*\*|\^|2|²))|square", (
            ("1 / (1 + abs(v)) ** 2", "1 / (1 + abs(v))"),)),
    "wide_boxcar": Mistake(
        "The boxcar is 1 where |v| < 1: twice as wide.",
r"(?:abs\(v\w*\)|\|v\w*\|) ?<=? ?1(?![./\d])|twice|double|wide|width|2 times", (
            ("abs(v) < 0.5", "abs(v) < 1"),)),
    "closed_boxcar": Mistake(
        "The boxcar is 1 at |v| = 1/2 too.",
r"(?:abs\(v\w*\)|\|v\w*\|) ?<= ?(?:0\.5|1/2)|<=|\|v\| ?= ?1/2|\b(?:edge|corner|kink|border)s?\b", (
            ("abs(v) < 0.5", "abs(v) <= 0.5"),)),
    "sigmoid_slope_of_y": Mistake(
        "The slope of the sigmoid is taken at y, not at v: the sigmoid is applied twice.",
        rf"h'\(y|(?:sigmoid|sig|slope|psi)'?\(y{SUB}\)|sigmoid.{{0,40}}twice|slope.{{0,40}}\by\b"
        r"|sigmoid\(sigmoid|at y\b", (
            ("dh = output(c)[1](v[t])",
             "dh = output(c)[1](y[t] if c['h'] == 'sigmoid' else v[t])"),)),
    "tanh_slope_of_s": Mistake(
        "The slope of g = tanh is taken at s, not at z: the tanh is applied twice.",
        rf"g'\(s|tanh\(s{SUB}\)|tanh.{{0,40}}twice|(?:slope|derivative) of g.{{0,40}}\bs\b"
        r"|tanh\(tanh|at s\b", (
            (DG, "dg = G[c['g']][1](s[t] if c['g'] == 'tanh' else z[t])"),)),
    "relu_slope_at_0": Mistake(
        "The slope of the relu at 0 is 1: z >= 0.",
        r"z\w* ?>= ?0|(?:slope|derivative|g').{0,40}\b(?:at|of|in) (?:z = )?(?:0|zero)\b|g'\(0\)"
        r"|relu'\(0\)|slope of 1 at|kink", (
            ("1.0 * (z > 0)", "1.0 * (z >= 0)"),)),

    # the gradients' way back in time
    "reset_gradient_sign": Mistake(
        "The gradient through the reset gate has the wrong sign.",
        rf"\bsign\b|\+ ?decay{X}s{SUB}{X}(?:adj|dz|d_z)|gate.{{0,20}}= ?1 ?\+ ?y", (
            (DY, "dY = adj_z[t] * decay * s_old"),)),
    "reset_gradient_without_decay": Mistake(
        "The gradient through the reset gate lacks the decay.",
        rf"- ?s{SUB}{X}(?:adj|dz|d_z)|- ?(?:adj\.?_?z|dz){SUB}{X}s{SUB}"
        r"|(?:reset|gate).{0,60}(?:without|lacks|no|misses|missing|forgets).{0,20}decay"
        r"|decay.{0,30}(?:missing|left out|forgotten).{0,40}(?:reset|gate)", (
            (DY, "dY = -adj_z[t] * s_old"),)),
    "state_gradient_without_decay": Mistake(
        "The gradient that goes back to the old state lacks the decay.",
        rf"\+ ?gate{SUB}{X}(?:adj|dz)|\+ ?\(1 - y{SUB}\){X}(?:adj|dz)"
        r"|state.{0,60}(?:without|lacks|no|misses|missing|forgets).{0,20}decay"
        r"|decay.{0,30}(?:missing|left out|forgotten).{0,40}(?:state|back)", (
            (DS, "ds = adj_z[t] * gate"),)),
    "gate_of_wrong_step": Mistake(
        "The gradient that goes back to the old state is gated by the output of the new step.",
r"gate_?\{?t ?\+ ?1|gate\[t ?\+ ?1|1 ?- ?y_?[{\[]?t ?\+ ?1"
        r"|(?:next|new|later|wrong|other|following) (?:step.s )?(?:gate|output|y\b|reset|step)"
        r"|(?:gate|y\b|reset).{0,40}(?:a|one) step (?:late|ahead|early|too|after|off)", (
            (DS, "ds = adj_z[t] * decay * (1 - (\n            y[t].max(-1, keepdims=True) "
                 "if c['lateral_inhibition'] else y[t]))"),)),
    "H_not_transposed": Mistake(
        "The gradient goes back through H, where H transposed belongs.",
        r"transpos|(?:adj\.?_?z|dz)\S*(?: ?t ?\+ ?1\}?)? ?[.*@]? ?H\b(?!'|\.T)", (
            ("dY = dY + adj_z[t] @ H.T", "dY = dY + adj_z[t] @ H"),)),
    "state_gradient_clipped": Mistake(
        "The gradient of the state is clipped to [-1, 1] in each step.",
        r"clip|clamp|cut off|limited", (
            (STATE, 's = backwards(curve(z, *G[c["g"]]), lambda d: np.clip(d, -1, 1))'),)),
    "first_step_left_out": Mistake(
        "The loop back in time ends a step too soon: the first step has no gradient.",
r"first (?:time )?step|step (?:0|1)\b|\bt = [01]\b|(?:one|a) step (?:short|too)|last pass", (
            ("reversed(range(T))", "reversed(range(1, T))"),)),
    "end_y_ignored": Mistake(
        "The gradient that comes from the final output, dend.y, is left out.",
r"dend\.y|end\.y|final (?:y\b|output|state)|gradient.{0,40}\bend\b", (
            (ENDS, 'ds, dY = a["dend.s"], 0 * a["dend.y"]'),)),
    "mean_over_time": Mistake(
        "The loss is the mean over the time steps: dy is divided by T.",
r"/ ?T\b|1/T\b|(?:mean|average\w*|divided).{0,40}(?:time|steps|\bT\b)"
        r"|dy.{0,30}(?:mean|divided)", (
            ("adj_y[t] = dy[t] + dY", "adj_y[t] = dy[t] / T + dY"),)),

    # the gradients of the parameters
    "gradients_overwritten": Mistake(
        "The gradients of the parameters are overwritten in each step: only step 1 is left.",
r"overwrit|(?:only|alone|last|first).{0,30}step|step.{0,20}(?:only|alone)"
        r"|not (?:summed|added|accumulated)|no sum|accumulat|(?:t = |_|\[)[01]\b.*adj", (
            (DW, "dW = x[t].T @ adj_z[t]"), (DB, "db = adj_v[t].sum(0)"),
            (DDECAY, DDECAY.replace("ddecay + ", "")), (DH, "dH = y_old.T @ adj_z[t]"))),
    "b_gradient_sign": Mistake(
        "The gradient of b is that of the threshold: its sign is wrong.",
r"\bsign\b|(?:grad\.|d)b ?= ?-|- ?sum adj.v|negat|gradient of the threshold", (
            (DB, "db = db - adj_v[t].sum(0)"),)),
    "dW_of_old_x": Mistake(
        "The gradient of W uses the input of the step before.",
r"x_?[{\[(]?t ?- ?1|(?:previous|old|wrong|earlier|last) (?:input|x\b)"
        r"|(?:input|\bx|\bW)\b.{0,60}step (?:late|early|too|before|off)", (
            (DW, "dW = dW + (x[t - 1] if t else 0 * x[0]).T @ adj_z[t]"),)),
    "ddecay_without_gate": Mistake(
        "The gradient of the decay lacks the gate.",
r"(?:grad\.|d)decay ?=(?!.*gate)(?!.*1 - y)"
        r"|decay.{0,60}(?:without|lacks|no|misses|missing).{0,20}(?:gate|reset)"
        r"|(?:gate|reset).{0,30}(?:missing|left out|forgotten).{0,40}decay", (
            (DDECAY, DDECAY.replace(" * gate", "")),)),
    "ddecay_of_logit": Mistake(
        "The gradient of the decay is that of its logit: it is multiplied by decay (1 - decay).",
        r"decay ?[.*]? ?\(1 ?- ?decay\)|logit|sigmoid.{0,40}decay|decay.{0,40}sigmoid", (
            (DONE, "ddecay = ddecay * decay * (1 - decay)\n    " + DONE),)),

    # odd differences, which no table will have
    "odd_adaptive_threshold": Mistake(
        "The threshold rises by 0.2 with each spike, and comes down again by a tenth a step.",
        "adapt", (
            (START, "trace, raised = [], 0 * y\n"),
            (V, "raised = 0.9 * raised + 0.2 * y\n        v = s + b - raised"))),
    "odd_refractory": Mistake(
        "For two steps after a spike the output is 0.", "refract", (
            (START, "trace, rest = [], np.zeros(y.a.shape)\n"),
            (Y, Y + " * (rest <= 0)\n        rest = np.where(y.a > 0.5, 2, rest - 1)"))),
    "odd_noise": Mistake(
        "Noise of 0.05, the same in each run, is added to z.", "noise", (
            (SUM, SUM + " + 0.05 * np.random.default_rng(t).standard_normal(y.a.shape)"),)),
    "odd_synapse": Mistake(
        "A filter stands before the unit: half of each step's current goes on to the next.",
        "filter", (
            (START, "trace, current = [], 0\n"),
            (DRIVE, "current = 0.5 * current + x_t @ W\n        drive = current"))),
    "odd_weight_range": Mistake(
        "The weights W are cut off at -0.5 and 0.5, the range of a device.", "range", (
            ("borders = np.cumsum(", "W = np.clip(W, -0.5, 0.5)\n    borders = np.cumsum("),)),
    "odd_depression": Mistake(
        "Recurrent synapses tire: a spike uses up 30 % of what they have, and 20 % comes back.",
        "depress", (
            (START, "trace, left = [], 1.0\n"),
            (FED_BACK, "z = z + (y * left) @ H\n"
                       "            left = left + 0.2 * (1 - left) - 0.3 * left * y.a"))),
}

# ---- the ports: name, style, what it returns, mistakes (default: the one of that name) ----------
SINGLE = """
relu_slope_at_0 hand s y grads
reset_gradient_sign hand s y grads
gate_of_wrong_step hand s y grads
gradients_overwritten hand s y grads
first_step_left_out hand s y grads
H_not_transposed hand s y grads
sigmoid_slope_of_y hand s y grads
ddecay_of_logit hand s y grads
exponential_decay derived s y grads
linear_leak derived s y grads
s_after_reset derived s y grads
state_before_g derived s y grads
half_at_threshold derived s y grads
threshold_on_z derived s y grads
hard_gate derived s y grads
s_before_step derived s y grads
fast_sigmoid_not_squared hand y grads
inhibition_of_others derived y grads
binary_input hand y grads
state_fed_back derived y grads
"""

SEVERAL = """
library_by_subtraction derived s y grads: soft_reset reset_always_detached
library_by_averages derived s y grads: input_by_1_minus_decay at_threshold
circuit hand s y grads: decay_8_bits at_threshold start_is_zero
layer_of_winners derived s y grads: half_at_threshold first_tie hard_tanh
cell_of_a_layer derived s y grads: bias_twice recurrence_decayed
port_in_C hand s y grads: closed_boxcar b_gradient_sign H_not_transposed
own_function hand s y grads: tanh_not_squared reset_never_detached gradients_overwritten
charge_fire_reset derived s y grads: s_after_reset wide_boxcar
gate_forgotten_twice hand s y grads: reset_gradient_without_decay ddecay_without_gate
indices_wrong hand s y grads: state_gradient_without_decay dW_of_old_x tanh_slope_of_s
sums_of_winners hand s y grads: inhibition_sum end_y_ignored
clipped_and_linear derived s y grads: state_gradient_clipped linear_leak
means_and_ends hand s y grads: mean_over_time end_y_ignored relu_slope_at_0
wrong_everywhere derived s y grads: exponential_decay threshold_positive fast_sigmoid_not_squared \
recurrence_detached
"""

ODD = """
adaptive derived s y grads: start_is_zero odd_adaptive_threshold
refractory hand s y grads: soft_reset odd_refractory
noisy derived s y grads: wide_boxcar odd_noise
filtered derived s y grads: bias_twice odd_synapse
device hand s y grads: reset_gradient_sign odd_weight_range
tired hand s y grads: tanh_not_squared odd_depression
"""

LOG_FORM = "np.exp2(np.log2(np.longdouble({0}))).astype({0}.dtype)"

RIGHT = {
    "hand_decay_from_log": (
        also(START, f"decay = Var({LOG_FORM.format('decay.a')})"),
        also(BACK, f"decay = {LOG_FORM.format('decay')}")),
    "hand_read_as_float32": (
        ("    x, W, b, decay = (a[", "    a = {k: p.astype(np.float32).astype(np.float64) "
         "for k, p in a.items()}\n    x, W, b, decay = (a["),),
    "derived_one_product": (
        (DRIVE, "drive = x_t @ W if H is None else both(x_t, y, W, H)"), (FED_BACK, "pass"),
        ("def forward(", """def both(x, y, W, H):
    return Var(np.hstack([y.a, x.a]) @ np.vstack([H.a, W.a]),
               (x, lambda d: d @ W.a.T), (y, lambda d: d @ H.a.T),
               (W, lambda d: x.a.T @ d), (H, lambda d: y.a.T @ d))


def forward(""")),
    "derived_by_exponentials": (
        (KEPT, "kept = decay * (s - s * top)"),
        ('"tanh": lambda v: 1 - np.tanh(v) ** 2',
         '"tanh": lambda v: 4 * np.exp(-2 * abs(v)) / (1 + np.exp(-2 * abs(v))) ** 2'),
        ("return sigmoid(v) * (1 - sigmoid(v))",
         "return np.exp(-abs(v)) / (1 + np.exp(-abs(v))) ** 2"),
        ("np.maximum(1 - abs(v), 0)", "(1 - abs(v)) * (abs(v) < 1)")),
}


PORTS = entered(MISTAKES, {"single": SINGLE, "several": SEVERAL, "odd": ODD}, RIGHT)
