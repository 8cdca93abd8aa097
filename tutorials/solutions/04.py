# %% Exercise 1: which lines were busy tells little; when they were busy, together, tells nearly all
shuffled = test_rng.permuted(test_x, axis=0)
by_line = accuracy(learnt, shuffled, test_labels)
together = accuracy(learnt, test_x[np.random.default_rng(0).permutation(len(test_x))], test_labels)
backwards = accuracy(learnt, test_x[::-1], test_labels)
print(f"shuffled {by_line:.2f}, together {together:.2f}, backwards {backwards:.2f}")
claim(by_line < learnt_accuracy - 0.2 and together > by_line and backwards > by_line)
# These units hear coincidence: lines that spike at the same time. They hear little of the order.

# %% Exercise 2: P(v + noise > 0) = 1/(1 + exp(-v/scale)) = (1 + tanh(v/(2 scale)))/2
YOUR_SCALE = 0.5
v = np.linspace(-2, 2, 21)
noise = np.random.default_rng(0).logistic(scale=YOUR_SCALE, size=(200_000, 1))
mean_output = (v + noise > 0).mean(axis=0)
claim(np.abs(mean_output - (1 + np.tanh(v)) / 2).max() < 0.006)
