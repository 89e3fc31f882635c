"""Matrix groups from generators: SL(2), Lorentz, Heisenberg, and rotations against SO3."""

import copy
import math
import pickle

import numpy as np
import pytest
import scipy.linalg
import torch

from groupae import SO3, MatrixLieGroup, VectorAction, get_group
from groupae.groups.lie.matrix_log import coarse_log
from groupae.testing import assert_laws, check_group, sample_elements
from groupae.testing.mixins import GroupLaws

DOUBLE = torch.float64


def unit(n, i, j, opposite):
    x = torch.zeros(n, n, dtype=DOUBLE)
    x[i, j], x[j, i] = 1, opposite
    return x


def sl2():
    h, e, f = [[1, 0], [0, -1]], [[0, 1], [0, 0]], [[0, 0], [1, 0]]
    return MatrixLieGroup([h, e, f])


def lorentz():
    boosts = [unit(4, 0, i, 1) for i in (1, 2, 3)]
    turns = [unit(4, i, j, -1) for i, j in ((3, 2), (1, 3), (2, 1))]
    parity = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))
    return MatrixLieGroup(boosts + turns, [parity])


def heisenberg():
    p, q, z = torch.zeros(3, 3, 3)
    p[0, 1] = q[1, 2] = z[0, 2] = 1
    return MatrixLieGroup([p, q, z])


def rotations(discrete=()):
    return MatrixLieGroup([unit(3, i, j, -1) for i, j in ((2, 1), (0, 2), (1, 0))], discrete)


def skewed_rotations():
    """The same group from generators that are not orthogonal to each other."""
    mixed = torch.tensor([[1.0, 0.3, 0.0], [0.0, 1.0, -0.4], [0.2, 0.1, 2.0]], dtype=DOUBLE)
    return MatrixLieGroup(torch.einsum("ij,jab->iab", mixed, rotations().algebra.values))


def turns(discrete=()):
    return MatrixLieGroup([[[0, -1], [1, 0]]], discrete)


GROUPS = {
    "SL(2)": sl2(),
    "Lorentz": lorentz(),
    "Heisenberg": heisenberg(),
    "SO(3)": rotations(),
    "O(3)": rotations(-torch.eye(3)[None]),
    "skewed SO(3)": skewed_rotations(),
    "SO(4)": MatrixLieGroup([unit(4, i, j, -1) for i in range(4) for j in range(i)]),
    "SO(2)": turns(),
    "O(2)": turns([[[1, 0], [0, -1]]]),
}
every_group = pytest.mark.parametrize("group", GROUPS.values(), ids=GROUPS.keys())
precisions = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


class TestSL2(GroupLaws):
    def make(self):
        return sl2()


class TestLorentz(GroupLaws):
    def make(self):
        return lorentz()


class TestHeisenberg(GroupLaws):
    def make(self):
        return heisenberg()


@pytest.mark.parametrize("name", ["SO(3)", "O(3)", "skewed SO(3)", "SO(4)", "SO(2)", "O(2)"])
@precisions
def test_compact_groups_keep_the_laws(name, dtype):
    assert_laws(GROUPS[name], dtype=dtype)


@every_group
@precisions
def test_representations_keep_the_laws(group, dtype):
    rho = group.rep("2x0 + 2xstd + 1xdual + 3xadj")
    assert_laws(rho, dtype=dtype)


@pytest.mark.parametrize("name", ["SL(2)", "Lorentz", "Heisenberg"])
def test_an_action_on_codes_keeps_the_laws(name):
    assert_laws(VectorAction(GROUPS[name].rep("2x0 + 3xstd")))


# --- known values ---------------------------------------------------------------------------


