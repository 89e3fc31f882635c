"""Every built-in group keeps the laws of a group."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, get_group
from groupae.testing import check_group
from groupae.testing.mixins import GroupLaws
from tests.strategies import element_pairs, elements, groups


class TestSO2(GroupLaws):
    def make(self):
        return SO2()


class TestSO3(GroupLaws):
    def make(self):
        return SO3()


class TestTrivial(GroupLaws):
    def make(self):
        return Cyclic(1)


class TestCyclicEven(GroupLaws):
    def make(self):
        return Cyclic(24)


class TestCyclicOdd(GroupLaws):
    def make(self):
        return Cyclic(9)


class TestAffine(GroupLaws):
    def make(self):
        return Affine()


class TestProductOfLieAndFinite(GroupLaws):
    def make(self):
        return SO2() * Cyclic(8)


class TestProductOfLie(GroupLaws):
    def make(self):
        return SO3() * Affine() * SO2()


class TestFiniteProduct(GroupLaws):
    def make(self):
        return Cyclic(3) * Cyclic(4)


@given(st.data())
def test_associativity_and_inverse(data):
    group = data.draw(groups())
    g, h = data.draw(element_pairs(group))
    k = data.draw(elements(group))
    left = group.compose(group.compose(g, h), k)
    right = group.compose(g, group.compose(h, k))
    assert group.distance(left, right) < 1e-12
    back = group.compose(group.compose(g, h), group.inverse(h))
    assert group.distance(back, g) < 1e-12


@given(groups())
def test_text_and_config_round_trip(group):
    assert get_group(str(group)) == group
    assert get_group(group.to_config()) == group
    assert hash(get_group(str(group))) == hash(group)


@given(st.data())
def test_conjugation_is_a_homomorphism(data):
    group = data.draw(groups())
    g = data.draw(elements(group))
    h, k = data.draw(element_pairs(group))
    both = group.conjugate(g, group.compose(h, k))
    apart = group.compose(group.conjugate(g, h), group.conjugate(g, k))
    assert group.distance(both, apart) < 1e-11


@pytest.mark.parametrize("group", [SO2(), SO3(), Affine()], ids=str)
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_shapes_dtypes_and_devices(group, batch, dtype):
    g = group.sample(*batch, dtype=dtype)
    for made in (g, group.identity(*batch, dtype=dtype), group.inverse(g), group.compose(g, g)):
        assert made.shape == (*batch, *group.element_shape)
        assert made.dtype == dtype
    assert group.distance(g, g).shape == batch
    assert group.exp(group.log(g)).shape == g.shape


def test_nothing_depends_on_the_default_dtype():
    def results():
        generator = torch.Generator().manual_seed(0)
        g = SO3().sample(4, generator=generator, dtype=torch.float64)
        rho = SO3().rep("1x0 + 1x1 + 2x3")
        return g, SO3().log(g), rho.matrix(g), SO3().grid(5), SO2().rep("1x3").matrix(SO2().grid(7))

    plain = results()
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        other = results()
    finally:
        torch.set_default_dtype(default)
    assert all(torch.equal(a, b) for a, b in zip(plain, other, strict=True))
    assert SO3().sample(2).dtype == torch.float32


class _WrongInverse(Cyclic):
    def inverse(self, g):
        return g


class _NotAssociative(SO2):
    def compose(self, g, h):
        return super().compose(g, 2 * h)


class _LossyProduct(SO3):
    def compose(self, g, h):
        return super().compose(g, h).half().to(g.dtype)


class _NegativeDistance(SO2):
    def distance(self, g, h):
        return -super().distance(g, h)


class _NoDistance(SO2):
    """Everything is equal to everything, so only the law of the distance can tell."""

    def compose(self, g, h):
        return g + 0 * h

    def distance(self, g, h):
        return 0 * super().distance(g, h)


@pytest.mark.parametrize(
    ("group", "law"),
    [
        (_NegativeDistance(), "distance"),
        (_NoDistance(), "distance"),
        (_WrongInverse(5), "inverse"),
        (_NotAssociative(), "associativity"),
        (_LossyProduct(), "closure"),
    ],
    ids=lambda value: str(value),
)
def test_a_broken_group_is_rejected(group, law):
    report = check_group(group)
    assert law in report.failures
    assert report[law].error > report[law].tolerance
