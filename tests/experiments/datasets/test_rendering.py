"""Renderer: projection, visibility, shading, and bitwise repeatability."""

import math
import zlib

import pytest
import torch

from groupae import SO3
from groupae._validation import ShapeError
from groupae.data import keyed_generator
from groupae.experiments.datasets.rendering import (
    Camera,
    Light,
    Mesh,
    composite,
    corner_normals,
    render,
    render_points,
)
from groupae.experiments.datasets.rendering.rasterizer import triangle_spans

RED, GREEN, BLUE = torch.eye(3).unbind()
FLAT = Light.flat()
UPRIGHT = torch.eye(3)[None]


def turn(axis, theta):
    """Return the rotation by theta about an axis: 0 x, 1 y, 2 z."""
    R = torch.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    R[i, i] = R[j, j] = math.cos(theta)
    R[i, j], R[j, i] = -math.sin(theta), math.sin(theta)
    return R


def ball(n=24, color=(0.8, 0.6, 0.4), radius=1.0):
    """Return a sphere of meridians and parallels with exact normals."""
    u, v = torch.arange(n) * 2 * math.pi / n, torch.linspace(0, math.pi, n + 1)
    u, v = torch.meshgrid(u, v, indexing="ij")
    xyz = torch.stack([v.sin() * u.cos(), v.sin() * u.sin(), v.cos()], -1).reshape(-1, 3)
    i, j = torch.arange(n)[:, None], torch.arange(n)
    a, b = i * (n + 1) + j, (i + 1) % n * (n + 1) + j
    faces = torch.stack([torch.stack([a, a + 1, b], -1), torch.stack([a + 1, b + 1, b], -1)])
    faces = faces.reshape(-1, 3)
    colors = torch.tensor(color).expand(len(faces), 3)
    return Mesh(radius * xyz, faces, xyz[faces], colors)


def quad(*corners, color=RED):
    """Return a flat quadrilateral, its front where the corners run counter-clockwise."""
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    return Mesh.smooth(torch.tensor(corners).float(), faces, color)


def facing_square(x=0.0, half=1.0, color=RED):
    """Return a square across the x axis whose front looks along +x."""
    h = half
    return quad([x, -h, -h], [x, h, -h], [x, h, h], [x, -h, h], color=color)


def lopsided():
    """Return an object without symmetry: a body, a red nose, one green wing, a blue fin."""
    return Mesh.join(
        [
            ball(12).scaled((0.9, 0.3, 0.2)),
            ball(8).scaled(0.2).moved(t=(0.9, 0.0, 0.0)).painted((1.0, 0.0, 0.0)),
            ball(8).scaled((0.2, 0.4, 0.05)).moved(t=(0.1, 0.5, 0.0)).painted((0.0, 1.0, 0.0)),
            ball(8).scaled((0.2, 0.05, 0.4)).moved(t=(-0.6, 0.0, 0.3)).painted((0.0, 0.0, 1.0)),
        ]
    )


def difference(a, b):
    """Return the mean absolute difference of pictures laid over black."""
    return float((a[:, :3] * a[:, 3:] - b[:, :3] * b[:, 3:]).abs().mean())


def centre_of(picture, channel):
    """Return column and row of the middle of one colour in a picture (4, size, size)."""
    weight = picture[channel] * picture[3]
    place = torch.arange(len(weight)) + 0.5
    return [float((weight.sum(axis) * place).sum() / weight.sum()) for axis in (0, 1)]


