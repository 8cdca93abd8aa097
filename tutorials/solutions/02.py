# %% Exercise 1: backwards, with psi' = 0.5, 0.8, 0.6 and dy = -1, 1, 0
# step 3: dy = 0, and no later step reads it                             dz_3 = 0
# step 2: dv = 0.8 * 1 = 0.8                                             dz_2 = 0.8
# step 1: dY = -1 - 0.8 * 0.5 * 0.8 = -1.32;  dv = 0.5 * -1.32 = -0.66
#         ds = dv + 0.8 * (1 - 0) * 0.8 = -0.66 + 0.64                   dz_1 = -0.02
YOUR_dW = 1.0 * -0.02 + 1.6 * 0.8  # x_1 dz_1 + x_2 dz_2
mine, _ = backward(W, decay, x, trace, [-1, 1, 0], triangle_slope)
claim(abs(YOUR_dW - mine["W"]) < 1e-12)
# ds_1 is -0.66 + 0.64. The first asks for a higher s_1, so that step 1 spikes. The second asks for
# a lower s_1, so that step 2 does not spike.


# %% Exercise 2: y_t is read by the loss, by the reset gate of step t + 1, and now by H in z_{t+1}
def forward_with_H(W, H, b, decay, x):
    s = y = 0.0
    steps = []
    for x_t in x:
        z = W * x_t + H * y + decay * s * (1 - y)
        s_before, y_before = s, y
        s = max(z, 0.0)
        y = step(s + b)
        steps.append((z, s, s + b, y, s_before, y_before))
    return steps


def backward_with_H(W, H, decay, x, steps, dy):
    grads = dict.fromkeys(("W", "H", "b", "decay"), 0.0)
    dz_next = 0.0
    for (z, s, v, y, s_before, y_before), x_t, dy_t in reversed(list(zip(steps, x, dy))):
        dY = dy_t - decay * s * dz_next + H * dz_next
        dv = triangle_slope(v) * dY
        dz_next = (dv + decay * (1 - y) * dz_next) * (z > 0)
        grads["W"] += x_t * dz_next
        grads["H"] += y_before * dz_next
        grads["b"] += dv
        grads["decay"] += s_before * (1 - y_before) * dz_next
    return grads


rng = np.random.default_rng(0)
steps = forward_with_H(W, 0.3, b, decay, x)
YOUR_GRADS = backward_with_H(W, 0.3, decay, x, steps,
                             [of[3] - wanted for of, wanted in zip(steps, target)])
unit = SNU(1, 1, rng=rng, surrogate="triangle", recurrent=True)
unit.params["W"][:], unit.params["H"][:] = W, 0.3
y, cache = unit.forward(np.array(x)[:, None, None])
dx, grads, _ = unit.backward(y - np.array(target)[:, None, None], cache)
for name in ("W", "H", "b", "decay"):
    claim(abs(grads[name].item() - YOUR_GRADS[name]) < 1e-12, name)
claim(YOUR_GRADS["H"] < 0)  # more of H: the spike of step 2 would help the one wanted in step 3
