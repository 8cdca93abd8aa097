"""The paper's figures on the full data sets, for comparison beside ours.

Source: charts and captions of arXiv:1812.07040v2. They are of other (full) data and larger networks
than the small presets, and are labelled so wherever they are printed.
"""

FIGURES = {  # (task, unit): (figure, which network)
    ("digits", "snu"): (98.47, "7 layers, MNIST, %"),
    ("digits", "ssnu"): (98.50, "4 layers, MNIST, %"),
    ("digits", "rnn"): (97.72, "4 layers, MNIST, %"),
    ("digits", "lstm"): (97.48, "4 layers, MNIST, %"),
    ("digits", "gru"): (96.45, "4 layers, MNIST, %"),
    ("digits", "snu-conv"): (99.21, "convolutional network, MNIST, %"),
    ("music", "snu"): (8.72, "88-150-88, JSB chorales, nats"),
    ("music", "ssnu"): (8.39, "88-150-88, JSB chorales, nats"),
    ("music", "rnn"): (9.10, "JSB chorales, nats"),
    ("music", "gru"): (8.54, "JSB chorales, nats"),
    ("music", "lstm"): (8.67, "JSB chorales, nats"),
    ("language", "snu"): (137.7, "feed-forward, Penn Treebank, perplexity"),
    ("language", "ssnu"): (108.4, "recurrent, tied, Penn Treebank, perplexity"),
    ("language", "lstm"): (112.4, "small, tied, Penn Treebank, perplexity"),
}
