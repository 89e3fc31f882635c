"""Rendering: triangles and spheres to pictures in plain torch, batched, without a display."""

from groupae.data.rendering.meshes import Mesh, corner_normals

__all__ = ["Mesh", "corner_normals"]
