# %% Exercise 1: p is the share of keys that sound; the cost is the entropy of 88 such keys
YOUR_P = 3.86 / 88
YOUR_NATS = -88 * (YOUR_P * np.log(YOUR_P) + (1 - YOUR_P) * np.log(1 - YOUR_P))  # 15.84
cost = [nll(p + 0 * test_after, test_after) for p in (0.9 * YOUR_P, YOUR_P, 1.1 * YOUR_P)]
claim(cost[1] < cost[0] and cost[1] < cost[2] and abs(cost[1] - YOUR_NATS) < 0.05)


# %% Exercise 2: from the most probable key down, never a key beside one that is already chosen
def compose_politely(network, start, steps, rng):
    logits, cache = network.forward(start)
    chords = []
    for _ in range(steps):
        p = 1 / (1 + np.exp(-logits[-1]))                     # (B, 88)
        dice = rng.random(p.shape)
        chord = np.zeros((len(p), 90), np.float32)            # a silent key at each end
        for piece, order in enumerate(np.argsort(-p, axis=1)):
            for key in order:
                free = not (chord[piece, key] or chord[piece, key + 2])
                chord[piece, key + 1] = free and dice[piece, key] < p[piece, key]
        chords.append(chord[:, 1:89])
        logits, cache = network.forward(chords[-1][None], cache.state)
    return np.array(chords)


polite = compose_politely(ssnu, test_in[:4], steps, np.random.default_rng(1))
claim(clashes(polite) == 0 and polite.sum(axis=2).mean() > (2.5 if args.quick else 3))
sound(np.concatenate([test_in[:4, 0], polite[:28, 0]]), "07_polite.wav")
# The network's surprise at Bach's chords stays the same: only the sampling has changed.
