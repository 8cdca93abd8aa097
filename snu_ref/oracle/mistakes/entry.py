"""Mistakes in everything that is not the SNU: what each is, and the numbers that it would give.

    Mistake(name, text, units, run)     run(config, inputs) -> outputs; None where it does not apply

`catalogue_gated`, `catalogue_losses`, `catalogue_optimisers`, `catalogue_training` and
`catalogue_devices` list them; the right outputs come from the same programs without a mistake.
"""
from typing import Callable, NamedTuple


class Mistake(NamedTuple):
    """One mistake. text: what a port's author reads: what is computed, and what should be."""
    name: str
    text: str
    units: tuple
    run: Callable
