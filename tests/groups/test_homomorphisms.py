"""Subgroups by name, projections, coverings, and maps by functions: they keep products."""

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, Dihedral, FiniteGroup, Permutation
from groupae.groups import O2, O3, Icosahedral, Octahedral, Tetrahedral, Translation
from groupae.groups.constants import Constant
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.groups.maps.homomorphisms import (
    Composition,
    FunctionHomomorphism,
    Homomorphism,
    IdentityMap,
    TabulatedHomomorphism,
    offending_pair,
)
from groupae.groups.maps.projections import FactorInclusion, Projection
from groupae.groups.maps.quotients import RotationPart, Sign, Winding
from groupae.groups.maps.subgroups import subgroup_names
from groupae.testing import assert_laws

SUBGROUPS = {
    SO2(): ("c(1)", "c(5)", "c(8)", "so2"),
    O2(): ("so2", "c(3)", "d(1)", "d(4)", "o2"),
    SO3(): (
        *("so2", "so2:x", "so2:y", "so2:z", "o2", "c(4)", "d(3)"),
        *("tetrahedral", "octahedral", "icosahedral", "SO(3)"),
    ),
    O3(): ("so3", "so2", "so2:x", "o2", "c(3)", "d(4)", "tetrahedral", "icosahedral", "O(3)"),
    Cyclic(12): ("c(4)", "c(1)", "c(3)", "c(12)"),
    Dihedral(6): ("c(3)", "c(6)", "d(1)", "d(2)", "d(3)", "d(6)"),
    Permutation(4): ("c(4)", "s(1)", "s(2)", "s(3)", "s(4)", "alternating"),
    Permutation(2): ("c(2)", "alternating"),
    SE2(): ("so2", "translation"),
    SE3(): ("so3", "translation"),
    Affine(): ("scaling", "translation"),
    SO2() * Cyclic(4) * SO3(): ("0", "1", "2"),
    Cyclic(3) * Cyclic(4): ("0", "1"),
    Icosahedral(): ("icosahedral",),
}
NAMED = [(group, name) for group, names in SUBGROUPS.items() for name in ("trivial", *names)]

ELEMENTS = [  # finite subgroups and their index
    (Cyclic(12), "c(4)", 3),
    (Dihedral(6), "c(3)", 4),
    (Dihedral(6), "d(2)", 3),
    (Permutation(4), "s(3)", 4),
    (Permutation(4), "c(4)", 6),
    (Permutation(4), "alternating", 2),
    (Permutation(4), "trivial", 24),
    (Permutation(3), "s(3)", 1),
    (Icosahedral(), "trivial", 60),
    (O2(), "so2", 2),
    (O3(), "so3", 2),
    (SO3(), "so3", 1),
]


def double(g):
    return 2 * g


def half(g):
    return g / 2


def quarter_turns(j):
    """C(4) in SO(2), with a coordinate that jumps."""
    return j.double() * (math.pi / 2)


def quarter_steps(angle):
    return torch.remainder((angle / (math.pi / 2)).round().long(), 4)


# --- subgroups ------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(("group", "name"), NAMED, ids=str)
def test_every_named_subgroup_keeps_products_and_comes_back(group, name, dtype):
    phi = group.subgroup(name)
    assert phi.target == group
    assert phi.is_injective
    assert_laws(phi, dtype=dtype)


def test_names_are_read_in_any_spelling():
    assert SO3().subgroup(" SO(2) ") == SO3().subgroup("so2") == SO3().subgroup("so2:z")
    assert isinstance(SO3().subgroup("so3"), IdentityMap)
    assert isinstance(SO2().subgroup("SO(2)"), IdentityMap)
    assert SO3().subgroup("so2:x") != SO3().subgroup("so2:y")


@pytest.mark.parametrize("group", list(SUBGROUPS), ids=str)
def test_an_unknown_name_lists_the_known_ones(group):
    with pytest.raises(ValueError, match="expected a name to be one of trivial") as error:
        group.subgroup("nonsense")
    assert all(name in str(error.value) for name in subgroup_names(group))
    assert "P<" not in str(error.value)


def test_turns_about_an_axis_are_counter_clockwise_seen_from_its_tip():
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    for i, axis in enumerate("xyz"):
        turned = SO3().subgroup(f"so2:{axis}")(quarter)
        eye = torch.eye(3, dtype=torch.float64)
        torch.testing.assert_close(turned @ eye[i], eye[i])
        torch.testing.assert_close(turned @ eye[(i + 1) % 3], eye[(i + 2) % 3])
        vector = torch.zeros(3, dtype=torch.float64)
        vector[i] = math.pi / 2
        torch.testing.assert_close(turned, SO3().exp(vector))


