# %% [markdown]
# # 3. From step to sigmoid: the soft unit and its graded gate
#
# **What you will see.** The output of the SNU is 0 or 1. The output of its soft relative, the sSNU,
# is any number in between. Only the function h changes, with three effects: the reset becomes a
# gate that is never fully open or shut, the unit settles instead of spiking, and the loss gets a
# slope. You will turn a knob from the sSNU back to the SNU and watch all three disappear.
#
# **What it needs.** Tutorial 1 (the unit) and tutorial 2 (its gradient).
#
# **Time.** 2 s of processor time (`--quick`: 2 s), half an hour to read.
#
#     .venv/bin/python tutorials/03_from_step_to_sigmoid.py       (Windows: .venv\Scripts\python)
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

# %% [markdown]
# ## One function changes
#
# The paper's unit, once more:
#
#     s_t = g( W x_t + decay s_{t-1} (1 - y_{t-1}) )                                      Eq. 1
#     y_t = h( s_t + b )                                                                  Eq. 2
#
# With h = step it is the SNU: y is 1 above the threshold, else 0. With
#
#     h(v) = sigmoid(v) = 1 / (1 + exp(-v))
#
# it is the sSNU, s for soft. Nothing else differs: same W, decay, b, same gate. As a loop:


# %%
def step(v):
    return 1.0 if v > 0 else 0.0


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


decay = 0.8


def run(x, h, W=1.0, b=-1.0):
    """Eq. 1 and 2 for one unit, with g = relu: states and outputs, (T,) each."""
    s, y, states, outputs = 0.0, 0.0, [], []
    for x_t in x:
        s = max(W * x_t + decay * s * (1 - y), 0.0)
        y = h(s + b)
        states.append(s)
        outputs.append(y)
    return np.array(states), np.array(outputs)


# %% [markdown]
# ## The knob
#
# How far is a sigmoid from a step? Make it steeper: sigmoid(k v), with a *sharpness* k. At v > 0 it
# misses 1 by 1/(1 + exp(k v)), which is less than exp(-k v). So at every v other than 0 it
# approaches the step as k grows. (At 0 it stays at 1/2, where the step is 0.)
#
# The sSNU already has this knob. Multiply W and b by k, and leave decay alone. Then all states are
# k times as large, because relu(k z) = k relu(z) and the gate depends on y alone. So
#
#     y_t = sigmoid( k s_t + k b ) = sigmoid( k (s_t + b) )
#
# *A sharp unit is an sSNU with large weights.* If sharpness helps, training will find it.

# %%
v = np.linspace(-2, 2, 401)
for k in (1, 4, 16):
    miss = np.abs(sigmoid(k * v) - (v > 0))[v != 0]
    claim((miss < np.exp(-k * np.abs(v[v != 0])) + 1e-15).all())   # 1e-15: rounding


def soft_unit(k, h="sigmoid", W=1.0, b=-1.0):
    """The package's unit with W and b times k."""
    unit = SNU(1, 1, rng=np.random.default_rng(0), h=h, decay=decay)
    unit.params["W"][:] = k * W
    unit.params["b"][:] = k * b
    return unit


x = np.random.default_rng(3).uniform(0, 1, 50)
for k in (1, 4, 16):
    s, y = run(x, lambda v: sigmoid(k * v))                   # a steeper sigmoid
    y_k, cache = soft_unit(k).forward(x[:, None, None])       # or larger weights: (50, 1, 1)
    claim(np.abs(y_k[:, 0, 0] - y).max() < 1e-14 * k)
    claim(np.abs(cache.s[:, 0, 0] - k * s).max() < 1e-13 * k)
_, spikes = run(x, step)
y_sharp, _ = soft_unit(1e4).forward(x[:, None, None])
claim(spikes.sum() > 5 and np.abs(y_sharp[:, 0, 0] - spikes).max() < 1e-6)   # the SNU is the limit

