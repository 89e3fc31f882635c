"""Fourier series of closed outlines, and outlines resampled by them.

Convention: an outline is a polygon that closes from its last corner to its first, a function of the
share ``t / 2 pi`` of its length; as a complex number it is ``x + i y``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_floating, expected

__all__ = ["outline_spectrum", "smooth_outline"]


def outline_spectrum(z: Tensor, frequencies: int) -> tuple[Tensor, Tensor]:
    """Return Fourier coefficients of closed polygons as functions of arc length.

    They are integrals of the polygon itself, not of samples: where the list of its corners begins
    changes phases only.

    Args:
        z: Corners as complex numbers, shape ``(n,)``; repeated ones count once.
        frequencies: Largest frequency ``K``.

    Returns:
        Coefficients of the frequencies ``-K..K`` (that of 0, the centroid of the line, set to
        zero), shape ``(2 K + 1,)``, and the length of the polygon.

    References:
        Kuhl and Giardina, Elliptic Fourier features of a closed contour, 1982.

    Example:
        >>> square = torch.tensor([1, 1j, -1, -1j], dtype=torch.complex128)
        >>> c, length = outline_spectrum(square, 3)
        >>> (c.abs() > 1e-12).tolist()
        [True, False, False, False, True, False, False]
    """
    steps = torch.roll(z, -1) - z
    sides = steps.abs()
    kept = sides > 0
    steps, sides = steps[kept], sides[kept]
    length = sides.sum()
    ends = torch.cumsum(sides, 0) / length
    starts = ends - sides / length
    k = torch.arange(-frequencies, frequencies + 1, dtype=sides.dtype)
    middle, half = (starts + ends) * math.pi, (ends - starts) * math.pi
    # integral over a side of dz/dt exp(-i k t), in a form without cancellation
    waves = torch.polar(torch.ones(1, dtype=sides.dtype), -k[:, None] * middle)
    rates = (steps * waves * torch.sinc(k[:, None] * half / math.pi)).sum(-1) / (2 * math.pi)
    safe = torch.where(k == 0, torch.ones_like(k), k)
    return torch.where(k == 0, torch.zeros_like(rates), rates / (1j * safe)), length


def smooth_outline(corners: Tensor, points: int) -> Tensor:
    """Return a closed outline sampled by arc length, without frequencies too high for the samples.

    They are samples of the truncated Fourier series of the polygon, whose centroid is 0. So another
    first corner shifts their phase exactly, as ``shift_phase`` does.

    Args:
        corners: Shape ``(N, 2)``, N at least 3.
        points: Number of samples, even, at least 4.

    Returns:
        Shape ``(2, points)``, in the unit of the corners.

    Raises:
        ShapeError: If the corners have another shape.
        TypeError: If they are not floating.
        ValueError: If the number of samples is odd or below 4, or the outline has no length.

    References:
        Kuhl and Giardina, Elliptic Fourier features of a closed contour, 1982.

    Example:
        >>> square = torch.tensor([[0.0, 0.0], [2, 0], [2, 2], [0, 2]])
        >>> smooth_outline(square, 8).norm(dim=0).round(decimals=2)
        tensor([1.2700, 1.0200, 1.2700, 1.0200, 1.2700, 1.0200, 1.2700, 1.0200])
    """
    owner = "smooth_outline"
    check_floating(owner, "corners", corners)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        what = "corners of shape (N, 2), N at least 3"
        raise ShapeError(expected(owner, what, tuple(corners.shape)))
    if points < 4 or points % 2:
        raise ValueError(expected(owner, "an even number of samples, at least 4", points))
    if bool((corners == corners[0]).all()):
        raise ValueError(expected(owner, "an outline of some length", "one point"))
    most = points // 2 - 1
    coefficients, _ = outline_spectrum(torch.view_as_complex(corners.contiguous()), most)
    bins = coefficients.new_zeros(points)
    bins[torch.arange(-most, most + 1)] = coefficients
    curve = torch.fft.ifft(bins, norm="forward")
    return torch.stack([curve.real, curve.imag])