class TestPlaces:
    """Axes, projections and the sense of rotation."""

    # By hand: a camera on the x axis at 3, reach 1.2, 60 pixels; at depth d a unit takes
    # 30 * 3 / 1.2 / d = 75 / d pixels in perspective and 25 in parallel projection. +y is right.
    @pytest.mark.parametrize(
        ("point", "perspective", "place"),
        [
            ((0.0, 0.0, 0.0), True, (30.0, 30.0, 3.0)),
            ((0.0, 0.8, 0.0), True, (50.0, 30.0, 3.0)),
            ((0.0, 0.0, 0.8), True, (30.0, 10.0, 3.0)),
            ((0.5, 0.6, -0.4), True, (48.0, 42.0, 2.5)),
            ((0.5, 0.6, -0.4), False, (45.0, 40.0, 2.5)),
        ],
    )
    def test_known_places_in_the_picture(self, point, perspective, place):
        camera = Camera.orbiting(0.0, 0.0, 3.0, reach=1.2, perspective=perspective)
        assert camera.project(torch.tensor(point), 60).tolist() == pytest.approx(place, abs=1e-4)
        dot = render_points(
            torch.tensor(point).view(1, 1, 3), RED, 0.02, camera, 60, light=FLAT, antialias=8
        )
        assert centre_of(dot[0], 0) == pytest.approx(place[:2], abs=0.1)

    @pytest.mark.parametrize("perspective", [True, False])
    def test_corners_of_meshes_appear_where_the_camera_projects_them(self, perspective):
        camera = Camera.orbiting(0.7, 0.4, 3.0, perspective=perspective)
        R = SO3().sample(1, generator=keyed_generator(1))
        for corner in torch.tensor([[0.9, 0.0, 0.1], [0.0, -0.8, 0.2], [-0.3, 0.2, 0.8]]):
            picture = render(
                ball(8, (1.0, 0, 0), 0.03).moved(t=corner),
                R,
                camera,
                light=FLAT,
                size=50,
                antialias=8,
            )
            expected = camera.project(R[0] @ corner, 50)[:2]
            assert centre_of(picture[0], 0) == pytest.approx(expected.tolist(), abs=0.1)

    # A camera above, its right along +x and its up along +y, is the page of a book on geometry.
    @pytest.mark.parametrize("theta", [0.0, math.pi / 6, math.pi / 2, 4.0])
    def test_turns_about_z_are_counter_clockwise_seen_from_above(self, theta):
        camera = Camera.orbiting(-math.pi / 2, math.pi / 2, reach=1.0, perspective=False)
        dot = ball(8, (1.0, 0, 0), 0.1).moved(t=(0.7, 0.0, 0.0))
        picture = render(dot, turn(2, theta)[None], camera, light=FLAT, size=100)
        expected = (50 + 35 * math.cos(theta), 50 - 35 * math.sin(theta))
        assert centre_of(picture[0], 0) == pytest.approx(expected, abs=0.1)

    def test_the_camera_circles_counter_clockwise_from_the_front(self):
        positions = Camera.orbiting(torch.arange(4) * math.pi / 2, distance=2.0).position
        expected = torch.tensor([[2.0, 0, 0], [0, 2, 0], [-2, 0, 0], [0, -2, 0]])
        torch.testing.assert_close(positions, expected)

    def test_looking_agrees_with_orbiting(self):
        a = Camera.orbiting(0.8, -0.6, 2.5)
        b = Camera.looking(a.position.tolist())
        torch.testing.assert_close(a.axes, b.axes)
        torch.testing.assert_close(a.position, b.position)
        assert b.distance == pytest.approx(2.5)

    def test_axes_are_rotations(self):
        generator = keyed_generator(2)
        angles = torch.rand(2, 50, generator=generator) * 6
        axes = Camera.orbiting(angles[0], angles[1]).axes
        torch.testing.assert_close(axes @ axes.mT, torch.eye(3).expand(50, 3, 3))
        assert bool((torch.linalg.det(axes) > 0).all())

    def test_projections_agree_at_the_target_and_far_away(self):
        scene = lopsided(), UPRIGHT
        far = [
            render(*scene, Camera.orbiting(0.4, 0.3, 500.0, perspective=p)) for p in (True, False)
        ]
        near = [
            render(*scene, Camera.orbiting(0.4, 0.3, 3.0, perspective=p)) for p in (True, False)
        ]
        assert difference(*far) < 1e-3 < 1e-2 < difference(*near)


class TestEquivariance:
    """Turning the object equals turning camera and light backwards."""

    @pytest.mark.parametrize("perspective", [True, False])
    def test_turning_the_object_is_turning_camera_and_light_back(self, perspective):
        R = SO3().sample(4, generator=keyed_generator(3))
        camera, light = Camera.orbiting(0.0, 0.2, perspective=perspective), Light((1.0, -2.0, 0.5))
        turned = render(lopsided(), R, camera, light=light)
        for i in range(4):
            moved = render(lopsided(), UPRIGHT, camera.turned(R[i].T), light=light.turned(R[i].T))
            wrong = render(lopsided(), UPRIGHT, camera.turned(R[i]), light=light.turned(R[i]))
            light_only = render(lopsided(), UPRIGHT, camera.turned(R[i].T), light=light)
            assert difference(turned[i : i + 1], moved) < 1e-3
            assert difference(turned[i : i + 1], wrong) > 1e-2
            assert difference(turned[i : i + 1], light_only) > 2e-3

    def test_a_quarter_turn_left_is_the_camera_a_quarter_back(self):
        turned = render(lopsided(), turn(2, math.pi / 2)[None], Camera.orbiting(0.3), light=FLAT)
        back, on = (
            render(lopsided(), UPRIGHT, Camera.orbiting(0.3 + s * math.pi / 2), light=FLAT)
            for s in (-1, 1)
        )
        assert difference(turned, back) < 1e-3 < 1e-2 < difference(turned, on)

    def test_turning_the_mesh_itself_is_the_same(self):
        R = SO3().sample(generator=keyed_generator(4))
        camera = Camera.orbiting(0.0)
        a = render(lopsided(), R[None], camera)
        assert difference(a, render(lopsided().moved(R), UPRIGHT, camera)) < 1e-3

    def test_a_camera_for_each_picture(self):
        azimuth = torch.arange(3) * 1.0
        together = render(lopsided(), UPRIGHT.expand(3, 3, 3), Camera.orbiting(azimuth, 0.2))
        for i in range(3):
            alone = render(lopsided(), UPRIGHT, Camera.orbiting(float(azimuth[i]), 0.2))
            assert difference(together[i : i + 1], alone) < 1e-4


