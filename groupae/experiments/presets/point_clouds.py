"""Presets for point clouds: SO(3) rotates the points of a surface."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset, short_training
from groupae.experiments.presets.experiment import Experiment
from groupae.metrics import CHAMFER, Transforms

__all__ = ["POINT_CLOUDS"]


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {
        "oracle: x1 itself turned": DataAction(lambda g, x: x @ g.mT),
        "x1 unchanged": Unchanged(),
    }


POINT_CLOUDS = Experiment(
    data=get_dataset("point-clouds"),
    presets={
        "default": Preset(
            ModelConfig("set", "16x0 + 8x1 + 6x2 + 4x3", {"log_chamfer": 1.0}, (64, 256), 2),
            short_training(learning_rate=1e-2, batch_size=32),
        )
    },
    references=_references,
    scores=(CHAMFER,),
)
