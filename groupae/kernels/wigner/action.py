r"""Vectors turned by Wigner matrices, with the gradient to the rotation stated for both at once.

Along the rotation ``exp(v)`` from the left, ``y = D x`` changes by ``(sum_a v_a X_a) y``. So with
the gradient ``G`` to ``y``, that to ``v_a`` is

.. math:: \langle X_a,\; G\, y^\top \rangle,

one product of what is there already: the gradient to the matrix itself is never formed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.kernels.block_product import multiply_blocks, multiply_pairs, split_blocks
from groupae.kernels.compiled import library
from groupae.kernels.dispatch import (
    computes_compiled,
    full_precision,
    is_derived,
    turns_vectors,
    uses_fast_path,
)
from groupae.kernels.wigner.matrices import (
    plain_wigner_matrices,
    read_matrices,
    rotation_gradient,
    tangent_gradient,
    wigner_entries,
    wigner_matrices,
)
from groupae.kernels.wigner.vectors import turn_few

__all__ = ["act_by_wigner"]


def act_by_wigner(
    degrees: Sequence[int], copies: Sequence[int], rotation: Tensor, x: Tensor
) -> Tensor:
    """Return vectors whose blocks are multiplied by Wigner matrices.

    Args:
        degrees: Of each block.
        copies: Of each block.
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``.
        x: Vectors, shape ``(*batch, sum of (2l + 1) copies, m)``, of the same dtype and with as
            many batch axes, which broadcast.

    Returns:
        Shape ``(*batch, sum of (2l + 1) copies, m)``.

    Example:
        >>> quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
        >>> act_by_wigner([0, 1], [1, 1], quarter, torch.arange(4.0)[:, None])[:, 0].tolist()
        [0.0, -2.0, 1.0, 3.0]
    """
    if not uses_fast_path(rotation, x):
        return _act_plainly(degrees, copies, rotation, x)
    few = turns_vectors(max(degrees), max(copies) * x.shape[-1], rotation, x)
    if is_derived(rotation) or (few and is_derived(x)):
        act: Callable[..., tuple[Tensor, Tensor | None]] = _Act.apply
        return act(tuple(degrees), tuple(copies), few, rotation, x)[0]
    if few:
        return turn_few(degrees, copies, rotation, x)
    matrices = wigner_matrices(rotation, max(degrees))
    return multiply_blocks(_factors(degrees, matrices), copies, x)


def _act_plainly(
    degrees: Sequence[int], copies: Sequence[int], rotation: Tensor, x: Tensor
) -> Tensor:
    matrices = plain_wigner_matrices(rotation, max(degrees))
    return multiply_blocks(_factors(degrees, matrices), copies, x)


def _factors(degrees: Sequence[int], matrices: Sequence[Tensor]) -> list[Tensor | None]:
    # the last one stays in any case: it tells the batch of the rotations
    leaves_alone = [degree == 0 for degree in degrees[:-1]] + [False]
    pairs = zip(degrees, leaves_alone, strict=True)
    return [None if alone else matrices[degree] for degree, alone in pairs]


class _Act(torch.autograd.Function):
    """`act_by_wigner`, with the gradient by the formula above, made of differentiable parts."""

    @staticmethod
    @override
    def forward(
        ctx: Any,
        degrees: tuple[int, ...],
        copies: tuple[int, ...],
        few: bool,
        rotation: Tensor,
        x: Tensor,
    ) -> tuple[Tensor, Tensor | None]:
        ctx.degrees, ctx.copies, entries = degrees, copies, None
        if few:
            output = turn_few(degrees, copies, rotation, x)
        else:
            entries = wigner_entries(rotation, max(1, *degrees))
            ctx.mark_non_differentiable(entries)
            matrices = read_matrices(entries, max(1, *degrees))
            output = multiply_blocks(_factors(degrees, matrices), copies, x)
        ctx.save_for_backward(rotation, x, output, entries)
        return output, entries

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor, _: Any) -> Any:
        rotation, x, output, entries = ctx.saved_tensors
        of_rotation = of_x = None
        with full_precision(rotation):
            if ctx.needs_input_grad[4]:
                of_x = _act_back(ctx, rotation, entries, grad).sum_to_size(x.shape)
            if ctx.needs_input_grad[3]:
                of_rotation = _turned(ctx.degrees, ctx.copies, grad, output, rotation)
        return None, None, None, of_rotation, of_x


def _act_back(ctx: Any, rotation: Tensor, entries: Tensor | None, grad: Tensor) -> Tensor:
    """Return vectors moved by the inverse."""
    if entries is None or is_derived(grad, rotation):  # entries are not differentiable
        return act_by_wigner(ctx.degrees, ctx.copies, rotation.mT, grad)
    factors = _factors(ctx.degrees, read_matrices(entries, max(1, *ctx.degrees)))
    transposed = [None if factor is None else factor.mT for factor in factors]
    return multiply_blocks(transposed, ctx.copies, grad)


def _turned(
    degrees: Sequence[int], copies: Sequence[int], grad: Tensor, output: Tensor, rotation: Tensor
) -> Tensor:
    """Return the gradient to the rotations."""
    if computes_compiled(grad, output) and not is_derived(grad, output):
        widths = tuple(c * output.shape[-1] for c in copies)
        torque = library.torque(degrees, widths, grad.contiguous(), output)
        return tangent_gradient(torque, rotation)
    dims = [2 * degree + 1 for degree in degrees]
    pairs = zip(*(split_blocks(t, dims, copies) for t in (grad, output)), strict=True)
    products = [multiply_pairs(g, y.mT) for g, y in pairs]
    return rotation_gradient(degrees, products, rotation)
