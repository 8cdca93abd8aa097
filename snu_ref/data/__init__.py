"""Data sets, readers for larger sets, simple baselines; README.md here describes each set."""
