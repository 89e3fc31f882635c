"""What a user writes: a group in four methods; and strategies that shrink to simple cases."""

import dataclasses
import math

import pytest
import torch
from hypothesis import find, given

from groupae import SO2, SO3, Affine, Cyclic, Group, Product, VectorAction
from groupae.representations import IrrepSum
from groupae.testing import assert_laws, check_representation
from groupae.testing.mixins import GroupLaws
from tests.strategies import element_pairs, elements, groups, representations


@dataclasses.dataclass(frozen=True)
class Scaling(Group):
    """Positive numbers under multiplication."""

    is_compact = False
    is_abelian = True

    def identity(self, *batch, dtype=None, device=None):
        return torch.ones(batch, dtype=dtype or torch.float32, device=device)

    def compose(self, g, h):
        return g * h

    def inverse(self, g):
        return 1 / g

    def sample(self, *batch, generator=None, dtype=None, device=None):
        normal = torch.randn(batch, generator=generator, dtype=dtype or torch.float32)
        return normal.exp().to(device)


class TestScaling(GroupLaws):
    def make(self):
        return Scaling()


def test_a_group_of_four_methods_multiplies_with_the_built_in_ones():
    assert_laws(Scaling() * SO2())
    assert str(Scaling() * Cyclic(3)) == "Scaling * C(3)"


def test_a_group_without_irreps_says_what_to_override():
    with pytest.raises(TypeError, match="Scaling: expected a group that lists its irreps"):
        Scaling().rep("1x0")


@pytest.mark.parametrize("group", [SO2(), SO3(), Cyclic(5), Affine()], ids=str)
def test_elements_shrink_to_the_identity(group):
    simplest = find(elements(group), lambda g: True)
    assert group.distance(simplest, group.identity(dtype=torch.float64)) == 0


def test_bad_places_are_reached():
    identity = torch.eye(3, dtype=torch.float64)
    half_turn = find(elements(SO3()), lambda g: abs(SO3().distance(g, identity) - math.pi) < 1e-12)
    assert half_turn.shape == (3, 3)
    assert find(elements(SO2()), lambda g: 0 < g.abs() < 1e-6).abs() > 0


@given(element_pairs(SO2(), dtype=torch.float32))
def test_pairs_have_the_dtype_asked_for(pair):
    assert {g.dtype for g in pair} == {torch.float32}


def test_groups_and_representations_shrink_to_simple_ones():
    assert not isinstance(find(groups(), lambda group: True), Product)
    assert str(find(representations(SO3()), lambda rho: True)) == "1x0"


@given(elements(SO3(), size=3))
def test_batches_have_the_size_asked_for(g):
    assert g.shape == (3, 3, 3)


class Steep(type(SO2().irreps)):
    """As irreps were written before 0.3: by the name of then, and asking the parent for it."""

    def depth(self, label):
        return 2 * super().depth(label)


def test_error_growth_may_be_overridden_and_read_by_its_old_name():
    @dataclasses.dataclass(frozen=True)
    class Doubled(IrrepSum):
        @property
        def depth(self):
            return 2 * super().depth

    class Acting(VectorAction):
        @property
        def depth(self):
            return 3 * super().depth

    assert Steep().error_growth(5) == Steep().depth(5) == 10
    rho = Doubled(SO2(), SO2().rep("1x0 + 1x4").terms)
    assert rho.error_growth == rho.depth == 8
    assert (rho * rho).depth == 16
    assert Acting(rho).error_growth == Acting(rho).depth == 24
    loose, strict = (check_representation(r)["inverse"].tolerance for r in (rho, SO2().rep("1x4")))
    assert loose == 2 * strict
