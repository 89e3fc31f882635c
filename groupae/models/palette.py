"""Colours as functions of the code, mixed at each pixel.

Normalisation over a whole picture removes most of the mean strength of a channel, so a
convolutional decoder learns the places of things long before their hue. A palette takes the hue
from the code directly.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_axis_size, check_count, expected
from groupae.representations import Representation

__all__ = ["Palette", "check_gathered", "palette_of"]


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
        gathered: Whether the code begins with the colours, as a `ColourPool` gathers them from a
            picture in [0, 1]: then the network corrects them, by nothing at first, and black and
            white are mixed as two colours more, so that a colour has its shades.

    Example:
        >>> import torch
        >>> palette = Palette(40, channels=3, colours=8)
        >>> palette(torch.zeros(2, palette.maps, 32, 32), torch.zeros(2, 40)).shape
        torch.Size([2, 3, 32, 32])
    """

    def __init__(
        self,
        dim: int,
        *,
        channels: int,
        colours: int,
        hidden: int = 64,
        gathered: bool = False,
    ) -> None:
        super().__init__()
        for name, count in (("channels", channels), ("colours", colours), ("hidden", hidden)):
            check_count("Palette", name, count)
        self.gathered: int = channels * colours if gathered else 0
        if dim < self.gathered:
            form = f"dim of at least {channels} x {colours}, the gathered colours"
            raise ShapeError(expected("Palette", form, dim))
        self.channels, self.maps = channels, channels + colours + 2 * gathered
        self.colours: nn.Sequential = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.SiLU(),
            nn.Linear(hidden, channels * colours),
            nn.Unflatten(-1, (channels, colours)),
        )
        if gathered:
            last = self.colours[2]
            assert isinstance(last, nn.Linear)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)

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
        mixed: Tensor = self._colours(z) @ shares.softmax(1).flatten(2)
        picture: Tensor = drawn + mixed.view(*drawn.shape)
        return picture

    def _colours(self, z: Tensor) -> Tensor:
        """Return the colours to mix, shape ``(n, channels, maps - channels)``."""
        colours: Tensor = self.colours(z)
        if not self.gathered:
            return colours
        colours = colours + z[:, : self.gathered].view_as(colours)
        greys = torch.stack([z.new_zeros(self.channels), z.new_ones(self.channels)], -1)
        of_each = greys.expand(z.shape[0], -1, -1)  # torch.export would fix len(z)
        return torch.cat([colours, of_each], -1)


def palette_of(
    owner: str, dim: int, *, channels: int, colours: int, gathered: bool
) -> Palette | None:
    """Return the palette of a decoder; ``None`` if there are no colours."""
    if colours:
        return Palette(dim, channels=channels, colours=colours, gathered=gathered)
    if gathered:
        raise ValueError(expected(owner, "colours that are gathered", colours, "say how many"))
    return None


def check_gathered(owner: str, rho: Representation, channels: int, colours: int) -> None:
    """Raise `ValueError` unless a code begins with entries for colours that no element changes."""
    count = channels * colours
    if not colours:
        raise ValueError(expected(owner, "colours to gather", colours, "say how many"))
    if rho.dim <= count or not bool(rho.is_invariant()[:count].all()):
        form = f"a code of {count} invariants, the gathered colours, and more"
        remedy = "write invariants first, or take fewer colours"
        raise ValueError(expected(owner, form, str(rho), remedy))
