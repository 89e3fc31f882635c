"""Encoder and decoder with skip connections at each resolution; they know no group.

The code is a dict of named parts: ``code``, a vector, and ``skip0``, ``skip1``, ..., feature maps
at the first resolution, half of it, and so on. The action chooses the effect of the group on each:
an invariant skip is carried along (the paper), any other turns or scales in its channels.

The picture itself may be a part too: ``picture``, which is invariant, and ``acted_picture``, on
whose channels the group acts. The decoder lays the second over the first, and its own drawing over
both, with an opacity per pixel. Where the group acts on each pixel by ``x -> D(rho(g) E(x))`` with
a fixed E and D, these are the `Coordinates`, and only the places are left to learn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size, expected, unknown_choice
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

__all__ = ["Coordinates", "Stride", "UNetDecoder", "UNetEncoder"]

Stride = Literal[1, 2]
"""Pixels from one entry of the first feature map to the next."""

Coordinates = Literal["intensity", "logit"]
"""Numbers that a network computes with: intensities in [0, 1], or their logits."""

_FAINT = -4.0  # logit of an opacity of 2 %: little of the drawing shows at first
_EDGE = 1e-3  # distance that pictures are kept from 0 and 1, whose logits are infinite


def _check_shape(
    owner: str, size: int, widths: Sequence[int], skips: Sequence[int], stride: Stride
) -> int:
    """Return the number of halvings of the size; raise unless sizes fit."""
    if stride not in (1, 2):
        raise ValueError(expected(owner, "a stride of 1 or 2", stride))
    halvings = len(widths) + stride - 2
    check_sizes(owner, size, widths, halvings=halvings)
    if len(skips) > len(widths) or any(channels < 0 for channels in skips):
        form = f"at most {len(widths)} numbers of skip channels, one per resolution"
        raise ValueError(expected(owner, form, tuple(skips)))
    return halvings


def _check_picture(owner: str, coordinates: Coordinates, channels: int, acted_picture: int) -> None:
    if coordinates not in ("intensity", "logit"):
        choices = ("intensity", "logit")
        raise ValueError(unknown_choice(owner, "coordinates", coordinates, choices))
    if acted_picture and acted_picture < channels:
        form = f"acted_picture of at least the {channels} channels of a picture, or 0"
        raise ValueError(expected(owner, form, acted_picture))


def _to_coordinates(x: Tensor, coordinates: Coordinates) -> Tensor:
    return x.clamp(_EDGE, 1 - _EDGE).logit() if coordinates == "logit" else x


def _to_picture(values: Tensor, coordinates: Coordinates) -> Tensor:
    return values.sigmoid() if coordinates == "logit" else values


@configurable
class UNetEncoder(nn.Module):
    """Encoder from pictures ``(n, C, size, size)`` to a vector and feature maps.

    Args:
        dim: Length of the part ``code``.
        skips: Channels of ``skip0`` at the first resolution, ``skip1`` at half of it, ...; 0 for
            none.
        in_channels: Channels of a picture.
        size: Height and width, divisible by ``2 ** (len(widths) - 1)`` times ``stride``.
        widths: Channels at each resolution, from the first down; multiples of 8.
        blocks: Residual blocks at each resolution.
        stride: 1 for a first resolution of full size, 2 for half of it, which is faster.
        keeps_picture: Whether the picture itself is one more part, ``picture``, for a decoder that
            draws over it.
        coordinates: Input of the network: ``"intensity"`` for the picture as it is, ``"logit"`` for
            the logits of intensities in [0, 1], kept 0.001 from both ends.
        acted_picture: Channels of one more part, ``acted_picture``: the picture in these
            coordinates, and ones beyond its own channels. 0 for none. ``2 * in_channels`` make
            homogeneous coordinates, on which an affine group acts by copies of ``std``.
        colours: Colours that the part ``code`` begins with, of a `ColourPool`, ``in_channels``
            numbers each; 0 for none.

    References:
        Ronneberger, Fischer & Brox, U-Net, MICCAI 2015, for the skips.

    Example:
        >>> import torch
        >>> encoder = UNetEncoder(40, [4, 0, 8], size=32, widths=(8, 16, 32))
        >>> {name: tuple(z.shape) for name, z in encoder(torch.zeros(2, 1, 32, 32)).items()}
        {'code': (2, 40), 'skip0': (2, 4, 32, 32), 'skip2': (2, 8, 8, 8)}
    """

    def __init__(
        self,
        dim: int,
        skips: Sequence[int],
        *,
        in_channels: int = 1,
        size: int = 28,
        widths: Sequence[int] = (16, 32, 64),
        blocks: int = 1,
        stride: Stride = 1,
        keeps_picture: bool = False,
        coordinates: Coordinates = "intensity",
        acted_picture: int = 0,
        colours: int = 0,
    ) -> None:
        super().__init__()
        halvings = _check_shape("UNetEncoder", size, widths, skips, stride)
        _check_picture("UNetEncoder", coordinates, in_channels, acted_picture)
        self.keeps_picture, self.coordinates = keeps_picture, coordinates
        self.acted_picture = acted_picture
        rest = check_colours("UNetEncoder", dim, in_channels, colours)
        self.pool: ColourPool | None = ColourPool(widths[0], colours=colours) if colours else None
        self.x_shape: tuple[int, int, int] = (in_channels, size, size)
        first = nn.Conv2d(in_channels, widths[0], 2 + stride, stride=stride, padding=1)
        stem = nn.Sequential(ChannelsLast(), first)
        downs = [nn.Conv2d(a, b, 2, stride=2) for a, b in itertools.pairwise(widths)]
        self.downs: nn.ModuleList = nn.ModuleList([stem, *downs])
        self.stages = nn.ModuleList(nn.Sequential(*residuals(width, blocks)) for width in widths)
        self.heads: nn.ModuleDict = nn.ModuleDict(
            {
                f"skip{i}": nn.Conv2d(widths[i], channels, 1)
                for i, channels in enumerate(skips)
                if channels
            }
        )
        small = size // 2**halvings
        flat = nn.Linear(widths[-1] * small**2, rest)
        self.to_code = nn.Sequential(nn.GroupNorm(8, widths[-1]), nn.SiLU(), nn.Flatten(), flat)
        lay_channels_innermost(self)

    @override
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Return the parts of the code by name."""
        check_x_shape("UNetEncoder", x, self.x_shape, "the size and channels of your pictures")
        parts = {"picture": x} if self.keeps_picture else {}
        picture, colours = x, list[Tensor]()
        x = _to_coordinates(x, self.coordinates)
        if self.acted_picture:
            ones = x.new_ones(x.shape[0], self.acted_picture - x.shape[1], *x.shape[2:])
            parts["acted_picture"] = torch.cat([x, ones], 1)
        for i, (down, stage) in enumerate(zip(self.downs, self.stages, strict=True)):
            x = stage(down(x))
            if (name := f"skip{i}") in self.heads:
                parts[name] = self.heads[name](x)
            if self.pool is not None and i == 0:
                colours.append(self.pool(picture, x))
        return {"code": torch.cat([*colours, self.to_code(x)], 1), **parts}


