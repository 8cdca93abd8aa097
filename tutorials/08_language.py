# %% [markdown]
# # 8. Language, and sampling from it
#
# **What you will see.** A network of soft units reads the reference manual of Python, one word at a
# time, and predicts the next word. You will build two predictors that need no network, and compare
# all three by one number, the perplexity. You will find something that the network knows and word
# pairs cannot know: whether a quotation is open. And you will let the network write, at low and
# high temperatures.
#
# **What it needs.** Tutorials 3 (the soft unit) and 4 (training). Nats, from tutorial 7.
#
# **Time.** 12 s of processor time, half an hour to read. (`--quick`, for the tests: 3 s. Its
# networks are trained less, and its numbers need not agree with the text.)
#
#     .venv/bin/python tutorials/08_language.py       (Windows: .venv\Scripts\python)
#
# `--exercises` prints the exercises. `python -i` leaves you at a prompt, where you can solve them.

# %%
import os
os.environ.setdefault("OMP_NUM_THREADS", "1")  # small matrices: one thread is fastest
import snu_ref
args, keep, claim = snu_ref.tutorial.start(globals())

# %%
from collections import Counter, defaultdict

import numpy as np

from snu_ref import (SNU, Adam, Dense, Dropout, Embedding, Network, TiedOutput, clip_by_norm,
                     softmax_cross_entropy, without_dropout)
from snu_ref.figures import style
from snu_ref.data.corpus import load_corpus
from snu_ref.data.ngrams import witten_bell_bigram_perplexity

# %% [markdown]
# ## Words as numbers
#
# Every Python contains its own reference manual, for `help("for")`. The package splits it into
# words and punctuation marks. The 1000 most frequent ones get a number each. All others become
# <unk>, "unknown". The word <eos> ends each paragraph. That makes 1002 words. A tenth of the
# paragraphs is kept for testing.
#
# The manual differs a little between versions of Python, and so do the numbers of this tutorial.
# The claims below allow for that.

# %%
corpus = load_corpus(vocabulary_size=1000)
words, train_text, test_text = corpus.vocabulary, corpus.train, corpus.test
V = len(words)
number = {word: k for k, word in enumerate(words)}
EOS, UNK = number["<eos>"], number["<unk>"]


def text(numbers):
    return " ".join(words[k] for k in numbers).replace(" <eos>", " /")


print("words to train on:", len(train_text), " to test on:", len(test_text))
print("the test text begins:", text(test_text[:40]))

count = np.bincount(train_text, minlength=V)
common = np.sort(count[2:])[::-1]                          # without <unk> and <eos>
half = np.searchsorted(np.cumsum(common), common.sum() / 2) + 1
claim(V == 1002 and 10 < half < 60)                        # a few words make half of the text

with style.house():
    figure, axes = style.figure()
    rank = np.arange(1, len(common) + 1)
    axes.loglog(rank, common, color=style.OKABE_ITO["blue"])
    for k in (1, 10, 100, 1000):
        word = sorted(words[2:], key=lambda w: -count[number[w]])[k - 1]
        axes.plot(k, common[k - 1], "o", color=style.OKABE_ITO["blue"])
        axes.text(k * 1.1, common[k - 1] * 1.15, word if word.isalpha() else f"the mark {word}")
    axes.set(xlabel="rank of the word", ylabel="occurrences", xlim=(0.8, 3000),
             ylim=(2, 3 * common[0]),
             title=f"{half} words make half of the text")
    keep(figure, "08_words.png")

# %% [markdown]
# ## Perplexity
#
# A model gives each word w a probability p of being the next one. If w comes, the surprise is -log
# p nats. The mean over a text is hard to picture, so one takes its exponential,
#
#     perplexity = exp( mean of -log p )
#
# A fair die with that many faces would be as hard to predict. A model that knows nothing is a die
# with V faces: its perplexity is V, here 1002. Everything below that is knowledge.
#
# The first thing to know is simple: some words are more frequent than others. Give each word its
# share of the training text as its probability, whatever word precedes it. This is the *unigram*.


# %%
def perplexity(p):
    return np.exp(-np.mean(np.log(p)))


unigram = np.maximum(count, 1) / np.maximum(count, 1).sum()              # (V,)
before, after = test_text[:-1], test_text[1:]
reached = {"a die": perplexity(np.full(len(after), 1 / V)),
           "unigram": perplexity(unigram[after])}
