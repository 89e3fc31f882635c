"""Pictures and volumes moved by groups: directions, exactness, derivatives."""

import math
import pickle

import numpy as np
import pytest
import torch
from scipy import ndimage

from groupae import (
    O2,
    O3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    GridAction,
    Icosahedral,
    Octahedral,
    PartsAction,
    VectorAction,
)
from groupae.actions.grid_symmetries import IntegerShifts
from groupae.data import rotate
from groupae.groups import SE2, SE3, Translation
from groupae.testing import check_action, check_homomorphism
from groupae.testing.mixins import ActionLaws

MODES = ("nearest", "bilinear", "bicubic")
GROUPS = {
    SO2(): ((7, 7), "C(4) -> SO(2)"),
    O2(): ((6, 6), "D(4) -> O(2)"),
    SE2(): ((5, 5), "C(4) -> SE(2)"),
    Translation(2): ((6, 8), "Z(2) -> T(2)"),
    Cyclic(8): ((5, 5), "C(4) -> C(8)"),
    Cyclic(6): ((5, 5), "C(2) -> C(6)"),
    Dihedral(3): ((5, 5), "D(1) -> D(3)"),
    SO3(): ((4, 4, 4), "Octahedral -> SO(3)"),
    O3(): ((3, 3, 3), "Octahedral -> O(3)"),
    SE3(): ((3, 3, 3), "Octahedral -> SE(3)"),
    Translation(3): ((5, 6, 7), "Z(3) -> T(3)"),
    Cyclic(1): ((4, 4), None),
    Cyclic(2): ((4, 4), None),
    Cyclic(4): ((5, 5), None),
    Dihedral(2): ((4, 4), None),
    Dihedral(4): ((4, 4), None),
    Octahedral(): ((3, 3, 3), None),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_laws_hold_on_the_exact_subgroup(group, mode):
    action = GridAction(group, GROUPS[group][0], mode=mode)
    for dtype in (torch.float64, torch.float32):
        check_action(action, dtype=dtype).raise_if_failed()


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_the_exact_subgroup_has_a_name(group):
    size, name = GROUPS[group]
    action = GridAction(group, size)
    assert action.exactness == ("interpolated" if name else "exact")
    assert action.exact_subgroup is None if name is None else str(action.exact_subgroup) == name


class TestVectorFields(ActionLaws):
    def make(self):
        return GridAction(Dihedral(4), (4, 4), channels=Dihedral(4).rep("1x0- + 2x1"))


class TestTensorFields(ActionLaws):
    def make(self):
        return GridAction(SO3(), (3, 3, 3), channels=SO3().rep("1x0 + 1x1 + 1x2"), mode="bicubic")


def test_twelve_icosahedral_turns_fit_a_cubic_grid():
    action = GridAction(Icosahedral(), (3, 3, 3))
    assert action.exact_subgroup.source.order == 12


@pytest.mark.parametrize(
    ("group", "axis", "order"),
    [
        (Dihedral(4), math.pi / 2, 8),
        (Dihedral(4), 0.3, 4),
        (Dihedral(8), math.pi / 8, 8),
        (O2(), math.pi / 4, 8),
        (O2(), 0.3, 4),
    ],
    ids=str,
)
def test_flips_may_be_about_another_axis(group, axis, order):
    c, s = math.cos(axis), math.sin(axis)
    turn = torch.tensor([[c, -s], [s, c]], dtype=torch.float64)
    action = GridAction(group, (5, 5), places=group.standard().change_basis(turn))
    if action.exact_subgroup is None:
        assert group.order == order
    else:
        assert action.exact_subgroup.source.order == order
    check_action(action).raise_if_failed()


def test_a_flip_about_the_vertical_axis_swaps_left_and_right():
    quarter = torch.tensor([[0.0, -1], [1, 0]], dtype=torch.float64)
    action = GridAction(Dihedral(4), (5, 5), places=Dihedral(4).rep("1x1").change_basis(quarter))
    picture = torch.arange(25.0).reshape(1, 5, 5)
    assert torch.equal(action(torch.tensor(4), picture), picture.flip(-1))


def test_places_are_an_orthogonal_representation_of_the_group():
    for places in (
        SO2().rep("1x1"),
        Dihedral(4).rep("1x1").change_basis(torch.diag(torch.tensor([1.0, 2])).double()),
    ):
        with pytest.raises(
            ValueError, match=r"GridAction: expected orthogonal places of D\(4\), got"
        ):
            GridAction(Dihedral(4), (4, 4), places=places)
    with pytest.raises(ValueError, match="a group of 2-dimensional space for a grid"):
        GridAction(Dihedral(4), (4, 4), places=Dihedral(4).rep("1x1 + 1x0"))


# --- where things go ----------------------------------------------------------------------------
def test_a_two_by_two_picture_fixes_the_sense_of_rotation():
    picture = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    for action, g in (
        (GridAction(SO2(), (2, 2)), torch.tensor(math.pi / 2)),
        (GridAction(Cyclic(4), (2, 2)), torch.tensor(1)),
        (GridAction(O2(), (2, 2)), torch.tensor([[0.0, -1.0], [1.0, 0.0]])),
        (GridAction(Dihedral(4), (2, 2)), torch.tensor(1)),
    ):
        torch.testing.assert_close(action(g, picture), torch.tensor([[[2.0, 4.0], [1.0, 3.0]]]))


@pytest.mark.parametrize("mode", MODES)
def test_turns_agree_with_those_of_the_data(mode):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(6, 2, 9, 9, generator=generator, dtype=torch.float64)
    angles = SO2().sample(6, generator=generator, dtype=torch.float64)
    ours = GridAction(SO2(), (9, 9), mode=mode)(angles, pictures)
    theirs = rotate(angles, pictures, mode=mode)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)