def test_reflections_of_a_plane_become_half_turns_in_space_and_mirrors_in_o3():
    flip = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    assert SO3().subgroup("o2")(flip).tolist() == [[1, 0, 0], [0, -1, 0], [0, 0, -1]]
    assert O3().subgroup("o2")(flip).tolist() == [[1, 0, 0], [0, -1, 0], [0, 0, 1]]


def test_cyclic_and_dihedral_groups_are_the_same_turns():
    j = torch.arange(6)
    angles = SO2().subgroup("c(6)")(j)
    torch.testing.assert_close(SO2().distance(angles, j.double() * math.pi / 3), 0 * angles)
    assert Cyclic(12).subgroup("c(6)")(j).tolist() == [0, 2, 4, 6, 8, 10]
    assert Dihedral(12).subgroup("d(3)")(j).tolist() == [0, 4, 8, 12, 16, 20]
    matrices = O2().subgroup("d(3)")(j)
    torch.testing.assert_close(matrices, Dihedral(3).convert(j, "index", "matrix"))


def test_permutation_subgroups_are_what_they_are_called():
    assert Permutation(4).subgroup("s(2)")(torch.tensor([1, 0])).tolist() == [1, 0, 2, 3]
    assert Permutation(3).subgroup("c(3)")(torch.tensor(1)).tolist() == [1, 2, 0]
    even = Permutation(5).subgroup("alternating")
    assert even.source.order == 60
    assert not Sign.of(Permutation(5))(even(even.source.elements())).any()


def test_factors_of_a_product_have_the_identity_elsewhere():
    group = SO2() * Cyclic(4)
    first, second = group.subgroup("0"), group.subgroup("1")
    assert first(torch.tensor(0.5)).tolist() == [0.5, 0.0]
    assert second(torch.tensor(3)).tolist() == [0.0, 3.0]
    assert first == FactorInclusion(SO2(), group, 0)
    assert_laws(Projection(group, Cyclic(4), (1,)))
    triple = SO2() * Cyclic(4) * SO3()
    assert_laws(Projection(triple, SO3() * SO2(), (2, 0)))
    both = Projection(group, SO2(), (0,)) @ first
    g = torch.linspace(-3, 3, 7)
    assert torch.equal(both(g), g)


# --- cosets ---------------------------------------------------------------------------------
@pytest.mark.parametrize(("group", "name", "index"), ELEMENTS, ids=str)
def test_cosets_are_as_many_as_the_index_and_cover_the_group(group, name, index):
    phi = group.subgroup(name)
    t = phi.cosets()
    assert len(t) == index
    assert group.equal(t[0], group.identity(dtype=t.dtype))
    g = group.sample(40, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    between = group.compose(group.inverse(t), g[:, None])  # t_i^-1 g lies in H for one i
    near = group.distance(phi(phi.preimage(between)), between) < 1e-6
    assert (near.sum(1) == 1).all()
    assert near.any(0).all() or len(t) > 6


@pytest.mark.parametrize(
    "phi",
    [SO3().subgroup("so2"), SO2().subgroup("c(4)"), SE3().subgroup("so3")],
    ids=str,
)
def test_subgroups_of_infinite_index_say_so(phi):
    with pytest.raises(TypeError, match="a subgroup with known cosets, got one without; only"):
        phi.cosets()


# --- composition ----------------------------------------------------------------------------
def test_composition_is_right_first_associates_and_checks():
    a, b, c = SO2().subgroup("c(4)"), SO3().subgroup("so2"), O3().subgroup("so3")
    left, right = (c @ b) @ a, c @ (b @ a)
    assert (left.source, left.target) == (right.source, right.target) == (Cyclic(4), O3())
    j = torch.arange(4)
    assert torch.equal(left(j), right(j))
    assert torch.equal(left(j), c(b(a(j))))
    assert torch.equal(left.preimage(left(j)), j)
    assert isinstance(left, Composition)
    assert str(left) == "C(4) -> O(3)"
    assert_laws(left)
    same = IdentityMap(SO3(), SO3())
    assert same @ b is b
    assert c @ same is c
    with pytest.raises(ValueError, match=r"a homomorphism into C\(4\) on the right of @, got C"):
        a @ a
    with pytest.raises(TypeError):
        a @ 3


def test_a_composition_is_injective_if_both_are():
    sign = Sign.of(Permutation(3))
    s2 = Permutation(3).subgroup("s(2)")
    assert not (sign @ s2).is_injective
    assert (O2().subgroup("so2") @ SO2().subgroup("c(4)")).is_injective
    assert_laws(sign @ s2)
    with pytest.raises(TypeError, match="an injective map with a known preimage, got one without"):
        (sign @ s2).preimage(torch.tensor(1))


# --- onto smaller groups --------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize(
    "phi",
    [
        *(Sign.of(group) for group in (O2(), O3(), Permutation(4), Permutation(1), Dihedral(5))),
        RotationPart.of(SE2()),
        RotationPart.of(SE3()),
        Winding(SO2(), SO2(), 3),
        Winding(SO2(), SO2(), -1),
        Winding(Translation(1), SO2()),
    ],
    ids=str,
)
def test_quotients_keep_products(phi, dtype):
    assert_laws(phi, dtype=dtype)
    assert not phi.is_injective


