# %% [markdown]
# # 2. Backpropagation through time, by hand
#
# **What you will see.** One unit, three time steps, one spike at the wrong moment. With a pocket
# calculator you will find out how each number in the unit should change to move that spike:
# backpropagation through time (BPTT). The package then gives the same numbers. But two derivations
# that agree can both be wrong. So you will also differentiate the program numerically, see that
# fail, and repair it.
#
# **What it needs.** Tutorial 1 (the unit) and the chain rule.
#
# **Time.** 2 s of processor time (`--quick`: 1 s), an hour with a pencil.
#
#     .venv/bin/python tutorials/02_bptt_by_hand.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref import SNU
from snu_ref.figures import style
from snu_ref.gradcheck import check_layer

THROUGH, DETACHED = style.COLOUR["gradient"], style.OKABE_ITO["orange"]


def signed(number, form="g"):
    return f"{number:{form}}".replace("-", "\N{MINUS SIGN}")  # as wide as a plus sign


def same(a, b):
    """True if a and b agree to 1e-15, the rounding of a few operations on numbers of order 1."""
    return bool(np.all(np.abs(np.subtract(a, b)) <= 1e-15))


# %% [markdown]
# ## Forward, by hand
#
# One unit with one input, and the threshold at 1. The paper's equations, one operation a line; z is
# the argument of g, and v that of h:
#
#     z_t = W x_t + decay s_{t-1} (1 - y_{t-1})
#     s_t = g(z_t) = max(z_t, 0)                                                          Eq. 1
#     v_t = s_t + b
#     y_t = h(v_t) = 1 if v_t > 0, else 0                                                 Eq. 2
#
# with W = 0.5, decay = 0.8, b = -1, s_0 = y_0 = 0, and the input x = 1.0, 1.6, 1.2. Take a pencil:
#
# - Step 1: z = 0.5 * 1.0 + 0 = 0.5. So s = 0.5, v = -0.5: below threshold, y = 0.
# - Step 2: z = 0.5 * 1.6 + 0.8 * 0.5 * (1 - 0) = 0.8 + 0.4 = 1.2. So v = 0.2: a spike, y = 1.
# - Step 3: z = 0.5 * 1.2 + 0.8 * 1.2 * (1 - 1) = 0.6 + 0. The spike has erased the memory: s = 0.6,
#   v = -0.4, y = 0.


# %%
def step(v):
    return 1.0 if v.real > 0 else 0.0


W, b, decay = 0.5, -1.0, 0.8
x1, x2, x3 = 1.0, 1.6, 1.2
s0 = y0 = 0.0

z1 = W * x1 + decay * s0 * (1 - y0)
s1 = max(z1, 0)
v1 = s1 + b
y1 = step(v1)

z2 = W * x2 + decay * s1 * (1 - y1)
s2 = max(z2, 0)
v2 = s2 + b
y2 = step(v2)

z3 = W * x3 + decay * s2 * (1 - y2)
s3 = max(z3, 0)
v3 = s3 + b
y3 = step(v3)

claim(same([z1, s1, v1, y1], [0.5, 0.5, -0.5, 0]))
claim(same([z2, s2, v2, y2], [1.2, 1.2, 0.2, 1]))
claim(same([z3, s3, v3, y3], [0.6, 0.6, -0.4, 0]))

print("forward        z        s        v        y")
for t, row in enumerate(((z1, s1, v1, y1), (z2, s2, v2, y2), (z3, s3, v3, y3)), 1):
    print(f"step {t} " + "".join(f"{number:9.4f}" for number in row))

# %% [markdown]
# ## What we want, and the slope that a step does not have
#
# The unit fired in step 2. Say we want the spike in step 3. Then the target is y* = 0, 0, 1, and
# the loss counts the two mistakes (a half each, so the slope has no factor of two):
#
#     L = 1/2 sum_t (y_t - y*_t)^2 = 1/2 (0 + 1 + 1) = 1
#     dy_t = y_t - y*_t            = 0, 1, -1
#
# We write dA for dL/dA throughout: "how much the loss rises per unit of A". dy_2 = 1 means
# that a smaller y_2 lowers the loss. dy_3 = -1 means that a larger y_3 lowers it.
#
# To pass this on to v we need the slope of h. But a step is flat: its slope is 0 everywhere,
# except at v = 0, where there is none. Multiply by 0 and nothing is left to learn from. So
# training *pretends*: in the backward pass, and only there, the slope is psi'(v), a bump around
# the threshold. It says that a small change could have flipped a neuron *near* its threshold. The
# authors' toolkit takes psi = tanh, so psi'(v) = 1 - tanh(v)^2. By hand we take the triangle, a
# bump that needs no tables:
#
#     psi'(v) = 1 - |v|   for |v| < 1, else 0
#
# Further below we return to tanh; nothing else will change.