@every_group
def test_exp_and_log_agree_with_scipy(group):
    generator = torch.Generator().manual_seed(0)
    v = 0.4 * torch.randn(40, group.lie_dim, generator=generator, dtype=DOUBLE)
    x = torch.einsum("bk,kij->bij", v, group.algebra.values)
    g = group.exp(v)
    theirs = np.stack([scipy.linalg.expm(one.numpy()) for one in x])
    np.testing.assert_allclose(g.numpy(), theirs, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(group.exp(v.float()).numpy(), theirs, rtol=1e-5, atol=1e-5)
    logs = np.stack([scipy.linalg.logm(one.numpy()) for one in g])
    ours = torch.einsum("bk,kij->bij", group.log(g), group.algebra.values)
    np.testing.assert_allclose(ours.numpy(), logs, atol=1e-12)


def test_rotations_from_generators_agree_with_so3():
    ours, theirs = rotations(), SO3()
    g = sample_elements(theirs, random=500)
    v = theirs.log(g)
    torch.testing.assert_close(ours.exp(v), theirs.exp(v), atol=1e-14, rtol=0)
    below = v.norm(dim=-1) < math.pi - 1e-6
    torch.testing.assert_close(ours.log(g)[below], v[below], atol=1e-9, rtol=0)
    torch.testing.assert_close(ours.exp(ours.log(g)), g, atol=1e-14, rtol=0)
    torch.testing.assert_close(ours.adjoint(g), g, atol=1e-14, rtol=0)


def test_structure_constants_are_the_textbook_ones():
    h, e, f = torch.eye(3, dtype=DOUBLE)
    c = sl2().structure_constants
    torch.testing.assert_close(c[0, 1], 2 * e)
    torch.testing.assert_close(c[0, 2], -2 * f)
    torch.testing.assert_close(c[1, 2], h)
    ad = c.mT
    killing = torch.einsum("aij,bji->ab", ad, ad)
    torch.testing.assert_close(killing, torch.tensor([[8.0, 0, 0], [0, 0, 4], [0, 4, 0]]).double())
    levi_civita = torch.linalg.cross(torch.eye(3)[:, None].expand(3, 3, 3), torch.eye(3)[None])
    torch.testing.assert_close(rotations().structure_constants, levi_civita.double())


@every_group
def test_the_adjoint_action_is_the_exponential_of_the_structure_constants(group):
    v = torch.linspace(-0.6, 0.5, group.lie_dim, dtype=DOUBLE)
    ad = torch.einsum("a,ajl->lj", v, group.structure_constants)
    np.testing.assert_allclose(
        group.adjoint(group.exp(v)), scipy.linalg.expm(ad.numpy()), atol=1e-13
    )


def test_lorentz_transformations_keep_the_metric_and_add_rapidities():
    group = lorentz()
    g = group.sample(200, dtype=DOUBLE)
    metric = torch.diag(torch.tensor([1.0, -1, -1, -1])).double()
    torch.testing.assert_close(g.mT @ metric @ g, metric.expand_as(g), atol=1e-13, rtol=0)
    assert (g[:, 0, 0] >= 1).all()  # time keeps its direction
    assert 60 < (torch.linalg.det(g) < 0).sum() < 140  # parity is drawn half of the time
    along = torch.tensor([1.0, 0, 0, 0, 0, 0], dtype=DOUBLE)
    boost = group.exp(0.8 * along)
    torch.testing.assert_close(boost[0, 1] / boost[0, 0], torch.tensor(math.tanh(0.8)).double())
    both = group.compose(boost, group.exp(0.5 * along))
    torch.testing.assert_close(group.log(both), 1.3 * along, atol=1e-14, rtol=0)


def test_the_logarithm_in_the_heisenberg_group():
    a, b, c = torch.tensor([[300.0], [-2.0], [7.0]], dtype=DOUBLE)
    g = torch.eye(3, dtype=DOUBLE).repeat(1, 1, 1)
    g[:, 0, 1], g[:, 1, 2], g[:, 0, 2] = a, b, c
    torch.testing.assert_close(heisenberg().log(g), torch.stack([a, b, c - a * b / 2], -1))


# --- where logarithms end -------------------------------------------------------------------


@precisions
def test_sl2_has_no_logarithm_at_traces_below_minus_two(dtype):
    group = sl2()
    g = torch.tensor(
        [[[-2.0, 0.0], [0.0, -0.5]], [[-1.0, 1.0], [0.0, -1.0]], [[2.0, 1.0], [1.0, 1.0]]]
    )
    found = group.log(g.to(dtype)).isfinite().all(-1)
    assert found.tolist() == [False, False, True]
    assert (group.membership_error(g.to(dtype))[[0, 2]] < 64 * torch.finfo(dtype).eps).all()


def test_the_whole_image_of_exp_has_a_logarithm_in_sl2():
    group = sl2()
    g = group.sample(2000, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    g = torch.cat([g, -g])
    trace = g.diagonal(dim1=1, dim2=2).sum(-1)
    found = group.log(g).isfinite().all(-1)
    assert torch.equal(found, trace > -2)
    assert (trace < -2).sum() > 100


def test_other_components_have_no_logarithm():
    group = lorentz()
    g = group.sample(100, dtype=DOUBLE)
    assert torch.equal(group.log(g).isfinite().all(-1), torch.linalg.det(g) > 0)
    assert group.log(group.discrete.values).isnan().all()


def test_logarithms_of_singular_and_broken_matrices_are_nan():
    g = torch.zeros(3, 2, 2)
    g[1] = math.nan
    g[2] = math.inf
    leaf = g.requires_grad_()
    v = sl2().log(leaf)
    assert v.isnan().all()


@pytest.mark.parametrize("short_of", [0, 1e-12, 1e-9, 1e-8, 1e-7, 1e-6, 1e-4, 1e-2])
def test_turns_by_pi_have_a_logarithm_with_a_finite_gradient(short_of):
    group = rotations()
    generator = torch.Generator().manual_seed(0)
    axes = torch.randn(300, 3, generator=generator, dtype=DOUBLE)
    axes = axes / axes.norm(dim=1, keepdim=True)
    g = SO3().exp(axes * (math.pi - short_of)).requires_grad_()
    v = group.log(g)
    assert (v.norm(dim=-1) - math.pi).abs().max() < short_of + 1e-9
    torch.testing.assert_close(group.exp(v), g, atol=1e-14, rtol=0)
    (gradient,) = torch.autograd.grad(v.sum(), g)
    assert gradient.isfinite().all()


def test_samples_without_a_logarithm_do_not_spoil_the_gradient_of_others():
    group = lorentz()
    g = torch.cat([group.exp(torch.full((2, 6), 0.1)), group.discrete.to(torch.float32)])
    g = g.requires_grad_()
    (gradient,) = torch.autograd.grad(torch.nan_to_num(group.log(g)).sum(), g)
    assert gradient.isfinite().all()
    assert (gradient[:2] != 0).any()
    assert (gradient[2] == 0).all()


def test_a_coarse_logarithm_is_right_to_three_digits_or_nan():
    g = torch.diag(torch.tensor([math.exp(4), math.exp(-3)])).double()
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]], dtype=DOUBLE)
    found = coarse_log(torch.stack([g, turn, -torch.eye(2, dtype=DOUBLE)]))
    quarter = math.pi / 2 * turn
    wanted = torch.stack([torch.diag(torch.tensor([4.0, -3.0])).double(), quarter])
    torch.testing.assert_close(found[:2], wanted, atol=1e-3, rtol=0)
    assert found[2].isnan().all()


