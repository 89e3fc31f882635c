"""Pictures side by side in one picture."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected

__all__ = ["GAP", "mosaic"]

GAP = 2
"""White pixels between pictures, unless said otherwise."""


def mosaic(rows: Tensor, gaps: tuple[int, int] = (GAP, GAP)) -> Tensor:
    """Return one picture ``(H, W)`` or ``(H, W, C)`` of many, white between them.

    Args:
        rows: Pictures, shape ``(r, c, C, h, w)``, values in [0, 1]; C is 1, 3 or 4.
        gaps: White pixels between rows and between columns.

    Example:
        >>> mosaic(torch.zeros(2, 5, 3, 8, 8)).shape
        torch.Size([18, 48, 3])
    """
    if rows.ndim != 5 or rows.shape[2] not in (1, 3, 4):
        got = tuple(rows.shape)
        raise ShapeError(expected("mosaic", "pictures (r, c, C, h, w), C = 1, 3 or 4", got))
    below, beside = gaps
    padded = torch.nn.functional.pad(rows.cpu().float(), (0, beside, 0, below), value=1.0)
    r, c, channels, h, w = padded.shape
    whole = padded.permute(0, 3, 1, 4, 2).reshape(r * h, c * w, channels)
    return whole[: r * h - below, : c * w - beside].clamp(0, 1).squeeze(-1)
