"""Objects in rooms: SO(3) turns the object; floor, wall and lamp stay."""

from __future__ import annotations

import dataclasses

from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import paper_scenes
from groupae.experiments.presets.rivals import (
    SCENE_COMPARISON,
    frequency_1,
    learned_mask,
    plain,
    scene_rivals,
)
from groupae.experiments.presets.sky_planes import SKY_PLANES

__all__ = ["OBJECTS"]

_PAPER = paper_scenes("48x0 + 32x1", "255x0 + 255x1")
del _PAPER["paper-published"]  # at the sizes of the paper's own planes
_DEFAULT = SKY_PLANES.presets["default"]
_MASKED = "40x1 + 16x2 + 8x3 + 4x4"
_WITHOUT_SKIPS = _DEFAULT.replace(
    backbone="residual", skips=(), draws_over_picture=False, stride=1
)  # a plain autoencoder could copy the picture through a skip, and learn no code

OBJECTS = Experiment(
    data=get_dataset("objects"),
    presets={
        "default": _DEFAULT,
        "small-steps": _DEFAULT.replace(objective={"log_mse": 1.0, "log_equivariance": 0.3}),
        **_PAPER,
        **scene_rivals(
            _DEFAULT,
            elevation_deg=20,
            features="1x1 + 1x2 + 1x3 + 1x4",
            copies=_MASKED,
        ),
        "learned-mask": learned_mask(
            _WITHOUT_SKIPS.replace(colours=0, gathers_colours=False), _MASKED
        ),
        "frequency-1": frequency_1(_DEFAULT, "50x0 + 66x1"),
        "plain": plain(_WITHOUT_SKIPS, "160x0 + 20x1 + 16x2 + 12x3 + 8x4"),
    },
    references=picture_references,
    comparison=dataclasses.replace(SCENE_COMPARISON, size="small"),
)
