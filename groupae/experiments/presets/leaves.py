"""Presets for outlines of leaves: SO(2) moves the point at which one begins."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset, shift_phase
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset, short_training
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.rivals import benchmark_rivals
from groupae.metrics import SNR, Transforms

__all__ = ["LEAVES"]

_HARMONICS = " + ".join(f"2x{k}" for k in range(1, 25))


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {"oracle: x1 moved itself": DataAction(shift_phase), "x1 unchanged": Unchanged()}


_DEFAULT = Preset(
    ModelConfig("sequence", f"16x0 + {_HARMONICS}", {"log_mse": 1.0}, (32, 64, 64)),
    short_training(learning_rate=1e-2, batch_size=64),
)

LEAVES = Experiment(
    data=get_dataset("leaves"),
    presets={
        "default": _DEFAULT,
        **benchmark_rivals(
            _DEFAULT,
            standard="16x0 + 48x1",
            features=" + ".join(f"1x{k}" for k in range(1, 25)),
            largest=" + ".join(f"{32 if k == 0 else 4 if k <= 24 else 2}x{k}" for k in range(41)),
            mask=" + ".join(f"{3 if k <= 8 else 2}x{k}" for k in range(1, 25)),
            takes_winter=True,
        ),
    },
    references=_references,
    scores=(SNR,),
)
