"""What all layers share: blocks of an array cover all of it once."""
import pytest

from snu_ref.layer import blocks, lines


@pytest.mark.parametrize("n, numbers, most", [
    (10, 3, 9), (10, 3, 2), (1, 1, 100), (0, 5, 10), (4, 0, 3)])
def test_blocks_cover_everything_once_in_order(n, numbers, most):
    found = blocks(n, numbers, most)
    assert [i for part in found for i in range(part.start, part.stop)] == list(range(n))
    lengths = [part.stop - part.start for part in found]
    assert all(length == 1 or length * numbers <= most for length in lengths)


def test_no_word_is_broken_at_the_end_of_a_line():
    shape = "(" + ", ".join(["12345"] * 15) + ")"
    assert lines(f"x {shape} end") == f"x {shape}\n    end"
