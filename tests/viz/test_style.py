"""The style: contrast, distinct colours, themes of all figures, and no settings that leak."""

import inspect
import itertools
import math

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from matplotlib.colors import to_hex, to_rgb
from torch import nn

from groupae import SO2, SO3, LatentActionAE, PairBatch, VectorAction, viz
from groupae.data import Views
from groupae.experiments.bench.styles import model_style
from groupae.testing import LawReport, LawResult
from groupae.testing.audit import AuditedLaw, AuditReport, ErrorSplit
from groupae.viz.style import style_of
from tests.viz.test_world_models import ACT, report

THEMES = ("light", "dark")
ROLES = ("blue", "vermillion", "green", "purple", "orange", "sky", "ink", "muted")

# Machado, Oliveira & Fernandes, A physiologically-based model for simulation of color vision
# deficiency, IEEE TVCG 2009, severity 1, for linear RGB
SEEN_AS = {
    "usual": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}
# Ottosson, A perceptual color space for image processing, 2020
LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(color):
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    low, high = sorted(linear(c) @ [0.2126, 0.7152, 0.0722] + 0.05 for c in (a, b))
    return high / low


def difference(a, b, seen):
    """Distance in OKLab, 100 from black to white."""
    places = [OKLAB @ np.cbrt(LMS @ (SEEN_AS[seen] @ linear(c)).clip(0, 1)) for c in (a, b)]
    return 100 * np.linalg.norm(places[0] - places[1])


def test_the_measures_have_known_values():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.005)  # WebAIM's checker
    assert difference("white", "black", "usual") == pytest.approx(100, abs=0.1)
    assert (
        difference("#ff0000", "#00c000", "usual")
        > 40
        > difference("#d00000", "#707000", "protanopia")
    )


@pytest.mark.parametrize("theme", THEMES)
def test_colours_stand_out_from_the_ground(theme):
    style = style_of(theme)
    assert min(contrast(getattr(style, role), style.ground) for role in ROLES) >= 3
    assert min(contrast(style.ink, c) for c in (style.ground, style.shade)) >= 7
    assert contrast(style.muted, style.ground) >= 4.5  # it is a colour of text too


@pytest.mark.parametrize("seen", SEEN_AS)
@pytest.mark.parametrize("theme", THEMES)
def test_each_two_colours_are_distinct_to_colour_blind_readers(theme, seen):
    style = style_of(theme)
    pairs = itertools.combinations(ROLES, 2)
    found = {pair: difference(*(getattr(style, role) for role in pair), seen) for pair in pairs}
    closest = min(found, key=found.get)
    assert found[closest] > 8, closest  # 7.6 in the palette of Okabe and Ito


def test_models_of_the_benchmark_have_colours_of_the_style():
    names = ["default", "small-steps", "equivariant", "winter", "theirs", "others"]
    for theme in THEMES:
        style = style_of(theme)
        assert {model_style(n, names, style).color for n in names} <= {
            getattr(style, role) for role in ROLES
        }


# --- figures ------------------------------------------------------------------------------------
MODEL = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("2x0 + 2x1")))
X = torch.rand(3, 1, 6, 6, generator=torch.Generator().manual_seed(0))
GS = SO2().grid(4).float()
PAIRS = PairBatch(X, GS[:3], X.flip(0), mask=X > 0.5)
LAW = AuditedLaw("equivariance", 0.3, 1e-3, ErrorSplit(model=0.09), passed=False)
FIGURES = {
    "plot_audit": lambda **theme: viz.plot_audit(
        AuditReport("net", "SO(2)", "pictures", "invariant", 32, {LAW.law: LAW}), **theme
    ),
    "plot_latent_blocks": lambda **theme: viz.plot_latent_blocks(
        SO3().rep("2x0 + 2x1"), torch.arange(8.0), SO3().exp(torch.tensor([0.0, 0.0, 1.0])), **theme
    ),
    "plot_laws": lambda **theme: viz.plot_laws(CHECKED, **theme),
    "plot_orbit": lambda **theme: viz.plot_orbit(MODEL, X, GS, title=str, **theme),
    "plot_pairs": lambda **theme: viz.plot_pairs(PAIRS, SO2(), outline=True, **theme),
    "plot_predictions": lambda **theme: viz.plot_predictions({"x": X, "model": X}, **theme),
    "plot_swap": lambda **theme: viz.plot_swap(ROWS, X, X, X, **theme),
    "plot_swap_table": lambda **theme: viz.plot_swap_table(ROWS, X, X, **theme),
    "plot_views": lambda **theme: viz.plot_views(
        Views(X.expand(4, *X.shape), GS[:, None].expand(4, 3)), SO2(), **theme
    ),
    "plot_world_model": lambda **theme: viz.plot_world_model(WORLD, **theme),
}
CHECKED = LawReport(
    "C(3)", torch.float64, (LawResult("closure", 0.5, 1.0), LawResult("inverse", math.inf, 1.0))
)
WORLD = report(lambda z, g: ACT(g + 0.1, z), decode=lambda z: z, steps=30)


class Halves(nn.Module):
    def swap(self, x, y):
        return torch.cat([x[..., :3, :], y[..., 3:, :]], -2)


ROWS = Halves()


@pytest.fixture
def metrics(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "seconds": 1, "mse": 2}\n{"seconds": 2, "validation_psnr": 9}\n')
    return path


@pytest.fixture
def figure_of(metrics):
    def make(name, **theme):
        if name == "plot_training":
            return viz.plot_training(metrics, **theme)
        return FIGURES[name](**theme)

    return make


