"""Error of swaps whose truth is known."""

from __future__ import annotations

from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.metrics.chance import relative_to_chance

__all__ = ["swap_error"]


def swap_error(swapped: Tensor, x: Tensor, y: Tensor, truth: Tensor) -> Tensor:
    r"""Return the squared error of swaps over that of the nearer datum left unchanged.

    .. math::
        \epsilon_i = |s_i - t_i|^2 / \mathrm{E}_j \min(|x_j - t_j|^2, |y_j - t_j|^2)

    Args:
        swapped: Swaps, such as ``model.swap(x, y)``, shape ``(n, ...)``.
        x: Data that give the invariant part, same shape.
        y: Data that give the varying part, same shape.
        truth: Correct results, same shape.

    Returns:
        Shape ``(n,)``: 0 is perfect, 1 is no better than no swap; unbounded. 1 also where each
        truth is x or y itself, so that there is nothing to be better than.

    Raises:
        ShapeError: If shapes differ or there are no data.

    Example:
        >>> import torch
        >>> x, y = torch.zeros(2, 4), torch.ones(2, 4)
        >>> truth = torch.tensor([0.0, 0.0, 0.0, 1.0]).expand(2, 4)
        >>> swap_error(x, x, y, truth)  # x is nearer
        tensor([1., 1.])
    """
    shapes = {part.shape for part in (swapped, x, y, truth)}
    if len(shapes) > 1 or not len(x):
        got = " and ".join(str(tuple(part.shape)) for part in (swapped, x, y, truth))
        raise ShapeError(expected("swap_error", "swaps, data and truth of one shape", got))
    error, from_x, from_y = ((part - truth).flatten(1).square().sum(1) for part in (swapped, x, y))
    chance = from_x.double().minimum(from_y.double()).mean()
    return relative_to_chance(error, chance, truth.double().square().flatten(1).sum(1).mean())
