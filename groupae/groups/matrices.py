"""Operations on batches of matrices that several groups need."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["largest_entry", "nearer_isometry", "unit_like"]


def unit_like(x: Tensor) -> Tensor:
    """Return the unit matrix with the size, dtype and device of ``(*batch, n, n)``."""
    return torch.eye(x.shape[-1], dtype=x.dtype, device=x.device)


def largest_entry(x: Tensor) -> Tensor:
    """Return the largest absolute entry of each matrix, shape ``(*batch,)``."""
    return x.abs().flatten(-2).amax(-1)


def nearer_isometry(x: Tensor) -> Tensor:
    """Return matrices after one Newton step of the polar decomposition.

    The error of nearly orthonormal columns is squared.
    """
    return 1.5 * x - 0.5 * x @ (x.mT @ x)
