"""Batched rendering of meshes, with one mesh and one rotation per picture.

The rotation is active, ``x -> R x`` about the origin; camera and light stay in the world. Pictures
are drawn in chunks, so that memory stays bounded. Every picture depends only on its own mesh,
rotation and camera, down to the bit: not on other pictures, the number of threads, or the chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected
from groupae.experiments.datasets.rendering.camera import Camera, multiply
from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.rendering.rasterizer import (
    check_sizes,
    chunks,
    expand,
    nearest,
    triangle_spans,
)
from groupae.experiments.datasets.rendering.shading import Light, pixels_from_samples, shade

__all__ = ["render"]


def render(
    meshes: Mesh | Sequence[Mesh],
    rotations: Tensor,
    camera: Camera,
    *,
    light: Light | None = None,
    size: int = 64,
    antialias: int = 2,
    chunk: int | None = None,
) -> Tensor:
    """Return pictures of meshes: red, green, blue (not premultiplied) and coverage.

    Both sides of every triangle are drawn. Corners may lie outside the picture, but all must be
    in front of the camera. The work is many small operations, so that processes of one thread
    each (``torch.set_num_threads(1)``) use several cores better than one process of many threads.

    Args:
        meshes: One mesh per picture, or one for all; repeated objects cost nothing.
        rotations: Active rotation of each mesh about the origin, shape ``(n, 3, 3)``.
        camera: One for all, or one per picture.
        light: Fixed in the world; ``Light()`` if not given.
        size: Width and height in pixels.
        antialias: Samples per pixel in each direction.
        chunk: Pictures drawn at a time; by default as many as fit into some 50 MB.

    Returns:
        Float32 in [0, 1], shape ``(n, 4, size, size)``, row 0 at the top.

    Raises:
        TypeError: If ``meshes`` holds something else, or ``rotations`` is no floating tensor.
        ShapeError: If the numbers of meshes, rotations and cameras differ.
        ValueError: If a matrix is no rotation, a number is not at least 1, or a part of an object
            is not in front of the camera.

    Example:
        >>> quad = torch.tensor([[0.0, -1, -1], [0, 1, -1], [0, 1, 1], [0, -1, 1]])
        >>> faces, red = torch.tensor([[0, 1, 2], [0, 2, 3]]), torch.tensor([1.0, 0, 0])
        >>> scene = Mesh.smooth(quad, faces, red), torch.eye(3)[None], Camera.orbiting(0.0, reach=1)
        >>> render(*scene, light=Light.flat(), size=1)[0, :, 0, 0]
        tensor([1., 0., 0., 1.])
    """
    light = Light() if light is None else light
    check_sizes("render", size, antialias, chunk)
    rotations = _checked_rotations(rotations)
    n = len(rotations)
    meshes = [meshes] * n if isinstance(meshes, Mesh) else list(meshes)
    _check_meshes(meshes, n)
    cameras = camera.expand(n)
    pictures = torch.empty(n, 4, size, size, dtype=torch.float32)
    samples = (size * antialias) ** 2
    for start, stop in chunks([samples + 4 * len(mesh.faces) for mesh in meshes], chunk):
        scenes = _Scenes.of(
            meshes[start:stop], rotations[start:stop], cameras.part(start, stop), size * antialias
        )
        pictures[start:stop] = scenes.draw(light, size, antialias)
    return pictures


@dataclass(frozen=True)
class _Scenes:
    """Triangles of a chunk of pictures, with coordinates in samples.

    Args:
        n: Number of pictures.
        columns, rows, nearness: Of the corners, shape ``(3, triangles)``.
        picture: Index of the picture, shape ``(triangles,)``.
        normals: In the object's frame, shape ``(9, table)``; corner first, then xyz.
        colors: Shape ``(3, table)``.
        face: Column of each triangle in these tables, shape ``(triangles,)``.
        frames: Rows are the object's axes in the world, shape ``(n, 3, 3)``.
        perspective: Whether weights of corners are corrected for perspective.
    """

    n: int
    columns: Tensor
    rows: Tensor
    nearness: Tensor
    picture: Tensor
    normals: Tensor
    colors: Tensor
    face: Tensor
    frames: Tensor
    perspective: bool

    @classmethod
    def of(cls, meshes: list[Mesh], rotations: Tensor, cameras: Camera, size: int) -> _Scenes:
        kinds = list({id(mesh): mesh for mesh in meshes}.values())
        number = {id(mesh): i for i, mesh in enumerate(kinds)}
        kind = torch.tensor([number[id(mesh)] for mesh in meshes])
        vertex_count = torch.tensor([len(mesh.vertices) for mesh in kinds])
        face_count = torch.tensor([len(mesh.faces) for mesh in kinds])

        owner, step = expand(vertex_count[kind])
        source = (vertex_count.cumsum(0) - vertex_count)[kind][owner] + step
        xyz = torch.cat([mesh.vertices for mesh in kinds]).T.contiguous().index_select(1, source)
        column, row, nearness = _place(xyz, rotations, cameras, owner, size)

        picture, step = expand(face_count[kind])
        face = (face_count.cumsum(0) - face_count)[kind][picture] + step
        first_vertex = vertex_count[kind].cumsum(0) - vertex_count[kind]
        faces = torch.cat([mesh.faces for mesh in kinds]).T.contiguous().index_select(1, face)
        corner = faces + first_vertex[picture]
        return cls(
            len(meshes),
            column[corner],
            row[corner],
            nearness[corner],
            picture,
            torch.cat([mesh.normals for mesh in kinds]).flatten(1).T.contiguous(),
            torch.cat([mesh.colors for mesh in kinds]).T.contiguous(),
            face,
            rotations.mT,
            cameras.perspective,
        )

    def draw(self, light: Light, size: int, antialias: int) -> Tensor:
        samples = size * antialias
        spans, near, slope = triangle_spans(
            self.columns, self.rows, self.nearness, self.picture, samples
        )
        span, step, sample = spans.fragments()
        near = near.index_select(0, span) + step * slope.index_select(0, span)
        seen = nearest(near, span, sample, self.n * samples**2)
        sample = (seen >= 0).nonzero()[:, 0]
        triangle = spans.owner.index_select(0, seen.index_select(0, sample))
        colors = self._shade(triangle, sample, samples, light)
        return pixels_from_samples(colors, sample, self.n, size, antialias)

    def _shade(self, triangle: Tensor, sample: Tensor, size: int, light: Light) -> list[Tensor]:
        """Return red, green and blue of the triangles seen at the samples."""
        x, y, w = (
            [value.index_select(0, triangle) for value in values]
            for values in (self.columns, self.rows, self.nearness)
        )
        column, row = (sample % size).float() + 0.5, (sample // size % size).float() + 0.5
        weights, facing = _corner_weights(x, y, column, row)
        if self.perspective:
            weights = [share * near for share, near in zip(weights, w, strict=True)]
        face = self.face.index_select(0, triangle)
        corners = [values.index_select(0, face) for values in self.normals]
        normal = [
            (weights[0] * corners[k] + weights[1] * corners[3 + k] + weights[2] * corners[6 + k])
            * facing
            for k in range(3)
        ]
        picture = self.picture.index_select(0, triangle)
        colors = [values.index_select(0, face) for values in self.colors]
        return shade(light, self.frames, picture, normal, colors)


def _corner_weights(
    x: list[Tensor], y: list[Tensor], column: Tensor, row: Tensor
) -> tuple[list[Tensor], Tensor]:
    """Return the weights of corners at samples (areas), and 1 for front faces, -1 for back faces.

    Rows run downwards, so corners that run counter-clockwise to the eye have a negative area.
    """
    x, y = [v - column for v in x], [v - row for v in y]
    areas = [x[i - 2] * y[i - 1] - x[i - 1] * y[i - 2] for i in range(3)]
    whole = areas[0] + areas[1] + areas[2]
    facing = torch.where(whole > 0, torch.ones_like(whole), -1.0)
    return [(area * facing).clamp(min=0) + 1e-12 for area in areas], -facing


def _place(
    xyz: Tensor, rotations: Tensor, cameras: Camera, picture: Tensor, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Return column, row and nearness of vertices, each projected to its own picture."""
    turn = multiply(cameras.axes, rotations)
    shift = multiply(cameras.axes, cameras.position[..., None])[..., 0]
    right, up, back = (
        xyz[0] * turn[:, k, 0].index_select(0, picture)
        + xyz[1] * turn[:, k, 1].index_select(0, picture)
        + xyz[2] * turn[:, k, 2].index_select(0, picture)
        - shift[:, k].index_select(0, picture)
        for k in range(3)
    )
    cameras.check_in_front("render", -back)
    scale = cameras.pixels(-back, size)
    return size / 2 + right * scale, size / 2 - up * scale, cameras.nearness(-back)


def _checked_rotations(rotations: Tensor) -> Tensor:
    check_floating("render", "rotations", rotations)
    if rotations.ndim != 3 or rotations.shape[1:] != (3, 3):
        what = "rotations of shape (n, 3, 3)"
        raise ShapeError(expected("render", what, tuple(rotations.shape)))
    R = rotations.detach().float()
    errors = (multiply(R, R.mT) - torch.eye(3)).abs().amax((1, 2))
    wrong = ~(errors < 1e-3) | ~(torch.linalg.det(R) > 0)
    if bool(wrong.any()):
        first = int(wrong.nonzero()[0, 0])
        remedy = "turn and scale the mesh itself with .moved and .scaled"
        got = f"another matrix at index {first}"
        raise ValueError(expected("render", "rotation matrices", got, remedy))
    return R


def _check_meshes(meshes: Sequence[object], n: int) -> None:
    for mesh in meshes:
        if not isinstance(mesh, Mesh):
            raise TypeError(expected("render", "meshes", type(mesh).__name__))
    if len(meshes) != n:
        what = "as many meshes as rotations"
        raise ShapeError(expected("render", what, f"{len(meshes)} and {n}"))
