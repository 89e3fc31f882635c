"""Copies laid out one after another, as escnn lays out fields."""

import pytest
import torch

from groupae import O2, SO2, SO3, Cyclic
from groupae.representations import Fields
from groupae.testing.mixins import RepresentationLaws


class TestFieldsOfIrreps(RepresentationLaws):
    def make(self):
        return Fields(SO3(), SO3().rep("2x0 + 1x1 + 2x2"), 3)


class TestFieldsInABasis(RepresentationLaws):
    def make(self):
        generator = torch.Generator().manual_seed(0)
        basis, _ = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64))
        return Fields(Cyclic(8), Cyclic(8).regular().change_basis(basis), 4)


def test_each_field_is_moved_alike():
    field = O2().rep("1x0- + 2x1")
    rho = Fields(O2(), field, 3)
    g = O2().sample(4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = torch.randn(4, 15, 2, dtype=torch.float64)
    wanted = [field.act(g, x[:, 5 * i : 5 * i + 5], dim=1) for i in range(3)]
    torch.testing.assert_close(rho.act(g, x, dim=1), torch.cat(wanted, 1))
    assert str(rho) == "3 fields of 1x0- + 2x1"


def test_invariants_of_every_field():
    rho = Fields(SO2(), SO2().rep("1x0 + 1x1"), 2)
    assert rho.is_invariant().tolist() == [True, False, False] * 2
    x, y = torch.arange(6.0), 10 + torch.arange(6.0)
    assert rho.invariants(x).tolist() == [0, 3]
    assert rho.swap(x, y).tolist() == [0, 11, 12, 3, 14, 15]


@pytest.mark.parametrize("dim", [0, -3])
def test_block_coordinates_along_any_axis(dim):
    generator = torch.Generator().manual_seed(0)
    basis = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    rho = Fields(SO2(), SO2().rep("1x0 + 1x1").change_basis(basis), 2)
    x = torch.randn(6, 4, 5, generator=generator, dtype=torch.float64)
    blocks = rho.to_blocks(x, dim)
    torch.testing.assert_close(rho.from_blocks(blocks, dim), x)
    torch.testing.assert_close(blocks.movedim(0, -1), rho.to_blocks(x.movedim(0, -1)))


def test_it_decomposes_and_batches():
    rho = Fields(SO2(), SO2().rep("1x0 + 1x2"), 3)
    assert str(rho.decompose()) == "3x0 + 3x2"
    g = SO2().sample(4, generator=torch.Generator().manual_seed(0))
    x = torch.randn(4, 9)
    torch.testing.assert_close(torch.func.vmap(rho.act)(g, x), rho.act(g, x))


def test_there_is_at_least_one():
    with pytest.raises(ValueError, match="copies to be an integer of at least 1, got 0"):
        Fields(SO2(), SO2().rep("1x1"), 0)
