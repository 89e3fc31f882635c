"""Rigid motions of the plane; conventions as in `RigidMotions`."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method
from groupae.groups.charts import PROJECT, Chart, check_finite
from groupae.groups.lie.rigid_motions import RigidMotions, is_rigid
from groupae.groups.lie.so2 import SO2
from groupae.groups.lie.translation import homogeneous_matrix
from groupae.kernels.turning import turn_matrix

__all__ = ["SE2"]


@dataclasses.dataclass(frozen=True)
class SE2(RigidMotions):
    """Rotations and shifts of the plane, as homogeneous 3x3 matrices.

    Example:
        >>> G = SE2()
        >>> g = G.convert(torch.tensor([1.0, 2.0, torch.pi / 2]), from_="xy_angle", to="matrix")
        >>> (g @ torch.tensor([1.0, 0.0, 1.0])).round().tolist()
        [1.0, 3.0, 1.0]
    """

    n = 2
    rotations = SO2()
    atlas = (
        Chart("matrix", (3, 3), "floating", "[[R, b], [0, 1]], R a rotation", is_rigid, PROJECT),
        Chart("xy_angle", (3,), "floating", "a shift, and an angle in radians"),
    )

    @override
    def _matrix(self, rotation: Tensor) -> Tensor:
        return turn_matrix(rotation.cos(), rotation.sin())

    @override
    def _rotation(self, matrix: Tensor) -> Tensor:
        return torch.atan2(matrix[..., 1, 0], matrix[..., 0, 0])

    @override
    def _cross(self, w: Tensor, u: Tensor) -> Tensor:
        x, y = u.unbind(-1)
        return w * torch.stack([-y, x], -1)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the motion with the nearest rotation in the Frobenius norm."""
        self.check_elements(x)
        check_finite(Method(self, "project"), x)
        (a, b), (c, d) = (row.unbind(-1) for row in x[..., :-1, :-1].unbind(-2))
        angle = torch.atan2(c - b, a + d)
        return homogeneous_matrix(turn_matrix(angle.cos(), angle.sin()), x[..., :-1, -1])

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return self.pack(x[..., :2], x[..., 2]) if chart == "xy_angle" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            return g
        shift, angle = self.unpack(g)
        return torch.cat([shift, angle[..., None]], -1)
