"""Max filters: invariant, complete where polynomials are not, Lipschitz, twice differentiable."""

import cmath

import pytest
import torch

from groupae import O2, SO2, SO3, Cyclic, Dihedral, MatrixLieGroup, Permutation, VectorAction
from groupae.groups import FiniteGroup
from groupae.groups.samples import sample_elements
from groupae.representations.invariant_features import invariant_map
from groupae.representations.invariant_features.invariant_map import _built

FAMILIES = {
    "SO2": lambda: SO2().rep("1x0 + 2x1 + 1x2"),
    "O2": lambda: O2().rep("1x0 + 2x1 + 1x2"),
    "SO3": lambda: SO3().rep("1x0 + 1x1 + 1x2"),
    "Cyclic": lambda: Cyclic(5).rep("1x0 + 2x1 + 1x2"),
    "Permutation": lambda: Permutation(4).standard(),
    "quaternions": lambda: FiniteGroup.from_permutations(
        [[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]]
    ).rep("1x0 + 2x4"),
    "product": lambda: (SO2() * Cyclic(3)).rep("1x(0,0) + 1x(1,1) + 1x(0,1)"),
    "restricted": lambda: SO3().rep("1x1 + 1x2").restrict(SO3().subgroup("so2")),
    "skewed": lambda: (
        Dihedral(3)
        .rep("1x0 + 1x1")
        .change_basis(torch.tensor([[1.0, 0, 0], [0.5, 1, 0], [0, 0.3, 2]]))
    ),
}
families = pytest.mark.parametrize("family", FAMILIES)


def codes(rho, *batch, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*batch, rho.dim, generator=generator, dtype=dtype)


@families
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_no_element_changes_a_max_filter_also_at_bad_places(family, dtype):
    rho = FAMILIES[family]()
    g = sample_elements(rho.group, dtype, random=6)
    z = codes(rho, len(g), dtype=dtype)
    features = invariant_map(rho, "max_filter", templates=4)
    allowed = 256 * torch.finfo(dtype).eps * rho.error_growth
    assert float((features(rho.act(g, z)) - features(z)).abs().amax()) < allowed
    assert features(z).shape[-1] == features.count == len(features.names)


def test_by_default_there_are_two_templates_per_varying_entry():
    assert invariant_map(SO2().rep("3x0 + 2x1"), "max_filter").count == 3 + 8


@families
def test_features_are_lipschitz_in_the_distance_of_orbits(family):
    rho = FAMILIES[family]()
    if not rho.is_orthogonal:
        pytest.skip("the distance is that of the given coordinates")
    z, w = codes(rho, 16), codes(rho, 16, seed=1)
    w[8:] = z[8:] + 0.01 * w[8:]
    distance = VectorAction(rho).distance(z, w)
    features = invariant_map(rho, "max_filter", templates=8)
    moved = torch.linalg.vector_norm(features(z) - features(w), dim=-1)
    assert bool((moved <= distance * (1 + 1e-6)).all())
    assert bool((moved > 0).all())


def test_a_known_value_is_the_largest_of_all_elements():
    rho = Cyclic(7).rep("2x1 + 1x2 + 1x3")
    z, templates = codes(rho, 3), codes(rho, 4, seed=1)
    every = rho.act(rho.group.elements()[:, None], templates[None])  # (7, 4, dim)
    wanted = torch.einsum("gtd,nd->ngt", every, z).amax(1)
    torch.testing.assert_close(rho.invariant_features(z, "max_filter", templates=templates), wanted)
    torch.testing.assert_close(invariant_map(rho, "max_filter", templates=templates)(z), wanted)


def test_a_vector_has_the_length_of_itself_times_the_template():
    rho = SO3().rep("1x1")
    z, t = codes(rho, 5), codes(rho, 2, seed=1)
    found = rho.invariant_features(z, "max_filter", templates=t)
    wanted = torch.linalg.vector_norm(z, dim=-1)[:, None] * torch.linalg.vector_norm(t, dim=-1)
    torch.testing.assert_close(found, wanted)


