"""The page on data of one's own: blocks that need another package, with what they take."""

import sys
import types

import pytest
from PIL import Image

from groupae import SO2, OrbitPairs
from groupae.data import originals_of, rotate
from tests.docs.pages import blocks, run_blocks

PAGE = "guides/your_dataloader"


def test_a_table_of_hugging_face_makes_pairs(photos):
    datasets = pytest.importorskip("datasets")
    pictures = [Image.open(f"photos/{i}.png").resize((28, 28)) for i in range(8)]
    table = datasets.Dataset.from_dict({"image": pictures, "label": list(range(8))})
    table.save_to_disk("my-table")
    names = run_blocks(PAGE, blocks(PAGE, "python")[:1])
    assert names["pairs"].batch(0, 4).x1.shape == (4, 1, 28, 28)
    assert names["pairs"].labels.tolist() == list(range(8))


class Folder(list):
    """A data set with the interface of torchvision's: items are pictures and classes."""

    def __init__(self, root, transform):
        super().__init__((transform(Image.open(f"{root}/{i}.png")), i % 2) for i in range(8))
        self.targets = [label for _, label in self]


def test_a_folder_of_torchvision_makes_pairs(photos, monkeypatch):
    """With a stand-in: torchvision cannot be imported beside another build of torch."""
    theirs = types.SimpleNamespace(
        datasets=types.SimpleNamespace(ImageFolder=Folder),
        transforms=types.SimpleNamespace(Resize=lambda size: lambda x: x.resize(size)),
    )
    monkeypatch.setitem(sys.modules, "torchvision", theirs)
    given = {"SO2": SO2, "OrbitPairs": OrbitPairs, "originals_of": originals_of, "rotate": rotate}
    names = run_blocks(PAGE, blocks(PAGE, "python")[1:], given)
    assert names["pairs"].batch(0, 4).x1.shape == (4, 1, 32, 32)
