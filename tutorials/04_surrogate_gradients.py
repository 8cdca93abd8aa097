# %% [markdown]
# # 4. Surrogate gradients: the wrong way first
#
# **What you will see.** A network of 43 spiking units has to tell three rhythms apart. You will
# train it with the true gradient, and nothing will happen: the true gradient is zero. Then you
# will change one function in one line, and the network learns. Then you will take away the
# gradient through the reset, and it learns less well. The network and its training are about
# forty lines of this script, and the package checks them.
#
# **What it needs.** Tutorials 1 and 2.
#
# **Time.** 9 s of processor time (`--quick`: 3 s), half an hour to read.
#
#     .venv/bin/python tutorials/04_surrogate_gradients.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref import SNU, Adam, Network
from snu_ref.figures import style

# %% [markdown]
# ## The task: three rhythms
#
# Twelve lines carry spikes, for 20 steps. There are three patterns. In each of them, each line
# spikes exactly three times: counting alone cannot tell them apart. The times differ.
#
# A sample is a noisy copy of a pattern: one spike in ten is left out, and each spike comes a step
# too early, on time, or a step too late. (All numbers of this task are our choice.)

# %%
T, LINES, CLASSES = 20, 12, 3

rng = np.random.default_rng(1)
patterns = np.zeros((CLASSES, T, LINES))
for pattern in patterns:
    for line in range(LINES):
        pattern[rng.choice(np.arange(1, T - 1), 3, replace=False), line] = 1
claim((patterns.sum(axis=1) == 3).all())                        # counting is useless


def play(labels, rng):
    """Noisy samples of the patterns `labels`: (T, B, LINES)."""
    x = np.zeros((T, len(labels), LINES))
    sample, t, line = np.nonzero(patterns[labels])
    t = t + rng.integers(-1, 2, len(t))                         # early, on time, late
    kept = rng.random(len(t)) > 0.1
    x[t[kept], sample[kept], line[kept]] = 1
    return x


with style.house():
    figure, axes = style.figure(3, 1, height=6.0, sharex=True)
    example = play(np.arange(3), rng)
    for k, ax in enumerate(axes):
        for spikes, marker, colour, label in ((patterns[k], "s", "0.82", "the pattern"),
                                              (example[:, k], "|", style.COLOUR["x"], "a sample")):
            t, line = np.nonzero(spikes)
            ax.plot(t + 1, line + 1, marker, color=colour, markersize=7, markeredgewidth=2.2,
                    label=label)
        ax.set(ylabel="input line", yticks=(1, 12), ylim=(0, 13), title=f"pattern {k + 1}")
    axes[0].legend(loc="lower right", ncols=2, bbox_to_anchor=(1.02, 0.97), handletextpad=0.1)
    axes[2].set(xlabel="time step", xlim=(0.2, 20.8), xticks=(1, 5, 10, 15, 20))
    keep(figure, "04_patterns.png")

# %% [markdown]
# ## The network, forward
#
# 12 lines, 40 hidden SNUs, 3 output SNUs, one for each pattern. Each layer is Eq. 1 and 2, here for
# all samples and units at once (rows are samples, so W x_t is written x_t @ W):
#
#     s_t = max( x_t W + decay s_{t-1} (1 - y_{t-1}), 0 )                                 Eq. 1
#     y_t = 1 where s_t + b > 0, else 0                                                   Eq. 2
#
# The answer is the output unit that spikes most. We want it to spike in 30 % of the steps, and the
# other two never. The loss is the mean square of the difference, as in the authors' digits task:
#
#     ybar = mean_t y_t,      L = mean of ( ybar - target )^2,      dy_t = 2 (ybar - target) / (n T)
#
# with n = B * 3 numbers in ybar. The initial weights are random and twice as large as those of the
# package, so that the units spike from the start.

# %%
HIDDEN, DECAY, WANTED = 40, 0.8, 0.3


def start(rng):
    params = {}
    for i, (n_in, n) in enumerate(((LINES, HIDDEN), (HIDDEN, CLASSES))):
        params[f"{i}.W"] = 2 * SNU(n_in, n, rng=rng).params["W"]
        params[f"{i}.b"] = np.full(n, -1.0)
    return params


def forward(params, x):
    """The (x, s, y) of each layer; x (T, B, LINES)."""
    traces = []
    for i in range(2):
        W, b = params[f"{i}.W"], params[f"{i}.b"]
        s = y = np.zeros((x.shape[1], len(b)))
        states, outputs = [], []
        for x_t in x:
            s = np.maximum(x_t @ W + DECAY * s * (1 - y), 0)
            y = (s + b > 0) * 1.0
            states.append(s)
            outputs.append(y)
        traces.append((x, np.array(states), np.array(outputs)))
        x = traces[-1][2]
    return traces


