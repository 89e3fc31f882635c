"""Shapes: closed, oriented outwards, of correct volume; keyed, varied, without symmetry."""

import math
from functools import cache

import numpy as np
import pytest
import torch

from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.rendering import Camera, Light, Mesh, render
from groupae.experiments.datasets.shapes import CATEGORIES, make_airplane, make_shape
from groupae.experiments.datasets.shapes.draws import Draws, mixed
from groupae.experiments.datasets.shapes.lofting import loft
from groupae.experiments.datasets.shapes.primitives import (
    boxes,
    ellipsoids,
    extrusion,
    lathe,
    rods,
    rounded_rectangle,
    superellipse,
    torus,
    tube,
    turn,
)
from groupae.experiments.datasets.shapes.wings import wing

RED = (1.0, 0.0, 0.0)
RING = superellipse(12) * 0.5
PRIMITIVES = {
    "box": boxes((1, 2, 3), (1, 2, 3), RED),
    "rounded box": boxes((0, 0, 0), (1, 2, 3), RED, rounding=0.3),
    "cylinder": rods((0, 0, 0), (1, 1, 1), 0.5, RED),
    "frustum": rods((0, 0, 0), (0, 0, -2), 0.5, RED, end_radius=0.2),
    "cone": rods((0, 1, 0), (1, 0, 0), 0.5, RED, end_radius=0.0),
    "ellipsoid": ellipsoids((1, 0, 0), (0.5, 1, 2), RED),
    "torus": torus(1.0, 0.3, RED),
    "tube": tube([[0, 0, 0], [0, 0, 1], [1, 0, 2], [3, 0, 2]], [0.1, 0.2, 0.2, 0.1], RED),
    "cup": lathe([[0, 0], [1, 0], [1, 1], [0.8, 1], [0.8, 0.2], [0, 0.2]], RED),
    "ring": lathe([[1, 0], [2, 0], [2, 1], [1, 1]], RED, is_closed=True, axis=(0, 1, 0)),
    "wing": wing((0, 0, 0), 1.0, 0.4, RED, sweep=0.4, dihedral=0.1),
    "pair of wings": wing((0, 0.1, 0), 1.0, 0.4, RED, sweep=0.4, is_pair=True),
    "fin": wing((0, 0, 0), 0.3, 0.2, RED, dihedral=math.pi / 2),
    "slab": extrusion(RING, 0.2, RED),
    "rounded slab": extrusion(RING, 0.2, RED, rounding=0.05),
    "four rods": rods(np.eye(4, 3) * 5, np.eye(4, 3) * 5 + 1, 0.2, RED),
}
CONVEX = ("box", "rounded box", "cylinder", "frustum", "cone", "ellipsoid", "slab", "rounded slab")


@cache
def shape(category: str, index: int) -> Mesh:
    return make_shape(category, index)


def shapes(category: str, count: int) -> list[Mesh]:
    return [shape(category, i) for i in range(count)]


def directed_edges(mesh: Mesh) -> torch.Tensor:
    a, b, c = mesh.faces.unbind(1)
    return torch.cat([torch.stack(pair, -1) for pair in ((a, b), (b, c), (c, a))])


def areas(mesh: Mesh) -> torch.Tensor:
    a, b, c = mesh.vertices.double()[mesh.faces].unbind(1)
    return torch.linalg.cross(b - a, c - a) / 2


def volume(mesh: Mesh) -> float:
    middle = mesh.vertices.double()[mesh.faces].mean(1)
    return float((middle * areas(mesh)).sum() / 3)


def is_closed(mesh: Mesh) -> bool:
    """Every edge runs once in each direction."""
    edges = directed_edges(mesh)
    key, back = (edges @ torch.tensor(k) for k in ([10**6, 1], [1, 10**6]))
    return len(key.unique()) == len(key) and torch.equal(key.sort().values, back.sort().values)


@pytest.mark.parametrize("name", tuple(PRIMITIVES))
def test_primitives_are_closed_and_look_outwards(name):
    mesh = PRIMITIVES[name]
    assert is_closed(mesh)
    assert volume(mesh) > 0
    assert areas(mesh).norm(dim=-1).min() > 1e-8


