"""Outlines of cells: an exact left action, splits by cell, files read and refused."""

import math

import numpy as np
import pytest
import torch

from groupae import Cells
from groupae.data import Wedge
from groupae.experiments.datasets.cells import CELL_GROUP, move_outline
from groupae.experiments.datasets.drawing import draw_outlines
from groupae.metrics import snr_score
from tests.installed_data import needs_packages

SPLITS = ("train", "validation", "test")
CHECKSUMS = [-617.49305, 3939.80701]


def write_cells(folder, count=60):
    """Write ellipses in the layout of geomstats: the drug is their axis, the line their size."""
    t = 2 * math.pi * np.arange(50) / 50
    blocks, lines, drugs = [], [], []
    for i in range(count):
        drug, line = i % 3, i // 3 % 2
        radius = (line + 1) * (1 + i / 1000)
        x, y = 500 + 90 * radius * np.cos(t), -700 + 30 * (drug + 1) * radius * np.sin(t)
        blocks.append("\n".join(f"{a:.0f} {b:.0f}" for a, b in zip(x, y, strict=True)))
        lines.append(Cells.lines[line])
        drugs.append(Cells.classes[drug])
    for name, content in (("cells", blocks), ("cell_lines", lines), ("treatments", drugs)):
        text = ("\n\n" if name == "cells" else "\n").join(content)
        (folder / f"{name}.txt").write_text(text)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_cells(tmp_path_factory.mktemp("cells"))


def outlines(n, generator):
    """Return outlines of float64 with frequencies -10 to 10."""
    bins = torch.zeros(n, 64, dtype=torch.complex128)
    bins[:, torch.arange(-10, 11)] = torch.randn(n, 21, generator=generator, dtype=bins.dtype)
    curve = torch.fft.ifft(bins, norm="forward")
    return torch.stack([curve.real, curve.imag], 1)


def test_moving_is_a_left_action():
    generator = torch.Generator().manual_seed(0)
    x = outlines(20, generator)
    g, h = CELL_GROUP.sample(2, 20, generator=generator, dtype=torch.float64)
    both = move_outline(CELL_GROUP.compose(g, h), x)
    torch.testing.assert_close(both, move_outline(g, move_outline(h, x)))
    unmoved = move_outline(CELL_GROUP.identity(20, dtype=torch.float64), x)
    torch.testing.assert_close(unmoved, x)
    torch.testing.assert_close(move_outline(CELL_GROUP.inverse(g), move_outline(g, x)), x)


def test_a_quarter_turn_a_mirror_image_and_a_later_point():
    x = torch.rand(3, 2, 64, dtype=torch.float64)
    x -= x.mean(-1, keepdim=True)
    quarter = torch.tensor([[[0.0, -1.0], [1.0, 0.0]]], dtype=torch.float64).expand(3, 2, 2)
    still = torch.zeros(3, dtype=torch.float64)
    eighth = still + math.pi / 4
    turned = move_outline(CELL_GROUP.pack(quarter, still), x)
    torch.testing.assert_close(turned, torch.stack([-x[:, 1], x[:, 0]], 1))
    mirror = torch.diag(torch.tensor([1.0, -1.0])).double().expand(3, 2, 2)
    moved = move_outline(CELL_GROUP.pack(mirror, eighth), x)
    torch.testing.assert_close(moved, torch.stack([x[:, 0], -x[:, 1]], 1).roll(8, -1))


@pytest.mark.parametrize(("g", "x"), [((2, 5), (3, 2, 8)), ((3, 4), (3, 2, 8)), ((3, 5), (3, 8))])
def test_moving_checks_its_shapes(g, x):
    with pytest.raises(ValueError, match=r"elements \(n, 5\), outlines \(n, 2, T\), got"):
        move_outline(torch.zeros(g), torch.zeros(x))


def test_pairs_are_moved_outlines_without_size(folder):
    data = Cells("train", folder=folder)
    pairs = data.batch(0, 30)
    assert pairs.x1.shape == (30, 2, 128)
    assert snr_score(move_outline(pairs.g, pairs.x1), pairs.x2).min() > 80
    torch.testing.assert_close(data.originals.square().sum(1).mean(-1), torch.ones(42))
    torch.testing.assert_close(data.originals.mean(-1), torch.zeros(42, 2), atol=1e-6, rtol=0)
    x, y = data.originals.unbind(1)
    assert (x * y.roll(-1, -1) - y * x.roll(-1, -1)).sum(1).min() > 0  # anticlockwise


