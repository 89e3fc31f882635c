"""Groups from tables, permutations and matrices, and the irreps the library finds for them."""

import collections
import functools
import math
import operator
import pickle
import time

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import Cyclic, Dihedral, FiniteGroup, Permutation, get_group
from groupae.groups import Icosahedral, Octahedral, Tetrahedral
from groupae.groups.constants import Constant
from groupae.groups.finite.finite_matrix_group import FiniteMatrixGroup
from groupae.groups.finite.found_irreps import find_irreps
from groupae.groups.finite.permutation_group import PermutationGroup
from groupae.groups.finite.table_group import TableGroup
from groupae.testing import assert_laws
from groupae.testing.mixins import GroupLaws, RepresentationLaws


def symmetric_four():
    return FiniteGroup.from_permutations([[1, 2, 3, 0], [1, 0, 2, 3]])


def quaternions():
    """Left multiplication by i and j on 1, i, -1, -i, j, k, -j, -k."""
    return FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])


def frobenius_21():
    """The affine maps ``x -> a x + b`` of Z/7 with a in 1, 2, 4."""
    return FiniteGroup.from_permutations(
        [[(x + 1) % 7 for x in range(7)], [2 * x % 7 for x in range(7)]]
    )


def skewed_three():
    """Turns by a third in a basis that is not orthonormal."""
    return FiniteGroup.from_matrices([[[0, -1], [1, -1]]])


def klein_table():
    return FiniteGroup.from_table([[i ^ j for j in range(4)] for i in range(4)])


EVERY = (
    symmetric_four(),
    quaternions(),
    frobenius_21(),
    skewed_three(),
    klein_table(),
    Tetrahedral(),
    Octahedral(),
    Icosahedral(),
    FiniteGroup.from_table([[0]]),
    FiniteGroup.from_permutations([[0, 1, 2]]),
    FiniteGroup.from_permutations([[1, 0, 2], [0, 1, 2]]),
)
every_group = pytest.mark.parametrize("group", EVERY, ids=str)


def character_table(group):
    labels = group.irreps.labels()
    return torch.stack([group.irrep(x).character(group.elements(), torch.float64) for x in labels])


def sizes_and_types(group):
    return [(group.irreps.dim(x), group.irreps.commutant_dim(x)) for x in group.irreps.labels()]


# --- laws -----------------------------------------------------------------------------------
class TestQuaternions(GroupLaws):
    def make(self):
        return quaternions()


class TestFrobenius(GroupLaws):
    def make(self):
        return frobenius_21()


class TestSkewed(GroupLaws):
    def make(self):
        return skewed_three()


class TestIcosahedralRegular(RepresentationLaws):
    def make(self):
        return Icosahedral().rep("1x0 + 2x1 + 1x2 + 1x3 + 2x4 + 1xstd")


class TestQuaternionicIrrep(RepresentationLaws):
    def make(self):
        return quaternions().rep("2x0 + 3x4")


class TestSkewedStandard(RepresentationLaws):
    def make(self):
        return skewed_three().rep("2xstd + 1x1")


@every_group
def test_every_group_and_its_irreps_keep_the_laws(group):
    assert_laws(group)
    labels = " + ".join(f"1x{x}" for x in group.irreps.labels())
    for dtype in (torch.float64, torch.float32):
        assert_laws(group.rep(labels), dtype=dtype)
    assert_laws(group.standard())


