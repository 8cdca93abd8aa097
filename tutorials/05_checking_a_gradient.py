# %% [markdown]
# # 5. Checking a gradient
#
# **What you will see.** A backward pass is easy to get wrong, and a network often learns even with
# a wrong one. So it has to be checked. You will measure a derivative in two ways, and see how good
# each can be. You will freeze a spiking program, so that it can be measured too. Then you will
# plant seven bugs and see what each does to the numbers. The last section shows what a check must
# never be: unable to fail.
#
# **What it needs.** Tutorial 2 (the backward pass, the frozen program).
#
# **Time.** 4 s of processor time (`--quick`: 2 s), half an hour to read.
#
#     .venv/bin/python tutorials/05_checking_a_gradient.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref.figures import style
from snu_ref.gradcheck import BOUNDS, check_gradient

# %% [markdown]
# ## The program under test
#
# One unit, Eq. 1 and 2, with g = identity to keep it short:
#
#     s_t = W x_t + decay s_{t-1} (1 - y_{t-1}),      y_t = h( s_t + b )
#
# All its inputs, parameters and data, are in one dict `a`. h is a list with one function for each
# step, so that the unit can be soft (sigmoid), spiking (step), or frozen. The backward pass is that
# of tutorial 2. Its last argument plants a bug; `None` is right. Read it first without the places
# that mention `bug`, then look at the seven ways to spoil it.


# %%
T = 15


def run(a, h):
    """v and y of all steps, for a list h of functions: (T,) each."""
    s = y = 0.0
    vs, ys = [], []
    for x_t, h_t in zip(a["x"], h):
        s = a["W"] * x_t + a["decay"] * s * (1 - y)
        v = s + a["b"]
        y = h_t(v)
        vs.append(v)
        ys.append(y)
    return np.array(vs), np.array(ys)


def backward(a, G, h, slope, bug=None):
    """The gradients of L = sum_t G_t y_t by name; slope(v) is h', or psi' for the step."""
    v, y = run(a, h)
    s = v - a["b"]
    W = b = decay = dz = 0.0                             # W, b, decay are sums; dz is of step t + 1
    x = np.zeros(T)
    for t in reversed(range(T)):
        gate = 1 - y[t]
        if bug == "gate of the step before" and t > 0:
            gate = 1 - y[t - 1]
        dY = G[t] - a["decay"] * s[t] * dz
        if bug == "no gradient through the reset":
            dY = G[t]
        dv = slope(s[t] if bug == "slope at s, not at v" else v[t]) * dY
        later = dz
        dz = dv + a["decay"] * gate * dz
        if bug == "last step left out" and t == T - 1:
            dv = dz = 0.0
        W += (a["x"][t - 1] if bug == "x of the step before" else a["x"][t]) * dz
        b += dz if bug == "b reads z, not v" else dv
        x[t] = a["W"] * dz
        if bug != "decay forgets the gate" and t < T - 1:
            decay += s[t] * gate * later
        elif t < T - 1:
            decay += s[t] * later
    return {"W": np.array(W), "b": np.array(b), "decay": np.array(decay), "x": x}


BUGS = ("no gradient through the reset", "gate of the step before", "slope at s, not at v",
        "b reads z, not v", "decay forgets the gate", "x of the step before", "last step left out")


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def sigmoid_slope(v):
    return sigmoid(v) * (1 - sigmoid(v))


def problem(rng):
    """Random inputs and a random G."""
    a = {"W": np.array(1.2), "b": np.array(-0.7), "decay": np.array(0.8)}
    return {**a, "x": rng.uniform(-0.5, 1, T)}, rng.normal(size=T)


