"""Airplanes in front of skies: the airplane turns, the sky stays, splits are disjoint."""

import hashlib
import math

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import SO3
from groupae.experiments.datasets import sky_planes
from groupae.experiments.datasets.rendering import Mesh
from groupae.experiments.datasets.sky_planes import SkyPlanes

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(folder, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(folder))


def test_what_a_batch_is():
    source = SkyPlanes("train", size="tiny")
    batch = source.batch(0, 3)
    assert source.group == SO3()
    assert batch.x1.shape == batch.x2.shape == (3, 3, 64, 64)
    assert 0 <= batch.x1.min() < batch.x1.max() <= 1
    assert batch.g.shape == (3, 3, 3)
    assert batch.mask.shape == (3, 1, 64, 64)
    assert batch.label is None


def test_the_sky_stays_and_the_plane_moves():
    source = SkyPlanes("test", size="tiny")
    seen = source.views(torch.arange(2), 6, torch.Generator().manual_seed(0))
    outside = ~(seen.mask[0] | seen.mask[1]).expand_as(seen.x[0])
    assert torch.equal(seen.x[0][outside], seen.x[1][outside])
    assert outside.float().mean() > 0.4
    assert (seen.x[0] - seen.x[1]).abs().mean((1, 2, 3)).min() > 0.01
    assert not torch.equal(seen.x[0][:, :, :4], seen.x[0].flip(0)[:, :, :4])  # skies of their own


def test_elements_are_rotations_and_pairs_carry_the_relative_one():
    source = SkyPlanes("train", size="tiny")
    assert source.elements.shape == (4, 6, 3, 3)
    eye = torch.eye(3).expand(4, 6, 3, 3)
    torch.testing.assert_close(source.elements @ source.elements.mT, eye, atol=1e-6, rtol=0)
    assert (torch.linalg.det(source.elements) > 0).all()
    batch = source.fixed()
    for i in range(4):
        views = torch.from_numpy(source.pictures[i].copy()).float() / 255
        first, second = (
            source.elements[i, int((views == x[i]).flatten(1).all(1).nonzero()[0])]
            for x in (batch.x1, batch.x2)
        )
        torch.testing.assert_close(batch.g[i], second @ first.T, atol=1e-6, rtol=0)


def ball_at(place):
    """Return a ball with a red patch at a point of the airplane's frame."""

    def make(category, index):
        del category, index
        corners = torch.cat([torch.eye(3), -torch.eye(3)])
        faces = torch.tensor(
            [[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]]
        )
        patch = Mesh.smooth(corners * 0.15, faces, torch.tensor([1.0, 0.0, 0.0]))
        return patch.moved(t=place)

    return make


@pytest.mark.parametrize("place", [(0.8, 0.0, 0.0), (0.0, 0.8, 0.0), (0.0, 0.0, 0.8)])
def test_a_view_shows_the_plane_turned_by_its_element(monkeypatch, tmp_path, place):
    """A point p of the airplane's frame is seen at R p, from the front and 20 degrees above."""
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    monkeypatch.setattr(sky_planes, "make_shape", ball_at(place))
    source = SkyPlanes("train", size="tiny")
    seen = source.views(torch.arange(4), 6, torch.Generator().manual_seed(0))
    grid = torch.arange(64) - 31.5
    mask = seen.mask[:, :, 0].float()
    total = mask.sum((2, 3))
    column = torch.einsum("mnhw,w->mn", mask, grid) / total
    row = torch.einsum("mnhw,h->mn", mask, grid) / total
    x, y, z = (seen.g @ torch.tensor(place)).unbind(-1)
    cos, sin = math.cos(math.radians(20)), math.sin(math.radians(20))
    scale = 32 / 1.1 / (1 - (cos * x + sin * z) / 3)  # perspective from a distance of 3
    torch.testing.assert_close(column, y * scale, atol=0.6, rtol=0)
    torch.testing.assert_close(row, -(cos * z - sin * x) * scale, atol=0.6, rtol=0)