class TestVisibility:
    """Coverage and visibility."""

    @pytest.mark.parametrize("perspective", [True, False])
    @pytest.mark.parametrize("flipped", [False, True])
    def test_the_nearer_square_hides_the_farther_in_any_order(self, perspective, flipped):
        squares = [facing_square(0.5, 0.4, RED), facing_square(-0.5, 2.0, BLUE)]
        mesh = Mesh.join(squares[::-1] if flipped else squares)
        camera = Camera.orbiting(0.0, perspective=perspective)
        front = render(mesh, UPRIGHT, camera, light=FLAT)[0]
        behind = render(mesh, UPRIGHT, camera.turned(turn(2, math.pi)), light=FLAT)[0]
        torch.testing.assert_close(front[:3, 32, 32], RED)
        torch.testing.assert_close(front[:3, 2, 2], BLUE)
        assert bool((behind[0] == 0).all())

    def test_of_faces_in_one_plane_the_later_is_seen(self):
        mesh = Mesh.join([facing_square(color=RED), facing_square(color=BLUE)])
        picture = render(mesh, UPRIGHT, Camera.orbiting(0.0, reach=0.9), light=FLAT)
        assert bool((picture[0, 2] == 1).all())

    def test_paint_on_a_tilted_face_stays_in_front(self):
        square = facing_square(color=RED)
        paint = quad([0.0, -0.5, 0], [0, 0, -0.5], [0, 0.5, 0], [0, 0, 0.5], color=BLUE)
        R = SO3().sample(20, generator=keyed_generator(12))
        camera = Camera.orbiting(0.0)
        both = render(Mesh.join([square, paint]), R, camera, light=FLAT)
        alone = render(paint, R, camera, light=FLAT)
        whole = alone[:, 3] == 1
        assert float((both[:, 2][whole] == 1).float().mean()) > 0.9

    def test_a_square_over_the_frame_covers_it(self):
        for mesh in (facing_square(), facing_square(0.0, 1e3)):
            picture = render(mesh, UPRIGHT, Camera.orbiting(0.0, reach=1.0), light=FLAT)
            assert bool((picture == torch.tensor([1.0, 0, 0, 1]).view(4, 1, 1)).all())

    def test_what_is_beside_the_frame_is_not_seen(self):
        away = facing_square().moved(t=(0.0, 5.0, 0.0))
        assert not render(away, UPRIGHT, Camera.orbiting(0.0)).any()

    # Half of the middle column of pixels is covered: alpha 1/2, in the full colour.
    def test_colour_is_not_premultiplied(self):
        half = quad([0.0, -1, -1], [0, 0, -1], [0, 0, 1], [0, -1, 1])
        picture = render(half, UPRIGHT, Camera.orbiting(0.0, reach=1.0), light=FLAT, size=1)
        torch.testing.assert_close(picture.flatten(), torch.tensor([1.0, 0, 0, 0.5]))

    @pytest.mark.parametrize("radius", [0.4, 0.9])
    def test_the_area_of_a_disk(self, radius):
        camera = Camera.orbiting(0.3, 0.4, reach=1.0, perspective=False)
        mesh = render(ball(64, radius=radius), UPRIGHT, camera)
        dot = render_points(torch.zeros(1, 1, 3), RED, radius, camera)
        for picture in (mesh, dot):
            area = 4 * float(picture[0, 3].mean())
            assert area == pytest.approx(math.pi * radius**2, rel=0.01)

    # In perspective a ball of radius r at distance d is seen within asin(r / d) of its middle.
    def test_the_outline_of_a_ball_in_perspective(self):
        camera = Camera.orbiting(0.0, distance=2.0, reach=2.0)
        picture = render_points(torch.zeros(1, 1, 3), RED, 1.0, camera, 200)
        radius = math.tan(math.asin(0.5)) * 100
        assert float(picture[0, 3].sum()) == pytest.approx(math.pi * radius**2, rel=0.005)

    @pytest.mark.parametrize("n", [3, 8, 40])
    def test_closed_surfaces_have_no_holes(self, n):
        R = SO3().sample(20, generator=keyed_generator(5))
        covered = render(ball(n), R, Camera.orbiting(0.0), antialias=1)[:, 3] > 0
        steps = torch.nn.functional.pad(covered.byte(), (1, 1)).diff(dim=-1)
        assert int((steps == 1).sum(-1).max()) == 1, "a convex outline is one run in each row"

    def test_every_sample_belongs_to_one_triangle_of_a_tiling(self):
        g = torch.linspace(-8, 72, 30)
        y, x = torch.meshgrid(g, g, indexing="ij")
        jitter = torch.rand(2, 30, 30, generator=keyed_generator(6)) - 0.5
        x, y = (x + jitter[0]).flatten(), (y + jitter[1]).flatten()
        x[400:500], y[400:500] = x[400:500].round() + 0.5, y[400:500].round() + 0.5
        a = (torch.arange(29)[:, None] * 30 + torch.arange(29)).flatten()
        faces = torch.cat(
            [torch.stack([a, a + 1, a + 30]), torch.stack([a + 1, a + 31, a + 30])], 1
        )
        picture = torch.zeros(faces.shape[1], dtype=torch.int64)
        spans, _, _ = triangle_spans(x[faces], y[faces], torch.ones_like(x)[faces], picture, 64)
        _, _, sample = spans.fragments()
        assert bool((sample.sort().values == torch.arange(64 * 64)).all())

    def test_against_rays_cast_at_random_triangles(self):
        generator = keyed_generator(7)
        corners = torch.rand(40, 3, 3, generator=generator) * 2 - 1
        colors = torch.rand(40, 3, generator=generator)
        mesh = Mesh.smooth(corners.view(-1, 3), torch.arange(120).view(40, 3), colors)
        for perspective in (True, False):
            camera = Camera.orbiting(0.5, 0.3, 3.0, reach=1.2, perspective=perspective)
            picture = render(mesh, UPRIGHT, camera, light=FLAT, size=48, antialias=1)[0]
            seen = cast_rays(corners.double(), camera, 48)
            expected = torch.where((seen >= 0)[..., None], colors[seen], 0).permute(2, 0, 1)
            wrong = (picture[:3] - expected).abs().amax(0) > 1e-6
            assert int(wrong.sum()) <= 4, "up to samples on an edge"
            assert 0.3 < float(picture[3].mean()) < 1


