"""Decomposition into irreps, intertwiners, Clebsch-Gordan coefficients."""

import functools
import itertools
import math
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groupae import SO2, SO3, Affine, Cyclic, Dihedral, Permutation, Representation
from groupae.groups import O2, O3, FiniteGroup, Icosahedral, Tetrahedral, Translation
from groupae.representations import IrrepSum, decomposition
from groupae.representations.algebra import BasisChange
from groupae.representations.decomposition import decompose
from groupae.representations.equivariant_maps import clebsch_gordan, intertwiners
from groupae.representations.haar_average import haar_average
from groupae.testing import check_intertwiner, check_representation
from tests.representations.test_algebra import lazy
from tests.strategies import representations

COMPACT = (
    Cyclic(6),
    Dihedral(4),
    Permutation(3),
    FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]]),
    Tetrahedral(),
    SO2(),
    O2(),
    SO3(),
    O3(),
    SO2() * Cyclic(2),
)
compact = st.sampled_from(COMPACT)


def some(group, n=8, seed=0):
    return group.sample(n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def close(found, wanted, tolerance=1e-10):
    scale = wanted.abs().max().clamp(min=1) if wanted.numel() else 1
    torch.testing.assert_close(found / scale, wanted / scale, atol=tolerance, rtol=0)


def parts_of(split):
    """Return the sum of irreps and the basis of a decomposition."""
    if isinstance(split, BasisChange):
        return split.inner, split.basis.values
    return split, torch.eye(split.dim, dtype=torch.float64)


# --- decompose ------------------------------------------------------------------------------
@settings(max_examples=60)
@given(compact, st.data())
def test_a_decomposition_is_the_same_matrices_in_a_basis_of_irreps(group, data):
    rho = data.draw(lazy(group))
    split = rho.decompose()
    plain, q = parts_of(split)
    assert isinstance(plain, IrrepSum)
    g = some(group)
    close(split.matrix(g, torch.float64), rho.matrix(g, torch.float64))
    close(q @ plain.matrix(g, torch.float64), rho.matrix(g, torch.float64) @ q)
    if rho.is_orthogonal:
        close(q @ q.mT, torch.eye(rho.dim, dtype=torch.float64), 1e-12)
        assert split.is_orthogonal
    labels = [term.label for term in plain.terms]
    assert len(set(labels)) == len(labels)
    assert all(group.irreps.is_irreducible(label) for label in labels)
    assert sum(term.copies * group.irreps.dim(term.label) for term in plain.terms) == rho.dim


@settings(max_examples=25)
@given(compact, st.data())
def test_decompositions_keep_the_laws(group, data):
    split = data.draw(lazy(group, most=12)).decompose()
    for dtype in (torch.float64, torch.float32):
        check_representation(split, dtype=dtype).raise_if_failed()


@given(compact, st.data())
def test_multiplicities_are_inner_products_of_characters(group, data):
    if group.order is None:
        group = Dihedral(6)
    rho = data.draw(lazy(group, most=12))
    g = group.elements()
    plain, _ = parts_of(rho.decompose())
    found = {term.label: term.copies for term in plain.terms}
    chi = rho.character(g, torch.float64)
    for label in group.irreps.labels():
        irrep = group.irrep(label)
        product = (chi * irrep.character(g, torch.float64)).mean()
        copies = product / group.irreps.commutant_dim(label)
        assert abs(copies - found.get(label, 0)) < 1e-9


@given(compact, st.data())
def test_a_sum_of_irreps_decomposes_into_itself_sorted(group, data):
    rho = data.draw(representations(group, cutoff=3))
    wanted = {}
    for term in rho.terms:
        wanted[term.label] = wanted.get(term.label, 0) + term.copies
    plain, _ = parts_of(rho.decompose())
    assert {term.label: term.copies for term in plain.terms} == wanted
    again = plain.decompose()
    assert again == plain


@pytest.mark.parametrize(
    ("rho", "wanted"),
    [
        (SO3().rep("1x1") * SO3().rep("1x2"), "1x1 + 1x2 + 1x3"),
        (SO3().rep("1x1") ** 3, "1x0 + 3x1 + 2x2 + 1x3"),
        (SO3().rep("1x1").symmetric_square(), "1x0 + 1x2"),
        (SO3().rep("1x2").alternating_square(), "1x1 + 1x3"),
        (SO2().rep("1x1") ** 3, "3x1 + 1x3"),
        (SO2().rep("1x2") * SO2().rep("1x5"), "1x3 + 1x7"),
        (O2().rep("1x1") * O2().rep("1x1"), "1x0 + 1x0- + 1x2"),
        (O3().rep("1x1o") * O3().rep("1x1e"), "1x0o + 1x1o + 1x2o"),
        (Cyclic(6).rep("1x1") * Cyclic(6).rep("1x2 + 1x3"), "1x1 + 1x2 + 2x3"),
        (Permutation(4).standard(), "1x[4] + 1x[3,1]"),
        (Permutation(3).rep("1x[2,1]") ** 2, "1x[3] + 1x[2,1] + 1x[1,1,1]"),
        (Tetrahedral().rep("1x1") ** 2, "2x0 + 1x1"),
        (Icosahedral().rep("1x4") ** 2, "1x0 + 1x1 + 1x2 + 2x3 + 2x4"),
        (COMPACT[3].rep("1x4") ** 2, "4x0 + 4x1 + 4x2 + 4x3"),
        ((SO2() * Cyclic(2)).rep("1x(1,1)") ** 2, "2x(0,0) + 1x(2,0)"),
    ],
    ids=str,
)
def test_products_split_as_in_the_books(rho, wanted):
    assert str(rho.decompose()) == wanted


# --- tori by their weights, and products of groups ------------------------------------------
TORUS = SO2() * SO2() * SO2()


def turned(*weights):
    """Return the function that turns one plane for each weight, by its inner product with g."""
    return functools.partial(_turned, torch.tensor(weights, dtype=torch.float64))


def _turned(weights, g):
    angles = g @ weights.to(g).mT
    turn = SO2().rep("1x1").matrix(angles)  # (*, planes, 2, 2)
    eye = torch.eye(len(weights)).to(turn)
    return torch.einsum("...pij,pq->...piqj", turn, eye).flatten(-2).flatten(-3, -2)


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (
            lambda: TORUS.rep("1x(2,0,0) + 1x(0,0,3)") * TORUS.rep("1x(2,0,0)"),
            "2x(0,0,0) + 1x(2,0,3) + 1x(4,0,0)",
        ),
        (
            lambda: TORUS.rep("1x(2,1,3)") * TORUS.rep("1x(1,5,7)"),  # dimension 64
            "1x(1,4,4) + 1x(3,4,4) + 1x(1,6,4) + 1x(3,6,4) + "
            "1x(1,4,10) + 1x(1,6,10) + 1x(3,4,10) + 1x(3,6,10)",
        ),
        (
            lambda: TORUS.rep("1x(1,2,3)") ** 2,
            "8x(0,0,0) + 4x(2,0,0) + 4x(0,4,0) + 2x(2,4,0) + "
            "4x(0,0,6) + 2x(2,0,6) + 2x(0,4,6) + 1x(2,4,6)",
        ),
        (lambda: TORUS.rep("1x(20,0,0)") * TORUS.rep("1x(0,0,100)").dual, "1x(20,0,100)"),
        (
            lambda: TORUS.rep("1x(1,0,2)").symmetric_square(),
            "2x(0,0,0) + 1x(2,0,0) + 1x(0,0,4) + 1x(2,0,4)",
        ),
        (
            lambda: Representation.from_callable(SO2() * SO2(), turned((1, 1), (1, -2)), 4),
            "1x(1,+1) + 1x(1,-2)",
        ),
        (
            lambda: Representation.from_callable(
                SO2() * SO2(), turned((1, 2), (2, -4), (-1, 2)), 6
            ),
            "1x(1,2) + 1x(2,-4)",
        ),
        (
            lambda: Representation.from_callable(
                TORUS, turned((1, 2, -3), (0, 4, 1), (0, 0, 5)), 6
            ),
            "1x(1,+2,-3) + 1x(0,4,+1) + 1x(0,0,5)",
        ),
        (
            lambda: (SO2() * SO2()).rep("1x(2,-1) + 1x(1,+3)") * (SO2() * SO2()).rep("1x(2,-1)"),
            "2x(0,0) + 1x(3,+2) + 1x(1,-4) + 1x(4,-2)",
        ),
        (
            lambda: (O2() * O2()).rep("1x(2,1)") * (O2() * O2()).rep("1x(1,5) + 1x(0-,1)"),
            "1x(2,0) + 1x(2,0-) + 1x(2,2) + 1x(1,4) + 1x(3,4) + 1x(1,6) + 1x(3,6)",
        ),
        (
            lambda: (
                (SO2() * Cyclic(6)).rep("1x(2,1)") * (SO2() * Cyclic(6)).rep("1x(1,2) + 1x(0,3)")
            ),
            "1x(1,1) + 2x(1,3) + 1x(2,2) + 1x(3,1) + 2x(3,3)",
        ),
        (
            lambda: (SO3() * SO2()).rep("1x(1,1)") ** 2,
            "2x(0,0) + 2x(1,0) + 1x(0,2) + 1x(1,2) + 2x(2,0) + 1x(2,2)",
        ),
        (
            lambda: Dihedral(6).rep("1x2") * Dihedral(6).rep("1x1 + 1x3- + 1x2"),
            "1x0 + 1x0- + 2x1 + 1x2 + 1x3 + 1x3-",
        ),
        (lambda: Dihedral(5).rep("1x0-") * Dihedral(5).rep("1x2 + 1x0-"), "1x0 + 1x2"),
        (
            lambda: O2().rep("1x40 + 1x0-").symmetric_square(),
            "2x0 + 1x40 + 1x80",
        ),
        (
            lambda: Dihedral(90).rep("1x40 + 1x44").alternating_square(),
            "2x0- + 1x4 + 1x6",
        ),
        (lambda: O2().rep("1x30") * O2().rep("1x80 + 1x0-"), "1x30 + 1x50 + 1x110"),
    ],
)
def test_weights_add_within_a_second(make, wanted):
    rho = make()
    start = time.process_time()
    split = rho.decompose()
    assert time.process_time() - start < 1
    assert {*str(split).split(" + ")} == {*wanted.split(" + ")}
    g = some(rho.group)
    close(split.matrix(g, torch.float64), rho.matrix(g, torch.float64), 1e-13)


