"""The equations as lines of text (`lines.txt`) that are run and printed. Read `step` first."""
