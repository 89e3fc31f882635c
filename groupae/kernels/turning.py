r"""Rotation of planes by angles, the action of SO(2) at integer frequencies.

Convention: a block of copies of the plane is stored ``(2, copies)``, so turning it takes two
products and two sums of whole rows; terms of equal size that stand side by side are turned at once.

Along its angle a plane ``y`` changes by ``J y``, where J is a quarter turn. So with the gradient
``G`` to ``y``, that to the angle is :math:`\langle G, J y \rangle`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import Self, override

from groupae.kernels.block_product import join_blocks, matmul, split_blocks
from groupae.kernels.compiled import library
from groupae.kernels.dispatch import (
    HALF_DTYPES,
    computes_compiled,
    full_precision,
    gathers_planes,
    is_derived,
    multiplies_in_numpy,
    needs_gradient,
    uses_fast_path,
)

_Sizes = tuple[tuple[int, ...], tuple[int, ...]]  # degree and multiplicity of each term

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


def turn_vectors(angles: Tensor, x: Tensor, dims: Sequence[int], copies: Sequence[int]) -> Tensor:
    """Return vectors whose terms are turned, each by its angle; lines are multiplied by its cosine.

    Args:
        angles: Shape ``(*batch, terms)``.
        x: Vectors, shape ``(*batch, sum of d copies, m)``, with as many batch axes; they broadcast.
        dims: Degree of each term, 1 or 2.
        copies: Multiplicity of each term.

    Returns:
        Shape ``(*batch, sum of d copies, m)``, dtype of ``x``.

    Example:
        >>> quarter = torch.tensor([torch.pi / 2])
        >>> turn_vectors(quarter, torch.tensor([[1.0], [2.0]]), [2], [1])[:, 0].round().tolist()
        [-2.0, 1.0]
    """
    is_fast = uses_fast_path(angles, x)
    turn: Callable[..., Tensor]
    is_short = x.dtype in HALF_DTYPES
    if is_fast and (computes_compiled(angles, x) if is_short else computes_compiled(x)):
        turn = _CompiledTurn.apply if needs_gradient(angles, x) else _turn_compiled
        return turn((tuple(dims), tuple(copies)), angles, x)
    if is_short:
        wide = torch.promote_types(angles.dtype, torch.float32)
        return turn_vectors(angles, x.to(wide), dims, copies).to(x.dtype)
    if is_fast:
        turn = _Turn.apply if needs_gradient(angles, x) else _turn
        return turn((tuple(dims), tuple(copies)), angles, x)
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
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


@dataclasses.dataclass(frozen=True)
class _Entries:
    """Constants by which all planes of a vector are turned at once.

    Args:
        terms: Index of the term of each entry, shape ``(length,)``.
        opposites: Index of the other entry of its plane.
        signs: Sign of the sine by which that is multiplied, 0 on lines.
        sums: The signs again, in the column of the term; shape ``(length, terms)``.
    """

    terms: Tensor
    opposites: Tensor
    signs: Tensor
    sums: Tensor

    @classmethod
    def make(
        cls,
        dims: tuple[int, ...],
        widths: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
    ) -> Self:
        """Return the constants, which must not be cached if made of fake tensors."""
        terms, opposites, signs, start = [], [], [], 0
        for term, (d, width) in enumerate(zip(dims, widths, strict=True)):
            entries = torch.arange(start, start + d * width, device=device).view(d, width)
            sign = torch.tensor([-1, 1] if d == 2 else [0], device=device)
            terms.append(torch.full((d * width,), term, device=device))
            opposites.append(entries.flip(0).flatten())
            signs.append(sign.repeat_interleave(width))
            start += d * width
        every, sign = torch.cat(terms), torch.cat(signs)
        sums = torch.nn.functional.one_hot(every, len(dims)) * sign[:, None]
        return cls(every, torch.cat(opposites), sign.to(dtype), sums.to(dtype))


@functools.lru_cache(maxsize=64)
def _kept_entries(
    dims: tuple[int, ...], widths: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> _Entries:
    with torch.inference_mode(False):  # the constants may be asked for derivatives later
        return _Entries.make(dims, widths, dtype, device)


def _entries(dims: tuple[int, ...], copies: tuple[int, ...], x: Tensor) -> _Entries:
    m = x.shape[-1]
    widths = copies if m == 1 else tuple([c * m for c in copies])
    make = _kept_entries if type(x) is Tensor else _Entries.make
    return make(dims, widths, x.dtype, x.device)


@functools.lru_cache(maxsize=256)
def _runs(
    dims: tuple[int, ...], copies: tuple[int, ...]
) -> tuple[tuple[slice, slice, int, int, int], ...]:
    """Return runs of adjacent terms of one size: places, entries, number, degree, copies."""
    place, entry, runs = 0, 0, []
    for (d, c), terms in itertools.groupby(zip(dims, copies, strict=True)):
        count = len(list(terms))
        end = entry + count * d * c
        runs.append((slice(place, place + count), slice(entry, end), count, d, c))
        place, entry = place + count, end
    return tuple(runs)


def _phases(angles: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Return cosines and sines in the format that is computed with."""
    if x.dtype == angles.dtype or x.dtype in HALF_DTYPES:
        return angles.cos(), angles.sin()
    return angles.cos().to(x.dtype), angles.sin().to(x.dtype)


