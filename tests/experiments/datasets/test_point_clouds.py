"""Point clouds: true pairs up to order, surfaces sampled by area, disjoint splits."""

import math

import pytest
import torch

from groupae import PointClouds
from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.point_clouds import sample_surface
from groupae.experiments.datasets.rendering import Mesh
from groupae.experiments.datasets.shapes import CATEGORIES, make_shape
from groupae.metrics import chamfer_distance

SIZES = {"train": 24, "validation": 6, "test": 12}
CHECKSUMS = [34344.28410, 1217.11596]


@pytest.fixture(scope="module")
def clouds(tmp_path_factory):
    """Return the tiny sets by split."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROUPAE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield {split: PointClouds(split, size="tiny") for split in SIZES}


def sorted_rows(x):
    """Return points in the order of their first coordinate."""
    return x.gather(1, x[..., :1].argsort(1).expand_as(x))


def flat_mesh(*triangles):
    corners = torch.tensor(triangles, dtype=torch.float32)
    faces = torch.arange(len(corners) * 3).view(-1, 3)
    return Mesh.smooth(corners.flatten(0, 1), faces, torch.ones(3))


def test_the_second_view_is_the_first_turned_as_a_set(clouds):
    pairs = clouds["test"].fixed()
    turned = pairs.x1 @ pairs.g.mT
    torch.testing.assert_close(sorted_rows(turned), sorted_rows(pairs.x2), atol=2e-6, rtol=0)
    assert chamfer_distance(turned, pairs.x2).max() < 1e-10
    assert chamfer_distance(pairs.x1 @ pairs.g, pairs.x2).min() > 1e-4  # the inverse does not


def test_points_stand_in_an_order_of_their_own_in_every_view(clouds):
    pairs = clouds["test"].fixed()
    places = torch.cdist(pairs.x1 @ pairs.g.mT, pairs.x2).argmin(2)
    kept = (places == torch.arange(256)).float().mean(1)
    assert kept.max() < 0.05
    assert (places.sort(1).values == torch.arange(256)).all()
    assert len(torch.unique(places, dim=0)) == len(pairs)


def test_clouds_fill_the_unit_ball(clouds):
    for data in clouds.values():
        reach = data.originals.norm(dim=-1).amax(1)
        assert data.originals.shape[1:] == (256, 3)
        assert reach.max() <= 1 + 1e-6
        assert reach.min() > 0.8


def test_splits_are_disjoint_and_balanced(clouds):
    assert {split: len(data) for split, data in clouds.items()} == SIZES
    everything = torch.cat([data.originals for data in clouds.values()]).flatten(1)
    distance = torch.cdist(everything, everything).fill_diagonal_(9)
    assert distance.min() > 1
    for data in clouds.values():
        assert len(set(data.labels.bincount().tolist())) == 1
        assert data.labels.max() == len(PointClouds.classes) - 1


def test_labels_name_the_class(clouds):
    assert PointClouds.classes == tuple(CATEGORIES)
    mugs = clouds["train"].originals[clouds["train"].labels == PointClouds.classes.index("mug")]
    tables = clouds["train"].originals[clouds["train"].labels == PointClouds.classes.index("table")]
    upper = [(cloud[..., 2] > 0).float().mean() for cloud in (mugs, tables)]
    assert upper[1] > upper[0] + 0.1  # a table has its points on top


def test_fixed_pairs_are_the_same_on_every_machine(clouds):
    pairs = clouds["test"].fixed()
    weights = torch.arange(1, 257, dtype=torch.float64)
    figures = [float((part.double().sum(-1) * weights).sum()) for part in (pairs.x1, pairs.x2)]
    assert figures == pytest.approx(CHECKSUMS, rel=1e-5)


def test_a_sample_of_a_surface_is_uniform_by_area():
    """A unit square and one of a quarter of its area, each of two triangles, in other planes."""
    square = [[0, 0, 0], [1, 0, 0], [1, 1, 0]], [[0, 0, 0], [1, 1, 0], [0, 1, 0]]
    small = [[0, 0, 2], [0.5, 0, 2], [0.5, 0.5, 2]], [[0, 0, 2], [0.5, 0.5, 2], [0, 0.5, 2]]
    points = sample_surface(flat_mesh(*square, *small), 20000, keyed_generator(3))
    is_small = points[:, 2] == 2
    assert is_small.float().mean() == pytest.approx(0.2, abs=0.01)
    on_square = points[~is_small, :2]
    assert on_square.mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.01)
    assert on_square.var(0).tolist() == pytest.approx([1 / 12] * 2, abs=0.003)
    covariance = torch.cov(on_square.T)[0, 1]
    assert abs(float(covariance)) < 0.003


def test_a_sample_of_a_triangle_lies_in_it():
    triangle = [[0.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 3.0, 0.0]]
    points = sample_surface(flat_mesh(triangle), 3000, keyed_generator(4))
    assert points.min() >= 0
    assert (points[:, 0] / 2 + points[:, 1] / 3).max() <= 1 + 1e-6
    assert points.mean(0).tolist() == pytest.approx([2 / 3, 1, 0], abs=0.04)


def test_a_sample_is_a_function_of_its_key():
    mesh = make_shape("lamp", 0)
    one, again, other = (sample_surface(mesh, 64, keyed_generator(key)) for key in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


def test_another_sample_of_a_surface_is_at_20_db():
    """The number that the example states."""
    scores = []
    for i in range(12):
        mesh = make_shape(PointClouds.classes[i % 6], i)
        sample = sample_surface(mesh, 512, keyed_generator(i))[None]
        scores.append(-10 * math.log10(chamfer_distance(sample[:, :256], sample[:, 256:])))
    assert sum(scores) / len(scores) == pytest.approx(20.4, abs=0.7)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "dev"}, "PointClouds: expected split to be one of train, validation, test"),
        ({"split": "test", "size": "big"}, "PointClouds: expected size to be one of tiny, small"),
        ({"split": "test", "folder": "x"}, "PointClouds: expected no folder, got 'x'; it has no"),
    ],
)
def test_bad_options_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        PointClouds(**arguments)


def test_a_sample_of_nothing_is_refused():
    with pytest.raises(ValueError, match="expected count to be an integer of at least 1, got 0"):
        sample_surface(make_shape("mug", 0), 0, keyed_generator(0))
