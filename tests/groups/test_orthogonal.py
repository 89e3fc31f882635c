"""O(2), O(3) and the dihedral groups: their laws, conventions, labels and bad places."""

import math
import pickle

import pytest
import torch

from groupae import O2, O3, SO2, SO3, Cyclic, Dihedral, VectorAction, get_group
from groupae.groups import SE2, SE3, LieGroup
from groupae.groups.lie.orthogonal_matrices import determinant_sign
from groupae.interop.e3nn import E3nnO3, E3nnSO3
from groupae.testing import assert_laws, sample_elements

PI = math.pi
POLYGONS = tuple(Dihedral(n) for n in (1, 2, 3, 4, 5, 6, 12, 25))
MATRIX_GROUPS = (O2(), O3())
GROUPS = (*MATRIX_GROUPS, *POLYGONS)
PRECISIONS = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


def everything(group):
    """Every irrep (up to 3 of an infinite group), in 1, 2, 3, 1, ... copies."""
    labels = group.irreps.labels(None if group.order else 3)
    return group.rep(" + ".join(f"{1 + i % 3}x{label}" for i, label in enumerate(labels)))


def planar(*angles_and_signs):
    return O2().convert(torch.tensor(angles_and_signs, dtype=torch.float64), "angle_sign", "matrix")


# --- laws -----------------------------------------------------------------------------------
@PRECISIONS
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_laws_of_the_group(group, dtype):
    assert_laws(group, dtype=dtype)


@PRECISIONS
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_laws_of_its_representations(group, dtype):
    assert_laws(everything(group), dtype=dtype)
    assert_laws(group.standard(), dtype=dtype)


@PRECISIONS
@pytest.mark.parametrize("group", [O2(), O3(), Dihedral(6)], ids=str)
def test_laws_of_the_action_on_codes(group, dtype):
    assert_laws(VectorAction(everything(group)), dtype=dtype)


@PRECISIONS
def test_high_degrees_keep_the_laws(dtype):
    assert_laws(O2().rep("1x0- + 1x31"), dtype=dtype)
    assert_laws(O3().rep("1x12o + 1x7e"), dtype=dtype)


@pytest.mark.parametrize("group", [O2() * Dihedral(3), O3() * SO2(), Dihedral(2) * Cyclic(3)])
def test_products_with_them_are_groups(group):
    assert_laws(group)
    assert_laws(group.standard() + group.trivial())


# --- what they say of themselves ------------------------------------------------------------
@pytest.mark.parametrize(
    ("group", "name", "order", "is_abelian", "lie_dim", "element_shape"),
    [
        (O2(), "O(2)", None, False, 1, (2, 2)),
        (O3(), "O(3)", None, False, 3, (3, 3)),
        (Dihedral(1), "D(1)", 2, True, 0, ()),
        (Dihedral(2), "D(2)", 4, True, 0, ()),
        (Dihedral(3), "D(3)", 6, False, 0, ()),
        (Dihedral(8), "D(8)", 16, False, 0, ()),
    ],
    ids=str,
)
def test_facts(group, name, order, is_abelian, lie_dim, element_shape):
    assert str(group) == name
    assert group.order == order
    assert group.is_abelian is is_abelian
    assert group.lie_dim == lie_dim
    assert group.element_shape == element_shape
    assert group.is_compact
    assert group.is_discrete is (order is not None)
    assert isinstance(group, LieGroup) is (order is None)
    g = group.elements() if order else sample_elements(group)
    commute = group.equal(group.compose(g[:, None], g), group.compose(g, g[:, None]))
    assert bool(commute.all()) is is_abelian
    if order:
        assert group.elements().tolist() == list(range(order))
        assert group.index(g).tolist() == list(range(order))


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("o2", O2()),
        ("O(2)", O2()),
        ("o(2)", O2()),
        ("o3", O3()),
        ("O(3)", O3()),
        ("O(3, backend=e3nn)", E3nnO3()),
        ("dihedral(8)", Dihedral(8)),
        ("dihedral_8", Dihedral(8)),
        ("d(8)", Dihedral(8)),
        ("D(8)", Dihedral(8)),
        ("o2 * d(3)", O2() * Dihedral(3)),
    ],
)
def test_spellings(text, group):
    assert get_group(text) == group
    assert get_group(str(group)) == group
    assert get_group(group.to_config()) == group
    assert pickle.loads(pickle.dumps(group)) == group
    assert hash(get_group(text)) == hash(group)


