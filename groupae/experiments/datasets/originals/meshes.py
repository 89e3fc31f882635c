"""Reader of mesh files of all common formats, by trimesh where that is correct."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from groupae._validation import expected
from groupae.experiments.datasets.originals.polygons import parse_off, with_plain_faces
from groupae.experiments.datasets.rendering.mesh import Mesh

__all__ = ["ENDINGS", "read_mesh"]

ENDINGS = (".obj", ".off", ".stl", ".ply", ".glb", ".gltf")
"""File name endings of meshes."""

_GLTF = (".glb", ".gltf")
_GREY = 0.7  # of faces without a colour


def read_mesh(owner: object, path: Path) -> Mesh:
    r"""Return a mesh, centred and scaled into the unit ball, in the frame of its file.

    Faces have the colours of the file (of faces, vertices, materials or textures). Without any,
    they are grey, or white in glTF, where that is the default.

    Raises:
        ImportError: If trimesh is not installed.
        ValueError: If the file does not load, has no triangles, or loses some in loading.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "a.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
        ...     read_mesh("example", Path(folder, "a.obj"))
        Mesh(3 vertices, 1 faces)
    """
    parts = _load(owner, path)
    if not parts:
        raise ValueError(expected(owner, "a mesh of triangles", f"{path} with none"))
    try:
        return Mesh.join([_convert(*part) for part in parts]).fitted()
    except (ValueError, IndexError) as error:
        got = f"{path} ({' '.join(str(error).split())})"
        raise ValueError(expected(owner, "a mesh that can be drawn", got, "remove it")) from None


def _load(owner: object, path: Path) -> list[tuple[Any, Any]]:
    """Return the parts of a file that have faces, each with its matrix in the scene."""
    remedy = "pip install 'groupae[originals]'"
    if importlib.util.find_spec("trimesh") is None:
        raise ImportError(expected(owner, "trimesh, to read meshes", "none", remedy))
    try:
        scene, count = _read(path)
    except ImportError as error:
        raise ImportError(expected(owner, "the readers of trimesh", error, remedy)) from None
    except Exception as error:  # readers of some twenty formats raise errors of any class
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        got = f"{path}, which does not load ({reason})"
        raise ValueError(expected(owner, "a mesh", got, "copy it again, or remove it")) from error
    placed = (scene.graph[node] for node in scene.graph.nodes_geometry)
    parts = [(scene.geometry[name], matrix) for matrix, name in placed]
    parts = [part for part in parts if len(getattr(part[0], "faces", ())) > 0]
    loaded = sum(len(part.faces) for part, _ in parts)
    if parts and count not in (None, loaded):
        got = f"{loaded} of {count} triangles of {path}"
        raise ValueError(expected(owner, "all triangles", got, "save it as plain triangles"))
    return parts


def _read(path: Path) -> tuple[Any, int | None]:
    """Return the scene of a file, and its number of triangles where the file gives it."""
    import trimesh

    ending = path.suffix.lower()
    if ending == ".off":
        return trimesh.Scene(trimesh.Trimesh(**parse_off(path.read_text(errors="replace")))), None
    if ending == ".obj":
        text, count = with_plain_faces(path.read_bytes())
        resolver = trimesh.resolvers.FilePathResolver(str(path))
        return trimesh.load_scene(io.BytesIO(text), file_type="obj", resolver=resolver), count
    return trimesh.load_scene(path), _count_gltf(path) if ending in _GLTF else None


def _count_gltf(path: Path) -> int:
    """Return the number of triangles of a glTF scene; a mesh counts once per node."""
    data = path.read_bytes()
    if data[:4] == b"glTF":
        data = data[20 : 20 + int.from_bytes(data[12:16], "little")]
    tree = json.loads(data)

    def of_primitive(primitive: dict[str, Any]) -> int:
        accessor = primitive.get("indices", primitive["attributes"]["POSITION"])
        corners: int = tree["accessors"][accessor]["count"]
        shown = {4: corners // 3, 5: corners - 2, 6: corners - 2}
        return shown.get(primitive.get("mode", 4), 0)

    def of_node(index: int) -> int:
        node = tree["nodes"][index]
        own = tree["meshes"][node["mesh"]]["primitives"] if "mesh" in node else ()
        return sum(map(of_primitive, own)) + sum(map(of_node, node.get("children", ())))

    scenes = tree.get("scenes") or [{"nodes": range(len(tree["nodes"]))}]
    return sum(map(of_node, scenes[tree.get("scene", 0)]["nodes"]))


def _convert(part: Any, matrix: Any) -> Mesh:
    """Return a part of a scene as a mesh in world coordinates."""
    places = np.asarray(part.vertices, dtype=np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    faces = torch.from_numpy(np.array(part.faces, dtype=np.int64))
    outwards = faces if np.linalg.det(matrix[:3, :3]) >= 0 else faces.flip(1)
    return Mesh.smooth(torch.from_numpy(places), outwards, _colors(part, faces))


def _colors(part: Any, faces: torch.Tensor) -> torch.Tensor:
    """Return one colour, shape ``(3,)``, or one per face, shape ``(F, 3)``."""
    visual = part.visual
    if visual.kind in ("face", "vertex"):
        return _bytes_to_colors(visual.face_colors)
    is_gltf = part.source is not None and f".{part.source.file_type}" in _GLTF
    material = getattr(visual, "material", None)
    if material is None:
        return torch.full((3,), 1.0 if is_gltf else _GREY)
    has_texture = visual.uv is not None and _is_texture(getattr(material, "image", None))
    texture = _of_corners(visual.to_color().vertex_colors, faces) if has_texture else None
    if not hasattr(material, "baseColorFactor"):  # of an OBJ
        given = _bytes_to_colors(material.main_color) if "kd" in material.kwargs else None
        plain = torch.full((3,), _GREY) if given is None else given
        return plain if texture is None else texture
    # glTF multiplies factor, texture and the colours of the vertices, each white by default
    factor = material.baseColorFactor
    color = torch.ones(3) if factor is None else _bytes_to_colors(factor)
    of_vertices = visual.vertex_attributes.get("color")
    if of_vertices is not None:
        color = color * _of_corners(of_vertices, faces)
    return color if texture is None else color * texture


def _is_texture(image: Any) -> bool:
    """Return whether an image is from the file, not the placeholder of trimesh."""
    from trimesh.visual.material import empty_material

    none = empty_material().image
    return image is not None and (image.size, image.tobytes()) != (none.size, none.tobytes())


def _of_corners(rgba: Any, faces: torch.Tensor) -> torch.Tensor:
    """Return the mean colour of the corners of each face."""
    return _bytes_to_colors(rgba)[faces].mean(1)


def _bytes_to_colors(rgba: Any) -> torch.Tensor:
    """Return colours from bytes, or from floats in [0, 1]."""
    values = np.array(rgba)[..., :3]
    white = 255 if values.dtype.kind == "u" else 1
    return torch.from_numpy(values / np.float32(white)).float()
