"""Presets for periodic series: SO(2) shifts the phase of a signal, its gain and drift stay."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset, shift_phase
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset, short_training
from groupae.experiments.presets.experiment import Experiment
from groupae.metrics import SNR, Transforms

__all__ = ["SERIES"]

_HARMONICS = "16x0 + 2x1 + 2x2 + 2x3 + 2x4 + 2x5 + 2x6 + 2x7 + 2x8"


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {
        "x1 shifted, gain and drift too": DataAction(shift_phase),
        "x1 unchanged": Unchanged(),
    }


SERIES = Experiment(
    data=get_dataset("series"),
    presets={
        "default": Preset(
            ModelConfig("sequence", _HARMONICS, {"log_mse": 1.0}, (32, 64, 64)),
            short_training(learning_rate=2e-2, batch_size=64),
        )
    },
    references=_references,
    scores=(SNR,),
)
