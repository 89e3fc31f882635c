"""Codes by irrep: rings before, dots after, invariants at rest, planes turned."""

import math

import pytest
import torch
from torch import nn

from groupae import (
    O2,
    SO2,
    SO3,
    LatentActionAE,
    PartsAction,
    VectorAction,
)
from groupae.actions import AffineAction, ChannelAction, SetAction
from groupae.groups.registry import example_groups
from groupae.viz import plot_latent_blocks, save_figure

RHO = SO2().rep("3x0 + 2x1 + 1x2")
Z = torch.tensor([1.0, -2.0, 0.5, 1.0, 0.0, 0.0, 2.0, 3.0, 0.0])


def marks(axes):
    """Return the ends of the marked points, as (before, after) per copy."""
    points = [line for line in axes.lines if line.get_marker() == "o"]
    return [tuple(line.get_xydata()[-1].tolist()) for line in points]


def test_invariants_are_at_rest_and_planes_turn_by_their_frequency():
    still, first, second = plot_latent_blocks(RHO, Z, torch.tensor(math.pi / 2)).axes
    before, after = (line for line in still.lines if line.get_marker() == "o")
    assert before.get_ydata() == pytest.approx([1, -2, 0.5])
    assert after.get_ydata() == pytest.approx([1, -2, 0.5])
    assert marks(first) == [
        pytest.approx(p, abs=1e-6) for p in [(1, 0), (0, 1), (0, 2), (-2, 0)]
    ]  # before and after of each copy: a quarter turn
    assert marks(second) == [pytest.approx(p, abs=1e-6) for p in [(3, 0), (-3, 0)]]
    curve = first.lines[0].get_xydata()
    assert (curve**2).sum(1) == pytest.approx(1)  # along the circle, not across it


def test_irreps_of_dimension_three_are_colours_before_and_after():
    g = SO3().exp(torch.tensor([0.3, -0.2, 1.0]))
    rho = SO3().rep("1x0 + 4x1")
    z = torch.randn(13, generator=torch.Generator().manual_seed(0))
    figure = plot_latent_blocks(rho, z, g)
    (shown,) = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    assert shown.shape == (3, 9)
    torch.testing.assert_close(torch.as_tensor(shown[:, :4].data), z[1:].view(3, 4).double())
    moved = rho.act(g, z)[1:].view(3, 4).double()
    torch.testing.assert_close(torch.as_tensor(shown[:, 5:].data), moved, rtol=0, atol=1e-5)


@pytest.mark.parametrize("group", [g for g in example_groups() if g.has_irreps], ids=str)
def test_codes_of_every_group_with_irreps_can_be_drawn(group, tmp_path):
    labels = group.standard_text if group.has_standard else None
    rho = group.rep(labels) if labels else group.trivial()
    g = group.sample(1, generator=torch.Generator().manual_seed(0))[0]
    z = torch.randn(rho.dim, generator=torch.Generator().manual_seed(1))
    figure = plot_latent_blocks(VectorAction(rho), z, g)
    save_figure(figure, tmp_path / "blocks.png")
    assert any(axes.lines or axes.images for axes in figure.axes)


def test_reflections_have_no_path():
    figure = plot_latent_blocks(
        O2().rep("2x0- + 1x1"), torch.arange(4.0), torch.diag(torch.tensor([1.0, -1.0]))
    )
    sign, plane = figure.axes
    before, after = (line for line in sign.lines if line.get_marker() == "o")
    assert after.get_ydata() == pytest.approx(-before.get_ydata())
    assert len(plane.lines[0].get_xdata()) == 2


def test_a_model_shows_the_code_of_its_encoder():
    action = PartsAction({"map": ChannelAction(RHO), "pose": VectorAction(RHO), "skip": None})
    code = {"map": torch.zeros(9, 2, 2), "pose": Z, "skip": torch.zeros(3)}
    model = LatentActionAE(nn.Identity(), nn.Identity(), action)
    figure = plot_latent_blocks(model, code, torch.tensor(0.0))
    assert figure.axes[0].get_title() == "irrep 0: 3 invariants"
    assert marks(figure.axes[2])[0] == (3, 0)


def test_scaled_entries_of_an_affine_action_are_drawn():
    g = torch.tensor([2.0, 1.0])
    still, moving = plot_latent_blocks(AffineAction(2, 1), torch.tensor([7.0, 0.0, 3.0]), g).axes
    after = [line.get_ydata().tolist() for line in moving.lines if line.get_marker() == "o"]
    assert after == [[0, 3], [1, 7]]
    assert [line.get_ydata().tolist() for line in still.lines[1:]] == [[7], [7]]


def test_blocks_that_are_left_out_are_counted():
    rho = SO2().rep(" + ".join(f"1x{k}" for k in range(15)))
    figure = plot_latent_blocks(rho, torch.ones(29), torch.tensor(0.1))
    assert len(figure.axes) == 10
    assert figure.get_suptitle().endswith("5 more blocks are not drawn")


PARTS = PartsAction({"pose": VectorAction(RHO)})


@pytest.mark.parametrize(
    ("model", "z", "g", "part", "error", "sentence"),
    [
        (nn.Identity(), Z, 0.0, None, TypeError, "with irreps, got Identity"),
        (SetAction(SO2()), Z, 0.0, None, TypeError, "with irreps, got SetAction"),
        (RHO, Z.expand(2, 9), 0.0, None, ValueError, r"z of shape \(9,\), got \(2, 9\); take one"),
        (RHO, [1.0], 0.0, None, TypeError, r"z to be a tensor of shape \(9,\), got list"),
        (
            RHO,
            Z,
            [0.0, 1.0],
            None,
            ValueError,
            r"one element g of SO\(2\), of shape \(\), got \(2,\)",
        ),
        (RHO, Z, 0.0, "pose", ValueError, "no part of a code without parts, got part='pose'"),
        (PARTS, {"pose": Z}, 0.0, "shape", ValueError, "part to be one of pose, got shape"),
        (PARTS, Z, 0.0, None, TypeError, "a dict with the parts pose, got Tensor"),
    ],
)
def test_codes_and_elements_that_do_not_fit_are_refused(model, z, g, part, error, sentence):
    with pytest.raises(error, match=f"plot_latent_blocks: expected .*{sentence}"):
        plot_latent_blocks(model, z, torch.tensor(g), part=part)