claim(abs(reached["a die"] - 1002) < 1e-6 and reached["unigram"] < 300)

# %% [markdown]
# Next, use the preceding word, h. Count in the training text how often w follows h: c(h, w). The
# share c(h, w)/c(h) is not usable: a pair that never occurred would get p = 0, and one such pair in
# the test text makes the perplexity infinite. Some probability must be kept for new words. How
# much? Witten and Bell look at the past. Of the c(h) words that came after h, N(h) were new there:
# one for each different word. So the next word is new with probability N(h) / (c(h) + N(h)). Which
# new word comes, the unigram p(w) tells:
#
#     p(w | h) = ( c(h, w) + N(h) p(w) ) / ( c(h) + N(h) )
#
# This *bigram* is a strong baseline for its simplicity. On the paper's data, Penn Treebank, it has
# a perplexity of 200. The published results are 141 for a five-word model and 137.7 for the SNU.

# %%
followers = defaultdict(Counter)
for h, w in zip(train_text, train_text[1:]):
    followers[h][w] += 1


def bigram(w, h):
    c, N = followers[h].total(), len(followers[h])
    return (followers[h][w] + N * unigram[w]) / (c + N) if c else unigram[w]


pairs = np.array([bigram(w, h) for h, w in zip(before, after)])
reached["bigram"] = perplexity(pairs)
claim(abs(sum(bigram(w, number["the"]) for w in range(V)) - 1) < 1e-9)      # it is a probability
claim(abs(reached["bigram"] / witten_bell_bigram_perplexity(train_text, test_text, V) - 1) < 1e-9)
claim(reached["bigram"] < 0.6 * reached["unigram"])

# %% [markdown]
# ## The network
#
# Word numbers are names, not quantities: number 7 is not more than number 6. So each word gets a
# vector, a row of a table E, which is trained like a weight. The table is used twice. At the input,
# it turns a word into its vector. At the output, the logit of word w is the product of the
# network's answer with row w ("tied weights", as in the best published sSNU).
#
#     x_t = E[word_t]                                             96 numbers
#     s_t = W x_t + H y_{t-1} + decay s_{t-1} (1 - y_{t-1})       128 sSNUs: Eq. 1, g = identity,
#     y_t = sigmoid( s_t + b )                                    with H; and Eq. 2
#     logits_t = E (A y_t + a) + c,     p = softmax(logits)       1002 numbers
#
# In training, *dropout* sets three tenths of the numbers x_t and y_t to 0, chosen at random each
# time. The network cannot rely on any single one, so it memorises less.
#
# A text is one long sequence. It is cut into 16 streams, which are read side by side in pieces of
# 30 words. The *state* is passed on from piece to piece, so the network remembers across the cuts.
# The *gradient* stops at the cuts: this is truncated backpropagation through time. Look for
# `cache.state` in the loop.

# %%
LIKE = dict(dtype=np.float32)


def new_network(rng, width, n):
    table = Embedding(V, width, rng=rng, **LIKE)
    return Network([table, Dropout(0.3, rng=rng, **LIKE),
                    SNU(width, n, rng=rng, h="sigmoid", g="identity", decay=0.5, recurrent=True,
                        **LIKE),
                    Dropout(0.3, rng=rng, **LIKE), Dense(n, width, rng=rng, **LIKE),
                    TiedOutput(table)])


def train(seed, epochs, lr, width, n):
    rng = np.random.default_rng(seed)
    network, adam = new_network(rng, width, n), Adam(lr)
    length = len(train_text) // 16
    streams = train_text[:16 * length].reshape(16, length).T                # (length, 16)
    starts = range(0, length - 30, 30)
    updates, done = epochs * len(starts), 0
    for epoch in range(epochs):
        state = None                                                        # a fresh start
        for t in starts:
            logits, cache = network.forward(streams[t:t + 30], state)
            state = cache.state                                             # passed on
            L, dlogits = softmax_cross_entropy(logits, streams[t + 1:t + 31])
            _, grads, _ = network.backward(dlogits, cache, need_dx=False)   # only this piece
            grads, _ = clip_by_norm({name: grads[name] for name in network.trainable}, 1.0)
            adam.lr = lr * (1 + np.cos(np.pi * done / updates)) / 2
            adam.step(network.params, grads)
            done += 1
    return without_dropout(network)


