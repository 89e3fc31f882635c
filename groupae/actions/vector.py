"""Actions by a representation, on the last axis or on the channels of a feature map."""

from __future__ import annotations

import functools

from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.actions.align.overlap import Overlap, harmonic_overlap
from groupae.actions.base import AxisAction, Description, LatentRow
from groupae.representations import BasisChange, IrrepSum, Representation

__all__ = ["ChannelAction", "VectorAction", "in_irreps"]


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


class _RepresentationAction(AxisAction):
    def __init__(self, rho: Representation, axis: int) -> None:
        if not isinstance(rho, Representation):
            form = "a representation, such as SO2().rep('8x0 + 6x1')"
            raise TypeError(expected(type(self).__name__, form, repr(rho)))
        super().__init__(rho.group, axis, rho.is_invariant())
        self.rho = rho

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.group}, {self.rho})"

    @property
    @override
    def depth(self) -> int:
        """By how much the representation amplifies rounding errors of an element."""
        return self.rho.depth

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return ``rho(g) z`` along the axis."""
        self.check_latent(z)
        return self.rho.act(g, z, dim=self.axis)

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the block coordinates that no element changes, along the same axis.

        They are no complete set of invariants: see `groupae.actions.LatentAction.invariants`.
        """
        self.check_latent(z)
        return self.rho.invariants(z, self.axis)

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the other block coordinates."""
        self.check_latent(z)
        return self.rho.varying(z, self.axis)

    @override
    def swap(self, z: Tensor, w: Tensor) -> Tensor:
        """Return the code with the invariants of ``z`` and the varying part of ``w``."""
        self.check_latent(z)
        self.check_latent(w)
        return self.rho.swap(z, w, self.axis)

    @functools.cached_property
    def _split(self) -> Representation | None:
        return in_irreps(self.rho)

    @override
    def overlap(self, z: Tensor, w: Tensor) -> Overlap | None:
        """Return the Fourier coefficients of the score, for an orthogonal representation."""
        self.check_latent(z)
        self.check_latent(w)
        return None if self._split is None else harmonic_overlap(self._split, z, w, self.axis)

    @override
    def describe(self) -> Description:
        """Return a table with one line a term of the representation, in block coordinates."""
        rows = tuple(
            LatentRow("", f"[{b.start}:{b.stop}]", b.irrep, b.copies, b.is_trivial)
            for b in self.rho.blocks
        )
        return Description(repr(self), rows)


class VectorAction(_RepresentationAction):
    """A representation on the last axis: ``z`` of shape ``(*batch, rho.dim)``.

    The paper's action on digits is frequency 1 only, ``SO2().rep("8x0 + 8x1")``.

    Args:
        rho: The representation.

    Example:
        >>> from groupae import SO2
        >>> action = VectorAction(SO2().rep("1x0 + 2x1"))
        >>> z = action.random_latent(64)
        >>> action(action.group.sample(64), z).shape
        torch.Size([64, 5])
    """

    def __init__(self, rho: Representation) -> None:
        super().__init__(rho, axis=-1)


class ChannelAction(_RepresentationAction):
    """A representation on the channels of a feature map; space is untouched.

    Args:
        rho: The representation, of degree the number of channels.
        spatial_dims: How many axes of space follow the channels: 2 for ``(*batch, C, H, W)``.

    Example:
        >>> import torch
        >>> from groupae import Cyclic
        >>> action = ChannelAction(Cyclic(4).rep("2x0 + 3x1"))
        >>> action(torch.tensor([1, 2]), torch.randn(2, 8, 7, 7)).shape
        torch.Size([2, 8, 7, 7])
    """

    def __init__(self, rho: Representation, *, spatial_dims: int = 2) -> None:
        super().__init__(rho, axis=-1 - spatial_dims)
