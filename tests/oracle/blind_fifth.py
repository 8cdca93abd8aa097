"""A fifth set of wrong and right ports of the SNU, for an honest count of the diagnosis.

`PORTS.NAME` is an adapter for the check, as in `blind_ports.py`:

    python -m snu_ref check tests/oracle/blind_fifth.py:PORTS.reset_late

The author wrote the ports, and the words that recognise their mistakes, from the equations and
from `blind_unit.py` alone: without a look at the table of mistakes that the diagnosis knows, at the
ports of the other sets, or at any verdict. Afterwards it was counted, without a diagnosis, that
each wrong port gives wrong numbers, and that each of its mistakes changes numbers by itself.

20 ports have one mistake, 17 have two to four, 6 have common mistakes beside an odd difference
that no table will have, and 5 are right but written differently. A mistake of the forward pass
is in a port with derived gradients, or leaves the backward pass as it is.
"""
from blind_unit import Mistake, entered

# ---- lines of the unit that mistakes change -----------------------------------------------------
# the forward pass
START = "trace = []"
SEEN = 'seen = detach(y) if c["reset_grad"] == "detached" else y'
MAXIMUM = "amax(seen)"
GATE = "gate = 1 - top\n        drive"
DRIVE = "drive = x_t @ W"
KEPT = "kept = decay * s * gate"
ARGUMENT = "z = drive + kept"
FEEDBACK = "z = z + y @ H"
STATE = 's = curve(z, *G[c["g"]])'
V = "v = s + b"
TRACE = "trace.append((z, s, v, y))"
NEXT_PIECE = "pass  # the state goes on from piece to piece"
GIVEN = 's0, y0, dy = a["state.s"], a["state.y"], a["dy"]'
# functions
SPIKE = "return 1.0 * (v > 0)"
SOFT = "return (sigmoid, sigmoid_slope)"
RELU = "np.maximum(z, 0), lambda z: 1.0 * (z > 0)"
LEAKY = "np.maximum(z, 0.1 * z), lambda z: np.where(z > 0, 1.0, 0.1)"
# the backward pass
LENGTH = "T = len(x)\n"
SLOPE = "dh = output(c)[1](v[t])"
ADJ_Y = "adj_y[t] = dy[t] + dY"
ADJ_V = "adj_v[t] = adj_y[t] * dh"
ADJ_Z = "adj_z[t] = adj_s[t] * dg"
DW = "dW = dW + x[t].T @ adj_z[t]"
DB = "db = db + adj_v[t].sum(0)"
DDECAY = "ddecay = ddecay + (adj_z[t] * s_old * gate).sum(0)"
DH = "dH = dH + y_old.T @ adj_z[t]"
DS = "ds = adj_z[t] * decay * gate"
DY = "dY = -adj_z[t] * decay * s_old"
DY_TIES = "dY = ties(y_old) * dY.sum(-1, keepdims=True)"
DY_H = "dY = dY + adj_z[t] @ H.T"
BACK = "return (adj_y, adj_v, adj_s, adj_z), (dx, dW, db, ddecay, dH, ds, dY)"

# ---- how a verdict may write a name -------------------------------------------------------------
SUB = r"(?:_\{[^}]*\}|_\w+|\[[^\]]*\])*"            # a subscript, in any notation, or none
X = r" ?[*.@]? ?"                                   # a product, with any sign or none
END = r"(?![\w\[{])"
OVER = r"(?! ?[*.@(\[\w])"                          # it is not multiplied by anything,
ALONE = r"(?! ?[-+*.@(\[\w])"                       # and nothing is added
L = r"(?:decay|leak|lambda|beta|l\(tau\))"
S, Y = rf"\bs{SUB}{END}", rf"\by{SUB}{END}"
V_ = rf"\bv{SUB}{END}"
W, H = r"(?-i:\bW\b)", r"(?-i:\bH\b)"
XW = rf"(?:\(?x{SUB}{X}{W}\)?|drive|\binput(?: current)?|self\._project\(\w+\))"
GATE_ = rf"(?:\bgate{SUB}{END}|\(1 ?- ?(?:max\S* ?)?y{SUB}\))"
DZ, DV, DS_ = (rf"(?:adj[._]?{q}|\bd{q}|all_d{q}|dL/d{q}){SUB}{END}" for q in "zvs")
PSI = r"(?:psi'?|surrogate|pseudo.?derivative|\bh')"
FED = r"(?:recurren\w+|feed.?back|fed back|fed)"
STOP = r"(?:detach\w*|constant|stop\w*.?grad\w*|\bcut|no gradient|without gradient|blocked)"
CUT = rf"(?<!not )(?<!never ){STOP}"
AFTER = r"_?[\[{(]*t ?\+ ?1"
BEFORE = r"_?[\[{(]*t ?- ?1"
MISSING = r"(?:missing|left out|absent|ignored|forgotten|lost|not used|lacking|skipped)"
D_DECAY = rf"(?:d{L}|grad\.?_?\[?.?{L}|gradient of (?:the )?{L})"
D_B = r"(?:\bdb\b|grad\.?_?\[?.?b\b|gradient of (?:the )?b\b|bias)"
RESET_TERM = r"(?:reset|\bgate|R_t|erase|\b(?-i:dY)\b)"
PIECE = r"(?:pieces?|parts?|chunks?|borders?|segments?|blocks?|windows?|calls?)"
INHIBIT = r"(?:inhibit\w*|max\w*|shared gate|lateral)"


def words(*texts):
    """The texts as alternatives; capitals do not matter, but those of H and W do."""
    return f"(?i:{'|'.join(texts)})"


# ---- the mistakes: a sentence, a pattern for its words, edits ------------------------------------

