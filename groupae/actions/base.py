"""Latent actions: how a group moves a latent code.

The law, for every action: ``act(gh, z) = act(g, act(h, z))`` and ``act(e, z) = z``. A code splits
into an invariant part, which no element changes, and a varying part.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_axis_size, check_floating
from groupae.groups import Group

__all__ = ["AxisAction", "Description", "LatentAction", "LatentRow", "map_latent"]

Latent = TypeVar("Latent", Tensor, dict[str, Tensor])


def map_latent(f: Callable[[Tensor], Tensor], z: Latent) -> Latent:
    """Return ``f`` of a code: of the tensor, or of each named part."""
    return {name: f(part) for name, part in z.items()} if isinstance(z, dict) else f(z)


@dataclasses.dataclass(frozen=True)
class LatentRow:
    """One line of `LatentAction.describe`."""

    part: str
    where: str
    irrep: str
    copies: int
    is_invariant: bool


@dataclasses.dataclass(frozen=True)
class Description:
    """What lies where in a latent code; prints as a table."""

    title: str
    rows: tuple[LatentRow, ...]

    @override
    def __str__(self) -> str:
        head = ("latent", "irrep", "copies", "invariant")
        body = [
            (f"{r.part}{r.where}", r.irrep, str(r.copies), "yes" if r.is_invariant else "no")
            for r in self.rows
        ]
        widths = [max(len(cell) for cell in column) for column in zip(head, *body, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in (head, tuple("-" * width for width in widths), *body)
        ]
        return "\n".join([self.title, *lines])

    __repr__ = __str__


class LatentAction(nn.Module, Generic[Latent], abc.ABC):
    """A left action of `group` on latent codes (a tensor, or a dict of named tensors).

    Subclasses give `forward`, `invariants`, `varying`, `swap` and `describe`.

    Attributes:
        group: The acting group.
        is_linear: Whether every element acts linearly.
        exactness: ``"exact"``, or ``"interpolated"`` for actions that hold up to resampling.
    """

    group: Group
    is_linear: bool = True
    exactness: Literal["exact", "interpolated"] = "exact"

    @property
    def depth(self) -> int:
        """By how much rounding errors of an element are amplified."""
        return 1

    @abc.abstractmethod
    @override
    def forward(self, g: Tensor, z: Latent) -> Latent:
        """Return ``g . z``; the first axes of ``z`` align with the batch axes of ``g``."""

    def inverse(self, g: Tensor, z: Latent) -> Latent:
        """Return ``g^-1 . z``."""
        moved: Latent = self(self.group.inverse(g), z)
        return moved

    def orbit(self, z: Latent, gs: Tensor) -> Latent:
        """Return ``g . z`` for all ``gs`` of shape ``(n, *element_shape)``.

        Args:
            z: Codes with one batch axis, ``(batch, ...)``.
            gs: Elements.

        Returns:
            Codes ``(batch, n, ...)``.
        """
        moved: Latent = self(gs[None], map_latent(lambda part: part.unsqueeze(1), z))
        return moved

    @abc.abstractmethod
    def invariants(self, z: Latent) -> Latent:
        """Return the part of ``z`` that no element changes."""

    @abc.abstractmethod
    def varying(self, z: Latent) -> Latent:
        """Return the rest of ``z``."""

    @abc.abstractmethod
    def swap(self, z: Latent, w: Latent) -> Latent:
        """Return the code with the invariant part of ``z`` and the varying part of ``w``."""

    @abc.abstractmethod
    def describe(self) -> Description:
        """Return a table: latent slice, irrep, copies, whether it is invariant."""

    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Latent:
        """Return normal codes of the right shape, for tests and examples."""
        raise NotImplementedError(f"{type(self).__name__} gives no random codes")


class AxisAction(LatentAction[Tensor]):
    """An action on one axis of a tensor; all other axes ride along.

    Args:
        group: The acting group.
        axis: The axis acted on, counted from the end (negative).
        is_invariant: Mask over that axis, shape ``(size,)``.
    """

    invariant_mask: Tensor

    def __init__(self, group: Group, axis: int, is_invariant: Tensor) -> None:
        super().__init__()
        self.group = group
        self.axis = axis
        self.register_buffer("invariant_mask", is_invariant, persistent=False)

    @property
    def size(self) -> int:
        """Length of the axis acted on."""
        return len(self.invariant_mask)

    def check_latent(self, z: object) -> None:
        """Raise unless ``z`` is a floating tensor with `size` entries along its axis."""
        noun = "features" if self.axis == -1 else "channels"
        remedy = f"the encoder must end in {self.size} {noun}"
        check_axis_size(self, z, self.axis, self.size, remedy, name="z")
        assert isinstance(z, Tensor)
        check_floating(self, "z", z)

    def _select(self, z: Tensor, mask: Tensor) -> Tensor:
        self.check_latent(z)
        return z.movedim(self.axis, -1)[..., mask].movedim(-1, self.axis)

    @override
    def invariants(self, z: Tensor) -> Tensor:
        """Return the entries that no element changes, along the same axis."""
        return self._select(z, self.invariant_mask)

    @override
    def varying(self, z: Tensor) -> Tensor:
        """Return the other entries."""
        return self._select(z, ~self.invariant_mask)

    @override
    def swap(self, z: Tensor, w: Tensor) -> Tensor:
        """Return invariant entries of ``z`` beside varying entries of ``w``."""
        self.check_latent(z)
        self.check_latent(w)
        return torch.where(self.invariant_mask.view(-1, *(1,) * (-self.axis - 1)), z, w)

    @override
    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Return normal codes; axes behind the one acted on have length 2."""
        shape = (*batch, self.size, *(2,) * (-self.axis - 1))
        return torch.randn(shape, generator=generator, dtype=dtype)