def probabilities(network, numbers):
    """p of all words after each word of a text: (len, V)."""
    logits, _ = network.forward(numbers[:, None])
    p = np.exp(logits[:, 0].astype(np.float64))
    return p / p.sum(axis=1, keepdims=True)


effort = dict(epochs=3, lr=0.02, width=32, n=64) if args.quick else \
    dict(epochs=12, lr=0.012, width=96, n=128)
network = train(0, **effort)
p = probabilities(network, before)
reached["sSNU"] = perplexity(p[np.arange(len(after)), after])
claim(reached["sSNU"] < (0.8 * reached["unigram"] if args.quick else 0.87 * reached["bigram"]))

# %% [markdown]
# ## How far back does it look?
#
# Clear the state, show the network only the last k words, and ask for the next one. With k = 1 it
# fails badly, partly because it hardly ever met a cleared state in training. From about k = 5 on it
# is better than the pairs, and more than about ten words gain nothing.

# %%
inside, outside = Network(network.layers[:-1]), network.layers[-1]
at = np.arange(30, len(test_text))                                          # words to predict
by_k = {}
for k in (1, 2, 3, 5, 10, 30):
    context = np.stack([test_text[at - k + j] for j in range(k)])           # (k, words)
    y, _ = inside.forward(context)
    L, _ = softmax_cross_entropy(outside.forward(y[-1:])[0], test_text[at][None])
    by_k[k] = np.exp(L)
claim(by_k[1] > by_k[2] > by_k[3] and by_k[2] > 1.3 * by_k[10] or args.quick)
claim(abs(by_k[10] / by_k[30] - 1) < 0.04)
if not args.quick:
    claim(by_k[5] < reached["bigram"] and by_k[5] > by_k[10])

with style.house():
    figure, axes = style.figure(height=4.0)
    axes.loglog(list(by_k), list(by_k.values()), "o-", color=style.COLOUR["sSNU"])
    below = min(by_k[30], reached["bigram"])            # this label goes below its line
    for name, height, colour in (("unigram", reached["unigram"], style.GREY),
                                 ("bigram", reached["bigram"], style.OKABE_ITO["orange"]),
                                 ("sSNU", by_k[30], style.COLOUR["sSNU"])):
        if name != "sSNU":
            axes.axhline(height, color=colour, linestyle="--", linewidth=1.6)
        low = height == below
        axes.text(30, height * (0.9 if low else 1.06), f"{name}: {height:.0f}", color=colour,
                  ha="right", va="top" if low else "bottom")
    axes.set(xlabel="words shown, from a cleared state", ylabel="perplexity", ylim=(30, 3000),
             xticks=list(by_k), xticklabels=list(by_k), yticks=(100, 1000),
             yticklabels=(100, 1000), title="Five words say more than one")
    axes.minorticks_off()
    keep(figure, "08_context.png")

# %% [markdown]
# ## Something that pairs cannot know
#
# What do the earlier words tell? The manual is full of quotations, each opened and closed by the
# same mark. Whether a quotation is open depends on how many marks the paragraph has had so far,
# even far back. Ask both models how probable a quotation mark is as the next word, while a
# quotation is open and while none is. (The word right after a mark is left out.)
#
# The bigram shows a difference, because some words occur mostly inside quotations. The network
# shows a far larger one: its state of 128 numbers records whether a quotation is open.

# %%
quote = number['"']
is_open, now = np.zeros(len(before), bool), False
for t, word in enumerate(before):
    now = False if word == EOS else now ^ (word == quote)
    is_open[t] = now
asked = before != quote
chance = {"bigram": np.array([bigram(quote, h) for h in before]), "sSNU": p[:, quote]}
mark = {name: (q[asked & is_open].mean(), q[asked & ~is_open].mean()) for name, q in chance.items()}
ratio = {name: inside / outside for name, (inside, outside) in mark.items()}
claim((asked & is_open).sum() > 200)
claim(ratio["sSNU"] > (1.7 if args.quick else 2 * ratio["bigram"]))

