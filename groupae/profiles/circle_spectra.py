"""Fourier coefficients of data under turns about a centre or shifts round a circle.

Convention: an item ``x`` is moved by an angle ``a`` counter-clockwise, or to the right by ``a`` of
a whole turn ``2 pi``; its coefficients become ``x_k exp(-i k a)``. A mirror image (upside down, or
backwards) has the conjugate coefficients. Shape: ``(n, channels, frequencies)``.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from groupae.data.outlines import outline_spectrum

__all__ = ["outline_spectrum", "ring_basis", "series_spectrum"]


@dataclasses.dataclass(frozen=True)
class RingBasis:
    """Rings about the centre times angular frequencies, on a cloud of positions.

    Args:
        radii: Middle radius of each ring, in units of the largest.
        width: Standard deviation of a ring across, in the same unit.
        frequencies: Number of angular frequencies, from 0 on.
    """

    radii: tuple[float, ...]
    width: float
    frequencies: int

    def at(self, xy: Tensor) -> Tensor:
        """Return the conjugate basis functions at positions.

        Args:
            xy: Positions from the centre, to the right and up, shape ``(..., 2)``.

        Returns:
            Complex values, shape ``(..., rings, frequencies)``.
        """
        x, y = xy.unbind(-1)
        r = torch.hypot(x, y)
        rings = torch.exp(-0.5 * ((r[..., None] - r.new_tensor(self.radii)) / self.width) ** 2)
        k = torch.arange(self.frequencies, dtype=r.dtype)
        # (x - i y)^k instead of exp(-i k atan2): 1 at the centre only for k = 0, and smooth there
        core = (r / (r + self.width)).unsqueeze(-1) ** k
        turns = torch.polar(core, -torch.atan2(y, x)[..., None] * k)
        return rings.unsqueeze(-1) * turns.unsqueeze(-2)


def ring_basis(rings: int, frequencies: int) -> RingBasis:
    """Return evenly spaced rings up to radius 1.

    Example:
        >>> ring_basis(4, 3).at(torch.zeros(5, 2)).shape
        torch.Size([5, 4, 3])
    """
    radii = tuple((i + 0.5) / rings for i in range(rings))
    return RingBasis(radii, 0.6 / rings, frequencies)


def pixel_positions(height: int, width: int) -> Tensor:
    """Return the middles of pixels from the centre, ``(H, W, 2)``; the inscribed circle is 1."""
    half = min(height, width) / 2
    right = (torch.arange(width, dtype=torch.float64) - (width - 1) / 2) / half
    up = ((height - 1) / 2 - torch.arange(height, dtype=torch.float64)) / half
    return torch.stack(torch.meshgrid(up, right, indexing="ij")[::-1], dim=-1)


def series_spectrum(x: Tensor) -> Tensor:
    """Return Fourier coefficients of real series, of all frequencies.

    Args:
        x: Series, shape ``(n, channels, length)``.

    Example:
        >>> series_spectrum(torch.ones(1, 1, 4)).real.tolist()
        [[[1.0, 0.0, 0.0]]]
    """
    found: Tensor = torch.fft.rfft(x, dim=-1) / x.shape[-1]
    return found
