r"""Errors relative to chance: the error of pairs of different items of the same data.

A code that has collapsed to one point has no error, and no spread either. All scores of codes here
are therefore quotients: an error over the same error of pairs that do not belong together. They are
0 for a perfect code and 1 at chance. Where the denominator is no more than rounding, nothing tells
the items apart, and the quotient is 1 by definition.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions.codes import named

__all__ = ["chance_error", "check_rows", "code_rows", "relative_to_chance"]

_ROUNDING = 64  # multiple of eps up to which numbers count as equal, as in `Group.equal`


def code_rows(z: Any) -> Tensor:
    """Return a code as one vector per item, named parts in alphabetic order.

    Integer parts, such as elements of a finite group, count by their value.

    Args:
        z: Code, shape ``(n, ...)``, or a dict of parts.

    Returns:
        Shape ``(n, size)``, at least float32.

    Example:
        >>> code_rows({"pose": torch.zeros(3, 4), "class": torch.zeros(3)}).shape
        torch.Size([3, 5])
    """
    parts = [part for _, part in sorted(named(z).items())]
    for part in parts:
        if not isinstance(part, Tensor) or part.is_complex() or part.ndim == 0:
            got = str(part.dtype) if isinstance(part, Tensor) else type(part).__name__
            raise TypeError(expected("code_rows", "codes as real tensors (n, ...)", got))
    joined = torch.cat([part.unsqueeze(-1).flatten(1) for part in parts], 1)
    return joined.to(torch.promote_types(joined.dtype, torch.float32))


def check_rows(owner: object, *rows: Tensor, fewest: int = 2) -> None:
    """Raise `ShapeError` unless all are rows of one shape, of at least so many items."""
    shapes = [tuple(part.shape) for part in rows]
    if len(set(shapes)) > 1:
        got = " and ".join(map(str, shapes))
        raise ShapeError(expected(owner, "codes of pairs, of one shape (n, ...)", f"{got} flat"))
    if shapes[0][0] < fewest:
        remedy = "chance is the error of pairs of different items"
        raise ShapeError(expected(owner, f"at least {fewest} items", shapes[0][0], remedy))


def chance_error(x: Tensor, y: Tensor) -> Tensor:
    r"""Return the mean squared distance of rows of different items.

    .. math:: \frac{1}{n (n - 1)} \sum_{i \ne j} |x_i - y_j|^2

    It is computed from sums, without the matrix of distances.

    Args:
        x: Rows, shape ``(n, size)``.
        y: Rows of the same items, same shape.

    Returns:
        A number, float64.

    Example:
        >>> x = torch.tensor([[0.0], [2.0]])
        >>> chance_error(x, x)
        tensor(4., dtype=torch.float64)
    """
    check_rows("chance_error", x, y)
    n = len(x)
    x, y = x.double(), y.double()
    centre = (x.mean(0) + y.mean(0)) / 2
    x, y = x - centre, y - centre
    every = n * (x.square().sum() + y.square().sum()) - 2 * x.sum(0) @ y.sum(0)
    return ((every - (x - y).square().sum()) / (n * (n - 1))).clamp(min=0)


def relative_to_chance(error: Tensor, chance: Tensor, size: Tensor) -> Tensor:
    """Return squared errors over those of chance, 1 where chance itself is rounding.

    Args:
        error: Squared error per item, shape ``(n,)``.
        chance: Mean squared error of chance, one number.
        size: Mean square of the rows, which tells how large rounding is.

    Returns:
        Shape ``(n,)``, in the dtype of ``error``.

    Example:
        >>> relative_to_chance(torch.tensor([0.0, 1.0]), torch.tensor(2.0), torch.tensor(1.0))
        tensor([0.0000, 0.5000])
    """
    rounding = (_ROUNDING * torch.finfo(error.dtype).eps) ** 2 * size
    if bool(chance <= rounding):  # false for NaN, which is passed on
        return torch.ones_like(error)
    return (error.double() / chance).to(error.dtype)
