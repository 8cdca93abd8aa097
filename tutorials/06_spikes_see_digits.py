# %% [markdown]
# # 6. Spikes see digits: rate code, rasters and inhibition
#
# **What you will see.** A picture is turned into spikes, step by step and at random. A network of
# 110 spiking units watches them and says which digit it is. The longer it looks, the better is its
# answer. You will read its rasters. Then you will let the units of a layer silence each other: the
# answers stay nearly as good, with about a quarter of the spikes.
#
# **What it needs.** Tutorial 1 (the unit) and tutorial 4 (training it).
#
# **Time.** 15 s of processor time, half an hour to read. (`--quick`, for the tests: 2 s. Its
# networks are trained less, and its numbers need not agree with the text.)
#
#     .venv/bin/python tutorials/06_spikes_see_digits.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import numpy as np

from snu_ref import SNU, Adam, Network, mean_square_error
from snu_ref.figures import style
from snu_ref.data.datasets import load_digits

# %% [markdown]
# ## A pixel becomes spikes
#
# The digits are small: 8 times 8 pixels, each between 0 (white) and 1 (black). 30 people wrote the
# 3823 that we train on, 13 others the 1797 that we test on.
#
# The input of an SNU is spikes. So each pixel gets an input line of its own, which spikes at random
# in each of Ns time steps:
#
#     P(spike in a step) = value * max_spikes / Ns
#
# A black pixel gives max_spikes spikes on average, a grey one fewer, a white one none. This is
# called *rate coding*. The authors' toolkit takes Ns = 20 and max_spikes = 6 for pictures of 784
# pixels. Ours have 64, so we allow more: Ns = 20 and max_spikes = 12.

# %%
NS, MAX_SPIKES = 20, 12
digits = load_digits()
train_x = (digits.train_images.reshape(-1, 64) / 16).astype(np.float32)   # (3823, 64)
test_x = (digits.test_images.reshape(-1, 64) / 16).astype(np.float32)     # (1797, 64)
train_labels, test_labels = digits.train_labels, digits.test_labels


def spikes_of(values, steps, rng):
    """0 or 1 for each step, picture and pixel: (steps, B, 64)."""
    p = values * np.float32(MAX_SPIKES / NS)
    return (rng.random((steps, *values.shape), dtype=np.float32) < p).astype(np.float32)


# %% [markdown]
# Random spikes are noisy. A pixel of value 0.5 spikes with p = 0.3 in each step, so 6 times in 20
# steps on average. How far off is a single count? The count over Ns steps has the standard
# deviation, or *scatter*,
#
#     sqrt( Ns p (1 - p) ) = sqrt( 20 * 0.3 * 0.7 ) = 2.05
#
# so counts from 4 to 8 are common. Relative to the mean the scatter is 34 %. More steps help: four
# times as many steps have four times as many spikes, with twice the scatter. The relative error is
# halved. It falls as 1/sqrt(steps).

# %%
rng = np.random.default_rng(0)
draws = 4000 if args.quick else 20_000
grey = np.full((draws, 1), 0.5, np.float32)
watched = np.array([20, 80, 320])
counts = [spikes_of(grey, steps, rng).sum(axis=0) for steps in watched]
scatter = counts[0].std()
relative = np.array([n.std() / n.mean() for n in counts])
claim(abs(counts[0].mean() - 6) < 0.15 and abs(scatter - 2.05) < 0.12)
claim(abs(relative[0] - 0.34) < 0.02)
slope = np.polyfit(np.log(watched), np.log(relative), 1)[0]
claim(abs(slope + 0.5) < 0.03)

