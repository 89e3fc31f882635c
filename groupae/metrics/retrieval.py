"""Retrieval of an item by its code: ranks among the codes of all items."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, check_count, expected
from groupae.actions import LatentAction
from groupae.actions.codes import map_latent
from groupae.metrics.chance import check_rows, code_rows

__all__ = ["Ranks", "orbit_ranks", "retrieval_ranks"]

_NUMBERS = 2**22  # distances in one chunk: 32 MB in float64
_ROUNDING = 64  # multiple of eps up to which distances count as equal


class Ranks:
    """Places of the right items in lists sorted by distance, ties counted fairly.

    With ties the place is a random one among equals: of ``t`` others as near as the right item and
    ``k`` nearer ones it is uniform in ``k + 1 .. k + t + 1``. A code that has collapsed to one
    point ties with all and scores chance exactly.

    Args:
        nearer: Number of other items that are nearer, shape ``(n,)``; NaN where a code is not
            finite, whose scores are NaN too.
        equal: Number of other items that are as near, same shape.
        count: Number of items in each list, the right one among them.

    References:
        Kipf et al., Contrastive learning of structured world models, ICLR 2020; Park et al.,
        Learning symmetric embeddings for equivariant world models, ICML 2022 (MRR and hits).

    Example:
        >>> ranks = Ranks(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 1.0]), 4)
        >>> ranks.reciprocal()  # first; second or third
        tensor([1.0000, 0.4167])
        >>> ranks.hits(2)
        tensor([1.0000, 0.5000])
        >>> round(ranks.chance(), 4)  # (1 + 1/2 + 1/3 + 1/4) / 4
        0.5208
    """

    def __init__(self, nearer: Tensor, equal: Tensor, count: int) -> None:
        self.nearer, self.equal, self.count = nearer, equal, count

    def reciprocal(self) -> Tensor:
        """Return the expected reciprocal rank of each item, whose mean is the MRR, ``(n,)``.

        1 is perfect; `chance` gives the value of a code that knows nothing.
        """
        sums = _harmonic(self.count).to(self.nearer.device)
        first, equal = (part.nan_to_num().long() for part in (self.nearer, self.equal))
        share = (sums[first + equal + 1] - sums[first]) / (equal + 1)
        return share.float().where(self.nearer.isfinite(), torch.nan)

    def hits(self, k: int) -> Tensor:
        """Return the probability that each right item is among the first ``k``, shape ``(n,)``.

        Chance is ``k / count``.
        """
        check_count("Ranks.hits", "k", k)
        return ((k - self.nearer) / (self.equal + 1)).clamp(0, 1)

    def chance(self) -> float:
        """Return the mean reciprocal rank of random lists."""
        return float(_harmonic(self.count)[-1]) / self.count


def _harmonic(n: int) -> Tensor:
    """Return the sums ``1 + 1/2 + ... + 1/k`` for ``k = 0 .. n``, float64."""
    terms = 1 / torch.arange(1, n + 1, dtype=torch.float64)
    return torch.cat([torch.zeros(1, dtype=torch.float64), terms.cumsum(0)])


def retrieval_ranks(queries: Any, items: Any) -> Ranks:
    """Return the rank of each item among all items, by distance from its query.

    The queries along orbits are ``action(g, z1)`` and the items ``z2``; with invariants they are
    those of ``z1`` and ``z2``. It separates codes that know the item and move rightly from those
    that have collapsed or move wrongly. It does not see an error that is small against the distance
    between items, and items that are alike (or several pairs of one item) lower it.

    Args:
        queries: Codes ``(n, ...)`` or a dict of parts.
        items: Codes of the right items in the same order, likewise.

    Returns:
        Places of the n items in n lists. Distances are computed in chunks, in float64.

    Raises:
        ShapeError: If shapes differ or there are fewer than two items.

    Example:
        >>> z = torch.randn(50, 4)
        >>> retrieval_ranks(z + 1e-3, z).reciprocal().mean()
        tensor(1.)
        >>> retrieval_ranks(0 * z, 0 * z).hits(5).mean()  # chance
        tensor(0.1000)
    """
    first, second = (code_rows(z) for z in (queries, items))
    check_rows("retrieval_ranks", first, second)
    n = len(first)
    centre = second.double().nanmean(0)
    first, second = first.double() - centre, second.double() - centre
    squares = second.square().sum(1)
    largest = squares.nan_to_num(0.0, 0.0).max()
    nearer, equal = [], []
    for places in torch.arange(n, device=first.device).split(max(1, _NUMBERS // n)):
        part = first[places]
        # the square of the query is the same along its list; the right one is computed alike
        distances = squares - 2 * part @ second.mT
        tolerance = _rounding(first) * (largest + part.square().sum(1, keepdim=True))
        found = _places(distances, distances.gather(1, places[:, None]), tolerance)
        nearer.append(found[0])
        equal.append(found[1])
    return Ranks(torch.cat(nearer), torch.cat(equal) - 1, n)


def _rounding(x: Tensor) -> float:
    return _ROUNDING * torch.finfo(x.dtype).eps


def _places(distances: Tensor, own: Tensor, tolerance: Tensor) -> tuple[Tensor, Tensor]:
    """Return how many distances are smaller than the right one, and how many equal."""
    equal = (distances - own).abs() <= tolerance
    nearer = (distances < own) & ~equal
    unknown = torch.where(own[:, 0].isfinite(), 0.0, torch.nan)
    return nearer.sum(1) + unknown, equal.sum(1) + unknown


def orbit_ranks(action: LatentAction[Any], z1: Any, z2: Any, *, count: int = 20) -> Ranks:
    """Return the rank of each item by the distance from the orbit of ``z1`` to ``z2``.

    No element is given: `groupae.actions.LatentAction.distance` finds the best for each candidate.
    Each item is sought among itself and the ``count - 1`` items that follow in order.

    A code whose varying part is large and poor fits any orbit, so that it scores low; invariants
    count in full.

    Args:
        action: An action that can align codes.
        z1: Codes ``(n, ...)`` or a dict of parts.
        z2: Codes of the right items, likewise.
        count: Number of candidates for each item; at most n are used.

    Raises:
        TypeError: If the action cannot align codes.
        ShapeError: If shapes differ or there are fewer than two items.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action, z = VectorAction(SO2().rep("3x1")), torch.randn(30, 6)
        >>> orbit_ranks(action, z, action(SO2().sample(30), z)).reciprocal().mean()
        tensor(1.)
    """
    owner = "orbit_ranks"
    check_count(owner, "count", count)
    if not action.can_align:
        raise TypeError(expected(owner, "an action that can align codes", repr(action)))
    rows = code_rows(z1)
    check_rows(owner, rows, code_rows(z2))
    n = len(rows)
    if count < 2:
        raise ShapeError(expected(owner, "at least 2 candidates", count))
    places = torch.arange(n)[:, None] + torch.arange(min(count, n))
    distances = []
    for part in (places % n).split(max(1, 2**14 // places.shape[1])):
        queries = map_latent(lambda z, at=part: _at(z, at[:, :1].expand_as(at)), z1)
        items = map_latent(lambda z, at=part: _at(z, at), z2)
        distances.append(action.distance(queries, items).reshape(part.shape))
    found = torch.cat(distances)
    size = rows.square().sum(1).nanmean().sqrt()
    nearer, equal = _places(found[:, 1:], found[:, :1], _rounding(found) * size)
    return Ranks(nearer, equal, found.shape[1])


def _at(z: Tensor, places: Tensor) -> Tensor:
    return z[places.flatten().to(z.device)]
