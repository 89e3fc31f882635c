r"""Exactly equivariant encoders and decoders of pictures: in polar coordinates a turn is a shift.

A picture is resampled to circles about its centre, and a network of convolutions round the circle
(`groupae.models.circular`) does the rest. So for turns by multiples of ``2 pi / angles`` all is
exact but the resampling, and between them nearly.

Conventions: angle 0 is to the right, angles grow counter-clockwise, row 0 is at the top. The
radii are in the middles of rings of equal width. Pictures are black outside, as
`groupae.data.rotate` takes them; beyond the last circle a decoder continues it outwards.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size, check_count, expected
from groupae.groups.constants import kept
from groupae.models.blocks import check_x_shape
from groupae.models.circular import CircularDecoder, CircularEncoder
from groupae.representations import Representation

__all__ = ["PolarDecoder", "PolarEncoder", "PolarGrid"]

_LOBES = 3  # of the Lanczos kernel, in pixels
_FINER = 4  # samples per pixel along a circle, before frequencies above the grid's are cut off


class PolarGrid:
    r"""Circles about the centre of square pictures, and linear maps to and from them.

    Args:
        size: Height and width of the pictures.
        radii: Number of circles.
        angles: Samples per circle.
        reach: Outer radius in halves of the size: 1 reaches the edges of the picture, the root of 2
            its corners.

    Raises:
        ValueError: If a count is below 1, or the reach not in (0, 2].

    Example:
        >>> grid = PolarGrid(28, radii=14, angles=32)
        >>> x = torch.ones(2, 1, 28, 28)
        >>> grid.to_polar(x).shape, grid.from_polar(grid.to_polar(x)).shape
        (torch.Size([2, 1, 14, 32]), torch.Size([2, 1, 28, 28]))
    """

    def __init__(self, size: int, *, radii: int, angles: int, reach: float = 1.0) -> None:
        for name, value in (("size", size), ("radii", radii), ("angles", angles)):
            check_count("PolarGrid", name, value)
        is_number = isinstance(reach, (int, float)) and not isinstance(reach, bool)
        if not is_number or not 0 < reach <= 2:
            form = "reach in (0, 2], in halves of the size"
            raise ValueError(expected("PolarGrid", form, repr(reach)))
        self.size, self.radii, self.angles, self.reach = size, radii, angles, float(reach)

    def to_polar(self, x: Tensor) -> Tensor:
        """Return pictures ``(n, C, size, size)`` on the circles, ``(n, C, radii, angles)``.

        Frequencies along a circle of half the number of its samples and above are cut off.
        """
        weight = kept(_to_polar, x, self.size, self.radii, self.angles, self.reach)
        sampled = F.linear(x.flatten(2), weight)
        return sampled.reshape(*sampled.shape[:2], self.radii, self.angles)

    def from_polar(self, y: Tensor) -> Tensor:
        """Return pictures ``(n, C, size, size)`` of values on the circles.

        They are interpolated by trigonometric functions along circles and cubic ones across.
        """
        weight = kept(_from_polar, y, self.size, self.radii, self.angles, self.reach)
        drawn = F.linear(y.flatten(2), weight)
        return drawn.reshape(*drawn.shape[:2], self.size, self.size)


def _to_polar(size: int, radii: int, angles: int, reach: float) -> Tensor:
    """Return the matrix from pixels to circles, shape ``(radii * angles, size ** 2)``."""
    outer = reach * size / 2
    fine = angles * max(1, math.ceil(_FINER * 2 * math.pi * outer / angles))
    radius = (torch.arange(radii, dtype=torch.float64) + 0.5) * (outer / radii)
    angle = torch.arange(fine, dtype=torch.float64) * (2 * math.pi / fine)
    low = _periodic_kernel(angle[:: fine // angles], fine, angles)
    pixels = []
    for r in radius:  # one circle at a time: all at once would take gigabytes for large pictures
        across, down = (size - 1) / 2 + r * angle.cos(), (size - 1) / 2 - r * angle.sin()
        rows, columns = _lanczos(down, size), _lanczos(across, size)
        pixels.append(low @ (rows[:, :, None] * columns[:, None, :]).flatten(1))
    return torch.cat(pixels)


def _lanczos(place: Tensor, size: int) -> Tensor:
    """Return weights of pixels at places along an axis, shape ``(*places, size)``."""
    away = place[:, None] - torch.arange(size, dtype=torch.float64)
    weights = torch.sinc(away) * torch.sinc(away / _LOBES) * (away.abs() < _LOBES)
    whole = place[:, None].floor() + torch.arange(1 - _LOBES, _LOBES + 1, dtype=torch.float64)
    every = torch.sinc(place[:, None] - whole) * torch.sinc((place[:, None] - whole) / _LOBES)
    return weights / every.sum(1, keepdim=True)  # black outside, but no change of mean inside


def _periodic_kernel(place: Tensor, samples: int, band: int) -> Tensor:
    """Return weights of samples of a circle at angles, for frequencies below ``band / 2``."""
    angle = torch.arange(samples, dtype=torch.float64) * (2 * math.pi / samples)
    away = place[:, None] - angle
    k = torch.arange(1, (band + 1) // 2, dtype=torch.float64)
    return (1 + 2 * (away[..., None] * k).cos().sum(-1)) / samples


def _from_polar(size: int, radii: int, angles: int, reach: float) -> Tensor:
    """Return the matrix from circles to pixels, shape ``(size ** 2, radii * angles)``."""
    axis = torch.arange(size, dtype=torch.float64) - (size - 1) / 2
    right, up = axis.repeat(size), -axis.repeat_interleave(size)
    ring = torch.hypot(right, up) * (2 * radii / (reach * size)) - 0.5
    across = _cubic(ring.clamp(max=radii - 1), radii)
    angle = torch.atan2(up, right)
    round_, opposite = (_periodic_kernel(a, angles, angles) for a in (angle, angle + math.pi))
    is_centre = (right == 0) & (up == 0)  # a pixel of odd sizes, which has no angle
    round_[is_centre] = opposite[is_centre] = 1 / angles
    near, far = across[:, 2:-2], F.pad(across[:, :2].flip(1), (0, max(0, radii - 2)))[:, :radii]
    near = torch.cat([near[:, :-1], near[:, -1:] + across[:, -2:].sum(1, keepdim=True)], 1)
    weights = near[:, :, None] * round_[:, None] + far[:, :, None] * opposite[:, None]
    return weights.flatten(1)


def _cubic(place: Tensor, count: int) -> Tensor:
    """Return weights of Keys' cubic at places, for the integers -2..count + 1."""
    away = (place[:, None] - torch.arange(-2, count + 2, dtype=torch.float64)).abs()
    inner = (1.5 * away - 2.5) * away**2 + 1
    outer = ((2.5 - 0.5 * away) * away - 4) * away + 2
    return torch.where(away <= 1, inner, torch.where(away < 2, outer, 0.0))