SHADES = {1: style.COLOUR["sSNU"], 4: style.OKABE_ITO["sky blue"], 16: style.OKABE_ITO["orange"]}
with style.house():
    figure, axes = style.figure()
    for k, colour in SHADES.items():
        label = "k = 1, the sSNU" if k == 1 else f"k = {k}"
        axes.plot(v, sigmoid(k * v), color=colour, label=label)
    axes.plot([-2, 0], [0, 0], [0, 2], [1, 1], color=style.COLOUR["SNU"])
    axes.plot([], [], color=style.COLOUR["SNU"], label="step, the SNU")
    axes.plot(0, 0, "o", color=style.COLOUR["SNU"], zorder=4)
    axes.plot(0, 1, "o", color=style.COLOUR["SNU"], markerfacecolor="white", zorder=4)
    axes.set(xlabel="v = s + b (in thresholds)", xlim=(-2, 2), ylabel="output y",
             yticks=(0, 0.5, 1), title="Turn up the sharpness: the sigmoid becomes the step")
    axes.legend(loc="upper left")
    keep(figure, "03_sharpness.png")

# %% [markdown]
# ## What the gate keeps
#
# After each step the gate decides how much of s is kept for the next: decay s (1 - y). In the SNU
# that is a cliff: up to the threshold 80 % is kept, above it nothing.
#
# In the sSNU, y lies between 0 and 1, so the gate is *graded*. Even at rest (s = 0, b = -1), y is
# sigmoid(-1) = 0.27, and the gate removes 27 % of what the leak leaves. The larger s is, the
# smaller is the part that is kept. So the amount kept first rises with s and then falls. Where is
# its maximum? Set the derivative of s (1 - y) to 0. With y' = y (1 - y):
#
#     (1 - y) - s y (1 - y) = 0      so  s y = 1      so  s = 1/y = 1 + exp(-(s - 1))
#
# Let u = s - 1: then u = exp(-u). Start with any number and apply exp(-u) again and again: you
# arrive at u = 0.5671. So the maximum is at s = 1.5671, and the amount kept there is 0.8 * 1.5671 *
# (1 - 1/1.5671) = 0.8 * 0.5671 = 0.4537. However strong the input of this sSNU is, it keeps less
# than half a threshold for the next step.

# %%
u = 1.0
for _ in range(100):
    u = np.exp(-u)
s = np.linspace(0, 4, 4001)
kept = {k: decay * s * (1 - sigmoid(k * (s - 1))) for k in SHADES}
kept_step = np.where(s > 1, 0, decay * s)

s_top = s[kept[1].argmax()]

claim(abs(sigmoid(-1.0) - 0.27) < 0.002 and abs(u - 0.5671) < 5e-5)
claim(abs(kept[1].max() - decay * u) < 1e-6 and abs(s_top - (1 + u)) < 1e-3)
claim(abs(decay * u - 0.4537) < 5e-5 and abs(kept_step.max() - decay) < 1e-3)

with style.house():
    figure, axes = style.figure(height=4.0)
    for k, colour in SHADES.items():
        axes.plot(s, kept[k], color=colour, label="sSNU" if k == 1 else f"k = {k}")
    axes.plot([0, 1], [0, decay], [1, 4], [0, 0], color=style.COLOUR["SNU"])
    axes.plot([], [], color=style.COLOUR["SNU"], label="SNU")
    axes.axvline(1, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2)
    axes.text(1.03, 0.81, "threshold", color=style.GREY, fontsize=12)
    axes.plot(1 + u, decay * u, "o", color=SHADES[1], zorder=4)
    axes.text(1.65, decay * u + 0.03, "top at (1.567, 0.454)", color=SHADES[1], fontsize=12)
    axes.set(xlabel="state s (in thresholds)", xlim=(0, 4), ylim=(-0.02, 0.88),
             ylabel="carried on to the next step", title="The reset: a cliff, and a graded gate")
    axes.legend(loc="upper right")
    keep(figure, "03_gate.png")

