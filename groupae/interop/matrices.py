"""Check of orthogonal matrices before they are given to another library."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import SO3, Group

__all__ = ["check_matrices"]


def check_matrices(owner: object, group: Group, matrices: Tensor) -> None:
    """Raise unless all matrices are elements of O(n), or of SO(3) if that is the group.

    Args:
        owner: Who complains.
        group: The group.
        matrices: Shape ``(*batch, n, n)``, float64.

    Raises:
        ValueError: If a matrix is off by more than 1e-3 in ``R^T R``, reflects, or is not finite.
    """
    eye = torch.eye(matrices.shape[-1], dtype=matrices.dtype)
    off = (matrices.mT @ matrices - eye).abs()
    if isinstance(group, SO3):
        off = off + (torch.linalg.det(matrices)[..., None, None] < 0) * 2.0
    if not bool((off < 1e-3).all()):  # also where it is NaN
        remedy = f"project them with {group}.project"
        got = f"one off by {off.max():.3g}"
        raise ValueError(expected(owner, f"matrices that are elements of {group}", got, remedy))
