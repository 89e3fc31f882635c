"""Triangle meshes with one colour per face and one normal per corner.

Conventions: world axes are right-handed, **z up, x forward** (the nose of a plane, the front of a
car), **y left**; lengths are in units of the object's bounding radius. The corners of a face run
counter-clockwise seen from outside, normals are unit vectors that point outwards. A mesh is frozen
data: methods return new meshes, and one mesh can be used in many pictures at no cost.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from typing_extensions import override

from groupae._printable import counted
from groupae._validation import ShapeError, check_floating, expected
from groupae.experiments.datasets.rendering.camera import multiply

__all__ = ["Mesh", "corner_normals"]


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangle mesh; floats are stored as float32, indices as int64.

    Two meshes are equal only if they are the same object.

    Args:
        vertices: Positions, shape ``(V, 3)``.
        faces: Indices of three vertices each, shape ``(F, 3)``, counter-clockwise from outside.
        normals: Unit outward normals at the corners, shape ``(F, 3, 3)``: face, corner, xyz.
        colors: Red, green and blue of each face in [0, 1], shape ``(F, 3)``.

    Raises:
        TypeError: If an argument is no tensor or its dtype is of the wrong kind.
        ShapeError: If a shape does not fit, or there is no face.
        ValueError: If a number is not finite, an index has no vertex, or a colour leaves [0, 1].

    Example:
        >>> corners = torch.eye(3)
        >>> mesh = Mesh.smooth(corners, torch.tensor([[0, 1, 2]]), torch.tensor([1.0, 0.0, 0.0]))
        >>> mesh, bool(mesh.normals[0, 0].allclose(torch.full((3,), 3**-0.5)))
        (Mesh(3 vertices, 1 faces), True)
    """

    vertices: Tensor
    faces: Tensor
    normals: Tensor
    colors: Tensor

    def __post_init__(self) -> None:
        for name in ("vertices", "normals", "colors"):
            check_floating("Mesh", name, getattr(self, name))
            object.__setattr__(self, name, getattr(self, name).detach().float().contiguous())
        _check_faces(self.faces, len(self.vertices))
        object.__setattr__(self, "faces", self.faces.long().contiguous())
        count = len(self.faces)
        shapes = {"vertices": (len(self.vertices), 3), "normals": (count, 3, 3)}
        for name, shape in {**shapes, "colors": (count, 3)}.items():
            _check_values(name, getattr(self, name), shape)
        if not bool(((self.colors >= 0) & (self.colors <= 1)).all()):
            low, high = self.colors.aminmax()
            got = f"values from {low:.3g} to {high:.3g}"
            raise ValueError(expected("Mesh", "colors in [0, 1]", got, "divide bytes by 255"))

    @override
    def __repr__(self) -> str:
        return f"Mesh({len(self.vertices)} vertices, {len(self.faces)} faces)"

    @classmethod
    def smooth(
        cls, vertices: Tensor, faces: Tensor, colors: Tensor, *, crease: float = math.radians(40)
    ) -> Mesh:
        """Return the mesh with normals smoothed across edges that bend less than ``crease``.

        Args:
            vertices: As in the class.
            faces: As in the class.
            colors: One colour, shape ``(3,)``, or one per face, shape ``(F, 3)``.
            crease: Angle in radians between faces up to which they share a normal; 0 is flat.

        Raises:
            ValueError: As the class does.
        """
        _check_faces(faces, len(vertices))
        check_floating("Mesh", "vertices", vertices)
        check_floating("Mesh", "colors", colors)
        _check_values("vertices", vertices, (len(vertices), 3))
        if tuple(colors.shape) not in ((3,), (len(faces), 3)):
            what = f"colors of shape (3,) or {(len(faces), 3)}"
            raise ShapeError(expected("Mesh", what, tuple(colors.shape)))
        normals = corner_normals(vertices, faces, crease=crease)
        return cls(vertices, faces, normals, colors.expand(len(faces), 3))

    @classmethod
    def join(cls, meshes: Sequence[Mesh]) -> Mesh:
        """Return all meshes as one mesh.

        Raises:
            ValueError: If there is none.
        """
        if not meshes:
            raise ValueError(expected("Mesh.join", "at least one mesh", "none"))
        offsets = [0]
        for mesh in meshes[:-1]:
            offsets.append(offsets[-1] + len(mesh.vertices))
        return cls(
            torch.cat([mesh.vertices for mesh in meshes]),
            torch.cat([mesh.faces + start for mesh, start in zip(meshes, offsets, strict=True)]),
            torch.cat([mesh.normals for mesh in meshes]),
            torch.cat([mesh.colors for mesh in meshes]),
        )

    def moved(self, R: Tensor | None = None, t: Tensor | Sequence[float] | None = None) -> Mesh:
        """Return the mesh under ``x -> R x + t``.

        Args:
            R: Orthogonal matrix, shape ``(3, 3)``. Faces still point outwards under a reflection.
            t: Shift, three numbers.

        Raises:
            ShapeError: If ``R`` or ``t`` has another shape.
            ValueError: If ``R`` is not orthogonal to 1e-4.
        """
        vertices, faces, normals = self.vertices, self.faces, self.normals
        if R is not None:
            R = _checked_orthogonal(R)
            vertices, normals = multiply(vertices, R.T), multiply(normals, R.T)
            if torch.linalg.det(R) < 0:
                faces, normals = faces.flip(1), normals.flip(1)
        if t is not None:
            vertices = vertices + _three("moved", "t", t)
        return Mesh(vertices, faces, normals, self.colors)

    def scaled(self, s: float | Tensor | Sequence[float]) -> Mesh:
        """Return the mesh scaled about the origin by ``s``, one factor or one per axis.

        Raises:
            ValueError: If a factor is not positive.
        """
        factors = _three("scaled", "s", (s, s, s) if isinstance(s, (int, float)) else s)
        if not bool((factors > 0).all()):
            remedy = "mirror with .moved(R)"
            raise ValueError(expected("Mesh.scaled", "s > 0", factors.tolist(), remedy))
        normals = F.normalize(self.normals / factors, dim=-1)
        return Mesh(self.vertices * factors, self.faces, normals, self.colors)

    def painted(self, color: Tensor | Sequence[float]) -> Mesh:
        """Return the mesh with all faces in one colour: red, green, blue in [0, 1]."""
        paint = _three("painted", "color", color)
        return Mesh(self.vertices, self.faces, self.normals, paint.expand(len(self.faces), 3))

    def fitted(self, radius: float = 1.0) -> Mesh:
        """Return the mesh with its bounding box centred and its farthest vertex at ``radius``.

        Raises:
            ValueError: If all vertices coincide.
        """
        used = self.vertices[self.faces.flatten()]
        middle = (used.amin(0) + used.amax(0)) / 2
        reach = float((used - middle).norm(dim=-1).max())
        if reach <= 0:
            raise ValueError(expected("Mesh.fitted", "a mesh of some extent", "a single point"))
        return Mesh(
            (self.vertices - middle) * (radius / reach), self.faces, self.normals, self.colors
        )


