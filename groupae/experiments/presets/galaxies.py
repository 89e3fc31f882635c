"""Presets for galaxies: O(2) turns and mirrors the whole picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from groupae.data import OrbitDataset
from groupae.data.turned_pictures import picture_action
from groupae.experiments.baselines import DataAction
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import OUR_TRAINING, ModelConfig, Preset
from groupae.experiments.presets.experiment import Experiment, picture_references
from groupae.experiments.presets.rivals import benchmark_rivals
from groupae.groups import O2
from groupae.protocols import Model

__all__ = ["GALAXIES"]

# 192 numbers; copies fall with the frequency, as the detail of a picture does. After one
# processor-minute 39.8 dB on the validation part; 39.3 dB with 92 numbers, 39.6 dB with 326
_FREQUENCIES = "16x0 + 4x0- + 14x1 + 13x2 + 12x3 + 10x4 + 9x5 + 8x6 + 7x7 + 5x8 + 4x9 + 3x10 + 1x11"

_DEFAULT = Preset(
    ModelConfig(
        backbone="residual",
        representation=_FREQUENCIES,
        objective={"log_mse": 1.0},
        colours=8,
    ),
    dataclasses.replace(OUR_TRAINING, batch_size=32, precision="bf16-products", ema_share=0.1),
)

# exact by construction; each pass of the network is two, of the picture and its mirror image
_EQUIVARIANT = _DEFAULT.replace(backbone="polar", widths=(64, 64), blocks=1, colours=0)

# up to 472 numbers, a third more copies than are found in pairs of small relative turns; colours
# turn alike, so more copies per frequency than in digits
_SMALL_STEPS = dataclasses.replace(
    _DEFAULT.replace(
        backbone="linear",
        representation="22x0 + 8x0- + 24x1 + 23x2 + 21x3 + 20x4 + 18x5 + 17x6 + 15x7 + 14x8 + 12x9"
        " + 10x10 + 8x11 + 7x12 + 6x13 + 4x14 + 4x15",
        colours=0,
    ),
    training=dataclasses.replace(_DEFAULT.training, start="closed-form"),
)


def _references(train: OrbitDataset) -> Mapping[str, Model]:
    oracle = DataAction(picture_action(O2()))
    return {"oracle: x1 itself moved": oracle, **picture_references(train)}


_LARGEST = (
    "48x0 + 12x0- + 20x1 + 18x2 + 16x3 + 14x4 + 12x5 + 11x6 + 10x7 + 8x8 + 7x9 + 6x10 + 5x11"
    " + 4x12 + 3x13 + 2x14 + 1x15"
)  # more copies than are found in plain codes

GALAXIES = Experiment(
    data=get_dataset("galaxies"),
    presets={
        "default": _DEFAULT,
        "equivariant": _EQUIVARIANT,
        "small-steps": _SMALL_STEPS,
        **benchmark_rivals(
            _DEFAULT,
            standard="24x0 + 8x0- + 80x1",
            features="1x0- + " + " + ".join(f"1x{k}" for k in range(1, 12)),
            largest=_LARGEST,
            mask="6x0- + 18x1 + 16x2 + 14x3 + 12x4 + 10x5 + 8x6 + 6x7 + 5x8",
            takes_winter=False,
        ),
    },
    references=_references,
)
