"""Restriction, pullback, induction, external products, permutations: laws and reciprocity."""

import copy
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, Dihedral, Permutation, Representation
from groupae.groups import O2, O3, FiniteGroup, Icosahedral, Octahedral, Tetrahedral, Translation
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.maps.quotients import RotationPart, Sign, Winding
from groupae.representations.equivariant_maps import intertwiners
from groupae.representations.transfer import (
    Induced,
    PermutationRepresentation,
    Pullback,
    external_product,
)
from groupae.testing import check_representation
from tests.strategies import representations

quaternions = FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])

PAIRS = (  # subgroups of finite index, small enough to compare everything
    Cyclic(6).subgroup("c(3)"),
    Cyclic(6).subgroup("c(2)"),
    Dihedral(4).subgroup("c(4)"),
    Dihedral(6).subgroup("d(3)"),
    Dihedral(3).subgroup("trivial"),
    Permutation(4).subgroup("s(3)"),
    Permutation(4).subgroup("alternating"),
    Permutation(3).subgroup("c(3)"),
    quaternions.subgroup(torch.tensor([1])),
    Octahedral().subgroup(torch.tensor([1, 3])),
    O2().subgroup("so2"),
    O3().subgroup("so3"),
)
INTO = (
    SO3().subgroup("so2"),
    SO3().subgroup("so2:x"),
    SO3().subgroup("o2"),
    SO3().subgroup("d(3)"),
    SO3().subgroup("octahedral"),
    O3().subgroup("so3"),
    O2().subgroup("d(4)"),
    Permutation(4).subgroup("s(3)"),
    (SO2() * Cyclic(3)).subgroup("1"),
    Sign.of(O3()),
    Sign.of(Permutation(3)),
    Winding(SO2(), SO2(), 2),
    Winding(Translation(1), SO2()),
    RotationPart.of(SE2()),
    RotationPart.of(SE3()),
)
pairs, into = st.sampled_from(PAIRS), st.sampled_from(INTO)


def some(group, n=8):
    return group.sample(n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def drawn(data, group, copies=1):
    labels = representations(group, cutoff=2, most_terms=2, most_copies=copies)
    return data.draw(labels)


def close(found, wanted, tolerance=1e-10):
    torch.testing.assert_close(found, wanted, atol=tolerance, rtol=0)


# --- laws -----------------------------------------------------------------------------------
@settings(max_examples=30)
@given(pairs, st.data())
def test_induced_representations_keep_the_laws(phi, data):
    rho = drawn(data, phi.source).induce(phi)
    for dtype in (torch.float64, torch.float32):
        check_representation(rho, dtype=dtype).raise_if_failed()


@settings(max_examples=40)
@given(into, st.data())
def test_pulled_back_and_restricted_representations_keep_the_laws(phi, data):
    sigma = drawn(data, phi.target)
    pulled = sigma.pullback(phi)
    made = [pulled]
    if phi.source.is_compact:
        made.append(sigma.restrict(phi))
    for rho in made:
        assert rho.group == phi.source
        for dtype in (torch.float64, torch.float32):
            check_representation(rho, dtype=dtype).raise_if_failed()
        g = some(phi.source)
        close(rho.matrix(g, torch.float64), sigma.matrix(phi(g), torch.float64))


@settings(max_examples=20)
@given(
    st.sampled_from([SO2(), SO3(), Cyclic(4), Permutation(3), Affine(), SO2() * Cyclic(3)]),
    st.sampled_from([SO2(), Cyclic(4), Dihedral(3), Icosahedral(), Translation(1)]),
    st.data(),
)
def test_external_products_are_kronecker_products(a, b, data):
    rho, sigma = drawn(data, a), drawn(data, b)
    both = rho.external(sigma)
    assert both == external_product(rho, sigma)
    assert both.group == a * b
    for dtype in (torch.float64, torch.float32):
        check_representation(both, dtype=dtype).raise_if_failed()
    g, h = some(a), some(b)
    parts = [*(a.unpack(g) if hasattr(a, "factors") else (g,)), h]
    found = both.matrix(both.group.pack(*parts), torch.float64)
    x, y = rho.matrix(g, torch.float64), sigma.matrix(h, torch.float64)
    close(found, torch.stack([torch.kron(p, q) for p, q in zip(x, y, strict=True)]))


@settings(max_examples=25)
@given(pairs, into, st.data())
def test_they_are_data(phi, psi, data):
    made = [drawn(data, phi.source).induce(phi), drawn(data, psi.target).pullback(psi)]
    if psi.source.is_compact:
        made.append(made[1].decompose())
    for rho in made:
        for other in (pickle.loads(pickle.dumps(rho)), copy.deepcopy(rho)):
            assert other == rho
            assert hash(other) == hash(rho)


# --- restriction ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "phi", "wanted"),
    [
        ("16x0 + 8x1 + 4x2", SO3().subgroup("so2"), "28x0 + 12x1 + 4x2"),
        ("1x1", SO3().subgroup("o2"), "1x0- + 1x1"),
        ("1x2", SO3().subgroup("octahedral"), "1x2 + 1x4"),  # E + T2
        ("1x2", SO3().subgroup("tetrahedral"), "1x1 + 1x2"),  # E + T
        ("1x2", SO3().subgroup("icosahedral"), "1x4"),  # H
        ("1x1o", O3().subgroup("so3"), "1x1"),
        ("1x1", O2().subgroup("so2"), "1x1"),
        ("1x0-", O2().subgroup("so2"), "1x0"),
        ("1x[2,2]", Permutation(4).subgroup("alternating"), "1x1"),
        ("1x[3,1]", Permutation(4).subgroup("s(3)"), "1x[3] + 1x[2,1]"),
        ("1x1 + 1x4", SO2().subgroup("c(4)"), "1x0 + 1x0 + 1x1"),
    ],
)
def test_restrictions_print_the_branching_of_the_tables(text, phi, wanted):
    found = phi.target.rep(text).restrict(phi)
    if wanted == "1x0 + 1x0 + 1x1":
        wanted = "2x0 + 1x1"
    assert str(found) == wanted


