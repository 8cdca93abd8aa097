"""The tables of mistakes of the backward pass; the forward pass is right in all of these.

    SLOPES    what stands for g' and h'
    PATHS     edited lines of the step, through which a gradient does not flow (const), or does
    HAND      edited lines of a backward pass written by hand (`snu_ref.oracle.program.backward`)

Where the forward pass is right PATHS and HAND say the same things in two ways; a program that is
differentiated by a machine has PATHS together with mistakes of the forward pass.
"""
from .edit import table

SLOPES = table("""
h_slope | 1 - tanh(v)**2 | the surrogate is that of tanh, 1 - tanh^2(v) | h=step surrogate!=tanh
h_slope | abs(v) < 1/2 | the surrogate is the boxcar, 1 for |v| < 1/2 | h=step surrogate!=boxcar
h_slope | maximum(0, 1 - abs(v)) | the surrogate is the triangle, max(0, 1 - |v|) | h=step surrogate!=triangle
h_slope | 1 / (1 + (pi * v)**2) | the surrogate is that of arctan, 1 / (1 + (pi v)^2) | h=step surrogate!=arctan
h_slope | 1 / (1 + abs(v))**2 | the surrogate is the fast sigmoid, 1 / (1 + |v|)^2 | h=step surrogate!=fast_sigmoid
h_slope | dpsi(s) | the surrogate is taken at s, without b | h=step
h_slope | dpsi(z) | the surrogate is taken at z | h=step
h_slope | dpsi(y) | the surrogate is taken at y | h=step
h_slope | dpsi(s - b) | the surrogate is taken at s - b | h=step
h_slope | dpsi(z + b) | the surrogate is taken at z + b | h=step
h_slope | dpsi(v / where(b == 0, 1, -b)) | the surrogate is taken at v over the threshold | h=step
h_slope | dpsi(s_before + b) | the surrogate is taken at the v of the step before | h=step
h_slope | 1 + 0 * v | the slope of the step is 1 (straight through) | h=step
h_slope | 0 * v | the slope of the step is 0, as of a bare comparison | h=step
h_slope | v > 0 | the slope of the step is 1 where v > 0 | h=step
h_slope | y * dpsi(v) | the slope of the step is 0 where there is no spike | h=step
h_slope | (1 - y) * dpsi(v) | the slope of the step is 0 where there is a spike | h=step
h_slope | abs(v) < 1 | the surrogate is 1 for |v| < 1 | h=step
h_slope | abs(v) <= 1/2 | the boxcar is 1 on its edges, |v| <= 1/2 | h=step
h_slope | (abs(v) < 1) / 2 | the surrogate is 1/2 for |v| < 1 | h=step
h_slope | sigmoid(v) * (1 - sigmoid(v)) | the surrogate is sigmoid'(v) | h=step
h_slope | 4 * sigmoid(4 * v) * (1 - sigmoid(4 * v)) | the surrogate is 4 sigmoid'(4 v) (SpikingJelly 0.0.0.14) | h=step
h_slope | 25 * sigmoid(25 * v) * (1 - sigmoid(25 * v)) | the surrogate is 25 sigmoid'(25 v) (snnTorch 0.9, sigmoid) | h=step
h_slope | 1 / (1 + 25 * abs(v))**2 | the surrogate is 1 / (1 + 25 |v|)^2 (snnTorch 0.9, fast_sigmoid) | h=step
h_slope | 1 / (1 + 100 * abs(v))**2 | the surrogate is 1 / (1 + 100 |v|)^2 (Norse 1.0, SuperSpike) | h=step
h_slope | 1 / (1 + 10 * abs(v))**2 | the surrogate is 1 / (1 + 10 |v|)^2 (SuperSpike) | h=step
h_slope | 1 / (1 + (pi * v)**2) / pi | the surrogate is 1 / (pi (1 + (pi v)^2)) (snnTorch 0.9, atan) | h=step
h_slope | 1 / (1 + v**2) | the surrogate is 1 / (1 + v^2) | h=step
h_slope | exp(-v**2 / 2) / sqrt(2 * pi) | the surrogate is a Gaussian of area 1 | h=step
h_slope | exp(-v**2) | the surrogate is exp(-v^2) | h=step
h_slope | exp(-abs(v)) | the surrogate is exp(-|v|) | h=step
h_slope | exp(-5 * abs(v)) | the surrogate is exp(-5 |v|) | h=step
h_slope | maximum(0, 1 - v**2) | the surrogate is max(0, 1 - v^2) | h=step
h_slope | 1 - y**2 | the slope is 1 - y^2
h_slope | y * (1 - y) | the slope is y (1 - y), that of the sigmoid | h=step
h_slope | sign(v) | the slope is sign(v) | h=step
h_slope | tanh(v) | the slope is tanh(v): the primitive, not its derivative | h=step
h_slope | 1 - tanh(v) | the slope is 1 - tanh(v), without the square | h=step
h_slope | 1 - tanh(abs(v)) | the slope is 1 - tanh(|v|), without the square | h=step
h_slope | 0.3 * maximum(0, 1 - abs(v)) | the surrogate is 0.3 max(0, 1 - |v|) | h=step
h_slope | 0.5 * maximum(0, 1 - abs(v)) | the surrogate is 0.5 max(0, 1 - |v|) | h=step
h_slope | k * dpsi(v) | the surrogate is multiplied by k | h=step
h_slope | dpsi(k * v) | the surrogate is psi'(k v) | h=step
h_slope | k * dpsi(k * v) | the surrogate is k psi'(k v) | h=step
h_slope | k * maximum(0, 1 - abs(v)) | the surrogate is k max(0, 1 - |v|) | h=step surrogate!=triangle
h_slope | 1 / (1 + k * abs(v))**2 | the surrogate is 1 / (1 + k |v|)^2 | h=step
h_slope | k / (1 + k * abs(v))**2 | the surrogate is k / (1 + k |v|)^2 | h=step
h_slope | 1 / (1 + (k * v)**2) | the surrogate is 1 / (1 + (k v)^2) | h=step
h_slope | k * sigmoid(k * v) * (1 - sigmoid(k * v)) | the surrogate is k sigmoid'(k v) | h=step
h_slope | exp(-k * abs(v)) | the surrogate is exp(-k |v|) | h=step
h_slope | k * exp(-k * abs(v)) | the surrogate is k exp(-k |v|) | h=step
h_slope | exp(-k * v**2) | the surrogate is exp(-k v^2) | h=step
h_slope | k * (abs(v) < 1/2) | the surrogate is k for |v| < 1/2 | h=step
h_slope | (abs(v) < k) / 1 | the surrogate is 1 for |v| < k | h=step
h_slope | 1 - k * tanh(v)**2 | the surrogate is 1 - k tanh^2(v) | h=step
h_slope | k * (1 - tanh(v)**2) | the surrogate is k (1 - tanh^2(v)) | h=step surrogate!=tanh
h_slope | 1 + 0 * v | the slope of the sigmoid is left out, taken as 1 | h=sigmoid
h_slope | v * (1 - v) | the slope of the sigmoid is v (1 - v), not y (1 - y) | h=sigmoid
h_slope | sigmoid(y) * (1 - sigmoid(y)) | the slope of the sigmoid is taken at y | h=sigmoid
h_slope | sigmoid(s) * (1 - sigmoid(s)) | the slope of the sigmoid is taken at s, without b | h=sigmoid
h_slope | sigmoid(z) * (1 - sigmoid(z)) | the slope of the sigmoid is taken at z | h=sigmoid
h_slope | 1 - tanh(v)**2 | the slope of the sigmoid is 1 - tanh^2(v), the surrogate of the step | h=sigmoid
h_slope | y | the slope of the sigmoid is y, without 1 - y | h=sigmoid
h_slope | k * y * (1 - y) | the slope of the sigmoid is multiplied by k | h=sigmoid
g_slope | 1 + 0 * z | the slope of g is left out, taken as 1 | g!=identity
g_slope | z >= 0 | g'(0) is 1, not the left slope 0 | g=relu
g_slope | where(z >= 0, 1, 0.1) | g'(0) is 1, not the left slope 0.1 | g=leaky_relu
g_slope | where(z == 0, 0.5, z > 0) | g'(0) is 1/2, not the left slope 0 | g=relu
g_slope | where(z == 0, 0.55, where(z > 0, 1, 0.1)) | g'(0) is 0.55, not the left slope 0.1 | g=leaky_relu
g_slope | z > 0 | the slope of g is 0 below 0, as of relu | g=leaky_relu,identity,tanh
g_slope | where(z > 0, 1, 0.1) | the slope of g is that of leaky_relu | g=relu,identity,tanh
g_slope | where(z > 0, 1, 0.01) | the slope of g is 0.01 below 0 | g=leaky_relu
g_slope | 1 - z**2 | the slope of tanh is 1 - z^2, not 1 - s^2 | g=tanh
g_slope | 1 - tanh(s)**2 | the slope of tanh is taken at s, 1 - tanh^2(s) | g=tanh
g_slope | 1 - s | the slope of tanh is 1 - s, without the square | g=tanh
g_slope | 1 - s**2 | the slope of g is 1 - s^2, that of tanh | g!=tanh
g_slope | s * (1 - s) | the slope of g is s (1 - s), that of a sigmoid
g_slope | v > 0 | the slope of g is taken at v | g=relu
g_slope | where(v > 0, 1, 0.1) | the slope of g is taken at v | g=leaky_relu
g_slope | 1 - v**2 | the slope of tanh is 1 - v^2, not 1 - s^2 | g=tanh
g_slope | 0 * z | no gradient flows through g
g_slope | where(z > 0, 1, k) | the slope of g is k below 0 | g=leaky_relu
""")