def test_they_are_not_their_rotations():
    assert O2() != SO2()
    assert O3() != SO3()
    assert E3nnO3() != E3nnSO3()
    assert Dihedral(4) != Cyclic(4)


# --- labels ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("group", "cutoff", "labels"),
    [
        (O2(), 0, (0, "0-")),
        (O2(), 2, (0, "0-", 1, 2)),
        (O3(), 0, ("0e", "0o")),
        (O3(), 2, ("0e", "0o", "1e", "1o", "2e", "2o")),
        (Dihedral(1), None, (0, "0-")),
        (Dihedral(2), None, (0, "0-", 1, "1-")),
        (Dihedral(3), None, (0, "0-", 1)),
        (Dihedral(4), None, (0, "0-", 1, 2, "2-")),
        (Dihedral(4), 1, (0, "0-", 1)),
        (Dihedral(4), 0, (0, "0-")),
        (Dihedral(5), None, (0, "0-", 1, 2)),
        (Dihedral(6), 9, (0, "0-", 1, 2, 3, "3-")),
    ],
    ids=str,
)
def test_labels(group, cutoff, labels):
    irreps = group.irreps
    assert irreps.labels(cutoff) == labels
    assert irreps.trivial == labels[0]
    assert group.irrep(labels[0]).is_invariant().all()
    for label in labels:
        assert irreps.parse(irreps.format(label)) == label
        assert irreps.commutant_dim(label) == 1
        assert irreps.is_irreducible(label)
        rho = group.irrep(label)
        assert group.rep(str(rho)) == rho
        assert rho.dim == irreps.dim(label)
        assert bool(rho.is_invariant().all()) is (label == labels[0])


def test_leading_zeros_are_no_other_irrep():
    assert O2().rep("1x01 + 1x00-") == O2().rep("1x1 + 1x0-")
    assert O3().rep("1x01o") == O3().rep("1x1o")


def test_standard_and_regular_representations():
    assert str(O2().standard()) == "1x1"
    assert str(O3().standard()) == "1x1o"
    texts = [str(Dihedral(n).standard()) for n in (1, 2, 3, 4)]
    assert texts == ["1x0 + 1x0-", "1x1 + 1x1-", "1x1", "1x1"]
    assert str(O2().regular(2)) == "1x0 + 1x0- + 2x1 + 2x2"
    assert str(O3().regular(1)) == "1x0e + 1x0o + 3x1e + 3x1o"
    assert str(Dihedral(4).regular()) == "1x0 + 1x0- + 2x1 + 1x2 + 1x2-"
    for group in MATRIX_GROUPS:
        g = sample_elements(group)
        torch.testing.assert_close(group.standard().matrix(g), g, atol=1e-15, rtol=0)
    for group in POLYGONS:
        g = group.elements()
        matrices = group.convert(g, "index", "matrix")
        torch.testing.assert_close(group.standard().matrix(g, torch.float64), matrices)


def test_frequencies_amplify_errors_but_not_those_of_an_index():
    assert [O2().irreps.error_growth(label) for label in (0, "0-", 1, 7)] == [1, 1, 1, 7]
    assert [O3().irreps.error_growth(label) for label in ("0e", "0o", "1e", "12o")] == [1, 1, 1, 12]
    assert [Dihedral(8).irreps.error_growth(label) for label in (0, 3, "4-")] == [1, 1, 1]


