r"""Products of vectors and Wigner matrices, with their gradient to the rotation in one formula.

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

from groupae.kernels.block_product import (
    multiply_blocks,
    multiply_fast,
    multiply_pairs,
    split_blocks,
)
from groupae.kernels.compiled import library
from groupae.kernels.dispatch import (
    HALF_DTYPES,
    computes_compiled,
    full_precision,
    is_derived,
    needs_gradient,
    turns_vectors,
    uses_fast_path,
)
from groupae.kernels.wigner.matrices import (
    fast_matrices,
    plain_wigner_matrices,
    read_matrices,
    tangent_gradient,
    torque_of_products,
    wigner_entries,
)
from groupae.kernels.wigner.recursion import wigner_by_recursion
from groupae.kernels.wigner.vectors import torque_of_few, turn_few

__all__ = ["act_by_wigner"]


def act_by_wigner(
    degrees: Sequence[int], copies: Sequence[int], rotation: Tensor, x: Tensor
) -> Tensor:
    """Return vectors whose blocks are multiplied by Wigner matrices.

    Args:
        degrees: Degree of each block.
        copies: Multiplicity of each block.
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``.
        x: Vectors, shape ``(*batch, sum of (2l + 1) copies, m)``, of the same dtype or of 16 bits
            and with as many batch axes, which broadcast.

    Returns:
        Shape ``(*batch, sum of (2l + 1) copies, m)``, dtype of ``x``; computed in that of the
        rotations.

    Example:
        >>> quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
        >>> act_by_wigner([0, 1], [1, 1], quarter, torch.arange(4.0)[:, None])[:, 0].tolist()
        [0.0, -2.0, 1.0, 3.0]
    """
    is_fast = uses_fast_path(rotation, x)
    if is_fast and computes_compiled(rotation, x):
        sizes = tuple(degrees), tuple(copies)
        if needs_gradient(rotation, x):
            act_compiled: Callable[..., Tensor] = _CompiledAct.apply
            return act_compiled(sizes, rotation, x)
        return library.act(*sizes, rotation, x)
    if x.dtype in HALF_DTYPES:
        return act_by_wigner(degrees, copies, rotation, x.to(rotation.dtype)).to(x.dtype)
    if not is_fast:
        return _act_plainly(degrees, copies, rotation, x)
    degrees, copies, highest = tuple(degrees), tuple(copies), max(degrees)
    few = turns_vectors(degrees, copies, rotation, x)
    if needs_gradient(rotation) or (few and needs_gradient(x)):
        act: Callable[..., tuple[Tensor, Tensor]] = _Act.apply
        return act((degrees, copies, few), rotation, x)[0]
    if few:
        return turn_few(degrees, copies, rotation, x)[0]
    matrices = wigner_by_recursion(rotation, 1) if highest < 2 else fast_matrices(rotation, highest)
    return multiply_fast(copies, x, *_factors(degrees, matrices))


def _act_plainly(
    degrees: Sequence[int], copies: Sequence[int], rotation: Tensor, x: Tensor
) -> Tensor:
    matrices = plain_wigner_matrices(rotation, max(degrees))
    return multiply_blocks(_factors(degrees, matrices), copies, x)


def _factors(degrees: Sequence[int], matrices: Sequence[Tensor]) -> list[Tensor | None]:
    factors: list[Tensor | None] = []
    for degree in degrees[:-1]:
        factors.append(matrices[degree] if degree else None)
    return [*factors, matrices[degrees[-1]]]  # in any case: it tells the batch of the rotations


class _CompiledAct(torch.autograd.Function):
    """`act_by_wigner` by compiled kernels: its first gradient is one pass, and nothing is kept.

    A further derivative is that of the formula above, made of differentiable parts.
    """

    @staticmethod
    @override
    def forward(
        ctx: Any, sizes: tuple[tuple[int, ...], tuple[int, ...]], rotation: Tensor, x: Tensor
    ) -> Tensor:
        output = library.act(*sizes, rotation, x)
        ctx.sizes, ctx.x_shape = sizes, x.shape
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(rotation, output if ctx.needs_input_grad[1] else None)
        return output

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor | None) -> Any:
        rotation, output = ctx.saved_tensors
        degrees, copies = ctx.sizes
        if grad is None:
            return None, None, None
        wants_x = ctx.needs_input_grad[2]
        with full_precision(rotation):
            is_first = not is_derived(grad, rotation, output) and uses_fast_path(grad)
            if is_first and computes_compiled(rotation, grad, output):
                of_x, torque = library.act_back(
                    degrees, copies, rotation, grad, output, wants_x=wants_x
                )
            else:
                of_x = act_by_wigner(degrees, copies, rotation.mT, grad) if wants_x else None
                torque = (
                    None if output is None else _torque(degrees, copies, rotation, grad, output)
                )
            of_rotation = None if torque is None else tangent_gradient(torque, rotation)
        return None, of_rotation, None if of_x is None else of_x.sum_to_size(ctx.x_shape)


class _Act(torch.autograd.Function):
    """`act_by_wigner`, with the gradient by the formula above, made of differentiable parts.

    Its second result, without a gradient, is kept for the first one: the entries of the matrices,
    or the powers of phases if vectors are turned without matrices.
    """

    @staticmethod
    @override
    def forward(
        ctx: Any,
        sizes: tuple[tuple[int, ...], tuple[int, ...], bool],
        rotation: Tensor,
        x: Tensor,
    ) -> tuple[Tensor, Tensor]:
        ctx.sizes = degrees, copies, few = sizes
        if few:
            output, kept = turn_few(degrees, copies, rotation, x)
        else:
            kept = wigner_entries(rotation, max(1, *degrees))
            matrices = read_matrices(kept, max(1, *degrees))
            output = multiply_fast(copies, x, *_factors(degrees, matrices))
        ctx.mark_non_differentiable(kept)
        ctx.set_materialize_grads(False)
        ctx.x_shape = x.shape
        ctx.save_for_backward(rotation, output if ctx.needs_input_grad[1] else None, kept)
        return output, kept

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor | None, _: Any) -> Any:
        rotation, output, kept = ctx.saved_tensors
        of_rotation = of_x = None
        if grad is None:
            return None, None, None
        with full_precision(rotation):
            if ctx.needs_input_grad[2]:
                of_x = _act_back(ctx, rotation, kept, grad).sum_to_size(ctx.x_shape)
            if ctx.needs_input_grad[1]:
                of_rotation = tangent_gradient(_torque_kept(ctx, grad, output), rotation)
        return None, of_rotation, of_x


def _act_back(ctx: Any, rotation: Tensor, kept: Tensor, grad: Tensor) -> Tensor:
    """Return the gradient to the vectors: ``grad`` turned by the inverse rotations."""
    degrees, copies, few = ctx.sizes
    if is_derived(grad, rotation) or (few and not uses_fast_path(grad)):
        return act_by_wigner(degrees, copies, rotation.mT, grad)  # what is kept has no gradient
    if few:
        return turn_few(degrees, copies, rotation, grad, kept)[0]
    factors = _factors(degrees, read_matrices(kept, max(1, *degrees)))
    transposed = [None if factor is None else factor.mT for factor in factors]
    return multiply_blocks(transposed, copies, grad)


def _torque_kept(ctx: Any, grad: Tensor, output: Tensor) -> Tensor:
    degrees, copies, few = ctx.sizes
    if few and uses_fast_path(grad) and not needs_gradient(grad, output):
        return torque_of_few(degrees, copies, grad, output)
    return _torque(degrees, copies, output, grad, output)


def _torque(
    degrees: Sequence[int], copies: Sequence[int], like: Tensor, grad: Tensor, output: Tensor
) -> Tensor:
    """Return the gradient along the axes of rotation, shape ``(*batch, 3)``, dtype of ``like``."""
    grad, output = grad.to(like.dtype), output.to(like.dtype)
    dims = [2 * degree + 1 for degree in degrees]
    blocks = zip(degrees, *(split_blocks(t, dims, copies) for t in (grad, output)), strict=True)
    turned = [block for block in blocks if block[0]]  # the rotation does not touch the others
    if not turned:
        return output.new_zeros(*output.shape[:-2], 3)
    products = [multiply_pairs(g, y.mT) for _, g, y in turned]
    return torque_of_products([degree for degree, _, _ in turned], products)