@configurable
class PolarEncoder(nn.Module):
    """Exactly equivariant encoder from pictures ``(n, C, size, size)`` to codes ``(n, dim)``.

    Args:
        representation: Action on the code of the group that turns, and mirrors, the pictures.
        in_channels: Channels of a picture.
        size: Height and width of a picture.
        radii: Number of circles; by default one per pixel of the radius.
        angles: Samples per circle: more than two per period of the highest frequency.
        reach: Outer radius in halves of the size: 1 reaches the edges of the picture, the root of 2
            its corners.
        width: Channels of the network, a multiple of 8.
        blocks: Residual blocks.

    Raises:
        TypeError: If the representation is no sum of irreps.
        ValueError: If its group is none of SO(2), O(2), C(m) and D(m), or a size does not fit.

    Example:
        >>> from groupae import SO2
        >>> from groupae.data import rotate
        >>> rho = SO2().rep("4x0 + 2x1")
        >>> encoder = PolarEncoder(rho, size=28)
        >>> x, quarter = torch.rand(3, 1, 28, 28), torch.full((3,), math.pi / 2)
        >>> torch.allclose(encoder(rotate(quarter, x)), rho.act(quarter, encoder(x)), atol=1e-4)
        True
    """

    def __init__(
        self,
        representation: Representation,
        *,
        in_channels: int = 1,
        size: int = 28,
        radii: int | None = None,
        angles: int = 32,
        reach: float = 1.0,
        width: int = 96,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        check_count("PolarEncoder", "in_channels", in_channels)
        self.x_shape: tuple[int, int, int] = (in_channels, size, size)
        self.grid: PolarGrid = _grid(size, radii, angles, reach)
        channels = in_channels * self.grid.radii
        self.circular: CircularEncoder = CircularEncoder(
            representation, channels=channels, length=angles, width=width, blocks=blocks
        )

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim)``."""
        check_x_shape("PolarEncoder", x, self.x_shape, "the size and channels of your pictures")
        code: Tensor = self.circular(self.grid.to_polar(x).flatten(1, 2))
        return code


@configurable
class PolarDecoder(nn.Module):
    """Exactly equivariant decoder from codes ``(n, dim)`` to pictures; mirrors `PolarEncoder`.

    The output has no sigmoid: pictures are in [0, 1] up to error.

    Args:
        representation: Action on the code of the group that turns, and mirrors, the pictures.
        out_channels: Channels of a picture.
        size: Height and width of a picture.
        radii: Number of circles; by default one per pixel of the radius.
        angles: Samples per circle: more than two per period of the highest frequency.
        reach: Outer radius in halves of the size.
        width: Channels of the network, a multiple of 8.
        blocks: Residual blocks.

    Raises:
        TypeError: If the representation is no sum of irreps.
        ValueError: If its group is none of SO(2), O(2), C(m) and D(m), or a size does not fit.

    Example:
        >>> from groupae import SO2
        >>> from groupae.data import rotate
        >>> rho = SO2().rep("4x0 + 2x1")
        >>> decoder = PolarDecoder(rho, size=28)
        >>> z, quarter = torch.randn(3, 8), torch.full((3,), math.pi / 2)
        >>> torch.allclose(decoder(rho.act(quarter, z)), rotate(quarter, decoder(z)), atol=1e-4)
        True
    """

    def __init__(
        self,
        representation: Representation,
        *,
        out_channels: int = 1,
        size: int = 28,
        radii: int | None = None,
        angles: int = 32,
        reach: float = 1.0,
        width: int = 96,
        blocks: int = 2,
    ) -> None:
        super().__init__()
        check_count("PolarDecoder", "out_channels", out_channels)
        self.grid: PolarGrid = _grid(size, radii, angles, reach)
        channels = out_channels * self.grid.radii
        self.circular: CircularDecoder = CircularDecoder(
            representation, channels=channels, length=angles, width=width, blocks=blocks
        )

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return pictures ``(n, C, size, size)``."""
        dim = self.circular.shifts.rho.dim
        check_axis_size("PolarDecoder", z, -1, dim, "give it the length of the code", name="z")
        drawn = self.circular(z).unflatten(1, (-1, self.grid.radii))
        return self.grid.from_polar(drawn)


def _grid(size: int, radii: int | None, angles: int, reach: float) -> PolarGrid:
    """Return a grid, by default with one circle per pixel of the radius."""
    grid = PolarGrid(size, radii=1 if radii is None else radii, angles=angles, reach=reach)
    if radii is None:
        grid.radii = math.ceil(grid.reach * size / 2)
    return grid