@every_group
def test_the_sizes_of_the_irreps_fill_the_order(group):
    """Wedderburn over the reals: the regular representation holds each irrep d / c times."""
    assert sum(d * d // c for d, c in sizes_and_types(group)) == group.order
    assert all(d % c == 0 for d, c in sizes_and_types(group))


@every_group
def test_rows_of_the_character_table_are_orthogonal(group):
    chi = character_table(group)
    types = torch.tensor([c for _, c in sizes_and_types(group)], dtype=torch.float64)
    torch.testing.assert_close(chi @ chi.mT / group.order, types.diag(), atol=1e-12, rtol=0)


@every_group
def test_columns_of_the_character_table_are_orthogonal(group):
    """The sum over irreps of chi(g) chi(h) / c is the size of the centralizer if h is conjugate.

    Real characters cannot tell g from its inverse: it is the mean over h and h^-1.
    """
    chi = character_table(group)
    types = torch.tensor([c for _, c in sizes_and_types(group)], dtype=torch.float64)
    found = chi.mT @ (chi / types[:, None])
    g = group.elements()
    x = g[:, None, None]
    moved = group.compose(group.compose(x, g[:, None]), group.inverse(x))  # x g x^-1, (n, n, 1)
    carried = (moved == g).sum(0).double()  # how many x carry g to h
    wanted = (carried + carried[:, group.inverse(g)]) / 2
    torch.testing.assert_close(found, wanted, atol=1e-10, rtol=0)


@every_group
def test_the_frobenius_schur_indicator_tells_the_type(group):
    """Of a real irrep: the mean of chi(g^2) is 1 (real), 0 (complex), -2 (quaternionic)."""
    g = group.elements()
    for label, (_, c) in zip(group.irreps.labels(), sizes_and_types(group), strict=True):
        squares = group.irrep(label).character(group.compose(g, g), torch.float64).mean()
        assert abs(squares - {1: 1, 2: 0, 4: -2}[c]) < 1e-12
        assert group.irreps.is_irreducible(label)


@pytest.mark.parametrize(
    ("group", "wanted"),
    [
        (symmetric_four(), [(1, 1), (1, 1), (2, 1), (3, 1), (3, 1)]),
        (quaternions(), [(1, 1), (1, 1), (1, 1), (1, 1), (4, 4)]),
        (frobenius_21(), [(1, 1), (2, 2), (6, 2)]),
        (Tetrahedral(), [(1, 1), (2, 2), (3, 1)]),
        (Octahedral(), [(1, 1), (1, 1), (2, 1), (3, 1), (3, 1)]),
        (Icosahedral(), [(1, 1), (3, 1), (3, 1), (4, 1), (5, 1)]),
    ],
    ids=str,
)
def test_sizes_and_types_are_those_of_the_printed_tables(group, wanted):
    assert sizes_and_types(group) == wanted


def test_icosahedral_characters_are_those_of_the_printed_table():
    """Columns of the table: turns by 0, 2 pi / 5, 4 pi / 5, 2 pi / 3, pi."""
    golden = (1 + math.sqrt(5)) / 2
    classes = [(1, 0.0), (12, 2 / 5), (12, 4 / 5), (20, 2 / 3), (15, 1.0)]
    table = [
        [1, 1, 1, 1, 1],
        [3, golden, 1 - golden, 0, -1],
        [3, 1 - golden, golden, 0, -1],
        [4, -1, -1, 1, 0],
        [5, 0, 0, -1, 1],
    ]
    group = Icosahedral()
    turns = group.convert(group.elements(), "index", "matrix")
    trace = turns.diagonal(dim1=-2, dim2=-1).sum(-1)
    chi = character_table(group)
    rows = []
    for column, (count, turn) in enumerate(classes):
        inside = (trace - 1 - 2 * math.cos(math.pi * turn)).abs() < 1e-9
        assert int(inside.sum()) == count
        values = chi[:, inside]
        assert (values - values[:, :1]).abs().max() < 1e-12
        rows.append(values[:, 0])
        del column
    found = torch.stack(rows, 1)
    wanted = torch.tensor(table, dtype=torch.float64)
    if found[1, 1] < 0:  # the two of degree 3 may come either way
        found = found[[0, 2, 1, 3, 4]]
    torch.testing.assert_close(found, wanted, atol=1e-12, rtol=0)


def test_icosahedral_irreps_are_found_within_five_seconds():
    find_irreps.cache_clear()
    start = time.perf_counter()
    group = FiniteMatrixGroup(Icosahedral().generators)
    assert len(group.irreps.labels()) == 5
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "group", [symmetric_four(), quaternions(), frobenius_21(), Icosahedral()], ids=str
)
def test_irreps_do_not_depend_on_the_eigenvectors_a_solver_returns(group, monkeypatch):
    wanted = find_irreps(group.table)
    solve = torch.linalg.eigh
    generator = torch.Generator().manual_seed(5)

    def another_solver(x):
        """Mix the eigenvectors of equal values by a random orthogonal matrix."""
        values, vectors = solve(x)
        edges = (values.diff() > 1e-8 * values.abs().max()).nonzero().flatten() + 1
        parts = []
        for part in vectors.tensor_split(edges, dim=1):
            n = part.shape[1]
            mixing = torch.randn(n, n, generator=generator, dtype=torch.float64)
            parts.append(part @ torch.linalg.qr(mixing)[0])
        return values, torch.cat(parts, 1)

    monkeypatch.setattr(torch.linalg, "eigh", another_solver)
    find_irreps.cache_clear()
    try:
        found = find_irreps(group.table)
    finally:
        find_irreps.cache_clear()
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a.values, b.values, atol=1e-10, rtol=0)


