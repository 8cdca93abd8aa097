"""The paper's figures on the full data sets, for comparison beside ours.

We read them in the charts of the authors' toolkit (IBM/neuroaikit, notebooks), which cite the
journal version (Nature Machine Intelligence 2, 325, 2020), and in one caption of it. We have not
read the paper's body; it may give further figures.

They are of other (full) data and larger networks than the small presets, and are labelled so
wherever they are printed. The chart of the chorales says "sSNU" for 8.39, but not whether it is
recurrent. The same charts have NIAF-LSTM, 8.51 nats on the chorales, and a 5-gram with Kneser-Ney
smoothing, perplexity 141 on Penn Treebank.
"""

FIGURES = {  # (task, unit): (figure, which network)
    ("digits", "snu"): (98.47, "7 layers, MNIST, %"),
    ("digits", "ssnu"): (98.50, "4 layers, MNIST, %"),
    ("digits", "rnn"): (97.72, "4 layers, MNIST, %"),
    ("digits", "lstm"): (97.48, "4 layers, MNIST, %"),
    ("digits", "gru"): (96.45, "4 layers, MNIST, %"),
    # standard deviations 0.07 and 0.03; elastic: with elastic distortion of the training images
    ("digits", "snu-conv"): (99.21, "convolutional network, MNIST, %"),
    ("digits", "snu-conv, elastic"): (99.53, "convolutional network, MNIST, %"),
    ("music", "snu"): (8.72, "88-150-88, JSB chorales, nats"),
    ("music", "ssnu"): (8.39, "88-150-88, JSB chorales, nats"),
    ("music", "rnn"): (9.10, "JSB chorales, nats"),
    ("music", "gru"): (8.54, "JSB chorales, nats"),
    ("music", "lstm"): (8.67, "JSB chorales, nats"),
    ("language", "snu"): (137.7, "feed-forward, Penn Treebank, perplexity"),
    ("language", "ssnu"): (108.4, "recurrent, tied, Penn Treebank, perplexity"),
    ("language", "lstm"): (112.4, "small, tied, Penn Treebank, perplexity"),
}