# %% [markdown]
# ## It settles instead of spiking
#
# Give both units the same constant input, x = 0.6. The SNU does what it did in tutorial 1: climb,
# spike, reset. The sSNU climbs and stays. It has found a state that reproduces itself:
#
#     s = x + decay s (1 - y):      s = 1, y = 0.5 gives   0.6 + 0.8 * 1 * 0.5 = 1
#
# Will it stay there? Raise s a little, by e. The next s then changes by e times the slope of the
# right side. That slope is decay times the derivative that we have just taken. With a sharpness k,
# y' is k y (1 - y), so
#
#     slope = decay (1 - y - k s y (1 - y)) = 0.8 (0.5 - 0.25 k) = 0.4 - 0.2 k
#
# The disturbance shrinks if the slope lies between -1 and 1, that is for k < 7. For k > 7 each step
# overshoots by more than the one before, and the unit begins to oscillate. A large s closes the
# gate, so the next s is small; a small s opens the gate, so the next s is large. This oscillation
# *is* the spike and the reset: a smooth unit spikes when its gate is too steep to settle.

# %%
steps = 60 if args.quick else 400
x = np.full(steps, 0.6)
runs = {k: run(x, lambda v: sigmoid(k * v)) for k in (1, 6, 8)}
runs["step"] = run(x, step)


def next_state(s, k):
    return 0.6 + decay * s * (1 - sigmoid(k * (s - 1)))


for k in (1, 6, 8):
    claim(abs((next_state(1 + 1e-6, k) - next_state(1 - 1e-6, k)) / 2e-6 - (0.4 - 0.2 * k)) < 1e-8)
for k, far in ((1, 1e-12), (6, 1e-3 if args.quick else 1e-12)):
    claim(abs(runs[k][0][-1] - 1) < far)                                              # settled
beat = runs[8][1]
claim(abs(beat[-1] - beat[-2]) > 0.4 and abs(beat[-1] - beat[-3]) < 1e-3)        # oscillates
claim(runs["step"][1][:6].tolist() == [0, 1, 0, 1, 0, 1])                      # so does the SNU

with style.house():
    figure, axes = style.figure(4, 1, height=6.6, sharex=True, sharey=True)
    notes = ("sSNU, k = 1: settles at once", "k = 6: rings, then settles", "k = 8: oscillates",
             "SNU: a spike in every second step")
    for ax, (k, (s, y)), note in zip(axes, runs.items(), notes):
        t = np.arange(1, 25)
        ax.axhline(1, color=style.COLOUR["threshold"], linestyle="--", linewidth=1.2)
        ax.plot(t, s[:24], ".-", color=style.COLOUR["s"], linewidth=1.6, label="state s")
        ax.vlines(t, 0, y[:24], color=style.COLOUR["y"], linewidth=3, label="output y")
        ax.set(ylim=(0, 1.35), yticks=(0, 1), xlim=(0, 25))
        ax.set_title(note)
    axes[0].legend(loc="lower right", ncols=2, bbox_to_anchor=(1.0, 0.95))
    axes[3].set(xlabel="time step")
    figure.supylabel("state s (in thresholds), output y")
    keep(figure, "03_settles.png")

# %% [markdown]
# ## A rate and a value
#
# Under constant input, an SNU reports the strength of the input by its *rate*: one spike every n
# steps. An sSNU reports it by the *value* at which it settles. There are two differences:
#
# - The SNU is silent unless the input can lift the state above the threshold: x/(1 - 0.8) > 1, so x
#   must exceed 0.2. The sSNU is never silent: without input its output is sigmoid(b) = 0.27.
# - The SNU's rates under constant input are 0, 1/n, ..., 1/3, 1/2, 1: a staircase. The sSNU's
#   output rises smoothly.