# %% [markdown]
# ## Differences: the V
#
# The plainest measurement of a slope: move W up and down by a step e, run the program, compare.
#
#     dW  is about  ( L(W + e) - L(W - e) ) / 2e                                            (a)
#
# How small should e be? Two errors pull in opposite directions.
#
# - The curve bends. By Taylor's theorem, (a) has an error of about e^2 L'''/6: e should be small.
# - The computer rounds. L is known to about 1e-16 of its size, and (a) divides this by e. The error
#   is about 1e-16/e. So e should be large.
#
# With logarithmic axes the first is a line of slope 2, the second of slope -1, and together they
# are a V. Its bottom is near e = 1e-5, at an error below 1e-10: ten of sixteen digits are right,
# and no other e gives more. In float32, rounding is 1e-7, and the bottom of the V is above 1e-6,
# four orders of magnitude higher. So check in float64, even if you train in float32.
#
# ## The complex step
#
# Now move W by a small *imaginary* number i e. By Taylor again,
#
#     L(W + i e) = L(W) + i e L'(W) - e^2 L''(W)/2 - ...
#
#     dW = Im L(W + i e) / e                                                                (b)
#
# There is no difference of nearly equal numbers, so e may be absurdly small: with 1e-30 the curve
# does not bend. At most one digit of sixteen is lost. The method needs a program that accepts
# complex numbers and is smooth at this point.


# %%
def measure(e, a, G, h, kind):
    """dL/dW, measured with a step e."""
    def L(W):
        return (G * run({**a, "W": W}, h)[1]).sum()
    W = a["W"]
    if kind == "complex":
        return L(W + 1j * e).imag / e
    up, down = W + e, W - e                              # rounded, so divide by their difference
    return (L(up) - L(down)) / (up - down)


def typical_error(steps, kind, dtype=np.float64, tries=5 if args.quick else 25):
    """The error relative to the hand-derived dW: its median over random problems."""
    rng, errors = np.random.default_rng(0), []
    for _ in range(tries):
        a, G = problem(rng)
        hand = backward(a, G, [sigmoid] * T, sigmoid_slope)["W"]
        a, G = {name: p.astype(dtype) for name, p in a.items()}, G.astype(dtype)
        errors.append([measure(dtype(e), a, G, [sigmoid] * T, kind) / hand - 1 for e in steps])
    return np.median(np.abs(errors), axis=0)


steps = 10.0 ** -np.arange(0, 14, 0.25)
coarse = steps[steps > 3e-7]                             # smaller ones do not move a float32 at all
error = {"differences, float32": (coarse, typical_error(coarse, "central", np.float32)),
         "differences, float64": (steps, typical_error(steps, "central")),
         "complex step": (steps, typical_error(steps, "complex"))}


def log_slope(e, errors, low, high):
    inside = (e > low) & (e < high)
    return np.polyfit(np.log(e[inside]), np.log(errors[inside]), 1)[0]


central = error["differences, float64"][1]
bend, rounding = log_slope(steps, central, 5e-5, 0.2), log_slope(steps, central, 5e-14, 5e-7)
claim(abs(bend - 2) < 0.05 and abs(rounding + 1) < 0.15)
best = steps[central.argmin()]
claim(1e-6 < best < 1e-4 and 1e-12 < central.min() < 1e-10)
single, exact = error["differences, float32"][1], error["complex step"][1][-4:]
claim(single.min() > max(1e-6, 1e4 * central.min()) and exact.max() < 1e-15)
a, G = problem(np.random.default_rng(0))
hand = backward(a, G, [sigmoid] * T, sigmoid_slope)["W"]
claim(abs(measure(1e-30, a, G, [sigmoid] * T, "complex") / hand - 1) < 2e-15)

LINES = {"differences, float32": "orange", "differences, float64": "blue",
         "complex step": "bluish green"}
with style.house():
    figure, axes = style.figure(height=4.2)
    for name, (e, errors) in error.items():
        axes.loglog(e, errors, "o-", markersize=4, color=style.OKABE_ITO[LINES[name]], label=name)
    axes.text(4e-3, 1e-6, "bending, $e^2$", color=style.GREY, rotation=-38, ha="center", va="top")
    axes.text(2e-11, 4e-8, "rounding, $1/e$", color=style.GREY, rotation=22, ha="center")
    axes.set(xlabel="step e", ylabel="relative error of dW", ylim=(1e-17, 10), xlim=(2, 3e-14),
             title="A V for differences, a floor for the complex step")
    axes.legend(loc="lower left")
    keep(figure, "05_the_v.png")

