"""What is wrong with a port: the search for the mistakes that give its numbers."""
