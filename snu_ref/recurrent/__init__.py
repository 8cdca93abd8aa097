"""The units that the paper compares with: RNN, GRU, LSTM. Read `rnn` first.

`loop` is the loop over time that they share.
"""
