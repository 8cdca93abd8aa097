"""The conformance vectors: what a case is, its answers, derived twice, and its files.

Read `case` first, then `reference` and `scalar`, the two derivations, and `families`, all cases.
"""
