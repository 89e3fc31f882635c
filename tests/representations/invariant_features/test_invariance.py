"""Invariant features do not change along orbits, for every catalogue group and dtype."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groupae import O2, O3, SO2, SO3, Cyclic, Dihedral, Permutation, Representation
from groupae.groups import FiniteGroup, Icosahedral
from groupae.groups.registry import example_groups
from groupae.groups.samples import sample_elements
from groupae.representations import Fields
from groupae.representations.invariant_features import KINDS, invariant_map
from groupae.testing.strategies import elements, representations

COMPACT = tuple(group for group in example_groups() if group.is_compact and group.has_irreps)


def quaternions():
    return FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])


def skewed():
    """Return a representation that is not orthogonal."""
    basis = torch.eye(5, dtype=torch.float64) + 0.3 * torch.ones(5, 5).tril(-1)
    return SO2().rep("1x0 + 2x1").change_basis(basis)


def double_turn(g):
    c, s = (2 * g).cos(), (2 * g).sin()
    return torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)


FAMILIES = {
    "SO2": lambda: SO2().rep("2x0 + 3x1 + 1x2 + 1x3"),
    "one irrep twice": lambda: SO2().rep("2x1 + 1x0 + 1x2 + 2x1"),
    "O2": lambda: O2().rep("1x0 + 2x0- + 2x1 + 1x2"),
    "SO3": lambda: SO3().rep("2x0 + 3x1 + 2x2"),
    "O3": lambda: O3().rep("1x0e + 1x0o + 3x1o + 2x1e + 1x2e"),
    "Cyclic": lambda: Cyclic(6).regular(),
    "Dihedral": lambda: Dihedral(4).regular(),
    "Permutation": lambda: Permutation(4).regular(),
    "icosahedral": lambda: Icosahedral().rep("1x0 + 3x1 + 2x4"),
    "quaternions": lambda: quaternions().rep("1x0 + 1x1 + 3x4"),
    "torus": lambda: (SO2() * SO2()).rep("1x(0,0) + 1x(1,2) + 2x(0,1) + 1x(1,0)"),
    "product": lambda: (SO2() * Cyclic(6)).rep("1x(0,0) + 2x(1,2) + 1x(1,0)"),
    "tensor product": lambda: SO3().rep("1x1") * SO3().rep("1x2"),
    "lazy sum": lambda: 2 * (SO2().rep("1x1") ** 2) + SO2().rep("1x0"),
    "fields": lambda: Fields(SO2(), SO2().rep("1x0 + 1x1"), 3),
    "restricted": lambda: SO3().rep("1x1 + 1x2").restrict(SO3().subgroup("so2")),
    "induced": lambda: Cyclic(6).rep("1x1").induce(Dihedral(6).subgroup("c(6)")),
    "on elements": lambda: quaternions().regular(on_elements=True),
    "natural": lambda: Permutation(4).standard(),
    "skewed": skewed,
    "dual": lambda: skewed().dual,
    "function": lambda: Representation.from_callable(SO2(), double_turn, 2),
}
families = pytest.mark.parametrize("family", FAMILIES)
POLYNOMIALS = KINDS[:3]
kinds = pytest.mark.parametrize("kind", POLYNOMIALS)


def codes(rho, *batch, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*batch, rho.dim, generator=generator, dtype=dtype)


@kinds
@families
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_no_element_changes_a_feature_also_at_bad_places(family, kind, dtype):
    rho = FAMILIES[family]()
    g = sample_elements(rho.group, dtype)
    z = codes(rho, len(g), dtype=dtype)
    before = rho.invariant_features(z, kind)
    after = rho.invariant_features(rho.act(g, z), kind)
    scale = 1 + z.abs().amax() ** (3 if kind == "bispectrum" else 2)
    allowed = 64 * torch.finfo(dtype).eps * rho.error_growth * scale
    assert before.dtype == dtype
    assert float((before - after).abs().amax()) < float(allowed)


@kinds
@families
def test_names_are_as_many_as_features_and_all_differ(family, kind):
    rho = FAMILIES[family]()
    names = rho.invariant_feature_names(kind)
    assert rho.invariant_features(codes(rho, 2), kind).shape == (2, len(names))
    assert len(set(names)) == len(names) == invariant_map(rho, kind).count


@families
def test_each_kind_contains_the_one_before_and_the_trivial_entries(family):
    rho = FAMILIES[family]()
    z, split = codes(rho, 4), rho.decompose()
    fixed = split.invariants(z)
    power, gram, bispectrum = (rho.invariant_features(z, kind) for kind in POLYNOMIALS)
    torch.testing.assert_close(gram, bispectrum[:, : gram.shape[1]])
    for row in power.mT:
        assert (gram.mT - row).abs().amax(1).amin() < 1e-12
    lengths = fixed.square().sum(-1) if "skewed" in family or family == "dual" else None
    if lengths is None:  # the trivial entries in some orthonormal basis
        lengths = power[:, : fixed.shape[1]].square().sum(-1)
        torch.testing.assert_close(lengths, fixed.square().sum(-1))


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_features_are_invariant_for_every_group_and_sum_of_irreps(data):
    group = data.draw(st.sampled_from(COMPACT))
    rho = data.draw(representations(group, cutoff=2))
    g = data.draw(elements(group, size=3))
    z = codes(rho, 3)
    options = {"bispectrum": {"products": 4}, "max_filter": {"templates": 2}}
    for kind in KINDS:
        features = invariant_map(rho, kind, **options.get(kind, {}))
        before, after = features(z), features(rho.act(g, z))
        assert torch.allclose(before, after, rtol=1e-9, atol=1e-9)
        assert len(features.names) == features.count


@kinds
@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0, 3), (2, 3)])
def test_any_batch_and_any_axis(kind, shape):
    rho = FAMILIES["SO3"]()
    z = codes(rho, *shape)
    found = rho.invariant_features(z, kind)
    assert found.shape == (*shape, len(rho.invariant_feature_names(kind)))
    last = z.movedim(-1, 0).contiguous().movedim(0, -1)  # not contiguous
    torch.testing.assert_close(rho.invariant_features(last, kind), found)
    first = rho.invariant_features(z.movedim(-1, 0), kind, dim=0)
    torch.testing.assert_close(first.movedim(0, -1), found)


@kinds
def test_half_precision_is_computed_in_single(kind):
    rho = FAMILIES["SO3"]()
    z = codes(rho, 4).bfloat16()
    found = rho.invariant_features(z, kind)
    assert found.dtype == torch.bfloat16
    wanted = rho.invariant_features(z.float(), kind).bfloat16()
    assert torch.equal(found, wanted)


def test_a_representation_without_varying_part_has_its_entries():
    z = torch.tensor([[1.0, 2.0]])
    for kind in KINDS:
        assert torch.equal(SO2().rep("2x0").invariant_features(z, kind), z)


@kinds
def test_constant_entries_and_results_share_no_memory(kind):
    rho = SO2().rep("2x0 + 1x1")
    z = codes(rho, 3)
    kept = z.clone()
    rho.invariant_features(z, kind).zero_()
    assert torch.equal(z, kept)
