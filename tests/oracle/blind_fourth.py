"""A fourth set of wrong and right ports of the SNU, for an honest count of the diagnosis.

`PORTS.NAME` is an adapter for the check, as in `blind_ports.py`:

    python -m snu_ref check tests/oracle/blind_fourth.py:PORTS.input_leaks

The author wrote the ports, and the words that recognise their mistakes, without a look at the
table of mistakes that the diagnosis knows, and before any check was run. Afterwards it was counted
that each wrong port fails, without a diagnosis.

20 ports have one mistake, 17 have two to four, 6 have a common mistake beside an odd difference
that no table will have, and 5 are right but written differently. The mistakes are habits of people
who know other spiking libraries, fixed-point hardware, or backpropagation by hand. A mistake of
the forward pass is in a port with derived gradients, or leaves the backward pass as it is.
"""
from blind_second import DRIVE, DS, DW, ENDS, FED_BACK, KEPT, SEEN, SPIKE, START, V
from blind_third import ADJ, LACKS, RESULT, STORE, SUB, SWAPPED, X, of_gradients
from blind_unit import Mistake, also, entered

# ---- lines of the unit that several mistakes change ---------------------------------------------
STATE = 's = curve(z, *G[c["g"]])'
SPIKES = "y = curve(v, *output(c))"
ARGUMENT = "z = drive + kept"
MAXIMUM = "amax(seen)"
NEXT_PIECE = "pass  # the state goes on from piece to piece"
PIECE_BEFORE = "pass  # the gradient goes back from piece to piece"
SLOPE = "dh = output(c)[1](v[t])"
DB = "db = db + adj_v[t].sum(0)"
DH = "dH = dH + y_old.T @ adj_z[t]"
DY = "dY = -adj_z[t] * decay * s_old"
DH_Y = "dY = dY + adj_z[t] @ H.T"
RELU = "np.maximum(z, 0), lambda z: 1.0 * (z > 0)"

# ---- the mistakes: a sentence, a pattern for its words, edits ------------------------------------
# How a verdict may write a name: with a subscript, and a product with any sign or none.
L = r"(?:decay|leak|lambda|l\(tau\))"
S, Y = rf"\bs{SUB}+(?![\w\[])", rf"(?:max\S* ?)?\by{SUB}+(?![\w\[])"   # SUB+: the whole subscript
IN = r"[^()]*(?:\([^()]*\)[^()]*)*"
XW = rf"(?:drive|input|x{SUB}+{X}W|self\._project\(x\S*\))"
FED = r"(?:recurrent|feedback|fed back|(?-i:H\b))"
PSI = r"(?:psi'?|tanh|surrogate|pseudo.?derivative|slope|derivative|h')"
AT_PIECES = r"piece|part|chunk|border|stream|segment|block|carried|passed on|call"
CUT = r"detach|constant|stop.?grad|\bcut\b"
AT_GATE = CUT + r"|through|gradient.{0,40}(?:reset|gate)"

