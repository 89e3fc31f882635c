"""Recombinations combine the parts of two data, each as in its own picture."""

from pathlib import Path

import pytest
import torch
from torch.nn.functional import avg_pool2d

from groupae import (
    SO2,
    BlockedDigits,
    BrainContrast,
    Objects,
    OrbitPairs,
    RotatedDigits,
    Series,
    SkyPlanes,
    Turntable,
)
from groupae.data import Resized, rotate
from groupae.experiments.datasets import registry
from groupae.experiments.datasets.brain_contrast import change_contrast


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(folder, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(folder))


DATASETS = (BlockedDigits, RotatedDigits, BrainContrast, SkyPlanes, Turntable, Objects)


@pytest.mark.parametrize("dataset", DATASETS)
def test_recombinations_are_always_the_same_and_of_one_shape(dataset):
    readings = dataset("test", size="tiny").recombinations(2)
    again = dataset("test", size="tiny").recombinations(2)
    assert len({reading.meaning for reading in readings}) == len(readings) == 2
    for reading, other in zip(readings, again, strict=True):
        assert len(reading) == 2
        assert reading.x.shape == reading.y.shape == reading.truth.shape
        assert torch.equal(reading.truth, other.truth)
        assert torch.equal(reading.x, readings[0].x)
        assert torch.equal(reading.y, readings[0].y)
        assert 0 <= reading.truth.min() < reading.truth.max() <= 1


@pytest.mark.parametrize("dataset", [SkyPlanes, Turntable, Objects])
def test_the_two_views_of_a_swap_differ(dataset):
    first, second = dataset("test", size="tiny")._two_choices(300)
    assert (first != second).all()
    assert len(first.unique()) == len(second.unique()) == int(first.max()) + 1


def squares(pictures):
    """Return per picture the mask of pixels in white squares of 7 x 7."""
    white = (pictures == 1).float()
    full = torch.nn.functional.conv2d(white, torch.ones(1, 1, 7, 7)) == 49
    found = torch.nn.functional.conv_transpose2d(full.float(), torch.ones(1, 1, 7, 7))
    return found > 0


def test_the_square_stays_and_the_digit_changes():
    found, posed = BlockedDigits("test").recombinations(200)
    in_x, in_y = squares(found.x), squares(found.y)
    assert torch.equal(squares(found.truth), in_x)
    assert torch.equal(squares(posed.truth), in_x)
    assert in_x.flatten(1).any(1).all()
    assert in_y.flatten(1).any(1).all()
    assert torch.equal(found.seen, in_x | ~in_y)
    shown = ~in_x & ~in_y
    assert torch.equal(found.truth[shown], found.y[shown])
    assert (found.truth - posed.truth).abs().mean((1, 2, 3)).min() > 0.01


def test_what_neither_shows_is_not_called_seen():
    """Pasting the square of x over y gives all seen pixels right, and some others wrong."""
    found, _ = BlockedDigits("test").recombinations(100)
    together = torch.where(squares(found.x), found.x, found.y)
    seen = found.seen.expand_as(found.x)
    assert torch.equal(together[seen], found.truth[seen])
    assert (together != found.truth).any(), "some digits are partly hidden"


def test_a_digit_takes_the_pose_and_not_the_shape():
    whole = RotatedDigits("test", size="tiny")
    posed, kept = whole.recombinations()
    assert torch.equal(kept.truth, kept.y)
    mass = [pictures.sum((1, 2, 3)) for pictures in (posed.x, posed.y, posed.truth)]
    torch.testing.assert_close(mass[2], mass[0], rtol=0.05, atol=0)
    assert (mass[1] - mass[0]).abs().mean() > 20
    twins = OrbitPairs(whole.originals[:1].expand(2, -1, -1, -1), SO2(), rotate)
    same, _ = twins._swap_poses(torch.tensor([0]), torch.tensor([1]))
    assert torch.equal(same.truth, same.y), "an original in the pose of its twin is the twin"