def loss(traces, labels):
    """L and dy; the target of a sample is 0.3 for its own unit and 0 for the others."""
    difference = traces[-1][2].mean(axis=0) - WANTED * np.eye(CLASSES)[labels]   # (B, 3)
    dy = 2 * difference / (difference.size * T)
    return (difference ** 2).mean(), np.broadcast_to(dy, (T,) + dy.shape)


def accuracy(params, x, labels):
    return np.mean(forward(params, x)[-1][2].mean(axis=0).argmax(axis=1) == labels)


# %% [markdown]
# ## The network, backward
#
# These are the four rules of tutorial 2, for whole arrays, last layer first. dA is dL/dA:
#
#     dY_t = dy_t - decay s_t dz_{t+1}                    the loss, and the reset
#     dv_t = slope(v_t) dY_t                              the slope of the step ...
#     ds_t = dv_t + decay (1 - y_t) dz_{t+1}
#     dz_t = ds_t where s_t > 0, else 0
#
# The slope is an argument, because it is the whole story of this tutorial.


# %%
def backward(params, traces, dy, slope, through=True):
    """Gradients by name. through=False: the reset gate is a constant ("detached")."""
    grads = {}
    for i in (1, 0):
        W, b = params[f"{i}.W"], params[f"{i}.b"]
        x, s, y = traces[i]
        dz, dv, later = np.zeros_like(s), np.zeros_like(s), 0.0
        for t in reversed(range(T)):
            dY = dy[t] - DECAY * s[t] * later * through
            dv[t] = slope(s[t] + b) * dY
            ds = dv[t] + DECAY * (1 - y[t]) * later
            later = dz[t] = ds * (s[t] > 0)
        grads[f"{i}.W"] = np.einsum("tbi,tbj->ij", x, dz)
        grads[f"{i}.b"] = dv.sum(axis=(0, 1))
        dy = dz @ W.T                                           # the layer below
    return grads


def train(seed, slope, updates, through=True):
    """Start from random weights and update them; returns the weights and the history."""
    rng = np.random.default_rng(seed)
    params, optimiser, history = start(rng), Adam(0.03), []
    for _ in range(updates):
        labels = rng.integers(CLASSES, size=50)
        traces = forward(params, play(labels, rng))
        L, dy = loss(traces, labels)
        right = np.mean(traces[-1][2].mean(axis=0).argmax(axis=1) == labels)
        history.append((L, right, traces[0][2].sum() / 50))     # hidden spikes per sample
        optimiser.step(params, backward(params, traces, dy, slope, through))
    return params, np.array(history)                            # (updates, 3)


test_rng = np.random.default_rng(100)
test_labels = test_rng.integers(CLASSES, size=500)
test_x = play(test_labels, test_rng)

# %% [markdown]
# ## The wrong way
#
# The step is flat on both sides of the threshold. Its slope is 0, so we use 0. The result is exact
# and useless: every gradient is 0, no weight moves, and the network goes on guessing.
#
# Is the zero a mistake? No. Nudge any weight a little, up and down, and the loss stays the same to
# the last bit, since no spike moves. Zero is the truth.


# %%
def true_slope(v):
    return np.zeros_like(v)


updates = 120 if args.quick else 200
stuck, stuck_history = train(0, true_slope, updates)
begin = start(np.random.default_rng(0))
claim(all(np.array_equal(stuck[name], begin[name]) for name in begin))   # nothing moved
stuck_accuracy = accuracy(stuck, test_x, test_labels)
claim(stuck_accuracy < 0.5)                                              # guessing would be 0.33

traces = forward(begin, test_x[:, :50])
L, dy = loss(traces, test_labels[:50])
claim(0.02 < traces[0][2].mean() < 0.5)                                  # the units do spike
for _ in range(10):
    i, j = rng.integers(LINES), rng.integers(HIDDEN)
    for nudge in (1e-9, -1e-9):
        moved = {**begin, "0.W": begin["0.W"].copy()}
        moved["0.W"][i, j] += nudge
        claim(loss(forward(moved, test_x[:, :50]), test_labels[:50])[0] == L)

