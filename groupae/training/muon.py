"""Muon: momentum whose singular values are brought near 1, for matrices and kernels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.training.fast_products import fast_products
from groupae.training.uncompiled import Uncompiled

__all__ = ["Muon", "orthogonalise"]

_QUINTIC = (3.4445, -4.7750, 2.0315)  # Jordan et al.: singular values reach about 0.7..1.2
_SMALLEST = 1e-7  # added to norms, so that a gradient of zero gives an update of zero
_WIDE = 64  # from this side on, products outweigh the calls of another library


def orthogonalise(matrix: Tensor, *, iterations: int = 5) -> Tensor:
    """Return ``U V^T`` of ``matrix = U S V^T`` approximately: all singular values near 1.

    The Newton-Schulz steps ``X <- (a + b X X^T + c (X X^T)^2) X`` are polynomials in one Gram
    matrix and commute, so their product is taken there: only two products have the long side.

    Args:
        matrix: Matrices, shape ``(*batch, m, n)``.
        iterations: Number of Newton-Schulz steps.

    Example:
        >>> matrix = torch.diag(torch.tensor([3.0, 1.0, 0.5]))
        >>> [round(value, 2) for value in orthogonalise(matrix).diagonal().tolist()]
        [0.75, 1.13, 1.0]
    """
    if matrix.shape[-2] > matrix.shape[-1]:
        return orthogonalise(matrix.mT, iterations=iterations).mT
    gram = matrix @ matrix.mT
    root = _inverse_root(gram.reshape(-1, *gram.shape[-2:]), iterations)
    return root.reshape(gram.shape) @ matrix


def _inverse_root(gram: Tensor, iterations: int = 5) -> Tensor:
    """Return the product of the Newton-Schulz steps for Gram matrices ``(n, d, d)``.

    It is near ``gram^(-1/2)``: times the matrix, it gives singular values near 1.
    """
    norm = gram.diagonal(dim1=1, dim2=2).sum(1).sqrt().add_(_SMALLEST)[:, None, None]
    gram = gram / norm.square()
    a, b, c = _QUINTIC
    product: Tensor | None = None
    for i in range(iterations):
        step = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        step.diagonal(dim1=1, dim2=2).add_(a)
        product = step if product is None else torch.bmm(step, product)
        if i < iterations - 1:
            gram = torch.bmm(torch.bmm(step, gram), step)
    return 1 / norm * (torch.eye(gram.shape[-1]).to(gram) if product is None else product)


class _Direction:
    """Look-ahead of the momentum of one weight, as a matrix.

    The order of columns has no effect on the Gram matrix of the rows, so it is that of memory:
    kernels with channels innermost need no copy.

    Args:
        weight: The weight.
        ahead: The look-ahead, of the same shape.

    Attributes:
        matrix: The look-ahead as a matrix.
        is_tall: Whether it has more rows than columns.
    """

    def __init__(self, weight: Tensor, ahead: Tensor) -> None:
        strides = weight.stride()
        axes = (0, *sorted(range(1, weight.ndim), key=lambda axis: -strides[axis]))
        self._weight = weight.permute(axes)
        self.matrix = ahead.permute(axes).flatten(1)
        self.is_tall = self.matrix.shape[0] > self.matrix.shape[1]

    @property
    def key(self) -> tuple[int, torch.dtype, torch.device]:
        """Shorter side, dtype and device, which are equal for those of one batch."""
        return min(self.matrix.shape), self.matrix.dtype, self.matrix.device

    @property
    def gram(self) -> Tensor:
        """Gram matrix of the shorter side."""
        return self.matrix.T @ self.matrix if self.is_tall else self.matrix @ self.matrix.T

    def apply(self, root: Tensor, *, rate: float, kept: float) -> None:
        """Scale the weight by ``kept``, and move it against the orthogonalised look-ahead."""
        factors = (self.matrix, root) if self.is_tall else (root, self.matrix)
        weight = self._weight.flatten(1)
        weight.addmm_(*factors, beta=kept, alpha=-rate * max(weight.shape) ** 0.5)
        if weight.data_ptr() != self._weight.data_ptr():  # memory in an order of no matrix
            self._weight.copy_(weight.reshape(self._weight.shape))


class Muon(Uncompiled):
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

    Example:
        >>> layer = nn.Linear(32, 16)
        >>> optimizer = Muon([layer.weight], lr=0.01)
        >>> layer(torch.ones(1, 32)).sum().backward()
        >>> optimizer.step()
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
        """Update the weights from their gradients.

        Weights with the same shorter side are orthogonalised together.
        """
        assert closure is None, "the loop computes the loss"
        for group in self.param_groups:
            batches: dict[Any, list[_Direction]] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    direction = _Direction(weight, self._look_ahead(weight, group["momentum"]))
                    batches.setdefault(direction.key, []).append(direction)
            rate, kept = 0.2 * group["lr"], 1 - group["lr"] * group["weight_decay"]
            for (side, *_), batch in batches.items():
                with fast_products() if side >= _WIDE else contextlib.nullcontext():
                    roots = _inverse_root(torch.stack([direction.gram for direction in batch]))
                    for direction, root in zip(batch, roots, strict=True):
                        direction.apply(root, rate=rate, kept=kept)

    def _look_ahead(self, weight: Tensor, momentum: float) -> Tensor:
        """Move the running mean of the gradients of a weight; return Nesterov's look-ahead."""
        assert weight.grad is not None
        state = self.state[weight]
        if "average" not in state:
            state["average"] = torch.zeros_like(weight)
        elif state["average"].stride() != weight.stride():  # read from a file
            state["average"] = torch.empty_like(weight).copy_(state["average"])
        average: Tensor = state["average"].lerp_(weight.grad, 1 - momentum)
        return average.lerp(weight.grad, 1 - momentum)
