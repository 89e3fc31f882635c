"""Configs of models, baselines and presets: plain data, enough to rebuild them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

from groupae._validation import expected
from groupae.experiments.presets.backbone_config import BackboneConfig, is_count
from groupae.experiments.presets.conv_backbones import Residual, UNet
from groupae.experiments.presets.linear_backbone import Linear
from groupae.experiments.presets.paper_backbones import PaperBrain, PaperDigit, PaperScene
from groupae.experiments.presets.polar_backbones import Circular, Polar
from groupae.experiments.presets.set_backbones import (
    OrderedSetBackbone,
    SequenceBackbone,
    SetBackbone,
)
from groupae.models import Coordinates, Stride
from groupae.training import TrainingConfig

__all__ = [
    "BACKBONES",
    "OUR_TRAINING",
    "BaselineConfig",
    "ModelConfig",
    "Preset",
    "backbone_of",
    "short_training",
]

OUR_TRAINING = TrainingConfig(
    optimizer="muon", learning_rate=1e-2, weight_decay=1e-4, warmup=0.03, clip_norm=0.0
)
"""Training of our defaults, and of baselines that Muon serves better than Adam."""


def short_training(*, learning_rate: float, batch_size: int) -> TrainingConfig:
    """Return two minutes of training, enough for small models of points and series."""
    return TrainingConfig(
        minutes=2,
        optimizer="muon",
        learning_rate=learning_rate,
        batch_size=batch_size,
        validations=10,
    )


Option = bool | int | float | str | tuple["Option", ...]
"""Type of an option of a baseline, which is written to files and read from them."""


def _is_weight(value: object) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A latent action autoencoder as a flat record of plain data, enough to rebuild it.

    Args:
        backbone: Name of the backbone, one of `BACKBONES`, or of a plug-in.
        representation: Action of the group on the code, as text.
        objective: Weight of each loss term: ``mse``, ``log_mse``, ``latent_cycle``,
            ``equivariance``, ``log_equivariance``, ``chamfer``, ``log_chamfer``, ``lpips``,
            ``st_lpips``.
        widths, blocks, skips, draws_over_picture, colours, stride, coordinates, acted_picture:
            Fields of the backbone, described by its class. Those that it lacks keep their defaults.
        linear_path, gathers_colours, radii, angles, reach: Five more of these.

    Raises:
        ValueError: If a value is of the wrong type: a config may come from a file.

    Example:
        >>> ModelConfig("residual", "10x0 + 9x1", {"log_mse": 1.0}, widths=(32, 64)).blocks
        1
    """

    backbone: str
    representation: str
    objective: Mapping[str, float]
    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    skips: tuple[str, ...] = ()
    draws_over_picture: bool = False
    colours: int = 0
    stride: Stride = 1
    coordinates: Coordinates = "intensity"
    acted_picture: str = ""
    linear_path: bool = False
    gathers_colours: bool = False
    radii: int = 0
    angles: int = 48
    reach: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.backbone, str) or not isinstance(self.representation, str):
            got = f"{self.backbone!r} and {self.representation!r}"
            raise ValueError(expected("ModelConfig", "backbone and representation as text", got))
        weights = self.objective.values() if isinstance(self.objective, Mapping) else ()
        if not weights or not all(map(_is_weight, weights)):
            form = "objective to map loss terms to weights"
            raise ValueError(expected("ModelConfig", form, repr(self.objective)))
        widths = self.widths if isinstance(self.widths, tuple) else (None,)
        if not is_count(self.blocks, 0) or not all(is_count(width, 1) for width in widths):
            got = f"widths {self.widths}, blocks {self.blocks!r}"
            raise ValueError(expected("ModelConfig", "widths above zero and blocks from 0", got))
        if self.blocks > _MOST_BLOCKS:
            got = f"{self.blocks}"
            raise ValueError(expected("ModelConfig", f"at most {_MOST_BLOCKS} blocks", got))
        kind = BACKBONES.get(self.backbone)
        self._check_absent(() if kind is None else _names(kind))
        if kind is not None:
            backbone_of(self, kind)

    def _check_absent(self, names: Iterable[str]) -> None:
        """Raise unless the fields that a backbone lacks have their defaults."""
        for field in dataclasses.fields(self):
            is_default = getattr(self, field.name) == field.default
            if is_default or field.name in (*_COMMON, *names):
                continue
            having = [name for name, other in BACKBONES.items() if field.name in _names(other)]
            form = f"a backbone of {', '.join(having)} for {field.name}"
            remedy = f"leave {field.name} out"
            raise ValueError(expected("ModelConfig", form, repr(self.backbone), remedy))


_MOST_BLOCKS = 1000  # a config may come from others; more take minutes to be built
_COMMON = ("backbone", "representation", "objective", "widths", "blocks")
# plug-ins may use the last two; groupae 0.2 accepted them with every backbone


BACKBONES: Mapping[str, type[BackboneConfig]] = {
    kind.name: kind
    for kind in (
        *(Residual, UNet, Linear, SetBackbone, OrderedSetBackbone, SequenceBackbone),
        *(PaperDigit, PaperBrain, PaperScene, Polar, Circular),
    )
}
"""Built-in backbones by name."""


def backbone_of(config: ModelConfig, kind: type[BackboneConfig]) -> BackboneConfig:
    """Return the fields of a config that a backbone has, checked."""
    return kind(**{name: getattr(config, name) for name in _names(kind)})


def _names(kind: type[Any]) -> list[str]:
    return [field.name for field in dataclasses.fields(kind)]


@dataclasses.dataclass(frozen=True)
class BaselineConfig:
    """A baseline system as plain data, enough to rebuild it.

    Args:
        system: Name of the system, one of `groupae.experiments.presets.systems.SYSTEMS`.
        options: Keyword arguments of its builder, such as sizes.

    Raises:
        ValueError: If a value is of the wrong type: a config may come from a file.

    Example:
        >>> BaselineConfig("mean").system
        'mean'
    """

    system: str
    options: Mapping[str, Option] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.system, str):
            raise ValueError(expected("BaselineConfig", "system as text", repr(self.system)))
        options = self.options
        if not isinstance(options, Mapping) or not all(isinstance(name, str) for name in options):
            form = "options to map names to values"
            raise ValueError(expected("BaselineConfig", form, repr(options)))
        for name, value in options.items():
            if not _is_option(value):
                form = f"{name} to be a number, a text, true or false, or a list of them"
                raise ValueError(expected("BaselineConfig", form, repr(value)))


def _is_option(value: object) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_option, value))
    return isinstance(value, (bool, int, str)) or _is_weight(value)


@dataclasses.dataclass(frozen=True)
class Preset:
    """A model and its training.

    Example:
        >>> from groupae.experiments import get_experiment
        >>> preset = get_experiment("rotated-digits").presets["default"]
        >>> preset.model.backbone, preset.training.optimizer
        ('residual', 'muon')
    """

    model: ModelConfig | BaselineConfig
    training: TrainingConfig

    def replace(self, **changes: Any) -> Preset:
        """Return the preset with other values of fields of its model.

        Raises:
            TypeError: If the model has no such field.
        """
        return dataclasses.replace(self, model=dataclasses.replace(self.model, **changes))
