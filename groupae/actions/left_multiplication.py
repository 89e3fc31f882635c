"""Action of a group on itself, for codes that hold a pose as an element."""

from __future__ import annotations

import dataclasses
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import expected
from groupae.actions.align.overlap import Overlap
from groupae.actions.base import LatentAction
from groupae.actions.codes import match_batch
from groupae.actions.description import Description, LatentRow
from groupae.groups import Group

__all__ = ["LeftMultiplication"]


@dataclasses.dataclass(frozen=True)
class _Known(Overlap):
    """The only element that maps one pose to another."""

    element: Tensor

    @override
    def best(self) -> Tensor:
        """Return the element."""
        return self.element


@configurable
class LeftMultiplication(LatentAction[Tensor]):
    """Action on codes that are elements themselves, poses; ``g . z`` is the product ``g z``.

    Beside a canonical code in a `PartsAction` it gives the code of a canonicalising model. Poses
    are compared by the distance on the group; ``distance`` is 0 between any two.

    Args:
        group: The group, acting on its own elements.

    Example:
        >>> from groupae import Cyclic
        >>> action = LeftMultiplication(Cyclic(8))
        >>> action.align(torch.tensor([3]), torch.tensor([1]))
        tensor([6])
    """

    broadcasts = True
    is_linear = False

    def __init__(self, group: Group) -> None:
        if not isinstance(group, Group):
            raise TypeError(expected("LeftMultiplication", "a group", repr(group)))
        super().__init__(group)

    @property
    @override
    def code_shape(self) -> tuple[int, ...]:
        """Shape of one element."""
        return self.group.element_shape

    @property
    @override
    def can_align(self) -> bool:
        """True for every group, since the element is a product."""
        return True

    @override
    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` has the shape and dtype of elements of the group."""
        self.group.check_elements(z)

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return the product ``g z``, in the dtype of ``z``."""
        g, matched, _ = match_batch(self, self.group, g, z, self.batch_ndim(z))
        return self.group.compose(g, matched).to(z.dtype)

    @override
    def residual(self, z: Tensor, w: Tensor) -> Tensor:
        """Return the group's distance, shape ``(*batch, 1)``."""
        distance = self.group.distance(z, w)[..., None]
        return distance if distance.is_floating_point() else distance.float()

    @override
    def overlap(self, z: Tensor, w: Tensor) -> Overlap:
        """Return the element ``w z^-1``."""
        self.group.check_elements(z, w)
        return _Known(self.group.compose(w, self.group.inverse(z)))

    @override
    def describe(self) -> Description:
        """Return a table of one line."""
        shape = "x".join(map(str, self.group.element_shape)) or "1"
        row = LatentRow("", f"[{shape}]", f"element of {self.group}", 1, False)
        return Description(repr(self), (row,))

    @override
    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Return random elements."""
        return self.group.sample(*batch, generator=generator, dtype=dtype)
