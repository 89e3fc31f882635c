"""Training or evaluation mode of each part of a model, by which frozen parts stay frozen.

A part is frozen if it is in evaluation mode while the model is in training mode; it stays so, also
in later trainings. A part is also frozen if all its own weights are (``requires_grad`` false) and
it has statistics beside them, as batch normalisation does: they would drift in training mode.
"""

from __future__ import annotations

from torch import nn

from groupae.metrics.evaluated import set_modes

__all__ = ["TrainingModes"]

_FROZEN = "_groupae_frozen"
"""Mark of parts that were frozen at the start of a training, which ends in evaluation mode."""


class TrainingModes:
    """Mode of each part of a model during a training.

    Args:
        model: The model, in training mode, or in evaluation mode as after a training.

    Example:
        >>> model = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(3))
        >>> _ = model[1].eval()
        >>> TrainingModes(model).begin()
        >>> [part.training for part in model]
        [True, False]
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self._modes: dict[nn.Module, bool] = {}
        for part in model.modules():
            if part.training:
                vars(part).pop(_FROZEN, None)
            elif model.training:
                vars(part)[_FROZEN] = True  # an attribute, so that copies of the model have it
            self._modes[part] = _FROZEN not in vars(part) and not _has_frozen_statistics(part)

    def begin(self) -> None:
        """Put each part in its mode; an override of ``train()`` in the model is called first."""
        self.model.train()
        set_modes({part: part.training and mode for part, mode in self._modes.items()})

    def end(self) -> None:
        """Put the whole model in evaluation mode."""
        self.model.eval()


def _has_frozen_statistics(part: nn.Module) -> bool:
    weights = list(part.parameters(recurse=False))
    is_frozen = bool(weights) and not any(weight.requires_grad for weight in weights)
    return is_frozen and next(part.buffers(recurse=False), None) is not None