def corner_normals(vertices: Tensor, faces: Tensor, *, crease: float = math.radians(40)) -> Tensor:
    """Return unit normals at the corners of all faces, smoothed where the surface bends little.

    The normal of a corner is the sum of the cross products (twice area times normal) of those faces
    at its vertex whose planes bend less than ``crease`` from its own. Faces meet where they share a
    vertex index.

    Args:
        vertices: Positions, shape ``(V, 3)``.
        faces: Indices of three vertices each, shape ``(F, 3)``.
        crease: Angle in radians; 0 gives every corner the normal of its face.

    Returns:
        Shape ``(F, 3, 3)``. A face without area takes the mean of its neighbours, or up (z).

    Example:
        >>> square = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
        >>> corner_normals(square, torch.tensor([[0, 1, 2], [0, 2, 3]]))[1, 2]
        tensor([0., 0., 1.])
    """
    a, b, c = vertices.double()[faces].unbind(1)
    area = torch.linalg.cross(b - a, c - a)
    unit = F.normalize(area, dim=-1)
    owner = torch.arange(3 * len(faces), device=faces.device) // 3
    vertex, order = torch.sort(faces.flatten(), stable=True)
    fan = torch.bincount(vertex, minlength=len(vertices))
    first = (torch.cumsum(fan, 0) - fan)[vertex]
    size = fan[vertex]
    corner = torch.repeat_interleave(order, size)
    step = torch.arange(len(corner), device=faces.device)
    step = step - torch.repeat_interleave(torch.cumsum(size, 0) - size, size)
    other = owner[order[torch.repeat_interleave(first, size) + step]]
    mine = owner[corner]
    bend = (unit[mine] * unit[other]).sum(-1)
    is_flat = area[mine].norm(dim=-1) == 0
    counts = (bend >= math.cos(crease) - 1e-9) | (mine == other) | is_flat
    sums = area.new_zeros(3 * len(faces), 3).index_add_(0, corner, area[other] * counts[:, None])
    lost = sums.norm(dim=-1) == 0
    sums[lost] = sums.new_tensor([0.0, 0.0, 1.0])
    return F.normalize(sums, dim=-1).view(-1, 3, 3).to(vertices.dtype)


