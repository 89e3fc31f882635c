"""Convolutional backbones for square pictures."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import unknown_choice
from groupae.actions import ChannelAction, LatentAction, PartsAction, VectorAction
from groupae.experiments.presets.backbone_config import (
    ENCODER_SCALE,
    BackboneConfig,
    Parts,
    is_count,
)
from groupae.groups import Group
from groupae.models import (
    ConvDecoder,
    ConvEncoder,
    Coordinates,
    LinearPath,
    Stride,
    UNetDecoder,
    UNetEncoder,
)
from groupae.models.palette import check_gathered
from groupae.representations import Representation

__all__ = ["Residual", "UNet"]


class _Coloured(BackboneConfig):
    """Backbone whose decoder may mix colours that its encoder gathers from the picture."""

    colours: int
    gathers_colours: bool

    def _check_colours(self) -> None:
        colours, gathers = self.colours, self.gathers_colours
        self._check(is_count(colours, 0), "colours as a count from 0", repr(colours))
        is_flag = isinstance(gathers, bool)
        self._check(is_flag, "gathers_colours as true or false", repr(gathers))
        remedy = "say how many"
        self._check(not gathers or colours > 0, "colours to gather", colours, remedy)

    def _gathered(self, rho: Representation, channels: int) -> int:
        """Return the number of gathered colours; raise if an element would change them."""
        if not self.gathers_colours:
            return 0
        check_gathered(self._owner, rho, channels, self.colours)
        return self.colours


@dataclasses.dataclass(frozen=True)
class Residual(_Coloured):
    """Backbone of `ConvEncoder` and `ConvDecoder`.

    Args:
        widths: Channels at each resolution.
        blocks: Residual blocks at each resolution.
        colours: Number of colours that the code names for the decoder to mix; 0 for none.
        gathers_colours: Whether they are gathered from the picture, by a `ColourPool`.
        linear_path: Whether there is a `LinearPath` beside both; not with colours.
    """

    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    colours: int = 0
    gathers_colours: bool = False
    linear_path: bool = False
    name: ClassVar[str] = "residual"

    def __post_init__(self) -> None:
        self._check_colours()
        is_bool = isinstance(self.linear_path, bool)
        self._check(is_bool, "linear_path as true or false", repr(self.linear_path))
        form = "no colours beside a linear path"
        self._check(not (self.linear_path and self.colours), form, repr(self.colours))

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        channels, size = self._check_square(x_shape)
        rho = group.rep(representation)
        gathered = self._gathered(rho, channels)
        shape: dict[str, Any] = {"size": size, "widths": self.widths, "blocks": self.blocks}
        encoder: nn.Module = ConvEncoder(rho.dim, in_channels=channels, colours=gathered, **shape)
        shape |= {"colours": self.colours, "gathered": gathered > 0}
        decoder: nn.Module = ConvDecoder(rho.dim, out_channels=channels, **shape)
        if self.linear_path:
            encoder = LinearPath(x_shape, (rho.dim,), encoder, scale=ENCODER_SCALE)
            decoder = LinearPath((rho.dim,), x_shape, decoder)
        return encoder, decoder, VectorAction(rho)


@dataclasses.dataclass(frozen=True)
class UNet(_Coloured):
    """Backbone of `UNetEncoder` and `UNetDecoder`.

    Args:
        widths: Channels at each resolution.
        blocks: Residual blocks at each resolution.
        skips: Action on the channels of the skip at each resolution, largest first, as text; ``""``
            for no skip there.
        draws_over_picture: Whether the picture itself is carried along, and shows wherever the
            decoder draws nothing.
        colours: Number of colours that the code names for the decoder to mix; 0 for none.
        gathers_colours: Whether they are gathered from the picture, by a `ColourPool`.
        stride: 1 if the first resolution is full size, 2 if it is half of that.
        coordinates: Numbers that the network computes with, ``"intensity"`` or ``"logit"``.
        acted_picture: Action on the picture itself, in these coordinates and with ones as further
            channels, as text; ``""`` if the code does not hold it.
    """

    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    skips: tuple[str, ...] = ()
    draws_over_picture: bool = False
    colours: int = 0
    stride: Stride = 1
    coordinates: Coordinates = "intensity"
    acted_picture: str = ""
    gathers_colours: bool = False
    name: ClassVar[str] = "unet"

    def __post_init__(self) -> None:
        self._check_texts("skips", self.skips)
        draws_over = self.draws_over_picture
        form = "draws_over_picture as true or false"
        self._check(isinstance(draws_over, bool), form, repr(draws_over))
        self._check_colours()
        self._check(self.stride in (1, 2), "stride 1 or 2", repr(self.stride))
        if self.coordinates not in ("intensity", "logit"):
            choices = ("intensity", "logit")
            raise ValueError(unknown_choice(self._owner, "coordinates", self.coordinates, choices))
        is_text = isinstance(self.acted_picture, str)
        self._check(is_text, "acted_picture as text", repr(self.acted_picture))

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        channels, size = self._check_square(x_shape)
        rho = group.rep(representation)
        skips = [group.rep(text) if text else None for text in self.skips]
        acted = group.rep(self.acted_picture) if self.acted_picture else None
        shape: dict[str, Any] = {
            "skips": [0 if sigma is None else sigma.dim for sigma in skips],
            "size": size,
            "widths": self.widths,
            "blocks": self.blocks,
            "stride": self.stride,
            "coordinates": self.coordinates,
            "acted_picture": acted.dim if acted else 0,
        }
        draws_over, gathered = self.draws_over_picture, self._gathered(rho, channels)
        own: dict[str, Any] = {"in_channels": channels, "colours": gathered}
        encoder = UNetEncoder(rho.dim, keeps_picture=draws_over, **own, **shape)
        shape |= {"colours": self.colours, "gathered": gathered > 0}
        shape |= {"draws_over_picture": draws_over}
        decoder = UNetDecoder(rho.dim, out_channels=channels, **shape)
        parts: dict[str, LatentAction[Tensor] | None] = {"code": VectorAction(rho)}
        parts |= {f"skip{i}": ChannelAction(sigma) for i, sigma in enumerate(skips) if sigma}
        if acted is not None:
            parts["acted_picture"] = ChannelAction(acted)
        if draws_over:
            parts["picture"] = None
        return encoder, decoder, PartsAction(parts)
