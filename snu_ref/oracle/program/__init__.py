"""Equations as lines of text (`lines.txt`), which are computed and printed. Read `step` first."""
