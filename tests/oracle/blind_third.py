"""A third set of wrong and right ports of the SNU, for an honest count of the diagnosis.

`PORTS.NAME` is an adapter for the check, as in `blind_ports.py`:

    python -m snu_ref check tests/oracle/blind_third.py:PORTS.gate_inverted

The author wrote the ports, and the words that recognise their mistakes, without a look at the
table of mistakes that the diagnosis knows, and before any check was run. Afterwards it was counted
that each wrong port fails, without a diagnosis, and the words were held against the equations
alone.

20 ports have one mistake, 16 have two to four, 6 have a common mistake beside an odd difference
that no table will have, and 4 are right but written differently. Half have a backward pass written
by hand, and half take their gradients from the forward pass that they run. Where a mistake of the
forward pass has edits in `backward` too, a backward pass by hand is the right one for that wrong
forward pass; where it has none, it is the reference's, along the traces of the wrong forward pass.
"""
from blind_second import DRIVE, DS, DW, ENDS, FED_BACK, KEPT, SEEN, SPIKE, START, V
from blind_unit import Mistake, also, entered

# ---- lines of the unit that several mistakes change ---------------------------------------------
STORE = "trace.append((z, s, v, y))"
DX = "dx[t] = adj_z[t] @ W.T"
ADJ_Y = "adj_y[t] = dy[t] + dY"
INPUT = "X = [Var(x_t) for x_t in x]"
RESULT = 'return {"z": z'
SLOPE = "dh = output(c)[1](v[t])"
SURROGATE = 'PSI[c["surrogate"]])'
FORWARD = "def forward("


def of_gradients(f):
    """An edit: the gradients of the parameters go through f, an expression of p."""
    return RESULT, (f"dW, db, ddecay, dH = (p if p is None else {f} for p in (dW, db, ddecay, dH))"
                    f"\n    {RESULT}")


# ---- the mistakes: a sentence, a pattern for its words, edits ------------------------------------
# A name in a formula may have a subscript, as in s_{t-1}, s[t] or s_before, and a product any sign.
SUB = (r"(?:_?\{?t(?: ?[-+] ?1)?\}?|\[t[^\]]*\]|_\{j, ?t(?: ?[-+] ?1)?\}"
       r"|_(?:old|new|prev|previous|before|after|next|last|now|in|0))?")
X = r" ?[.*@]? ?"
LACKS = r"(?:without|lacks?|no|not|misses|missing|forgets?|left out|forgotten|ignored|dropped)"
SWAPPED = r"swap|exchang|interchang|mixed up|each other|(?:wrong|other) order|the wrong way"
ADJ = r"(?:adj|d)[._]?"