def cast_rays(corners, camera, size):
    """Return the first triangle on the ray through the middle of each pixel, -1 for none."""
    place = (torch.arange(size).double() + 0.5) * 2 / size - 1
    down, across = torch.meshgrid(place * camera.reach, place * camera.reach, indexing="ij")
    right, up, back = camera.axes.double()
    on_target = across[..., None] * right - down[..., None] * up
    origin, ray = camera.position.double().expand_as(on_target), on_target - camera.position
    if not camera.perspective:
        origin, ray = on_target + camera.position, (-back * camera.distance).expand_as(on_target)
    a, b, c = corners.unbind(1)
    columns = torch.stack(
        [
            (b - a).expand(*ray.shape[:2], -1, -1),
            (c - a).expand(*ray.shape[:2], -1, -1),
            -ray[..., None, :].expand(*ray.shape[:2], len(a), 3),
        ],
        -1,
    )
    u, v, t = torch.linalg.solve(columns, origin[..., None, :] - a).unbind(-1)
    t = torch.where((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0), t, torch.inf)
    return torch.where(t.amin(-1) < torch.inf, t.argmin(-1), -1)


class TestShading:
    """Lambert's law, both sides, smooth normals."""

    @pytest.mark.parametrize("theta", [0.0, 0.5, 1.2])
    @pytest.mark.parametrize("side", [0.0, math.pi])
    def test_a_tilted_square_shows_the_value_of_the_formula(self, theta, side):
        light = Light((3.0, 0.0, 4.0), ambient=0.1, diffuse=0.8)
        square = facing_square(0.0, 5.0, torch.tensor([0.9, 0.5, 0.2]))
        R = turn(1, -theta) @ turn(2, side)
        picture = render(
            square, R[None], Camera.orbiting(0.0, distance=9.0, reach=0.5), light=light
        )
        # the square looks along (cos t, 0, sin t), whichever of its sides is in front
        factor = 0.1 + 0.8 * max(0.0, 0.6 * math.cos(theta) + 0.8 * math.sin(theta))
        expected = factor * torch.tensor([0.9, 0.5, 0.2])
        torch.testing.assert_close(picture[0, :3, 31, 31], expected, atol=1e-5, rtol=0)

    def test_a_square_turned_from_the_light_shows_the_ambient_share(self):
        light = Light((-1.0, 0.0, 0.0), ambient=0.25, diffuse=0.7)
        picture = render(facing_square(), UPRIGHT, Camera.orbiting(0.0, reach=1.0), light=light)
        torch.testing.assert_close(picture[0, 0], torch.full((64, 64), 0.25))

    @pytest.mark.parametrize("perspective", [True, False])
    @pytest.mark.parametrize(("place", "radius"), [((0.0, 0.0, 0.0), 0.9), ((0.3, 1.1, -0.9), 0.4)])
    def test_a_fine_mesh_looks_like_the_exact_ball(self, perspective, place, radius):
        camera = Camera.orbiting(0.5, 0.3, 2.0, reach=1.7, perspective=perspective)
        mesh = render(ball(48, radius=radius).moved(t=place), UPRIGHT, camera)
        middle, color = torch.tensor(place).view(1, 1, 3), torch.tensor([0.8, 0.6, 0.4])
        dot = render_points(middle, color, radius, camera)
        inside = (dot[:, 3:] == 1).expand(1, 3, -1, -1)
        assert float((mesh - dot)[:, :3][inside].abs().max()) < 0.02
        assert difference(mesh, dot) < 2e-3

    # Normals at the corners (1, 0, -1) and (1, 0, 1): at height z their mix is along (1, 0, z).
    def test_normals_are_mixed_in_space_not_on_the_screen(self):
        square = facing_square(0.0, 1.0)
        normals = torch.nn.functional.normalize(
            torch.stack([torch.ones(4), torch.zeros(4), square.vertices[:, 2]], -1), dim=-1
        )[square.faces]
        mesh = Mesh(square.vertices, square.faces, normals, square.colors)
        R, light = turn(1, -0.9), Light((1.0, 0.0, 0.3), ambient=0.0, diffuse=1.0)
        camera = Camera.orbiting(0.0, distance=1.6, reach=1.0)
        picture = render(mesh, R[None], camera, light=light, size=101, antialias=1)[0]
        to_light = R.T @ torch.nn.functional.normalize(torch.tensor([1.0, 0.0, 0.3]), dim=0)
        for z in (-0.8, 0.0, 0.8):
            column, row, _ = camera.project(R @ torch.tensor([0.0, 0.0, z]), 101).tolist()
            normal = torch.nn.functional.normalize(torch.tensor([1.0, 0.0, z]), dim=0)
            expected = max(0.0, float(normal @ to_light))
            assert float(picture[0, int(row), int(column)]) == pytest.approx(expected, abs=0.02)

    def test_more_samples_are_the_mean_of_finer_pictures(self):
        scene = lopsided(), SO3().sample(2, generator=keyed_generator(8)), Camera.orbiting(0.0)
        coarse = render(*scene, size=20, antialias=3)
        fine = render(*scene, size=60, antialias=1)
        alpha = torch.nn.functional.avg_pool2d(fine[:, 3:], 3)
        torch.testing.assert_close(coarse[:, 3:], alpha)
        colour = torch.nn.functional.avg_pool2d(fine[:, :3] * fine[:, 3:], 3)
        torch.testing.assert_close(coarse[:, :3] * coarse[:, 3:], colour)

    def test_composite_lays_pictures_over_a_background(self):
        picture = render(facing_square(half=0.5), UPRIGHT, Camera.orbiting(0.0), light=FLAT)
        over = composite(picture, BLUE.view(3, 1, 1))
        torch.testing.assert_close(over[0, :, 32, 32], RED)
        torch.testing.assert_close(over[0, :, 0, 0], BLUE)


