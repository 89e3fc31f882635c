"""Scores of swaps: known numbers of models whose swaps are known."""

import math

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, VectorAction
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR, SEEN_PSNR, Swaps, swap_scores
from groupae.protocols import Recombinations


class Flatten(nn.Module):
    def forward(self, x):
        return x.flatten(1)


class Picture(nn.Module):
    def forward(self, z):
        return z.unflatten(1, (1, 2, 2))


HALVES = LatentActionAE(Flatten(), Picture(), VectorAction(SO2().rep("2x0 + 1x1")))
X, Y = torch.full((3, 1, 2, 2), 0.2), torch.full((3, 1, 2, 2), 0.6)
TRUTH = torch.tensor([[0.2, 0.2], [0.6, 0.6]]).expand(3, 1, 2, 2)  # the first row stays


def means(found):
    return {name: estimates["psnr"].mean for name, estimates in found.items()}


def test_a_model_that_swaps_rightly_has_no_error_and_the_others_have_the_known_one():
    found = means(swap_scores(HALVES, Recombinations("rows", X, Y, TRUTH)))
    half = -10 * math.log10(0.4**2 / 2)
    assert found["swap"] == pytest.approx(100)
    assert found["truth reconstructed"] == pytest.approx(100)
    assert found["x unchanged"] == pytest.approx(half, abs=1e-3)
    assert found["y unchanged"] == pytest.approx(half, abs=1e-3)


def test_x_and_y_are_not_exchanged():
    found = means(swap_scores(HALVES, Recombinations("rows", Y, X, TRUTH)))
    assert found["swap"] == pytest.approx(-10 * math.log10(0.4**2), abs=1e-3)


def test_seen_pixels_alone_are_counted():
    seen = torch.zeros(3, 1, 2, 2, dtype=torch.bool)
    seen[..., 0, :] = True
    recombinations = Recombinations("rows", X, Y, TRUTH, seen)
    found = swap_scores(HALVES, recombinations, (PSNR, SEEN_PSNR))
    assert found["x unchanged"]["seen_psnr"].mean == pytest.approx(100)
    assert found["y unchanged"]["seen_psnr"].mean == pytest.approx(-10 * math.log10(0.16), abs=1e-3)


def test_what_moves_is_counted_apart_from_what_is_seen():
    mask = torch.zeros(3, 1, 2, 2, dtype=torch.bool)
    mask[..., 1, :] = True
    recombinations = Recombinations("rows", X, Y, TRUTH, seen=~mask, mask=mask)
    found = swap_scores(HALVES, recombinations, (SEEN_PSNR, OWN_PSNR))["x unchanged"]
    assert found["seen_psnr"].mean == pytest.approx(100)
    assert found["own_psnr"].mean == pytest.approx(-10 * math.log10(0.16), abs=1e-3)


def test_the_reconstruction_of_the_truth_is_what_the_decoder_gives():
    class Darker(Picture):
        def forward(self, z):
            return super().forward(z) - 0.1

    model = LatentActionAE(Flatten(), Darker(), VectorAction(SO2().rep("2x0 + 1x1")))
    found = means(swap_scores(model, Recombinations("rows", X, Y, TRUTH)))
    assert found["truth reconstructed"] == pytest.approx(20, abs=1e-3)


def test_the_model_is_left_in_training_mode_and_judged_outside_it():
    class Modes(nn.Module):
        def swap(self, x, y):
            assert not self.training
            return y

    model = Modes().train()
    assert means(swap_scores(model, Recombinations("y", X, Y, Y)))["swap"] == pytest.approx(100)
    assert model.training


def test_who_can_swap():
    assert isinstance(HALVES, Swaps)
    assert not isinstance(Unchanged(), Swaps)


def test_no_data_are_refused():
    with pytest.raises(ValueError, match="evaluate: expected at least one pair, got none"):
        swap_scores(HALVES, Recombinations("rows", X[:0], Y[:0], TRUTH[:0]))
