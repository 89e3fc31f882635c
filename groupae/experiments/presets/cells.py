"""Presets for outlines of cells: O(2) x SO(2) turns, mirrors and begins them elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from groupae.data import OrbitDataset
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.cells import move_outline
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import ModelConfig, Preset, short_training
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.rivals import benchmark_rivals
from groupae.metrics import SNR, Transforms

__all__ = ["CELLS"]

_CURVE = " + ".join(f"2x(1,{m})" for m in range(1, 17))


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {"oracle: x1 moved itself": DataAction(move_outline), "x1 unchanged": Unchanged()}


_DEFAULT = Preset(
    ModelConfig("sequence", f"16x(0,0) + {_CURVE}", {"log_mse": 1.0}, (32, 64, 64)),
    short_training(learning_rate=1e-2, batch_size=64),
)

_MASKED = " + ".join(f"{max(1, 4 - m // 4)}x(1,{m})" for m in range(1, 17))
_LARGEST = " + ".join(
    [
        "32x(0,0) + 2x(0-,0)",
        *(f"{4 if m <= 16 else 2}x(1,{m})" for m in range(25)),
        *(f"2x({k},{m})" for k in (0, 2) for m in range(1, 9)),
    ]
)

CELLS = Experiment(
    data=get_dataset("cells"),
    presets={
        "default": _DEFAULT,
        **benchmark_rivals(
            _DEFAULT,
            standard="16x(0,0) + 12x(1,0) + 12x(0,1) + 20x(1,1)",
            features=" + ".join(f"1x(1,{m})" for m in range(1, 17)),
            largest=_LARGEST,
            mask=_MASKED,
            takes_winter=False,
        ),
    },
    references=_references,
    scores=(SNR,),
)
