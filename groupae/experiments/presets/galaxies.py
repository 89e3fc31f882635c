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
from groupae.groups import O2
from groupae.protocols import Model

__all__ = ["GALAXIES"]

# 192 numbers; copies fall with the frequency, as the detail of a picture does
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


def _references(train: OrbitDataset) -> Mapping[str, Model]:
    oracle = DataAction(picture_action(O2()))
    return {"oracle: x1 itself moved": oracle, **picture_references(train)}


GALAXIES = Experiment(
    data=get_dataset("galaxies"),
    presets={
        "default": _DEFAULT,
        "equivariant": _EQUIVARIANT,
    },
    references=_references,
)