NAMES = [name for name in viz.__all__ if name.startswith("plot_")]


def test_every_figure_takes_a_theme():
    for name in [*NAMES, "save_orbit"]:
        parameter = inspect.signature(getattr(viz, name)).parameters["theme"]
        assert parameter.default == "light"
        assert parameter.kind is parameter.KEYWORD_ONLY


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_the_ground_and_the_ink_of_its_theme(figure_of, name):
    for theme in THEMES:
        style, figure = style_of(theme), figure_of(name, theme=theme)
        assert to_hex(figure.get_facecolor()) == style.ground
        texts = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
        assert {to_hex(text.get_color()) for text in texts} <= {
            style.ink,
            style.muted,
            style.ground,
        }


@pytest.mark.parametrize("name", NAMES)
def test_the_same_figure_is_the_same_bytes_whatever_the_settings(figure_of, name, tmp_path):
    """Nothing of the caller's settings gets into a picture, and none of the picture's out of it."""
    viz.save_figure(figure_of(name), tmp_path / "a.png")
    mine = {
        "font.size": 23,
        "font.family": "serif",
        "axes.facecolor": "pink",
        "savefig.dpi": 33,
        "savefig.bbox": "tight",
        "savefig.facecolor": "red",
        "lines.linewidth": 7,
        "image.cmap": "jet",
        "axes.grid": True,
    }
    with mpl.rc_context(mine):
        before = dict(mpl.rcParams)
        viz.save_figure(figure_of(name), tmp_path / "b.png")
        assert dict(mpl.rcParams) == before
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_another_theme_is_refused_in_the_name_of_the_function(figure_of, name):
    owner = "plot_predictions" if name == "plot_swap" else name
    with pytest.raises(ValueError, match=rf"{owner}: expected theme to be one of light, dark"):
        figure_of(name, theme="dim")


def test_a_style_ends_with_its_block_though_it_fails():
    before = dict(mpl.rcParams)
    with viz.figure_style("dark"):
        assert mpl.rcParams["figure.facecolor"] == style_of("dark").ground
    assert dict(mpl.rcParams) == before
    with pytest.raises(ZeroDivisionError), viz.figure_style("dark"):
        math.floor(1 / 0)
    assert dict(mpl.rcParams) == before


# --- labels -------------------------------------------------------------------------------------
LONG = "WWWWWWWWWWWW of a long name, longer than all pictures beside and below it together"
ONE = torch.rand(1, 1, 6, 6)


LONG_LABELS = {
    **FIGURES,
    "an orbit with truth": lambda: viz.plot_orbit(MODEL, X, GS, X[:, None].expand(3, 4, 1, 6, 6)),
    "one datum": lambda: viz.plot_orbit(MODEL, ONE, GS[:1], ONE[:, None], title=lambda g: LONG),
    "many data": lambda: viz.plot_orbit(
        MODEL, X.repeat(5, 1, 1, 1), SO2().grid(12).float(), torch.rand(15, 12, 1, 6, 6)
    ),
    "lines": lambda: viz.plot_orbit(MODEL, ONE, GS[:2], title=lambda g: "W\nW\nW\nW"),
    "flat": lambda: viz.plot_orbit(FLAT, FLAT_X, GS, FLAT_X[:, None].expand(1, 4, 1, 4, 20)),
    "tall": lambda: viz.plot_orbit(TALL, FLAT_X.mT, GS, FLAT_X.mT[:, None].expand(1, 4, 1, 20, 4)),
    "predictions": lambda: viz.plot_predictions({"x": ONE, LONG: ONE}, titles=[LONG], bold=LONG),
    "one swap": lambda: viz.plot_swap_table(ROWS, ONE, ONE),
    "truths": lambda: viz.plot_swap(ROWS, ONE, ONE, {LONG: ONE}),
    "laws": lambda: viz.plot_laws(
        LawReport(
            LONG, torch.float64, (LawResult(LONG[:24], 0.5, 1.0), LawResult("inverse", 0.1, 1.0))
        )
    ),
    "audit": lambda: viz.plot_audit(
        AuditReport(LONG, "SO(2)", "pictures", "invariant", 32, {LAW.law: LAW})
    ),
}
FLAT = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("20x0")))
TALL = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("4x0")))
FLAT_X = torch.rand(1, 1, 4, 20)


@pytest.mark.parametrize("name", LONG_LABELS)
def test_no_label_is_cut_at_any_length(name):
    figure = LONG_LABELS[name]()
    figure.canvas.draw()
    pixels = torch.as_tensor(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())
    ground = pixels.new_tensor([255, 255, 255])
    for side in (pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]):
        assert (side == ground).all()


def test_titles_of_columns_do_not_meet():
    figure = viz.plot_orbit(MODEL, ONE, GS[:3], title=lambda g: "W" * 9)
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels()]
    assert all(one.x1 < other.x0 for one, other in itertools.pairwise(boxes))


def test_one_validation_or_step_is_seen(metrics, figure_of):
    top, below = figure_of("plot_training").axes
    assert top.lines[0].get_marker() == below.lines[0].get_marker() == "o"
    assert below.get_ylabel() == "validation PSNR (dB)"
    assert [text.get_text() for text in below.texts] == ["9"]
    assert "seconds" in below.get_xlabel()
    plt.close("all")
    metrics.write_text("")
    assert [a.texts[0].get_text() for a in figure_of("plot_training").axes] == [
        "no step was logged",
        "no validation yet",
    ]
