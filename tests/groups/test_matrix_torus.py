"""Logarithms in compact matrix groups: every element of a connected one has one."""

import copy
import math
import pickle

import pytest
import torch

from groupae import SO3, MatrixLieGroup
from groupae.groups.lie.maximal_torus import MaximalTorus
from groupae.testing import assert_laws
from tests.groups.lie_algebras import (
    as_real,
    block_sum,
    orthogonal_algebra,
    symplectic_algebra,
    torus_algebra,
    unitary_algebra,
)

DOUBLE = torch.float64
EPS = torch.finfo(DOUBLE).eps
SU2, SU3, SU4 = (MatrixLieGroup(unitary_algebra(n, special=True)) for n in (2, 3, 4))


def adjoint(group):
    """The group on its own algebra: SU(3) without its centre, say."""
    ad = group.structure_constants.transpose(1, 2)
    return MatrixLieGroup(group.to_orthonormal(ad))


CONNECTED = {
    "SU(2)": SU2,
    "SU(3)": SU3,
    "SU(4)": SU4,
    "U(1)": MatrixLieGroup(unitary_algebra(1)),
    "U(2)": MatrixLieGroup(unitary_algebra(2)),
    "U(3)": MatrixLieGroup(unitary_algebra(3)),
    "SO(2)": MatrixLieGroup(orthogonal_algebra(2)),
    "SO(3)": MatrixLieGroup(orthogonal_algebra(3)),
    "SO(4)": MatrixLieGroup(orthogonal_algebra(4)),
    "SO(5)": MatrixLieGroup(orthogonal_algebra(5)),
    "Sp(1)": MatrixLieGroup(symplectic_algebra(1)),
    "Sp(2)": MatrixLieGroup(symplectic_algebra(2)),
    "T^2": MatrixLieGroup(torus_algebra((1, 0), (0, 1))),
    "T^2 by weights": MatrixLieGroup(torus_algebra((1, 0), (0, 2), (1, 1))),
    "speeds 2 and 3": MatrixLieGroup(torus_algebra((2,), (3,))),
    "SO(3) x SU(2)": MatrixLieGroup(
        block_sum(orthogonal_algebra(3), unitary_algebra(2, special=True))
    ),
    "U(1) x SU(3)": MatrixLieGroup(block_sum(unitary_algebra(1), unitary_algebra(3, special=True))),
    "Ad SU(3)": adjoint(SU3),
    "twice SO(3)": MatrixLieGroup(
        torch.stack([torch.block_diag(x, x) for x in orthogonal_algebra(3)])
    ),
}
RANKS = {"SU(4)": (3, 6), "SO(5)": (2, 4), "Sp(2)": (2, 4), "Ad SU(3)": (2, 3), "T^2": (2, 0)}
every_group = pytest.mark.parametrize("group", CONNECTED.values(), ids=CONNECTED.keys())


