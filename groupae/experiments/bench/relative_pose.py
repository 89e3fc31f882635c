"""Relative pose of views of held-out originals, read from codes: R2 and retrieval."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupae._validation import check_count, expected
from groupae.actions.codes import map_latent
from groupae.data import OrbitDataset, keyed_generator
from groupae.metrics.chance import code_rows
from groupae.metrics.estimate import Estimate
from groupae.metrics.evaluation import evaluation_mode
from groupae.metrics.relative_pose import PoseProbe, pose_r2, view_ranks

__all__ = ["relative_pose_scores"]

_OWNER = "relative_pose_scores"
_CHUNK = 500
_MOST = 8000  # training views that are encoded, spread over the originals


def relative_pose_scores(
    model: Any, train: OrbitDataset, test: OrbitDataset, *, views: int = 20, resamples: int = 1000
) -> dict[str, Estimate]:
    """Return how well the element between two views is known to the codes of held-out originals.

    Args:
        model: Anything with ``encode``. If it has an ``action``, the probe reads the entries of
            codes that the action moves, else the whole code.
        train: Training originals, on whose codes the probe is fitted.
        test: Test originals, each seen in ``views`` views.
        views: Views per test original, at least 3.
        resamples: Number of draws of the bootstrap, for the intervals.

    Returns:
        Estimates by name, with intervals over the test originals. ``relative_pose_r2``: of a
        `groupae.metrics.PoseProbe` fitted on training originals. If the model has an
        action, ``view_retrieval_score`` (mean reciprocal rank), ``view_retrieval_hit_1`` and
        ``_5``: the moved code of the first view against those of the other views. If the action can
        align codes, ``estimate_r2``: of the elements that carry one code nearest to the other.

    Raises:
        TypeError: If the model has no ``encode``, or the group no standard representation.
        ValueError: If codes are not finite.

    Example:
        >>> from groupae import SO3, LatentActionAE, OrbitPairs, VectorAction
        >>> rho = SO3().rep("4x1")
        >>> model = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), VectorAction(rho))
        >>> data = OrbitPairs(torch.randn(1, 12).expand(40, 12), SO3(), rho.act)
        >>> found = relative_pose_scores(model, data, data, views=5, resamples=0)
        >>> {name: round(estimate.mean, 2) for name, estimate in found.items()}
        {'relative_pose_r2': 1.0, 'view_retrieval_score': 1.0, 'view_retrieval_hit_1': 1.0,
        'view_retrieval_hit_5': 1.0, 'estimate_r2': 1.0}
    """
    if not callable(getattr(model, "encode", None)):
        raise TypeError(expected(_OWNER, "a model with encode", type(model).__name__))
    check_count(_OWNER, "views", views)
    group, action = test.group, getattr(model, "action", None)
    known, known_z = _codes(model, train, max(2, _MOST // len(train)))
    g, z = _codes(model, test, views)
    probe = PoseProbe(group).fit(known, _read(action, known_z))
    first, last = slice(0, views - 1, 2), slice(1, views, 2)
    moves = group.compose(g[:, last], group.inverse(g[:, first])).flatten(0, 1)
    z1, z2 = (map_latent(lambda part, at=at: part[:, at].flatten(0, 1), z) for at in (first, last))
    rows = {
        "relative_pose_r2": pose_r2(
            group, moves, probe(*(_read_one(action, part) for part in (z1, z2)))
        )
    }
    if action is not None:
        ranks = view_ranks(action, g, z)
        rows["view_retrieval_score"] = ranks.reciprocal()
        rows |= {f"view_retrieval_hit_{k}": ranks.hits(k) for k in (1, 5)}
        if action.can_align:
            with torch.no_grad():
                found = group.standard().matrix(action.align(z1, z2))
            rows["estimate_r2"] = pose_r2(group, moves, found)
    return {
        name: Estimate.of(values.double().view(len(test), -1).mean(1), resamples=resamples)
        for name, values in rows.items()
    }


@torch.no_grad()
def _codes(model: Any, data: OrbitDataset, views: int) -> tuple[Tensor, Any]:
    """Return elements and codes of views of all originals, both ``(n, m, ...)``."""
    seen = data.views(torch.arange(len(data)), views, keyed_generator(0))
    x = seen.x.flatten(0, 1)
    with evaluation_mode(model):
        parts = [model.encode(chunk) for chunk in x.split(_CHUNK)]
    z = map_latent(lambda *some: torch.cat(some), *parts)
    return seen.g.transpose(0, 1), map_latent(
        lambda part: part.unflatten(0, (views, len(data))).transpose(0, 1), z
    )


def _read(action: Any, z: Any) -> Tensor:
    """Return what the probe reads of codes of views, shape ``(n, m, dim)``."""
    n, m = next(iter(z.values())).shape[:2] if isinstance(z, dict) else z.shape[:2]
    flat = map_latent(lambda part: part.flatten(0, 1), z)
    rows = _read_one(action, flat)
    return rows.view(n, m, rows.shape[1])


def _read_one(action: Any, z: Any) -> Tensor:
    return code_rows(z if action is None else action.varying(z))
