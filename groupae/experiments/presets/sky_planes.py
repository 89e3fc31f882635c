"""Planes in front of a sky: SO(3) turns the plane, the sky stays."""

from __future__ import annotations

import dataclasses

from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import paper_scenes
from groupae.experiments.presets.rivals import SCENE_COMPARISON, conditional, scene_rivals
from groupae.experiments.presets.turntable import TURNTABLE, TURNTABLE_BEFORE

__all__ = ["SKY_PLANES"]

_BEFORE = Preset(
    ModelConfig(
        backbone="unet",
        representation="48x0 + 16x1 + 12x2 + 8x3 + 4x4",
        objective={"mse": 1.0},
        widths=(16, 32, 64, 128),
        skips=("8x0", "8x0"),
        draws_over_picture=True,
        stride=2,
    ),
    TURNTABLE_BEFORE.training,
)
"""Default of groupae 0.1 to 0.5, whose control is among the rivals."""

_DEFAULT = dataclasses.replace(
    _BEFORE.replace(
        objective={"log_mse": 1.0}, widths=(16, 32, 64), colours=4, gathers_colours=True
    ),
    training=TURNTABLE.presets["default"].training,
)


_FEATURES = "1x1 + 1x2 + 1x3 + 1x4"

SKY_PLANES = Experiment(
    data=get_dataset("sky-planes"),
    presets={
        "default": _DEFAULT,
        "conditional-0.6": conditional(_DEFAULT, _FEATURES),
        **paper_scenes("48x0 + 32x1", "255x0 + 255x1"),
        **scene_rivals(
            _BEFORE,
            elevation_deg=20,
            features=_FEATURES,
            copies="40x1 + 16x2 + 8x3 + 4x4",
        ),
    },
    references=picture_references,
    comparison=SCENE_COMPARISON,
)