def test_halves_of_products_keep_the_laws_and_are_text():
    rho = TORUS.rep("2x(1,+2,-3) + 1x(0,1,+1) + 3x(2,0,-1) + 1x(1,1,1)")
    assert rho.dim == 4 + 2 + 6 + 8
    assert TORUS.rep(str(rho)) == rho
    assert [TORUS.irreps.commutant_dim(x) for x in rho.labels] == [2, 2, 2, 8]
    assert [TORUS.irreps.is_irreducible(x) for x in rho.labels] == [True, True, True, False]
    for dtype in (torch.float64, torch.float32):
        check_representation(rho, dtype=dtype).raise_if_failed()
    g = some(SO2() * SO2())
    both, whole = (SO2() * SO2()).rep("2x(1,+2) + 1x(1,-2)"), (SO2() * SO2()).rep("1x(1,2)")
    split = both.decompose()
    assert str(split) == "1x(1,2) + 1x(1,+2)"
    close(split.matrix(g), both.matrix(g), 1e-13)
    for rho, sigma, count in (
        (both, both, 10),
        (both, whole, 6),
        (whole, both, 6),
        (whole, whole, 4),
    ):
        maps = intertwiners(rho, sigma)
        assert len(maps) == torch.linalg.matrix_rank(maps.flatten(1)) == count
        check_intertwiner(maps, rho, sigma).raise_if_failed()
    close((SO2() * SO2()).rep("1x(1,+2)").matrix(g), SO2().rep("1x1").matrix(g[:, 0] + 2 * g[:, 1]))


