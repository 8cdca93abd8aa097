"""The conformance vectors: what a case is, two derivations of its answers, and its files.

Read `case` first, then the two derivations `reference` and `scalar`, then the cases in `families`.
"""
