"""A model and its training as plain data, enough to rebuild them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from groupae._validation import expected, unknown_choice
from groupae.models import Coordinates, Stride
from groupae.training import TrainingConfig

__all__ = ["OUR_TRAINING", "BaselineConfig", "ModelConfig", "Preset", "short_training"]

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
"""What an option of a baseline may be: it is written to a file and read from it."""

_WITH_SKIPS = ("unet", "paper_scene")
_WITH_COLOURS = ("residual", "unet")


def _is_weight(value: object) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and type(value) is not bool and value >= least


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model as plain data, enough to rebuild it.

    Args:
        backbone: ``"residual"`` (`ConvEncoder` and `ConvDecoder`), ``"unet"`` (`UNetEncoder` and
            `UNetDecoder`), ``"set"`` and ``"ordered_set"`` (`SetEncoder` and `SetDecoder`),
            ``"sequence"`` (`SequenceEncoder` and `SequenceDecoder`), the paper's
            ``"paper_digit"``, ``"paper_brain"`` and ``"paper_scene"``, or the name of a plug-in.
        representation: How the group acts on the code, as text.
        objective: Weight of each loss term: ``mse``, ``log_mse``, ``latent_cycle``, ``chamfer``,
            ``log_chamfer``, ``lpips``, ``st_lpips``.
        widths: Channels at each resolution; for sets, the widths of encoder and decoder.
        blocks: Residual blocks at each resolution; for sets, residual layers of the encoder.
        skips: For ``"unet"``, how the group acts on the channels of the skip at each resolution,
            largest first, as text; ``""`` for no skip there. For ``"paper_scene"``, of its one
            skip.
        draws_over_picture: For ``"unet"``: whether the picture itself is carried along, and shows
            wherever the decoder draws nothing.
        colours: For ``"residual"`` and ``"unet"``: how many colours the code names for the decoder
            to mix; 0 for none.
        stride: For ``"unet"``: 1 if the first resolution is full size, 2 if it is half of that.
        coordinates: For ``"unet"``: ``"intensity"`` or ``"logit"``, the numbers that it computes
            with.
        acted_picture: For ``"unet"``: how the group acts on the picture itself, in these
            coordinates and with ones beyond its channels, as text; ``""`` if it is not kept so.

    Raises:
        ValueError: If one of them is of the wrong kind: a config may come from a file.
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

    def __post_init__(self) -> None:
        if not isinstance(self.backbone, str) or not isinstance(self.representation, str):
            got = f"{self.backbone!r} and {self.representation!r}"
            raise ValueError(expected("ModelConfig", "backbone and representation as text", got))
        weights = self.objective.values() if isinstance(self.objective, Mapping) else ()
        if not weights or not all(map(_is_weight, weights)):
            form = "objective to map loss terms to weights"
            raise ValueError(expected("ModelConfig", form, repr(self.objective)))
        widths = self.widths if isinstance(self.widths, tuple) else (None,)
        if not _is_count(self.blocks, 0) or not all(_is_count(width, 1) for width in widths):
            got = f"widths {self.widths}, blocks {self.blocks!r}"
            raise ValueError(expected("ModelConfig", "widths above zero and blocks from 0", got))
        if not isinstance(self.skips, tuple) or not all(isinstance(s, str) for s in self.skips):
            got = repr(self.skips)
            raise ValueError(expected("ModelConfig", "skips as a list of texts", got))
        if self.skips and self.backbone not in _WITH_SKIPS:
            form, got = f"a backbone of {', '.join(_WITH_SKIPS)} for skips", repr(self.backbone)
            raise ValueError(expected("ModelConfig", form, got, "leave skips out"))
        if not isinstance(self.draws_over_picture, bool):
            got = repr(self.draws_over_picture)
            raise ValueError(expected("ModelConfig", "draws_over_picture as true or false", got))
        if self.draws_over_picture and self.backbone != "unet":
            got, remedy = repr(self.backbone), "leave draws_over_picture out"
            form = "the backbone 'unet' to draw over a picture"
            raise ValueError(expected("ModelConfig", form, got, remedy))
        if self.stride not in (1, 2) or (self.stride == 2 and self.backbone != "unet"):
            form, got = "stride 1, or 2 for the backbone 'unet'", f"{self.stride!r}"
            raise ValueError(expected("ModelConfig", form, f"{got} for {self.backbone!r}"))
        self._check_picture()
        if not _is_count(self.colours, 0):
            got = repr(self.colours)
            raise ValueError(expected("ModelConfig", "colours as a count from 0", got))
        if self.colours and self.backbone not in _WITH_COLOURS:
            form = f"a backbone of {', '.join(_WITH_COLOURS)} for colours"
            raise ValueError(expected("ModelConfig", form, repr(self.backbone), "leave them out"))

    def _check_picture(self) -> None:
        """Raise unless how the picture is seen and acted on is of the right kind."""
        if self.coordinates not in ("intensity", "logit"):
            choices = ("intensity", "logit")
            raise ValueError(
                unknown_choice("ModelConfig", "coordinates", self.coordinates, choices)
            )
        if not isinstance(self.acted_picture, str):
            got = repr(self.acted_picture)
            raise ValueError(expected("ModelConfig", "acted_picture as text", got))
        if self.backbone != "unet" and (self.coordinates != "intensity" or self.acted_picture):
            form = "the backbone 'unet' for coordinates and acted_picture"
            raise ValueError(expected("ModelConfig", form, repr(self.backbone), "leave them out"))


@dataclasses.dataclass(frozen=True)
class BaselineConfig:
    """A system we compare with as plain data, enough to rebuild it.

    Args:
        system: Its name, one of `groupae.experiments.presets.systems.SYSTEMS`.
        options: Keyword arguments of its builder: sizes, and how the element is given to it.

    Raises:
        ValueError: If one of them is of the wrong kind: a config may come from a file.
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
    """A model and how it is trained."""

    model: ModelConfig | BaselineConfig
    training: TrainingConfig

    def replace(self, **changes: Any) -> Preset:
        """Return the preset with other values in its model, by name.

        Raises:
            TypeError: If the model has no such value.
        """
        return dataclasses.replace(self, model=dataclasses.replace(self.model, **changes))
