"""One known value a formula, from another source."""

import contextlib
import functools
import math

import numpy as np
import pytest
import torch
from e3nn import o3
from scipy.spatial.transform import Rotation

from groupae import O3, SO2, SO3, Affine, Cyclic, Dihedral
from groupae.interop.e3nn import E3nnO3, E3nnSO3
from groupae.kernels.wigner.matrices import MAX_DEGREE, wigner_matrices
from groupae.kernels.wigner.recursion import _couplings
from groupae.kernels.wigner.tables.regenerate import so3_couplings
from groupae.testing import sample_elements

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@contextlib.contextmanager
def float64_default():
    """e3nn makes its generators in torch's default dtype."""
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(default)


def test_rotation_vectors_and_quaternions_agree_with_scipy():
    vectors = np.random.default_rng(0).normal(size=(50, 3))
    vectors *= np.linspace(0, math.pi, 50)[:, None] / np.linalg.norm(vectors, axis=1)[:, None]
    theirs = Rotation.from_rotvec(vectors)
    ours = SO3().exp(torch.from_numpy(vectors))
    np.testing.assert_allclose(ours, theirs.as_matrix(), atol=1e-14)
    np.testing.assert_allclose(SO3().log(ours), vectors, atol=1e-7)
    quaternions = SO3().convert(ours, from_="matrix", to="quat_wxyz")
    theirs_wxyz = theirs.as_quat(canonical=True, scalar_first=True)
    np.testing.assert_allclose(quaternions, theirs_wxyz, atol=1e-14)


def test_euler_angles_agree_with_scipy():
    angles = torch.tensor([[0.3, 1.1, -2.0], [2.5, 0.4, 0.1], [-1.0, 3.0, 2.0]]).double()
    ours = SO3().convert(angles, from_="euler_yxy", to="matrix")
    theirs = Rotation.from_euler("YXY", angles.numpy()).as_matrix()
    np.testing.assert_allclose(ours, theirs, atol=1e-14)


def test_wigner_matrices_equal_e3nn_up_to_degree_12():
    rotations = sample_elements(SO3(), random=40)
    ours = wigner_matrices(rotations, MAX_DEGREE)
    angles = SO3().convert(rotations, from_="matrix", to="euler_yxy").unbind(-1)
    with float64_default():
        theirs = [o3.wigner_D(degree, *angles) for degree in range(13)]
    errors = [float((a - b).abs().max()) for a, b in zip(ours, theirs, strict=True)]
    assert max(errors) < 1e-12


def test_degree_one_is_the_rotation_itself_in_e3nn_axis_order():
    rotation = SO3().sample(3, dtype=torch.float64)
    assert torch.equal(SO3().standard().matrix(rotation), rotation)


def test_the_shipped_table_is_what_the_script_makes():
    for name, table in so3_couplings(MAX_DEGREE).items():
        shipped = _couplings()[int(name.removeprefix("C"))].numpy()
        sign = np.sign((shipped * table).sum())
        np.testing.assert_allclose(sign * table, shipped, atol=1e-13)


def test_e3nn_gives_the_same_matrices():
    g = SO3().sample(5, dtype=torch.float64)
    text = "2x0 + 1x1 + 1x5"
    difference = E3nnSO3().rep(text).matrix(g) - SO3().rep(text).matrix(g)
    assert difference.abs().max() < 1e-12


def test_gradients_are_those_of_e3nn_and_finite_at_its_poles():
    """Of both, the part along the rotations counts; at the identity e3nn's angles have none.

    What autograd makes of them there changes with torch: NaN under 2.13, zero under 2.14.
    """
    poles = SO3().hard_elements()
    leaf = poles.clone().requires_grad_()
    SO3().rep("1x1 + 1x2 + 1x6").matrix(leaf).square().sum().backward()
    assert leaf.grad.isfinite().all()

    generator = torch.Generator().manual_seed(0)
    g = SO3().sample(7, generator=generator, dtype=torch.float64)
    weights = torch.randn(5, 5, generator=generator, dtype=torch.float64)

    def torque(matrix):
        leaf = g.clone().requires_grad_()
        (weights * matrix(leaf)).sum().backward()
        turned = leaf.grad @ g.mT
        return turned - turned.mT

    with float64_default():
        theirs = torque(lambda R: o3.wigner_D(2, *o3.matrix_to_angles(R)))
    torch.testing.assert_close(torque(SO3().irrep(2).matrix), theirs, rtol=1e-10, atol=1e-10)


