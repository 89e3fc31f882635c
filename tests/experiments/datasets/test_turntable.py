"""Turntable: views run counter-clockwise, splits are disjoint, test pairs are fixed."""

import hashlib

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import Cyclic
from groupae.experiments.datasets import turntable
from groupae.experiments.datasets.originals import nmr
from groupae.experiments.datasets.rendering import Mesh
from groupae.experiments.datasets.turntable import Turntable

SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def cache(folder, monkeypatch):
    monkeypatch.setenv("GROUPAE_CACHE", str(folder))


def test_what_a_batch_is():
    source = Turntable("test", size="tiny")
    batch = source.batch(0, 4)
    assert source.group == Cyclic(24)
    assert batch.x1.shape == batch.x2.shape == (4, 3, 64, 64)
    assert batch.x1.dtype == torch.float32
    assert 0 <= batch.x1.min() < batch.x1.max() <= 1
    assert batch.g.dtype == torch.int64
    assert batch.mask.shape == (4, 1, 64, 64)
    assert batch.label.shape == (4,)


def test_views_of_one_object_differ_and_g_is_the_difference():
    source = Turntable("test", size="tiny")
    orbit = source.orbit(torch.arange(6), 24)
    assert torch.equal(orbit.g, torch.arange(24)[:, None].expand(24, 6))
    batch = source.fixed()
    for i, (x1, g, x2) in enumerate(zip(batch.x1, batch.g, batch.x2, strict=True)):
        j = next(j for j in range(24) if torch.equal(orbit.x[j, i], x1))
        candidates = [k for k in range(24) if torch.equal(orbit.x[k, i], x2)]
        assert (j + int(g)) % 24 in candidates
        assert int(g) != 0


