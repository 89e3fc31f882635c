"""Products of the blocks of a vector with one matrix per block.

Convention: a block of ``copies`` copies of an irrep of degree d is stored ``(d, copies)``; a matrix
multiplies it from the left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import override

from groupae.kernels.compiled import library
from groupae.kernels.dispatch import (
    computes_compiled,
    full_precision,
    is_derived,
    multiplies_in_numpy,
    needs_gradient,
    rows_at_once,
    uses_fast_path,
)

__all__ = [
    "join_blocks",
    "matmul",
    "multiply_blocks",
    "multiply_fast",
    "multiply_pairs",
    "split_blocks",
]


def split_blocks(x: Tensor, dims: Sequence[int], copies: Sequence[int]) -> list[Tensor]:
    """Return the blocks ``(*batch, d, copies m)`` of ``(*batch, sum of d copies, m)``."""
    m = x.shape[-1]
    parts = x.split([d * c for d, c in zip(dims, copies, strict=True)], -2)
    sizes = zip(parts, dims, copies, strict=True)
    return [part.reshape(*x.shape[:-2], d, c * m) for part, d, c in sizes]


def join_blocks(blocks: Sequence[Tensor], copies: Sequence[int], m: int) -> Tensor:
    """Undo `split_blocks`; batch axes broadcast."""
    batch = torch.broadcast_shapes(*(block.shape[:-2] for block in blocks))
    return torch.cat(
        [
            block.expand(*batch, *block.shape[-2:]).reshape(*batch, block.shape[-2] * c, m)
            for block, c in zip(blocks, copies, strict=True)
        ],
        -2,
    )


def multiply_blocks(matrices: Sequence[Tensor | None], copies: Sequence[int], x: Tensor) -> Tensor:
    """Return vectors whose blocks are multiplied, each by its matrix.

    Args:
        matrices: One per block, shape ``(*batch, d, d)``; ``None`` leaves alone a block of
            degree 1.
        copies: Multiplicity of each block.
        x: Vectors, shape ``(*batch, sum of d copies, m)``, with as many batch axes; they broadcast.

    Returns:
        Shape ``(*batch, sum of d copies, m)``.

    Example:
        >>> swap = torch.tensor([[0.0, 1.0], [1.0, 0.0]])
        >>> multiply_blocks([None, swap], [1, 2], torch.arange(5.0)[:, None])[:, 0].tolist()
        [0.0, 3.0, 4.0, 1.0, 2.0]
    """
    if uses_fast_path(x, *matrices):
        return multiply_fast(tuple(copies), x, *matrices)
    blocks = split_blocks(x, _dims(matrices), copies)
    pairs = zip(matrices, blocks, strict=True)
    moved = [block if matrix is None else matrix @ block for matrix, block in pairs]
    return join_blocks(moved, copies, x.shape[-1])


def multiply_pairs(a: Tensor, b: Tensor) -> Tensor:
    """Return ``a @ b`` of many small matrices, by numpy where no derivative is asked for."""
    if multiplies_in_numpy(a) and multiplies_in_numpy(b) and not is_derived(a, b):
        return torch.from_numpy(matmul(_as_array(a), _as_array(b)))
    return a @ b


def matmul(a: NDArray[Any], b: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return numpy's product of many small matrices, without warnings of NaN and inf."""
    with np.errstate(all="ignore"):
        product: NDArray[Any] = np.matmul(a, b, out=out)
    return product


def _dims(matrices: Sequence[Tensor | None]) -> list[int]:
    return [1 if matrix is None else matrix.shape[-1] for matrix in matrices]


def multiply_fast(copies: tuple[int, ...], x: Tensor, *matrices: Tensor | None) -> Tensor:
    """Return `multiply_blocks` on the fast path, with a gradient if one is asked for."""
    if needs_gradient(x, *matrices):
        multiply: Callable[..., Tensor] = _BlockProduct.apply
        return multiply(copies, x, *matrices)
    return _multiply_fast(copies, x, *matrices)


