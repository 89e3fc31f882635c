"""Blocked digits: SO(2) turns the digit, a white square in front of it stays."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.baselines import DataAction, MeanImage, Unchanged
from groupae.data import OrbitDataset, rotate
from groupae.data.registry import get_dataset
from groupae.experiments.config import ModelConfig, Preset
from groupae.experiments.experiment import Experiment
from groupae.metrics import Transforms
from groupae.training import TrainingConfig

__all__ = ["BLOCKED_DIGITS"]

# 212 numbers, more invariants than for rotated digits: where the square is
_FREQUENCIES = (
    "32x0 + 11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7"
    " + 6x8 + 6x9 + 5x10 + 4x11 + 3x12 + 2x13 + 1x14"
)

_DEFAULT = Preset(
    ModelConfig(
        backbone="residual",
        representation=_FREQUENCIES,
        objective={"log_mse": 1.0},
    ),
    TrainingConfig(
        optimizer="muon",
        learning_rate=1e-2,
        batch_size=32,
        weight_decay=1e-4,
        warmup=0.03,
        clip_norm=0.0,
    ),
)

_PAPER = Preset(
    ModelConfig(
        backbone="paper_digit",
        representation="8x0 + 8x1",
        objective={"mse": 1.0, "latent_cycle": 1e-4},
    ),
    TrainingConfig(
        optimizer="adam",
        learning_rate=1e-4,
        batch_size=256,
        warmup=0.0,
        decay="none",
        clip_norm=0.0,
    ),
)


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    return {
        "x1 turned, square and all": DataAction(rotate),
        "x1 unchanged": Unchanged(),
        "mean image": MeanImage(train.fixed().x2),
    }


BLOCKED_DIGITS = Experiment(
    data=get_dataset("blocked-digits"),
    presets={"default": _DEFAULT, "paper": _PAPER},
    references=_references,
)
