"""Elements of unusual dtypes, and autocast."""

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, PartsAction, VectorAction


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int32])
def test_narrow_indices_do_not_overflow(dtype):
    group = Cyclic(100)
    g, h = torch.tensor(99, dtype=dtype), torch.tensor(98, dtype=dtype)
    assert group.compose(g, h).item() == 97
    assert group.inverse(g).item() == 1
    assert group.distance(g, h).item() == 1
    action = VectorAction(group.rep("2x0 + 3x7"))
    z = torch.randn(8, dtype=torch.float64)
    torch.testing.assert_close(action.inverse(g, action(g, z)), z)


def test_autocast_leaves_group_arithmetic_alone():
    g, h = SO3().sample(2, 16)
    rho = SO3().rep("1x0 + 1x4")
    plain = SO3().compose(g, h), SO3().distance(g, h), rho.character(g)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = SO3().compose(g, h), SO3().distance(g, h), rho.character(g)
    assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))


def test_rotations_of_two_precisions_compose_in_the_higher():
    g, h = SO3().sample(4), SO3().sample(4, dtype=torch.float64)
    assert SO3().compose(g, h).dtype == torch.float64


def test_a_product_keeps_indices_that_half_precision_cannot_hold():
    group = SO2() * Cyclic(1000)
    generator = torch.Generator().manual_seed(0)
    g = group.sample(50, generator=generator, dtype=torch.bfloat16)
    assert g.dtype == torch.float32
    assert torch.equal(g[:, 1], g[:, 1].round())


def test_the_distance_in_a_product_has_a_gradient_at_zero():
    group = SO2() * Affine()
    g = group.identity(3, dtype=torch.float64).clone().requires_grad_()
    group.distance(g, g.detach()).sum().backward()
    assert g.grad.isfinite().all()


def test_a_product_has_a_grid():
    grid = (SO2() * Cyclic(5)).grid(20)
    assert grid.shape == (20, 2)
    assert grid[:, 1].unique().tolist() == [0, 1, 2, 3, 4]
    assert len(grid.unique(dim=0)) == 20


def test_a_carried_part_keeps_its_channels_under_more_batch_axes_of_g():
    action = PartsAction({"pose": VectorAction(SO2().rep("1x0 + 1x1")), "skip": None})
    z = {"pose": torch.randn(2, 3), "skip": torch.randn(2, 4, 5, 5)}
    moved = action(SO2().sample(2, 4), z)
    assert moved["pose"].shape == (2, 4, 3)
    assert moved["skip"].shape == (2, 4, 4, 5, 5)
    assert torch.equal(moved["skip"][:, 1], z["skip"])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_angles_are_complex_numbers_and_back(dtype):
    angle = torch.tensor([1.0, -2.0], dtype=dtype)
    number = SO2().convert(angle, "angle", "complex")
    back = SO2().convert(number, "complex", "angle")
    assert (back.float() - angle.float()).abs().max() < 8 * torch.finfo(dtype).eps
    assert number.dtype == torch.complex64