# --- derivatives and transforms -------------------------------------------------------------


@pytest.mark.parametrize("name", ["SL(2)", "Heisenberg", "SO(3)", "O(2)"])
def test_derivatives_of_first_and_second_order(name):
    group = GROUPS[name]
    hard = group.log(group.hard_elements())
    v = hard[hard.isfinite().all(-1)][[0, 1, -2, -1]].requires_grad_()
    step = torch.full((group.lie_dim,), 0.01, dtype=DOUBLE)

    def path(v):
        return group.log(group.compose(group.exp(v), group.exp(step)))

    assert torch.autograd.gradcheck(path, (v,))
    assert torch.autograd.gradgradcheck(path, (v[1:3],))


@pytest.mark.parametrize("name", ["SL(2)", "Lorentz", "Heisenberg", "O(3)"])
def test_vmap_and_forward_derivatives(name):
    group = GROUPS[name]
    g, h = group.sample(2, 5, dtype=DOUBLE)
    for f in (group.log, group.inverse, group.project, group.adjoint):
        torch.testing.assert_close(torch.func.vmap(f)(g), f(g), equal_nan=True)
    torch.testing.assert_close(torch.func.vmap(group.compose)(g, h), group.compose(g, h))
    v = 0.1 * torch.arange(5 * group.lie_dim, dtype=DOUBLE).cos().reshape(5, -1)
    unit_matrices = torch.eye(group.lie_dim, dtype=DOUBLE).expand(5, -1, -1)
    for jacobian in (torch.func.jacfwd, torch.func.jacrev):
        found = torch.func.vmap(jacobian(lambda v: group.log(group.exp(v))))(v)
        torch.testing.assert_close(found, unit_matrices, atol=1e-13, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Lorentz", "SO(2)"])
def test_operations_compile_without_a_graph_break(name):
    group = GROUPS[name]
    g = group.sample(5, dtype=DOUBLE)
    for f in (group.log, group.inverse, group.project, group.rep("1xstd + 1xadj").matrix):
        wanted = f(g)
        compiled = torch.compile(f, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(g), wanted, equal_nan=True)


@pytest.mark.parametrize("name", ["Lorentz", "SO(2)"])
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
@precisions
def test_batch_shapes_and_dtypes(name, batch, dtype):
    group = GROUPS[name]
    g = group.sample(*batch, dtype=dtype)
    identity = group.identity(*batch, dtype=dtype)
    for made in (g, identity, group.inverse(g), group.compose(g, g), group.project(g)):
        assert made.shape == (*batch, *group.element_shape)
        assert made.dtype == dtype
    assert group.distance(g, g).shape == group.membership_error(g).shape == batch
    assert group.log(g).shape == (*batch, group.lie_dim)
    assert group.exp(group.log(identity)).shape == g.shape
    group.check_membership(g)


def test_half_precision_and_autocast():
    group = lorentz()
    g, h = group.sample(2, 4)
    low = g.to(torch.bfloat16)
    assert group.inverse(low).dtype == group.log(low).dtype == torch.bfloat16
    assert group.exp(torch.zeros(6, dtype=torch.float16)).dtype == torch.float16
    assert group.compose(low, g.double()).dtype == DOUBLE
    plain = group.compose(g, h), group.log(g), group.inverse(g), group.project(g)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = group.compose(g, h), group.log(g), group.inverse(g), group.project(g)
    for a, b in zip(plain, cast, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)


def test_nothing_depends_on_the_default_dtype():
    def results():
        group = MatrixLieGroup([[[0.1, 0.2], [0.3, -0.1]]], [[[-1.0, 0.0], [0.0, -1.0]]])
        g = group.sample(4, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
        return g, group.log(g), group.project(g), group.membership_error(g), group.algebra.values

    plain = results()
    default = torch.get_default_dtype()
    torch.set_default_dtype(DOUBLE)
    try:
        other = results()
    finally:
        torch.set_default_dtype(default)
    for a, b in zip(plain, other, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0, equal_nan=True)
    assert lorentz().sample(2).dtype == torch.float32


# --- sampling, projecting, belonging --------------------------------------------------------


@pytest.mark.parametrize("name", ["SO(3)", "skewed SO(3)"])
def test_samples_of_a_compact_group_are_haar(name):
    g = GROUPS[name].sample(6000, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    torch.testing.assert_close(g.mT @ g, torch.eye(3).double().expand_as(g), atol=1e-14, rtol=0)
    for degree in (1, 2, 3, 4):
        mean = SO3().irrep(degree).matrix(g).mean(0)
        assert mean.abs().max() * math.sqrt(len(g)) < 5  # standard deviations


def test_a_slow_and_a_fast_turn_are_both_spread_by_sampling():
    block = torch.zeros(4, 4)
    block[0, 1], block[1, 0], block[2, 3], block[3, 2] = -1, 1, -7, 7
    g = MatrixLieGroup([block]).sample(4000, generator=torch.Generator().manual_seed(0))
    assert g.mean(0).abs().max() < 0.06


@every_group
def test_project_brings_back_what_is_near(group):
    generator = torch.Generator().manual_seed(0)
    g = group.sample(50, generator=generator, dtype=DOUBLE)
    noise = torch.randn(g.shape, generator=generator, dtype=DOUBLE)
    x = group.project(g + 1e-4 * noise)
    assert group.distance(x, g).max() < 1e-2
    assert group.membership_error(x).max() < 1e-13
    torch.testing.assert_close(group.project(x), x, atol=1e-13, rtol=0)
    far = 50 * torch.eye(group.element_shape[0])
    assert torch.equal(group.project(far), far)


def test_check_membership_names_the_worst():
    group = lorentz()
    g = group.sample(2, 3, dtype=DOUBLE)
    group.check_membership(g)
    group.check_membership(g[:, :0])
    g[1, 2, 0, 0] += 0.01
    with pytest.raises(
        ValueError, match=r"elements of the group, got .* off at batch index \(1, 2\)"
    ):
        group.check_membership(g)
    group.check_membership(g, atol=0.1)
    with pytest.raises(ValueError, match="a matrix far off; project brings near ones back"):
        group.check_membership(3 * torch.eye(4))


def test_products_of_discrete_elements_belong():
    parity = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))
    reversal = -parity
    group = MatrixLieGroup(lorentz().algebra, [parity, reversal, -torch.eye(4)])
    group.check_membership(-torch.eye(4))
    group.check_membership(torch.stack([parity, reversal]))


PARITY = torch.diag(torch.tensor([1.0, -1.0, -1.0, -1.0]))
SWAP = torch.eye(4)[[2, 3, 0, 1]]
FLIP, OTHER_FLIP = (
    torch.diag(torch.tensor([1.0, -1, 1, 1])),
    torch.diag(torch.tensor([1.0, 1, 1, -1])),
)
TORUS = [unit(4, 0, 1, -1), unit(4, 2, 3, -1)]
TWIST = SO3().sample(generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize(
    ("algebra", "discrete", "words"),
    [
        (lorentz().algebra, [PARITY, -PARITY], "without that of number 0 times number 1; add"),
        (TORUS, [SWAP, FLIP], "without that of number 0 times number 1"),
        (turns().algebra, [[[2, 0], [0, 2]]], "without that of number 0 times number 0"),
        (lorentz().algebra, [PARITY, PARITY], "number 1 in that of number 0; leave it out"),
        (rotations().algebra, [-torch.eye(3), -TWIST], "number 1 in that of number 0"),
        (turns().algebra, [[[0, 1], [-1, 0]]], "number 0 in that of the identity; leave it out"),
        (sl2().algebra, [[[-1, 0], [0, -1]]], "number 0 in that of the identity"),  # -1 has no log
    ],
    ids=["missing", "swap", "endless", "twice", "moved", "connected", "no log"],
)
def test_a_list_of_components_that_is_none_is_refused(algebra, discrete, words):
    with pytest.raises(ValueError, match=words):
        MatrixLieGroup(algebra, discrete)


@pytest.mark.parametrize(
    ("algebra", "discrete"),
    [
        (lorentz().algebra, [PARITY, -PARITY, -torch.eye(4)]),
        (
            TORUS,
            [SWAP, FLIP, OTHER_FLIP, FLIP @ OTHER_FLIP]
            + [SWAP @ rest for rest in (FLIP, OTHER_FLIP, FLIP @ OTHER_FLIP)],
        ),
        (rotations().algebra, [-TWIST]),
        (sl2().algebra, [[[1.0, 3.0], [0.0, -1.0]]]),
        (torch.eye(9).reshape(9, 3, 3), [-TWIST @ torch.diag(torch.tensor([1.0, 3.0, 0.2]))]),
    ],
    ids=["Lorentz", "torus", "moved", "oblique", "GL(3)"],
)
def test_a_whole_list_of_components_is_accepted_in_any_form(algebra, discrete):
    group = MatrixLieGroup(algebra, discrete)
    assert MatrixLieGroup.from_text(str(group.algebra), str(group.discrete)) == group
    group.check_membership(group.compose(group.discrete.values[-1], group.discrete.values[0]))


# --- what is known of the representations ---------------------------------------------------


def test_types_of_groups():
    compact = {name for name, group in GROUPS.items() if group.is_compact}
    assert compact == set(GROUPS) - {"SL(2)", "Lorentz", "Heisenberg"}
    assert {name for name, group in GROUPS.items() if group.is_abelian} == {"SO(2)"}
    assert MatrixLieGroup([[[1, 0], [0, 2]]], [[[-1, 0], [0, 1]]]).is_abelian
    conjugated = [[[0.0, -4.0], [0.25, 0.0]]]  # SO(2) in another basis
    assert not MatrixLieGroup(conjugated).is_compact
    skew = torch.nn.functional.pad(turns().algebra.values, (0, 2, 0, 2))
    involution = torch.block_diag(torch.eye(2), torch.tensor([[1.0, 1.0], [0.0, -1.0]]))
    assert not MatrixLieGroup(skew, [involution]).is_compact


def test_irreducibility_and_commutants():
    known = {
        "SL(2)": {"std": (True, 1), "adj": (True, 1)},
        "Heisenberg": {"std": (False, 2), "dual": (False, 2), "adj": (False, 3)},
        "SO(3)": {"std": (True, 1)},
        "O(3)": {"std": (True, 1), "adj": (True, 1)},  # vectors and pseudovectors
        "SO(4)": {"std": (True, 1), "adj": (False, 2)},  # self-dual and anti-self-dual
        "SO(2)": {"std": (True, 2)},
        "O(2)": {"std": (True, 1), "adj": (True, 1)},
    }
    for name, wanted in known.items():
        irreps = GROUPS[name].irreps
        found = {
            t: (irreps.is_irreducible(t), irreps.commutant_dim(t)) for t in irreps.labels()[1:]
        }
        assert found == wanted, name
        assert irreps.is_irreducible(0)
        assert irreps.commutant_dim(0) == 1


def test_two_equal_blocks_are_seen_to_be_reducible():
    turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
    group = MatrixLieGroup([torch.block_diag(turn, turn)])
    assert not group.irreps.is_irreducible("std")
    assert group.irreps.commutant_dim("std") == 8  # complex 2 x 2 matrices


# --- identity as data, bad input ------------------------------------------------------------


@every_group
def test_text_round_trips(group):
    for again in (
        get_group(str(group)),
        get_group(group.to_config()),
        pickle.loads(pickle.dumps(group)),
        copy.deepcopy(group),
    ):
        assert again == group
        assert hash(again) == hash(group)
        torch.testing.assert_close(again.structure_constants, group.structure_constants)
    for label in ("0", "std", "dual", "adj"):
        assert group.rep(str(group.rep(f"3x{label}"))) == group.rep(f"3x{label}")
    assert (group * SO3()) == get_group(f"{group} * so3")


def test_numbers_of_any_size_survive_the_text():
    group = MatrixLieGroup([[[1e-5, 1 / 3], [-2.5e7, -1e-5]]])
    assert get_group(str(group)) == group


class _LogOfAnother(MatrixLieGroup):
    def log(self, g):
        return 1.001 * super().log(g)


class _TransposedInverse(MatrixLieGroup):
    def inverse(self, g):
        return super().inverse(g).mT


@pytest.mark.parametrize(
    ("mutant", "law"), [(_LogOfAnother, "exp_log"), (_TransposedInverse, "inverse")]
)
def test_a_broken_matrix_group_is_rejected(mutant, law):
    assert law in check_group(mutant(sl2().algebra)).failures


E, F = [[0, 1], [0, 0]], [[0, 0], [1, 0]]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: MatrixLieGroup([E, F]),
            ValueError,
            r"generators that do not close: \[A_0, A_1\] has a part of size 1.41 outside",
        ),
        (lambda: MatrixLieGroup([E, E]), ValueError, "independent generators, got 2 that span 1"),
        (lambda: MatrixLieGroup([E, [[0, 0], [0, 0]]]), ValueError, "got 2 that span 1 dim"),
        (
            lambda: MatrixLieGroup([E], [[[0, 1], [1, 0]]]),
            ValueError,
            "normalise the algebra, got number 0, which takes A_0 to .* size 1 outside",
        ),
        (
            lambda: MatrixLieGroup([E], [[[1, 0], [0, 0]]]),
            ValueError,
            "a singular matrix, number 0",
        ),
        (lambda: MatrixLieGroup([]), ValueError, "at least one generator, got none; .*FiniteGroup"),
        (lambda: MatrixLieGroup(E), ValueError, r"algebra of shape \(k, n, n\), got \(2, 2\)"),
        (lambda: MatrixLieGroup(torch.ones(1, 2, 3)), ValueError, r"got \(1, 2, 3\)"),
        (
            lambda: MatrixLieGroup([E], torch.eye(3)[None]),
            ValueError,
            r"discrete of shape \(k, 2, 2\)",
        ),
        (
            lambda: MatrixLieGroup([[[0, 1], [0]]]),
            ValueError,
            "algebra of shape .* nested lists, got",
        ),
        (lambda: MatrixLieGroup(7), ValueError, "nested lists, got int"),
        (lambda: MatrixLieGroup([[[math.nan]]]), ValueError, "finite numbers in algebra"),
        (lambda: sl2().rep("2xspin"), ValueError, "one of 0, std, dual, adj, got 'spin'"),
        (lambda: sl2().grid(5), TypeError, "a group with a known mesh"),
        (lambda: sl2().regular(2), TypeError, "got a non-compact one"),
        (lambda: rotations().regular(2), TypeError, "lists all its irreps for regular"),
        (lambda: sl2().exp(torch.zeros(2)), ValueError, r"shape \(\*batch, 3\), got \(2,\)"),
        (lambda: sl2().log(torch.zeros(3, 3)), ValueError, r"shape \(\*batch, 2, 2\)"),
        (lambda: sl2().inverse(torch.zeros(2, 2).long()), TypeError, "floating dtype"),
        (
            lambda: get_group("MatrixLieGroup(algebra=[[[1])"),
            ValueError,
            "nested lists, got Expecting",
        ),
    ],
)
def test_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()