# %%
def triangle_slope(v):
    return max(1 - abs(v), 0.0)


def tanh_slope(v):
    return 1 - np.tanh(v) ** 2


claim(same([triangle_slope(v) for v in (v1, v2, v3)], [0.5, 0.8, 0.6]))
claim(np.allclose([tanh_slope(v) for v in (v1, v2, v3)], [0.7864, 0.9610, 0.8556], atol=5e-5))

with style.house():
    figure, (top, bottom) = style.figure(2, 1, height=4.8, sharex=True, height_ratios=(2, 3))
    top.plot([-2, 0], [0, 0], [0, 2], [1, 1], color=style.COLOUR["y"])
    top.plot(0, 0, "o", color=style.COLOUR["y"], clip_on=False)
    top.plot(0, 1, "o", color=style.COLOUR["y"], markerfacecolor="white", clip_on=False)
    top.set(ylabel="output y", yticks=(0, 1), ylim=(-0.15, 1.15),
            title="Forward: a step. Backward: a bump in its place")
    grid = np.linspace(-2, 2, 401)
    bottom.plot(grid, [tanh_slope(v) for v in grid], color=style.GREY, linestyle="--",
                label="tanh (the authors)")
    bottom.plot(grid, [triangle_slope(v) for v in grid], color=THROUGH, label="triangle (by hand)")
    for t, v in enumerate((v1, v2, v3), 1):
        bottom.plot([v, v], [0, triangle_slope(v)], ":", color=style.GREY, linewidth=1.5)
        bottom.plot(v, triangle_slope(v), "o", color=THROUGH, markersize=8,
                    label="steps 1, 2, 3" if t == 1 else None)
        bottom.text(v + np.copysign(0.1, v), triangle_slope(v) + 0.02, t, ha="center",
                    weight="bold")
    bottom.set(xlabel="v = s + b (in thresholds)", xlim=(-2, 2), ylim=(0, 1.15),
               ylabel=r"surrogate slope $\psi'(v)$", yticks=(0, 0.5, 1))
    bottom.legend(loc="upper right", bbox_to_anchor=(1.03, 1.12))
    keep(figure, "02_surrogate.png")

# %% [markdown]
# ## Backward, by hand
#
# The chain rule asks one question of each quantity: *who reads you?* Go through Eq. 1 and 2:
#
# - y_t is read by the loss (dy_t) and, in the next step, by the reset gate: z_{t+1} contains
#   decay s_t (1 - y_t), whose slope in y_t is -decay s_t.
# - v_t is read by y_t only, with slope psi'(v_t).
# - s_t is read by v_t with slope 1, and by z_{t+1} with slope decay (1 - y_t).
# - z_t is read by s_t only, with slope g'(z_t): 1 where z_t > 0, else 0.
#
# As equations (dY_t is dL/dy_t over all paths, dy_t only the part directly from the loss):
#
#     dY_t = dy_t - decay s_t dz_{t+1}
#     dv_t = psi'(v_t) dY_t
#     ds_t = dv_t + decay (1 - y_t) dz_{t+1}
#     dz_t = g'(z_t) ds_t
#
# The right sides need step t+1, so we start at the end, where there is none.
#
# **Step 3.**
# - dY = dy = -1
# - dv = 0.6 * (-1) = -0.6
# - ds = -0.6: no later step adds to it
# - dz = -0.6, since z = 0.6 > 0. Read: raising z_3 lowers the loss.
#
# **Step 2.**
# - dY = 1 - 0.8 * 1.2 * (-0.6) = 1 + 0.576 = 1.576. There are *two* reasons against spike 2: it is
#   itself a mistake (1), and it erased the memory that would have helped step 3 (0.576).
# - dv = 0.8 * 1.576 = 1.2608
# - ds = 1.2608 + 0.8 * (1 - 1) * (-0.6) = 1.2608. The gate was closed: s_2 never reached step 3.
# - dz = 1.2608
#
# **Step 1.**
# - dY = 0 - 0.8 * 0.5 * 1.2608 = -0.50432. A spike here would have prevented the one in step 2.
# - dv = 0.5 * (-0.50432) = -0.25216
# - ds = -0.25216 + 0.8 * (1 - 0) * 1.2608 = -0.25216 + 1.00864 = 0.75648. The gate was open.
# - dz = 0.75648

# %%
dy1, dy2, dy3 = y1 - 0, y2 - 0, y3 - 1

dY3 = dy3
dv3 = triangle_slope(v3) * dY3
ds3 = dv3
dz3 = ds3 * (z3 > 0)

dY2 = dy2 - decay * s2 * dz3
dv2 = triangle_slope(v2) * dY2
ds2 = dv2 + decay * (1 - y2) * dz3
dz2 = ds2 * (z2 > 0)

