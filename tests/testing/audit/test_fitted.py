"""Actions that an audit fits: on enough directions, at enough elements, said once."""

import pytest
import torch
from torch import nn

from groupae import SO2, SO3, GridAction, audit

WIDE = SO2().rep("12x0 + 11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7 + 6x8 + 6x9 + 5x10 + 4x11")


def linear(n_in, n_out):
    torch.manual_seed(0)
    return nn.Linear(n_in, n_out)


def test_a_sound_layer_wider_than_a_fit_is_left_out_and_not_blamed():
    first, last = linear(WIDE.dim, 300), linear(300, WIDE.dim)
    with torch.no_grad():  # the inverse, so that the whole is the identity
        last.weight.copy_(torch.linalg.pinv(first.weight))
        last.bias.copy_(-last.weight @ first.bias)
    x = torch.randn(16, WIDE.dim)
    report = audit(nn.Sequential(first, last), WIDE, WIDE, x)
    assert report.passed
    assert [row.name for row in report.layers] == ["1"]
    assert "of the variance, too little to fit an action" in report.left_out["0"]
    assert report.left_out_lines[0].startswith("0 left out: ")


def test_a_sound_function_wider_than_a_fit_is_not_blamed():
    x = torch.randn(16, WIDE.dim)
    with pytest.raises(ValueError, match="outputs whose action can be fitted"):
        audit(linear(WIDE.dim, 300), WIDE, None, x, n_elements=12)


def test_layers_between_vectors_and_pictures_are_fitted_at_all_elements():
    rho = SO2().rep("1x1 + 1x3")  # alike at quarter turns
    net = nn.Sequential(linear(4, 9), nn.Unflatten(1, (1, 3, 3)))
    report = audit(net, rho, GridAction(SO2(), (3, 3)), torch.randn(32, 4))
    first = report.layers[0]
    assert first.error < 1e-5
    assert "1x1 + 1x3 of SO(2)" in first.action
    assert not any("are like others" in note for note in report.notes)


def test_quarter_turns_of_pictures_are_said_in_one_sentence():
    net = nn.Sequential(linear(9, 6), nn.ReLU())
    x = torch.randn(24, 1, 3, 3)
    flat = nn.Sequential(nn.Flatten(), net)
    report = audit(flat, GridAction(SO2(), (3, 3)), "invariant", x)
    said = [note for note in report.notes if "actions of C(4)" in note]
    assert said == [
        "these fits use the 3 elements that turn the inputs without interpolation, so they are "
        "actions of C(4): irreps of SO(2) that agree on it are not told apart"
    ]


def test_a_warning_of_several_layers_is_one_note():
    half = torch.full((1,), torch.pi)
    net = nn.Sequential(nn.Identity(), nn.Identity(), nn.Flatten(), nn.ReLU())
    rho = SO2().rep("2x1")
    report = audit(net, rho, "invariant", torch.randn(64, 4), elements=half)
    warned = [note for note in report.notes if "are like others" in note]
    assert len(warned) == 1
    assert warned[0].startswith("0, 1, 2: fit_action: ")


def test_samples_too_few_for_the_others_are_not_blamed_on_the_function():
    x = torch.randn(2, 12)  # one is fitted, and the other is not in what it spans
    with pytest.raises(ValueError, match="give more samples"):
        audit(lambda z: z, SO3().rep("4x1"), None, x)
