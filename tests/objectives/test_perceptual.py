"""Perceptual terms: their values, and gradients for the parameters of the model only."""

import copy

import pytest
import torch
from torch import nn

from groupae import SO2, CrossReconstruction, LatentActionAE, PairBatch, ShapeError, VectorAction
from groupae.metrics import LPIPSDistance, STLPIPSDistance
from groupae.objectives import (
    PerceptualTerm,
    Predictions,
    lpips_error,
    mean_squared_error,
    st_lpips_error,
)


def model(objective=None):
    torch.manual_seed(0)
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, 8))
    decoder = nn.Sequential(nn.Linear(8, 3 * 32 * 32), nn.Sigmoid(), nn.Unflatten(1, (3, 32, 32)))
    return LatentActionAE(encoder, decoder, VectorAction(SO2().rep("4x0 + 2x1")), objective)


def batch():
    generator = torch.Generator().manual_seed(1)
    x1, x2 = torch.rand(2, 4, 3, 32, 32, generator=generator)
    return PairBatch(x1, torch.rand(4, generator=generator), x2)


def test_the_term_is_the_mean_distance_of_both_directions():
    pairs, made = batch(), torch.rand(8, 3, 32, 32)
    crossed = Predictions(made, torch.cat([pairs.x2, pairs.x1]))
    halves = (
        STLPIPSDistance()(made[:4], pairs.x2).mean(),
        STLPIPSDistance()(made[4:], pairs.x1).mean(),
    )
    term = PerceptualTerm(STLPIPSDistance())
    torch.testing.assert_close(term(crossed), sum(halves) / 2)
    assert float(st_lpips_error(Predictions(made, made))) == 0


def test_a_term_may_judge_one_picture_in_so_many():
    made, target = torch.rand(2, 8, 3, 32, 32)
    some = STLPIPSDistance()(made[[0, 4]], target[[0, 4]]).mean()
    torch.testing.assert_close(st_lpips_error(Predictions(made, target)), some)
    with pytest.raises(ValueError, match="every to be an integer of at least 1, got 0"):
        PerceptualTerm(STLPIPSDistance(), every=0)


def test_it_teaches_every_parameter_and_adds_none():
    terms = {"mse": (1.0, mean_squared_error), "st_lpips": (0.5, st_lpips_error)}
    plain, judged = model(), model(CrossReconstruction(terms))
    losses = judged.loss(batch())
    assert list(losses) == ["mse", "st_lpips"]
    losses["st_lpips"].backward()
    for parameter in judged.parameters():
        assert parameter.grad.isfinite().all()
        assert parameter.grad.abs().sum() > 0
    assert judged.state_dict().keys() == plain.state_dict().keys()
    assert copy.deepcopy(judged).loss(batch())["st_lpips"].equal(losses["st_lpips"].detach())


def test_training_by_it_alone_brings_predictions_closer():
    term = CrossReconstruction({"st_lpips": (1.0, PerceptualTerm(STLPIPSDistance()))})
    learner, pairs = model(term), batch()
    optimizer = torch.optim.Adam(learner.parameters(), lr=3e-3)
    losses = []
    for _ in range(15):
        optimizer.zero_grad()
        losses.append(learner.loss(pairs)["st_lpips"])
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.6 * losses[0]


def test_what_is_missing_is_said_when_the_term_is_first_used(monkeypatch):
    monkeypatch.delenv("GROUPAE_LPIPS_TRUNK", raising=False)
    objective = CrossReconstruction({"lpips": (0.0005, lpips_error)})
    with pytest.raises(
        FileNotFoundError, match=r"^LPIPS \(VGG\): expected a file with torchvision"
    ):
        model(objective).loss(batch())
    small = torch.rand(2, 3, 28, 28)
    with pytest.raises(ShapeError, match=r"^LPIPS \(VGG\): expected pictures of at least 32 x 32"):
        PerceptualTerm(LPIPSDistance())(Predictions(small, small))
