"""The units that the paper compares the SNU with: RNN, GRU, LSTM. Read `rnn` first.

`loop` is the loop over time that they share.
"""
