"""Layers around the unit. Read `dense` first, then `conv`, the unit on images.

`windows` has what convolution and pooling share.
"""