# %% [markdown]
# ## A spiking program
#
# With h = step both methods answer 0: the loss is a staircase (tutorial 2). What can be checked is
# the *frozen program*. Run once; call the v of that run v0. Then replace the step by
#
#     v  ->  step(v0) + psi(v) - psi(v0)                        psi = tanh, the authors'
#
# At v = v0 it has the value of the step, so all spikes are where they were. Its slope is psi'(v).
# So the true derivative of the frozen program is the surrogate gradient of the spiking one, with
# the path through the reset. It can be measured like any other derivative.


# %%
def step(v):
    return (v.real > 0) * 1.0


def tanh_slope(v):
    return 1 - np.tanh(v) ** 2


def frozen(a):
    """The list h of the frozen program at the inputs a."""
    v0s, _ = run(a, [step] * T)
    return [lambda v, v0=v0: step(v0) + (np.tanh(v) - np.tanh(v0)) for v0 in v0s]


a, G = problem(np.random.default_rng(3))
spikes = run(a, [step] * T)[1]
claim(np.array_equal(run(a, frozen(a))[1], spikes) and 3 <= spikes.sum() <= 10)
hand = backward(a, G, [step] * T, tanh_slope)["W"]
raw = np.array([measure(e, a, G, [step] * T, "central") for e in steps])
cold = np.array([measure(e, a, G, frozen(a), "central") for e in steps])
cold_complex = np.array([measure(e, a, G, frozen(a), "complex") for e in steps])
small = steps < 1e-3
claim((raw[small] == 0).all())                                    # an error of 100 %
claim(np.abs(cold / hand - 1).min() < 1e-9)
claim(np.abs(cold_complex[steps < 1e-9] / hand - 1).max() < 1e-14)

with style.house():
    figure, axes = style.figure()
    for values, colour, label in ((raw, style.COLOUR["y"], "differences, spiking"),
                                  (cold, style.OKABE_ITO["blue"], "differences, frozen"),
                                  (cold_complex, style.OKABE_ITO["bluish green"],
                                   "complex step, frozen")):
        axes.loglog(steps, np.abs(values / hand - 1) + 1e-16, "o-", markersize=4, color=colour,
                    label=label)
    axes.text(1e-8, 0.2, "100 %: they say 0", color=style.COLOUR["y"], va="top", ha="center")
    axes.set(xlabel="step e", ylabel="relative error of dW", ylim=(1e-19, 1e2), xlim=(2, 3e-14),
             title="Frozen, a spiking program can be measured")
    axes.legend(loc="lower left")
    keep(figure, "05_frozen.png")

# %% [markdown]
# ## Seven bugs, and how to read an error
#
# Now spoil the backward pass, one bug at a time, and compare every gradient with the complex step
# of the frozen program. `check_gradient` does this for any forward and backward function, and also
# with differences.

# %%
rng = np.random.default_rng(1)
a, _ = problem(np.random.default_rng(3))


def check(bug):
    """One row of evidence for each of W, b, decay and x."""
    return check_gradient(
        forward=lambda a: run(a, [step] * T)[1],
        backward=lambda a, G: backward(a, G, [step] * T, tanh_slope, bug),
        inputs=a, rng=rng, spike_rate=spikes.mean(),
        frozen=lambda a: (lambda moved, h=frozen(a): run(moved, h)[1]))


print(f"{'bug':32}{'W':>10}{'b':>10}{'decay':>10}{'x':>10}")
wrong = {}
for bug in (None, *BUGS):
    rows = check(bug)
    print(f"{bug or 'none':32}" + "".join(f"{row.complex:10.0e}" for row in rows))
    wrong[bug] = "".join(row.parameter + " " for row in rows if row.verdict.startswith("WRONG"))
