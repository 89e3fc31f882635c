"""Rendering: triangles and spheres to pictures in plain torch, batched, without a display."""

from groupae.data.rendering.camera import Camera
from groupae.data.rendering.meshes import Mesh, corner_normals
from groupae.data.rendering.scenes import render
from groupae.data.rendering.shading import Light, composite
from groupae.data.rendering.spheres import render_points

__all__ = ["Camera", "Light", "Mesh", "composite", "corner_normals", "render", "render_points"]