def test_a_head_takes_the_contrast_of_another():
    heads = BrainContrast("test", size="tiny")
    found, _ = heads.recombinations()
    brain = heads.originals[:, 1:] > 0
    outside = ~brain
    assert torch.equal(found.truth[outside], found.x[outside])
    assert torch.equal(found.mask, brain)
    g, h = heads._poses(len(heads))
    step = heads.group.compose(h, heads.group.inverse(g))
    torch.testing.assert_close(
        change_contrast(step, found.x, brain), found.truth, atol=1e-4, rtol=0
    )


def test_the_sky_of_one_is_behind_the_plane_of_another():
    scenes = SkyPlanes("test", size="tiny")
    found, posed = scenes.recombinations(12)
    skies = scenes._scenes.skies([0, 1])
    first = torch.arange(12) % 2  # more than there are go round
    truth, y = found.truth, found.y
    sky_of_x, sky_of_y = skies[first], skies[1 - first]
    far = (truth - sky_of_x).abs().amax(1, keepdim=True) < 1e-6
    assert far.float().mean((1, 2, 3)).min() > 0.5
    torch.testing.assert_close(y[far.expand_as(y)], sky_of_y[far.expand_as(y)], atol=2e-3, rtol=0)
    assert torch.equal(truth[~found.mask.expand_as(y)], sky_of_x[~found.mask.expand_as(y)])
    plane = (truth - y).abs().amax(1, keepdim=True) < 2e-3
    assert plane.float().mean((1, 2, 3)).min() > 0.005
    assert (truth - posed.truth).abs().mean((1, 2, 3)).min() > 0.005


def test_seen_pixels_of_skies_and_planes_are_in_x_or_y():
    found, _ = SkyPlanes("test", size="tiny").recombinations(12)
    truth, x, y = found.truth, found.x, found.y
    shown = ((truth - x).abs() < 2e-3).all(1) | ((truth - y).abs() < 2e-3).all(1)
    seen = found.seen[:, 0]
    assert 0.9 < seen.float().mean() < 1
    blended = 0.03  # an edge of y's plane where x shows its sky; only the truth blends the two
    assert shown[seen].float().mean() > 1 - blended
    assert shown[~seen].float().mean() < 0.6


def test_an_object_is_seen_from_where_another_is():
    table = Turntable("test", size="tiny")
    found, kept = table.recombinations()
    assert torch.equal(kept.truth, kept.y)
    recorded = torch.from_numpy(table.pictures.copy()).float() / 255
    n = len(table)
    for i in range(n):
        view_of_truth = (recorded[i] - found.truth[i]).abs().amax((1, 2, 3)) < 1e-6
        view_of_y = (recorded - found.y[i]).abs().amax((2, 3, 4)) < 1e-6
        assert (view_of_truth & view_of_y.any(0)).any()
        background = ~found.mask[i].expand_as(found.truth[i])
        assert found.truth[i][background].min() == 1
        assert found.mask[i].any()
        assert not view_of_y[i].any(), "x and y are different objects"


def test_small_pictures_are_those_of_the_data_set_shrunk():
    whole = BlockedDigits("test", size="tiny")
    for small, large in zip(
        Resized(whole, 14).recombinations(), whole.recombinations(), strict=True
    ):
        assert small.meaning == large.meaning
        for name in ("x", "y", "truth"):
            torch.testing.assert_close(getattr(small, name), avg_pool2d(getattr(large, name), 2))
    small, large = Resized(whole, 14).recombinations()[0], whole.recombinations()[0]
    assert torch.equal(small.seen, -avg_pool2d(-large.seen.float(), 2) == 1)


def test_data_that_do_not_know_say_so():
    with pytest.raises(ValueError, match=r"Series: expected a data set that says what") as caught:
        Series("test", size="tiny").recombinations(3)
    page = (Path(__file__).parents[2] / "docs/guides/use_a_model.rst").read_text()
    line = page.split("where the truth is known (")[1].split(")")[0]
    for name, info in registry.DATASETS.items():
        says = info.load in DATASETS
        assert (name in str(caught.value)) == (name in line) == says, name
    alone = OrbitPairs(torch.zeros(1, 1, 8, 8), SO2(), rotate)
    with pytest.raises(ValueError, match=r"expected two originals to swap parts of, got one"):
        alone.recombinations()
    with pytest.raises(ValueError, match="count to be an integer of at least 1, got 0"):
        RotatedDigits("test", size="tiny").recombinations(0)