claim(not wrong[None] and all(wrong[bug] for bug in BUGS))         # all seven are found
claim(wrong["b reads z, not v"] == "b ")                          # and three are named
claim(wrong["decay forgets the gate"] == "decay ")
claim(wrong["x of the step before"] == "W ")
everywhere = [bug for bug in BUGS if wrong[bug] == "W b decay x "]
claim(len(everywhere) == 4)

# %% [markdown]
# Three bugs touch one tensor, and its name is the place to look: what reads b, what reads decay,
# what W multiplies. The other four make everything wrong. They are in the recurrence. To find the
# place, look at dx step by step, from the end, in the order of the backward pass:
#
# - dx_T depends on the loss and the slope of h, nothing else. If it is wrong, one of these two is
#   wrong, or the loop does not start where it should.
# - If dx_T is right and dx_{T-1} is wrong, look at what goes from step to step: gate or reset.
#
# In the figure, dark means right (rounding), bright means wrong.

# %%
by_step = {}
a, G = problem(np.random.default_rng(3))
h = frozen(a)
truth = np.zeros(T)
for t in range(T):
    moved = {**a, "x": a["x"].astype(complex)}
    moved["x"][t] += 1e-30j
    truth[t] = (G * run(moved, h)[1]).sum().imag / 1e-30
for bug in (None, *everywhere):
    mine = backward(a, G, [step] * T, tanh_slope, bug)["x"]
    by_step[bug] = np.abs(mine - truth) / np.abs(truth).max() + 1e-17
at_the_end = {bug: by_step[bug][-1] > 1e-3 for bug in everywhere}
claim(by_step[None].max() < 1e-14)
claim([bug for bug in everywhere if at_the_end[bug]] == ["slope at s, not at v",
                                                          "last step left out"])

with style.house():
    from matplotlib.colors import LogNorm
    figure, axes = style.figure(height=3.6)
    image = axes.imshow(list(by_step.values()), norm=LogNorm(1e-16, 1), aspect="auto",
                        extent=(0.5, T + 0.5, len(by_step) - 0.5, -0.5))
    names = ["no bug", *(bug.replace(" gradient through the reset", " path\nthrough the reset")
                         .replace("of the", "of\nthe").replace(", not", ",\nnot")
                         .replace("step left", "step\nleft") for bug in everywhere)]
    axes.set(yticks=range(len(names)), yticklabels=names, xticks=(1, 5, 10, 15),
             xlabel="time step t (the backward pass starts at 15)")
    for edge in range(1, len(names)):
        axes.axhline(edge - 0.5, color="white", linewidth=3)
    figure.colorbar(image, label="relative error of $dx_t$", ticks=(1e-16, 1e-8, 1))
    figure.suptitle("Read an error from the end", x=0.02, ha="left")
    keep(figure, "05_fingerprints.png")

# %% [markdown]
# ## Wrong, and it trains
#
# "The loss goes down, so the gradient must be right." Try it. A soft unit has to say in each step
# how large the input was *one step before*; a single unit can do so only in part. It learns from
# twenty random sequences, by plain descent, with the right gradient or a spoilt one.
#
# With six of the seven bugs the loss falls as it should, and ends within two percent of the loss
# with the right gradient. Nobody would notice. A wrong gradient often points roughly downhill, so
# the loss falls. But it does not lead to the minimum: all six end above the loss that the right
# gradient reaches.


# %%
def descend(bug, updates):
    """The loss before each update."""
    rng = np.random.default_rng(0)
    h = [sigmoid] * T
    a = {"W": np.array(0.5), "b": np.array(0.0), "decay": np.array(0.3)}
    sequences = [rng.uniform(-0.5, 1, T) for _ in range(20)]
    losses = []
    for _ in range(updates):
        losses.append(0.0)
        total = dict.fromkeys(a, 0.0)
        for x in sequences:
            wanted = sigmoid(4 * np.concatenate([[0.0], x[:-1]]) - 1)
            dy = (run({**a, "x": x}, h)[1] - wanted) / (20 * T)
            losses[-1] += 0.5 * 20 * T * (dy ** 2).sum()
            grads = backward({**a, "x": x}, dy, h, sigmoid_slope, bug)
            total = {name: total[name] + grads[name] for name in a}
        a = {name: a[name] - 5.0 * total[name] for name in a}
    return np.array(losses)


