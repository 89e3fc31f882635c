"""Colours of a picture as weighted means of its pixels, which need not be learned.

Normalisation over a whole picture removes most of the mean strength of a channel, so an encoder
tells the hue of things late. Weights of a softmax over the pixels choose where to look, and the
colours found there are exact from the first step on.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_count, expected

__all__ = ["ColourPool"]


@configurable
class ColourPool(nn.Module):
    r"""Colours of a picture: means over its pixels, weighted by attention.

    .. math:: c_k = \sum_p \operatorname{softmax}_p(w_k \cdot f_p) \, x_p

    with f the feature map of an encoder, and x the picture, shrunk to the size of the map. So each
    colour is in the convex hull of those of the pixels.

    Args:
        features: Channels of the feature map.
        colours: Number of colours.

    Example:
        >>> pool = ColourPool(16, colours=2)
        >>> pool(torch.rand(5, 3, 32, 32), torch.rand(5, 16, 8, 8)).shape
        torch.Size([5, 6])
    """

    def __init__(self, features: int, *, colours: int) -> None:
        super().__init__()
        for name, count in (("features", features), ("colours", colours)):
            check_count("ColourPool", name, count)
        self.weights: nn.Conv2d = nn.Conv2d(features, colours, 1)

    @override
    def forward(self, x: Tensor, features: Tensor) -> Tensor:
        """Return the colours, all of one channel of ``x`` after the other.

        Args:
            x: Pictures, shape ``(n, C, h * s, w * s)``.
            features: Feature maps, shape ``(n, features, h, w)``.

        Returns:
            Shape ``(n, C * colours)``.

        Raises:
            ShapeError: If the size of the maps does not divide that of the pictures.
        """
        height, width = features.shape[-2:]
        if x.shape[-2] % height or x.shape[-1] % width:
            form = f"pictures whose size is a multiple of {height} x {width}, that of the maps"
            raise ShapeError(expected("ColourPool", form, tuple(x.shape)))
        shrunk = F.avg_pool2d(x, (x.shape[-2] // height, x.shape[-1] // width))
        shares = self.weights(features).flatten(2).softmax(-1)
        return torch.bmm(shrunk.flatten(2), shares.mT).flatten(1)