def _multiply_fast(copies: tuple[int, ...], x: Tensor, *matrices: Tensor | None) -> Tensor:
    """Return `multiply_blocks` in new memory, computed some rows of the batch at a time."""
    if computes_compiled(x, *matrices):
        return library.multiply(matrices, tuple(_dims(matrices)), copies, x)
    batch = x.shape[:-2]
    for matrix in matrices:
        if matrix is not None and matrix.shape[:-2] != batch:
            return _multiply_broadcast(copies, x, *matrices)
    n, (length, m) = math.prod(batch), x.shape[-2:]
    out = x.new_empty(x.shape)
    in_numpy = multiplies_in_numpy(x)
    source: Any = x.reshape(n, length, m)
    target: Any = out.view(n, length, m)
    if in_numpy:  # on the same memory
        source, target = _as_array(source), _as_array(target)
    terms, start = [], 0
    for matrix, c in zip(matrices, copies, strict=True):
        d, factor = 1, None
        if matrix is not None:
            d = matrix.shape[-1]
            factor = matrix.reshape(n, d, d)
            factor = _as_array(factor) if in_numpy else factor
        terms.append((factor, slice(start, start + d * c), (d, c * m)))
        start += d * c
    _multiply_terms(terms, source, target, rows_at_once(n, length * m * x.element_size(), x.device))
    return out


def _multiply_broadcast(copies: tuple[int, ...], x: Tensor, *matrices: Tensor | None) -> Tensor:
    dims, batch = _dims(matrices), x.shape[:-2]
    batches = [matrix.shape[:-2] for matrix in matrices if matrix is not None]
    out = x.new_empty(*torch.broadcast_shapes(batch, *batches), *x.shape[-2:])
    blocks, targets = split_blocks(x, dims, copies), split_blocks(out, dims, copies)
    for matrix, block, target in zip(matrices, blocks, targets, strict=True):
        target.copy_(block if matrix is None else matrix @ block)
    return out


def _multiply_terms(terms: Sequence[Any], source: Any, target: Any, width: int) -> None:
    """Write the products of all terms, some rows at a time, for tensors or arrays of numpy.

    Args:
        terms: Matrices ``(n, d, d)`` or ``None``, entries of the term, shape ``(d, copies m)``.
        source: Vectors, shape ``(n, length, m)``.
        target: Where the products go, same shape.
        width: Number of rows at a time.
    """
    n, is_array = len(source), not isinstance(source, Tensor)
    shape = (2, width if width < n else 0, *source.shape[1:])
    near = np.empty(shape, source.dtype) if is_array else source.new_empty(shape)
    with np.errstate(all="ignore"):  # as silent as torch about NaN and inf
        for start in range(0, n, width):
            rows = slice(start, min(start + width, n))
            vectors, products = source[rows], target[rows]
            if width < n:  # copied into the cache first: far faster
                vectors, products = near[:, : rows.stop - start]
                vectors[...] = source[rows]
            for factor, part, size in terms:
                if factor is None:
                    products[:, part] = vectors[:, part]
                    continue
                block = vectors[:, part].reshape(len(vectors), *size)
                # a view, since rows are in one piece
                product = products[:, part].reshape(len(vectors), *size)
                if is_array:
                    np.matmul(factor[rows], block, out=product)
                else:
                    _multiply(factor[rows], block, product)
            if width < n:
                target[rows] = products


class _BlockProduct(torch.autograd.Function):
    """`multiply_blocks`: linear in matrices and vectors, so its gradient is made of itself."""

    @staticmethod
    @override
    def forward(ctx: Any, copies: tuple[int, ...], x: Tensor, *matrices: Tensor | None) -> Tensor:
        ctx.copies, ctx.x_shape = copies, x.shape
        ctx.save_for_backward(x if any(ctx.needs_input_grad[2:]) else None, *matrices)
        ctx.set_materialize_grads(False)
        return _multiply_fast(copies, x, *matrices)

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor | None) -> Any:
        x, *matrices = ctx.saved_tensors
        if grad is None:
            return (None,) * (2 + len(matrices))
        of_x = None
        of_matrices: list[Tensor | None] = [None] * len(matrices)
        if ctx.needs_input_grad[1]:
            transposed = [None if matrix is None else matrix.mT for matrix in matrices]
            of_x = multiply_blocks(transposed, ctx.copies, grad).sum_to_size(ctx.x_shape)
        if x is None:
            return None, of_x, *of_matrices
        dims = _dims(matrices)
        blocks, grads = split_blocks(x, dims, ctx.copies), split_blocks(grad, dims, ctx.copies)
        with full_precision(grad):
            for i, (matrix, block, g) in enumerate(zip(matrices, blocks, grads, strict=True)):
                if matrix is not None and ctx.needs_input_grad[2 + i]:
                    of_matrices[i] = multiply_pairs(g, block.mT).sum_to_size(matrix.shape)
        return None, of_x, *of_matrices


def _multiply(matrix: Tensor, block: Tensor, target: Tensor) -> None:
    fits = matrix.is_contiguous() or matrix.mT.is_contiguous()
    target.copy_(torch.bmm(matrix if fits else matrix.contiguous(), block))


def _as_array(x: Tensor | None) -> Any:
    return None if x is None else x.detach().resolve_neg().numpy()
