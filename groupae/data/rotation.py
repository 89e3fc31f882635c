"""Rotation of pictures.

Convention: angles in radians, counter-clockwise as one looks at the picture, row 0 at the top,
about the centre of the picture.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._validation import ShapeError, expected

__all__ = ["rotate"]


def rotate(
    theta: Tensor, x: Tensor, *, mode: Literal["bilinear", "bicubic", "nearest"] = "bilinear"
) -> Tensor:
    """Return pictures turned counter-clockwise about their centre; black comes in from outside.

    Args:
        theta: Angles, shape ``(n,)``.
        x: Pictures, shape ``(n, C, H, W)``.
        mode: Interpolation; the paper's is bilinear.

    Returns:
        Shape of ``x``.

    Example:
        >>> x = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])  # lit at the upper left
        >>> rotate(torch.tensor([torch.pi / 2]), x).round().int().squeeze().tolist()
        [[0, 0], [1, 0]]
    """
    if x.ndim != 4 or theta.shape != x.shape[:1]:
        got = f"{tuple(theta.shape)} and {tuple(x.shape)}"
        raise ShapeError(expected("rotate", "angles (n,) and pictures (n, C, H, W)", got))
    height, width = x.shape[-2:]
    c, s = theta.to(x.dtype).cos(), theta.to(x.dtype).sin()
    zero = torch.zeros_like(c)
    # A pixel of the result looks up where it came from: turned clockwise, with y downwards.
    rows = [c, -s * height / width, zero, s * width / height, c, zero]
    grid = F.affine_grid(
        torch.stack(rows, -1).unflatten(-1, (2, 3)), list(x.shape), align_corners=False
    )
    return F.grid_sample(x, grid, mode=mode, padding_mode="zeros", align_corners=False)
