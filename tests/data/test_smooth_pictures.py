import pytest
import torch

from groupae import SO2, GridAction
from groupae._validation import ShapeError
from groupae.data import smooth_pictures


@pytest.mark.parametrize("size", [(9,), (8, 11), (5, 6, 7), (1, 1), (2, 3)])
def test_shape_seed_and_border(size):
    draws = torch.Generator().manual_seed(3)
    x = smooth_pictures(4, 2, *size, generator=draws)
    assert x.shape == (4, 2, *size)
    assert x.isfinite().all()
    again = smooth_pictures(4, 2, *size, generator=torch.Generator().manual_seed(3))
    assert torch.equal(x, again)
    if min(size) > 4:
        corner = (..., *(0 for _ in size))
        assert x[corner].abs().max() < 1e-6


def test_they_survive_a_turn_and_back_better_than_noise():
    turn, eighth = GridAction(SO2(), (33, 33)), torch.tensor(torch.pi / 4)
    smooth = smooth_pictures(8, 1, 33, 33, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(8, 1, 33, 33, generator=torch.Generator().manual_seed(0))
    lost = [
        float((turn(-eighth, turn(eighth, x)) - x).square().sum() / x.square().sum())
        for x in (smooth, noise)
    ]
    assert lost[0] < 0.01 < 0.3 < lost[1]


def test_bad_numbers_are_named():
    with pytest.raises(ValueError, match="channels to be an integer of at least 1, got 0"):
        smooth_pictures(2, 0, 8, 8)
    with pytest.raises(ValueError, match="size to be an integer"):
        smooth_pictures(2, 1, 8, -8)
    with pytest.raises(ShapeError, match="one to three sizes"):
        smooth_pictures(2, 1)
