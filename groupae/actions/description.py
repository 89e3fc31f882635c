"""Description of a latent code as a table."""

from __future__ import annotations

import dataclasses

from typing_extensions import override

from groupae.representations import Representation

__all__ = ["Description", "LatentRow", "block_rows"]


@dataclasses.dataclass(frozen=True)
class LatentRow:
    """One line of `LatentAction.describe`.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> VectorAction(SO2().rep("2x0 + 2x1")).describe().rows[1]
        LatentRow(part='', where='[2:6]', irrep='1', copies=2, is_invariant=False)
    """

    part: str
    where: str
    irrep: str
    copies: int
    is_invariant: bool


@dataclasses.dataclass(frozen=True)
class Description:
    """Layout of a latent code, printed as a table.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> print(VectorAction(SO2().rep("2x0 + 2x1")).describe())
        VectorAction(SO(2), 2x0 + 2x1)
        latent  irrep  copies  invariant
        ------  -----  ------  ---------
        [0:2]   0      2       yes
        [2:6]   1      2       no
    """

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


def block_rows(rho: Representation, part: str = "", before: str = "") -> tuple[LatentRow, ...]:
    """Return one row per block of a representation on a part of a code.

    Args:
        rho: The representation.
        part: Name of the part.
        before: Axes before that of the representation, such as ``"T, "``.
    """
    return tuple(
        LatentRow(part, f"[{before}{b.start}:{b.stop}]", b.irrep, b.copies, b.is_trivial)
        for b in rho.blocks
    )
