r"""Search for the element of the highest score on a compact group, by Newton's method.

The score is given by its Fourier coefficients M. A well-spread set of elements is scored by one
matrix product; Newton's method in the Lie algebra starts from the best of them. With
:math:`N = D(g)^\top M` and generators X of the irreps, the derivatives of the score at
:math:`g \exp(v)` are :math:`\langle X_i, N\rangle` and
:math:`\tfrac12 \langle X_i X_j + X_j X_i, N\rangle`: no further representation matrix is needed.
All elements of a finite group are tried.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.groups.products.packed import Packed
from groupae.kernels.autograd import directional_derivative

__all__ = ["MOST_TRIED", "advance", "climb", "generators_of", "spread"]

_FEWEST, _MOST = 4096, 2**16
MOST_TRIED = 50_000
"""Order of the largest finite group for which all elements are tried, in some 50 ms per code."""
_ROUNDS = ((16, 5), (4, 9))
"""Elements kept and Newton steps per round: first many elements, then the best of them."""


def advance(group: Group, g: Tensor, v: Tensor) -> Tensor:
    """Return ``g exp(v)``; for a group made of others, the exponentials of its parts.

    Parts without an exponential do not move.
    """
    return group.compose(g, _step(group, v))


def _step(group: Group, v: Tensor) -> Tensor:
    if group.has_exp:
        return group.exp(v)
    if not isinstance(group, Packed):
        return group.identity(*v.shape[:-1], dtype=v.dtype, device=v.device)
    pieces = v.split([part.lie_dim for part in group.parts], -1)
    return group.pack(*(_step(part, u) for part, u in zip(group.parts, pieces, strict=True)))


def spread(group: Group, n: int) -> Tensor:
    """Return ``n`` well-spread elements in float64: a grid, or samples if the group has none."""
    if group.has_grid:
        return group.grid(n)
    return group.sample(n, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def climb(group: Group, moments: Mapping[IrrepLabel, Tensor], starts: Sequence[Tensor]) -> Tensor:
    """Return the elements of the highest score ``sum <D(g), M>``.

    Args:
        group: A compact group.
        moments: M for each irrep, shapes ``(n, d, d)``.
        starts: Starting elements beside the grid, each ``(n, *element_shape)``.

    Returns:
        Shape ``(n, *element_shape)``; exact for a finite group.
    """
    flat = torch.cat([moment.flatten(1) for moment in moments.values()], 1)
    labels = list(moments)
    if group.order is None:
        finest = max(group.irreps.error_growth(label) for label in labels)
        candidates = spread(group, max(_FEWEST, min(_MOST, 24 * finest**group.lie_dim)))
    elif group.order <= MOST_TRIED:
        candidates = group.elements()
    else:
        what = f"a finite group of at most {MOST_TRIED} elements for align"
        raise TypeError(expected(group, what, f"one of {group.order}", "all are tried"))
    candidates = candidates.to(flat.device)
    if candidates.is_floating_point():
        candidates = candidates.to(flat.dtype)
    pieces = []
    rows = max(1, 2**24 // len(candidates))
    for i in range(0, max(1, len(flat)), rows):
        best = _highest(group, labels, flat[i : i + rows], candidates)
        if group.order is None and group.lie_dim:
            guesses = [guess[i : i + rows, None].to(best) for guess in starts]
            best = _newton(group, labels, flat[i : i + rows], torch.cat([*guesses, best], 1))
        pieces.append(best[:, 0])
    return torch.cat(pieces)


def _matrices(group: Group, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> Tensor:
    """Return the matrices of all irreps, concatenated, shape ``(*batch, sum d^2)``."""
    return torch.cat([m.flatten(-2) for m in group.irreps.matrices(labels, g, dtype)], -1)


def _highest(
    group: Group, labels: Sequence[IrrepLabel], moments: Tensor, candidates: Tensor
) -> Tensor:
    """Return the best candidates, best first, shape ``(n, k, *element_shape)``."""
    scores = torch.cat(
        [
            moments @ _matrices(group, labels, chunk, moments.dtype).mT
            for chunk in candidates.split(1024)
        ],
        -1,
    )
    k = min(len(candidates), 1 if group.order is not None else _ROUNDS[0][0])
    return candidates[scores.topk(k, -1).indices]


def generators_of(group: Group, labels: Sequence[IrrepLabel], like: Tensor) -> list[Tensor]:
    """Return the images of the Lie-algebra axes in each irrep, shapes ``(lie_dim, d, d)``.

    They are ``D(g)^T d/dt D(g exp(t e))`` at a general element g, for charts may be singular at
    the identity.
    """
    origin = torch.linspace(0.3, 0.6, group.lie_dim, dtype=torch.float64, device=like.device)
    g = advance(group, group.identity(dtype=torch.float64, device=like.device), origin)

    def moved(v: Tensor) -> tuple[Tensor, ...]:
        return tuple(group.irreps.matrices(labels, advance(group, g, v), torch.float64))

    axes = torch.eye(group.lie_dim, dtype=torch.float64, device=like.device)
    columns = [directional_derivative(moved, torch.zeros_like(axis), axis) for axis in axes]
    return [
        torch.stack([value[i].mT @ slope[i] for value, slope in columns]).to(like.dtype)
        for i in range(len(labels))
    ]


def _newton(group: Group, labels: Sequence[IrrepLabel], moments: Tensor, g: Tensor) -> Tensor:
    """Return the best element reached from starts ``(n, k, ...)``, shape ``(n, 1, ...)``."""
    generators = generators_of(group, labels, moments)
    sizes = [x.shape[-1] ** 2 for x in generators]
    first = torch.cat([x.flatten(1) for x in generators], 1)
    products = [x[:, None] @ x for x in generators]
    second = torch.cat([((p + p.transpose(0, 1)) / 2).flatten(2) for p in products], 2)
    targets = [
        m.unflatten(-1, x.shape[-2:])[:, None]
        for m, x in zip(moments.split(sizes, -1), generators, strict=True)
    ]

    def look(g: Tensor) -> tuple[Tensor, Tensor]:
        """Return the score and ``N = D(g)^T M``, the latter concatenated over irreps."""
        matrices = group.irreps.matrices(labels, g, moments.dtype)
        pairs = list(zip(matrices, targets, strict=True))
        score = torch.stack([(m * target).sum((-2, -1)) for m, target in pairs]).sum(0)
        return score, torch.cat([(m.mT @ target).flatten(-2) for m, target in pairs], -1)

    growth = max(group.irreps.error_growth(label) for label in labels)
    radius = torch.full(g.shape[:2], math.pi / (4 * growth), dtype=moments.dtype, device=g.device)
    noise = 8 * torch.finfo(moments.dtype).eps * moments.abs().sum(-1, keepdim=True)
    score, n = look(g)
    for keep, steps in _ROUNDS:
        best = score.topk(min(keep, score.shape[1]), 1).indices
        g, n = g.take_along_dim(_behind(best, g), 1), n.take_along_dim(best[..., None], 1)
        score, radius = score.take_along_dim(best, 1), radius.take_along_dim(best, 1)
        for _ in range(steps):
            step = _ascent(n @ first.mT, torch.einsum("ijs,bks->bkij", second, n), radius)
            further = advance(group, g, step)
            new_score, new_n = look(further)
            accepted = new_score >= score - noise
            g = torch.where(_behind(accepted, g), further, g)
            score = torch.where(accepted, new_score, score)
            n = torch.where(accepted[..., None], new_n, n)
            radius = torch.where(accepted, radius, torch.linalg.vector_norm(step, dim=-1) / 4)
    best = score.argmax(-1, keepdim=True)
    return g.take_along_dim(_behind(best, g), 1)


def _behind(mask: Tensor, g: Tensor) -> Tensor:
    return mask.reshape(*mask.shape, *(1,) * (g.ndim - mask.ndim))


def _ascent(slope: Tensor, bend: Tensor, radius: Tensor) -> Tensor:
    """Return an ascent step of Newton's method, of length at most ``radius``.

    Eigenvalues of the second derivatives are replaced by their moduli, so that the step ascends
    where the score is not concave too.
    """
    values: Tensor
    axes: Tensor
    values, axes = torch.linalg.eigh(bend)
    largest = values.abs().amax(-1, keepdim=True)
    floor = torch.finfo(bend.dtype).eps ** 0.5 * torch.where(largest > 0, largest, 1.0)
    along = (axes.mT @ slope[..., None])[..., 0] / torch.maximum(values.abs(), floor)
    step: Tensor = (axes @ along[..., None])[..., 0]
    length = torch.linalg.vector_norm(step, dim=-1)
    scale = torch.where(length > radius, radius / torch.where(length > 0, length, 1.0), 1.0)
    return step * scale[..., None]
