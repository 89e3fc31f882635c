"""Intertwiners and decomposition for compact matrix groups, which list some of their irreps."""

import math

import pytest
import torch

from groupae import SO2, MatrixLieGroup, Representation
from groupae.representations.equivariant_maps import clebsch_gordan, intertwiners
from groupae.testing import check_intertwiner, check_representation
from tests.groups.lie_algebras import (
    block_sum,
    orthogonal_algebra,
    symplectic_algebra,
    torus_algebra,
    unitary_algebra,
)

DOUBLE = torch.float64


def orthogonal(n):
    mirror = torch.eye(n)
    mirror[0, 0] = -1
    return MatrixLieGroup(orthogonal_algebra(n), mirror[None])


GROUPS = {
    **{f"SO({n})": MatrixLieGroup(orthogonal_algebra(n)) for n in (2, 3, 4, 5)},
    **{f"O({n})": orthogonal(n) for n in (2, 3, 4)},
    **{f"U({n})": MatrixLieGroup(unitary_algebra(n)) for n in (1, 2, 3)},
    **{f"SU({n})": MatrixLieGroup(unitary_algebra(n, special=True)) for n in (2, 3, 4)},
    **{f"Sp({n})": MatrixLieGroup(symplectic_algebra(n)) for n in (1, 2)},
}

# Invariants of std^2: the commutant of std. Of std^3: the determinant or the volume form.
# Of std^4: contractions; of C + its conjugate, 6 ways to choose two of each and as many maps.
INVARIANTS = {
    "SO(2)": (2, 0, 6),
    "SO(3)": (1, 1, 3),
    "SO(4)": (1, 0, 4),
    "SO(5)": (1, 0, 3),
    "O(2)": (1, 0, 3),
    "O(3)": (1, 0, 3),
    "O(4)": (1, 0, 3),
    "U(1)": (2, 0, 6),
    "U(2)": (2, 0, 12),
    "U(3)": (2, 0, 12),
    "SU(2)": (4, 0, 32),
    "SU(3)": (2, 2, 12),
    "SU(4)": (2, 0, None),
    "Sp(1)": (4, 0, 32),
    "Sp(2)": (4, 0, None),
}

# std^2 = trivial + algebra + others; "irrep(d)" has no name
SQUARES = {
    "SO(2)": "2x0 + irrep(2)",
    "SO(3)": "1x0 + 1xstd + irrep(5)",
    "SO(4)": "1x0 + irrep(3) + irrep(3)a + irrep(9)",
    "SO(5)": "1x0 + 1xadj + irrep(14)",
    "O(2)": "1x0 + 1xadj + irrep(2)",
    "O(3)": "1x0 + 1xadj + irrep(5)",
    "O(4)": "1x0 + 1xadj + irrep(9)",
    "U(1)": "2x0 + irrep(2)",
    "U(2)": "2x0 + 2 * irrep(3) + irrep(6) + irrep(2)",
    "U(3)": "2x0 + 2 * irrep(8) + irrep(12) + irrep(6)",
    "SU(2)": "4x0 + 4xadj",
    "SU(3)": "2x0 + 1xstd + 2xadj + irrep(12)",
    "SU(4)": "2x0 + 2xadj + 2 * irrep(6) + irrep(20)",
    "Sp(1)": "4x0 + 4xadj",
    "Sp(2)": "4x0 + 4xadj + 4 * irrep(5)",
}
every_group = pytest.mark.parametrize("name", GROUPS)


def some(group, n=5):
    return group.sample(n, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)


def terms(split):
    return sorted(str(split).split(" + "))


@every_group
def test_invariant_tensors_are_as_many_as_classical_theory_says(name):
    group = GROUPS[name]
    std, trivial = group.standard(), group.trivial()
    for power, count in zip((2, 3, 4), INVARIANTS[name], strict=True):
        if count is None:
            continue
        maps = intertwiners(trivial, std**power)
        assert maps.shape == (count, std.dim**power, 1)
        check_intertwiner(maps, trivial, std**power).raise_if_failed()
        gram = maps[..., 0] @ maps[..., 0].mT
        torch.testing.assert_close(gram, torch.eye(count, dtype=DOUBLE), atol=1e-12, rtol=0)
    assert len(intertwiners(std, std.dual)) == INVARIANTS[name][0]
    if std.dim <= 5 and INVARIANTS[name][2]:
        assert len(intertwiners(std**2, std**2)) == INVARIANTS[name][2]


