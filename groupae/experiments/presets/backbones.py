"""Backbones by name: built in, or offered by entry points of the group ``groupae.models``."""

from __future__ import annotations

from collections.abc import Callable

from groupae._plugins import PlugIns
from groupae.experiments.presets.backbone_config import BackboneConfig, Parts
from groupae.experiments.presets.config import BACKBONES, ModelConfig, backbone_of
from groupae.groups import Group

__all__ = ["MODEL_PLUG_INS", "Backbone", "Parts", "get_backbone"]

Backbone = Callable[[Group, tuple[int, ...], ModelConfig], Parts]
"""Function of (group, shape of a datum, config) that returns the `Parts` of a model."""

MODEL_PLUG_INS = PlugIns(
    "models",
    "backbone",
    # any function will do; isinstance takes this class, which mypy does not count as a type
    base=Callable,  # type: ignore[arg-type]
    described="a backbone",
    form="a function that returns an encoder, a decoder and an action",
    is_built_in=lambda name: name.casefold() in BACKBONES,
)


def get_backbone(name: str) -> Backbone:
    """Return a backbone by name, built in or of a plug-in.

    Raises:
        ValueError: If no backbone has the name, or its plug-in cannot be used.

    Example:
        >>> callable(get_backbone("residual"))
        True
    """
    if name in BACKBONES:
        return _builder(BACKBONES[name])
    found: Backbone = MODEL_PLUG_INS.get("ModelConfig", name, BACKBONES)
    return found


def _builder(kind: type[BackboneConfig]) -> Backbone:
    def build(group: Group, x_shape: tuple[int, ...], config: ModelConfig) -> Parts:
        return backbone_of(config, kind).build(group, x_shape, config.representation)

    return build
