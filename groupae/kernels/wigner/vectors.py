r"""Vectors turned by Wigner matrices that are never formed.

With Euler angles ``R = R_y(a) R_x(b) R_y(c)`` and a fixed K that carries the axis y to x,

.. math:: D(R)\, v = Y(a)\, D(K)\, Y(b)\, D(K)^\top\, Y(c)\, v, \qquad Y(a) = D(R_y(a)),

where Y turns the planes of opposite orders by multiples of the angle, and D(K) is a constant. So a
vector costs a few products with one matrix, where forming D costs more than that for every entry.
It pays for a few copies; D, once formed, serves any number of them, there and back. The batch lies
innermost, as it does for phases: every product is one of two large matrices.

References:
    Edmonds, Angular Momentum in Quantum Mechanics, 1957, section 4.1, for the factors.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from groupae.kernels.dispatch import multiplies_in_numpy, rows_at_once
from groupae.kernels.wigner.phases import powers_of_phases
from groupae.kernels.wigner.recursion import MAX_DEGREE, wigner_by_recursion, wigner_generators

__all__ = ["torque_of_few", "turn_few"]


@dataclasses.dataclass(frozen=True)
class _Constants:
    """Constants of `turn_few` for given sizes.

    Args:
        orders: Frequency of every entry about y, from 0; shape ``(length,)``.
        signs: Sign of the sine by which the opposite entry is multiplied, 0 for order 0; shape
            ``(length, 1, 1)``.
        opposites: Index of the opposite entry.
        rows: Entries of each term.
        tilts: D(K) of each term, ``(d, d)``.
        tilts_back: Their transposes.
        generators: X of each term, ``(3, d, d)``.
    """

    orders: Tensor
    signs: Tensor
    opposites: Tensor
    rows: tuple[slice, ...]
    tilts: tuple[Tensor, ...]
    tilts_back: tuple[Tensor, ...]
    generators: tuple[Tensor, ...]

    @classmethod
    def make(
        cls,
        degrees: tuple[int, ...],
        widths: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
    ) -> Self:
        """Return the constants; those made of tensors without values must not be kept."""
        orders, signs, opposites, rows, start = [], [], [], [], 0
        for degree, width in zip(degrees, widths, strict=True):
            order = torch.arange(-degree, degree + 1).repeat_interleave(width)
            place = torch.arange(len(order)).view(-1, width)
            orders.append(order.abs())
            signs.append(-order.sign())
            opposites.append(start + place.flip(0).flatten())
            rows.append(slice(start, start + len(order)))
            start += len(order)
        tilts = [_TILTS[degree].to(device, dtype) for degree in degrees]
        return cls(
            torch.cat(orders).to(device),
            torch.cat(signs)[:, None, None].to(device, dtype),
            torch.cat(opposites).to(device),
            tuple(rows),
            tuple(tilts),
            tuple(tilt.mT.contiguous() for tilt in tilts),
            tuple(_GENERATORS[degree].to(device, dtype) for degree in degrees),
        )


# carries y to x, x to -y
_TILT = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
_TILTS = wigner_by_recursion(_TILT, MAX_DEGREE)
_GENERATORS = wigner_generators(MAX_DEGREE)


@functools.lru_cache(maxsize=64)
def _kept_constants(
    degrees: tuple[int, ...], widths: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> _Constants:
    with torch.inference_mode(False):  # what is kept may be asked for derivatives later
        return _Constants.make(degrees, widths, dtype, device)


def _constants(degrees: Sequence[int], copies: Sequence[int], x: Tensor) -> _Constants:
    m = x.shape[-1]
    widths = tuple(copies) if m == 1 else tuple([c * m for c in copies])
    make = _kept_constants if type(x) is Tensor else _Constants.make
    return make(tuple(degrees), widths, x.dtype, x.device)


def turn_few(
    degrees: Sequence[int],
    copies: Sequence[int],
    rotation: Tensor,
    x: Tensor,
    powers: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return vectors whose blocks are multiplied by Wigner matrices, without derivatives.

    Args:
        degrees: Degree of each block.
        copies: Multiplicity of each block.
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``.
        x: Vectors, shape ``(*batch, sum of (2l + 1) copies, m)``, same batch and dtype.
        powers: The phases that were returned for the rotations before: then the vectors are turned
            back, by the inverse rotations.

    Returns:
        The vectors, and the powers of phases of the rotations.

    Example:
        >>> quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
        >>> turned, _ = turn_few([1], [1], quarter, torch.arange(3.0)[:, None])
        >>> turned[:, 0].round().int().tolist()
        [-1, 0, 2]
    """
    shape, back = x.shape, powers is not None
    n, length = math.prod(shape[:-2]), shape[-2] * shape[-1]
    constants, x = _constants(degrees, copies, x), x.reshape(n, length)
    if powers is None:
        powers = powers_of_phases(rotation.reshape(n, 3, 3), max(1, *degrees))
    width = rows_at_once(n, length * x.element_size(), x.device)
    in_numpy = multiplies_in_numpy(x)
    with np.errstate(all="ignore"):  # as silent as torch about NaN and inf
        if width >= n:
            turned = _turn_rows(constants, powers, x, back=back, in_numpy=in_numpy)
            return turned.reshape(shape), powers
        out = torch.empty_like(x)
        for start in range(0, n, width):
            part = slice(start, start + width)
            turned = _turn_rows(constants, powers[..., part], x[part], back=back, in_numpy=in_numpy)
            out[part] = turned
    return out.reshape(shape), powers


