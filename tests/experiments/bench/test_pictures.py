"""Pictures of the public table: places of points, shades, bands and names."""

import itertools
import json

import pytest
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex

from groupae.experiments.bench.board import Board
from groupae.experiments.bench.board_files import write_board
from groupae.experiments.bench.overview import plot_overview
from groupae.experiments.bench.pictures import bench_figures, plot_curves, plot_originals
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.styles import CurveEnd, label_ends, model_style
from tests.experiments.bench.synthetic import (
    STEPS,
    a_result,
    angles,
    falling,
    flat,
    results,
)

MIRRORED = Condition("mirrored", None, "", False)
PRODUCTS = [
    Condition("product of 1", None, "", True),
    Condition("product of 10", None, "", False),
    Condition("10 steps", 10.0, "steps", False),
    Condition("100 steps", 100.0, "steps", False),
]
MODELS = {"default": flat(29), "conditional": falling(28, 11), "theirs": flat(20)}


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def curves_of(conditions, key=("glyphs", "steps"), models=MODELS, **options):
    table = Board.of(results(models, [key], conditions=conditions, **options)).tables[0]
    (axes,) = plot_curves(table).axes
    return axes


def lines_of(axes, model):
    color = to_hex(model_style(model, MODELS).color)
    return [line for line in axes.get_lines() if to_hex(line.get_color()) == color]


def test_a_curve_has_the_scores_at_their_angles():
    axes = curves_of(STEPS, spread=0)
    (line,) = lines_of(axes, "conditional")
    assert line.get_xdata().tolist() == [c.value for c in STEPS]
    assert line.get_ydata().tolist() == pytest.approx([28] * 3 + [11] * 5)
    assert axes.get_ylabel() == "PSNR (dB)"
    assert "angle of the relative element" in axes.get_xlabel()


def test_the_trained_range_is_shaded():
    (shade,) = [p for p in curves_of(STEPS).patches if p.get_width() > 0]
    assert (shade.get_x(), shade.get_x() + shade.get_width()) == (10, 45)


def test_nothing_is_shaded_where_all_is_trained():
    assert list(curves_of(angles(10, 45, most=45)).patches) == []


def test_the_band_is_the_interval_over_seeds():
    found = results({"default": flat(29)}, spread=0.5)
    table = Board.of(found).tables[0]
    (axes,) = plot_curves(table).axes
    (band,) = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    (_, estimate), *_ = table.rows[0].by_condition()
    assert heights.max() - heights.min() == pytest.approx(2 * estimate.over_seeds)


def test_names_stand_at_the_ends_in_their_colours():
    texts = {text.get_text(): text for text in curves_of(STEPS, spread=0).texts}
    assert set(texts) == set(MODELS)
    assert texts["conditional"].get_color() == model_style("conditional", MODELS).color
    heights = {name: text.get_position()[1] for name, text in texts.items()}
    assert heights["default"] > heights["theirs"] > heights["conditional"]


def test_names_of_curves_that_end_together_do_not_overlap():
    _, axes = plt.subplots()
    axes.set_ylim(0, 10)
    label_ends(axes, [CurveEnd(f"model {i}", "black", 5 + i / 100) for i in range(6)])
    heights = sorted(text.get_position()[1] for text in axes.texts)
    gaps = [b - a for a, b in itertools.pairwise(heights)]
    assert min(gaps) > 0.5
    assert sum(heights) / 6 == pytest.approx(5.025)


def test_a_condition_without_a_value_stands_on_the_right():
    axes = curves_of([*STEPS, MIRRORED], spread=0)
    labels = [label.get_text() for label in axes.get_xticklabels()]
    assert labels[-1] == "mirrored"
    assert axes.get_xticks()[-1] > 180


def test_conditions_without_values_are_points_side_by_side():
    seen = Condition("combinations seen", None, "", True)
    never = Condition("combinations never seen", None, "", False)
    axes = curves_of([seen, never], ("glyphs", "combination"), spread=0)
    assert [t.get_text() for t in axes.get_xticklabels()] == [
        "combinations\nseen",
        "combinations\nnever seen",
    ]
    marks = [lines_of(axes, name)[0].get_xdata() for name in MODELS]
    assert len({float(x[0]) for x in marks}) == 3


def test_steps_are_on_a_logarithmic_axis_with_their_products():
    axes = curves_of(PRODUCTS, ("glyphs", "compose-45"), spread=0)
    assert axes.get_xscale() == "log"
    curve, product = lines_of(axes, "default")
    assert curve.get_xdata().tolist() == [1, 10, 100]
    assert (list(product.get_xdata()), product.get_fillstyle()) == ([10.0], "none")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "10", "100"]


def few(counts=(50, 350, 4000)):
    found = []
    for n in counts:
        asked = [Condition("other originals", float(n), "originals", True)]
        found += results(MODELS, [("digits", f"few-{n}")], conditions=asked, spread=0)
    return found


def test_numbers_of_originals_of_many_tasks_make_one_picture():
    board = Board.of(few())
    (axes,) = plot_originals(board.tables).axes
    (line,) = lines_of(axes, "default")
    assert line.get_xdata().tolist() == [50, 350, 4000]
    assert axes.get_xscale() == "log"


def test_the_overview_has_all_tasks_and_models():
    board = Board.of(results(MODELS, [("glyphs", "steps"), ("digits", "steps")]) + few())
    figure = plot_overview(board)
    left, right = figure.axes
    names = [label.get_text() for label in left.get_yticklabels()]
    assert names[:2] == ["glyphs/steps", "digits/steps"]
    assert len(names) == 5
    (legend,) = figure.legends
    assert {text.get_text() for text in legend.texts} == set(MODELS)
    assert "open: inside" in left.get_xlabel()
    assert right.get_xscale() == "log"


def test_styles_of_models_differ():
    names = ["default", "equivariant", "conditional", "plain", *"abcdefgh"]
    styles = [model_style(name, names) for name in names]
    assert len(set(styles)) == len(names)


def test_files_of_the_board(tmp_path):
    board = Board.of(results(MODELS, [("glyphs", "steps")]) + few())
    paths = write_board(board, tmp_path / "bench")
    names = sorted(path.name for path in paths)
    assert names == sorted(path.name for path in (tmp_path / "bench").iterdir())
    pictures = ["digits-originals.png", "glyphs-steps.png", "overview.png"]
    assert names == ["bench.csv", "bench.json", "bench.md", *pictures]
    assert json.loads((tmp_path / "bench/bench.json").read_text())["groupae_bench"] == 1


def test_one_seed_has_a_line_without_band():
    axes = plot_curves(Board.of([a_result()]).tables[0]).axes[0]
    assert "bands" not in axes.get_title(loc="left")
    assert len(bench_figures(Board.of([a_result()]))) == 2
