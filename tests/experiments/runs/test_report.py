"""Pictures of a run: orbits of data with any view, and of data with few recorded ones."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image
from rich.console import Console
from torch import nn

from groupae import SO2, Cyclic, LatentActionAE, RecordedPairs, RotatedDigits, VectorAction
from groupae.cli.training import _say_if_short
from groupae.data import FolderPairs
from groupae.experiments.runs import report
from groupae.experiments.runs.report import draw_orbit
from groupae.training import ProgressBar, TrainingConfig, TrainingResult, TrainingState


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


# --- what a training took ---------------------------------------------------------------------
@pytest.mark.parametrize(
    ("steps", "is_in_closed_form", "told"),
    [
        (0, True, "closed form: 30 s, no steps"),
        (2, True, "30 s, 2 steps, 25% of a step in the loader, after a start in closed form"),
        (1, False, "30 s, 1 step, 25% of a step in the loader"),
    ],
)
def test_a_fit_in_closed_form_is_told_from_steps(steps, is_in_closed_form, told):
    result = TrainingResult(steps, 30.2, best_step=0, validation_score=33.0, loading=0.25)
    assert report._spent(result, is_in_closed_form=is_in_closed_form) == told


def test_the_line_of_a_start_in_closed_form_says_so():
    written = io.StringIO()
    bar = ProgressBar(Console(file=written, width=100))
    for step in (0, 20):
        state = TrainingState(nn.Linear(2, 2), step=step, is_in_closed_form=True)
        bar.on_start(state)
        bar.on_validation(state)
    bar.on_end(state)
    first, second = written.getvalue().splitlines()
    assert "closed form, no steps  validation" in first
    assert "step 20  validation" in second


@pytest.mark.parametrize(
    ("options", "steps", "told"),
    [
        ({"minutes": 2.0}, 24, "only 24 steps were taken (busy machine?): {} --minutes 5 goes on"),
        ({"minutes": 8.0}, 1, "only 1 step was taken (busy machine?): {} --minutes 16 goes on"),
        ({"cpu_minutes": 1.0}, 9, "only 9 steps were taken: {} --cpu-minutes 5 goes on"),
        ({"minutes": 2.0}, 100, ""),
        ({"steps": 3}, 3, ""),
        ({"minutes": 2.0, "start": "closed-form"}, 0, ""),
    ],
)
def test_too_short_a_training_says_how_to_go_on(tmp_path, options, steps, told):
    written = io.StringIO()
    result = TrainingResult(steps, 60.0, best_step=0, validation_score=9.0, loading=0.1)
    training = TrainingConfig(**options)
    run = SimpleNamespace(path="runs/x", result=result, preset=SimpleNamespace(training=training))
    _say_if_short(run, Console(file=written))
    sentence = told.format("groupae train --resume runs/x")
    assert written.getvalue() == (sentence + "\n" if told else "")
