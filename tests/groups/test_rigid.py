"""Rigid motions of the plane and of space."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import RigidTransform

from groupae import SE2, SE3, SO2, SO3, Homomorphism, Semidirect, Translation, get_group
from groupae.groups.lie.power_series import cotangent_defect_ratio, sine_defect_ratio, versine_ratio
from groupae.testing import check_group, sample_elements
from groupae.testing.mixins import GroupLaws, RepresentationLaws
from tests.strategies import element_pairs, elements

BOTH = pytest.mark.parametrize("group", [SE2(), SE3()], ids=str)
PI = math.pi


class TestPlane(GroupLaws):
    def make(self):
        return SE2()


class TestSpace(GroupLaws):
    def make(self):
        return SE3()


class TestProductOfMotions(GroupLaws):
    def make(self):
        return SE2() * SE3()


class TestIrrepsOfPlane(RepresentationLaws):
    def make(self):
        return SE2().rep("2x0 + 3x1 + 1x4 + 2xstd")


class TestIrrepsOfSpace(RepresentationLaws):
    def make(self):
        return SE3().rep("2x0 + 3x1 + 1x3 + 2xstd")


def algebra(group, v):
    """Return the matrix [[W, u], [0, 0]] of Lie-algebra coordinates (u, w), from its definition."""
    m = np.zeros((group.n + 1, group.n + 1))
    m[: group.n, group.n] = v[: group.n]
    if group.n == 2:
        m[:2, :2] = [[0, -v[2]], [v[2], 0]]
    else:
        a, b, c = v[3:]
        m[:3, :3] = [[0, -c, b], [c, 0, -a], [-b, a, 0]]
    return m


def coordinates(group, largest):
    """Return Lie-algebra coordinates with rotations of every size up to ``largest``, tiny too."""
    rng = np.random.default_rng(0)
    v = rng.normal(size=(60, group.lie_dim))
    w = v[:, group.n :]
    sizes = np.concatenate([[0, 1e-9, 1e-4, 0.0999, 0.1001], np.linspace(0.2, largest, 55)])
    w *= (sizes / np.linalg.norm(w, axis=1))[:, None]
    return torch.from_numpy(v)


@BOTH
def test_exp_is_the_matrix_exponential(group):
    v = coordinates(group, 9.0)
    wanted = np.stack([scipy.linalg.expm(algebra(group, x)) for x in v.numpy()])
    np.testing.assert_allclose(group.exp(v), wanted, atol=1e-13)


@BOTH
def test_log_is_the_matrix_logarithm(group):
    v = coordinates(group, 3.0)
    found = group.log(group.exp(v))
    np.testing.assert_allclose(found, v, atol=1e-13)
    for x, g in zip(found.numpy(), group.exp(v).numpy(), strict=True):
        np.testing.assert_allclose(algebra(group, x), scipy.linalg.logm(g), atol=1e-12)


def test_motions_of_space_agree_with_scipy():
    v = coordinates(SE3(), PI - 1e-3)
    theirs = RigidTransform.from_exp_coords(v[:, [3, 4, 5, 0, 1, 2]].numpy())  # rotation first
    ours = SE3().exp(v)
    np.testing.assert_allclose(ours, theirs.as_matrix(), atol=1e-13)
    h = theirs[::-1]
    np.testing.assert_allclose(
        SE3().compose(ours, ours.flip(0)), (theirs * h).as_matrix(), atol=1e-13
    )
    np.testing.assert_allclose(SE3().inverse(ours), theirs.inv().as_matrix(), atol=1e-13)
    shift, quaternion = theirs.translation, theirs.rotation.as_quat(True, scalar_first=True)
    chart = SE3().convert(ours, from_="matrix", to="xyz_quat_wxyz")
    np.testing.assert_allclose(chart, np.concatenate([shift, quaternion], 1), atol=1e-13)


def test_the_chart_of_the_plane():
    xyt = torch.tensor([[1.0, 2.0, 0.3], [0.0, 0.0, -PI / 2]], dtype=torch.float64)
    g = SE2().convert(xyt, from_="xy_angle", to="matrix")
    c, s = math.cos(0.3), math.sin(0.3)
    np.testing.assert_allclose(g[0], [[c, -s, 1], [s, c, 2], [0, 0, 1]], atol=1e-15)
    torch.testing.assert_close(SE2().convert(g, from_="matrix", to="xy_angle"), xyt)


@BOTH
def test_the_coefficients_agree_with_their_closed_forms_across_the_switch(group):
    """In float64 a series of five terms and the closed form differ by rounding at 0.1 radian."""
    del group
    t = torch.tensor([0.0999, 0.1, 0.1001, 1.0, 3.0], dtype=torch.float64)
    squared = t * t
    for found, wanted in (
        (versine_ratio(squared), (1 - t.cos()) / squared),
        (sine_defect_ratio(squared), (t - t.sin()) / t**3),
        (cotangent_defect_ratio(squared), (1 - t / 2 / (t / 2).tan()) / squared),
    ):
        torch.testing.assert_close(found, wanted, rtol=1e-11, atol=0)
    zero = torch.zeros(1, dtype=torch.float64)
    limits = [f(zero).item() for f in (versine_ratio, sine_defect_ratio, cotangent_defect_ratio)]
    assert limits == [1 / 2, 1 / 6, 1 / 12]


@BOTH
def test_elements_move_points_as_functions_do(group):
    g, h = group.sample(2, 20, dtype=torch.float64)
    x = torch.randn(20, group.n, dtype=torch.float64)

    def move(element, points):
        shift, rotation = group.unpack(element)
        return group.rotations.standard().act(rotation, points) + shift

    torch.testing.assert_close(move(group.compose(g, h), x), move(g, move(h, x)))
    torch.testing.assert_close(move(group.inverse(g), move(g, x)), x)
    lifted = torch.cat([x, torch.ones(20, 1, dtype=torch.float64)], 1)
    torch.testing.assert_close(group.standard().act(g, lifted)[:, : group.n], move(g, x))


@pytest.mark.parametrize(
    ("group", "rotations", "text"),
    [(SE2(), SO2(), "1x0 + 2x1 + 1x5"), (SE3(), SO3(), "1x0 + 2x1 + 1x4")],
    ids=str,
)
def test_irreps_of_rotations_are_pulled_back(group, rotations, text):
    g = sample_elements(group)
    rotation = group.unpack(g)[1]
    torch.testing.assert_close(group.rep(text).matrix(g), rotations.rep(text).matrix(rotation))
    irreps = group.irreps
    assert irreps.labels(2) == (*rotations.irreps.labels(2), "std")
    assert irreps.commutant_dim(1) == rotations.irreps.commutant_dim(1)
    assert irreps.is_irreducible(1)
    assert irreps.is_orthogonal(1)
    assert irreps.dim("std") == group.n + 1
    assert irreps.commutant_dim("std") == 1
    assert not irreps.is_irreducible("std")
    assert not irreps.is_orthogonal("std")


@pytest.mark.parametrize(
    ("acting", "group"), [(SO2(), SE2()), (SO3(), SE3())], ids=["plane", "space"]
)
def test_a_semidirect_product_is_the_group_of_motions(acting, group):
    source = Semidirect(Translation(group.n), acting)
    phi = Homomorphism.from_callable(
        source, group, _Join(source, group), preimage=_Split(source, group)
    )
    g = sample_elements(source)
    assert source.distance(phi.preimage(phi(g)), g).max() < 1e-14
    torch.testing.assert_close(
        source.distance(g, g.flip(0)), group.distance(phi(g), phi(g.flip(0)))
    )
    torch.testing.assert_close(source.standard().matrix(g), group.standard().matrix(phi(g)))
    torch.testing.assert_close(source.rep("1x3").matrix(g), group.rep("1x3").matrix(phi(g)))
    v = coordinates(group, 3.0)
    torch.testing.assert_close(phi(source.exp(v)), group.exp(v))
    torch.testing.assert_close(source.log(source.exp(v)), group.log(group.exp(v)))


class _Join:
    def __init__(self, source, target):
        self.source, self.target = source, target

    def __call__(self, g):
        return self.target.pack(*self.source.unpack(g))


class _Split(_Join):
    def __call__(self, g):
        return self.source.pack(*self.target.unpack(g))


@given(st.data())
def test_the_distance_is_a_left_invariant_metric(data):
    group = data.draw(st.sampled_from([SE2(), SE3()]))
    g, h = data.draw(element_pairs(group))
    k = data.draw(elements(group))
    d = group.distance(g, h)
    assert abs(group.distance(group.compose(k, g), group.compose(k, h)) - d) < 1e-13
    assert d <= group.distance(g, k) + group.distance(k, h) + 1e-13
    assert d >= 0


@BOTH
def test_the_distance_is_accurate_near_zero(group):
    """An arc cosine would lose half of the digits."""
    for size in (1e-3, 1e-7, 1e-9):
        v = torch.zeros(group.lie_dim, dtype=torch.float64)
        v[-1] = size
        turned = group.exp(v)
        assert abs(group.distance(turned, group.identity(dtype=torch.float64)) / size - 1) < 1e-6
        v[0] = size
        both = group.distance(group.exp(v), group.identity(dtype=torch.float64))
        assert abs(both / (math.sqrt(2) * size) - 1) < 1e-6
    far = torch.zeros(group.lie_dim, dtype=torch.float64)
    far[-1] = 3.0
    moved = group.exp(far)
    moved[:2, -1] = torch.tensor([3.0, 4.0])
    assert (
        abs(group.distance(moved, group.identity(dtype=torch.float64)) - math.hypot(3, 5)) < 1e-14
    )


@BOTH
def test_interpolation_is_a_screw_from_one_to_the_other(group):
    g, h = sample_elements(group)[:40], sample_elements(group).flip(0)[:40]
    middle = group.interpolate(g, h, 0.5)
    for t, wanted in ((0.0, g), (1.0, h)):
        assert group.distance(group.interpolate(g, h, t), wanted).max() < 1e-13
    step = group.compose(group.inverse(g), middle)
    assert group.distance(group.compose(middle, step), h).max() < 1e-13
    times = torch.linspace(0, 1, 40, dtype=torch.float64)
    assert group.interpolate(g, h, times).shape == g.shape


@BOTH
def test_project_finds_the_nearest_motion(group):
    g = group.sample(30, dtype=torch.float64)
    noisy = g + 1e-3 * torch.randn(*g.shape, dtype=torch.float64)
    nearest = group.project(noisy)
    last = torch.zeros(group.n + 1, dtype=torch.float64)
    last[-1] = 1
    assert torch.equal(nearest[:, -1], last.expand(30, -1))
    rotation = nearest[:, : group.n, : group.n]
    eye = torch.eye(group.n, dtype=torch.float64).expand_as(rotation)
    torch.testing.assert_close(rotation.mT @ rotation, eye)
    assert (torch.linalg.det(rotation) > 0).all()
    best = (rotation - noisy[:, : group.n, : group.n]).square().sum((1, 2))
    axes = torch.eye(group.lie_dim, dtype=torch.float64)[group.n :]
    for v in torch.cat([1e-4 * axes, -1e-4 * axes]):
        other = group.compose(nearest, group.exp(v))[:, : group.n, : group.n]
        assert ((other - noisy[:, : group.n, : group.n]).square().sum((1, 2)) >= best).all()
    torch.testing.assert_close(group.project(g), g)


@BOTH
def test_samples_are_haar_rotations_with_normal_shifts(group):
    generator = torch.Generator().manual_seed(0)
    g = group.sample(20000, generator=generator, dtype=torch.float64)
    assert group.rep("1x1 + 1x2").matrix(g).mean(0).abs().max() < 0.03
    shift = group.unpack(g)[0]
    assert shift.mean(0).abs().max() < 0.03
    assert (shift.std(0) - 1).abs().max() < 0.03


@BOTH
def test_the_grid_is_well_spread(group):
    grid = group.grid(300)
    assert grid.shape == (300, group.n + 1, group.n + 1)
    assert grid.dtype == torch.float64
    apart = group.distance(grid[:, None], grid[None]) + 10 * torch.eye(300)
    assert apart.amin(1).min() > 0.2
    shift, _ = group.unpack(grid)
    assert shift.abs().max() <= 1
    assert shift.mean(0).abs().max() < 0.03
    assert group.rep("1x1").matrix(grid).mean(0).abs().max() < 0.03


@BOTH
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
    for chart in group.charts:
        there = group.convert(g, from_="matrix", to=chart)
        assert group.convert(there, from_=chart, to="matrix").shape == g.shape


@BOTH
def test_operations_vmap(group):
    g, h = group.sample(2, 5, dtype=torch.float64)
    v = group.log(h)
    rho = group.rep("2x0 + 1x1 + 2xstd")
    x = torch.randn(5, rho.dim, dtype=torch.float64)
    for function, args in (
        *((group.compose, (g, h)), (group.distance, (g, h)), (group.inverse, (g,))),
        *((group.exp, (v,)), (group.log, (g,)), (group.project, (g,)), (rho.act, (g, x))),
    ):
        torch.testing.assert_close(torch.func.vmap(function)(*args), function(*args))


@pytest.mark.slow
@BOTH
def test_operations_compile_without_a_graph_break(group):
    rho = group.rep("2x0 + 1x2 + 2xstd")

    def step(g, h, x):
        both = group.compose(group.inverse(g), h)
        return group.distance(g, group.exp(group.log(both))), rho.act(both, x)

    args = (*group.sample(2, 4), torch.randn(4, rho.dim))
    compiled = torch.compile(step, fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(*args), step(*args))


@BOTH
def test_exp_has_exact_derivatives_of_two_orders(group):
    v = coordinates(group, 6.0)[::7].clone().requires_grad_()
    assert torch.autograd.gradcheck(group.exp, v)
    v = torch.zeros(2, group.lie_dim, dtype=torch.float64)
    v[1, -1] = PI
    v[1, 0] = 1.0
    assert torch.autograd.gradcheck(group.exp, v.requires_grad_())
    assert torch.autograd.gradgradcheck(group.exp, v)


@BOTH
def test_log_undoes_the_derivative_of_exp(group):
    """d log(exp(v)) = dv, which a gradient off the group of matrices could not show."""
    v = coordinates(group, 3.1)
    jacobian = torch.func.vmap(torch.func.jacrev(lambda x: group.log(group.exp(x))))(v)
    eye = torch.eye(group.lie_dim, dtype=torch.float64)
    assert (jacobian - eye).abs().max() < 1e-10


@BOTH
def test_gradients_are_finite_at_the_identity_at_pi_and_at_distance_zero(group):
    g = group.hard_elements().clone().requires_grad_()
    group.log(g).square().sum().backward()
    assert g.grad.isfinite().all()
    g.grad = None
    group.distance(g, g.detach()).sum().backward()
    assert g.grad.isfinite().all()
    g.grad = None
    group.rep("1x1 + 1x3 + 1xstd").matrix(g).square().sum().backward()
    assert g.grad.isfinite().all()
    far = torch.full((1, group.lie_dim), 1e12, dtype=torch.float32, requires_grad=True)
    group.exp(far).sum().backward()
    assert far.grad.isfinite().all()


@BOTH
def test_autocast_leaves_motions_alone(group):
    g, h = group.sample(2, 16)
    rho = group.rep("1x0 + 1x2 + 1xstd")

    def results():
        both = group.compose(g, h)
        return both, group.inverse(g), group.distance(g, h), group.exp(group.log(g)), rho.matrix(g)

    plain = results()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        cast = results()
    assert all(torch.equal(a, b) for a, b in zip(plain, cast, strict=True))


def test_nothing_depends_on_the_default_dtype():
    def results():
        generator = torch.Generator().manual_seed(0)
        g = SE3().sample(4, generator=generator, dtype=torch.float64)
        return g, SE3().log(g), SE3().grid(5), SE3().hard_elements(), SE2().grid(7)

    plain = results()
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        other = results()
    finally:
        torch.set_default_dtype(default)
    assert all(torch.equal(a, b) for a, b in zip(plain, other, strict=True))


@BOTH
def test_text_round_trips(group):
    n = group.n
    for text in (f"SE({n})", f"se{n}", str(group), group.to_config()):
        assert get_group(text) == group
    rho = group.rep("2x0 + 3x2 + 1xstd")
    assert group.rep(str(rho)) == rho
    assert SE2() != SE3()


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: SE2().rep("1xwave"), ValueError, r"an irrep among .*got 'wave'"),
        (lambda: SE3().rep("1x13"), ValueError, "got '13'"),
        (lambda: SE3().irreps.labels(), ValueError, "a cutoff, the highest degree"),
        (lambda: SE2().regular(2), TypeError, "got a non-compact one"),
        (lambda: SE3().elements(), TypeError, "got an infinite one; use grid"),
        (lambda: SE2().inverse(torch.zeros(4, 4)), ValueError, r"shape \(\*batch, 3, 3\)"),
        (lambda: SE3().compose(torch.zeros(3, 3), torch.eye(4)), ValueError, r"got \(3, 3\)"),
        (lambda: SE3().log(torch.eye(4).long()), TypeError, "floating dtype, got torch.int64"),
        (lambda: SE2().exp(torch.zeros(2)), ValueError, "of the shift, then the rotation's"),
        (lambda: SE3().exp(torch.zeros(3)), ValueError, r"shape \(\*batch, 6\), got \(3,\)"),
        (lambda: SE2().pack(torch.zeros(3), torch.tensor(0.0)), ValueError, "one entry for each"),
        (lambda: SE3().pack(torch.zeros(3), torch.tensor(0.0)), ValueError, r"SO\(3\): expected"),
        (lambda: SE2().convert(torch.eye(3), "matrix", "quat"), ValueError, "got 'quat'"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


class _ShiftFirst(SE2):
    """Adds shifts without turning the second one."""

    def compose(self, g, h):
        both = super().compose(g, h).clone()
        both[..., :-1, -1] = g[..., :-1, -1] + h[..., :-1, -1]
        return both


class _RotationFirst(SE3):
    def exp(self, v):
        return super().exp(v.roll(3, -1))


class _NoCorrection(SE2):
    """Takes the shift of the logarithm for that of the element."""

    def log(self, g):
        return torch.cat([g[..., :-1, -1], super().log(g)[..., 2:]], -1)


@pytest.mark.parametrize(
    ("group", "law"),
    [(_ShiftFirst(), "inverse"), (_RotationFirst(), "exp_log"), (_NoCorrection(), "exp_log")],
    ids=str,
)
def test_a_broken_group_is_rejected(group, law):
    assert law in check_group(group).failures