def test_the_checker_sees_a_hole_and_a_turned_face():
    box = PRIMITIVES["box"]
    hole = Mesh(box.vertices, box.faces[1:], box.normals[1:], box.colors[1:])
    faces = box.faces.clone()
    faces[0] = faces[0].flip(0)
    assert not is_closed(hole)
    assert not is_closed(Mesh(box.vertices, faces, box.normals, box.colors))


@pytest.mark.parametrize("name", tuple(PRIMITIVES))
def test_corner_normals_lean_no_further_than_the_crease_from_their_face(name):
    mesh = PRIMITIVES[name]
    flat = torch.nn.functional.normalize(areas(mesh), dim=-1)[:, None]
    cosine = (mesh.normals.double() * flat).sum(-1)
    assert (mesh.normals.norm(dim=-1) - 1).abs().max() < 1e-5
    assert cosine.min() > math.cos(math.radians(42))


@pytest.mark.parametrize("name", CONVEX)
def test_normals_of_convex_bodies_point_away_from_their_middle(name):
    mesh = PRIMITIVES[name]
    outwards = mesh.vertices[mesh.faces] - mesh.vertices.mean(0)
    assert (outwards * mesh.normals).sum(-1).min() > 0


def test_normals_of_a_fine_sphere_are_its_radii():
    sphere = ellipsoids((0, 0, 0), (1, 1, 1), RED, sides=60)
    assert (sphere.normals - sphere.vertices[sphere.faces]).abs().max() < 0.06
    assert ((sphere.normals - sphere.vertices[sphere.faces]).norm(dim=-1)).mean() < 0.01


def test_a_box_has_flat_faces():
    flat = torch.nn.functional.normalize(areas(PRIMITIVES["box"]), dim=-1)
    assert (PRIMITIVES["box"].normals.double() - flat[:, None]).abs().max() < 1e-6


def prism(sides: int) -> float:
    """Area of a regular polygon over that of its circle."""
    return sides / (2 * math.pi) * math.sin(2 * math.pi / sides)


VOLUMES = {
    "box": (boxes((1, 2, 3), (1, 2, 3), RED), 6.0, 1e-6),
    "two boxes": (boxes([[0, 0, 0], [9, 0, 0]], [[1, 2, 3], [1, 1, 1]], RED), 7.0, 1e-6),
    "cylinder": (
        rods((0, 0, 0), (1, 2, 2), 0.5, RED, sides=40), prism(40) * math.pi / 4 * 3, 1e-6,
    ),
    "frustum": (
        rods((0, 0, 0), (0, 0, 3), 0.5, RED, end_radius=0.2, sides=40),
        prism(40) * math.pi * (0.25 + 0.1 + 0.04), 1e-6,
    ),
    "cone": (
        rods((0, 0, 0), (0, 3, 0), 0.5, RED, end_radius=0, sides=40), prism(40) * math.pi / 4, 1e-6,
    ),
    "ellipsoid": (ellipsoids((1, 2, 3), (1, 2, 3), RED, sides=80), 8 * math.pi, 4e-3),
    "torus": (torus(2.0, 0.5, RED, sides=80, tube_sides=80), math.pi**2, 3e-3),
    "straight tube": (
        tube([[0, 0, 0], [1, 2, 2], [2, 4, 4]], 0.5, RED, sides=40),
        prism(40) * 1.5 * math.pi, 1e-6,
    ),
    "cup": (
        lathe([[0, 0], [1, 0], [1, 1], [0.8, 1], [0.8, 0.2], [0, 0.2]], RED, sides=40),
        prism(40) * math.pi * (1 - 0.64 * 0.8), 1e-6,
    ),
    "slab": (extrusion(rounded_rectangle((2, 3)), 0.5, RED), 3.0, 1e-6),
}  # fmt: skip


@pytest.mark.parametrize("name", tuple(VOLUMES))
def test_volumes_are_those_of_the_formulas(name):
    """Polygons in place of circles are counted exactly where the body is a stack of them."""
    mesh, expected, tolerance = VOLUMES[name]
    assert volume(mesh) == pytest.approx(expected, rel=max(tolerance, 1e-5))


