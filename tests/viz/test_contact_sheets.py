"""Contact sheets: readable titles of elements, each above its picture."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from groupae import (
    O2,
    O3,
    SE2,
    SE3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    OrbitPairs,
    PairBatch,
    Permutation,
    Scaling,
    Translation,
)
from groupae.data import Views
from groupae.groups.registry import example_groups
from groupae.viz import element_title, plot_pairs, plot_views
from groupae.viz.figures import mosaic


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def about(axis, degrees):
    unit = torch.tensor(axis, dtype=torch.float64)
    return SO3().exp(unit / unit.norm() * math.radians(degrees)).float()


def moved(rotation, shift):
    matrix = torch.eye(len(shift) + 1)
    matrix[:-1, :-1], matrix[:-1, -1] = rotation, torch.tensor(shift)
    return matrix


FLIP = torch.diag(torch.tensor([1.0, -1.0]))
QUARTER = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
TITLES = [
    (SO2(), torch.tensor(math.radians(30)), "30°"),
    (SO2(), torch.tensor(-math.pi / 2), "270°"),
    (SO2(), torch.tensor(math.radians(359.8)), "0°"),
    (Cyclic(24), torch.tensor(7), "7/24"),
    (Dihedral(4), torch.tensor(3), "3/4"),
    (Dihedral(4), torch.tensor(5), "1/4\nflipped"),
    (SO3(), torch.eye(3), "0°"),
    (SO3(), about((0, 0, 1), 90), "90° z"),
    (SO3(), about((0, 0, -1), 90), "270° z"),
    (SO3(), about((0, 3, 4), 60), "60°\n0, 0.6, 0.8"),
    (O2(), QUARTER, "90°"),
    (O2(), FLIP, "0°\nflipped"),
    (O3(), -about((1, 0, 0), 45), "45° x\ninverted"),
    (SE2(), moved(QUARTER, (1.0, -2.5)), "90°\n1, -2.5"),
    (SE3(), moved(about((0, 1, 0), 10), (0.0, 1.0, 2.0)), "10° y\n0, 1, 2"),
    (Affine(), torch.tensor([1.284, -0.3]), "a = 1.28\nb = -0.30"),
    (Affine(), torch.tensor([1.0, -1e-9]), "a = 1.00\nb = 0.00"),
    (Scaling(), torch.tensor(2.0), "x 2.00"),
    (Translation(2), torch.tensor([0.5, -1.0]), "(0.5, -1)"),
    (Permutation(3), torch.tensor([2, 0, 1]), "2 0 1"),
    (Cyclic(4) * SO2(), torch.tensor([3.0, math.pi]), "3/4\n180°"),
]


@pytest.mark.parametrize(("group", "g", "title"), TITLES)
def test_titles_say_elements_in_units_people_read(group, g, title):
    assert element_title(group, g) == title


def test_every_group_has_titles_that_fit_above_a_picture():
    generator = torch.Generator().manual_seed(0)
    for group in example_groups():
        for g in group.sample(5, generator=generator):
            lines = element_title(group, g).splitlines()
            assert lines
            assert max(map(len, lines)) <= 40


def test_a_title_is_of_one_element():
    with pytest.raises(ValueError, match=r"one element of SO\(2\), of shape \(\), got \(2,\)"):
        element_title(SO2(), torch.zeros(2))


# --- sheets ------------------------------------------------------------------------------------
def pixels(axes):
    return torch.as_tensor(np.asarray(axes.images[0].get_array())).float()


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_pairs_stand_left_and_right_of_an_arrow():
    x1, x2 = torch.rand(5, 1, 6, 9), torch.rand(5, 1, 6, 9)
    batch = PairBatch(x1, torch.linspace(0, 1, 5), x2)
    figure = plot_pairs(batch, SO2(), n=5)
    for i in range(5):
        axes = figure.axes[i]
        shown = pixels(axes)
        torch.testing.assert_close(shown[:, :9], x1[i, 0])
        torch.testing.assert_close(shown[:, 12:], x2[i, 0])
        assert bool((shown[:, 9:12] == 1).all())
        assert axes.get_title() == element_title(SO2(), batch.g[i])
        assert texts(axes) == ["→"]
    assert not any(axes.images for axes in figure.axes[5:])


def test_a_sheet_of_more_pairs_than_there_are_shows_all():
    batch = PairBatch(torch.rand(2, 3, 4, 4), torch.tensor([1, 2]), torch.rand(2, 3, 4, 4))
    figure = plot_pairs(batch, Cyclic(3))
    assert [axes.get_title() for axes in figure.axes] == ["1/3", "2/3"]
    assert pixels(figure.axes[0]).shape == (4, 9, 3)


def test_the_mask_is_outlined_on_the_second_picture():
    mask = torch.zeros(1, 1, 8, 8, dtype=torch.bool)
    mask[..., 2:6, 2:6] = True
    batch = PairBatch(torch.rand(1, 1, 8, 8), torch.zeros(1), torch.rand(1, 1, 8, 8), mask=mask)
    (axes,) = plot_pairs(batch, SO2(), outline=True).axes
    (edge,) = [path for contour in axes.collections for path in contour.get_paths()]
    x, y = edge.vertices.min(0)
    assert (x, y) == (8 + 2 + 1.5, 1.5)  # past x1 and the gap, half a pixel outside the mask
    (axes,) = plot_pairs(batch, SO2()).axes
    assert not axes.collections


def views_of(count):
    shifted = OrbitPairs(
        torch.rand(3, 1, 5, 5), Cyclic(4), lambda j, x: x / (1 + j).view(-1, 1, 1, 1)
    )
    return shifted.orbit(torch.arange(3), count), shifted


def test_views_of_common_elements_have_titles_above_the_columns():
    views, source = views_of(4)
    (axes,) = plot_views(views, source.group).axes
    assert texts(axes) == ["0/4", "1/4", "2/4", "3/4"]
    shown = pixels(axes)
    assert shown.shape == (3 * 7 - 2, 4 * 7 - 2)
    torch.testing.assert_close(shown[7:12, 14:19], views.x[2, 1, 0])  # row 1, column 2


def test_views_of_elements_of_their_own_have_titles_above_each():
    _, source = views_of(4)
    views = source.views(torch.arange(3), 2, torch.Generator().manual_seed(3))
    assert len({tuple(row) for row in views.g.T.tolist()}) > 1
    (axes,) = plot_views(views, source.group).axes
    wanted = [f"{j}/4" for row in views.g.T.tolist() for j in row]
    assert texts(axes) == wanted
    gap = (pixels(axes).shape[0] - 3 * 5) // 2
    assert gap > 2
    torch.testing.assert_close(pixels(axes)[5 + gap : 10 + gap, 7:12], views.x[1, 1, 0])


def test_data_that_are_no_pictures_are_drawn_by_a_function():
    views = Views(torch.rand(2, 3, 7), torch.zeros(2, 3))
    (axes,) = plot_views(
        views, SO2(), to_pictures=lambda x: x[:, None, None].expand(-1, 3, 4, 7)
    ).axes
    torch.testing.assert_close(pixels(axes)[0, 9:16, 0], views.x[1, 0])
    batch = PairBatch(views.x[0], views.g[0], views.x[1])
    figure = plot_pairs(batch, SO2(), to_pictures=lambda x: x[:, None, None])
    torch.testing.assert_close(pixels(figure.axes[2])[0, :7], views.x[0, 2])


def test_mosaics_are_of_pictures():
    with pytest.raises(ValueError, match=r"C = 1, 3 or 4, got \(1, 1, 2, 4, 4\)"):
        mosaic(torch.zeros(1, 1, 2, 4, 4))
