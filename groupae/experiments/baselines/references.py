"""Honest references: what a table's figures mean without any learning."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from groupae.groups.matching import group_of
from groupae.models import Capabilities
from groupae.protocols import PairBatch

__all__ = ["DataAction", "MeanImage", "Unchanged"]


class _Untrained:
    """A reference has nothing to learn."""

    capabilities = Capabilities()

    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return no terms."""
        del batch
        return {}


class Unchanged(_Untrained):
    """Predict ``x`` itself, whatever g is."""

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return ``x``."""
        del g
        return x


class MeanImage(_Untrained):
    """Predict the mean of the training pictures.

    Args:
        pictures: Training pictures, shape ``(n, *x_shape)``.
    """

    def __init__(self, pictures: Tensor) -> None:
        self.mean = pictures.mean(0)

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the mean, once a picture."""
        del g
        return self.mean.expand_as(x)


class DataAction(_Untrained):
    """The oracle: move ``x`` itself by a known action on data (resampling it once more).

    Args:
        act: Function of ``(g, x)``.

    Attributes:
        group: The group of ``act``, where it is a method that knows it, else ``None``.
    """

    capabilities = Capabilities(needs_data_action=True)

    def __init__(self, act: Callable[[Tensor, Tensor], Tensor]) -> None:
        self.act = act
        self.group = group_of(act)

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return ``act(g, x)``."""
        with torch.no_grad():
            return self.act(g, x)
