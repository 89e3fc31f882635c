"""Originals that stay in a data set: the same pairs as of a tensor, read when they are used."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Subset, TensorDataset

from groupae import SO2, ShapeError
from groupae.data import OrbitPairs, Prefetched, originals_of, rotate

BYTES = torch.randint(0, 256, (12, 1, 8, 8), generator=torch.Generator().manual_seed(0)).byte()
FLOATS = BYTES.float() / 255
CLASSES = [i % 3 for i in range(12)]


class Counting(list):
    """A data set that counts the items read."""

    read = 0

    def __getitem__(self, i):
        self.read += 1
        return super().__getitem__(i)


FORMS = {
    "tensors": lambda: list(FLOATS),
    "bytes": lambda: list(BYTES),
    "pairs": lambda: TensorDataset(FLOATS, torch.tensor(CLASSES)),
    "pillow": lambda: [(Image.fromarray(one[0].numpy()), 0) for one in BYTES],
    "arrays": lambda: [one[0].numpy() for one in BYTES],
    "columns": lambda: [{"image": one, "label": 0} for one in FLOATS],
    "subset": lambda: Subset(list(torch.cat([FLOATS, FLOATS])), range(12, 24)),
}


@pytest.mark.parametrize("name", FORMS)
def test_pairs_are_those_of_a_tensor(name):
    lazy = OrbitPairs(originals_of(FORMS[name]()), SO2(), rotate)
    eager = OrbitPairs(FLOATS, SO2(), rotate)
    for step in (0, 5):
        found, wanted = lazy.batch(step, 4), eager.batch(step, 4)
        assert torch.equal(found.x1, wanted.x1)
        assert torch.equal(found.x2, wanted.x2)
    assert torch.equal(lazy.fixed().x2, eager.fixed().x2)


def test_only_the_pictures_of_a_batch_are_read():
    data = Counting([FLOATS[0]] * 10_000)
    pairs = OrbitPairs(originals_of(data), SO2(), rotate)
    data.read = 0
    pairs.batch(3, 8)
    assert data.read == 8


def test_worker_processes_read_them():
    pairs = OrbitPairs(originals_of(list(BYTES)), SO2(), rotate)
    ahead = Prefetched(pairs, workers=1)
    assert torch.equal(ahead.batch(2, 4).x2, pairs.batch(2, 4).x2)
    ahead.close()


def test_colours_come_first():
    picture = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    found = originals_of([Image.fromarray(picture)])[torch.tensor([0])]
    assert torch.equal(found[0], torch.from_numpy(picture).permute(2, 0, 1).float() / 255)


class Listed(list):
    """A data set that lists its classes."""

    targets = CLASSES


@pytest.mark.parametrize("order", [range(12), [7, 2, 5]])
def test_listed_classes_are_kept(order):
    originals = originals_of(Subset(Listed(FLOATS), order))
    pairs = OrbitPairs(originals, SO2(), rotate)
    assert pairs.labels.tolist() == [CLASSES[i] for i in order]


class Random(list):
    """A data set with a random transform."""

    def __getitem__(self, i):
        return torch.rand(1, 8, 8)


WRONG = {
    "a stream": (lambda: iter(FLOATS), TypeError, "a data set with items and a length"),
    "a class": (lambda: TensorDataset, TypeError, "got the class TensorDataset"),
    "none": (lambda: [], ShapeError, "at least one picture"),
    "random": (lambda: Random([0]), ValueError, "the same at every call.*random transforms"),
    "no column": (lambda: [{"img": FLOATS[0]}], ValueError, "a column 'image', got img; name it"),
    "text": (lambda: ["a.png"], TypeError, "a picture .*, got str"),
    "whole numbers": (lambda: [BYTES[0].long()], TypeError, "bytes or floats, got torch.int64"),
    "palette": (lambda: [Image.new("P", (4, 4))], TypeError, "mode L or RGB, got mode P"),
}


@pytest.mark.parametrize("name", WRONG)
def test_other_things_get_one_sentence(name):
    make, error, sentence = WRONG[name]
    with pytest.raises(error, match=sentence):
        originals_of(make())


def test_a_picture_of_another_shape_is_named():
    originals = originals_of([torch.zeros(1, 8, 8), torch.zeros(1, 9, 8)])
    with pytest.raises(ShapeError, match=r"item 1 of the data set.*resize"):
        originals[torch.tensor([1])]


def test_a_hugging_face_data_set(tmp_path):
    datasets = pytest.importorskip("datasets")
    pictures = [Image.fromarray(one[0].numpy()) for one in BYTES]
    features = datasets.Features(
        {"img": datasets.Image(), "kind": datasets.ClassLabel(names=["a", "b", "c"])}
    )
    made = datasets.Dataset.from_dict({"img": pictures, "kind": CLASSES}, features=features)
    made.save_to_disk(str(tmp_path / "set"))
    for data in (made, made.with_format("torch"), datasets.load_from_disk(str(tmp_path / "set"))):
        originals = originals_of(data, picture="img", label="kind")
        assert torch.equal(originals[torch.arange(12)], FLOATS)
        assert originals.labels.tolist() == CLASSES


def test_torchvision_data_sets(tmp_path):
    torchvision = pytest.importorskip("torchvision")
    for i, one in enumerate(BYTES):
        folder = tmp_path / str(CLASSES[i])
        folder.mkdir(exist_ok=True)
        Image.fromarray(one[0].numpy()).convert("RGB").save(folder / f"{i:02}.png")
    images = torchvision.datasets.ImageFolder(str(tmp_path), torchvision.transforms.ToTensor())
    originals = originals_of(images)
    assert originals.shape == (12, 3, 8, 8)
    assert originals.labels.tolist() == sorted(CLASSES)
    assert torch.equal(originals[torch.tensor([0])][0, :1], FLOATS[0])
    fake = torchvision.datasets.FakeData(5, (3, 8, 8))
    assert originals_of(fake)[torch.tensor([0, 4])].shape == (2, 3, 8, 8)