updates = 80 if args.quick else 120
curves = {bug: descend(bug, updates) for bug in (None, *BUGS)}
ends = {bug: curve[-1] / curves[None].min() - 1 for bug, curve in curves.items()}
hidden = [bug for bug in BUGS if ends[bug] < 0.02]
claim(len(hidden) == 6 and "x of the step before" not in hidden)
claim(all(0 < ends[bug] for bug in hidden) and ends[None] < 1e-6)

with style.house():
    figure, axes = style.figure()
    for bug in BUGS:
        colour = style.OKABE_ITO["orange" if bug in hidden else "vermillion"]
        axes.plot(range(updates), curves[bug], color=colour, linewidth=1.4,
                  label={BUGS[0]: "six bugs", "x of the step before": "the seventh"}.get(bug))
    axes.plot(range(updates), curves[None], "--", color=style.COLOUR["true"], label="no bug")
    axes.set(xlabel="updates", xlim=(0, updates), ylabel="loss", ylim=(0.04, 0.06),
             yticks=(0.04, 0.045, 0.05, 0.055, 0.06),
             title="Six wrong gradients that would pass for right")
    axes.legend(loc="upper right")
    keep(figure, "05_wrong_and_it_trains.png")

# %% [markdown]
# ## A check must be able to fail
#
# A check can pass for three wrong reasons. Here is what prevents each:
#
# - *A silent unit.* With b = -50 nothing spikes and every gradient is 0. Any backward pass agrees
#   with that, even one that returns zeros. `check_gradient` calls this "dead", and a failure.
# - *A loose bound.* Say the slope is wrong by one part in 10,000. A comparison "to one percent"
#   lets it pass. The bound of the complex step is 1e-12, and the error of right gradients is a
#   hundred times smaller, so there is no need for a loose bound.
# - *A copy.* Two derivations by the same person can share a mistake. So measure the program itself.

# %%
silent = {**a, "b": np.array(-50.0)}
zeros = {name: np.zeros_like(p) for name, p in a.items()}
dead = check_gradient(lambda a: run(a, [step] * T)[1], lambda a, G: zeros, silent, rng=rng,
                      spike_rate=0.0)
claim(all(row.verdict.startswith("dead") and row.failed for row in dead))

h = [sigmoid] * T
right, off = (check_gradient(lambda a: run(a, h)[1],
                             lambda a, G: backward(a, G, h, lambda v: factor * sigmoid_slope(v)),
                             a, rng=rng)[0] for factor in (1, 1.0001))
claim(1e-5 < off.complex < 1e-2 and off.failed)                   # a bound of 1 % would pass it
claim(right.complex < BOUNDS["complex"] / 100 and not right.failed)

# %%
print(f"slopes of the V                      {bend:.1f} and {rounding:.0f}")
print(f"digits at the bottom, float64        {int(-np.log10(central.min()))}")
print(f"digits at the bottom, float32        {'below 6' if single.min() > 1e-6 else 'more'}")
print(f"digits of the complex step           {int(-np.log10(exact.max()))}")
print(f"bugs planted and found               {len(BUGS)} and {sum(map(bool, wrong.values()))}")
print(f"of these, wrong in one tensor only   {len(BUGS) - len(everywhere)}")
print(f"wrong at the last step already       {sum(at_the_end.values())}")
print(f"bugs that training hides             {len(hidden)}")
print(f"a silent unit is                     {dead[0].verdict}")
print(f"slope off by 1e-4                    {off.verdict.split(':')[0]}")