dY1 = dy1 - decay * s1 * dz2
dv1 = triangle_slope(v1) * dY1
ds1 = dv1 + decay * (1 - y1) * dz2
dz1 = ds1 * (z1 > 0)

claim(same([dY3, dv3, ds3, dz3], [-1, -0.6, -0.6, -0.6]))
claim(same([dY2, dv2, ds2, dz2], [1.576, 1.2608, 1.2608, 1.2608]))
claim(same([dY1, dv1, ds1, dz1], [-0.50432, -0.25216, 0.75648, 0.75648]))
claim(W * x2 + b < 0)  # with the memory erased in step 1, step 2 would not have spiked

print("backward      dY       dv       ds       dz")
for t, row in enumerate(((dY1, dv1, ds1, dz1), (dY2, dv2, ds2, dz2), (dY3, dv3, ds3, dz3)), 1):
    print(f"step {t} " + "".join(f"{number:9.5f}" for number in row))

# %% [markdown]
# The parameters are read once in every step, and each reading adds its part:
#
# - W is read by z_t with slope x_t: dW = 1.0 * 0.75648 + 1.6 * 1.2608 - 1.2 * 0.6 = 2.05376
# - b is read by v_t with slope 1: db = -0.25216 + 1.2608 - 0.6 = 0.40864
# - decay is read by z_t with slope s_{t-1} (1 - y_{t-1}): in step 2 only, since s_0 = 0 and the
#   gate was closed before step 3. ddecay = 0.5 * 1.2608 = 0.6304
# - x_t is read by z_t with slope W: dx = 0.37824, 0.6304, -0.3

# %%
dW = x1 * dz1 + x2 * dz2 + x3 * dz3
db = dv1 + dv2 + dv3
ddecay = s0 * (1 - y0) * dz1 + s1 * (1 - y1) * dz2 + s2 * (1 - y2) * dz3
dx = [W * dz1, W * dz2, W * dz3]

hand = {"W": 2.05376, "b": 0.40864, "decay": 0.6304, "x": [0.37824, 0.6304, -0.3]}
claim(same(dW, hand["W"]) and same(db, hand["b"]))
claim(same(ddecay, hand["decay"]) and same(dx, hand["x"]))

with style.house():
    figure, axes = style.figure(height=5.4)
    axes.axis("off")
    axes.set(xlim=(-0.4, 2.4), ylim=(-0.3, 3.05))
    figure.suptitle("Values in black, slopes of the loss in colour", x=0.02, ha="left")
    middle = dict(ha="center", va="center", zorder=4)

    def node(t, height, name, value, slope_name, slope, colour):
        axes.text(t, height + 0.1, f"${name}_{t + 1}$ = {value:g}", **middle)
        axes.text(t, height - 0.11, f"{slope_name} = {signed(round(slope, 4))}", color=THROUGH,
                  weight="bold", fontsize=12, **middle)
        box = np.array([[-0.35, -0.25], [0.35, -0.25], [0.35, 0.25], [-0.35, 0.25]]) + (t, height)
        axes.fill(*box.T, facecolor="white", edgecolor=colour, linewidth=2, zorder=3)

    def arrow(start, end, label, at, open_=True):
        axes.annotate("", end, start, arrowprops=dict(
            arrowstyle="-|>", mutation_scale=16, color="black" if open_ else "0.8",
            linewidth=1.6))
        axes.text(*at, label, fontsize=12, color=style.GREY,
                  bbox=dict(facecolor="white", edgecolor="none", pad=1), **middle)

    columns = ((x1, dx[0], s1, dz1, y1, dY1, dy1),
               (x2, dx[1], s2, dz2, y2, dY2, dy2),
               (x3, dx[2], s3, dz3, y3, dY3, dy3))
    for t, (x_t, dx_t, s_t, dz_t, y_t, dY_t, dy_t) in enumerate(columns):
        node(t, 0, "x", x_t, "dx", dx_t, style.COLOUR["x"])
        node(t, 1.1, "s", s_t, "dz", dz_t, style.COLOUR["s"])
        node(t, 2.2, "y", y_t, "dY", dY_t, style.COLOUR["y"])
        arrow((t, 0.25), (t, 0.85), signed(W), (t, 0.52))
        arrow((t, 1.35), (t, 1.95), f"({triangle_slope(s_t + b):g})", (t, 1.62))
        arrow((t, 2.45), (t, 2.85), signed(dy_t), (t, 2.6))
        axes.text(t, 2.95, "loss", **middle)
        if t < 2:
            kept, reset = decay * (1 - y_t), -decay * s_t
            arrow((t + 0.35, 1.1), (t + 0.65, 1.1), signed(kept), (t + 0.49, 0.93), kept > 0)
            arrow((t + 0.35, 1.95), (t + 0.65, 1.35), signed(reset), (t + 0.68, 1.72))
    keep(figure, "02_three_steps.png")

