"""The oracle: conformance vectors, and the check that holds another implementation against them.

    python -m snu_ref vectors list|show|export|verify      the numbers
    python -m snu_ref check TARGET                         the verdict on a port, and the name of its bug

Modules, lower ones first: case (what a case is), reference and second (its answers, derived twice),
families (all cases), evidence and making (what stands behind them), storage and manifest (files),
building and export (folders); compare, sources, adapter and results (the port's numbers), report.
The vectors themselves are in `snu_ref/vectors`.
"""