def _turn_rows(
    constants: _Constants, powers: Tensor, x: Tensor, *, back: bool, in_numpy: bool
) -> Tensor:
    cosines, sines = torch.view_as_real(powers).unbind(-1)
    cosines = cosines.contiguous().index_select(0, constants.orders)
    sines = sines.contiguous().index_select(0, constants.orders).mul_(constants.signs)
    first, last = 1, 0  # the turns by c and by a
    if back:
        first, last, sines = 0, 1, sines.neg_()
    v, opposites = x.mT.contiguous(), constants.opposites
    v = (v * cosines[:, first]).addcmul_(v.index_select(0, opposites), sines[:, first])
    v = _multiply_terms(constants.tilts_back, constants.rows, v, in_numpy=in_numpy)
    v = (v * cosines[:, 2]).addcmul_(v.index_select(0, opposites), sines[:, 2])
    v = _multiply_terms(constants.tilts, constants.rows, v, in_numpy=in_numpy)
    v = (v * cosines[:, last]).addcmul_(v.index_select(0, opposites), sines[:, last])
    return v.mT


def _multiply_terms(
    matrices: Sequence[Tensor], rows: Sequence[slice], v: Tensor, *, in_numpy: bool
) -> Tensor:
    """Return ``(*k, length, n)``, the terms of ``(length, n)`` multiplied by ``(*k, d, d)``."""
    lead = matrices[0].shape[:-2]
    out = v.new_empty(*lead, *v.shape)
    vectors, results = (v.numpy(), out.numpy()) if in_numpy else (v, out)  # on the same memory
    for matrix, part in zip(matrices, rows, strict=True):
        d, block = matrix.shape[-1], vectors[part]
        size = d, block.shape[0] // d * block.shape[1]
        if in_numpy:
            target = results[..., part, :].reshape(*lead, *size)
            np.matmul(matrix.numpy(), block.reshape(size), out=target)
        else:
            results[..., part, :] = (matrix @ block.reshape(size)).reshape(*lead, *block.shape)
    return out


def torque_of_few(
    degrees: Sequence[int], copies: Sequence[int], grad: Tensor, output: Tensor
) -> Tensor:
    r"""Return :math:`\langle X_a, G y^\top \rangle` summed over blocks, shape ``(*batch, 3)``.

    Args:
        degrees: Degree of each block.
        copies: Multiplicity of each block.
        grad: G, the gradient to y, shape ``(*batch, sum of (2l + 1) copies, m)``.
        output: y, same shape.
    """
    n, length = math.prod(grad.shape[:-2]), grad.shape[-2] * grad.shape[-1]
    constants = _constants(degrees, copies, output)
    g, y, torques = grad.reshape(n, length), output.reshape(n, length), grad.new_empty(n, 3)
    width, in_numpy = rows_at_once(n, length * g.element_size(), g.device), multiplies_in_numpy(y)
    with np.errstate(all="ignore"):
        for start in range(0, n, width):
            part = slice(start, start + width)
            v = y[part].mT.contiguous()
            moved = _multiply_terms(constants.generators, constants.rows, v, in_numpy=in_numpy)
            torques[part] = moved.mul_(g[part].mT.contiguous()).sum(1).mT
    return torques.reshape(*grad.shape[:-2], 3)