MISTAKES = {
    # the reset
    "subtracting_reset": Mistake(
        "A spike subtracts the threshold from the state, as in snnTorch: decay s + b y.",
        rf"subtract|soft.?reset|{L}{X}{S} ?[-+] ?(?:b|theta|threshold|1)?{X}{Y}(?!{X}H)"
        r"|reset.{0,30}(?:by|of) the threshold|minus the threshold", (
            (KEPT, "kept = decay * s + b * top"),)),
    "reset_by_one": Mistake(
        "A spike subtracts 1 from the old state before the decay: decay (s - y).",
        rf"subtract|soft.?reset|\({S} ?- ?{Y}\)|{S} ?- ?{Y}|{L}{X}{Y}(?!{X}H)", (
            (KEPT, "kept = decay * (s - top)"),)),
    "gate_from_state": Mistake(
        "The reset is computed again from the old state, step(s_{t-1} + b), also in the sSNU.",
        rf"(?:gate|reset).{{0,60}}(?:step\(|heaviside|hard\b|binary|again|{S} ?\+ ?b|thresholded"
        rf"|spikes? of|from (?:the )?(?:old )?(?:state|s\b))|1 ?- ?(?:step|spike|h|heaviside)\(", (
            (SEEN, "seen = Var(spike(s.a + b.a))"),)),
    "reset_late": Mistake(
        "The gate is a step late: 1 - y_{t-2}.",
        r"t ?- ?2|two (?:time )?steps|(?:a|one) (?:time )?step (?:too )?late|late by|delay"
        r"|before the last|older|previous.{0,12}previous|(?:gate|reset).{0,30}(?:wrong|other) step",
        (also(START, "late = 0 * y"), (SPIKES, "late, y = y, curve(v, *output(c))"),
         (SEEN, 'seen = detach(late) if c["reset_grad"] == "detached" else late'))),
    "input_gated": Mistake(
        "The reset takes the new input too, as snnTorch's zero reset does: (x W + decay s) gate.",
        rf"\({XW}{IN}\){X}(?:gate|\(1)|{XW}{X}(?:gate|\(1 ?- ?y)|gate{X}\(?{XW}|input.{{0,30}}gated"
        r"|(?:gate|reset).{0,30}(?:input|drive|all\b|whole|everything)|(?:gate|reset)\S* z\b", (
            (ARGUMENT, "z = drive * gate + kept"),)),
    "s_after_reset": Mistake(
        "The s that is returned has been reset already: s_t (1 - y_t).",
        r"(?<![*.@] )s(?:_t)? ?[*.]? ?\(1 ?- ?y(?:_t)?\)|(?:after|already|post|return).{0,30}reset"
        r"|reset.{0,30}(?:same step|at once|immediate|already|s_t\b|return|stored|new s)", (
            (STORE, "trace.append((z, s * (1 - y), v, y))"),)),
    # what is kept, and the input
    "input_leaks": Mistake(
        "The input has the factor 1 - decay, as in SpikingJelly: (1 - decay) x W.",
        rf"1 ?- ?{L}\)?(?!{X}{S})|dt ?/ ?tau|{XW}.{{0,20}}(?:scaled|leaks|factor|has)", (
            (DRIVE, "drive = (x_t @ W) * (1 - decay)"),)),
    "decay_exponential": Mistake(
        "decay is exp(-dt/tau) where it is 1 - dt/tau: exp(decay - 1).",
        r"exp", (also(START, "decay = curve(decay, *[lambda l: np.exp(l - 1)] * 2)"),)),
    "decay_inverted": Mistake(
        "1 - decay is kept, where decay is: the parameter is taken for the leak.",
        rf"1 ?- ?{L}(?!\)?{X}\(?{XW})|{L}.{{0,30}}(?:complement|invert|opposite|lost)|dt ?/ ?tau", (
            (KEPT, "kept = (1 - decay) * s * gate"),)),
    "decay_sigmoid": Mistake(
        "decay is taken for a raw parameter: sigmoid(decay) is kept, as in parametric LIF units.",
        rf"sigm\w*(?: of |\(){L}|{L}.{{0,40}}(?:sigm|logit|logistic|squash)", (
            also(START, "decay = curve(decay, sigmoid, sigmoid_slope)"),)),
    "leak_last": Mistake(
        "First the input is added, then all leaks: decay (x W + s gate).",
        rf"{L}{X}\((?!1 ?-)|{L}{X}{XW}|{XW}{X}{L}|{L}{X}z|(?:input|whole|sum|all)\b.{{0,30}}{L}s"
        rf"|(?:multipl|scal|leaks|applie).{{0,30}}(?:input|whole|everything|sum|\bz\b)", (
            (ARGUMENT, "z = decay * drive + kept"),)),
    "input_late": Mistake(
        "The input comes a step late: x_{t-1} W.",
        r"\bx_?\{?\[?t ?- ?1|(?:input|\bx\b).{0,40}(?:late|delay|step before|previous|shift|last)",
        (("t, x_t in enumerate(x)", "t, x_t in enumerate([0 * x[0], *x[:-1]])"),)),
    # g
    "relu_left_out": Mistake(
        "No relu: the state goes below rest.",
        rf"relu.{{0,40}}(?:identity|{LACKS}|linear)|{LACKS} (?:the )?(?:relu|g\b(?!')|rectif)"
        rf"|identity|\bg (?:is )?{LACKS}|s{SUB}+ ?= ?z|below (?:rest|zero|0)", (
            (RELU, "z + 0, lambda z: np.ones_like(z)"),)),
    "relu_open_at_0": Mistake(
        "relu'(0) is 1, where it is 0: z >= 0.",
        r"relu'?\S* ?(?:at )?\(?(?:z ?= ?)?0|>= ?0|g'.{0,12}\b0\b|right slope|at (?:0|zero)"
        r"|z ?= ?0", ((RELU, "np.maximum(z, 0), lambda z: 1.0 * (z >= 0)"),)),
    "leaky_hundredth": Mistake(
        "leaky_relu has the slope 0.01, PyTorch's default.",
        r"0\.01|leaky.{0,40}slope|slope.{0,40}leaky", (
            ("np.maximum(z, 0.1 * z), lambda z: np.where(z > 0, 1.0, 0.1)",
             "np.maximum(z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)"),)),
    "state_saturates": Mistake(
        "The state saturates at 1.5, as a register does.",
        r"clip|clamp|saturat|satur|bounded|limited|at most|min(?:imum)?\(|relu6|capp|ceiling", (
            (STATE, 's = curve(curve(z, *G[c["g"]]), lambda s: np.minimum(s, 1.5),\n'
                    '                  lambda s: 1.0 * (s < 1.5))'),)),
    # h and the threshold
    "bias_in_z": Mistake(
        "b is the bias of the input product, inside g, and the output is h(s).",
        rf"(?-i:\bb\b).{{0,40}}(?:inside|in[ _]z|input|in g\b)|{XW} ?\+ ?b\b|h\({S}\)"
        rf"|z.{{0,40}}\+ ?b\b|v{SUB}+ ?= ?{S}(?! ?\+)|bias.{{0,40}}(?:inside|input|z\b)", (
            (ARGUMENT, "z = drive + b + kept"), (V, "v = s + 0"),
            (DB, "db = db + adj_z[t].sum(0)"))),
    "bias_minus": Mistake(
        "b is taken for the threshold itself: s - b.",
        rf"{S} ?- ?b\b|sign of (?:the )?b|(?-i:\bb\b).{{0,40}}(?:sign|threshold|negat|minus)"
        r"|bias.{0,30}sign", ((V, "v = s - b"),)),
    "threshold_shared": Mistake(
        "All units of the layer have one threshold, the mean of b.",
        r"mean|averag|one (?:b|bias|threshold)|shared|same (?:b|bias|threshold)|scalar"
        r"|\bb\[?_?0|all units", (
            also(START, "b = b @ np.full((len(b.a), len(b.a)), 1 / len(b.a))"),)),
    "output_of_z": Mistake(
        "The output is taken of the state before g: h(z + b).",
        r"h\(z|z\S* ?\+ ?b|before g|\bv\S* ?= ?z|argument of g|pre.?activation|without g", (
            (V, "v = z + b"),)),
    "fires_at_threshold": Mistake(
        "A unit fires at its threshold too: s + b >= 0.",
        r">= ?0|step\(0\) ?(?:=|is) ?1|at (?:its |the )?threshold|at (?:0|zero)|strict|v ?= ?0", (
            (SPIKE, "return 1.0 * (v >= 0)"),)),
    "hard_sigmoid": Mistake(
        "The sigmoid is PyTorch's hard one, clip(v / 6 + 1/2, 0, 1).",
        r"hard|clip|clamp|piece.?wise|/ ?6|linear|sigmoid.{0,40}(?:other|approx)|0\.2", (
            ("return 0.5 + 0.5 * np.tanh(0.5 * v)", "return np.clip(v / 6 + 0.5, 0, 1)"),)),
    "sigmoid_steep": Mistake(
        "The sigmoid has a temperature: sigmoid(4 v).",
        r"steep|temperature|\b4(?:\.0)? ?[.*]? ?v|sigm\w*.{0,30}(?:scale|slope|factor|times|gain)"
        r"|\bk ?[.*] ?v|(?:scale|gain|factor).{0,30}sigm", (
            ("0.5 * np.tanh(0.5 * v)", "0.5 * np.tanh(2 * v)"),
            ("return sigmoid(v) * (1 - sigmoid(v))", "return 4 * sigmoid(v) * (1 - sigmoid(v))"))),
    # the surrogates
    "arctan_over_pi": Mistake(
        "The arctan surrogate has a factor 1/pi, as snnTorch's documentation has.",
        r"arctan|/ ?\(?(?:np\.)?pi|1/pi|0\.318|divided by pi|times pi", (
            ("1 / (1 + (np.pi * v) ** 2)", "1 / (1 + (np.pi * v) ** 2) / np.pi"),)),
    "boxcar_wide": Mistake(
        "The boxcar is twice as wide and half as high: 1/2 for |v| < 1.",
        r"boxcar|wid(?:e|th)|< ?1(?!\d)|half|rectang", (
            ("1.0 * (abs(v) < 0.5)", "0.5 * (abs(v) < 1)"),)),
    "fast_sigmoid_25": Mistake(
        "The fast sigmoid has the slope 25, snnTorch's default: 1 / (1 + 25 |v|)^2.",
        r"fast.?sigmoid|25|steep|super.?spike", (
            ("1 / (1 + abs(v)) ** 2", "1 / (1 + 25 * abs(v)) ** 2"),)),
    "triangle_low": Mistake(
        "The triangle is damped by 0.3, as in LSNNs.",
        r"triang|0\.3|damp|gamma", (
            ("np.maximum(1 - abs(v), 0)", "0.3 * np.maximum(1 - abs(v), 0)"),)),
    "slope_at_s": Mistake(
        "h' is taken at s, without b.",
        rf"{PSI}.{{0,40}}(?:\({S}\)|\b(?:at|of) {S}(?! ?\+))|dh ?= ?\S*\({S}\)"
        rf"|{LACKS} (?:the )?(?:b\b|bias|thresh)", ((SLOPE, "dh = output(c)[1](s[t])"),)),
    "slope_at_y": Mistake(
        "h' is taken at the output y, as if it were a function of the output.",
        rf"(?:{PSI}|h').{{0,40}}(?:\(y|\bat (?:the )?(?:y|output)|of (?:the )?(?:y\b|output))"
        r"|h'\(y|1 ?- ?y\S* ?(?:\^|\*\*) ?2", ((SLOPE, "dh = output(c)[1](y[t])"),)),
    # recurrence and inhibition
    "feedback_leaks": Mistake(
        "The feedback leaks like the state: decay (s gate + y H).",
        rf"{L}{X}\(?{Y}{X}H|{Y}{X}H\)?{X}{L}|{L}{X}\({IN}{Y}{X}H|{FED}.{{0,30}}(?:{L}s|scaled)"
        rf"|{L}.{{0,30}}(?:multipl|scal|applie|also).{{0,20}}{FED}", (
            (FED_BACK, "z = z + decay * (y @ H)"),)),
    "feedback_late": Mistake(
        "The feedback is a step late: y_{t-2} H.",
        r"t ?- ?2|two (?:time )?steps|late|delay|before the last|older|(?:wrong|other) step", (
            also(START, "older = 0 * y"), (FED_BACK, "z = z + older @ H"),
            (SPIKES, "older, y = y, curve(v, *output(c))"))),
    "no_self_feedback": Mistake(
        "No unit feeds itself: the diagonal of H counts as 0.",
        r"diag|itself|self.?(?:conn|feed|recur|loop)|own (?:output|spike)|autaps", (
            (FED_BACK, "z = z + y @ (H * (1 - np.eye(len(H.a))))"),)),
    "H_transposed": Mistake(
        "H is read as (to, from): y H'.",
        rf"transpos|{Y}{X}(?-i:H)(?:'|\.?\^?T)|\(to, from\)|H.{{0,20}}(?:rows|axes|swap)", (
            (FED_BACK, "z = z + y @ H.T"),)),
    "tie_to_first": Mistake(
        "Of tied maxima the first gets the whole gradient, as with PyTorch's max.",
        r"\bties?\b|\btied|argmax|1/k|shares?\b|gradient.{0,40}maxim|maxim.{0,40}gradient", (
            (MAXIMUM, "amax(seen, first)"), ("ties(y_old) * dY", "first(y_old) * dY"))),
    "inhibition_summed": Mistake(
        "The inhibition is the sum of the outputs of the layer, where it is their maximum.",
        r"(?:inhib|1 ?-|max|outputs).{0,30}(?:\b|y\.)sum|\bsum.{0,20}(?:inhib|outputs|max)|total", (
            (MAXIMUM, "total(seen)"), ("top = y_old.max(", "top = y_old.sum("))),
    "inhibition_of_batch": Mistake(
        "The maximum of the inhibition is taken over the whole batch.",
        r"batch|samples|axis", ((MAXIMUM, "amax(seen, axis=None)"),)),
    # the state from call to call
    "state_ignored": Mistake(
        "Each call starts from zeros, whatever state is passed in.",
        rf"(?:initial|passed|start|given|s_?\{{?\[?0\b).{{0,40}}(?:zero|ignor|lost|not\b|\b0\b)"
        rf"|zero.{{0,30}}(?:initial|start|state)|{LACKS}.{{0,20}}(?:initial|start)", (
            also(START, "s, y = 0 * s, 0 * y"),)),
    "first_y_lost": Mistake(
        "Of the state that is passed in only s is used: y_0 counts as 0.",
        rf"y_?\{{?\[?0|initial y|y.{{0,30}}(?:initial|start|first|passed)|(?:initial|start|first"
        rf"|passed).{{0,40}}\by\b|state\.y|{LACKS}.{{0,30}}initial", (also(START, "y = 0 * y"),)),
    "y_lost_between_pieces": Mistake(
        "From piece to piece only s is kept: the next piece starts with y = 0.",
        AT_PIECES, ((NEXT_PIECE, "y = 0 * y"),)),
    "pieces_detached": Mistake(
        "Each piece detaches the state it starts from: no gradient goes back beyond it.",
        AT_PIECES + "|truncat|detach", (
            (NEXT_PIECE, "s, y = detach(s), detach(y)"),
            (PIECE_BEFORE, "ds, dY = 0 * ds, 0 * dY"))),
    # the way back
    "detached_always": Mistake(
        "The gate is always detached.",
        AT_GATE, ((SEEN, "seen = detach(y)"), ("dY = 0 * dY", "pass\n        dY = 0 * dY"))),
    "detached_never": Mistake(
        "The gradient goes through the gate, whatever reset_grad says.",
        AT_GATE, ((SEEN, "seen = y"),)),
    "feedback_detached": Mistake(
        "The outputs are detached before they are fed back: no gradient through H.",
        rf"(?:{CUT}|{LACKS}).{{0,40}}{FED}|{FED}.{{0,40}}(?:{CUT}|{LACKS})", (
            (FED_BACK, "z = z + detach(y) @ H"), (DH_Y, "dY = dY + 0 * adj_z[t]"))),
    "H_back": Mistake(
        "The backward pass multiplies by H, where it needs H'.",
        rf"transpos|{ADJ}z\S*{X}(?-i:H\b)(?!'|\.?\^?T)", ((DH_Y, "dY = dY + adj_z[t] @ H"),)),
    "keep_ungated": Mistake(
        "ds lacks the gate: the gradient goes back through spikes: ds = decay dz.",
        rf"{LACKS}.{{0,20}}(?:gate|reset|1 ?- ?y)|gate.{{0,30}}{LACKS}|{ADJ}s{SUB} ?=? ?.*{L}{X}"
        rf"(?:{ADJ}z{SUB})(?!{X}(?:gate|\(1))|{L}{X}{ADJ}z|{ADJ}z{SUB}{X}{L}(?!{X}(?:gate|s|\())", (
            (DS, "ds = adj_z[t] * decay"),)),
    "reset_without_decay": Mistake(
        "The gradient through the reset lacks the decay: dY = -dz s.",
        rf"{LACKS}.{{0,20}}{L}|{L}.{{0,30}}{LACKS}|-{ADJ}z{SUB}+{X}{S}(?!{X}{L})"
        rf"|(?<!decay [.*@] )(?<!decay ){S}{X}{ADJ}z{SUB}+(?!{X}{L})", (
            (DY, "dY = -adj_z[t] * s_old"),)),
    "reset_in_place": Mistake(
        "The state was reset in place: the backward pass reads s (1 - y) for the old s.",
        rf"in.?place|state.{{0,20}}overwrit|after (?:the )?reset|already|gate (?:twice|squared)"
        rf"|gate{X}gate|times the gate|(?:gated|reset) (?:state|s\b)|{ADJ}Y.{{0,60}}gate", (
            ("(s[t - 1], y[t - 1]) if t", "(s[t - 1] * (1 - y[t - 1]), y[t - 1]) if t"),)),
    "clipped_back": Mistake(
        "dz is clipped to [-0.5, 0.5] at each step back in time.",
        r"clip|clamp|bounded|limited", (
            ("= adj_s[t] * dg", "= np.clip(adj_s[t] * dg, -0.5, 0.5)"),)),
    "truncated": Mistake(
        "The gradient goes back within windows of five steps only.",
        r"truncat|window|(?:5|five) (?:time )?steps|every .{0,10}steps|steps back|% ?\d|horizon", (
            (PIECE_BEFORE, "pass\n        if t and t % 5 == 0:\n"
                           "            ds, dY = 0 * ds, 0 * dY"),)),
    "dend_ignored": Mistake(
        "What the final state is given from outside, dstate, is ignored.",
        r"dstate|dend|final|after the last|last state|end\.", (
            (ENDS, 'ds, dY = 0 * a["dend.s"], 0 * a["dend.y"]'),)),
    "start_without_gradient": Mistake(
        "The gradient of the initial state is zero: the state is no leaf.",
        r"initial|start|dstate|state.{0,30}(?:zero|0)", (
            ('"start.s": ds, "start.y": dY', '"start.s": 0 * ds, "start.y": 0 * dY'),)),
    "db_of_dz": Mistake(
        "db is the sum of dz, where it is that of dv.",
        rf"{ADJ}b\b.{{0,60}}{ADJ}z|{ADJ}z.{{0,40}}{ADJ}b\b", ((DB, "db = db + adj_z[t].sum(0)"),)),
    "ddecay_ungated": Mistake(
        "ddecay lacks the gate: sum dz s.",
        rf"{LACKS}.{{0,20}}(?:gate|reset|1 ?- ?y)|gate.{{0,30}}{LACKS}"
        rf"|{ADJ}z{SUB}+{X}{S}(?!{X}(?:gate|\(1))", (
            ("(adj_z[t] * s_old * gate).sum(0)", "(adj_z[t] * s_old).sum(0)"),)),
    "ddecay_of_new_s": Mistake(
        "ddecay has the new state, s_t, where it is s_{t-1}.",
        rf"{ADJ}decay.{{0,60}}(?:s_t\b|s\[t\]|new|same|after|step|late|early)"
        rf"|{ADJ}z{SUB}+{X}s(?:_t|\[t\])?(?![\w\[])|s(?:_t|\[t\]){X}(?:gate|\(1)", (
            ("(adj_z[t] * s_old * gate).sum(0)", "(adj_z[t] * s[t] * gate).sum(0)"),)),
    "dH_same_step": Mistake(
        "dH has the output of the same step, y_t' dz_t, where it is y_{t-1}.",
        rf"{ADJ}H\b.{{0,60}}(?:y_t\b|y\[t\]|new|same|step|late|early)|y_t'?{X}{ADJ}z|y\[t\]", (
            (DH, "dH = dH + y[t].T @ adj_z[t]"),)),
    "dW_overwritten": Mistake(
        "dW is overwritten at each step back: only the first step's is left.",
        rf"{ADJ}W.{{0,60}}(?:overwrit|one step|first|last|single|only|alone|not (?:added|summed))"
        rf"|overwrit|{LACKS}.{{0,10}}sum", ((DW, "dW = x[t].T @ adj_z[t]"),)),
    "dW_before_g": Mistake(
        "dW lacks g': it is taken of ds.",
        rf"{ADJ}W.{{0,60}}{ADJ}s{SUB}+(?!\w)|{LACKS}.{{0,10}}g'|{ADJ}W.{{0,60}}g'"
        rf"|x{SUB}+(?:'|\.T)?{X}{ADJ}s{SUB}+(?!\w)", (
            (DW, "dW = dW + x[t].T @ adj_s[t]"),)),
    "dx_reversed": Mistake(
        "dx is returned in the order of the backward loop, last step first.",
        r"revers|backward.{0,10}order|order of|flipp|last step first|\[::-1\]|T ?- ?(?:1 ?- ?)?t", (
            ("dx[t] = adj_z[t] @ W.T", "dx[T - 1 - t] = adj_z[t] @ W.T"),)),
    "batch_mean": Mistake(
        "The gradients of the parameters are means over the batch, where they are sums.",
        r"(?:mean|averag|divided|/).{0,30}(?:batch|samples|\bB\b)|batch.{0,20}(?:size|mean)|1/B", (
            of_gradients("p / x.shape[1]"),)),
    "time_mean": Mistake(
        "The gradients of the parameters are means over the steps, where they are sums.",
        r"(?:mean|averag|divided|/).{0,30}(?:steps|time|\bT\b)|steps.{0,20}mean|1/T", (
            of_gradients("p / len(x)"),)),
    # no table has these
    "odd_refractory": Mistake(
        "A unit that has just fired cannot fire.", r"refract", (
            (SPIKES, "y = curve(v, *output(c)) * (1 - y)"),)),
    "odd_fatigue": Mistake(
        "The threshold rises with the unit's own spikes and recovers.", r"adapt|fatigue", (
            also(START, "fatigue = 0 * y"), (V, "v = s + b - 0.2 * fatigue"),
            (STORE, "fatigue = 0.9 * fatigue + y\n        " + STORE))),
    "odd_synapse": Mistake(
        "The input current is filtered by a synapse: i = 0.5 i + x W.", r"synap|filter|current", (
            also(START, "current = 0 * y"), (DRIVE, "drive = current = 0.5 * current + x_t @ W"))),
    "odd_hebb": Mistake(
        "dW counts positive inputs only.", r"positive", (
            (DW, "dW = dW + np.maximum(x[t], 0).T @ adj_z[t]"),)),
    "odd_dead_unit": Mistake(
        "The first unit never fires.", r"first unit|unit 0|dead", (
            (SPIKES, "y = curve(v, *output(c)) * (np.arange(len(b.a)) > 0)"),)),
    "odd_winner": Mistake(
        "Only the units with the largest v of their sample fire.", r"winner|largest v|k-win", (
            (SPIKES, "y = curve(v, *output(c)) * (v.a == v.a.max(-1, keepdims=True))"),)),
}

