"""Pictures of a run: orbits of data with any view, and of data with few recorded ones."""

from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image
from torch import nn

from groupae import SO2, Cyclic, LatentActionAE, RecordedPairs, RotatedDigits, VectorAction
from groupae.data import FolderPairs
from groupae.experiments.runs import report
from groupae.experiments.runs.report import draw_orbit


def folder_of(path, counts):
    """Return views of things at angles of their own, so many of each."""
    lines = ["picture,original,element"]
    rng = np.random.default_rng(0)
    for thing, count in enumerate(counts):
        for k in range(count):
            name = f"{thing}-{k}.png"
            Image.fromarray(rng.integers(0, 256, (6, 6), dtype=np.uint8)).save(path / name)
            lines.append(f"{name},thing{thing},{10 * thing + 360 * k // count}")
    (path / "elements.csv").write_text("\n".join(lines))
    return FolderPairs(path, SO2(), chart="angle_deg")


def recorded(n, group):
    gs = group.elements()
    pictures = np.random.default_rng(0).integers(0, 256, (n, len(gs), 1, 6, 6), dtype=np.uint8)
    return RecordedPairs(pictures, gs, group)


def run_of(path, data):
    return SimpleNamespace(
        path=path, load=lambda split: data, data=SimpleNamespace(kind="pictures")
    )


def model_of(group, width=6):
    return LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(group.rep(f"{width}x0")))


@pytest.fixture
def drawn(monkeypatch):
    """Return a function that draws an orbit and returns elements, truth and the figure."""
    made = {}

    def keep(model, x, gs, truth, **options):
        made.update(gs=gs, truth=truth)
        made["figure"] = plot_orbit(model, x, gs, truth, **options)
        return made["figure"]

    plot_orbit = report.plot_orbit
    monkeypatch.setattr(report, "plot_orbit", keep)

    def draw(path, data):
        file = draw_orbit(run_of(path, data), model_of(data.group, data.fixed(1).x1.shape[-1]))
        assert file.stat().st_size > 1000
        plt.close("all")
        return made

    return draw


def test_recorded_views_are_shown_once_and_each_has_its_angle(tmp_path, drawn):
    made = drawn(tmp_path, folder_of(tmp_path, [4, 4, 4]))
    assert made["gs"].shape == (3, 4)
    texts = [text.get_text() for text in made["figure"].axes[0].texts]
    ticks = [text.get_text() for text in made["figure"].axes[0].get_xticklabels()]
    assert texts == []  # turns by -90° and 270° are the same
    assert ticks[1:] == ["0°", "90°", "180°", "270°"]  # moves from the first view
    made = drawn(tmp_path, folder_of(tmp_path, [5, 3, 4]))
    assert made["gs"].shape == (3, 3)
    texts = [text.get_text() for text in made["figure"].axes[0].texts]
    assert texts == ["0°", "72°", "216°", "0°", "120°", "240°", "0°", "90°", "180°"]


@pytest.mark.parametrize("count", [2, 3, 7, 11, 12, 13, 30])
def test_no_view_is_shown_twice_however_many_there_are(tmp_path, drawn, count):
    made = drawn(tmp_path, folder_of(tmp_path, [count, count + 1]))
    assert made["gs"].shape == (2, min(count, 12))
    for row in made["truth"]:
        assert len(row.flatten(1).unique(dim=0)) == len(row)


def test_a_small_finite_group_is_shown_once(tmp_path, drawn):
    made = drawn(tmp_path, recorded(3, Cyclic(5)))
    assert made["gs"][0].tolist() == [0, 1, 2, 3, 4]


def test_all_data_of_any_view_have_twelve(tmp_path, drawn):
    made = drawn(tmp_path, RotatedDigits("test", size="tiny"))
    assert made["gs"].shape[1] == 12


def test_a_moving_picture_has_a_frame_per_recorded_view(tmp_path):
    data = folder_of(tmp_path, [4, 4, 4])
    file = draw_orbit(run_of(tmp_path, data), model_of(data.group), format="gif")
    with Image.open(file) as found:
        assert found.n_frames == 4
