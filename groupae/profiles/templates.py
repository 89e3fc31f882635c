"""Random templates, drawn once and keyed by a seed: short waves at random places and scales."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["picture_templates", "series_templates"]

_LENGTHS = (7, 9, 11)  # of the kernels of Dempster et al., ROCKET, 2020


def series_templates(count: int, channels: int, length: int, generator: torch.Generator) -> Tensor:
    """Return random kernels of random dilation on a circle, of mean 0 and norm 1.

    Returns:
        Shape ``(count, channels, length)``.

    Example:
        >>> t = series_templates(3, 2, 50, torch.Generator().manual_seed(0))
        >>> t.shape, bool(t.sum(-1).abs().max() < 1e-12)
        (torch.Size([3, 2, 50]), True)
    """
    templates = torch.zeros(count, channels, length, dtype=torch.float64)
    for row in templates:
        size = min(_LENGTHS[int(torch.randint(3, (), generator=generator))], length)
        kernel = torch.randn(channels, size, generator=generator, dtype=torch.float64)
        kernel -= kernel.mean(-1, keepdim=True)
        widest = max(0.0, math.log2(max(1.0, (length - 1) / max(1, size - 1))))
        step = int(2 ** (widest * float(torch.rand((), generator=generator))))
        row.index_add_(1, torch.arange(size) * step % length, kernel)
    scaled: Tensor = templates / templates.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None]
    return scaled


def picture_templates(count: int, xy: Tensor, channels: int, generator: torch.Generator) -> Tensor:
    """Return random Gabor waves inside the unit disc, of mean 0 and norm 1.

    Args:
        count: Number of templates.
        xy: Positions of pixels, shape ``(..., 2)``; the disc has radius 1.
        channels: Channels of a picture; each wave has a random colour.
        generator: Source of the draws.

    Returns:
        Shape ``(count, channels, ...)``.

    Example:
        >>> xy = torch.rand(8, 8, 2, dtype=torch.float64)
        >>> picture_templates(3, xy, 1, torch.Generator().manual_seed(0)).shape
        torch.Size([3, 1, 8, 8])
    """
    draws = torch.rand(count, 4, generator=generator, dtype=torch.float64)
    shape = (count, *(1 for _ in xy.shape[:-1]))
    radius, scale, tilt, phase = (draws[:, i].view(shape) for i in range(4))
    scale = 0.12 + 0.25 * scale
    right, up = xy[..., 0] - 0.8 * radius.sqrt(), xy[..., 1]
    window = torch.exp(-0.5 * (right**2 + up**2) / scale**2)
    along = right * torch.cos(2 * math.pi * tilt) + up * torch.sin(2 * math.pi * tilt)
    wave = torch.cos(2 * along / scale + 2 * math.pi * phase)
    middle = (window * wave).flatten(1).sum(1) / window.flatten(1).sum(1).clamp(min=1e-12)
    wave = window * (wave - middle.view(shape))
    colour = torch.randn(count, channels, generator=generator, dtype=torch.float64)
    waves = wave[:, None] * colour.abs().clamp(min=0.1).view(count, channels, *shape[1:])
    scaled: Tensor = waves / waves.flatten(1).norm(dim=1).clamp(min=1e-12).view(
        count, 1, *shape[1:]
    )
    return scaled
