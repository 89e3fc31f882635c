"""Conversions between matrices, quaternions ``wxyz``, rotation vectors and Euler angles YXY.

Batch axes lead. No formula divides by a small number, and all but those of Euler angles, which have
poles, have finite gradients at the identity and at pi.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae.groups.lie.power_series import half_angle
from groupae.kernels.turning import wrap_angle

__all__ = [
    "euler_yxy_from_quat",
    "matrix_from_euler_yxy",
    "matrix_from_quat",
    "quat_from_matrix",
    "quat_from_rotvec",
    "rotvec_from_quat",
]


def quat_from_matrix(rotation: Tensor) -> Tensor:
    """Return the unit quaternion ``wxyz``, w >= 0.

    ``4 q q^T`` is linear in R; its row with the largest diagonal entry is divided by no small
    number, so value and gradient are finite everywhere (Bar-Itzhack 2000 uses the same matrix).
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = (row.unbind(-1) for row in rotation.unbind(-2))
    w_x, w_y, w_z = zy - yz, xz - zx, yx - xy
    x_y, x_z, y_z = yx + xy, xz + zx, zy + yz
    outer = torch.stack(
        [
            torch.stack([1 + xx + yy + zz, w_x, w_y, w_z], -1),
            torch.stack([w_x, 1 + xx - yy - zz, x_y, x_z], -1),
            torch.stack([w_y, x_y, 1 - xx + yy - zz, y_z], -1),
            torch.stack([w_z, x_z, y_z, 1 - xx - yy + zz], -1),
        ],
        -2,
    )
    best = outer.diagonal(dim1=-2, dim2=-1).argmax(-1)
    row = outer.take_along_dim(best[..., None, None], -2).squeeze(-2)
    quat = row / row.norm(dim=-1, keepdim=True)
    return torch.where(quat[..., :1] < 0, -quat, quat)


def matrix_from_quat(quat: Tensor) -> Tensor:
    """Return the rotation matrix of a quaternion of any length."""
    w, x, y, z = (quat / quat.norm(dim=-1, keepdim=True)).unbind(-1)
    entries = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.unflatten(torch.stack(entries, -1), -1, (3, 3))


def quat_from_rotvec(v: Tensor) -> Tensor:
    """Return the unit quaternion of a rotation vector."""
    cosine, ratio = half_angle((v * v).sum(-1, keepdim=True))
    return torch.cat([cosine, ratio * v], -1)


def rotvec_from_quat(quat: Tensor) -> Tensor:
    """Return the rotation vector of a unit quaternion with w >= 0, by a series near zero."""
    w, xyz = quat[..., :1], quat[..., 1:]
    squared = (xyz * xyz).sum(-1, keepdim=True)
    small = squared < 1e-6
    sine = torch.where(small, 1.0, squared).sqrt()
    ratio = squared / (w * w).clamp(min=0.5)
    series = (2 - ratio * (2 / 3) + ratio * ratio * (2 / 5)) / w.clamp(min=0.5)
    return torch.where(small, series, 2 * torch.atan2(sine, w) / sine) * xyz


def euler_yxy_from_quat(quat: Tensor) -> Tensor:
    """Return angles with ``R = R_y(a) R_x(b) R_y(c)``; at the poles c = 0.

    a and c are in [-pi, pi], b in [0, pi], as in scipy and e3nn.
    """
    w, x, y, z = quat.unbind(-1)
    total = torch.atan2(y, w)  # (a + c) / 2
    difference = torch.atan2(-z, x)  # (a - c) / 2
    beta = 2 * torch.atan2((x * x + z * z).sqrt(), (w * w + y * y).sqrt())
    tiny = 8 * torch.finfo(quat.dtype).eps
    at_zero, at_pi = beta < tiny, beta > math.pi - tiny
    alpha = torch.where(at_zero, 2 * total, torch.where(at_pi, 2 * difference, total + difference))
    gamma = torch.where(at_zero | at_pi, torch.zeros_like(total), total - difference)
    return torch.stack([wrap_angle(alpha), beta, wrap_angle(gamma)], -1)


def matrix_from_euler_yxy(angles: Tensor) -> Tensor:
    """Return ``R_y(a) R_x(b) R_y(c)``, e3nn's convention, of angles ``(*batch, 3)``."""
    zero = torch.zeros_like(angles[..., 0])
    a, b, c = (
        matrix_from_quat(quat_from_rotvec(torch.stack(vector, -1)))
        for vector in (
            (zero, angles[..., 0], zero),
            (angles[..., 1], zero, zero),
            (zero, angles[..., 2], zero),
        )
    )
    return a @ b @ c
