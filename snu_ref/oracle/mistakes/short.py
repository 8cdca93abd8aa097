"""The short table: mistakes in losses, optimisers, clipping, training runs and phase-change devices.

Each right program is a few lines of text, and a mistake is another text for one of them. Rows are as in
`snu_ref.oracle.mistakes.edit`; the programs that run them are in `snu_ref.oracle.program.short`.
"""
from .edit import table

LOSS = table("""
value | 0 * value + total ; dy: dy * N | the loss is a sum over time and batch, not a mean
    | loss=bernoulli_nll,softmax_cross_entropy
N | T * B | the sum is divided by all T B steps, padding included | loss=bernoulli_nll,softmax_cross_entropy
N | B | the sum is divided by the number of samples
    | loss=bernoulli_nll,softmax_cross_entropy
N | mask.sum() * n | the loss is a mean over the outputs as well | loss=bernoulli_nll,softmax_cross_entropy
N | mask.sum(0) * B | the loss is a mean over the steps of each sample, then over samples
    | loss=bernoulli_nll,softmax_cross_entropy
counted | ones ; N: T * B | the mask is ignored | loss=bernoulli_nll,softmax_cross_entropy
counted | ones ; steps: T | the mask is ignored | loss=mean_square_error
counted | ones | padded steps count in the sum, not in its divisor
steps | T | the sum over the real steps is divided by all steps | loss=mean_square_error
value | value / log(2) ; dy: dy / log(2) | the logarithm is base 2 | loss=bernoulli_nll,softmax_cross_entropy
value | n * value ; dy: n * dy | the squared error is a sum over the outputs | loss=mean_square_error
value | B * n * value ; dy: B * n * dy | the squared error is a sum | loss=mean_square_error
value | value / 2 ; dy: dy / 2 | the squared error has a factor 1/2 | loss=mean_square_error
dy | dy / 2 | dy lacks the factor 2 of the derivative of the square | loss=mean_square_error
dy | dy * T | dy lacks the factor 1/T of the average over time | loss=mean_square_error
dy | dy * N | the value is a mean, but dy is the gradient of the sum
    | loss=bernoulli_nll,softmax_cross_entropy
steps | 1 | the squared error is that of the sum over time | loss=mean_square_error
counted | last_real ; steps: 1 | the squared error is that of the last real step | loss=mean_square_error
p | softmax(y, 1) | the softmax runs over the batch | loss=softmax_cross_entropy
p | softmax(y, 0) | the softmax runs over time | loss=softmax_cross_entropy
terms | -log(sigmoid(y)) * target - log(1 - sigmoid(y)) * (1 - target)
    | the logarithm of a probability, which is inf where that rounds to 0 | loss=bernoulli_nll
terms | nll_of(clip(sigmoid(y), 1e-7, 1 - 1e-7))
    | the probability is clipped to [1e-7, 1 - 1e-7] before its logarithm | loss=bernoulli_nll
terms | -hot * log(softmax(y, -1) + 1e-9) | 1e-9 is added to the probability before its logarithm
    | loss=softmax_cross_entropy
dy | dy / maximum(p * (1 - p), 1e-300) | dy is the gradient of the probability, not of the logit
    | loss=bernoulli_nll
y | sigmoid(y) ; dy: dy * y * (1 - y) | the sigmoid is taken twice | loss=bernoulli_nll
dy | where(mask[..., None] > 0, dy, (p - target) / N) | dy is not 0 on padded steps | loss=bernoulli_nll
dy | k * dy | dy is multiplied by k
value | k * value ; dy: k * dy | the loss is multiplied by k
""")

OPTIMISER = table("""
after | p - lr * m_hat / sqrt(v_hat + eps) | eps stands inside the root | optimiser=adam
m_hat | m ; v_hat: v | m and v are not corrected for their start at 0 | optimiser=adam
m_hat | m | m is not corrected for its start at 0 | optimiser=adam
v_hat | v | v is not corrected for its start at 0 | optimiser=adam
after | p - lr * m_hat / (sqrt(v_hat) + eps / sqrt(1 - beta2**t))
    | eps is added before the correction (epsilon hat, TensorFlow 2) | optimiser=adam
m_hat | m / (1 - beta1**(t - 1)) ; v_hat: v / (1 - beta2**(t - 1)) | t counts from 0 | optimiser=adam
m | beta2 * m + (1 - beta2) * g ; v: beta1 * v + (1 - beta1) * g**2 ; m_hat: m / (1 - beta2**t)
    ; v_hat: v / (1 - beta1**t) | beta1 and beta2 are exchanged | optimiser=adam
m | 0.9 * m + 0.1 * g ; v: 0.999 * v + (1 - 0.999) * g**2 ; m_hat: m / (1 - 0.9**t)
    ; v_hat: v / (1 - 0.999**t) | beta1 = 0.9 and beta2 = 0.999, whatever is asked for | optimiser=adam
after | p - lr * m_hat / (sqrt(v_hat) + 1e-8) | eps = 1e-8, whatever is asked for | optimiser=adam
after | p - lr * m_hat / sqrt(v_hat) | eps is left out | optimiser=adam
after | p - lr * m_hat / (v_hat + eps) | the root is left out | optimiser=adam
m | beta1 * m + g ; v: beta2 * v + g**2 | the weights 1 - beta are left out | optimiser=adam
v | beta2 * v + (1 - beta2) * abs(g) | v averages |g|, not g^2 | optimiser=adam
v_hat | maximum(largest, v / (1 - beta2**t)) | the largest v so far is used (AMSGrad) | optimiser=adam
velocity | momentum * velocity + (1 - momentum) * g | the velocity is a running mean | optimiser=sgd
velocity | momentum * velocity + (g if t == 1 else (1 - momentum) * g)
    | the velocity is dampened after the first step (PyTorch 2, dampening) | optimiser=sgd
velocity | momentum * velocity + lr * g ; after: p - velocity
    | the learning rate stands inside the velocity | optimiser=sgd
after | p - lr * (g + momentum * velocity) | the step looks ahead (Nesterov) | optimiser=sgd
velocity | g | momentum is left out | optimiser=sgd
velocity | 0.9 * velocity + g | momentum is 0.9, whatever is asked for | optimiser=sgd
g | g + k * p | a weight decay of k is added to the gradient
after | after - lr * k * p | a weight decay of k shrinks the parameters (AdamW)
after | 2 * p - after | the step goes up the gradient
t | 1 ; fresh: 1 | averages and step count begin anew at every step
after | p - k * (p - after) | the step is multiplied by k
""")