MISTAKES = {
    # the state and its gate
    "gate_inverted": Mistake(
        "The gate is y, where 1 - y belongs: the state is kept only after a spike.",
        rf"gate\S* ?= ?(?:max\S* ?)?y|gate is (?:the )?(?:y|output)|invert|opposite|complement"
        rf"|1 ?- ?\(1 ?- ?y|1 ?- ?gate|\bs{SUB}{X}(?:max\S* ?)?y{SUB}(?!\w)"
        rf"|\by{SUB}{X}s{SUB}(?!\w)|kept (?:only|alone|where|if|when|after)"
        r".{0,30}(?:spike|fire|\by\b)"
        r"|(?:gate|reset).{0,40}(?:flipped|revers|negat|wrong way|upside)", (
            ("gate = 1 - top\n        drive", "gate = 1 * top\n        drive"),
            ("gate = 1 - top\n        dW", "gate = 1 * top\n        dW"),
            ("dY = -adj_z[t]", "dY = adj_z[t]"))),
    "gate_twice": Mistake(
        "The gate multiplies the old state twice: decay s (1 - y)^2.",
        rf"gate{SUB} ?(?:[.*]? ?gate|\^ ?2|\*\* ?2|²)|twice|squared|square of"
        rf"|\(1 ?- ?(?:max\S* ?)?y{SUB}\) ?(?:\^ ?2|\*\* ?2|²|[.*]? ?\(1 ?- ?(?:max\S* ?)?y)"
        rf"|gate{SUB}{X}\(1 ?- ?y", (
            (KEPT, KEPT + " * gate"),)),
    "reset_undecayed": Mistake(
        "The reset takes off the old state before its decay: decay s - s y.",
        rf"decay{X}s{SUB} ?- ?(?:\(?s{SUB}{X}(?:\(?max|y|\(?1 ?- ?gate)|\(?(?:max\S* ?)?y{SUB}{X}s)"
        rf"|\(?decay ?- ?\(?(?:max\S* ?)?(?:y|1 ?- ?gate)|decay ?- ?1 ?\+ ?gate"
        rf"|(?:reset|subtract|taken? off).{{0,70}}(?:undecayed|not decayed|{LACKS} (?:the )?decay"
        r"|before (?:the |its |it )?decay|whole (?:old )?state|full (?:old )?state)"
        rf"|undecayed|decay.{{0,40}}{LACKS}.{{0,30}}reset", (
            (KEPT, "kept = decay * s - s * top"),
            (DS, "ds = adj_z[t] * (decay - top)"),
            ("dY = -adj_z[t] * decay * s_old", "dY = -adj_z[t] * s_old"),
            ("(adj_z[t] * s_old * gate)", "(adj_z[t] * s_old)"))),
    "state_with_bias": Mistake(
        "What is kept, decayed and gated is v = s + b, not s.",
        rf"decay{X}(?:gate{SUB}{X})?(?:\(s{SUB} ?\+ ?b\)|v{SUB}(?!\w))"
        rf"|\(s{SUB} ?\+ ?b\){X}(?:gate|decay|\(1)|\bv{SUB}{X}(?:gate|decay|\(1 ?- ?y)"
        r"|(?:kept|carried|carries|keeps|stored|goes on|decay(?:s|ed)?).{0,40}"
        r"(?:(?<!\.)\bv\b|\bbias|threshold|\bb\b)"
        rf"|(?:(?<!\.)\bv\b|\bbias|threshold|\bb\b).{{0,50}}(?:kept|carried|carries|stored"
        rf"|in the state|into the state|decay)|\bb{X}decay|decay{X}(?:gate{SUB}{X})?b\b", (
            ("decay * s * gate", "decay * (s + b) * gate"),
            ("(adj_z[t] * s_old * gate)", "(adj_z[t] * (s_old + b) * gate)"),
            ("decay * s_old", "decay * (s_old + b)"),
            ("db = db + adj_v[t].sum(0)",
             "db = db + (adj_v[t] + adj_z[t] * decay * gate).sum(0)"))),
    "gate_from_own_state": Mistake(
        "The gate is made of the old state, as 1 - h(s + b): the y passed in resets nothing.",
        rf"\by_?\{{?0\}}?\b|(?:initial|first|start\w*|passed).{{0,60}}(?:\by\b|output|gate|spike)"
        rf"|state\.y|start\.y|(?:gate|reset).{{0,60}}(?:(?:of|from) (?:the )?(?:old |last )?"
        rf"(?:\bs\b|state)|again|recomput|computed)|\bh\(s{SUB} ?\+ ?b\)|1 ?- ?h\(|\bh\(v{SUB}\)"
        rf"{X}s", (
            (SEEN, "mine = curve(s + b, *output(c))\n        "
                   'seen = detach(mine) if c["reset_grad"] == "detached" else mine'),)),
    "decay_of_first_unit": Mistake(
        "All units have the decay of the first one.",
        r"(?:first|one|same|shared?|scalar|single|common|unit 0|decay\[0\]|decay_0)\b.{0,50}"
        r"(?:unit|decay|all)|decay.{0,50}(?:first|\bone\b|same|share|scalar|single|common|all units"
        r"|unit 0|\[0\]|_0\b)", (
            also(START, "decay = Var(0 * decay.a + decay.a[0], "
                        "(decay, lambda d: d.sum() * (np.arange(d.size) == 0)))"),)),
    "threshold_1_as_well": Mistake(
        "A threshold of 1 is taken off beside the bias: v = s + b - 1.",
        rf"\+ ?b ?- ?1\b|\bb ?- ?1\b|- ?1(?:\.0)? ?\+ ?b\b"
        r"|(?:threshold|\b1\b|\bone\b).{0,60}(?:as well|\btoo\b|also|twice|added|beside|subtract"
        r"|on top|extra|taken off|higher|more)|(?:extra|additional|second|another|constant"
        r"|higher|two|shifted).{0,30}threshold|subtract\w*.{0,20}\b(?:1|one)\b"
        r"|\bb\b.{0,40}(?:minus|less|lower by|smaller by) (?:1|one)", (
            (V, "v = s + b - 1"),)),
    "sign_output": Mistake(
        "The output is sign(v): -1 where the unit does not fire.",
        r"\bsign\b|\bsgn\b|[+±] ?1 (?:or|and)|(?:is|gives|of|to|or|and|=) -1\b|minus (?:one|1\b)"
        r"|2 ?[.*]? ?(?:step|y|h)\S* ?- ?1|bipolar", (
            (SPIKE, "return np.sign(v)"),)),
    "leak_0_3": Mistake(
        "The slope of leaky_relu below 0 is 0.3.", r"\b0?\.3\b|leaky.{0,60}slope", (
            ("np.maximum(z, 0.1 * z)", "np.maximum(z, 0.3 * z)"), ("1.0, 0.1)", "1.0, 0.3)"))),

    # the input and the recurrent weights
    "input_mean": Mistake(
        "The input current is the mean over the inputs, not their sum: it is divided by n_in.",
        r"/ ?n(?:_?in\w*)?\b|1 ?/ ?n|\bmean|average|divided|number of inputs|/ ?\(?x", (
            (DRIVE, "drive = x_t @ W * (1 / W.a.shape[0])"),
            (DW, DW + " / len(W)"), (DX, DX + " / len(W)"))),
    "first_input_skipped": Mistake(
        "The first step gets no input.",
        r"first (?:time )?(?:input|step|x\b)|\bx_?\{?[01]\}?\b|x\[0\]|\bt ?={1,2} ?[01]\b"
        r"|(?:input|\bx\b).{0,60}(?:first|ignored|missing|skipped|left out)", (
            (DRIVE, "drive = x_t @ W * (1.0 if t else 0.0)"),)),
    "recurrence_of_new_y": Mistake(
        "H gets the output of the same step, which a first pass without H has made.",
        rf"\by(?:_\{{?t\}}?(?! ?-)|\[t\]|_new|_now|_after){X}(?-i:H)\b"
        rf"|(?:recurren\w*|\b(?-i:H)\b|fed back"
        r"|feedback).{0,70}(?:same step|this step|\bnew\b|current (?:output|y|step)|at once|y_t\b"
        r"|instant|without (?:a )?delay|step (?:too )?(?:early|soon|ahead)|own step)"
        rf"|(?:\bnew\b|same step|current (?:output|y)).{{0,50}}(?:recurren|\b(?-i:H)\b|fed back)"
        rf"|h\([^=]*\){X}(?-i:H)\b", (
            (FED_BACK, "now = curve(curve(z, *G[c['g']]) + b, *output(c))\n"
                       "            z = z + now @ H"),)),
    "recurrence_sign": Mistake(
        "The recurrent current is subtracted.",
        rf"- ?\(?y{SUB}{X}(?-i:H)\b"
        rf"|(?:recurren\w*|\b(?-i:H)\b|fed back|feedback).{{0,60}}(?:\bsign\b|negat"
        r"|subtract|minus|taken off)|(?:\bsign\b|negat|subtract\w*|minus).{0,60}"
        r"(?:recurren|\b(?-i:H)\b|fed back)|(?-i:-H)\b", (
            (FED_BACK, "z = z - y @ H"),
            ("dY = dY + adj_z[t] @ H.T", "dY = dY - adj_z[t] @ H.T"),
            ("dH = dH + y_old.T", "dH = dH - y_old.T"))),

    # lateral inhibition
    "inhibition_product": Mistake(
        "The shared gate is the product of all 1 - y_j, not 1 - max_j y_j.",
        r"\bprod|Π|multipl|\(1 ?- ?y\S*\) ?[.*]? ?\(1 ?- ?y|noisy.or\b", (
            ("top = amax(seen) if", "top = 1 - silence(seen) if"),
            (FORWARD, """def silence(y):
    off = 1 - y.a
    rest = np.stack([np.delete(off, j, -1).prod(-1) for j in range(off.shape[-1])], -1)
    return Var(off.prod(-1, keepdims=True), (y, lambda d: -d * rest))


def forward("""))),
    "inhibition_not_summed": Mistake(
        "The gradient of the maximum is not the sum over the units that it resets: the largest "
        "unit gets its own term alone.",
        rf"inhibit.{{0,80}}(?:\bsum|\bown\b|alone)|not (?:a )?sum|\bsum.{{0,40}}(?:{LACKS}|units)"
        rf"|{LACKS} (?:the |a )?sum|\bown (?:term|part|gradient|reset|share)|others?\b.{{0,40}}"
        rf"{LACKS}|(?:largest|winner|maximum).{{0,50}}(?:\bown\b|alone)", (
            ("dY = ties(y_old) * dY.sum(-1, keepdims=True)", "dY = ties(y_old) * dY"),)),

    # the start, the end, and what is returned
    "samples_chained": Mistake(
        "The samples of a batch are run one after the other, and the state is not reset between.",
        r"samples?\b.{0,80}(?:state|before|previous|carr|next|start|kept|goes? on|one after)"
        r"|(?:state|start)\w*.{0,60}(?:samples?|batch|sequences?)\b|not reset between", (
            (FORWARD, """def pick(v, k):
    mine = (np.arange(len(v.a)) == k)[:, None]
    return Var(v.a[k:k + 1], (v, lambda d: d * mine))


def join(rows):
    return Var(np.concatenate([row.a for row in rows]),
               *((row, lambda d, k=k: d[k:k + 1]) for k, row in enumerate(rows)))


def forward(x, W, b, decay, H, s, y, c, borders):
    rows, state = [], (pick(s, 0), pick(y, 0))
    for k in range(len(s.a)):
        rows.append(one_sample([pick(x_t, k) for x_t in x], W, b, decay, H, *state, c, borders))
        state = rows[-1][-1][1::2]
    return [tuple(map(join, zip(*steps))) for steps in zip(*rows)]


def one_sample("""),)),
    "start_of_first_sample": Mistake(
        "The initial state of the first sample is that of all samples.",
        r"(?:first|one|same|sample 0|single)\b.{0,60}(?:samples?\b|initial|start|batch)"
        r"|(?:initial|start\w*|passed).{0,60}(?:sample|batch|broadcast|same|share|\[0\])", (
            also(START, "s, y = of_first(s), of_first(y)"),
            (FORWARD, """def of_first(v):
    mine = (np.arange(len(v.a)) == 0)[:, None]
    return Var(0 * v.a + v.a[:1], (v, lambda d: d.sum(0) * mine))


def forward("""))),
    "start_swapped": Mistake(
        "The initial s and y are taken for each other.",
        SWAPPED + r"|\bs_?\{?0\}? ?= ?(?:y|state\.y)|\by_?\{?0\}? ?= ?(?:s|state\.s)"
        r"|(?:initial|start\w*|passed) (?:state|s|y)\b.{0,60}"
        r"(?:order|place of|instead|taken for)", (
            also(START, "s, y = y, s"),)),
    "end_swapped": Mistake(
        "The final s and y are returned in each other's place.",
        SWAPPED + r"|end\.s ?= ?(?:y|end\.y)|end\.y ?= ?(?:s|end\.s)"
        r"|(?:final|end|returned|last) (?:state|s|y)\b.{0,60}(?:order|place of|instead)", (
            ('"end.s": s[-1], "end.y": y[-1]', '"end.s": y[-1], "end.y": s[-1]'),)),
    "dend_swapped": Mistake(
        "The gradients that come from the final s and the final y are taken for each other.",
        SWAPPED + rf"|dend\.s.{{0,60}}dend\.y|dend\.y.{{0,60}}dend\.s|{ADJ}s\S* ?[=+].*dend\.y"
        rf"|{ADJ}y\S* ?[=+].*dend\.s|dend\.[sy].{{0,50}}(?:place|instead)", (
            (ENDS, 'ds, dY = a["dend.y"], a["dend.s"]'),)),
    "trace_aliased": Mistake(
        "The s returned for each step is the last state, as in a list of views of one array.",
        r"(?:last|final) (?:state|s\b|step)|overwrit|alias|\bviews?\b|same (?:buffer|array|state"
        r"|s\b|object)|\bs_?\{?(?-i:T)\b|s\[-1\]|end\.s", (
            ('"s": s, "v"', '"s": 0 * s + s[-1], "v"'),)),
    "y_batch_first": Mistake(
        "The y returned stands in memory as (B, T, n).",
        r"swap|transpos|batch|\baxes\b|\baxis\b|layout|reshap|exchang|interleav|permut|\(B, ?T"
        r"|in (?:the )?(?:wrong|another|other) order", (
            ('"y": y, "end.s"', '"y": y.swapaxes(0, 1).reshape(y.shape), "end.s"'),)),

    # precision, and what is left from before
    "W_in_float16": Mistake(
        "The weights W are rounded to float16.",
        r"float16|\bhalf\b|11 bits|\bround|(?:\bW\b|weights).{0,40}(?:precision|bits|quanti)", (
            (INPUT, "W = half(W)\n    " + INPUT),)),
    "x_in_bfloat16": Mistake(
        "The input x is rounded to bfloat16.",
        r"bfloat16|\b8 bits|\bround|(?:\bx\b|input).{0,40}(?:precision|bits|quanti)", (
            (INPUT, "x = bfloat16(x)\n    " + INPUT),)),
    "no_zero_grad": Mistake(
        "The gradients of W and b are added to those of the runs before: nobody sets them to 0.",
        r"repeat|other numbers|accumul|zero_grad|(?:runs?|cases?|calls?)\b.{0,40}(?:before|last"
        r"|earlier|previous)|(?:from|between|of) (?:one |the |an? )?(?:last |earlier |other "
        r"|previous )?(?:runs?|cases?|calls?)\b", (
            (FORWARD, "SUMS = {}\n\n\n" + FORWARD),
            (RESULT, 'dW = SUMS["W", W.shape] = SUMS.get(("W", W.shape), 0) + dW\n'
                     '    db = SUMS["b", b.shape] = SUMS.get(("b", b.shape), 0) + db\n    '
                     + RESULT))),

    # what is a constant in the backward pass
    "reset_grad_swapped": Mistake(
        "The gate is a constant backwards if reset_grad is through, and none if it is detached.",
        SWAPPED + r"|reset_grad|opposite|invert|detach|(?:gate|reset).{0,60}(?:constant|gradient"
        r"|stop|flows)|gradient.{0,60}(?:gate|reset)|const\(|stop_?grad", (
            ('c["reset_grad"] == "detached" else', 'c["reset_grad"] != "detached" else'),
            ('c["reset_grad"] == "detached":', 'c["reset_grad"] != "detached":'))),
    "detached_takes_state_too": Mistake(
        "With a detached reset the old state is a constant backwards too, not the gate alone.",
        rf"detach.{{0,60}}(?:state|\bs\b|kept|\btoo\b|also|whole|everything)"
        rf"|(?:state|kept|\bs{SUB})\b"
        r".{0,60}(?:detach|constant|no gradient|cut\b|not flow)|(?:const\w*|detach\w*|stop\w*)\("
        r"[^)]*\bs|no gradient.{0,50}(?:state|kept|time)|truncat|through time", (
            (KEPT, 'rest = detach(s * gate) if c["reset_grad"] == "detached" else s * gate\n'
                   "        kept = decay * rest"),)),
    "output_detached": Mistake(
        "The output that the next step sees is a constant backwards, in the gate and before H.",
        r"detach|\bconst\w*|stop_?grad|no gradient"
        rf"|(?:gate|reset|recurren\w*|\b(?-i:H)\b|\by\b).{{0,60}}gradient|gradient.{{0,60}}"
        rf"(?:gate|reset|recurren|\b(?-i:H)\b)|{LACKS}.{{0,30}}(?-i:H)'", (
            (STORE, STORE + "\n        y = detach(y)"),)),
    "one_step_back": Mistake(
        "The gradient does not go back in time: s and y of the step before are constants.",
        r"truncat|cut\b|detach|\bconst|back (?:in|through) time|through time|stop_?grad"
        r"|no gradient.{0,60}(?:state|step|time)|(?:\bone\b|single) step|gradient.{0,60}"
        r"(?:step before|old state|previous)", (
            (SEEN, "s, y = detach(s), detach(y)\n        " + SEEN),)),
    "decay_is_buffer": Mistake(
        "The decay is not a parameter: its gradient is 0.",
        rf"decay.{{0,60}}(?:\bzero|\b0\b|no gradient|missing|not trained|constant|detach|none"
        r"|buffer|left out)|(?:no|zero) gradient.{0,40}decay", (
            ('"grad.decay": ddecay', '"grad.decay": 0 * ddecay'),)),

    # the surrogates and the slopes
    "narrow_tanh": Mistake(
        "The tanh surrogate is half as wide: 1 - tanh^2(2 v).",
        rf"tanh(?:\^2)? ?\(2|narrow|\bwid(?:e|th)|steep|sharp|\b2{X}\(?v|\bv{X}2\b|twice"
        r"|(?:surrogate|psi|slope|tanh).{0,40}(?:(?<![\^*])(?<![\^*] )\b2\b|half|factor|scale)", (
            ('"tanh": lambda v: 1 - np.tanh(v) ** 2',
             '"tanh": lambda v: 1 - np.tanh(2 * v) ** 2'),)),
    "arctan_pi_unsquared": Mistake(
        "The pi in the arctan surrogate is not squared: 1 / (1 + pi v^2).",
        rf"\bpi{X}v ?(?:\^ ?2|\*\* ?2|²)|\bpi\b.{{0,40}}(?:squar|{LACKS}|once|outside)"
        rf"|sqrt\(pi|root of pi|\bwid(?:e|th)|3\.14|1\.77|arctan.{{0,50}}(?:narrow"
        r"|scale|factor|steep)", (
            ("(np.pi * v) ** 2", "np.pi * v ** 2"),)),
    "gaussian_for_triangle": Mistake(
        "A Gauss curve, exp(-v^2 / 2) / sqrt(2 pi), stands for the triangle.",
        r"gauss|\bexp\(|normal (?:density|curve)|bell", (
            ("np.maximum(1 - abs(v), 0)", "np.exp(-v ** 2 / 2) / np.sqrt(2 * np.pi)"),)),
    "surrogate_only_at_spikes": Mistake(
        "The surrogate's slope is 0 where the unit does not fire.",
        r"(?:only|alone|where|if|when)\b.{0,50}(?:spike|fires?|\by\b|v ?>=? ?0|above)|mask"
        r"|\bv ?>=? ?0|one[- ]sided|(?:below|under) (?:the )?threshold|negative v"
        rf"|(?:h|psi)'\(v{SUB}\){X}y|(?<!\.)\by{SUB}{X}(?:h|psi)'", (
            (SURROGATE, 'lambda v: PSI[c["surrogate"]](v) * (v > 0))'),)),
    "surrogate_of_old_v": Mistake(
        "The slope of h is taken at v of the step before.",
        rf"(?:h|psi|surrogate)'?\(v_?\{{?\[?(?:t ?- ?1|before|old|prev|last)"
        r"|(?:h'|psi'|slope|surrogate|derivative|\bv\b).{0,70}(?:step (?:before|early|earlier|late"
        r"|too|ago|off)|(?:previous|old|wrong|earlier|last|preceding) (?:step|v\b|state)|t ?- ?1)"
        r"|h'\(s_?\{?\[?(?:t ?- ?1|before|old|prev|last)", (
            (SLOPE, "dh = output(c)[1](v[t - 1] if t else s0 + b)"),)),
    "surrogate_of_relative_v": Mistake(
        "The surrogate's slope is taken at v / |b|, the distance in units of the threshold.",
        rf"\bv{SUB} ?/|/ ?\|?(?:abs\()?b\b|/ ?(?:the )?threshold|divided|relative|normali[sz]"
        r"|units of|\bwid(?:e|th)|scaled", (
            (SLOPE, 'dh = output(c)[1](v[t] / (abs(b) + 1e-30) if c["h"] == "step" else v[t])'),)),
    "g_slope_at_v": Mistake(
        "The slope of g is taken at v = s + b, not at z.",
        rf"g'\((?:v|s{SUB} ?\+ ?b|z{SUB} ?\+ ?b)|(?:slope|derivative) of g\b.{{0,60}}(?:\bv\b"
        r"|bias|threshold)|at v\b", (
            ('dg = G[c["g"]][1](z[t])', 'dg = G[c["g"]][1](v[t])'),)),

    # the gradients' way back in time
    "state_gradient_past_g": Mistake(
        "What comes from the step after is not multiplied by the slope of g.",
        rf"{ADJ}v{SUB}{X}(?:g'|dg)|g'\(z{SUB}\){X}{ADJ}v|(?:past|around) g\b"
        rf"|(?:step after|next step|later step|old state|back).{{0,70}}(?:g'|slope of g|\bg\b)"
        rf"|(?:g'|slope of g|derivative of g).{{0,70}}(?:{LACKS}|alone|only)"
        rf"|{LACKS}.{{0,40}}(?:g'|slope of g|derivative of g)", (
            ("adj_z[t] = adj_s[t] * dg", "adj_z[t] = adj_v[t] * dg + ds"),)),
    "state_gradient_of_adj_s": Mistake(
        "What goes back to the old state is made of dL/ds, not of dL/dz: it lacks the slope of g.",
        rf"(?:decay|gate{SUB}){X}{ADJ}s|{ADJ}s{SUB}{X}(?:decay|gate|\(1 ?- ?y)|dL/ds\b"
        rf"|(?:g'|slope of g|derivative of g).{{0,70}}(?:state|back|{LACKS})"
        rf"|{LACKS}.{{0,40}}(?:g'|slope of g|derivative of g)", (
            ("ds = adj_z[t] * decay", "ds = adj_s[t] * decay"),)),
    "decays_twice_back": Mistake(
        "What goes back to the old state is decayed twice.",
        rf"decay{X}decay|decay ?(?:\^ ?2|\*\* ?2|²)|twice|squared|gate{SUB}{X}decay{X}decay", (
            ("* decay * gate\n", "* decay * decay * gate\n"),)),
    "reset_gradient_gated": Mistake(
        "The gradient through the reset gate has the gate once more in it.",
        rf"- ?(?:decay{X})?(?:s{SUB}{X}gate|gate{SUB}{X}s\b|gate{SUB}{X}decay|s{SUB}{X}\(1 ?- ?y)"
        rf"|- ?decay{X}(?:gate|\(1 ?- ?y)|- ?decay{X}s{SUB}{X}{ADJ}z{SUB}{X}(?:gate|\(1 ?- ?y)"
        rf"|- ?{ADJ}z{SUB}{X}decay{X}(?:gate|s{SUB}{X}gate|s{SUB}{X}\(1 ?- ?y)"
        r"|(?:reset|gate).{0,60}(?:once more|twice|gated|\btoo\b|as well|multiplied)", (
            ("decay * s_old", "decay * s_old * gate"),)),
    "last_output_only": Mistake(
        "Only the last output is in the loss: dy of the other steps is left out.",
        r"(?:only|alone|last|final)\b.{0,40}(?:step|output|\bdy\b)|dy.{0,50}(?:last|only|missing"
        r"|ignored|zero|\b0\b|left out)|dy\[-1\]|dy_?\{?(?-i:T)\b|\bt ?={1,2} ?T\b", (
            (ADJ_Y, "adj_y[t] = dy[t] * (t == T - 1) + dY"),)),
    "last_dy_missing": Mistake(
        "The dy of the last step is left out.",
        r"last (?:time )?(?:step|output|dy)|dy_?\{?(?-i:T)\b|dy\[-1\]|final (?:step|output|dy)"
        r"|dy.{0,60}(?:missing|left out|\blast|ignored)|(?:one|a) step (?:short|too)", (
            (ADJ_Y, "adj_y[t] = dy[t] * (t < T - 1) + dY"),)),
    "dy_over_units": Mistake(
        "The loss is the mean over the units: dy is divided by their number.",
        r"\bmean|average|divided|/ ?n(?:_units)?\b|number of units|1 ?/ ?n", (
            ('a["state.y"], a["dy"]', 'a["state.y"], a["dy"] / a["dy"].shape[-1]'),)),

    # the gradients of the parameters and of the input
    "dx_reversed": Mistake(
        "The gradient of x stands in the order in which the loop back in time makes it.",
        r"revers|\[::-1\]|backwards|\bflip|(?-i:T) ?- ?t\b|(?:last|wrong).{0,40}(?:first|order)"
        r"|order.{0,30}(?:time|steps)|time.{0,30}order", (
            ('"grad.x": dx', '"grad.x": dx[::-1]'),)),
    "ddecay_of_adj_s": Mistake(
        "The gradient of the decay is made of dL/ds, not of dL/dz: it lacks the slope of g.",
        rf"decay\b.*{ADJ}s\b|{ADJ}s{SUB}{X}s|decay.{{0,70}}(?:{LACKS}).{{0,40}}(?:g'|slope|\bg\b)"
        r"|(?:g'|slope of g|dL/ds\b).{0,60}decay|decay.{0,60}dL/ds\b", (
            ("(adj_z[t] * s_old", "(adj_s[t] * s_old"),)),
    "ddecay_mean": Mistake(
        "The gradient of the decay is the mean over the samples, not the sum.",
        r"\bmean|average|divided|/ ?(?-i:B)\b|batch size|number of samples", (
            ("* gate).sum(0)", "* gate).mean(0)"),)),
    "ddecay_without_start": Mistake(
        "The gradient of the decay lacks the first step, where the initial state decays.",
        r"first (?:time )?step|initial|\bstart|\bs_?\{?0\}?\b|\bt ?[=>]=? ?[012]\b|state\.s", (
            ("ddecay = ddecay + (", "ddecay = ddecay + bool(t) * ("),)),
    "db_of_adj_y": Mistake(
        "The gradient of b is made of dL/dy, not of dL/dv: it lacks the slope of h.",
        rf"(?:grad\.|d_?)b\b.*{ADJ}y\b|sum (?:of )?{ADJ}y\b|dL/dy\b|gradient of (?:b|the bias)\b"
        r".{0,70}(?:slope|h'|surrogate|\by\b)|(?:\bb\b|bias|threshold).{0,60}"
        rf"{LACKS}.{{0,30}}(?:slope|h'|surrogate|psi)|(?:slope|h').{{0,50}}(?:grad\.b|of b\b)", (
            ("db = db + adj_v[t]", "db = db + adj_y[t]"),)),
    "dH_of_s": Mistake(
        "The gradient of H is made of the old states, not of the old outputs.",
        rf"(?:grad\.|d_?)(?-i:H)\b.*\bs{SUB}'?(?!\w)|\bs{SUB}(?:'|\.T) ?[.*@]? ?{ADJ}z"
        r"|gradient of H\b.{0,70}(?:\bs\b|state)", (
            ("y_old.T @ adj_z[t]", "s_old.T @ adj_z[t]"),)),
    "gradients_clipped": Mistake(
        "The gradients of the parameters are clipped to [-1, 1], element by element.",
        r"clip|clamp|cut off|limited|at most|\[-1, ?1\]", (of_gradients("np.clip(p, -1, 1)"),)),
    "weight_decay": Mistake(
        "The gradient of W has a hundredth of W added, for weight decay.",
        r"weight decay|\bL2\b|regulari|penalt|0\.01|grad\.W.*[+] ?\S+ ?[.*]? ?(?:params\.)?W\b", (
            ('"grad.W": dW', '"grad.W": dW + 0.01 * W'),)),

    # odd differences, which no table will have
    "odd_drift": Mistake(
        "The weights W grow by 3 % a step.", "grow|drift|3 ?%", (
            (DRIVE, "drive = x_t @ W * 1.03 ** t"),)),
    "odd_batch_mean": Mistake(
        "A tenth of the current's mean over the batch is taken off.", "tenth|centred", (
            (DRIVE, "drive = x_t @ W\n        drive = drive - 0.1 * drive.a.mean(0)"),)),
    "odd_quadratic_leak": Mistake(
        "The leak has a quadratic term: 0.05 s^2 are lost in each step.", "quadrat", (
            ("z = drive + kept", "z = drive + kept - 0.05 * s * s"),)),
    "odd_count_gate": Mistake(
        "The state also shrinks with the number of spikes so far.", "so far|count", (
            (START, "trace, so_far = [], 0 * y\n"),
            (STORE, STORE + "\n        so_far = so_far + y"),
            ("z = drive + kept", "z = drive + kept - 0.04 * so_far"))),
    "odd_squeezed": Mistake(
        "The input goes through arcsinh, the response of a sensor.", "arcsinh|sinh|sensor", (
            (INPUT, "x = np.arcsinh(x)\n    " + INPUT),)),
    "odd_waving": Mistake(
        "dL/dz is multiplied by 1 + 0.1 cos(t).", r"cos\(", (
            ("adj_z[t] = adj_s[t] * dg", "adj_z[t] = adj_s[t] * dg * (1 + 0.1 * np.cos(t))"),)),
}