def test_isomorphic_groups_have_one_character_table():
    """S_3 is D_3 and the rotations of the tetrahedron are A_4, up to the order of the classes."""
    alternating = FiniteGroup.from_permutations([[1, 2, 0, 3], [1, 0, 3, 2]])
    three = FiniteGroup.from_permutations([[1, 2, 0], [1, 0, 2]])
    for a, b in ((Tetrahedral(), alternating), (three, Dihedral(3)), (three, Permutation(3))):
        assert sorted(sizes_and_types(a)) == sorted(sizes_and_types(b))
        rows = [
            sorted(sorted(row) for row in character_table(group).round(decimals=6).tolist())
            for group in (a, b)
        ]
        torch.testing.assert_close(torch.tensor(rows[0]), torch.tensor(rows[1]))


# --- large groups in seconds -----------------------------------------------------------------
def affine_maps(p, a):
    """The maps ``x -> a^k x + b`` of Z/p."""
    return FiniteGroup.from_permutations(
        [[(x + 1) % p for x in range(p)], [a * x % p for x in range(p)]]
    )


def dihedral_permutations(n):
    return FiniteGroup.from_permutations(
        [[(x + 1) % n for x in range(n)], [-x % n for x in range(n)]]
    )


def weyl_f4():
    """Reflections of the 24-cell's symmetry group along four simple roots."""
    roots = [[0, 1, -1, 0], [0, 0, 1, -1], [0, 0, 0, 1], [0.5, -0.5, -0.5, -0.5]]
    a = torch.tensor(roots, dtype=torch.float64)
    outer = a[:, :, None] * a[:, None, :] / a.square().sum(1)[:, None, None]
    return FiniteGroup.from_matrices(torch.eye(4, dtype=torch.float64) - 2 * outer)


def binary_dihedral(n):
    """``a^j x^s`` with ``a^2n = 1``, ``x^2 = a^n`` and ``x a = a^-1 x``, at index j + 2n s."""
    i = torch.arange(4 * n)
    j, s = i % (2 * n), i // (2 * n)
    turn = j[:, None] + (1 - 2 * s[:, None]) * j + n * s[:, None] * s
    return FiniteGroup.from_table(turn % (2 * n) + 2 * n * ((s[:, None] + s) % 2))


def special_linear(p):
    """SL(2, p) on the vectors of the plane other than 0."""
    vectors = [(a, b) for a in range(p) for b in range(p) if a or b]
    place = {v: i for i, v in enumerate(vectors)}
    moves = [
        [place[(a + b) % p, b] for a, b in vectors],
        [place[a, (a + b) % p] for a, b in vectors],
    ]
    return FiniteGroup.from_permutations(moves)


def heisenberg_mod(p):
    i = torch.arange(p**3)
    a, b, c = i % p, i // p % p, i // p**2
    last = c[:, None] + c + a[:, None] * b
    return FiniteGroup.from_table(
        (a[:, None] + a) % p + p * ((b[:, None] + b) % p) + p**2 * (last % p)
    )


