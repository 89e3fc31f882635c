"""Codes of any kind as one vector per datum, and back."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor

from groupae.actions import AffineAction, LatentAction, PartsAction, VectorAction

__all__ = ["Block", "CodeLayout"]


@dataclasses.dataclass(frozen=True)
class Block:
    """Entries of a flat code that hold one irrep, in the layout (irrep index, copies).

    Args:
        part: Name of the part of the code.
        irrep: The irrep.
        dim: Its dimension.
        copies: How often it occurs.
        offset: Index of its first entry in the flat code.
        invariant: Whether the group leaves it alone.

    Example:
        >>> Block("code", irrep="3", dim=2, copies=10, offset=45, invariant=False)
        Block(part='code', irrep='3', dim=2, copies=10, offset=45, invariant=False)
    """

    part: str
    irrep: str
    dim: int
    copies: int
    offset: int
    invariant: bool


@dataclasses.dataclass(frozen=True)
class CodeLayout:
    """Names and shapes of the parts of a code, in the order in which they are laid out.

    Args:
        parts: Name and shape (without batch) of each part; one without a name for a code that is
            a tensor.

    Example:
        >>> layout = CodeLayout.of({"pose": torch.zeros(5, 4), "skip": torch.zeros(5, 2, 3, 3)})
        >>> layout.size, layout.unflatten(torch.zeros(7, 22))["skip"].shape
        (22, torch.Size([7, 2, 3, 3]))
    """

    parts: tuple[tuple[str, tuple[int, ...]], ...]

    @classmethod
    def of(cls, z: Tensor | dict[str, Tensor]) -> CodeLayout:
        """Return the layout of a batch of codes."""
        named = z if isinstance(z, dict) else {"": z}
        return cls(tuple((name, tuple(part.shape[1:])) for name, part in named.items()))

    @property
    def size(self) -> int:
        """Number of entries of a flat code."""
        return sum(math.prod(shape) for _, shape in self.parts)

    def flatten(self, z: Any) -> Tensor:
        """Return codes as vectors, shape ``(n, size)``."""
        if not isinstance(z, dict):
            return z.flatten(1)  # type: ignore[no-any-return]  # a code is a tensor or a dict
        return torch.cat([z[name].flatten(1) for name, _ in self.parts], 1)

    def unflatten(self, flat: Tensor) -> Any:
        """Return vectors ``(n, size)`` as codes."""
        sizes = [math.prod(shape) for _, shape in self.parts]
        pieces = [
            piece.reshape(piece.shape[0], *shape)
            for piece, (_, shape) in zip(flat.split(sizes, 1), self.parts, strict=True)
        ]
        names = [name for name, _ in self.parts]
        return pieces[0] if names == [""] else dict(zip(names, pieces, strict=True))

    def blocks(self, action: LatentAction[Any]) -> list[Block]:
        """Return the blocks by irrep of the parts that are plain vectors.

        Channels and grids have a code at each position, too many to be shown; they have none.
        """
        found, offset = [], 0
        for name, shape in self.parts:
            if len(shape) == 1:
                found += _blocks(name or "code", _action_on(action, name), offset)
            offset += math.prod(shape)
        return found


def _blocks(part: str, action: LatentAction[Any] | None, offset: int) -> list[Block]:
    """Return the blocks of a vector that starts at an entry of the flat code."""
    if isinstance(action, VectorAction):
        return [
            Block(part, b.irrep, b.dim, b.copies, offset + b.start, b.is_trivial)
            for b in action.rho.blocks
        ]
    if not isinstance(action, AffineAction) or action.axis != -1:
        return []
    still = int(action.invariant_mask.sum())
    moving = Block(part, "a z + b", 1, action.size - still, offset + still, False)
    return [Block(part, "0", 1, still, offset, True), moving] if still else [moving]


def _action_on(action: LatentAction[Any], name: str) -> LatentAction[Any] | None:
    if isinstance(action, PartsAction):
        return action._action(name)
    return action