# --- conventions ----------------------------------------------------------------------------
def test_an_element_of_the_plane_flips_first_and_then_turns():
    g = planar([PI / 2, -1.0])[0]
    torch.testing.assert_close(g, torch.tensor([[0.0, 1.0], [1.0, 0.0]]).double())
    angle = torch.tensor(0.3, dtype=torch.float64)
    for sign in (1.0, -1.0):
        turn = SO2().convert(angle, "angle", "matrix")
        flip = torch.diag(torch.tensor([1.0, sign])).double()
        wanted = turn @ flip
        found = planar([0.3, sign])[0]
        torch.testing.assert_close(found, wanted)
        for k in (1, 2, 5):
            wanted = SO2().irrep(k).matrix(angle) @ flip
            torch.testing.assert_close(O2().irrep(k).matrix(found), wanted)
        assert O2().irrep("0-").matrix(found).item() == sign
        assert O2().irrep(0).matrix(found).item() == 1


def test_angles_and_signs_come_back():
    numbers = torch.tensor([[0.3, 1], [-2, -1], [3, -1], [0, 1]], dtype=torch.float64)
    back = O2().convert(planar(*numbers.tolist()), "matrix", "angle_sign")
    torch.testing.assert_close(back, numbers)


def test_charts_of_space():
    v = torch.tensor([[0.3, -0.2, 0.9]], dtype=torch.float64)
    for sign in (1.0, -1.0):
        signs = torch.tensor([[sign]], dtype=torch.float64)
        g = O3().convert(torch.cat([v, signs], -1), "rotvec_sign", "matrix")
        torch.testing.assert_close(g, sign * SO3().exp(v))
        back = O3().convert(g, "matrix", "rotvec_sign")
        torch.testing.assert_close(back, torch.cat([v, signs], -1))
        quat = SO3().convert(v, "rotvec", "quat_wxyz")
        found = O3().convert(g, "matrix", "quat_wxyz_sign")
        torch.testing.assert_close(found, torch.cat([quat, signs], -1))
        torch.testing.assert_close(O3().convert(found, "quat_wxyz_sign", "matrix"), g)
    with pytest.raises(ValueError, match="one of matrix, quat_wxyz_sign, rotvec_sign"):
        O3().convert(v, "rotvec", "matrix")


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7])
def test_a_dihedral_group_is_a_subgroup_of_the_orthogonal_one(n):
    group, generator = Dihedral(n), torch.Generator().manual_seed(0)
    g, h = group.sample(2, 40, generator=generator)

    def to_matrix(x):
        return group.convert(x, "index", "matrix")

    product = O2().compose(to_matrix(g), to_matrix(h))
    torch.testing.assert_close(to_matrix(group.compose(g, h)), product)
    inverse = O2().inverse(to_matrix(g))
    torch.testing.assert_close(to_matrix(group.inverse(g)), inverse)
    for k in range(1, (n - 1) // 2 + 1):
        ours = group.irrep(k).matrix(g, torch.float64)
        torch.testing.assert_close(ours, O2().irrep(k).matrix(to_matrix(g)))
    every = to_matrix(group.elements())
    turn = torch.tensor([2 * PI / n, 1], dtype=torch.float64)
    torch.testing.assert_close(every[1 % n], planar(turn.tolist())[0])
    torch.testing.assert_close(every[n], torch.diag(torch.tensor([1.0, -1.0])).double())


def test_indices_are_read_modulo_the_order():
    group = Dihedral(5)
    g, h = group.elements()[:, None], group.elements()
    for shift in (10, -10, 30):
        assert torch.equal(group.project(g + shift), g)
        assert torch.equal(group.index(g + shift), g)
        assert torch.equal(group.compose(g + shift, h), group.compose(g, h))
        assert torch.equal(group.compose(g, h - shift), group.compose(g, h))
        assert torch.equal(group.inverse(h + shift), group.inverse(h))
        assert torch.equal(group.distance(g + shift, h), group.distance(g, h))
        rho = everything(group)
        assert torch.equal(rho.matrix(h + shift), rho.matrix(h))
    assert torch.equal(group.representatives(h), h)
    assert torch.equal(Cyclic(5).index(torch.tensor([7, -1])), torch.tensor([2, 4]))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32])
