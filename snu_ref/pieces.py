"""Pieces of arrays that stay in the processor's cache.

A chain of point-wise operations on a large array reads and writes main memory at every link. Done
on a piece of the array at a time, with all links before the next piece, it stays in the cache,
several times as fast. How large a piece is changes the speed, and the order of sums over pieces,
but no other result.
"""

PIECE_NUMBERS = 2 ** 16  # ours: 256 kB in float32, so that a few arrays fit a second-level cache


def pieces(n, numbers, most=PIECE_NUMBERS):
    """Slices that cover 0..n-1 in order: as many items of `numbers` numbers as fit `most`.

    At least one item is in a slice.

    >>> pieces(10, 30, most=100)
    [slice(0, 3, None), slice(3, 6, None), slice(6, 9, None), slice(9, 10, None)]
    """
    count = max(1, most // max(1, numbers))
    return [slice(i, min(i + count, n)) for i in range(0, n, count)]
