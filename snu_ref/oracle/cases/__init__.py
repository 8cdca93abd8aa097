"""The conformance vectors: what a case is, two derivations of its answers, and its files.

Read `case` first; then `reference` and `scalar`, the two derivations; then `families`, all cases.
"""
