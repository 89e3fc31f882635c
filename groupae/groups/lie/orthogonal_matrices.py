r"""Groups of orthogonal matrices, and the nearest rotation to a matrix.

Conventions: an element acts on column vectors, shape ``(*batch, n, n)`` with n = 2 or 3. The
product is the matrix product, the inverse the transpose, computed in full precision also under
autocast.
"""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from groupae.groups.lie.quaternions import matrix_from_quat, quat_from_rotvec
from groupae.groups.lie.square_matrices import SquareMatrices
from groupae.groups.matrices import unit_like
from groupae.kernels.dispatch import full_precision

__all__ = ["OrthogonalMatrices", "determinant_sign", "nearest_rotation"]


def determinant_sign(x: Tensor) -> Tensor:
    """Return -1 where the determinant of ``(*batch, n, n)`` is negative, else 1; n = 2 or 3."""
    x = x.detach()  # a sign has no slope
    if x.shape[-1] == 2:
        (a, b), (c, d) = (row.unbind(-1) for row in x.unbind(-2))
        determinant = a * d - b * c
    else:
        first, second, third = x.unbind(-2)
        determinant = torch.linalg.vecdot(torch.linalg.cross(first, second), third)
    return 1 - 2 * (determinant < 0).to(x.dtype)


def nearest_rotation(x: Tensor) -> Tensor:
    r"""Return the rotation of space nearest to a matrix in the Frobenius norm.

    The value Q is that of a singular value decomposition, whose own derivative is infinite where
    singular values are equal, as at every rotation. So the decomposition is cut from the graph and
    followed by a Newton step, zero in value and exact to the second order: with
    :math:`A = Q^\top x` and S its symmetric part, turn Q by the vector

    .. math:: \omega = (\mathrm{tr}(S)\,1 - S)^{-1}\, \mathrm{vee}(A - A^\top).

    First and second derivatives are those of the projection wherever it is unique.

    Args:
        x: Matrices, shape ``(*batch, 3, 3)``.

    Returns:
        Rotations, shape ``(*batch, 3, 3)``. Where several are nearest (a matrix of rank 0 or 1, a
        reflection) it is one of them, and the derivative is finite but arbitrary.

    References:
        Kabsch, A solution for the best rotation to relate two sets of vectors, 1976; Higham,
        Computing the polar decomposition - with applications, 1986 (the derivative).
    """
    u: Tensor
    vh: Tensor
    dtype = x.dtype
    with full_precision(x):
        x = x.to(torch.promote_types(dtype, torch.float32))  # no decomposition in half precision
        largest = x.detach().abs().amax((-2, -1), keepdim=True)
        x = x / torch.where(largest > 0, largest, 1.0)
        u, _, vh = torch.linalg.svd(x.detach())
        sign = determinant_sign(u) * determinant_sign(vh)
        last = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
        rotation = (u * last[..., None, :]) @ vh
        relative = rotation.mT @ x
        step = matrix_from_quat(quat_from_rotvec(_newton_step(relative)))
        return (rotation @ step).to(dtype)


def _newton_step(relative: Tensor) -> Tensor:
    """Return the rotation vector that makes ``(*batch, 3, 3)`` symmetric, 0 if not unique."""
    (_, xy, xz), (yx, _, yz), (zx, zy, _) = (row.unbind(-1) for row in relative.unbind(-2))
    skew = torch.stack([zy - yz, xz - zx, yx - xy], -1)
    symmetric = (relative + relative.mT) / 2
    trace = symmetric.diagonal(dim1=-2, dim2=-1).sum(-1)
    a, b, c = (trace[..., None, None] * unit_like(relative) - symmetric).unbind(-2)
    # Cramer's rule: a solver would raise at a singular matrix and wait for the device
    cofactors = torch.stack(
        [torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)], -2
    )
    determinant = (cofactors[..., 0, :] * a).sum(-1, keepdim=True)
    regular = determinant > 64 * torch.finfo(relative.dtype).eps
    step = (cofactors * skew[..., None]).sum(-2) / torch.where(regular, determinant, 1.0)
    return torch.where(regular, step, 0.0 * step)


class OrthogonalMatrices(SquareMatrices):
    """Base class of SO(3), O(2) and O(3), with the transpose as inverse."""

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the transpose."""
        self.check_elements(g)
        return g.mT.clone()