one = 3                                                       # a picture of the test half
spikes = spikes_of(test_x[one:one + 1], 320, rng)[:, 0]       # (320, 64)
likeness = {}
with style.house():
    figure, axes = style.figure(1, 5, height=2.0)
    axes[0].imshow(test_x[one].reshape(8, 8), cmap="Greys")
    axes[0].set_xlabel("the picture")
    for ax, steps in zip(axes[1:], (1, 5, 20, 320)):
        seen = spikes[:steps].mean(axis=0)
        likeness[steps] = np.corrcoef(seen, test_x[one])[0, 1]
        ax.imshow(seen.reshape(8, 8), cmap="Greys")
        ax.set_xlabel(f"{steps} step" + "s" * (steps > 1))
    for ax in axes:
        ax.set(xticks=(), yticks=())
        ax.spines[:].set(visible=True, color=style.GREY)
    figure.suptitle("Random spikes add up to the picture", x=0.02, ha="left")
    keep(figure, "06_rate_code.png")
claim(likeness[1] < likeness[20] < likeness[320] and likeness[320] > 0.98)

# %% [markdown]
# ## The network, and the loop that trains it
#
# 64 lines, 100 hidden SNUs, 10 output SNUs, one for each digit. All layers run for the Ns steps,
# and the answer is the output unit that spiked most. As in the authors' toolkit and in tutorial 4,
# the loss is the squared error of the time average:
#
#     L = mean over samples and outputs of ( mean_t y_t - target )^2
#
# with target 1 for the unit of the right digit and 0 for the others.
#
# The loop below is the whole training. Two things are special to spikes. The spikes are drawn
# *again* for every picture in every epoch, so the network never sees the same spikes twice. (This
# is our choice; the toolkit draws them once.) And we count the hidden spikes, to see what an answer
# costs.
# The learning rate falls to 0 along half a cosine.


# %%
def new_network(rng, **options):
    """64-100-10; the options are those of the hidden layer."""
    return Network([SNU(64, 100, rng=rng, dtype=np.float32, **options),
                    SNU(100, 10, rng=rng, dtype=np.float32)])


def answers(network, x):
    """The network's answers, (B,), and its hidden spikes, (steps, B, 100)."""
    y, cache = network.forward(x)
    return y.mean(axis=0).argmax(axis=1), cache.layers[0].y


