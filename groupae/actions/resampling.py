r"""Interpolation of pictures and volumes between grid points, zero outside.

An interpolation is a sum over a few grid points near a position x, with weights that are a kernel
of the distance, multiplied over the axes:

* ``nearest``: the nearest point; no gradient to the position.
* ``bilinear``: :math:`\max(1 - |u|, 0)`. Its slope jumps at grid points, where the mean of the
  slopes on both sides is taken, so that the derivative by an element is right at the identity too.
* ``bicubic``: Keys' cubic convolution with a = -3/4, torch's choice, which has a continuous slope.

Positions within rounding of a grid point are moved to it, with the gradient of the position before,
so that maps of the grid to itself return the stored values. The same code serves two and three
axes.

References:
    Keys, Cubic convolution interpolation for digital image processing, 1981, eq. 4.
"""

from __future__ import annotations

import itertools
from typing import Literal

import torch
from torch import Tensor

__all__ = ["Mode", "resample"]

Mode = Literal["nearest", "bilinear", "bicubic"]


def _snap(x: Tensor, largest: int) -> Tensor:
    """Return the positions, those within rounding of a grid point moved to it."""
    offset = (x.round() - x).detach()
    near = offset.abs() <= 16 * torch.finfo(x.dtype).eps * largest
    return x + torch.where(near, offset, 0.0)


def _hat(u: Tensor) -> Tensor:
    # maximum, not clamp: at a tie it gives half the gradient
    return torch.maximum(1 - u.abs(), torch.zeros_like(u))


def _cubic(u: Tensor) -> Tensor:
    a, u = -0.75, u.abs()
    inner = ((a + 2) * u - (a + 3)) * u * u + 1
    outer = ((a * u - 5 * a) * u + 8 * a) * u - 4 * a
    return torch.where(u <= 1, inner, torch.where(u < 2, outer, 0.0))


def _taps(x: Tensor, size: int, mode: Mode) -> list[tuple[Tensor, Tensor]]:
    """Return one pair per tap: indices along an axis, and the weights of the values there."""
    if mode == "bicubic":
        base, around = x.detach().floor(), range(-1, 3)
    else:
        base, around = x.detach().round(), range(1) if mode == "nearest" else range(-1, 2)
    taps = []
    for step in around:
        place = base + step
        inside = (place >= 0) & (place <= size - 1)
        if mode == "nearest":
            weight = torch.ones_like(x)
        else:
            weight = _hat(x - place) if mode == "bilinear" else _cubic(x - place)
        taps.append((place.clamp(0, size - 1).long(), torch.where(inside, weight, 0.0)))
    return taps


def resample(z: Tensor, positions: Tensor, mode: Mode) -> Tensor:
    """Return the values of ``z`` at positions.

    Args:
        z: Pictures or volumes, shape ``(*batch, C, *size)``.
        positions: In units of the grid, the first point at 0, shape ``(*batch, *out, n)`` with
            one coordinate per axis of ``size``, in their order; batch axes broadcast with those
            of ``z``.
        mode: Interpolation.

    Returns:
        Shape ``(*batch, C, *out)``, dtype of ``z``.
    """
    n = positions.shape[-1]
    size, lead = z.shape[z.ndim - n :], z.ndim - n - 1
    out = positions.shape[lead:-1]
    batch = torch.broadcast_shapes(z.shape[:lead], positions.shape[:lead])
    channels = z.shape[lead]
    values = z.flatten(lead + 1).expand(*batch, channels, -1)
    positions = _snap(positions.flatten(lead, -2), max(size))
    axes = [_taps(positions[..., i], size[i], mode) for i in range(n)]
    total = torch.zeros((), dtype=torch.promote_types(z.dtype, torch.float32), device=z.device)
    for taps in itertools.product(*axes):
        place, weight = taps[0]
        for (index, factor), length in zip(taps[1:], size[1:], strict=True):
            place, weight = place * length + index, weight * factor
        place = place.unsqueeze(lead).expand(*batch, channels, -1)
        total = total + weight.unsqueeze(lead).to(total.dtype) * values.gather(-1, place)
    return total.to(z.dtype).reshape(*batch, channels, *out)
