"""Controls choose elements: the identity at first, and only elements of the group."""

import json
import math

import pytest
import torch

from groupae import (
    O2,
    O3,
    SE2,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    Permutation,
    Scaling,
    ShapeError,
    Translation,
)
from groupae.demo import Slider, Sliders, Steps, Trackball, control_of
from groupae.demo.group_controls import _MOST_STEPS
from groupae.groups import SE3

GROUPS = (
    SO2(),
    O2(),
    SO3(),
    O3(),
    SE2(),
    Scaling(),
    Affine(),
    Translation(2),
    Cyclic(24),
    Cyclic(1000),
    Dihedral(4),
    Permutation(4),
    Permutation(6),  # too many for one step each
    SO2() * Scaling(),
    SE3(),
)


def rows(control):
    return torch.tensor([control.start])


@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_a_control_begins_with_the_identity_and_stays_in_its_group(group):
    control = control_of(group)
    examples = control.examples(12)
    assert torch.equal(examples[:1], rows(control))
    assert 2 <= len(examples) <= 12
    assert examples.shape[1] == control.parameters
    g = control.element(examples)
    group.check_elements(g)
    torch.testing.assert_close(g[0], group.identity(dtype=g.dtype))
    back = group.compose(group.inverse(g), g)  # no matrix outside the group inverts so
    torch.testing.assert_close(back, group.identity(len(g), dtype=g.dtype), atol=1e-5, rtol=0)
    assert len({tuple(h.flatten().tolist()) for h in g}) == len(g)
    assert len(control.titles_of(examples, group)) == len(examples)
    json.dumps(control.describe(), allow_nan=False)


def test_a_finite_group_has_one_step_per_element_if_they_are_few():
    assert len(control_of(Permutation(4)).titles) == 24
    assert len(control_of(Cyclic(1000)).titles) == _MOST_STEPS
    assert control_of(Cyclic(24)).titles[:3] == ("0°", "15°", "30°")
    assert control_of(Cyclic(7)).titles[1] == "51.4°"
    assert control_of(Cyclic(24)).periodic
    assert not control_of(Dihedral(4)).periodic


def test_sliders_are_in_the_units_of_the_page():
    angle = control_of(SO2()).element(torch.tensor([[90.0]]))
    assert angle.item() == pytest.approx(math.pi / 2)
    mirrored = control_of(O2()).element(torch.tensor([[90.0, 1.0]]))[0]
    torch.testing.assert_close(mirrored, torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    moved = control_of(SE2()).element(torch.tensor([[2.0, 3.0, 90.0]]))[0]
    wanted = torch.tensor([[0.0, -1.0, 2.0], [1.0, 0.0, 3.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(moved, wanted)


def test_sliders_reach_as_far_as_the_elements_of_the_data():
    elements = torch.stack([torch.linspace(0.5, 4.5, 101), torch.linspace(-2, 1, 101)], -1)
    scale, shift = control_of(Affine(), elements=elements).sliders
    assert (scale.low, scale.high, scale.start, scale.scale) == (0.7, 4.3, 1.0, "log")
    assert (shift.low, shift.high, shift.start) == (-1.85, 0.85, 0.0)
    far = control_of(Scaling(), elements=torch.linspace(3, 5, 9)).sliders[0]
    assert far.low < 1 < far.high  # the identity stays in reach
    tiny = control_of(Scaling(), elements=torch.linspace(0.001, 0.004, 9)).sliders[0]
    assert 0.001 <= tiny.low < 0.002
    x, y = control_of(Translation(2), elements=torch.tensor([[-3.0, 0.5], [3.0, -0.5]])).sliders
    assert (x.name, x.high, y.name, y.high) == ("x", 2.7, "y", 0.45)


def test_a_trackball_walks_round_the_axis_that_points_up():
    tilt = math.radians(20)
    frame = torch.tensor(
        [[0.0, 1, 0], [-math.sin(tilt), 0, math.cos(tilt)], [math.cos(tilt), 0, math.sin(tilt)]]
    )
    control = control_of(SO3(), frame=frame)
    g = control.element(control.examples(4))
    torch.testing.assert_close(g[:, :, 2], torch.tensor([0.0, 0, 1]).expand(4, 3))
    quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(g[1], quarter)
    assert control.describe()["frame"] == frame.tolist()


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda: Slider("a", 2, 1), ValueError, "a range from low to high, got 2 to 1"),
        (lambda: Slider("a", 1, 2), ValueError, "start in 1 to 2, got 0"),
        (lambda: Slider("a", -1, 1, step=0), ValueError, "a positive step"),
        (lambda: Slider("a", 0, 1, scale="log"), ValueError, "positive numbers on a scale 'log'"),
        (lambda: Slider("a", 0, math.inf), ValueError, "a range from low to high"),
        (lambda: Sliders([], torch.exp), TypeError, "one Slider or more"),
        (lambda: Sliders([Slider("a", 0, 1)], 3), TypeError, "element as a function"),
        (lambda: Steps(torch.arange(3), ["a"]), ShapeError, "3 elements and 1 title"),
        (lambda: Trackball(torch.eye(2)), ShapeError, "a frame of shape (3, 3)"),
        (lambda: Trackball(2 * torch.eye(3)), ValueError, "orthonormal rows"),
        (lambda: Trackball(torch.diag(torch.tensor([1.0, 1, -1]))), ValueError, "cross product"),
        (lambda: control_of(Scaling(), elements=torch.ones(0)), ShapeError, "n of 1 or more"),
        (lambda: control_of(Affine(), elements=torch.ones(3)), ShapeError, "shape (n, 2)"),
        (
            lambda: control_of(Scaling(), elements=torch.full((3,), math.nan)),
            ValueError,
            "finite elements",
        ),
        (lambda: control_of("SO(2)"), TypeError, "a group, such as SO2()"),
    ],
)
def test_a_mistake_is_one_sentence(make, error, sentence):
    with pytest.raises(error) as raised:
        make()
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)
