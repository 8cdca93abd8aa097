"""Compare a port with the vectors, number by number: the port, the comparison, the verdict."""