def test_rotations_are_haar():
    """The trace of a Haar rotation has mean 0 and variance 1; each matrix entry has mean 0."""
    keys = [
        sky_planes.SO3().sample(100, generator=sky_planes.keyed_generator(4102, 0, i, 1))
        for i in range(40)
    ]
    R = torch.cat(keys)
    trace = R.diagonal(dim1=-2, dim2=-1).sum(-1)
    assert abs(trace.mean()) < 4 / math.sqrt(4000)
    assert abs(trace.var() - 1) < 0.1
    assert R.mean(0).abs().max() < 4 / math.sqrt(3 * 4000)


def test_an_orbit_goes_once_round_the_vertical(monkeypatch):
    source = SkyPlanes("test", size="tiny")
    seen = source.orbit(torch.arange(2), 8)
    assert seen.x.shape == (8, 2, 3, 64, 64)
    torch.testing.assert_close(seen.g[0], torch.eye(3).expand(2, 3, 3))
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(seen.g[2, 1], quarter, atol=1e-6, rtol=0)
    outside = ~seen.mask.any(0).expand_as(seen.x[0])
    assert torch.equal(seen.x[0][outside], seen.x[3][outside])
    monkeypatch.setattr(sky_planes, "make_shape", ball_at((0.8, 0.0, 0.0)))
    nose = SkyPlanes("test", size="tiny").orbit(torch.tensor([0]), 8).mask[:, 0, 0].float()
    columns = nose.sum(1) @ (torch.arange(64) - 31.5) / nose.sum((1, 2))
    assert columns[2] > 15  # a quarter on, the nose points at y, which is to the right
    assert columns[6] < -15


def test_splits_share_neither_planes_nor_skies():
    sources = [SkyPlanes(split, size="tiny") for split in SPLITS]
    assert [len(source) for source in sources] == [4, 2, 2]
    corners = torch.cat([torch.from_numpy(s.pictures[:, 0, :, 0, :8].copy()) for s in sources])
    assert len(corners.flatten(1).unique(dim=0)) == 8
    areas = np.concatenate([np.unpackbits(s.masks, axis=-1).sum((1, 2, 3)) for s in sources])
    assert len(set(areas.tolist())) == 8


def test_sizes_and_proportions():
    assert sum(sky_planes._COUNTS["full"].values()) >= 500
    assert sky_planes._ROTATIONS["full"] == 100
    for size in ("small", "full"):
        shares = np.array([sky_planes._COUNTS[size][split] for split in SPLITS])
        assert np.allclose(shares / shares.sum(), [0.7, 0.1, 0.2])


def test_test_pairs_are_the_same_on_every_machine():
    """Fixed pairs are of these views and elements, to three digits."""
    source = SkyPlanes("test", size="tiny")
    pairs = source.fixed(5 * len(source))
    scaled = pairs.g.double() * 1e3
    assert ((scaled % 1) - 0.5).abs().min() > 2e-3  # far from where machines might round apart
    rounded = scaled.round().numpy().astype("<i8")
    assert hashlib.sha256(rounded.tobytes()).hexdigest()[:16] == "e2649386c64eba25"
    again = SkyPlanes("test", size="tiny").fixed(5 * len(source))
    assert torch.equal(pairs.x1, again.x1)
    assert torch.equal(pairs.x2, again.x2)


def test_rendering_again_gives_the_same_bytes(monkeypatch, tmp_path):
    kept = SkyPlanes("test", size="tiny")
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    again = SkyPlanes("test", size="tiny")
    assert np.array_equal(kept.pictures, again.pictures)
    assert torch.equal(kept.elements, again.elements)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"split": "dev"},
            "SkyPlanes: expected split to be one of train, validation, test, got 'd",
        ),
        ({"size": "huge"}, "SkyPlanes: expected size to be one of tiny, small, full, got 'huge'"),
    ],
)
def test_unknown_options_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        SkyPlanes(**{"split": "test", **options})


