r"""Wigner matrices of SO(3) from a rotation matrix, in e3nn's real basis.

Two ways, chosen by `groupae.kernels.paths`: from phases and one table (`wigner_phases`), with the
gradient stated by the theory, and by recursion (`wigner_recursion`), which is plain operations.

The derivative of D along the rotation ``exp(v)`` from the left is ``(sum_a v_a X_a) D``, with the
generators X. So that of a function f of D along axis a is

.. math:: \langle X_a D,\; \partial f / \partial D \rangle
    = \langle X_a,\; (\partial f / \partial D)\, D^\top \rangle,

which is finite everywhere. As a gradient to the entries of R it is the tangent one, along the
rotations: what leaves them is no rotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.kernels.block_product import multiply_pairs
from groupae.kernels.compiled import library
from groupae.kernels.paths import (
    computes_compiled,
    differentiable,
    full_precision,
    uses_fast_path,
)
from groupae.kernels.wigner_phases import wigner_rows
from groupae.kernels.wigner_recursion import MAX_DEGREE, wigner_by_recursion, wigner_generators

__all__ = [
    "MAX_DEGREE",
    "read_matrices",
    "rotation_gradient",
    "tangent_gradient",
    "wigner_entries",
    "wigner_matrices",
]

_GENERATORS = wigner_generators(MAX_DEGREE)


def wigner_matrices(
    rotation: Tensor, highest: int, *, batch_innermost: bool = False
) -> list[Tensor]:
    """Return ``[D^0, ..., D^highest]``.

    Args:
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``, float32 or float64.
        highest: Largest degree, at most `MAX_DEGREE`.
        batch_innermost: Leave the matrices in memory as they are computed, batch innermost, which
            is faster unless they are to multiply something.

    Returns:
        Tensors of shapes ``(*batch, 2l + 1, 2l + 1)``, dtype and device of ``rotation``.

    References:
        Condon-Shortley coupling of angular momenta; basis of e3nn (Geiger & Smidt 2022).
    """
    if highest < 2 or not uses_fast_path(rotation):
        return wigner_by_recursion(rotation, highest)
    innermost = batch_innermost and not computes_compiled(rotation)
    entries = wigner_entries(rotation, highest, innermost=innermost)
    return read_matrices(entries, highest, innermost=innermost)


def wigner_entries(rotation: Tensor, highest: int, *, innermost: bool = False) -> Tensor:
    """Return the entries of `wigner_matrices`, matrix by matrix and row by row, in one tensor.

    Shape ``(*batch, entries)``, or ``(entries, *batch)`` if the batch is to be innermost.
    """
    entries: Tensor = differentiable(_Wigner, rotation, highest, innermost)
    return entries


def read_matrices(entries: Tensor, highest: int, *, innermost: bool = False) -> list[Tensor]:
    """Return the matrices in `wigner_entries`, as views."""
    sizes = [2 * degree + 1 for degree in range(highest + 1)]
    if innermost:
        entries = entries.movedim(0, -1)
    parts = entries.split([size**2 for size in sizes], -1)
    return [part.reshape(*part.shape[:-1], d, d) for part, d in zip(parts, sizes, strict=True)]


class _Wigner(torch.autograd.Function):
    """`wigner_entries`; derivatives by the formula above."""

    @staticmethod
    @override
    def forward(rotation: Tensor, highest: int, innermost: bool) -> Tensor:
        if computes_compiled(rotation) and not innermost:
            return library.wigner(rotation, highest)
        rows = wigner_rows(rotation, highest)
        if innermost:
            return rows
        entries = rows.new_empty(*rotation.shape[:-2], len(rows))
        return entries.copy_(rows.movedim(0, -1))  # not a view, for forward mode

    @staticmethod
    @override
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        rotation, ctx.highest, ctx.innermost = inputs
        ctx.save_for_backward(rotation, output)
        ctx.save_for_forward(rotation, output)

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        rotation, entries = ctx.saved_tensors
        with full_precision(rotation):
            read = (read_matrices(t, ctx.highest, innermost=ctx.innermost) for t in (grad, entries))
            pairs = zip(*read, strict=True)
            products = [multiply_pairs(a, d.mT) for a, d in pairs]
            return rotation_gradient(range(ctx.highest + 1), products, rotation), None, None

    @staticmethod
    @override
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> Tensor:
        rotation, entries = ctx.saved_tensors
        with full_precision(rotation):
            velocity = (tangent @ rotation.mT).flatten(-2) @ _flat_axes(rotation).mT / 2
            matrices = read_matrices(entries, ctx.highest, innermost=ctx.innermost)
            turned = [
                ((velocity @ x.flatten(1).to(velocity)).unflatten(-1, d.shape[-2:]) @ d).flatten(-2)
                for x, d in zip(_GENERATORS, matrices, strict=False)
            ]
            moved = torch.cat(turned, -1)
        return moved.movedim(-1, 0).contiguous() if ctx.innermost else moved

    @staticmethod
    @override
    def vmap(
        info: Any, in_dims: Any, rotation: Tensor, highest: int, innermost: bool
    ) -> tuple[Tensor, int]:
        del info
        rotation = rotation.movedim(in_dims[0], 0)
        return wigner_entries(rotation, highest, innermost=innermost), int(innermost)


def rotation_gradient(
    degrees: Iterable[int], products: Sequence[Tensor], rotation: Tensor
) -> Tensor:
    """Return the tangent gradient to rotations from products with the matrices' gradients.

    Args:
        degrees: Of the matrices D.
        products: ``(df / dD) D^T`` of each, shapes ``(*batch, 2l + 1, 2l + 1)``.
        rotation: Shape ``(*batch, 3, 3)``.

    Returns:
        Shape ``(*batch, 3, 3)``; `products` may have a larger batch, which is summed over.
    """
    generators = torch.cat([_GENERATORS[degree].flatten(1) for degree in degrees], 1)
    # reshape: older vmap, which batches gradients, knows no flatten
    rows = torch.cat([p.reshape(*p.shape[:-2], p.shape[-1] ** 2) for p in products], -1)
    return tangent_gradient(rows @ generators.to(rotation).mT, rotation)


def tangent_gradient(torque: Tensor, rotation: Tensor) -> Tensor:
    """Return the gradient to the entries of rotations from that along the axes, ``(*batch, 3)``."""
    torque = torque.sum_to_size(*rotation.shape[:-2], 3)
    return (torque @ _flat_axes(rotation) / 2).reshape(rotation.shape) @ rotation


def _flat_axes(like: Tensor) -> Tensor:
    return _GENERATORS[1].flatten(1).to(like)
