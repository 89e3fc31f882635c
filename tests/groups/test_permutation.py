"""Symmetric groups and Young's orthogonal form."""

import itertools
import math

import pytest
import torch

from groupae import Permutation, get_group
from groupae.groups.finite.young import (
    partitions,
    sorting_swaps,
    standard_tableaux,
    tableau_count,
    young_form,
)
from groupae.testing import assert_laws, check_group, sample_elements
from groupae.testing.mixins import GroupLaws

# Fulton and Harris, Representation Theory, sections 2.3 and 3.1: one element of each class (by
# its images), and a row an irrep.
S4_CLASSES = [[0, 1, 2, 3], [1, 0, 2, 3], [1, 0, 3, 2], [1, 2, 0, 3], [1, 2, 3, 0]]
S4_TABLE = {
    "[4]": [1, 1, 1, 1, 1],
    "[3,1]": [3, 1, -1, 0, -1],
    "[2,2]": [2, 0, 2, -1, 0],
    "[2,1,1]": [3, -1, -1, 0, 1],
    "[1,1,1,1]": [1, -1, 1, 1, -1],
}
S5_CLASSES = [
    [0, 1, 2, 3, 4],
    [1, 0, 2, 3, 4],
    [1, 0, 3, 2, 4],
    [1, 2, 0, 3, 4],
    [1, 2, 0, 4, 3],
    [1, 2, 3, 0, 4],
    [1, 2, 3, 4, 0],
]
S5_TABLE = {
    "[5]": [1, 1, 1, 1, 1, 1, 1],
    "[4,1]": [4, 2, 0, 1, -1, 0, -1],
    "[3,2]": [5, 1, 1, -1, 1, -1, 0],
    "[3,1,1]": [6, 0, -2, 0, 0, 0, 1],
    "[2,2,1]": [5, -1, 1, -1, -1, 1, 0],
    "[2,1,1,1]": [4, -2, 0, 1, 1, 0, -1],
    "[1,1,1,1,1]": [1, -1, 1, 1, -1, -1, 1],
}


class TestTrivial(GroupLaws):
    def make(self):
        return Permutation(1)


class TestSwap(GroupLaws):
    def make(self):
        return Permutation(2)


class TestS3(GroupLaws):
    def make(self):
        return Permutation(3)


class TestS5(GroupLaws):
    def make(self):
        return Permutation(5)


def all_irreps(group, copies=1):
    return group.rep(" + ".join(f"{copies}x{label}" for label in group.irreps.labels()))


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_representations_keep_the_laws(n, dtype):
    group = Permutation(n)
    assert_laws(all_irreps(group, 2) + group.standard(), dtype=dtype)


@pytest.mark.parametrize("many", [1, 9])
def test_few_copies_and_many_act_alike(many):
    group = Permutation(4)
    rho = all_irreps(group, many)
    g, x = group.sample(5), torch.randn(5, rho.dim, dtype=torch.float64)
    torch.testing.assert_close(rho.act(g, x), (rho.matrix(g, x.dtype) @ x[..., None])[..., 0])


@pytest.mark.parametrize(
    ("n", "classes", "table"), [(4, S4_CLASSES, S4_TABLE), (5, S5_CLASSES, S5_TABLE)]
)
def test_characters_equal_the_printed_table(n, classes, table):
    group = Permutation(n)
    assert list(group.irreps.labels()) == list(table)
    for label, row in table.items():
        found = group.irrep(label).character(torch.tensor(classes), torch.float64)
        torch.testing.assert_close(found, torch.tensor(row).double(), atol=1e-14, rtol=0)


@pytest.mark.parametrize("n", range(1, 9))
def test_degrees_count_tableaux_and_their_squares_sum_to_the_order(n):
    irreps = Permutation(n).irreps
    found = list(partitions(n))
    assert [tableau_count(p) for p in found] == [len(standard_tableaux(p)) for p in found]
    assert sum(irreps.dim(label) ** 2 for label in irreps.labels()) == math.factorial(n)
    assert len(irreps.labels()) == [1, 2, 3, 5, 7, 11, 15, 22][n - 1]  # OEIS A000041


def test_characters_of_irreps_are_orthonormal():
    group = Permutation(5)
    elements = group.elements()
    labels = group.irreps.labels()
    rows = torch.stack([group.irrep(t).character(elements, torch.float64) for t in labels])
    torch.testing.assert_close(rows @ rows.mT / group.order, torch.eye(7, dtype=torch.float64))


def test_the_standard_representation_is_a_line_and_the_irrep_next_to_trivial():
    group = Permutation(5)
    g = group.elements()
    parts = group.rep("[5] + [4,1]").character(g, torch.float64)
    torch.testing.assert_close(group.standard().character(g, torch.float64), parts)
    assert not group.irreps.is_irreducible("std")
    assert group.irreps.commutant_dim("std") == 2