def marked(category, index):
    """Return a grey ball with a red patch on its left side, at +y."""
    del category, index
    corners = torch.tensor([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    faces = torch.tensor(
        [[0, 2, 4], [2, 1, 4], [1, 3, 4], [3, 0, 4], [2, 0, 5], [1, 2, 5], [3, 1, 5], [0, 3, 5]]
    )
    body = Mesh.smooth(corners * 0.5, faces, torch.tensor([0.3, 0.3, 0.3]))
    patch = Mesh.smooth(corners * 0.2, faces, torch.tensor([1.0, 0.0, 0.0]))
    return Mesh.join([body, patch.moved(t=(0.0, 0.7, 0.0))])


def red_place(x):
    """Return column and row of the red patch, 0 in the middle, and its visible size."""
    red = (x[0] - x[1]).clamp(min=0) * (x[1] < 0.2)
    grid = torch.arange(64) - 31.5
    total = red.sum()
    return red.sum(0) @ grid / total, red.sum(1) @ grid / total, total


def test_the_camera_goes_counter_clockwise_seen_from_above(monkeypatch, tmp_path):
    """From the front the left side is to the right; a quarter on it is in front of the camera."""
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    monkeypatch.setattr(turntable, "make_shape", marked)
    views = Turntable("test", size="tiny").orbit(torch.tensor([0]), 24).x[:, 0]
    front, left, back, right = (red_place(views[j]) for j in (0, 6, 12, 18))
    assert front[0] > 15
    assert abs(left[0]) < 0.5
    assert back[0] < -15
    assert left[1] > 5  # nearest to a camera that looks down, so low in the picture
    assert right[2] < left[2]  # behind the body, in part
    columns = torch.stack([red_place(views[j])[0] for j in range(1, 12)])
    assert (columns.diff() < 0).all()


def test_the_light_stays_in_the_world(monkeypatch, tmp_path):
    """Light comes from the front left: that side is bright in all views."""
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    monkeypatch.setattr(turntable, "make_shape", marked)
    seen = Turntable("test", size="tiny").orbit(torch.tensor([0]), 24)
    blue, shown = seen.x[:, 0, 2], seen.mask[:, 0, 0]
    brightness = (blue * shown).sum((1, 2)) / shown.sum((1, 2))
    assert 2 <= int(brightness.argmax()) <= 4
    assert 14 <= int(brightness.argmin()) <= 16


def test_the_background_is_plain_and_the_mask_is_the_object():
    seen = Turntable("validation", size="tiny").orbit(torch.arange(6), 24)
    outside = ~seen.mask.expand_as(seen.x)
    assert (seen.x[outside] == 1).all()
    share = seen.mask.float().mean((2, 3, 4))
    assert share.min() > 0.02
    assert share.max() < 0.7
    assert not seen.mask[..., 0].any()  # the object is inside the picture
    assert not seen.mask[..., 0, :].any()


def test_splits_share_no_object_and_show_every_category():
    sources = {split: Turntable(split, size="tiny") for split in SPLITS}
    assert [len(sources[split]) for split in SPLITS] == [12, 6, 6]
    pictures = torch.cat([s.orbit(torch.arange(len(s)), 1).x[0] for s in sources.values()])
    assert len(pictures.flatten(1).unique(dim=0)) == 24
    for source in sources.values():
        assert source.labels.bincount(minlength=6).unique().numel() == 1
        assert len(source.classes) == 6


def test_labels_name_categories_and_no_object_is_in_two_splits(monkeypatch, tmp_path):
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    asked = []

    def noted(category, index):
        asked.append((category, index))
        return marked(category, index)

    monkeypatch.setattr(turntable, "make_shape", noted)
    found = {}
    for split in SPLITS:
        asked.clear()
        source = Turntable(split, size="tiny")
        assert [source.classes[i] for i in source.labels] == [category for category, _ in asked]
        found[split] = set(asked)
    assert len(set.union(*found.values())) == sum(len(objects) for objects in found.values()) == 24


def test_sizes_and_proportions():
    for counts in turntable._COUNTS.values():
        assert all(count % 6 == 0 for count in counts.values())
    assert sum(turntable._COUNTS["small"].values()) == 750
    assert sum(turntable._COUNTS["full"].values()) >= 2000
    for size in ("small", "full"):
        shares = [turntable._COUNTS[size][split] for split in SPLITS]
        assert np.allclose(np.array(shares) / sum(shares), [0.7, 0.1, 0.2], atol=0.01)


def checksum(*tensors):
    digest = hashlib.sha256()
    for tensor in tensors:
        digest.update(tensor.contiguous().numpy().astype("<i8").tobytes())
    return digest.hexdigest()[:16]


def test_test_pairs_are_the_same_on_every_machine():
    """Fixed pairs are of these views and elements."""
    source = Turntable("test", size="tiny")
    first = source.fixed(5 * len(source))
    assert checksum(first.g, first.label) == "10c014a964e87785"
    again = Turntable("test", size="tiny", seed=0).fixed(5 * len(source))
    assert torch.equal(first.x1, again.x1)
    assert torch.equal(first.x2, again.x2)
    assert not torch.equal(first.g, Turntable("test", size="tiny", seed=1).fixed(5 * len(source)).g)


def test_rendering_again_gives_the_same_bytes(monkeypatch, tmp_path):
    kept = Turntable("test", size="tiny").pictures
    monkeypatch.setenv("GROUPAE_CACHE", str(tmp_path))
    assert np.array_equal(kept, Turntable("test", size="tiny").pictures)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"split": "dev"},
            "Turntable: expected split to be one of train, validation, test, got 'd",
        ),
        ({"size": "huge"}, "Turntable: expected size to be one of tiny, small, full, got 'huge'"),
    ],
)
def test_unknown_options_are_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        Turntable(**{"split": "test", **options})


# --- the pictures of Kato et al. ------------------------------------------------------------------


