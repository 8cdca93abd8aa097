"""The equations as a program whose lines can be exchanged, with gradients from a tape."""
