"""Convolutional encoders and decoders of pictures; they know no group.

Residual blocks of 3x3 convolutions with GroupNorm and SiLU at every resolution, strided
convolutions down and pixel shuffle up between them, one linear layer to and from the code.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size
from groupae.models.blocks import (
    ChannelsLast,
    check_colours,
    check_sizes,
    check_x_shape,
    lay_channels_innermost,
    residuals,
)
from groupae.models.colour_pool import ColourPool
from groupae.models.palette import palette_of

__all__ = ["ConvDecoder", "ConvEncoder"]


@configurable
class ConvEncoder(nn.Module):
    """Residual convolutional encoder from pictures ``(n, C, size, size)`` to codes ``(n, dim)``.

    Args:
        dim: Length of the code.
        in_channels: Channels of a picture.
        size: Height and width of a picture, divisible by ``2 ** len(widths)``.
        widths: Channels at each resolution, the first one at half size.
        blocks: Residual blocks at each resolution.
        colours: Colours that the code begins with, of a `ColourPool`, ``in_channels`` numbers
            each; 0 for none.

    Raises:
        ValueError: If sizes and widths do not fit, or the code is too short for the colours.

    Example:
        >>> import torch
        >>> encoder = ConvEncoder(40, in_channels=3, size=64, widths=(16, 32, 32))
        >>> encoder(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 40])
    """

    def __init__(
        self,
        dim: int,
        *,
        in_channels: int = 1,
        size: int = 28,
        widths: Sequence[int] = (32, 64),
        blocks: int = 1,
        colours: int = 0,
    ) -> None:
        super().__init__()
        check_sizes("ConvEncoder", size, widths, halvings=len(widths))
        self.x_shape: tuple[int, int, int] = (in_channels, size, size)
        rest = check_colours("ConvEncoder", dim, in_channels, colours)
        layers: list[nn.Module] = [
            ChannelsLast(),
            nn.Conv2d(in_channels, widths[0], 4, stride=2, padding=1),
            *residuals(widths[0], blocks),
        ]
        self._first = len(layers)
        for inner, outer in itertools.pairwise(widths):
            layers += [nn.Conv2d(inner, outer, 2, stride=2), *residuals(outer, blocks)]
        small = size // 2 ** len(widths)
        layers += [nn.GroupNorm(8, widths[-1]), nn.SiLU(), nn.Flatten()]
        self.layers: nn.Sequential = nn.Sequential(*layers, nn.Linear(widths[-1] * small**2, rest))
        self.pool: ColourPool | None = ColourPool(widths[0], colours=colours) if colours else None
        lay_channels_innermost(self)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim)``."""
        check_x_shape("ConvEncoder", x, self.x_shape, "the size and channels of your pictures")
        if self.pool is None:
            code = self.layers(x)
            assert isinstance(code, Tensor)
            return code
        features = self.layers[: self._first](x)
        return torch.cat([self.pool(x, features), self.layers[self._first :](features)], 1)


@configurable
class ConvDecoder(nn.Module):
    """Residual convolutional decoder from codes ``(n, dim)`` to pictures; mirrors `ConvEncoder`.

    The output has no sigmoid, which could saturate: pictures are in [0, 1] up to error.

    Args:
        dim: Length of the code.
        out_channels: Channels of a picture.
        size: Height and width of a picture.
        widths: Channels at each resolution, the first one at half size.
        blocks: Residual blocks at each resolution.
        colours: Colours of a `Palette`, which are functions of the code; 0 for no palette.
        gathered: Whether the code begins with these colours, as that of a `ConvEncoder` does.

    Example:
        >>> import torch
        >>> decoder = ConvDecoder(40, size=28)
        >>> decoder(torch.zeros(2, 40)).shape
        torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        dim: int,
        *,
        out_channels: int = 1,
        size: int = 28,
        widths: Sequence[int] = (32, 64),
        blocks: int = 1,
        colours: int = 0,
        gathered: bool = False,
    ) -> None:
        super().__init__()
        check_sizes("ConvDecoder", size, widths, halvings=len(widths))
        self.dim = dim
        small = size // 2 ** len(widths)
        layers: list[nn.Module] = [
            nn.Linear(dim, widths[-1] * small**2),
            nn.Unflatten(1, (widths[-1], small, small)),
            ChannelsLast(),
        ]
        for inner, outer in itertools.pairwise(tuple(reversed(widths))):
            layers += [*residuals(inner, blocks), nn.Conv2d(inner, 4 * outer, 1)]
            layers.append(nn.PixelShuffle(2))
        layers += residuals(widths[0], blocks)
        mixed = {"channels": out_channels, "colours": colours}
        palette = palette_of("ConvDecoder", dim, **mixed, gathered=gathered)
        maps = palette.maps if palette else out_channels
        last = nn.Conv2d(widths[0], 4 * maps, 3, padding=1)
        layers += [nn.GroupNorm(8, widths[0]), nn.SiLU(), last, nn.PixelShuffle(2)]
        self.layers, self.palette = nn.Sequential(*layers), palette
        lay_channels_innermost(self)

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return pictures ``(n, C, size, size)``."""
        check_axis_size("ConvDecoder", z, -1, self.dim, "give it the length of the code", name="z")
        drawn = self.layers(z)
        assert isinstance(drawn, Tensor)
        return drawn if self.palette is None else self.palette(drawn, z)