# %%
inputs = np.linspace(0, 1.6, 81)                          # 81 constant inputs: the batch
x = np.tile(inputs[:, None], (500, 1, 1))                 # (T, B, 1)
rate = {h: soft_unit(1, h).forward(x)[0][-420:, :, 0].mean(axis=0)   # (B,)
        for h in ("step", "sigmoid")}                     # 420 steps: a multiple of 1, 2, ..., 7

claim((rate["step"][inputs < 0.2] == 0).all() and (rate["step"][inputs > 0.21] > 0).all())
n = 1 / rate["step"][inputs > 0.255]                      # n is 7 and less there
claim(np.abs(n - np.rint(n)).max() < 1e-9 and n.max() < 7.5)
claim(abs(rate["sigmoid"][0] - sigmoid(-1)) < 1e-12)      # never silent
rises = np.diff(rate["sigmoid"])
claim(rises.min() > 0 and rises.max() < 0.02 and np.diff(rate["step"]).max() > 0.3)

with style.house():
    figure, axes = style.figure()
    axes.plot(inputs, rate["step"], drawstyle="steps-mid", color=style.COLOUR["SNU"],
              label="SNU: spikes per step")
    axes.plot(inputs, rate["sigmoid"], color=style.COLOUR["sSNU"], label="sSNU: output y")
    for n in (2, 3, 4):
        axes.axhline(1 / n, color=style.GREY, linewidth=0.8, linestyle=":")
        axes.text(1.59, 1 / n + 0.01, f"1/{n}", color=style.GREY, fontsize=11, ha="right")
    axes.set(xlabel="constant input x (W = 1)", ylabel="mean output", xlim=(0, 1.6),
             ylim=(-0.02, 1.05), title="The SNU reports a rate, the sSNU a value")
    axes.legend(loc="upper left")
    keep(figure, "03_rate_and_number.png")

# %% [markdown]
# ## How long it remembers
#
# One pulse at step 1, then silence. In the SNU, a pulse that stays below the threshold fades by the
# factor decay = 0.8 a step. In the sSNU the gate removes a part too, even at rest: near s = 0 the
# factor is
#
#     decay (1 - sigmoid(b)) = 0.8 * (1 - 0.27) = 0.58           for b = -1
#
# So b is more than a threshold in the sSNU: it also sets how long the unit remembers. At b = -4 the
# gate at rest is 98 % open, and the factor is 0.79, almost the SNU's. b is trained, so each unit
# can learn how long to remember.

# %%
x = np.array([0.9] + [0.0] * 24)
fading = {"SNU": run(x, step)[0]}
for b in (-1.0, -4.0):
    fading[b] = run(x, sigmoid, b=b)[0]
    late = fading[b][-1] / fading[b][-2]
    claim(abs(late - decay * (1 - sigmoid(b))) < 1e-3)
claim(np.allclose(fading["SNU"], 0.9 * decay ** np.arange(25), rtol=1e-12))
factor = {b: decay * (1 - sigmoid(b)) for b in (-1.0, -4.0)}
claim(abs(factor[-1.0] - 0.58) < 0.006 and abs(factor[-4.0] - 0.79) < 0.006)

with style.house():
    figure, axes = style.figure()
    t = np.arange(1, 26)
    for name, colour, label in (("SNU", style.COLOUR["SNU"], "SNU: 0.80 per step"),
                                (-4.0, SHADES[4], "sSNU, b = $-$4: 0.79"),
                                (-1.0, SHADES[1], "sSNU, b = $-$1: 0.58")):
        axes.semilogy(t, fading[name], "o-", color=colour, markersize=4, label=label)
    axes.set(xlabel="time step", ylabel="state s (in thresholds)", ylim=(1e-4, 1.5), xlim=(0, 25.5),
             title="After one pulse: the graded gate forgets faster")
    axes.legend(loc="lower left")
    keep(figure, "03_memory.png")

