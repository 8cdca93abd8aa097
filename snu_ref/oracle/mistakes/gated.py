"""The table of mistakes of RNN, GRU and LSTM: edited lines of `snu_ref.oracle.program.gated`."""
import itertools

from .edit import table

GATED = table("""
H | H.T | H is transposed
h_0 | 0 * h_0 | the initial h is ignored
h_0 | 0 * h_0 ; c_0: 0 * c_0 | the initial state is ignored | unit=lstm
c_0 | 0 * c_0 | the initial c is ignored | unit=lstm
b | 0 * b | b is left out
b | b if block == "n" else b + b | b is added twice, as bias_ih and bias_hh (PyTorch 2)
b | b + 1.0 if block == "f" else b | 1 is added to the forget gate's b (forget_bias, unit_forget_bias) | unit=lstm
sum | x @ W + b | h H is left out | unit=rnn,lstm
sum | x @ W + const(h_before) @ H + b | no gradient flows back through H
sum | x @ W + with_gradient_of(h_before @ H, h_before @ const(H).T + const(h_before) @ H) + b
    | the gradient goes back through H, not through H transposed
h_before | const(h_before) if t else h_before | h is detached after each step
h_before | const(h_before) if t else h_before ; c_before: const(c_before) if t else c_before
    | the state is detached after each step (truncated backpropagation with k = 1) | unit=lstm
c_before | const(c_before) if t else c_before | c is detached after each step | unit=lstm
end_h | 0 * dL_dh | the cotangent of the final h is ignored
end_h | 0 * dL_dh ; end_c: 0 * dL_dc | the cotangents of the final state are ignored | unit=lstm
end_c | 0 * dL_dc | the cotangent of the final c is ignored | unit=lstm
dy | dL_dy if last else 0 * dL_dy | dy is used at the last step alone
dW | dW / T ; dH: dH / T ; db: db / T ; db_h: db_h / T | the gradients are means over time
dW | dW / B ; dH: dH / B ; db: db / B ; db_h: db_h / B | the gradients are means over the batch
dW | dW / (T * B) ; dH: dH / (T * B) ; db: db / (T * B) ; db_h: db_h / (T * B)
    | the gradients are means over time and batch
gate | clip(a * 0.2 + 0.5, 0, 1) | the gates are hard sigmoids, clip(0.2 a + 1/2, 0, 1) (Keras 2) | unit=gru,lstm
gate | clip(a * (1 / 6) + 0.5, 0, 1) | the gates are hard sigmoids, clip(a/6 + 1/2, 0, 1) (PyTorch 2)
    | unit=gru,lstm
gate | tanh(a) | the gates are tanh, not sigmoids | unit=gru,lstm
gate | sigmoid_with_slope_1(a) | the slope of the sigmoid is left out | unit=gru,lstm
act | sigmoid(a) | tanh is a sigmoid
act | a * 1.0 | tanh is left out
act | relu(a) | tanh is relu
act | tanh_with_slope_1(a) | the slope of tanh is left out
act | tanh_with_slope_of_a(a) | the slope of tanh is 1 - a^2, not 1 - tanh^2(a)
mix | (1 - z) * h_before + z * n | z and 1 - z are exchanged: z = 1 takes the new state | unit=gru
mix | z * const(h_before) + (1 - z) * n | no gradient flows along z h_before | unit=gru
candidate | x @ W_n + b_n + r * (h_before @ H_n) | the reset acts after the product, r (h H_n)
    | unit=gru reset_after=False
candidate | x @ W_n + b_n + (r * h_before) @ H_n + b_h | the reset acts before the product, (r h) H_n + b_h
    | unit=gru reset_after=True
candidate | x @ W_n + b_n + (r * h_before) @ H_n | the reset acts before the product, and b_h is not used
    | unit=gru reset_after=True
candidate | x @ W_n + b_n + r * (h_before @ H_n) + b_h | b_h stands outside the reset gate
    | unit=gru reset_after=True
candidate | x @ W_n + b_n + r * (h_before @ H_n) | b_h is left out | unit=gru reset_after=True
candidate | x @ W_n + r * (h_before @ H_n + b_n + b_h) | the reset gates b_n, too | unit=gru reset_after=True
candidate | x @ W_n + b_n + h_before @ H_n | the reset gate is not used | unit=gru reset_after=False
candidate | x @ W_n + b_n + h_before @ H_n + b_h | the reset gate is not used | unit=gru reset_after=True
candidate | x @ W_n + b_n + const(r) * (h_before @ H_n + b_h) | no gradient flows to the reset gate
    | unit=gru reset_after=True
candidate | x @ W_n + b_n + (const(r) * h_before) @ H_n | no gradient flows to the reset gate
    | unit=gru reset_after=False
cell | f * c_before + (1 - f) * g | the gates are coupled, 1 - f for i | unit=lstm
cell | i * c_before + f * g | i and f are exchanged | unit=lstm
cell | c_before + i * g | there is no forget gate | unit=lstm
cell | f * const(c_before) + i * g | no gradient flows from cell to cell | unit=lstm
cell | f * c_before + const(i) * g | no gradient flows to the input gate | unit=lstm
cell | const(f) * c_before + i * g | no gradient flows to the forget gate | unit=lstm
shown | o * c | h lacks tanh, o c | unit=lstm
shown | tanh(c) | the output gate is left out | unit=lstm
shown | const(o) * tanh(c) | no gradient flows to the output gate | unit=lstm
shown | o * tanh_with_slope_1(c) | the slope of tanh(c) is left out | unit=lstm
""") + table("\n".join(
    f"order | {''.join(order)} | the gates stand in the order {', '.join(order)}{whose}, "
    f"not {', '.join(right)} | unit={unit}"
    for unit, right in (("gru", "rzn"), ("lstm", "ifgo"))
    for order in itertools.permutations(right) if "".join(order) != right
    for whose in [{"zrn": " (Keras 3)", "iofg": " (ONNX 1)"}.get("".join(order), "")]))
