r"""The relative pose of two views of one object, read from their codes.

Two questions are asked of frozen codes: can a regression, fitted on other objects, read the element
between two views (`PoseProbe`, `pose_r2`)? And is the moved code of one view nearest to the right
one among all views of its object (`view_ranks`)?

References:
    Garrido, Najman & LeCun, Self-supervised learning of split invariant equivariant
    representations, ICML 2023 (both questions, of 3DIEBench; there the target is a quaternion).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._printable import counted
from groupae._validation import ShapeError, check_count, expected
from groupae.actions import LatentAction
from groupae.actions.codes import map_latent
from groupae.groups import Group
from groupae.metrics.chance import check_rows, code_rows
from groupae.metrics.retrieval import Ranks

__all__ = ["PoseProbe", "pose_r2", "view_ranks"]

_NUMBERS = 2_000_000  # entries of the codes that principal components are of
_PARTS = 5  # one of which is held out to choose the penalty
_PENALTIES = tuple(10.0**k for k in range(-5, 2))  # per pair, of features of variance about 1


def pose_r2(group: Group, g: Tensor, matrices: Tensor) -> Tensor:
    r"""Return the coefficient of determination of predicted elements, per pair.

    .. math:: 1 - |\hat m_i - m(g_i)|^2 / \mathrm{E}_j |m(g_j) - \bar m|^2

    The target m is the matrix of the element in the standard representation of the group, all
    entries together: unlike a quaternion it has no sign to choose, and of Haar elements its mean is
    0. A prediction need not be the matrix of an element; where two elements are as likely, their
    mean has the least error.

    Args:
        group: The group.
        g: True elements, shape ``(n, *element_shape)``.
        matrices: Predicted matrices, shape ``(n, d, d)``; of elements, those of
            ``group.standard()``.

    Returns:
        Shape ``(n,)``, float64. The mean is 1 if all are right, 0 if the mean matrix is predicted,
        and about -1 for random elements.

    Raises:
        ShapeError: If shapes do not fit.
        TypeError: If the group has no standard representation.
        ValueError: If all elements are equal.

    Example:
        >>> from groupae import SO3
        >>> g = SO3().sample(500)
        >>> round(float(pose_r2(SO3(), g, g).mean()), 3)
        1.0
        >>> abs(float(pose_r2(SO3(), g, torch.zeros(500, 3, 3)).mean())) < 0.02
        True
    """
    target = _targets("pose_r2", group, g).double()
    if matrices.shape != target.shape:
        what = f"matrices of shape {tuple(target.shape)}"
        raise ShapeError(expected("pose_r2", what, tuple(matrices.shape)))
    spread = (target - target.mean(0)).square().sum((1, 2)).mean()
    if float(spread) <= 1e-12:
        raise ValueError(expected("pose_r2", "elements that differ", "equal ones"))
    error = (matrices.to(target) - target).square().sum((1, 2))
    return 1 - error / spread


def _targets(owner: str, group: Group, g: Tensor) -> Tensor:
    if not group.has_standard:
        what = "a group with a standard representation"
        raise TypeError(expected(owner, what, str(group)))
    return group.standard().matrix(g)


class PoseProbe:
    r"""Regression of the element between two views on their codes, fitted on training objects.

    The matrix of an element between two poses is bilinear in them, so that the regressors are all
    products of a leading principal component of one code with one of the other, and the components
    themselves. Ridge regression is in closed form: the same codes give the same probe. Each code is
    standardised and scaled to the length of the mean code, since pictures of high contrast have
    long codes. Targets are matrices in the standard representation, see `pose_r2`.

    The evaluation of 3DIEBench has a perceptron on both codes instead, which has to learn the
    products from many more pairs; it predicts a quaternion.

    Args:
        group: The group.
        components: Largest number of principal components.
        pairs: Number of pairs that are drawn from the views.
        seed: Seed of the choice of pairs.

    Example:
        >>> from groupae import SO2
        >>> pose = SO2().sample(2000).view(100, 20)
        >>> z = torch.stack([pose.cos(), pose.sin()], -1)
        >>> probe = PoseProbe(SO2()).fit(pose, z)
        >>> g = pose[:, 1] - pose[:, 0]
        >>> float(pose_r2(SO2(), g, probe(z[:, 0], z[:, 1])).mean()) > 0.99
        True
    """

    def __init__(
        self, group: Group, *, components: int = 40, pairs: int = 16_000, seed: int = 0
    ) -> None:
        check_count("PoseProbe", "components", components)
        check_count("PoseProbe", "pairs", pairs)
        self.group, self.components, self.pairs, self.seed = group, components, pairs, seed
        self._scaling: _Scaling | None = None
        self._weights = torch.empty(0)

    def fit(self, g: Tensor, z: Any) -> PoseProbe:
        """Fit to codes of several views per object, of which pairs are drawn at random.

        The penalty is chosen on the pairs of a fifth of the objects, among powers of ten.

        Args:
            g: Elements that moved the views, shape ``(n, m, *element_shape)``.
            z: Codes of the views, shape ``(n, m, ...)`` or a dict of parts.

        Returns:
            The probe.

        Raises:
            ShapeError: If shapes do not fit, or there are fewer than five objects or two views.
            TypeError: If the group has no standard representation.
            ValueError: If a code is not finite.
        """
        codes = _of_views("PoseProbe", self.group, g, z)
        n, m = codes.shape[:2]
        if n < _PARTS:
            raise ShapeError(expected("PoseProbe", f"at least {_PARTS} objects", n))
        generator = torch.Generator().manual_seed(self.seed)
        item = torch.randint(n, (self.pairs,), generator=generator)
        i = torch.randint(m, (self.pairs,), generator=generator)
        j = (i + torch.randint(1, m, (self.pairs,), generator=generator)) % m
        moves = self.group.compose(g[item, j], self.group.inverse(g[item, i]))
        self._scaling = _Scaling.of(codes.flatten(0, 1), self.components)
        features = self._scaling.features(codes[item, i], codes[item, j])
        target = _targets("PoseProbe", self.group, moves).to(features).flatten(1)
        self._weights = _ridge(features, target, item % _PARTS == 0)
        return self

    def __call__(self, z1: Any, z2: Any) -> Tensor:
        """Return predicted matrices of the elements that carry codes to others.

        Args:
            z1: Codes, shape ``(n, ...)`` or a dict of parts.
            z2: Codes of other views, likewise.

        Returns:
            Shape ``(n, d, d)``.

        Raises:
            ShapeError: If shapes do not fit.
            ValueError: If the probe is not fitted.
        """
        if self._scaling is None:
            raise ValueError(expected("PoseProbe", "fit to be called before", "no fit"))
        first, second = code_rows(z1).float(), code_rows(z2).float()
        check_rows("PoseProbe", first, second, fewest=1)
        found = self._scaling.features(first, second) @ self._weights
        size = math.isqrt(found.shape[1])
        return found.view(-1, size, size)


@dataclasses.dataclass(frozen=True)
class _Scaling:
    """Standardised codes of unit length along their principal components."""

    centre: Tensor
    scale: Tensor
    axes: Tensor

    @classmethod
    def of(cls, codes: Tensor, components: int) -> _Scaling:
        """Return the scaling of training codes ``(n, dim)``."""
        centre, scale = codes.mean(0), codes.std(0)
        scale[scale <= 1e-6 * codes.abs().amax(0)] = torch.inf  # constant entries
        unit = F.normalize((codes - centre) / scale, dim=1)
        some = unit[:: -(-unit.numel() // _NUMBERS)].double()
        values, vectors = torch.linalg.svd(some, full_matrices=False)[1:]
        kept = min(components, int((values > 1e-3 * values[0]).sum()))
        return cls(centre, scale, (vectors[:kept].mT / values[:kept] * len(some) ** 0.5).float())

    def features(self, z1: Tensor, z2: Tensor) -> Tensor:
        """Return a constant, the components of both codes, and products of the two."""
        u, v = (F.normalize((z - self.centre) / self.scale, dim=1) @ self.axes for z in (z1, z2))
        products = (u[:, :, None] * v[:, None, :]).flatten(1)
        return torch.cat([torch.ones_like(u[:, :1]), u, v, products], 1)


def _ridge(x: Tensor, y: Tensor, is_held_out: Tensor) -> Tensor:
    """Return the weights of a regression whose penalty serves held-out rows best."""
    x, y = x.double(), y.double()
    moments = [(x[rows].mT @ x[rows], x[rows].mT @ y[rows]) for rows in (~is_held_out, is_held_out)]
    (known, known_y), (other, other_y) = moments
    errors = []
    for penalty in _PENALTIES:
        w = _solve(known, known_y, penalty * float((~is_held_out).sum()))
        errors.append(float((w * (other @ w)).sum() - 2 * (w * other_y).sum()))
    best = _PENALTIES[errors.index(min(errors))]
    return _solve(known + other, known_y + other_y, best * len(x)).float()


def _solve(moments: Tensor, target: Tensor, penalty: float) -> Tensor:
    eye = torch.eye(len(moments), dtype=moments.dtype)
    weights: Tensor = torch.linalg.solve(moments + penalty * eye, target)
    return weights


def _of_views(owner: str, group: Group, g: Tensor, z: Any) -> Tensor:
    """Return codes of views as vectors ``(n, m, dim)``, checked."""
    n, m = g.shape[:2]
    ending = tuple(g.shape[2:])
    if ending != group.element_shape or m < 2:
        what = f"elements of shape (n, m, *{group.element_shape}), m at least 2"
        raise ShapeError(expected(owner, what, tuple(g.shape)))
    flat = map_latent(lambda part: part.flatten(0, 1), z)
    rows = code_rows(flat)
    if len(rows) != n * m:
        what = f"codes of {n} objects with {counted(m, 'view')} each"
        raise ShapeError(expected(owner, what, f"{len(rows)} codes"))
    if not bool(rows.isfinite().all()):
        raise ValueError(expected(owner, "finite codes", "NaN or infinite ones"))
    return rows.float().view(n, m, rows.shape[1])


def view_ranks(action: LatentAction[Any], g: Tensor, z: Any) -> Ranks:
    """Return the rank of the right view by its distance from the moved code of another.

    The code of the first view of each object is moved to each other view, and sought among the
    codes of all views of the object but the first, by distance of the entries that the group moves.
    Unlike `groupae.metrics.retrieval_ranks` among items, it sees the pose alone.

    Args:
        action: The latent action.
        g: Elements that moved the views, shape ``(n, m, *element_shape)``.
        z: Codes of the views, shape ``(n, m, ...)`` or a dict of parts.

    Returns:
        Places of ``n * (m - 1)`` views in lists of ``m - 1``.

    Raises:
        ShapeError: If shapes do not fit or there are fewer than three views.

    Example:
        >>> from groupae import SO3, VectorAction
        >>> action, g = VectorAction(SO3().rep("4x1")), SO3().sample(60).view(6, 10, 3, 3)
        >>> z = action(g, torch.randn(6, 1, 12).expand(6, 10, 12))
        >>> ranks = view_ranks(action, g, z)
        >>> ranks.reciprocal().mean(), round(ranks.chance(), 3)
        (tensor(1.), 0.314)
    """
    owner, group = "view_ranks", action.group
    _of_views(owner, group, g, z)
    n, m = g.shape[:2]
    if m < 3:
        raise ShapeError(expected(owner, "at least three views of each object", m))
    moves = group.compose(g[:, 1:], group.inverse(g[:, :1]))
    first = map_latent(lambda part: part[:, :1].expand_as(part[:, 1:]).flatten(0, 1), z)
    others = map_latent(lambda part: part[:, 1:].flatten(0, 1), z)
    queries = code_rows(action.varying(action(moves.flatten(0, 1), first)))
    items = code_rows(action.varying(others)).double().unflatten(0, (n, m - 1))
    distances = torch.cdist(queries.double().unflatten(0, (n, m - 1)), items)
    own = distances.diagonal(dim1=1, dim2=2).unsqueeze(-1)
    tolerance = 64 * torch.finfo(queries.dtype).eps * items.norm(dim=-1).amax()
    equal = (distances - own).abs() <= tolerance
    nearer = ((distances < own) & ~equal).sum(-1).flatten().double()
    unknown = torch.where(own.isfinite(), 0.0, torch.nan).flatten()
    return Ranks(nearer + unknown, equal.sum(-1).flatten() - 1 + unknown, m - 1)
