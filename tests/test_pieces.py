"""Pieces of arrays: they cover all once, and the backward pass does not depend on their size."""
import numpy as np
import pytest

from snu_ref import SNU
from snu_ref.pieces import pieces


@pytest.mark.parametrize("n, numbers, most", [
    (10, 3, 9), (10, 3, 2), (1, 1, 100), (0, 5, 10), (4, 0, 3)])
def test_pieces_cover_everything_once_in_order(n, numbers, most):
    found = pieces(n, numbers, most)
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(n))
    lengths = [part.stop - part.start for part in found]
    assert all(length == 1 or length * numbers <= most for length in lengths)


@pytest.mark.parametrize("options", [
    {}, {"h": "sigmoid"}, {"recurrent": True}, {"lateral_inhibition": True},
    {"reset_grad": "detached"}])
@pytest.mark.parametrize("most", [1, 6, 24, 60])
def test_gradients_do_not_depend_on_the_size_of_a_piece(options, most, monkeypatch):
    rng = np.random.default_rng(1)
    unit = SNU(3, 6, rng=rng, **options)
    unit.params["W"] *= 4
    x, dy = rng.normal(size=(7, 5, 3)), rng.normal(size=(7, 5, 6))
    state, dend = (type(unit.zero_state(5))(*rng.random((2, 5, 6))) for _ in range(2))
    y, cache = unit.forward(x, state)
    assert 0.05 < y.mean() < 0.95
    for one, other in zip((*cache.start, *cache.state), (*state, cache.s[-1], cache.y[-1])):
        assert np.array_equal(one, other)
    dx, grads, dstart = unit.backward(dy, cache, dend)        # all in one piece
    monkeypatch.setattr("snu_ref.snu.pieces", lambda n, numbers: pieces(n, numbers, most))
    in_pieces = unit.backward(dy, cache, dend)
    np.testing.assert_allclose(in_pieces[0], dx, rtol=1e-13, atol=1e-14)
    for name in grads:
        np.testing.assert_allclose(in_pieces[1][name], grads[name], rtol=1e-12, atol=1e-13,
                                   err_msg=name)
    for one, other in zip(in_pieces[2], dstart):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-14)
