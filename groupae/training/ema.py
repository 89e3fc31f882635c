"""Exponential moving average of the weights of a model in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from groupae._validation import expected
from groupae.training.state_dicts import put_back

__all__ = ["AveragedWeights"]


class AveragedWeights:
    """Copy of a model whose weights follow those of the model slowly.

    After each step ``average <- decay * average + (1 - decay) * weights``; the first step copies
    the weights. Buffers, such as the statistics of batch normalisation, are copied.

    Args:
        model: The model in training.
        decay: Decay per step, in (0, 1).

    Raises:
        TypeError: If the model cannot be copied.

    Example:
        >>> import torch
        >>> model = nn.Linear(1, 1, bias=False)
        >>> average = AveragedWeights(model, decay=0.75)
        >>> for value in (0.0, 1.0):
        ...     _ = nn.init.constant_(model.weight, value)
        ...     average.update(model)
        >>> average.module.weight.item()
        0.25
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        try:
            self._averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
        except Exception as error:  # whatever the __deepcopy__ of a user's module raises
            what = "a model that copy.deepcopy can copy, for an average of its weights"
            remedy = "leave ema out, or give the module that fails a __deepcopy__"
            raise TypeError(expected(type(model).__name__, what, error, remedy)) from error
        self._averaged.eval().requires_grad_(False)

    @property
    def module(self) -> nn.Module:
        """The copy of the model, in evaluation mode."""
        return self._averaged.module

    def update(self, model: nn.Module) -> None:
        """Move the average towards the weights of a model."""
        self._averaged.update_parameters(model)

    def state_dict(self) -> dict[str, Any]:
        """Return the averaged weights and the number of updates."""
        return self._averaged.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore an earlier state."""
        put_back(self._averaged, state)
