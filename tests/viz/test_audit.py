import math

import pytest
from matplotlib.colors import to_rgba

from groupae.testing.audit import AuditedLaw, AuditReport, ElementError, ErrorSplit, LayerError
from groupae.viz import plot_audit, save_figure
from groupae.viz.style import style_of

LAWS = {
    "equivariance": AuditedLaw("equivariance", 0.3, 1e-3, ErrorSplit(model=0.09), passed=False),
    "finite": AuditedLaw("finite", 0.0, 0.0),
}


def element(k, angle=None, axis=None, split=None, *, flips=False, exact=False):
    return ElementError(
        (float(k),), angle, axis, flips, exact, split or ErrorSplit(0.01, 0.02, 0.06)
    )


def layer(k, adds=0.3, error=0.5, split=None):
    split = ErrorSplit(0.01, 0.02, 0.06) if split is None else split
    return LayerError(f"layer{k}", "Conv2d", "channels", "fitted", error, adds, split, 0.1)


def report(layers=(), elements=()):
    return AuditReport("net", "SO(2)", "pictures", "invariant", 8, LAWS, layers, elements)


def test_a_curve_over_angles_is_as_high_as_the_errors(tmp_path):
    turns = [element(k, math.pi * k / 4, exact=k % 2 == 0) for k in range(8)]
    flips = [element(k, math.pi * k / 4, flips=True) for k in range(8)]
    figure = plot_audit(report(elements=(*turns, *flips)))
    axes = figure.axes[0]
    areas = [area.get_paths()[0].vertices[:, 1].max() for area in axes.collections]
    assert areas == pytest.approx([0.2, 0.2 + 0.2 / 3, 0.3])  # 6, 2 and 1 of 9 parts of 0.3
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert {"model", "discretisation", "resampling", "reflections", "no interpolation"} <= {*labels}
    assert len(axes.lines[-1].get_xdata()) == 4
    save_figure(figure, tmp_path / "audit.png")


def test_layers_are_bars_divided_as_the_square_is():
    figure = plot_audit(report(layers=(layer(0), layer(1, split=ErrorSplit(), adds=0.0))))
    axes = figure.axes[2]
    widths = [bar.get_width() for bar in axes.patches]
    assert widths[::2] == pytest.approx([0.2, 0.2 / 3, 0.1 / 3])
    assert widths[1::2] == [0, 0, 0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["layer0 Conv2d", "layer1 Conv2d"]


def test_of_a_law_that_holds_the_part_that_the_tolerance_is_for_is_drawn():
    split = ErrorSplit(0.01, 0.02, model=1e-10)
    laws = {"equivariance": AuditedLaw("equivariance", split.error, 3e-4, split)}
    figure = plot_audit(AuditReport("net", "SO(2)", "pictures", "invariant", 8, laws))
    bar = figure.axes[1].patches[0]
    assert bar.get_width() == pytest.approx(1e-5)
    assert figure.axes[1].get_yticklabels()[0].get_text() == "equivariance, model's part"


def test_of_many_layers_those_that_add_most_are_drawn_in_order():
    figure = plot_audit(report(layers=tuple(layer(k, adds=k % 50) for k in range(60))))
    names = [t.get_text() for t in figure.axes[2].get_yticklabels()]
    assert len(names) == 32
    assert names == sorted(names, key=lambda name: int(name[5:7]))
    assert "layer49 Conv2d" in names
    assert "32 of 60 layers" in figure.axes[2].get_title()


def test_rotations_of_space_are_a_map(tmp_path):
    points = ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, -1.0, 0.0))
    turned = [element(k, 1.0, axis) for k, axis in enumerate(points)]
    figure = plot_audit(report(elements=(element(9, 0.0), *turned)))
    assert figure.axes[0].name == "mollweide"
    assert figure.axes[0].collections[0].get_offsets().tolist() == [
        pytest.approx([0, math.pi / 2]),
        pytest.approx([0, 0]),
        pytest.approx([-math.pi / 2, 0]),
    ]
    save_figure(figure, tmp_path / "audit.png")


@pytest.mark.parametrize(
    "found",
    [
        report(),
        report((layer(0, split=ErrorSplit(model=math.inf), error=math.inf),)),
        report((), tuple(element(k) for k in range(40))),
        report((layer("a" * 80),), (element(0, 1.0, split=ErrorSplit()),)),
    ],
    ids=["empty", "infinite", "permutations", "long name, one element"],
)
def test_odd_reports_can_be_drawn(found, tmp_path):
    save_figure(plot_audit(found), tmp_path / "audit.png")


def test_laws_that_fail_have_a_colour_and_a_word():
    axes = plot_audit(report()).axes[1]
    style = style_of("light")
    colors = [bar.get_facecolor() for bar in axes.patches]
    assert colors == [to_rgba(style.bad), to_rgba(style.good)]
    assert [(text.get_text(), text.get_position()[1]) for text in axes.texts] == [("✗ fails", 0)]
