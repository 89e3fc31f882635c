"""Backbones by name: what turns a group, the shape of a datum and a config into a model's parts.

Beside the built-in ones there are those that installed packages offer by entry points of the group
``groupae.models``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

from groupae._plugins import PlugIns
from groupae._validation import expected
from groupae.actions import ChannelAction, LatentAction, PartsAction, VectorAction
from groupae.experiments.presets.config import ModelConfig
from groupae.experiments.presets.paper_backbones import paper_brain, paper_scene
from groupae.groups import Group
from groupae.models import (
    ConvDecoder,
    ConvEncoder,
    PaperDigitDecoder,
    PaperDigitEncoder,
    SequenceDecoder,
    SequenceEncoder,
    SetDecoder,
    SetEncoder,
    UNetDecoder,
    UNetEncoder,
)

__all__ = ["MODEL_PLUG_INS", "Backbone", "Parts", "get_backbone"]

Parts = tuple[nn.Module, nn.Module, LatentAction[Any]]
"""Encoder, decoder, and how the group acts on the code between them."""

Backbone = Callable[[Group, tuple[int, ...], ModelConfig], Parts]
"""Function of (group, shape of a datum, config) that makes the `Parts` of a model."""


def _picture_shape(owner: str, x_shape: tuple[int, ...]) -> tuple[int, int]:
    if len(x_shape) != 3 or x_shape[1] != x_shape[2]:
        form, remedy = "square pictures (channels, size, size)", "choose another backbone"
        raise ValueError(expected(f"backbone {owner!r}", form, x_shape, remedy))
    return x_shape[0], x_shape[1]


def _residual(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
    channels, size = _picture_shape("residual", x_shape)
    rho = group.rep(config.representation)
    shape: dict[str, Any] = {"size": size, "widths": config.widths, "blocks": config.blocks}
    encoder = ConvEncoder(rho.dim, in_channels=channels, **shape)
    decoder = ConvDecoder(rho.dim, out_channels=channels, colours=config.colours, **shape)
    return encoder, decoder, VectorAction(rho)


def _unet(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
    channels, size = _picture_shape("unet", x_shape)
    rho = group.rep(config.representation)
    skips = [group.rep(text) if text else None for text in config.skips]
    widths = [0 if sigma is None else sigma.dim for sigma in skips]
    shape: dict[str, Any] = {"size": size, "widths": config.widths, "blocks": config.blocks}
    shape |= {"stride": config.stride}
    acted = group.rep(config.acted_picture) if config.acted_picture else None
    shape |= {"coordinates": config.coordinates, "acted_picture": acted.dim if acted else 0}
    draws_over = config.draws_over_picture
    encoder = UNetEncoder(rho.dim, widths, in_channels=channels, keeps_picture=draws_over, **shape)
    shape |= {"colours": config.colours, "draws_over_picture": draws_over}
    decoder = UNetDecoder(rho.dim, widths, out_channels=channels, **shape)
    parts: dict[str, LatentAction[Tensor] | None] = {"code": VectorAction(rho)}
    parts |= {f"skip{i}": ChannelAction(sigma) for i, sigma in enumerate(skips) if sigma}
    if acted is not None:
        parts["acted_picture"] = ChannelAction(acted)
    if draws_over:
        parts["picture"] = None
    return encoder, decoder, PartsAction(parts)


def _paper_digit(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
    del x_shape
    rho = group.rep(config.representation)
    return PaperDigitEncoder(rho.dim), PaperDigitDecoder(rho.dim), VectorAction(rho)


def _check_axes(owner: str, x_shape: tuple[int, ...], form: str) -> tuple[int, int]:
    if len(x_shape) != 2:
        got, remedy = x_shape, "choose another backbone"
        raise ValueError(expected(f"backbone {owner!r}", form, got, remedy))
    return x_shape[0], x_shape[1]


def _set(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
    return _of_points("set", group, x_shape, config, is_ordered=False)


def _ordered_set(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
    return _of_points("ordered_set", group, x_shape, config, is_ordered=True)


def _of_points(
    name: str, group: Group, x_shape: tuple[int, ...], config: ModelConfig, *, is_ordered: bool
) -> Parts:
    points, features = _check_axes(name, x_shape, "sets (points, features)")
    if len(config.widths) != 2:
        got = config.widths
        raise ValueError(expected(f"backbone {name!r}", "widths of encoder and decoder", got))
    inner, outer = config.widths
    rho = group.rep(config.representation)
    places = points if is_ordered else None
    encoder = SetEncoder(rho.dim, features, width=inner, layers=config.blocks, places=places)
    return encoder, SetDecoder(rho.dim, points, features, width=outer), VectorAction(rho)


def _sequence(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
    channels, length = _check_axes("sequence", x_shape, "series (channels, length)")
    rho = group.rep(config.representation)
    shape: dict[str, Any] = {"channels": channels, "length": length, "widths": config.widths}
    return SequenceEncoder(rho.dim, **shape), SequenceDecoder(rho.dim, **shape), VectorAction(rho)


_BACKBONES: Mapping[str, Backbone] = {
    "residual": _residual,
    "unet": _unet,
    "set": _set,
    "ordered_set": _ordered_set,
    "sequence": _sequence,
    "paper_digit": _paper_digit,
    "paper_brain": paper_brain,
    "paper_scene": paper_scene,
}

MODEL_PLUG_INS = PlugIns(
    "models",
    "backbone",
    base=Callable,  # type: ignore[arg-type]
    described="a backbone",
    form="a function that returns an encoder, a decoder and an action",
    is_built_in=lambda name: name.casefold() in _BACKBONES,
)


def get_backbone(name: str) -> Backbone:
    """Return a backbone by name, built in or of a plug-in.

    Raises:
        ValueError: If there is none of that name, or the plug-in that has it cannot be used.
    """
    if name in _BACKBONES:
        return _BACKBONES[name]
    found: Backbone = MODEL_PLUG_INS.get("ModelConfig", name, _BACKBONES)
    return found
