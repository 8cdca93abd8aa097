"""The paper's tasks on real data, digits, music and language: settings, training and results."""
