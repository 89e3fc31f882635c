"""Objects in rooms: SO(3) turns the object; floor, wall and lamp stay."""

from __future__ import annotations

import dataclasses

from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.paper import paper_scenes
from groupae.experiments.presets.rivals import SCENE_COMPARISON, scene_rivals
from groupae.experiments.presets.sky_planes import SKY_PLANES

__all__ = ["OBJECTS"]

_PAPER = paper_scenes("48x0 + 32x1", "255x0 + 255x1")
del _PAPER["paper-published"]  # at the sizes of the paper's own planes
_DEFAULT = SKY_PLANES.presets["default"]

OBJECTS = Experiment(
    data=get_dataset("objects"),
    presets={
        "default": _DEFAULT,
        **_PAPER,
        **scene_rivals(
            _DEFAULT,
            elevation_deg=20,
            features="1x1 + 1x2 + 1x3 + 1x4",
            copies="40x1 + 16x2 + 8x3 + 4x4",
        ),
    },
    references=picture_references,
    comparison=dataclasses.replace(SCENE_COMPARISON, size="small"),
)
