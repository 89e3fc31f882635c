"""A model and its training as plain data, enough to rebuild them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from groupae._validation import expected
from groupae.training import TrainingConfig

__all__ = ["ModelConfig", "Preset"]


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
    """

    backbone: str
    representation: str
    objective: Mapping[str, float]
    widths: tuple[int, ...] = (32, 64)
    blocks: int = 1
    skips: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        weights = self.objective.values() if isinstance(self.objective, Mapping) else [None]
        if not weights or not all(isinstance(weight, (int, float)) for weight in weights):
            form = "objective to map loss terms to weights"
            raise ValueError(expected("ModelConfig", form, repr(self.objective)))
        sizes = (*self.widths, self.blocks + 1) if isinstance(self.blocks, int) else (None,)
        if not all(isinstance(size, int) and size > 0 for size in sizes):
            got = f"widths {self.widths}, blocks {self.blocks!r}"
            raise ValueError(expected("ModelConfig", "widths above zero and blocks from 0", got))
        if self.skips and self.backbone != "unet":
            got, remedy = repr(self.backbone), "leave skips out"
            raise ValueError(expected("ModelConfig", "the backbone 'unet' for skips", got, remedy))


@dataclasses.dataclass(frozen=True)
class Preset:
    """A model and how it is trained."""

    model: ModelConfig
    training: TrainingConfig
