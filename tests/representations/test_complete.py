"""What is listed and what is not: every named block decomposes; short lists are never trusted."""

import pytest
import torch

from groupae import O2, O3, SO2, SO3, Cyclic, FiniteGroup, Homomorphism, MatrixLieGroup, Permutation
from groupae.groups import SE2, SE3, Icosahedral
from groupae.groups.maps.quotients import Sign
from groupae.groups.products.semidirect import Semidirect
from groupae.groups.registry import example_groups
from groupae.representations import Representation, intertwiners
from groupae.testing import check_homomorphism, check_representation
from groupae.theory import consistency_gap, fixed_vectors

COMPACT = tuple(g for g in example_groups() if g.is_compact and not isinstance(g, MatrixLieGroup))


@pytest.mark.parametrize("group", COMPACT, ids=str)
def test_the_standard_representation_decomposes(group):
    rho = group.standard()
    found = rho.decompose()
    g = group.sample(5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.allclose(found.matrix(g, torch.float64), rho.matrix(g, torch.float64), atol=1e-12)
    again = (2 * rho + group.trivial()).decompose()
    assert again.dim == 2 * rho.dim + 1


def test_labels_beyond_the_search_decompose():
    assert str(SO2().rep("1x65 + 1x3").decompose()) == "1x3 + 1x65"
    assert str((SO2().rep("1x40") ** 2).decompose()) == "2x0 + 1x80"
    assert len(intertwiners(Icosahedral().rep("1xstd"), Icosahedral().rep("1x1"))) == 1


def test_small_integer_indices_are_indices_and_no_mask():
    rho = FiniteGroup.from_table([[0, 1], [1, 0]]).rep("1x1")
    for dtype in (torch.uint8, torch.int32, torch.int64):
        moved = rho.act(torch.tensor([1, 0], dtype=dtype), torch.ones(2, 1))
        assert moved.flatten().tolist() == [-1, 1]


def negated(h, n):
    return torch.where(h == 1, -n, n)


def test_a_list_of_some_irreps_is_no_regular_representation():
    partial = Semidirect(Cyclic(3), Cyclic(2), negated)
    for call in (
        lambda: partial.regular(),
        lambda: partial.quotient(partial.subgroup("trivial")),
        lambda: (partial * Cyclic(2)).regular(),
    ):
        with pytest.raises(TypeError, match="lists all its irreps"):
            call()


def test_vectors_fixed_by_a_subgroup_of_a_product_representation():
    l1 = SO3().irrep(1)
    whole = SO3().subgroup("so3")
    assert len(fixed_vectors(l1 * l1, whole)) == 0
    assert len(fixed_vectors((l1 * l1).decompose(), whole)) == 0


def test_the_consistency_gap_leaves_the_decoder_alone():
    from groupae import VectorAction

    decoder = torch.nn.Linear(3, 5)
    action = VectorAction(SO2().rep("1x0 + 1x1"))
    z = torch.randn(2, 3)
    with torch.no_grad():
        gap = consistency_gap(decoder, action, z, SO2().grid(3).float(), steps=3)
    assert decoder.weight.grad is None
    assert gap.shape == (2,)
    with pytest.raises(TypeError, match="codes as one tensor"):
        consistency_gap(decoder, action, {"a": z}, SO2().grid(3))


def one_further(g):
    return g + 1


def same(g):
    return g


def test_a_wrong_preimage_is_refused():
    with pytest.raises(ValueError, match=r"preimage\(phi\(g\)\) = g"):
        Homomorphism.from_callable(SO2(), SO2(), same, preimage=one_further)


def wrong_once(g):
    return torch.where(g == 150, 149, g)


def sign_wrong_once(g):
    sign = 1 - 2 * torch.remainder(g, 2).double()
    return torch.where(g == 150, -sign, sign)[..., None, None]


def test_one_wrong_element_of_many_is_found():
    with pytest.raises(ValueError, match="a difference at"):
        Homomorphism.from_callable(Cyclic(200), Cyclic(200), wrong_once)
    with pytest.raises(ValueError, match=r"rho\(gh\)"):
        Representation.from_callable(Cyclic(200), sign_wrong_once, 1)


def test_cosets_of_factors_and_of_compositions():
    group = SO2() * Cyclic(2)
    rho = SO2().rep("1x1").induce(group.subgroup("0"))
    check_representation(rho).raise_if_failed()
    assert rho.dim == 4
    through = O2().subgroup("so2") @ SO2().subgroup("so2")
    assert len(through.cosets()) == 2
    deep = (O3() * Cyclic(2)).subgroup("0") @ O3().subgroup("so3")
    induced = SO3().rep("1x1").induce(deep)
    assert induced.dim == 12
    check_representation(induced).raise_if_failed()


def test_what_is_no_element_generates_nothing():
    with pytest.raises(ValueError, match=r"S\(3\).subgroup: expected elements of S\(3\)"):
        Permutation(3).subgroup(torch.tensor([[0, 0, 1]]))


def test_signs_in_half_precision():
    flip = torch.diag(torch.tensor([1.0, -1.0]))
    for dtype in (torch.bfloat16, torch.float32, torch.float64):
        assert Sign.of(O2())(flip.to(dtype)).item() == 1


def test_values_at_too_many_elements_are_refused():
    with pytest.raises(ValueError, match="at most 5000 elements"):
        Permutation(8).regular(on_elements=True)


def test_acting_costs_no_device():
    rho = SO3().rep("2x0 + 1x2")
    g = SO3().identity(4, device="meta")
    assert rho.act(g, torch.zeros(4, rho.dim, device="meta")).is_meta


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: FiniteGroup.from_table([[0, 1], [1]]), ValueError, "nested lists of equal"),
        (lambda: FiniteGroup.from_permutations("abc"), ValueError, "nested lists of equal"),
        (lambda: SO2().rep("1x1").change_basis([[1, 0], [0, 1]]), TypeError, "a real matrix, got"),
        (lambda: SO2().rep("1x1").external(None), TypeError, "another representation, got None"),
        (
            lambda: Representation.from_generators(SO2(), [[[0]]]),
            TypeError,
            "as a tensor, got list",
        ),
        (lambda: SO3().subgroup(["so2"]), TypeError, "a name, or elements as a tensor, got list"),
        (lambda: SO2().regular(-1), ValueError, "a cutoff of at least 0, got -1"),
        (lambda: Cyclic(True), ValueError, "an integer of at least 1"),
    ],
)
def test_wrong_kinds_get_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_rotations_of_a_plane_inside_rigid_motions():
    for group, name in ((SE2(), "c(4)"), (SE3(), "so2:x"), (SE3(), "octahedral")):
        check_homomorphism(group.subgroup(name)).raise_if_failed()
