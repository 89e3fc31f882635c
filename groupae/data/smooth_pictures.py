"""Random pictures that can be turned: smooth, and black towards the border."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, expected

__all__ = ["smooth_pictures"]

_MODES = {1: "linear", 2: "bilinear", 3: "trilinear"}
_COARSER = 4  # pixels per random number along each axis


def smooth_pictures(
    n: int, channels: int, *size: int, generator: torch.Generator | None = None
) -> Tensor:
    """Return random pictures or volumes to audit a network with, where there are no data.

    They interpolate well and fade out towards the border. White noise has no values between its
    pixels, and corners leave a picture that is turned: both would count as errors of the network.

    Args:
        n: Number of pictures.
        channels: Channels of each.
        *size: ``H, W``, or ``D, H, W`` for volumes, or one length for series.
        generator: Random numbers; torch's global ones unless given.

    Returns:
        Shape ``(n, channels, *size)``, about normal in the middle.

    Raises:
        ValueError: If a number is not at least 1.
        ShapeError: If there are no sizes or more than three.

    Example:
        >>> smooth_pictures(2, 3, 28, 28).shape
        torch.Size([2, 3, 28, 28])
    """
    for name, count in (("n", n), ("channels", channels), *(("size", part) for part in size)):
        check_count("smooth_pictures", name, count)
    if len(size) not in _MODES:
        raise ShapeError(expected("smooth_pictures", "one to three sizes, as H, W", size))
    coarse = [max(2, part // _COARSER) for part in size]
    noise = torch.randn(n, channels, *coarse, generator=generator)
    smooth = torch.nn.functional.interpolate(
        noise, size=size, mode=_MODES[len(size)], align_corners=True
    )
    axes = [torch.linspace(-1, 1, part) if part > 1 else torch.zeros(1) for part in size]
    radius = torch.stack(torch.meshgrid(*axes, indexing="ij")).square().sum(0).sqrt()
    return smooth * torch.cos(radius.clamp(max=1) * torch.pi / 2)
