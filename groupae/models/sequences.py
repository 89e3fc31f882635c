"""Convolutional encoders and decoders of series; they know no group.

Residual blocks of convolutions in time with GroupNorm and SiLU; each resolution is half the
previous one; one linear layer to and from the code.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size
from groupae.models.blocks import check_sizes, check_x_shape

__all__ = ["SequenceDecoder", "SequenceEncoder"]

_KERNEL = 5  # samples: wide enough to see a slope, and odd, so that padding keeps the length


class _Residual(nn.Module):
    """Residual block ``x + conv(silu(conv(norm(x))))``; the identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = _convolution(width, width)
        nn.init.zeros_(last.weight)
        first = _convolution(width, width)
        self.branch = nn.Sequential(nn.GroupNorm(8, width), first, nn.SiLU(), last)

    @override
    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.branch(x)
        return out


def _convolution(inner: int, outer: int, *, stride: int = 1) -> nn.Conv1d:
    return nn.Conv1d(inner, outer, _KERNEL, stride=stride, padding=_KERNEL // 2)


@configurable
class SequenceEncoder(nn.Module):
    """Residual convolutional encoder from series ``(n, channels, length)`` to codes ``(n, dim)``.

    Args:
        dim: Length of the code.
        channels: Channels of a series.
        length: Samples of a series, divisible by ``2 ** len(widths)``.
        widths: Channels at each resolution, the first one at half the length; multiples of 8.

    Raises:
        ValueError: If the length or the widths do not fit.

    Example:
        >>> import torch
        >>> SequenceEncoder(40, channels=2, length=128)(torch.zeros(3, 2, 128)).shape
        torch.Size([3, 40])
    """

    def __init__(
        self, dim: int, *, channels: int, length: int, widths: Sequence[int] = (32, 64, 64)
    ) -> None:
        super().__init__()
        check_sizes("SequenceEncoder", length, widths, halvings=len(widths))
        self.x_shape: tuple[int, int] = (channels, length)
        layers: list[nn.Module] = []
        for inner, outer in itertools.pairwise((channels, *widths)):
            layers += [_convolution(inner, outer, stride=2), _Residual(outer)]
        layers += [nn.GroupNorm(8, widths[-1]), nn.SiLU(), nn.Flatten()]
        short = length // 2 ** len(widths)
        self.layers: nn.Sequential = nn.Sequential(*layers, nn.Linear(widths[-1] * short, dim))

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim)``."""
        remedy = "the channels and the length of your series"
        check_x_shape("SequenceEncoder", x, self.x_shape, remedy)
        code: Tensor = self.layers(x)
        return code


@configurable
class SequenceDecoder(nn.Module):
    """Residual convolutional decoder from codes ``(n, dim)``; mirrors `SequenceEncoder`.

    Args:
        dim: Length of the code.
        channels: Channels of a series.
        length: Samples of a series, divisible by ``2 ** len(widths)``.
        widths: Channels at each resolution, the first one at half the length; multiples of 8.

    Raises:
        ValueError: If the length or the widths do not fit.

    Example:
        >>> import torch
        >>> SequenceDecoder(40, channels=2, length=128)(torch.zeros(3, 40)).shape
        torch.Size([3, 2, 128])
    """

    def __init__(
        self, dim: int, *, channels: int, length: int, widths: Sequence[int] = (32, 64, 64)
    ) -> None:
        super().__init__()
        check_sizes("SequenceDecoder", length, widths, halvings=len(widths))
        self.dim = dim
        short, last = length // 2 ** len(widths), widths[-1]
        layers: list[nn.Module] = [nn.Linear(dim, last * short), nn.Unflatten(1, (last, short))]
        for inner, outer in itertools.pairwise((*reversed(widths), widths[0])):
            layers += [_Residual(inner), nn.Upsample(scale_factor=2, mode="linear")]
            layers += [_convolution(inner, outer)]
        layers += [_Residual(widths[0]), nn.GroupNorm(8, widths[0]), nn.SiLU()]
        self.layers: nn.Sequential = nn.Sequential(*layers, _convolution(widths[0], channels))

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return series ``(n, channels, length)``."""
        check_axis_size(
            "SequenceDecoder", z, -1, self.dim, "give it the length of the code", name="z"
        )
        series: Tensor = self.layers(z)
        return series