def _turn_compiled(sizes: _Sizes, angles: Tensor, x: Tensor) -> Tensor:
    return library.turn(*_phases(angles, x), *sizes, x)


class _CompiledTurn(torch.autograd.Function):
    """`turn_vectors` by compiled kernels, whose first gradient is one pass."""

    @staticmethod
    @override
    def forward(ctx: Any, sizes: _Sizes, angles: Tensor, x: Tensor) -> Tensor:
        phases = _phases(angles, x)
        output = library.turn(*phases, *sizes, x)
        ctx.sizes, ctx.x_shape = sizes, x.shape
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(angles, output if ctx.needs_input_grad[1] else None, *phases)
        return output

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor | None) -> Any:
        angles, output, cosine, sine = ctx.saved_tensors
        if grad is None:
            return None, None, None
        if is_derived(grad, angles, output) or not (
            uses_fast_path(grad) and computes_compiled(cosine, grad)
        ):
            return None, *_turn_back(ctx, angles, output, grad)
        dims, copies = ctx.sizes
        of_x, slopes = library.turn_back(
            cosine, sine, dims, copies, grad, output, wants_x=ctx.needs_input_grad[2]
        )
        of_x = None if of_x is None else of_x.sum_to_size(ctx.x_shape)
        if slopes is not None:
            slopes = slopes.sum_to_size(angles.shape).to(angles.dtype)
        return None, slopes, of_x


