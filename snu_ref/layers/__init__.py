"""Layers around the unit. Read `dense` first, then `conv`, the unit on images."""