with style.house():
    figure, axes = style.figure(height=2.9)
    for row, (name, colour) in enumerate((("bigram", style.OKABE_ITO["orange"]),
                                          ("sSNU", style.COLOUR["sSNU"]))):
        opened, closed = (100 * q for q in mark[name])
        axes.plot([closed, opened], [name, name], "-", color=colour)
        axes.plot(closed, name, "o", color=colour, markerfacecolor="white", markersize=11)
        axes.plot(opened, name, "o", color=colour, markersize=11)
        axes.text((closed * opened) ** 0.5, row + 0.06, f"{ratio[name]:.1f} times", ha="center",
                  va="bottom", color=colour)
    axes.plot([], [], "o", color=style.GREY, markerfacecolor="white", label="none is open")
    axes.plot([], [], "o", color=style.GREY, label="one is open")
    axes.set(xscale="log", xlim=(2, 100), xticks=(2, 5, 10, 20, 50, 100), ylim=(-0.6, 2.3),
             xticklabels=(2, 5, 10, 20, 50, 100),
             xlabel="probability of a quotation mark next (%)",
             title="The network knows that a quotation is open")
    axes.minorticks_off()
    axes.legend(loc="upper left", ncols=2)
    keep(figure, "08_quotes.png")

# %% [markdown]
# ## Sampling
#
# To write, draw a word with the probabilities of the model, give that word to the model as its next
# input, and repeat. It is usual to set a *temperature*:
#
#     p = softmax( logits / temperature )
#
# At 1 the model uses the probabilities that it has learned. Below 1 likely words become likelier;
# in the limit of 0 the likeliest word always comes. Above 1 the probabilities become more equal.
# (The word <unk> is excluded.)


# %%
def write(network, steps, writers, temperature, rng):
    """Texts that begin a new paragraph, as word numbers (writers, steps)."""
    logits, cache = network.forward(np.full((1, writers), EOS))
    written = []
    for _ in range(steps):
        z = logits[-1].astype(np.float64) / temperature
        z[:, UNK] = -np.inf
        q = np.exp(z - z.max(axis=1, keepdims=True))
        q = np.cumsum(q / q.sum(axis=1, keepdims=True), axis=1)             # (writers, V)
        written.append((q > rng.random((writers, 1)) * q[:, -1:]).argmax(axis=1))
        logits, cache = network.forward(written[-1][None], cache.state)
    return np.array(written).T


def triples(numbers):
    return list(zip(numbers, numbers[1:], numbers[2:]))


def seen_before(text):
    """The share of the triples of successive words that also occur in the training text."""
    return np.mean([triple in known for triple in triples(text)])


rng = np.random.default_rng(1)
known = set(triples(train_text.tolist()))
temperatures = (0.3, 0.6, 1.0, 1.5)
written = {T: write(network, 50, 40, T, rng) for T in temperatures}
print("unigram:", text(rng.choice(V, 20, p=unigram)))
chain = [EOS]
for _ in range(20):
    q = np.array([bigram(w, chain[-1]) for w in range(V)])
    chain.append(rng.choice(V, p=q / q.sum()))
print("bigram:", text(chain[1:]))
for T in temperatures:
    print(f"sSNU at {T}:", text(written[T][0][:40]))

# %% [markdown]
# Measure two things. What share of the triples of successive words that it writes also occur in the
# training text? And how many different words are there among 2000? At a low temperature it repeats
# what it has read and uses few words. At a high temperature it invents, and most of it is nonsense.
# New text by the manual's own authors (the test text) lies between. No temperature is right for all
# uses: it trades safety for variety.

# %%
copied = {T: np.mean([seen_before(line.tolist()) for line in written[T]]) for T in temperatures}
variety = {T: len(np.unique(written[T])) for T in temperatures}
authors = seen_before(test_text.tolist())
claim(all(copied[a] > copied[b] + 0.02 for a, b in zip(temperatures, temperatures[1:])))
claim(all(variety[a] < variety[b] for a, b in zip(temperatures, temperatures[1:])))
claim(copied[0.3] > authors > copied[1.5])

