# %% [markdown]
# # 7. Music, and listening to what the network expects
#
# **What you will see.** A network of spiking units hears chorales by Bach, one chord at a time, and
# says after each which keys of a piano will sound next. You will measure how well it does, in nats,
# beside guesses that need no network. You will find out what its memory is worth: a surprise. And
# you will listen: to Bach, to what the network expected of him, and to what it plays when left
# alone.
#
# **What it needs.** Tutorial 4 (training) and logarithms. No music theory.
#
# **Time.** 16 s of processor time, half an hour to read. (`--quick`, for the tests: 3 s. Its
# networks are trained less, and its numbers need not agree with the text.)
#
#     .venv/bin/python tutorials/07_music.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
import wave

import numpy as np

from snu_ref import SNU, Adam, Dense, Network, bernoulli_nll, clip_by_norm
from snu_ref.figures import style
from snu_ref.data.datasets import LOWEST_KEY, load_chorales, piano_roll

# %% [markdown]
# ## A chorale is a picture
#
# The music is cut into steps of one quarter note, the usual beat. For each step and each of the 88
# keys of a piano we write 1 if the key sounds, else 0. That is a *piano roll*. (It does not say
# whether a key is held or struck again. All chorales are moved to the same home note, C.) The
# package brings 229 chorales to train on, 76 to choose settings with, and 77 to test on.

# %%
chorales = load_chorales()
train_rolls, test_rolls = ([piano_roll(piece.pitches).astype(np.float32) for piece in part]
                           for part in (chorales.train, chorales.test))
bach = test_rolls[0][:32]                                       # (32, 88)
claim(len(train_rolls) == 229 and bach.shape[1] == 88)
voices = np.concatenate(test_rolls).sum(axis=1).mean()          # mean keys in a step
claim(3.5 < voices < 4)                                         # four voices; two can share a key


def draw_roll(ax, roll, colour):
    t, key = np.nonzero(roll)
    ax.barh(key, 0.9, left=t + 0.55, height=0.9, color=colour)
    ax.set(yticks=[27, 39, 51], yticklabels=["C3", "C4", "C5"], ylim=(13, 62), ylabel="key",
           xlim=(0.4, len(roll) + 0.6))
    for c in (27, 39, 51):
        ax.axhline(c, color=style.GREY, linewidth=0.6, zorder=0)


with style.house():
    figure, axes = style.figure(height=3.4)
    draw_roll(axes, bach, style.COLOUR["true"])
    axes.set(xlabel="step (quarter note)", title="A chorale as a piano roll")
    keep(figure, "07_chorale.png")

# %% [markdown]
# ## Listen
#
# A key k has the frequency 440 Hz * 2^((k - 48)/12): key 48, counted from 0, is the A to which
# orchestras tune, and twelve keys up is twice the frequency. A tone is the sum of this frequency
# and a few multiples of it, and fades away. So a step is a sum of tones, each with a loudness, and
# a whole piece is *one matrix product*: loudness (steps, 88) times tones (88, samples).

# %%
RATE, BEAT = 16_000, 0.6                                        # samples per second; seconds a step
FREQUENCY = 440.0 * 2 ** ((np.arange(88) + LOWEST_KEY - 69) / 12)                 # Hz, (88,)
moment = np.arange(int(RATE * BEAT)) / RATE                                       # s
TONES = sum(np.sin(2 * np.pi * n * FREQUENCY[:, None] * moment) / n ** 2 for n in (1, 2, 3))
TONES *= np.minimum(moment / 0.01, 1) * np.exp(-3 * moment) * np.minimum((BEAT - moment) / 0.02, 1)


