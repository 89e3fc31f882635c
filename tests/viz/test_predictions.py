"""The grid of predictions: rows in order, labelled, all of the same pairs."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from groupae import ShapeError
from groupae.viz import plot_predictions, to_pictures


def drawn(figure):
    (axes,) = figure.axes
    plt.close(figure)
    return axes.get_images()[0].get_array(), {text.get_text(): text for text in axes.texts}


def test_rows_and_columns_are_where_their_labels_are():
    x = torch.arange(3).view(3, 1, 1, 1).expand(3, 1, 4, 4) / 10
    rows = {"x1": x, "model": x + 0.5}
    picture, labels = drawn(plot_predictions(rows, titles=["a", "b", "c"], bold="model"))
    assert picture.shape == (10, 16)
    for row, name in enumerate(rows):
        assert abs(labels[name].get_position()[1] - (6 * row + 2)) < 1
        for column in range(3):
            tile = picture[6 * row : 6 * row + 4, 6 * column : 6 * column + 4]
            assert np.allclose(tile, rows[name][column, 0])
    assert labels["model"].get_weight() == "bold"
    assert labels["x1"].get_weight() == "normal"
    assert [labels[name].get_position()[0] for name in "abc"] == [2, 8, 14]


def test_other_data_are_drawn_on_one_scale():
    series = torch.linspace(0, 6, 128).sin().expand(2, 1, 128)
    rows = {"truth": series, "model": series / 2}
    picture, _ = drawn(plot_predictions(rows, to_pictures=to_pictures("series")))
    assert picture.shape == (194, 194, 3)
    assert not np.allclose(picture[:96], picture[98:])


@pytest.mark.parametrize(
    ("rows", "titles", "sentence"),
    [
        ({}, [], "expected rows of one shape, got no rows"),
        ({"a": torch.zeros(2, 1, 4, 4), "b": torch.zeros(3, 1, 4, 4)}, [], "rows of one shape"),
        ({"a": torch.zeros(2, 1, 4, 4)}, ["one"], "expected 2 titles, got 1"),
    ],
)
def test_bad_rows_are_a_sentence(rows, titles, sentence):
    with pytest.raises(ShapeError, match=sentence):
        plot_predictions(rows, titles=titles)
