"""The paper's tasks on real data: digits, music and language; their settings, training and results."""
