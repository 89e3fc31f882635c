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

# 48 terms of the Fourier series reach 36 dB
_REPRESENTATION = "16x0 + " + " + ".join(f"1x{k}" for k in range(1, 49))


def _references(train: OrbitDataset) -> Mapping[str, Transforms]:
    del train
    return {"oracle: x1 moved itself": DataAction(shift_phase), "x1 unchanged": Unchanged()}


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

# exact by construction: a shift of the samples is a shift of the network's features
_EQUIVARIANT = _DEFAULT.replace(backbone="circular", widths=(32, 32), blocks=1, linear_path=False)

LEAVES = Experiment(
    data=get_dataset("leaves"),
    presets={
        "default": _DEFAULT,
        "equivariant": _EQUIVARIANT,
        **benchmark_rivals(
            _DEFAULT,
            standard="16x0 + 48x1",
            features=" + ".join(f"1x{k}" for k in range(1, 49)),
            largest=" + ".join(f"{32 if k == 0 else 4 if k <= 24 else 2}x{k}" for k in range(49)),
            mask=" + ".join(f"{2 if k <= 16 else 1}x{k}" for k in range(1, 49)),
            takes_winter=True,
            winter_widths=(32, 64, 64),
        ),
    },
    references=_references,
    scores=(SNR,),
)
