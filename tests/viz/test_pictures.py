"""Figures of orbits and of training runs, and their files."""

import json
import math

import pytest
import torch
from torch import nn

from groupae import SO2, SO3, LatentActionAE, VectorAction, plot_orbit
from groupae.viz import plot_training, save_figure, save_figures

SHIFT = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("6x0")))


def image_of(figure):
    return torch.as_tensor(figure.axes[0].images[0].get_array())


def test_an_orbit_has_predictions_above_truth(tmp_path):
    x = torch.rand(2, 1, 5, 6)
    gs = SO2().grid(3).float()
    truth = torch.zeros(2, 3, 1, 5, 6)
    figure = plot_orbit(SHIFT, x, gs, truth, title=lambda g: f"{math.degrees(g):.0f}")
    mosaic = image_of(figure)
    assert mosaic.shape == (4 * 7 - 2, 4 * 8 - 2)  # 4 rows and 4 columns with gaps of 2
    torch.testing.assert_close(mosaic[:5, 8:14].float(), x[0, 0])  # prediction of the first
    assert mosaic[7:12, 8:14].abs().max() == 0  # its truth below
    torch.testing.assert_close(mosaic[14:19, :6].float(), x[1, 0])  # x in the first column
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["x", "0", "120", "240"]
    save_figure(figure, tmp_path / "orbit.png")
    assert (tmp_path / "orbit.png").stat().st_size > 1000


def titles_of(figure):
    return [label.get_text() for label in figure.axes[0].get_xticklabels()][1:]


def test_titles_are_those_of_the_elements_however_many_data():
    """Three rotations (3, 3, 3) shared by three data have the shape of elements per datum."""
    group = SO3()
    model = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(group.rep("4x0")))
    x, gs = torch.rand(3, 1, 4, 4), group.sample(3)

    def trace(g):
        return f"{g.trace():.3f}"

    wanted = [trace(g) for g in gs]
    assert titles_of(plot_orbit(model, x, gs, title=trace)) == wanted
    assert titles_of(plot_orbit(model, x, gs.expand(3, 3, 3, 3), title=trace)) == wanted
    assert titles_of(plot_orbit(model, x, group.sample(3, 3), title=trace)) == [""] * 3


def test_titles_are_those_of_the_group_unless_given():
    x = torch.rand(2, 1, 5, 6)
    assert titles_of(plot_orbit(SHIFT, x, SO2().grid(4).float())) == ["0°", "90°", "180°", "270°"]
    own = torch.tensor([[0.0, 90, 180], [0, 30, 45]]).deg2rad()
    figure = plot_orbit(SHIFT, x, own)
    assert titles_of(figure) == [""] * 3
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["0°", "90°", "180°", "0°", "30°", "45°"]
    places = [text.get_window_extent() for text in figure.axes[0].texts]
    scale = figure.bbox.height / (image_of(figure).shape[0])
    assert all(a.y0 > b.y1 + 4 * scale for a, b in zip(places[:3], places[3:], strict=True))


def test_colour_pictures_are_drawn_in_colour():
    model = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("4x0")))
    figure = plot_orbit(model, torch.rand(1, 3, 4, 4), SO2().grid(2).float())
    assert image_of(figure).shape == (4, 16, 3)


def test_truth_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"truth of shape \(1, 2, 1, 6, 6\), got \(1, 3"):
        plot_orbit(SHIFT, torch.rand(1, 1, 6, 6), SO2().grid(2).float(), torch.zeros(1, 3, 1, 6, 6))


def test_training_curves_come_from_the_metrics_file(tmp_path):
    lines = [
        {"step": 20, "seconds": 1.0, "learning_rate": 0.1, "mse": 0.5},
        {"step": 20, "seconds": 1.1, "validation_psnr": 12.0},
        {"step": 40, "seconds": 2.0, "learning_rate": 0.1, "mse": 0.25},
    ]
    path = tmp_path / "metrics.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    left, right = plot_training(path).axes
    assert left.lines[0].get_xydata().tolist() == [[1.0, 0.5], [2.0, 0.25]]
    assert right.lines[0].get_xydata().tolist() == [[1.1, 12.0]]


WHOLE = {"step": 20, "seconds": 1.5, "reconstruction": 0.25}


@pytest.mark.parametrize(
    "torn",
    [
        b'{"step": 40, "seco',
        b"\xff\xfe{}",
        b"[" * 100_000,
        b"[1, 2]",
        b"null",
        b'{"step": 40, "reconstruction": 0.1}',
        b'{"step": 40, "seconds": "2", "reconstruction": 0.1}',
        b'{"step": 40, "seconds": 2, "reconstruction": null}',
        b'{"step": 40, "seconds": 2, "reconstruction": NaN}',
        b'{"step": 40, "seconds": 2, "reconstruction": ' + b"9" * 5000 + b"}",
        b'{"step": 40, "seconds": 2, "reconstruction": ' + b"9" * 4000 + b"}",
    ],
)
def test_a_torn_line_of_metrics_is_passed_over(tmp_path, torn):
    file = tmp_path / "metrics.jsonl"
    whole = json.dumps(WHOLE).encode()
    file.write_bytes(b"\n".join([whole, torn, whole]))
    (line,) = plot_training(file).axes[0].lines
    assert list(line.get_ydata()) == [0.25, 0.25]


def test_a_picture_replaces_a_link(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    for save in (save_figure, lambda figure, path: save_figures([figure], path)):
        link = tmp_path / "orbit.png"
        link.symlink_to(tmp_path / "thesis.tex")
        save(plot_orbit(SHIFT, torch.rand(1, 1, 5, 6), SO2().grid(2).float()), link)
        assert not link.is_symlink()
        assert link.read_bytes().startswith(b"\x89PNG")
        link.unlink()
    assert (tmp_path / "thesis.tex").read_text() == "years of work"