def test_phases_of_frequencies_without_a_sum_are_seen():
    """Frequencies 2 and 3, which no triple product ties to each other."""
    rho = SO2().rep("1x2 + 1x3")
    z = torch.tensor([1.0, 0, 1, 0], dtype=torch.float64)
    turn = cmath.exp(0.4j)
    w = torch.tensor([1.0, 0, turn.real, turn.imag], dtype=torch.float64)
    same = rho.act(torch.tensor(1.0, dtype=torch.float64), z)
    features = invariant_map(rho, "max_filter")
    assert (features(z) - features(w)).abs().amax() > 1e-3
    torch.testing.assert_close(features(z), features(same))
    assert torch.allclose(*(rho.invariant_features(x, "bispectrum") for x in (z, w)))


@families
def test_first_and_second_derivatives_by_codes_and_templates(family):
    rho = FAMILIES[family]()
    z, t = codes(rho, 1).requires_grad_(), codes(rho, 1, seed=1).requires_grad_()

    def features(z, t):
        return rho.invariant_features(z, "max_filter", templates=t)

    assert torch.autograd.gradcheck(features, (z, t))
    assert torch.autograd.gradgradcheck(features, (z, t), atol=1e-4, fast_mode=True)


@families
def test_the_gradient_is_finite_at_a_zero_code_and_a_single_vector(family):
    rho = FAMILIES[family]()
    z = torch.zeros(2, rho.dim, dtype=torch.float64)
    z[1, -1] = 1.0  # whose stabiliser may be a circle
    z = z.requires_grad_()
    found = rho.invariant_features(z, "max_filter", templates=3).sum()
    (first,) = torch.autograd.grad(found, z, create_graph=True)
    assert first.isfinite().all()
    (second,) = torch.autograd.grad(first.sum() + 0 * z.sum(), z)
    assert second.isfinite().all()


@families
def test_vmap_is_the_batch(family):
    rho = FAMILIES[family]()
    _built.cache_clear()  # built within the transform
    z = codes(rho, 3)
    mapped = torch.vmap(lambda x: rho.invariant_features(x, "max_filter", templates=2))(z)
    torch.testing.assert_close(mapped, rho.invariant_features(z, "max_filter", templates=2))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["SO2", "Cyclic", "quaternions"])
def test_max_filters_compile_without_a_graph_break(family):
    rho = FAMILIES[family]()
    z, t = codes(rho, 3), codes(rho, 2, seed=1)
    torch._dynamo.reset()
    compiled = torch.compile(
        lambda z, t: rho.invariant_features(z, "max_filter", templates=t),
        fullgraph=True,
        backend="aot_eager",
    )
    wanted = rho.invariant_features(z, "max_filter", templates=t)
    torch.testing.assert_close(compiled(z, t), wanted)


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (2, 3)])
def test_any_batch_and_any_axis(shape):
    rho = FAMILIES["SO2"]()
    z = codes(rho, *shape)
    found = rho.invariant_features(z, "max_filter", templates=2)
    assert found.shape == (*shape, 3)
    first = rho.invariant_features(z.movedim(-1, 0), "max_filter", templates=2, dim=0)
    torch.testing.assert_close(first.movedim(0, -1), found)


def test_irreps_without_a_label_are_refused():
    cross = [
        [[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
        [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
    ]
    group = MatrixLieGroup(cross)
    rho = group.standard() * group.standard()
    z, g = codes(rho, 3), group.sample(3, dtype=torch.float64)
    for kind in ("power", "gram", "bispectrum"):
        moved = rho.invariant_features(rho.act(g, z), kind)
        torch.testing.assert_close(moved, rho.invariant_features(z, kind))
    with pytest.raises(ValueError, match="take kind 'bispectrum'"):
        rho.invariant_features(z, "max_filter")
