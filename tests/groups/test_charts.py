"""Charts: every input is checked for shape, dtype and values; what is right goes through."""

import re

import pytest
import torch
from scipy.spatial.transform import Rotation
from torch._subclasses.fake_tensor import FakeTensorMode

from groupae import (
    O2,
    O3,
    SE2,
    SE3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    FiniteGroup,
    Octahedral,
    Permutation,
    Scaling,
    ShapeError,
    Translation,
)
from groupae.groups.base import Group
from groupae.groups.finite.enumerated_group import EnumeratedGroup
from groupae.groups.registry import example_groups

DOUBLE = torch.float64
PI = torch.pi
GROUPS = tuple(group for group in example_groups() if group.charts)
CASES = [(group, chart) for group in GROUPS for chart in group.atlas]
NAMES = [f"{str(group)[:24]} {chart.name}" for group, chart in CASES]
every_chart = pytest.mark.parametrize(("group", "chart"), CASES, ids=NAMES)
SENTENCE = r"^\S.*\.convert: expected '\w+' \(.+\).*, got .+; \S.+$"


def written(group, chart, n=5, dtype=DOUBLE):
    """Return valid elements in a chart."""
    generator = torch.Generator().manual_seed(0)
    g = torch.cat(
        [group.identity(1, dtype=dtype), group.sample(n, generator=generator, dtype=dtype)]
    )
    return group.convert(g, group.charts[0], chart.name)


def refusal(group, chart, x):
    """Return the error with which the input is refused to every chart, after a look at its form."""
    raised = set()
    for to in group.charts:
        with pytest.raises((TypeError, ValueError)) as caught:
            group.convert(x, chart.name, to)
        sentence = str(caught.value)
        assert re.match(SENTENCE, sentence), sentence
        assert f"{group}.convert: expected {chart.name!r}" in sentence
        raised.add(type(caught.value))
    (kind,) = raised
    return kind


@every_chart
def test_what_is_no_tensor(group, chart):
    for x in (None, 1, 0.5, [1.0, 2.0], "x", (1,), written(group, chart).numpy(), range(3)):
        assert refusal(group, chart, x) is TypeError


@every_chart
def test_other_shapes(group, chart):
    x = written(group, chart)
    for axis in range(-len(chart.shape), 0):
        size = x.shape[axis]
        for wrong in (x.narrow(axis, 0, size - 1), torch.cat([x, x], axis), x.narrow(axis, 0, 0)):
            assert refusal(group, chart, wrong) is ShapeError
    if chart.shape:
        flat = x.reshape(len(x), -1)
        assert refusal(group, chart, flat[0, :1].reshape(())) is ShapeError
        if len(chart.shape) > 1:
            assert refusal(group, chart, flat) is ShapeError


@every_chart
def test_other_dtypes(group, chart):
    x = written(group, chart)
    real = x.real if x.is_complex() else x
    wrong = {
        "floating": [torch.int64, torch.uint8, torch.int32, torch.bool, torch.complex64],
        "real": [torch.bool, torch.complex64],
        "integer": [torch.float32, DOUBLE, torch.bfloat16, torch.bool, torch.complex64],
        "complex": [torch.float32, DOUBLE, torch.int64, torch.bool],
    }[chart.kind]
    for dtype in wrong:
        assert refusal(group, chart, real.to(dtype)) is TypeError
    if chart.shape:
        assert refusal(group, chart, x.to_sparse()) is TypeError


@every_chart
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")], ids=str)
def test_numbers_that_are_none(group, chart, value):
    x = written(group, chart)
    if chart.kind in ("floating", "complex", "real"):
        for row in (0, 2):
            wrong = x.clone()
            wrong[(row, *(-1 for _ in chart.shape))] = value
            assert refusal(group, chart, wrong) is ValueError
            assert refusal(group, chart, wrong[row]) is ValueError