def test_tableau_count_of_a_large_shape():
    assert tableau_count((4, 3, 2, 1)) == 768  # the staircase: OEIS A005118


def test_a_cutoff_bounds_the_boxes_below_the_first_row():
    irreps = Permutation(6).irreps
    assert irreps.labels(0) == ("[6]",)
    assert irreps.labels(2) == ("[6]", "[5,1]", "[4,2]", "[4,1,1]")
    assert irreps.labels(99) == irreps.labels()


def test_young_form_of_the_plane_of_a_triangle():
    coefficients, partners = young_form((2, 1))
    assert torch.allclose(coefficients[0], torch.tensor([[-1.0, 1.0], [0.5, -0.5]]).double())
    assert torch.allclose(coefficients[1, 1], torch.tensor(0.75).double().sqrt())
    assert partners[1].tolist() == [1, 0]


def test_the_sign_is_that_of_the_permutation_matrix():
    group = Permutation(5)
    signs = torch.linalg.det(group.convert(group.elements(), "images", "matrix"))
    torch.testing.assert_close(
        group.rep("[1,1,1,1,1]").matrix(group.elements())[:, 0, 0], signs.float()
    )


@pytest.mark.parametrize("n", [1, 2, 5, 6])
def test_sorting_swaps_rebuild_the_permutation(n):
    group = Permutation(n)
    p = group.sample(50)
    found = group.identity(50)
    for k, mask in sorting_swaps(p):
        swap = torch.arange(n)
        swap[[k, k + 1]] = torch.tensor([k + 1, k])
        found = torch.where(mask[:, None], group.compose(swap, found), found)
    assert torch.equal(found, p)


def test_what_stood_at_i_stands_at_its_image():
    group = Permutation(4)
    p, x = torch.tensor([2, 0, 3, 1]), torch.tensor([10.0, 11.0, 12.0, 13.0])
    moved = group.standard().act(p, x)
    assert torch.equal(moved[p], x)
    matrix = group.convert(p, "images", "matrix")
    assert torch.equal(matrix[p, torch.arange(4)], torch.ones(4, dtype=torch.float64))
    assert torch.equal(group.standard().matrix(p, torch.float64), matrix)
    assert torch.equal(group.convert(matrix, "matrix", "images"), p)


def test_composition_is_the_second_one_first():
    group = Permutation(3)
    p, q = torch.tensor([1, 2, 0]), torch.tensor([1, 0, 2])
    assert group.compose(p, q).tolist() == [p[q[i]].item() for i in range(3)]


@pytest.mark.parametrize("n", [1, 3, 5])
def test_elements_are_lexicographic_and_index_finds_them(n):
    group = Permutation(n)
    elements = group.elements()
    assert elements.tolist() == [list(p) for p in itertools.permutations(range(n))]
    assert group.index(elements).tolist() == list(range(group.order))
    assert group.index(elements.reshape(1, -1, n)).shape == (1, group.order)


def test_the_index_of_the_last_of_twenty_fills_an_int64():
    group = Permutation(20)
    assert group.index(torch.arange(20).flip(0)).item() == math.factorial(20) - 1


def test_project_finds_the_nearest_permutation():
    group = Permutation(4)
    x = torch.randn(30, 4, generator=torch.Generator().manual_seed(0)) * 3
    every = group.elements()
    nearest = every[((x[:, None] - every) ** 2).sum(-1).argmin(-1)]
    assert torch.equal(group.project(x), nearest)
    assert torch.equal(group.project(every), every)


def test_samples_are_uniform():
    group = Permutation(4)
    generator = torch.Generator().manual_seed(0)
    counts = torch.bincount(group.index(group.sample(24000, generator=generator)), minlength=24)
    assert ((counts - 1000) ** 2 / 1000).sum() < 49.7  # chi-squared, 23 degrees, p = 0.001


def test_distance_counts_moved_points_and_ignores_translations():
    group = Permutation(5)
    g, h, k = group.sample(3, 40)
    d = group.distance(g, h)
    moved = group.compose(group.inverse(g), h)
    assert torch.equal(d, (moved != torch.arange(5)).sum(-1))
    assert torch.equal(group.distance(group.compose(k, g), group.compose(k, h)), d)
    assert torch.equal(group.distance(group.compose(g, k), group.compose(h, k)), d)


def test_hard_elements_are_permutations():
    for n in range(1, 9):
        group = Permutation(n)
        hard = group.hard_elements()
        assert torch.equal(hard.sort(-1).values, torch.arange(n).expand_as(hard))
        assert torch.equal(hard[0], group.identity())


