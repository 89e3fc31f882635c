"""
Camera and axes
===============

The axes of the world are right-handed: red x points forward, green y to the left, blue z up. The
left engine of the airplane is yellow, so that its sides can be told apart.
"""

import math

import torch
from matplotlib import pyplot as plt

from groupae import SO3
from groupae.experiments.datasets.rendering import Camera, Light, Mesh, composite, render
from groupae.experiments.datasets.shapes import make_shape
from groupae.experiments.datasets.shapes.primitives import ellipsoids, rods

# %%
# An object, and the axes: three rods that end in cones.
axes = torch.eye(3)
paint = axes[:, None, None]  # one colour per rod
triad = Mesh.join(
    [
        rods(torch.zeros(3, 3), 1.1 * axes, [0.02] * 3, paint),
        rods(1.1 * axes, 1.3 * axes, [0.06] * 3, paint, end_radius=[0.0] * 3),
    ]
)
engine = ellipsoids([0.1, 0.4, -0.05], [0.2, 0.09, 0.09], [0.95, 0.8, 0.1])
plane = make_shape("airplane", 3).painted((0.8, 0.8, 0.85))
scene = Mesh.join([plane, engine, triad])
light, white = Light((1.0, 1.0, 2.0), ambient=0.45), torch.ones(3, 1, 1)

# %%
# First row: the camera moves around the object, counter-clockwise as seen from above; azimuth 0 is
# in front, 90 degrees at the left side. Second row: the camera stays at azimuth 30 degrees and the
# object turns, ``x -> R x``, counter-clockwise for an observer at whom the axis points.
degrees = torch.tensor([0.0, 90.0, 180.0, 270.0])
cameras = Camera.orbiting(degrees.deg2rad(), math.radians(25), 4.0, reach=1.3)
circle = render(scene, torch.eye(3).expand(4, 3, 3), cameras, light=light, size=160, antialias=4)

turns = SO3().exp(math.radians(30) * torch.cat([torch.zeros(1, 3), axes]))
camera = Camera.orbiting(math.radians(30), math.radians(25), 4.0, reach=1.3)
turned = render(scene, turns, camera, light=light, size=160, antialias=4)

# %%
# Both rows on a white background.
titles = [f"azimuth {d:.0f}°" for d in degrees] + ["not turned", *(f"30° about {a}" for a in "xyz")]
figure, panels = plt.subplots(2, 4, figsize=(10, 5.4), layout="constrained")
for panel, picture, title in zip(
    panels.flat, composite(torch.cat([circle, turned]), white), titles, strict=True
):
    panel.imshow(picture.permute(1, 2, 0))
    panel.set_title(title)
    panel.set_axis_off()
