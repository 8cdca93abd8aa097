# %% Exercise 1: the mean of the logarithms counts: exp((ln 4 + ln 64)/2)
YOUR_PERPLEXITY = 16
claim(abs(perplexity(np.array([1 / 4, 1 / 64] * 50)) - YOUR_PERPLEXITY) < 1e-9)
# A single p = 0 makes the perplexity infinite, whatever the other probabilities are.

# %% Exercise 2: the same rule again, with pairs of words instead of words
after_pair = defaultdict(Counter)
for g, h, w in zip(train_text, train_text[1:], train_text[2:]):
    after_pair[g, h][w] += 1


def trigram(w, g, h):
    seen = after_pair[g, h] if (g, h) in after_pair else Counter()
    c, N = seen.total(), len(seen)
    return (seen[w] + N * bigram(w, h)) / (c + N) if c else bigram(w, h)


q = [trigram(w, g, h) for g, h, w in zip(test_text, test_text[1:], test_text[2:])]
claim(perplexity(np.array(q)) < 0.97 * perplexity(pairs[1:]))
