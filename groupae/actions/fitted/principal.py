r"""Principal copies: mixtures of copies of each irrep, of which the first tell most of the code.

Copies of one irrep may be mixed by any invertible matrix over their number (Schur's lemma). With S
the covariance of their features and G the Gram matrix of the maps back to codes, both averaged over
the components of the irrep, the best m mixtures are those of the largest singular values of
:math:`G^{1/2} S^{1/2}`: principal component analysis of each isotypic part. Squares of singular
values are variances of the code per number, by which copies of different irreps are compared.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from groupae.actions.fitted.search import Search
from groupae.groups.irreps import IrrepLabel

__all__ = ["keep_principal_copies"]


def keep_principal_copies(
    search: Search,
    chosen: dict[IrrepLabel, list[int]],
    size: int | None,
    most: dict[IrrepLabel, int] | None,
) -> dict[IrrepLabel, list[int]]:
    """Mix the chosen copies in ``search``, best first, and return those to keep.

    Args:
        search: The candidates; those that were chosen become mixtures of each other.
        chosen: Positions of the copies of each irrep among its candidates.
        size: Largest number of features in all; ``None`` for no limit.
        most: Largest number of copies per irrep; ``None`` for no limit.
    """
    labels = list(chosen)
    maps = [search.found[label].maps[chosen[label]] for label in labels]
    trained = [search.found[label].trained[chosen[label]] for label in labels]
    variances: dict[IrrepLabel, Tensor] = {}
    kinds = (_mixtures(maps, search), _mixtures(trained, search))
    for label, (mixed, weights, variance), (other, *_) in zip(labels, *kinds, strict=True):
        candidates = search.found[label]
        held_out = weights.square() @ candidates.held_out[chosen[label]]
        held_out = held_out / weights.square().sum(1)  # copies are uncorrelated with each other
        rest = [i for i in range(len(candidates.maps)) if i not in chosen[label]]
        search.found[label] = dataclasses.replace(
            candidates,
            maps=torch.cat([mixed, candidates.maps[rest]]),
            trained=torch.cat([other, candidates.trained[rest]]),
            held_out=torch.cat([held_out, candidates.held_out[rest]]),
        )
        variances[label] = variance
    return _largest(search, variances, size, most)


def _largest(
    search: Search,
    variances: dict[IrrepLabel, Tensor],
    size: int | None,
    most: dict[IrrepLabel, int] | None,
) -> dict[IrrepLabel, list[int]]:
    """Return the copies of the largest variance per number that fit."""
    ranked = sorted(
        (-float(variance), place, i, label)
        for place, (label, found) in enumerate(variances.items())
        for i, variance in enumerate(found)
    )
    kept: dict[IrrepLabel, list[int]] = {}
    room = float("inf") if size is None else size
    for *_, i, label in ranked:
        limit = len(ranked) if most is None else most.get(label, 0)
        dim = search.group.irreps.dim(label)
        if dim <= room and len(kept.get(label, ())) < limit:
            kept.setdefault(label, []).append(i)
            room -= dim
    return kept


def _mixtures(maps: list[Tensor], search: Search) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Return for each irrep the mixed maps, their weights, and the variance per number of each."""
    rows = torch.cat([some[..., :-1].flatten(0, 1) for some in maps])
    back = search.basis.synthesis(rows, search.covariance)
    found, start = [], 0
    for some in maps:
        copies, d = some.shape[:2]
        part = back[:, start : start + copies * d].unflatten(1, (copies, d))
        start += copies * d
        gram = torch.einsum("xni,xmi->nm", part, part) / d
        inner = some[..., :-1]
        spread = torch.einsum("nia,ab,mib->nm", inner, search.covariance, inner) / d
        root, inverse = _roots(spread)
        _, values, rotation = torch.linalg.svd(_roots(gram)[0] @ root)
        weights = rotation @ inverse
        found.append((torch.einsum("mn,nia->mia", weights, some), weights, values.square()))
    return found


def _roots(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Return the square root of a positive matrix, and its inverse."""
    values, vectors = torch.linalg.eigh(matrix)
    values = values.clamp(min=float(values[-1]) * 1e-12)
    return (vectors * values.sqrt()) @ vectors.mT, (vectors * values.rsqrt()) @ vectors.mT
