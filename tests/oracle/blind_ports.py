"""Wrong ports of the SNU, with one to four mistakes each, and right ones: a test of the diagnosis.

`PORTS.NAME` is an adapter for the check; its `mistakes` say what is wrong with it:

    python -m snu_ref check tests/oracle/blind_ports.py:PORTS.soft_reset

`run_blind_ports.py` checks them all and counts what the check says of each. No author of these
ports has seen the table of mistakes that the diagnosis knows.
"""
import re
from types import SimpleNamespace

from blind_mistakes import KEPT, MISTAKES, before
from blind_unit import Port

PORTS = SimpleNamespace()


def port(name, kind, style, returns, *keys, scope="every option", edits=()):
    """Enter a port."""
    if hasattr(PORTS, name):
        raise ValueError(f"{name}: there are two")
    mistakes = {key: MISTAKES[key] for key in keys}
    setattr(PORTS, name, Port(name, kind, style, returns, scope, mistakes, edits))


# name, style, what it returns, and the mistakes (by default the one that has the port's name);
# scope in brackets
SINGLE = """
no_reset hand all
soft_reset derived s y grads
soft_reset_decayed derived y grads
soft_reset_by_one hand s y grads [spikes alone]
early_reset derived s y grads
reset_of_all derived all
late_reset hand s y grads
bias_in_state derived s y grads [no H, no inhibition]
at_threshold derived all
fixed_threshold derived y grads
minus_bias hand s y grads [defaults alone]
one_minus_decay derived s y grads
decayed_input hand s y grads
averaged_input derived s y grads [defaults alone]
decay_through_sigmoid derived s y grads
decay_0_9 hand y grads
decay_of_mean derived all
recurrence_gated derived s y grads
recurrence_after_g derived s y grads
no_self_connection hand s y grads
H_transposed derived y grads
late_recurrence derived all
W_in_other_order derived s y grads
no_g derived y grads [defaults alone]
leak_0_01 hand all
g_of_kept derived s y grads
g_for_output derived s y grads
state_clamped derived s y grads
hard_sigmoid derived all
graded_spike derived s y grads
inhibition_over_all derived s y grads
inhibition_mean hand y grads
start_y_ignored derived s y grads
pieces_from_zero derived s y grads
state_kept derived all
batch_first derived s y grads
y_a_step_late hand s y grads
x_a_step_late derived y grads
fires_from_old_state derived s y grads
state_in_float16 derived s y grads
all_in_float32 hand all
no_surrogate derived y grads
tanh_always derived s y grads
sharp_fast_sigmoid hand all
triangle_damped derived y grads
arctan_without_pi derived s y grads
surrogate_of_s hand s y grads
soft_by_surrogate derived s y grads
reset_constant derived s y grads
recurrence_constant_if_detached derived y grads
state_constant derived s y grads
leaky_slope_at_0 derived all
tanh_slope_of_z hand s y grads
reset_of_new_s hand all
kept_without_gate hand y grads
ddecay_of_new_s hand s y grads
dW_mean derived y grads
db_of_z hand s y grads
end_s_missing derived s y grads
dH_of_new_y hand s y grads
truncated derived s y grads
pieces_cut hand s y grads
ties_first derived s y grads
dz_clipped hand all
start_gradient_short hand s y grads
dropout derived s y grads
dx_of_s hand s y grads
recurrent_state derived s y grads
no_inhibition derived y grads
hard_output derived all
back_past_h hand all
back_in_wrong_order hand s y grads
dy_a_step_off hand y grads
sigmoid_of_y hand s y grads
tanh_unsquared derived s y grads
state_in_bfloat16 derived all
straight_through hand y grads [defaults alone]
soft_reset_s_y derived s y: soft_reset
decayed_input_s_y derived s y: decayed_input [no H, no inhibition]
late_reset_s_y derived s y: late_reset
inhibition_over_all_s_y derived s y: inhibition_over_all
at_threshold_y derived y: at_threshold
no_reset_y derived y: no_reset
one_minus_decay_y derived y: one_minus_decay [defaults alone]
recurrence_gated_y derived y: recurrence_gated
"""

