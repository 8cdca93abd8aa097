"""Networks and arrays in files: plain .npz without pickle, with a digest that shows damage."""