# %% [markdown]
# ## The loss gets a slope
#
# Why does all this matter? Take the three steps of tutorial 2, with x = 1.0, 1.6, 1.2 and the
# targets 0, 0, 1:
#
#     L = 1/2 sum_t (y_t - y*_t)^2
#
# Plot L against W. For the SNU it is the staircase of tutorial 2: flat, with no slope to follow.
# For the sSNU it is a shallow, smooth valley. Its slope is a true derivative: central differences
# agree with the package's backward pass. As k grows, you see the staircase form: flat stretches
# where the slope vanishes, and edges between them that get ever steeper. At W = 0.1 the slope of
# the sSNU is -0.14: a larger weight would lower the loss. At k = 16 the slope is almost 0
# (-0.0008), and in the SNU it is 0.

# %%
x, target = np.array([1.0, 1.6, 1.2]), np.array([0.0, 0.0, 1.0])


def loss(W, h):
    return 0.5 * ((run(x, h, W=W)[1] - target) ** 2).sum()


def slope(W, k):
    """dL/dW from the package's unit: its weight is k W, so dL/dW is k times its gradient."""
    unit = soft_unit(k, W=W)
    y, cache = unit.forward(x[:, None, None])
    _, grads, _ = unit.backward(y - target[:, None, None], cache)
    return k * grads["W"].item()


Ws = np.linspace(0.1, 1.0, 91 if args.quick else 901)
curves = {k: [loss(W, lambda v: sigmoid(k * v)) for W in Ws] for k in SHADES}
staircase = [loss(W, step) for W in Ws]
slopes = {k: np.array([slope(W, k) for W in Ws]) for k in SHADES}

e = 1e-6
for k in SHADES:
    for W in (0.3, 0.5, 0.8):
        ends = [loss(a, lambda v: sigmoid(k * v)) for a in (W - e, W + e)]
        measured = (ends[1] - ends[0]) / (2 * e)
        claim(abs(measured - slope(W, k)) < 1e-7)                     # a true derivative
claim(len(set(staircase)) <= 4)                                      # a few plateaus
steepest = {k: np.abs(slopes[k]).max() for k in SHADES}
claim(steepest[4] > 3 * steepest[1] and steepest[16] > 3 * steepest[4])
claim(abs(slope(0.1, 1) + 0.14) < 0.005 and abs(slope(0.1, 16)) < 0.001)

with style.house():
    figure, axes = style.figure(height=4.2)
    for k, colour in SHADES.items():
        axes.plot(Ws, curves[k], color=colour, label="sSNU" if k == 1 else f"k = {k}")
    axes.plot(Ws, staircase, color=style.COLOUR["SNU"], drawstyle="steps-mid", label="SNU",
              linewidth=1.8)
    axes.set(xlabel="weight W", ylabel="loss L", ylim=(-0.04, 1.4), xlim=(0.1, 1.0),
             title="Soft units have a slope to follow; sharp ones lose it")
    axes.legend(loc="upper left", ncols=2)
    keep(figure, "03_loss.png")

# %% [markdown]
# So why not always use soft units? Because a spike is a single bit, and most steps have no spike.
# The next tutorial trains the staircase itself, with a trick that the figure suggests: *run* the
# sharp unit, but take the *slope* of a soft one. The slope used there, 1 - tanh(v)^2, is twice the
# slope of our sigmoid at k = 2, because (1 + tanh v)/2 = sigmoid(2 v).

# %%
v = np.linspace(-3, 3, 61)
y = sigmoid(2 * v)
claim(np.allclose(1 - np.tanh(v) ** 2, 2 * (2 * y * (1 - y)), rtol=1e-12))   # slope: k y (1 - y)

