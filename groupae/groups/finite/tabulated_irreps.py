"""Irreps of finite groups, applied by tables of their matrices.

Convention: a table has one row per element, in the order of the elements; a row holds the matrices
of the irreps of a sum one after another. The rows of a batch are looked up at once, and each block
of a vector is multiplied by its matrix. A table that no cache would hold is not made.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import itertools

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._validation import expected
from groupae.groups.base import MOST_LISTED
from groupae.groups.irreps import Irreps, Terms
from groupae.kernels.dispatch import HALF_DTYPES, uses_fast_path
from groupae.kernels.row_product import RowLayout, multiply_by_rows

__all__ = ["MatrixTable", "TabulatedIrreps"]

_MOST_NUMBERS = 2**19  # in a table: 2 MB in float32


@dataclasses.dataclass(frozen=True)
class MatrixTable:
    """Matrices of all elements of a finite group in the irreps of a sum.

    Args:
        rows: One row per element, shape ``(order, entries)``.
        layout: Places of the terms' matrices in a row; trivial irreps have none.
    """

    rows: Tensor
    layout: RowLayout

    @classmethod
    def make(
        cls, irreps: TabulatedIrreps, terms: Terms, dtype: torch.dtype, device: torch.device
    ) -> Self | None:
        """Return the table, computed in float64, or ``None`` if it is empty or too large.

        Equal irreps share their matrices.
        """
        distinct = [label for label in dict.fromkeys(terms.labels) if label != irreps.trivial]
        sizes = [irreps.dim(label) ** 2 for label in distinct]
        if not distinct or irreps.order > MOST_LISTED or irreps.order * sum(sizes) > _MOST_NUMBERS:
            return None
        # what is kept may be asked for derivatives later; and whatever the default device is
        with torch.inference_mode(False), torch.device("cpu"):
            matrices = irreps.matrices(distinct, irreps.elements(), torch.float64)
            rows = torch.cat([matrix.flatten(1) for matrix in matrices], 1).to(device, dtype)
        starts = dict(zip(distinct, itertools.accumulate(sizes, initial=0), strict=False))
        places = tuple([starts.get(label, -1) for label in terms.labels])
        return cls(rows, RowLayout(places, terms.dims, terms.copies))


@functools.lru_cache(maxsize=32)
def _kept_table(
    irreps: TabulatedIrreps, terms: Terms, dtype: torch.dtype, device: torch.device
) -> MatrixTable | None:
    return MatrixTable.make(irreps, terms, dtype, device)


class TabulatedIrreps(Irreps):
    """Irreps of a finite group; subclasses are hashable and define `order` and `elements` too."""

    takes_half = True

    @property
    @abc.abstractmethod
    def order(self) -> int:
        """Number of elements of the group."""

    @abc.abstractmethod
    def elements(self) -> Tensor:
        """Return all elements of the group on a processor."""

    @abc.abstractmethod
    def row(self, g: Tensor) -> Tensor:
        """Return the place of each element in `elements`, shape ``(*batch,)``."""

    def _look_up(self, table: MatrixTable, g: Tensor) -> Tensor:
        try:
            return table.rows[self.row(g)]
        except IndexError:
            what = f"elements among the {self.order} of the group"
            raise IndexError(expected(self, what, "others")) from None

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        """Apply ``g`` to whole vectors; by a table where nothing is traced or transformed."""
        if uses_fast_path(g, x):
            wide = torch.float32 if x.dtype in HALF_DTYPES else x.dtype
            table = _kept_table(self, terms, wide, x.device)
            if table is not None:
                return multiply_by_rows(table.layout, self._look_up(table, g), x, is_back=False)
        if x.dtype in HALF_DTYPES:
            return super().act(terms, g, x.float()).to(x.dtype)
        return super().act(terms, g, x)