# --- a folder of meshes and pictures --------------------------------------------------------------


@pytest.fixture
def originals(tmp_path):
    """Write ten flat boxes of different lengths, and five skies of one colour each."""
    (tmp_path / "planes").mkdir()
    (tmp_path / "skies").mkdir()
    for i in range(10):
        length = 1 + i / 5
        corners = [(x, y, z) for x in (-length, length) for y in (-0.3, 0.3) for z in (-0.1, 0.1)]
        faces = ["1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"]
        lines = [f"v {x} {y} {z}" for x, y, z in corners] + [f"f {face}" for face in faces]
        (tmp_path / "planes" / f"plane{i}.obj").write_text("\n".join(lines) + "\n")
    for i in range(5):
        Image.new("RGB", (90, 80), (40 * i, 100, 200)).save(tmp_path / "skies" / f"sky{i}.png")
    return tmp_path


def test_a_folder_of_meshes_and_skies(originals):
    sources = [SkyPlanes(split, size="tiny", folder=originals) for split in SPLITS]
    assert [len(source) for source in sources] == [7, 1, 2]
    skies = [set(source.pictures[:, 0, 0, 0, 0].tolist()) for source in sources]
    assert skies[0] | skies[1] | skies[2] <= {0, 40, 80, 120, 160}
    assert skies[0].isdisjoint(skies[1] | skies[2])
    assert skies[1].isdisjoint(skies[2])
    batch = sources[0].fixed()
    assert batch.mask.any((1, 2, 3)).all()
    assert ((batch.x2[:, 1] * 255 - 100).abs()[~batch.mask[:, 0]] < 0.5).all()
    assert sources[0].orbit(torch.tensor([1]), 4).x.shape == (4, 1, 3, 64, 64)


def test_a_folder_whose_paint_changes_is_rendered_again(originals):
    for path in (originals / "planes").iterdir():
        path.write_text("mtllib paint.mtl\nusemtl paint\n" + path.read_text())
    found = []
    for color in ("1 0 0", "0 1 0"):
        (originals / "planes" / "paint.mtl").write_text(f"newmtl paint\nKd {color}\n")
        found.append(SkyPlanes("validation", size="tiny", folder=originals))
    red, green = (torch.from_numpy(source.pictures.copy()).int() for source in found)
    assert (red - green)[:, :, 0].max() > 100
    assert (green - red)[:, :, 1].max() > 100


def test_a_mesh_that_does_not_load_is_named(originals):
    for path in (originals / "planes").iterdir():
        path.write_text("nothing")
    with pytest.raises(ValueError, match=r"SkyPlanes: expected a mesh of triangles, got .*plane\d"):
        SkyPlanes("train", size="tiny", folder=originals)


def test_a_sky_that_is_too_small_is_named(originals):
    for path in (originals / "skies").iterdir():
        Image.new("RGB", (90, 60)).save(path)
    sentence = r"SkyPlanes: expected a picture of at least 64x64 pixels, got 90x60 in .*sky\d.png"
    with pytest.raises(ValueError, match=sentence):
        SkyPlanes("train", size="tiny", folder=originals)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (
            "planes",
            r"expected a folder with meshes of airplanes \(\*\.obj, .*, got .*planes, which",
        ),
        ("skies", r"expected a folder with pictures of skies \(\*\.png, .*, got .*skies, which"),
    ],
)
def test_half_a_folder_is_one_sentence(originals, missing, sentence):
    for path in (originals / missing).iterdir():
        path.unlink()
    with pytest.raises(FileNotFoundError, match=r"SkyPlanes: expected at least 3 .*, got 0"):
        SkyPlanes("test", folder=originals)
    (originals / missing).rmdir()
    with pytest.raises(FileNotFoundError, match="SkyPlanes: " + sentence):
        SkyPlanes("test", folder=originals)