# %% [markdown]
# The numbers on the arrows are the slopes: W upwards, psi' in brackets, decay (1 - y) to the
# right, -decay s along the slanted arrow (the reset), and dy from y to the loss. In the middle
# boxes z equals s, because all three z are positive and g changes nothing. Going backwards, a
# quantity's slope is a sum over the arrows that *leave* it: the slope on the arrow times the slope
# at its end (which is 1 for the loss). The grey arrow is the closed gate: after the spike nothing
# flows through it, in either direction.
#
# ## Through the reset gate, or not
#
# Look at the way back from step 3 to step 2. The gate is closed, so the only path is the slanted
# one, through the reset. Some programs cut it: they treat the gate as a constant in the backward
# pass. The package calls that `reset_grad="detached"`; the default is `"through"`. With the cut,
# the first rule becomes dY_t = dy_t, and by hand:
#
# - Step 3: as before, dz = -0.6.
# - Step 2: dY = 1, dv = 0.8 * 1 = 0.8, ds = 0.8 + 0.8 * 0 * (-0.6) = 0.8, dz = 0.8
# - Step 1: dY = 0, dv = 0, ds = 0 + 0.8 * 1 * 0.8 = 0.64, dz = 0.64
# - dW = 1.0 * 0.64 + 1.6 * 0.8 - 1.2 * 0.6 = 1.2
# - db = 0 + 0.8 - 0.6 = 0.2 and ddecay = 0.5 * 0.8 = 0.4
#
# Step 2 now has one reason against its spike instead of two. It does not see that the spike also
# spoilt step 3.


# %%
def forward(W, b, decay, x, h, gates=None):
    """Eq. 1 and 2 as a loop: a list of (z, s, v, y). h: one function a step; gates: see below."""
    s, y, trace = 0.0, 0.0, []
    for t, x_t in enumerate(x):
        gate = 1 - y if gates is None else gates[t]
        z = W * x_t + decay * s * gate
        s = z if z.real > 0 else 0.0 * z
        v = s + b
        y = h[t](v)
        trace.append((z, s, v, y))
    return trace


def backward(W, decay, x, trace, dy, slope, through=True):
    """The four rules as a loop; slope is psi', or h' where h has one. Gradients by name, and dz."""
    dW = db = ddecay = dz_next = 0.0
    dz = [0.0] * len(x)
    for t in reversed(range(len(x))):
        z, s, v, y = trace[t]
        dY = dy[t] - (decay * s * dz_next if through else 0.0)
        dv = slope(v) * dY
        ds = dv + decay * (1 - y) * dz_next
        dz[t] = dz_next = ds if z > 0 else 0.0
        dW += x[t] * dz[t]
        db += dv
        if t > 0:
            _, s_before, _, y_before = trace[t - 1]
            ddecay += s_before * (1 - y_before) * dz[t]
    return {"W": dW, "b": db, "decay": ddecay, "x": [W * dz_t for dz_t in dz]}, dz


x, target = [x1, x2, x3], [0.0, 0.0, 1.0]
trace = forward(W, b, decay, x, [step] * 3)
dy = [y - wanted for (_, _, _, y), wanted in zip(trace, target)]
through, dz_through = backward(W, decay, x, trace, dy, triangle_slope)
detached, dz_detached = backward(W, decay, x, trace, dy, triangle_slope, through=False)

hand_detached = {"W": 1.2, "b": 0.2, "decay": 0.4, "x": [0.32, 0.4, -0.3]}
for name in hand:
    claim(same(through[name], hand[name]))
    claim(same(detached[name], hand_detached[name]))
claim(same(dz_through, [dz1, dz2, dz3]) and same(dz_detached, [0.64, 0.8, -0.6]))

with style.house():
    figure, axes = style.figure(height=3.6)
    at = np.arange(1, 4)
    for shift, dz, colour, label in ((-0.18, dz_through, THROUGH, "through the reset"),
                                     (0.18, dz_detached, DETACHED, "detached")):
        axes.bar(at + shift, dz, 0.34, color=colour, label=label)
        for t, value in zip(at, dz):
            axes.text(t + shift, value + np.copysign(0.05, value), signed(value, ".2f"),
                      fontsize=12, ha="center", va="bottom" if value > 0 else "top")
    axes.axhline(0, color="black", linewidth=1)
    axes.set(xlabel="time step t", xticks=at, ylim=(-0.95, 1.6),
             ylabel="$dz_t$ (loss per unit of z)",
             title="Through the reset, spike 2 is blamed twice")
    axes.legend(loc="lower left")
    keep(figure, "02_through_or_detached.png")

