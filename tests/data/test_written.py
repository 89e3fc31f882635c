"""Units and orders of written elements: headings or sizes that contradict the chart are errors."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from groupae import O2, SE2, SE3, SO2, SO3, Affine, Cyclic, Dihedral, Translation
from groupae.data import FolderPairs, RecordedPairs


def folder(tmp_path, heading, *rows):
    """Write a table of one original, with the numbers of one element per row."""
    Image.new("L", (2, 2)).save(tmp_path / "0.png")
    lines = [f"0.png,a,{','.join(map(str, row))}" for row in rows]
    text = "\n".join([f"picture,original,{heading}", *lines])
    (tmp_path / "elements.csv").write_text(text)
    return tmp_path


DEGREES = [(float(i),) for i in range(0, 360, 45)]
WHOLE = [(i,) for i in range(0, 360, 45)]
TILTED = [(0.5 + i,) for i in range(0, 360, 45)]
XYA = "element_x,element_y,element_angle"
R = np.eye(3).ravel().tolist()

LIKE_DEGREES = [
    (SO2(), None, "element", DEGREES, r"radians for 'angle', got 315; say chart=\"angle_deg\" if"),
    (SO2(), None, "element", WHOLE, r"got 315; say chart=\"angle_deg\" if they are degrees, chart"),
    (SO2(), None, "element", TILTED, r"radians for 'angle', got 315.5; say chart=\"angle_deg\""),
    (SO2(), None, "element", [(-180,), (0,)], r"radians for 'angle', got -180"),
    (SO2(), None, "element", [(0,), (10,)], r"radians for 'angle', got 10"),
    (
        SO2(),
        None,
        "element_deg",
        [(0,), (1,)],
        r"radians for 'angle', got the column 'element_deg'",
    ),
    (SO2(), "angle", "element_degrees", [(0,), (1,)], r"radians for 'angle', got the column"),
    (SO2(), "angle", "element (deg)", [(0,), (1,)], r"radians .*\(deg\)'; say chart=\"angle_deg\""),
    (SO2(), "angle_deg", "element_rad", [(0,), (1,)], r"degrees for 'angle_deg', got the column"),
    (SO2(), None, "element_index", [(0,), (1,)], r"angles for 'angle', got the column 'element_in"),
    (O2(), "angle_sign", "element_angle,element_sign", [(0, 1), (90, -1)], r"'angle_sign', got 90"),
    (
        SE2(),
        "xy_angle",
        XYA,
        [(0, 0, 0), (400, 2, 90)],
        r"radians for 'xy_angle', got 90; convert ",
    ),
    (
        SE2(),
        "xy_angle",
        XYA + "_deg",
        [(0, 0, 0), (1, 2, 1)],
        r"radians .*'element_angle_deg'; con",
    ),
    (
        SO3(),
        "euler_yxy",
        "element_1,element_2,element_3",
        [(0, 0, 0), (90, 45, 0)],
        r"yxy', got 90",
    ),
    (SO3(), "rotvec", "element_x,element_y,element_z", [(0, 0, 0), (0, 0, 90)], r"rotvec', got 90"),
    (
        SO2() * SO2(),
        None,
        "element_1,element_2",
        [(0, 0), (0, 90)],
        r"radians for 'angle', got 90; ",
    ),
    (
        Cyclic(4) * SO2(),
        None,
        "element_1,element_2",
        [(0, 0), (3, 90)],
        r"'angle', got 90; convert",
    ),
    (
        Cyclic(24),
        None,
        "element_deg",
        [(0,), (15,)],
        r"no degrees for 'index', .* to radians and say",
    ),
    (
        Cyclic(24),
        None,
        "element_angle",
        [(0,), (15,)],
        r"numbers of elements for 'index', .* say ch",
    ),
    (
        Cyclic(4),
        None,
        "element",
        [(0,), (90,)],
        r"an element of C\(4\), got 90; chart= names .*angle",
    ),
    (Cyclic(4), "angle", "element", [(0,), (90,)], r"an element of C\(4\), got 90"),
    (Dihedral(4), None, "element_degrees", [(0,), (1,)], r"no degrees for 'index', got the column"),
]


@pytest.mark.parametrize(
    ("group", "chart", "heading", "rows", "sentence"), LIKE_DEGREES, ids=range(len(LIKE_DEGREES))
)
def test_degrees_are_not_read_as_radians(tmp_path, group, chart, heading, rows, sentence):
    """A11: a column 0..359 was read as radians."""
    with pytest.raises(ValueError, match=sentence) as refused:
        FolderPairs(folder(tmp_path, heading, *rows), group, chart=chart)
    assert "\n" not in str(refused.value)


Q, IDENTITY = (0, 0, 0.6, 0.8), (0, 0, 0, 1)  # x, y, z, w
XYZW = "element_x,element_y,element_z,element_w"
COLUMN_BY_COLUMN = ",".join(f"element_{i}{j}" for j in "123" for i in "123")

OUT_OF_ORDER = [
    (
        SO3(),
        "quat_wxyz",
        XYZW,
        [IDENTITY, Q],
        r"order element_w, element_x, element_y, element_z of",
    ),
    (SO3(), "quat_wxyz", XYZW.replace("_", "_q"), [IDENTITY, Q], r"order element_qw, element_qx"),
    (
        SO3(),
        "quat_wxyz",
        XYZW.replace("_", " q "),
        [IDENTITY, Q],
        r"order element q w, element q x",
    ),
    (
        SO3(),
        None,
        COLUMN_BY_COLUMN,
        [R, R],
        r"columns in the order element_11, element_12, element",
    ),
    (
        SO3(),
        "rotvec",
        "element_z,element_y,element_x",
        [(0, 0, 0), (1, 0, 0)],
        r"order element_x, ",
    ),
    (
        SO3(),
        "euler_yxy",
        "element_yaw,element_pitch,element_roll",
        [(0, 0, 0), (1, 0, 0)],
        "about y",
    ),
    (
        SE2(),
        "xy_angle",
        "element_angle,element_x,element_y",
        [(0, 0, 0), (1, 0, 0)],
        r"order element",
    ),
    (
        Affine(),
        None,
        "element_shift,element_scale",
        [(0, 1), (1, 1)],
        r"order element_scale, element",
    ),
    (
        Translation(3),
        None,
        "element_z,element_y,element_x",
        [(0, 0, 0), (1, 0, 0)],
        r"order element",
    ),
    (
        Translation(3),
        None,
        "element_3,element_2,element_1",
        [(0, 0, 0), (1, 0, 0)],
        r"order element",
    ),
    (
        SE3(),
        "xyz_quat_wxyz",
        "element_tx,element_ty,element_tz,element_qx,element_qy,element_qz,element_qw",
        [(0, 0, 0, *IDENTITY), (1, 2, 3, *Q)],
        r"element_tz, element_qw, element_qx",
    ),
]


@pytest.mark.parametrize(
    ("group", "chart", "heading", "rows", "sentence"), OUT_OF_ORDER, ids=range(len(OUT_OF_ORDER))
)
def test_columns_in_another_order_are_told(tmp_path, group, chart, heading, rows, sentence):
    """A11: columns x, y, z, w were read as w, x, y, z."""
    with pytest.raises(ValueError, match=sentence):
        FolderPairs(folder(tmp_path, heading, *rows), group, chart=chart)


def test_the_remedy_for_the_order_works(tmp_path):
    made = folder(tmp_path, XYZW, IDENTITY, Q)
    with pytest.raises(ValueError, match="name them in it") as refused:
        FolderPairs(made, SO3(), chart="quat_wxyz")
    names = [part.strip(' "]') for part in str(refused.value).split("elements=[")[1].split(",")]
    pairs = FolderPairs(made, SO3(), chart="quat_wxyz", elements=names)
    torch.testing.assert_close(pairs.elements[0], torch.eye(3))


ACCEPTED = [
    (SO2(), None, "element", [(0,), (3.1416,), (6.2832,), (-6.2832,)]),
    (SO2(), None, "element", [(0,), (7.5,), (-12.5,)]),  # a turn and a bit
    (SO2(), None, "element", [(0,), (1,), (3,)]),
    (SO2(), "angle", "element", WHOLE),  # who says radians means them
    (SO2(), "angle", "element_angle", TILTED),
    (SO2(), None, "element_theta", [(0,), (1.5,)]),
    (SO2(), "angle_deg", "element_deg", WHOLE),
    (Cyclic(360), None, "element", WHOLE),
    (Cyclic(4), "angle", "element_rad", [(0,), (math.pi / 2,)]),
    (SE2(), "xy_angle", XYA, [(0, 0, 0), (400, 200, 1)]),
    (SO3(), "quat_wxyz", "element_w,element_x,element_y,element_z", [(1, 0, 0, 0), (0, 1, 0, 0)]),
    (SO3(), None, ",".join(f"element_{i}{j}" for i in "123" for j in "123"), [R, R]),
    (Translation(3), None, "element_x,element_y,element_z", [(0, 0, 0), (90, 0, 0)]),
]


@pytest.mark.parametrize(("group", "chart", "heading", "rows"), ACCEPTED, ids=range(len(ACCEPTED)))
def test_what_contradicts_nothing_is_read(tmp_path, group, chart, heading, rows):
    assert len(FolderPairs(folder(tmp_path, heading, *rows), group, chart=chart)) == 1


def test_a_chart_of_as_many_numbers_is_proposed(tmp_path):
    made = folder(tmp_path, "element_1,element_2,element_3,element_4", (1, 0, 0, 0), (0, 1, 0, 0))
    sentence = r"9 numbers for an element as 'matrix', got 4; say chart='quat_wxyz'"
    with pytest.raises(ValueError, match=sentence):
        FolderPairs(made, SO3())


def test_recorded_degrees_are_told():
    pictures = np.zeros((2, 24, 1, 2, 2), np.uint8)
    degrees = torch.arange(24) * 15.0
    with pytest.raises(
        ValueError, match=r"RecordedPairs: expected radians for 'angle', got 345; con"
    ):
        RecordedPairs(pictures, degrees, SO2())
    assert len(RecordedPairs(pictures, torch.deg2rad(degrees), SO2())) == 2
