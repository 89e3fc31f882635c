"""Turntable: C_24 moves the camera around an object."""

from __future__ import annotations

import dataclasses

from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import paper_scenes
from groupae.experiments.presets.rivals import SCENE_COMPARISON, conditional, scene_rivals

__all__ = ["TURNTABLE", "TURNTABLE_BEFORE"]

# 219 numbers; 0 and 12 are the irreps of degree 1
_FREQUENCIES = "48x0 + 12x1 + 12x2 + 10x3 + 10x4 + 9x5 + 8x6 + 7x7 + 6x8 + 5x9 + 3x10 + 2x11 + 3x12"

TURNTABLE_BEFORE = Preset(
    ModelConfig(
        backbone="residual",
        representation=_FREQUENCIES,
        objective={"mse": 1.0},
        widths=(16, 32, 64, 128),
        colours=8,
    ),
    dataclasses.replace(OUR_TRAINING, batch_size=64, validations=10),
)
"""Default of groupae 0.1 to 0.5, whose control is among the rivals."""

_DEFAULT = dataclasses.replace(
    TURNTABLE_BEFORE.replace(objective={"log_mse": 1.0}, widths=(16, 32, 64), gathers_colours=True),
    training=dataclasses.replace(TURNTABLE_BEFORE.training, precision="bf16-products"),
)


_FEATURES = " + ".join(f"1x{k}" for k in range(1, 13))

TURNTABLE = Experiment(
    data=get_dataset("turntable"),
    presets={
        "default": _DEFAULT,
        "conditional-0.6": conditional(_DEFAULT, _FEATURES),
        **paper_scenes("48x0 + 48x1", "340x0 + 340x1"),
        **scene_rivals(
            TURNTABLE_BEFORE,
            elevation_deg=30,
            features=_FEATURES,
            copies="16x1 + 14x2 + 12x3 + 10x4 + 9x5 + 8x6 + 7x7 + 6x8 + 5x9 + 4x10 + 3x11 + 3x12",
        ),
    },
    references=picture_references,
    comparison=SCENE_COMPARISON,
)