def haar(group, n, dtype=DOUBLE, seed=0):
    return group.sample(n, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def hard(group, dtype=DOUBLE):
    """Elements with equal and opposite phases, squares and cubes of which are near the centre."""
    h = group.hard_elements()
    half = group.exp(math.pi * torch.eye(group.lie_dim, dtype=DOUBLE))
    near = group.exp((math.pi - 1e-6) * torch.eye(group.lie_dim, dtype=DOUBLE))
    every = torch.cat([h, h @ h, half, half @ half, half @ half.flip(0), near, near @ near])
    return every.to(dtype)


@every_group
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_every_element_of_a_compact_connected_group_has_a_logarithm(group, dtype):
    assert group.has_global_log
    g = torch.cat([haar(group, 300, dtype), hard(group, dtype)])
    leaf = g.clone().requires_grad_()
    v = group.log(leaf)
    wide = float(torch.linalg.matrix_norm(group.algebra.values, 2).amax() * v.detach().abs().amax())
    for found in (v.detach(), group.log(g)):
        error = group.distance(group.exp(found), g).amax()
        assert error <= 16 * max(4, wide) * torch.finfo(dtype).eps
    (gradient,) = torch.autograd.grad(v.sum(), leaf)
    assert gradient.isfinite().all()


# not where phases run to 15: the laws allow 64 eps, and rounding grows with the phases
@pytest.mark.parametrize("name", ["SU(2)", "SU(3)", "U(2)", "Sp(1)", "T^2", "twice SO(3)"])
def test_laws(name):
    assert_laws(CONNECTED[name])


def test_thousands_of_haar_samples():
    for group in (SU2, SU3, CONNECTED["SO(4)"]):
        g = haar(group, 1500, seed=3)
        v = group.log(g)
        assert group.distance(group.exp(v), g).amax() < 64 * EPS
        start, end = g[:300], g[300:600]
        halfway = group.interpolate(start, end, 0.5)
        back = group.interpolate(halfway, end, 1.0)
        assert group.distance(back, end).amax() < 128 * EPS


def test_one_phase_is_moved_by_a_whole_turn():
    phases = torch.tensor([2.0, 2.0, -4.0], dtype=DOUBLE)
    g = as_real(torch.diag(torch.exp(1j * phases)))
    x = torch.einsum("k,kij->ij", SU3.log(g), SU3.algebra.values)
    torch.testing.assert_close(x, as_real(torch.diag(1j * phases)), atol=1e-14, rtol=0)


@pytest.mark.parametrize(("group", "n"), [(SU2, 2), (SU4, 4), (CONNECTED["U(2)"], 2)])
def test_minus_one_has_a_logarithm_of_length_pi(group, n):
    minus = -torch.eye(2 * n, dtype=DOUBLE)
    v = group.log(minus)
    x = torch.einsum("k,kij->ij", v, group.algebra.values)
    torch.testing.assert_close(group.exp(v), minus, atol=16 * EPS, rtol=0)
    torch.testing.assert_close(x @ x, -(math.pi**2) * torch.eye(2 * n, dtype=DOUBLE))


def test_logarithms_are_the_shortest():
    """In SU(n) phases that sum to 0 differ by at most a turn; those of a principal one stay."""
    for group, n in ((SU3, 3), (SU4, 4)):
        x = torch.einsum("bk,kij->bij", group.log(haar(group, 400)), group.algebra.values)
        phases = torch.linalg.eigvalsh(torch.complex(x[:, n:, :n], -x[:, :n, :n]))
        assert phases.sum(1).abs().max() < 1e-12
        assert (phases[:, -1] - phases[:, 0]).max() <= 2 * math.pi + 1e-9
        assert (phases.abs() > math.pi).any()
    so3 = CONNECTED["SO(3)"]
    assert so3.log(haar(so3, 400)).norm(dim=1).max() <= math.pi + 1e-12


@pytest.mark.parametrize("name", ["SU(2)", "SU(3)", "U(2)", "SO(4)", "speeds 2 and 3"])
def test_gradients_where_the_principal_logarithm_lies_outside(name):
    group = CONNECTED[name]
    start = group.log(haar(group, 40))
    far = start[start.norm(dim=1).argsort()[-8:-2]]  # long, not at the end of all
    step = torch.full((group.lie_dim,), 0.01, dtype=DOUBLE)

    def path(v):
        return group.log(group.compose(group.exp(v), group.exp(step)))

    v = far[:2].clone().requires_grad_()
    assert torch.autograd.gradcheck(path, (v,))
    assert torch.autograd.gradgradcheck(path, (v,))
    unit = torch.eye(group.lie_dim, dtype=DOUBLE).expand(2, -1, -1)
    for jacobian in (torch.func.jacfwd, torch.func.jacrev):
        found = torch.func.vmap(jacobian(lambda v: group.log(group.exp(v))))(far[:2])
        torch.testing.assert_close(found, unit, atol=1e-9, rtol=0)
    torch.testing.assert_close(
        torch.func.vmap(group.log)(haar(group, 5)), group.log(haar(group, 5))
    )


@pytest.mark.parametrize("n", [2, 3, 4])
def test_elements_of_the_other_component_of_o_n_have_none(n):
    mirror = torch.eye(n)
    mirror[0, 0] = -1
    group = MatrixLieGroup(orthogonal_algebra(n), mirror[None])
    assert not group.has_global_log
    g = torch.cat([haar(group, 200), hard(group)])
    assert torch.equal(group.log(g).isfinite().all(-1), torch.linalg.det(g) > 0)
    assert_laws(group)


def test_a_line_that_winds_around_a_torus_is_said_to_have_no_global_logarithm():
    line = MatrixLieGroup(torus_algebra((1,), (math.sqrt(2),)))
    assert not line.has_global_log
    v = torch.tensor([[0.5], [-1.0], [2.0]], dtype=DOUBLE)
    torch.testing.assert_close(line.log(line.exp(v)), v)


@pytest.mark.parametrize("frequencies", [(1, 61), (61, 67, 71), (3, 997)], ids=str)
def test_circles_that_wind_often_are_compact(frequencies):
    circle = MatrixLieGroup(torus_algebra(*[(k,) for k in frequencies]))
    assert circle.has_global_log
    g = haar(circle, 300)
    assert circle.distance(circle.exp(circle.log(g)), g).amax() < 64 * max(frequencies) * EPS


def test_groups_that_are_not_compact_use_the_torus_inside():
    """-1 of SL(2, R) is a half turn; in SL(3, R) a half turn may also stretch."""
    h, e, f = [[1, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]
    sl2 = MatrixLieGroup([h, e, f])
    assert not sl2.has_global_log
    minus = -torch.eye(2, dtype=DOUBLE)
    leaf = minus.clone().requires_grad_()
    v = sl2.log(leaf)
    torch.testing.assert_close(sl2.exp(v), minus, atol=16 * EPS, rtol=0)
    (gradient,) = torch.autograd.grad(v.sum(), leaf)
    assert gradient.isfinite().all()
    units = torch.eye(9, dtype=DOUBLE).reshape(9, 3, 3)
    diagonal = [units[0] - units[4], units[4] - units[8]]
    sl3 = MatrixLieGroup(torch.stack([*diagonal, *units[[1, 2, 3, 5, 6, 7]]]))
    g = torch.diag(torch.tensor([-2.0, -2.0, 0.25], dtype=DOUBLE))
    torch.testing.assert_close(sl3.exp(sl3.log(g)), g, atol=64 * EPS, rtol=0)
    assert sl3.log(torch.diag(torch.tensor([-2.0, -0.5, 1.0], dtype=DOUBLE))).isnan().all()


@pytest.mark.parametrize(("name", "wanted"), RANKS.items())
def test_ranks_and_roots_are_those_of_the_books(name, wanted):
    torus = MaximalTorus.of(CONNECTED[name].algebra.values)
    assert (len(torus.torus), len(torus.planes)) == wanted


def test_rotations_agree_with_so3_up_to_a_half_turn():
    g = haar(SO3(), 300)
    ours, theirs = CONNECTED["SO(3)"], SO3()
    vectors = torch.einsum("bk,kij->bij", ours.log(g), ours.algebra.values)
    wanted = theirs.log(g)
    found = torch.stack([vectors[:, 2, 1], vectors[:, 0, 2], vectors[:, 1, 0]], 1)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


def test_a_group_with_a_torus_is_data():
    for other in (pickle.loads(pickle.dumps(SU3)), copy.deepcopy(SU3)):
        assert other == SU3
        assert torch.equal(other.log(haar(SU3, 3)), SU3.log(haar(SU3, 3)))
