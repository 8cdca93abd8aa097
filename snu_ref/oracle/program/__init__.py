"""The equations as lines of text, compiled, run and printed: `step` first, then `backward`."""
