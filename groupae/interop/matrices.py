"""Check of orthogonal and rigid matrices before they are given to another library."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import SE3, SO3, Group

__all__ = ["check_matrices"]


def check_matrices(owner: object, group: Group, matrices: Tensor) -> None:
    """Raise unless all matrices are elements of O(n), or of SO(3) or SE(3) if that is the group.

    Args:
        owner: Who complains.
        group: The group.
        matrices: Shape ``(*batch, n, n)``, float64.

    Raises:
        ValueError: If a matrix is off by more than 1e-3 in ``R^T R``, reflects, is not finite, or,
            for SE(3), has another last row than (0, 0, 0, 1).
    """
    if isinstance(group, SE3):
        turns, shifts, rows = matrices[..., :3, :3], matrices[..., :3, 3], matrices[..., 3, :]
        last = torch.eye(4, dtype=matrices.dtype)[3]
        off = torch.cat([_off(turns, proper=True), (rows - last).abs(), 0 * shifts], -1)
    else:
        off = _off(matrices, proper=isinstance(group, SO3))
    if not bool((off < 1e-3).all()):  # also where it is NaN
        remedy = f"project them with {group}.project"
        got = f"one off by {off.max():.3g}"
        raise ValueError(expected(owner, f"matrices that are elements of {group}", got, remedy))


def _off(matrices: Tensor, *, proper: bool) -> Tensor:
    """Return by how much ``R^T R`` differs from 1, plus 2 where R reflects and may not."""
    eye = torch.eye(matrices.shape[-1], dtype=matrices.dtype)
    off = (matrices.mT @ matrices - eye).abs().flatten(-2)
    if proper:
        off = off + (torch.linalg.det(matrices)[..., None] < 0) * 2.0
    return off