# %% [markdown]
# ## The package gives the same numbers
#
# `forward` and `backward` of the package do this for many units and samples at once, with whole
# arrays. For one unit and one sample the arrays have one column. `backward` also gives the gradient
# of the start state: s_0 is read by z_1 only, with slope decay (1 - y_0) = 0.8, so
# ds_0 = 0.8 * 0.75648 = 0.605184.


# %%
def package(h="step", surrogate="triangle", reset_grad="through"):
    """The unit of this tutorial in the package: its gradients by name, its outputs, and ds_0."""
    unit = SNU(1, 1, rng=np.random.default_rng(0), h=h, surrogate=surrogate, decay=decay,
               reset_grad=reset_grad)
    unit.params["W"][:] = W
    unit.params["b"][:] = b
    y, cache = unit.forward(np.array(x)[:, None, None])                     # (3, 1, 1)
    dx, grads, dstate = unit.backward(y - np.array(target)[:, None, None], cache)
    grads = {name: grad.item() for name, grad in grads.items()}
    return {**grads, "x": dx[:, 0, 0]}, y[:, 0, 0], dstate.s.item()


difference = 0.0
for reset_grad, by_hand in (("through", hand), ("detached", hand_detached)):
    grads, y, ds0 = package(reset_grad=reset_grad)
    claim(y.tolist() == [0, 1, 0])
    for name in by_hand:
        claim(same(grads[name], by_hand[name]), name)
        difference = max(difference, np.abs(np.divide(grads[name], by_hand[name]) - 1).max())
claim(same(package()[2], 0.605184))

# %% [markdown]
# ## Is it right? Ask the program itself
#
# This is the oldest check of a derivative: change W a little, run the program again, and see how
# the loss changes.
#
#     dW  is about  ( L(W + e) - L(W - e) ) / 2e
#
# Try it. The answer is 0, not 2.05376. Nothing is broken: the loss of a spiking program is a
# *staircase*. It counts spikes, and a little more weight moves no spike. The figure shows it over
# a range of W: three plateaus. One of them is what we want (0 mistakes, between W = 1/3.12 and
# 1/2.4). The slope is 0 everywhere except at the edges.


# %%
def loss(trace):
    return 0.5 * sum((y - wanted) ** 2 for (_, _, _, y), wanted in zip(trace, target))


def central(f, a, e=1e-6):
    """df/da by a central difference."""
    return (f(a + e) - f(a - e)) / (2 * e)


def L(W):
    return loss(forward(W, b, decay, x, [step] * 3))


claim(L(W) == 1.0)
claim(central(L, W) == 0.0)                                        # exactly 0: it failed
claim([L(1 / 2.4 + e) for e in (-1e-9, 1e-9)] == [0.0, 1.0])       # the edges of the plateau
claim([L(1 / 3.12 + e) for e in (-1e-9, 1e-9)] == [0.5, 0.0])

# %% [markdown]
# ## The frozen program
#
# The surrogate gradient is not the derivative of this program. But it is the *exact* derivative of
# another one. Take the run above as the nominal run, and call its v's v0. Now replace the step by
#
#     v  ->  psi(v) + [ step(v0) - psi(v0) ]
#
# The bracket is a constant, frozen at the nominal run. At v = v0 this has the value of the step
# (psi cancels), so the frozen program spikes as the real one did. But its slope is psi'(v). Its
# derivative, through the reset as well, must be what we found by hand. For our triangle,
# psi(v) = v - v |v|/2.
#
# For "detached" the gate is frozen as well, at its nominal values; `gates` are these values.
#
# With a smooth program there is an even better check than differences. Feed it a *complex* W with
# a tiny imaginary part, i e. By Taylor's theorem, L(W + i e) = L(W) + i e L'(W) + ..., so the slope
# is the imaginary part divided by e. No two nearly equal numbers are subtracted, so no digits are
# lost, and e may be 1e-30. (This is why `forward` compares `z.real` with 0: a complex number is
# neither above nor below 0.)


# %%
def triangle_psi(v):
    size = v if v.real > 0 else -v
    return v - v * size / 2 if abs(v.real) < 1 else 0.5 * v.real / abs(v.real)


def frozen_losses(psi, gates=None):
    """Loss of the frozen program as a function of W, of b, and of decay."""
    h = [lambda v, v0=v0: psi(v) + (step(v0) - psi(v0)) for (_, _, v0, _) in trace]
    return {"W": lambda a: loss(forward(a, b, decay, x, h, gates)),
            "b": lambda a: loss(forward(W, a, decay, x, h, gates)),
            "decay": lambda a: loss(forward(W, b, a, x, h, gates))}


def complex_step(f, a, e=1e-30):
    return f(a + 1j * e).imag / e


