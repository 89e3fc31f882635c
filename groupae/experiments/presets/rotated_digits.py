"""Rotated digits: SO(2) turns the whole picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from groupae.data import OrbitDataset, rotate
from groupae.experiments.baselines import DataAction
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import PAPER_DIGITS
from groupae.experiments.presets.rivals import DIGIT_COMPARISON, digit_rivals
from groupae.protocols import Model

__all__ = ["ROTATED_DIGITS"]

# 192 numbers; copies fall with the frequency, as the detail of a picture does
_FREQUENCIES = (
    "12x0 + 11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7"
    " + 6x8 + 6x9 + 5x10 + 4x11 + 3x12 + 2x13 + 1x14"
)

# 493 numbers: the principal copies of training digits, as fit_action(..., size=494) finds them
_PRINCIPAL = (
    "15x0 + 15x1 + 14x2 + 14x3 + 14x4 + 13x5 + 13x6 + 13x7 + 12x8 + 11x9 + 11x10 + 10x11 + 10x12"
    " + 9x13 + 9x14 + 9x15 + 8x16 + 8x17 + 8x18 + 7x19 + 7x20 + 7x21 + 6x22 + 6x23 + 5x24"
)

_BEFORE_0_6 = Preset(
    ModelConfig(
        backbone="residual",
        representation=_FREQUENCIES,
        objective={"log_mse": 1.0},
    ),
    dataclasses.replace(OUR_TRAINING, batch_size=32),
)

_FAST = dataclasses.replace(_BEFORE_0_6.training, precision="bf16-products", ema_share=0.1)
_DEFAULT = dataclasses.replace(_BEFORE_0_6, training=_FAST)

_LINEAR_PATH = dataclasses.replace(
    _BEFORE_0_6.replace(representation=_PRINCIPAL, linear_path=True),
    training=dataclasses.replace(_FAST, start="closed-form"),
)

# for pairs of small relative turns: an affine code in closed form keeps the law on all the circle,
# and a network refines pictures only
_SMALL_STEPS = _LINEAR_PATH.replace(backbone="linear", linear_path=False)

# exact by construction; more angles than two per period of the highest frequency, since the
# decoder's nonlinearities make higher ones: 32 instead of 48 cost 1.4 dB, 64 gain 0.1 dB
_EQUIVARIANT = _DEFAULT.replace(backbone="polar", widths=(96, 96), blocks=2)


def _references(train: OrbitDataset) -> Mapping[str, Model]:
    return {"oracle: x1 itself turned": DataAction(rotate), **picture_references(train)}


ROTATED_DIGITS = Experiment(
    data=get_dataset("rotated-digits"),
    presets={
        "default": _DEFAULT,
        **PAPER_DIGITS["rotated-digits"],
        **digit_rivals(_BEFORE_0_6, _DEFAULT, 32),
        "linear-path": _LINEAR_PATH,
        "small-steps": _SMALL_STEPS,
        "equivariant": _EQUIVARIANT,
    },
    references=_references,
    comparison=DIGIT_COMPARISON,
)
