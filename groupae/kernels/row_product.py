"""Products of the blocks of a vector with matrices that stand in one row of numbers per element.

Convention: a row holds matrices one after another, each row by row; a block of ``copies`` copies of
an irrep of degree d is stored ``(d, copies)``. Matrices are constants: they have no gradient.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.kernels.block_product import multiply_blocks
from groupae.kernels.compiled import library
from groupae.kernels.dispatch import computes_compiled, needs_gradient, uses_fast_path

__all__ = ["RowLayout", "multiply_by_rows"]


@dataclasses.dataclass(frozen=True)
class RowLayout:
    """Places of the matrices of terms in a row.

    Args:
        starts: Where the matrix of each term begins, -1 for a term of degree 1 that is left alone.
        dims: Degree of each term.
        copies: Multiplicity of each term.
    """

    starts: tuple[int, ...]
    dims: tuple[int, ...]
    copies: tuple[int, ...]


def multiply_by_rows(layout: RowLayout, rows: Tensor, x: Tensor, *, is_back: bool) -> Tensor:
    """Return vectors whose blocks are multiplied by the matrices of a row, or their transposes.

    Args:
        layout: Places of the matrices.
        rows: Shape ``(*batch, entries)``; no gradient goes to them.
        x: Vectors, shape ``(*batch, sum of d copies, m)``, with as many batch axes; they broadcast.
        is_back: Whether matrices are transposed.

    Example:
        >>> layout = RowLayout((-1, 0), (1, 2), (1, 2))
        >>> x = torch.arange(5.0)[:, None]
        >>> multiply_by_rows(layout, torch.tensor([0.0, 1, 2, 0]), x, is_back=False)[:, 0].tolist()
        [0.0, 3.0, 4.0, 2.0, 4.0]
    """
    if needs_gradient(x):
        multiply: Callable[..., Tensor] = _RowProduct.apply
        return multiply(layout, is_back, rows, x)
    return _multiply(layout, is_back, rows, x)


def _multiply(layout: RowLayout, is_back: bool, rows: Tensor, x: Tensor) -> Tensor:
    if uses_fast_path(rows, x) and computes_compiled(rows, x):
        return library.multiply_rows(
            rows, layout.starts, layout.dims, layout.copies, x, is_back=is_back
        )
    if x.dtype != rows.dtype:
        return _multiply(layout, is_back, rows, x.to(rows.dtype)).to(x.dtype)
    matrices: list[Tensor | None] = []
    for start, d in zip(layout.starts, layout.dims, strict=True):
        if start < 0:
            matrices.append(None)
            continue
        matrix = rows.narrow(-1, start, d * d).unflatten(-1, (d, d))
        matrices.append(matrix.mT if is_back else matrix)
    return multiply_blocks(matrices, layout.copies, x)


class _RowProduct(torch.autograd.Function):
    """`multiply_by_rows`: linear in the vectors, so its gradient is made of itself."""

    @staticmethod
    @override
    def forward(ctx: Any, layout: RowLayout, is_back: bool, rows: Tensor, x: Tensor) -> Tensor:
        ctx.layout, ctx.is_back, ctx.x_shape = layout, is_back, x.shape
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(rows)
        return _multiply(layout, is_back, rows, x)

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor | None) -> Any:
        if grad is None:
            return None, None, None, None
        (rows,) = ctx.saved_tensors
        of_x = multiply_by_rows(ctx.layout, rows, grad, is_back=not ctx.is_back)
        return (
            None,
            None,
            None,
            of_x.sum_to_size(ctx.x_shape),
        )
