"""Semidirect products: by standard matrices, and by the user's own automorphisms."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
import scipy.linalg
import torch

from groupae import (
    O2,
    SE2,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    FiniteGroup,
    Homomorphism,
    MatrixLieGroup,
    Permutation,
    Scaling,
    Semidirect,
    Translation,
    get_group,
)
from groupae.groups.products.packed import split_outside
from groupae.testing import assert_laws, check_group, sample_elements
from groupae.testing.mixins import GroupLaws, RepresentationLaws


@dataclasses.dataclass(frozen=True)
class Inversion:
    """C(2) turns the indices of C(n) around."""

    n: int

    def __call__(self, h, j):
        return torch.remainder(j * (1 - 2 * h), self.n)


def reflection(h, theta):
    """C(2) turns angles around."""
    return theta * (1 - 2 * h)


def conjugation(h, n):
    """A group acts on itself by inner automorphisms."""
    return SO3().conjugate(h, n)


def nothing(h, n):
    return n.expand(*torch.broadcast_shapes(h.shape, n.shape[:-1]), n.shape[-1])


def powers(h, j):
    """Multiply C(7) by powers of 2, a unit of order 3."""
    return torch.remainder(j * 2**h, 7)


STANDARD = (
    Semidirect(Translation(2), SO2()),
    Semidirect(Translation(3), SO3()),
    Semidirect(Translation(2), Cyclic(6)),
    Semidirect(Translation(2), Dihedral(4)),
    Semidirect(Translation(2), O2()),
    Semidirect(Translation(3), Permutation(3)),
    Semidirect(Translation(1), Scaling()),
    Semidirect(Translation(2), Translation(1)),
    Semidirect(Translation(2), Affine()),
    Semidirect(Translation(3), SE2()),
    Semidirect(Translation(4), SO2() * Cyclic(4)),
    Semidirect(Translation(3), SO2() * Scaling()),
)
CUSTOM = (
    Semidirect(Cyclic(5), Cyclic(2), Inversion(5)),
    Semidirect(Cyclic(7), Cyclic(3), powers),
    Semidirect(SO2(), Cyclic(2), reflection),
    Semidirect(SO3(), SO3(), conjugation),
    Semidirect(Translation(2), Cyclic(3), nothing),
)
LIE = tuple(STANDARD[i] for i in (0, 1, 6, 7, 8, 9, 11))
EVERY = pytest.mark.parametrize("group", STANDARD + CUSTOM, ids=str)


@EVERY
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_group_laws(group, dtype):
    assert_laws(group, dtype=dtype)


@EVERY
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_representation_laws(group, dtype):
    irreps = group.irreps
    labels = irreps.labels(2)
    chosen = dict.fromkeys([*labels[:4], *labels[-2:]])
    text = " + ".join(f"{1 + i % 2}x{irreps.format(label)}" for i, label in enumerate(chosen))
    assert_laws(group.rep(text), dtype=dtype)


class TestProductWithSemidirect(GroupLaws):
    def make(self):
        return Semidirect(Translation(2), Cyclic(4)) * SO2()


class TestIrrepsOfProductWithSemidirect(RepresentationLaws):
    def make(self):
        return (Semidirect(Translation(2), SO2()) * Cyclic(3)).rep("2x(std,0) + 1x(2,1)")


# --- the elements ------------------------------------------------------------------------------
@EVERY
def test_the_product_is_as_defined(group):
    g, h = sample_elements(group)[:40], sample_elements(group).flip(0)[:40]
    (n1, h1), (n2, h2) = group.unpack(g), group.unpack(h)
    found = group.unpack(group.compose(g, h))
    normal = group.normal.compose(n1, group.act(h1, n2))
    assert group.normal.distance(found[0], normal).max() < 1e-13
    assert group.acting.distance(found[1], group.acting.compose(h1, h2)).max() < 1e-13


@EVERY
def test_the_normal_part_is_normal_and_acted_on_by_conjugation(group):
    g = sample_elements(group)[:40]
    n, h = group.unpack(g)
    unit_n, unit_h = group.unpack(group.identity(len(g), dtype=torch.float64))
    inside, beside = group.pack(n, unit_h).to(g.dtype), group.pack(unit_n, h).to(g.dtype)
    conjugate = group.unpack(group.conjugate(beside, inside))
    assert group.normal.distance(conjugate[0], group.act(h, n)).max() < 1e-12
    assert group.acting.distance(conjugate[1], unit_h).max() < 1e-12
    assert group.distance(group.compose(inside, beside), g).max() < 1e-13


@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_turning_indices_around_makes_the_dihedral_group(n):
    source, target = Semidirect(Cyclic(n), Cyclic(2), Inversion(n)), Dihedral(n)
    phi = Homomorphism.from_callable(source, target, Index(n), preimage=Pair(n))
    every = source.elements()
    assert source.order == len(every) == target.order
    assert phi(every).sort().values.tolist() == list(range(2 * n))
    assert torch.equal(phi.preimage(phi(every)), every)
    assert source.is_abelian is target.is_abelian


@dataclasses.dataclass(frozen=True)
class Index:
    """(j, s) as the index j + n s of r^j f^s."""

    n: int

    def __call__(self, g):
        return g[..., 0] + self.n * g[..., 1]


class Pair(Index):
    def __call__(self, g):
        return torch.stack([g % self.n, g // self.n], -1)


def test_its_table_is_that_of_the_dihedral_group():
    """Equal irreps (degrees and types) of two groups found and written down independently."""
    source = Semidirect(Cyclic(5), Cyclic(2), Inversion(5))
    every = source.elements()
    table = source.index(source.compose(every[:, None], every[None]))
    found = FiniteGroup.from_table(table).irreps
    known = Dihedral(5).irreps
    for irreps in (found, known):
        degrees = sorted((irreps.dim(x), irreps.commutant_dim(x)) for x in irreps.labels())
        assert degrees == [(1, 1), (1, 1), (2, 1), (2, 1)]


def test_the_frobenius_group_of_order_21():
    """C(7) x| C(3): five complex classes, degrees 1, 1, 1, 3, 3; real ones 1, 2, 6."""
    source = CUSTOM[1]
    every = source.elements()
    table = source.index(source.compose(every[:, None], every[None]))
    irreps = FiniteGroup.from_table(table).irreps
    degrees = [(irreps.dim(x), irreps.commutant_dim(x)) for x in irreps.labels()]
    assert degrees == [(1, 1), (2, 2), (6, 2)]


@pytest.mark.parametrize("group", [*CUSTOM[:2], Cyclic(3) * Cyclic(4)], ids=str)
def test_elements_of_a_finite_group_are_found_by_index(group):
    every = group.elements()
    assert torch.equal(group.index(every), torch.arange(group.order))
    assert torch.equal(group.index(every.view(1, *every.shape)), torch.arange(group.order)[None])
    assert torch.equal(every[0], group.identity())


def test_conjugation_makes_a_product_in_disguise():
    """(n, h) -> (n h, h) carries SO(3) x| SO(3) by inner automorphisms to SO(3) * SO(3)."""
    source, target = CUSTOM[3], SO3() * SO3()
    phi = Homomorphism.from_callable(source, target, _untwisted)
    g = sample_elements(source)[:20]
    assert target.distance(phi(source.inverse(g)), target.inverse(phi(g))).max() < 1e-13


def _untwisted(g):
    n, h = CUSTOM[3].unpack(g)
    return (SO3() * SO3()).pack(SO3().compose(n, h), h)


def test_shears_make_the_heisenberg_group():
    group = Semidirect(Translation(2), Translation(1))
    x = torch.tensor([0.0, 0.7, 0.0], dtype=torch.float64)  # the shift that is sheared
    y = torch.tensor([0.0, 0.0, 0.3], dtype=torch.float64)  # the shear
    commutator = group.compose(group.conjugate(y, x), group.inverse(x))
    torch.testing.assert_close(commutator, torch.tensor([0.21, 0.0, 0.0], dtype=torch.float64))
    matrix = group.standard().matrix(group.compose(x, y))
    wanted = np.array([[1, 0.3, 0], [0, 1, 0.7], [0, 0, 1]])
    np.testing.assert_allclose(matrix, wanted, atol=1e-15)


# --- Lie groups --------------------------------------------------------------------------------
@pytest.mark.parametrize("group", LIE, ids=str)
def test_exp_is_that_of_homogeneous_matrices(group):
    """The generators of ``std`` come from differences, the exponential from scipy."""
    generator = torch.Generator().manual_seed(1)
    v = torch.randn(10, group.lie_dim, generator=generator, dtype=torch.float64)
    rho, step = group.standard(), 1e-5
    axes = step * torch.eye(group.lie_dim, dtype=torch.float64)
    basis = (rho.matrix(group.exp(axes)) - rho.matrix(group.exp(-axes))) / (2 * step)
    wanted = [scipy.linalg.expm(m) for m in torch.einsum("bi,ijk->bjk", v, basis).numpy()]
    np.testing.assert_allclose(rho.matrix(group.exp(v)), wanted, rtol=1e-7, atol=1e-7)
    assert group.distance(group.exp(group.log(group.exp(v))), group.exp(v)).max() < 1e-12


@pytest.mark.parametrize("group", LIE, ids=str)
def test_derivatives_of_exp_and_log(group):
    v = 0.3 * torch.ones(2, group.lie_dim, dtype=torch.float64)
    v[0] = 0
    assert torch.autograd.gradcheck(group.exp, v.requires_grad_())
    jacobian = torch.func.vmap(torch.func.jacrev(lambda x: group.log(group.exp(x))))(v.detach())
    assert (jacobian - torch.eye(group.lie_dim, dtype=torch.float64)).abs().max() < 1e-9


@pytest.mark.parametrize("group", LIE, ids=str)
@pytest.mark.parametrize("outer", [torch.func.jacfwd, torch.func.jacrev])
@pytest.mark.parametrize("inner", [torch.func.jacfwd, torch.func.jacrev])
def test_second_derivatives_of_log(group, outer, inner):
    """Of log(exp(v) h) along a line, against differences of first derivatives."""
    h = group.exp(0.2 * torch.arange(1.0, group.lie_dim + 1, dtype=torch.float64).sin())
    u = 0.3 * torch.arange(1.0, group.lie_dim + 1, dtype=torch.float64).cos()

    def f(t):
        return group.log(group.compose(group.exp(t * u), h)).square().sum()

    t, step = torch.tensor(0.4, dtype=torch.float64), 1e-5
    slopes = [torch.func.grad(f)(t + sign * step) for sign in (1, -1)]
    difference = (slopes[0] - slopes[1]) / (2 * step)
    torch.testing.assert_close(outer(inner(f))(t), difference, rtol=1e-7, atol=1e-7)
    each = torch.func.vmap(outer(inner(f)))(torch.stack([t, t + 0.1]))
    torch.testing.assert_close(each[0], difference, rtol=1e-7, atol=1e-7)


def test_an_acting_part_that_turns_a_plane_once_around_has_no_logarithm():
    """The half turn of a circle of frequencies 1 and 2 moves the second plane by a whole one."""
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    circle = MatrixLieGroup([torch.block_diag(turn, 2 * turn).tolist()])
    group = Semidirect(Translation(4), circle)
    assert circle.has_global_log
    assert not group.has_global_log
    assert all(G.has_global_log for G in (LIE[0], Semidirect(Translation(3), SO3())))
    half = circle.exp(torch.tensor([torch.pi, 1.0], dtype=torch.float64)[:, None])
    shift = torch.tensor([0, 0, 1, 0], dtype=torch.float64)
    g = group.pack(shift.expand(2, 4), half)
    assert group.log(g).isfinite().tolist() == [[False] * 5, [True] * 5]
    assert_laws(group)


def test_generators_are_found_under_inference_mode_too():
    with torch.inference_mode():
        group = Semidirect(Translation(3), SO3())
        made = group.exp(torch.ones(2, 6, dtype=torch.float64))
    torch.testing.assert_close(made, STANDARD[1].exp(torch.ones(2, 6, dtype=torch.float64)))


@pytest.mark.parametrize(
    "group", [G for G in STANDARD + CUSTOM if not G.has_integer_elements], ids=str
)
def test_gradients_are_finite(group):
    g = sample_elements(group).clone().requires_grad_()
    both = group.compose(g, group.inverse(g.flip(0)))
    group.distance(both, group.identity(dtype=torch.float64)).sum().backward()
    assert g.grad.isfinite().all()
    g.grad = None
    group.distance(g, g.detach()).sum().backward()
    assert g.grad.isfinite().all()


# --- representations ---------------------------------------------------------------------------
@pytest.mark.parametrize("group", STANDARD, ids=str)
def test_irreps_of_the_acting_group_are_pulled_back(group):
    g = sample_elements(group)[:20]
    h = group.unpack(g)[1]
    irreps, below = group.irreps, group.acting.irreps
    for own, label in zip(irreps.labels(2), below.labels(2), strict=False):
        above, beneath = group.irrep(own), group.acting.irrep(label)
        torch.testing.assert_close(above.matrix(g, torch.float64), beneath.matrix(h, torch.float64))
        assert irreps.dim(own) == below.dim(label)
        assert irreps.commutant_dim(own) == below.commutant_dim(label)
        assert irreps.is_irreducible(own) == below.is_irreducible(label)
        assert irreps.is_orthogonal(own) == below.is_orthogonal(label)
        assert irreps.error_growth(own) == below.error_growth(label)
        assert irreps.parse(irreps.format(own)) == own
    assert irreps.labels(2)[-1] == "std"
    assert irreps.dim("std") == group.normal.n + 1


@pytest.mark.parametrize("group", STANDARD, ids=str)
def test_the_commutant_of_the_homogeneous_matrices(group):
    generator = torch.Generator().manual_seed(1)
    rho = group.standard().matrix(group.sample(20, generator=generator, dtype=torch.float64))
    d = rho.shape[-1]
    eye = torch.eye(d, dtype=torch.float64)
    system = torch.cat([torch.kron(m, eye) - torch.kron(eye, m.mT.contiguous()) for m in rho])
    kernel = d * d - int(torch.linalg.matrix_rank(system, rtol=1e-9))
    assert group.irreps.commutant_dim("std") == kernel
    assert not group.irreps.is_irreducible("std")
    assert not group.irreps.is_orthogonal("std")


def test_the_standard_representation_acts_on_points():
    group = STANDARD[5]
    g = group.sample(10, dtype=torch.float64)
    shift, p = group.unpack(g)
    x = torch.randn(10, 3, dtype=torch.float64)
    moved = group.standard().act(g, torch.cat([x, torch.ones(10, 1, dtype=torch.float64)], 1))
    torch.testing.assert_close(moved[:, :3], Permutation(3).standard().act(p, x) + shift)


# --- data, dtypes, transforms ------------------------------------------------------------------
@EVERY
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
def test_shapes_and_dtypes(group, batch):
    for dtype in (torch.float32, torch.float64):
        g = group.sample(*batch, dtype=dtype)
        unit = group.identity(*batch, dtype=dtype)
        for made in (g, unit, group.inverse(g), group.compose(g, g), group.project(g)):
            assert made.shape == (*batch, *group.element_shape)
            assert made.dtype == (torch.int64 if group.has_integer_elements else dtype)
        assert group.distance(g, g).shape == batch
    assert group.grid(7).shape == (7, *group.element_shape)


@pytest.mark.parametrize("group", STANDARD, ids=str)
def test_text_and_config_round_trip(group):
    for text in (str(group), group.to_config()):
        assert get_group(text) == group
    both = group * Cyclic(3)
    assert get_group(str(both)) == both
    rho = group.standard() + 2 * group.trivial()
    assert group.rep(str(rho)) == rho
    nested = Semidirect(Translation(group.normal.n + 1), group)
    assert get_group(str(nested)) == nested


@EVERY
def test_groups_are_data(group):
    for other in (pickle.loads(pickle.dumps(group)), copy.deepcopy(group)):
        assert other == group
        assert hash(other) == hash(group)
        g = group.sample(3, dtype=torch.float64)
        assert torch.equal(other.compose(g, g), group.compose(g, g))
    assert group != Semidirect(Translation(2), Cyclic(5))


def test_names():
    assert str(STANDARD[0]) == "T(2) x| SO(2)"
    assert str(STANDARD[10]) == "T(4) x| (SO(2) * C(4))"
    assert str(CUSTOM[0]) == "C(5) x|<Inversion(n=5)> C(2)"
    assert str(CUSTOM[2]) == "SO(2) x|<reflection> C(2)"
    assert get_group("translation(2) x| so2 * r>0") == STANDARD[0] * Scaling()
    assert get_group("t(3) x| (t(2) x| so(2))").acting == STANDARD[0]


def test_texts_are_split_outside_brackets():
    assert split_outside("a, (b, [c, d]), [e, f]", ",") == ["a", "(b, [c, d])", "[e, f]"]
    assert split_outside("t(2) x| (t(1) x| so2)", "x|") == ["t(2)", "(t(1) x| so2)"]
    assert split_outside("", ",") == [""]
    assert split_outside("a(", ",") == ["a("]


@EVERY
def test_operations_vmap(group):
    g, h = group.sample(2, 5, dtype=torch.float64)
    for function, args in (
        *((group.compose, (g, h)), (group.distance, (g, h)), (group.inverse, (g,))),
        (group.project, (g,)),
    ):
        torch.testing.assert_close(torch.func.vmap(function)(*args), function(*args))


@pytest.mark.parametrize("group", LIE, ids=str)
def test_exp_and_log_vmap(group):
    v = 0.5 * torch.randn(5, group.lie_dim, dtype=torch.float64)
    for function, arg in ((group.exp, v), (group.log, group.exp(v))):
        torch.testing.assert_close(torch.func.vmap(function)(arg), function(arg))


@pytest.mark.slow
@pytest.mark.parametrize("group", [*STANDARD[:4], CUSTOM[0], CUSTOM[2]], ids=str)
def test_operations_compile_without_a_graph_break(group):
    rho = group.trivial() + (group.trivial() if group.action else group.standard())

    def step(g, h, x):
        both = group.compose(group.inverse(g), h)
        return group.distance(g, both), rho.act(both, x)

    args = (*group.sample(2, 4), torch.randn(4, rho.dim))
    compiled = torch.compile(step, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(*args), step(*args))


@pytest.mark.slow
def test_exp_compiles_without_a_graph_break():
    group = STANDARD[0]
    v = torch.randn(4, 3)
    compiled = torch.compile(lambda x: group.log(group.exp(x)), fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(v), group.log(group.exp(v)))


def test_autocast_leaves_the_arithmetic_alone():
    group = STANDARD[1]
    g, h = group.sample(2, 16)

    def results():
        return group.compose(g, h), group.inverse(g), group.exp(group.log(g)), group.distance(g, h)

    plain = results()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = results()
    assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))


# --- bad input ---------------------------------------------------------------------------------
def doubling(h, b):
    """No homomorphism: h + k doubles once, not twice."""
    return torch.where((h % 3 > 0)[..., None], 2 * b, b)


def squaring(h, b):
    return b + h[..., None] * b * b


def moved_identity(h, b):
    return b + 1 + 0 * h[..., None]


def not_broadcasting(h, b):
    return b[..., :1] + 0 * h[..., None]


def angle_itself(h, b):
    """Takes the angle, not the rotation, so a full turn is no identity."""
    return b * h[..., None].exp()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: Semidirect(Translation(2), Cyclic(3), doubling),
            ValueError,
            r"phi_hk\(n\) = phi_h\(phi_k\(n\)\), got a difference at h = \d, k = \d, n = \[",
        ),
        (
            lambda: Semidirect(Translation(2), Scaling(), squaring),
            ValueError,
            r"action with phi_e\(n\) = n, got a difference at n = \[",
        ),
        (
            lambda: Semidirect(Translation(2), Cyclic(2), squaring),
            ValueError,
            r"phi_h\(n m\) = phi_h\(n\) phi_h\(m\), got a difference at h = 1, n = \[.*, m = \[",
        ),
        (
            lambda: Semidirect(Translation(2), Cyclic(2), moved_identity),
            ValueError,
            r"T\(2\) x\|<moved_identity> C\(2\): expected an action with phi_e\(n\) = n",
        ),
        (
            lambda: Semidirect(Translation(2), Cyclic(2), not_broadcasting),
            ValueError,
            "whose batch axes broadcast",
        ),
        (
            lambda: Semidirect(Translation(2), SO2(), angle_itself),
            ValueError,
            "got a difference at h = ",
        ),
        (lambda: Semidirect(Cyclic(3), Cyclic(2)), TypeError, r"Translation\(n\) for the standard"),
        (
            lambda: Semidirect(Translation(3), SO2()),
            ValueError,
            r"matrices of size 3 to act on T\(3\), got SO\(2\) with size 2",
        ),
        (lambda: Semidirect(Translation(2), "so2"), TypeError, "two groups, got 'so2'"),
        (lambda: Semidirect(Translation(2), SO2(), 3), TypeError, "an action .* or None, got 3"),
        (
            lambda: CUSTOM[0].standard(),
            TypeError,
            r"the standard action on Translation\(n\) for standard\(\), got a custom one",
        ),
        (lambda: CUSTOM[3].exp(torch.zeros(6)), TypeError, "for exp, got a custom one"),
        (lambda: CUSTOM[3].log(torch.zeros(18)), TypeError, "for log, got a custom one"),
        (
            lambda: STANDARD[2].exp(torch.zeros(2)),
            TypeError,
            r"Lie groups for exp, got the discrete C\(6\)",
        ),
        (lambda: STANDARD[2].log(torch.zeros(3)), TypeError, "Lie groups for log, got the disc"),
        (
            lambda: STANDARD[2].interpolate(torch.zeros(3), torch.zeros(3), 0.5),
            TypeError,
            "got the discrete",
        ),
        (lambda: STANDARD[10].exp(torch.zeros(5)), TypeError, r"for exp, got the discrete C\(4\)"),
        (lambda: STANDARD[0].exp(torch.zeros(2)), ValueError, "shifts, then the acting group's"),
        (lambda: STANDARD[0].elements(), TypeError, "got an infinite one; use grid"),
        (lambda: STANDARD[2].index(torch.zeros(3)), TypeError, r"got the part T\(2\)"),
        (lambda: STANDARD[0].regular(2), TypeError, "got a non-compact one"),
        (
            lambda: CUSTOM[2].regular(2),
            TypeError,
            "lists all its irreps for regular.*; if it is finite",
        ),
        (lambda: STANDARD[0].rep("1xfoo"), ValueError, "an irrep among 0, 1, 2, .*'foo'"),
        (lambda: STANDARD[0].rep("1x(std)"), ValueError, "an irrep among"),
        (lambda: STANDARD[0].inverse(torch.zeros(2)), ValueError, r"\(\*batch, 3\), got \(2,\)"),
        (lambda: STANDARD[0].pack(torch.zeros(2)), ValueError, "2 elements, one of each"),
        (
            lambda: get_group(str(CUSTOM[0])),
            ValueError,
            r"a custom action has no text: build it with Semidirect",
        ),
        (lambda: get_group("t(2) x| so2 x| so2"), ValueError, "expected a group to be one of"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


class _WrongInverse(Semidirect):
    def inverse(self, g):
        n, h = self.unpack(g)
        return self.pack(self.normal.inverse(n), self.acting.inverse(h))


class _ForgetsToAct(Semidirect):
    def compose(self, g, h):
        (n1, h1), (n2, h2) = self.unpack(g), self.unpack(h)
        return self.pack(self.normal.compose(n1, n2), self.acting.compose(h1, h2))


class _ActsFromTheRight(Semidirect):
    def compose(self, g, h):
        (n1, h1), (n2, h2) = self.unpack(g), self.unpack(h)
        normal = self.normal.compose(n1, self.act(self.acting.inverse(h1), n2))
        return self.pack(normal, self.acting.compose(h1, h2))


@pytest.mark.parametrize(
    ("kind", "law"),
    [(_WrongInverse, "inverse"), (_ForgetsToAct, "inverse"), (_ActsFromTheRight, "associativity")],
)
def test_a_broken_group_is_rejected(kind, law):
    assert law in check_group(kind(Translation(3), SO3())).failures
