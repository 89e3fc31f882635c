"""Simulated heads, whose brains change in contrast while skulls stay."""

import math

import numpy as np
import pytest
import torch

from groupae.experiments.datasets import simulated_heads
from groupae.experiments.datasets.brain_contrast import BrainContrast, change_contrast
from groupae.experiments.datasets.warps import jacobian_determinants
from groupae.groups import Affine
from groupae.metrics import psnr_score

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def tiny():
    return {split: BrainContrast(split, size="tiny") for split in SPLITS}


@pytest.fixture(scope="module")
def test_set():
    return BrainContrast("test")


# --- the action --------------------------------------------------------------------------------
def test_skull_and_neck_are_the_same_in_all_views(test_set):
    views = test_set.views(torch.arange(40), 4, torch.Generator().manual_seed(0))
    outside = ~views.mask
    assert torch.equal(views.mask[0], views.mask[3])
    for other in views.x[1:]:
        assert torch.equal(other[outside[0]], views.x[0][outside[0]])
    inside = views.mask[0]
    changed = (views.x[1] - views.x[0])[inside].abs() > 1e-4
    assert changed.float().mean() > 0.95


def test_the_second_picture_is_the_first_with_its_contrast_changed(test_set):
    pairs = test_set.fixed()
    moved = change_contrast(pairs.g, pairs.x1, pairs.mask)
    torch.testing.assert_close(moved, pairs.x2, atol=2e-6, rtol=0)
    wrong = change_contrast(Affine().inverse(pairs.g), pairs.x1, pairs.mask)
    assert psnr_score(wrong, pairs.x2).mean() < 25


def test_contrast_by_hand():
    """At a = 2, b = 1 an intensity of 0.8 (logit log 4) becomes 16 e / (16 e + 1)."""
    x, g = torch.full((1, 1, 1, 2), 0.8, dtype=torch.float64), torch.tensor([[2.0, 1.0]]).double()
    moved = change_contrast(g, x, torch.tensor([[[[True, False]]]]))
    expected = [16 * math.e / (16 * math.e + 1), 0.8]
    torch.testing.assert_close(moved.flatten(), torch.tensor(expected).double())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_contrast_is_an_action(dtype, test_set):
    G = Affine()
    generator = torch.Generator().manual_seed(0)
    x, mask = test_set.views(torch.arange(20), 1, generator).x[0], test_set.originals[:20, 1:] > 0
    g, h = G.sample(2, 20, generator=generator, dtype=dtype)
    x = x.to(dtype)
    one_by_one = change_contrast(g, change_contrast(h, x, mask), mask)
    at_once = change_contrast(G.compose(g, h), x, mask)
    assert (one_by_one - at_once).abs().max() < 100 * torch.finfo(dtype).eps
    torch.testing.assert_close(change_contrast(G.identity(20, dtype=dtype), x, mask), x)
    back = change_contrast(G.inverse(g), change_contrast(g, x, mask), mask)
    assert (back - x).abs().max() < 1000 * torch.finfo(dtype).eps


def test_contrasts_have_variance_one_quarter(test_set):
    g = test_set.views(torch.arange(200), 20, torch.Generator().manual_seed(0)).g.flatten(0, 1)
    t, b = g[:, 0].log(), g[:, 1]
    for drawn in (t, b):
        assert abs(drawn.mean()) < 0.03
        assert abs(drawn.var() - 0.25) < 0.03
    assert abs((t * b).mean()) < 0.03


def test_brains_are_kept_from_black_and_white(tiny):
    values, mask = tiny["train"].originals.split(1, 1)
    limit = math.log(0.98 / 0.02)
    assert values[mask > 0].abs().max() <= limit + 1e-5
    assert 0 <= values[mask == 0].min() <= values[mask == 0].max() <= 1


@pytest.mark.parametrize(
    ("g", "x", "mask"),
    [((3, 2), (2, 1, 4, 4), (2, 1, 4, 4)), ((2, 2), (2, 1, 4, 4), (2, 4, 4)), ((2,), (4,), (4,))],
)
def test_shapes_that_do_not_fit_are_refused(g, x, mask):
    with pytest.raises(ValueError, match=r"change_contrast: expected elements \(n, 2\), pictures"):
        change_contrast(torch.ones(g), torch.zeros(x), torch.zeros(mask, dtype=torch.bool))