def test_narrow_indices_do_not_overflow(dtype):
    group = Dihedral(100)
    g, h = torch.tensor(99 + 100, dtype=dtype), torch.tensor(98, dtype=dtype)
    assert group.compose(g, h).item() == 100 + 1
    assert group.inverse(h).item() == 2
    assert group.inverse(g).item() == 199
    assert group.compose(h, g).item() == 100 + 97


# --- irreducible, inequivalent, complete ----------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 9, 16])
def test_squared_degrees_add_up_to_the_order(n):
    group = Dihedral(n)
    labels = group.irreps.labels()
    assert sum(group.irreps.dim(label) ** 2 for label in labels) == 2 * n
    assert group.regular().dim == 2 * n
    table = torch.stack([group.irrep(x).character(group.elements(), torch.float64) for x in labels])
    gram = table @ table.mT / (2 * n)
    torch.testing.assert_close(gram, torch.eye(len(labels)).double(), atol=1e-14, rtol=0)


def class_quadrature(group):
    """Representatives of the classes and their weights, exact for characters up to degree 3."""
    if group == O2():
        return group.grid(24), torch.full((24,), 1 / 24, dtype=torch.float64)
    angles = torch.arange(32, dtype=torch.float64) * (2 * PI / 32)
    turns = SO3().exp(torch.stack([0 * angles, angles, 0 * angles], -1))
    weyl = (1 - angles.cos()) / 64  # Weyl's measure on the classes of rotations, half to each sign
    return torch.cat([turns, -turns]), torch.cat([weyl, weyl])


@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
def test_characters_of_the_orthogonal_groups_are_orthonormal(group):
    g, weights = class_quadrature(group)
    labels = group.irreps.labels(3)
    table = torch.stack([group.irrep(label).character(g) for label in labels])
    gram = (weights * table) @ table.mT
    torch.testing.assert_close(gram, torch.eye(len(labels)).double(), atol=1e-12, rtol=0)


# --- shapes, precision, transforms ----------------------------------------------------------
@PRECISIONS
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
@pytest.mark.parametrize("group", [O2(), O3(), Dihedral(6)], ids=str)
def test_shapes_and_dtypes(group, batch, dtype):
    g = group.sample(*batch, dtype=dtype)
    kept = torch.int64 if group.order else dtype
    made = [group.identity(*batch, dtype=dtype), group.inverse(g), group.compose(g, g)]
    made += [group.project(g), group.conjugate(g, g)]
    if not group.order:
        v = torch.randn(*batch, group.lie_dim, dtype=dtype)
        made.append(group.exp(v))
    for x in (g, *made):
        assert x.shape == (*batch, *group.element_shape)
        assert x.dtype == kept
    assert group.distance(g, g).shape == batch
    rho = everything(group)
    x = torch.randn(*batch, rho.dim, dtype=dtype)
    moved = rho.act(g, x)
    assert moved.shape == x.shape
    assert moved.dtype == dtype
    torch.testing.assert_close((rho.matrix(g, dtype) @ x[..., None])[..., 0], moved)
    for chart in group.charts:
        numbers = group.convert(g, group.charts[0], chart)
        assert numbers.shape[: len(batch)] == batch
        assert (group.distance(group.convert(numbers, chart, group.charts[0]), g) < 1e-5).all()


def test_default_elements_are_float32_and_default_dtypes_do_not_matter():
    def results():
        generator = torch.Generator().manual_seed(0)
        drawn = [group.sample(4, generator=generator) for group in GROUPS]
        matrices = [everything(group).matrix(group.grid(5)) for group in MATRIX_GROUPS]
        return [*drawn, *matrices, Dihedral(5).convert(torch.arange(10), "index", "matrix")]

    plain = results()
    assert [x.dtype for x in plain[:3]] == [torch.float32, torch.float32, torch.int64]
    assert O2().identity().dtype == torch.float32
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        other = results()
    finally:
        torch.set_default_dtype(default)
    assert all(torch.equal(a, b) for a, b in zip(plain, other, strict=True))