class TestSameBits:
    """A picture depends only on its own mesh, rotation and camera."""

    def scenes(self):
        generator = keyed_generator(9)
        meshes = [lopsided(), ball(5), ball(20), lopsided()] * 3
        return meshes, SO3().sample(12, generator=generator), torch.rand(12, generator=generator)

    def test_permuting_the_batch_permutes_the_pictures(self):
        meshes, R, azimuth = self.scenes()
        order = torch.randperm(12, generator=keyed_generator(10))
        a = render(meshes, R, Camera.orbiting(azimuth))
        b = render([meshes[i] for i in order], R[order], Camera.orbiting(azimuth[order]))
        assert torch.equal(a[order], b)

    @pytest.mark.parametrize("chunk", [1, 5])
    def test_the_number_drawn_at_a_time_does_not_matter(self, chunk):
        meshes, R, azimuth = self.scenes()
        camera = Camera.orbiting(azimuth)
        assert torch.equal(render(meshes, R, camera), render(meshes, R, camera, chunk=chunk))
        points = torch.rand(12, 9, 3, generator=keyed_generator(11)) - 0.5
        a, b = (render_points(points, RED, 0.1, camera, chunk=c) for c in (None, chunk))
        assert torch.equal(a, b)

    def test_the_number_of_threads_does_not_matter(self):
        meshes, R, azimuth = self.scenes()
        before = torch.get_num_threads()
        pictures = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            pictures.append(render(meshes, R, Camera.orbiting(azimuth)))
        torch.set_num_threads(before)
        assert torch.equal(*pictures)

    def test_the_default_dtype_does_not_matter(self):
        meshes, R, azimuth = self.scenes()
        points = torch.rand(12, 9, 3, generator=keyed_generator(11)) - 0.5
        pictures = []
        for dtype in (torch.float32, torch.float64):
            torch.set_default_dtype(dtype)
            camera = Camera.orbiting(azimuth)
            balls = render_points(points, RED, 0.1, camera)
            pictures.append(torch.stack([render(meshes, R, camera), balls]))
        torch.set_default_dtype(torch.float32)
        assert pictures[1].dtype == torch.float32
        assert torch.equal(*pictures)

    def test_the_same_picture_on_every_machine(self):
        tips = torch.cat([torch.eye(3), -torch.eye(3)])
        faces = torch.tensor([[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [0, 4, 5]])
        mesh = Mesh(tips, faces, tips[faces], torch.tensor([RED.tolist(), BLUE.tolist()] * 3))
        R = torch.tensor([[[2.0, -1, 2], [2, 2, -1], [-1, 2, 2]]]) / 3
        picture = render(mesh, R, Camera.orbiting(0.0, 0.3), size=16)
        assert zlib.crc32((picture * 255).round().byte().numpy().tobytes()) == 2451703734

    def test_an_empty_batch(self):
        assert render([], torch.zeros(0, 3, 3), Camera.orbiting(0.0)).shape == (0, 4, 64, 64)
        assert render_points(torch.zeros(2, 0, 3), RED, 0.1, Camera.orbiting(0.0)).sum() == 0


class TestPoints:
    """Balls: order in depth, padding, colours."""

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_the_nearer_ball_hides_the_farther(self, order):
        places = torch.tensor([[0.5, 0.0, 0.0], [-0.5, 0.0, 0.0]])[list(order)]
        colors = torch.stack([RED, BLUE])[list(order)]
        picture = render_points(places[None], colors, 0.3, Camera.orbiting(0.0), light=FLAT)
        torch.testing.assert_close(picture[0, :3, 32, 32], RED)

    def test_balls_of_radius_zero_are_not_drawn(self):
        places = torch.tensor([[[0.0, 0, 0], [3, 0, 0]], [[0.0, 0, 0], [0, 0, 0.5]]])
        radius = torch.tensor([[0.3, 0.0], [0.3, 0.2]])
        pictures = render_points(places, RED, radius, Camera.orbiting(0.0))
        alone = render_points(places[:, :1], RED, 0.3, Camera.orbiting(0.0))
        assert torch.equal(pictures[0], alone[0])
        assert not torch.equal(pictures[1], alone[1])

    # Two equal balls meet in the plane half way between them.
    def test_balls_cut_each_other_half_way(self):
        places = torch.tensor([[[0.0, -0.3, 0.0], [0.0, 0.3, 0.0]]])
        camera = Camera.orbiting(0.0, perspective=False)
        picture = render_points(places, torch.stack([RED, BLUE]), 0.5, camera, light=FLAT)[0]
        assert bool((picture[0, :, 32:] == 0).all())
        assert bool((picture[2, :, :32] == 0).all())
        torch.testing.assert_close(picture[3], picture[3].flip(-1))

    def test_pictures_have_their_own_colours(self):
        colors = torch.stack([RED, BLUE])[:, None]
        pictures = render_points(
            torch.zeros(2, 1, 3), colors, 0.5, Camera.orbiting(0.0), light=FLAT
        )
        assert pictures[0, 0, 32, 32] == pictures[1, 2, 32, 32] == 1


class TestMesh:
    """Methods of meshes, and normals."""

    def test_normals_of_a_fine_sphere_point_outwards(self):
        sphere = ball(48)
        normals = corner_normals(sphere.vertices.double(), sphere.faces)
        area = torch.linalg.cross(*(sphere.vertices[sphere.faces].diff(dim=1).unbind(1))).norm(
            dim=-1
        )
        off = (normals - sphere.normals)[area > 1e-6].norm(dim=-1)
        assert float(off.max()) < 0.1

    def test_edges_sharper_than_the_crease_stay_sharp(self):
        roof = torch.tensor([[0.0, 0, 1], [1, 0, 1], [0, 1, 0.4], [0, -1, 0.4]])
        faces = torch.tensor([[0, 1, 2], [0, 3, 1]])
        bend = 2 * math.atan(0.6)
        sharp, soft = (corner_normals(roof, faces, crease=bend + s) for s in (-0.01, 0.01))
        assert float((sharp - sharp[:, :1]).abs().max()) == 0
        torch.testing.assert_close(soft[0, 0], torch.tensor([0.0, 0.0, 1.0]))
        torch.testing.assert_close(soft[0, 2], sharp[0, 2])

    # The faces' cross products are (0, 0, 2) and (0, -1, 0): their sum is along (0, -1, 2).
    def test_a_larger_face_weighs_more(self):
        step = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, -1]])
        faces = torch.tensor([[0, 1, 2], [1, 0, 3]])
        normals = corner_normals(step, faces, crease=math.pi)
        expected = torch.tensor([0.0, -1.0, 2.0]) / 5**0.5
        torch.testing.assert_close(normals[0, 0], expected)
        torch.testing.assert_close(normals[1, 0], expected)

    def test_a_face_of_no_area_takes_the_normal_of_its_neighbours(self):
        flat = torch.tensor([[0.0, 0, 0], [0, 1, 0], [0, 0, 1], [0, 2, 0]])
        normals = corner_normals(flat, torch.tensor([[0, 1, 2], [0, 1, 3]]))
        torch.testing.assert_close(normals[1, 0], torch.tensor([1.0, 0.0, 0.0]))
        torch.testing.assert_close(normals[1, 2], torch.tensor([0.0, 0.0, 1.0]))

    def test_stretching_carries_the_normals(self):
        s = torch.tensor([2.0, 0.5, 1.0])
        mesh = ball(16).scaled(s)
        # the gradient of (x/a)^2 + (y/b)^2 + (z/c)^2
        expected = torch.nn.functional.normalize(mesh.vertices[mesh.faces] / s**2, dim=-1)
        torch.testing.assert_close(mesh.normals, expected)

    def test_a_mirrored_mesh_keeps_its_outside(self):
        mirror = torch.diag(torch.tensor([1.0, -1.0, 1.0]))
        mesh = ball(16).moved(t=(0.2, 0.3, 0.1))
        mirrored = mesh.moved(mirror)
        a, b, c = mirrored.vertices[mirrored.faces].unbind(1)
        outward = (torch.linalg.cross(b - a, c - a) * mirrored.normals.sum(1)).sum(-1)
        assert float(outward.min()) > -1e-6
        picture = render(mirrored, UPRIGHT, Camera.orbiting(0.0), light=Light((1.0, 0.0, 1.0)))
        original = render(mesh, UPRIGHT, Camera.orbiting(0.0), light=Light((1.0, 0.0, 1.0)))
        assert difference(picture, original.flip(-1)) < 1e-3

    def test_fitted_is_centred_and_reaches_the_radius(self):
        mesh = lopsided().scaled(7.0).moved(t=(1.0, 2.0, 3.0)).fitted(0.8)
        low, high = mesh.vertices.amin(0), mesh.vertices.amax(0)
        torch.testing.assert_close(low, -high, atol=1e-5, rtol=0)
        assert float(mesh.vertices.norm(dim=-1).max()) == pytest.approx(0.8)

    def test_join_keeps_the_parts_in_order(self):
        mesh = Mesh.join([ball(5), facing_square(color=BLUE)])
        assert len(mesh.faces) == 50 + 2
        torch.testing.assert_close(mesh.vertices[mesh.faces[-2]], facing_square().vertices[:3])
        torch.testing.assert_close(mesh.colors[-1], BLUE)


