r"""Smooth invertible warps of pictures, as exponentials of velocity fields.

A velocity field v, constant in time, moves every point; after unit time,

.. math:: \phi = \exp(v) = \exp(v / 2^k)^{2^k},

a diffeomorphism (scaling and squaring). Its inverse is :math:`\exp(-v)`.

Conventions: fields have shape ``(n, 2, H, W)`` and are in pixels; channel 0 points right along a
row, channel 1 down along a column. A displacement u stands for :math:`\phi(p) = p + u(p)`, and a
warped picture has at p the value of the picture at :math:`\phi(p)`.

References:
    Arsigny, Commowick, Pennec & Ayache, A log-Euclidean framework for statistics on
    diffeomorphisms, MICCAI 2006.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._validation import ShapeError, expected

__all__ = ["exponential", "jacobian_determinants", "smooth_noise", "warp"]


def smooth_noise(
    n: int, channels: int, size: int, *, knots: int, generator: torch.Generator
) -> Tensor:
    """Return smooth random fields, standard normal at ``knots`` x ``knots`` places.

    Args:
        n: Number of fields.
        channels: Independent numbers at each pixel.
        size: Height and width in pixels.
        knots: Number of random values per side; bicubic between them.
        generator: Source of randomness.

    Returns:
        Shape ``(n, channels, size, size)``.

    Example:
        >>> generator = torch.Generator().manual_seed(0)
        >>> smooth_noise(3, 2, 32, knots=5, generator=generator).shape
        torch.Size([3, 2, 32, 32])
    """
    coarse = torch.randn(n, channels, knots, knots, generator=generator)
    field: Tensor = F.interpolate(coarse, (size, size), mode="bicubic", align_corners=True)
    return field


def exponential(velocity: Tensor, *, squarings: int = 6) -> Tensor:
    """Return the displacement after unit time along a velocity field.

    Args:
        velocity: Shape ``(n, 2, H, W)``, in pixels per unit time; the border continues outside.
        squarings: Number of halvings of the field, and of compositions of the flow with itself.

    Example:
        >>> wind = torch.tensor([3.0, -1.0]).view(1, 2, 1, 1).expand(1, 2, 8, 8)
        >>> torch.allclose(exponential(wind), wind, atol=1e-5)
        True
    """
    _check_field("exponential", velocity)
    displacement = velocity / 2.0**squarings
    for _ in range(squarings):
        displacement = displacement + warp(displacement, displacement)
    return displacement


def warp(
    displacement: Tensor, x: Tensor, *, mode: Literal["bilinear", "nearest"] = "bilinear"
) -> Tensor:
    """Return pictures sampled at ``p + displacement(p)``; the border continues outside.

    Args:
        displacement: Shape ``(n, 2, H, W)``, in pixels.
        x: Pictures, shape ``(n, C, H, W)``.
        mode: Interpolation; ``"nearest"`` for masks.

    Example:
        >>> x = torch.arange(4.0).view(1, 1, 1, 4)
        >>> one_to_the_right = torch.tensor([1.0, 0.0]).view(1, 2, 1, 1).expand(1, 2, 1, 4)
        >>> warp(one_to_the_right, x).flatten().round().tolist()
        [1.0, 2.0, 3.0, 3.0]
    """
    _check_field("warp", displacement)
    if x.ndim != 4 or (len(x), *x.shape[2:]) != (len(displacement), *displacement.shape[2:]):
        form = f"pictures (n, C, H, W) for a field of shape {tuple(displacement.shape)}"
        raise ShapeError(expected("warp", form, tuple(x.shape)))
    height, width = x.shape[-2:]
    columns = torch.arange(width, dtype=displacement.dtype, device=displacement.device)
    rows = torch.arange(height, dtype=displacement.dtype, device=displacement.device)
    across = (2 * (columns + displacement[:, 0]) + 1) / width - 1
    down = (2 * (rows[:, None] + displacement[:, 1]) + 1) / height - 1
    grid = torch.stack([across, down], -1)
    return F.grid_sample(x, grid, mode=mode, padding_mode="border", align_corners=False)


def jacobian_determinants(displacement: Tensor) -> Tensor:
    """Return the area factor of each pixel, shape ``(n, H, W)``; positive where nothing folds.

    Example:
        >>> jacobian_determinants(torch.zeros(1, 2, 4, 4)).unique()
        tensor([1.])
    """
    _check_field("jacobian_determinants", displacement)
    down, across = torch.gradient(displacement, dim=(-2, -1))
    return (1 + across[:, 0]) * (1 + down[:, 1]) - across[:, 1] * down[:, 0]


def _check_field(owner: str, field: Tensor) -> None:
    if field.ndim != 4 or field.shape[1] != 2:
        raise ShapeError(expected(owner, "a field of shape (n, 2, H, W)", tuple(field.shape)))
