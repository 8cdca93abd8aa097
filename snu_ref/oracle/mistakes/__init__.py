"""The mistakes that a port can make."""
