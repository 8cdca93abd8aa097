"""What is wrong with a port: each line of the step by itself, on the port's own numbers.

Read `unit` first: it looks at one class of cases after the other. `forward` and `lines` look at the
forward pass line by line, `search` at the gradients; `sets` runs edits whole. `others` is for
everything that is not the SNU. `claims` chooses what is claimed, `held` what holds of single lines,
and `causes` puts it together.
"""
