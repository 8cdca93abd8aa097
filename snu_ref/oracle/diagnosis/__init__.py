"""Find what is wrong with a port, by testing each line of the step on the port's own numbers.

Read `unit` first: it goes through the failing cases of the SNU. `forward` and `lines` test the
forward pass line by line, `search` puts its lines together, and `backward` tests the gradients;
`sets` runs the whole program with a set of edits. `others` is for all other units. `claims` chooses
the explanations, `held` finds single lines that are explained, and `causes` combines all this.
"""
