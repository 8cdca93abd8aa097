"""Numerical derivatives of a scalar function, element by element, by two methods.

    central difference   ( f(x + h) - f(x - h) ) / 2h      h = 1e-6: error about h^2 + 1e-16 |f| / h
    complex step         Im f(x + ih) / h                  h = 1e-30: no difference is taken, so no
                                                           digits cancel: exact to rounding

The complex step needs an analytic f: every branch must look at the real part. Central differences
are wrong within h of a kink. The two one-sided differences show it: where f is smooth they agree to
h |f''|; at a kink they differ by the jump in the slope. If they differ much, a step of h/4 decides:
if f is smooth, their difference falls to a quarter.

Sources: complex step, Squire & Trapp, SIAM Review 40 (1998). The step sizes are our choice.
"""
import numpy as np

H_CENTRAL, H_COMPLEX = 1e-6, 1e-30
KINK = 1e-5  # our choice: if one-sided differences differ by more, the step h/4 decides


def central_difference(f, inputs, name):
    """d f / d inputs[name] by central differences; f takes a dict like inputs, returns a float.

    Returns the derivative, and a bool array of its shape: True at the kinks explained above.

    >>> central_difference(lambda a: abs(a["x"]).sum(), {"x": np.array([0, 2.0])}, "x")
    (array([0., 1.]), array([ True, False]))
    """
    x, middle = inputs[name], f(inputs)

    def at(i, h):
        """The central difference at element i, and the gap between the one-sided ones."""
        h = max(h, 2.0 ** 26 * np.spacing(abs(x[i])))  # our choice: x + h would lose a small h

        def end(step):
            moved = x.copy()
            moved[i] += step
            return f({**inputs, name: moved}), moved[i] - x[i]
        (up, h_up), (down, h_down) = end(h), end(-h)
        gap = abs((up - middle) / h_up - (down - middle) / h_down)
        return (up - down) / (h_up - h_down), gap

    value, gap, kink = np.zeros(x.shape), np.zeros(x.shape), np.zeros(x.shape, bool)
    for i in np.ndindex(x.shape):
        value[i], gap[i] = at(i, H_CENTRAL)
    for i in map(tuple, np.argwhere(gap > KINK * np.abs(value).max(initial=0))):
        value[i], smaller = at(i, H_CENTRAL / 4)
        kink[i] = smaller > gap[i] / 2
    return value, kink


def complex_step(f, inputs, name):
    """d f / d inputs[name] by the complex step; f takes complex arrays, returns a complex number.

    >>> complex_step(lambda a: (a["x"] ** 3).sum(), {"x": np.array([1.0, 2.0])}, "x").tolist()
    [3.0, 12.0]
    """
    inputs = {key: a.astype(np.complex128) if a.dtype.kind == "f" else a
              for key, a in inputs.items()}
    x = inputs[name]
    value = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        moved = x.copy()
        moved[i] += 1j * H_COMPLEX
        value[i] = np.imag(f({**inputs, name: moved})) / H_COMPLEX
    return value
