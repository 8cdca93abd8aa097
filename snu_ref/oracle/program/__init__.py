"""The equations as lines of text that are compiled, run and printed; `step` first, then `backward`."""
