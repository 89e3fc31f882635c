"""Checks of the generators and discrete elements of a matrix Lie group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.groups.constants import Constant

__all__ = ["Matrices", "check_independent", "check_normalising", "commutators", "stack_matrices"]

Matrices = Tensor | Constant | Sequence[Any]
"""Square matrices: one tensor, a list of tensors, or nested lists."""

_OWNER = "MatrixLieGroup"
_TOLERANCE = 1e-6  # relative: generators may have been given in float32


def stack_matrices(name: str, values: Matrices, n: int | None = None) -> Tensor:
    """Return float64 matrices of shape ``(k, n, n)``.

    Args:
        name: Name of the argument, for errors.
        values: The matrices.
        n: Size of the matrices, if it is known; then there may be none.

    Raises:
        ShapeError: If they are not square, or not of size ``n``.
        ValueError: If a number is not finite, or there are none.
    """
    if isinstance(values, Constant):
        values = values.values
    try:
        if not isinstance(values, Tensor) and any(isinstance(x, Tensor) for x in values):
            values = torch.stack([torch.as_tensor(x) for x in values])
        stack = torch.as_tensor(values).detach().cpu()
        if stack.is_complex():
            raise TypeError("complex numbers; write A + iB as [[A, -B], [B, A]]")
        stack = torch.as_tensor(values, dtype=torch.float64).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        what = f"{name} of shape (k, n, n), as a tensor or nested lists"
        raise ShapeError(expected(_OWNER, what, f"{type(values).__name__} ({error})")) from error
    if stack.shape[:1] == (0,):
        if n is not None:
            return stack.new_zeros(0, n, n)
        remedy = "a group without generators is FiniteGroup.from_matrices"
        raise ValueError(expected(_OWNER, "at least one generator", "none", remedy))
    size = "n" if n is None else str(n)
    if (
        stack.ndim != 3
        or stack.shape[1] != stack.shape[2]
        or stack.shape[2] != (n or len(stack[0]))
    ):
        what = f"{name} of shape (k, {size}, {size})"
        raise ShapeError(expected(_OWNER, what, tuple(stack.shape)))
    if not bool(stack.isfinite().all()):
        raise ValueError(expected(_OWNER, f"finite numbers in {name}", "NaN or infinity"))
    return stack


def check_independent(generators: Tensor) -> None:
    """Raise `ValueError` unless the generators are linearly independent."""
    flat = generators.flatten(1)
    flat = flat / flat.norm(dim=1, keepdim=True).clamp(min=1e-300)
    rank = int(torch.linalg.matrix_rank(flat, rtol=_TOLERANCE))
    if rank < len(generators):
        got = f"{len(generators)} that span {rank} dimensions"
        raise ValueError(expected(_OWNER, "linearly independent generators", got, "leave some out"))


def _off_span(x: Tensor, generators: Tensor) -> tuple[Tensor, Tensor]:
    """Return coordinates ``(*, k)`` of matrices, and the norm of the part outside the span."""
    basis = generators.flatten(1)
    coordinates = x.flatten(-2) @ torch.linalg.pinv(basis)
    return coordinates, (x.flatten(-2) - coordinates @ basis).norm(dim=-1)


def commutators(generators: Tensor) -> Tensor:
    """Return the structure constants: coordinates of all commutators, shape ``(k, k, k)``.

    Raises:
        ValueError: If the generators do not close; the message names the worst pair.
    """
    a, b = generators[:, None], generators[None, :]
    coordinates, outside = _off_span(a @ b - b @ a, generators)
    size = generators.flatten(1).norm(dim=1)
    relative = outside / (size[:, None] * size[None, :])
    worst = int(relative.argmax())
    i, j = divmod(worst, len(generators))
    if relative[i, j] > _TOLERANCE:
        got = (
            f"generators that do not close: [A_{i}, A_{j}] has a part of size "
            f"{float(outside[i, j]):.3g} outside their span"
        )
        what = "generators that close under commutators"
        raise ValueError(expected(_OWNER, what, got, "add that part to the generators"))
    return coordinates


def check_normalising(discrete: Tensor, generators: Tensor) -> None:
    """Raise `ValueError` unless conjugation by each discrete element keeps the span."""
    for i, d in enumerate(discrete):
        if int(torch.linalg.matrix_rank(d)) < len(d):
            what = "invertible discrete elements"
            raise ValueError(expected(_OWNER, what, f"a singular matrix, number {i}"))
        moved = d @ generators @ torch.linalg.inv(d)
        _, outside = _off_span(moved, generators)
        relative = outside / moved.flatten(1).norm(dim=1)
        j = int(relative.argmax())
        if relative[j] > _TOLERANCE:
            got = (
                f"number {i}, which takes A_{j} to a matrix with a part of size "
                f"{float(outside[j]):.3g} outside the span"
            )
            raise ValueError(expected(_OWNER, "discrete elements that normalise the algebra", got))