PATHS = table("""
fired | const(y_before) | the gradient does not flow through the reset gate | reset_grad=through lateral_inhibition=False
fired | max(const(y_before)) | the gradient does not flow through the reset gate | reset_grad=through lateral_inhibition=True
fired | y_before | the gradient flows through the reset gate | reset_grad=detached lateral_inhibition=False
fired | max(y_before) | the gradient flows through the reset gate | reset_grad=detached lateral_inhibition=True
fired | max_first(seen) | of the units that tie for the maximum, the first has all of its gradient | lateral_inhibition=True reset_grad=through
fired | max_each(seen) | each unit that ties for the maximum has all of its gradient | lateral_inhibition=True reset_grad=through
s_before | const(s_before) if t > 0 else s_before | no gradient flows from state to state
s_before | const(s_before) | no gradient flows from state to state, nor to s_0
y_before | const(y_before) if t > 0 else y_before | y_{t-1} is a constant for the next step
y_before | const(y_before) | y_{t-1} is a constant for the next step, and so is y_0
s_before | const(s_before) if t > 0 else s_before ; y_before: const(y_before) if t > 0 else y_before | s and y are detached after each step (truncated backpropagation with k = 1)
s_before | const(s_before) ; y_before: const(y_before) | s and y are detached at each step, s_0 and y_0 as well
s_before | const(s_before) if t and t % 2 == 0 else s_before ; y_before: const(y_before) if t and t % 2 == 0 else y_before | s and y are detached every 2 steps
s_before | const(s_before) if t and t % 3 == 0 else s_before ; y_before: const(y_before) if t and t % 3 == 0 else y_before | s and y are detached every 3 steps
s_before | const(s_before) if t and t % 4 == 0 else s_before ; y_before: const(y_before) if t and t % 4 == 0 else y_before | s and y are detached every 4 steps
s_before | const(s_before) if t and t % 2 == 0 else s_before | s is detached every 2 steps
s_before | const(s_before) if t and t % 3 == 0 else s_before | s is detached every 3 steps
feedback | const(y_before) @ H | no gradient flows back through H | recurrent=True
leak | const(decay * s_before * gate) | the whole term of the old state is a constant
v | const(s) + b | the gradient of y reaches b, not s
y | const(h(v)) + 0 * v | y is a constant of the backward pass
""")