# ---- the ports: name, style, what is returned, mistakes -----------------------------------------
SINGLE = """
subtracting_reset derived s y grads
input_leaks derived s y grads
decay_exponential derived s y grads
bias_in_z hand s y grads
gate_from_state derived s y grads
reset_late derived s y grads
feedback_leaks derived s y grads
leaky_hundredth derived s y grads
y_lost_between_pieces derived s y grads
arctan_over_pi hand s y grads
boxcar_wide derived s y grads
slope_at_s hand s y grads
db_of_dz hand s y grads
ddecay_ungated hand s y grads
dH_same_step hand s y grads
batch_mean hand s y grads
fires_at_threshold derived y
first_y_lost derived y
inhibition_of_batch derived y
hard_sigmoid derived y
"""
SEVERAL = """
leaky_without_relu derived s y grads: relu_left_out detached_always fast_sigmoid_25
zero_reset_layer derived s y grads: input_gated tie_to_first state_ignored
tau_layer derived s y grads: input_leaks sigmoid_steep pieces_detached
cell_of_leaks derived s y grads: decay_inverted no_self_feedback
process_on_chip derived s y grads: input_late state_saturates H_transposed
parametric_layer derived s y grads: decay_sigmoid threshold_shared detached_never
cell_of_four derived s y grads: output_of_z inhibition_summed y_lost_between_pieces s_after_reset
loop_in_c hand s y grads: reset_in_place dW_overwritten relu_open_at_0
scan_back hand s y grads: H_back reset_without_decay dx_reversed
custom_slope hand s y grads: slope_at_y ddecay_of_new_s
loss_of_means hand s y grads: batch_mean dend_ignored fires_at_threshold
careful_steps hand s y grads: clipped_back triangle_low start_without_gradient
short_memory hand s y grads: feedback_detached truncated dW_before_g
dense_bias hand s y grads: bias_in_z time_mean keep_ungated
register_y derived y: leak_last feedback_late
threshold_given derived y: bias_minus state_ignored
three_of_y derived y: reset_by_one leaky_hundredth inhibition_of_batch
"""
ODD = """
inverted_and_refractory derived s y grads: decay_inverted odd_refractory
linear_and_tired derived s y grads: relu_left_out odd_fatigue
transposed_and_filtered derived s y grads: H_transposed odd_synapse
bias_and_hebb hand s y grads: db_of_dz odd_hebb
slope_and_dead_unit hand s y grads: slope_at_s odd_dead_unit
subtracting_winner derived y: subtracting_reset odd_winner
"""
RIGHT = {
    "hand_sums_at_the_end": (
        (DW, "pass"), (DB, "pass"), (DH, "pass"),
        ("    return (adj_y, adj_v", """    before = np.concatenate([y0[None], y[:-1]])
    dW, dH = (np.einsum("tbi,tbj->ij", a, adj_z) for a in (x, before))
    db = adj_v.sum(1)[::-1].sum(0)
    return (adj_y, adj_v""")),
    "hand_other_orders": (
        (DS, "ds = decay * (gate * adj_z[t])"), (DY, "dY = decay * (s_old * -adj_z[t])"),
        ("dx[t] = adj_z[t] @ W.T", "dx[t] = (W @ adj_z[t].T).T"),
        (DB, "db = db + np.ones(len(dY), db.dtype) @ adj_v[t]"),
        (KEPT, "kept = s * gate * decay"), (ARGUMENT, "z = kept + drive")),
    "derived_other_formulas": (
        (KEPT, "kept = decay * s - top * (s * decay)"),
        (SPIKE, "return np.where(v <= 0, 0.0, 1.0)"),
        ("return 0.5 + 0.5 * np.tanh(0.5 * v)", "return np.exp(-np.logaddexp(0, -v))"),
        ("1 - np.tanh(v) ** 2", "4 / (np.exp(v) + np.exp(-v)) ** 2")),
    "derived_samples_in_columns": (
        (DRIVE, "drive = (W.T @ x_t.T).T"), (FED_BACK, "z = (H.T @ y.T).T + z")),
    "hand_wider_numbers": (
        ("def run(c, a, by_hand):\n", """def run(c, a, by_hand):
    a = {name: p.astype(np.promote_types(p.dtype, np.float64)) for name, p in a.items()}
"""),),
}

PORTS = entered(MISTAKES, {"single": SINGLE, "several": SEVERAL, "odd": ODD}, RIGHT)
