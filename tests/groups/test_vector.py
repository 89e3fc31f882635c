"""Shifts, scalings, and both together."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import SO2, Affine, Homomorphism, Scaling, Semidirect, Translation, get_group
from groupae.groups.lie.translation import homogeneous_matrix, kronecker_lattice
from groupae.testing import check_group, check_representation, sample_elements
from groupae.testing.mixins import GroupLaws, RepresentationLaws


class TestLine(GroupLaws):
    def make(self):
        return Translation()


class TestSpace(GroupLaws):
    def make(self):
        return Translation(3)


class TestScaling(GroupLaws):
    def make(self):
        return Scaling()


class TestWaves(RepresentationLaws):
    def make(self):
        return Translation(3).rep("2x0 + 3x[1,0,0] + 1x[2,-1,3] + 2xstd + 1x[0,0,4]")


class TestShiftAlone(RepresentationLaws):
    def make(self):
        return Translation(2).rep("1xstd")


class TestPowers(RepresentationLaws):
    def make(self):
        return Scaling().rep("2x0 + 3x1 + 1x-2 + 2x4")


class TestProductWithWaves(RepresentationLaws):
    def make(self):
        return (Translation(2) * SO2() * Scaling()).rep("1x([1,-2],1,0) + 2x(std,0,-1)")


@given(st.integers(1, 4), st.integers(1, 3))
def test_labels_are_one_of_each_pair_of_opposite_waves(n, cutoff):
    irreps = Translation(n).irreps
    labels = irreps.labels(cutoff)
    assert labels[0] == irreps.trivial == 0
    assert labels[-1] == "std"
    waves = set(labels[1:-1])
    assert len(waves) == len(labels) - 2 == ((2 * cutoff + 1) ** n - 1) // 2
    assert not waves & {tuple(-i for i in k) for k in waves}
    assert [irreps.parse(irreps.format(label)) for label in labels] == list(labels)


def test_labels_of_a_plane_come_smallest_first():
    assert Translation(2).irreps.labels(1) == (0, (1, 0), (0, 1), (1, 1), (1, -1), "std")
    assert Scaling().irreps.labels(2) == (0, 1, -1, 2, -2)
    assert Affine().irreps.labels(1) == (0, 1, -1, "std")


def test_a_wave_turns_by_the_scalar_product():
    rho = Translation(2).rep("1x[3,-2]")
    b = torch.tensor([0.7, -0.4], dtype=torch.float64)
    angle = 3 * 0.7 + 2 * 0.4
    turn = [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    np.testing.assert_allclose(rho.matrix(b), turn, atol=1e-15)


def test_waves_of_a_line_are_those_of_the_circle():
    """Wrapping the line to the circle is a homomorphism; waves are frequencies pulled back."""
    b = torch.linspace(-7, 7, 30, dtype=torch.float64)
    for k in (1, 2, 5):
        wave = Translation(1).rep(f"1x[{k}]").matrix(b[:, None])
        torch.testing.assert_close(wave, SO2().rep(f"1x{k}").matrix(SO2().project(b)))


def test_the_standard_representation_shifts_points():
    b, x = torch.randn(2, 10, 3, dtype=torch.float64)
    lifted = torch.cat([x, torch.ones(10, 1, dtype=torch.float64)], 1)
    moved = Translation(3).standard().act(b, lifted)
    torch.testing.assert_close(moved[:, :3], x + b)
    torch.testing.assert_close(moved[:, 3], lifted[:, 3])


@pytest.mark.parametrize(
    "group",
    [Translation(1), Translation(3), Affine()],
    ids=str,
)
def test_the_commutant_of_the_standard_representation(group):
    """Count the solutions X of X rho(g) = rho(g) X."""
    rho = group.standard().matrix(group.sample(20, dtype=torch.float64))
    d = rho.shape[-1]
    eye = torch.eye(d, dtype=torch.float64)
    system = torch.cat([torch.kron(m, eye) - torch.kron(eye, m.mT.contiguous()) for m in rho])
    kernel = d * d - int(torch.linalg.matrix_rank(system, rtol=1e-9))
    assert group.irreps.commutant_dim("std") == kernel
    assert not group.irreps.is_irreducible("std")
    assert not group.irreps.is_orthogonal("std")
    assert group.irreps.is_orthogonal(group.irreps.trivial)


def test_waves_are_of_complex_type_and_orthogonal():
    irreps = Translation(2).irreps
    assert irreps.commutant_dim((1, 2)) == irreps.dim((1, 2)) == 2
    assert irreps.commutant_dim(0) == 1
    assert irreps.is_irreducible((1, 2))
    assert irreps.is_orthogonal((1, 2))
    assert not Scaling().irreps.is_orthogonal(1)


def test_only_an_orthogonal_representation_is_its_own_dual():
    g = Affine().sample(5, dtype=torch.float64)
    dual = Affine().rep("1xstd + 1x2").dual.matrix(g)
    inverse = Affine().rep("1xstd + 1x2").matrix(Affine().inverse(g)).mT
    torch.testing.assert_close(dual, inverse)


def test_exp_of_a_shift_is_that_of_its_matrix():
    u = torch.tensor([0.3, -2.0], dtype=torch.float64)
    nilpotent = torch.zeros(3, 3, dtype=torch.float64)
    nilpotent[:2, 2] = u
    shift = Translation(2).standard().matrix(Translation(2).exp(u))
    torch.testing.assert_close(torch.linalg.matrix_exp(nilpotent), shift)
    factor = Scaling().exp(torch.tensor([0.5], dtype=torch.float64))
    assert abs(factor.item() - math.exp(0.5)) < 1e-15


def test_powers_multiply():
    a = torch.tensor([0.5, 3.0], dtype=torch.float64)
    found = Scaling().rep("1x1 + 1x-2 + 1x3").matrix(a).diagonal(dim1=1, dim2=2)
    np.testing.assert_allclose(found, [[0.5, 4, 0.125], [3, 1 / 9, 27]], rtol=1e-15)


def test_the_affine_group_is_a_semidirect_product():
    source = Semidirect(Translation(1), Scaling())
    phi = Homomorphism.from_callable(source, Affine(), _flipped, preimage=_flipped)
    g = sample_elements(source)
    assert source.distance(phi.preimage(phi(g)), g).max() == 0
    torch.testing.assert_close(source.log(g).flip(-1), Affine().log(phi(g)))
    torch.testing.assert_close(source.standard().matrix(g), Affine().standard().matrix(phi(g)))


def _flipped(g):
    return g.flip(-1)


def test_samples_have_the_spread_the_docstrings_say():
    generator = torch.Generator().manual_seed(0)
    b = Translation(2).sample(20000, generator=generator, dtype=torch.float64)
    assert b.mean(0).abs().max() < 0.02
    assert (b.std(0) - 1).abs().max() < 0.02
    t = Scaling().sample(20000, generator=generator, dtype=torch.float64).log()
    assert abs(t.mean()) < 0.02
    assert abs(t.std() - 0.5) < 0.01


def test_grids_are_well_spread():
    for dim in (1, 2, 3):
        points = kronecker_lattice(512, dim)
        cells = (points * (8 if dim < 3 else 4)).floor()
        counts = cells.unique(dim=0, return_counts=True)[1]
        assert len(counts) == {1: 8, 2: 64, 3: 64}[dim]
        assert counts.max() <= 2 * counts.float().mean()
    assert Translation(3).grid(40).abs().max() <= 1
    steps = Scaling().grid(9).log().diff()
    torch.testing.assert_close(steps, torch.full_like(steps, 2 / 9))
    assert abs(Scaling().grid(9)[4] - 1) < 1e-15


def test_charts():
    b = torch.randn(4, 2, dtype=torch.float64)
    matrix = Translation(2).convert(b, from_="vector", to="matrix")
    assert torch.equal(matrix[:, :2, 2], b)
    assert torch.equal(matrix[:, 2], torch.tensor([0, 0, 1.0]).double().expand(4, 3))
    assert torch.equal(Translation(2).convert(matrix, from_="matrix", to="vector"), b)
    log = Scaling().convert(torch.tensor([1.0, math.e]), from_="factor", to="log")
    torch.testing.assert_close(log, torch.tensor([0.0, 1.0]))


def test_project_makes_a_factor_positive():
    assert (Scaling().project(torch.tensor([-1.0, 0.0, 2.0])) > 0).all()
    assert Scaling().project(torch.tensor(2.0)) == 2


def test_homogeneous_matrices_broadcast():
    linear, shift = torch.eye(2).expand(4, 1, 2, 2), torch.randn(3, 2)
    found = homogeneous_matrix(linear, shift)
    assert found.shape == (4, 3, 3, 3)
    assert torch.equal(found[1, :, :2, 2], shift)


@pytest.mark.parametrize("group", [Translation(2), Scaling(), Affine()], ids=str)
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_shapes_and_dtypes(group, batch, dtype):
    g = group.sample(*batch, dtype=dtype)
    for made in (
        *(g, group.identity(*batch, dtype=dtype), group.inverse(g), group.compose(g, g)),
        *(group.project(g), group.interpolate(g, g, 0.5), group.exp(group.log(g))),
    ):
        assert made.shape == (*batch, *group.element_shape)
        assert made.dtype == dtype
    assert group.distance(g, g).shape == batch
    assert group.log(g).shape == (*batch, group.lie_dim)
    assert group.standard().matrix(g).shape[: len(batch)] == batch
    low = group.sample(*batch, dtype=torch.bfloat16)
    assert group.compose(low, low).dtype == torch.bfloat16


@pytest.mark.parametrize("group", [Translation(2), Scaling(), Affine()], ids=str)
def test_operations_vmap(group):
    g, h = group.sample(2, 5, dtype=torch.float64)
    v = group.log(h)
    rho = group.standard() + group.trivial()
    x = torch.randn(5, rho.dim, dtype=torch.float64)
    for function, args in (
        *((group.compose, (g, h)), (group.distance, (g, h)), (group.inverse, (g,))),
        *((group.exp, (v,)), (group.log, (g,)), (group.project, (g,)), (rho.act, (g, x))),
    ):
        torch.testing.assert_close(torch.func.vmap(function)(*args), function(*args))


@pytest.mark.slow
@pytest.mark.parametrize("group", [Translation(2), Scaling()], ids=str)
def test_operations_compile_without_a_graph_break(group):
    rho = group.rep("2x0 + " + group.standard_text + (" + 1x[1,2]" if group.lie_dim > 1 else ""))

    def step(g, h, x):
        both = group.compose(group.inverse(g), h)
        return group.distance(g, group.exp(group.log(both))), rho.act(both, x)

    args = (*group.sample(2, 4), torch.randn(4, rho.dim))
    compiled = torch.compile(step, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(*args), step(*args))


@pytest.mark.parametrize("group", [Translation(2), Scaling(), Affine()], ids=str)
def test_derivatives(group):
    g = sample_elements(group, random=3)[:12]
    rho = group.standard()

    def value(v, h):
        return rho.matrix(group.compose(h, group.exp(v)))

    v = torch.zeros(len(g), group.lie_dim, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(value, (v, g.requires_grad_()), atol=1e-5)
    leaf = group.identity(dtype=torch.float64).clone().requires_grad_()
    (slope,) = torch.autograd.grad(group.distance(leaf, leaf.detach()), leaf)
    assert slope.isfinite().all()


@pytest.mark.parametrize("n", [1, 2, 5])
def test_text_round_trips(n):
    for text in (f"T({n})", f"translation({n})", f"t_{n}"):
        assert get_group(text) == Translation(n)
    assert get_group("R>0") == get_group("scaling") == get_group(str(Scaling())) == Scaling()
    rho = Translation(n).rep("2x0 + 1xstd + 3x[" + ",".join(["2"] * n) + "]")
    assert Translation(n).rep(str(rho)) == rho
    both = get_group(f"T({n}) * R>0")
    sigma = both.rep("2x([" + ",".join(["0"] * (n - 1) + ["3"]) + "],-2) + 1x(std,0)")
    assert both.rep(str(sigma)) == sigma


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Translation(0), ValueError, "n to be an integer of at least 1, got 0"),
        (lambda: Translation(2).rep("1x[-1,2]"), ValueError, r"it is equivalent to \[1,-2\]"),
        (lambda: Translation(2).rep("1x[0,-2]"), ValueError, r"it is equivalent to \[0,2\]"),
        (lambda: Translation(2).rep("1x[0,0]"), ValueError, "the trivial irrep is '0'"),
        (lambda: Translation(2).rep("1x[1]"), ValueError, r"vector of 2 entries, got '\[1\]'"),
        (lambda: Translation(2).rep("1x1"), ValueError, r"wave vector \[k1,k2\] of integers"),
        (lambda: Translation(2).rep("1x[1.5,0]"), ValueError, "of integers, got '.1.5,0.'"),
        (lambda: Translation(2).irreps.labels(), ValueError, "largest entry of a wave vector"),
        (lambda: Translation(2).compose(torch.zeros(3), torch.zeros(3)), ValueError, r"\(3,\)"),
        (lambda: Translation(2).exp(torch.zeros(3)), ValueError, "Lie-algebra vector is the shift"),
        (lambda: Translation(2).regular(3), TypeError, "got a non-compact one"),
        (lambda: Translation(2).elements(), TypeError, "an infinite one; use grid"),
        (lambda: Scaling().rep("1x1.5"), ValueError, r"R>0: .* an integer power p \(a\^p\)"),
        (lambda: Scaling().rep("1xstd"), ValueError, "an integer power p"),
        (lambda: Affine().rep("1xfoo"), ValueError, r"Aff\+\(1\): .* power p \(a\^p\) or 'std'"),
        (lambda: Scaling().irreps.labels(), ValueError, "a cutoff, the highest power"),
        (lambda: Scaling().compose(torch.tensor(1), torch.tensor(2)), TypeError, "floating dtype"),
        (lambda: Scaling().log(0.5), TypeError, "got float"),
        (lambda: Scaling().exp(torch.zeros(2)), ValueError, "vector is one logarithm"),
        (lambda: Scaling().regular(3), TypeError, "got a non-compact one"),
        (lambda: Scaling().elements(), TypeError, "an infinite one; use grid"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


class _WrongWave(Translation):
    def compose(self, g, h):
        return g + 1.001 * h


def test_a_broken_group_is_rejected():
    assert "associativity" in check_group(_WrongWave(2)).failures
    assert "homomorphism" in check_representation(_WrongWave(2).rep("1x[1,0]")).failures
