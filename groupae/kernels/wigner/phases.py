r"""Wigner matrices of all degrees at once, from phases and one table.

With Euler angles ``R = R_y(a) R_x(b) R_y(c)`` every entry of every matrix has two terms,

.. math:: D_{ij} = p(b) \cos(m a) \cos(n c) + q(b) \sin(m a) \sin(n c)
    \quad\text{or}\quad p(b) \cos(m a) \sin(n c) + q(b) \sin(m a) \cos(n c),

where m and n are the frequencies of i and j, and p and q trigonometric polynomials of degree l. No
angle is computed: the phases of ``(a + c) / 2``, ``(a - c) / 2`` and ``b / 2`` are read from the
quaternion, multiples are products of complex numbers. At the poles, where a phase is not defined,
no entry depends on it. The batch lies innermost, so every operation runs along it.

References:
    Wigner, Gruppentheorie, 1931, for the factors; Bar-Itzhack 2000 for the quaternion.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import torch
from torch import Tensor
from typing_extensions import Self

from groupae.kernels.dispatch import count_entries, rows_at_once
from groupae.kernels.one_thread import one_thread
from groupae.kernels.wigner.recursion import MAX_DEGREE, wigner_by_recursion

__all__ = ["powers_of_phases", "wigner_rows"]


@dataclasses.dataclass(frozen=True)
class _Table:
    """Coefficients of all entries up to `MAX_DEGREE`, low degrees first.

    Args:
        polynomials: Coefficients of p and q to cosines and sines of 0, b, 2b, ...; shape
            ``(2, entries, 2, MAX_DEGREE + 1)``.
        phases: For each highest degree L, which of the products ``(cos | sin, m, cos | sin, n)``,
            m and n = 0..L, p and q are multiplied by; shapes ``(2, entries)``.
    """

    polynomials: Tensor
    phases: tuple[Tensor, ...]


@one_thread()
def _make_table() -> _Table:
    """Return the table, from the recursion at equally spaced angles b: an exact Fourier sum."""
    count = 2 * MAX_DEGREE + 2
    b = torch.arange(count, dtype=torch.float64) * (2 * math.pi / count)
    k = torch.arange(MAX_DEGREE + 1, dtype=torch.float64)
    waves = torch.stack([(b * k[:, None]).cos(), (b * k[:, None]).sin()])
    one, zero = torch.ones_like(b), torch.zeros_like(b)
    about_x = torch.stack([one, zero, zero, zero, b.cos(), -b.sin(), zero, b.sin(), b.cos()], -1)
    degrees = wigner_by_recursion(torch.unflatten(about_x, -1, (3, 3)), MAX_DEGREE)
    weights = waves * (2 / count)
    weights[:, 0] /= 2
    polynomials, kinds = [], []
    for degree, values in enumerate(degrees):
        series = torch.einsum("skb,bij->ijsk", weights, values)
        terms, kind = _two_terms(degree, torch.where(series.abs() < 1e-13, 0.0, series))
        polynomials.append(terms)
        kinds.append(kind)
    is_sine_of_a, m, is_sine_of_c, n = torch.cat(kinds, 2)
    phases = tuple(
        ((is_sine_of_a * (highest + 1) + m) * 2 + is_sine_of_c) * (highest + 1) + n
        for highest in range(MAX_DEGREE + 1)
    )
    used = [count_entries(highest) for highest in range(MAX_DEGREE + 1)]
    cut = tuple(of[:, :entries].contiguous() for of, entries in zip(phases, used, strict=True))
    return _Table(torch.cat(polynomials, 1), cut)


def _two_terms(degree: int, d: Tensor) -> tuple[Tensor, Tensor]:
    """Return both terms of the entries of one degree, row by row.

    ``R_y(a)`` is cosines on the diagonal and sines on the antidiagonal, so i and j meet their
    opposites; of the four terms two vanish, since ``R_x(b)`` mixes no cosine with a sine.

    Args:
        degree: l.
        d: The entries of ``D^l(R_x(b))`` as series in b, shape ``(2l + 1, 2l + 1, 2, k)``.

    Returns:
        The series of p and q, shape ``(2, entries, 2, k)``; and what they are multiplied by, shape
        ``(4, 2, entries)``: whether a sine of a, m, whether a sine of c, n.
    """
    frequency = degree - torch.arange(2 * degree + 1)
    f_i, f_j = torch.meshgrid(frequency, frequency, indexing="ij")
    sign_i, sign_j = (torch.where(f < 0, -1.0, 1.0)[..., None, None] for f in (f_i, f_j))
    is_mixed = d.abs().amax((-2, -1)) == 0
    here, opposite = d, -sign_i * sign_j * d.flip(0, 1)
    mixed_p, mixed_q = -sign_j * d.flip(1), sign_i * d.flip(0)
    p = torch.where(is_mixed[..., None, None], mixed_p, here)
    q = torch.where(is_mixed[..., None, None], mixed_q, opposite)
    of_cosine, of_sine = torch.zeros_like(f_i), torch.ones_like(f_i)
    of_p = torch.stack([of_cosine, f_i.abs(), is_mixed.long(), f_j.abs()])
    of_q = torch.stack([of_sine, f_i.abs(), 1 - is_mixed.long(), f_j.abs()])
    return torch.stack([p, q]).flatten(1, 2), torch.stack([of_p, of_q], 1).flatten(2)


def _quaternion_products() -> Tensor:
    """Return the matrix (16, 10) from ``(R row by row, 1)`` to ``4 q q^T``, q = (w, x, y, -z)."""
    xx, xy, xz, yx, yy, yz, zx, zy, zz, one = range(10)
    table = torch.zeros(4, 4, 10, dtype=torch.float64)
    for i, j, plus, minus in (
        (0, 0, (one, xx, yy, zz), ()),
        (1, 1, (one, xx), (yy, zz)),
        (2, 2, (one, yy), (xx, zz)),
        (3, 3, (one, zz), (xx, yy)),
        (0, 1, (zy,), (yz,)),
        (0, 2, (xz,), (zx,)),
        (0, 3, (xy,), (yx,)),
        (1, 2, (xy, yx), ()),
        (1, 3, (), (xz, zx)),
        (2, 3, (), (yz, zy)),
    ):
        for entries, sign in ((plus, 1), (minus, -1)):
            table[i, j, list(entries)] = table[j, i, list(entries)] = sign
    return table.flatten(0, 1)


_TABLE = _make_table()  # now: torch.compile cannot trace its making
_PRODUCTS = _quaternion_products()


@dataclasses.dataclass(frozen=True)
class _Constants:
    """Constants of `wigner_rows` for one dtype, device and highest degree."""

    quaternion: Tensor  # (16, 9)
    quaternion_offset: Tensor  # (16, 1)
    p_series: Tensor  # (entries, 2 (highest + 1))
    q_series: Tensor
    p_phases: Tensor  # (entries,)
    q_phases: Tensor

    @classmethod
    def make(cls, highest: int, dtype: torch.dtype, device: torch.device) -> Self:
        """Return the constants, which must not be cached if made of fake tensors."""
        products, used = _PRODUCTS.to(device, dtype), count_entries(highest)
        series = _TABLE.polynomials[:, :used, :, : highest + 1].to(device, dtype).flatten(2)
        phases = _TABLE.phases[highest].to(device)
        return cls(products[:, :9], products[:, 9:], *series, *phases)


_kept_constants = functools.lru_cache(maxsize=64)(_Constants.make)


def _constants(highest: int, like: Tensor) -> _Constants:
    make = _kept_constants if type(like) is Tensor else _Constants.make
    return make(highest, like.dtype, like.device)


def powers_of_phases(rotation: Tensor, highest: int) -> Tensor:
    """Return powers 0 .. ``highest`` of ``e^(ia), e^(ic), e^(ib)`` of rotations ``(n, 3, 3)``.

    Returns:
        Complex, shape ``(highest + 1, 3, n)``; highest is at least 1.
    """
    constants = _constants(highest, rotation)
    n = rotation.shape[0]
    entries = rotation.reshape(n, 9).mT
    outer = torch.addmm(constants.quaternion_offset, constants.quaternion, entries)
    longest = outer[::5].max(0).indices  # argmax would be slower by far
    quat = outer.view(4, 4, n).gather(0, longest.expand(1, 4, n))[0]
    # a real part too small to change any other number makes the phase 1 where it is not defined
    halves = torch.complex(quat[:2] + torch.finfo(quat.dtype).tiny ** 0.4, quat[2:])
    lengths = halves.abs()
    first, second = halves.sgn().unbind()
    powers = halves.new_ones(highest + 1, 3, n)
    of_a, of_c, of_b = powers[1].unbind()
    torch.mul(first, second, out=of_a)
    torch.mul(first, second.conj(), out=of_c)
    torch.sgn(torch.complex(*lengths.unbind()).square(), out=of_b)
    known = 2
    while known <= highest:  # by doubling
        end = min(2 * known - 1, highest + 1)
        torch.mul(powers[1 : end - known + 1], powers[known - 1], out=powers[known:end])
        known = end
    return powers


def wigner_rows(rotation: Tensor, highest: int) -> Tensor:
    """Return all entries of ``D^0, ..., D^highest``, matrix by matrix and row by row.

    Args:
        rotation: Rotation matrices, shape ``(*batch, 3, 3)``, float32 or float64.
        highest: Largest degree, 1 to `MAX_DEGREE`.

    Returns:
        Shape ``(entries, *batch)``: the batch lies innermost.
    """
    batch = rotation.shape[:-2]
    n, entries, half = math.prod(batch), count_entries(highest), 2 * (highest + 1)
    rotation = rotation.reshape(n, 3, 3)
    constants = _constants(highest, rotation)
    powers = torch.view_as_real(powers_of_phases(rotation, highest))
    # cosines, then sines
    of_a, of_c, of_b = powers.permute(1, 3, 0, 2).reshape(3, half, n).unbind()
    width = rows_at_once(n, entries * rotation.element_size(), rotation.device)
    buffers, all_phases = (
        rotation.new_empty(3, entries * width),
        rotation.new_empty(half**2 * width),
    )
    rows = rotation.new_empty(entries, *batch)
    flat = rows.view(entries, n)
    for start in range(0, n, width):
        part = slice(start, min(start + width, n))
        k = part.stop - part.start
        phases = all_phases[: half**2 * k].view(half, half, k)
        torch.mul(of_a[:, None, part], of_c[:, part], out=phases)
        phases = phases.view(half**2, k)
        p, q, phase = buffers[:, : entries * k].view(3, entries, k).unbind()
        torch.mm(constants.p_series, of_b[:, part], out=p)
        torch.mm(constants.q_series, of_b[:, part], out=q)
        p.mul_(torch.index_select(phases, 0, constants.p_phases, out=phase))
        torch.index_select(phases, 0, constants.q_phases, out=phase)
        torch.addcmul(p, q, phase, out=flat[:, part])
    return rows
