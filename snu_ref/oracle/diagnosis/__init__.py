"""Find what is wrong with a port, by testing each line of the step on the port's own numbers.

Read `unit` first: it goes through the failing cases of the SNU. `forward` and `lines` test the
forward pass line by line and put its lines together, and `backward` tests the gradients; `search`
and `numbers` find the smallest sets of edits that fit. `sets` runs the whole program with a set.
`others` is for all other units. `held` finds single lines that are explained, and `causes` chooses
the explanations.
"""
