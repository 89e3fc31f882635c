"""Each representation acts as its dense matrix, however the kernels compute it."""

import pytest
import torch

from groupae import O2, O3, SE3, SO2, SO3, Cyclic, Dihedral, FiniteGroup, Permutation
from groupae.groups import constants
from groupae.groups.finite import symmetric, tabulated_irreps
from groupae.kernels.compiled import records
from groupae.kernels.compiled.library import is_compiled
from groupae.kernels.dispatch import forced_path

ICOSAHEDRAL = FiniteGroup.from_permutations([[1, 2, 3, 4, 0], [1, 2, 0, 3, 4]])
MADE = {
    "so2": lambda: SO2().rep("2x0 + 1x1 + 2x3"),
    "so3": lambda: SO3().rep("2x0 + 1x1 + 2x2"),
    "o2": lambda: O2().rep("1x0 + 2x0- + 3x1 + 2x2"),
    "o3": lambda: O3().rep("1x0e + 2x0o + 1x1o + 2x1e + 1x2e + 1x2o"),
    "o3_even": lambda: O3().rep("1x0e + 2x2e"),
    "rigid": lambda: SE3().rep("2x0 + 1xstd + 2x1 + 1x2 + 2xstd"),
    "rigid_std": lambda: SE3().rep("2xstd"),
    "product": lambda: (SO2() * SO3()).rep("2x(0,0) + 1x(1,1) + 2x(2,0) + 1x(0,2)"),
    "three_factors": lambda: (SO2() * Cyclic(4) * SO3()).rep("2x(1,1,1) + 1x(0,2,1)"),
    "product_half": lambda: (SO2() * SO2()).rep("2x(1,+2) + 1x(1,1)"),
    "finite_product": lambda: (Cyclic(4) * Permutation(3)).rep("2x(0,[3]) + 1x(1,[2,1])"),
    "tensor": lambda: SO3().rep("1x0 + 2x1") * SO3().rep("1x1 + 1x2"),
    "tensor_of_three": lambda: SO2().rep("1x0 + 1x1") * SO2().rep("2x1") * SO2().rep("1x2"),
    "tensor_finite": lambda: Dihedral(4).rep("1x1 + 1x0-") * Dihedral(4).rep("2x1"),
    "sum": lambda: SO3().rep("2x1") + SO3().irrep(1) * SO3().irrep(2),
    "induced": lambda: Cyclic(3).rep("1x0 + 2x1").induce(Cyclic(6).subgroup("c(3)")),
    "induced_dihedral": lambda: Cyclic(4).rep("2x1").induce(Dihedral(4).subgroup("c(4)")),
    "induced_infinite": lambda: SO2().rep("1x0 + 2x1").induce(O2().subgroup("so2")),
    "restricted": lambda: SO3().rep("2x0 + 2x1 + 1x2").restrict(SO3().subgroup("so2")),
    "restricted_finite": lambda: SO2().rep("1x1 + 2x2 + 1x5").restrict(SO2().subgroup("c(4)")),
    "cyclic": lambda: Cyclic(8).rep("2x0 + 3x1 + 1x4 + 2x3"),
    "cyclic_trivial": lambda: Cyclic(8).rep("3x0"),
    "dihedral": lambda: Dihedral(4).rep("2x0 + 1x0- + 3x1 + 2x2 + 1x2-"),
    "dihedral_odd": lambda: Dihedral(5).rep("2x1 + 1x0- + 2x2"),
    "symmetric": lambda: Permutation(4).rep("2x[4] + 1x[3,1] + 2x[2,2] + 1x[1,1,1,1] + 1xstd"),
    "symmetric_of_one": lambda: Permutation(1).rep("2x[1] + 1xstd"),
    "found": lambda: ICOSAHEDRAL.rep("2x0 + 1x1 + 2x4"),
}
WAYS = {
    "plain": {"fast": False},
    "fast": {"fast": True, "compiled": False},
    "compiled": {"fast": True, "compiled": True},
}
DTYPES = {torch.float32: 2e-5, torch.float64: 1e-12}