# %%
print(f"output at rest, sigmoid(-1)          {sigmoid(-1.0):.4f}")
print(f"largest amount kept, SNU             {decay:.4f}")
print(f"largest amount kept, sSNU            {kept[1].max():.4f} at s = {s_top:.3f}")
print(f"x = 0.6: the SNU's spikes in 24      {runs['step'][1][:24].sum():.0f}")
print(f"x = 0.6: the sSNU settles at         s = {runs[1][0][-1]:.4f}, y = {runs[1][1][-1]:.4f}")
print(f"k = 8 oscillates between             y = {min(beat[-2:]):.3f} and {max(beat[-2:]):.3f}")
print(f"kept per step, b = -1 and b = -4     {factor[-1.0]:.4f} and {factor[-4.0]:.4f}")
print(f"slope at W = 0.1, k = 1 and k = 16   {slope(0.1, 1):.4f} and {slope(0.1, 16):.4f}")

# %% [markdown]
# ## Exercises
#
# 1. *Where does it come to rest?* Which constant input makes the sSNU (decay 0.8, b = -1, W = 1)
#    settle at s = 2? Find it with pencil and paper, then check:
#
#        s, y = run([YOUR_X] * 200, sigmoid)
#        assert abs(s[-1] - 2) < 1e-9
#
#    Someone claims that x = 1.57 has a second resting point. Why is there only one, for every x?
#    (Look at the figure of the gate: how steep does the curve of the sSNU get?)
#
#    *Hint.* At rest s_t = s_{t-1} = 2, and y is sigmoid(2 - 1). Solve Eq. 1 for x.
#
# 2. *A longer memory.* Find decay and b of an sSNU whose output at rest is 0.01 and which keeps 95
#    % of a small state in each step. Check:
#
#        decay = YOUR_DECAY
#        s, y = run([1e-3] + [0.0] * 99, sigmoid, b=YOUR_B)
#        assert abs(s[-1] / s[-2] - 0.95) < 1e-5 and abs(y[-1] - 0.01) < 1e-5
#
#    (Afterwards set decay back to 0.8.) Could b = -1 do it with another decay? Why does the package
#    refuse that decay?
#
#    *Hint.* Near rest y is sigmoid(b), and the part that is kept is decay (1 - y).
#
# 3. *Let the unit learn its own sharpness.* Make k a parameter, y_t = sigmoid( k (s_t + b) ), and
#    ask "who reads you?" for each quantity, as in tutorial 2. With g = identity:
#
#        from snu_ref.gradcheck import check_gradient
#
#        def forward(a):
#            s, y, trace = 0.0, 0.0, []
#            for x_t in a["x"]:
#                s = a["W"] * x_t + 0.8 * s * (1 - y)
#                y = 1 / (1 + np.exp(-a["k"] * (s + a["b"])))
#                trace.append(y)
#            return np.array(trace)
#
#        def backward(a, G):                                  # G is dy, one number a step
#            YOUR LOOP
#            return {"W": dW, "b": db, "k": dk, "x": dx}
#
#        rng = np.random.default_rng(0)
#        a = {"W": np.array(1.0), "b": np.array(-1.0), "k": np.array(3.0),
#             "x": rng.uniform(0, 1, 12)}
#        rows = check_gradient(forward, backward, a, rng=rng)
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)
#
#    Then print k dk beside W dW + b db. Why are they equal? ("The knob" has the answer.)

# %% [markdown]
# ## Expected output
#
# These are the last lines; they are the same with `--quick`.
#
#     output at rest, sigmoid(-1)          0.2689
#     largest amount kept, SNU             0.8000
#     largest amount kept, sSNU            0.4537 at s = 1.567
#     x = 0.6: the SNU's spikes in 24      12
#     x = 0.6: the sSNU settles at         s = 1.0000, y = 0.5000
#     k = 8 oscillates between             y = 0.220 and 0.732
#     kept per step, b = -1 and b = -4     0.5848 and 0.7856
#     slope at W = 0.1, k = 1 and k = 16   -0.1357 and -0.0008
