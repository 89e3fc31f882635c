"""Residual blocks, memory format and checks of sizes that convolutional networks share."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import ShapeError, expected

__all__ = [
    "ChannelsLast",
    "Residual",
    "check_colours",
    "check_sizes",
    "check_x_shape",
    "lay_channels_innermost",
    "residuals",
]


class Residual(nn.Module):
    """Residual block ``x + conv(silu(conv(silu(norm(x)))))``; the identity at initialisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        last = nn.Conv2d(width, width, 3, padding=1)
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        first = nn.Conv2d(width, width, 3, padding=1)
        self.branch = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), first, nn.SiLU(), last)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of ``x`` and its branch."""
        out = x + self.branch(x)
        assert isinstance(out, Tensor)
        return out


def lay_channels_innermost(module: nn.Module) -> None:
    """Store the weights of convolutions in the memory format of `ChannelsLast`."""
    # torch's stubs lack this overload
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def residuals(width: int, blocks: int) -> list[nn.Module]:
    """Return the residual blocks of one resolution."""
    return [Residual(width) for _ in range(blocks)]


class ChannelsLast(nn.Module):
    """Memory format with channels innermost, in which a CPU convolves 1.5 times faster."""

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return ``x`` with its channels innermost in memory."""
        return x.contiguous(memory_format=torch.channels_last)


def check_sizes(owner: str, size: int, widths: Sequence[int], *, halvings: int) -> None:
    """Raise unless ``size`` can be halved that often and widths are multiples of 8.

    Each of the 8 groups of a GroupNorm has the same number of channels.
    """
    if not widths or any(width % 8 for width in widths):
        raise ValueError(expected(owner, "widths that are multiples of 8", tuple(widths)))
    if size % 2**halvings:
        form = f"a size divisible by {2**halvings}, halved at each width"
        raise ValueError(expected(owner, form, size, "use fewer widths, or resize the pictures"))


def check_colours(owner: str, dim: int, channels: int, colours: int) -> int:
    """Return the length of a code after its colours; raise unless something is left."""
    if colours < 0:
        raise ValueError(expected(owner, "colours as a count from 0", colours))
    rest = dim - channels * colours
    if rest < 1:
        form = f"a code of more than {channels} x {colours} numbers, its colours"
        raise ValueError(expected(owner, form, dim, "take fewer colours"))
    return rest


def check_x_shape(owner: str, x: Tensor, x_shape: tuple[int, ...], remedy: str) -> None:
    """Raise `ShapeError` unless ``x`` has the shape ``(n, *x_shape)``."""
    if tuple(x.shape[1:]) != x_shape:
        form = f"x of shape (n, {', '.join(map(str, x_shape))})"
        raise ShapeError(expected(owner, form, tuple(x.shape), f"give {owner} {remedy}"))
