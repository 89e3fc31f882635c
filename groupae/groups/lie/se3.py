"""Rigid motions of space; conventions as in `RigidMotions`."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method
from groupae.groups.charts import PROJECT, Chart, check_finite, is_nonzero
from groupae.groups.lie.quaternions import matrix_from_quat, quat_from_matrix
from groupae.groups.lie.rigid_motions import RigidMotions, is_rigid
from groupae.groups.lie.so3 import SO3
from groupae.groups.lie.translation import homogeneous_matrix

__all__ = ["SE3"]


@dataclasses.dataclass(frozen=True)
class SE3(RigidMotions):
    """Rotations and shifts of space, as homogeneous 4x4 matrices.

    Example:
        >>> G = SE3()
        >>> g = torch.tensor([1.0, 2.0, 3.0, 1.0, 0.0, 0.0, 0.0])
        >>> G.convert(g, from_="xyz_quat_wxyz", to="matrix")[:3].tolist()
        [[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 2.0], [0.0, 0.0, 1.0, 3.0]]
    """

    n = 3
    rotations = SO3()
    atlas = (
        Chart("matrix", (4, 4), "floating", "[[R, b], [0, 1]], R a rotation", is_rigid, PROJECT),
        Chart(
            "xyz_quat_wxyz",
            (7,),
            "floating",
            "a shift, and a quaternion other than 0",
            lambda x, near: is_nonzero(x[..., 3:], near),
        ),
    )

    @override
    def _matrix(self, rotation: Tensor) -> Tensor:
        return rotation

    @override
    def _rotation(self, matrix: Tensor) -> Tensor:
        return matrix.clone()

    @override
    def _cross(self, w: Tensor, u: Tensor) -> Tensor:
        product: Tensor = torch.linalg.cross(w, u, dim=-1)
        return product

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the motion with the nearest rotation; differentiable where it is unique."""
        self.check_elements(x)
        check_finite(Method(self, "project"), x)
        return homogeneous_matrix(self.rotations.project(x[..., :-1, :-1]), x[..., :-1, -1])

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            return x
        return self.pack(x[..., :3], matrix_from_quat(x[..., 3:]))

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "matrix":
            return g
        shift, rotation = self.unpack(g)
        return torch.cat([shift, quat_from_matrix(rotation)], -1)