def test_a_rounded_box_lies_between_the_box_and_its_core():
    """Steiner: the volume of a box grown by a ball, here within the bevel's three steps."""
    r, (a, b, c) = 0.2, np.array([1.0, 2.0, 3.0]) - 0.4
    steiner = a * b * c + 2 * r * (a * b + b * c + c * a) + math.pi * r**2 * (a + b + c)
    steiner += 4 / 3 * math.pi * r**3
    assert volume(boxes((0, 0, 0), (1, 2, 3), RED, rounding=r)) == pytest.approx(steiner, rel=0.02)


def test_the_volume_of_a_wing_is_that_of_its_airfoil():
    """NACA 0012: area 0.6851 thickness chord^2 (integral of the published series)."""
    straight = wing((0, 0, 0), 2.0, 1.0, RED, taper=1.0, stations=(0.0, 0.45, 0.9))
    assert straight.vertices[:, 1].max() == pytest.approx(1.8)
    assert volume(straight) == pytest.approx(1.8 * 0.6851 * 0.12, rel=0.12)  # nine points


def test_wings_sweep_back_taper_and_rise():
    mesh = wing((0, 0, 0), 1.0, 0.4, RED, sweep=0.5, dihedral=0.2, taper=0.5)
    tip = mesh.vertices[mesh.vertices[:, 1] > 0.9 * math.cos(0.2)]
    assert tip[:, 0].max() < -0.9 * math.tan(0.5)
    assert tip[:, 2].min() > 0.9 * math.sin(0.2) - 0.03
    assert torch.aminmax(tip[:, 0]).max - torch.aminmax(tip[:, 0]).min < 0.3


def test_the_right_wing_is_the_mirror_image_of_the_left_one():
    colors = np.zeros((2, 4, 10, 3))
    colors[0, -1, 0, 0] = colors[1, -1, 0, 1] = 1.0
    pair = wing((0, 0.1, 0.2), 1.0, 0.4, colors, sweep=0.3, dihedral=0.2, is_pair=True)
    half = len(pair.faces) // 2
    assert (pair.vertices[pair.faces[:half], 1] > 0).all()
    assert (pair.vertices[pair.faces[half:], 1] < 0).all()
    left, right = (pair.vertices[pair.faces[pair.colors[:, c] == 1].unique()] for c in (0, 1))
    left, right = (corners[corners[:, 0].argsort()] for corners in (left, right))
    torch.testing.assert_close(left * torch.tensor([1.0, -1, 1]), right, atol=1e-6, rtol=0)


def test_parts_of_one_call_are_the_calls_of_the_parts():
    starts, ends, radii = np.eye(3) * 2, np.ones((3, 3)) * 5, np.array([0.1, 0.2, 0.3])
    together = rods(starts, ends, radii, RED)
    apart = Mesh.join([rods(a, b, r, RED) for a, b, r in zip(starts, ends, radii, strict=True)])
    assert torch.equal(together.vertices, apart.vertices)
    assert torch.equal(together.faces, apart.faces)
    assert torch.equal(together.normals, apart.normals)


def test_rows_and_caps_take_their_colours():
    colors = np.array([[RED], [(0, 1, 0)]], dtype=float)
    square = np.array([[1.0, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0]])
    stack = [square + np.array([0, 0, z]) for z in (0.0, 1.0, 2.0)]
    mesh = loft(stack, colors, caps=(0, 0, 1))
    height = mesh.vertices[mesh.faces, 2]
    blue = mesh.colors[:, 2] == 1
    assert (height[blue].amax(1) == height[blue].amin(1)).all()
    assert (height[mesh.colors[:, 0] == 1].amax(1) == 1).all()
    assert (height[mesh.colors[:, 1] == 1].amin(1) == 1).all()


