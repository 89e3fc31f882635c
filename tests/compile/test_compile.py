"""One of each family under ``torch.compile(fullgraph=True)``, ``torch.func.vmap`` and gradcheck.

Representations are compiled before they are used once, with warnings as errors: nothing may be
left to compute that the compiler cannot trace. ``aot_eager`` is all of the default backend but the
code it writes.
"""

import dataclasses
import math

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic, Dihedral, Permutation, Representation, get_group
from groupae.groups import O2, O3, FiniteGroup, Icosahedral, Translation
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.kernels.dispatch import forced_path


def quaternions():
    return FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])


SPECIAL_LINEAR = "MatrixLieGroup(algebra=[[[1,0],[0,-1]],[[0,1],[0,0]],[[0,0],[1,0]]])"
CROSS = [
    [[0.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]],
    [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [-1.0, 0.0, 0.0]],
    [[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
]


def double_turn(g):
    c, s = (2 * g).cos(), (2 * g).sin()
    return torch.stack([torch.stack([c, -s], -1), torch.stack([s, c], -1)], -2)


FAMILIES = {
    "SO2": lambda: SO2().rep("2x0 + 3x1 + 1x5"),
    "O2": lambda: O2().rep("1x0 + 1x0- + 2x1"),
    "SO3": lambda: SO3().rep("2x0 + 1x1 + 2x3"),
    "O3": lambda: O3().rep("1x0e + 2x1o + 1x2e"),
    "Cyclic": lambda: Cyclic(6).rep("1x0 + 2x1 + 1x3"),
    "Dihedral": lambda: Dihedral(4).rep("1x0 + 1x1 + 1x2-"),
    "Permutation": lambda: Permutation(4).rep("1x[4] + 2x[3,1] + 1x[2,2]"),
    "icosahedral": lambda: Icosahedral().rep("1x0 + 2x1 + 1x4"),
    "from permutations": lambda: quaternions().rep("1x0 + 1x4"),
    "product": lambda: (SO2() * Cyclic(6)).rep("1x(0,0) + 2x(1,2)"),
    "affine": lambda: Affine().rep("1xstd + 1x0"),
    "SE2": lambda: SE2().standard(),
    "SE3": lambda: SE3().standard(),
    "translation": lambda: Translation(2).standard(),
    "matrix Lie group": lambda: get_group(SPECIAL_LINEAR).standard(),
    "tensor product": lambda: SO3().rep("1x1") * SO3().rep("1x2"),
    "lazy sum": lambda: 2 * (SO2().rep("1x1") ** 2) + SO2().rep("1x0"),
    "restricted": lambda: SO3().rep("1x1 + 1x2").restrict(SO3().subgroup("so2")),
    "restricted to finite": lambda: SO3().rep("1x3").restrict(SO3().subgroup("icosahedral")),
    "induced": lambda: SO2().rep("1x1").induce(O2().subgroup("so2")),
    "induced finite": lambda: Cyclic(6).rep("1x1").induce(Dihedral(6).subgroup("c(6)")),
    "regular": lambda: quaternions().regular(on_elements=True),
    "alternating": lambda: SO3().rep("1x2").alternating_square(),
    "dual": lambda: Affine().rep("1xstd + 1x0").dual,
    "external": lambda: SO2().rep("1x1").external(Cyclic(6).rep("1x2 + 1x0")),
    "generators": lambda: Representation.from_generators(SO3(), torch.tensor(CROSS)),
    "function": lambda: Representation.from_callable(SO2(), double_turn, 2),
}
families = pytest.mark.parametrize("family", FAMILIES)


def unused(family: str) -> Representation:
    """Return a new representation in which nothing has been computed by acting."""
    return dataclasses.replace(FAMILIES[family]())


def some(rho, dtype=torch.float32, n=4):
    generator = torch.Generator().manual_seed(0)
    g = rho.group.sample(n, generator=generator, dtype=dtype)
    return g, torch.randn(n, rho.dim, generator=generator, dtype=dtype)


@pytest.mark.slow
@families
def test_acting_and_matrices_compile_without_a_graph_break(family):
    rho = unused(family)
    g, x = some(FAMILIES[family]())
    torch._dynamo.reset()
    act = torch.compile(rho.act, fullgraph=True, backend="aot_eager")
    matrix = torch.compile(rho.matrix, fullgraph=True, backend="eager")
    moved, matrices = act(g, x), matrix(g)
    torch.testing.assert_close(moved, rho.act(g, x))
    torch.testing.assert_close(matrices, rho.matrix(g))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["SO2", "SO3", "Permutation", "tensor product", "restricted"])
def test_forward_and_backward_are_traced_together(family):
    """``aot_eager`` traces the gradient too; the result is the eager one."""
    rho = unused(family)
    g, x = some(FAMILIES[family](), torch.float64)
    torch._dynamo.reset()
    leaves = [t.clone().requires_grad_() for t in (x, g) if t.is_floating_point()]
    compiled = torch.compile(rho.act, fullgraph=True, backend="aot_eager")
    results = []
    for act in (compiled, rho.act):
        moved = act(leaves[1] if len(leaves) > 1 else g, leaves[0])
        results.append(torch.autograd.grad(moved.square().cos().sum(), leaves))
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.slow
@pytest.mark.parametrize(
    "group", [SO2(), SO3(), O2(), Cyclic(6), Dihedral(4), Permutation(4)], ids=str
)
def test_group_operations_compile_without_a_graph_break(group):
    g, h = group.sample(4), group.sample(4)

    def both(g, h):
        return group.compose(group.inverse(g), h)

    torch._dynamo.reset()
    compiled = torch.compile(both, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(g, h), both(g, h))


@pytest.mark.slow
def test_groups_given_by_generators_compile_before_their_first_use():
    for group in (quaternions(), Icosahedral(), FiniteGroup.from_table([[0, 1], [1, 0]])):
        g, h = torch.tensor([0, 1]), torch.tensor([1, 1])
        torch._dynamo.reset()
        compiled = torch.compile(
            lambda g, h, G=group: G.compose(G.inverse(g), h), fullgraph=True, backend="eager"
        )
        assert torch.equal(compiled(g, h), group.compose(group.inverse(g), h))


@families
def test_acting_and_matrices_vmap_over_elements_and_vectors(family):
    rho = FAMILIES[family]()
    g, x = some(rho)
    torch.testing.assert_close(torch.func.vmap(rho.act)(g, x), rho.act(g, x))
    torch.testing.assert_close(torch.func.vmap(rho.matrix)(g), rho.matrix(g))
    over_elements = torch.func.vmap(rho.act, in_dims=(0, None))(g, x[0])
    torch.testing.assert_close(over_elements, rho.act(g, x[:1]))
    over_vectors = torch.func.vmap(rho.act, in_dims=(None, 0))(g[0], x)
    torch.testing.assert_close(over_vectors, rho.act(g[0], x))


PLACES = {
    "SO2": torch.tensor([0.0, 1e-7, 1.0, math.pi / 2, math.pi], dtype=torch.float64),
    "SO3": SO3().exp(
        torch.tensor(
            [[0, 0, 0], [1e-7, 0, 0], [0.3, -0.7, 0.2], [0, math.pi, 0], [0, 0, math.pi - 1e-7]],
            dtype=torch.float64,
        )
    ),
}


@pytest.mark.parametrize(
    ("family", "places"),
    [
        ("SO2", "SO2"),
        ("lazy sum", "SO2"),
        ("restricted", "SO2"),
        ("function", "SO2"),
        ("SO3", "SO3"),
        ("tensor product", "SO3"),
        ("alternating", "SO3"),
    ],
)
def test_first_and_second_derivatives_are_right_at_good_and_bad_places(family, places):
    rho = FAMILIES[family]()
    x = torch.randn(rho.dim, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weights = torch.randn(rho.dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    for g in PLACES[places]:

        def moved(v, x, g=g):  # elements are left along the group: others are none
            return rho.act(rho.group.compose(rho.group.exp(v), g), x, dim=0)

        v = torch.zeros(rho.group.lie_dim, dtype=torch.float64, requires_grad=True)
        x = x.detach().requires_grad_()
        for fast in (True, False):
            with forced_path(fast=fast):
                assert torch.autograd.gradcheck(moved, (v, x), check_forward_ad=True)
                assert torch.autograd.gradgradcheck(lambda v, x: weights @ moved(v, x), (v, x))


def test_vectors_of_any_batch_are_acted_on_by_vmapped_elements():
    rho = FAMILIES["restricted"]()
    g, x = some(rho, n=3)
    stacked = torch.func.vmap(torch.func.vmap(rho.act), in_dims=(None, 0))(g, torch.stack([x, -x]))
    torch.testing.assert_close(stacked[1], -stacked[0])


def test_derivatives_along_the_group_by_forward_mode():
    """The derivative of frequency k at 0 is k times the quarter turn."""
    rho = SO2().rep("1x3")
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    zero = torch.zeros((), dtype=torch.float64)
    _, slope = torch.func.jvp(lambda g: rho.act(g, x), (zero,), (torch.ones_like(zero),))
    assert slope.tolist() == [-6.0, 3.0]


class _Acts(torch.nn.Module):
    def __init__(self, rho):
        super().__init__()
        self.rho = rho

    def forward(self, g, x):
        return self.rho.act(g, x)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["SO2", "SO3", "O3", "Cyclic", "Permutation", "tensor product"])
def test_acting_is_exported_for_any_batch(family):
    rho = FAMILIES[family]()
    g, x = some(rho)
    batch = {0: torch.export.Dim("batch")}
    program = torch.export.export(_Acts(unused(family)), (g, x), dynamic_shapes=(batch, batch))
    g, x = some(rho, n=7)
    torch.testing.assert_close(program.module()(g, x), rho.act(g, x))
