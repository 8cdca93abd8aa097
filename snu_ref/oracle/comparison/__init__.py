"""A port held against the vectors, number by number: the port, the comparison, and the verdict."""
