"""Elements in the axes of the camera: a rendered point moves by them."""

import math

import pytest
import torch

from groupae import SO2, SO3, Cyclic
from groupae.experiments.baselines.scene_rotations import camera_axes, scene_turns
from groupae.experiments.baselines.scene_transformer import camera_rays
from groupae.experiments.datasets import sky_planes, turntable
from groupae.experiments.datasets.rendering import Camera, Light, render_points
from groupae.groups.maps.homomorphisms import offending_pair

REACH, DISTANCE = 1.1, 3.0
POINTS = torch.tensor([[0.7, 0.0, 0.0], [0.0, 0.7, 0.1], [0.3, -0.5, 0.4], [-0.4, 0.2, -0.5]])


def drawn(points, camera):
    """Return positions of bright points from the middle, right and up, in [-1, 1]."""
    views = render_points(
        points[:, None], torch.ones(3), 0.05, camera, 64, light=Light.flat(), antialias=4
    )
    alpha = views[:, 3]
    place = (2 * torch.arange(64) + 1) / 64 - 1
    total = alpha.sum((1, 2))
    right = (alpha * place).sum((1, 2)) / total
    return torch.stack([right, (alpha * -place[:, None]).sum((1, 2)) / total], -1)


def seen(points):
    """Return the projections of points in the axes of the camera."""
    return points[:, :2] / (DISTANCE - points[:, 2:]) * (DISTANCE / REACH)


@pytest.mark.parametrize("start", [0, 7])
def test_the_turntable_turns_as_its_camera_goes_round(start):
    G, elevation = Cyclic(24), turntable._ELEVATION
    g = torch.tensor([1, 5, 13, 22])
    cameras = [Camera.orbiting(j * (math.pi / 12), elevation) for j in (start + g, float(start))]
    before = POINTS @ cameras[1].axes.T
    turns = scene_turns("test", G, math.degrees(elevation))
    R = turns(g).float()
    after = (R @ before[..., None]).squeeze(-1)
    torch.testing.assert_close(drawn(POINTS, cameras[0]), seen(after), atol=0.01, rtol=0)
    wrong = (R.mT @ before[..., None]).squeeze(-1)
    assert (seen(wrong) - seen(after)).abs().max() > 0.1


def test_the_airplane_turns_before_a_camera_that_stays():
    G, camera = SO3(), sky_planes.CAMERA
    g = G.sample(len(POINTS), generator=torch.Generator().manual_seed(0))
    turned = (g @ POINTS[..., None]).squeeze(-1)
    R = scene_turns("test", G, 20.0)(g)
    after = (R @ (POINTS @ camera.axes.T)[..., None]).squeeze(-1)
    torch.testing.assert_close(drawn(turned, camera), seen(after), atol=0.01, rtol=0)


@pytest.mark.parametrize("elevation", [0.0, 0.5, -1.2])
def test_axes_are_those_of_the_camera_of_our_data(elevation):
    torch.testing.assert_close(
        camera_axes(elevation).float(), Camera.orbiting(0.0, elevation).axes, atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("group", [SO3(), Cyclic(24), Cyclic(1)])
def test_turns_keep_products_and_come_back(group):
    turns = scene_turns("test", group, 30.0)
    assert offending_pair(turns) is None
    g = group.sample(5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert group.distance(turns.preimage(turns(g)), g).max() < 1e-6


def test_rays_go_through_what_their_pixels_show():
    rays = camera_rays(64).unflatten(0, (64, 64))
    camera = Camera.orbiting(0.0, 0.3)
    o, d = (DISTANCE * rays[13, 40, 0], rays[13, 40, 1])
    world = torch.stack([o + 2 * d, o + 4 * d]) @ camera.axes
    column, row, _ = camera.project(world, size=64).unbind(-1)
    torch.testing.assert_close(column, torch.full((2,), 40.5))
    torch.testing.assert_close(row, torch.full((2,), 13.5))


@pytest.mark.parametrize(
    ("group", "elevation_deg", "words"),
    [
        (SO2(), 0.0, "Model: expected SO\\(3\\) or a cyclic group, got SO\\(2\\); it has to turn"),
        (SO3(), 91.0, "Model: expected elevation_deg from -90 to 90, got 91"),
        (SO3(), math.nan, "elevation_deg from -90 to 90, got nan"),
    ],
)
def test_what_turns_no_scene_is_refused(group, elevation_deg, words):
    with pytest.raises(ValueError, match=words):
        scene_turns("Model", group, elevation_deg)
