"""Meshes in files of any common format, read by trimesh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from groupae._validation import expected
from groupae.data.rendering.meshes import Mesh

__all__ = ["ENDINGS", "read_mesh"]

ENDINGS = (".obj", ".off", ".stl", ".ply", ".glb", ".gltf")
"""How names of meshes end."""

_GREY = 0.7


def read_mesh(owner: object, path: Path) -> Mesh:
    r"""Return a mesh, centred and scaled into the unit ball, in the frame of its file.

    Faces have the colours of the file (of faces, vertices, materials or textures), grey if it has
    none.

    Raises:
        ImportError: If trimesh is not installed.
        ValueError: If the file does not load, or has no triangles.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
        ...     read_mesh("example", Path(folder, "a.obj"))
        Mesh(3 vertices, 1 faces)
    """
    parts = [part for part in _load(owner, path) if len(getattr(part, "faces", ())) > 0]
    if not parts:
        raise ValueError(expected(owner, "a mesh of triangles", f"{path} with none"))
    try:
        return Mesh.join([_convert(part) for part in parts]).fitted()
    except (ValueError, IndexError) as error:
        got = f"{path} ({' '.join(str(error).split())})"
        raise ValueError(expected(owner, "a mesh that can be drawn", got, "take it out")) from None


def _load(owner: object, path: Path) -> Any:
    """Return all geometry of a file, each part in its place."""
    remedy = "pip install 'groupae[originals]'"
    try:
        import trimesh
    except ImportError:
        raise ImportError(expected(owner, "trimesh, to read meshes", "none", remedy)) from None
    try:
        return trimesh.load_scene(path).dump()
    except ImportError as error:
        raise ImportError(expected(owner, "what trimesh reads with", error, remedy)) from None
    except Exception as error:  # readers of some twenty formats raise what they like
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        got = f"{path}, which does not load ({reason})"
        raise ValueError(expected(owner, "a mesh", got, "copy it again, or take it out")) from error


def _convert(part: Any) -> Mesh:
    vertices = torch.from_numpy(np.array(part.vertices, dtype=np.float64))
    faces = torch.from_numpy(np.array(part.faces, dtype=np.int64))
    return Mesh.smooth(vertices, faces, _colors(part))


def _colors(part: Any) -> torch.Tensor:
    """Return one colour, shape ``(3,)``, or those of the faces, shape ``(F, 3)``."""
    visual = part.visual
    if visual.kind is None:
        return torch.full((3,), _GREY)
    if visual.kind != "texture":
        return _bytes_to_colors(visual.face_colors)
    if visual.uv is None or getattr(visual.material, "image", None) is None:
        return _bytes_to_colors(visual.material.main_color)
    corners = _bytes_to_colors(visual.to_color().vertex_colors)
    return corners[torch.from_numpy(np.array(part.faces, dtype=np.int64))].mean(1)


def _bytes_to_colors(rgba: Any) -> torch.Tensor:
    return torch.from_numpy(np.array(rgba)[..., :3]).float() / 255
