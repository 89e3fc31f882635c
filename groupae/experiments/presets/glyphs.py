"""Presets for glyphs: SO(2) turns letters and digits of many fonts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from groupae.data import OrbitDataset, rotate
from groupae.experiments.baselines import DataAction
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.rivals import DIGIT_COPIES, PLAIN_FREQUENCIES, benchmark_rivals
from groupae.protocols import Model

__all__ = ["GLYPHS"]

# 192 numbers, as for handwritten digits; copies fall with the frequency. After one processor-minute
# 35.9 dB on the validation part, 35.4 dB with 334 numbers
_FREQUENCIES = (
    "12x0 + 11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7"
    " + 6x8 + 6x9 + 5x10 + 4x11 + 3x12 + 2x13 + 1x14"
)

_DEFAULT = Preset(
    ModelConfig(
        backbone="residual",
        representation=_FREQUENCIES,
        objective={"log_mse": 1.0},
    ),
    dataclasses.replace(OUR_TRAINING, batch_size=32, precision="bf16-products", ema_share=0.1),
)

# 493 numbers, those of handwritten digits; for pairs of small relative turns
_PRINCIPAL = (
    "15x0 + 15x1 + 14x2 + 14x3 + 14x4 + 13x5 + 13x6 + 13x7 + 12x8 + 11x9 + 11x10 + 10x11 + 10x12"
    " + 9x13 + 9x14 + 9x15 + 8x16 + 8x17 + 8x18 + 7x19 + 7x20 + 7x21 + 6x22 + 6x23 + 5x24"
)
_SMALL_STEPS = dataclasses.replace(
    _DEFAULT.replace(backbone="linear", representation=_PRINCIPAL),
    training=dataclasses.replace(_DEFAULT.training, start="closed-form"),
)

# exact by construction, as for handwritten digits
_EQUIVARIANT = _DEFAULT.replace(backbone="polar", widths=(96, 96), blocks=2)


def _references(train: OrbitDataset) -> Mapping[str, Model]:
    return {"oracle: x1 itself turned": DataAction(rotate), **picture_references(train)}


GLYPHS = Experiment(
    data=get_dataset("glyphs"),
    presets={
        "default": _DEFAULT,
        "equivariant": _EQUIVARIANT,
        "small-steps": _SMALL_STEPS,
        **benchmark_rivals(
            _DEFAULT,
            standard="32x0 + 80x1",
            features=" + ".join(f"1x{k}" for k in range(1, 15)),
            largest=PLAIN_FREQUENCIES,
            mask=DIGIT_COPIES,
            takes_winter=True,
        ),
    },
    references=_references,
)