def train(seed, *, epochs, pictures, lr, **options):
    """A trained network, and its hidden spikes per digit in each epoch."""
    rng = np.random.default_rng(seed)
    network, adam = new_network(rng, **options), Adam(lr)
    updates, done, path = epochs * (pictures // 32), 0, []
    for epoch in range(epochs):
        order = rng.permutation(pictures)
        hidden_spikes = 0.0
        for i in range(0, pictures - 31, 32):
            chosen = order[i:i + 32]
            x = spikes_of(train_x[chosen], NS, rng)                      # new spikes: (NS, 32, 64)
            y, cache = network.forward(x)
            L, dy = mean_square_error(y, np.eye(10, dtype=np.float32)[train_labels[chosen]])
            _, grads, _ = network.backward(dy, cache, need_dx=False)
            adam.lr = lr * (1 + np.cos(np.pi * done / updates)) / 2
            adam.step(network.params, {name: grads[name] for name in network.trainable})
            hidden_spikes += cache.layers[0].y.sum() / 32
            done += 1
        path.append(hidden_spikes / (pictures // 32))
    return network, path


effort = dict(epochs=2, pictures=1500, lr=0.02) if args.quick else \
    dict(epochs=12, pictures=3823, lr=0.005)
seeds = (0,) if args.quick else (0, 1)
plain = [train(seed, **effort) for seed in seeds]

# %% [markdown]
# ## Reading a raster
#
# A *raster* has a row for each unit and a mark for each spike; time runs to the right. Below is one
# test digit on its way through the network. The lines of dark pixels spike often, those of white
# pixels never. Some hidden units are busy and many are silent. One output spikes most.

# %%
network = plain[0][0]
x = spikes_of(test_x[one:one + 1], NS, np.random.default_rng(5))
y, cache = network.forward(x)
layers = [x[:, 0], cache.layers[0].y[:, 0], y[:, 0]]                     # (NS, 64), (NS, 100) ...
claim(layers[2].sum(axis=0).argmax() == test_labels[one])                # right
claim(not layers[0][:, test_x[one] == 0].any())                          # white pixels are silent
claim((layers[1].sum(axis=0) == 0).sum() > 20)                           # so are many hidden units


def raster(ax, spikes, colour, **labels):
    t, unit = np.nonzero(spikes)
    n = spikes.shape[1]
    ax.plot(t + 1, unit, "|", color=colour, markersize=9 if n < 20 else 5, markeredgewidth=2)
    ax.set(ylim=(-0.03 * n - 0.5, 1.03 * n - 0.5), xlim=(0.3, NS + 0.7),
           xticks=(1, 5, 10, 15, 20), **labels)


with style.house():
    figure, axes = style.figure(3, 1, height=6.4, sharex=True, height_ratios=(3, 4, 2))
    raster(axes[0], layers[0], style.COLOUR["x"], ylabel="pixel", yticks=(0, 63))
    raster(axes[1], layers[1], style.COLOUR["y"], ylabel="hidden unit", yticks=(0, 99))
    raster(axes[2], layers[2], style.COLOUR["y"], ylabel="output", xlabel="time step",
           yticks=(0, test_labels[one], 9))
    figure.suptitle(f"A {test_labels[one]}, in spikes", x=0.02, ha="left")
    keep(figure, "06_raster.png")

# %% [markdown]
# ## When a network is silent
#
# Show pictures that are fifty times paler to a network of the same kind. Too few spikes come in to
# lift a unit above its threshold, so nothing comes out. Worse: behind a silent layer z is 0, the
# slope of relu at 0 is 0, and no gradient comes back. Training cannot wake such a layer.
# `print(cache)` shows the silence. Larger weights help, or a lower threshold, or `g="identity"`.

# %%
pale = spikes_of(0.02 * test_x[:100], NS, np.random.default_rng(9))
quiet = Network([SNU(64, 50, rng=np.random.default_rng(10), dtype=np.float32),
                 SNU(50, 10, rng=np.random.default_rng(11), dtype=np.float32)])
y, cache = quiet.forward(pale)
print(cache)
_, grads, _ = quiet.backward(np.ones_like(y), cache)
claim(cache.layers[0].y.mean() == 0 and not grads["1.W"].any())    # silent, without a gradient
for name in ("0.W", "1.W"):
    quiet.params[name][...] *= 6
y, cache = quiet.forward(pale)
_, grads, _ = quiet.backward(np.ones_like(y), cache)
claim(cache.layers[0].y.mean() > 0 and grads["1.W"].any())          # it spikes, and can learn

# %% [markdown]
# ## It gets better the longer it looks
#
# The answer can be read at any time: count the output spikes so far. After two steps the network
# has seen about one spike of each black pixel, and about half of its answers are right. The
# answers improve as the spikes show more of the picture.
#
# We can also show a picture for longer than the 20 steps of training. The network was never trained
# for it and still gains a little, because the pictures are less noisy. (A caption in the paper
# says the same of a convolutional network: trained with Ns = 30, tested with 300.)

# %%
looks = (1, 2, 3, 5, 7, 10, 15, 20, 30, 60)
x = spikes_of(test_x, 60, np.random.default_rng(6))
curve = []
for network, _ in plain:
    y, _ = network.forward(x)
    so_far = np.cumsum(y, axis=0)                                        # (60, 1797, 10)
    curve.append([np.mean(so_far[t - 1].argmax(axis=1) == test_labels) for t in looks])
right = dict(zip(looks, np.mean(curve, axis=0)))
claim(0.4 < right[2] < 0.75 and right[5] > 0.75)
claim(right[20] > (0.86 if args.quick else 0.91))
claim(right[20] > right[10] > right[5] > right[2])
claim(right[60] > right[20] + (-0.005 if args.quick else 0.003))

with style.house():
    figure, axes = style.figure()
    axes.semilogx(looks, [100 * right[t] for t in looks], "o-", color=style.COLOUR["SNU"])
    axes.axvline(NS, color=style.GREY, linestyle=":", linewidth=1.2)
    axes.text(NS * 1.05, 30, "trained for\n20 steps", color=style.GREY, fontsize=12)
    axes.axhline(10, color=style.GREY, linestyle="--", linewidth=1.2)
    axes.text(60, 11.5, "guessing", color=style.GREY, fontsize=12, ha="right")
    axes.set(xlabel="time steps watched", ylabel="right answers (%)", ylim=(0, 103),
             xticks=(1, 2, 5, 10, 20, 60), xticklabels=(1, 2, 5, 10, 20, 60),
             title="The longer it looks, the better it sees")
    axes.minorticks_off()
    keep(figure, "06_patience.png")

# %% [markdown]
# ## Lateral inhibition: one spike silences the layer
#
# So far each unit resets only itself. In nerve tissue a spike often inhibits the neighbours as
# well. The authors' toolkit puts this into the gate: if any unit spikes, *all* units of the layer
# are reset.
#
#     own reset             gate_j = 1 - y_j
#     lateral inhibition    gate   = 1 - max_i y_i            one gate for the whole layer
#
# So the units race. Each gathers evidence for its own feature, and the first to cross the threshold
# wipes out what the others have gathered. Several can cross in the same step. In the next step no
# unit has a past: all states are relu(W x_t) alone.
#
# Here is the layer by hand. The package's `lateral_inhibition=True` must give the same spikes.


# %%
def inhibited_layer(x, W, b, decay=0.8):
    """States and spikes, (T, B, n) each; the maximum is over the units of each sample."""
    s = y = np.zeros((x.shape[1], len(b)), x.dtype)
    states, outputs = [], []
    for x_t in x:
        gate = 1 - y.max(axis=1, keepdims=True)                          # (B, 1)
        s = np.maximum(x_t @ W + np.float32(decay) * s * gate, 0)
        y = (s + b > 0).astype(x.dtype)
        states.append(s)
        outputs.append(y)
    return np.array(states), np.array(outputs)


inhibited = [train(seed, lateral_inhibition=True, **effort) for seed in seeds]
layer = inhibited[0][0].layers[0]
x = spikes_of(test_x[:50], NS, np.random.default_rng(7))
states, ours = inhibited_layer(x, layer.params["W"], layer.params["b"])
theirs, _ = layer.forward(x)
claim(np.mean(ours != theirs) < 1e-3)                     # float32: v may round to 0 differently
t, sample = np.nonzero(ours[:-1].any(axis=2))             # a spike anywhere in the layer
alone = np.maximum(x[t + 1, sample] @ layer.params["W"], 0)
claim(len(t) > 100 and np.abs(states[t + 1, sample] - alone).max() < 1e-5)

# %% [markdown]
# What is the result, on all test digits? With inhibition the hidden layer has far fewer spikes, on
# fewer units, and the answers are nearly as good. The authors' toolkit found the same on large
# digits (94.51 % with 1128 hidden spikes a digit, 93.82 % with 46). It takes the maximum over a
# whole batch of 15 pictures; we take it for each picture by itself.
#
# Does the gate save the spikes? Only in part. Look at the first epoch in the second figure: less
# than half are saved there. The rest is *learned*, though nobody asked for it. The shared gate
# makes a spike expensive: it costs the evidence of all units, not of one. The gradient through the
# gate contains this price, and training removes the spikes that are not worth it.
#
# To test this, hide the price: train with inhibition, but treat the gate as a constant in the
# backward pass (`reset_grad="detached"`, as in tutorial 4). The units then spike more and more:
# each learns to spike in spite of the resets by the others.

# %%
unpriced = [train(seed, lateral_inhibition=True, reset_grad="detached", **effort)
            for seed in seeds[:1]]
kinds = {"own reset": plain, "lateral inhibition": inhibited, "gate detached": unpriced}
x = spikes_of(test_x, NS, np.random.default_rng(8))
accuracy, spent, active, example = {}, {}, {}, {}
for name, networks in kinds.items():
    said, hidden = zip(*(answers(network, x) for network, _ in networks))
    accuracy[name] = np.mean([np.mean(answer == test_labels) for answer in said])
    spent[name] = np.mean([y.sum() / len(test_x) for y in hidden])                  # a digit
    active[name] = np.mean([y.any(axis=0).sum(axis=1).mean() for y in hidden])      # units a digit
    example[name] = hidden[0][:, one]
claim(spent["lateral inhibition"] < spent["own reset"] / (1.2 if args.quick else 2.5))
claim(active["lateral inhibition"] < active["own reset"] / (1.1 if args.quick else 2))
claim(accuracy["lateral inhibition"] > accuracy["own reset"] - (0.04 if args.quick else 0.02))
shed = {name: np.mean([path[-1] / path[0] for _, path in networks])
        for name, networks in kinds.items()}                                # last epoch over first
first = {name: np.mean([path[0] for _, path in networks]) for name, networks in kinds.items()}
claim(first["lateral inhibition"] > 0.5 * first["own reset"])
claim(shed["lateral inhibition"] < (1.25 if args.quick else 0.6))
claim(shed["gate detached"] > (1.3 if args.quick else 1.6))
claim(spent["gate detached"] > 1.3 * spent["own reset"])

with style.house():
    figure, axes = style.figure(2, 1, height=5.4, sharex=True)
    for ax, name in zip(axes, ("own reset", "lateral inhibition")):
        spikes = example[name]
        raster(ax, spikes, style.COLOUR["y"], ylabel="hidden unit", yticks=(0, 99),
               title=f"{name}: {spikes.sum():.0f} spikes")
    axes[1].set_xlabel("time step")
    keep(figure, "06_inhibition.png")

with style.house():
    figure, axes = style.figure()
    for (name, networks), colour, note in zip(
            kinds.items(), map(style.OKABE_ITO.get, ("vermillion", "blue", "orange")),
            ("own reset", "inhibition", "inhibition, gate detached")):
        paths = np.array([path for _, path in networks])
        at = np.arange(1, paths.shape[1] + 1)
        axes.plot(at, paths.T, color=colour, linewidth=0.8, alpha=0.6)
        axes.plot(at, paths.mean(axis=0), "o-", color=colour)
        axes.text(at[-1], paths[:, -1].max() + 18, f"{note}: {100 * accuracy[name]:.0f} % right",
                  color=colour, ha="right")
    axes.set(xlabel="epoch", ylabel="hidden spikes per digit",
             ylim=(0, 1.18 * max(path[-1] for _, path in unpriced)),
             xticks=at[::1 if len(at) < 5 else 2], title="Inhibition, and the price of a spike")
    keep(figure, "06_sparsity.png")

# %%
print(f"scatter of a half-grey pixel         {scatter:.1f} spikes")
print(f"relative error falls with power      {slope:.1f}")
print(f"parameters                           {network.n_trainable}")
for t in (2, 20, 60):
    print(f"right answers, {t:2d} steps              {100 * right[t]:.1f} %")
for name in kinds:
    print(f"{name:18}  right, spikes     {100 * accuracy[name]:.1f} %  {spent[name]:.0f}")
print(f"units that answer a digit            {active['own reset']:.0f} and "
      f"{active['lateral inhibition']:.0f}")

# %% [markdown]
# ## Exercises
#
# 1. *How many steps?* A light grey pixel of value 0.25 spikes with p = 0.15 in each step.
#    After how many steps is the scatter of its count a tenth of the mean? Find it with the pencil,
#    then check:
#
#        counts = (rng.random((4000, YOUR_STEPS)) < 0.15).sum(axis=1)
#        assert abs(counts.std() / counts.mean() - 0.1) < 0.005
#
#    How many steps would a pixel of value 0.5 need? Why fewer?
#
#    *Hint.* The count over n steps has the mean n p and the variance n p (1 - p).
#
# 2. *An open price.* Inhibition makes spikes expensive as a side effect. Now set the price
#    openly: add to the loss PRICE times the number of hidden spikes per digit. Copy `train`. In
#    place of `network.forward` and `network.backward`, go through the two layers yourself:
#
#        one, two = network.layers
#        hidden, cache_one = one.forward(x)
#        y, cache_two = two.forward(hidden)
#        ...
#        dhidden, grads_two, _ = two.backward(dy, cache_two)
#        dhidden = dhidden + YOUR_TERM                       # what PRICE adds to dL/dhidden
#        _, grads_one, _ = one.backward(dhidden, cache_one, need_dx=False)
#        grads = {"0.W": grads_one["W"], "0.b": grads_one["b"],
#                 "1.W": grads_two["W"], "1.b": grads_two["b"]}
#
#    At a PRICE of 1e-4 your copy must save more than half of the 204 spikes, and still recognise
#    the digits (at full size, own reset, with the settings `effort`):
#
#        said, hidden = answers(priced, x)
#        print(hidden.sum() / len(test_x), np.mean(said == test_labels))
#        assert 40 < hidden.sum() / len(test_x) < 80 and np.mean(said == test_labels) > 0.91
#
#    (If nothing spikes any more: a batch has 32 digits.) Which PRICE saves just half? What happens
#    at ten times 1e-4?
#
#    *Hint.* One more spike costs PRICE for one digit. What does it add to the mean over a batch?
#
# 3. *The shared gate, backwards.* Write the backward pass of the inhibited layer. "Who reads you?"
#    (tutorial 2) has a new answer for y_t: the gate of *all* units. Let m = max_i y_i. Then
#
#        dm_t = - sum_j decay_j s_{j,t} dz_{j,t+1}           and what becomes of it in dY_t?
#
#    If k units tie for the maximum, each takes 1/k of dm. Put this into a file, inhibited.py:
#
#        import numpy as np
#
#        class Adapter:
#            def run(self, case):
#                W, b, decay = (case.params[name] for name in ("W", "b", "decay"))
#                x, dy = case["x"], case["dy"]                       # (T, B, n_in), (T, B, n)
#                s, y = case["state.s"], case["state.y"]             # before step 1: (B, n)
#                ds, dY = case["dend.s"], case["dend.y"]             # dL/ds, dL/dy after step T
#                YOUR LOOPS, forward and backward: g = identity, slope max(1 - |v|, 0)
#                return {"s": states, "y": outputs, "grad.W": dW, "grad.b": db}
#
#    and let the package grade it:
#
#        python -m snu_ref check inhibited.py:Adapter \
#            --cases "hand-inh*,edge-ties*,unit-triangle-identity-inh"
#
#    The last line must begin with PASSED: 5 cases. If it does not, the lines above it show the
#    first wrong number.

# %% [markdown]
# ## Expected output
#
# These are the last lines. A ~ marks those that differ with `--quick`. The numbers after it are
# standard deviations over seeds.
#
#     scatter of a half-grey pixel         2.0 spikes
#     relative error falls with power      -0.5
#     parameters                           7510
#     right answers,  2 steps              55.8 %  ~ 0 1.7
#     right answers, 20 steps              93.0 %  ~ 0 0.23
#     right answers, 60 steps              94.3 %  ~ 0 0.35
#     own reset           right, spikes     92.5 %  204  ~ 0.21 9.3
#     lateral inhibition  right, spikes     91.9 %  56  ~ 0.26 1
#     gate detached       right, spikes     92.9 %  467  ~ 0.27 19
#     units that answer a digit            46 and 19  ~ 1.4 0
