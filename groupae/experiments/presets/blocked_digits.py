"""Blocked digits: SO(2) turns the digit, a white square in front of it stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from groupae.data import OrbitDataset, rotate
from groupae.experiments.baselines import DataAction
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import PAPER_DIGITS
from groupae.experiments.presets.rivals import DIGIT_COMPARISON, digit_rivals
from groupae.experiments.presets.rotated_digits import ROTATED_DIGITS
from groupae.protocols import Model

__all__ = ["BLOCKED_DIGITS"]

# 212 numbers, more invariants than for rotated digits: where the square is
_FREQUENCIES = (
    "32x0 + 11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7"
    " + 6x8 + 6x9 + 5x10 + 4x11 + 3x12 + 2x13 + 1x14"
)

_DEFAULT = ROTATED_DIGITS.presets["default"].replace(representation=_FREQUENCIES)
# for the record: no encoder of these pictures can be exactly equivariant, as the square stays
_EQUIVARIANT = _DEFAULT.replace(backbone="polar", widths=(96, 96), blocks=2)
_BEFORE_0_6 = dataclasses.replace(
    _DEFAULT,
    training=dataclasses.replace(_DEFAULT.training, precision="32-true", ema_share=0.0),
)


def _references(train: OrbitDataset) -> Mapping[str, Model]:
    return {"x1 turned, square and all": DataAction(rotate), **picture_references(train)}


BLOCKED_DIGITS = Experiment(
    data=get_dataset("blocked-digits"),
    presets={
        "default": _DEFAULT,
        "equivariant": _EQUIVARIANT,
        **PAPER_DIGITS["blocked-digits"],
        **digit_rivals(_BEFORE_0_6, _DEFAULT, 52),
    },
    references=_references,
    comparison=DIGIT_COMPARISON,
)
