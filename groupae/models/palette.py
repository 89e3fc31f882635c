"""Colours as functions of the code, mixed at each pixel.

Normalisation over a whole picture removes most of the mean strength of a channel, so a
convolutional decoder learns the places of things long before their hue. A palette takes the hue
from the code directly.
"""

from __future__ import annotations

from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size, check_count

__all__ = ["Palette"]


@configurable
class Palette(nn.Module):
    r"""Last layer of a decoder: a drawn picture plus a mixture of a few colours of the code.

    .. math:: x = u + \sum_k \operatorname{softmax}(w)_k \, c_k(z)

    with u the first ``channels`` maps of a decoder, w the other ones, and the colours c a small
    network's on the code z.

    Args:
        dim: Length of the code.
        channels: Channels of a picture.
        colours: Number of colours of a picture.
        hidden: Width of the network's hidden layer.

    Example:
        >>> import torch
        >>> palette = Palette(40, channels=3, colours=8)
        >>> palette(torch.zeros(2, palette.maps, 32, 32), torch.zeros(2, 40)).shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(self, dim: int, *, channels: int, colours: int, hidden: int = 64) -> None:
        super().__init__()
        for name, count in (("channels", channels), ("colours", colours), ("hidden", hidden)):
            check_count("Palette", name, count)
        self.channels, self.maps = channels, channels + colours
        self.colours = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.SiLU(),
            nn.Linear(hidden, channels * colours),
            nn.Unflatten(-1, (channels, colours)),
        )

    @override
    def forward(self, maps: Tensor, z: Tensor) -> Tensor:
        """Return pictures ``(n, channels, h, w)``.

        Args:
            maps: Output of the decoder, shape ``(n, channels + colours, h, w)``.
            z: The code, shape ``(n, dim)``.

        Raises:
            ShapeError: If the number of maps is another.
        """
        remedy = "give the decoder as many output channels"
        check_axis_size("Palette", maps, -3, self.maps, remedy, name="maps")
        drawn, shares = maps.split([self.channels, self.maps - self.channels], dim=1)
        mixed: Tensor = self.colours(z) @ shares.softmax(1).flatten(2)
        picture: Tensor = drawn + mixed.view(*drawn.shape)
        return picture
