"""Metrics are what their names say."""

import dataclasses
import math

import pytest
import torch

from groupae import SO2, PartsAction, RotatedDigits, VectorAction, evaluate
from groupae.data import rotate
from groupae.experiments.baselines import DataAction, MeanImage, Unchanged
from groupae.metrics import (
    OWN_PSNR,
    PSNR,
    Estimate,
    latent_equivariance_error,
    psnr_score,
    ssim_score,
)
from groupae.models import TransformModel
from groupae.protocols import PairBatch


def test_psnr_of_a_known_error():
    target = torch.zeros(2, 1, 8, 8)
    prediction = torch.stack([torch.full((1, 8, 8), 0.1), torch.full((1, 8, 8), 0.01)])
    torch.testing.assert_close(psnr_score(prediction, target), torch.tensor([20.0, 40.0]))


def test_psnr_is_averaged_over_pictures_not_errors():
    target = torch.zeros(2, 1, 12, 12)
    prediction = torch.stack([torch.full((1, 12, 12), 0.1), torch.full((1, 12, 12), 0.01)])
    pairs = PairBatch(prediction, torch.zeros(2), target)
    assert evaluate(Unchanged(), pairs)["psnr"].mean == pytest.approx(30.0, abs=1e-4)


def test_ssim_is_one_on_equal_pictures_and_falls_with_noise():
    x = RotatedDigits("test").originals[:8]
    torch.testing.assert_close(ssim_score(x, x), torch.ones(8))
    assert (ssim_score((x + 0.2 * torch.rand_like(x)).clamp(0, 1), x) < 0.9).all()


def test_ssim_against_the_formula_on_one_window():
    """11 x 11 pictures have a single valid window, so SSIM is the formula itself (Wang 2004)."""
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 1, 1, 11, 11, generator=generator, dtype=torch.float64)
    ramp = torch.arange(11, dtype=torch.float64) - 5
    weight = torch.exp(-ramp.square() / (2 * 1.5**2))
    window = torch.outer(weight, weight) / weight.sum() ** 2

    def mean(v):
        return (window * v).sum()

    mx, my = mean(x), mean(y)
    vx, vy, cxy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    c1, c2 = 0.01**2, 0.03**2
    wanted = (2 * mx * my + c1) * (2 * cxy + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert float(ssim_score(x, y)) == pytest.approx(float(wanted), abs=1e-4)


def test_latent_equivariance_error_is_zero_on_orbits_and_two_on_strangers():
    action = VectorAction(SO2().rep("4x0 + 4x1"))
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(4000, 12, generator=generator)
    g = SO2().sample(4000, generator=generator)
    assert latent_equivariance_error(action, g, z, action(g, z)).max() < 1e-10
    strangers = torch.randn(4000, 12, generator=generator)
    error = latent_equivariance_error(action, g, z, strangers).mean()
    assert float(error) == pytest.approx(2.0, rel=0.05)
    still, moved = torch.tensor([5.0] * 4 + [0.0] * 8), torch.tensor([0.0] * 4 + [5.0] * 8)
    for mean, wanted in ((still, 2.0), (moved, 2 + 2 * 8 * 25 / 12)):  # 12 is the variance
        error = latent_equivariance_error(action, g, z + mean, strangers + mean).mean()
        assert float(error) == pytest.approx(wanted, rel=0.05)


def test_an_estimate_is_mean_and_95_percent_interval():
    scores = torch.tensor([1.0, 2.0, 3.0, 4.0])
    estimate = Estimate.of(scores)
    assert estimate.mean == 2.5
    assert estimate.half_width == pytest.approx(1.96 * math.sqrt(5 / 3) / 2)
    assert f"{estimate:.2f}" == "2.50 ± 1.27"


def test_references_rank_as_they_must():
    pairs = RotatedDigits("test").fixed()
    oracle, unchanged = evaluate(DataAction(rotate), pairs), evaluate(Unchanged(), pairs)
    mean = evaluate(MeanImage(RotatedDigits("train").fixed().x2), pairs)
    assert oracle["psnr"].mean > 30
    assert mean["psnr"].mean > unchanged["psnr"].mean
    assert 9 < unchanged["psnr"].mean < 12
    assert oracle["ssim"].mean > 0.97
    for model in (DataAction(rotate), Unchanged(), MeanImage(pairs.x1)):
        assert isinstance(model, TransformModel)
        assert model.loss(pairs) == {}


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"two batches \(n, \*x_shape\) of one shape, got"):
        psnr_score(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 5, 5))
    with pytest.raises(ValueError, match="at least 11 x 11"):
        ssim_score(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4))


def test_a_score_is_one_number_a_pair():
    pairs = PairBatch(torch.zeros(3, 1, 4, 4), torch.zeros(3), torch.zeros(3, 1, 4, 4))
    for function, got in ((lambda p, b: p.mean(), r"\(\)"), (lambda p, b: p, r"\(3, 1, 4, 4\)")):
        score = dataclasses.replace(PSNR, name="mine", function=function)
        with pytest.raises(ValueError, match=rf"'mine': expected one number per pair.* got {got}"):
            evaluate(Unchanged(), pairs, [score])
    with pytest.raises(ValueError, match=r"a mask that broadcasts to \(3, 1, 4, 4\), got \(3, 5"):
        psnr_score(pairs.x1, pairs.x2, mask=torch.ones(3, 5, dtype=torch.bool))


def test_psnr_of_what_moves_counts_its_own_pixels_only():
    x2 = torch.zeros(2, 3, 16, 16)
    mask = torch.zeros(2, 1, 16, 16, dtype=torch.bool)
    mask[:, :, :4, :4] = True
    prediction = torch.where(mask, 0.1, 0.5).expand_as(x2)
    pairs = PairBatch(x2, torch.zeros(2), x2, mask=mask)
    torch.testing.assert_close(OWN_PSNR.function(prediction, pairs), torch.full((2,), 20.0))
    assert PSNR.function(prediction, pairs).max() < 7
    with pytest.raises(ValueError, match="own_psnr: expected pairs with a mask of what moves, got"):
        OWN_PSNR.function(prediction, PairBatch(x2, torch.zeros(2), x2))


def test_equivariance_of_codes_with_parts_counts_all_parts():
    action = PartsAction({"pose": VectorAction(SO2().rep("4x1")), "skip": None})
    g = SO2().sample(10)
    z = {"pose": torch.randn(10, 8), "skip": torch.randn(10, 3, 2, 2)}
    assert latent_equivariance_error(action, g, z, action(g, z)).max() < 1e-10
    reordered = dict(reversed(action(g, z).items()))
    assert latent_equivariance_error(action, g, z, reordered).max() < 1e-10
    other = {**action(g, z), "skip": torch.randn(10, 3, 2, 2)}
    assert latent_equivariance_error(action, g, z, other).min() > 0.1
