"""The equations as lines of text (`lines.txt`), compiled, run and printed: read `step` first."""
