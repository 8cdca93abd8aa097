"""The conformance vectors, data only; see README.md in the folder of each version."""