def test_the_sign_is_the_determinant():
    p = Permutation(5).sample(60, generator=torch.Generator().manual_seed(0))
    parity = torch.linalg.det(Permutation(5).convert(p, "images", "matrix"))
    assert torch.equal(1 - 2 * Sign.of(Permutation(5))(p), parity.round().long())
    d = Dihedral(5)
    parity = torch.linalg.det(d.convert(d.elements(), "index", "matrix"))
    assert torch.equal(1 - 2 * Sign.of(d)(d.elements()), parity.round().long())
    g = O3().sample(50, generator=torch.Generator().manual_seed(0))
    assert torch.equal(1 - 2 * Sign.of(O3())(g), torch.linalg.det(g).round().long())


def test_winding_multiplies_angles_and_rolls_up_the_line():
    g = torch.tensor([1.0, -2.5], dtype=torch.float64)
    wound = Winding(SO2(), SO2(), -2)(g)
    assert (SO2().distance(wound, -2 * g) < 1e-12).all()
    assert (wound.abs() <= math.pi).all()
    rolled = Winding(Translation(1), SO2())(torch.tensor([[7.0]]))
    torch.testing.assert_close(rolled, torch.tensor([7.0 - 2 * math.pi]))


# --- by functions and tables ----------------------------------------------------------------
def test_functions_are_checked_and_come_back_if_told_how():
    phi = Homomorphism.from_callable(Cyclic(4), SO2(), quarter_turns, preimage=quarter_steps)
    assert_laws(phi)
    assert phi.is_injective
    assert Homomorphism.from_callable(SO2(), SO2(), double).is_injective is False
    with pytest.raises(TypeError, match="an injective map"):
        Homomorphism.from_callable(SO2(), SO2(), double).preimage(torch.tensor(0.5))


def test_a_function_that_keeps_no_products_is_refused_with_a_pair():
    with pytest.raises(ValueError, match=r"phi\(gh\) = phi\(g\) phi\(h\), got a difference at"):
        Homomorphism.from_callable(SO2(), SO2(), half)
    phi = FunctionHomomorphism(SO2(), SO2(), half)
    g, h = offending_pair(phi)
    gap = SO2().distance(phi(SO2().compose(g, h)), SO2().compose(phi(g), phi(h)))
    assert gap > 1
    assert offending_pair(FunctionHomomorphism(SO2(), SO2(), double)) is None


def test_a_function_that_gives_no_numbers_is_refused():
    with pytest.raises(ValueError, match="a difference at"):
        Homomorphism.from_callable(SO2(), SO2(), torch.log)


def test_a_table_is_a_subgroup_only_if_no_two_elements_meet():
    sign = TabulatedHomomorphism(Cyclic(4), Cyclic(2), Constant([0, 1, 0, 1]))
    assert_laws(sign)
    assert not sign.is_injective
    with pytest.raises(TypeError, match="an injective map"):
        sign.preimage(torch.tensor(1))
    with pytest.raises(ValueError, match=r"one image for each element .* C.4., got 3 images"):
        TabulatedHomomorphism(Cyclic(4), Cyclic(2), Constant([0, 1, 0]))
    with pytest.raises(ValueError, match="a finite source"):
        TabulatedHomomorphism(SO2(), Cyclic(2), Constant([0, 1, 0]))


def test_explicit_isomorphisms():
    """S_3 is D_3, and the rotations of the tetrahedron permute its vertices: A_4."""
    corners = torch.tensor([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1.0]]).double()
    tetrahedral = Tetrahedral()
    moved = corners @ tetrahedral.natural.values.mT
    images = torch.cdist(moved, corners.expand(12, -1, -1)).argmin(-1)
    phi = TabulatedHomomorphism(tetrahedral, Permutation(4), Constant(images))
    assert_laws(phi)
    even = Permutation(4).subgroup("alternating")
    onto = even.target.distance(even(even.preimage(images)), images)
    assert not onto.any()
    # the standard representations agree: four corners are the trivial one and the rotations
    split = Permutation(4).rep("1x[3,1]").restrict(phi)
    assert str(split) == "1x2"
    turns = Dihedral(3).convert(torch.arange(6), "index", "matrix")
    angles = torch.arange(3) * (2 * math.pi / 3)
    triangle = torch.stack([angles.cos(), angles.sin()], -1).double()
    images = torch.cdist(triangle @ turns.mT, triangle.expand(6, -1, -1)).argmin(-1)
    phi = TabulatedHomomorphism(Dihedral(3), Permutation(3), Constant(images))
    assert_laws(phi)
    g = Dihedral(3).elements()
    torch.testing.assert_close(
        Permutation(3).rep("1x[2,1]").pullback(phi).character(g, torch.float64),
        Dihedral(3).irrep(1).character(g, torch.float64),
    )


