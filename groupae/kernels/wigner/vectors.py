r"""A few vectors turned by Wigner matrices that are never formed.

With Euler angles ``R = R_y(a) R_x(b) R_y(c)`` and a fixed K that carries the axis y to x,

.. math:: D(R)\, v = Y(a)\, D(K)\, Y(b)\, D(K)^\top\, Y(c)\, v, \qquad Y(a) = D(R_y(a)),

where Y turns the planes of opposite orders by multiples of the angle, and D(K) is a constant. So a
vector costs a few products with one matrix, where forming D costs more than that for every entry.
It pays for a copy or two; D, once formed, serves any number of them, there and back.

References:
    Edmonds, Angular Momentum in Quantum Mechanics, 1957, section 4.1, for the factors.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import Self

from groupae.kernels.wigner.phases import powers_of_phases
from groupae.kernels.wigner.recursion import wigner_by_recursion

__all__ = ["turn_few"]


@dataclasses.dataclass(frozen=True)
class _Constants:
    """What `turn_few` multiplies by.

    Args:
        orders: Frequency of every entry about y, from 0; shape ``(length,)``.
        signs: 0, 1 or -1: how its opposite's sine comes in; shape ``(length, 1)``.
        opposites: Where that is.
        tilts: D(K) of each term, on all its copies at once: ``(d copies, d copies)``.
    """

    orders: Tensor
    signs: Tensor
    opposites: Tensor
    tilts: tuple[Tensor, ...]

    @classmethod
    def make(
        cls,
        degrees: tuple[int, ...],
        widths: tuple[int, ...],
        dtype: torch.dtype,
        device: torch.device,
    ) -> Self:
        """Return them; tensors without values must not be kept."""
        orders, signs, opposites, tilts, start = [], [], [], [], 0
        every = wigner_by_recursion(_TILT, max(degrees))
        for degree, width in zip(degrees, widths, strict=True):
            order = torch.arange(-degree, degree + 1).repeat_interleave(width)
            place = torch.arange(len(order)).view(-1, width)
            orders.append(order.abs())
            signs.append(-order.sign())
            opposites.append(start + place.flip(0).flatten())
            tilts.append(torch.kron(every[degree], torch.eye(width, dtype=torch.float64)))
            start += len(order)
        return cls(
            torch.cat(orders).to(device),
            torch.cat(signs)[:, None].to(device, dtype),
            torch.cat(opposites).to(device),
            tuple(tilt.to(device, dtype) for tilt in tilts),
        )


# carries y to x, x to -y
_TILT = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
_kept_constants = functools.lru_cache(maxsize=64)(_Constants.make)


def turn_few(degrees: Sequence[int], copies: Sequence[int], rotation: Tensor, x: Tensor) -> Tensor:
    """Return vectors whose blocks are multiplied by Wigner matrices, without derivatives.

    Args:
        degrees: Of each block.
        copies: Of each block.
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``.
        x: Vectors, shape ``(*batch, sum of (2l + 1) copies, m)``, same batch and dtype.

    Example:
        >>> quarter = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
        >>> turn_few([1], [1], quarter, torch.arange(3.0)[:, None])[:, 0].round().int().tolist()
        [-1, 0, 2]
    """
    n, length = math.prod(x.shape[:-2]), math.prod(x.shape[-2:])
    widths = tuple(c * x.shape[-1] for c in copies)
    make = _kept_constants if type(x) is Tensor else _Constants.make
    constants = make(tuple(degrees), widths, x.dtype, x.device)
    powers = powers_of_phases(rotation.reshape(n, 3, 3), max(1, *degrees))
    turns = torch.view_as_real(powers).index_select(0, constants.orders).unbind(1)
    v = x.reshape(n, length).mT.contiguous()  # the batch innermost, as phases are
    of_a, of_c, of_b = ((turn[..., 0], turn[..., 1] * constants.signs) for turn in turns)
    v = _tilt(constants.tilts, _turn(of_c, constants.opposites, v), back=True)
    v = _tilt(constants.tilts, _turn(of_b, constants.opposites, v), back=False)
    return _turn(of_a, constants.opposites, v).mT.reshape(x.shape)


def _turn(turns: tuple[Tensor, Tensor], opposites: Tensor, v: Tensor) -> Tensor:
    cosine, sine = turns
    return (v * cosine).addcmul_(v.index_select(0, opposites), sine)


def _tilt(tilts: Sequence[Tensor], v: Tensor, *, back: bool) -> Tensor:
    parts = v.split([len(tilt) for tilt in tilts])
    return torch.cat([(t.mT if back else t) @ p for t, p in zip(tilts, parts, strict=True)])
