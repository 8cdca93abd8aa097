# %% Exercise 1: e/2 falls with e, 1e-16/e rises; they meet near e = 1e-8, where both are 1e-8
YOUR_STEP, YOUR_ERROR = 1e-8, 1e-8


def L(W):
    return (G * run({**a, "W": W}, [sigmoid] * T)[1]).sum()


hand = backward(a, G, [sigmoid] * T, sigmoid_slope)["W"]
W = a["W"]
errors = np.abs([(L(W + e) - L(W)) / ((W + e) - W) / hand - 1 for e in steps])
claim(0.03 < steps[errors.argmin()] / YOUR_STEP < 30)
claim(0.003 < errors.min() / YOUR_ERROR < 300)


# %% Exercise 2: the slope of tanh applies to dz_{t+1} too; H multiplies the output of step t - 1
def forward(a):
    y, ys = 0.0, []
    for x_t in a["x"]:
        y = np.tanh(a["W"] * x_t + a["H"] * y)
        ys.append(y)
    return np.array(ys)


def friends_backward(a, G):
    y = forward(a)
    W = H = dz = 0.0
    x = np.zeros(T)
    for t in reversed(range(T)):
        dz = (1 - y[t] ** 2) * (G[t] + a["H"] * dz)  # was: ... * G[t] + a["H"] * dz
        W += a["x"][t] * dz
        H += (y[t - 1] if t else 0.0) * dz           # was: y[t] * dz
        x[t] = a["W"] * dz
    return {"W": np.array(W), "H": np.array(H), "x": x}


b = {"W": np.array(0.8), "H": np.array(0.6), "x": np.random.default_rng(0).normal(size=T)}
rows = check_gradient(forward, friends_backward, b, rng=np.random.default_rng(1))
claim(not any(row.failed for row in rows))
