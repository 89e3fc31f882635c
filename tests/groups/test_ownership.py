"""What a group returns is the caller's: no memory shared with inputs, tables or other rows."""

import functools

import pytest
import torch

from groupae import (
    SO2,
    SO3,
    Cyclic,
    Dihedral,
    FiniteGroup,
    Homomorphism,
    MatrixLieGroup,
    Permutation,
    Semidirect,
    Translation,
    get_group,
)
from groupae.groups.constants import Constant
from groupae.groups.maps.quotients import RotationPart, Sign, Winding
from groupae.groups.registry import example_groups

TURNS = [[[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]]
GROUPS = (
    *example_groups(),
    get_group("permutation(5)"),
    get_group("so3 * o2"),
    get_group("se2 * scaling"),
    get_group("translation(2) * translation(1)"),
    Semidirect(Translation(3), SO3()),
    FiniteGroup.from_table([[0, 1], [1, 0]]),
    MatrixLieGroup(TURNS, [torch.diag(torch.tensor([1.0, 1.0, -1.0]))]),
)
every_group = pytest.mark.parametrize("group", GROUPS, ids=lambda group: str(group)[:30])


def check_owned(call, *inputs):
    """Write into every row of what ``call`` returns; see that nothing else changes."""
    kept = [x.clone() for x in inputs]
    first, wanted = call(*inputs), call(*inputs).clone()
    many = first.ndim > 0
    for i in range(len(first) if many else 1):
        row = first[i] if many else first
        pattern = torch.arange(row.numel()).reshape(row.shape).to(row.dtype) + 3
        row.copy_(pattern)
        assert torch.equal(row, pattern), "entries of one row share memory"
        if many:
            assert torch.equal(first[i + 1 :], wanted[i + 1 :]), "two rows share memory"
    assert all(map(torch.equal, inputs, kept)), "shares memory with the input"
    assert torch.equal(call(*inputs), wanted), "what is returned later has changed"


@every_group
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_makers_return_rows_of_their_own(group, dtype):
    def of_dtype(method, *args):
        return lambda: method(*args, dtype=dtype)

    check_owned(of_dtype(group.identity))
    check_owned(of_dtype(group.identity, 4))
    check_owned(of_dtype(group.identity, 2, 3))
    check_owned(functools.partial(group.hard_elements, dtype))
    check_owned(lambda: group.sample(3, generator=torch.Generator().manual_seed(0), dtype=dtype))
    if group.has_grid:
        check_owned(lambda: group.grid(5))
    if group.order is not None:
        check_owned(group.elements)


@every_group
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_operations_return_rows_of_their_own(group, dtype):
    generator = torch.Generator().manual_seed(0)
    g, h = (group.sample(3, generator=generator, dtype=dtype) for _ in range(2))
    unit = group.identity(3, dtype=dtype)
    for method in (group.inverse, group.project, group.representatives):
        check_owned(method, g)
        check_owned(method, unit)
    for method in (group.compose, group.conjugate, group.distance):
        check_owned(method, g, h)
        check_owned(method, unit, h)
        check_owned(method, g, unit)
        check_owned(lambda a, b, method=method: method(a, b[0]), g, h)
    if group.order is not None:
        check_owned(group.index, g)
    v = torch.randn(3, group.lie_dim, generator=generator, dtype=dtype) / 3
    if group.has_exp:
        check_owned(group.exp, v)
        check_owned(group.exp, 0 * v)
    if group.has_log:
        check_owned(group.log, unit)
        check_owned(group.log, group.exp(v))
        check_owned(lambda a, b: group.interpolate(a, b, 0.0), unit, group.exp(v))
    for there in group.charts:
        written = group.convert(g, group.charts[0], there)
        for back in group.charts:
            check_owned(lambda x, there=there, back=back: group.convert(x, there, back), written)
    if hasattr(group, "unpack"):
        for i in range(len(group.unpack(g))):
            check_owned(lambda x, i=i: group.unpack(x)[i], g)
        check_owned(lambda *parts: group.pack(*parts), *group.unpack(g))


@every_group
def test_a_product_owns_its_rows(group):
    pair = group * SO2()
    check_owned(lambda: pair.identity(3))
    g = pair.sample(3, dtype=torch.float64)
    for method in (pair.inverse, pair.project, pair.representatives):
        check_owned(method, g)


def _maps():
    so3 = SO3()
    specs = {
        "so2": ("c(3)", "trivial", "so2"),
        "o2": ("so2", "c(4)", "d(3)"),
        "so3": ("so2", "so2:x", "o2", "c(3)", "d(2)", "octahedral"),
        "o3": ("so3", "o2", "so2", "c(2)"),
        "cyclic(6)": ("c(3)", "trivial"),
        "dihedral(4)": ("c(2)", "d(2)"),
        "permutation(4)": ("s(3)", "alternating", "c(4)"),
        "se2": ("so2", "translation", "c(3)"),
        "se3": ("so3", "translation", "d(2)"),
        "affine": ("scaling", "translation"),
        "so2 * cyclic(3)": ("0", "1"),
        "cyclic(2) * cyclic(3)": ("0", "1"),
    }
    named = [get_group(name).subgroup(spec) for name, every in specs.items() for spec in every]
    product = get_group("so3 * translation(2)")
    return (
        *named,
        Permutation(4).subgroup(torch.tensor([[1, 0, 2, 3]])),
        RotationPart.of(get_group("se2")),
        RotationPart.of(get_group("se3")),
        *(Sign.of(G) for G in (get_group("o2"), get_group("o3"), Permutation(3), Dihedral(3))),
        Winding(SO2(), SO2(), 1),
        Winding(Translation(1), SO2(), 1),
        product.subgroup("0"),
        product.subgroup("1"),
        so3.subgroup("so(3)"),
        so3.subgroup("so2") @ SO2().subgroup("c(5)"),
        Homomorphism.from_callable(so3, so3, _unchanged, preimage=_unchanged),
        Homomorphism.from_callable(Cyclic(2), Cyclic(4), _doubled),
    )


def _unchanged(g):
    return g


def _doubled(g):
    return 2 * g


@pytest.mark.parametrize("phi", _maps(), ids=str)
def test_homomorphisms_return_rows_of_their_own(phi):
    g = phi.source.sample(3, dtype=torch.float64)
    check_owned(phi, g)
    if phi.is_injective:
        check_owned(phi.preimage, phi(g))
    if phi.has_cosets:
        check_owned(phi.cosets)


def test_tables_are_not_given_away():
    table = FiniteGroup.from_table([[0, 1], [1, 0]])
    group = get_group("tetrahedral")
    lie = MatrixLieGroup(TURNS)
    for constant in (table.table, group.natural, group.table, lie.algebra, lie.discrete):
        before = str(constant)
        constant.values.fill_(9)
        assert str(constant) == before
        assert Constant(constant.values) == constant
    check_owned(lambda: lie.structure_constants)
    check_owned(lie.adjoint, lie.sample(2))
    numbers = torch.tensor([1, 2])
    constant = Constant(numbers)
    numbers.zero_()
    assert constant.values.tolist() == [1, 2]


@pytest.mark.parametrize(
    "group",
    [group for group in GROUPS if not group.has_integer_elements],
    ids=lambda group: str(group)[:30],
)
def test_an_optimiser_starts_at_the_identity(group):
    g = group.identity(4).requires_grad_()
    optimiser = torch.optim.SGD([g], lr=0.1)
    g.sum().backward()
    optimiser.step()
    assert torch.allclose(g, group.identity(4) - 0.1)