HAND = table("""
through_gate | 0 | the gradient does not flow through the reset gate | reset_grad=through
through_gate | -decay * s * dz_after | the gradient flows through the reset gate | reset_grad=detached lateral_inhibition=False
through_gate | share(-decay * s * dz_after, y) | the gradient flows through the reset gate | reset_grad=detached lateral_inhibition=True
through_gate | decay * s * dz_after | the gradient through the reset gate has the wrong sign | reset_grad=through lateral_inhibition=False
through_gate | share(decay * s * dz_after, y) | the gradient through the reset gate has the wrong sign | reset_grad=through lateral_inhibition=True
through_gate | -s * dz_after | the gradient through the reset gate lacks the decay | reset_grad=through lateral_inhibition=False
through_gate | share(-s * dz_after, y) | the gradient through the reset gate lacks the decay | reset_grad=through lateral_inhibition=True
through_gate | -decay * dz_after | the gradient through the reset gate lacks s | reset_grad=through lateral_inhibition=False
through_gate | -decay * s * dv_after | the gradient through the reset gate has dv for dz | reset_grad=through lateral_inhibition=False
through_gate | -decay * v * dz_after | the gradient through the reset gate has v for s | reset_grad=through lateral_inhibition=False
through_gate | -decay * s_before * dz_after if t >= 0 else -decay * s * dz_after | the gradient through the reset gate has the s of the step before | reset_grad=through lateral_inhibition=False
through_gate | -decay * s_next * dz_after | the gradient through the reset gate has the s of the step after | reset_grad=through lateral_inhibition=False
through_gate | to_first(-decay * s * dz_after, y) | of the units that tie for the maximum, the first has all of its gradient | lateral_inhibition=True reset_grad=through
through_gate | to_each(-decay * s * dz_after, y) | each unit that ties for the maximum has all of its gradient | lateral_inhibition=True reset_grad=through
through_gate | to_all(-decay * s * dz_after, y) | every unit has 1/n of the gradient of the maximum | lateral_inhibition=True reset_grad=through
through_gate | -decay * s * dz_after | the gradient of the shared gate goes to each unit's own output | lateral_inhibition=True reset_grad=through
through_gate | -decay * s * dz_after if t >= 0 else 0 * s | dL/dy_0 lacks the path through the first gate | reset_grad=through lateral_inhibition=False
through_gate | share(-decay * s * dz_after, y) if t >= 0 else 0 * s | dL/dy_0 lacks the path through the first gate | reset_grad=through lateral_inhibition=True
through_gate | k * decay * s * dz_after | the gradient through the reset gate is multiplied by -k | reset_grad=through lateral_inhibition=False
through_H | 0 | no gradient flows back through H | recurrent=True
through_H | dz_after @ H | the gradient goes back through H, not through H transposed | recurrent=True several
through_H | dv_after @ H.T | the gradient through H has dv for dz | recurrent=True
through_H | -dz_after @ H.T | the gradient through H has the wrong sign | recurrent=True
through_H | dz_after @ without_diagonal(H).T | the gradient through H leaves the diagonal out | recurrent=True several
through_H | dz_after @ H.T if t >= 0 else 0 * s | dL/dy_0 lacks the path through H | recurrent=True
loss_y | dL_dy if last else 0 * dL_dy | dy is used at the last step alone
loss_y | 0 * dL_dy if last else dL_dy | dy of the last step is left out
loss_y | 0 * dL_dy | dy is left out
loss_y | -dL_dy | dy has the wrong sign
end_y | 0 | the cotangent of the final y is ignored
end_y | 2 * dL_dy_end | the cotangent of the final y counts twice
end_s | 0 | the cotangent of the final s is ignored
end_s | 2 * dL_ds_end | the cotangent of the final s counts twice
end_s | end_cotangent if t >= 0 else 0 | the cotangent of the final s is added at each step
end_s | 0 ; end_y: 0 | the cotangents of the final state are ignored
dv | dy | the slope of h is left out
dv | dL_dy * h_slope | no gradient comes to y from later steps
dv | -dy * h_slope | dv has the wrong sign
through_v | 0 | the gradient of y does not reach s
through_v | -dv | the gradient of y reaches s with the wrong sign
through_leak | 0 | no gradient flows from state to state
through_leak | decay * dz_after | the gradient from state to state lacks the gate
through_leak | gate_after * dz_after | the gradient from state to state lacks the decay
through_leak | dz_after | the gradient from state to state lacks decay and gate
through_leak | decay * (1 - gate_after) * dz_after | the gradient from state to state has y for 1 - y
through_leak | (1 - decay) * gate_after * dz_after | the gradient from state to state has 1 - decay for the decay
through_leak | decay * gate_after * ds_after | the gradient from state to state has ds for dz
through_leak | decay * (1 - y_next) * dz_after | the gradient from state to state has the gate of the step after
through_leak | decay * decay * gate_after * dz_after | the gradient from state to state has the decay twice
through_leak | -decay * gate_after * dz_after | the gradient from state to state has the wrong sign
through_leak | decay * gate_after * dz_after if t >= 0 else 0 * s | dL/ds_0 is 0
through_leak | decay * gate_after * dz_after if t >= 0 else decay * dz_after | dL/ds_0 lacks the gate
through_leak | decay * gate_after * dz_after if t >= 0 else dz_after | dL/ds_0 is dz_1, without decay and gate
through_leak | k * gate_after * dz_after | the decay in the gradient from state to state is k
through_leak | k * decay * gate_after * dz_after | the gradient from state to state is multiplied by k
through_leak | 0 * s if (t + 1) % 2 == 0 else decay * gate_after * dz_after ; through_H: 0 * s if (t + 1) % 2 == 0 else (dz_after @ H.T if recurrent else 0) ; through_gate: 0 * s | the gradient is cut every 2 steps | reset_grad=detached
dz | ds | the slope of g is left out
dz | clip(ds, -1, 1) * g_slope | dL/ds is clipped to [-1, 1], element by element
dz | clip(ds, -k, k) * g_slope | dL/ds is clipped to [-k, k], element by element
dz | clip(ds * g_slope, -k, k) | dL/dz is clipped to [-k, k], element by element
dz | -ds * g_slope | dz has the wrong sign
dW | sum(outer(x, dz)) / T | dW is a mean over time
dW | sum(outer(x, dz)) / B | dW is a mean over the batch
dW | sum(outer(x, dz)) / (T * B) | dW is a mean over time and batch
dW | -sum(outer(x, dz)) | dW has the wrong sign
dW | sum(outer(x, ds)) | dW is made of ds, not of dz
dW | sum(outer(x, dv)) | dW is made of dv, not of dz
dW | sum(outer(earlier(x), dz)) | dW has the x of the step before
dW | sum(outer(later(x), dz)) | dW has the x of the step after
dW | sum(outer(x, dz)[1:]) | dW lacks the first step
dW | sum(outer(x, dz)[:-1]) | dW lacks the last step
dW | sum(outer(x, dz)[:1]) | dW is that of the first step alone
dW | sum(outer(x, dz)[-1:]) | dW is that of the last step alone
dW | sum(outer(x, dz)[:, :1]) | dW is that of the first sample alone | samples
dW | sum(outer(x, dz)[:, -1:]) | dW is that of the last sample alone | samples
dW | sum(outer(x, dz)).T | dW is transposed | square
dW | 0 * W | dW is 0
dW | k * sum(outer(x, dz)) | dW is multiplied by k
dW | decay * sum(outer(x, dz)) | dW is multiplied by the decay
dH | sum(outer(y, dz)) | dH has y of the same step, not of the step before | recurrent=True
dH | sum(outer(s_before, dz)) | dH has s for y | recurrent=True
dH | sum(outer(y_before, dz)[1:]) | dH lacks the first step | recurrent=True
dH | sum(outer(y_before, dz)[:-1]) | dH lacks the last step | recurrent=True
dH | sum(outer(y_before, dz)[:1]) | dH is that of the first step alone | recurrent=True
dH | sum(outer(y_before, dz)[:, :1]) | dH is that of the first sample alone | recurrent=True samples
dH | without_diagonal(sum(outer(y_before, dz))) | the diagonal of dH is 0 | recurrent=True
dH | sum(outer(y_before, dz)).T | dH is transposed | recurrent=True
dH | sum(outer(y_before, dv)) | dH is made of dv, not of dz | recurrent=True
dH | sum(outer(y_before, ds)) | dH is made of ds, not of dz | recurrent=True
dH | -sum(outer(y_before, dz)) | dH has the wrong sign | recurrent=True
dH | 0 * H | dH is 0 | recurrent=True
dH | sum(outer(y_before, dz)) / T | dH is a mean over time | recurrent=True
dH | sum(outer(y_before, dz)) / B | dH is a mean over the batch | recurrent=True
dH | sum(outer(y_before, dz)) / (T * B) | dH is a mean over time and batch | recurrent=True
dH | k * sum(outer(y_before, dz)) | dH is multiplied by k | recurrent=True
db | sum(dz) | db is made of dz, not of dv
db | sum(ds) | db is made of ds, not of dv
db | sum(dy) | db is made of dy, not of dv
db | -sum(dv) | db has the wrong sign, that of a threshold
db | 0 * b | db is 0
db | sum(dv) / T | db is a mean over time
db | sum(dv) / B | db is a mean over the batch
db | sum(dv) / (T * B) | db is a mean over time and batch
db | sum(dv[1:]) | db lacks the first step
db | sum(dv[:-1]) | db lacks the last step
db | sum(dv[:1]) | db is that of the first step alone
db | sum(dv[-1:]) | db is that of the last step alone
db | sum(dv[:, :1]) | db is that of the first sample alone | samples
db | sum(dv + dz) | db is made of dv + dz
db | k * sum(dv) | db is multiplied by k
ddecay | sum(dz * s_before) | ddecay lacks the gate
ddecay | sum(dz * s * gate) | ddecay has s of the same step, not of the step before
ddecay | sum(dz * s) | ddecay has s of the same step, and lacks the gate
ddecay | sum(dz * s * (1 - y)) | ddecay has s and y of the same step, not of the step before
ddecay | sum(dz * s_before * (1 - y)) | ddecay has the gate of y_t, not of y_{t-1}
ddecay | sum(dz * s_before * gate * decay) | ddecay is multiplied by the decay
ddecay | 0 * decay | ddecay is 0
ddecay | -sum(dz * s_before * gate) | ddecay has the wrong sign, that of 1 - decay
ddecay | sum(dz * s_before * gate) * decay * (1 - decay) | ddecay is that of the logit of the decay
ddecay | sum(dz * s_before * gate) * (1 - decay)**2 | ddecay is that of tau
ddecay | sum(ds * s_before * gate) | ddecay is made of ds, not of dz
ddecay | sum((dz * s_before * gate)[1:]) | ddecay lacks the first step
ddecay | sum((dz * s_before * gate)[:-1]) | ddecay lacks the last step
ddecay | sum((dz * s_before * gate)[:, :1]) | ddecay is that of the first sample alone | samples
ddecay | sum(dz * s_before * gate) / T | ddecay is a mean over time
ddecay | sum(dz * s_before * gate) / B | ddecay is a mean over the batch
ddecay | sum(dz * s_before * gate) / (T * B) | ddecay is a mean over time and batch
ddecay | k * sum(dz * s_before * gate) | ddecay is multiplied by k
dx | dz @ W | dx goes through W, not through W transposed | square
dx | ds @ W.T | dx is made of ds, not of dz
dx | dv @ W.T | dx is made of dv, not of dz
dx | (decay * dz) @ W.T | dx is multiplied by the decay
dx | -dz @ W.T | dx has the wrong sign
dx | 0 * x | dx is 0
dx | (dz @ W.T)[::-1] | dx is in reverse order of time
dx | k * dz @ W.T | dx is multiplied by k
loss_y | k * dL_dy ; end_y: k * dL_dy_end ; end_s: k * dL_ds_end | everything in the backward pass is multiplied by k
loss_y | dL_dy / T ; end_y: dL_dy_end / T ; end_s: dL_ds_end / T | everything in the backward pass is divided by T
loss_y | dL_dy / B ; end_y: dL_dy_end / B ; end_s: dL_ds_end / B | everything in the backward pass is divided by B
loss_y | dL_dy / (T * B) ; end_y: dL_dy_end / (T * B) ; end_s: dL_ds_end / (T * B) | everything in the backward pass is divided by T B
loss_y | dL_dy / (T * B * n) ; end_y: dL_dy_end / (T * B * n) ; end_s: dL_ds_end / (T * B * n) | everything in the backward pass is divided by T B n
""")