def make(name, dtype, n=6):
    rho = MADE[name]()
    generator = torch.Generator().manual_seed(1)
    g = rho.group.sample(n, generator=generator, dtype=dtype)
    return rho, g, torch.randn(n, rho.dim, 3, generator=generator, dtype=dtype)


def matrix_of(rho, g, dtype):
    with forced_path(fast=False):
        return rho.matrix(g.double() if g.is_floating_point() else g, torch.float64).to(dtype)


@pytest.fixture(params=WAYS)
def way(request):
    if request.param == "compiled" and not is_compiled():
        pytest.skip("the kernels are not compiled")
    return lambda: forced_path(**WAYS[request.param])


@pytest.mark.parametrize("dtype", tuple(DTYPES))
@pytest.mark.parametrize("name", tuple(MADE))
class TestActIsTheMatrix:
    def test_of_any_layout(self, name, dtype, way):
        rho, g, x = make(name, dtype)
        matrix, tolerance = matrix_of(rho, g, dtype), DTYPES[dtype] * rho.error_growth
        moved = matrix @ x
        apart = torch.randn(6, 3, 2 * rho.dim, dtype=dtype)[..., ::2]
        cases = {
            "one vector": (g, x[..., 0], -1, moved[..., 0]),
            "several": (g, x, 1, moved),
            "not in one piece": (g, x.mT, 2, moved.mT),
            "entries apart": (g, apart, -1, apart @ matrix.mT),
            "one element": (g[:1], x, 1, matrix[:1] @ x),
            "one vector for all": (g, x[:1], 1, matrix @ x[:1]),
            "without a batch": (g[0], x[0, :, 0], 0, moved[0, :, 0]),
            "elements against vectors": (
                g[:, None],
                x[None, ..., 0],
                -1,
                torch.einsum("gij,xj->gxi", matrix, x[..., 0]),
            ),
            "of each element several": (g, x.mT, -1, moved.mT),
            "empty": (g[:0], x[:0], 1, moved[:0]),
        }
        for title, (elements, vectors, dim, wanted) in cases.items():
            with way():
                found = rho.act(elements, vectors, dim=dim)
            assert found.shape == wanted.shape, title
            assert found.dtype == dtype, title
            assert float((found - wanted).abs().sum()) <= tolerance * max(1, wanted.numel()), title

    def test_gradients(self, name, dtype, way):
        rho, g, x = make(name, dtype)
        matrix, tolerance = matrix_of(rho, g, dtype), DTYPES[dtype] * rho.error_growth * 10
        weights = torch.randn_like(x)
        for elements, vectors, weight in (
            (g, x, weights),
            (g[:1], x, weights),
            (g, x[:1], weights),
        ):
            leaf = vectors.clone().requires_grad_()
            with way():
                moved = rho.act(elements, leaf, dim=1)
                (first,) = torch.autograd.grad((weight * moved**2).sum(), leaf, create_graph=True)
                (second,) = torch.autograd.grad((first**2).sum(), leaf)
            dense = vectors.clone().requires_grad_()
            other = matrix[: len(elements)] @ dense
            (wanted,) = torch.autograd.grad((weight * other**2).sum(), dense, create_graph=True)
            (twice,) = torch.autograd.grad((wanted**2).sum(), dense)
            assert (first - wanted).abs().max() <= tolerance * wanted.abs().max()
            assert (second - twice).abs().max() <= tolerance * twice.abs().max()

    def test_gradients_to_elements(self, name, dtype, way):
        rho, g, x = make(name, dtype)
        if not g.is_floating_point():
            pytest.skip("indices have no gradient")
        tolerance, found = DTYPES[dtype] * rho.error_growth * 50, []
        for context in (way(), forced_path(fast=False)):
            elements, leaf = g.clone().requires_grad_(), x.clone().requires_grad_()
            with context:
                moved = rho.act(elements, leaf, dim=1)
                of_both = torch.autograd.grad(
                    (moved * x.flip(0)).sum() + moved.pow(2).mul(x).sum(),
                    (elements, leaf),
                    create_graph=True,
                )
                length = sum(part.pow(2).sum() for part in of_both)
                found.append((*of_both, *torch.autograd.grad(length, (elements, leaf))))
        for one, other in zip(*found, strict=True):
            assert (one - other).abs().max() <= tolerance * other.abs().max().clamp(min=1)

    def test_batched_gradients(self, name, dtype, way):
        rho, g, x = make(name, dtype)
        leaf = x[..., 0].clone().requires_grad_()
        units = torch.eye(6 * rho.dim, dtype=dtype).view(-1, 6, rho.dim)
        with way():
            moved = rho.act(g, leaf)
            (rows,) = torch.autograd.grad(moved, leaf, units, is_grads_batched=True)
        blocks = rows.view(6, rho.dim, 6, rho.dim)[range(6), :, range(6)]
        wanted = matrix_of(rho, g, dtype)
        assert (blocks - wanted).abs().max() <= DTYPES[dtype] * rho.error_growth

    def test_transforms(self, name, dtype, way):
        rho, g, x = make(name, dtype)
        matrix, tolerance = matrix_of(rho, g, dtype), DTYPES[dtype] * rho.error_growth * 10
        z, direction = x[..., 0], x[..., 1]
        with way():
            mapped = torch.vmap(rho.act)(g, z)
            spread = torch.vmap(rho.act, in_dims=(None, 0))(g[0], z)
            value, slope = torch.func.jvp(lambda z: rho.act(g, z), (z,), (direction,))
        for found, wanted in (
            (mapped, matrix @ x),
            (value, matrix @ x),
            (slope, (matrix @ x).roll(-1, 2)),
            (spread, matrix[:1] @ x),
        ):
            assert (found - wanted[..., 0]).abs().max() <= tolerance


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", tuple(MADE))
def test_codes_of_16_bits_are_computed_with_in_32(name, dtype, way):
    rho, g, x = make(name, torch.float32)
    short, weights = x.to(dtype), x.flip(0).to(dtype)
    eps = torch.finfo(dtype).eps
    with way():
        leaf, wide = short.clone().requires_grad_(), short.float().requires_grad_()
        found, wanted = rho.act(g, leaf, dim=1), rho.act(g, wide, dim=1)
        assert found.dtype == dtype
        assert (found - wanted).abs().max() <= eps * wanted.abs().max()
        (of_short,) = torch.autograd.grad(found, leaf, weights)
        (of_wide,) = torch.autograd.grad(wanted, wide, weights.float())
        assert (of_short - of_wide).abs().max() <= 2 * eps * of_wide.abs().max()
        rows = torch.vmap(lambda g, x: rho.act(g, x, dim=0))(g, short)
    assert (rows - wanted).abs().max() <= eps * wanted.abs().max()


@pytest.mark.parametrize("name", ["symmetric", "found"])
def test_what_is_no_element_has_no_row(name):
    rho, g, x = make(name, torch.float32)
    bad = torch.zeros_like(g) if g.ndim > 1 else g + 1000
    with forced_path(fast=True), pytest.raises(IndexError, match="expected elements among the"):
        rho.act(bad, x, dim=1)


@pytest.mark.parametrize("name", tuple(MADE))
@pytest.mark.parametrize("way", ["fast", "compiled"])
def test_a_default_device_is_not_that_of_the_constants(name, way):
    rho, g, x = make(name, torch.float32)
    for kept in (
        constants._kept,
        tabulated_irreps._kept_table,
        symmetric._ranks,
        records.record_of_sum,
        records._generator_entries,
        records._span,
    ):
        kept.cache_clear()
    with forced_path(**WAYS[way]):
        with torch.device("meta"):
            first = rho.act(g, x, -2)
        assert torch.equal(first, rho.act(g, x, -2))