def couplings_of(group, cutoff):
    labels = group.irreps.labels(cutoff)
    return [(a, b) for a in labels for b in labels]


@pytest.mark.parametrize(
    ("group", "cutoff"),
    [(SO2(), 3), (O2(), 3), (SO3(), 3), (O3(), 2), (SO2() * O2(), 1), (SO2() * SO3(), 1)]
    + [(make(n), None) for make in (Cyclic, Dihedral) for n in (1, 2, 3, 4, 5, 6)],
    ids=str,
)
def test_couplings_are_isometries_that_intertwine_and_fill_the_product(group, cutoff):
    g = some(group)
    for a, b in couplings_of(group, cutoff):
        left, right = (
            group.irrep(a).matrix(g, torch.float64),
            group.irrep(b).matrix(g, torch.float64),
        )
        product = torch.einsum("gij,gkl->gikjl", left, right).flatten(3).flatten(1, 2)
        every = []
        for c, isometries in group.irreps.couplings(a, b):
            inner = group.irrep(c).matrix(g, torch.float64)
            for copy in isometries.flatten(1, 2):
                close(product @ copy, copy @ inner, 1e-13)
                every.append(copy)
            if group == SO3():
                assert torch.equal(group.irreps.coupling(a, b, c), isometries)
        whole = torch.cat(every, 1)
        close(whole @ whole.mT, torch.eye(product.shape[-1], dtype=torch.float64), 1e-13)
        assert len({c for c, _ in group.irreps.couplings(a, b)}) == len(
            group.irreps.couplings(a, b)
        )


