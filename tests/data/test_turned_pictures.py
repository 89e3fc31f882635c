import math

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import O2, SO2, SO3, Cyclic, Dihedral, Translation
from groupae.data import TurnedPictures
from groupae.data.turned_pictures import picture_action, split_of_names


def _write(folder, count=10, size=(8, 8)):
    rng = np.random.default_rng(0)
    for i in range(count):
        place = folder / "ab"[i % 2]
        place.mkdir(parents=True, exist_ok=True)
        values = rng.integers(0, 256, size[::-1], dtype=np.uint8)
        Image.fromarray(values).save(place / f"{i}.png")
    return folder


@pytest.mark.parametrize("group", [Cyclic(4), Dihedral(4)])
def test_act_composes_exactly_for_quarter_turns(group):
    act, n = picture_action(group), 64
    g, h = group.sample(2, n, generator=torch.Generator().manual_seed(0))
    x = torch.rand(n, 3, 8, 8)
    assert torch.equal(act(g, act(h, x)), act(group.compose(g, h), x))


def test_o2_agrees_with_dihedral():
    x = torch.rand(8, 1, 6, 6)
    indices = torch.arange(8)
    angle_sign = torch.stack([indices % 4 * torch.pi / 2, 1.0 - 2 * (indices >= 4)], -1)
    g = O2().convert(angle_sign, "angle_sign", "matrix")
    expected = picture_action(Dihedral(4))(indices, x)
    assert torch.allclose(picture_action(O2())(g, x), expected, atol=1e-5)


def test_pairs_and_classes(tmp_path):
    pictures = TurnedPictures(_write(tmp_path), Cyclic(4))
    batch = pictures.batch(3, 5)
    assert torch.equal(picture_action(Cyclic(4))(batch.g, batch.x1), batch.x2)
    assert pictures.classes == ("a", "b")
    assert pictures.labels.tolist() == [0] * 5 + [1] * 5
    assert torch.equal(pictures.batch(3, 5).x1, batch.x1)


def test_splits_are_disjoint_and_complete(tmp_path):
    _write(tmp_path, 30)
    parts = [
        TurnedPictures(tmp_path, SO2(), split=s).names for s in ("train", "validation", "test")
    ]
    assert [len(part) for part in parts] == [24, 3, 3]
    assert len(set().union(*parts)) == 30


def test_subfolders_are_splits(tmp_path):
    for split, count in (("train", 4), ("validation", 2), ("test", 1)):
        _write(tmp_path / split, count)
    chosen = TurnedPictures(tmp_path, SO2(), split="validation")
    assert chosen.names == ("validation/a/0.png", "validation/b/1.png")
    assert chosen.classes == ("a", "b")


def test_pixels_cut_and_resize(tmp_path):
    _write(tmp_path, size=(12, 8))
    assert TurnedPictures(tmp_path, SO2(), pixels=4).batch(0, 1).x1.shape == (1, 1, 4, 4)
    with pytest.raises(ValueError, match=r"square pictures, got 12x8 .* pixels= cuts"):
        TurnedPictures(tmp_path, SO2())


def test_bad_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a folder"):
        TurnedPictures(tmp_path / "none", SO2())
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ValueError, match="expected pictures in"):
        TurnedPictures(tmp_path, SO2())
    _write(tmp_path, 1)
    with pytest.raises(ValueError, match="at least three originals, got 1"):
        TurnedPictures(tmp_path, SO2(), split="train")
    with pytest.raises(ValueError, match="moves pictures"):
        TurnedPictures(tmp_path, SO3())
    (tmp_path / "a" / "9.png").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"9\.png"):
        TurnedPictures(tmp_path, SO2())


def test_two_sizes(tmp_path):
    _write(tmp_path, 2)
    Image.new("L", (9, 9)).save(tmp_path / "z.png")
    with pytest.raises(ValueError, match=r"in z\.png; pixels= resizes"):
        TurnedPictures(tmp_path, SO2())


def test_split_of_names_needs_a_known_split():
    with pytest.raises(ValueError, match="split"):
        split_of_names(["a", "b", "c"], "tset")


def test_shifts_go_round_the_edges_and_compose(tmp_path):
    x = torch.rand(3, 1, 9, 7, dtype=torch.float64)
    group = Translation(2)
    act = picture_action(group)
    shift = torch.tensor([[2.0, 3.0]], dtype=torch.float64).expand(3, 2)
    whole = 2 * math.pi * shift / torch.tensor([7.0, 9.0], dtype=torch.float64)
    torch.testing.assert_close(act(whole, x), x.roll((-3, 2), (-2, -1)))  # 3 up, 2 right
    g, h = group.sample(2, 3, dtype=torch.float64)
    torch.testing.assert_close(act(g, act(h, x)), act(group.compose(g, h), x))
