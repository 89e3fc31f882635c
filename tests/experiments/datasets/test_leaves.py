"""Outlines of leaves as series: exact shifts, published splits, files read and refused."""

import math

import numpy as np
import pytest
import torch

from groupae import Leaves
from groupae.data import shift_phase
from groupae.metrics import snr_score
from tests.installed_data import needs_packages

CHECKSUMS = [5265.57350, 1241.33011]


def write_leaves(folder, length=200, test=24, train=30):
    """Write waves whose frequency is their class, as .ts files."""
    t = 2 * math.pi * np.arange(length) / length
    for name, count in (("TRAIN", train), ("TEST", test)):
        lines = []
        for i in range(count):
            values = np.cos((i % 6 + 2) * (t - i)) + 0.3 * np.sin(90 * t)
            lines.append(",".join(f"{v:.7f}" for v in values) + f":{i % 6 + 1}")
        head = "#waves\n@problemName OSULeaf\n@classLabel true 1 2 3 4 5 6\n@data\n"
        (folder / f"OSULeaf_{name}.ts").write_text(head + "\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_leaves(tmp_path_factory.mktemp("leaves"))


def test_series_are_the_low_frequencies_sampled_anew(folder):
    """Class c is the wave of frequency c + 2; frequency 90 does not fit into 128 samples."""
    data = Leaves("test", folder=folder)
    assert data.originals.shape == (24, 1, 128)
    t = 2 * math.pi * torch.arange(128, dtype=torch.float64) / 128
    wave = ((data.labels[:, None] + 2) * (t - torch.arange(24)[:, None])).cos()
    torch.testing.assert_close(data.originals[:, 0].double(), wave, atol=1e-5, rtol=0)


def test_pairs_are_exact_shifts(folder):
    pairs = Leaves("train", folder=folder).batch(0, 24)
    assert snr_score(shift_phase(pairs.g, pairs.x1), pairs.x2).min() > 80
    assert snr_score(pairs.x1, pairs.x2).mean() < 5


def test_the_published_training_leaves_are_divided_by_species(folder):
    parts = [Leaves(split, folder=folder) for split in ("train", "validation", "test")]
    assert [len(part) for part in parts] == [24, 6, 24]
    assert parts[0].labels.bincount().tolist() == [4] * 6
    assert parts[1].labels.bincount().tolist() == [1] * 6
    assert len(torch.cat([part.originals for part in parts[:2]]).unique(dim=0)) == 30
    assert [len(Leaves(split, folder=folder, size="tiny")) for split in ("train", "test")] == [
        24,
        24,
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2:1\n", r"a .ts file with series after @data, got '1,2:1"),
        ("@data\n", r"a .ts file with series after @data, got none"),
        ("@data\n1,2:1\n1,2,3:1\n", r"series 1 as long as the first, 2, got 3"),
        ("@data\n1,2\n", r"series 0 to end in : and its class, an integer from 1, got '1,2'"),
        ("@data\n1,2:0\n", r"series 0 to end in : and its class, an integer from 1, got '0'"),
        ("@data\n1,b:1\n", r"series 0 of .*: expected numbers"),
        ("@data\n1,inf:1\n", r"series 0 of .*: expected finite numbers, got nan or inf"),
        ("@data\n1,2:7\n", r"Leaves: expected classes 1..6 and series of 128 .*got class 7 and 2"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, message):
    (tmp_path / "OSULeaf_TEST.ts").write_text(text)
    with pytest.raises(ValueError, match=message):
        Leaves("test", folder=tmp_path)


def test_a_missing_file_or_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Leaves: expected a folder with OSULeaf.*nowhere"):
        Leaves("test", folder=tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match=r"OSULeaf_TEST.ts, got no OSULeaf_TRAIN.ts"):
        Leaves("train", folder=tmp_path)


@needs_packages("leaves")
class TestPublishedLeaves:
    def test_there_are_442_of_six_species(self):
        parts = [Leaves(split) for split in ("train", "validation", "test")]
        assert [len(part) for part in parts] == [160, 40, 242]
        assert sum(part.labels.bincount() for part in parts).tolist() == [66, 84, 75, 97, 82, 38]
        spread = torch.cat([part.originals for part in parts]).std(-1)
        assert 0.98 < spread.min() <= spread.max() < 1.01

    def test_fixed_pairs_are_the_same_on_every_machine(self):
        pairs = Leaves("test", size="tiny").fixed()
        weights = torch.arange(1, 129, dtype=torch.float64)
        figures = [float((x.double() * weights).sum()) for x in (pairs.x1, pairs.x2)]
        assert figures == pytest.approx(CHECKSUMS, rel=1e-4)