def test_autocast_leaves_them_alone():
    for group in MATRIX_GROUPS:
        g, h = group.sample(2, 16)
        noisy = g + 0.1 * torch.randn_like(g)

        def run(group=group, g=g, h=h, noisy=noisy):
            moved = everything(group).character(g)
            return group.compose(g, h), group.distance(g, h), group.project(noisy), moved

        plain = run()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            cast = run()
        assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))


@pytest.mark.parametrize("group", [O2(), O3(), Dihedral(6)], ids=str)
def test_operations_vmap(group):
    g, h = group.sample(2, 5, generator=torch.Generator().manual_seed(0))
    rho = everything(group)
    x = torch.randn(5, rho.dim)
    for f, inputs in (
        (group.compose, (g, h)),
        (group.inverse, (g,)),
        (group.distance, (g, h)),
        (group.project, (g,)),
        (rho.act, (g, x)),
    ):
        torch.testing.assert_close(torch.func.vmap(f)(*inputs), f(*inputs))


@pytest.mark.slow
@pytest.mark.parametrize("group", [O2(), O3(), Dihedral(6)], ids=str)
def test_operations_compile_without_a_graph_break(group):
    g, h = group.sample(2, 5)
    rho = group.standard() + group.trivial() + group.irrep(group.irreps.labels(1)[1])
    functions = [
        (group.compose, (g, h)),
        (group.inverse, (g,)),
        (group.distance, (g, h)),
        (group.project, (g,)),
        (rho.act, (g, torch.randn(5, rho.dim))),
    ]
    if not group.order:
        functions.append((group.exp, (torch.randn(5, group.lie_dim),)))
    for f, inputs in functions:
        compiled = torch.compile(f, fullgraph=True, backend="eager")
        torch.testing.assert_close(compiled(*inputs), f(*inputs))


# --- gradients ------------------------------------------------------------------------------
@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
def test_derivatives_of_the_action_at_the_identity_generic_and_bad_places(group):
    generator = torch.Generator().manual_seed(0)
    generic = group.sample(3, generator=generator, dtype=torch.float64)
    g = torch.cat([group.hard_elements()[::3], generic])
    labels = group.irreps.labels(2)
    rho = group.rep(" + ".join(f"1x{label}" for label in labels))
    x = torch.randn(len(g), rho.dim, generator=generator, dtype=torch.float64).requires_grad_()
    v = torch.zeros(len(g), group.lie_dim, dtype=torch.float64, requires_grad=True)

    def act(v, x):
        return rho.act(group.compose(group.exp(v), g[: len(v)]), x)

    assert torch.autograd.gradcheck(act, (v, x), atol=1e-6, fast_mode=True)
    assert torch.autograd.gradcheck(act, (v[:1], x[:1]))


@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
def test_derivatives_along_the_group(group):
    every = group.hard_elements()
    v = torch.zeros(len(every), group.lie_dim, dtype=torch.float64, requires_grad=True)
    rho = everything(group)
    weights = torch.randn(rho.dim, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda v: rho.matrix(group.compose(every, group.exp(v))) @ weights, v, fast_mode=True
    )


@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
def test_distances_have_finite_gradients_everywhere(group):
    g = group.hard_elements().clone().requires_grad_()
    for h in (g.detach(), g.detach().flip(0), group.identity(1, dtype=torch.float64)):
        (gradient,) = torch.autograd.grad(group.distance(g, h).sum(), g)
        assert gradient.isfinite().all()


@pytest.mark.parametrize("group", [SO3(), O2(), O3(), SE2(), SE3()], ids=str)
def test_projection_is_differentiable_twice(group):
    """At rotations all singular values are equal, where that of an SVD is NaN."""
    n = group.element_shape[0]
    generator = torch.Generator().manual_seed(0)
    generic = torch.randn(4, n, n, generator=generator, dtype=torch.float64)
    scaled = 1e3 * group.sample(1, generator=generator, dtype=torch.float64)
    x = torch.cat([group.hard_elements()[::6], generic, scaled]).requires_grad_()
    assert torch.autograd.gradcheck(group.project, x, atol=1e-6)
    assert torch.autograd.gradgradcheck(group.project, x, atol=1e-5, fast_mode=True)


