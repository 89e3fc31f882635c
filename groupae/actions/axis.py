"""Actions on one axis of a tensor: the base class, and actions by a representation."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_axis_size, check_floating, expected
from groupae.actions.align.overlap import Overlap, harmonic_overlap
from groupae.actions.base import LatentAction
from groupae.actions.description import Description, block_rows
from groupae.groups import Group
from groupae.representations import Representation
from groupae.representations.correlation import in_irreps

__all__ = ["AxisAction", "RepresentationAction"]


class AxisAction(LatentAction[Tensor]):
    """An action on one axis of a tensor, the same for all other indices.

    Args:
        group: The acting group.
        axis: The axis acted on, counted from the end (negative).
        is_invariant: Mask over that axis, shape ``(size,)``.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action = VectorAction(SO2().rep("2x0 + 2x1"))
        >>> isinstance(action, AxisAction), action.size, action.code_shape
        (True, 6, (6,))
    """

    broadcasts = True
    invariant_mask: Tensor

    def __init__(self, group: Group, axis: int, is_invariant: Tensor) -> None:
        super().__init__(group)
        self.axis = axis
        self.register_buffer("invariant_mask", is_invariant, persistent=False)

    @property
    def size(self) -> int:
        """Length of the axis acted on."""
        return len(self.invariant_mask)

    @property
    @override
    def code_shape(self) -> tuple[int | None, ...]:
        """``(size, None, ...)``: axes after the one acted on may have any length."""
        return (self.size, *(None,) * (-self.axis - 1))

    @override
    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` is a floating tensor with `size` entries along its axis."""
        noun = "features" if self.axis == -1 else "channels"
        remedy = f"the encoder must end in {self.size} {noun}"
        check_axis_size(self, z, self.axis, self.size, remedy, name="z")
        assert isinstance(z, Tensor)
        check_floating(self, "z", z)

    @override
    def _select(self, part: Tensor, mask: Tensor) -> Tensor:
        """Return the marked entries along the axis; other axes stay."""
        return part.movedim(self.axis, -1)[..., mask].movedim(-1, self.axis)

    @override
    def _blend(self, part: Tensor, other: Tensor, mask: Tensor) -> Tensor:
        return torch.where(mask.view(-1, *(1,) * (-self.axis - 1)), part, other)


class RepresentationAction(AxisAction):
    """A representation on one axis of a tensor.

    Args:
        rho: The representation.
        axis: The axis acted on, negative.
    """

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
    def size(self) -> int:
        """Dimension of the representation."""
        return self.rho.dim

    @property
    @override
    def error_growth(self) -> int:
        """Error growth of the representation."""
        return self.rho.error_growth

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return ``rho(g) z`` along the axis."""
        return self.rho.act(g, z, dim=self.axis)

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the block coordinates that no element changes, along the same axis.

        They are not a complete set of invariants: see `groupae.actions.LatentAction.invariants`.
        """
        self.check_latent(z)
        return self.rho.invariants(z, self.axis)

    @property
    @override
    def has_invariant_features(self) -> bool:
        """Whether the group is compact."""
        return self.group.is_compact

    @override
    def invariant_features(
        self,
        z: Tensor,
        kind: str = "gram",
        *,
        products: int | None = None,
        templates: Tensor | int | None = None,
    ) -> Tensor:
        """Return invariants that tell orbits apart, along the axis acted on.

        Example:
            >>> from groupae import SO2, ChannelAction
            >>> action = ChannelAction(SO2().rep("1x0 + 2x1"))
            >>> action.invariant_features(torch.randn(3, 5, 7, 7)).shape  # of each position
            torch.Size([3, 5, 7, 7])
        """
        self.check_latent(z)
        return self.rho.invariant_features(
            z, kind, dim=self.axis, products=products, templates=templates
        )

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the block coordinates that some element changes, along the same axis."""
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
        """Return the Fourier coefficients of the score if the representation is orthogonal."""
        self.check_latent(z)
        self.check_latent(w)
        return None if self._split is None else harmonic_overlap(self._split, z, w, self.axis)

    @override
    def describe(self) -> Description:
        """Return a table with one line per term of the representation, in block coordinates."""
        return Description(repr(self), block_rows(self.rho))