def test_turns_are_right_handed():
    for axis, image in (("x", (0, 0, 1)), ("y", (0, 1, 0)), ("z", (-1, 0, 0))):
        turned = turn(axis, math.pi / 2) @ torch.tensor([0.0, 1.0, 0.0])
        torch.testing.assert_close(turned, torch.tensor(image).float(), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: loft(np.zeros((1, 4, 3)), RED), r"loft: expected rings of .* got \(1, 4, 3\)"),
        (lambda: lathe([[0, 0, 0]], RED), r"lathe: expected profile of .*, got \(1, 3\)"),
        (lambda: extrusion(np.zeros((4, 3)), 1, RED), r"extrusion: expected .* got \(4, 3\)"),
    ],
)
def test_primitives_check_their_shapes(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_registry_holds_the_six_categories_in_order():
    assert tuple(CATEGORIES) == ("airplane", "chair", "table", "lamp", "car", "mug")


@pytest.mark.parametrize("category", tuple(CATEGORIES))
class TestCategory:
    def test_objects_keep_the_contract(self, category):
        for mesh in shapes(category, 25):
            low, high = mesh.vertices.aminmax(dim=0)
            assert 300 <= len(mesh.faces) <= 2500
            assert float(mesh.vertices.norm(dim=-1).max()) == pytest.approx(1, abs=1e-5)
            assert (low + high).abs().max() < 1e-5
            assert is_closed(mesh)
            assert volume(mesh) > 0
            assert (mesh.normals.norm(dim=-1) - 1).abs().max() < 1e-4

    def test_normals_lie_on_the_outer_side_of_their_face(self, category):
        for mesh in shapes(category, 10):
            area = areas(mesh)
            is_face = area.norm(dim=-1) > 1e-7
            cosine = (mesh.normals.double() * area[:, None]).sum(-1)[is_face]
            assert (cosine > 0).all()

    def test_the_same_key_gives_the_same_bits(self, category):
        one, again = make_shape(category, 11), make_shape(category, 11)
        for name in ("vertices", "faces", "normals", "colors"):
            assert torch.equal(getattr(one, name), getattr(again, name))

    def test_no_two_of_two_hundred_are_alike(self, category):
        prints = set()
        for mesh in shapes(category, 200):
            moments = torch.cat([mesh.vertices.std(0), mesh.vertices.abs().mean(0)])
            prints.add(tuple(moments.mul(2000).round().tolist()))
        assert len(prints) == 200

    def test_sizes_and_colours_vary(self, category):
        meshes = shapes(category, 60)
        extents = torch.stack([mesh.vertices.amax(0) - mesh.vertices.amin(0) for mesh in meshes])
        colors = torch.stack([mesh.colors.mean(0) for mesh in meshes])
        assert (extents.std(0) > 0.015).all()
        assert extents.std(0).max() > 0.08
        assert (colors.std(0) > 0.08).all()
        assert len({len(mesh.faces) for mesh in meshes}) > 1

    def test_the_global_random_state_is_left_alone(self, category):
        torch.manual_seed(0)
        before = torch.get_rng_state()
        make_shape(category, 3)
        assert torch.equal(before, torch.get_rng_state())


def test_categories_are_independent_streams():
    """Chairs and tables with one index do not share their draws."""
    first = [Draws(keyed_generator(0x5AFE, k, 5)).uniform(0, 1) for k in range(6)]
    assert len(set(first)) == 6


def colored_points(mesh: Mesh) -> torch.Tensor:
    """Middles of the faces with their colour, larger faces first; shape ``(400, 6)``."""
    size = areas(mesh).norm(dim=-1)
    chosen = size.argsort(descending=True)[:400]
    return torch.cat([mesh.vertices[mesh.faces].mean(1), mesh.colors], 1)[chosen]


def test_no_half_turn_leaves_an_airplane_as_it_was():
    generator = keyed_generator(1)
    axes = torch.cat([torch.eye(3), torch.nn.functional.normalize(
        torch.randn(20, 3, generator=generator), dim=-1)])  # fmt: skip
    for index in range(12):
        points = colored_points(shape("airplane", index))
        for axis in axes:
            half_turn = 2 * torch.outer(axis, axis) - torch.eye(3)
            turned = torch.cat([points[:, :3] @ half_turn.T, points[:, 3:]], 1)
            assert torch.cdist(turned, points).amin(1).mean() > 0.05


def test_left_and_right_of_an_airplane_are_told_apart_by_red_and_green():
    for index in range(20):
        mesh = shape("airplane", index)
        y = mesh.vertices[mesh.faces, 1].mean(1)
        port = (mesh.colors - torch.tensor([0.93, 0.08, 0.08])).abs().amax(1) < 1e-3
        starboard = (mesh.colors - torch.tensor([0.05, 0.80, 0.25])).abs().amax(1) < 1e-3
        assert y[port].max() > 0.8 * y.max()
        assert y[port].min() > 0
        assert y[starboard].min() < 0.8 * y.min()
        assert y[starboard].max() < 0


def test_airplanes_are_lighter_below_and_fly_forwards():
    """Seen from below the mean colour is brighter; the fin stands at the rear."""
    for index in range(20):
        mesh = shape("airplane", index)
        area = areas(mesh)
        light = mesh.colors.double().mean(1)
        up, down = area[:, 2].clamp(min=0), (-area[:, 2]).clamp(min=0)
        assert (light * down).sum() / down.sum() > (light * up).sum() / up.sum()
        rear = mesh.vertices[mesh.vertices[:, 0] < -0.5 * mesh.vertices[:, 0].max()]
        front = mesh.vertices[mesh.vertices[:, 0] > 0.8 * mesh.vertices[:, 0].max()]
        assert rear[:, 2].max() > front[:, 2].mean()


def test_cars_have_white_eyes_in_front_and_red_ones_behind():
    for index in range(20):
        mesh = shape("car", index)
        x = mesh.vertices[mesh.faces, 0].mean(1)
        red = (mesh.colors - torch.tensor([0.85, 0.04, 0.04])).abs().amax(1) < 1e-3
        assert x[red].max() < -0.7
        lamp = (mesh.colors[:, 0] == 1) & (mesh.colors[:, 1] > 0.9) & (x > 0.7)
        assert lamp.any()


def test_handles_of_mugs_are_on_the_right():
    for index in range(20):
        vertices = shape("mug", index).vertices
        z, top = vertices[:, 2], vertices[:, 2].max()
        rim, wall = vertices[z > 0.95 * top, 1], vertices[(z > 0) & (z < 0.8 * top), 1]
        axis = (rim.max() + rim.min()) / 2
        assert axis - wall.min() > wall.max() - axis + 0.15


def test_every_view_of_a_mug_with_a_mark_differs():
    """From 24 places on a circle no two pictures of a mug or a car are the same."""
    angles = torch.arange(24) * (2 * math.pi / 24)
    camera = Camera.orbiting(angles, elevation=0.5)
    for category in ("car", "mug", "chair", "airplane"):
        mesh = shape(category, 4)
        views = render(mesh, torch.eye(3).expand(24, 3, 3), camera, size=32, light=Light.flat())
        apart = torch.cdist(views.flatten(1), views.flatten(1)) + 1e3 * torch.eye(24)
        assert apart.min() > 1.0


def test_makers_are_functions_of_their_generator():
    one, again, other = (make_airplane(torch.Generator().manual_seed(s)) for s in (1, 1, 2))
    assert torch.equal(one.vertices, again.vertices)
    assert one.vertices.shape != other.vertices.shape or not torch.equal(
        one.vertices, other.vertices
    )


def test_draws_cover_their_ranges():
    draws = Draws(keyed_generator(2))
    values = torch.tensor([draws.uniform(2.0, 4.0) for _ in range(2000)])
    assert float(values.mean()) == pytest.approx(3.0, abs=0.05)
    assert float(values.std()) == pytest.approx(2 / math.sqrt(12), abs=0.03)
    counts = [sum(draws.choice("aab") == letter for _ in range(900)) for letter in "ab"]
    assert counts[0] == pytest.approx(600, abs=60)
    assert sum(draws.chance(0.3) for _ in range(1000)) == pytest.approx(300, abs=60)
    for color in (draws.paint(), draws.wood(), draws.metal(), draws.neutral(), draws.fabric()):
        assert all(0 <= channel <= 1 for channel in color)


def test_mixing_ends_at_the_colours():
    assert mixed((0.1, 0.2, 0.3), (1.0, 1.0, 1.0), 0.0) == (0.1, 0.2, 0.3)
    assert mixed((0.1, 0.2, 0.3), (1.0, 1.0, 1.0), 1.0) == (1.0, 1.0, 1.0)


def test_an_unknown_category_is_refused():
    message = r"make_shape: expected category to be one of airplane, .*, got 'plane'"
    with pytest.raises(ValueError, match=message):
        make_shape("plane", 0)


@pytest.mark.parametrize("index", [-1, 1.5, True, "3"])
def test_an_index_is_a_count(index):
    with pytest.raises(
        ValueError, match=r"make_shape: expected index to be an integer of at least 0"
    ):
        make_shape("mug", index)
