"""Figures of swaps have every picture at its position."""

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, VectorAction
from groupae.viz import plot_swap, plot_swap_table


class Mixed(nn.Module):
    """Swaps by hand: the upper half of x above the lower half of y."""

    def swap(self, x, y):
        half = x.shape[-2] // 2
        return torch.cat([x[..., :half, :], y[..., half:, :]], -2)


X, Y = (torch.rand(n, 1, 6, 6, generator=torch.Generator().manual_seed(n)) for n in (2, 3))


def image_of(figure):
    return torch.as_tensor(figure.axes[0].images[0].get_array()).float()


def texts_of(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_rows_are_x_y_swap_and_truths():
    x, y = X, Y[:2]
    truths = {"one": torch.zeros_like(x), "other": torch.ones_like(x)}
    figure = plot_swap(Mixed(), x, y, truths)
    assert texts_of(figure) == ["x: what stays", "y: what varies", "swap", "one", "other"]
    image = image_of(figure)
    assert image.shape == (5 * 8 - 2, 2 * 8 - 2)
    torch.testing.assert_close(image[:6, 8:14], x[1, 0])
    torch.testing.assert_close(image[8:14, :6], y[0, 0])
    torch.testing.assert_close(image[16:19, 8:14], x[1, 0, :3])
    torch.testing.assert_close(image[19:22, 8:14], y[1, 0, 3:])
    assert image[24:30, :6].max() == 0


def test_one_truth_is_called_so_and_none_is_not_drawn():
    assert texts_of(plot_swap(Mixed(), X, X, X))[-1] == "truth"
    assert texts_of(plot_swap(Mixed(), X, X))[-1] == "swap"


def test_a_table_has_an_x_a_row_and_a_y_a_column():
    image = image_of(plot_swap_table(Mixed(), X, Y))
    assert image.shape == (6 + 4 + 2 * 8 - 2, 6 + 4 + 3 * 8 - 2)
    torch.testing.assert_close(image[18:24, :6], X[1, 0])
    torch.testing.assert_close(image[:6, 18:24], Y[1, 0])
    last = image[18:24, 26:32]
    torch.testing.assert_close(last[:3], X[1, 0, :3])
    torch.testing.assert_close(last[3:], Y[2, 0, 3:])
    assert image[:10, :10].min() == 1, "the corner is empty"
    torch.testing.assert_close(image[:6, 10:16], Y[0, 0])


def test_colour_and_what_is_no_picture():
    model = LatentActionAE(nn.Identity(), nn.Identity(), VectorAction(SO2().rep("4x0")))
    assert (
        image_of(plot_swap_table(model, torch.rand(1, 3, 4, 4), torch.rand(2, 3, 4, 4))).ndim == 3
    )
    series = torch.rand(2, 2, 4)

    def as_pictures(x):
        return x[:, :1, None, :].expand(-1, 1, 4, 4)

    for plot in (plot_swap, plot_swap_table):
        assert image_of(plot(model, series, series, to_pictures=as_pictures)).ndim == 2


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="plot_predictions: expected rows of one shape"):
        plot_swap(Mixed(), X, X, torch.rand(2, 1, 5, 5))
    with pytest.raises(ValueError, match=r"plot_swap_table: expected x of shape \(n, \*x_shape\)"):
        plot_swap_table(Mixed(), X, torch.rand(2, 1, 5, 5))