def test_restriction_in_steps_is_restriction_at_once():
    step, last = O3().subgroup("so3"), SO3().subgroup("so2")
    rho = O3().rep("1x0o + 1x1o + 2x2e")
    at_once, in_steps = rho.restrict(step @ last), rho.restrict(step).restrict(last)
    assert str(at_once) == str(in_steps)
    g = some(SO2())
    close(at_once.matrix(g), in_steps.matrix(g))


def test_a_restriction_to_a_group_that_is_not_compact_stays_a_pullback():
    rho = SE2().standard().restrict(SE2().subgroup("translation"))
    assert isinstance(rho, Pullback)
    check_representation(rho).raise_if_failed()


def test_pullback_keeps_what_is_known_of_the_whole():
    rho = SO3().rep("1x1 + 1x2").pullback(SO3().subgroup("so2"))
    assert rho.is_orthogonal
    assert rho.error_growth == 3
    assert str(rho) == "pullback(1x1 + 1x2, SO(2) -> SO(3))"
    assert [s.part.dim for s in rho.summands()] == [3, 5]
    assert not Affine().standard().pullback(Affine().subgroup("scaling")).is_orthogonal


# --- induction ------------------------------------------------------------------------------
@given(pairs, st.data())
def test_frobenius_reciprocity(phi, data):
    """dim Hom_G(Ind rho, sigma) = dim Hom_H(rho, Res sigma)."""
    rho, sigma = drawn(data, phi.source), drawn(data, phi.target)
    upstairs = intertwiners(rho.induce(phi), sigma)
    downstairs = intertwiners(rho, sigma.restrict(phi))
    assert len(upstairs) == len(downstairs)


@given(pairs, st.data())
def test_the_character_of_an_induced_representation(phi, data):
    """The sum over cosets of chi(t^-1 g t) where that lies in the subgroup (Serre, 3.3)."""
    rho = drawn(data, phi.source)
    induced, group = rho.induce(phi), phi.target
    g = group.hard_elements(torch.float64)[:24]
    t = phi.cosets()
    conjugates = group.compose(group.compose(group.inverse(t)[:, None], g), t[:, None])
    inside = phi.preimage(conjugates)
    lies = group.distance(phi(inside), conjugates) < 1e-6
    wanted = (rho.character(inside, torch.float64) * lies).sum(0)
    close(induced.character(g, torch.float64), wanted)
    assert induced.dim == len(t) * rho.dim