def test_labels_lines_and_areas_are_those_of_the_cells(folder):
    data = Cells("test", folder=folder)
    axes = data.originals.amax(-1)
    for drug in range(3):
        ratio = axes[data.labels == drug, 1] / axes[data.labels == drug, 0]
        torch.testing.assert_close(ratio, torch.full_like(ratio, (drug + 1) / 3), atol=0.02, rtol=0)
    area = math.pi * 90 * 30 * (data.labels + 1) * (data.cell_lines + 1) ** 2
    assert (data.areas / area - 1).abs().max() < 0.15


def test_splits_are_of_other_cells_with_equal_shares(folder):
    parts = [Cells(split, folder=folder) for split in SPLITS]
    assert [len(part) for part in parts] == [42, 6, 12]
    assert len(torch.cat([part.areas for part in parts]).unique()) == 60
    for part, share in zip(parts, (7, 1, 2), strict=True):
        strata = (2 * part.labels + part.cell_lines).bincount(minlength=6)
        assert (strata - share).abs().max() <= 1
    assert len(Cells("train", folder=folder, size="tiny")) == 42


def test_a_subset_keeps_lines_and_areas_and_a_wedge_keeps_both_angles_small(folder):
    data = Cells("train", folder=folder)
    rows = torch.tensor([7, 2])
    few = data.subset(rows).with_sampler(Wedge(CELL_GROUP, 0.1))
    assert torch.equal(few.cell_lines, data.cell_lines[rows])
    assert torch.equal(few.areas, data.areas[rows])
    matrix, phi = CELL_GROUP.unpack(few.views(torch.arange(2), 50, torch.Generator()).g)
    assert phi.abs().max() <= math.pi / 10 + 1e-5
    assert torch.atan2(matrix[..., 1, 0], matrix[..., 0, 0]).abs().max() <= math.pi / 10 + 1e-5


def test_the_point_of_beginning_is_seen_in_its_colour():
    t = 2 * math.pi * torch.arange(128) / 128
    x = torch.stack([t.cos(), t.sin()])[None].repeat(2, 1, 1)
    picture = draw_outlines(torch.stack([x[0], x[1].roll(64, -1)]), size=48)
    assert picture.min() >= 0
    right, left = picture[:, :, 24, 46], picture[:, :, 24, 1]
    assert right[0, 0] > 0.8 > 0.4 > right[0, 1]  # begins red on the right
    torch.testing.assert_close(left[1], right[0], atol=0.1, rtol=0)
    assert (picture[:, :, 24, 24] == 1).all()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "treatments.txt",
            "control\naspirin\n",
            r"line 2 to be one of control, cytd, jasp, got",
        ),
        ("cell_lines.txt", "dunn\n", r"Cells: expected one line per outline in .*, 60, got 1"),
        ("cells.txt", "1 2\n3\n4 5\n", r"outline 0 of .*: expected two numbers on each line"),
        ("cells.txt", "1 2\nx 3\n4 5\n", r"outline 0 of .*: expected numbers, got could not conv"),
        ("cells.txt", "1 2\nnan 3\n4 5\n", r"outline 0 of .*: expected finite numbers"),
        ("cells.txt", "1 2\n1 3\n1 5\n", r"outline 0 of .*: expected an outline with an area"),
    ],
)
def test_a_bad_file_is_named(tmp_path, name, text, message):
    (write_cells(tmp_path) / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        Cells("test", folder=tmp_path)


def test_a_missing_file_or_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Cells: expected a folder with cells.txt, .*nowh"):
        Cells("test", folder=tmp_path / "nowhere")
    (write_cells(tmp_path) / "cells.txt").unlink()
    with pytest.raises(FileNotFoundError, match=r"treatments.txt, got no cells.txt"):
        Cells("test", folder=tmp_path)


def test_a_missing_package_is_named(monkeypatch):
    import importlib.metadata

    def find(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", find)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'groupae\[outlines\]', or its"):
        Cells("test")


@needs_packages("cells")
class TestPublishedCells:
    def test_there_are_650_with_three_drugs_and_two_lines(self):
        parts = [Cells(split) for split in SPLITS]
        assert [len(part) for part in parts] == [455, 65, 130]
        drugs = sum(part.labels.bincount() for part in parts)
        lines = sum(part.cell_lines.bincount() for part in parts)
        assert drugs.tolist() == [318, 175, 157]
        assert lines.tolist() == [258, 392]

    def test_fixed_pairs_are_the_same_on_every_machine(self):
        pairs = Cells("test", size="tiny").fixed()
        weights = torch.arange(1, 129, dtype=torch.float64)
        figures = [float((x.double() * weights).sum()) for x in (pairs.x1, pairs.x2)]
        assert figures == pytest.approx(CHECKSUMS, rel=1e-4)