def _turn_back(
    ctx: Any, angles: Tensor, output: Tensor | None, grad: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    """Return the gradients to angles and vectors, made of differentiable parts."""
    of_angles = of_x = None
    if ctx.needs_input_grad[2]:
        of_x = turn_vectors(-angles, grad, *ctx.sizes).sum_to_size(ctx.x_shape)
    if output is not None:
        if output.dtype in HALF_DTYPES:
            wide = torch.promote_types(angles.dtype, torch.float32)
            grad, output = grad.to(wide), output.to(wide)
        with full_precision(grad):
            of_angles = _slopes(ctx.sizes, grad, output).sum_to_size(angles.shape)
        of_angles = of_angles.to(angles.dtype)
    return of_angles, of_x


def _turn(sizes: _Sizes, angles: Tensor, x: Tensor) -> Tensor:
    """Return `turn_vectors` in new memory."""
    dims, copies = sizes
    batch, m = x.shape[:-2], x.shape[-1]
    is_alike = angles.shape[:-1] == batch
    if is_alike and gathers_planes(len(dims), x):
        return _turn_entries(_entries(dims, copies, x), angles, x)
    cosine, sine, x = angles.cos().to(x.dtype), angles.sin().to(x.dtype), x.contiguous()
    if not is_alike:
        batch = torch.broadcast_shapes(angles.shape[:-1], batch)
    out = x.new_empty(*batch, *x.shape[-2:])
    in_numpy = multiplies_in_numpy(x)
    for terms, entries, count, d, copies_ in _runs(dims, copies):
        size = (count, d, copies_ * m)
        block, target = (t[..., entries, :].view(*t.shape[:-2], *size) for t in (x, out))
        c, s = cosine[..., terms], sine[..., terms]
        if d == 1:
            torch.mul(block, c[..., None, None], out=target)
        elif in_numpy:
            matmul(_turn_array(c, s), block.detach().numpy(), target.numpy())
        else:
            (u, v), (first, second) = block.unbind(-2), target.unbind(-2)
            c, s = c[..., None], s[..., None]
            torch.mul(u, c, out=first).addcmul_(v, s, value=-1)
            torch.mul(v, c, out=second).addcmul_(u, s)
    return out


def _turn_entries(constants: _Entries, angles: Tensor, x: Tensor) -> Tensor:
    spread = angles.index_select(-1, constants.terms)
    flat, out = x.reshape(spread.shape), x.new_empty(x.shape)
    opposite = flat.index_select(-1, constants.opposites).mul_(constants.signs)
    turned = torch.mul(flat, spread.cos().to(x.dtype), out=out.view(spread.shape))
    turned.addcmul_(opposite, spread.sin().to(x.dtype))
    return out  # not a view: autograd forbids changing in place a view that a function returns


class _Turn(torch.autograd.Function):
    """`turn_vectors`, with the gradient by the formula above, made of differentiable parts."""

    @staticmethod
    @override
    def forward(ctx: Any, sizes: _Sizes, angles: Tensor, x: Tensor) -> Tensor:
        output = _turn(sizes, angles, x)
        ctx.sizes, ctx.x_shape = sizes, x.shape
        ctx.save_for_backward(angles, output if ctx.needs_input_grad[1] else None)
        return output

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor) -> Any:
        angles, output = ctx.saved_tensors
        return None, *_turn_back(ctx, angles, output, grad)


def _slopes(sizes: _Sizes, grad: Tensor, output: Tensor) -> Tensor:
    """Return the gradients to the angles, shape ``(*batch, terms)``."""
    dims, copies = sizes
    if uses_fast_path(grad) and gathers_planes(len(dims), output):
        constants = _entries(dims, copies, output)
        shape = (*output.shape[:-2], len(constants.terms))
        opposite = output.reshape(shape).index_select(-1, constants.opposites)
        return (grad.reshape(shape) * opposite) @ constants.sums
    blocks = (split_blocks(t, dims, copies) for t in (grad, output))
    return torch.stack([_slope(g, y) for g, y in zip(*blocks, strict=True)], -1)


def _slope(grad: Tensor, block: Tensor) -> Tensor:
    """Return ``sum grad_1 y_0 - grad_0 y_1`` over copies, shape ``(*batch,)``; 0 on lines."""
    if block.shape[-2] == 1:
        return (grad * block).sum((-2, -1)) * 0
    return (grad[..., 1, :] * block[..., 0, :] - grad[..., 0, :] * block[..., 1, :]).sum(-1)


def _turn_array(cosine: Tensor, sine: Tensor) -> NDArray[Any]:
    """Return `turn_matrix` as an array of numpy, without the copies of a stack."""
    matrices: NDArray[Any] = cosine.new_empty(*cosine.shape, 2, 2).numpy()
    matrices[..., 0, 0] = matrices[..., 1, 1] = cosine.detach().numpy()
    matrices[..., 1, 0] = sine.detach().numpy()
    np.negative(matrices[..., 1, 0], out=matrices[..., 0, 1])
    return matrices
