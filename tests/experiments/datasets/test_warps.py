"""Smooth warps: exponentials of fields, invertible and without folds."""

import pytest
import torch
from scipy import ndimage

from groupae.experiments.datasets.warps import (
    exponential,
    jacobian_determinants,
    smooth_noise,
    warp,
)


def places(size):
    """Return positions of pixels from the middle, right and down: (2, size, size)."""
    place = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    return torch.stack(torch.meshgrid(place, place, indexing="xy"))


def bumps(n, size=64, height=3.0, seed=0):
    """Return smooth random fields that vanish near the border, in float64."""
    noise = smooth_noise(n, 2, size, knots=5, generator=torch.Generator().manual_seed(seed))
    fade = (1 - (places(size) / (size / 2)).square()).clamp(0, 1).prod(0)
    return height * noise.double() * fade


def inner(x, margin=12):
    return x[..., margin:-margin, margin:-margin]


def test_a_field_points_right_and_down():
    x = torch.arange(12.0).view(1, 1, 3, 4)
    right = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 3, 4)
    assert warp(right, x)[0, 0, 0].round().tolist() == [1, 2, 3, 3]
    assert warp(right.flip(1), x)[0, 0, :, 0].round().tolist() == [4, 8, 8]


@pytest.mark.parametrize(("mode", "order"), [("bilinear", 1), ("nearest", 0)])
def test_warping_agrees_with_scipy(mode, order):
    x = torch.rand(1, 1, 20, 24, generator=torch.Generator().manual_seed(0)).double()
    field = 2 * torch.randn(1, 2, 20, 24, generator=torch.Generator().manual_seed(1)).double()
    rows, columns = torch.meshgrid(torch.arange(20), torch.arange(24), indexing="ij")
    where = torch.stack([rows + field[0, 1], columns + field[0, 0]]).numpy()
    theirs = ndimage.map_coordinates(x[0, 0].numpy(), where, order=order, mode="nearest")
    torch.testing.assert_close(warp(field, x, mode=mode)[0, 0], torch.from_numpy(theirs))


def test_a_linear_field_flows_by_the_matrix_exponential():
    A = torch.tensor([[[0.1, -0.3], [0.2, 0.05]]], dtype=torch.float64)
    velocity = torch.einsum("nij,jhw->nihw", A, places(64))
    flow = torch.linalg.matrix_exp(A) - torch.eye(2)
    expected = torch.einsum("nij,jhw->nihw", flow, places(64))
    reached = exponential(velocity, squarings=12)
    torch.testing.assert_close(inner(reached), inner(expected), atol=5e-3, rtol=0)
    determinants = inner(jacobian_determinants(reached))
    trace = torch.tensor(0.15, dtype=torch.float64)
    torch.testing.assert_close(determinants, trace.exp().expand_as(determinants), atol=2e-3, rtol=0)


def test_the_opposite_field_leads_back():
    there, back = exponential(bumps(3)), exponential(-bumps(3))
    moved = there.norm(dim=1).max()
    left = inner(there + warp(there, back)).norm(dim=1).max()
    assert moved > 4
    assert left < 0.02 * moved


def test_twice_the_field_is_twice_the_flow():
    once, twice = exponential(bumps(3)), exponential(2 * bumps(3))
    assert inner(once + warp(once, once) - twice).norm(dim=1).max() < 0.02 * twice.norm(dim=1).max()


def test_strong_fields_fold_only_if_they_are_not_integrated():
    strong = bumps(20, height=9.0)
    assert jacobian_determinants(exponential(strong)).min() > 0
    assert jacobian_determinants(strong).min() < 0


def test_jacobians_of_a_linear_map():
    linear = torch.tensor([[0.2, 0.5], [-0.1, 0.3]], dtype=torch.float64)
    field = torch.einsum("ij,jhw->ihw", linear, places(8)).unsqueeze(0)
    determinant = torch.linalg.det(linear + torch.eye(2))
    torch.testing.assert_close(jacobian_determinants(field), determinant.expand(1, 8, 8))


def test_noise_is_smooth_and_of_variance_one_at_its_knots():
    noise = smooth_noise(400, 1, 33, knots=5, generator=torch.Generator().manual_seed(0))
    assert abs(noise[..., ::8, ::8].var() - 1) < 0.05
    assert noise.diff(dim=-1).abs().mean() < 0.15
    assert abs((noise[..., 0, 0] * noise[..., 8, 0]).mean()) < 0.15


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match=r"exponential: expected a field of shape \(n, 2, H, W\)"):
        exponential(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"warp: expected pictures .* \(1, 2, 4, 4\), got"):
        warp(torch.zeros(1, 2, 4, 4), torch.zeros(2, 1, 4, 4))
