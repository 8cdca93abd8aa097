# %% Exercise 1: the rheobase is V_th/R = 0.75 nA; T = tau ln(R I/(R I - V_th)) with R I = 40 mV
R = 20.0
tau = R * C
I = 2.0
_, y = neuron([I] * 4000, dt=0.05)
YOUR_T = tau * np.log(40 / (40 - 15))  # 9.4 ms
claim(abs(np.diff(np.flatnonzero(y)).mean() * 0.05 - YOUR_T) < 0.1)
R = 10.0
tau = R * C

# %% Exercise 2: over a step V decays by exp(-dt/tau), and the current fills the rest up to R I
YOUR_DECAY = np.exp(-5.0 / tau)
YOUR_W = R * (1 - YOUR_DECAY)
unit = SNU(1, 1, rng=rng, decay=YOUR_DECAY)
unit.params["W"][:] = YOUR_W
unit.params["b"][:] = -1e9
_, cache = unit.forward(np.full((10, 1, 1), 2.0))
claim(np.abs(cache.s[:, 0, 0] - exact(5.0 * np.arange(1, 11), 2.0)).max() < 1e-12)
# At dt = 15 ms Euler's decay is 1 - 1.5 = -0.5: the state would swing through 0. Yours is 0.22.
