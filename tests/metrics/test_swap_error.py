"""Errors of swaps whose truth is known."""

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, RotatedDigits, ShapeError, VectorAction, evaluate
from groupae.metrics.swap_error import swap_error

X, Y = torch.full((3, 1, 2, 2), 0.2), torch.full((3, 1, 2, 2), 0.6)
TRUTH = torch.tensor([[0.2, 0.2], [0.6, 0.6]]).expand(3, 1, 2, 2)  # the first row stays


def test_the_truth_has_no_error_and_no_swap_that_of_one():
    assert swap_error(TRUTH, X, Y, TRUTH).tolist() == [0] * 3
    assert swap_error(X, X, Y, TRUTH).tolist() == pytest.approx([1] * 3)
    assert swap_error(Y, X, Y, TRUTH).tolist() == pytest.approx([1] * 3)
    half = (X + TRUTH) / 2
    assert swap_error(half, X, Y, TRUTH).tolist() == pytest.approx([0.25] * 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_of_known_variance_gives_the_known_error(dtype):
    x, y = torch.randn(2, 5000, 8, dtype=dtype)
    truth = torch.cat([x[:, :4], y[:, 4:]], 1)
    error = swap_error(truth + 0.5 * torch.randn_like(truth), x, y, truth)
    assert error.dtype == dtype
    nearer = torch.minimum((x - truth).square().sum(1), (y - truth).square().sum(1)).mean()
    assert error.mean() == pytest.approx(0.25 * 8 / float(nearer), rel=0.03)


def test_nothing_to_swap_is_at_chance():
    assert swap_error(X, X, X, X).tolist() == [1] * 3
    with pytest.raises(ShapeError, match="of one shape"):
        swap_error(X, X, Y, TRUTH[:, :, :1])


def test_the_evaluation_asks_the_data():
    """All is invariant, so that a swap is x: at best as good as doing nothing."""
    ae = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("28x0")))
    found = evaluate(ae, RotatedDigits("test", size="tiny"), "swap_error", resamples=0)
    assert 1 <= found["swap_error"].mean < 2


@pytest.mark.parametrize(("reading", "error"), [(0, 0), (1, 1)])
def test_a_model_follows_the_reading_that_it_knows(reading, error):
    """By the second reading of turned digits a swap is y itself, which is no swap."""
    digits = RotatedDigits("test", size="tiny")
    data = digits.recombinations(min(len(digits), 500))[reading]
    assert torch.equal(data.truth, data.y) == bool(reading)

    class Knows(LatentActionAE):
        def swap(self, x, y):
            at = [int((data.x == one).flatten(1).all(1).nonzero()[0]) for one in x]
            return data.truth[at]

    model = Knows(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("28x0")))
    found = evaluate(model, digits, "swap_error", resamples=0)["swap_error"].mean
    assert found == pytest.approx(error, abs=1e-6)
