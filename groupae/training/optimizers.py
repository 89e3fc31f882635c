"""Optimisers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from groupae.training.config import TrainingConfig

__all__ = ["KernelMuon", "build_optimizers"]


def _as_matrix(weight: Tensor) -> Tensor:
    """Return a weight as (outputs, everything else); a view when memory is dense and ordered.

    A kernel in channels_last memory is read in that order: orthogonalisation does not mind.
    """
    if weight.ndim == 4 and not weight.is_contiguous():
        weight = weight.permute(0, 2, 3, 1)
    return weight.flatten(1)


class KernelMuon(torch.optim.Muon):
    """`torch.optim.Muon` for convolution kernels too, each read as a matrix.

    Args:
        weights: Parameters of two or more axes.
        lr: Learning rate, scaled so that updates have the size of AdamW's.
        weight_decay: Decoupled weight decay.

    References:
        Jordan et al., Muon, 2024; Liu et al., Muon is scalable for LLM training, 2025.
    """

    def __init__(self, weights: Iterable[nn.Parameter], *, lr: float, weight_decay: float) -> None:
        self._weights = list(weights)
        matrices = [nn.Parameter(_as_matrix(weight.detach())) for weight in self._weights]
        for weight, matrix in zip(self._weights, matrices, strict=True):
            assert weight.data_ptr() == matrix.data_ptr(), "an update must reach the weight"
        super().__init__(matrices, lr=lr, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update the weights from their gradients."""
        matrices = self.param_groups[0]["params"]
        for weight, matrix in zip(self._weights, matrices, strict=True):
            matrix.grad = None if weight.grad is None else _as_matrix(weight.grad)
        super().step(closure)  # type: ignore[no-untyped-call]
        return None

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of the weights and of their matrices."""
        del set_to_none
        for parameter in (*self._weights, *self.param_groups[0]["params"]):
            parameter.grad = None


def build_optimizers(model: nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
    """Return the optimisers of ``config.optimizer`` over the parameters that want a gradient."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "adam":
        return [torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, betas=(0.9, 0.99))]
    matrices = [p for p in parameters if p.ndim >= 2 and min(_as_matrix(p.detach()).shape) >= 16]
    chosen = {id(p) for p in matrices}
    rest = [p for p in parameters if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = []
    if matrices:
        optimizers.append(KernelMuon(matrices, lr=rate, weight_decay=decay))
    if rest:
        optimizers.append(torch.optim.AdamW(rest, lr=rate, weight_decay=0.0, betas=(0.9, 0.99)))
    return optimizers