point = {"W": W, "b": b, "decay": decay}
nominal_gates = [1 - y for y in (y0, y1, y2)]
frozen = frozen_losses(triangle_psi)
error_central = error_complex = 0.0
for f, by_hand in ((frozen, hand), (frozen_losses(triangle_psi, nominal_gates), hand_detached)):
    for name, a in point.items():
        claim(f[name](a) == 1.0)                                   # the loss of the real program
        error_central = max(error_central, abs(central(f[name], a) / by_hand[name] - 1))
        error_complex = max(error_complex, abs(complex_step(f[name], a) / by_hand[name] - 1))
claim(error_central < 1e-8)
claim(error_complex < 1e-14)

with style.house():
    figure, axes = style.figure(height=4.2)
    Ws = np.linspace(0.25, 0.75, 201 if args.quick else 2001)
    axes.plot(Ws, [frozen["W"](a) for a in Ws], color=THROUGH, label="frozen program", zorder=2)
    axes.plot(Ws, [L(a) for a in Ws], color=style.COLOUR["true"], label="spiking program", zorder=2)
    run = np.array([-0.13, 0.13])
    axes.plot(W + run, 1 + hand["W"] * run, "--", color=style.OKABE_ITO["orange"], linewidth=1.8,
              label=f"slope {hand['W']:.2f}, by hand", zorder=3)
    axes.plot(W, 1, "o", color="black", markersize=9, zorder=4)
    axes.text(W + 0.012, 0.93, "W = 0.5", va="top")
    axes.text(0.37, 0.04, "wanted", ha="center", color=style.GREY)
    axes.set(xlabel="weight W", xlim=(0.25, 0.75), ylabel="loss L", ylim=(-0.04, 1.8),
             title="The staircase is flat; the frozen program is not")
    axes.legend(loc="upper left")
    keep(figure, "02_staircase.png")

# %%
with style.house():
    figure, axes = style.figure(height=3.4)
    methods = (("differences, spiking", abs(central(L, W) / hand["W"] - 1)),
               ("differences, frozen", error_central),
               ("complex step, frozen", error_complex), ("the package", difference))
    floor = 1e-17
    for height, (_, error) in zip((3, 2, 1, 0), methods):
        colour = style.OKABE_ITO["vermillion" if error == 1 else "blue"]
        axes.plot([floor, max(error, floor)], [height, height], color=colour, linewidth=7,
                  solid_capstyle="butt")
        note = "100 %: says 0" if error == 1 else f"{error:.0e}"
        axes.text(max(error, floor) * 3, height, note, va="center", color=colour)
    axes.set_xscale("log")
    axes.set(xlim=(floor, 3e7), xticks=(1e-16, 1e-12, 1e-8, 1e-4, 1), ylim=(-0.5, 3.5),
             yticks=(3, 2, 1, 0), yticklabels=[name for name, _ in methods],
             xlabel="largest relative error", title="Four methods against the pencil")
    keep(figure, "02_errors.png")

# %% [markdown]
# The package does this check for every variant of its units, with random numbers: `python -m
# snu_ref gradcheck`. For a unit of your own choice it is one call. (s_0 = 0 in our run, so y_0
# has nothing to reset, and its gradient is zero by construction. The call below declares it.)

# %%
unit = SNU(1, 1, rng=np.random.default_rng(0), surrogate="triangle")
unit.params["W"][:] = W
for row in check_layer(unit, np.array(x)[:, None, None], rng=np.random.default_rng(1),
                       zero=("state.y",)):
    print(f"check_layer    {row.parameter:8} error {row.complex:.0e}   {row.verdict}")
    claim(not row.failed)

# %% [markdown]
# ## With the authors' surrogate
#
# One function changes: psi = tanh instead of the triangle. The rest stays the same, and so does the
# check.

# %%
tanh_through, _ = backward(W, decay, x, trace, dy, tanh_slope)
grads, _, _ = package(surrogate="tanh")
for name in tanh_through:
    claim(same(grads[name], tanh_through[name]))
frozen_tanh = frozen_losses(np.tanh)
for name, a in point.items():
    claim(abs(complex_step(frozen_tanh[name], a) / tanh_through[name] - 1) < 1e-14)

# %% [markdown]
# ## Does it help?
#
# Go down the staircase: W becomes W - 0.025 dW, again and again, until the spikes are right. The
# true slope (0) would leave W where it is for ever. Both surrogate gradients find the way. The one
# through the reset takes fewer steps, because it contains the second reason. (This is one example,
# not a law.)

# %%
def descend(through, rate=0.025):
    """The weights visited on the way down, until there is no mistake left."""
    weights = [W]
    while L(weights[-1]) > 0 and len(weights) < 50:
        trace = forward(weights[-1], b, decay, x, [step] * 3)
        dy = [y - wanted for (_, _, _, y), wanted in zip(trace, target)]
        grads, _ = backward(weights[-1], decay, x, trace, dy, triangle_slope, through)
        weights.append(weights[-1] - rate * grads["W"])
    return weights


