"""Baseline systems by name: how each is built for a data set, and which groups it supports."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from groupae._validation import expected, unknown_choice
from groupae.actions import AxisAction, PartsAction, VectorAction
from groupae.experiments.baselines import (
    Conditional,
    Dupont,
    LearnedMask,
    MAGANet,
    MAGANetHead,
    OrbitAveragedEncoder,
    PlainAutoencoder,
    SceneTransformer,
    Winter,
)
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.backbones import get_backbone
from groupae.experiments.presets.config import BaselineConfig, ModelConfig
from groupae.models import Capabilities, SequenceDecoder, SequenceEncoder, TransformModule

__all__ = ["SYSTEMS", "System", "build_baseline", "find_obstacle"]


@dataclasses.dataclass(frozen=True)
class System:
    """A baseline system.

    Args:
        title: Its name in tables.
        capabilities: The groups and data that it supports.
        build: Function of a data set and the options of a config, as keyword arguments.
    """

    title: str
    capabilities: Capabilities
    build: Callable[..., TransformModule]


_T = TypeVar("_T")


class _OptionError(Exception):
    """Error for options that do not match a signature."""


def _make(function: Callable[..., _T], *arguments: Any, **options: Any) -> _T:
    """Call a function, after comparing the options with its signature.

    So options of a config are told from a `TypeError` that the function itself raises.
    """
    try:
        inspect.signature(function).bind(*arguments, **options)
    except TypeError as error:
        name = getattr(function, "__name__", "the system")
        raise _OptionError(f"{str(error).removeprefix('got ')} of {name}") from None
    return function(*arguments, **options)


def _winter(
    data: DatasetInfo, *, encoder: str = "orbit_averaged", loss: str = "mse", **options: Any
) -> TransformModule:
    """Return the model of Winter et al., with sequence networks where data are series."""
    if encoder not in ("orbit_averaged", "steerable"):
        choices = ("orbit_averaged", "steerable")
        raise ValueError(unknown_choice("system 'winter'", "an encoder", encoder, choices))
    if encoder == "steerable":
        from groupae.interop.steerable import steerable_encoder

        sizes = {
            name: options.pop(name) for name in ("fields", "kernels", "halvings") if name in options
        }
        dim = options.get("dim", 32)  # the default of Winter
        options["encoder"] = steerable_encoder(data.x_shape, dim, **sizes)
    assert data.data_action is not None, "its capabilities ask for one"
    if data.kind == "series":
        options = _with_sequence_networks(data, **options)
    arguments = data.group, data.x_shape, data.data_action
    return _make(Winter, *arguments, terms=loss, **options)


def _with_sequence_networks(
    data: DatasetInfo,
    *,
    dim: int = 32,
    turns: int = 8,
    encoder_widths: tuple[int, ...] = (16, 32, 32),
    decoder_widths: tuple[int, ...] = (32, 64, 64),
    **options: Any,
) -> dict[str, Any]:
    """Return the options of `Winter` for series: an encoder averaged over shifts, and a decoder."""
    assert data.data_action is not None, "its capabilities ask for one"
    shape: dict[str, Any] = {"channels": data.x_shape[0], "length": data.x_shape[1]}
    trunk = SequenceEncoder(dim + 2, **shape, widths=encoder_widths)
    encoder = OrbitAveragedEncoder(trunk, data.data_action, turns=turns)
    decoder = SequenceDecoder(dim, **shape, widths=decoder_widths)
    return {"encoder": encoder, "decoder": decoder, **options}


def _conditional(
    data: DatasetInfo, *, features: str, hidden: int = 128, loss: str = "mse", **options: Any
) -> TransformModule:
    """Return the control of a latent action model: its encoder and decoder, without the action.

    The other options are those of the model's config.
    """
    config = _make(ModelConfig, objective={loss: 1.0}, **options)
    encoder, decoder, action = get_backbone(config.backbone)(data.group, data.x_shape, config)
    parts = dict(action.acted.items()) if isinstance(action, PartsAction) else {"code": action}
    channels = {n: part.size for n, part in parts.items() if isinstance(part, AxisAction)}
    rho = data.group.rep(features)
    return Conditional(encoder, decoder, rho, channels, hidden=hidden, terms=loss)


def _plain(
    data: DatasetInfo,
    *,
    features: str,
    pairs: int = 4000,
    max_residual: float = 1.5,
    loss: str = "mse",
    **options: Any,
) -> TransformModule:
    """Return the plain autoencoder of a latent action model, whose action is fitted afterwards.

    The other options are those of the model's config; its representation tells the length of the
    code only.
    """
    config = _make(ModelConfig, objective={loss: 1.0}, **options)
    encoder, decoder, action = get_backbone(config.backbone)(data.group, data.x_shape, config)
    if not isinstance(action, VectorAction):
        remedy = "leave out skips"
        raise ValueError(expected("system 'plain'", "a code of one vector", action, remedy))
    rho, size = data.group.rep(features), action.rho.dim
    fit: dict[str, Any] = {"pairs": pairs, "max_residual": max_residual}
    return PlainAutoencoder(encoder, decoder, rho, size, terms=loss, **fit)


def _learned_mask(data: DatasetInfo, *, backbone: str = "", **options: Any) -> TransformModule:
    """Return a learned mask, between encoder and decoder of a backbone if one is named."""
    if backbone:
        fields = {field.name for field in dataclasses.fields(ModelConfig)}
        sizes = {name: options[name] for name in options if name in fields}
        config = _make(ModelConfig, backbone, objective={"mse": 1.0}, **sizes)
        for name in fields - {"representation"}:
            options.pop(name, None)
        parts = get_backbone(backbone)(data.group, data.x_shape, config)
        options["encoder"], options["decoder"], _ = parts
    return _make(LearnedMask, data.group, data.x_shape, **options)


def _of(kind: Callable[..., TransformModule], *, has_loss: bool) -> Callable[..., TransformModule]:
    """Return the builder of a class whose arguments are a group, a shape and its own options."""

    def build(data: DatasetInfo, **options: Any) -> TransformModule:
        if has_loss:
            options["terms"] = options.pop("loss", "mse")
        return _make(kind, data.group, data.x_shape, **options)

    return build


def _systems() -> Iterator[tuple[str, System]]:
    yield "winter", System("Winter et al. 2022", Winter.capabilities, _winter)
    for name, title, kind, has_loss in (
        ("maganet", "MAGANet, g of another pair", MAGANet, True),
        ("maganet-head", "MAGANet, g by a head", MAGANetHead, True),
        ("dupont", "Dupont et al. 2020", Dupont, False),
        ("srt", "scene representation transformer", SceneTransformer, False),
    ):
        yield name, System(title, kind.capabilities, _of(kind, has_loss=has_loss))
    title = "Swarnali et al. 2025"
    yield "learned-mask", System(title, LearnedMask.capabilities, _learned_mask)
    title = "plain, action fitted"
    yield "plain", System(title, PlainAutoencoder.capabilities, _plain)
    yield "conditional", System("no structure", Conditional.capabilities, _conditional)


SYSTEMS: Mapping[str, System] = dict(_systems())
"""Systems by the name that configs and presets use."""


def find_obstacle(system: System, data: DatasetInfo) -> str | None:
    """Return the reason why a system does not support a data set, ``None`` if it does."""
    has_data_action = data.data_action is not None
    return system.capabilities.obstacle(data.group, has_data_action=has_data_action)


def build_baseline(data: DatasetInfo, config: BaselineConfig) -> TransformModule:
    """Return the model of a config for a data set.

    Raises:
        ValueError: If the system is unknown, does not support the data set, or lacks an option.
    """
    if config.system not in SYSTEMS:
        raise ValueError(unknown_choice("BaselineConfig", "a system", config.system, SYSTEMS))
    system = SYSTEMS[config.system]
    obstacle = find_obstacle(system, data)
    if obstacle is not None:
        what = f"a data set that {config.system} can be used on"
        got = f"{data.name}: it {obstacle}"
        raise ValueError(expected("groupae", what, got, "see groupae compare for what can"))
    try:
        return _make(system.build, data, **config.options)
    except _OptionError as error:
        raise ValueError(expected(f"system {config.system!r}", "its options", error)) from None
