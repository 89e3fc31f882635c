"""A model and its training as plain data, enough to rebuild them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from groupae._validation import expected
from groupae.training import TrainingConfig

__all__ = ["ModelConfig", "Preset"]


def _is_weight(value: object) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool and math.isfinite(value)


def _is_count(value: object, least: int) -> bool:
    return isinstance(value, int) and type(value) is not bool and value >= least


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """A model as plain data, enough to rebuild it.

    Args:
        backbone: ``"residual"`` (`ConvEncoder` and `ConvDecoder`), ``"unet"`` (`UNetEncoder` and
            `UNetDecoder`), ``"paper_digit"``, ``"set"`` and ``"ordered_set"`` (`SetEncoder` and
            `SetDecoder`), ``"sequence"`` (`SequenceEncoder` and `SequenceDecoder`), or the name of
            a plug-in.
        representation: How the group acts on the code, as text.
        objective: Weight of each loss term: ``mse``, ``log_mse``, ``latent_cycle``, ``chamfer``,
            ``log_chamfer``.
        widths: Channels at each resolution; for sets, the widths of encoder and decoder.
        blocks: Residual blocks at each resolution; for sets, residual layers of the encoder.
        skips: For ``"unet"``, how the group acts on the channels of the skip at each resolution,
            full size first, as text; ``""`` for no skip there.

    Raises:
        ValueError: If one of them is of the wrong kind: a config may come from a file.
    """

    backbone: str
    representation: str
    objective: Mapping[str, float]
    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    skips: tuple[str, ...] = ()

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
        if self.skips and self.backbone != "unet":
            got, remedy = repr(self.backbone), "leave skips out"
            raise ValueError(expected("ModelConfig", "the backbone 'unet' for skips", got, remedy))


@dataclasses.dataclass(frozen=True)
class Preset:
    """A model and how it is trained."""

    model: ModelConfig
    training: TrainingConfig