def test_clebsch_gordan_is_as_fast_as_e3nn():
    o3 = pytest.importorskip("e3nn.o3")
    o3.wigner_3j(1, 1, 1)
    clebsch_gordan(SO3(), "1", "1", "1")

    def seconds(call, times):
        start = time.process_time()
        for _ in range(times):
            call()
        return (time.process_time() - start) / times

    theirs = seconds(lambda: o3.wigner_3j(6, 6, 6), 1)
    ours = seconds(lambda: clebsch_gordan(SO3(), "6", "6", "6"), 1)
    assert ours < 3 * theirs + 0.005  # a first call: one sample of a clock shared with others
    theirs = seconds(lambda: o3.wigner_3j(6, 6, 6), 2000)
    ours = seconds(lambda: clebsch_gordan(SO3(), "6", "6", "6"), 2000)
    assert ours < 3 * theirs


def test_coefficients_are_the_callers():
    before = clebsch_gordan(SO3(), "2", "1", "1")
    wanted = before.clone()
    before.zero_()
    assert torch.equal(clebsch_gordan(SO3(), "2", "1", "1"), wanted)


def test_high_frequencies_are_found():
    assert str((SO2().rep("1x30") * SO2().rep("1x20")).decompose()) == "1x10 + 1x50"


@pytest.mark.parametrize("scale", [1.0, 10.0, 30.0])
def test_badly_conditioned_bases_are_undone(scale):
    """A function of the angle in a skewed basis: Weyl's inner product makes it orthogonal."""
    rho = Representation.from_callable(SO2(), Skewed(scale), 3)
    split = rho.decompose()
    assert str(split) == "1x0 + 1x2"
    g = some(SO2())
    close(split.matrix(g), rho.matrix(g), 1e-13 * scale**4 + 1e-12)


class Skewed:
    def __init__(self, scale):
        self.q = torch.tensor([[1.0, scale, 0], [0, 1, 0], [scale, 0, 1]], dtype=torch.float64)

    def __call__(self, g):
        matrix = SO2().rep("1x0 + 1x2").matrix(g)
        return (self.q @ matrix.double() @ torch.linalg.inv(self.q)).to(g.dtype)


def test_the_haar_average_projects_onto_intertwiners():
    for group in (SO3(), Dihedral(4)):
        rho, sigma = group.standard() * group.standard(), group.standard() + group.trivial()
        x = random(3, rho.dim, sigma.dim)
        averaged = haar_average(rho, sigma, x)
        check_intertwiner(averaged, sigma, rho).raise_if_failed()
        close(haar_average(rho, sigma, averaged), averaged, 1e-12)
        rest = x - averaged  # orthogonal to every intertwiner
        close((rest.flatten(1) @ averaged.flatten(1).mT), torch.zeros(3, 3, dtype=x.dtype), 1e-12)


# --- intertwiners ---------------------------------------------------------------------------
@settings(max_examples=40)
@given(compact, st.data())
def test_intertwiners_commute_span_and_are_as_many_as_the_characters_say(group, data):
    rho, sigma = data.draw(lazy(group, most=8)), data.draw(lazy(group, most=8))
    maps = intertwiners(rho, sigma)
    assert maps.shape[1:] == (sigma.dim, rho.dim)
    assert maps.dtype == torch.float64
    check_intertwiner(maps, rho, sigma).raise_if_failed()
    if group.order is not None:
        g = group.elements()
        product = rho.character(g, torch.float64) * sigma.character(g, torch.float64)
        assert abs(product.mean() - len(maps)) < 1e-9
    flat = maps.flatten(1)
    assert torch.linalg.matrix_rank(flat) == len(maps) if len(maps) else True
    averaged = haar_average(sigma, rho, random(4, sigma.dim, rho.dim))
    inside = torch.linalg.lstsq(flat.mT, averaged.flatten(1).mT).solution if len(maps) else None
    left = averaged.flatten(1).mT - (flat.mT @ inside if len(maps) else 0)
    assert left.abs().max() < 1e-9 * max(1.0, float(averaged.abs().max()))


