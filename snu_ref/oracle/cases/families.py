"""All cases of the vectors, in order: within a group the simplest first, later groups appended.

Cases are append-only and keep their ids; a wrong one is withdrawn, with its reason, in WITHDRAWN.
"""
from .families_default import (default_cases, default_edge_cases, default_hand_cases,
                               large_state_cases)
from .families_edge import edge_cases
from .families_full import kink_cases, start_cases, tail_cases
from .families_hand import hand_cases
from .families_other import (added_cases, loss_cases, optimiser_cases, recurrent_cases,
                             training_cases)
from .families_pcm import pcm_cases, pcm_limit_cases
from .families_unit import batch_cases, long_cases, rest_cases, stream_cases, unit_cases

FAMILIES = {
    "hand": "one term of the equations at a time, in numbers for a pocket calculator",
    "edge": "exactly at a threshold or a kink, silent, always firing, saturated, axes of length 1",
    "rest": "the unit from rest, with the loss on y alone",
    "unit": "every variant of the unit, from a given state, cotangents on all that comes out",
    "batch": "samples together and alone",
    "stream": "one sequence in pieces",
    "long": "200 and 1000 steps",
    "rnn": "the simple recurrent network",
    "gru": "the gated recurrent unit, reset before or after the product",
    "lstm": "the long short-term memory",
    "loss": "squared error, Bernoulli likelihood, cross-entropy; with padding",
    "optimiser": "SGD, momentum, Adam, clipping by the common norm",
    "training": "small networks over four training steps",
    "pcm": "phase-change devices and arrays, noise given as arrays",
    "default": "the default SNU and sSNU in several sizes, for ports that have nothing else",
    "start": "from rest or after spikes, the loss on y alone; numbers of full length",
    "tail": "37 units, 41 inputs, 5 samples: sizes that no vector divides",
}

WITHDRAWN = {  # id: reason
    "loss-softmax-cross-entropy-far":
        "its float32 bound fails logsumexp(y) - y[k], a right formula that loses digits at logits "
        "of 1000; loss-softmax-cross-entropy-distant takes its place",
}


def definitions():
    """Every Definition, in the order of the manifest."""
    groups = (hand_cases(), edge_cases(), rest_cases(), unit_cases(), batch_cases(), stream_cases(),
              long_cases(), recurrent_cases(), loss_cases(), optimiser_cases(), training_cases(),
              pcm_cases(),
              default_hand_cases(), default_edge_cases(), default_cases(), pcm_limit_cases(),
              large_state_cases(), start_cases(), kink_cases(), tail_cases(), added_cases())
    return [definition for cases in groups for definition in cases
            if definition.id not in WITHDRAWN]
