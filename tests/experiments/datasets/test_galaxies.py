"""Galaxies: an exact enough action, disjoint splits, a dark rim, measured colours."""

import hashlib
import math
from importlib import resources

import pytest
import torch

from groupae import O2, Galaxies
from groupae.data import rotate
from groupae.metrics import psnr_score

SIZES = {"train": 200, "validation": 28, "test": 58}


@pytest.fixture(scope="module")
def parts():
    return {split: Galaxies(split) for split in SIZES}


def test_the_split_is_disjoint_and_complete(parts):
    assert {split: len(data) for split, data in parts.items()} == SIZES
    rows = torch.cat([data.originals.flatten(1) for data in parts.values()])
    assert len(torch.unique(rows, dim=0)) == 286
    assert Galaxies("test", seed=5).labels.equal(parts["test"].labels)
    tiny = Galaxies("train", size="tiny")
    assert tiny.originals.equal(parts["train"].originals[:24])


def test_no_galaxy_is_seen_in_cut_outs_of_two_splits(parts):
    """Discs of different splits lie apart in the original picture."""
    centres = torch.cat([data.centres for data in parts.values()])
    radii = torch.cat([data.radii for data in parts.values()])
    split = torch.cat([torch.full((len(data),), i) for i, data in enumerate(parts.values())])
    gap = torch.cdist(centres, centres) - radii - radii[:, None]
    assert (gap[split != split[:, None]] > 0).all()
    overlaps = (gap < 0).sum() - len(centres)
    assert overlaps > 0  # there was something to keep together


def test_the_second_view_is_the_first_moved(parts):
    data = parts["test"]
    pairs = data.fixed(300)
    exact = psnr_score(data.data_action(pairs.g, pairs.x1), pairs.x2)
    assert exact.mean() > 46
    assert exact.min() > 35
    inverse = psnr_score(data.data_action(data.group.inverse(pairs.g), pairs.x1), pairs.x2)
    assert inverse.mean() < exact.mean() - 10
    assert data.group == O2()
    assert (torch.linalg.det(pairs.g) < 0).float().mean() == pytest.approx(0.5, abs=0.1)


def test_the_action_is_a_left_action(parts):
    data, group = parts["validation"], O2()
    g, h = group.sample(2, len(data), generator=torch.Generator().manual_seed(0))
    x = data.originals
    once = data.act(group.compose(g, h), x)
    assert psnr_score(data.act(g, data.act(h, x)), once).mean() > 44
    assert torch.equal(data.act(group.identity(len(data)), x), x)


def test_turns_lose_nothing_and_the_rim_is_dark(parts):
    for data in parts.values():
        x = data.originals
        assert x.min() == 0
        assert x.flatten(1).amax(1).min() > 0.3
        assert x.max() <= 1
        offset = torch.arange(32) - 15.5
        outside = (offset**2 + offset[:, None] ** 2).sqrt() > 15.5
        assert not x[..., outside].any()
        turned = rotate(torch.full((len(x),), math.pi / 4), x)
        assert (turned.sum((1, 2, 3)) / x.sum((1, 2, 3)) - 1).abs().max() < 0.02


def test_galaxies_are_centred(parts):
    x = torch.cat([data.originals for data in parts.values()]).mean(1)
    offset = torch.arange(32) - 15.5
    total = x.sum((1, 2))
    rows, columns = (x.sum(2) @ offset) / total, (x.sum(1) @ offset) / total
    assert torch.hypot(rows, columns).median() < 0.6
    assert torch.hypot(rows, columns).max() < 4


def test_classes_follow_the_measured_colour(parts):
    for data in parts.values():
        assert data.labels.bincount(minlength=3).min() > 0
        assert data.colours[data.labels == 0].max() < data.colours[data.labels == 1].min()
        assert data.colours[data.labels == 1].max() < data.colours[data.labels == 2].min()
        red, _, blue = data.originals.sum((2, 3)).unbind(1)
        index = (red - blue) / data.originals.sum((1, 2, 3))
        assert torch.corrcoef(torch.stack([index, data.colours]))[0, 1] > 0.95
        assert 0 < data.axis_ratios.min() < data.axis_ratios.max() <= 1


def test_the_test_pairs_are_these():
    """Figures are measured on them, so no change of code may change them."""
    pairs = Galaxies("test").fixed()
    bytes_ = (Galaxies("test").originals * 255).round().to(torch.uint8).numpy().tobytes()
    assert hashlib.sha256(bytes_).hexdigest().startswith("eb0a83f41f92c706")
    assert pairs.x1.mean().item() == pytest.approx(0.0533524, abs=1e-6)
    assert pairs.x2.mean().item() == pytest.approx(0.0533542, abs=1e-6)


def test_a_subset_keeps_its_attributes(parts):
    data, rows = parts["test"], torch.arange(0, 58, 10)
    some = data.subset(rows)
    for name in ("originals", "labels", "colours", "axis_ratios", "radii", "centres"):
        assert torch.equal(getattr(some, name), getattr(data, name)[rows]), name


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"Galaxies: expected split to be .* got 'dev'"):
        Galaxies("dev")
    with pytest.raises(ValueError, match=r"Galaxies: expected size to be .* got 'large'"):
        Galaxies("test", size="large")
    with pytest.raises(ValueError, match="Galaxies: expected no folder, got 'sky'"):
        Galaxies("test", folder="sky")


def test_the_asset_is_small_and_its_source_named():
    assets = resources.files("groupae.experiments.datasets") / "assets"
    assert (assets / "galaxies.npz").stat().st_size < 350_000
    notice = (assets / "NOTICE.md").read_text()
    for name in ("galaxies.npz", "Illingworth", "public domain", "scikit-image"):
        assert name in notice
