"""Derivatives, transforms and compilation of invariant features."""

import copy
import pickle

import pytest
import torch

from groupae import O3, SO2, SO3, Dihedral
from groupae.groups import FiniteGroup
from groupae.representations.invariant_features import KINDS, invariant_map
from groupae.representations.invariant_features.forms import commutant_units, trilinear_forms
from groupae.representations.invariant_features.invariant_map import _built

FAMILIES = {
    "SO2": lambda: SO2().rep("1x0 + 2x1 + 1x2"),
    "SO3": lambda: SO3().rep("1x0 + 3x1"),
    "O3": lambda: O3().rep("1x0e + 1x0o + 1x1o + 1x1e"),
    "quaternions": lambda: FiniteGroup.from_permutations(
        [[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]]
    ).rep("2x4 + 1x1"),
    "restricted": lambda: SO3().rep("1x1 + 1x2").restrict(SO3().subgroup("so2")),
    "tensor product": lambda: Dihedral(4).rep("1x1") * Dihedral(4).rep("1x1 + 1x0-"),
}
families = pytest.mark.parametrize("family", FAMILIES)
POLYNOMIALS = KINDS[:3]
kinds = pytest.mark.parametrize("kind", POLYNOMIALS)


def codes(rho, *batch, dtype=torch.float64):
    return torch.randn(*batch, rho.dim, generator=torch.Generator().manual_seed(0), dtype=dtype)


@kinds
@families
def test_first_and_second_derivatives_also_at_zero(family, kind):
    rho = FAMILIES[family]()
    z = codes(rho, 2)
    z[1] = 0
    z = z.requires_grad_()

    def features(z):
        return rho.invariant_features(z, kind)

    assert torch.autograd.gradcheck(features, (z,), check_forward_ad=True)
    assert torch.autograd.gradgradcheck(features, (z,))


@kinds
@families
def test_vmap_is_the_batch(family, kind):
    rho = FAMILIES[family]()
    for cache in (_built, commutant_units, trilinear_forms):
        cache.cache_clear()  # built within the transform
    z = codes(rho, 3, 2)
    mapped = torch.vmap(torch.vmap(lambda x: rho.invariant_features(x, kind)))(z)
    torch.testing.assert_close(mapped, rho.invariant_features(z, kind))
    _built.cache_clear()
    slope = torch.func.grad(lambda x: rho.invariant_features(x, kind).sum())(z[0, 0])
    leaf = z[0, 0].requires_grad_()
    (wanted,) = torch.autograd.grad(rho.invariant_features(leaf, kind).sum(), leaf)
    torch.testing.assert_close(slope, wanted)


@pytest.mark.slow
@kinds
@families
def test_features_compile_without_a_graph_break_before_their_first_use(family, kind):
    rho = FAMILIES[family]()
    z = codes(rho, 3, dtype=torch.float32)
    torch._dynamo.reset()
    compiled = torch.compile(
        lambda z: rho.invariant_features(z, kind), fullgraph=True, backend="aot_eager"
    )
    leaf, other = z.clone().requires_grad_(), z.clone().requires_grad_()
    found, wanted = compiled(leaf), rho.invariant_features(other, kind)
    torch.testing.assert_close(found, wanted)
    found.square().sum().backward()
    wanted.square().sum().backward()
    torch.testing.assert_close(leaf.grad, other.grad)


@pytest.mark.slow
def test_two_kinds_compile_in_one_graph():
    rho = SO3().rep("1x0 + 3x1 + 1x2")
    z = codes(rho, 3)

    def both(z):
        return [rho.invariant_features(z, kind) for kind in POLYNOMIALS]

    torch._dynamo.reset()
    compiled = torch.compile(both, fullgraph=True, backend="aot_eager")
    for found, wanted in zip(compiled(z), both(z), strict=True):
        torch.testing.assert_close(found, wanted)


@kinds
def test_a_map_is_frozen_data(kind):
    features = invariant_map(SO3().rep("1x0 + 3x1"), kind)
    z = codes(features.rho, 2)
    for other in (copy.deepcopy(features), pickle.loads(pickle.dumps(features))):
        assert other == features
        assert hash(other) == hash(features)
        assert torch.equal(other(z), features(z))
    assert features != invariant_map(SO3().rep("3x1"), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_features_first_computed_for_inference_have_derivatives_later(kind):
    rho = SO3().rep("2x0 + 2x1 + 1x2")
    for cached in (_built, commutant_units, trilinear_forms):
        cached.cache_clear()
    with torch.inference_mode():
        rho.invariant_features(torch.zeros(1, rho.dim, dtype=torch.float64), kind)
    z = codes(rho, 2).requires_grad_()
    rho.invariant_features(z, kind).sum().backward()
    assert torch.isfinite(z.grad).all()
