"""Presets for molecules: SO(3) rotates the atoms, their elements stay."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.molecules import move_atoms
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset, short_training
from groupae.experiments.presets.experiment import Experiment
from groupae.metrics import ATOM_SNR, Transforms

__all__ = ["MOLECULES"]


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {"oracle: x1 itself turned": DataAction(move_atoms), "x1 unchanged": Unchanged()}


MOLECULES = Experiment(
    data=get_dataset("molecules"),
    presets={
        "default": Preset(
            ModelConfig(
                backbone="ordered_set",
                representation="64x0 + 24x1 + 8x2",
                objective={"log_mse": 1.0},
                widths=(128, 256),
                blocks=3,
                linear_path=True,
            ),
            short_training(learning_rate=1e-2, batch_size=32),
        )
    },
    references=_references,
    scores=(ATOM_SNR,),
)