def test_a_flip_is_about_the_horizontal_axis_and_a_shift_goes_right_and_up():
    picture = torch.arange(9.0).view(1, 3, 3)
    flip = torch.tensor([[1.0, 0.0], [0.0, -1.0]])
    torch.testing.assert_close(GridAction(O2(), (3, 3))(flip, picture), picture.flip(-2))
    spot = torch.zeros(1, 5, 7)
    spot[0, 2, 3] = 1
    moved = GridAction(Translation(2), (5, 7))(torch.tensor([2.0, 1.0]), spot)
    assert moved.nonzero().tolist() == [[0, 1, 5]]
    motion = SE2().pack(torch.tensor([1.0, 0.0]), torch.tensor(math.pi / 2))
    square = torch.zeros(1, 5, 5)
    square[0, 2, 4] = 1  # two to the right of the centre; turned to two above; shifted right
    assert GridAction(SE2(), (5, 5))(motion, square).round().nonzero().tolist() == [[0, 0, 3]]


@pytest.mark.parametrize("group", [SO3(), O3(), Octahedral()], ids=str)
def test_a_voxel_goes_where_the_matrix_carries_it(group):
    """x along W, y against H, z along D, from the centre."""
    n, action = 5, GridAction(group, (5, 5, 5))
    octahedral = O3().subgroup("octahedral")
    turns = octahedral(octahedral.source.elements())
    if isinstance(group, O3):
        turns = torch.cat([turns, -turns])
    elements = group.elements() if group.order else turns
    place = torch.tensor([2.0, -1.0, 1.0], dtype=torch.float64)

    def spot(x, y, z):
        volume = torch.zeros(1, n, n, n, dtype=torch.float64)
        volume[0, round(z) + 2, 2 - round(y), round(x) + 2] = 1
        return volume

    for g, matrix in zip(elements, group.standard().matrix(elements, torch.float64), strict=True):
        assert torch.equal(action(g, spot(*place.tolist())), spot(*(matrix @ place).tolist()))


def test_a_turn_about_z_turns_every_slice_like_a_picture():
    angles = SO2().sample(3, dtype=torch.float64)
    volumes = torch.randn(3, 2, 5, 5, 5, dtype=torch.float64)
    turned = GridAction(SO3(), (5, 5, 5))(SO3().subgroup("so2")(angles), volumes)
    slices = GridAction(SO2(), (5, 5))(angles, volumes.movedim(2, 1))
    torch.testing.assert_close(turned, slices.movedim(1, 2))


def test_a_volume_agrees_with_scipy():
    volume, rotation = torch.randn(6, 6, 6, dtype=torch.float64), SO3().sample(dtype=torch.float64)
    flip = np.diag([1.0, -1.0, 1.0])[:, ::-1]  # array axes (z, -y, x) to (x, y, z)
    back = flip.T @ rotation.T.numpy() @ flip
    centre = np.full(3, 2.5)
    wanted = ndimage.affine_transform(
        volume.numpy(), back, centre - back @ centre, order=1, mode="grid-constant"
    )
    found = GridAction(SO3(), (6, 6, 6))(rotation, volume[None])[0]
    np.testing.assert_allclose(found.numpy(), wanted, atol=1e-12)


def test_a_radial_field_stays_radial():
    """Vectors turn with their positions: (g . f)(x) = rho(g) f(g^-1 x)."""
    n = 17
    row, column = torch.meshgrid(torch.arange(n) - 8.0, torch.arange(n) - 8.0, indexing="ij")
    window = (-(row**2 + column**2) / 12).exp()
    field = torch.stack([column, -row]) * window  # x to the right, y upwards
    action = GridAction(SO2(), (n, n), channels=SO2().rep("1x1"), mode="bicubic")
    moved = action(torch.tensor(0.7), field)
    assert (moved - field).abs().max() < 0.05 * field.abs().max()
    wrong = GridAction(SO2(), (n, n), mode="bicubic")(torch.tensor(0.7), field)
    assert (wrong - field).abs().max() > 0.5 * field.abs().max()