@pytest.mark.parametrize(
    ("rho", "sigma", "count"),
    [
        (SO3().rep("2x1 + 1x0"), SO3().rep("3x1"), 6),
        (SO2().rep("2x1 + 1x0"), SO2().rep("3x1"), 12),
        (COMPACT[3].rep("2x4"), COMPACT[3].rep("1x4 + 1x0"), 8),
        (SO3().rep("1x1"), SO3().rep("1x2"), 0),
        (Cyclic(6).rep("1x3 + 1x1"), Cyclic(6).rep("1x3 + 1x1"), 3),
    ],
    ids=str,
)
def test_real_complex_and_quaternionic_types_give_one_two_and_four_maps(rho, sigma, count):
    assert len(intertwiners(rho, sigma)) == count


def test_intertwiners_of_groups_that_are_not_compact_are_solved_for():
    std = Affine().rep("1xstd + 1x0")
    maps = intertwiners(std, std)
    assert len(maps) == 3
    check_intertwiner(maps, std, std).raise_if_failed()
    shifts = Translation(2).standard() if Translation(2).standard().dim < 5 else None
    if shifts is not None:
        found = intertwiners(shifts, shifts)
        check_intertwiner(found, shifts, shifts).raise_if_failed()
    powers = Affine().rep("1x1 + 1x2 + 2x0")
    assert len(intertwiners(powers, powers)) == 1 + 1 + 4
    assert len(intertwiners(Affine().rep("1x1"), Affine().rep("1x2"))) == 0


# --- Clebsch-Gordan -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("a", "b", "c"),
    [(a, b, c) for a, b in itertools.product(range(4), range(3)) for c in range(6)],
)
def test_coefficients_of_rotations_are_those_of_e3nn_up_to_sign(a, b, c):
    o3 = pytest.importorskip("e3nn.o3")
    found = clebsch_gordan(SO3(), str(a), str(b), str(c))
    if not abs(a - b) <= c <= a + b:
        assert len(found) == 0
        return
    wanted = o3.wigner_3j(a, b, c, dtype=torch.float64) * math.sqrt(2 * c + 1)
    assert found.shape == (1, 2 * a + 1, 2 * b + 1, 2 * c + 1)
    sign = (found[0] * wanted).sum().sign()
    torch.testing.assert_close(sign * found[0], wanted, atol=1e-7, rtol=0)


@pytest.mark.parametrize(
    ("group", "a", "b", "c", "copies"),
    [
        (SO2(), "1", "2", "3", 2),
        (SO2(), "1", "1", "0", 2),
        (O2(), "1", "1", "0-", 1),
        (Icosahedral(), "4", "4", "4", 2),
        (Permutation(3), "[2,1]", "[2,1]", "[1,1,1]", 1),
        (COMPACT[3], "4", "4", "1", 4),
        (SO3(), "1", "1", "3", 0),
    ],
    ids=str,
)
def test_coefficients_intertwine_and_are_isometries(group, a, b, c, copies):
    found = clebsch_gordan(group, a, b, c)
    first, second, third = (group.rep(f"1x{x}") for x in (a, b, c))
    assert found.shape == (found.shape[0], first.dim, second.dim, third.dim)
    wanted = len(intertwiners(first * second, third)) // group.irreps.commutant_dim(third.labels[0])
    assert len(found) == wanted
    if group != SO2():
        assert len(found) == copies
    maps = found.flatten(1, 2)
    check_intertwiner(maps, third, first * second).raise_if_failed()
    gram = torch.einsum("axc,bxd->acbd", maps, maps).reshape((len(maps) * third.dim,) * 2)
    close(gram, torch.eye(len(gram), dtype=torch.float64), 1e-12)


def test_the_cross_product_is_a_coefficient():
    (cross,) = clebsch_gordan(SO3(), "1", "1", "1")
    u, v = random(3, seed=1), random(3, seed=2)
    found = torch.einsum("i,j,ijk->k", u, v, cross)
    wanted = torch.linalg.cross(u, v) / math.sqrt(2)
    close(found * (found @ wanted).sign(), wanted)


