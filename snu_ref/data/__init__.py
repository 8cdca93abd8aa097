"""Data sets, readers for larger ones, and simple baselines. Each set: README.md in this folder."""
