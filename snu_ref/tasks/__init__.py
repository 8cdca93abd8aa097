"""The paper's tasks on real data, digits, music and language: settings, training and results.

`load_run` loads a finished run: its network, settings, task and results.
"""
from .run import load_run
