"""Interface of the irreducible representations of a group.

A group owns its irreps: labels, sizes and matrices. `groupae.representations` has their sums.
Conventions: real matrices, orthogonal for compact groups; a block of ``m`` copies of an irrep of
degree ``d`` is stored ``(d, m)``, irrep index first and copies last.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Hashable, Sequence
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._moved import share_names
from groupae.kernels.block_product import join_blocks, multiply_blocks, split_blocks

__all__ = ["IrrepLabel", "Irreps", "Terms"]

IrrepLabel = Hashable


@dataclasses.dataclass(frozen=True)
class Terms:
    """Irreps with their multiplicities, in the order of a vector.

    Args:
        labels: Irrep of each term.
        dims: Degree d of each term.
        copies: Multiplicity of each term.
    """

    labels: tuple[IrrepLabel, ...]
    dims: tuple[int, ...]
    copies: tuple[int, ...]


class Irreps(abc.ABC):
    """The real irreducible representations of one group, named by labels.

    Groups that are not reductive (`Affine`) list indecomposable blocks too, for which
    `is_irreducible` is false. Subclasses define `labels`, `parse`, `dim` and `matrices`.

    Example:
        >>> from groupae import SO2
        >>> irreps = SO2().irreps
        >>> irreps.parse("2"), irreps.dim(2), irreps.is_complete
        (2, 2, True)
        >>> irreps.is_irreducible(2)
        True
    """

    @override
    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        share_names(cls, "depth", "error_growth")

    # read-only here, so that a subclass may give a plain class attribute
    @property
    def takes_half(self) -> bool:
        """Whether `act` takes vectors of 16 bits, and computes with them in 32 at least."""
        return False

    @property
    def trivial(self) -> IrrepLabel:
        """Label of the trivial irrep."""
        return 0

    @abc.abstractmethod
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        """Return the labels up to and including ``cutoff``, the trivial one first.

        Raises:
            ValueError: If there are infinitely many and no cutoff is given.
        """

    @abc.abstractmethod
    def parse(self, text: str) -> IrrepLabel:
        """Return the label written ``text``.

        Raises:
            ValueError: If no irrep of the group has that name.
        """

    def format(self, label: IrrepLabel) -> str:
        """Return the text of a label, the inverse of `parse`."""
        return str(label)

    @abc.abstractmethod
    def dim(self, label: IrrepLabel) -> int:
        """Return the degree of an irrep."""

    def commutant_dim(self, label: IrrepLabel) -> int:
        """Return the dimension of the commutant: 1, 2 or 4 for real, complex, quaternionic type."""
        del label
        return 1

    @property
    def is_complete(self) -> bool:
        """Whether `labels` lists every irrep up to the cutoff."""
        return True

    def is_irreducible(self, label: IrrepLabel) -> bool:
        """Return whether the block cannot be split further."""
        del label
        return True

    def is_orthogonal(self, label: IrrepLabel) -> bool:
        """Return whether the matrices are orthogonal, as those of compact groups are here."""
        del label
        return True

    def error_growth(self, label: IrrepLabel) -> int:
        """Return the factor by which rounding errors of an element grow (frequency, degree)."""
        del label
        return 1

    depth = error_growth  # its name until groupae 0.2

    @abc.abstractmethod
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        """Return the matrix of ``g`` in each irrep, ``(*batch, d, d)``; read only."""

    def couplings(self, a: IrrepLabel, b: IrrepLabel) -> list[tuple[IrrepLabel, Tensor]] | None:
        """Return the irreps in the product of two, or ``None`` if no formula is known.

        Returns:
            One entry per irrep c, with isometries ``(copies, dim a, dim b, dim c)``, float64.
        """
        del a, b
        return None

    def halves(self, label: IrrepLabel) -> list[IrrepLabel]:
        """Return the unlisted irreps that a reducible label of a product group is the sum of."""
        del label
        return []

    def coupling(self, a: IrrepLabel, b: IrrepLabel, c: IrrepLabel) -> Tensor | None:
        """Return the isometries of one irrep in the product of two; see `couplings`."""
        every = self.couplings(a, b)
        if every is None:
            return None
        none = torch.zeros(0, self.dim(a), self.dim(b), self.dim(c), dtype=torch.float64)
        return dict(every).get(c, none)

    def multipliers(
        self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype
    ) -> list[Tensor]:
        """Return `matrices` in the layout that multiplies fastest, contiguous in memory."""
        return self.matrices(labels, g, dtype)

    def apply(
        self, labels: Sequence[IrrepLabel], g: Tensor, blocks: Sequence[Tensor]
    ) -> list[Tensor]:
        """Apply ``g`` to one block per label, shapes ``(*batch, d, m)``; batch axes broadcast."""
        matrices = self.matrices(labels, g, blocks[0].dtype)
        return [matrix @ block for matrix, block in zip(matrices, blocks, strict=True)]

    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors ``(*batch, sum of d copies, m)``; batch axes broadcast.

        It multiplies by matrices unless a subclass overrides `apply`.
        """
        if type(self).apply is Irreps.apply:
            matrices: list[Tensor | None] = [*self.multipliers(terms.labels, g, x.dtype)]
            for i, label in enumerate(terms.labels[:-1]):  # the last one stays, for the batch of g
                if label == self.trivial:
                    matrices[i] = None
            return multiply_blocks(matrices, terms.copies, x)
        blocks = split_blocks(x, terms.dims, terms.copies)
        return join_blocks(self.apply(terms.labels, g, blocks), terms.copies, x.shape[-1])
