# %% Exercise 1: at rest s = x + decay s (1 - y), with y = sigmoid(2 - 1)
YOUR_X = 2 - 0.8 * 2 * (1 - sigmoid(1.0))  # 1.5697
s, y = run([YOUR_X] * 200, sigmoid)
claim(abs(s[-1] - 2) < 1e-9)
# The slope of decay s (1 - y) is below 1 everywhere, so x + decay s (1 - y) equals s only once.

# %% Exercise 2: sigmoid(b) = 0.01, and decay (1 - 0.01) = 0.95
YOUR_B = np.log(0.01 / 0.99)
YOUR_DECAY = 0.95 / 0.99
decay = YOUR_DECAY
s, y = run([1e-3] + [0.0] * 99, sigmoid, b=YOUR_B)
claim(abs(s[-1] / s[-2] - 0.95) < 1e-5 and abs(y[-1] - 0.01) < 1e-5)
decay = 0.8
# With b = -1 the gate at rest is 0.73, so decay would be 1.30; the package allows at most 1.