@given(st.data())
def test_elements_generate_subgroups_that_keep_products(data):
    group = data.draw(st.sampled_from([Permutation(4), Dihedral(6), Cyclic(12), Octahedral()]))
    some = data.draw(st.lists(st.integers(0, group.order - 1), min_size=1, max_size=2))
    phi = group.subgroup(group.elements()[torch.tensor(some)])
    assert_laws(phi)
    assert group.order % phi.source.order == 0
    inside = phi(phi.source.elements())
    products = group.index(group.compose(inside[:, None], inside[None]))
    assert set(products.flatten().tolist()) == set(group.index(inside).tolist())
    assert set(some) <= set(group.index(inside).tolist())


# --- as data, in batches --------------------------------------------------------------------
@pytest.mark.parametrize(("group", "name"), NAMED, ids=str)
def test_homomorphisms_are_data_and_keep_batch_axes(group, name):
    phi = group.subgroup(name)
    for other in (group.subgroup(name), pickle.loads(pickle.dumps(phi)), copy.deepcopy(phi)):
        assert other == phi
        assert hash(other) == hash(phi)
    assert str(phi) == f"{phi.source} -> {group}"
    for batch in ((), (1,), (3, 1, 2), (0,)):
        g = phi.source.sample(*batch, dtype=torch.float64)
        image = phi(g)
        assert image.shape == (*batch, *group.element_shape)
        assert phi.preimage(image).shape == g.shape


# --- bad input ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: Cyclic(12).subgroup("c(5)"),
            ValueError,
            r"C\(12\).subgroup: expected c\(n\) with n a divisor of 12, got c\(5\)",
        ),
        (lambda: Cyclic(12).subgroup("c(0)"), ValueError, r"n a divisor of 12, got c\(0\)"),
        (lambda: Dihedral(6).subgroup("c(4)"), ValueError, r"n a divisor of 6, got c\(4\)"),
        (lambda: Dihedral(6).subgroup("d(4)"), ValueError, r"d\(n\) with n a divisor of 6"),
        (lambda: Dihedral(6).subgroup("d(0)"), ValueError, r"d\(n\) with n a divisor of 6"),
        (lambda: Permutation(4).subgroup("c(2)"), ValueError, r"c\(2\) with n equal to 4"),
        (lambda: Permutation(4).subgroup("s(5)"), ValueError, r"s\(n\), n in 1..4, got s\(5\)"),
        (lambda: Permutation(4).subgroup("s(0)"), ValueError, r"s\(n\), n in 1..4, got s\(0\)"),
        (lambda: SO2().subgroup("c(0)"), ValueError, "Cyclic: expected n to be an integer"),
        (lambda: (SO2() * SO3()).subgroup("2"), ValueError, r"a factor in 0..1, got 2"),
        (
            lambda: SO3().subgroup(torch.eye(3)[None]),
            TypeError,
            r"SO\(3\).subgroup: expected a FiniteGroup for a subgroup by generators, got SO3; name",
        ),
        (lambda: Cyclic(4).subgroup(torch.tensor([0.5])), TypeError, "an integer dtype"),
        (lambda: Sign.of(SO3()), TypeError, r"expected O2, O3, Permutation or Dihedral, got SO"),
        (lambda: Winding(SO2(), SO2(), 0), ValueError, "times not 0, got .* 0 times"),
        (lambda: Winding(Translation(2), SO2(), 1), ValueError, r"SO\(2\) or T\(1\) onto SO\(2\)"),
        (lambda: Winding(SO2(), SO3(), 1), ValueError, r"T\(1\) onto SO\(2\)"),
        (lambda: SO3().subgroup("so2")(torch.zeros(3).long()), TypeError, "a floating dtype"),
        (lambda: SO3().subgroup("so2").preimage(torch.zeros(2, 2)), ValueError, r"\(\*batch, 3, 3"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_finite_group_lists_its_inclusions_once():
    group = FiniteGroup.from_permutations([[1, 2, 0], [1, 0, 2]])
    assert group.subgroup("trivial").source == Cyclic(1)
    assert group.subgroup(str(group)) == IdentityMap(group, group)


def test_a_subgroup_too_large_for_a_table_is_refused():
    with pytest.raises(ValueError, match=r"S\(8\).subgroup: .* at most 5000 elements, got 20160"):
        Permutation(8).subgroup("alternating")
