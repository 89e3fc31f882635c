"""Presets for outlines of cells: O(2) x SO(2) turns, mirrors and begins them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.cells import move_outline
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset, short_training
from groupae.experiments.presets.experiment import Experiment
from groupae.metrics import SNR, Transforms

__all__ = ["CELLS"]

_CURVE = " + ".join(f"2x(1,{m})" for m in range(1, 17))


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {"oracle: x1 moved itself": DataAction(move_outline), "x1 unchanged": Unchanged()}


CELLS = Experiment(
    data=get_dataset("cells"),
    presets={
        "default": Preset(
            ModelConfig("sequence", f"16x(0,0) + {_CURVE}", {"log_mse": 1.0}, (32, 64, 64)),
            short_training(learning_rate=1e-2, batch_size=64),
        )
    },
    references=_references,
    scores=(SNR,),
)
