"""Brain model of the paper, whose code has 64 channels at 1/32 of the resolution.

Encoder: 3x3 convolutions of stride 2 with LeakyReLU (32, 64, 64 channels), batch normalisation, two
more (64, 64), then two 3x3 convolutions of stride 1. Decoder: two of these, then transposed
convolutions of stride 2 with ELU (64, 64, batch normalisation, 64, 32, 1) and a sigmoid.

The group acts on the channels at every place alike: ``AffineAction(varying, invariant, axis=-3)``.
Not published, and chosen here: pictures of 96x96 (a code of 3x3), LeakyReLU of slope 0.01 between
the last two convolutions of the encoder and none after them, so that codes have both signs.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_axis_size, expected
from groupae.models.blocks import ChannelsLast, lay_channels_innermost

__all__ = ["PaperBrainDecoder", "PaperBrainEncoder"]

_WIDTH = 64
_FACTOR = 32  # of the sides of pictures and codes


def _downs(*widths: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inner, outer in itertools.pairwise(widths):
        layers += [nn.Conv2d(inner, outer, 3, stride=2, padding=1), nn.LeakyReLU()]
    return layers


def _ups(*widths: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for inner, outer in itertools.pairwise(widths):
        up = nn.ConvTranspose2d(inner, outer, 3, stride=2, padding=1, output_padding=1)
        layers += [up, nn.ELU()]
    return layers


@configurable
class PaperBrainEncoder(nn.Module):
    """Encoder of the paper from pictures to maps ``(n, dim, H / 32, W / 32)``.

    With the decoder 407,105 parameters at the published sizes.

    Args:
        dim: Channels of the code; the paper's is 64.
        in_channels: Channels of a picture.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, appendix.

    Example:
        >>> import torch
        >>> PaperBrainEncoder()(torch.zeros(2, 1, 96, 96)).shape
        torch.Size([2, 64, 3, 3])
    """

    def __init__(self, dim: int = _WIDTH, *, in_channels: int = 1) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.layers: nn.Sequential = nn.Sequential(
            ChannelsLast(),
            *_downs(in_channels, 32, _WIDTH, _WIDTH),
            nn.BatchNorm2d(_WIDTH),
            *_downs(_WIDTH, _WIDTH, _WIDTH),
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(_WIDTH, dim, 3, padding=1),
        )
        lay_channels_innermost(self)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim, H / 32, W / 32)``.

        Raises:
            ShapeError: If a side of the pictures is not a multiple of 32, or the channels differ.
        """
        shape = tuple(x.shape)
        if len(shape) != 4 or shape[1] != self.in_channels or any(n % _FACTOR for n in shape[2:]):
            form = f"x of shape (n, {self.in_channels}, H, W), sides multiples of {_FACTOR}"
            raise ShapeError(expected("PaperBrainEncoder", form, shape, "resize the pictures"))
        code: Tensor = self.layers(x)
        return code


@configurable
class PaperBrainDecoder(nn.Module):
    """Decoder of the paper from maps ``(n, dim, h, w)`` to pictures ``(n, C, 32 h, 32 w)``.

    The last ELU before the sigmoid is left out: with it no pixel could be darker than 0.27.

    Args:
        dim: Channels of the code.
        out_channels: Channels of a picture.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, appendix.

    Example:
        >>> import torch
        >>> PaperBrainDecoder()(torch.zeros(2, 64, 3, 3)).shape
        torch.Size([2, 1, 96, 96])
    """

    def __init__(self, dim: int = _WIDTH, *, out_channels: int = 1) -> None:
        super().__init__()
        self.dim = dim
        self.layers: nn.Sequential = nn.Sequential(
            ChannelsLast(),
            nn.Conv2d(dim, _WIDTH, 3, padding=1),
            nn.LeakyReLU(),
            nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1),
            nn.LeakyReLU(),
            *_ups(_WIDTH, _WIDTH, _WIDTH),
            nn.BatchNorm2d(_WIDTH),
            *_ups(_WIDTH, _WIDTH, 32, out_channels)[:-1],
            nn.Sigmoid(),
        )
        lay_channels_innermost(self)

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return pictures ``(n, C, 32 h, 32 w)``."""
        remedy = "give it the channels of the code"
        check_axis_size("PaperBrainDecoder", z, -3, self.dim, remedy, name="z")
        picture: Tensor = self.layers(z)
        return picture