# %% [markdown]
# ## Exercises
#
# 1. *Half a difference.* Many programs measure with one extra run only, ( L(W + e) - L(W) ) / e.
#    Its leading error is e L''/2. Where is the bottom of *its* V, and how deep? Write down both
#    powers of ten, then check:
#
#        def L(W):
#            return (G * run({**a, "W": W}, [sigmoid] * T)[1]).sum()
#
#        hand = backward(a, G, [sigmoid] * T, sigmoid_slope)["W"]
#        W = a["W"]
#        errors = np.abs([(L(W + e) - L(W)) / ((W + e) - W) / hand - 1 for e in steps])
#        assert 0.03 < steps[errors.argmin()] / YOUR_STEP < 30
#        assert 0.003 < errors.min() / YOUR_ERROR < 300
#
#    *Hint.* The error of the method is about e/2, that of rounding about 1e-16/e. Where are they
#    equal?
#
# 2. *A friend's code.* This unit feeds its output back, y_t = tanh( W x_t + H y_{t-1} ). The
#    backward pass has two bugs. Find them from the errors, without deriving anything first:
#
#        def forward(a):
#            y, ys = 0.0, []
#            for x_t in a["x"]:
#                y = np.tanh(a["W"] * x_t + a["H"] * y)
#                ys.append(y)
#            return np.array(ys)
#
#        def friends_backward(a, G):
#            y = forward(a)
#            W = H = dz = 0.0
#            x = np.zeros(T)
#            for t in reversed(range(T)):
#                dz = (1 - y[t] ** 2) * G[t] + a["H"] * dz
#                W += a["x"][t] * dz
#                H += y[t] * dz
#                x[t] = a["W"] * dz
#            return {"W": np.array(W), "H": np.array(H), "x": x}
#
#        b = {"W": np.array(0.8), "H": np.array(0.6), "x": rng.normal(size=T)}
#        rows = check_gradient(forward, friends_backward, b, rng=rng)
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)
#
#    After the first repair, one tensor is still wrong. Which one, and what reads it?
#
#    *Hint.* If all of x is wrong by a smooth amount, look at dz. If H alone is wrong, look at the
#    factor of H in the forward pass.
#
# 3. *A threshold that tires.* After each spike the threshold rises by beta and recovers by the
#    factor rho a step:
#
#        c_t = rho c_{t-1} + y_{t-1},      v_t = s_t + b - beta c_t,      y_t = step(v_t)
#
#    with s_t as above and c_0 = 0. Ask "who reads you?" for c and y, write the backward pass, and
#    have it graded on the frozen program:
#
#        def tired(a, h):
#            s = y = c = 0.0
#            vs, ys = [], []
#            for x_t, h_t in zip(a["x"], h):
#                s = a["W"] * x_t + a["decay"] * s * (1 - y)
#                c = a["rho"] * c + y
#                v = s + a["b"] - a["beta"] * c
#                y = h_t(v)
#                vs.append(v)
#                ys.append(y)
#            return np.array(vs), np.array(ys)
#
#        def frozen_tired(a):
#            h = [lambda v, v0=v0: step(v0) + (np.tanh(v) - np.tanh(v0))
#                 for v0 in tired(a, [step] * T)[0]]
#            return lambda a: tired(a, h)[1]
#
#        def my_backward(a, G):
#            YOUR LOOP
#            return {"W": dW, "b": db, "decay": ddecay, "beta": dbeta, "rho": drho, "x": dx}
#
#        a = {"W": np.array(2.0), "b": np.array(-0.6), "decay": np.array(0.8),
#             "beta": np.array(0.4), "rho": np.array(0.7), "x": rng.uniform(-0.2, 1, T)}
#        y = tired(a, [step] * T)[1]
#        rows = check_gradient(lambda a: tired(a, [step] * T)[1], my_backward, a, rng=rng,
#                              frozen=frozen_tired, spike_rate=y.mean())
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)

# %% [markdown]
# ## Expected output
#
# These are the last lines; they are the same with `--quick`.
#
#     slopes of the V                      2.0 and -1
#     digits at the bottom, float64        10
#     digits at the bottom, float32        below 6
#     digits of the complex step           15
#     bugs planted and found               7 and 7
#     of these, wrong in one tensor only   3
#     wrong at the last step already       2
#     bugs that training hides             6
#     a silent unit is                     dead: no gradient
#     slope off by 1e-4                    WRONG
