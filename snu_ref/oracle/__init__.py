"""The oracle: conformance vectors, and the check that holds another implementation against them.

    python -m snu_ref vectors list|show|export|verify    the numbers
    python -m snu_ref check TARGET                       the verdict on a port, and its bug's name

Modules, lower ones first. The vectors: case (what a case is), reference and second (its answers,
derived twice), families (all cases), evidence and making (what stands behind them), storage and
manifest (files), building and export (folders); the numbers themselves are in `snu_ref/vectors`.
The check: sources (the port's numbers), compare and checking, report. The diagnosis: equations and
tape (the unit with an equation exchanged), conditions and catalogue_* (the mistakes), variants,
along, matching, relations, runs, stages, estimates, nearly, diagnosis; recognising (what is not the
SNU); belief and stories (one cause of many failures).
"""
