"""Backbones for sets of points and for series."""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from torch import nn
from typing_extensions import override

from groupae.actions import VectorAction
from groupae.experiments.presets.backbone_config import ENCODER_SCALE, BackboneConfig, Parts
from groupae.groups import Group
from groupae.models import LinearPath, SequenceDecoder, SequenceEncoder, SetDecoder, SetEncoder

__all__ = ["OrderedSetBackbone", "SequenceBackbone", "SetBackbone"]


@dataclasses.dataclass(frozen=True)
class SetBackbone(BackboneConfig):
    """Backbone of `SetEncoder` and `SetDecoder`, for points in no order.

    Args:
        widths: Widths of encoder and decoder.
        blocks: Residual layers of the encoder.
    """

    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    name: ClassVar[str] = "set"

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        return self._build(group, x_shape, representation)

    def _build(
        self,
        group: Group,
        x_shape: tuple[int, ...],
        representation: str,
        *,
        is_ordered: bool = False,
        linear_path: bool = False,
    ) -> Parts:
        self._check_axes(x_shape, 2, "sets (points, features)")
        self._check(len(self.widths) == 2, "widths of encoder and decoder", self.widths)
        (points, features), (inner, outer) = x_shape, self.widths
        rho, shape = group.rep(representation), {"width": inner, "layers": self.blocks}
        places = points if is_ordered else None
        encoder = SetEncoder(rho.dim, features, **shape, places=places, linear_path=linear_path)
        decoder = SetDecoder(rho.dim, points, features, width=outer, linear_path=linear_path)
        return encoder, decoder, VectorAction(rho)


@dataclasses.dataclass(frozen=True)
class OrderedSetBackbone(SetBackbone):
    """Backbone of `SetEncoder` and `SetDecoder`, for points whose order counts.

    Args:
        widths: Widths of encoder and decoder.
        blocks: Residual layers of the encoder.
        linear_path: Whether linear maps of list and code are added to encoder and decoder.
    """

    linear_path: bool = False
    name: ClassVar[str] = "ordered_set"

    def __post_init__(self) -> None:
        is_flag = isinstance(self.linear_path, bool)
        self._check(is_flag, "linear_path as true or false", repr(self.linear_path))

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        linear_path = self.linear_path
        return self._build(group, x_shape, representation, is_ordered=True, linear_path=linear_path)


@dataclasses.dataclass(frozen=True)
class SequenceBackbone(BackboneConfig):
    """Backbone of `SequenceEncoder` and `SequenceDecoder`.

    Args:
        widths: Channels at each resolution.
        linear_path: Whether there is a `LinearPath` beside both.
    """

    widths: tuple[int, ...] = (32, 64)
    linear_path: bool = False
    name: ClassVar[str] = "sequence"

    def __post_init__(self) -> None:
        is_flag = isinstance(self.linear_path, bool)
        self._check(is_flag, "linear_path as true or false", repr(self.linear_path))

    @override
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        self._check_axes(x_shape, 2, "series (channels, length)")
        channels, length = x_shape
        rho = group.rep(representation)
        shape: dict[str, Any] = {"channels": channels, "length": length, "widths": self.widths}
        encoder: nn.Module = SequenceEncoder(rho.dim, **shape)
        decoder: nn.Module = SequenceDecoder(rho.dim, **shape)
        if self.linear_path:
            encoder = LinearPath(x_shape, (rho.dim,), encoder, scale=ENCODER_SCALE)
            decoder = LinearPath((rho.dim,), x_shape, decoder)
        return encoder, decoder, VectorAction(rho)
