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

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae.kernels.paths import differentiable, full_precision, known_signature, uses_fast_path
from groupae.kernels.wigner_phases import wigner_rows
from groupae.kernels.wigner_recursion import MAX_DEGREE, wigner_by_recursion, wigner_generators

__all__ = ["MAX_DEGREE", "wigner_matrices"]

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
    if highest < 2 or not uses_fast_path():
        return wigner_by_recursion(rotation, highest)
    return _read(differentiable(_Wigner, rotation, highest, batch_innermost), highest)


def _read(stored: Sequence[Tensor], highest: int) -> list[Tensor]:
    """Return the matrices, as views.

    Args:
        stored: Matrices one after another, a tensor ``(*batch, (2l + 1)^2)`` a degree; or all of
            them in one tensor ``(entries, *batch)``.
        highest: Largest degree.
    """
    sizes = [2 * degree + 1 for degree in range(highest + 1)]
    if len(stored) == 1:
        stored = stored[0].movedim(0, -1).split([size**2 for size in sizes], -1)
    return [part.view(*part.shape[:-1], d, d) for part, d in zip(stored, sizes, strict=True)]


@known_signature
class _Wigner(torch.autograd.Function):
    """All matrices of rotations, as `_read` reads them; derivatives by the formula above."""

    @staticmethod
    @override
    def forward(rotation: Tensor, highest: int, innermost: bool) -> tuple[Tensor, ...]:
        batch = rotation.shape[:-2]
        rows = wigner_rows(rotation.reshape(math.prod(batch), 3, 3), highest)
        if innermost:
            return (rows.reshape(len(rows), *batch),)
        stored = []
        for part in rows.split([(2 * degree + 1) ** 2 for degree in range(highest + 1)]):
            stored.append(part.new_empty(*batch, len(part)))  # not a view, for forward mode
            stored[-1].view(*part.shape[::-1]).copy_(part.mT)
        return tuple(stored)

    @staticmethod
    @override
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        rotation, ctx.highest, _ = inputs
        ctx.save_for_backward(rotation, *output)
        ctx.save_for_forward(rotation, *output)

    @staticmethod
    @override
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        rotation, *stored = ctx.saved_tensors
        with full_precision(rotation):
            pairs = zip(_read(grads, ctx.highest), _read(stored, ctx.highest), strict=True)
            products = torch.cat([(grad @ matrix.mT).flatten(-2) for grad, matrix in pairs], -1)
            torque = products @ _flat_generators(ctx.highest, rotation).mT
            turn = (torque @ _flat_axes(rotation) / 2).unflatten(-1, (3, 3))
            return turn @ rotation, None, None

    @staticmethod
    @override
    def jvp(ctx: Any, tangent: Tensor, *_: None) -> tuple[Tensor, ...]:
        rotation, *stored = ctx.saved_tensors
        with full_precision(rotation):
            velocity = (tangent @ rotation.mT).flatten(-2) @ _flat_axes(rotation).mT / 2
            turned = [
                (velocity @ x.flatten(1).to(velocity)).unflatten(-1, d.shape[-2:]) @ d
                for x, d in zip(_GENERATORS, _read(stored, ctx.highest), strict=False)
            ]
        if len(stored) > 1:
            return tuple(part.flatten(-2) for part in turned)
        return (torch.cat([part.movedim((-2, -1), (0, 1)).flatten(0, 1) for part in turned]),)

    @staticmethod
    @override
    def vmap(info: Any, in_dims: Any, rotation: Tensor, *options: Any) -> tuple[Any, Any]:
        del info
        stored = differentiable(_Wigner, rotation.movedim(in_dims[0], 0), *options)
        return stored, (0,) * len(stored) if len(stored) > 1 else (1,)


def _flat_generators(highest: int, like: Tensor) -> Tensor:
    return torch.cat([x.flatten(1) for x in _GENERATORS[: highest + 1]], 1).to(like)


def _flat_axes(like: Tensor) -> Tensor:
    return _GENERATORS[1].flatten(1).to(like)
