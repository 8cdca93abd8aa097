"""Freed memory that stays with the process.

A training step allocates and frees the same large arrays over and over. The C library of Linux
(glibc) hands such arrays back to the system when they are freed, and each new page then costs a
page fault; that can take as long as all point-wise operations of the step together. It stops doing
so for sizes of which it has seen one freed: its thresholds follow the largest block freed so far,
up to 32 MB (mallopt(3), M_MMAP_THRESHOLD). So one such block is allocated and freed at the start.
No page of it is touched: it costs microseconds and no memory, and elsewhere than on glibc it has
no effect.
"""
import numpy as np

LARGEST = 2 ** 25 - 2 ** 13  # bytes: the most that the threshold follows, less glibc's own data


def keep_freed_memory():
    """From now on, keep up to 64 MB (twice the threshold) of freed memory for the next arrays."""
    np.empty(LARGEST, np.uint8)