TRIANGLE = torch.tensor([[0, 1, 2]])


class TestRefusals:
    """Error texts name owner, expectation, argument and remedy."""

    @pytest.mark.parametrize(
        ("make", "error", "sentence"),
        [
            (
                lambda: Mesh.smooth(torch.eye(3), TRIANGLE + 1, RED),
                ValueError,
                "index 3 vertices, counted from 0, got indices from 1 to 3",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3), TRIANGLE - 1, RED),
                ValueError,
                "got indices from -1 to 1",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3), TRIANGLE[:0], RED),
                ShapeError,
                r"faces of shape \(F, 3\), got \(0, 3\); a mesh needs at least one triangle",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3), TRIANGLE.float(), RED),
                TypeError,
                "faces of an integer dtype",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3), [[0, 1, 2]], RED),
                TypeError,
                "faces to be a tensor, got list",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3) / 0, TRIANGLE, RED),
                ValueError,
                "expected finite vertices, got 9 numbers that are not",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3)[:, :2], TRIANGLE, RED),
                ShapeError,
                r"expected vertices of shape \(3, 3\), got \(3, 2\)",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3), TRIANGLE, 255 * RED),
                ValueError,
                r"colors in \[0, 1\], got values from 0 to 255; divide bytes by 255",
            ),
            (
                lambda: Mesh.smooth(torch.eye(3), TRIANGLE, torch.rand(2, 3)),
                ShapeError,
                r"colors of shape \(3,\) or \(1, 3\), got \(2, 3\)",
            ),
            (
                lambda: Mesh(torch.eye(3), TRIANGLE, torch.ones(1, 3), RED[None]),
                ShapeError,
                r"normals of shape \(1, 3, 3\), got \(1, 3\)",
            ),
            (lambda: Mesh.join([]), ValueError, "at least one mesh"),
            (
                lambda: ball(4).moved(2 * torch.eye(3)),
                ValueError,
                r"R orthogonal, got a matrix off by 3; stretch with .scaled\(s\)",
            ),
            (
                lambda: ball(4).scaled((1.0, -1.0, 1.0)),
                ValueError,
                r"s > 0, got \[1.0, -1.0, 1.0\]; mirror with",
            ),
            (lambda: ball(4).moved(t=(1.0, 2.0)), ShapeError, r"t of shape \(3,\), got \(2,\)"),
            (
                lambda: Mesh.smooth(torch.zeros(3, 3), TRIANGLE, RED).fitted(),
                ValueError,
                "some extent, got a single point",
            ),
            (
                lambda: Camera.orbiting(0.0, distance=0.0),
                ValueError,
                "Camera: expected a finite distance > 0, got 0.0",
            ),
            (lambda: Camera.orbiting(math.nan), ValueError, "finite position and axes"),
            (
                lambda: Camera.orbiting(torch.zeros(3), torch.zeros(2)),
                ShapeError,
                r"azimuth and elevation of shape \(\) or \(n,\)",
            ),
            (lambda: Camera.looking((0.0, 0.0, 2.0)), ValueError, "up across the line of sight"),
            (lambda: Light((0.0, 0.0, 0.0)), ValueError, "three finite numbers, not all 0"),
            (lambda: Light(ambient=-0.1), ValueError, "a finite ambient >= 0, got -0.1"),
            (
                lambda: composite(torch.zeros(3, 8, 8), RED),
                ShapeError,
                r"\(\*batch, 4, H, W\), got \(3, 8, 8\)",
            ),
        ],
    )
    def test_of_parts(self, make, error, sentence):
        with pytest.raises(error, match=sentence):
            make()

    @pytest.mark.parametrize(
        ("change", "error", "sentence"),
        [
            ({"meshes": [ball(4)]}, ShapeError, "as many meshes as rotations, got 1 and 2"),
            ({"meshes": [ball(4), "plane"]}, TypeError, "render: expected meshes, got str"),
            (
                {"rotations": torch.eye(3)},
                ShapeError,
                r"rotations of shape \(n, 3, 3\), got \(3, 3\)",
            ),
            (
                {"rotations": torch.zeros(2, 3, 3)},
                ValueError,
                "rotation matrices, got another matrix at index 0",
            ),
            (
                {"rotations": torch.stack([torch.eye(3), -torch.eye(3)])},
                ValueError,
                "another matrix at index 1; turn and scale the mesh itself",
            ),
            ({"rotations": torch.full((2, 3, 3), math.nan)}, ValueError, "rotation matrices"),
            (
                {"camera": Camera.orbiting(torch.zeros(3))},
                ShapeError,
                "one camera or 2 of them, got 3",
            ),
            (
                {"camera": Camera.orbiting(0.0, distance=0.5)},
                ValueError,
                "at least 0.01 in front of the camera, got a part at depth -0.5; move the camera",
            ),
            ({"size": 0}, ValueError, "size to be an integer of at least 1, got 0"),
            ({"antialias": 1.5}, ValueError, "antialias to be an integer of at least 1"),
            ({"chunk": 0}, ValueError, "chunk to be an integer of at least 1"),
        ],
    )
    def test_of_scenes(self, change, error, sentence):
        scene = {
            "meshes": ball(4),
            "rotations": UPRIGHT.expand(2, 3, 3),
            "camera": Camera.orbiting(0.0),
        }
        with pytest.raises(error, match=sentence):
            render(**{**scene, **change})

    @pytest.mark.parametrize(
        ("change", "error", "sentence"),
        [
            (
                {"positions": torch.zeros(4, 3)},
                ShapeError,
                r"positions of shape \(n, k, 3\), got \(4, 3\)",
            ),
            (
                {"positions": torch.full((2, 4, 3), math.inf)},
                ValueError,
                "finite positions, got 24",
            ),
            (
                {"colors": torch.zeros(5, 3)},
                ShapeError,
                r"colors of shape \(2, 4, 3\), \(4, 3\) or \(3,\), got \(5, 3\)",
            ),
            (
                {"colors": torch.tensor([2.0, 0, 0])},
                ValueError,
                r"colors in \[0, 1\], got values from 0 to 2",
            ),
            (
                {"radius": torch.ones(3)},
                ShapeError,
                r"radius a number or of shape \(2, 4\) or \(4,\), got \(3,\)",
            ),
            ({"radius": -0.1}, ValueError, "radius >= 0, got values from -0.1 to -0.1"),
            ({"radius": 3.5}, ValueError, "render_points: expected everything at a depth of at"),
            ({"size": -1}, ValueError, "size to be an integer of at least 1"),
        ],
    )
    def test_of_points(self, change, error, sentence):
        scene = {"positions": torch.zeros(2, 4, 3), "colors": RED, "radius": 0.1}
        with pytest.raises(error, match=sentence):
            render_points(**{**scene, "camera": Camera.orbiting(0.0), **change})
