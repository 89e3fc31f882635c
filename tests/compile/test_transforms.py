"""Operations of every built-in group inside of ``torch.func``, alone and inside of a derivative."""

import pytest
import torch
from torch.func import jacfwd, jacrev, vmap

from groupae.groups.registry import example_groups
from groupae.testing.catalogue import representations_of

GROUPS = tuple(example_groups())
groups = pytest.mark.parametrize("group", GROUPS, ids=str)


def samples(group, n=3):
    generator = torch.Generator().manual_seed(0)
    return [group.sample(n, generator=generator, dtype=torch.float64) for _ in range(2)]


def close(found, wanted):
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)


@groups
def test_operations_vmap_alone_and_inside_of_a_derivative(group):
    g, h = samples(group)
    y = torch.linspace(1, 2, 3, dtype=torch.float64)
    operations = [group.compose, lambda g, _: group.inverse(g), lambda g, _: group.project(g)]
    operations += [group.distance, lambda g, _: group.representatives(g)]
    if group.order is not None and group.order < 1000:
        operations.append(lambda g, _: group.index(g))
    for operation in operations:
        wanted = operation(g, h)
        close(vmap(operation)(g, h), wanted)
        sums = wanted.double().reshape(3, -1).sum(1)
        for transform in (jacfwd, jacrev):
            slope = vmap(transform(lambda y, g, h, f=operation: y * f(g, h).double().sum()))
            close(slope(y, g, h), sums)


@groups
def test_derivatives_of_acting_vmap(group):
    g, _ = samples(group)
    for rho in representations_of(group):
        x = torch.randn(3, rho.dim, dtype=torch.float64)
        matrix = rho.matrix(g, torch.float64)
        torch.testing.assert_close(vmap(rho.matrix)(g), rho.matrix(g))
        for transform in (jacfwd, jacrev):
            close(vmap(transform(rho.act, 1))(g, x), matrix)
        if g.is_floating_point():
            close(vmap(jacfwd(rho.act))(g, x), vmap(jacrev(rho.act))(g, x))


@pytest.mark.slow
@groups
def test_operations_compile_without_a_graph_break(group):
    g, h = samples(group)

    def product(g, h):
        return group.compose(group.inverse(g), h)

    torch._dynamo.reset()
    compiled = torch.compile(product, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(g, h), product(g, h))


@groups
def test_compiled_code_sees_the_same_abilities(group):
    """torch takes a property of super() for true in compiled code; none of ours asks for one."""
    flags = ("has_exp", "has_log", "has_grid", "has_irreps", "has_standard", "has_integer_elements")

    def read(x):
        return [x + 1 if getattr(group, flag) else x for flag in flags]

    torch._dynamo.reset()
    found = torch.compile(read, fullgraph=True, backend="eager")(torch.zeros(()))
    assert dict(zip(flags, map(bool, found), strict=True)) == {
        flag: bool(getattr(group, flag)) for flag in flags
    }
