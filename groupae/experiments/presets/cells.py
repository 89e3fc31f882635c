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

# (1,m) moves as the m-th term of the Fourier series of an outline; 32 terms reach 39 dB
_REPRESENTATION = "16x(0,0) + " + " + ".join(f"1x(1,{m})" for m in range(1, 33))


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {"oracle: x1 moved itself": DataAction(move_outline), "x1 unchanged": Unchanged()}


_DEFAULT = Preset(
    ModelConfig(
        backbone="ordered_set",
        representation=_REPRESENTATION,
        objective={"log_mse": 1.0},
        widths=(64, 128),
        blocks=1,
        linear_path=True,
    ),
    short_training(learning_rate=1e-2, batch_size=64),
)

_MASKED = " + ".join(f"{2 if m <= 16 else 1}x(1,{m})" for m in range(1, 33))
_LARGEST = " + ".join(
    [
        "32x(0,0) + 2x(0-,0)",
        *(f"{4 if m <= 16 else 2}x(1,{m})" for m in range(33)),
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
            features=" + ".join(f"1x(1,{m})" for m in range(1, 33)),
            largest=_LARGEST,
            mask=_MASKED,
            takes_winter=False,
        ),
    },
    references=_references,
    scores=(SNR,),
)