paths = {"through the reset": descend(True), "detached": descend(False)}
updates = {name: len(path) - 1 for name, path in paths.items()}
claim(all(L(path[-1]) == 0 for path in paths.values()))
claim(0 < updates["through the reset"] < updates["detached"] < 49)

with style.house():
    figure, axes = style.figure(height=3.6)
    axes.axhspan(1 / 3.12, 1 / 2.4, color="0.9")
    axes.text(0, (1 / 3.12 + 1 / 2.4) / 2, "no mistake here", color=style.GREY, va="center")
    for (name, path), marker, colour in zip(paths.items(), "os", (THROUGH, DETACHED)):
        axes.plot(path, marker + "-", color=colour, label=name, markersize=8)
    axes.set(xlabel="update", ylabel="weight W", ylim=(0.3, 0.52), xticks=range(4),
             title="Down a staircase that has no slope")
    axes.legend(loc="upper right")
    keep(figure, "02_descent.png")

# %% [markdown]
# ## The soft unit
#
# The sSNU has h = sigmoid, 1 / (1 + exp(-v)), in place of the step. Its slope y (1 - y) is a true
# slope. So plain differences of the plain program must agree with it, and nothing has to be frozen.
# The reset gate (1 - y) is graded: y_1 = 0.38 takes 38 % of the state away. The same rules give, to
# four digits:
#
#     step     z = s        v        y   y(1-y)       dY       dv  ds = dz
#        1    0.5000  -0.5000   0.3775   0.2350   0.3353   0.0788   0.1314
#        2    1.0490   0.0490   0.5122   0.2499   0.6167   0.1541   0.1055
#        3    1.0093   0.0093   0.5023   0.2500  -0.4977  -0.1244  -0.1244
#
# And here "through or detached" is no longer a matter of taste. Only one of the two is the
# derivative.


# %%
def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def sigmoid_slope(v):
    return sigmoid(v) * (1 - sigmoid(v))


soft_trace = forward(W, b, decay, x, [sigmoid] * 3)
soft_dy = [y - wanted for (_, _, _, y), wanted in zip(soft_trace, target)]
soft, soft_dz = backward(W, decay, x, soft_trace, soft_dy, sigmoid_slope)
soft_detached, _ = backward(W, decay, x, soft_trace, soft_dy, sigmoid_slope, through=False)
claim(np.allclose([s for _, s, _, _ in soft_trace], [0.5, 1.0490, 1.0093], atol=5e-5))
claim(np.allclose([y for _, _, _, y in soft_trace], [0.3775, 0.5122, 0.5023], atol=5e-5))
claim(np.allclose(soft_dz, [0.1314, 0.1055, -0.1244], atol=6e-5))

soft_loss = {"W": lambda a: loss(forward(a, b, decay, x, [sigmoid] * 3)),
             "b": lambda a: loss(forward(W, a, decay, x, [sigmoid] * 3)),
             "decay": lambda a: loss(forward(W, b, a, x, [sigmoid] * 3))}
measured = {name: central(f, point[name]) for name, f in soft_loss.items()}
for name in point:
    claim(abs(measured[name] - soft[name]) < 1e-9)                    # the gradient, by differences
    claim(abs(complex_step(soft_loss[name], point[name]) - soft[name]) < 1e-15)
    claim(abs(measured[name] - soft_detached[name]) > 0.1 * abs(measured[name]))  # not a slope
for reset_grad, by_hand in (("through", soft), ("detached", soft_detached)):
    grads, _, _ = package(h="sigmoid", reset_grad=reset_grad)
    for name in by_hand:
        claim(same(grads[name], by_hand[name]))

with style.house():
    figure, axes = style.figure(height=3.6)
    at = np.arange(3)
    axes.bar(at - 0.27, [soft[name] for name in point], 0.25, color=THROUGH, label="through")
    axes.bar(at, [measured[name] for name in point], 0.25, color=style.COLOUR["true"],
             label="measured by differences")
    axes.bar(at + 0.27, [soft_detached[name] for name in point], 0.25, color=DETACHED,
             label="detached")
    axes.axhline(0, color="black", linewidth=1)
    axes.set(xticks=at, xticklabels=["W", "b", "decay"], xlabel="parameter", ylim=(-0.05, 0.22),
             ylabel="gradient (loss per unit)", title="sSNU: only 'through' is the derivative")
    axes.legend(loc="upper right")
    keep(figure, "02_soft_unit.png")