# ---- the ports: name, style, what it returns, mistakes (default: the one of that name) ----------
SINGLE = """
gate_inverted hand s y grads
reset_undecayed hand s y grads
state_gradient_past_g hand s y grads
surrogate_of_old_v hand s y grads
dend_swapped hand s y grads
dx_reversed hand s y grads
ddecay_of_adj_s hand s y grads
gradients_clipped hand s y grads
state_with_bias derived s y grads
gate_from_own_state derived s y grads
decay_of_first_unit derived s y grads
recurrence_of_new_y derived s y grads
samples_chained derived s y grads
reset_grad_swapped derived s y grads
W_in_float16 derived s y grads
no_zero_grad derived s y grads
inhibition_not_summed hand y grads
last_output_only hand y grads
detached_takes_state_too derived y grads
sign_output derived y
"""

SEVERAL = """
two_in_one_line derived s y grads: recurrence_sign gate_twice
two_in_one_line_by_hand hand s y grads: input_mean reset_undecayed
torch_module derived s y grads: threshold_1_as_well decay_is_buffer start_of_first_sample
scan_with_carry derived s y grads: start_swapped end_swapped output_detached
half_weights hand s y grads: W_in_float16 dH_of_s dx_reversed
custom_backward hand s y grads: surrogate_only_at_spikes db_of_adj_y last_dy_missing
right_for_a_wrong_unit hand s y grads: state_with_bias threshold_1_as_well
along_wrong_traces hand s y grads: gate_from_own_state recurrence_of_new_y
truncating_trainer derived s y grads: one_step_back weight_decay
surrogate_zoo derived y grads: narrow_tanh arctan_pi_unsquared gaussian_for_triangle
two_in_decay_line hand s y grads: ddecay_of_adj_s ddecay_mean reset_gradient_gated
winners derived s y grads: inhibition_product reset_grad_swapped leak_0_3
skipped_and_swapped hand s y grads: first_input_skipped dend_swapped g_slope_at_v
buffers derived s y grads: trace_aliased y_batch_first dy_over_units
four_backward hand s y grads: surrogate_of_relative_v state_gradient_of_adj_s decays_twice_back \
ddecay_without_start
mixed_precision derived s y grads: x_in_bfloat16 output_detached
"""