# --- exactness ------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("n", [6, 31])
def test_quarter_turns_are_exact_to_the_last_bit(n, mode, dtype):
    pictures = torch.randn(9, 1, n, n, dtype=dtype)
    turns = torch.arange(9) - 4
    angles = turns.to(dtype) * (math.pi / 2)
    turned = GridAction(SO2(), (n, n), mode=mode)(angles, pictures)
    for k, before, after in zip(turns.tolist(), pictures, turned, strict=True):
        assert torch.equal(after, torch.rot90(before, k, (-2, -1)))


def test_many_small_turns_lose_less_with_cubics():
    axis = torch.arange(24, dtype=torch.float64) - 11.5
    picture = (-((axis[:, None] - 2) ** 2 + (axis - 1) ** 2) / 12).exp()[None]
    twelfth = torch.tensor(math.pi / 6, dtype=torch.float64)
    losses = []
    for mode in ("bilinear", "bicubic"):
        action, turned = GridAction(SO2(), (24, 24), mode=mode), picture
        for _ in range(12):
            turned = action(twelfth, turned)
        losses.append((turned - picture).square().mean())
    assert losses[1] < losses[0] / 3


def test_parts_share_the_exact_subgroup():
    grid = GridAction(SO2(), (5, 5))
    both = PartsAction({"map": grid, "pose": VectorAction(SO2().rep("1x1"))})
    assert both.exactness == "interpolated"
    assert both.exact_subgroup == grid.exact_subgroup
    check_action(both).raise_if_failed()


# --- shapes, dtypes, derivatives ------------------------------------------------------------------
@pytest.mark.parametrize("batch", [(), (1,), (3, 1, 2), (0,)], ids=str)
def test_batches_of_any_shape(batch):
    for group, size in ((SO2(), (4, 4)), (Cyclic(4), (4, 4)), (SE3(), (3, 3, 3))):
        action = GridAction(group, size)
        z, g = action.random_latent(*batch), group.sample(*batch)
        assert action(g, z).shape == z.shape
    action = GridAction(SO2(), (4, 4))
    z, g = torch.randn(3, 1, 2, 4, 4), SO2().sample(3, 5)
    torch.testing.assert_close(action(g, z)[1, 2], action(g[1, 2], z[1, 0]))
    torch.testing.assert_close(action(g, z[:, 0])[1, 2], action(g[1, 2], z[1, 0]))
    assert action(g[0, 0], z.bfloat16()).dtype == torch.bfloat16
    torch.testing.assert_close(
        action(g[0].bfloat16(), z[:1]), action(g[0].bfloat16().float(), z[:1])
    )


@pytest.mark.parametrize(
    ("group", "size"), [(SO2(), (5, 5)), (SE2(), (4, 4)), (SO3(), (3, 3, 3))], ids=str
)
def test_cubics_are_differentiable_to_field_and_element(group, size):
    action = GridAction(group, size, mode="bicubic")
    v = 0.5 * torch.randn(2, group.lie_dim, dtype=torch.float64)
    z = torch.randn(2, 1, *size, dtype=torch.float64)
    inputs = (v.requires_grad_(), z.requires_grad_())
    assert torch.autograd.gradcheck(lambda v, z: action(group.exp(v), z), inputs)


def test_the_slope_at_the_identity_is_that_of_both_sides():
    """Linear interpolation has a kink at every grid point; its derivative there is the mean."""
    action = GridAction(Translation(2), (5, 5))
    z = torch.randn(1, 5, 5, dtype=torch.float64)
    slope = torch.autograd.functional.jacobian(
        lambda b: action(b, z), torch.zeros(2, dtype=torch.float64)
    )
    wanted = (z[0, 1:-1, :-2] - z[0, 1:-1, 2:]) / 2  # shifted right by b: f(x - b)
    torch.testing.assert_close(slope[0, 1:-1, 1:-1, 0], wanted)
    torch.testing.assert_close(slope[0, 1:-1, 1:-1, 1], (z[0, 2:, 1:-1] - z[0, :-2, 1:-1]) / 2)


def test_no_gradient_passes_the_nearest_value():
    g, z = torch.tensor(0.3, requires_grad=True), torch.randn(1, 5, 5, requires_grad=True)
    value = GridAction(SO2(), (5, 5), mode="nearest")(g, z).sum()
    to_element, to_field = torch.autograd.grad(value, (g, z), allow_unused=True)
    assert to_element is None
    assert to_field.sum() > 10