@every_group
def test_squares_split_as_in_the_books(name):
    rho = GROUPS[name].standard() ** 2
    split = rho.decompose()
    assert terms(split) == terms(SQUARES[name])
    g = some(rho.group)
    close = 64 * 2.3e-16 * rho.dim
    torch.testing.assert_close(split.matrix(g), rho.matrix(g), atol=close, rtol=0)
    assert split.is_orthogonal
    inside = split.inner.matrix(g)
    mask = torch.block_diag(*[torch.ones(b.size, b.size) for b in split.inner.blocks]).bool()
    assert inside[:, ~mask].abs().max() < 1e-12 if (~mask).any() else True


@pytest.mark.parametrize(
    ("name", "make", "wanted"),
    [
        ("SO(3)", lambda s: s**3, "1x0 + 3xstd + 2 * irrep(5) + irrep(7)"),
        ("SO(2)", lambda s: s**3, "3xstd + irrep(2)"),
        ("SO(3)", lambda s: s.symmetric_square(), "1x0 + irrep(5)"),
        ("SU(3)", lambda s: s.alternating_square(), "1x0 + 1xstd + 1xadj"),
        ("SU(2)", lambda s: s * s.dual + s, "4x0 + 1xstd + 4xadj"),
        ("SO(3)", lambda s: 2 * (s * s) + s * s, "3x0 + 3xstd + 3 * irrep(5)"),
        ("SO(4)", lambda s: s.group.rep("2xadj + 1xstd"), "1xstd + 2 * irrep(3) + 2 * irrep(3)a"),
    ],
)
def test_powers_sums_and_parts_split(name, make, wanted):
    rho = make(GROUPS[name].standard())
    split = rho.decompose()
    assert terms(split) == terms(wanted)
    g = some(rho.group)
    torch.testing.assert_close(split.matrix(g), rho.matrix(g), atol=1e-12, rtol=0)
    check_representation(split).raise_if_failed()


def test_a_sum_of_listed_irreps_stays_as_it_is():
    rho = GROUPS["SU(3)"].rep("2x0 + 1xstd + 1xadj")
    assert rho.decompose() == rho
    assert str(GROUPS["SO(3)"].rep("1xadj").decompose()) == "1xstd"


def test_a_skewed_basis_is_undone():
    std = GROUPS["SO(3)"].standard()
    skew = torch.eye(9, dtype=DOUBLE) + torch.linspace(-0.2, 0.3, 81, dtype=DOUBLE).reshape(9, 9)
    rho = (std * std).change_basis(skew)
    split = Representation.decompose(rho)
    assert terms(split) == terms("1x0 + 1xstd + irrep(5)")
    g = some(std.group)
    torch.testing.assert_close(split.matrix(g), rho.matrix(g), atol=1e-12, rtol=0)


def test_coefficients_of_matrix_groups():
    so3 = GROUPS["SO(3)"]
    (cross,) = clebsch_gordan(so3, "std", "std", "std")
    u, v = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], dtype=DOUBLE)
    found = torch.einsum("i,j,ijk->k", u, v, cross)
    wanted = torch.linalg.cross(u, v) / math.sqrt(2)
    torch.testing.assert_close(found * (found @ wanted).sign(), wanted, atol=1e-12, rtol=0)
    assert len(clebsch_gordan(GROUPS["SU(3)"], "std", "std", "adj")) == 2
    assert len(clebsch_gordan(GROUPS["SU(2)"], "std", "std", "adj")) == 4
    words = r"clebsch_gordan\(MatrixLieGroup.*expected an irreducible third representation, got"
    with pytest.raises(ValueError, match=words):
        clebsch_gordan(GROUPS["SO(4)"], "std", "std", "adj")


def test_products_with_matrix_groups_and_tori_given_by_generators():
    group = GROUPS["SO(3)"] * SO2()
    rho = group.rep("1x(std,1)") ** 2
    assert terms(rho.decompose()) == terms(
        "2x(0,0) + 1x(0,2) + 2x(std,0) + 1x(std,2) + 2 * irrep(5) + irrep(10)"
    )
    assert len(intertwiners(group.trivial(), rho)) == 2
    torus = MatrixLieGroup(torus_algebra((1, 0), (0, 1), (1, -2)))
    std = torus.standard()
    assert terms(std.decompose()) == ["irrep(2)", "irrep(2)a", "irrep(2)b"]
    assert len(intertwiners(std, std)) == 6
    assert len(intertwiners(torus.trivial(), std**2)) == 6
    both = MatrixLieGroup(block_sum(orthogonal_algebra(3), unitary_algebra(2, special=True)))
    assert sorted(b.dim for b in both.standard().decompose().blocks) == [3, 4]
    assert len(intertwiners(both.trivial(), both.standard() ** 2)) == 1 + 4