def test_gradients_pass_by_what_is_black_outside_of_the_brain():
    x = torch.tensor([0.0, 1.0, 0.3, 0.7], dtype=torch.float64).view(1, 1, 2, 2)
    mask = torch.tensor([False, False, True, True]).view(1, 1, 2, 2)
    g = torch.tensor([[1.5, 0.2]], dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda g, x: change_contrast(g, x, mask), (g.requires_grad_(), x.requires_grad_())
    )


def test_masks_of_numbers_are_refused():
    mask = torch.ones(1, 1, 4, 4)
    with pytest.raises(TypeError, match=r"expected a mask of bool, got torch\.float32; compare it"):
        change_contrast(torch.ones(1, 2), torch.zeros(1, 1, 4, 4), mask)


# --- simulated heads ---------------------------------------------------------------------------
def test_no_slice_is_near_one_of_another_split():
    slices = simulated_heads._SLICES
    assert [len(slices[split]) for split in SPLITS] == [36, 3, 9]
    for one in SPLITS:
        for other in SPLITS:
            if one != other:
                gaps = np.subtract.outer(slices[one], slices[other])
                assert np.abs(gaps).min() >= 4  # 8 mm


def test_no_warp_folds_or_repeats():
    """For all heads of all sizes."""
    firsts = []
    for part, split in enumerate(SPLITS):
        for i in range(simulated_heads._WARPS["full"]):
            n = len(simulated_heads._SLICES[split])
            generator = simulated_heads.keyed_generator(simulated_heads._WARP_SEED, part, i)
            field = simulated_heads._displacement(n, generator)
            assert jacobian_determinants(field).min() > 0.2
            firsts.append(field[:, :, 20::30, 20::30].flatten(1))
    every = torch.cat(firsts)
    assert len(every.unique(dim=0)) == len(every) == 60 * 48
    assert 2 < every.square().mean().sqrt() < 5  # pixels, of 2 mm


def test_heads_bend_with_their_brains(tiny):
    """Brains stay brighter than the rim around them in all warped heads."""
    heads, brains = simulated_heads.simulate_heads("test")
    grown = torch.nn.functional.max_pool2d(brains.float(), 5, 1, 2) > 0
    rim = grown & ~brains
    inside = (heads * brains).sum((1, 2, 3)) / brains.sum((1, 2, 3))
    around = (heads * rim).sum((1, 2, 3)) / rim.sum((1, 2, 3))
    assert (inside > around + 0.1).all()
    assert 0.3 < brains.float().mean((1, 2, 3)).min() < brains.float().mean((1, 2, 3)).max() < 0.6
    assert (heads[:, :, 0].amax((1, 2)) < 0.3).float().mean() > 0.8  # above the head it is black


def test_sizes_grow_from_one_another(tiny):
    assert [len(tiny[split]) for split in SPLITS] == [36, 3, 9]
    small = BrainContrast("validation")
    assert len(small) == 84
    torch.testing.assert_close(small.originals[:3], tiny["validation"].originals)
    assert len(simulated_heads._SLICES["train"]) * simulated_heads._WARPS["full"] == 2160


def test_the_test_pairs_are_these(test_set):
    """Published figures were measured on them, so no change of code may change them."""
    pairs = test_set.fixed()
    assert len(pairs) == 252
    assert pairs.label is None
    assert pairs.g[:2].flatten().tolist() == pytest.approx(
        [2.34859, 0.95701, 1.06127, -0.58121], abs=1e-4
    )
    assert pairs.x1.mean().item() == pytest.approx(0.314788, abs=1e-5)
    assert pairs.mask.float().mean().item() == pytest.approx(0.428955, abs=1e-5)
    assert psnr_score(pairs.x1, pairs.x2).mean().item() == pytest.approx(22.53, abs=0.01)


def test_unknown_options_are_refused():
    with pytest.raises(ValueError, match=r"BrainContrast: expected split to be .* got 'dev'"):
        BrainContrast("dev")
    with pytest.raises(ValueError, match=r"BrainContrast: expected size to be .* got 'huge'"):
        BrainContrast("test", size="huge")