def test_gradient_through_exp_at_the_identity_and_at_pi():
    vectors = torch.zeros(3, 3, dtype=torch.float64)
    vectors[1, 2] = math.pi
    vectors[2, 0] = 1e-8
    rho = SO3().rep("1x1 + 1x3")
    assert torch.autograd.gradcheck(
        lambda v: rho.matrix(SO3().exp(v)), vectors.requires_grad_(), atol=1e-6
    )


def test_a_quarter_turn_is_counter_clockwise():
    quarter = torch.tensor(math.pi / 2, dtype=torch.float64)
    east = torch.tensor([1.0, 0.0], dtype=torch.float64)
    north = torch.tensor([0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(SO2().standard().act(quarter, east), north)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_cyclic_irreps_are_those_of_the_turns(n):
    group = Cyclic(n)
    angles = group.convert(group.elements(), from_="index", to="angle")
    for k in range((n - 1) // 2 + 1):
        ours = group.irrep(k).matrix(group.elements(), torch.float64)
        torch.testing.assert_close(ours, SO2().irrep(k).matrix(angles))
    if n % 2 == 0:
        sign = group.irrep(n // 2).matrix(group.elements(), torch.float64).flatten()
        torch.testing.assert_close(sign, (-1.0) ** torch.arange(n).double())


def test_the_regular_representation_has_the_regular_character():
    for n in (1, 2, 7, 24):
        rho = Cyclic(n).regular()
        assert rho.dim == n
        expected = torch.zeros(n, dtype=torch.float64)
        expected[0] = n
        ours = rho.character(Cyclic(n).elements(), torch.float64)
        torch.testing.assert_close(ours, expected, atol=1e-12, rtol=0)


def test_affine_elements_compose_as_functions():
    g, h = Affine().sample(2, 20, dtype=torch.float64)
    x = torch.randn(20, dtype=torch.float64)

    def move(element, value):
        return element[..., 0] * value + element[..., 1]

    torch.testing.assert_close(move(Affine().compose(g, h), x), move(g, move(h, x)))
    assert torch.linalg.matrix_exp(torch.tensor([[0.3, 0.7], [0.0, 0.0]]).double())[0].allclose(
        Affine().exp(torch.tensor([0.3, 0.7]).double())
    )


def test_haar_samples_have_vanishing_mean_matrices():
    generator = torch.Generator().manual_seed(0)
    for group, text in ((SO2(), "1x1 + 1x2"), (SO3(), "1x1 + 1x2"), (Cyclic(6), "1x1 + 1x3")):
        g = group.sample(20000, generator=generator, dtype=torch.float64)
        assert group.rep(text).matrix(g, torch.float64).mean(0).abs().max() < 0.03


def test_the_grid_of_rotations_is_well_spread():
    grid = SO3().grid(200)
    apart = SO3().distance(grid[:, None], grid[None]) + 10 * torch.eye(200)
    assert apart.amin(1).min() > 0.35  # random rotations come as close as 0.1
    probes = SO3().sample(500, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert SO3().distance(probes[:, None], grid[None]).amin(1).max() < 0.9
    assert SO3().project(grid).sub(grid).abs().max() < 1e-14


def test_project_finds_the_nearest_rotation():
    g = SO3().sample(30, dtype=torch.float64)
    noisy = g + 1e-3 * torch.randn(30, 3, 3, dtype=torch.float64)
    projected = SO3().project(noisy)
    torch.testing.assert_close(projected.mT @ projected, torch.eye(3).double().expand(30, 3, 3))
    assert (torch.linalg.det(projected) > 0).all()
    assert SO3().distance(projected, g).max() < 5e-3


def test_interpolation_halves_the_angle():
    v = torch.tensor([[0.0, 1.2, 0.0]], dtype=torch.float64)
    halfway = SO3().interpolate(SO3().identity(1, dtype=torch.float64), SO3().exp(v), 0.5)
    torch.testing.assert_close(SO3().log(halfway), v / 2)


def test_affine_samples_have_the_spread_of_the_paper():
    """log a and b are normal with variance 1/4."""
    g = Affine().sample(20000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert abs(g[:, 0].log().std() - 0.5) < 0.01
    assert abs(g[:, 1].std() - 0.5) < 0.01


def test_the_grid_of_affine_elements_fills_its_square():
    grid = Affine().grid(400)
    square = torch.stack([grid[:, 0].log(), grid[:, 1]], 1)
    assert square.abs().max() <= 1
    cells = ((square + 1) * 4).floor().clamp(max=7)  # 8 x 8 cells, 6 points each on average
    counts = (cells[:, 0] * 8 + cells[:, 1]).long().bincount(minlength=64)
    assert counts.min() >= 3
    assert counts.max() <= 10


# Serre, Linear Representations of Finite Groups, 5.3; Cotton, Chemical Applications of Group
# Theory, appendix IIA (C_3v, C_4v, C_6v). Columns: classes, by one element; rows: our labels.
DIHEDRAL_TABLES = {
    3: {
        "classes": "e r f",
        "0": (1, 1, 1),  # A1
        "0-": (1, 1, -1),  # A2
        "1": (2, -1, 0),  # E
    },
    4: {
        "classes": "e r rr f rf",
        "0": (1, 1, 1, 1, 1),  # A1
        "0-": (1, 1, 1, -1, -1),  # A2
        "2": (1, -1, 1, 1, -1),  # B1
        "2-": (1, -1, 1, -1, 1),  # B2
        "1": (2, 0, -2, 0, 0),  # E
    },
    6: {
        "classes": "e r rr rrr f rf",
        "0": (1, 1, 1, 1, 1, 1),  # A1
        "0-": (1, 1, 1, 1, -1, -1),  # A2
        "3": (1, -1, 1, -1, 1, -1),  # B1
        "3-": (1, -1, 1, -1, -1, 1),  # B2
        "1": (2, 1, -1, -2, 0, 0),  # E1
        "2": (2, -1, -1, 2, 0, 0),  # E2
    },
}


@pytest.mark.parametrize("n", [3, 4, 6])
def test_dihedral_characters_are_those_of_the_textbooks(n):
    group = Dihedral(n)
    letters = {"e": torch.tensor(0), "r": torch.tensor(1), "f": torch.tensor(n)}
    table = dict(DIHEDRAL_TABLES[n])
    words = table.pop("classes").split()
    g = torch.stack(
        [functools.reduce(group.compose, (letters[letter] for letter in word)) for word in words]
    )
    assert {str(label) for label in group.irreps.labels()} == set(table)
    for label, row in table.items():
        found = group.rep(f"1x{label}").character(g, torch.float64)
        torch.testing.assert_close(found, torch.tensor(row).double(), atol=1e-14, rtol=0)


def test_irreps_of_the_orthogonal_group_are_those_of_e3nn():
    """Also their names, degrees and parities."""
    group = O3()
    g = group.sample(30, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g = torch.cat([g, -torch.eye(3).double()[None], -group.hard_elements()[20:30]])
    sign = torch.linalg.det(g)
    angles = SO3().convert(sign[:, None, None] * g, from_="matrix", to="euler_yxy").unbind(-1)
    for label in group.irreps.labels(6):
        theirs = o3.Irrep(label)
        assert str(theirs) == label
        assert group.irreps.dim(label) == theirs.dim
        ours = group.irrep(label).matrix(g)
        with float64_default():
            by_angles = theirs.D_from_angles(*angles, k=((1 - sign) / 2).round())
            by_matrix = theirs.D_from_matrix(g[:30])
        torch.testing.assert_close(ours, by_angles, atol=1e-12, rtol=0)
        # e3nn takes angles from a matrix by an arc cosine, which loses half the digits
        torch.testing.assert_close(ours[:30], by_matrix, atol=1e-6, rtol=0)
    other = E3nnO3().rep("1x0o + 1x1o + 1x3e").matrix(g)
    torch.testing.assert_close(other, group.rep("1x0o + 1x1o + 1x3e").matrix(g))


def test_vectors_and_axial_vectors_under_a_mirror():
    """A mirror keeps the axial vector along its normal and turns the other two round."""
    mirror = torch.diag(torch.tensor([1.0, 1.0, -1.0])).double()
    assert torch.equal(O3().rep("1x1o").matrix(mirror), mirror)
    assert torch.equal(O3().rep("1x1e").matrix(mirror), -mirror)
    assert O3().rep("1x0o").matrix(mirror).item() == -1
    a, b = torch.randn(2, 3, dtype=torch.float64)
    moved = O3().rep("1x1e").act(mirror, torch.linalg.cross(a, b))
    torch.testing.assert_close(moved, torch.linalg.cross(mirror @ a, mirror @ b))


def test_the_nearest_rotation_agrees_with_scipy():
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 3, 3)))
    # the rotation that best carries the unit vectors to the columns of x
    theirs = [Rotation.align_vectors(m.numpy().T, np.eye(3))[0].as_matrix() for m in x]
    np.testing.assert_allclose(SO3().project(x), np.stack(theirs), atol=1e-12)
