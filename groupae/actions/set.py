"""Action on sets of points with features."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, check_axis_size, check_floating, expected
from groupae.actions.align.motion import MotionOverlap
from groupae.actions.align.overlap import Overlap, harmonic_overlap
from groupae.actions.base import LatentAction
from groupae.actions.codes import carry, join, match_batch
from groupae.actions.description import Description, LatentRow, block_rows
from groupae.actions.positions import is_homogeneous, move_points, position_representation
from groupae.groups import Group, Translation
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3
from groupae.representations import IrrepSum, Representation
from groupae.representations.correlation import in_irreps

__all__ = ["SetAction"]

Code = dict[str, Tensor]


@configurable
class SetAction(LatentAction[Code]):
    """Action on points of space and on their features; the order of points does not change.

    A code is a dict: ``"points"`` of shape ``(*batch, N, n)``, ``"features"`` of shape ``(*batch,
    N, features.dim)`` if ``features`` is given, and optionally ``"mask"``, bool ``(*batch, N)``.
    Entries where the mask is false are padding: they are carried unchanged, and count neither in
    ``distance`` nor in `LatentAction.align`.

    Args:
        points: The group, which acts on points by its standard matrices (SO(2), O(3), ...) or on
            positions by its homogeneous ones (SE(2), SE(3), translations: ``p`` to ``R p + b``); or
            a representation that acts on them linearly.
        features: A representation of the same group on the features.

    Raises:
        ValueError: If the groups differ.

    Example:
        >>> from groupae import SO3
        >>> action = SetAction(SO3(), SO3().rep("4x0 + 2x1"))
        >>> z = action.random_latent(2)
        >>> {name: tuple(part.shape) for name, part in action(SO3().sample(2), z).items()}
        {'points': (2, 6, 3), 'features': (2, 6, 10)}
    """

    broadcasts = True
    free_length = 6

    def __init__(
        self, points: Group | Representation, features: Representation | None = None
    ) -> None:
        super().__init__()
        if not isinstance(points, (Group, Representation)):
            got = type(points).__name__
            raise TypeError(expected("SetAction", "a group or a representation of points", got))
        if features is not None and not isinstance(features, Representation):
            got = type(features).__name__
            raise TypeError(expected("SetAction", "a representation on features", got))
        self.of_group: bool = isinstance(points, Group)
        self.points: Representation = (
            points if isinstance(points, Representation) else position_representation(points)
        )
        self.features = features
        self.group = self.points.group
        if features is not None and features.group != self.group:
            what = f"features of {self.group} like the points"
            raise ValueError(expected("SetAction", what, f"features of {features.group}"))
        self.is_homogeneous: bool = self.of_group and is_homogeneous(self.points)
        self.is_linear = not self.is_homogeneous

    @override
    def __repr__(self) -> str:
        points = str(self.group) if self.of_group else repr(self.points)
        return f"SetAction({points}, {self.features})" if self.features else f"SetAction({points})"

    @property
    @override
    def error_growth(self) -> int:
        """Larger error growth of points and features."""
        return max(self.points.error_growth, self.features.error_growth if self.features else 1)

    @property
    @override
    def code_shape(self) -> dict[str, tuple[int | None, ...]]:
        """Shapes of points and features, for any number of points."""
        sizes = {"points": self.space_dim}
        if self.features:
            sizes["features"] = self.features.dim
        return {name: (None, size) for name, size in sizes.items()}

    @property
    def space_dim(self) -> int:
        """Dimension of the space of the points."""
        return self.points.dim - self.is_homogeneous

    @override
    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` is a dict of points, features and mask that fit together."""
        wanted = {"points"} | ({"features"} if self.features else set())
        names = set(z) if isinstance(z, dict) else set()
        if names - {"mask"} != wanted:
            got = sorted(z) if isinstance(z, dict) else type(z).__name__
            form = " and ".join(sorted(wanted, reverse=True))
            raise ValueError(expected(self, f"a dict with {form}, and perhaps mask", got))
        n, points = self.space_dim, z["points"]
        check_axis_size(self, points, -1, n, f"points have {n} coordinates", name="points")
        if points.ndim < 2:
            what = f"points of shape (*batch, N, {n})"
            raise ShapeError(expected(self, what, tuple(points.shape)))
        check_floating(self, "points", points)
        rows = points.shape[:-1]
        if self.features:
            part, d = z["features"], self.features.dim
            check_axis_size(self, part, -1, d, f"features have {d} entries", name="features")
            check_floating(self, "features", part)
            if part.shape[:-1] != rows:
                what = f"features of shape {(*rows, d)}, one for each point"
                raise ShapeError(expected(self, what, tuple(part.shape)))
        if "mask" in z and (z["mask"].dtype != torch.bool or z["mask"].shape != rows):
            found = f"{z['mask'].dtype} of shape {tuple(z['mask'].shape)}"
            raise ShapeError(expected(self, f"a bool mask of shape {tuple(rows)}", found))

    @override
    def forward(self, g: Tensor, z: Code) -> Code:
        """Return moved points and features; padding and mask stay."""
        own = self.batch_ndim(z)
        g, points, lead = match_batch(self, self.group, g, z["points"], own)
        batch = g.shape[:lead]
        each = g.unsqueeze(lead)  # one element for all points of a set
        moved = {"points": move_points(self.points, each, points, homogeneous=self.is_homogeneous)}
        if self.features:
            features = match_batch(self, self.group, g, z["features"], own)[1]
            moved["features"] = self.features.act(each, features)
        if "mask" in z:
            mask = carry(z["mask"], batch, own)
            for name, part in moved.items():
                kept = carry(z[name], batch, own)
                moved[name] = torch.where(mask[..., None], part, kept)
            moved["mask"] = mask.clone()
        return {name: moved[name] for name in z}

    @override
    def residual(self, z: Code, w: Code) -> Tensor:
        """Return the differences of points and features; 0 where either is padding."""
        batch = self.batch_ndim(z)
        mask = _both(z, w)[..., None]
        parts = []
        for name in ("points", "features"):
            if name in z:
                part = torch.where(mask, z[name] - w[name], 0.0)
                part = part.to(torch.promote_types(part.dtype, torch.float32))
                parts.append(part.flatten(batch))
        return join(parts)

    @functools.cached_property
    def _split(self) -> tuple[Representation | None, Representation | None]:
        """Representations on points and features where they act linearly, in irreps."""
        features = self.features
        if not self.is_homogeneous:
            return in_irreps(self.points), features and in_irreps(features)
        if not isinstance(self.group, (SE2, SE3)) or not isinstance(features, IrrepSum):
            return None, None
        if "std" in features.labels:
            return None, None
        return None, IrrepSum(self.group.rotations, features.terms)

    @override
    def overlap(self, z: Code, w: Code) -> Overlap | None:
        """Return the sums over points and features, for linear and rigid motions and shifts."""
        self.check_latent(z)
        self.check_latent(w)
        points, features = self._split
        if self.features is not None and features is None:
            return None
        mask = _both(z, w)
        source, target = (
            {
                name: torch.where(mask[..., None], code[name], 0.0).to(
                    torch.promote_types(code[name].dtype, torch.float32)
                )
                for name in code
                if name != "mask"
            }
            for code in (z, w)
        )
        total: Overlap | None = None
        if points is not None:
            total = harmonic_overlap(points, source["points"].mT, target["points"].mT, -2)
        elif isinstance(self.group, (SE2, SE3, Translation)) and self.is_homogeneous:
            total = MotionOverlap.of(self.group, source["points"], target["points"], mask)
        if total is None or features is None:
            return total
        more = harmonic_overlap(features, source["features"].mT, target["features"].mT, -2)
        return total.turning(more) if isinstance(total, MotionOverlap) else total.plus(more)

    @override
    def invariants(self, z: Code) -> Code:
        """Return invariant coordinates of points and features, and the mask."""
        self.check_latent(z)
        points = z["points"]
        fixed = {
            "points": points[..., :0] if self.is_homogeneous else self.points.invariants(points)
        }
        if self.features:
            fixed["features"] = self.features.invariants(z["features"])
        if "mask" in z:
            fixed["mask"] = z["mask"].clone()
        return fixed

    @override
    def varying(self, z: Code) -> Code:
        """Return the varying coordinates of points and features."""
        self.check_latent(z)
        points = z["points"]
        varying = {"points": points.clone() if self.is_homogeneous else self.points.varying(points)}
        if self.features:
            varying["features"] = self.features.varying(z["features"])
        return varying

    @override
    def swap(self, z: Code, w: Code) -> Code:
        """Return, point by point, the invariants and the mask of ``z`` and the rest of ``w``."""
        self.check_latent(z)
        self.check_latent(w)
        points, others = z["points"], w["points"]
        swapped = {
            "points": others.clone() if self.is_homogeneous else self.points.swap(points, others)
        }
        if self.features:
            swapped["features"] = self.features.swap(z["features"], w["features"])
        return {
            name: swapped[name] if name in swapped else part.clone() for name, part in z.items()
        }

    @override
    def describe(self) -> Description:
        """Return a table: the action on points, then one line per term of the features."""
        points = LatentRow("points", f"[N, {self.space_dim}]", str(self.points), 1, False)
        features = block_rows(self.features, "features", "N, ") if self.features else ()
        return Description(repr(self), (points, *features))


def _both(z: Code, w: Code) -> Tensor:
    """Return the mask of points that are padding in neither set, shape ``(*batch, N)``."""
    rows = torch.ones_like(z["points"][..., 0], dtype=torch.bool)
    rows = rows & torch.ones_like(w["points"][..., 0], dtype=torch.bool)
    for code in (z, w):
        if "mask" in code:
            rows = rows & code["mask"]
    return rows
