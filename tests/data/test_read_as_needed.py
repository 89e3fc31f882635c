"""Pictures of large folders, read as they are needed: equal to those that are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import SO2, FolderPairs, ShapeError
from groupae.data import Prefetched
from groupae.data.picture_files import PictureFiles


def _folder(path, kind="L", views=3, originals=5):
    lines = ["picture,original,element"]
    random = np.random.default_rng(0)
    for i in range(originals):
        for j in range(views):
            shape = (6, 8) if kind == "L" else (6, 8, 3)
            pixels = random.integers(0, 256, shape, dtype=np.uint8)
            if kind == "deep":
                pixels = random.integers(0, 65536, (6, 8), dtype=np.uint16)
            Image.fromarray(pixels).save(path / f"{i}-{j}.png")
            lines.append(f"{i}-{j}.png,{i},{90 * j}")
    (path / "elements.csv").write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("kind", ["L", "RGB", "deep"])
def test_a_large_folder_gives_the_same_pairs_as_a_small_one(kind, tmp_path, monkeypatch):
    folder = _folder(tmp_path, kind)
    kept = FolderPairs(folder, SO2(), chart="angle_deg")
    monkeypatch.setattr("groupae.data.picture_files.KEPT_BYTES", 0)
    needed = FolderPairs(folder, SO2(), chart="angle_deg")
    assert isinstance(kept.pictures, torch.Tensor)
    assert isinstance(needed.pictures, PictureFiles)
    ahead = Prefetched(needed, workers=1)
    for step in range(3):
        wanted = kept.batch(step, 4)
        for found in (needed.batch(step, 4), ahead.batch(step, 4)):
            assert torch.equal(found.x1, wanted.x1)
            assert torch.equal(found.x2, wanted.x2)
            assert torch.equal(found.g, wanted.g)
    ahead.close()
    assert torch.equal(needed.fixed().x1, kept.fixed().x1)
    index = torch.arange(3)
    assert torch.equal(needed.orbit(index, 4).x, kept.orbit(index, 4).x)


def test_a_picture_that_is_lost_or_changed_later_is_named(tmp_path, monkeypatch):
    folder = _folder(tmp_path)
    monkeypatch.setattr("groupae.data.picture_files.KEPT_BYTES", 0)
    pairs = FolderPairs(folder, SO2(), chart="angle_deg")
    (folder / "3-1.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"line 12: expected a picture '3-1.png', got none"):
        [pairs.orbit(torch.tensor([3]), 3)]
    Image.new("RGB", (4, 4)).save(folder / "2-2.png")
    with pytest.raises(ShapeError, match=r"8x6 pixels .* got 4x4 pixels .* in 2-2.png"):
        pairs.orbit(torch.tensor([2]), 3)
    (folder / "1-0.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"1-0.png"):
        pairs.orbit(torch.tensor([1]), 3)
