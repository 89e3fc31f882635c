"""Consistency of a decoder with an action: codes of one picture stay codes of one picture."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction

__all__ = ["consistency_gap", "consistency_ratio", "picture_distance"]


def consistency_ratio(x1: Tensor, x2: Tensor, y1: Tensor, y2: Tensor) -> Tensor:
    r"""Return the factor by which an element increases the distance between two pictures.

    .. math:: |D(g z) - D(g z')| / |D(z) - D(z')|

    With :math:`z' = E(D(z))`, the code that the model gives its own reconstruction, it tells
    whether a prediction depends on more than the picture shows. It is a lower bound of
    `consistency_gap`, at the cost of two more decodings.

    Args:
        x1: Pictures ``D(z)``, shape ``(n, ...)``.
        x2: Pictures ``D(z')``, same shape.
        y1: Pictures ``D(g z)``, same shape.
        y2: Pictures ``D(g z')``, same shape.

    Returns:
        Shape ``(n,)``: 0 where both pictures stay equal, 1 if the group acts on pictures by
        isometries, infinite where two codes give one picture and then two.

    Raises:
        ShapeError: If shapes differ.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, Def. 4.1.

    Example:
        >>> x, y = torch.zeros(1, 4), torch.ones(1, 4)
        >>> consistency_ratio(x, y, x, 3 * y)
        tensor([3.])
    """
    shapes = {part.shape for part in (x1, x2, y1, y2)}
    if len(shapes) > 1:
        got = " and ".join(str(tuple(part.shape)) for part in (x1, x2, y1, y2))
        raise ShapeError(expected("consistency_ratio", "four pictures of one shape", got))
    apart = picture_distance(y1, y2)
    return torch.where(apart == 0, 0.0, apart / picture_distance(x1, x2))


def picture_distance(x: Tensor, y: Tensor) -> Tensor:
    """Return the Euclidean distance of each datum from another, shape ``(n,)``."""
    length: Tensor = torch.linalg.vector_norm((x - y).flatten(1), dim=1)
    return length


def consistency_gap(
    decode: Callable[[Tensor], Tensor],
    action: LatentAction[Tensor],
    z: Tensor,
    gs: Tensor,
    *,
    start: Tensor | None = None,
    steps: int = 100,
    learning_rate: float = 0.03,
) -> Tensor:
    r"""Return the largest factor by which an element increases the distance between two pictures.

    .. math:: \max_{z', g} \frac{|D(g z) - D(g z')|}{|D(z) - D(z')|}

    by gradient ascent over z'. For an action on data by isometries it is 1; it is infinite where
    two codes give one picture, and two pictures under some element (Def. 4.1 fails).

    Args:
        decode: D, from ``(n, ...)`` codes to data.
        action: The latent action.
        z: Codes, shape ``(n, ...)``.
        gs: Elements tried, shape ``(m, *element_shape)``.
        start: Where z' starts; near z unless given.
        steps: Steps of Adam; 0 evaluates ``start`` as it is.
        learning_rate: Learning rate of Adam.

    Returns:
        The largest ratio found, shape ``(n,)``; at least that of ``start``.
    """
    if not isinstance(z, Tensor) or not len(gs):
        got = f"{type(z).__name__} and {counted(len(gs), 'element')}"
        raise TypeError(expected("consistency_gap", "codes as one tensor, some elements", got))
    generator = torch.Generator().manual_seed(0)
    near = z + 0.1 * torch.randn(z.shape, generator=generator, dtype=z.dtype).to(z.device)
    other = (near if start is None else start).detach().clone().requires_grad_()
    optimiser = torch.optim.Adam([other], lr=learning_rate)
    best = torch.zeros(len(z), dtype=z.dtype, device=z.device)
    with torch.enable_grad():
        for step in range(steps + 1):
            ratio, value = _gap(decode, action, z, other, gs)
            best = torch.maximum(best, ratio.detach())
            if step == steps or bool(best.isinf().all()):
                break
            (slope,) = torch.autograd.grad(value.sum(), other)  # not the decoder's parameters
            other.grad = -slope
            optimiser.step()
    return best


def _gap(
    decode: Callable[[Tensor], Tensor],
    action: LatentAction[Tensor],
    z: Tensor,
    other: Tensor,
    gs: Tensor,
) -> tuple[Tensor, Tensor]:
    """Return the ratio of distances after and before the worst element, and its logarithm."""
    apart = torch.stack(
        [picture_distance(*_decoded(decode, action, g, z, other)) for g in gs]
    ).amax(0)
    together = picture_distance(decode(z), decode(other))
    tiny = torch.finfo(z.dtype).tiny
    ratio = torch.where(apart == 0, 0.0, apart / together)
    return ratio, apart.clamp(min=tiny).log() - together.clamp(min=tiny).log()


def _decoded(
    decode: Callable[[Tensor], Tensor],
    action: LatentAction[Tensor],
    g: Tensor,
    z: Tensor,
    w: Tensor,
) -> tuple[Tensor, Tensor]:
    elements = g.expand(len(z), *g.shape)
    return decode(action(elements, z)), decode(action(elements, w))
