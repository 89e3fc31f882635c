r"""Products of Wigner matrices and vectors, without forming the matrices.

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
from typing import Any

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from groupae.kernels.dispatch import multiplies_in_numpy, rows_at_once
from groupae.kernels.one_thread import one_thread
from groupae.kernels.wigner.phases import powers_of_phases
from groupae.kernels.wigner.recursion import MAX_DEGREE, wigner_by_recursion, wigner_generators

__all__ = ["torque_of_few", "turn_few"]


@dataclasses.dataclass(frozen=True)
class _Constants:
    """Constants of `turn_few` for given sizes.

    Args:
        waves: Which of the rows ``cos 0 .. cos L, sin 0 .. sin L, -sin 0 .. -sin L`` every entry
            is multiplied by, then every opposite entry; shape ``(2 length,)``.
        opposites: Index of the entry of opposite order, shape ``(length,)``.
        rows: Entries of each term.
        tilts: D(K) of each term, ``(d, d)``.
        tilts_back: Their transposes.
        generators: X of each term, ``(3, d, d)``.
        arrays: The last three as arrays of numpy, on a processor.
    """

    waves: Tensor
    opposites: Tensor
    rows: tuple[slice, ...]
    tilts: tuple[Tensor, ...]
    tilts_back: tuple[Tensor, ...]
    generators: tuple[Tensor, ...]
    arrays: tuple[tuple[Any, ...], ...] = ()

    @property
    def matrices(self) -> tuple[tuple[Any, ...], ...]:
        """Tilts, their transposes and generators."""
        return self.tilts, self.tilts_back, self.generators

    @classmethod
    def make(
        cls,
        degrees: tuple[int, ...],
        widths: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
    ) -> Self:
        """Return the constants, which must not be cached if made of fake tensors."""
        cosines, sines, opposites, rows, start = [], [], [], [], 0
        count = max(1, *degrees) + 1
        for degree, width in zip(degrees, widths, strict=True):
            order = torch.arange(-degree, degree + 1, device=device).repeat_interleave(width)
            cosines.append(order.abs())
            sines.append(order.abs() + torch.where(order > 0, 2 * count, count))
            entries = torch.arange(start, start + len(order), device=device)
            opposites.append(entries.view(2 * degree + 1, width).flip(0).flatten())
            rows.append(slice(start, start + len(order)))
            start += len(order)
        tilts = [_TILTS[degree].to(device, dtype) for degree in degrees]
        return cls(
            torch.cat([*cosines, *sines]),
            torch.cat(opposites),
            tuple(rows),
            tuple(tilts),
            tuple([tilt.mT.contiguous() for tilt in tilts]),
            tuple([_GENERATORS[degree].to(device, dtype) for degree in degrees]),
        )


# carries y to x, x to -y
_TILT = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
with one_thread():
    _TILTS = wigner_by_recursion(_TILT, MAX_DEGREE)
_GENERATORS = wigner_generators(MAX_DEGREE)


@functools.lru_cache(maxsize=64)
def _kept_constants(
    degrees: tuple[int, ...], widths: tuple[int, ...], dtype: torch.dtype, device: torch.device
) -> _Constants:
    with torch.inference_mode(False):  # what is kept may be asked for derivatives later
        constants = _Constants.make(degrees, widths, dtype, device)
        if device.type != "cpu":
            return constants
        arrays = [tuple([matrix.numpy() for matrix in kind]) for kind in constants.matrices]
        return dataclasses.replace(constants, arrays=tuple(arrays))


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
    waves, order = _waves(powers, back=back), _BACK if back else _THERE
    width, in_numpy = rows_at_once(n, length * x.element_size(), x.device), multiplies_in_numpy(x)
    out = x.new_empty(shape)  # not a view: autograd forbids changing a returned view in place
    rows = out.view(n, length)
    scratch = x.new_empty(5 * length * width)  # in one piece: what is freed stays at hand
    turns = [waves[:, axis] for axis in order]
    with np.errstate(all="ignore"):  # as silent as torch about NaN and inf
        if width >= n:
            rows.copy_(_turn_rows(constants, turns, x, scratch, in_numpy=in_numpy))
            return out, powers
        for start in range(0, n, width):
            part = slice(start, min(start + width, n))
            some = [turn[:, part] for turn in turns]
            rows[part] = _turn_rows(constants, some, x[part], scratch, in_numpy=in_numpy)
    return out, powers


def _turn_rows(
    constants: _Constants, turns: Sequence[Tensor], x: Tensor, scratch: Tensor, *, in_numpy: bool
) -> Tensor:
    """Return vectors ``(k, length)`` after three turns, in the memory of ``scratch``."""
    k, length = x.shape
    v, spare, opposite, cosine, sine = scratch[: 5 * length * k].view(5, length, k).unbind()
    both = scratch[3 * length * k : 5 * length * k].view(2 * length, k)
    there, back, _ = constants.arrays if in_numpy else constants.matrices
    tilts = (back, there, None)
    v.copy_(x.mT)
    for turn, tilt in zip(turns, tilts, strict=True):
        torch.index_select(turn, 0, constants.waves, out=both)
        torch.index_select(v, 0, constants.opposites, out=opposite)
        v.mul_(cosine).addcmul_(opposite, sine)
        if tilt is not None:
            _multiply_terms(tilt, constants.rows, v, spare, in_numpy=in_numpy)
            v, spare = spare, v
    return v.mT


# Places of a, c and b among the phases, in the order in which the turns follow one another
_THERE = (1, 2, 0)
_BACK = (0, 2, 1)


def _waves(powers: Tensor, *, back: bool) -> Tensor:
    """Return cosines, sines and opposite sines, of opposite angles if turned back."""
    cosine, sine = torch.view_as_real(powers).unbind(-1)
    return torch.cat([cosine, -sine, sine] if back else [cosine, sine, -sine])


def _multiply_terms(
    matrices: Sequence[Any], rows: Sequence[slice], v: Tensor, out: Tensor, *, in_numpy: bool
) -> None:
    """Write the terms of ``(length, n)`` multiplied by ``(*k, d, d)`` to ``(*k, length, n)``."""
    lead = matrices[0].shape[:-2]
    vectors: Any = v.numpy() if in_numpy else v
    products: Any = out.numpy() if in_numpy else out  # on the same memory
    for matrix, part in zip(matrices, rows, strict=True):
        d, block = matrix.shape[-1], vectors[part]
        size = d, block.shape[0] // d * block.shape[1]
        if in_numpy:
            target = products[..., part, :].reshape(*lead, *size)
            np.matmul(matrix, block.reshape(size), out=target)
        else:
            products[..., part, :] = (matrix @ block.reshape(size)).reshape(*lead, *block.shape)


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
    generators = (constants.arrays if in_numpy else constants.matrices)[2]
    scratch = y.new_empty(4 * length * width)
    with np.errstate(all="ignore"):
        for start in range(0, n, width):
            part = slice(start, start + width)
            k = min(width, n - start)
            moved = scratch[: 3 * length * k].view(3, length, k)
            v = scratch[3 * length * k : 4 * length * k].view(length, k)
            v.copy_(y[part].mT)
            _multiply_terms(generators, constants.rows, v, moved, in_numpy=in_numpy)
            moved.mul_(v.copy_(g[part].mT))
            for degree, rows in zip(degrees, constants.rows, strict=True):
                if not degree:  # the rotation does not touch it, be it infinite
                    moved[:, rows] = 0
            torques[part] = moved.sum(1).mT
    return torques.reshape(*grad.shape[:-2], 3)