CLIP = table("""
factor | min(1, max_norm / own_norm) | each tensor is clipped by its own norm
clipped | clip(g, -max_norm, max_norm) | each element is clipped to [-max_norm, max_norm]
factor | max_norm / norm | gradients are scaled to max_norm always, not only where the norm is larger
factor | min(1, max_norm / (norm + 1e-6)) | 1e-6 is added to the norm (PyTorch 2, clip_grad_norm_)
norm | norm**2 | the norm lacks its root
factor | 1 | nothing is clipped
""")

TRAINING = table("""
grads | grads + total | the gradients of earlier steps are not cleared
grads | grads + total_applied | the gradients of earlier steps, as clipped, are not cleared
start | state | each batch begins with the state that the batch before ended with
batch | 0 | every step uses the first batch
losses | loss_after | the loss is that after the update
shown | applied | the gradients are reported after clipping
after | old | the parameters are reported before the update
decay | value | a trained decay is not clipped to [0, 1]
trained | not name.endswith(".decay") | the decay is not updated
trained | not name.endswith(".b") | biases are not updated
trained | not name.endswith(".H") | H is not updated
trained | name != "0.E" | the embedding is not updated
""")

DEVICES = table("""
memory | P | the pulse memory P does not decay
G_pulse | G_new | a conductance is not clipped after a pulse
G_pulse | clamp(G_new, 0.1, 25) | a conductance is clipped to 25 uS after a pulse, not to 20
pulse_spread | 0.091 * (G0 + mean) + 0.260 + 2.15 * P | the spread of a pulse uses the new conductance
pulse_time | written | a pulse does not restart the drift
pulse_t0 | 20.0 | drift is measured from 20 s for pulses too, not from 38.6 s
log_r | log10(r) | the drift exponent uses logarithms of base 10
nu | mu + sigma * N_drift | the drift exponent may be negative
mu | -0.0155 * log_r + 0.0244 ; sigma: -0.0125 * log_r - 0.0059 | mean and spread of the drift exponent are not clipped
G_program | G_new | a programmed conductance may be negative
program_spread | 0.26348 + 1.9650 * r + 1.1731 * r * r | the quadratic term of the programming spread has the wrong sign
age | max(t - written, 1e-6) | the age of a device is not held at t0 from below
age | max(t, t0) | the age of a device is t, not t - t_write
age | t - written + t0 | the age of a device is t - t_write + t0
drifted | G0 * age**-nu | the age is not divided by t0
drifted | G0 * (1 - nu * log10(age / t0)) | drift is 1 - nu log10(a/t0)
drifted | G0 | there is no drift
white | G0 + (0.03 * G0 + 0.13) * N | white noise is added to G0, not to the drifted G
white | max(G + (0.03 * G + 0.13) * N, 0) | a white read is clipped at 0
white | G + 0.13 * N | the spread of a white read is 0.13 uS alone
white | G | white noise is left out
white | G - (0.03 * G + 0.13) * N | white noise is subtracted
Q | 0.0088 / max(G0 / 25, 1e-7)**0.65 | Q has no upper limit
Q | min(0.0088 / max(G / 25, 1e-7)**0.65, 0.2) | Q uses the drifted conductance
flicker | max(G * (1 + Q * log((age + 250e-9) / 500e-9) * N), 0) | the spread of 1/f noise lacks its root
flicker | G * (1 + Q * sqrt(log((age + 250e-9) / 500e-9)) * N) | a 1/f read may be negative
digitise | floor(value / step) | the converter of device reads rounds down
digitise_step | 25 / 2**bits | the converter's step is 25/2^b uS
quantise | floor(value / step) | the column's converters round down
quantise_step | 2 * bound / (2**bits - 1) | the column's converters have the step 2 bound/(2^b - 1)
top | inf | the converters do not clip
whole | round(x) | n = round(chi/epsilon), not trunc
whole | floor(x) | n = floor(chi/epsilon), not trunc
remainder | 0 if n else chi | an update sets chi to 0, the remainder is lost
remainder | chi | chi is not reduced by the pulses
side | 1 if n > 0 else 0 | the pulses go to the other device of the pair
side | 0 | all pulses go to G+
next_pair | 0 | all pulses go to the first pair
worn | True | every synapse is refreshed
worn | max(read) > 8 | the refresh does not look at the difference
target | abs(d) | the refresh programs |d| alone
""")