def make_nmr(root, *, masks):
    """Write objects whose view j has the grey 10 j, with the number of the object in blue."""
    for number in range(10):
        folder = root / ("02691156", "03001627")[number % 2] / f"object{number}"
        for kind in ("image", "mask") if masks else ("image",):
            (folder / kind).mkdir(parents=True)
        for j in range(24):
            picture = Image.new("RGB", (64, 64), (10 * j, 0, number))
            picture.save(folder / "image" / f"{j:04d}.png")
            if masks:
                Image.new("L", (64, 64), 255).save(folder / "mask" / f"{j:04d}.png")


@pytest.mark.parametrize("masks", [False, True])
def test_originals_are_read_with_labels_and_masks(tmp_path, masks):
    make_nmr(tmp_path, masks=masks)
    sources = [Turntable(split, folder=tmp_path) for split in SPLITS]
    assert [len(source) for source in sources] == [7, 1, 2]
    numbers = [set(source.pictures[:, 0, 2, 0, 0].tolist()) for source in sources]
    assert set.union(*numbers) == set(range(10))
    for source, found in zip(sources, numbers, strict=True):
        assert source.classes == ("airplane", "chair")
        assert source.labels.tolist() == sorted(number % 2 for number in found)
        batch = source.fixed()
        views = (batch.x2 - batch.x1)[:, 0, 0, 0] * 25.5
        assert torch.equal(views.round().long() % 24, batch.g)
        assert (batch.mask is not None) == masks


def test_views_that_go_clockwise_are_counted_backwards(tmp_path, monkeypatch):
    make_nmr(tmp_path, masks=False)
    monkeypatch.setattr(nmr, "goes_clockwise", lambda item: True)
    batch = Turntable("train", folder=tmp_path).fixed()
    views = (batch.x2 - batch.x1)[:, 0, 0, 0] * 25.5
    assert torch.equal(-views.round().long() % 24, batch.g)


def test_tiny_is_a_few_of_the_folder(tmp_path):
    make_nmr(tmp_path, masks=False)
    for number in range(10, 40):
        folder = tmp_path / "02691156" / f"object{number}" / "image"
        folder.mkdir(parents=True)
        for j in range(24):
            Image.new("RGB", (64, 64), (10 * j, 0, number)).save(folder / f"{j:04d}.png")
    assert len(Turntable("train", size="tiny", folder=tmp_path)) <= 12
    assert len(Turntable("train", folder=tmp_path)) == 28


def test_a_folder_that_changes_is_read_again(tmp_path):
    make_nmr(tmp_path, masks=False)
    before = Turntable("train", folder=tmp_path)
    folder = next(tmp_path.glob("*/object0")) / "image"
    Image.new("RGB", (64, 64), (0, 200, 0)).save(folder / "0000.png")  # in place
    after = [Turntable(split, folder=tmp_path) for split in SPLITS]
    assert len(before) == 7
    assert any((source.pictures[:, 0, 1] == 200).any() for source in after)


def test_objects_seen_the_other_way_round_are_named(tmp_path, monkeypatch):
    make_nmr(tmp_path, masks=False)
    odd = nmr.find_objects(tmp_path, "train")[0][3]
    monkeypatch.setattr(nmr, "goes_clockwise", lambda item: item == odd)
    sentence = f"cameras that circle .*{odd.folder.name} in the direction of .*, got the opposite"
    with pytest.raises(ValueError, match=sentence):
        Turntable("train", folder=tmp_path)


def test_cameras_are_looked_at_before_anything_is_read(tmp_path, monkeypatch):
    make_nmr(tmp_path, masks=False)
    for folder in tmp_path.glob("*/object*"):
        (folder / "cameras.npz").write_bytes(b"half a file")
    monkeypatch.setattr(nmr, "read_object", None)
    with pytest.raises(ValueError, match=r"cameras\.npz: expected world_mat_0 to world_mat_23"):
        Turntable("train", folder=tmp_path)


def test_a_missing_folder_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="Turntable: expected a folder with objects as"):
        Turntable("test", folder=tmp_path / "nowhere")