with style.house():
    figure, (top, bottom) = style.figure(2, 1, height=5.2, sharex=True)
    top.plot(temperatures, [100 * copied[T] for T in temperatures], "o-",
             color=style.COLOUR["sSNU"])
    top.axhline(100 * authors, color=style.GREY, linestyle="--", linewidth=1.2)
    top.text(1.5, 100 * authors + 2, "the authors, new text", color=style.GREY, ha="right")
    top.set(ylabel="triples of words that\nare in the training text (%)", ylim=(0, 103),
            title="Cold, it repeats; hot, it invents")
    bottom.plot(temperatures, [variety[T] for T in temperatures], "o-", color=style.COLOUR["sSNU"])
    bottom.set(xlabel="temperature", ylabel="different words\nin 2000", ylim=(0, None),
               xticks=temperatures)
    keep(figure, "08_temperature.png")

# %%
print(f"size of the vocabulary               {V}")
print(f"parameters                           {network.n_trainable}")
for name, value in reached.items():
    print(f"perplexity, {name:24} {value:.1f}")
for name in ratio:
    print(f"p(quote), open/closed, {name:13} {ratio[name]:.1f}")
for T in temperatures:
    print(f"triples in training text, at {T}     {100 * copied[T]:.0f} %")

# %% [markdown]
# ## Exercises
#
# 1. *A perplexity by hand.* A model gives the right word p = 1/4 at every other word of a text, and
#    p = 1/64 at the rest. What is its perplexity? (Not the mean of 4 and 64.)
#
#        assert abs(perplexity(np.array([1 / 4, 1 / 64] * 50)) - YOUR_PERPLEXITY) < 1e-9
#
#    And what is it if the model gives p = 1 to 99 right words and p = 0 to the hundredth?
#
#    *Hint.* Perplexity is exp of the mean of -ln p.
#
# 2. *Two words of history.* Witten and Bell's rule can be nested. After a *pair* of words, take the
#    probability of a new word from the bigram:
#
#        p(w | g, h) = ( c(g, h, w) + N(g, h) p(w | h) ) / ( c(g, h) + N(g, h) )
#
#    Write it, and compare (from the second word on, both models on the same words):
#
#        q = [YOUR_TRIGRAM(w, g, h) for g, h, w in zip(test_text, test_text[1:], test_text[2:])]
#        assert perplexity(np.array(q)) < 0.97 * perplexity(pairs[1:])
#
#    Is it as good as the network? Does it know about quotation marks?
#
#    *Hint.* Count `after_pair[g, h][w]` as `followers` counts. If a pair never occurred, N and c
#    are 0: use the bigram.
#
# 3. *One table, two uses.* Tied weights enter the chain rule twice. Take a network without units:
#    y_t = tanh( E[x_t] ), logits_t = E y_t. Its table E gets one gradient from the input and one
#    from the output. Derive both, and let the package check their sum:
#
#        from snu_ref.gradcheck import check_gradient
#
#        x = np.array([3, 0, 3, 2, 4])                       # word 1 never occurs, word 3 twice
#
#        def forward(a):
#            return np.tanh(a["E"][x]) @ a["E"].T            # (5 steps, 5 words)
#
#        def backward(a, G):                                 # G is dL/dlogits, (5, 5)
#            YOUR LINES
#            return {"E": dE}                                # (5 words, 4)
#
#        rows = check_gradient(forward, backward, {"E": rng.normal(size=(5, 4))}, rng=rng)
#        for row in rows:
#            print(row.parameter, row.verdict)
#        assert not any(row.failed for row in rows)
#
#    (If it is wrong: does your sum count word 3 twice? `dE[x] += ...` does not; np.add.at does.)

# %% [markdown]
# ## Expected output
#
# These are the last lines, with the manual of Python 3.11. A ~ marks those that differ with
# `--quick`, or with another Python. (The numbers after a ~ are standard deviations: over the
# manuals of Python 3.10 to 3.13 for unigram and bigram, over seeds for the others.)
#
#     size of the vocabulary               1002
#     parameters                           138378  ~ 0
#     perplexity, a die                    1002.0
#     perplexity, unigram                  161.4  ~ 1.1
#     perplexity, bigram                   60.2  ~ 0.5
#     perplexity, sSNU                     46.0  ~ 0.51
#     p(quote), open/closed, bigram        2.8  ~ 0.05
#     p(quote), open/closed, sSNU          10.0  ~ 0.18
#     triples in training text, at 0.3     89 %  ~ 0 2.1
#     triples in training text, at 0.6     69 %  ~ 0 0.82
#     triples in training text, at 1.0     30 %  ~ 0 0.82
#     triples in training text, at 1.5     6 %  ~ 0 0.55
