"""Optimisers by name, Muon among them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.training.config import TrainingConfig

__all__ = ["Muon", "build_optimizers", "orthogonalise"]

_QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan et al.: singular values reach about 0.7..1.2


def orthogonalise(matrix: Tensor, *, iterations: int = 5) -> Tensor:
    """Return ``U V^T`` of ``matrix = U S V^T`` approximately: all singular values near 1.

    The Newton-Schulz steps ``X <- (a + b X X^T + c (X X^T)^2) X`` are polynomials in one Gram
    matrix and commute, so their product is taken there: only two products have the long side.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    gram = x @ x.T
    eye = torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    product = eye
    a, b, c = _QUINTIC
    for _ in range(iterations):
        step = a * eye + b * gram + c * (gram @ gram)
        product = step @ product
        gram = step @ gram @ step
    x = torch.matmul(product, x)
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Optimiser with orthogonalised momentum, for weights of two or more axes.

    A convolution kernel counts as the matrix (outputs, all other axes). An update has the root mean
    square of AdamW's, so learning rates are of that order. `torch.optim.Muon` is not used, because
    it takes no kernels and computes in bfloat16, which costs 400 ms per step instead of 10 on
    processors without instructions for it.

    Args:
        weights: Parameters of two or more axes.
        lr: Learning rate.
        momentum: Decay of the running mean of gradients, with Nesterov's look-ahead.
        weight_decay: Decoupled weight decay.

    Raises:
        ShapeError: If a parameter has fewer than two axes.

    References:
        Jordan et al., Muon, 2024; Liu et al., Muon is scalable for LLM training, 2025 (the scale).
    """

    def __init__(
        self,
        weights: Iterable[nn.Parameter],
        *,
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.ndim < 2:
                    got, remedy = tuple(weight.shape), "give gains and biases to AdamW"
                    raise ShapeError(expected("Muon", "weights of two or more axes", got, remedy))

    @torch.no_grad()
    @override
    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Update the weights from their gradients."""
        assert closure is None, "the loop computes the loss"
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    self._update(weight, group["lr"], group["momentum"], group["weight_decay"])

    def _update(self, weight: Tensor, lr: float, momentum: float, weight_decay: float) -> None:
        assert weight.grad is not None
        state = self.state[weight]
        if "average" not in state:
            state["average"] = torch.zeros_like(weight)
        average = state["average"].lerp_(weight.grad, 1 - momentum)
        update = orthogonalise(weight.grad.lerp(average, momentum).flatten(1))
        weight.mul_(1 - lr * weight_decay)
        weight.add_(update.reshape(weight.shape), alpha=-0.2 * lr * max(update.shape) ** 0.5)


def build_optimizers(model: nn.Module, config: TrainingConfig) -> list[torch.optim.Optimizer]:
    """Return the optimisers of ``config.optimizer`` for the parameters that require a gradient.

    Muon takes matrices and kernels with both sides of 16 or more, AdamW all others.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "adam":
        return [torch.optim.AdamW(parameters, lr=rate, weight_decay=decay, betas=(0.9, 0.99))]
    matrices = [p for p in parameters if p.ndim >= 2 and min(len(p), p[0].numel()) >= 16]
    chosen = {id(p) for p in matrices}
    rest = [p for p in parameters if id(p) not in chosen]
    optimizers: list[torch.optim.Optimizer] = []
    if matrices:
        optimizers.append(Muon(matrices, lr=rate, weight_decay=decay))
    if rest:
        optimizers.append(torch.optim.AdamW(rest, lr=rate, weight_decay=0.0, betas=(0.9, 0.99)))
    return optimizers