MISTAKES = {
    # ---- the reset ----
    "never_reset": Mistake(
        "The state goes on after a spike: there is no gate.",
        words(r"(?:never|not|isn't) (?:be )?reset|no reset|without (?:a |the |any )?reset",
              r"(?<!through the )(?<!: the )(?:reset|\bgate)(?: \S+)? (?:is )?(?:missing|left out"
              r"|absent|ignored|forgotten)(?! on the way back)",
              rf"\+ ?{L}{X}{S}{OVER}(?![^\n]*(?:b|theta|threshold){X}{Y})"), (
            (KEPT, "kept = decay * s"),)),
    "soft_reset": Mistake(
        "A spike subtracts the threshold, and the leak comes after it: decay (s - theta y).",
        words(r"soft.?reset|subtract|reset.{0,30}(?:by|of) (?:the |one )?threshold",
              rf"\({S} ?[-+] ?(?:b|theta|threshold){X}{Y}",
              rf"{S} ?[-+] ?(?:{L}{X})?(?:b|theta|threshold){X}{Y}"), (
            (KEPT, "kept = decay * (s + b * top)"),)),
    "reset_late": Mistake(
        "The gate takes the output of two steps before; in the first step nothing is reset.",
        words(r"(?:reset|\bgate).{0,60}(?:step late|late\b|too late|later|delay|older|two steps"
              r"|step before|one step (?:more|earlier|behind)|previous step's|stale)",
              r"(?:reset|\bgate|\(1 -).{0,40}y_?[\[{(]*t ?- ?2|1 ?- ?y_(?:older|before_?last|"
              r"before_before|two)"), (
            (START, "trace, older = [], 0 * y"),
            (GATE, "gate, older = 1 - older, top\n        drive"))),
    "rounded_gate": Mistake(
        "The gate is all or nothing in the sSNU too: outputs above 1/2 reset the state fully.",
        words(r"(?:\bgate|reset).{0,60}(?:round|binar|hard\b|all or (?:nothing|none)|> ?0\.5|> ?1/2"
              r"|step\(|heaviside|above (?:1/2|0\.5|one half)|thresholded|not graded|0 or 1)",
              r"(?:round|step|heaviside|hard)\w*\(?.{0,20}(?:\bgate|reset)",
              rf"1 ?- ?(?:np\.)?(?:round|step|rint|heaviside)\(|1 ?- ?\({Y} ?>"), (
            (GATE, "gate = 1 - rounded(top, np.round)\n        drive"),)),
    "state_after_reset": Mistake(
        "The state that comes back is s (1 - y), already reset; the next step is right.",
        words(r"(?:after|behind) (?:the |its |a )?reset|already reset|reset (?:at once"
              r"|immediately)",
              r"reset (?:already|before it is (?:returned|stored|recorded|given back))",
              r"reset in the (?:same )?step (?:that|which|of)|state=.?.?after reset",
              rf"{S} ?= ?{S}{X}{GATE_}"), (
            (TRACE, 'after = detach(y) if c["reset_grad"] == "detached" else y\n'
                    '        left = s * (1 - (amax(after) if c["lateral_inhibition"] else after))\n'
                    "        trace.append((z, left, v, y))"),)),
    # ---- the decay ----
    "leak_for_decay": Mistake(
        "The parameter counts as dt/tau: the state keeps 1 - decay.",
        words(rf"\(1 ?- ?{L}{SUB}\){X}{S}", rf"1 ?- ?{L}.{{0,40}}(?:in place|instead|state|kept)",
              rf"(?:state|kept|keeps).{{0,40}}1 ?- ?{L}", rf"{L}.{{0,30}}(?:complement|dt/tau)",
              rf"1 ?- ?{L}{SUB} for {L}"), (
            (KEPT, "kept = (1 - decay) * s * gate"),)),
    "exponential_decay": Mistake(
        "The decay is exp(-dt/tau), the exact solution, and not 1 - dt/tau: exp(decay - 1).",
        words(rf"exp\(|exponential|e\^|{L}.{{0,40}}\bexp"), (
            (KEPT, "kept = curve(decay, *2 * (lambda k: np.exp(k - 1),)) * s * gate"),)),
    "sigmoid_decay": Mistake(
        "The decay goes through a sigmoid, although it is given as the number itself.",
        words(rf"sigmoid\({L}|{L}.{{0,60}}(?:sigmoid|logit|squash)",
              rf"(?:sigmoid|logistic).{{0,30}}{L}"), (
            (KEPT, "kept = curve(decay, sigmoid, sigmoid_slope) * s * gate"),)),
    "decay_twice": Mistake(
        "The state decays at the end of a step and again at the start of the next one.",
        words(rf"{L}{X}{L}|{L}{SUB} ?(?:\*\*|\^) ?2|{L}.{{0,50}}(?:twice|squared?|two times"
              rf"|second time|double)|(?:twice|squared?|two).{{0,30}}{L}"), (
            (KEPT, "kept = decay * decay * s * gate"),)),
    "first_decay": Mistake(
        "All units have the decay of the first unit.",
        words(rf"{L}(?:\[0\]|_0|_1\b|\[:1\])|{L}.{{0,60}}(?:first|one unit|all units|shared"
              rf"|every unit|same for|one number)|(?:first|one|same|shared?|single).{{0,30}}{L}"), (
            (KEPT, "kept = Var(decay.a[:1], (decay, lambda d: d.sum() * (np.arange("
                   "len(decay.a)) == 0))) * s * gate"),)),
    # ---- the threshold and the output ----
    "threshold_sign": Mistake(
        "b is taken for the threshold: v = s - b.",
        words(rf"{S} ?- ?b\b{OVER}|sign of (?:b\b|the (?:bias|threshold))|minus b\b|v ?= ?-b ?\+",
              r"\bb\b.{0,40}(?:wrong sign|sign|negat|subtract|minus|as the threshold)",
              r"\bb\b.{0,40}is the threshold"), (
            (V, "v = s - b"),)),
    "fires_at_threshold": Mistake(
        "A unit at its threshold fires: v >= 0.",
        words(rf"{V_} ?>= ?0|>=|step\(0\) ?(?:=|is) ?1|at (?:exactly )?(?:the|its) threshold"
              r"|exactly at|greater.or.equal|v ?=+ ?0"), (
            (SPIKE, "return 1.0 * (v >= 0)"),)),
    "threshold_one": Mistake(
        "b is not used; the threshold is the number 1.",
        words(rf"{S} ?- ?1\b|threshold.{{0,30}}(?:fixed|constant|always|is 1|of 1\b|= ?1\b)",
              r"(?:fixed|constant|hard.?coded).{0,20}threshold|b\b.{0,40}(?:ignored|not used|unused"
              r"|left out|replaced|missing|is -1|= ?-1)|-1 (?:for|in place of|instead of) b\b"), (
            (V, "v = s - 1"),)),
    "bias_in_state": Mistake(
        "b is the bias of the linear layer: it is added inside g and stays in the state.",
        words(r"\bb\b.{0,60}(?:inside|within|before|into|in) (?:of )?(?:g\b|z\b|the (?:state|input"
              r"|argument|membrane|current|linear))",
              r"(?:bias|\bb\b).{0,60}(?:accumulat|integrat|part of the (?:state|input)|charges"
              r"|argument of g|added to (?:z|the (?:state|input|membrane|current)))",
              rf"g\([^)\n]*\+ ?b\b|\bz ?\+?= ?[^\n]*\+ ?b\b(?! ?[*.])|{XW} ?\+ ?b\b(?! ?[*.])"), (
            (ARGUMENT, "z = drive + kept + b"), (V, "v = s + 0"))),
    "spike_before_update": Mistake(
        "A unit fires by its old state; the input of the step counts in the next one.",
        words(r"(?:old|previous|before|earlier|last) (?:state|s\b|membrane|v\b|step's state)"
              r".{0,60}(?:output|spike|fire|threshold|\by\b|\bh\b)",
              r"(?:output|spikes?|fires?|\by\b|\bv\b|threshold)[^=@*\n]{0,60}(?:\bold|previous"
              rf"|before|earlier|step late|late\b|s{BEFORE}|one step behind)",
              rf"\bv ?= ?s(?:_before|_old|_prev\w*|{BEFORE})\S* ?\+ ?b",
              rf"h\(s(?:_before|_old|{BEFORE})"), (
            (STATE, 'old, s = s, curve(z, *G[c["g"]])'), (V, "v = old + b"))),
    "hard_sigmoid": Mistake(
        "The soft unit has Keras' old hard sigmoid, clip(0.2 v + 0.5, 0, 1).",
        words(r"hard.?sigmoid|piece.?wise|clip\(|0\.2|linear sigmoid|clipped"), (
            (SOFT, "return (lambda v: np.clip(0.2 * v + 0.5, 0, 1),"
                   " lambda v: 0.2 * (abs(v) < 2.5))"),)),
    # ---- g ----
    "relu_left_out": Mistake(
        "There is no relu: the state goes below rest.",
        words(r"relu.{0,40}(?:left out|missing|absent|not applied|ignored|identity|skipped)",
              r"identity.{0,40}relu|g\b.{0,40}(?:left out|missing|not applied|identity|ignored)",
              r"no relu|without (?:the )?(?:relu|g\b)|below (?:rest|zero|0)|\bs ?= ?z\b"), (
            (RELU, "z + 0, lambda z: np.ones_like(z)"),)),
    "leaky_slope": Mistake(
        "leaky_relu has the slope 0.01 of PyTorch below zero.",
        words(r"0\.01|1e-0?2|1/100|leaky.?relu.{0,40}slope|slope.{0,40}leaky|z ?/ ?100"), (
            (LEAKY, "np.maximum(z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)"),)),
    "g_of_input": Mistake(
        "g acts on the input alone, before the old state is added.",
        words(rf"g\({XW}\)|\bg\b.{{0,60}}(?:input|x ?@ ?W|x_t|drive).{{0,30}}(?:alone|only)",
              r"\bg\b.{0,40}(?:only|alone).{0,30}(?:input|x ?@ ?W|x_t|drive)",
              r"(?:outside|not inside|after) (?:of )?g\b|(?:state|s_\w+|memory).{0,40}"
              r"(?:outside|past|added after|not through) (?:of )?g\b"), (
            (DRIVE, 'drive = curve(x_t @ W, *G[c["g"]])'), (STATE, "s = z + 0"))),
    # ---- the input ----
    "input_share": Mistake(
        "The input is scaled as in a low-pass filter: (1 - decay) x W.",
        words(rf"\(1 ?- ?{L}{SUB}\){X}(?:\()?{XW}|{XW}{X}\(1 ?- ?{L}",
              rf"input.{{0,50}}(?:scaled|1 ?- ?{L}|multiplied)|low.?pass|moving average"), (
            (DRIVE, "drive = (1 - decay) * (x_t @ W)"),)),
    "input_late": Mistake(
        "The input arrives a step late: x_{t-1} W.",
        words(rf"\bx{BEFORE}|\bx_(?:before|old|prev\w*)",
              r"(?:input|\bx\b).{0,40}(?:late|delay|previous|earlier|step before|shift|last step)",
              r"(?:previous|earlier|delayed|late|shifted).{0,20}(?:input|\bx\b)"), (
            (DRIVE, "drive = (x[t - 1] if t else 0 * x_t) @ W"),)),
    "bfloat_product": Mistake(
        "The matrix product takes its factors as bfloat16.",
        words(r"b(?:rain)?.?fl?o?a?t?16|bf16|8 bits|7 bits|tf32|reduced precision|low(?:er)? precis"
              r"|(?:W|input|x)\b.{0,40}(?:rounded|precision)"), (
            (DRIVE, "drive = rounded(x_t, bfloat16) @ rounded(W, bfloat16)"),)),
    "fixed_point_weights": Mistake(
        "W is in fixed point with 7 bits behind the point.",
        words(r"fixed.?point|quanti[sz]|int8|\b8.?bit|\b7.?bit|1/128|128|\bgrid|multiples? of",
              r"W\b.{0,40}(?:rounded|precision|bits)|(?:rounded|rounds?).{0,20}(?:W\b|weight)"), (
            (DRIVE, "drive = x_t @ rounded(W, lambda w: np.round(w * 128) / 128)"),)),
    # ---- the recurrence ----
    "feedback_transposed": Mistake(
        "The feedback is y H', with H as PyTorch's Linear stores it.",
        words(rf"{Y}{X}{H}(?:\.T|'|\^T)|transpos|{H}.{{0,10}}swapped"), (
            (FEEDBACK, "z = z + y @ H.T"),)),
    "feedback_no_self": Mistake(
        "A unit does not feed itself: the diagonal of H is 0.",
        words(r"diag|self.?(?:connect|feedback|loop|recur|excit)|(?:itself|own output|autaps)"
              r"|np\.eye|off.?diagonal"), (
            (FEEDBACK, "z = z + y @ (H * (1 - np.eye(len(H.a))))"),)),
    "feedback_gated": Mistake(
        "The reset gates the feedback too.",
        words(rf"{FED}.{{0,40}}(?:gated|reset|\bgate\b)|\b(?:gates?|resets?)\b.{{0,40}}{FED}",
              rf"{Y}{X}{H}\)?{X}{GATE_}|{GATE_}{X}\(?{Y}{X}{H}|{GATE_}{X}\([^()\n]*{H}",
              rf"\([^()\n]*{H}[^()\n]*\){X}{GATE_}|{H} (?:is|gets|goes).{{0,20}}(?:\bgate|reset)",
              rf"\bgates (?:the )?{Y}{X}{H}"), (
            (FEEDBACK, "z = z + (y @ H) * gate"),)),
    "feedback_late": Mistake(
        "The feedback comes from the output of two steps before.",
        words(rf"y_?[\[{{(]*t ?- ?2\S*{X}{H}|y_(?:older|before_before|before_?last){X}{H}",
              rf"(?:{FED}|{H}).{{0,60}}(?:\blate|delay|older|two steps|step before|t ?- ?2)",
              rf"(?:late|delayed|older|stale).{{0,30}}(?:{FED}|{H})"), (
            (START, "trace, before = [], 0 * y"),
            (FEEDBACK, "z, before = z + before @ H, y"))),
    "feedback_of_state": Mistake(
        "The old state is fed back, not the old output: s H.",
        words(rf"{S}{X}{H}|{FED}.{{0,60}}(?:\bstate|\bs\b|s_|membrane|potential)",
              rf"(?:\bs\b|state|membrane|potential)[^\n@*+]{{0,30}}(?:fed back|feeds|feed.?back"
              rf"|{H})"), (
            (FEEDBACK, "z = z + s @ H"),)),
    # ---- inhibition ----
    "inhibition_of_batch": Mistake(
        "The maximum of the inhibition runs over the whole batch.",
        words(rf"{INHIBIT}.{{0,80}}(?:batch|samples|axes|all rows|axis=None|everything)",
              rf"(?:batch|samples|axes|y\.max\(\)).{{0,60}}{INHIBIT}|y\S*\.max\(\)"), (
            (MAXIMUM, "amax(seen, lambda y: (y == y.max()) / (y == y.max()).sum(), None)"),)),
    "inhibition_sum": Mistake(
        "Inhibition sums the outputs: 1 - sum_j y_j.",
        words(rf"1 ?- ?(?:sum|y\S*\.sum)|{INHIBIT}.{{0,60}}\bsum|\bsum\w*.{{0,60}}{INHIBIT}"
              r"|number of spikes|\bsum_j"), (
            (MAXIMUM, "total(seen)"),)),
    "inhibition_mean": Mistake(
        "Inhibition takes the mean of the outputs.",
        words(rf"1 ?- ?(?:mean|y\S*\.mean)|{INHIBIT}.{{0,60}}(?:\bmean|average)"
              rf"|(?:\bmean|average).{{0,60}}{INHIBIT}|mean_j"), (
            (MAXIMUM, "total(seen) * (1 / seen.a.shape[-1])"),)),
    "inhibition_of_others": Mistake(
        "A unit is reset by the maximum of the others, not by itself.",
        words(r"(?:other|neighbou?r).{0,40}(?:unit|output|neuron|alone|only)|\bothers\b|itself",
              r"except|spare|exclud|without (?:its )?own|j ?!= ?i|diagonal",
              r"own (?:spike|output).{0,20}(?:not|left)"), (
            ("def forward(x,", """def others(y):
    own = np.eye(y.a.shape[-1], dtype=bool)
    hidden = np.where(own, -np.inf, y.a[:, None])
    top = hidden.max(-1, keepdims=True)
    tied = (hidden == top) & ~own
    share = tied / np.maximum(tied.sum(-1, keepdims=True), 1)
    return Var(np.maximum(top[..., 0], 0), (y, lambda d: (d[..., None] * share).sum(1)))


def forward(x,"""), (MAXIMUM, "others(seen)"))),
    # ---- start and pieces ----
    "start_y_zero": Mistake(
        "The output before the first step is ignored: y_0 = 0.",
        words(r"\by_?[{\[]?0\b|state\.y|\by\b.{0,40}(?:start|initial|before the first)",
              r"(?:start|initial|first step).{0,60}(?:\by\b|output|spike|gate|reset)"), (
            (GIVEN, 's0, y0, dy = a["state.s"], 0 * a["state.y"], a["dy"]'),)),
    "start_s_zero": Mistake(
        "The state before the first step is ignored: s_0 = 0.",
        words(r"\bs_?[{\[]?0\b|state\.s|\bs\b.{0,40}(?:start|initial|before the first)",
              r"(?:start|initial|first step).{0,60}(?:\bs\b|state|membrane|rest|zero)"), (
            (START, "trace, s = [], 0 * s"),)),
    "pieces_anew": Mistake(
        "Each piece of a stream starts from rest.",
        words(rf"{PIECE}\b.{{0,80}}(?:rest|zero|reset|anew|fresh|forg[eo]t|lost|start|not carried"
              r"|not (?:handed|passed)|= ?0\b)",
              rf"(?:rest|zero|reset|anew|forgotten|lost|not carried|not handed).{{0,60}}{PIECE}"), (
            (NEXT_PIECE, "s, y = 0 * s, 0 * y"),)),
    "piece_forgets_y": Mistake(
        "Only s goes on to the next piece; its first step sees y = 0.",
        words(rf"{PIECE}\b.{{0,80}}(?:\by\b|output|spikes?|\bgate|y_0|y0)",
              rf"(?:\by\b|output|spikes?|\bgate|y_0|y0|only s\b|s alone).{{0,80}}{PIECE}"), (
            (NEXT_PIECE, "y = 0 * y"),)),
    "gradient_ends_at_pieces": Mistake(
        "Truncated BPTT: the state is detached between pieces.",
        words(rf"truncat|tbptt|(?:gradient|{CUT}).{{0,80}}{PIECE}\b|{PIECE}\b.{{0,80}}(?:gradient"
              rf"|{CUT})"), (
            (NEXT_PIECE, "s, y = detach(s), detach(y)"),)),
    # ---- precision ----
    "half_state": Mistake(
        "The state is stored as float16.",
        words(r"float.?16|\bhalf\b|fp16|1[01] bits",
              r"(?:state|\bs\b).{0,40}(?:rounded|rounding|precision)|round\w*.{0,20}(?:state"
              r"|\bs\b)"), (
            (STATE, 's = rounded(curve(z, *G[c["g"]]), half)'),)),
    # ---- what automatic differentiation sees ----
    "gate_cut": Mistake(
        'The spike is detached in the gate, also with reset_grad="through".',
        words(rf"(?:\bgate|reset)\b.{{0,60}}{CUT}|{CUT}.{{0,60}}(?:gate|reset\b)",
              rf"(?:gradient|term).{{0,60}}(?:\bgate|reset).{{0,40}}(?:{MISSING}|0\b)",
              r"(?:no|missing|without).{0,30}(?:gradient|term).{0,30}(?:\bgate|reset)",
              r"(?:R_t\S*|erase) ?= ?0"), (
            (SEEN, "seen = detach(y)"),)),
    "gate_not_cut": Mistake(
        'The gradient flows through the gate, also with reset_grad="detached".',
        words(rf"(?:\bgate|reset).{{0,60}}(?:not|never|isn't) {STOP}|(?:not"
              rf"|never) {STOP}.{{0,60}}gate",
              r"(?:flows?|goes|runs|passes|comes).{0,30}through (?:the )?(?:reset|\bgate)",
              r"detached.{0,60}(?:ignored|no effect|not respected|(?:like|as) .?through|flows)",
              r"always .?through"), (
            (SEEN, "seen = y"),)),
    "state_cut": Mistake(
        "The old state is detached: the gradient does not go back along the membrane.",
        words(rf"(?:state|\bs\b|s_\w+|membrane).{{0,50}}{CUT}|{CUT}.{{0,40}}(?:state|\bs\b|s_"
              rf"|membrane)",
              r"(?:no|not|missing|without)\b.{0,60}(?:through|along|over|by) (?:the )?(?:old )?"
              r"(?:state|membrane|time|leak|decay)|no bptt",
              rf"{DS_} ?= ?{DV}{ALONE}|\bds ?= ?0"), (
            (KEPT, "kept = decay * detach(s) * gate"),)),
    "feedback_cut_when_detached": Mistake(
        "The detached y of the gate is also the one that is fed back through H.",
        words(rf"(?:{FED}|{H}).{{0,80}}{CUT}|{CUT}.{{0,80}}(?:{FED}|{H})",
              rf"(?:no|missing|without|lacks).{{0,40}}(?:gradient|term).{{0,40}}(?:{FED}|{H})",
              rf"(?:{FED}|{H}).{{0,60}}(?:{MISSING}|not go)"), (
            (FEEDBACK, "z = z + seen @ H"),)),
    "start_cut": Mistake(
        "The given start is detached: it gets no gradient.",
        words(rf"(?:\bstart|initial|\bs_?0\b|\by_?0\b).{{0,60}}(?:{CUT}|gradient)|start\.[sy]\b",
              rf"(?:{CUT}|gradient).{{0,60}}(?:\bstart|initial|\bs_?0\b|\by_?0\b)"), (
            (START, "trace, s, y = [], detach(s), detach(y)"),)),
    "tie_first": Mistake(
        "The first of tied outputs gets all of the maximum's gradient, as argmax has it.",
        words(r"\bties?\b|\btied\b|argmax|first (?:of|maximum|largest)|1/k|winner"), (
            (MAXIMUM, "amax(seen, first)"),)),
    # ---- surrogates ----
    "psi_of_state": Mistake(
        "The surrogate is taken at s, as if the threshold were 0.",
        words(rf"(?:{PSI}|slope|derivative|tanh)\(?{S}|{PSI}.{{0,60}}(?:\bof s\b|\bat s\b"
              rf"|without b\b"
              r"|the state|threshold|in place of v|instead of v|argument|not v\b|for v\b)",
              r"(?:\bs\b|state|membrane).{0,30}(?:in place of|instead of|for) v\b"), (
            (SLOPE, 'dh = output(c)[1](s[t] if c["h"] == "step" else v[t])'),)),
    "psi_early": Mistake(
        "The slope of h is taken a step early, at v_{t-1}.",
        words(rf"(?:{PSI}|slope|derivative).{{0,60}}(?:step early|previous|earlier|step before"
              rf"|wrong"
              rf" step|v{BEFORE}|v_before|v_old|off by one|another step|one step)",
              rf"\bv{BEFORE}|v_(?:before|old|prev)"), (
            (SLOPE, "dh = output(c)[1](v[t - 1] if t else s0 + b)"),)),
    "straight_through": Mistake(
        "Straight-through: the step has slope 1 everywhere.",
        words(rf"straight.?through|\bSTE\b|{PSI}(?:\([^)]*\))? ?(?:=|is) ?1\b(?! ?[-/]| if)",
              r"(?:slope|derivative).{0,20}(?:is|=|of)(?: always)? ?1\b(?! ?[-/])",
              rf"identity.{{0,30}}{PSI}|{PSI}.{{0,40}}(?:{MISSING}|identity|always 1)"), (
            ('(spike, PSI[c["surrogate"]])', "(spike, np.ones_like)"),)),
    "triangle_damped": Mistake(
        "The triangle has Bellec's damping factor 0.3.",
        words(r"0\.3\b|damp|triang.{0,60}(?:factor|scaled?|multipl|times|height|too small)",
              rf"(?:factor|scaled?|times).{{0,40}}(?:triang|{PSI})"), (
            ("np.maximum(1 - abs(v), 0)", "0.3 * np.maximum(1 - abs(v), 0)"),)),
    "fast_sigmoid_steep": Mistake(
        "The fast sigmoid has snnTorch's slope 25: 1 / (1 + 25 |v|)^2.",
        words(r"\b25\b|fast.?sigmoid.{0,60}(?:slope|steep|scale|width|factor|narrow|argument)",
              r"(?:slope|steep|scale|width|narrow).{0,40}fast.?sigmoid"), (
            ("1 / (1 + abs(v)) ** 2", "1 / (1 + 25 * abs(v)) ** 2"),)),
    "arctan_no_pi": Mistake(
        "The arctan surrogate has no pi: 1 / (1 + v^2).",
        words(rf"1 ?/ ?\(1 ?\+ ?(?:{V_} ?(?:\*\*|\^) ?2|{V_} ?[*.] ?{V_})|\bpi\b.{{0,40}}(?:missing"
              r"|left out|absent|forgotten)|(?:no|without|lacks)(?: the)?(?: factor)? pi\b",
              r"arctan.{0,60}(?:width|scale|wide|factor|argument)|(?:width|scale).{0,40}arctan"), (
            ("1 / (1 + (np.pi * v) ** 2)", "1 / (1 + v ** 2)"),)),
    "boxcar_wide": Mistake(
        "The boxcar is twice as wide: |v| < 1.",
        words(r"abs\(v\S*\) ?< ?1(?![./]| ?/)|\|v\S*\| ?< ?1(?![./]| ?/)|boxcar.{0,60}(?:wide|width"
              r"|range|window|twice|scale|support|edge)|(?:width|wide|twice).{0,40}boxcar"), (
            ("1.0 * (abs(v) < 0.5)", "1.0 * (abs(v) < 1)"),)),
    "tanh_of_output": Mistake(
        "The tanh surrogate squares the spike, as tanh's derivative takes its output: 1 - y^2.",
        words(rf"1 ?- ?{Y} ?(?:\*\*|\^) ?2|1 ?- ?{Y}{X}{Y}|1 ?- ?y²|1 ?- ?(?:step|spike|h)\(",
              rf"(?:{PSI}|tanh|slope).{{0,60}}(?:output|spike|of y\b|at y\b|y for|y in place"
              r"|instead of tanh)"), (
            ('"tanh": lambda v: 1 - np.tanh(v) ** 2', '"tanh": lambda v: 1 - spike(v) ** 2'),)),
    "surrogate_of_soft": Mistake(
        "The sSNU is trained with the surrogate, not with the slope of its sigmoid.",
        words(rf"(?:(?<!fast.)sigmoid|soft|sSNU).{{0,80}}{PSI}"
              rf"|{PSI}.{{0,80}}(?:(?<!fast.)sigmoid|soft"
              r"|sSNU)"), (
            (SOFT, 'return (sigmoid, PSI[c["surrogate"]])'),)),
    # ---- the backward pass by hand ----
    "psi_of_dy_alone": Mistake(
        "psi' multiplies dy alone; what the next step sends back to y goes past it.",
        words(rf"\bdy{SUB}{X}(?:h'|{PSI}|dh|slope)\S* ?[-+]|(?:h'|{PSI}|dh){SUB}\S*{X}dy{SUB}{END}",
              rf"(?:{PSI}|slope|derivative|dh\b).{{0,60}}(?:dy alone|only dy|dy only|alone)",
              rf"(?:{PSI}|slope|derivative|dh\b).{{0,40}}not.{{0,30}}(?:reset|\bgate|next step"
              rf"|feed)",
              r"(?:reset|\bgate|next step|sent back).{0,60}(?:without|past|not (?:multiplied|times)"
              rf"|misses|lacks|skips?).{{0,20}}(?:{PSI}|slope|derivative)"), (
            (ADJ_V, "adj_v[t] = dy[t] * dh + dY"),)),
    "g_slope_missing": Mistake(
        "g' is left out: adj.z = adj.s.",
        words(rf"g'.{{0,60}}(?:{MISSING}|is 1|= ?1|lacks)",
              r"(?:no|without|missing|lacks|leaves out)(?: the)?(?: factor| slope| derivative)*"
              r"(?: of)? (?:g'|g\b|relu|dg\b)",
              rf"(?:slope|derivative) of g\b.{{0,40}}(?:{MISSING}|not|1\b)|{DZ} ?= ?{DS_}{OVER}"), (
            (ADJ_Z, "adj_z[t] = adj_s[t]"),)),
    "dW_of_adj_s": Mistake(
        "grad.W sums x' adj.s, without g'.",
        words(rf"\bx{SUB}(?:\.T|'|\^T)?{X}{DS_}",
              r"(?:\bdW|grad\.?\[?.?W|gradient of W)\b.{0,80}(?:adj\.?_?s\b|\bds\b|g'|g\b"
              r"|without)"), (
            (DW, "dW = dW + x[t].T @ adj_s[t]"),)),
    "db_sign": Mistake(
        "grad.b is the gradient of the threshold: minus the sum of adj.v.",
        words(rf"{D_B}.{{0,60}}(?:sign|minus|negat|threshold|= ?-|-=|opposite)",
              rf"-sum\(? ?{DV}|- ?sum {DV}|gradient of the threshold|wrong sign",
              r"sign of (?:\S+ ){0,3}(?:b\b|db|grad\.b)"), (
            (DB, "db = db - adj_v[t].sum(0)"),)),
    "db_of_adj_z": Mistake(
        "grad.b sums adj.z, as if b were inside g and the state.",
        words(rf"{D_B}.{{0,80}}(?:{DZ}|inside g|through g)"), (
            (DB, "db = db + adj_z[t].sum(0)"),)),
    "ddecay_no_gate": Mistake(
        "grad.decay leaves out the gate.",
        words(rf"{D_DECAY}.{{0,80}}(?:without|no|lacks|misses|missing|leaves out|ignores).{{0,12}}"
              rf"(?:\bgate|reset)|{D_DECAY}.{{0,80}}(?:\bgate|reset)\b.{{0,20}}{MISSING}",
              rf"(?:\bgate|reset)\b.{{0,20}}{MISSING}.{{0,60}}{D_DECAY}",
              rf"sum\(? ?{DZ}{X}{S}{OVER}|sum\(? ?{S}{X}{DZ}{OVER}"), (
            (DDECAY, "ddecay = ddecay + (adj_z[t] * s_old).sum(0)"),)),
    "ddecay_new_state": Mistake(
        "grad.decay takes s_t for s_{t-1}.",
        words(rf"{D_DECAY}.{{0,80}}(?:\bs_t\b|(?<!')\bs\b(?![\[_{{])|s\[t\]|new s|current"
              rf"|state of (?:the"
              r"|step)|wrong step|step late|same step|s_now|cache\.s\b)",
              rf"sum\(? ?{DZ}{X}s(?:_t\b|\[t\])?(?![\w\[]){X}gate|\bs{X}gate\S*{X}{DZ}"), (
            (DDECAY, "ddecay = ddecay + (adj_z[t] * s[t] * gate).sum(0)"),)),
    "dH_new_output": Mistake(
        "grad.H takes y_t for y_{t-1}.",
        words(rf"(?:\b(?-i:dH)\b|grad\.?_?\[?.?{H}|gradient of {H}).{{0,80}}(?:\by_t\b"
              rf"|\by\b(?![\[_{{])"
              r"|y\[t\]|current|new|same step|wrong step|y_now|late)",
              rf"\by(?:_t|\[t\])?(?:\.T|'|\^T){X}{DZ}|\by_t{X}{DZ}"), (
            (DH, "dH = dH + y[t].T @ adj_z[t]"),)),
    "ds_no_gate": Mistake(
        "Back through the state there is no gate: ds = decay adj.z.",
        words(rf"{L}{X}{DZ}{OVER}|{DZ}{X}{L}{SUB}{END}{OVER}|keep ?= ?{L}{OVER}",
              r"(?:\bds\b|adj\.?_?s|back(?:ward)?|gradient).{0,80}(?:without|no|misses|missing"
              r"|lacks|leaves out|ignores|past)(?: the)?(?: reset)? \bgate",
              rf"\bgate.{{0,60}}{MISSING}.{{0,60}}(?:back|gradient|adj|\bds\b)",
              rf"(?:\bds\b|adj\.?_?s).{{0,40}}\bgate.{{0,20}}{MISSING}"), (
            (DS, "ds = adj_z[t] * decay"),)),
    "dY_no_decay": Mistake(
        "The gradient through the gate lacks the decay: -s adj.z.",
        words(rf"- ?{S}{X}{DZ}|- ?{DZ}{X}{S}{OVER}|erase ?= ?-{S}{OVER}",
              rf"{RESET_TERM}.{{0,80}}(?:without|no|lacks|misses|missing|leaves out)(?: the)?"
              rf"(?: factor)? ?{L}",
              rf"{L}.{{0,50}}{MISSING}.{{0,60}}(?:reset|gate|through|gradient)"), (
            (DY, "dY = -adj_z[t] * s_old"),)),
    "dY_plus": Mistake(
        "The gradient through the gate has the wrong sign: + decay s adj.z.",
        words(rf"\+ ?{L}{X}{S}{X}{DZ}|erase ?= ?{L}{X}{S}",
              rf"{RESET_TERM}.{{0,80}}(?:sign|plus|added|\+ in|opposite)",
              rf"\bsign.{{0,60}}{RESET_TERM}"), (
            (DY, "dY = adj_z[t] * decay * s_old"),)),
    "dY_new_state": Mistake(
        "The gradient through the gate takes the state of the wrong step, s_{t+1} for s_t.",
        words(rf"s(?:{AFTER}|_next|_after|_new)\S*{X}{DZ}",
              rf"{RESET_TERM}.{{0,90}}(?:s{AFTER}|(?:new|next|current) (?:state|s\b)|wrong step"
              r"|step late|later|state of (?:the )?(?:next|step)|s after|after the step)",
              rf"- ?{L}{X}s(?:_t|\[t\])?{X}(?:adj[._]z|dz)(?:_t|\[t\])?{END}",
              rf"erase ?= ?-{L}{X}s(?:_t|\[t\])?{END}"), (
            (DY, "dY = -adj_z[t] * decay * s[t]"),)),
    "H_not_transposed_back": Mistake(
        "Back through the feedback, H is not transposed: adj.z H.",
        words(rf"{DZ}{X}{H}(?!'|\.T|\^T)|transpos"), (
            (DY_H, "dY = dY + adj_z[t] @ H"),)),
    "inhibition_not_summed": Mistake(
        "Back through the maximum, each unit takes its own share, not the sum of all units.",
        words(r"(?:inhibit|max|\btie|shared gate|a_j|lateral).{0,90}(?:not (?:the )?sum|\bsum"
              r"|\bown\b"
              r"|each unit|other units|by itself|alone)",
              r"(?:not summed|sum.{0,20}(?:missing|left out)|no sum|without (?:the )?sum|\bown\b)"
              rf".{{0,60}}(?:inhibit|max|\btie|shared gate|units)|a_j{X}{L}"), (
            (DY_TIES, "dY = ties(y_old) * dY"),)),
    "dend_s_ignored": Mistake(
        "The cotangent of the last state is left out.",
        words(r"dend\.?_?s|end\.s.{0,40}(?:gradient|cotangent|ignored)",
              r"(?:cotangent|gradient).{0,40}(?:last|final|end) (?:state|s\b)",
              r"(?:last|final|end)(?: of the)? (?:state|s\b).{0,60}(?:ignored|missing"
              r"|left out|not|zero|gradient)"), (
            (LENGTH, "T, ds = len(x), 0 * ds\n"),)),
    "dend_y_ignored": Mistake(
        "The cotangent of the last output, as part of the state, is left out.",
        words(r"dend\.?_?y|end\.y.{0,40}(?:gradient|cotangent|ignored)",
              r"(?:cotangent|gradient).{0,40}(?:last|final|end) (?:output|y\b)",
              r"(?:last|final|end)(?: of the)? (?:output|y\b).{0,60}(?:ignored|missing"
              r"|left out|not|zero|gradient)"), (
            (LENGTH, "T, dY = len(x), 0 * dY\n"),)),
    "batch_mean": Mistake(
        "The gradients of the parameters are means over the batch, not sums.",
        words(r"(?:mean|average|divided|/ ?B\b|1/B\b).{0,60}(?:batch|samples|B\b)|(?:batch|samples)"
              r".{0,40}(?:mean|average|divided)|mean(?:s)? (?:over|of)|(?:divided|scaled) by (?:B\b"
              r"|the (?:batch|number of samples))|[/] ?B\b|mean_?\(|mean x"), (
            (BACK, "dW, db, ddecay, dH = (p / len(y0) for p in (dW, db, ddecay, dH))\n    " + BACK),
            )),
    # ---- odd ones: no table will hold them ----
    "odd_gain_of_last": Mistake(
        "The last unit takes its input 1.25 times.",
        words(r"1\.25|0\.25|last unit|gain|unit -1|column"), (
            (DRIVE, "drive = x_t @ W * (1 + 0.25 * (np.arange(W.a.shape[1]) == W.a.shape[1] - 1))"),
            )),
    "odd_leak_in_turn": Mistake(
        "In every second step the state keeps 0.9 times what it should.",
        words(r"second step|every other|t % ?2|odd steps?|even steps?|alternat|0\.9\b"), (
            (ARGUMENT, "z = drive + kept * (0.9 if t % 2 else 1.0)"),)),
    "odd_crosstalk": Mistake(
        "3 % of each unit's input reaches the next unit.",
        words(r"cross.?talk|next unit|neighbou?r|0\.03|3 ?%|np\.roll|shifted unit"), (
            (DRIVE, "n = W.a.shape[1]\n"
                    "        drive = x_t @ (W @ (np.eye(n) + 0.03 * np.roll(np.eye(n), 1, 1)))"),)),
    "odd_square_leak": Mistake(
        "A high state leaks more: decay s - 0.02 s^2.",
        words(rf"0\.02|{S} ?(?:\*\*|\^) ?2|{S}{X}{S}|square|quadratic|non.?linear leak"), (
            (KEPT, "kept = (decay * s - 0.02 * s * s) * gate"),)),
    "odd_late_loss": Mistake(
        "dy of step t counts (t + 1) / T times.",
        words(r"\(t ?\+ ?1\) ?/ ?T|t ?/ ?T|weight(?:ed|s)? (?:by|with|of) (?:the )?(?:step|time)"
              r"|later steps|dy.{0,40}(?:scaled|weighted|ramp)|ramp"), (
            (ADJ_Y, "adj_y[t] = dy[t] * (t + 1) / T + dY"),)),
    "odd_rising_threshold": Mistake(
        "The threshold rises by 0.02 with each step.",
        words(r"0\.02|threshold.{0,40}(?:rises|grows|adapt|drift|in time|each step|with t\b)"
              r"|adapt|drift"), (
            (V, "v = s + b - 0.02 * t"),)),
}

