"""Real handwritten digits, turned about the centre."""

from __future__ import annotations

from importlib import resources
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from groupae._validation import unknown_choice
from groupae.data.keys import keyed_generator
from groupae.data.pairs import OrbitPairs
from groupae.data.rotation import rotate
from groupae.groups import SO2

__all__ = ["RotatedDigits"]

_SPLITS = {"train": slice(0, 3500), "validation": slice(3500, 4000), "test": slice(4000, 5000)}
_SPLIT_SEED = 2024  # the split never changes; a run's seed moves only order and angles


def _embedded_digits() -> tuple[Tensor, Tensor]:
    asset = resources.files("groupae.data") / "assets" / "mnist5k.npz"
    with asset.open("rb") as stream, np.load(stream) as arrays:
        pictures = torch.from_numpy(arrays["x"]).float().div(255).unsqueeze(1)
        return pictures, torch.from_numpy(arrays["y"]).long()


class RotatedDigits(OrbitPairs):
    """Pairs of one digit at two angles, each uniform on the circle; SO(2) acts on the picture.

    5000 digits of MNIST are embedded: 4000 for training, of which 500 are kept for validation,
    and 1000 for testing, split once and for all. Pictures are ``(1, 28, 28)`` in [0, 1].

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        seed: Key of the order and the angles. Fixed pairs of the validation and test splits are
            meant to be compared, so leave it at 0 there.

    Example:
        >>> test = RotatedDigits("test")
        >>> len(test), test.fixed().x1.shape
        (1000, torch.Size([1000, 1, 28, 28]))
    """

    def __init__(self, split: Literal["train", "validation", "test"], *, seed: int = 0) -> None:
        if split not in _SPLITS:
            raise ValueError(unknown_choice("RotatedDigits", "split", split, _SPLITS))
        pictures, labels = _embedded_digits()
        order = torch.randperm(len(pictures), generator=keyed_generator(_SPLIT_SEED))
        part = order[_SPLITS[split]]
        super().__init__(pictures[part], SO2(), rotate, labels=labels[part], seed=seed)
        self.split = split