# %%
print(f"spikes                               {y1:.0f} {y2:.0f} {y3:.0f}")
print(f"dW by hand, through the reset        {dW:.5f}")
print(f"dW by hand, reset detached           {detached['W']:.5f}")
print(f"dW by the package, through           {package()[0]['W']:.5f}")
print(f"dW by the package, detached          {package(reset_grad='detached')[0]['W']:.5f}")
print(f"dW by differences, spiking           {central(L, W):.5f}")
print(f"dW by differences, frozen            {central(frozen['W'], W):.5f}")
print(f"dW with the authors' tanh            {tanh_through['W']:.5f}")
print(f"updates of W, through and detached   {' '.join(map(str, updates.values()))}")
print(f"sSNU, dW by hand                     {soft['W']:.5f}")
print(f"sSNU, dW by differences              {measured['W']:.5f}")
print(f"sSNU, dW by hand, detached           {soft_detached['W']:.5f}")

# %% [markdown]
# ## Exercises
#
# 1. *With the pencil.* Say we had wanted the spike in step 1: y* = 1, 0, 0. The forward table
#    stays. Make the backward table, through the reset, and dW from it. Then check:
#
#        mine, _ = backward(W, decay, x, trace, [-1, 1, 0], triangle_slope)
#        assert abs(YOUR_dW - mine["W"]) < 1e-12
#
#    Which two contributions nearly cancel in ds_1, and what does each of them want?
#
#    *Hint.* Only dy changes. Begin at step 3, where dy is now 0.
#
# 2. *A unit that hears itself.* Recurrent units add H y_{t-1} to z_t (not gated). Who reads y_t
#    now? Copy `forward` and `backward`, add H = 0.3 to both and dH to the gradients, and check
#    them against the package:
#
#        unit = SNU(1, 1, rng=rng, surrogate="triangle", recurrent=True)
#        unit.params["W"][:], unit.params["H"][:] = W, 0.3
#        y, cache = unit.forward(np.array(x)[:, None, None])
#        dx, grads, _ = unit.backward(y - np.array(target)[:, None, None], cache)
#        for name in ("W", "H", "b", "decay"):
#            assert abs(grads[name].item() - YOUR_GRADS[name]) < 1e-12, name
#
#    with `rng = np.random.default_rng(0)`. Does dH ask for more of H or for less? Why?
#
#    *Hint.* y_{t-1} is now read three times. For dH, ask which number H is multiplied with in step
#    t.
#
# 3. *A unit of your own.* Many spiking programs reset by subtraction: a spike takes one threshold
#    away and leaves the rest. With g = identity,
#
#        z_t = W x_t + decay s_{t-1} + b y_{t-1},    s_t = z_t,    v_t = s_t + b,    y_t = step(v_t)
#
#    Who reads y_t now? And who reads b? Write its backward pass, with psi = tanh. The package
#    grades it on the frozen program, with more steps and random numbers:
#
#        from snu_ref.gradcheck import check_gradient, frozen_step
#
#        def run(a, h):
#            s, y, vs, ys = 0.0, 0.0, [], []
#            for x_t, h_t in zip(a["x"], h):
#                s = a["W"] * x_t + a["decay"] * s + a["b"] * y
#                v = s + a["b"]
#                y = h_t(v)
#                vs.append(v)
#                ys.append(y)
#            return np.array(vs), np.array(ys)
#
#        def spiking(a):
#            return run(a, [step] * len(a["x"]))[1]
#
#        def frozen_program(a):
#            h = [frozen_step(np.tanh, v) for v in run(a, [step] * len(a["x"]))[0]]
#            return lambda a: run(a, h)[1]
#
#        def my_backward(a, G):                          # G is dy, one number a step
#            vs, ys = run(a, [step] * len(a["x"]))
#            YOUR LOOP
#            return {"W": dW, "b": db, "decay": ddecay, "x": dx}
#
#        rng = np.random.default_rng(0)
#        a = {"W": np.array(1.0), "b": np.array(-1.0), "decay": np.array(0.8),
#             "x": rng.uniform(0, 1, 12)}
#        rows = check_gradient(spiking, my_backward, a, rng=rng, frozen=frozen_program,
#                              spike_rate=spiking(a).mean())
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)
#
#    If only b is WRONG, read the second question again.

# %% [markdown]
# ## Expected output
#
# These are the last lines; they are the same with `--quick`.
#
#     spikes                               0 1 0
#     dW by hand, through the reset        2.05376
#     dW by hand, reset detached           1.20000
#     dW by the package, through           2.05376
#     dW by the package, detached          1.20000
#     dW by differences, spiking           0.00000
#     dW by differences, frozen            2.05376
#     dW with the authors' tanh            2.62367
#     updates of W, through and detached   2 3
#     sSNU, dW by hand                     0.15089
#     sSNU, dW by differences              0.15089
#     sSNU, dW by hand, detached           0.10608
