"""Intertwiners of two families of matrices, by linear algebra.

Representations of compact groups have a cheaper way, by Schur's lemma
(`groupae.representations`); this one works for any group, and for Lie algebras.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["intertwiner_space"]

_RANK_TOLERANCE = 1e-8  # relative to the largest singular value


def intertwiner_space(source: Tensor, target: Tensor) -> Tensor:
    """Return an orthonormal basis of the maps W with ``W source[i] = target[i] W`` for all i.

    Args:
        source: Float64 matrices, shape ``(k, d, d)``.
        target: As many of another size, shape ``(k, e, e)``.

    Returns:
        Shape ``(c, e, d)``, orthonormal in the Frobenius product; c may be 0.
    """
    d, e = source.shape[-1], target.shape[-1]
    eye_d, eye_e = (torch.eye(n, dtype=torch.float64) for n in (d, e))
    equations = torch.einsum("xi,gjy->gxyij", eye_e, source)
    equations = equations - torch.einsum("gxi,yj->gxyij", target, eye_d)
    scale = 1 + source.abs().amax((1, 2)) + target.abs().amax((1, 2))  # equal weights
    triangle: Tensor
    _, triangle = torch.linalg.qr((equations.flatten(1) / scale[:, None]).view(-1, e * d), mode="r")
    vh: Tensor
    _, values, vh = torch.linalg.svd(triangle)
    rank = int((values > _RANK_TOLERANCE * values[0].clamp(min=1)).sum())
    return vh[rank:].reshape(-1, e, d)
