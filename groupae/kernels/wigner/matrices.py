r"""Wigner matrices of SO(3) from a rotation matrix, in e3nn's real basis.

Two ways, chosen by `groupae.kernels.dispatch`: from phases and one table (`wigner_phases`), with
the gradient stated by the theory, and by recursion (`wigner_recursion`), which is plain operations.

The derivative of D along the rotation ``exp(v)`` from the left is ``(sum_a v_a X_a) D``, with the
generators X. So that of a function f of D along axis a is

.. math:: \langle X_a D,\; \partial f / \partial D \rangle
    = \langle X_a,\; (\partial f / \partial D)\, D^\top \rangle,

which is finite everywhere. As a gradient to the entries of R it is the tangent one, along the
rotations: what leaves them is no rotation. `tangent_only` gives the other way the same gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.kernels.block_product import multiply_pairs
from groupae.kernels.compiled import library
from groupae.kernels.dispatch import (
    computes_compiled,
    full_precision,
    is_derived,
    needs_gradient,
    uses_fast_path,
)
from groupae.kernels.wigner.phases import wigner_rows
from groupae.kernels.wigner.recursion import MAX_DEGREE, wigner_by_recursion, wigner_generators

__all__ = [
    "MAX_DEGREE",
    "fast_matrices",
    "plain_wigner_matrices",
    "read_matrices",
    "tangent_gradient",
    "tangent_only",
    "torque_of_products",
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
    if not uses_fast_path(rotation):
        return plain_wigner_matrices(rotation, highest)
    if highest < 2:  # the rotations themselves
        is_noted = needs_gradient(rotation)
        return wigner_by_recursion(tangent_only(rotation) if is_noted else rotation, highest)
    return fast_matrices(rotation, highest, innermost=batch_innermost)


def fast_matrices(rotation: Tensor, highest: int, *, innermost: bool = False) -> list[Tensor]:
    """Return `wigner_matrices` on the fast path; ``highest`` is at least 1."""
    innermost = innermost and not computes_compiled(rotation)
    entries = wigner_entries(rotation, highest, innermost=innermost)
    return read_matrices(entries, highest, innermost=innermost)


def plain_wigner_matrices(rotation: Tensor, highest: int) -> list[Tensor]:
    """Return `wigner_matrices` by operations that can be differentiated, traced and transformed."""
    return wigner_by_recursion(tangent_only(rotation), highest)


def tangent_only(rotation: Tensor) -> Tensor:
    r"""Return the rotations unchanged, with derivatives along rotations only.

    With :math:`E = 1 - R^\top R` it is :math:`R (1 + E / 2 + 3 E^2 / 8)`, the nearest rotation up
    to the third order of E. So what is computed from it has the first and second derivatives of a
    function of the nearest rotation, whatever its formula is beside the rotations.
    """
    defect = _defect(rotation)
    return rotation + rotation @ (defect / 2 + 0.375 * (defect @ defect))


def _defect(rotation: Tensor) -> Tensor:
    eye = torch.eye(3, dtype=rotation.dtype, device=rotation.device)
    return eye - rotation.mT @ rotation


def wigner_entries(rotation: Tensor, highest: int, *, innermost: bool = False) -> Tensor:
    """Return the entries of `wigner_matrices`, matrix by matrix and row by row, in one tensor.

    Shape ``(*batch, entries)``, or ``(entries, *batch)`` if the batch is to be innermost.
    """
    compute: Callable[..., Tensor] = _Wigner.apply if needs_gradient(rotation) else _entries
    return compute(rotation, highest, innermost)


def _entries(rotation: Tensor, highest: int, innermost: bool) -> Tensor:
    if computes_compiled(rotation) and not innermost:
        return library.wigner(rotation, highest)
    rows = wigner_rows(rotation, highest)
    return rows if innermost else rows.movedim(0, -1).contiguous()


def read_matrices(entries: Tensor, highest: int, *, innermost: bool = False) -> list[Tensor]:
    """Return the matrices in `wigner_entries`, as views."""
    sizes = [2 * degree + 1 for degree in range(highest + 1)]
    if innermost:
        entries = entries.movedim(0, -1)
    parts = entries.split([size**2 for size in sizes], -1)
    return [part.reshape(*part.shape[:-1], d, d) for part, d in zip(parts, sizes, strict=True)]


class _Wigner(torch.autograd.Function):
    """`wigner_entries`, with the gradient by the formula above, made of differentiable parts."""

    @staticmethod
    @override
    def forward(ctx: Any, rotation: Tensor, highest: int, innermost: bool) -> Tensor:
        ctx.highest, ctx.innermost = highest, innermost
        entries = _entries(rotation, highest, innermost)
        ctx.save_for_backward(rotation, entries)
        return entries

    @staticmethod
    @override
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        rotation, entries = ctx.saved_tensors
        with full_precision(rotation):
            read = (read_matrices(t, ctx.highest, innermost=ctx.innermost) for t in (grad, entries))
            pairs = zip(*read, strict=True)
            products = [multiply_pairs(a, d.mT) for a, d in pairs]
            torque = torque_of_products(range(ctx.highest + 1), products)
            return tangent_gradient(torque, rotation), None, None


def torque_of_products(degrees: Iterable[int], products: Sequence[Tensor]) -> Tensor:
    """Return the gradient along the axes of rotation from products of matrices and gradients.

    Args:
        degrees: Degree of each matrix D.
        products: ``(df / dD) D^T`` of each, shapes ``(*batch, 2l + 1, 2l + 1)``.

    Returns:
        Shape ``(*batch, 3)``.
    """
    generators = torch.cat([_GENERATORS[degree].flatten(1) for degree in degrees], 1)
    # reshape: older vmap, which batches gradients, knows no flatten
    rows = torch.cat([p.reshape(*p.shape[:-2], p.shape[-1] ** 2) for p in products], -1)
    return rows @ generators.to(rows).mT


def tangent_gradient(torque: Tensor, rotation: Tensor) -> Tensor:
    """Return the gradient to the entries of rotations from that along the axes, ``(*batch, 3)``.

    A larger batch is summed over. Its own derivative is that of the gradient of a function of the
    nearest rotation.
    """
    torque = torque.sum_to_size(*rotation.shape[:-2], 3)
    skew = (torque @ _flat_axes(rotation) / 2).reshape(rotation.shape)
    if not is_derived(torque, rotation):
        return skew @ rotation
    nearest, defect = tangent_only(rotation), _defect(rotation)
    along = skew @ nearest
    return along + (along @ defect + nearest @ defect @ nearest.mT @ along) / 4


def _flat_axes(like: Tensor) -> Tensor:
    return _GENERATORS[1].flatten(1).to(like)