@given(pairs, st.data())
def test_what_is_left_of_the_first_coset_is_the_inner_representation(phi, data):
    """For h in H, the block of the identity's coset is rho(h) itself."""
    rho = drawn(data, phi.source)
    h = some(phi.source)
    matrix = rho.induce(phi).matrix(phi(h), torch.float64)
    close(matrix[:, : rho.dim, : rho.dim], rho.matrix(h, torch.float64))


def test_induction_in_stages():
    """Ind_H^G = Ind_K^G Ind_H^K, and inducing is additive; seen on characters."""
    small, large = Cyclic(6).subgroup("c(2)"), Dihedral(6).subgroup("c(6)")
    rho = Cyclic(2).rep("1x1 + 2x0")
    g = Dihedral(6).elements()
    at_once = rho.induce(large @ small).character(g, torch.float64)
    in_stages = rho.induce(small).induce(large).character(g, torch.float64)
    close(at_once, in_stages)
    apart = Cyclic(2).rep("1x1").induce(small).character(torch.arange(6), torch.float64)
    twice = Cyclic(2).rep("1x0").induce(small).character(torch.arange(6), torch.float64)
    close(rho.induce(small).character(torch.arange(6), torch.float64), apart + 2 * twice)


def test_mackey_restricting_an_induced_representation():
    """S_3 in S_4: two double cosets, S_3 itself and S_2; so Res Ind 1 = 1 + Ind_{S_2} 1."""
    phi = Permutation(4).subgroup("s(3)")
    found = Permutation(3).rep("1x[3]").induce(phi).restrict(phi)
    inner = Permutation(3).subgroup("s(2)")
    wanted = Permutation(3).rep("1x[3]") + Permutation(2).rep("1x[2]").induce(inner)
    assert str(found) == str(wanted.decompose())


@pytest.mark.parametrize(
    ("rho", "phi", "wanted"),
    [
        (SO2().rep("1x1 + 1x0"), O2().subgroup("so2"), "1x0 + 1x0- + 2x1"),
        (SO3().rep("1x1"), O3().subgroup("so3"), "1x1e + 1x1o"),
        (
            Permutation(3).rep("1x[2,1]"),
            Permutation(4).subgroup("s(3)"),
            "1x[3,1] + 1x[2,2] + 1x[2,1,1]",
        ),
        (Cyclic(1).rep("1x0"), Cyclic(4).subgroup("c(1)"), "1x0 + 1x1 + 1x2"),
    ],
)
def test_induced_representations_split_as_in_the_books(rho, phi, wanted):
    assert str(rho.induce(phi).decompose()) == wanted
    assert rho.induce(phi).is_orthogonal
    assert str(rho.induce(phi)) == f"induce({rho}, {phi})"


# --- regular, quotients ---------------------------------------------------------------------
@pytest.mark.parametrize("phi", [p for p in PAIRS if p.target.order], ids=str)
def test_functions_on_cosets_are_permuted(phi):
    group = phi.target
    rho = group.quotient(phi, on_cosets=True)
    assert isinstance(rho, PermutationRepresentation)
    check_representation(rho).raise_if_failed()
    check_representation(rho, dtype=torch.float32).raise_if_failed()
    assert str(rho.decompose()) == str(group.quotient(phi))
    induced = phi.source.trivial().induce(phi)
    g = group.elements()
    assert torch.equal(rho.matrix(g, torch.float64), induced.matrix(g, torch.float64))
    assert str(rho) == f"cosets({phi})"
    fixed = rho.character(g, torch.float64)
    assert abs(fixed.mean() - 1) < 1e-12  # Burnside: one orbit
    assert pickle.loads(pickle.dumps(rho)) == rho


def test_quotients_hold_each_irrep_as_often_as_it_has_fixed_vectors():
    sphere = SO3().quotient(SO3().subgroup("so2"), cutoff=4)
    assert str(sphere) == "1x0 + 1x1 + 1x2 + 1x3 + 1x4"  # spherical harmonics
    football = SO3().quotient(SO3().subgroup("icosahedral"), cutoff=12)
    assert str(football) == "1x0 + 1x6 + 1x10 + 1x12"
    assert str(SO2().quotient(SO2().subgroup("c(3)"), cutoff=7)) == "1x0 + 1x3 + 1x6"
    projective = SO3().quotient(SO3().subgroup("o2"), cutoff=4)
    assert str(projective) == "1x0 + 1x2 + 1x4"
    assert O2().quotient(O2().subgroup("so2"), cutoff=3) == O2().rep("1x0 + 1x0-")
    two = O2().quotient(O2().subgroup("so2"), on_cosets=True)
    assert isinstance(two, Induced)
    assert str(two.decompose()) == "1x0 + 1x0-"


