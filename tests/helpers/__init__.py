"""What several test modules use: small networks, second implementations, readers of pages."""
