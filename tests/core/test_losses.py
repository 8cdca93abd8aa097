"""The losses: numbers worked by hand, gradients by differences, padding, saturation."""
import math

import numpy as np
import pytest

from snu_ref import bernoulli_nll, mean_square_error, softmax_cross_entropy

T, B, N = 4, 3, 5
LENGTHS = (4, 2, 1)  # real steps of each sample
LOSSES = (mean_square_error, bernoulli_nll, softmax_cross_entropy)
EACH = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)


def example(loss, seed=0, dtype=np.float64):
    """Outputs and a target for `loss`, random."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(T, B, N)).astype(dtype)
    if loss is softmax_cross_entropy:
        return y, rng.integers(0, N, (T, B))
    return y, rng.random((B, N) if loss is mean_square_error else (T, B, N)).astype(dtype)


def padding_mask():
    return (np.arange(T)[:, None] < np.array(LENGTHS)).astype(np.float64)  # (T, B)


def sample(loss, y, target, b, steps):
    """The first `steps` steps of sample b alone, without a mask."""
    one = slice(b, b + 1)
    return loss(y[:steps, one], target[one] if loss is mean_square_error else target[:steps, one])


# ---- numbers worked by hand ---------------------------------------------------------------------

def test_mean_square_error_by_hand():
    """Two steps, two outputs: the means are 1/2 and 2, the errors -1/2 and 2, L = (1/4 + 4) / 2."""
    y = np.array([[[0.0, 1]], [[1, 3]]])
    value, dy = mean_square_error(y, np.array([[1.0, 0]]))
    assert value == 2.125 and isinstance(value, float)
    assert dy.tolist() == [[[-0.25, 1]], [[-0.25, 1]]]  # 2 (ybar - target) / (B n T)
    value, dy = mean_square_error(y, np.array([[1.0, 0]]), np.array([[1], [0]]))
    assert value == (1 + 1) / 2 and dy.tolist() == [[[-1, 1]], [[0, 0]]]


def test_bernoulli_by_hand():
    """sigmoid(log 3) = 3/4: -log 3/4 for a note that sounds, -log 1/4 for one that does not."""
    y = np.array([[[math.log(3), math.log(3)]], [[-math.log(3), 0]]])
    target = np.array([[[1.0, 0]], [[1, 0.5]]])
    value, dy = bernoulli_nll(y, target)
    want = (math.log(4 / 3) + math.log(4) + math.log(4) + math.log(2)) / 2  # nats a step
    assert math.isclose(value, want, rel_tol=1e-15)
    np.testing.assert_allclose(dy, [[[-1 / 8, 3 / 8]], [[-3 / 8, 0]]], rtol=1e-15, atol=1e-17)


def test_softmax_by_hand():
    """Logits log 1, log 2, log 5: probabilities 1/8, 2/8, 5/8."""
    y = np.log(np.array([[[1.0, 2, 5], [4, 2, 2]]]))
    value, dy = softmax_cross_entropy(y, np.array([[1, 0]]))
    assert math.isclose(value, (math.log(4) + math.log(2)) / 2, rel_tol=1e-15)
    want = [[[1 / 16, -6 / 16, 5 / 16], [-1 / 4, 1 / 8, 1 / 8]]]  # (p - onehot) / 2
    np.testing.assert_allclose(dy, want, rtol=1e-14)


def test_what_the_losses_say_without_knowledge():
    """Uniform logits cost log n nats, n fair coins n log 2, whatever the target; a hit costs 0."""
    rng = np.random.default_rng(0)
    for n in (2, 7, 88):
        value, _ = softmax_cross_entropy(np.full((T, B, n), 3.0), rng.integers(0, n, (T, B)))
        assert math.isclose(value, math.log(n), rel_tol=1e-15)
        value, dy = bernoulli_nll(np.zeros((T, B, n)), rng.integers(0, 2, (T, B, n)).astype(float))
        assert math.isclose(value, n * math.log(2), rel_tol=1e-14)
        assert (np.abs(dy) == 0.5 / (T * B)).all()
    y = rng.normal(size=(T, B, N))
    value, dy = mean_square_error(y, y.mean(axis=0))
    assert value < 1e-30 and np.abs(dy).max() < 1e-16


# ---- gradients ----------------------------------------------------------------------------------

@EACH
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_by_central_differences(loss, masked):
    y, target = example(loss)
    mask = padding_mask() if masked else None
    _, dy = loss(y, target, mask)
    h = 1e-5  # error about h^2 |L'''| / 6 + 1e-16 |L| / h, for |L| of about 4
    for i in np.ndindex(y.shape):
        up, down = y.copy(), y.copy()
        up[i] += h
        down[i] -= h
        numerical = (loss(up, target, mask)[0] - loss(down, target, mask)[0]) / (2 * h)
        assert abs(numerical - dy[i]) < 2e-10, i
    assert (np.abs(dy).max(axis=-1) > 1e-3).sum() == (sum(LENGTHS) if masked else T * B)


def test_a_bernoulli_loss_is_stationary_where_the_probability_is_the_target():
    """For a target k within (0, 1) the minimum is at p = k, y = log(k / (1 - k)): its entropy."""
    k = np.array([[[0.1, 0.5, 0.9]]])
    value, dy = bernoulli_nll(np.log(k / (1 - k)), k)
    entropy = -(k * np.log(k) + (1 - k) * np.log(1 - k)).sum()
    assert math.isclose(value, entropy, rel_tol=1e-14) and np.abs(dy).max() < 1e-15


def test_bernoulli_is_symmetric_between_notes_and_rests():
    y, target = example(bernoulli_nll)
    value, dy = bernoulli_nll(y, target)
    mirrored, dy_mirrored = bernoulli_nll(-y, 1 - target)
    assert math.isclose(value, mirrored, rel_tol=1e-14)
    np.testing.assert_allclose(dy_mirrored, -dy, rtol=1e-12, atol=1e-16)


def test_softmax_sees_only_differences_of_logits():
    y, target = example(softmax_cross_entropy)
    value, dy = softmax_cross_entropy(y, target)
    np.testing.assert_allclose(dy.sum(axis=-1), 0, atol=1e-16)
    shift = np.random.default_rng(1).normal(size=(T, B, 1)) * 1e4  # another for each row
    shifted, dy_shifted = softmax_cross_entropy(y + shift, target)
    assert math.isclose(shifted, value, rel_tol=1e-11)  # y + 1e4 keeps 12 digits of y
    np.testing.assert_allclose(dy_shifted, dy, rtol=1e-10, atol=1e-13)


def test_softmax_of_two_classes_is_a_bernoulli():
    """softmax(0, y)[1] = sigmoid(y)."""
    rng = np.random.default_rng(0)
    y, target = rng.normal(size=(T, B, 1)), rng.integers(0, 2, (T, B))
    a, dy_a = softmax_cross_entropy(np.concatenate([np.zeros_like(y), y], axis=-1), target)
    b, dy_b = bernoulli_nll(y, target[:, :, None].astype(float))
    assert math.isclose(a, b, rel_tol=1e-14)
    np.testing.assert_allclose(dy_a[:, :, 1:], dy_b, rtol=1e-13)


def test_the_square_error_looks_at_the_mean_over_time_only():
    y, target = example(mean_square_error)
    value, dy = mean_square_error(y, target)
    shuffled, dy_shuffled = mean_square_error(y[[2, 0, 3, 1]], target)
    assert math.isclose(shuffled, value, rel_tol=1e-15)
    np.testing.assert_allclose(dy_shuffled, dy, rtol=1e-13)
    assert (dy == dy[:1]).all()  # the same gradient at every step
    once, _ = mean_square_error(y.mean(axis=0, keepdims=True), target)
    assert math.isclose(once, value, rel_tol=1e-14)


# ---- padding ------------------------------------------------------------------------------------

@EACH
def test_padding_holds_nothing_that_matters(loss):
    y, target = example(loss)
    mask = padding_mask()
    value, dy = loss(y, target, mask)
    padded = mask == 0
    assert padded.sum() == 5 and not dy[padded].any()
    for rubbish in (1e4, -1e30, 1e300):
        other_y, other_target = y.copy(), target.copy()
        other_y[padded] = rubbish
        if loss is not mean_square_error:
            other_target[padded] = 1
        with np.errstate(all="raise"):
            again, dy_again = loss(other_y, other_target, mask)
        assert again == value and (dy_again == dy).all()


def test_a_masked_loss_pools_the_unpadded_sequences():
    """The likelihoods average over all steps, so longer samples count more; in the square error all
    samples count the same."""
    for loss in LOSSES:
        y, target = example(loss)
        value, dy = loss(y, target, padding_mask())
        weights = [1 / B] * B if loss is mean_square_error else [n / sum(LENGTHS) for n in LENGTHS]
        parts = [sample(loss, y, target, b, n) for b, n in enumerate(LENGTHS)]
        pooled = sum(w * part for w, (part, _) in zip(weights, parts))
        assert math.isclose(value, pooled, rel_tol=1e-14), loss.__name__
        for b, (w, n) in enumerate(zip(weights, LENGTHS)):
            np.testing.assert_allclose(dy[:n, b], w * parts[b][1][:, 0], rtol=1e-13, atol=1e-17)


@EACH
def test_a_mask_of_ones_is_no_mask_and_its_dtype_is_free(loss):
    y, target = example(loss)
    value, dy = loss(y, target)
    for dtype in (bool, np.uint8, np.int64, np.float32, np.float64):
        again, same = loss(y, target, np.ones((T, B), dtype))
        assert again == value and (same == dy).all()
        masked = loss(y, target, padding_mask())
        again, same = loss(y, target, padding_mask().astype(dtype))
        assert again == masked[0] and (same == masked[1]).all()


@pytest.mark.parametrize("loss", [bernoulli_nll, softmax_cross_entropy])
def test_a_sample_of_padding_alone_counts_for_nothing(loss):
    y, target = example(loss)
    mask = np.ones((T, B))
    mask[:, 1] = 0
    value, dy = loss(y, target, mask)
    kept = [0, 2]
    want, dy_kept = loss(y[:, kept], target[:, kept])
    assert math.isclose(value, want, rel_tol=1e-15) and not dy[:, 1].any()
    np.testing.assert_allclose(dy[:, kept], dy_kept, rtol=1e-14)


# ---- extremes, shapes, dtypes -------------------------------------------------------------------

def test_saturated_logits_are_finite_and_exact():
    """A wrong answer costs its logit, a right one nothing; the gradient is p - k."""
    y = np.array([[[1e4, 1e4, -1e4, -1e4]]])
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, dy = bernoulli_nll(y, np.array([[[1.0, 0, 1, 0]]]))
        assert value == 2e4 and dy.tolist() == [[[0, 1, -1, 0]]]
        y = np.array([[[1e4, -1e4], [1e4, -1e4]]])
        value, dy = softmax_cross_entropy(y, np.array([[0, 1]]))
        assert value == 1e4 and dy.tolist() == [[[0, 0], [0.5, -0.5]]]
    # far from 0 the loss is exp(-|y|): no digit is lost on the way to it
    _, dy = bernoulli_nll(np.array([[[-40.0]]]), np.array([[[0.0]]]))
    assert math.isclose(dy.item(), math.exp(-40), rel_tol=1e-14)
    value, _ = bernoulli_nll(np.array([[[-40.0]]]), np.array([[[0.0]]]))
    assert math.isclose(value, math.exp(-40), rel_tol=1e-14)


def test_no_digit_is_lost_for_a_confident_right_answer():
    """-log sigmoid(y) is log1p(exp(-y)): 2.1e-9 at y = 20, as log1p(exp(y)) is at y = -20."""
    for y in (5.0, 20.0, 40.0):
        value, _ = bernoulli_nll(np.array([[[y]]]), np.array([[[1.0]]]))
        assert math.isclose(value, math.log1p(math.exp(-y)), rel_tol=1e-13)


@EACH
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_the_dtype_is_kept_and_inputs_are_not_changed(loss, dtype):
    y, target = example(loss, dtype=dtype)
    mask = padding_mask().astype(bool)
    before = y.copy()
    y.flags.writeable = target.flags.writeable = mask.flags.writeable = False
    value, dy = loss(y, target, mask)
    assert dy.dtype == dtype and dy.shape == y.shape and type(value) is float
    assert (y == before).all() and not np.shares_memory(dy, y)
    double, dy_double = loss(y.astype(float), target if target.dtype.kind == "i" else
                             target.astype(float), mask)
    close = 1e-6 if dtype is np.float32 else 1e-14
    assert math.isclose(value, double, rel_tol=close)
    np.testing.assert_allclose(dy.astype(float), dy_double, rtol=0, atol=close)


@EACH
def test_one_step_and_one_sample_are_enough(loss):
    y, target = example(loss)
    value, dy = sample(loss, y, target, 0, 1)
    assert math.isfinite(value) and value > 0 and dy.shape == (1, 1, N)


def test_every_integer_dtype_names_classes():
    y, target = example(softmax_cross_entropy)
    value, _ = softmax_cross_entropy(y, target)
    for dtype in (np.uint8, np.int16, np.uint64):
        assert softmax_cross_entropy(y, target.astype(dtype))[0] == value


# ---- padding and large numbers ------------------------------------------------------------------

def test_what_stands_on_padded_steps_is_not_looked_at():
    """Padding with -100, NaN or numbers out of range changes neither value nor gradient."""
    rng = np.random.default_rng(0)
    mask = np.array([[1, 1], [1, 0], [0, 0]], float)
    y, padded = rng.normal(size=(3, 2, 4)), mask == 0
    odd = y.copy()
    odd[padded] = [np.nan, np.inf, -np.inf, 1e308]
    bits, classes = rng.integers(0, 2, y.shape).astype(float), rng.integers(0, 4, mask.shape)
    strange = {"bits": bits.copy(), "classes": classes.copy()}
    strange["bits"][padded], strange["classes"][padded] = [-1, 2, np.nan, np.inf], -100
    for loss, target, other in (
        (mean_square_error, bits[0], bits[0]),
        (bernoulli_nll, bits, strange["bits"]),
        (softmax_cross_entropy, classes, strange["classes"]),
    ):
        value, dy = loss(y, target, mask)
        again, dy_again = loss(odd, other, mask)
        assert value == again and np.array_equal(dy, dy_again) and not dy_again[padded].any()
        with pytest.raises(ValueError, match="^y: expected finite"):
            loss(np.where(padded[..., None], y, np.nan), target, mask)
    for loss, other in (
        (bernoulli_nll, strange["bits"]),
        (softmax_cross_entropy, strange["classes"]),
    ):
        with pytest.raises(ValueError, match="^target: expected"):
            loss(y, other)


@pytest.mark.parametrize("size", [1e-30, 1e20, 1e30])
def test_the_square_error_holds_squares_beyond_float32(size):
    y = np.array([[[2 * size, 0]]], np.float32)
    value, _ = mean_square_error(y, np.zeros((1, 2), np.float32))
    assert math.isclose(value, 2 * float(np.float32(size)) ** 2, rel_tol=1e-6)


def test_the_only_class_costs_nothing_whatever_stands_on_padded_steps():
    value, dy = softmax_cross_entropy(np.full((2, 1, 1), 7.0), np.array([[0], [-100]]),
                                      np.array([[1.0], [0.0]]))
    assert value == 0 and not dy.any()
