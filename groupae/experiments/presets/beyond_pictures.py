"""Clouds of points, molecules and series: the method does not care what the data are."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset, shift_phase
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.molecules import move_atoms
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment
from groupae.metrics import ATOM_SNR, CHAMFER, SNR
from groupae.protocols import Model
from groupae.training import TrainingConfig

__all__ = ["MOLECULES", "POINT_CLOUDS", "SERIES"]


def _training(learning_rate: float, batch_size: int) -> TrainingConfig:
    return TrainingConfig(
        minutes=2,
        optimizer="muon",
        learning_rate=learning_rate,
        batch_size=batch_size,
        validations=10,
    )


def _of_clouds(train: OrbitDataset) -> Mapping[str, Model]:
    del train
    return {
        "oracle: x1 itself turned": DataAction(lambda g, x: x @ g.mT),
        "x1 unchanged": Unchanged(),
    }


def _of_molecules(train: OrbitDataset) -> Mapping[str, Model]:
    del train
    return {"oracle: x1 itself turned": DataAction(move_atoms), "x1 unchanged": Unchanged()}


def _of_series(train: OrbitDataset) -> Mapping[str, Model]:
    del train
    return {
        "x1 shifted, gain and drift too": DataAction(shift_phase),
        "x1 unchanged": Unchanged(),
    }


POINT_CLOUDS = Experiment(
    data=get_dataset("point-clouds"),
    presets={
        "default": Preset(
            ModelConfig("set", "16x0 + 8x1 + 6x2 + 4x3", {"log_chamfer": 1.0}, (64, 256), 2),
            _training(1e-2, 32),
        )
    },
    references=_of_clouds,
    scores=(CHAMFER,),
)

MOLECULES = Experiment(
    data=get_dataset("molecules"),
    presets={
        "default": Preset(
            ModelConfig("ordered_set", "64x0 + 24x1 + 8x2", {"log_mse": 1.0}, (128, 256), 3),
            _training(1e-2, 32),
        )
    },
    references=_of_molecules,
    scores=(ATOM_SNR,),
)

_HARMONICS = "16x0 + 2x1 + 2x2 + 2x3 + 2x4 + 2x5 + 2x6 + 2x7 + 2x8"

SERIES = Experiment(
    data=get_dataset("series"),
    presets={
        "default": Preset(
            ModelConfig("sequence", _HARMONICS, {"log_mse": 1.0}, (32, 64, 64)),
            _training(2e-2, 64),
        )
    },
    references=_of_series,
    scores=(SNR,),
)
