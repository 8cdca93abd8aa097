"""The table of mistakes of the forward pass: edited lines of the step (`snu_ref.oracle.program.step`).

Each row is what some program does, the commonest first within its line. The text is run as it stands and
printed as it stands. Names of libraries stand with the version in which this was read.
"""
from .edit import table

FORWARD = table("""
leak | decay * s_before | the state is never reset
leak | s_before * gate | the state does not decay
leak | decay * s_before + b * fired | the reset subtracts the threshold -b (soft reset), after the decay
leak | decay * (s_before + b * fired) | the reset subtracts the threshold -b (soft reset), before the decay
leak | decay * s_before - fired | the reset subtracts 1 (soft reset), after the decay
leak | decay * (s_before - fired) | the reset subtracts 1 (soft reset), before the decay
leak | decay * s_before - s_before * fired | the reset subtracts s without the decay
leak | decay * (s_before * gate + b * fired) | the state is reset to b, not to 0
leak | decay * s_before * gate + b * fired | the state is reset to b, not to 0, after the decay
leak | decay * (s_before * gate - b * fired) | the state is reset to the threshold -b, not to 0
leak | decay * s_before * gate - b * fired | the state is reset to the threshold -b, not to 0, after the decay
leak | decay * s_before * (1 - fired * positive(s_before)) | only a positive state is reset
leak | 0 | the state is not carried over
leak | s_before | the state neither decays nor is reset
leak | -decay * s_before * gate | the decayed state is subtracted
leak | (1 - decay) * s_before * gate | 1 - decay takes the place of the decay
leak | (1 - decay) * s_before | 1 - decay takes the place of the decay, and the state is never reset
leak | decay * s_before * fired | the gate is y, not 1 - y
leak | decay * s_before * (1 - fired) * (1 - fired) | the gate acts twice
leak | decay * s_before * (1 - half(fired)) | the gate is rounded to 0 or 1
leak | decay * s_before * (1 - positive(fired)) | the state is erased wherever y > 0
leak | decay * s_before * (1 - clip(s_before + b, 0, 1)) | the gate is 1 - v clipped to [0, 1]
leak | decay * s_before * (1 - fired_by(y_before2)) | the gate sees the y of two steps ago
leak | decay * s_before * (1 - larger(fired, fired_by(y_before2))) | a spike resets two steps
leak | decay * s_before * (1 - fired_by(y_start)) | the gate sees y_0 at every step
leak | decay * s_before * (1 - from_second(fired, 0 * fired)) | y_0 gates nothing
leak | decay * s_before * (1 - from_second(fired_by(y_before2), fired)) | the gate sees the y of two steps ago; y_0 twice
leak | decay * s_before * (1 - from_second(fired, positive(s_before + b))) | the first gate is made of s_0, not of y_0
leak | decay * s_before * (1 - from_second(fired, h(s_before + b))) | the first gate is made of s_0, not of y_0 | h=sigmoid
leak | decay * (s_before + b * (y_before - b * 0)) * 1.0 | the reset subtracts the threshold of each unit's own spike | lateral_inhibition=True
leak | decay * s_before * (1 - k * fired) | the gate is 1 - k y
leak | decay * s_before - k * fired | the reset subtracts k, after the decay
leak | decay * (s_before - k * fired) | the reset subtracts k, before the decay
leak | decay * (s_before * gate + k * fired) | the state is reset to k, not to 0
leak | k * s_before * gate | the decay is k, whatever the parameter says
leak | k * s_before | the decay is k, whatever the parameter says, and the state is never reset
leak | k * decay * s_before * gate | the decay is multiplied by k
leak | k * decay * s_before | the decay is multiplied by k, and the state is never reset
leak | k * s_before + b * fired | the decay is k, and the reset subtracts the threshold -b after it
leak | k * (s_before + b * fired) | the decay is k, and the reset subtracts the threshold -b before it
leak | k * s_before - fired | the decay is k, and the reset subtracts 1 after it
decay | decay * decay | the decay acts twice
decay | sqrt(decay) | the square root of the decay takes its place
decay | exp(decay - 1) | the decay is exp(-(1 - decay)), that is exp(-dt/tau)
decay | exp(-decay) | the decay is exp(-decay)
decay | sigmoid(decay) | the decay goes through a sigmoid
decay | mean(decay) | one decay for all units, the mean | several
decay | first(decay) | one decay for all units, that of the first | several
decay | backwards(decay) | the decays are those of the units in reverse order | several
decay | column(decay) | the decay runs along the batch, not along the units | b=n
decay | clip(decay, 0, k) | the decay is clipped to at most k
decay | clip(decay, k, 1) | the decay is clipped to at least k
fired | seen | each unit is reset by its own spike, as without inhibition | lateral_inhibition=True several
fired | max(seen) | the reset is shared as with inhibition, by max_j y_j | lateral_inhibition=False several
fired | max_over_batch(seen) | the maximum runs over the batch as well | lateral_inhibition=True samples
fired | max_of_batch(seen) | the maximum runs over the batch, not over the units | lateral_inhibition=True
fired | sum(seen) | the gate has sum_j y_j for max_j y_j | lateral_inhibition=True several
fired | mean(seen) | the gate has mean_j y_j for max_j y_j | lateral_inhibition=True several
fired | clip(sum(seen), 0, 1) | the gate has min(1, sum_j y_j) for max_j y_j | lateral_inhibition=True several
fired | seen * winner(seen) | only the first unit of the largest y is reset | lateral_inhibition=True several
fired | seen * winners(seen) | only the units of the largest y are reset | lateral_inhibition=True several
fired | max_of_others(seen) | the maximum leaves the unit itself out | lateral_inhibition=True several
fired | 1 - (1 - max(seen)) * (1 - seen) | a unit's own gate acts as well as the shared one | lateral_inhibition=True several
input | decay * (x @ W) | the decay multiplies x W, too
input | (1 - decay) * (x @ W) | x W is multiplied by 1 - decay (a leaky average)
input | (x @ W) * gate | the reset gates x W, too
input | decay * (x @ W) * gate | the decay and the reset act on x W, too
input | g(x @ W) | g acts on x W before the sum | g!=identity
input | relu(x @ W) | x W is clamped at 0 before the sum | g!=relu
input | abs(x @ W) | |x W|
input | tanh(x @ W) | x W goes through tanh before the sum | g!=tanh
input | sigmoid(x @ W) | x W goes through a sigmoid before the sum
input | x @ W.T | W is transposed | square
input | x @ backwards(W) | the rows of W are in reverse order
input | x @ reshaped(W) | W is transposed by a reshape, which mixes its elements | several
input | x_before @ W | the input comes a step late
input | trunc(x) @ W | x is cut to whole numbers
input | round(x) @ W | x is rounded to whole numbers
input | x @ H | H takes the place of W | square recurrent=True
input | -(x @ W) | x W is subtracted
input | 0 | x W is missing
input | k * (x @ W) | x W is multiplied by k
feedback | 0 | the term y H is missing | recurrent=True
feedback | y_before @ H.T | H is transposed | recurrent=True several
feedback | s_before @ H | H is fed the state s, not the output y | recurrent=True
feedback | (s_before * gate) @ H | H is fed the state after its reset, not the output y | recurrent=True
feedback | (s_before + b) @ H | H is fed v, not the output y | recurrent=True
feedback | y_before2 @ H | H is fed the y of two steps ago | recurrent=True
feedback | (y_before @ H) * gate | the reset gates y H, too | recurrent=True
feedback | decay * (y_before @ H) | the decay multiplies y H, too | recurrent=True
feedback | decay * (y_before @ H) * gate | the decay and the reset act on y H, too | recurrent=True
feedback | (1 - decay) * (y_before @ H) | y H is multiplied by 1 - decay | recurrent=True
feedback | y_before @ without_diagonal(H) | H has no diagonal | recurrent=True
feedback | -(y_before @ H) | y H is subtracted | recurrent=True
feedback | (1 - y_before) @ H | H is fed 1 - y | recurrent=True
feedback | x @ H | H is fed x | recurrent=True square
feedback | y_before @ W | W takes the place of H | recurrent=True square
feedback | max(y_before) @ H | H is fed the largest output | recurrent=True b=n
feedback | k * (y_before @ H) | y H is multiplied by k | recurrent=True
bias | b | b is added to z as well
bias | -b | b is subtracted from z
bias | k * b | b times k is added to z
bias | k | z has a constant k more
s | z | g is left out | g!=identity
s | relu(z) | g is relu | g!=relu
s | leaky_relu(z) | g is leaky_relu with slope 0.1 | g!=leaky_relu
s | tanh(z) | g is tanh | g!=tanh
s | sigmoid(z) | g is a sigmoid
s | elu(z) | g is elu
s | softplus(z) | g is softplus
s | softsign(z) | g is z / (1 + |z|)
s | silu(z) | g is z sigmoid(z)
s | abs(z) | g is |z|
s | clip(z, 0, 1) | g clamps to [0, 1]
s | clip(z, -1, 1) | g clamps to [-1, 1]
s | relu(g(z)) | the state is clamped at 0 after g | g!=relu
s | clip(g(z), -1, 1) | the state is clamped to [-1, 1] after g | g=leaky_relu
s | leaky(z, 0.01) | leaky_relu has slope 0.01 below 0 (the default of PyTorch 2 and JAX 0.4) | g=leaky_relu
s | leaky(z, 0.2) | leaky_relu has slope 0.2 below 0 (the default of TensorFlow 2) | g=leaky_relu
s | leaky(z, 0.3) | leaky_relu has slope 0.3 below 0 (the default of Keras 2) | g=leaky_relu
s | 0.1 + relu(z - 0.1) | leaky_relu is max(z, 0.1), not max(z, 0.1 z) | g=leaky_relu
s | leaky(z, k) | leaky_relu has slope k below 0 | g=leaky_relu
s | k * g(z) | s is multiplied by k
s | decay * g(z) | the decay acts after g
s | -g(z) | s has the wrong sign
s | all_but_last(g(z)) | the state of the last unit is always 0 (a loop is one unit too short)
s | g(z) + b | b is added to the state that is kept
s | g(z) + y_before @ H ; feedback: 0 | y H is added after g, not inside | recurrent=True
s | g(z + b) | b is added inside g and stays in the state
s | g(z) + k | s has a constant k more
v | s - b | b is subtracted (as a threshold)
v | s | b is left out
v | s - 1 | the threshold is 1, whatever b says
v | s + abs(b) | |b| is added
v | z + b | v is z + b, without g | g!=identity
v | s * (-b) | v is s times the threshold
v | s + first(b) | one threshold for all units, that of the first | several
v | s + mean(b) | one threshold for all units, the mean | several
v | s + backwards(b) | the thresholds are those of the units in reverse order | several
v | s + column(b) | b runs along the batch, not along the units | b=n
v | s + 2 * b | b is added twice
v | s + k * b | b is multiplied by k
v | s + k | the threshold is -k, whatever b says
v | k * s + b | s is multiplied by k in v
v | decay * s + b | the decay acts on s in v
v | s_before + b | v has the state of the step before
v | k * (s + b) | v is multiplied by k
y | step_from(not_negative(v), v) | a unit fires at v = 0 as well (v >= 0) | h=step
y | sigmoid(v) | the output is sigmoid(v), the soft unit | h=step
y | step(v) | the output is step(v), the spiking unit | h=sigmoid
y | h(s) | h is fed s, without b
y | psi(v) | the output is psi(v), the primitive of the surrogate | h=step
y | sign(v) | the output is sign(v), -1 below the threshold | h=step
y | relu(v) | the output is relu(v)
y | v | the output is v itself
y | s | the output is s itself
y | z | the output is z itself
y | v * positive(v - 1) | the output is v where v > 1, else 0
y | s * positive(v) | the output is s where v > 0 (a graded spike) | h=step
y | v * step(v) | the output is v where v > 0 (a graded spike) | h=step
y | clip(floor(s * 1.0), 0, 1000) | several spikes a step: floor(s) | h=step
y | clip(floor(v + 1), 0, 1000) | several spikes a step: floor(v + 1) | h=step
y | step(v) * -b | a spike has the size of the threshold | h=step
y | 1 - step(v) | the output is 1 where v <= 0 | h=step
y | step(-v) | a unit fires below its threshold | h=step
y | tanh(v) | the output is tanh(v)
y | sigmoid(2 * v) | the output is (1 + tanh(v))/2, which is sigmoid(2 v)
y | 0.5 + 0.5 * softsign(v) | the output is 1/2 + v / (2 (1 + |v|)), a fast sigmoid
y | clip(v * (1 / 6) + 0.5, 0, 1) | the output is a hard sigmoid, clip(v/6 + 1/2, 0, 1) (PyTorch 2)
y | clip(v * 0.2 + 0.5, 0, 1) | the output is a hard sigmoid, clip(0.2 v + 1/2, 0, 1) (Keras 2)
y | clip(v, 0, 1) | the output is v clipped to [0, 1]
y | half(sigmoid(v)) | the output is sigmoid(v) rounded | h=sigmoid
y | step(v - k) | a unit fires at v > k | h=step
y | sigmoid(k * v) | the output is sigmoid(k v)
y | k * h(v) | the output is multiplied by k
kept | s * (1 - y) ; gate: 1 | the state is reset in the step of its spike; y_0 resets nothing
kept | s * (1 - y) ; gate: 1 ; s_out: kept | the state is reset in the step of its spike, and s is reported after its reset
kept | s * (1 - y) ; s_out: kept | s is kept and reported after a reset by y_t; the next step resets it again
kept | s * (1 - max(y)) ; gate: 1 | the state is reset in the step of the spike; y_0 resets nothing | lateral_inhibition=True
kept | s * (1 - max(y)) ; gate: 1 ; s_out: kept | the state is reset in the step of the spike, and s is reported after its reset | lateral_inhibition=True
kept | s + b * y ; gate: 1 | the threshold -b is subtracted in the step of the spike; y_0 resets nothing
kept | s + b * y ; gate: 1 ; s_out: kept | the threshold -b is subtracted in the step of the spike (soft reset), and s is reported after it
kept | s - y ; gate: 1 | 1 is subtracted in the step of the spike; y_0 resets nothing
kept | s - y ; gate: 1 ; s_out: kept | 1 is subtracted in the step of the spike (soft reset), and s is reported after it
kept | s + b ; s_out: kept | s is kept and reported with b added
kept | decay * s ; s_out: kept | s is kept and reported after a decay; it decays twice a step
kept | decay * s | s is kept after a decay; it decays twice a step
s_out | s * (1 - y) | s is reported after its reset; what is kept is right
s_out | s_before | s is reported as it was before the step
s_out | v | v is reported in the place of s
s_out | z | z is reported in the place of s | g!=identity
v_out | s | s is reported in the place of v
y_out | y_before | y is reported a step late
y_out | s | s is returned in the place of y
y_out | v | v is returned in the place of y
y_out | z | z is returned in the place of y
s_0 | 0 * s_0 ; y_0: 0 * y_0 | the initial state is ignored
s_0 | 0 * s_0 | the initial s is ignored
y_0 | 0 * y_0 | the initial y is ignored
""")
