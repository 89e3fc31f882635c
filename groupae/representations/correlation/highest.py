r"""Element of the highest score on a compact group, from the Fourier coefficients of the score.

For an orthogonal representation the score :math:`\langle \rho(g) z, w\rangle` depends on two
vectors only through one matrix per irrep, the moment :math:`M_\lambda = W_\lambda Z_\lambda^\top`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from groupae.groups import SO2, SO3, Cyclic, Group
from groupae.groups.irreps import IrrepLabel
from groupae.representations.algebra import BasisChange
from groupae.representations.base import Representation
from groupae.representations.correlation.newton import climb
from groupae.representations.irrep_sum import IrrepSum

__all__ = ["highest_element", "in_irreps", "moments_of"]


def in_irreps(rho: Representation) -> Representation | None:
    """Return an orthogonal ``rho`` written in irreps, or ``None`` if it cannot be."""
    if not (rho.group.is_compact and rho.is_orthogonal):
        return None
    inner = rho.inner if isinstance(rho, BasisChange) else rho
    if isinstance(inner, IrrepSum):
        return rho
    if not rho.group.has_irreps:
        return None
    try:
        return rho.decompose()
    except ValueError:  # it holds irreps that the group does not list
        return None


def moments_of(
    rho: Representation, z: Tensor, w: Tensor, dim: int = -1
) -> dict[IrrepLabel, Tensor]:
    """Return the moment of two vectors in each irrep, shape ``(*batch, d, d)``.

    Args:
        rho: A representation whose blocks are irreps.
        z: Vectors, with the representation along axis ``dim``; axes behind it are further copies.
        w: Vectors with equally many axes.
        dim: The axis, negative.
    """
    dtype = torch.promote_types(z.dtype, torch.float32)
    z, w = (rho.to_blocks(x.to(dtype), dim) for x in (z, w))
    moments: dict[IrrepLabel, Tensor] = {}
    for block in rho.blocks:
        label = rho.group.irreps.parse(block.irrep)
        source, target = (
            x.narrow(dim, block.start, block.size)
            .unflatten(dim, (block.dim, block.copies))
            .flatten(dim)
            for x in (z, w)
        )
        moment = target @ source.mT
        moments[label] = moments[label] + moment if label in moments else moment
    return moments


def highest_element(group: Group, moments: Mapping[IrrepLabel, Tensor]) -> Tensor:
    """Return the element of the highest score, by the fastest method for the group.

    Args:
        group: A compact group.
        moments: The matrix M of each irrep, shape ``(*batch, d, d)``; at least one.

    Returns:
        Shape ``(*batch, *element_shape)``.
    """
    trivial = group.irreps.trivial
    *_, one = moments.values()
    batch = torch.broadcast_shapes(*(moment.shape[:-2] for moment in moments.values()))
    turning = {
        label: moment.expand(*batch, *moment.shape[-2:])
        for label, moment in moments.items()
        if label != trivial
    }
    if not turning:
        return group.identity(*batch, dtype=one.dtype, device=one.device)
    if isinstance(group, SO2):
        return _best_angle(turning)
    if isinstance(group, Cyclic):
        return _best_index(group.n, turning)
    if isinstance(group, SO3) and set(turning) == {1}:
        return group.project(turning[1])  # the nearest rotation has the largest product
    flat = {label: moment.reshape(-1, *moment.shape[-2:]) for label, moment in turning.items()}
    starts = []
    if isinstance(group, SO3) and 1 in turning:
        starts.append(group.project(flat[1]))
    return climb(group, flat, starts).reshape(*batch, *group.element_shape)


def _frequencies(moments: Mapping[IrrepLabel, Tensor]) -> tuple[Tensor, Tensor]:
    """Return frequencies k and c_k with score(t) = Re sum_k c_k exp(i k t)."""
    *_, one = moments.values()
    coefficients = []
    for moment in moments.values():
        cosine = moment.diagonal(dim1=-2, dim2=-1).sum(-1)
        turned = moment.shape[-1] == 2
        sine = moment[..., 1, 0] - moment[..., 0, 1] if turned else torch.zeros_like(cosine)
        coefficients.append(torch.complex(cosine, -sine))
    labels = [label for label in moments if isinstance(label, int)]
    return torch.tensor(labels, device=one.device), torch.stack(coefficients, -1)


def _samples(k: Tensor, c: Tensor, n: int) -> Tensor:
    """Return the score at the angles ``2 pi j / n``, shape ``(*batch, n)``, by one transform."""
    spectrum = c.new_zeros(*c.shape[:-1], n // 2 + 1)
    if c.numel() == 0:  # a transform of nothing is an error
        return c.real.new_zeros(*c.shape[:-1], n)
    single = (k == 0) | (2 * k == n)  # their own mirror image
    spectrum = spectrum.index_copy(-1, k, torch.where(single, n, n / 2) * c)
    samples: Tensor = torch.fft.irfft(spectrum, n=n)
    return samples


def _best_index(n: int, moments: Mapping[IrrepLabel, Tensor]) -> Tensor:
    place: Tensor = _samples(*_frequencies(moments), n).argmax(-1)
    return place


def _best_angle(moments: Mapping[IrrepLabel, Tensor]) -> Tensor:
    """Return the angle at which a trigonometric polynomial is largest.

    It is sampled at 16 times its highest frequency, so that Newton's method converges from the
    highest samples. A sample may lie 2 % below its peak, so Newton's method starts from as many
    peaks as the highest frequency, at most 32, and the best result is kept.
    """
    k, c = _frequencies(moments)
    if len(k) == 1:
        return torch.atan2(-c.imag, c.real)[..., 0] / k[0]
    highest = max(label for label in moments if isinstance(label, int))
    n = 1 << (16 * highest).bit_length()
    values = _samples(k, c, n)
    is_peak = (values >= values.roll(1, -1)) & (values >= values.roll(-1, -1))
    peaks = torch.where(is_peak, values, -torch.inf).topk(min(max(4, highest), 32), -1).indices
    theta = peaks.to(values.dtype) * (2 * math.pi / n)
    theta = _climb_angle(k, c, theta, 2 * math.pi / n, steps=8)
    values = (c[..., None, :] * torch.exp(1j * theta[..., None] * k)).real.sum(-1)
    best: Tensor = theta.take_along_dim(values.argmax(-1, keepdim=True), -1)
    # starts that end at one peak have equal values long before they have equal angles
    best = _climb_angle(k, c, best, 2 * math.pi / n, steps=2)[..., 0]
    return SO2().project(best)


def _climb_angle(k: Tensor, c: Tensor, theta: Tensor, most: float, steps: int) -> Tensor:
    """Return angles ``(*batch, starts)`` after steps of Newton's method of at most ``most``."""
    steepest = (k * k * c.abs()).sum(-1)[..., None]
    steepest = torch.where(steepest > 0, steepest, 1.0)
    for _ in range(steps):
        wave = c[..., None, :] * torch.exp(1j * theta[..., None] * k)
        slope, bend = -(k * wave.imag).sum(-1), (k * k * wave.real).sum(-1)
        concave = bend > 1e-6 * steepest
        step = slope / torch.where(concave, bend, steepest)
        theta = theta + step.clamp(-most, most)
    return theta
