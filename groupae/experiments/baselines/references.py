"""Untrained reference models, with which scores are compared."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from groupae.groups.matching import group_of
from groupae.models import Capabilities
from groupae.protocols import PairBatch

__all__ = ["DataAction", "MeanImage", "Unchanged"]


class _Untrained:
    """Base of models without weights."""

    capabilities = Capabilities()

    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return no terms."""
        del batch
        return {}


class Unchanged(_Untrained):
    """Model that predicts ``x`` itself for every g."""

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return ``x``."""
        del g
        return x


class MeanImage(_Untrained):
    """Model that predicts the mean of the training pictures.

    Args:
        pictures: Training pictures, shape ``(n, *x_shape)``.

    Example:
        >>> import torch
        >>> model = MeanImage(torch.stack([torch.zeros(1, 2, 2), torch.ones(1, 2, 2)]))
        >>> model.transform(torch.zeros(1), torch.zeros(1, 1, 2, 2)).unique()
        tensor([0.5000])
    """

    def __init__(self, pictures: Tensor) -> None:
        self.mean: Tensor = pictures.mean(0)

    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return the mean, once per picture."""
        del g
        return self.mean.expand_as(x)


class DataAction(_Untrained):
    """Oracle that moves ``x`` itself by a known action on data (resampled once more).

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