# %% [markdown]
# ## The surrogate
#
# Now pretend, in the backward pass only, that the step has the slope
#
#     psi'(v) = 1 - tanh(v)^2                                                    (the authors')
#
# It is 1 at the threshold and falls on both sides. The forward pass keeps its spikes. What does the
# pretended slope say? That a unit close to its threshold could have been tipped, and one far from
# it could not. That is good advice for a *large* change of the weights, and learning makes large
# changes. The true slope only knows about infinitely small ones.
#
# One function in one line is different, and the network learns.


# %%
def tanh_slope(v):
    return 1 - np.tanh(v) ** 2


learnt, history = train(0, tanh_slope, updates)
learnt_accuracy = accuracy(learnt, test_x, test_labels)
claim(learnt_accuracy > (0.85 if args.quick else 0.95))

with style.house():
    figure, axes = style.figure()
    blocks = updates // 10                                       # mean over ten updates each
    at = 10 * np.arange(blocks) + 5.5
    for curve, colour, label in ((history, style.COLOUR["gradient"], "surrogate gradient"),
                                 (stuck_history, style.COLOUR["true"], "true gradient (zero)")):
        axes.plot(at, 100 * curve[:, 1].reshape(blocks, 10).mean(axis=1), color=colour,
                  label=label)
    axes.axhline(100 / 3, color=style.GREY, linestyle="--", linewidth=1.2)
    axes.text(updates, 28, "guessing", color=style.GREY, fontsize=12, ha="right", va="top")
    axes.set(xlabel="updates", ylabel="accuracy (%)", ylim=(0, 103), xlim=(0, updates),
             title="With the true gradient nothing learns")
    axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.6))
    keep(figure, "04_nothing_learns.png")

# %% [markdown]
# Look inside. The three patterns go in, one after the other. Before training, the output units
# spike in much the same way for all three. Afterwards many hidden units are specialists: most of
# their spikes are for one pattern (the figure sorts the units by this pattern). And each output
# unit spikes mostly for its own pattern.

# %%
x = patterns.transpose(1, 0, 2)                                  # (T, 3, LINES), played well
before, after = forward(begin, x), forward(learnt, x)
claim((after[1][2].mean(axis=0).argmax(axis=1) == np.arange(3)).all())


def share_of_favourite(y):
    """The share of a unit's spikes that are for its most frequent pattern; mean over units."""
    spikes = y.sum(axis=0)                                       # (3, HIDDEN)
    return np.mean(spikes.max(axis=0)[spikes.any(axis=0)] / spikes.sum(axis=0)[spikes.any(axis=0)])


favourite = [share_of_favourite(traces[0][2]) for traces in (before, after)]
claim(favourite[1] > favourite[0] + (0.02 if args.quick else 0.15))
own = np.trace(after[1][2].sum(axis=0)) / after[1][2].sum()     # share from the right output unit
claim(own > (0.7 if args.quick else 0.85))

by_pattern = after[0][2].sum(axis=0)                             # spikes (3, HIDDEN)
order = np.lexsort((-by_pattern.max(axis=0), by_pattern.argmax(axis=0)))

with style.house():
    figure, axes = style.figure(4, 1, height=6.6, sharex=True, height_ratios=(2, 1, 4, 1))
    rows = ((x, "input", style.COLOUR["x"]), (before[1][2], "output\nbefore", style.COLOUR["y"]),
            (after[0][2][:, :, order], "hidden units, after", style.COLOUR["y"]),
            (after[1][2], "output\nafter", style.COLOUR["y"]))
    for ax, (spikes, name, colour) in zip(axes, rows):
        n = spikes.shape[2]
        for k in range(3):
            t, unit = np.nonzero(spikes[:, k])
            ax.plot(t + 1 + 22 * k, unit + 1, "|", color=colour, markersize=3 + 30 / n,
                    markeredgewidth=1.8)
        ax.set(ylabel=name, yticks=(1, n), ylim=(0.2 - n / 20, n + 0.8 + n / 20), xticks=())
        for edge in (21.5, 43.5):
            ax.axvline(edge, color=style.GREY, linewidth=0.8)
    for k in range(3):
        axes[0].text(11 + 22 * k, 13.5, f"pattern {k + 1}", ha="center", va="bottom")
    axes[3].set(xlabel="time (20 steps each)", xlim=(0, 65))
    figure.suptitle("Training makes specialists", x=0.02, ha="left")
    keep(figure, "04_raster.png")

# %% [markdown]
# ## The package agrees
#
# Is this `backward` right? The package has the same unit, written in another way. Same weights,
# same spikes, same gradients, with the reset and without.