# --- projection -----------------------------------------------------------------------------
@PRECISIONS
@pytest.mark.parametrize("group", [SO3(), O2(), O3()], ids=str)
def test_projection_is_the_orthogonal_factor(group, dtype):
    """Against the textbook: U V^T of a singular value decomposition, with signs for SO(3)."""
    n = group.element_shape[0]
    x = torch.randn(60, n, n, generator=torch.Generator().manual_seed(0), dtype=dtype)
    u, _, vh = torch.linalg.svd(x)
    sign = torch.linalg.det(u @ vh)[:, None, None] if group == SO3() else torch.ones(60, 1, 1)
    last = torch.cat([torch.ones(60, n - 1, 1, dtype=dtype), sign.to(dtype)], 1)
    wanted = u @ (last * vh)
    found = group.project(x)
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(found, wanted, atol=1e3 * eps, rtol=0)
    eye = torch.eye(n, dtype=dtype)
    assert (found.mT @ found - eye).abs().max() < 32 * eps
    assert group.distance(group.project(found), found).max() < 32 * eps
    for scale in (1e-12, 1e12):
        torch.testing.assert_close(group.project(scale * x), found, atol=1e3 * eps, rtol=0)


def test_projection_where_no_element_is_nearest_is_still_an_element():
    """The zero matrix, one of rank 1, and reflections for SO(3)."""
    x = torch.stack([torch.zeros(3, 3), torch.ones(3, 3), -torch.eye(3)]).double().requires_grad_()
    for group in (SO3(), O3()):
        found = group.project(x)
        torch.testing.assert_close(found.mT @ found, torch.eye(3).double().expand(3, 3, 3))
        (gradient,) = torch.autograd.grad(found.sum(), x)
        assert gradient.isfinite().all()
    assert (torch.linalg.det(SO3().project(x)) > 0).all()
    torch.testing.assert_close(O3().project(x)[2], -torch.eye(3).double())


