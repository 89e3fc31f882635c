"""Best rigid motion or shift between two sets of points, in closed form.

For centred points the best rigid motion is the best rotation; it then maps the centre of one set to
that of the other.
"""

from __future__ import annotations

import dataclasses

from torch import Tensor
from typing_extensions import override

from groupae.actions.align.overlap import HarmonicOverlap, Overlap
from groupae.groups import Translation
from groupae.groups.lie.se2 import SE2
from groupae.groups.lie.se3 import SE3

__all__ = ["MotionOverlap"]


@dataclasses.dataclass(frozen=True)
class MotionOverlap(Overlap):
    """Sums that determine the best rigid motion or shift.

    Args:
        group: SE(2), SE(3) or a `Translation`.
        count: Number of points, shape ``(*batch,)``.
        mean_z: Centre of the points, shape ``(*batch, n)``.
        mean_w: Centre of their targets.
        turn: The overlap under rotations of centred points and of features; ``None`` for shifts.

    References:
        Kabsch, A solution for the best rotation to relate two sets of vectors, 1976.
    """

    group: SE2 | SE3 | Translation
    count: Tensor
    mean_z: Tensor
    mean_w: Tensor
    turn: HarmonicOverlap | None

    @classmethod
    def of(
        cls, group: SE2 | SE3 | Translation, z: Tensor, w: Tensor, mask: Tensor
    ) -> MotionOverlap:
        """Return the sums over those points ``(*batch, N, n)`` that ``mask`` selects."""
        mask = mask[..., None].to(z.dtype)
        count = mask.sum((-2, -1))
        safe = count.clamp(min=1)[..., None]
        mean_z, mean_w = (mask * z).sum(-2) / safe, (mask * w).sum(-2) / safe
        turn = None
        if not isinstance(group, Translation):
            dz, dw = mask * (z - mean_z[..., None, :]), mask * (w - mean_w[..., None, :])
            turn = HarmonicOverlap(group.rotations, {1: dw.mT @ dz})
        return cls(group, count, mean_z, mean_w, turn)

    def turning(self, other: HarmonicOverlap) -> MotionOverlap:
        """Return the sums with the overlap of features, which only rotate, added."""
        assert self.turn is not None
        return dataclasses.replace(self, turn=self.turn.plus(other))

    @override
    def plus(self, other: Overlap) -> MotionOverlap | None:
        """Return the sums over the points of both, ``None`` for an overlap of another kind."""
        if not isinstance(other, MotionOverlap):
            return None
        count = self.count + other.count
        share = (other.count / count.clamp(min=1))[..., None]
        dz, dw = other.mean_z - self.mean_z, other.mean_w - self.mean_w
        turn = self.turn
        if self.turn is not None and other.turn is not None:
            between = (self.count[..., None] * share * dw)[..., None] * dz[..., None, :]
            turn = self.turn.plus(other.turn)
            assert turn is not None
            assert isinstance(self.group, (SE2, SE3))
            turn = turn.plus(HarmonicOverlap(self.group.rotations, {1: between}))
        return MotionOverlap(
            self.group, count, self.mean_z + share * dz, self.mean_w + share * dw, turn
        )

    @override
    def best(self) -> Tensor:
        """Return the rigid motion with the best rotation that maps centroid to centroid."""
        if isinstance(self.group, Translation):
            return self.mean_w - self.mean_z
        assert self.turn is not None
        rotation = self.turn.best()
        standard = self.group.rotations.standard()
        return self.group.pack(self.mean_w - standard.act(rotation, self.mean_z), rotation)
