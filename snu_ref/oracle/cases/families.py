"""All cases of the vectors. Each group begins with its simplest cases; new groups are appended.

A case never changes and keeps its id. A wrong case is withdrawn: `head.json` gives the reason.
"""
from .families_full import kink_cases, start_cases, tail_cases
from .families_other import (added_cases, loss_cases, optimiser_cases, recurrent_cases,
                             training_cases)
from .families_pcm import pcm_cases, pcm_limit_cases
from .families_unit import (batch_cases, default_cases, long_cases, rest_cases, stream_cases,
                            unit_cases)
from .literal import literal_cases
from .manifest import HEAD


def definitions():
    """Every Definition, in the order of the manifest."""
    groups = (literal_cases("hand"), literal_cases("edge"), rest_cases(), unit_cases(),
              batch_cases(), stream_cases(), literal_cases("pieces"), long_cases(),
              recurrent_cases(), loss_cases(), optimiser_cases(), training_cases(), pcm_cases(),
              literal_cases("default"), default_cases(), pcm_limit_cases(),
              literal_cases("large state"), start_cases(), kink_cases(), tail_cases(),
              added_cases())
    return [definition for cases in groups for definition in cases
            if definition.id not in HEAD["withdrawn"]]