@configurable
class UNetDecoder(nn.Module):
    """Decoder from a vector and feature maps to pictures; mirrors `UNetEncoder`.

    Args:
        dim: Length of the part ``code``.
        skips: Channels of ``skip0``, ``skip1``, ...; 0 for none.
        out_channels: Channels of a picture.
        size: Height and width of a picture.
        widths: Channels at each resolution, from the first down.
        blocks: Residual blocks at each resolution.
        stride: 1 for a first resolution of full size, 2 for half of it.
        colours: Colours of a `Palette`, functions of the part ``code``; 0 for no palette.
        gathered: Whether ``code`` begins with these colours, as that of a `UNetEncoder` does.
        draws_over_picture: Whether there is a part ``picture``, which shows wherever the decoder
            draws nothing: the result is ``opacity * drawn + (1 - opacity) * picture``, with a
            predicted opacity per pixel. So unchanged pixels need not be drawn again.
        coordinates: Numbers of the drawing and of the part ``acted_picture``: intensities, or
            logits, whose sigmoid is shown.
        acted_picture: Channels of the part ``acted_picture``, whose first ones are a picture in
            these coordinates, moved by the group; 0 for none. It lies over the part ``picture``
            and under the drawing, with an opacity of its own. So pixels that change by the group's
            action on them need not be drawn again; only their places are predicted.

    Example:
        >>> import torch
        >>> shape = {"size": 32, "widths": (8, 16, 32)}
        >>> encoder, decoder = UNetEncoder(40, [4], **shape), UNetDecoder(40, [4], **shape)
        >>> decoder(encoder(torch.zeros(2, 1, 32, 32))).shape
        torch.Size([2, 1, 32, 32])
    """

    def __init__(
        self,
        dim: int,
        skips: Sequence[int],
        *,
        out_channels: int = 1,
        size: int = 28,
        widths: Sequence[int] = (16, 32, 64),
        blocks: int = 1,
        stride: Stride = 1,
        colours: int = 0,
        gathered: bool = False,
        draws_over_picture: bool = False,
        coordinates: Coordinates = "intensity",
        acted_picture: int = 0,
    ) -> None:
        super().__init__()
        halvings = _check_shape("UNetDecoder", size, widths, skips, stride)
        _check_picture("UNetDecoder", coordinates, out_channels, acted_picture)
        self.dim, self.skips, self.channels = dim, tuple(skips), out_channels
        self.draws_over_picture, self.coordinates = draws_over_picture, coordinates
        self.acted_picture = acted_picture
        small = size // 2**halvings
        self.from_code: nn.Sequential = nn.Sequential(
            nn.Linear(dim, widths[-1] * small**2),
            nn.Unflatten(1, (widths[-1], small, small)),
            ChannelsLast(),
        )
        self.joins: nn.ModuleDict = nn.ModuleDict(
            {
                f"skip{i}": nn.Conv2d(channels, widths[i], 3, padding=1)
                for i, channels in enumerate(skips)
                if channels
            }
        )
        self.stages = nn.ModuleList(nn.Sequential(*residuals(width, blocks)) for width in widths)
        self.ups: nn.ModuleList = nn.ModuleList(
            nn.Sequential(nn.Conv2d(b, 4 * a, 1), nn.PixelShuffle(2))
            for a, b in itertools.pairwise(widths)
        )
        if gathered and coordinates != "intensity":
            what = "coordinates of 'intensity' for colours that are gathered from a picture"
            raise ValueError(expected("UNetDecoder", what, repr(coordinates)))
        mixed = {"channels": out_channels, "colours": colours}
        self.palette = palette_of("UNetDecoder", dim, **mixed, gathered=gathered)
        maps = self.palette.maps if self.palette else out_channels
        self.opacities: int = draws_over_picture + bool(acted_picture)
        last = nn.Conv2d(widths[0], (maps + self.opacities) * stride**2, 3, padding=1)
        norm, shuffle = nn.GroupNorm(8, widths[0]), nn.PixelShuffle(stride)
        self.to_picture: nn.Sequential = nn.Sequential(norm, nn.SiLU(), last, shuffle)
        if acted_picture:
            assert last.bias is not None
            with torch.no_grad():  # at first the pictures show, and little of the drawing
                last.bias[-(stride**2) :] = _FAINT
        lay_channels_innermost(self)

    @override
    def forward(self, z: dict[str, Tensor]) -> Tensor:
        """Return pictures ``(n, C, size, size)``."""
        names = ["code", *self.joins, *["picture"] * self.draws_over_picture]
        names = sorted([*names, *["acted_picture"] * bool(self.acted_picture)])
        if not isinstance(z, dict) or sorted(z) != names:
            got = sorted(z) if isinstance(z, dict) else type(z).__name__
            raise ValueError(expected("UNetDecoder", f"a dict with the parts {names}", got))
        remedy = "give it the length of the code"
        check_axis_size("UNetDecoder", z["code"], -1, self.dim, remedy, name="code")
        for i, channels in enumerate(self.skips):
            if channels:
                remedy = "give it the channels of the skips"
                check_axis_size("UNetDecoder", z[f"skip{i}"], -3, channels, remedy, name=f"skip{i}")
        if self.acted_picture:
            remedy = "give it the channels of the acted picture"
            size, name = self.acted_picture, "acted_picture"
            check_axis_size("UNetDecoder", z[name], -3, size, remedy, name=name)
        x = self.from_code(z["code"])
        for i in reversed(range(len(self.stages))):
            if (name := f"skip{i}") in self.joins:
                x = x + self.joins[name](z[name])
            x = self.stages[i](x)
            if i:
                x = self.ups[i - 1](x)
        return self._lay_over(z, self.to_picture(x))

    def _lay_over(self, z: dict[str, Tensor], maps: Tensor) -> Tensor:
        """Return the layers in their order: pictures in ``z``, then the drawing over them."""
        drawn, opacities = maps.tensor_split([maps.shape[1] - self.opacities], dim=1)
        if self.palette is not None:
            drawn = self.palette(drawn, z["code"])
        layers = [z["picture"]] if self.draws_over_picture else []
        if self.acted_picture:
            acted = z["acted_picture"][:, : self.channels]
            layers.append(_to_picture(acted, self.coordinates))
        shown, *over = [*layers, _to_picture(drawn, self.coordinates)]
        for layer, opacity in zip(over, opacities.unbind(1), strict=True):
            shown = torch.lerp(shown, layer, opacity.unsqueeze(1).sigmoid())
        return shown
