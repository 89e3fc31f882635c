"""Moving average of the weights of a model in training, over a number or a share of its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from groupae._validation import expected
from groupae.training.config import TrainingConfig
from groupae.training.state_dicts import put_back

__all__ = ["AveragedWeights"]


class AveragedWeights:
    """Copy of a model whose weights follow those of the model slowly.

    After each step ``average <- decay * average + (1 - decay) * weights``; the first step copies
    the weights. Buffers, such as the statistics of batch normalisation, are copied.

    A fixed decay remembers the untrained weights for ``3 / (1 - decay)`` steps or so, and is worse
    than no average until then. With a share, the decay is ``1 - 1 / (share * steps)``, and 0 until
    that is above it: an average over the last tenth of the steps so far, say, at any time.

    Args:
        model: The model in training.
        decay: Decay per step, in (0, 1).
        share: Length of the average as a share of the steps so far, in (0, 1); instead of a decay.

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

    References:
        Karras et al., Analyzing and improving the training dynamics of diffusion models, CVPR 2024,
        for averages whose length grows with the steps.
    """

    def __init__(self, model: nn.Module, decay: float = 0.0, *, share: float = 0.0) -> None:
        moved = _growing(share) if share else get_ema_multi_avg_fn(decay)
        try:
            self._averaged = AveragedModel(model, multi_avg_fn=moved)
        except Exception as error:  # whatever the __deepcopy__ of a user's module raises
            what = "a model that copy.deepcopy can copy, for an average of its weights"
            remedy = "leave the average out, or give the module that fails a __deepcopy__"
            raise TypeError(expected(type(model).__name__, what, error, remedy)) from error
        self._averaged.eval().requires_grad_(False)

    @classmethod
    def of(cls, model: nn.Module, config: TrainingConfig) -> AveragedWeights | None:
        """Return the average that a config asks for; ``None`` if it asks for none."""
        if not (config.ema or config.ema_share):
            return None
        return cls(model, config.ema, share=config.ema_share)

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


def _growing(share: float) -> Callable[[Any, Any, Tensor | int], None]:
    """Return the update of an average over a share of the steps."""

    def update(averages: Any, weights: Any, steps: Tensor | int) -> None:
        length = max(1.0, share * (int(steps) + 1))
        get_ema_multi_avg_fn(1 - 1 / length)(averages, weights, steps)

    return update
