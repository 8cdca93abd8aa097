"""Figures in one house style (`style`); matplotlib is loaded only to draw one.

    neuron    neuron_trace      s, v and y of one unit over time, with its resets
              spike_raster      spikes over time, layer by layer, for one input
              spike_rates       how often each unit fires, layer by layer
    runs      learning_curves   loss and validation metric against the epoch
              piano_rolls       the notes of a piece and the network's prediction
              continued_roll    a piece that a network continues
              wrong_images      images that a network classifies wrongly
              input_weights     the input weights of hidden units, as images
              claim             test result of the units against their size
              intervals         of test results or their differences, one per row
    devices   the in-memory experiments

Each function saves one PNG and returns its path.
"""
from .neuron import neuron_trace, spike_raster, spike_rates
from .runs import (claim, continued_roll, input_weights, intervals, learning_curves, piano_rolls,
                   wrong_images)