# ---- the ports: a name, the style of the gradients, what comes back, the mistakes ---------------

WRONG = {
    "single": """
reset_late derived s y grads
state_after_reset derived s y grads
exponential_decay derived s y grads
bias_in_state derived s y grads
g_of_input derived s y grads
feedback_gated derived s y grads
inhibition_of_others derived s y grads
piece_forgets_y derived s y grads
half_state derived s y grads
psi_of_state hand s y grads
triangle_damped derived s y grads
feedback_cut_when_detached derived s y grads
dY_new_state hand s y grads
ddecay_no_gate hand s y grads
psi_of_dy_alone hand s y grads
batch_mean hand s y grads
threshold_one derived y
feedback_transposed derived y
inhibition_sum derived y
first_decay derived y
""",
    "several": """
like_spikingjelly derived s y grads: soft_reset gate_cut
low_pass_stream derived s y grads: input_share leaky_slope gradient_ends_at_pieces
threshold_as_parameter hand s y grads: ds_no_gate db_sign
first_try_by_hand hand s y grads: dH_new_output dY_no_decay dend_s_ignored
second_try_by_hand hand s y grads: leak_for_decay H_not_transposed_back dW_of_adj_s start_y_zero
binary_network derived s y grads: straight_through threshold_sign
on_an_accelerator derived s y grads: bfloat_product inhibition_of_batch arctan_no_pi
sparse_recurrent derived s y grads: feedback_no_self surrogate_of_soft
learnt_leak derived s y grads: start_s_zero sigmoid_decay relu_left_out
off_by_one hand s y grads: psi_early ddecay_new_state
like_keras derived s y grads: never_reset hard_sigmoid feedback_of_state fast_sigmoid_steep
short_backward hand s y grads: inhibition_not_summed g_slope_missing
flags_ignored derived s y grads: gate_not_cut boxcar_wide start_cut
on_a_chip derived s y grads: fixed_point_weights state_cut
clocked_in_c derived y: decay_twice input_late
event_driven derived y: spike_before_update inhibition_mean
streaming derived y: rounded_gate feedback_late pieces_anew
""",
    "odd": """
odd_last_unit hand s y grads: odd_gain_of_last db_of_adj_z
odd_clock derived s y grads: odd_leak_in_turn fires_at_threshold tanh_of_output
odd_wires derived s y grads: odd_crosstalk tie_first
odd_membrane derived s y: odd_square_leak threshold_sign
odd_loss hand s y grads: odd_late_loss dY_plus dend_y_ignored
odd_threshold derived y: odd_rising_threshold input_share start_y_zero
"""}

