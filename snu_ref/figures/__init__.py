"""Figures in one house style (`style`); matplotlib is loaded only where one is drawn.

    neuron    neuron_trace      s, v and y of one unit over time, with its resets
              spike_raster      who fires when, layer by layer, for one input
              spike_rates       how often each unit fires, layer by layer
    runs      learning_curves   loss and validation metric against the epoch
              piano_rolls       the notes of a piece beside what the network expected
              continued_roll    a piece that a network went on with
              wrong_images      images that a network takes for something else
              input_weights     what hidden units have learnt to look for, as images
              claim             test figure of the units against their size
              differences       of test figures, with intervals, about a line at 0
    devices   the in-memory experiments

Each function saves one PNG and returns its path.
"""
from .neuron import neuron_trace, spike_raster, spike_rates
from .runs import (claim, continued_roll, differences, input_weights, learning_curves, piano_rolls,
                   wrong_images)
