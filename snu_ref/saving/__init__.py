"""Networks and arrays in files: plain .npz without pickle, which notice any damage."""