# --- the default dtype ----------------------------------------------------------------------
def everything():
    rho = SO3().rep("1x1 + 1x0")
    skew = torch.tensor([[1.0, 2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]])
    induced = Cyclic(3).rep("1x1").induce(Cyclic(6).subgroup("c(3)"))
    skewed = Representation.from_callable(SO2(), Skewed(2.0), 3)
    made = [
        (rho * rho).decompose(),
        rho.change_basis(skew).decompose(),
        rho.restrict(SO3().subgroup("so2")),
        induced.decompose(),
        skewed.decompose(),
        Permutation(3).regular(on_elements=True).decompose(),
        COMPACT[3].rep("1x4 + 1x2").symmetric_square().decompose(),
    ]
    tensors = [r.matrix(some(r.group, 3), torch.float64) for r in made]
    tensors += [parts_of(r)[1] for r in made]
    tensors.append(intertwiners(rho * rho, rho))
    tensors.append(intertwiners(Affine().rep("1xstd"), Affine().rep("1xstd + 1x1")))
    tensors.append(clebsch_gordan(SO3(), "1", "2", "2"))
    tensors.append(induced.matrix(torch.arange(6), torch.float64))
    return tensors


def test_results_do_not_depend_on_the_default_dtype():
    before = torch.get_default_dtype()
    results = []
    try:
        for default in (torch.float32, torch.float64):
            torch.set_default_dtype(default)
            results.append(everything())
    finally:
        torch.set_default_dtype(before)
    for a, b in zip(*results, strict=True):
        assert a.dtype == torch.float64
        assert torch.equal(a, b)


def test_a_decomposition_is_the_same_every_time():
    rho = SO3().rep("1x1") ** 2
    assert decompose(rho) == decompose(SO3().rep("1x1") ** 2)


# --- bad input ------------------------------------------------------------------------------
THREE = FiniteGroup.from_table([[0, 1, 2], [1, 2, 0], [2, 0, 1]])


def sum_of_thirds(g):
    return THREE.rep("1x1").matrix(THREE.compose(g[..., 0].long(), g[..., 1].long()))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: Affine().standard().decompose(),
            TypeError,
            r"decompose\(1xstd\): expected a compact group, got Aff\+\(1\); repr",
        ),
        (
            lambda: clebsch_gordan(Affine(), "0", "0", "0"),
            TypeError,
            r"clebsch_gordan\(Aff\+\(1\)\): expected a compact group",
        ),
        (
            lambda: intertwiners(SO2().rep("1x1"), SO3().rep("1x1")),
            ValueError,
            r"intertwiners: expected two representations of SO\(2\), got one of SO\(3\)",
        ),
        (
            lambda: clebsch_gordan(SO3(), "1", "x", "0"),
            ValueError,
            r"terms like '8x0'|an irrep among",
        ),
        (
            lambda: (SO3().rep("1x12") * SO3().rep("1x1")).decompose(),
            ValueError,
            r"expected a sum of irreps that SO\(3\) lists, got 27 dimensions left over",
        ),
        (
            lambda: Representation.from_callable(THREE * THREE, sum_of_thirds, 2).decompose(),
            ValueError,
            "got 2 dimensions left over; real irreps that are half of a product of two complex",
        ),
        (
            lambda: (SO2() * SO2()).rep("1x(+1,2)"),
            ValueError,
            r"signs on all frequencies of planes that turn but the first, got '\(\+1,2\)'",
        ),
        (
            lambda: (SO2() * SO2() * SO2()).rep("1x(1,-2,3)"),
            ValueError,
            r"signs on all frequencies of planes that turn but the first, got '\(1,-2,3\)'",
        ),
        (
            lambda: Representation.from_callable(SO2(), Skewed(1e3), 3).decompose(),
            ValueError,
            r"decompose\(Skewed\): expected a basis of condition below 3e5, got invariant lengths",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words, monkeypatch):
    monkeypatch.setattr(decomposition, "_HIGHEST_CUTOFF", 14)
    with pytest.raises(error, match=words):
        call()


def test_the_product_of_two_complex_irreps_is_found_whole():
    group = Cyclic(4) * Cyclic(4)
    found = group.regular(on_elements=True).decompose()
    assert str(found) == str(group.regular())
    g = group.elements()
    wanted = group.regular(on_elements=True).matrix(g, torch.float64)
    assert (found.matrix(g, torch.float64) - wanted).abs().max() < 1e-13
