"""Affine action on a code: one scale and one shift for all varying entries."""

from __future__ import annotations

import torch
from torch import Tensor
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import expected
from groupae.actions.align.overlap import AffineOverlap, Overlap
from groupae.actions.axis import AxisAction
from groupae.actions.description import Description, LatentRow
from groupae.groups import Affine
from groupae.groups.base import align_batch

__all__ = ["AffineAction"]


@configurable
class AffineAction(AxisAction):
    """Affine action ``(a, b) . (z_i, z_v) = (z_i, a z_v + b)``, the paper's action for contrast.

    Not linear in ``z`` (a representation of `Affine` in homogeneous coordinates is:
    ``VectorAction(Affine().rep("8x0 + 16xstd"))``).

    Args:
        varying: Number of entries scaled and shifted; they come last.
        invariant: Number of invariant entries before them.
        axis: The axis acted on, negative: -1 for vectors, -3 for channels of a feature map.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, brain MRI experiment.

    Example:
        >>> action = AffineAction(varying=2, invariant=1)
        >>> action(torch.tensor([2.0, 1.0]), torch.tensor([7.0, 0.0, 3.0]))
        tensor([7., 1., 7.])
    """

    is_linear = False

    def __init__(self, varying: int, invariant: int = 0, *, axis: int = -1) -> None:
        for name, value in {"varying": varying, "invariant": invariant, "axis": axis}.items():
            if not isinstance(value, int):
                raise TypeError(expected("AffineAction", f"{name} as an integer", repr(value)))
        if varying < 1 or invariant < 0:
            got = f"varying={varying}, invariant={invariant}"
            raise ValueError(expected("AffineAction", "varying >= 1 and invariant >= 0", got))
        if axis >= 0:
            raise ValueError(expected("AffineAction", "a negative axis, from the end", axis))
        super().__init__(Affine(), axis, torch.arange(varying + invariant) < invariant)

    @override
    def __repr__(self) -> str:
        invariant = int(self.invariant_mask.sum())
        return f"AffineAction(varying={self.size - invariant}, invariant={invariant})"

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return ``a z + b`` on the varying entries."""
        g, z, axis = align_batch(self, self.group, g, z, self.axis)
        more = (1,) * (z.ndim - axis)
        a, b = (part.reshape(*part.shape, *more) for part in g.unbind(-1))
        mask = self.invariant_mask.view(-1, *more[1:])
        dtype = torch.promote_types(z.dtype, torch.float32)
        moved = (a.to(dtype) * z.to(dtype) + b.to(dtype)).to(z.dtype)
        return torch.where(mask, z, moved)

    @override
    def overlap(self, z: Tensor, w: Tensor) -> Overlap:
        """Return the sums for the regression of ``w`` on ``z``."""
        z, w = (self.varying(x).movedim(self.axis, -1) for x in (z, w))
        batch = z.ndim + self.axis
        dtype = torch.promote_types(z.dtype, torch.float32)
        return AffineOverlap.of(*(x.to(dtype).flatten(batch) for x in (z, w)))

    @override
    def describe(self) -> Description:
        """Return a table of the invariant and the scaled entries."""
        n = int(self.invariant_mask.sum())
        rows = [LatentRow("", f"[0:{n}]", "0", n, True)] if n else []
        rows.append(LatentRow("", f"[{n}:{self.size}]", "a z + b", self.size - n, False))
        return Description(repr(self), tuple(rows))