# %%
package_difference = 0.0
for through in (True, False):
    reset_grad = "through" if through else "detached"
    network = Network([SNU(n_in, n, rng=rng, reset_grad=reset_grad)
                       for n_in, n in ((LINES, HIDDEN), (HIDDEN, CLASSES))])
    for name in begin:
        network.params[name][:] = begin[name]
    y, cache = network.forward(test_x[:, :50])
    claim(np.array_equal(y, traces[1][2]))
    _, theirs, _ = network.backward(np.ascontiguousarray(dy), cache)
    ours = backward(begin, traces, dy, tanh_slope, through)
    for name in ours:
        error = np.abs(ours[name] - theirs[name]).max() / np.abs(theirs[name]).max()
        package_difference = max(package_difference, error)
claim(package_difference < 1e-13)

# %% [markdown]
# ## The reset detached
#
# The first of the four rules has two parts. -decay s_t dz_{t+1} says: if more potential is wanted
# in the next step (dz < 0), then a spike now is a loss, because it erases what is there. Many
# programs leave this out ("detach" the reset), since the forward pass stays the same and one term
# is saved.
#
# Here this has a cost. We train four networks with each gradient, from the same four sets of
# initial weights. With the reset detached, the loss stays higher, and the hidden units use more
# spikes. Their gradient ignores that a spike erases the state. (This is one small task, not a law.
# Try digits and music yourself: the units of this package have the option
# `reset_grad="detached"`.)

# %%
seeds = (0,) if args.quick else (0, 1, 2, 3)
runs = {True: [(learnt, history)], False: [train(0, tanh_slope, updates, through=False)]}
for through in (True, False):
    runs[through] += [train(seed, tanh_slope, updates, through) for seed in seeds[1:]]
late = {through: np.mean([h[-20:] for _, h in many], axis=(0, 1)) for through, many in runs.items()}
test = {through: np.mean([accuracy(params, test_x, test_labels) for params, _ in many])
        for through, many in runs.items()}
claim(late[False][0] > (1.0 if args.quick else 1.2) * late[True][0])      # loss
claim(late[False][2] > (1.2 if args.quick else 1.5) * late[True][2])      # hidden spikes
if not args.quick:
    claim(test[True] > test[False] > 0.9)

with style.house():
    figure, (top, bottom) = style.figure(2, 1, height=5.6, sharex=True)
    for through, colour, label in ((True, style.COLOUR["gradient"], "through the reset"),
                                   (False, style.OKABE_ITO["orange"], "detached")):
        for ax, column in ((top, 0), (bottom, 2)):
            curves = [h[:, column].reshape(blocks, 10).mean(axis=1) for _, h in runs[through]]
            for curve in curves:
                ax.plot(at, curve, color=colour, linewidth=0.8, alpha=0.6)
            ax.plot(at, np.mean(curves, axis=0), color=colour, label=label)
    top.set(ylabel="loss", ylim=(0, 0.026), title="Detached: a higher loss, and more spikes")
    top.legend(loc="upper right")
    bottom.set(xlabel="updates", ylabel="hidden spikes\nper sample", xlim=(0, updates),
               ylim=(0, None))
    keep(figure, "04_through_or_detached.png")

# %% [markdown]
# ## How wide must the bump be?
#
# Nothing in the derivation says that the bump must have the authors' width. Try
#
#     psi'(v) = 1 - tanh(v / w)^2
#
# for w from 0.003 to 100 thresholds. A very narrow bump is like the true gradient: hardly any unit
# is close enough to its threshold to get a gradient. A very wide bump gives all units the same
# slope, near or far, and learning is poorer. In between, from 0.1 to 1, there is a plateau, and the
# authors' w = 1 lies on it.

