"""Exactly equivariant backbones: pictures in polar coordinates, and series round a circle."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from typing_extensions import override

from groupae.actions import VectorAction
from groupae.experiments.presets.backbone_config import BackboneConfig, Parts, is_count
from groupae.groups import Group
from groupae.models import CircularDecoder, CircularEncoder, PolarDecoder, PolarEncoder

__all__ = ["Circular", "Polar"]


@dataclasses.dataclass(frozen=True)
class Polar(BackboneConfig):
    """Backbone of `PolarEncoder` and `PolarDecoder`, for pictures that a group turns or mirrors.

    It is equivariant by construction, so that its error is the same for all elements, whichever of
    them were trained. SO(3) is refused: no encoder of one picture of a rendered object can be
    exactly equivariant. The group acts on the object and not on its picture: parts come into view
    that were hidden, so that two objects with one picture have different pictures after the same
    turn, and an equivariant code of the first picture would have to be both. The same holds where
    something in front of the moved part stays, as in blocked digits: there the backbone turns that
    too, or the network has to undo it.

    Args:
        widths: Channels of encoder and decoder, multiples of 8.
        blocks: Residual blocks of each.
        radii: Circles on which pictures are sampled; 0 for one per pixel of the radius.
        angles: Samples per circle: more than two per period of the highest frequency.
        reach: Outer radius in halves of the size of a picture.
    """

    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    radii: int = 0
    angles: int = 48
    reach: float = 1.0
    name: ClassVar[str] = "polar"

    def __post_init__(self) -> None:
        self._check(is_count(self.radii, 0), "radii as a count from 0", repr(self.radii))
        self._check(is_count(self.angles, 1), "angles as a count from 1", repr(self.angles))
        is_number = isinstance(self.reach, (int, float)) and not isinstance(self.reach, bool)
        form = "reach as a number above 0, at most 2"
        self._check(is_number and 0 < self.reach <= 2, form, repr(self.reach))

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        channels, size = self._check_square(x_shape)
        self._check(len(self.widths) == 2, "widths of encoder and decoder", self.widths)
        rho, (inner, outer) = group.rep(representation), self.widths
        shape: dict[str, Any] = {
            "size": size,
            "radii": self.radii or None,
            "angles": self.angles,
            "reach": self.reach,
            "blocks": self.blocks,
        }
        encoder = PolarEncoder(rho, in_channels=channels, width=inner, **shape)
        decoder = PolarDecoder(rho, out_channels=channels, width=outer, **shape)
        return encoder, decoder, VectorAction(rho)


@dataclasses.dataclass(frozen=True)
class Circular(BackboneConfig):
    """Backbone of `CircularEncoder` and `CircularDecoder`, for series that a group shifts.

    It is equivariant by construction, as `Polar` is.

    Args:
        widths: Channels of encoder and decoder, multiples of 8.
        blocks: Residual blocks of each.
    """

    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    name: ClassVar[str] = "circular"

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        self._check_axes(x_shape, 2, "series (channels, length)")
        self._check(len(self.widths) == 2, "widths of encoder and decoder", self.widths)
        (channels, length), rho = x_shape, group.rep(representation)
        inner, outer = self.widths
        shape: dict[str, Any] = {"channels": channels, "length": length, "blocks": self.blocks}
        encoder = CircularEncoder(rho, width=inner, **shape)
        return encoder, CircularDecoder(rho, width=outer, **shape), VectorAction(rho)