SEVERAL = """
snntorch_subtract derived s y grads: soft_reset_decayed at_threshold
snntorch_slope derived y grads: sharp_fast_sigmoid reset_constant [spikes alone]
snntorch_zero derived s y grads: reset_of_all reset_constant no_g
spikingjelly derived s y grads: averaged_input at_threshold arctan_alpha_1
spikingjelly_no_bias derived s y grads: averaged_input fixed_threshold [no H, no inhibition]
parametric_lif derived all: decay_through_sigmoid early_reset
norse_like derived s y grads: decay_exponential reset_of_all [defaults alone]
bellec_like hand s y grads: soft_reset triangle_damped recurrence_constant
zenke_like derived y grads: decayed_input wide_boxcar reset_constant [spikes alone]
keras_dense derived s y grads: bias_in_state hard_sigmoid
keras_leaky hand all: leak_0_2 leaky_slope_at_0
torch_defaults derived s y grads: leak_0_01 relu_slope_at_0 ties_first
jax_defaults derived s y grads: leaky_slope_at_0 ties_whole end_s_missing
jax_scan hand s y grads: end_s_missing end_y_missing start_gradient_zero
c_port hand s y grads: W_in_other_order kept_without_decay
c_loops hand y grads: dW_of_one_step db_of_one_step
hdl_port hand s y grads: no_decay at_threshold state_clamped [spikes alone]
hdl_single derived s y grads: kept_in_float32 minus_bias
old_indices hand s y grads: reset_of_new_s ddecay_of_new_s kept_by_new_gate
old_indices_H hand s y grads: dH_of_new_y ddecay_of_new_s back_through_H
signs hand s y grads: reset_sign db_sign minus_bias
means derived y grads: dW_mean grads_over_T
mean_loss hand all: loss_mean db_of_z
streaming derived s y grads: pieces_from_zero start_gradient_zero
streaming_cut derived s y grads: pieces_cut recurrence_constant
wrong_axes derived s y grads: inhibition_over_samples dH_transposed
inhibited derived s y grads: inhibition_sum inhibition_constant no_self_connection
inhibited_hand hand s y grads: inhibition_backward_own surrogate_of_s
inhibited_all derived all: inhibition_over_all leak_0_01 recurrence_gated
reset_and_recurrence derived s y grads: no_reset no_recurrence
late_both derived s y grads: late_reset late_recurrence
start_both hand s y grads: start_s_ignored relu_slope_at_0 db_of_s
soft_unit derived s y grads: steep_sigmoid one_minus_decay reset_never_constant
soft_unit_hand hand s y grads: sigmoid_slope_short dH_transposed g_straight_through
four_forward derived s y grads: decay_0_9 minus_bias recurrence_after_g leak_0_2
four_backward hand s y grads: reset_without_decay kept_without_gate ddecay_without_gate dW_mean
four_mixed derived y grads: at_threshold tanh_always state_constant end_y_missing
precise_and_not hand s y grads: drive_in_bfloat16 dH_without_start
clipped derived s y grads: dz_clipped relu_always
reversed_time derived s y grads: time_reversed decay_squared
start_and_scale derived s y grads: start_ignored dy_over_T
two_surrogates derived s y grads: fast_sigmoid_unsquared narrow_triangle
two_activations derived s y grads: g_of_input leaky_slope_of_relu
spread_out hand all: inhibition_spread triangle_always
soft_reset_and_leak_s_y derived s y: soft_reset leak_0_01
averaged_and_old_y derived y: averaged_input at_threshold
"""

ODD = """
odd_reset derived s y grads: soft_reset odd_ripple
odd_threshold derived s y grads: at_threshold odd_unit_0
odd_decay derived all: one_minus_decay odd_noise
odd_input derived s y grads: decayed_input odd_third_input
odd_leak hand s y grads: leak_0_01 odd_fixed_point
odd_constant derived s y grads: reset_constant odd_dW
odd_sums hand s y grads: db_of_z odd_smoothed
odd_recurrence derived s y grads: recurrence_gated odd_ageing
odd_start derived s y grads: start_y_ignored odd_pair
odd_end derived y grads: end_s_missing odd_surrogate
odd_slope hand s y grads: surrogate_of_s odd_squeezed_input
odd_inhibition derived s y grads: inhibition_mean odd_adapting
odd_gate hand all: kept_without_gate odd_corner
odd_after_spike derived s y grads: bias_in_state odd_soft_gate
odd_product derived y grads: sharp_fast_sigmoid odd_cross
odd_mean hand s y grads: dW_mean ddecay_of_new_s odd_smoothed
"""

for kind, text in (("single", SINGLE), ("several", SEVERAL), ("odd", ODD)):
    for row in text.split("\n")[1:-1]:
        name, style, returns, keys, scope = re.fullmatch(
            r"(\w+) (\w+) (all|(?:s )?y(?: grads)?)(?:: ([\w ]+\w))?(?: \[(.*)\])?", row).groups()
        port(name, kind, style, returns, *(keys or name).split(), scope=scope or "every option")

RIGHT = {
    "hand": (),
    "derived": (),
    "hand_gate_written_out": (
        ("ds = adj_z[t] * decay * gate", "ds = adj_z[t] * decay - adj_z[t] * (decay * top)"),),
    "derived_gate_written_out": ((KEPT, "(decay * s) - (decay * s) * top"),),
    "hand_sums_in_the_end": (
        ("dW = dW + x[t].T @ adj_z[t]", "pass"), ("db = db + adj_v[t].sum(0)", "pass"),
        before("return (adj_y", "dW = np.einsum('tbi,tbj->ij', x[::-1], adj_z[::-1])",
               "db = adj_v.reshape(-1, b.size)[::-1].sum(0)")),
    "derived_product_by_sums": (
        ("drive = x_t @ W", "drive = Var((x_t.a[:, ::-1, None] * W.a[::-1]).sum(1), "
         "(x_t, lambda d: d @ W.a.T), (W, lambda d, x=x_t: x.a.T @ d))"),),
    "hand_other_surrogates": (
        ("1 - np.tanh(v) ** 2", "1 / np.cosh(np.clip(v, -300, 300)) ** 2"),
        ("1 / (1 + abs(v)) ** 2", "(1 + abs(v)) ** -2.0"),
        ("np.maximum(1 - abs(v), 0)", "np.clip(1 - abs(v), 0, 1)"),
        ("return 0.5 + 0.5 * np.tanh(0.5 * v)", "return 1 / (1 + np.exp(-v))")),
    "derived_in_longdouble": (before(
        "x, W, b, decay = (a[", "a = {k: p.astype(np.longdouble) for k, p in a.items()}"),),
    "hand_where": (
        (KEPT, "decay * s * gate + 0"), ("1.0 * (v > 0)", "np.where(v <= 0, 0, 1)"),
        ("np.maximum(z, 0.1 * z)", "np.where(z > 0, z, z / 10)")),
    "derived_recurrence_first": (
        ("z = drive + kept", "z = kept + (drive if H is None else y @ H + drive)"),
        ("z = z + y @ H", "pass")),
}
for name, edits in RIGHT.items():
    port("right_" + name, "right", name.split("_")[0], "all", edits=edits)