# --- distance -------------------------------------------------------------------------------
@pytest.mark.parametrize("group", [O2(), O3(), Dihedral(1), Dihedral(6), Dihedral(7)], ids=str)
def test_distance_is_a_metric_that_left_products_keep(group):
    g = group.elements() if group.order else sample_elements(group, random=12)
    d = group.distance(g[:, None], g[None]).double()
    torch.testing.assert_close(d, d.mT, atol=1e-13, rtol=0)
    assert (d[:, :, None] <= d[:, None, :] + d.mT[None] + 1e-12).all()
    a = group.sample(generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    left = group.compose(a, g)
    moved = group.distance(left[:, None], left[None]).double()
    torch.testing.assert_close(moved, d, atol=1e-7, rtol=0)
    if group == O3():
        right = group.compose(g, a)
        moved = group.distance(right[:, None], right[None])
        torch.testing.assert_close(moved, d, atol=1e-7, rtol=0)


@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
def test_components_are_far_apart(group):
    g = sample_elements(group)
    sign = determinant_sign(g)
    torch.testing.assert_close(sign, torch.linalg.det(g))
    d = group.distance(g[:, None], g[None])
    apart = sign[:, None] != sign[None]
    assert (d[apart] >= PI).all()
    assert d[~apart].max() <= PI + 1e-12
    assert d[apart].max() > 6


@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
@pytest.mark.parametrize("angle", [0.0, 1e-9, 1e-7, 1e-3, 1.0, PI - 1e-7, PI])
def test_distance_is_the_angle_to_rounding(group, angle):
    v = torch.zeros(group.lie_dim, dtype=torch.float64)
    v[-1] = angle
    turn = group.exp(v)
    eye = group.identity(dtype=torch.float64)
    flip = torch.diag(torch.tensor([1.0, -1.0])).double() if group == O2() else -eye
    assert abs(group.distance(turn, eye) - angle) < 1e-14
    assert abs(group.distance(group.compose(turn, flip), flip) - angle) < 1e-14
    assert abs(group.distance(group.compose(turn, flip), eye) - angle - PI) < 1e-14


def test_words_of_a_dihedral_group():
    group = Dihedral(6)
    lengths = group.distance(group.identity(), group.elements())
    assert lengths.tolist() == [0, 1, 2, 3, 2, 1, 1, 2, 3, 4, 3, 2]


# --- exponential, grids, hard elements, samples ---------------------------------------------
def test_exp_reaches_the_rotations_only():
    v = torch.linspace(-4, 4, 9, dtype=torch.float64)[:, None]
    algebra = v[..., None] * torch.tensor([[0.0, -1.0], [1.0, 0.0]]).double()
    torch.testing.assert_close(O2().exp(v), torch.linalg.matrix_exp(algebra))
    w = torch.randn(9, 3, dtype=torch.float64)
    torch.testing.assert_close(O3().exp(w), SO3().exp(w))
    assert (determinant_sign(O2().exp(v)) == 1).all()
    assert O2().rotations == SO2()
    assert isinstance(E3nnO3().rotations, E3nnSO3)


def native(group):
    return ("angle", "matrix") if group == O2() else ("matrix", "matrix")


@pytest.mark.parametrize("group", MATRIX_GROUPS, ids=str)
@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_a_grid_alternates_between_the_components(group, n):
    grid = group.grid(n)
    assert grid.shape == (n, *group.element_shape)
    assert grid.dtype == torch.float64
    assert determinant_sign(grid).tolist() == [(-1.0) ** i for i in range(n)]
    torch.testing.assert_close(
        grid.mT @ grid, torch.eye(group.element_shape[0]).double().expand_as(grid)
    )
    rotations = group.rotations.grid(n - n // 2)
    torch.testing.assert_close(grid[::2], group.rotations.convert(rotations, *native(group)))
    apart = group.distance(grid[:, None], grid[None]) + 10 * torch.eye(n)
    assert apart.min() > (0.3 if n > 7 else 0.6)


def test_hard_elements_hold_the_bad_places_of_both_components():
    numbers = O2().convert(O2().hard_elements(), "matrix", "angle_sign")
    for sign in (1, -1):
        angles = numbers[numbers[:, 1] == sign, 0]
        for angle in (0, 1e-7, -1e-7, PI / 2, -PI / 2, PI, PI - 1e-7):
            assert (angles - angle).abs().min() < 1e-15
    hard = O3().hard_elements()
    assert len(hard) == 2 * len(SO3().hard_elements())
    assert torch.equal(hard[: len(hard) // 2], SO3().hard_elements())
    assert torch.equal(hard[len(hard) // 2 :], -SO3().hard_elements())
    for group in MATRIX_GROUPS:
        assert torch.equal(group.hard_elements()[0], group.identity(dtype=torch.float64))
        assert group.hard_elements(torch.float32).dtype == torch.float32
    assert Dihedral(1).hard_elements().tolist() == [0, 1]
    assert Dihedral(3).hard_elements().tolist() == [0, 1, 2, 3, 4, 5]
    turns = [0, 1, 2, 49, 50, 51, 98, 99]
    assert Dihedral(100).hard_elements().tolist() == [*turns, *(100 + j for j in turns)]


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_samples_are_uniform(group):
    g = group.sample(20000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = group.irreps.labels(2)[1:]
    for label in labels:
        assert group.irrep(label).matrix(g, torch.float64).mean(0).abs().max() < 0.03
    if group.order:
        counts = torch.bincount(g, minlength=group.order) * (group.order / len(g))
        assert len(counts) == group.order
        assert (counts - 1).abs().max() < 0.25
    again = group.sample(20000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert torch.equal(again, g)


# --- bad input ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: O2().log(torch.eye(2)),
            TypeError,
            r"^O\(2\): expected a connected group for log, got one with two components, "
            "rotations and reflections; use the rotations, the subgroup 'so2'",
        ),
        (
            lambda: O3().log(torch.eye(3)),
            TypeError,
            r"^O\(3\): .* two components, .* subgroup 'so3'",
        ),
        (
            lambda: O2().interpolate(torch.eye(2), torch.eye(2), 0.5),
            TypeError,
            "a connected group for interpolate, got one with two components",
        ),
        (
            lambda: (O2() * SO2()).log(torch.zeros(5)),
            TypeError,
            r"^O\(2\): expected a connected group for log",
        ),
        (lambda: Dihedral(3).log(torch.tensor(0)), TypeError, "no Lie algebra"),
        (lambda: O2().elements(), TypeError, "an infinite one; use grid"),
        (
            lambda: O2().exp(torch.zeros(2)),
            ValueError,
            r"^O2\(\).exp: .*\(\*batch, 1\), got \(2,\)",
        ),
        (lambda: O3().exp(torch.zeros(1)), ValueError, r"^O3\(.*exp: .*\(\*batch, 3\), got \(1,\)"),
        (lambda: Dihedral(0), ValueError, "^Dihedral: expected n to be an integer of at least 1"),
        (lambda: Dihedral(2.5), ValueError, "an integer of at least 1, got 2.5"),
        (lambda: O3(backend="numpy"), ValueError, "^O3: .* one of table, e3nn, got 'numpy'"),
        (lambda: O2().irreps.labels(), ValueError, r"^O\(2\): .*the highest frequency"),
        (lambda: O3().irreps.labels(), ValueError, r"^O\(3\): .*the highest degree"),
        (lambda: O2().rep("1x1-"), ValueError, r"^O\(2\): .*0, 0-, 1, 2, \.\.\., got '1-'"),
        (lambda: O2().rep("1x-1"), ValueError, "got '-1'"),
        (lambda: O2().rep("1x1o"), ValueError, "got '1o'"),
        (lambda: O3().rep("1x1"), ValueError, r"^O\(3\): .*0e, 0o, \.\.\., 12e, 12o, got '1'"),
        (lambda: O3().rep("1x13e"), ValueError, "12e, 12o, got '13e'"),
        (lambda: O3().rep("1x1u"), ValueError, "got '1u'"),
        (lambda: Dihedral(1).rep("1x1"), ValueError, r"^D\(1\): .*among 0, 0-, got '1'"),
        (lambda: Dihedral(2).rep("1x2"), ValueError, r"^D\(2\): .*among 0, 0-, 1, 1-, got '2'"),
        (lambda: Dihedral(5).rep("1x2-"), ValueError, r"among 0, 0-, 1\.\.2, got '2-'"),
        (lambda: Dihedral(6).rep("1x2-"), ValueError, r"among 0, 0-, 1\.\.2, 3, 3-, got '2-'"),
        (lambda: Dihedral(6).rep("1x4"), ValueError, "got '4'"),
        (lambda: O2().compose(torch.eye(3), torch.eye(3)), ValueError, r"\(\*batch, 2, 2\)"),
        (lambda: O2().distance(torch.zeros(2), torch.eye(2)), ValueError, r"\(\*batch, 2, 2\)"),
        (lambda: O3().inverse(torch.eye(3).long()), TypeError, "floating dtype, got torch.int64"),
        (lambda: Dihedral(4).compose(torch.tensor(1.5), torch.tensor(1)), TypeError, "integer"),
        (lambda: Dihedral(4).inverse(torch.tensor(True)), TypeError, "integer dtype"),
        (lambda: Dihedral(4).index(torch.tensor(1.0)), TypeError, "integer dtype"),
        (
            lambda: Dihedral(4).convert(planar([0.3, 1.0]), "matrix", "index"),
            ValueError,
            r"^D\(4\).convert: .* \(an orthogonal .* by a multiple of 2 pi / 4\), got",
        ),
        (lambda: get_group("o4"), ValueError, "got 'o4'"),
        (lambda: get_group("d(x)"), ValueError, r"got 'd\(x\)'"),
    ],
)
def test_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()