def sound(loudness, name):
    """Write loudness (steps, 88) as a WAV file: one channel, 16 bits."""
    signal = (loudness @ TONES).ravel()
    samples = (32_000 * signal / np.abs(signal).max()).astype("<i2")
    args.out.mkdir(parents=True, exist_ok=True)
    with wave.open(str(args.out / name), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    print("sound", args.out / name)


sound(bach, "07_bach.wav")
claim(abs(FREQUENCY[48] - 440) < 1e-9 and np.allclose(FREQUENCY[12:] / FREQUENCY[:-12], 2))

# %% [markdown]
# Is the file right? Read it back, take its first step, and ask how much of each key's frequency
# is in it. Each key that sounds must be stronger than the silent keys beside it.

# %%
with wave.open(str(args.out / "07_bach.wav"), "rb") as file:
    samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    seconds = file.getnframes() / file.getframerate()
claim(seconds == len(bach) * BEAT)
waves = np.exp(-2j * np.pi * FREQUENCY[:, None] * moment)
strength = np.abs(waves @ samples[:len(moment)])                          # (88,)
for k in np.flatnonzero(bach[0]):
    for beside in (k - 1, k + 1):
        claim(bach[0, beside] or strength[k] > 2 * strength[beside])

# %% [markdown]
# ## How good is a guess? Nats
#
# The network gives for each key a probability p that it sounds in the next step. If the key does
# sound, we score -log p, else -log(1 - p), and add up the 88 keys. This is the *negative
# log-likelihood*, NLL, in nats (natural logarithms). It measures the surprise: a sure and right
# answer costs nearly nothing, a sure and wrong one a lot. Take three keys, p = 0.9, 0.2, 0.05:
#
#     sounds 1, 0, 0      -log 0.9 - log 0.8 - log 0.95 = 0.105 + 0.223 + 0.051 = 0.38 nats
#     sounds 1, 0, 1      -log 0.9 - log 0.8 - log 0.05 = 0.105 + 0.223 + 2.996 = 3.32 nats
#
# Before any network, three guesses, cheapest first:
#
# - A coin for each key: 88 log 2 = 61.0 nats a step.
# - *Independent notes*: for each key the share of training steps in which it sounds.
# - *Its own past*: for each key two shares, one for steps after it sounded, one for the others.


# %%
def nll(p, roll):
    """Nats a step, mean over the steps; p and roll (steps, 88)."""
    return -np.mean(np.sum(roll * np.log(p) + (1 - roll) * np.log(1 - p), axis=1))


three = np.array([[0.9, 0.2, 0.05]])
claim(abs(nll(three, np.array([[1, 0, 0]])) - 0.38) < 0.005)
claim(abs(nll(three, np.array([[1, 0, 1]])) - 3.32) < 0.005)

before, after = (np.concatenate([roll[part] for roll in train_rolls]).astype(np.float64)
                 for part in (slice(None, -1), slice(1, None)))            # steps t and t + 1
test_before, test_after = (np.concatenate([roll[part] for roll in test_rolls]).astype(np.float64)
                           for part in (slice(None, -1), slice(1, None)))


def share(sounded, of):
    """Share of the steps marked in `of` that have the key; two imagined steps avoid log 0."""
    return ((sounded * of).sum(axis=0) + 1) / (of.sum(axis=0) + 2)                   # (88,)


reached = {"a coin": 88 * np.log(2),
           "independent notes": nll(share(after, np.ones_like(after)) + 0 * test_after, test_after),
           "its own past": nll(np.where(test_before == 1, share(after, before),
                                        share(after, 1 - before)), test_after)}
claim(reached["its own past"] < reached["independent notes"] - 0.3 < reached["a coin"])

# %% [markdown]
# ## The network
#
# It is the paper's: 88 inputs, 150 SNUs (Eq. 1 and 2, with g = identity, our choice), 88 outputs.
# The outputs are plain sums. The sigmoid that turns them into probabilities is part of the loss,
# where the logarithm loses no digits. With logits o_t,
#
#     p_t = sigmoid(o_t)
#     L = 1/N sum over steps and keys of -[ k log p_t + (1 - k) log(1 - p_t) ]
#     do_t = (p_t - k) / N
#
# where k is 1 for a key that sounds, and N counts the steps.
#
# The loop does three things that the digits did not need. Chorales are of different lengths, so
# the short ones of a batch are filled up with zeros, and a *mask* keeps the filling out of the
# loss. The target is the input, one step later. And a rare, large gradient must not ruin what is
# learned, so all gradients together are scaled down to a norm of 1 if they exceed it
# (*clipping*).


# %%
def batch_of(rolls):
    """Input, target and mask: (T, B, 88), (T, B, 88), (T, B)."""
    T, B = max(map(len, rolls)), len(rolls)
    filled, real = np.zeros((T, B, 88), np.float32), np.zeros((T, B), np.float32)
    for b, roll in enumerate(rolls):
        filled[:len(roll), b], real[:len(roll), b] = roll, 1
    return filled[:-1], filled[1:], real[1:]


def train(seed, epochs, lr, **options):
    """88-150-88; the options are those of the SNU."""
    rng = np.random.default_rng(seed)
    network = Network([SNU(88, 150, rng=rng, g="identity", dtype=np.float32, **options),
                       Dense(150, 88, rng=rng, dtype=np.float32)])
    adam, done, updates = Adam(lr), 0, epochs * -(-len(train_rolls) // 8)
    for epoch in range(epochs):
        order = rng.permutation(len(train_rolls))
        for i in range(0, len(order), 8):
            x, target, mask = batch_of([train_rolls[k] for k in order[i:i + 8]])
            logits, cache = network.forward(x)
            L, dlogits = bernoulli_nll(logits, target, mask)
            _, grads, _ = network.backward(dlogits, cache, need_dx=False)
            grads, _ = clip_by_norm({name: grads[name] for name in network.trainable}, 1.0)
            adam.lr = lr * (1 + np.cos(np.pi * done / updates)) / 2
            adam.step(network.params, grads)
            done += 1
    return network


def expects(network, x, forget=False):
    """Probabilities (T, B, 88) for step t + 1; forget: erase the state before each step."""
    if forget:
        logits, _ = network.forward(x.reshape(1, -1, 88))       # each step starts from state 0
        logits = logits.reshape(x.shape)
    else:
        logits, _ = network.forward(x)
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def test_nll(network, forget=False):
    real = test_mask == 1
    return nll(expects(network, test_in, forget)[real], test_out[real])


test_in, test_out, test_mask = batch_of(test_rolls)
effort = dict(epochs=5, lr=0.02) if args.quick else dict(epochs=40, lr=0.006)
snu = train(0, **effort)
reached["SNU"] = test_nll(snu)
claim(reached["SNU"] < reached["its own past"] - (0.6 if args.quick else 1.4))
parameters = snu.n_trainable
claim(parameters == 88 * 150 + 150 + 150 * 88 + 88)

# %% [markdown]
# ## What is the memory worth?
#
# An SNU remembers: decay s_{t-1} (1 - y_{t-1}) is what is left of the past. There are two ways to
# ask what it is worth, and they do not agree.
#
# - *Take it away afterwards.* Wipe the state before each step. The trained network gets worse by
#   more than half a nat. So it relies on its memory.
# - *Train without it.* Set decay = 0, so that there never is a memory, and train again. The result
#   is nearly as good as with memory.
#
# Both are true. The first shows what this network relies on. The second shows what a network needs:
# the present chord alone tells nearly all that this kind of unit can learn about the next chord.
# To learn what a part is worth, train without it. A network that was trained with the part and then
# loses it gets worse than a network that never had it.
#
# Is the past useless, then? No. Give the units a way to talk to each other over time, a matrix H
# that adds H y_{t-1} to the argument of g in Eq. 1, and make them soft: the recurrent sSNU gains
# 0.2 nats. The published results are 8.72 nats for the SNU and 8.39 for the sSNU, on
# another edition of the chorales.

# %%
reached["SNU, memory wiped"] = test_nll(snu, forget=True)
reached["SNU, decay = 0"] = test_nll(train(0, **effort, decay=0.0))
if args.quick:
    effort["lr"] = 0.01
ssnu = train(0, **effort, h="sigmoid", decay=0.4, recurrent=True)
reached["sSNU, recurrent"] = test_nll(ssnu)
claim(reached["SNU, memory wiped"] > reached["SNU"] + (0.05 if args.quick else 0.4))
claim(abs(reached["SNU, decay = 0"] - reached["SNU"]) < (0.5 if args.quick else 0.15))
if not args.quick:
    claim(reached["sSNU, recurrent"] < reached["SNU"] - 0.15)

with style.house():
    figure, axes = style.figure(height=4.0)
    names = ("independent notes", "its own past", "SNU, memory wiped", "SNU, decay = 0", "SNU",
             "sSNU, recurrent")
    colours = [style.GREY, style.GREY, style.OKABE_ITO["orange"], style.OKABE_ITO["orange"],
               style.COLOUR["SNU"], style.COLOUR["sSNU"]]
    for name, colour in zip(names, colours):
        axes.plot(reached[name], name, "o", color=colour, markersize=11)
        axes.text(reached[name] + 0.1, name, f"{reached[name]:.2f}", va="center")
    axes.invert_yaxis()
    axes.grid(axis="y", color="0.85")
    axes.set(xlabel="surprise on new chorales (nats a step)", xlim=(8.2, 11.6))
    figure.suptitle("Wiping the memory hurts; training without it hardly does", x=0.02, ha="left")
    keep(figure, "07_ladder.png")

# %% [markdown]
# ## It knows how sure it is
#
# Can we trust the network's probabilities? Collect all keys and steps of the test chorales to which
# it gave about 0.3, and count: about 30 % of them sounded. The same holds over the whole range.


# %%
real = test_mask == 1
p, sounded = expects(snu, test_in)[real].ravel(), test_out[real].ravel()
edges = np.array([0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 1])
place = np.digitize(p, edges[1:-1])
size = np.bincount(place, minlength=9)
said, seen = (np.bincount(place, weights=a, minlength=9) / np.maximum(size, 1)
              for a in (p, sounded))
enough = size >= 200
claim(enough[:6].all() and np.abs(said - seen)[enough].max() < (0.15 if args.quick else 0.08))

with style.house():
    figure, axes = style.figure(height=4.0)
    axes.plot([0, 1], [0, 1], "--", color=style.GREY, linewidth=1.2)
    axes.plot(said[enough], seen[enough], "o", color=style.COLOUR["SNU"], markersize=8)
    axes.set(xlabel="probability that the network gave", ylabel="share that sounded",
             aspect="equal", xlim=(0, 1), ylim=(0, 1), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    axes.text(0.63, 0.42, "given =\nmeasured", color=style.GREY)
    figure.suptitle("When it says 30 %, it is 30 %", x=0.02, ha="left")
    keep(figure, "07_calibration.png")

# %% [markdown]
# ## Listening to an expectation
#
# Now hear it. The network hears Bach's own notes, and `07_expected.wav` plays its expectation: all
# keys at once, each as loud as its probability. Sure notes are loud, possible ones are faint. Play
# it after `07_bach.wav`. (We take the sSNU, the better of the two.)

# %%
expected = expects(ssnu, bach[:-1, None])[:, 0]                           # (31, 88)
sound(np.concatenate([bach[:1], expected]), "07_expected.wav")
mean_p = [expected[bach[1:] == value].mean() for value in (1, 0)]
claim(mean_p[0] > (3 if args.quick else 6) * mean_p[1])

with style.house():
    figure, axes = style.figure(height=3.8)
    image = axes.imshow(expected.T, origin="lower", aspect="auto", cmap="Blues", vmin=0, vmax=1,
                        extent=(1.5, 32.5, -0.5, 87.5))
    t, key = np.nonzero(bach[1:])
    axes.plot(t + 2, key, "s", color="none", markeredgecolor=style.COLOUR["true"], markersize=6.5,
              markeredgewidth=1.3, label="what Bach wrote")
    axes.set(yticks=(27, 39, 51), yticklabels=("C3", "C4", "C5"), ylim=(13, 62), ylabel="key",
             xlabel="step (quarter note)", title="What the network expects, and what comes")
    axes.legend(loc="lower right", handletextpad=0.1, borderpad=0)
    figure.colorbar(image, label="probability", ticks=(0, 0.5, 1))
    keep(figure, "07_expected.png")

# %% [markdown]
# ## Left alone
#
# Let it compose. Give it four steps of a chorale. Draw each key at random, with the network's
# probability; the keys drawn are the next chord. Feed it back, and so on: `07_composed.wav`.
#
# We can hear two things, and count them over all 77 beginnings:
#
# - It keeps notes from one chord to the next about as often as Bach does.
# - It plays wrong notes together. Bach hardly ever sounds two neighbouring keys at once. In the
#   network's music it is many times as common. The network cannot avoid it, because it gives each
#   key a probability of its own. Two likely neighbours are drawn independently, so sometimes both
#   sound. This hardly changes the score in nats, but you hear it.


# %%
def compose(network, start, steps, rng):
    """Chords (steps, B, 88) that follow start (t, B, 88)."""
    logits, cache = network.forward(start)
    chords = []
    for _ in range(steps):
        p = 1 / (1 + np.exp(-logits[-1]))
        chords.append((rng.random(p.shape) < p).astype(np.float32))
        logits, cache = network.forward(chords[-1][None], cache.state)
    return np.array(chords)


def kept(rolls):
    """The share of notes that also sounded in the step before; rolls (steps, ..., 88)."""
    return (rolls[1:] * rolls[:-1]).sum() / rolls[1:].sum()


def clashes(rolls):
    """Pairs of neighbouring keys that sound together, per step."""
    return (rolls[..., 1:] * rolls[..., :-1]).sum() / (rolls.size / 88)


steps = 30 if args.quick else 100
composed = compose(ssnu, test_in[:4], steps, np.random.default_rng(1))       # (steps, 77, 88)
sound(np.concatenate([test_in[:4, 0], composed[:28, 0]]), "07_composed.wav")
keeps = [kept(composed)] + [np.mean([kept(roll) for roll in test_rolls])]
clash = [clashes(composed), clashes(np.concatenate(test_rolls))]
claim(2.5 < composed.sum(axis=2).mean() < 5.5)
claim(abs(keeps[0] - keeps[1]) < (0.2 if args.quick else 0.1))
claim(clash[0] > 5 * clash[1] and clash[1] < 0.05)

with style.house():
    figure, axes = style.figure(2, 1, height=5.6, sharex=True)
    for ax, roll, title in ((axes[0], bach, "Bach"),
                            (axes[1], np.concatenate([test_in[:4, 0], composed[:28, 0]]),
                             "After four steps of Bach, the network")):
        draw_roll(ax, roll, style.COLOUR["true"])
        both = roll[:, 1:] * roll[:, :-1]
        draw_roll(ax, np.pad(both, ((0, 0), (1, 0))) + np.pad(both, ((0, 0), (0, 1))),
                  style.COLOUR["y"])
        ax.set_title(f"{title}: {both.sum():.0f} clashes")
    axes[1].set(xlabel="step (quarter note)")
    axes[1].axvline(4.5, color=style.GREY, linestyle="--", linewidth=1.2)
    keep(figure, "07_composed.png")

# %%
print(f"seconds of Bach                      {seconds:.1f}")
print(f"parameters of the SNU network        {parameters}")
for name, value in reached.items():
    print(f"{name:33} {value:7.2f} nats a step")
print(f"kept from step to step               {keeps[0]:.2f}, Bach {keeps[1]:.2f}")
print(f"clashes per step                     {clash[0]:.2f}, Bach {clash[1]:.2f}")

# %% [markdown]
# ## Exercises
#
# 1. *One number for all keys.* Say you know only that on average 3.86 of the 88 keys sound in a
#    step. Which p, the same for all keys, is the best guess? How many nats does it cost? Find both
#    with the pencil, then check:
#
#        cost = [nll(p + 0 * test_after, test_after) for p in (0.9 * YOUR_P, YOUR_P, 1.1 * YOUR_P)]
#        assert cost[1] < cost[0] and cost[1] < cost[2] and abs(cost[1] - YOUR_NATS) < 0.05
#
#    How many nats a step do you save if you know *which* keys are the usual ones?
#
#    *Hint.* The best guess of a probability is the share of keys that sound. Then the cost is 88
#    times the entropy of one key.
#
# 2. *Better manners.* Teach `compose` not to clash: go through the keys of each chord from the most
#    probable to the least, draw it at random, but never add a key whose neighbour is already in.
#    Check that the music does not become empty:
#
#        polite = YOUR_COMPOSE(ssnu, test_in[:4], steps, np.random.default_rng(1))
#        assert clashes(polite) == 0 and polite.sum(axis=2).mean() > 3
#        sound(np.concatenate([test_in[:4, 0], polite[:28, 0]]), "07_polite.wav")
#
#    Which sounds worse, before or after? And does this lower the surprise of `ssnu` in nats?
#
#    *Hint.* Draw all random numbers first, as `compose` does. Then go through `np.argsort(-p)` and
#    look at both neighbours.
#
# 3. *The loss, to the last digit.* Write the loss of this tutorial yourself, from logits, with its
#    mask and its gradient. The package has three tests for it; the hard one has logits of 1000,
#    where exp overflows and log sees a 0. Put into a file, loss.py:
#
#        import numpy as np
#
#        class Adapter:
#            def run(self, case):
#                y, target = case["y"], case["target"]            # (T, B, n) each
#                mask = case.inputs.get("mask", np.ones(y.shape[:2]))
#                YOUR LINES
#                return {"value": value, "dy": dy}
#
#    and let the package check it:
#
#        python -m snu_ref check loss.py:Adapter --cases "loss-bern*"
#
#    The last line must begin with PASSED: 3 cases. (A hint: log(1 + exp(y)) equals
#    y + log(1 + exp(-y)). Which of the two may you use when?)

# %% [markdown]
# ## Expected output
#
# These are the last lines. A ~ marks those that differ with `--quick`. The numbers after it are
# standard deviations over seeds.
#
#     seconds of Bach                      19.2
#     parameters of the SNU network        26638
#     a coin                              61.00 nats a step
#     independent notes                   11.04 nats a step
#     its own past                        10.41 nats a step
#     SNU                                  8.69 nats a step  ~ 0.0063
#     SNU, memory wiped                    9.37 nats a step  ~ 0.031
#     SNU, decay = 0                       8.74 nats a step  ~ 0 0.0098
#     sSNU, recurrent                      8.47 nats a step  ~ 0.018
#     kept from step to step               0.38, Bach 0.36  ~ 0.0055 0
#     clashes per step                     0.28, Bach 0.01  ~ 0.0082 0
