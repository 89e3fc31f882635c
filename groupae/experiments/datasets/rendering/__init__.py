"""Batched renderer of triangles and spheres in plain torch, without a display."""

from groupae.experiments.datasets.rendering.camera import Camera
from groupae.experiments.datasets.rendering.mesh import Mesh, corner_normals
from groupae.experiments.datasets.rendering.mesh_renderer import render
from groupae.experiments.datasets.rendering.point_renderer import render_points
from groupae.experiments.datasets.rendering.recording import record, record_layout
from groupae.experiments.datasets.rendering.shading import Light, composite

__all__ = [
    "Camera",
    "Light",
    "Mesh",
    "composite",
    "corner_normals",
    "record",
    "record_layout",
    "render",
    "render_points",
]
