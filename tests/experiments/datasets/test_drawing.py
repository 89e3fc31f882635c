"""Drawings of clouds, molecules and series: positions, colours, one scale."""

import math

import pytest
import torch

from groupae import Molecules, Series
from groupae.experiments.datasets.drawing import draw_molecules, draw_points, draw_series
from groupae.viz import to_pictures


def ink(pictures):
    """Return the darkness of each pixel, shape ``(n, H, W)``."""
    return 1 - pictures.mean(1)


def centre(pictures):
    """Return the mean column and row of the drawing, from -1 to 1, right and up."""
    dark = ink(pictures)
    size = dark.shape[-1]
    place = (torch.arange(size) + 0.5) / size * 2 - 1
    total = dark.sum((1, 2))
    return (
        torch.stack([(dark * place).sum((1, 2)), -(dark * place[:, None]).sum((1, 2))], -1)
        / (total[:, None])
    )


def atom(element, *position):
    row = torch.zeros(8)
    row[:3] = torch.tensor(position)
    row[3 + element] = 1
    return row


def test_up_is_up_and_left_is_right_of_a_viewer_at_the_front():
    """z is up in the picture; y (left along x) is on the right as seen from ahead."""
    places = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 0.8], [0.0, 0.8, 0.0], [0.8, 0.0, 0.0]])
    middle, up, left, front = centre(draw_points(places[:, None]))
    assert middle.abs().max() < 0.02
    assert up[1] > 0.6
    assert abs(up[0]) < 0.02
    assert left[0] > 0.5
    assert front[1] < 0 < -front[0]


def test_points_outside_the_picture_do_no_harm():
    x = torch.tensor([[[0.0, 0.0, 0.0], [1e9, 0.0, 0.0], [0.0, -1e30, 0.0]]])
    assert draw_points(x).isfinite().all()


def test_atoms_have_the_colours_of_their_elements():
    molecules = torch.stack([atom(element, 0.0, 0.0, 0.0) for element in range(5)])[:, None]
    pictures = draw_molecules(molecules)
    hydrogen, carbon, nitrogen, oxygen, fluorine = pictures[:, :, 48, 48]
    assert hydrogen.min() > 0.6
    assert carbon.max() < 0.4
    assert [int(c.argmax()) for c in (nitrogen, oxygen, fluorine)] == [2, 0, 1]
    area = (ink(pictures) > 0.02).float().mean((1, 2))
    assert area[0] < 0.6 * area[1]


def test_rows_without_an_element_are_not_drawn():
    molecule = torch.stack([atom(1, 0.0, 0.0, 0.0), torch.zeros(8), torch.zeros(8)])
    guess = molecule.clone()
    guess[1, :3], guess[1, 3:] = 2.0, 0.05  # a faint prediction
    guess[2, :3] = 3.0
    assert torch.equal(draw_molecules(guess[None]), draw_molecules(molecule[None]))
    assert torch.equal(draw_molecules(torch.zeros(1, 4, 8)), torch.ones(1, 3, 96, 96))


def test_molecules_of_one_call_share_a_scale():
    near, far = atom(1, 0.0, 0.0, 0.0), atom(1, 0.0, 0.0, 6.0)
    alone = draw_molecules(near[None, None])[0]
    together = draw_molecules(torch.stack([near, far])[:, None])[0]
    assert (ink(together[None]) > 0).sum() < 0.2 * (ink(alone[None]) > 0).sum()


def test_series_run_where_their_values_are():
    """A channel at half of the top value is a level line at a quarter of the height."""
    x = torch.stack([torch.full((1, 50), 2.0), torch.full((1, 50), 1.0)])
    pictures = draw_series(x, 80)
    rows = ink(pictures)[..., 40]
    blank = draw_series(torch.zeros(1, 1, 50), 80)
    assert rows[0].argmax() < rows[1].argmax() < 40
    assert abs(int(rows[1].argmax()) - (1 - 0.5 / 1.05) * 40) < 1.5
    assert ink(blank)[0].sum(1).argmax() in (39, 40)
    assert torch.equal(pictures[..., 10:20], pictures[..., 50:60])


def test_steep_lines_have_no_gaps():
    x = torch.zeros(1, 1, 128)
    x[..., 64:] = 1.0
    x[..., :64] = -1.0
    dark = ink(draw_series(x, 64))[0]
    assert (dark[4:60].amax(1) > 0.4).all()


def test_channels_have_colours_of_their_own():
    t = torch.linspace(0, 2 * math.pi, 64)
    both = draw_series(torch.stack([t.sin(), -t.sin()])[None])
    swapped = draw_series(torch.stack([-t.sin(), t.sin()])[None])
    assert (both - swapped).abs().max() > 0.3


@pytest.mark.parametrize(
    ("kind", "x"),
    [
        ("molecules", Molecules("test", size="tiny").originals),
        ("series", Series("test", size="tiny").fixed().x1),
        ("points", torch.randn(3, 20, 3, generator=torch.Generator().manual_seed(0))),
    ],
)
def test_each_kind_is_drawn_in_range(kind, x):
    pictures = to_pictures(kind)(x)
    assert pictures.shape == (len(x), 3, 96, 96)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert (ink(pictures).amax((1, 2)) > 0.3).all()


def test_pictures_are_shown_as_they_are():
    x = torch.rand(2, 1, 5, 5)
    assert torch.equal(to_pictures("pictures")(x), x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_pictures("clouds"), "expected kind to be one of pictures, points, molecules"),
        (lambda: draw_points(torch.zeros(2, 3)), r"expected clouds \(n, N, 3\), got \(2, 3\)"),
        (lambda: draw_molecules(torch.zeros(2, 9, 7)), r"molecules \(n, atoms, 8\), got \(2, 9, 7"),
        (lambda: draw_series(torch.zeros(2, 1, 1)), r"series \(n, channels, T >= 2\), got"),
        (lambda: draw_series(torch.zeros(2, 1, 9), 0), "size to be an integer of at least 1"),
    ],
)
def test_what_cannot_be_drawn_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
