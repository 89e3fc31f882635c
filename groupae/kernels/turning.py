"""Planes turned by angles: what rotations at integer frequencies come to.

Convention: a block of copies of the plane is stored ``(2, copies)``, so turning it takes two
products and two sums of whole rows; terms of equal size that stand side by side are turned at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from groupae.kernels.block_product import join_blocks, matmul, split_blocks
from groupae.kernels.compiled import library
from groupae.kernels.dispatch import (
    computes_compiled,
    is_derived,
    multiplies_in_numpy,
    uses_fast_path,
)

__all__ = ["turn_blocks", "turn_matrix", "turn_vectors", "wrap_angle"]


def wrap_angle(theta: Tensor) -> Tensor:
    """Return the angle in [-pi, pi] with the same cosine and sine."""
    # with an axis: torch.func.jacfwd makes the tangent of a float32 scalar times a number float64
    turns = torch.round(theta[..., None] / (2 * math.pi))
    return theta - (2 * math.pi * turns)[..., 0]


def turn_matrix(cosine: Tensor, sine: Tensor) -> Tensor:
    """Return ``[[c, -s], [s, c]]``, shape ``(*batch, 2, 2)``."""
    return torch.unflatten(torch.stack([cosine, -sine, sine, cosine], -1), -1, (2, 2))


def turn_blocks(cosine: Tensor, sine: Tensor, block: Tensor) -> Tensor:
    """Turn copies of the plane ``(*batch, 2, m)`` by angles given by ``(*batch,)``."""
    u, v = block.unbind(-2)
    c, s = cosine[..., None], sine[..., None]
    return torch.stack([c * u - s * v, s * u + c * v], -2)


def turn_vectors(
    cosine: Tensor, sine: Tensor, x: Tensor, dims: Sequence[int], copies: Sequence[int]
) -> Tensor:
    """Return vectors whose terms are turned, each by its angle; lines are multiplied by the cosine.

    Args:
        cosine: Shape ``(*batch, terms)``.
        sine: The same.
        x: Vectors, shape ``(*batch, sum of d copies, m)``, with as many batch axes; they broadcast.
        dims: 1 or 2 for each term.
        copies: Of each term.

    Returns:
        Shape ``(*batch, sum of d copies, m)``.

    Example:
        >>> quarter = torch.tensor([0.0]), torch.tensor([1.0])
        >>> turn_vectors(*quarter, torch.tensor([[1.0], [2.0]]), [2], [1])[:, 0].tolist()
        [-2.0, 1.0]
    """
    if uses_fast_path(cosine, sine, x):
        turn: Callable[..., Tensor] = _Turn.apply if is_derived(cosine, sine, x) else _turn
        return turn(tuple(dims), tuple(copies), cosine, sine, x)
    blocks = split_blocks(x, dims, copies)
    return join_blocks(
        [
            turn_blocks(cosine[..., i], sine[..., i], block)
            if dim == 2
            else cosine[..., i, None, None] * block
            for i, (dim, block) in enumerate(zip(dims, blocks, strict=True))
        ],
        copies,
        x.shape[-1],
    )


def _runs(dims: Sequence[int], copies: Sequence[int]) -> Iterator[tuple[slice, slice, int, int]]:
    """Yield terms side by side of one size: their places, their entries, size and copies."""
    place = entry = 0
    for (d, c), terms in itertools.groupby(zip(dims, copies, strict=True)):
        count = len(list(terms))
        end = entry + count * d * c
        yield slice(place, place + count), slice(entry, end), d, c
        place, entry = place + count, end


def _turn(
    dims: tuple[int, ...], copies: tuple[int, ...], cosine: Tensor, sine: Tensor, x: Tensor
) -> Tensor:
    """Return `turn_vectors`, written into memory of its own."""
    batch, m, x = x.shape[:-2], x.shape[-1], x.contiguous()
    is_alike = cosine.shape[:-1] == batch
    if not is_alike:
        batch = torch.broadcast_shapes(cosine.shape[:-1], batch)
    out = x.new_empty(*batch, *x.shape[-2:])
    if is_alike and computes_compiled(cosine, sine, x):
        n, widths = math.prod(batch), tuple(c * m for c in copies)
        c, s = (t.reshape(n, len(dims)).contiguous() for t in (cosine, sine))
        library.turn(c, s, dims, widths, x, out)
        return out
    for terms, entries, d, copies_ in _runs(dims, copies):
        size = (cosine[..., terms].shape[-1], d, copies_ * m)
        block, target = (t[..., entries, :].view(*t.shape[:-2], *size) for t in (x, out))
        c, s = cosine[..., terms], sine[..., terms]
        if d == 1:
            torch.mul(block, c[..., None, None], out=target)
        elif multiplies_in_numpy(x):
            matmul(_turn_array(c, s), block.detach().numpy(), target.numpy())
        else:
            (u, v), (first, second) = block.unbind(-2), target.unbind(-2)
            c, s = c[..., None], s[..., None]
            torch.mul(u, c, out=first).addcmul_(v, s, value=-1)
            torch.mul(v, c, out=second).addcmul_(u, s)
    return out


class _Turn(torch.autograd.Function):
    """`turn_vectors`: linear in phases and vectors, so its gradient is made of itself."""

    @staticmethod
    @override
    def forward(ctx: Any, dims: Any, copies: Any, *tensors: Tensor) -> Tensor:
        ctx.dims, ctx.copies = dims, copies
        ctx.save_for_backward(*tensors)
        return _turn(dims, copies, *tensors)

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor) -> Any:
        cosine, sine, x = ctx.saved_tensors
        of_cosine = of_sine = of_x = None
        if ctx.needs_input_grad[4]:
            of_x = turn_vectors(cosine, -sine, grad, ctx.dims, ctx.copies).sum_to_size(x.shape)
        if ctx.needs_input_grad[2] or ctx.needs_input_grad[3]:
            blocks = split_blocks(x, ctx.dims, ctx.copies)
            grads = split_blocks(grad, ctx.dims, ctx.copies)
            pairs = [(g * b, g, b) for g, b in zip(grads, blocks, strict=True)]
            along = torch.stack([product.sum((-2, -1)) for product, _, _ in pairs], -1)
            across = torch.stack([_across(g, b) for _, g, b in pairs], -1)
            of_cosine, of_sine = along.sum_to_size(cosine.shape), across.sum_to_size(sine.shape)
        return None, None, of_cosine, of_sine, of_x


def _turn_array(cosine: Tensor, sine: Tensor) -> NDArray[Any]:
    """Do the same as `turn_matrix` in numpy, without the copies of a stack."""
    matrices: NDArray[Any] = cosine.new_empty(*cosine.shape, 2, 2).numpy()
    matrices[..., 0, 0] = matrices[..., 1, 1] = cosine.detach().numpy()
    matrices[..., 1, 0] = sine.detach().numpy()
    np.negative(matrices[..., 1, 0], out=matrices[..., 0, 1])
    return matrices


def _across(grad: Tensor, block: Tensor) -> Tensor:
    """Return ``sum grad_1 x_0 - grad_0 x_1`` over copies, shape ``(*batch,)``; 0 on lines."""
    if block.shape[-2] == 1:
        return (grad * block).sum((-2, -1)) * 0
    return (grad[..., 1, :] * block[..., 0, :] - grad[..., 0, :] * block[..., 1, :]).sum(-1)
