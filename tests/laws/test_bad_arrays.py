"""Bad arrays: for every array argument alike, what NumPy would broadcast, other dtypes, subclasses,
NaN and infinity are errors that begin with the argument's name.
"""
import tempfile

import numpy as np
import pytest
from helpers.small_calls import (CLASSES, MASK, STATE, S, TARGET, X, X_T, Y, cache, dense,
                                 message_of, unit)

from snu_ref import SGD, Adam, bernoulli_nll, mean_square_error, softmax_cross_entropy
from snu_ref.snu import SNUState


def recurrent_unit():
    return unit(recurrent=True)


def with_param(layer, name, value):
    layer.tie(name, value)
    return layer


# where an array goes: (its name in messages, a call with the array, an array that is accepted)
ARRAYS = {
    "SNU.step state.s": ("state.s", lambda a: unit().step(X_T, SNUState(a, S)), S),
    "SNU.step state.y": ("state.y", lambda a: unit().step(X_T, SNUState(S, a)), S),
    "SNU.forward state.s": ("state.s", lambda a: unit().forward(X, SNUState(a, S)), S),
    "SNU.forward state.y": ("state.y", lambda a: unit().forward(X, SNUState(S, a)), S),
    "SNU.backward dy": ("dy", lambda a: unit().backward(a, cache(unit())), Y),
    "SNU.backward dstate.s": (
        "dstate.s", lambda a: unit().backward(Y, cache(unit()), SNUState(a, S)), S),
    "SNU.backward dstate.y": (
        "dstate.y", lambda a: unit().backward(Y, cache(unit()), SNUState(S, a)), S),
    "Dense.backward dy": ("dy", lambda a: dense().backward(a, cache(dense())), Y),
    "mean_square_error target": ("target", lambda a: mean_square_error(Y, a), TARGET),
    "bernoulli_nll target": ("target", lambda a: bernoulli_nll(Y, a), Y),
    "SGD grads": ("grads['W']", lambda a: SGD(0.1).step({"W": X.copy()}, {"W": a}), X),
    "Adam grads": ("grads['W']", lambda a: Adam(0.1).step({"W": X.copy()}, {"W": a}), X),
}
USES = {"forward": lambda layer, made: layer.forward(X),
        "backward": lambda layer, made: layer.backward(Y, cache(made)),
        "step": lambda layer, made: layer.step(X_T, STATE)}
PARAMS = {
    f"{make.__name__} params {name} {use}": (
        f'params["{name}"]',
        lambda a, make=make, name=name, use=use: USES[use](with_param(make(), name, a), make()),
        make().params[name])
    for make in (recurrent_unit, dense) for name in make().params for use in USES
    if use != "step" or make is recurrent_unit
}
# arrays whose dtype may differ from that of the others
FREE_DTYPE = {
    "softmax_cross_entropy target": ("target", lambda a: softmax_cross_entropy(Y, a), CLASSES),
    "mean_square_error mask": ("mask", lambda a: mean_square_error(Y, TARGET, a), MASK),
    "bernoulli_nll mask": ("mask", lambda a: bernoulli_nll(Y, Y, a), MASK),
    "softmax_cross_entropy mask": ("mask", lambda a: softmax_cross_entropy(Y, CLASSES, a), MASK),
}
# arrays whose first axes may have any length
FREE_SHAPE = {
    "SNU.forward x": ("x", lambda a: unit().forward(a), X),
    "SNU.step x_t": ("x_t", lambda a: unit().step(a, STATE), X_T),
    "Dense.forward x": ("x", lambda a: dense().forward(a), X),
    "mean_square_error y": ("y", lambda a: mean_square_error(a, TARGET), Y),
    "bernoulli_nll y": ("y", lambda a: bernoulli_nll(a, Y), Y),
    "softmax_cross_entropy y": ("y", lambda a: softmax_cross_entropy(a, CLASSES), Y),
}


def each(*tables):
    table = {where: row for some in tables for where, row in some.items()}
    return pytest.mark.parametrize("argument, call, good", table.values(), ids=table.keys())


@each(ARRAYS, PARAMS, FREE_DTYPE, FREE_SHAPE)
def test_what_is_accepted_here_is_refused_below(argument, call, good):
    """The call itself is right, so that the cases below fail for the reason they name."""
    call(good)


@each(ARRAYS, PARAMS, FREE_DTYPE)
def test_nothing_is_broadcast(argument, call, good):
    """A length of 1, an axis more or less, a single number: NumPy would take them all."""
    wrong = [good[None], np.asarray(good[0]), np.asarray(good.flat[0])]
    wrong += [good.take([0], axis=k) for k in range(good.ndim) if good.shape[k] > 1]
    if good.ndim > 1:
        wrong.append(np.ascontiguousarray(good.swapaxes(0, 1)))  # batch and time, or n_in and n
    for a in wrong:
        if a.shape == good.shape:
            continue
        message = message_of(lambda: call(a), ValueError, argument)
        assert str(a.shape) in message, message


@each(FREE_SHAPE)
def test_the_number_of_axes_is_fixed(argument, call, good):
    wrong, expected = [good[0], good[None]], "(T, B, n)"
    if argument != "y":  # the inputs of a layer have a fixed length too
        wrong.append(good[..., :1])
        expected = "(T, B, 3)" if argument == "x" else "(B, 3)"
    for a in wrong:
        message = message_of(lambda: call(a), ValueError, argument)
        assert f"expected shape {expected}, got {a.shape}" in message, message


@each(ARRAYS, PARAMS, FREE_SHAPE)
def test_nothing_is_converted(argument, call, good):
    """Every other dtype, and objects that are not arrays."""
    loss_output = argument == "y"  # float32 outputs are right, but then target must be float32 too
    for dtype in (int, bool, complex, object, np.float16) + (() if loss_output else (np.float32,)):
        message = message_of(lambda: call(good.astype(dtype)), TypeError, argument)
        assert str(np.dtype(dtype)) in message and "float64" in message, message
    for wrong in (good.tolist(), None, 3.0):
        message_of(lambda: call(wrong), TypeError, argument)


class Own(np.ndarray):
    """A subclass that adds nothing."""


@each(ARRAYS, PARAMS, FREE_DTYPE, FREE_SHAPE)
def test_a_subclass_of_an_array_is_refused(argument, call, good):
    """Its operations may mean something else: `*` of a matrix is the matrix product."""
    forms = [good.view(Own), np.ma.array(good)]
    if good.ndim == 2:
        forms.append(good.view(np.matrix))
    with tempfile.TemporaryFile() as file:
        forms.append(np.memmap(file, good.dtype, "w+", shape=good.shape))
    for a in forms:
        message = message_of(lambda: call(a), TypeError, argument)
        assert f"got {type(a).__name__}; np.array(x) makes one" in message, message


@each(ARRAYS, FREE_SHAPE)
def test_nan_and_infinity_are_refused_with_their_place(argument, call, good):
    for bad in (np.nan, np.inf, -np.inf):
        a = good.copy()
        a[(1,) * a.ndim] = bad
        message = message_of(lambda: call(a), ValueError, argument)
        assert str(bad) in message and str((1,) * a.ndim) in message, message