# %%
widths = (0.003, 1, 100) if args.quick else (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
short = 50 if args.quick else 100
reached = []
for w in widths:
    tries = [train(seed, lambda v: tanh_slope(v / w), short)[0] for seed in seeds[:2]]
    reached.append(np.mean([accuracy(params, test_x, test_labels) for params in tries]))
reached = dict(zip(widths, reached))
claim(reached[0.003] < 0.55)
claim(all(reached[w] > (0.75 if args.quick else 0.9) for w in widths if 0.1 <= w <= 1))
claim(reached[1] > reached[100] + (0 if args.quick else 0.05))

with style.house():
    figure, axes = style.figure()
    axes.semilogx(widths, [100 * reached[w] for w in widths], "o-", color=style.COLOUR["gradient"])
    axes.axvline(1, color=style.GREY, linewidth=1.2, linestyle=":")
    axes.text(1.1, 8, "the authors'", color=style.GREY)
    axes.axhline(100 / 3, color=style.GREY, linestyle="--", linewidth=1.2)
    axes.text(100, 34, "guessing", color=style.GREY, fontsize=12, ha="right", va="bottom")
    axes.set(xlabel="width w of the pretended slope (in thresholds)", ylim=(0, 103),
             ylabel=f"accuracy after {short} updates (%)",
             title="The bump may be neither too narrow nor too wide")
    keep(figure, "04_width.png")

# %%
print(f"accuracy, true gradient              {100 * stuck_accuracy:.1f} %")
print(f"weights moved by it                  {sum((stuck[n] != begin[n]).sum() for n in begin)}")
print(f"accuracy, surrogate, one network     {100 * learnt_accuracy:.1f} %")
print(f"share for favourite pattern, before  {favourite[0]:.2f}")
print(f"share for favourite pattern, after   {favourite[1]:.2f}")
print(f"package against this script          below 1e-13")
for through, name in ((True, "through "), (False, "detached")):
    print(f"{name}  accuracy, loss, spikes     {100 * test[through]:.1f} %  {late[through][0]:.4f}"
          f"  {late[through][2]:.0f}")
for w in (1, 100):
    print(f"accuracy at width {w:<19}{100 * reached[w]:.0f} %")

# %% [markdown]
# ## Exercises
#
# 1. *Does it really listen to the timing?* Shuffle the steps of each test sample, so that each line
#    has as many spikes as before, at other times. What accuracy do you expect? Then:
#
#        shuffled = test_rng.permuted(test_x, axis=0)      # each line of each sample by itself
#        print(accuracy(learnt, shuffled, test_labels))
#
#    Now shuffle the steps of all lines together (`test_x[rng.permutation(T)]`), and then play the
#    samples backwards (`test_x[::-1]`). What kind of timing do these units hear, and what not?
#
#    *Hint.* Which two things make a line special in a pattern: how often it spikes, or with whom?
#
# 2. *A slope that is not pretended.* Add random noise to v before the step: sometimes the unit
#    spikes a little below its threshold, sometimes it stays silent a little above. Its *mean*
#    output is then a smooth function of v, with a true slope. Find the scale of a logistic noise
#    for which this slope is exactly half the authors' psi'. Check:
#
#        v = np.linspace(-2, 2, 21)
#        noise = rng.logistic(scale=YOUR_SCALE, size=(200_000, 1))
#        mean_output = (v + noise > 0).mean(axis=0)
#        assert np.abs(mean_output - (1 + np.tanh(v)) / 2).max() < 0.006
#
#    *Hint.* The logistic distribution function with a scale c is 1/(1 + exp(-v/c)). Write tanh
#    that way.
#
# 3. *A surrogate of your own.* A surrogate is a pair: psi, and its derivative. Differentiate
#    psi(v) = v / sqrt(1 + v^2), and let the package grade it, on the frozen program of tutorial 2:
#
#        from snu_ref.gradcheck import check_layer
#
#        def psi(v):
#            return v / np.sqrt(1 + v * v)
#
#        def my_slope(v):
#            return YOUR FORMULA
#
#        unit = SNU(LINES, 4, rng=rng, surrogate=(psi, my_slope))
#        x = rng.normal(size=(10, 3, LINES))
#        rows = check_layer(unit, x, rng=rng, zero=("state.y",))
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)
#        assert accuracy(train(0, my_slope, updates)[0], test_x, test_labels) > 0.9
#
#    Then hand in 2 * my_slope instead, keeping psi. Does it still learn? Does the check still pass?

# %% [markdown]
# ## Expected output
#
# These are the last lines. A ~ marks those that differ with `--quick`. The numbers after it are
# standard deviations over seeds.
#
#     accuracy, true gradient              36.2 %
#     weights moved by it                  0
#     accuracy, surrogate, one network     98.8 %  ~ 0.27
#     share for favourite pattern, before  0.48
#     share for favourite pattern, after   0.75  ~ 0.066
#     package against this script          below 1e-13
#     through   accuracy, loss, spikes     98.4 %  0.0044  51  ~ 0.3 0.00043 2.4
#     detached  accuracy, loss, spikes     94.8 %  0.0064  102  ~ 0.57 0.0004 9.2
#     accuracy at width 1                  97 %  ~ 0 0.89
#     accuracy at width 100                86 %  ~ 0 4.2