@pytest.mark.parametrize("group", [SO2(), Cyclic(4), SE2(), Translation(2)], ids=str)
def test_align_finds_turn_and_shift(group):
    """A few smooth spots near the middle, so that nothing leaves the picture."""
    n = 14
    row, column = torch.meshgrid(*[torch.arange(n, dtype=torch.float64) - 6.5] * 2, indexing="ij")
    spots = [(-2.5, 1.0, 1.2), (2.0, 1.5, 1.0), (0.5, -2.0, 0.8)]
    field = sum((-((row - a) ** 2 + (column - b) ** 2) / (2 * s * s)).exp() for a, b, s in spots)
    action = GridAction(group, (n, n), mode="bicubic")
    g = group.sample(2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    z = field.expand(2, 1, n, n)
    found = action.align(z, action(g, z))
    assert (group.distance(found, g) < 1e-9).all()
    assert (action.distance(z, action(g, z)) < 1e-9).all()


def test_it_vmaps_and_pickles():
    action = GridAction(SO2(), (4, 4), channels=SO2().rep("1x0 + 1x1"))
    z, g = action.random_latent(3), SO2().sample(3)
    torch.testing.assert_close(torch.func.vmap(action)(g, z), action(g, z))
    again = pickle.loads(pickle.dumps(action))
    assert torch.equal(again(g, z), action(g, z))
    assert repr(again) == repr(action)


@pytest.mark.slow
def test_it_compiles():
    for group, size, mode in ((SO2(), (4, 4), "bicubic"), (SE3(), (3, 3, 3), "bilinear")):
        action = GridAction(group, size, mode=mode)
        z, g = action.random_latent(3), group.sample(3)
        compiled = torch.compile(action, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(g, z), action(g, z))


def test_whole_shifts_are_a_group():
    inclusion = GridAction(Translation(2), (5, 5)).exact_subgroup
    assert inclusion.source == IntegerShifts(2)
    check_homomorphism(inclusion).raise_if_failed()
    steps = torch.tensor([[1, -2], [0, 3]])
    assert torch.equal(inclusion.preimage(inclusion(steps)), steps)


def test_describe_names_what_moves():
    assert "moved in space" in str(GridAction(SO2(), (4, 4)).describe())
    table = str(GridAction(SO2(), (4, 4), channels=SO2().rep("2x0 + 1x1")).describe())
    assert "[2:4] x 4 x 4" in table


def test_nothing_in_a_field_is_invariant():
    action = GridAction(SO2(), (4, 4))
    z, w = action.random_latent(2), action.random_latent(2)
    assert action.invariants(z).shape == (2, 0, 4, 4)
    assert torch.equal(action.swap(z, w), w)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: GridAction("so2", (4, 4)), TypeError, "expected a group, got 'so2'"),
        (lambda: GridAction(SO2(), (4, 6)), ValueError, r"equal sizes to turn, got \(4, 6\)"),
        (lambda: GridAction(SO2(), (4, 4, 4)), ValueError, "3-dimensional space .* dimension 2"),
        (lambda: GridAction(SO3(), (4, 4)), ValueError, "2-dimensional space .* dimension 3"),
        (lambda: GridAction(Affine(), (4, 4)), ValueError, "which moves points of dimension 1"),
        (lambda: GridAction(SO2(), (0, 0)), ValueError, "sizes of at least 1"),
        (lambda: GridAction(SO2(), (4, 4), mode="cubic"), ValueError, "did you mean 'bicubic'"),
        (
            lambda: GridAction(SO2(), (4, 4), channels=O2().rep("1x1")),
            ValueError,
            r"channels of SO\(2\), got channels of O\(2\)",
        ),
        (
            lambda: GridAction(SO2(), (4, 4))(torch.tensor(0.1), torch.zeros(1, 4, 5)),
            ValueError,
            r"got \(1, 4, 5\); the grid is 4 x 4",
        ),
        (
            lambda: GridAction(SO2(), (4, 4))(torch.tensor(0.1), torch.zeros(4, 4)),
            ValueError,
            r"an axis of channels before those of space, got \(4, 4\)",
        ),
        (
            lambda: GridAction(SO2(), (4, 4), channels=SO2().rep("1x1"))(
                torch.tensor(0.1), torch.zeros(3, 4, 4)
            ),
            ValueError,
            r"\(\*batch, 2, _, _\), got \(3, 4, 4\); the encoder must make 2 channels",
        ),
        (
            lambda: GridAction(Cyclic(4), (4, 4))(torch.tensor(1), torch.zeros(1, 4, 4).long()),
            TypeError,
            "z of a floating dtype",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()