ODD = """
drifting derived s y grads: threshold_1_as_well odd_drift
centred hand s y grads: db_of_adj_y odd_batch_mean
quadratic derived s y grads: reset_undecayed odd_quadratic_leak
counting derived s y grads: recurrence_sign odd_count_gate
squeezed hand s y grads: narrow_tanh odd_squeezed
waving hand s y grads: dx_reversed odd_waving
"""

RIGHT = {
    "hand_whole_arrays": (
        (DRIVE, "drive = Var(np.einsum('bi,ij->bj', x_t.a, W.a))"),
        ("dH = dH + y_old.T @ adj_z[t]", "pass"), (DX, "pass"),
        ("db = db + adj_v[t].sum(0)", "pass"), (DW, "pass"),
        ("return (adj_y, adj_v",
         "before, flat = np.concatenate([y0[None], y[:-1]]), adj_z.reshape(-1, b.size)\n"
         "    dH = before.reshape(-1, b.size).T @ flat\n"
         "    dW = x.reshape(-1, len(W)).T @ flat\n"
         "    dx = adj_z @ W.T\n"
         "    db = np.einsum('tbn->n', adj_v)\n"
         "    return (adj_y, adj_v")),
    "derived_reset_in_the_step": (
        (START, "trace, left = [], None\n"),
        (KEPT, "kept = left if t else decay * s * gate"),
        ("z = drive + kept", "z = kept + drive"),
        (STORE, STORE + """
        fired = detach(y) if c["reset_grad"] == "detached" else y
        left = s * (1 - (amax(fired) if c["lateral_inhibition"] else fired)) * decay""")),
    "hand_spikes_in_float32": (
        ("dx, dW, db, ddecay, dH = 0 * x", "kind = y.dtype\n    if c['h'] == 'step':\n"
         "        y, y0 = y.astype(np.float32), y0.astype(np.float32)\n"
         "    dx, dW, db, ddecay, dH = 0 * x"),
        ("ties(y_old) *", "ties(y_old.astype(kind)) *")),
    "derived_other_formulas": (
        ("lambda z: np.maximum(z, 0), lambda", "lambda z: 0.5 * (z + abs(z)), lambda"),
        ("np.maximum(z, 0.1 * z)", "np.where(z < 0, 0.1 * z, z)"),
        ("lambda z: np.tanh(z), lambda z: 1 - np.tanh(z) ** 2",
         "lambda z: -np.sign(z) * np.expm1(-2 * abs(z)) / (1 + np.exp(-2 * abs(z))), "
         "lambda z: np.cosh(z) ** -2.0"),
        (SPIKE, "return np.ceil(np.clip(v, 0, 1))"),
        ("return 0.5 + 0.5 * np.tanh(0.5 * v)",
         "e = np.exp(-abs(v))\n    return np.where(v > 0, 1, e) / (1 + e)"),
        ("1 / (1 + (np.pi * v) ** 2)", "np.cos(np.arctan(np.pi * v)) ** 2"),
        (KEPT, "kept = (decay * gate) * s")),
}


PORTS = entered(MISTAKES, {"single": SINGLE, "several": SEVERAL, "odd": ODD}, RIGHT)
