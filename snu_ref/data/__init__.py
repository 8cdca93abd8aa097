"""The two embedded data sets and the scripts that made them; see README.md in this folder."""