RIGHT = {
    # the reset is written out; the sum that makes z is in another order
    "derived_expanded": (
        (KEPT, "kept = decay * s - decay * s * top"), (ARGUMENT, "z = kept"),
        (STATE, 'z = z + drive\n        s = curve(z, *G[c["g"]])')),
    # textbook formulas of the curves
    "derived_formulas": (
        ("return 0.5 + 0.5 * np.tanh(0.5 * v)", "return 1 / (1 + np.exp(-v))"),
        ('"tanh": lambda v: 1 - np.tanh(v) ** 2',
         '"tanh": lambda v: (1 - np.tanh(v)) * (1 + np.tanh(v))'),
        ("np.maximum(z, 0.1 * z)", "np.where(z > 0, z, z / 10)"),
        ("1 / (1 + (np.pi * v) ** 2)", "1 / (1 + np.pi ** 2 * v * v)")),
    # one recurrence of adj.z, and each gradient of a parameter as one sum at the end
    "hand_one_recurrence": (
        (ADJ_Z, "adj_z[t] = dg * (dh * dY + (ds + dh * dy[t]))"),
        (DW, 'dW = np.einsum("tbi,tbj->ij", x, adj_z)'),
        (DB, "db = adj_v.sum((0, 1))")),
    # the steps in the order of time in the sums, the inputs from the last to the first
    "hand_other_order": (
        (DRIVE, "drive = Var(x_t.a[:, ::-1] @ W.a[::-1])"),
        (ARGUMENT, "z = kept + drive"),
        (DDECAY, "ddecay = np.sum([adj_z[k] * (s[k - 1] if k else s0) * (1 - ((lambda q: q.max(-1,"
                 ' keepdims=True) if c["lateral_inhibition"] else q)(y[k - 1] if k else y0)))'
                 " for k in range(T)], (0, 1))")),
    # float32, with the reset before the decay
    "derived_float32": ((KEPT, "kept = decay * (s * gate)"),),
}

PORTS = entered(MISTAKES, WRONG, RIGHT)
PORTS.right_derived_float32.can = {"unit": "snu", "dtype": "float32"}

# These return z, v and the gradients of all traces as well.
for name in """exponential_decay g_of_input feedback_gated piece_forgets_y half_state psi_of_state
               feedback_cut_when_detached ddecay_no_gate low_pass_stream first_try_by_hand
               on_an_accelerator off_by_one like_keras""".split():
    getattr(PORTS, name).returns = "all"