def _check_faces(faces: object, vertex_count: int) -> None:
    if not isinstance(faces, Tensor):
        raise TypeError(expected("Mesh", "faces to be a tensor", type(faces).__name__))
    if faces.is_floating_point() or faces.is_complex() or faces.dtype == torch.bool:
        raise TypeError(expected("Mesh", "faces of an integer dtype", faces.dtype))
    if faces.ndim != 2 or faces.shape[-1] != 3 or len(faces) == 0:
        remedy = "a mesh needs at least one triangle; split larger polygons"
        raise ShapeError(expected("Mesh", "faces of shape (F, 3)", tuple(faces.shape), remedy))
    low, high = (int(x) for x in faces.aminmax())
    if low < 0 or high >= vertex_count:
        what = f"faces to index {counted(vertex_count, 'vertex', 'vertices')}, counted from 0"
        raise ValueError(expected("Mesh", what, f"indices from {low} to {high}"))


def _check_values(name: str, values: Tensor, shape: tuple[int, ...]) -> None:
    if tuple(values.shape) != shape:
        raise ShapeError(expected("Mesh", f"{name} of shape {shape}", tuple(values.shape)))
    if not bool(values.isfinite().all()):
        bad = int((~values.isfinite()).sum())
        raise ValueError(expected("Mesh", f"finite {name}", f"{bad} numbers that are not"))


def _checked_orthogonal(R: Tensor) -> Tensor:
    check_floating("Mesh.moved", "R", R)
    if tuple(R.shape) != (3, 3):
        raise ShapeError(expected("Mesh.moved", "R of shape (3, 3)", tuple(R.shape)))
    R = R.float()
    error = float((R @ R.T - torch.eye(3, device=R.device)).abs().max())
    if not error <= 1e-4:
        got = f"a matrix off by {error:.2g}"
        raise ValueError(expected("Mesh.moved", "R orthogonal", got, "stretch with .scaled(s)"))
    return R


def _three(method: str, name: str, values: Tensor | Sequence[float]) -> Tensor:
    numbers = torch.as_tensor(values, dtype=torch.float32)
    if tuple(numbers.shape) != (3,):
        got = tuple(numbers.shape)
        raise ShapeError(expected(f"Mesh.{method}", f"{name} of shape (3,)", got))
    return numbers