@pytest.mark.parametrize(
    ("make", "order", "wanted"),
    [
        (lambda: dihedral_permutations(500), 1000, {(1, 1): 4, (2, 1): 249}),
        (lambda: affine_maps(43, 3), 1806, {(1, 1): 2, (2, 2): 20, (42, 1): 1}),
        (
            weyl_f4,  # Carter: 4 of degree 1, 2 of 4 + 4 of 8, and so on
            1152,
            {(1, 1): 4, (2, 1): 4, (4, 1): 5, (6, 1): 2, (8, 1): 4, (9, 1): 4, (12, 1): 1}
            | {(16, 1): 1},
        ),
        (
            lambda: special_linear(7),
            336,
            {(1, 1): 1, (6, 1): 1, (6, 2): 1, (7, 1): 1, (8, 1): 1, (8, 2): 1, (12, 4): 2}
            | {(16, 4): 1},
        ),
        (lambda: binary_dihedral(250), 1000, {(1, 1): 4, (2, 1): 124, (4, 4): 125}),
        (lambda: heisenberg_mod(7), 343, {(1, 1): 1, (2, 2): 24, (14, 2): 3}),
    ],
    ids=["D(500)", "43:42", "W(F4)", "SL(2,7)", "Dic(250)", "Heis(7)"],
)
def test_irreps_of_large_groups_are_found_in_seconds(make, order, wanted):
    group = make()
    assert group.order == order
    start = time.process_time()
    labels = group.irreps.labels()
    assert time.process_time() - start < 5
    assert collections.Counter(sizes_and_types(group)) == wanted
    assert [group.irreps.dim(x) for x in labels] == sorted(group.irreps.dim(x) for x in labels)
    g, h = torch.randint(order, (2, 40), generator=torch.Generator().manual_seed(0))
    eps = torch.finfo(torch.float64).eps
    for label in labels[:: max(1, len(labels) // 40)]:
        irrep = group.irrep(label)
        a, b, both = (irrep.matrix(x, torch.float64) for x in (g, h, group.compose(g, h)))
        assert (a @ b - both).abs().max() < 64 * eps
        assert (a.mT @ a - torch.eye(irrep.dim, dtype=torch.float64)).abs().max() < 64 * eps


def test_the_table_of_a_large_group_is_checked_and_split_in_seconds():
    start = time.process_time()
    group = FiniteGroup.from_table((torch.arange(999)[:, None] + torch.arange(999)) % 999)
    assert len(group.irreps.labels()) == 500
    assert time.process_time() - start < 5


def test_one_wrong_square_among_a_million_products_is_found():
    """Rows 3, 53 and columns 7, 57 of C(100) hold a Latin square, which may be turned."""
    table = (torch.arange(100)[:, None] + torch.arange(100)) % 100
    table[3, [7, 57]], table[53, [7, 57]] = table[53, [7, 57]], table[3, [7, 57]].clone()
    with pytest.raises(ValueError, match=r"associativity, got \(1 \* 2\) \* 7 = 60 but 1 \* "):
        FiniteGroup.from_table(table)


# --- as data --------------------------------------------------------------------------------
@every_group
def test_text_and_pickle_round_trip(group):
    again = get_group(str(group))
    assert again == group
    assert hash(again) == hash(group)
    assert get_group(group.to_config()) == group
    copy = pickle.loads(pickle.dumps(group))
    assert copy == group
    assert torch.equal(copy.table.values, group.table.values)


def test_the_text_of_points_that_stay_says_how_many_points_there_are():
    group = FiniteGroup.from_permutations([[1, 0, 2]])
    assert str(group) == "<(0 1) on 3>"
    assert get_group("<(0 1)>") != group
    assert get_group("<()>").order == 1
    assert get_group("<(0 1)(2 3), ()>").order == 2


@given(st.permutations(range(6)), st.permutations(range(6)))
def test_products_of_permutations_are_compositions(p, q):
    group = FiniteGroup.from_permutations([p, q])
    g, h = (group.convert(torch.tensor(x), "images", "index") for x in (p, q))
    both = group.convert(group.compose(g, h), "index", "images")
    assert both.tolist() == [p[i] for i in q]
    back = group.convert(group.inverse(g), "index", "images")
    assert [p[i] for i in back.tolist()] == list(range(6))
    matrices = group.convert(torch.stack([g, h]), "index", "matrix")
    assert torch.equal(group.convert(matrices, "matrix", "index"), torch.stack([g, h]))
    assert [int(i) for i in matrices[0].argmax(0)] == list(p)
    assert get_group(str(group)) == group


def test_generators_reach_every_permutation_in_lexicographic_order():
    """All of S_4 are the permutations of 0..3, sorted: those of `Permutation`."""
    assert torch.equal(symmetric_four().images.values, Permutation(4).elements())


def test_matrices_are_found_again_by_their_entries():
    group = Icosahedral()
    g, h = group.sample(2, 50, generator=torch.Generator().manual_seed(0))
    a, b, both = (group.convert(x, "index", "matrix") for x in (g, h, group.compose(g, h)))
    torch.testing.assert_close(a @ b, both, atol=1e-14, rtol=0)
    eye = torch.eye(3, dtype=torch.float64)
    assert (a.mT @ a - eye).abs().max() < 1e-15 * 4
    assert torch.equal(group.convert(a.float(), "matrix", "index"), g)
    assert torch.equal(group.convert(group.identity(), "index", "matrix"), eye)


@pytest.mark.parametrize(
    ("group", "vertices"),
    [
        (Tetrahedral(), [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]),
        (Octahedral(), [[s * (i == j) for j in range(3)] for i in range(3) for s in (1, -1)]),
        (
            Icosahedral(),
            [
                [[0, a, b * (1 + 5**0.5) / 2][(i - k) % 3] for i in range(3)]
                for k in range(3)
                for a in (1, -1)
                for b in (1, -1)
            ],
        ),
    ],
    ids=str,
)
def test_polyhedral_rotations_permute_the_vertices(group, vertices):
    points = torch.tensor(vertices, dtype=torch.float64)
    moved = points @ group.convert(group.elements(), "index", "matrix").mT
    nearest = torch.cdist(moved, points.expand(len(moved), -1, -1)).min(-1)
    assert nearest.values.max() < 1e-6
    ordered = nearest.indices.sort(-1).values
    assert torch.equal(ordered, torch.arange(len(points)).expand_as(ordered))
    assert group.order == 2 * 3 * len(points) // {4: 2, 6: 3 / 2, 12: 6 / 5}[len(points)]


# --- representations ------------------------------------------------------------------------
@pytest.mark.parametrize(
    "group", [symmetric_four(), quaternions(), Permutation(3), Dihedral(4)], ids=str
)
def test_the_regular_representation_permutes_the_elements_and_splits(group):
    rho = group.regular(on_elements=True)
    assert_laws(rho)
    elements = group.elements()
    g = elements[1]
    matrix = rho.matrix(g, torch.float64)
    moved = group.index(group.compose(g[None], elements))
    assert torch.equal(matrix.argmax(0), moved)
    character = rho.character(elements, torch.float64)
    wanted = torch.zeros(group.order, dtype=torch.float64)
    wanted[0] = group.order
    assert torch.equal(character, wanted)
    split = rho.decompose()
    assert str(split) == str(group.regular())
    torch.testing.assert_close(
        split.matrix(elements, torch.float64), rho.matrix(elements, torch.float64)
    )


def test_groups_of_more_than_two_thousand_elements_are_refused():
    steps = torch.arange(2001)
    table = Constant((steps[:, None] + steps) % 2001)
    words = r"find_irreps: expected at most 2000 elements, got 2001; give matrices by"
    with pytest.raises(ValueError, match=words):
        find_irreps(table)


@pytest.mark.parametrize("default", [torch.float32, torch.float64], ids=str)
def test_irreps_do_not_depend_on_the_default_dtype(default):
    before = torch.get_default_dtype()
    wanted = [x.values for x in find_irreps(frobenius_21().table)]
    torch.set_default_dtype(default)
    try:
        find_irreps.cache_clear()
        found = [x.values for x in find_irreps(frobenius_21().table)]
    finally:
        torch.set_default_dtype(before)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_subgroups_are_generated_by_elements():
    group = symmetric_four()
    turn = group.convert(torch.tensor([1, 2, 3, 0]), "images", "index")
    phi = group.subgroup(turn[None])
    assert phi.source.order == 4
    assert phi.source.is_abelian
    assert torch.equal(phi(phi.source.elements()).sort().values, phi(phi.source.elements()))
    assert len(phi.cosets()) == 6
    assert group.subgroup(group.elements()).source.order == 24
    assert group.subgroup(group.identity(1)).source.order == 1


def test_a_character_of_complex_type_needs_its_own_irrep():
    """The Frobenius group of order 21 has two conjugate irreps of degree 3: together one real."""
    group = frobenius_21()
    seventh = group.convert(torch.tensor([(x + 1) % 7 for x in range(7)]), "images", "index")
    value = group.irrep(2).character(seventh, torch.float64)
    assert abs(value + 1) < 1e-12  # (-1 + i sqrt 7) / 2 and its conjugate
    commuting = group.irrep(2).matrix(group.elements(), torch.float64)
    assert commuting.shape == (21, 6, 6)


# --- bad input ------------------------------------------------------------------------------
LOOP = [
    [0, 1, 2, 3, 4],
    [1, 0, 3, 4, 2],
    [2, 4, 0, 1, 3],
    [3, 2, 4, 0, 1],
    [4, 3, 1, 2, 0],
]  # a Latin square with an identity, not associative


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: FiniteGroup.from_table([[0, 1]]), ValueError, r"a square table of whole numbers"),
        (lambda: FiniteGroup.from_table([[0.5]]), ValueError, "whole numbers, got torch.float64"),
        (lambda: FiniteGroup.from_table([]), ValueError, r"whole numbers, got .* shape \(0,\)"),
        (
            lambda: FiniteGroup.from_table([[0, 1], [1, 2]]),
            ValueError,
            r"FiniteGroup.from_table: expected closure: products in 0..1, got 1 \* 1 = 2",
        ),
        (lambda: FiniteGroup.from_table([[0, 1], [1, -1]]), ValueError, r"closure.* 1 \* 1 = -1"),
        (
            lambda: FiniteGroup.from_table([[0, 1], [0, 1]]),
            ValueError,
            r"element 0 to be the identity, got 0 \* 1 = 1 and 1 \* 0 = 0",
        ),
        (
            lambda: FiniteGroup.from_table([[0, 0], [1, 1]]),
            ValueError,
            r"the identity, got 0 \* 1 = 0 and 1 \* 0 = 1",
        ),
        (
            lambda: FiniteGroup.from_table([[0, 1], [1, 1]]),
            ValueError,
            "an inverse of each element, got the element 1, in whose row one repeats",
        ),
        (
            lambda: FiniteGroup.from_table([[0, 1, 2], [1, 2, 0], [2, 1, 0]]),
            ValueError,
            "an inverse of each element, got the element 1, in whose column one repeats",
        ),
        (
            lambda: FiniteGroup.from_table(LOOP),
            ValueError,
            r"associativity, got \(1 \* 1\) \* 2 = 2 but 1 \* \(1 \* 2\) = 4",
        ),
        (
            lambda: FiniteGroup.from_permutations([[0, 0, 1]]),
            ValueError,
            r"FiniteGroup.from_permutations: expected permutations of 0..2, got \[0, 0, 1\]",
        ),
        (
            lambda: FiniteGroup.from_permutations([[0, 1, 2], [1, 2, 3]]),
            ValueError,
            r"permutations of 0..2, got \[1, 2, 3\]",
        ),
        (lambda: FiniteGroup.from_permutations([0, 1]), ValueError, r"shape \(generators, points"),
        (lambda: FiniteGroup.from_permutations([[0.0]]), ValueError, "whole numbers of shape"),
        (
            lambda: PermutationGroup(Constant([[*range(1, 8), 0], [1, 0, *range(2, 8)]])),
            ValueError,
            "from_permutations: expected at most 5000 elements, got more",
        ),
        (
            lambda: FiniteGroup.from_matrices(
                [[[math.cos(1), -math.sin(1)], [math.sin(1), math.cos(1)]]]
            ),
            ValueError,
            "from_matrices: expected at most 2000 elements, got more; they generate an infinite",
        ),
        (
            lambda: FiniteGroup.from_matrices([[[1.0, 1.0], [0.0, 1.0]]]),
            ValueError,
            "from_matrices: expected at most 2000 elements, got more",
        ),
        (
            lambda: FiniteGroup.from_matrices([[[3.0, 4.0], [2.0, 3.0]]]),
            ValueError,
            "from_matrices: expected matrices of finite order, got ones that grow",
        ),
        (
            lambda: FiniteGroup.from_matrices([[[1.0, 0.0], [0.0, 0.0]]]),
            ValueError,
            r"of finite order, of determinant 1 or -1, got determinants \[0.0\]",
        ),
        (lambda: FiniteGroup.from_matrices([[1.0, 0.0]]), ValueError, r"shape \(k, d, d\)"),
        (lambda: FiniteGroup.from_matrices([[[1.0, 0.0]]]), ValueError, r"square matrices of"),
        (
            lambda: FiniteGroup.from_permutations([[1, 2, 0]]).convert(
                torch.tensor([[1, 2, 0], [1, 0, 2]]), "images", "index"
            ),
            ValueError,
            r"^<\(0 1 2\)>.convert: .* \(a permutation of the group\), got \[1, 0, 2\] at batch",
        ),
        (
            lambda: Octahedral().convert(2 * torch.eye(3), "matrix", "index"),
            ValueError,
            r"^Octahedral.convert: .* \(a matrix of the group\), got \[\[2.0, 0.0, 0.0\], \[",
        ),
        (lambda: get_group("<(0 1 0)>"), ValueError, r"disjoint cycles of 0..1, got \[0, 1, 0\]"),
        (lambda: get_group("<(0 5) on 3>"), ValueError, r"disjoint cycles of 0..2, got \[0, 5\]"),
        (lambda: get_group("table[[0,]"), ValueError, "nested lists of numbers, got"),
        (lambda: Icosahedral().rep("1x5"), ValueError, r"an irrep among 0..4 or 'std', got '5'"),
        (lambda: klein_table().rep("1xstd"), ValueError, r"an irrep among 0..3, got 'std'"),
        (lambda: klein_table().compose(torch.tensor(0.5), torch.tensor(1)), TypeError, "integer"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_the_natural_representation_says_whether_it_is_irreducible():
    """Rotations of a polyhedron are irreducible, permutations never are."""
    assert Icosahedral().irreps.is_irreducible("std")
    assert skewed_three().irreps.commutant_dim("std") == 2
    assert not symmetric_four().irreps.is_irreducible("std")
    assert FiniteGroup.from_matrices([[[0.0, -1.0], [1.0, 0.0]]]).irreps.is_irreducible("std")
    assert symmetric_four().irreps.commutant_dim("std") == 2
    assert Icosahedral().irreps.is_orthogonal("std")
    assert not skewed_three().irreps.is_orthogonal("std")
    assert skewed_three().irreps.is_orthogonal(1)


def test_indices_off_the_list_are_projected_to_it():
    group = klein_table()
    assert group.project(torch.tensor([-3, 0, 2, 7])).tolist() == [0, 0, 2, 3]
    assert group.project(torch.tensor([1.0])).dtype == torch.int64
    assert group.grid(2).tolist() == [0, 2]
    assert group.index(torch.tensor([3, 1], dtype=torch.int32)).dtype == torch.int64


def test_tables_are_kept_as_given():
    table = torch.tensor([[0, 1], [1, 0]])
    assert FiniteGroup.from_table(table) == TableGroup(Constant([[0, 1], [1, 0]]))


@pytest.mark.parametrize("orders", [(2, 6), (4, 4), (5, 5), (6, 6), (3, 9), (2, 2, 2, 2)], ids=str)
def test_products_of_cyclic_groups_have_all_their_irreps(orders):
    """Equal eigenvalues by accident merged some of these once."""
    group = functools.reduce(operator.mul, map(Cyclic, orders))
    every = group.elements()
    table = group.index(group.compose(every[:, None], every[None]))
    irreps = FiniteGroup.from_table(table).irreps
    shares = [irreps.dim(k) ** 2 / irreps.commutant_dim(k) for k in irreps.labels()]
    assert sum(shares) == len(every)
    assert all(share in (1, 2) for share in shares)