EYE = torch.eye(3, dtype=DOUBLE)
RANDOM = torch.randn(3, 3, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
HALF_TURN = torch.diag(torch.tensor([1.0, -1.0, -1.0], dtype=DOUBLE))


def of_last_row(values, x=EYE):
    x = x.clone()
    x[-1] = torch.tensor(values, dtype=DOUBLE)
    return x


WRONG = {
    (SO2(), "matrix"): [5 * EYE, EYE - EYE, -HALF_TURN[:2, :2], RANDOM, 1.01 * EYE, 1e-300 * EYE],
    (SO2(), "complex"): [torch.tensor(0j)],
    (O2(), "matrix"): [5 * EYE, EYE - EYE, RANDOM, 1.01 * EYE],
    (O2(), "angle_sign"): [torch.tensor([1.0, s]) for s in (2.0, 0.0, -0.5, 1.1, -3.0)],
    (SO3(), "matrix"): [5 * EYE, EYE - EYE, -EYE, RANDOM, 1.01 * EYE, torch.ones(3, 3)],
    (SO3(), "quat_wxyz"): [torch.zeros(4), torch.zeros(4, dtype=DOUBLE)],
    (O3(), "matrix"): [5 * EYE, EYE - EYE, RANDOM, 1.01 * EYE],
    (O3(), "quat_wxyz_sign"): [torch.tensor([0.0, 0, 0, 0, 1]), torch.tensor([1.0, 0, 0, 0, 2])],
    (O3(), "rotvec_sign"): [torch.tensor([0.1, 0.2, 0.3, s]) for s in (0.0, 2.0, -1.5)],
    (SE2(), "matrix"): [
        5 * EYE,
        EYE - EYE,
        RANDOM,
        of_last_row([0, 0, 2]),
        of_last_row([1, 0, 1]),
        torch.diag(torch.tensor([1.0, -1.0, 1.0])),
        torch.diag(torch.tensor([2.0, 0.5, 1.0])),
    ],
    (SE3(), "xyz_quat_wxyz"): [torch.tensor([1.0, 2, 3, 0, 0, 0, 0])],
    (Cyclic(5), "index"): [torch.tensor(j) for j in (-1, 5, 99, 10**12)],
    (Cyclic(5), "angle"): [torch.tensor(a) for a in (0.3, 1.0, PI)],
    (Dihedral(3), "index"): [torch.tensor(j) for j in (-1, 6, 99)],
    (Dihedral(3), "matrix"): [5 * EYE, EYE - EYE, RANDOM, torch.tensor([[0.0, -1], [1, 0]])],
    (Permutation(3), "images"): [torch.tensor(p) for p in ([0, 0, 1], [1, 2, 3], [-1, 0, 1])],
    (Permutation(3), "matrix"): [
        EYE - EYE,
        2 * EYE,
        0.5 * torch.ones(3, 3),
        torch.ones(3, 3),
        -EYE,
        RANDOM,
        of_last_row([0, 1, 0]),
        of_last_row([0, 0, 0.9]),
        torch.ones(3, 3, dtype=torch.int64),
    ],
    (Octahedral(), "index"): [torch.tensor(j) for j in (-1, 24, 99)],
    (Octahedral(), "matrix"): [2 * EYE, -EYE, EYE - EYE, RANDOM, 1.01 * EYE, SO3().exp(EYE[0])],
    (FiniteGroup.from_table([[0, 1], [1, 0]]), "index"): [torch.tensor(j) for j in (-1, 2, 99)],
    (FiniteGroup.from_permutations([[1, 2, 0]]), "images"): [
        torch.tensor(p) for p in ([1, 0, 2], [0, 0, 0], [3, 4, 5], [-1, 0, 1])
    ],
    (FiniteGroup.from_permutations([[1, 2, 0]]), "matrix"): [
        EYE.flip(0),
        EYE - EYE,
        2 * EYE,
        RANDOM,
        torch.ones(3, 3),
    ],
    (Translation(2), "matrix"): [5 * EYE, EYE - EYE, HALF_TURN, RANDOM, of_last_row([0, 1, 1])],
    (Scaling(), "factor"): [torch.tensor(a) for a in (0.0, -1.0, -1e-30)],
    (Scaling(), "log"): [torch.tensor(a) for a in (1e3, -1e3)],
    (Affine(), "scale_shift"): [torch.tensor([a, 1.0]) for a in (0.0, -2.0)],
    (Affine(), "matrix"): [EYE - EYE, -EYE, of_last_row([0, 2], EYE[:2, :2]), RANDOM],
}
PAIRS = [(group, name, x) for (group, name), wrong in WRONG.items() for x in wrong]


@pytest.mark.parametrize(("group", "name", "x"), PAIRS)
def test_what_is_no_element(group, name, x):
    (chart,) = [chart for chart in group.atlas if chart.name == name]
    if len(chart.shape) == 2:  # of the size of the chart
        x = x[: chart.shape[0], : chart.shape[1]]
    assert refusal(group, chart, x) is ValueError
    good = written(group, chart)
    mixed = torch.cat([good, x[None].to(good.dtype), good])
    assert refusal(group, chart, mixed) is ValueError
    with pytest.raises(ValueError, match=rf"at batch index \({len(good)},\)"):
        group.convert(mixed, name, group.charts[0])


def test_every_chart_with_values_that_can_be_wrong_is_tried():
    tried = {(type(group), name) for group, name in WRONG}
    tried |= {(SE3, "matrix")}  # as that of SE(2)
    for group, chart in CASES:
        kinds = set(type(group).__mro__)
        if isinstance(group, EnumeratedGroup):
            kinds.add(Octahedral)
        assert chart.is_valid is None or any((kind, chart.name) in tried for kind in kinds)


# --- what is right goes through -------------------------------------------------------------
def test_every_built_in_group_declares_its_charts():
    for group in example_groups():
        assert group.charts == tuple(chart.name for chart in group.atlas)
        if group.atlas:
            native = group.atlas[0]
            assert native.shape == group.element_shape
            assert (native.kind == "integer") is group.has_integer_elements


@every_chart
@pytest.mark.parametrize("dtype", [DOUBLE, torch.float32, torch.bfloat16, torch.float16], ids=str)
def test_elements_of_every_precision_are_elements(group, chart, dtype):
    x = written(group, chart)
    if x.is_complex():
        x = x.to({DOUBLE: torch.complex128}.get(dtype, torch.complex64))
    elif x.is_floating_point():
        x = x.to(dtype)
    g = group.convert(x, chart.name, group.charts[0])
    near = 64 * (torch.finfo(dtype).eps if chart.kind == "floating" else 1e-7)
    off = group.distance(g.to(written(group, group.atlas[0]).dtype), written(group, group.atlas[0]))
    assert (off <= near * (180 if "deg" in chart.name else 1)).all()
    assert group.convert(x[:0], chart.name, group.charts[0]).shape == (0, *group.element_shape)


@every_chart
def test_values_are_not_looked_at_where_there_are_none(group, chart):
    x = written(group, chart)
    for to in group.charts:
        wanted = group.convert(x, chart.name, to)
        torch.testing.assert_close(
            torch.vmap(lambda y, to=to: group.convert(y, chart.name, to))(x), wanted
        )
        assert group.convert(x.to("meta"), chart.name, to).shape == wanted.shape
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        found = group.convert(mode.from_tensor(x), chart.name, group.charts[0])
        assert found.shape == (len(x), *group.element_shape)
    with pytest.raises(ShapeError if chart.shape else TypeError):  # what can be checked still is
        torch.vmap(lambda y: group.convert(y.sum().abs() > 0, chart.name, group.charts[0]))(x)


@pytest.mark.parametrize(
    ("group", "there", "back"),
    [
        (SO3(), "quat_wxyz", "matrix"),
        (SO3(), "matrix", "euler_yxy"),
        (SE2(), "xy_angle", "matrix"),
        (Octahedral(), "matrix", "index"),
        (Cyclic(5), "angle", "index"),
    ],
    ids=str,
)
def test_a_conversion_is_traced_whole(group, there, back):
    (chart,) = [chart for chart in group.atlas if chart.name == there]
    x = written(group, chart)

    def converted(x):
        return group.convert(x, there, back)

    compiled = torch.compile(converted, fullgraph=True, backend="eager")
    assert torch.equal(compiled(x), converted(x))


class Convert(torch.nn.Module):
    def forward(self, x):
        return SO3().convert(x, "quat_wxyz", "rotvec")


def test_a_conversion_is_exported():
    x = written(SO3(), SO3().atlas[1])
    program = torch.export.export(Convert(), (x,))
    torch.testing.assert_close(program.module()(x), Convert()(x))


@pytest.mark.parametrize("group", [SO2(), SO3(), O3(), SE2(), SE3(), Affine(), Scaling()], ids=str)
def test_conversions_are_differentiable(group):
    g = group.sample(2, generator=torch.Generator().manual_seed(1), dtype=DOUBLE)
    for name in group.charts:
        x = group.convert(g, group.charts[0], name).requires_grad_()
        if name in ("quat_wxyz", "rotvec", "xy_angle", "angle", "log"):
            assert torch.autograd.gradcheck(
                lambda y, n=name: group.convert(y, n, group.charts[0]), x
            )


def test_the_remedies_help():
    drifted = SO3().sample(4, dtype=DOUBLE) + 0.05
    with pytest.raises(ValueError, match="project returns the nearest one"):
        SO3().convert(drifted, "matrix", "rotvec")
    SO3().convert(SO3().project(drifted), "matrix", "rotvec")
    with pytest.raises(ValueError, match="project takes it modulo the order"):
        Cyclic(5).convert(torch.tensor(7), "index", "angle")
    assert Cyclic(5).convert(Cyclic(5).project(torch.tensor(7)), "index", "angle") > 0


def test_drift_of_many_products_is_no_reason():
    g = SO3().sample(3, generator=torch.Generator().manual_seed(0))
    h = g
    for _ in range(1000):
        h = SO3().compose(h, g)
    SO3().convert(h, "matrix", "quat_wxyz")


def test_groups_without_charts_say_so():
    with pytest.raises(
        TypeError, match=r"^SO\(2\) \* SO\(3\): expected a group with charts for conv"
    ):
        (SO2() * SO3()).convert(torch.zeros(10), "matrix", "angle")


def test_a_group_of_ones_own_may_name_charts_alone():
    class Mine(SO2):
        charts = ("angle", "turns")
        atlas = Group.atlas

        def _to_native(self, x, chart):
            return x * (2 * PI) if chart == "turns" else x

    assert Mine().convert(torch.tensor(0.5), "turns", "angle").item() == pytest.approx(PI)


# --- Euler angles and others ----------------------------------------------------------------
def haar(n):
    return SO3().sample(n, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)


def test_euler_angles_are_those_of_scipy():
    g = haar(2000)
    found = SO3().convert(g, "matrix", "euler_yxy")
    theirs = Rotation.from_matrix(g.numpy()).as_euler("YXY")
    torch.testing.assert_close(found, torch.from_numpy(theirs), atol=1e-10, rtol=0)
    assert (found[:, ::2].abs() <= PI).all()
    assert ((found[:, 1] >= 0) & (found[:, 1] <= PI)).all()


@pytest.mark.parametrize("dtype", [DOUBLE, torch.float32], ids=str)
def test_euler_angles_come_back_at_the_poles_too(dtype):
    eps = torch.finfo(dtype).eps
    angles = [-PI, -3.0, -1.5, -1e-7, 0.0, 0.7, 1.5, 3.0, PI, 6.0, -20.0]
    poles = [0.0, eps, 4 * eps, 1e-12, 1e-9, 1e-7, 1e-4, 1.0, PI - 1e-4, PI - 1e-7, PI, -1.0, 4.0]
    every = torch.cartesian_prod(*(torch.tensor(a, dtype=DOUBLE) for a in (angles, poles, angles)))
    x = every.to(dtype)
    g = SO3().convert(x, "euler_yxy", "matrix")
    back = SO3().convert(g, "matrix", "euler_yxy")
    edge = PI + 4 * eps
    assert (back[:, ::2].abs() <= edge).all()
    assert ((back[:, 1] >= 0) & (back[:, 1] <= edge)).all()
    again = SO3().convert(back, "euler_yxy", "matrix")
    assert (again - g).abs().max() < 64 * eps
    inner = (every[:, 1] > 1e-3) & (every[:, 1] < PI - 1e-3) & (every[:, ::2].abs() < 3.1).all(1)
    assert (back - x)[inner].abs().max() < 64 * eps


def test_the_angles_of_the_row_come_back():
    x = torch.tensor([3.0, 1.0, 1.5], dtype=DOUBLE)
    back = SO3().convert(SO3().convert(x, "euler_yxy", "matrix"), "matrix", "euler_yxy")
    torch.testing.assert_close(back, x, atol=1e-14, rtol=0)


ANGLES = [  # group, chart, where its angle stands
    (SO2(), "complex", "angle"),
    (SO2(), "matrix", "angle"),
    (O2(), "matrix", "angle_sign"),
    (SE2(), "matrix", "xy_angle"),
]


@pytest.mark.parametrize(("group", "chart", "to"), ANGLES, ids=str)
def test_angles_read_off_an_element_are_at_most_half_a_turn(group, chart, to):
    for sign in (1, -1):
        angle = sign * torch.tensor([0.0, 1e-7, 1.0, PI - 1e-7, PI, 4.0, 6.28, 20.0], dtype=DOUBLE)
        x = {
            "angle": angle,
            "angle_sign": torch.stack([angle, 0 * angle + 1], -1),
            "xy_angle": torch.stack([0 * angle, 0 * angle, angle], -1),
        }[to]
        back = group.convert(group.convert(x, to, chart), chart, to)
        place = {"angle": ..., "angle_sign": (..., 0), "xy_angle": (..., 2)}[to]
        assert (back[place].abs() <= PI).all()
        turns = (back[place] - angle) / (2 * PI)
        torch.testing.assert_close(turns, turns.round(), atol=1e-14, rtol=0)


def test_rotation_vectors_are_at_most_half_a_turn_long():
    v = 7 * torch.randn(500, 3, generator=torch.Generator().manual_seed(0), dtype=DOUBLE)
    g = SO3().exp(v)
    back = SO3().convert(g, "matrix", "rotvec")
    assert (back.norm(dim=-1) <= PI + 1e-15).all()
    assert (SO3().exp(back) - g).abs().max() < 1e-13
    signed = O3().convert(-g, "matrix", "rotvec_sign")
    torch.testing.assert_close(signed[:, :3], back)


def test_cyclic_angles_are_in_the_first_turn():
    angle = Cyclic(5).convert(torch.arange(5), "index", "angle")
    assert ((angle >= 0) & (angle < 2 * PI)).all()
    assert Cyclic(5).convert(-angle, "angle", "index").tolist() == [0, 4, 3, 2, 1]