@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
def test_batch_shapes(batch):
    group = Permutation(4)
    rho = group.rep("[4] + 2x[3,1] + 5x[2,2] + std")
    g = group.sample(*batch)
    for made in (group.identity(*batch), group.inverse(g), group.compose(g, g), group.project(g)):
        assert made.shape == (*batch, 4)
        assert made.dtype == torch.int64
    assert group.compose(g, group.identity()).shape == g.shape
    assert group.compose(group.identity(), g).shape == g.shape
    assert group.index(g).shape == group.distance(g, g).shape == batch
    assert rho.matrix(g).shape == (*batch, rho.dim, rho.dim)
    assert rho.act(g, torch.ones(*batch, 3, rho.dim)).shape == (*batch, 3, rho.dim)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int32])
def test_narrow_integers_are_elements_too(dtype):
    group = Permutation(6)
    g, h = group.sample(2, 20)
    narrow_g, narrow_h = g.to(dtype), h.to(dtype)
    assert torch.equal(group.compose(narrow_g, narrow_h), group.compose(g, h))
    assert torch.equal(group.inverse(narrow_g), group.inverse(g))
    assert torch.equal(group.index(narrow_g), group.index(g))
    rho = group.rep("[4,2] + std")
    assert torch.equal(rho.matrix(narrow_g), rho.matrix(g))


@pytest.mark.parametrize("n", [1, 4, 12])
def test_text_round_trips(n):
    group = Permutation(n)
    assert get_group(str(group)) == group
    assert get_group(f"permutation({n})") == get_group(f"s_{n}") == group
    assert group.order == math.factorial(n)
    for label in (*group.irreps.labels(2), "std"):
        rho = group.irrep(label)
        assert group.rep(str(rho)) == rho
    assert group.rep("2x[1]" if n == 1 else f"2x[{n - 1}, 1]").dim == 2 * max(1, n - 1)


def test_vmap_agrees_with_the_batch():
    group = Permutation(4)
    rho = all_irreps(group, 2) + group.standard()
    g, h, x = group.sample(6), group.sample(6), torch.randn(6, rho.dim)
    torch.testing.assert_close(torch.func.vmap(rho.act)(g, x), rho.act(g, x))
    assert torch.equal(torch.func.vmap(group.compose)(g, h), group.compose(g, h))
    assert torch.equal(torch.func.vmap(group.inverse)(g), group.inverse(g))
    assert torch.equal(torch.func.vmap(group.index)(g), group.index(g))


@pytest.mark.slow
def test_matrices_compile_without_a_graph_break():
    group = Permutation(4)
    rho = all_irreps(group) + group.standard()
    expected = rho.matrix(group.elements())
    young_form.cache_clear()
    compiled = torch.compile(rho.matrix, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(group.elements()), expected)
    g = group.sample(7)
    torch.testing.assert_close(compiled(g), rho.matrix(g))


class _NotInverse(Permutation):
    def compose(self, g, h):
        return super().compose(g, self.inverse(h))


def test_a_broken_permutation_group_is_rejected():
    assert "associativity" in check_group(_NotInverse(4)).failures


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: Permutation(0),
            ValueError,
            "Permutation: expected n to be an integer of at least",
        ),
        (lambda: Permutation(True), ValueError, "got True"),
        (lambda: Permutation(10).elements(), ValueError, r"S\(10\): .* at most 9 .* use sample"),
        (lambda: Permutation(21).index(torch.arange(21)), ValueError, "at most 20 for ranks"),
        (lambda: Permutation(4).rep("[3,2]"), ValueError, r"a partition of 4 such as \[3,1\]"),
        (lambda: Permutation(4).rep("[1,3]"), ValueError, r"a partition of 4 .* got '\[1,3\]'"),
        (lambda: Permutation(4).rep("[4,0]"), ValueError, r"or 'std', got '\[4,0\]'"),
        (lambda: Permutation(4).rep("2x1"), ValueError, r"S\(4\): expected a partition of 4"),
        (lambda: Permutation(3).inverse(torch.zeros(3)), TypeError, "integer dtype"),
        (lambda: Permutation(3).inverse(torch.arange(4)), ValueError, r"shape \(\*batch, 3\)"),
        (lambda: Permutation(3).log(torch.arange(3)), TypeError, "no Lie algebra"),
    ],
)
def test_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_nothing_depends_on_the_default_dtype():
    group = Permutation(5)
    rho, g = all_irreps(group), sample_elements(group)

    def results():
        young_form.cache_clear()
        return rho.matrix(g), rho.matrix(g, torch.float64)

    plain = results()
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        other = results()
    finally:
        torch.set_default_dtype(default)
    for a, b in zip(plain, other, strict=True):
        assert a.dtype == b.dtype
        assert torch.equal(a, b)


def test_a_grid_is_spread_over_the_lexicographic_order():
    assert torch.equal(Permutation(4).grid(24), Permutation(4).elements())
    large = Permutation(30).grid(5)
    assert torch.equal(large.sort(1).values, torch.arange(30).expand(5, -1))
    assert large[:, 0].tolist() == [0, 6, 12, 18, 24]
