"""What a diagnosis says: which changes give a port's numbers, and how well."""
from typing import NamedTuple

FORWARD_ALONE = "forward_alone"  # among the names: the traces are explained, the gradients are not
NEAR = 1e-3   # ours: errors below this, and no change that fits, are a loss of precision
PARTIAL = 3   # ours: how many explanations of some of the tensors are returned


class Explanation(NamedTuple):
    """One way to come to a port's numbers.

    names: of changes, the first argument to ask about them again. text: what is computed, and what
    should be. digits: to how many digits the matched tensors agree. matched, unmatched: names of
    tensors; a full explanation leaves none unmatched. also: the names of others that this case
    cannot tell from it.
    """
    names: tuple
    text: str
    digits: float
    matched: tuple
    unmatched: tuple = ()
    also: tuple = ()


def partly(name, text, digits, matched, told):
    """An Explanation of some of the tensors that a port told; text: that of the change."""
    unmatched = tuple(k for k in told if k not in matched)
    text = f"explains {', '.join(matched)} but not {', '.join(unmatched)}: {text}"
    return Explanation((name,), text, digits, matched, unmatched)


def precision_text(digits):
    """For numbers that no change of the equations gives, though all are near."""
    if digits >= 5:
        return (f"all numbers are nearly right, to {digits:.1f} digits: single precision "
                "somewhere, sums that lose digits, or a small term too many (an eps)")
    return (f"no change of the equations gives these numbers, but all agree to {digits:.1f} "
            "digits: precision is lost (about 7 digits are float32's, 3 those of TF32 and "
            "float16, 2 those of bfloat16)")