def test_the_regular_representation_is_induced_from_nothing():
    group = Permutation(3)
    alone = Cyclic(1).trivial().induce(group.subgroup("trivial"))
    g = group.elements()
    regular = group.regular(on_elements=True)
    assert torch.equal(regular.matrix(g, torch.float64), alone.matrix(g, torch.float64))
    assert str(regular) == "regular(S(3))"
    assert Representation.regular_of(group) == regular
    assert regular.is_orthogonal
    assert regular.error_growth == 1
    h = torch.tensor([1, 2, 0])
    moved = regular.act(h, torch.eye(6)[2])  # e_x goes to e_{h x}
    assert moved.argmax() == group.index(group.compose(h, g[2]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_permutations_are_by_gather_in_any_dtype(dtype):
    rho = Cyclic(4).regular(on_elements=True)
    x = torch.arange(4, dtype=dtype)
    assert rho.act(torch.tensor(1), x).tolist() == [3, 0, 1, 2]
    assert rho.character(torch.arange(4), dtype).tolist() == [4, 0, 0, 0]
    assert rho.character(torch.arange(4)).dtype == torch.float32


# --- bad input ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: SO2().rep("1x1").pullback(SO3().subgroup("so2")),
            ValueError,
            r"pullback: expected a homomorphism into SO\(2\), got SO\(2\) -> SO\(3\)",
        ),
        (lambda: SO2().rep("1x1").pullback(3), ValueError, r"a homomorphism into SO\(2\), got 3"),
        (lambda: SO2().rep("1x1").restrict(SO3()), ValueError, r"a homomorphism into SO\(2\)"),
        (
            lambda: SO3().rep("1x1").induce(SO3().subgroup("so2")),
            ValueError,
            r"induce: expected the inclusion of SO\(3\) into a group, got SO\(2\) -> SO\(3\)",
        ),
        (lambda: SO3().rep("1x1").induce("so3"), ValueError, "the inclusion of SO"),
        (
            lambda: Permutation(3).trivial().induce(Sign.of(Permutation(3))),
            TypeError,
            r"induce: expected an injective homomorphism, got S\(3\) -> C\(2\)",
        ),
        (
            lambda: SO2().rep("1x1").induce(SO3().subgroup("so2")),
            TypeError,
            "a subgroup with known cosets, got one without; only subgroups of finite index",
        ),
        (
            lambda: SO3().quotient(SO2().subgroup("c(3)")),
            ValueError,
            r"SO\(3\).quotient: expected the inclusion of a subgroup of SO\(3\)",
        ),
        (lambda: SO3().quotient(3), ValueError, "the inclusion of a subgroup"),
        (lambda: SO3().quotient(SO3().subgroup("so2")), ValueError, "a cutoff, the highest degree"),
        (
            lambda: Affine().quotient(Affine().subgroup("scaling")),
            TypeError,
            r"a compact group for quotient\(\), got a non-compact one",
        ),
        (lambda: SO3().regular(), ValueError, r"SO\(3\): expected a cutoff, the highest degree"),
        (lambda: SO2().regular(on_elements=True), TypeError, "use regular.cutoff., a sum of"),
        (
            lambda: (Cyclic(3) * Cyclic(3)).quotient(
                Homomorphism.from_callable(Cyclic(3), Cyclic(3) * Cyclic(3), _diagonal)
            ),
            ValueError,
            r"irreps that the quotient holds whole, got half of \(1,1\), which can be split",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def _diagonal(g):
    return (Cyclic(3) * Cyclic(3)).pack(g, g)


def test_tetrahedral_turns_of_the_octahedron():
    """T sits in O with index 2: inducing the trivial one gives A1 + A2."""
    octahedral, tetrahedral = Octahedral(), Tetrahedral()
    inside = octahedral.convert(tetrahedral.natural.values, "matrix", "index")
    phi = octahedral.subgroup(inside)
    assert phi.source.order == 12
    assert str(octahedral.quotient(phi)) == "1x0 + 1x1"
