# %% Exercise 1: the mean is n p and the variance n p (1 - p), so (1 - p)/(n p) = 0.01
YOUR_STEPS = 567
counts = (np.random.default_rng(0).random((4000, YOUR_STEPS)) < 0.15).sum(axis=1)
claim(abs(counts.std() / counts.mean() - 0.1) < 0.005)
# Value 0.5 needs 233 steps: p is twice as large, and 1 - p is smaller.


# %% Exercise 2: one more hidden spike adds PRICE to a digit, and the loss is the mean of 32 digits
def train_priced(seed, price, *, epochs, pictures, lr):
    rng = np.random.default_rng(seed)
    network, adam = new_network(rng), Adam(lr)
    one, two = network.layers
    updates, done = epochs * (pictures // 32), 0
    for _ in range(epochs):
        order = rng.permutation(pictures)
        for i in range(0, pictures - 31, 32):
            chosen = order[i:i + 32]
            x = spikes_of(train_x[chosen], NS, rng)
            hidden, cache_one = one.forward(x)
            y, cache_two = two.forward(hidden)
            L, dy = mean_square_error(y, np.eye(10, dtype=np.float32)[train_labels[chosen]])
            dhidden, grads_two, _ = two.backward(dy, cache_two)
            dhidden = dhidden + np.float32(price / 32)
            _, grads_one, _ = one.backward(dhidden, cache_one, need_dx=False)
            grads = {"0.W": grads_one["W"], "0.b": grads_one["b"],
                     "1.W": grads_two["W"], "1.b": grads_two["b"]}
            adam.lr = lr * (1 + np.cos(np.pi * done / updates)) / 2
            adam.step(network.params, grads)
            done += 1
    return network


priced = train_priced(0, 1e-4, **effort)
x = spikes_of(test_x, NS, np.random.default_rng(3))
said, hidden = answers(priced, x)
free = answers(plain[0][0], x)[1].sum()
print(hidden.sum() / len(test_x), np.mean(said == test_labels))
claim(hidden.sum() < (0.9 if args.quick else 0.5) * free)
claim(np.mean(said == test_labels) > (0.8 if args.quick else 0.91))
