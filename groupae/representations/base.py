"""Representations: direct sums of irreps with multiplicities, and how a group acts by them.

Conventions fixed here:

* A term ``m x irrep`` of degree d is a block ``(d, m)``, flattened: irrep index first, copies
  last. Terms stand in the order written.
* Batch axes lead: the first axes of ``x`` align with the batch axes of ``g``; whatever stands
  between them and the representation's axis (time, views) broadcasts, whatever stands behind it
  (the pixels of a feature map) rides along like further copies.
* The result has the dtype of ``x``. Matrices are computed in the dtype of ``g``, at least
  float32, also under autocast.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import re
from collections.abc import Mapping

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._validation import Method, check_axis_size, check_floating, expected
from groupae.groups import Group, get_group
from groupae.groups.base import align_batch, full_precision
from groupae.groups.irreps import IrrepLabel

__all__ = ["Block", "Representation", "Term"]


@dataclasses.dataclass(frozen=True)
class Term:
    """``copies`` copies of the irrep named ``label``."""

    copies: int
    label: IrrepLabel


@dataclasses.dataclass(frozen=True)
class Block:
    """Where a term lies in the vector: entries ``start:stop``, to be read as ``(dim, copies)``."""

    irrep: str
    copies: int
    dim: int
    start: int
    is_trivial: bool

    @property
    def size(self) -> int:
        """Number of entries."""
        return self.dim * self.copies

    @property
    def stop(self) -> int:
        """End of the block."""
        return self.start + self.size

    @property
    def slice(self) -> slice:
        """The block as a slice."""
        return slice(self.start, self.stop)


@dataclasses.dataclass(frozen=True, repr=False)
class Representation:
    """A direct sum of irreps with multiplicities, such as ``SO2().rep("8x0 + 6x1")``.

    Args:
        group: The group represented.
        terms: Multiplicities and labels, in the order of the vector.

    Example:
        >>> from groupae import SO2
        >>> rho = SO2().rep("2x0 + 3x1")
        >>> x = torch.arange(8.0)
        >>> rho.act(torch.tensor(torch.pi), x).round().int().tolist()
        [0, 1, -2, -3, -4, -5, -6, -7]
    """

    group: Group
    terms: tuple[Term, ...]

    def __post_init__(self) -> None:
        if not self.terms:
            raise ValueError(expected(self.group, "a representation of at least one term", "none"))
        irreps = self.group.irreps
        for term in self.terms:
            irreps.parse(irreps.format(term.label))  # raises if the group has no such irrep
            if term.copies < 1:
                remedy = "leave the term out instead"
                raise ValueError(
                    expected(self.group, "at least one copy of an irrep", term.copies, remedy)
                )

    # --- notation ---------------------------------------------------------------------------
    @classmethod
    def parse(cls, group: Group, text: str) -> Self:
        """Return the representation of ``group`` written ``text``.

        Raises:
            ValueError: If the text is no sum of ``copies x irrep`` or names an unknown irrep.
        """
        if not isinstance(text, str):
            form = "a text such as '8x0 + 6x1'"
            raise TypeError(expected(f"{group}.rep", form, type(text).__name__))
        terms = []
        for part in text.split("+"):
            match = re.fullmatch(r"\s*(?:(\d+)\s*x\s*)?([^\sx][^x]*?)\s*", part)
            if match is None:
                form = "terms like '8x0', joined by '+'"
                raise ValueError(expected(f"{group}.rep({text!r})", form, repr(part.strip())))
            terms.append(Term(int(match[1] or 1), group.irreps.parse(match[2])))
        return cls(group, tuple(terms))

    @override
    def __str__(self) -> str:
        return " + ".join(f"{t.copies}x{self.group.irreps.format(t.label)}" for t in self.terms)

    @override
    def __repr__(self) -> str:
        return f"{self.group}.rep({str(self)!r})"

    def to_config(self) -> dict[str, str]:
        """Return JSON-ready data; `from_config` undoes it."""
        return {**self.group.to_config(), "terms": str(self)}

    @classmethod
    def from_config(cls, config: Mapping[str, str]) -> Self:
        """Return the representation described by `to_config`."""
        return cls.parse(get_group(config), config["terms"])

    # --- sizes ------------------------------------------------------------------------------
    @functools.cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks of the vector, one a term."""
        irreps, start, blocks = self.group.irreps, 0, []
        for term in self.terms:
            label = term.label
            name, dim, trivial = irreps.format(label), irreps.dim(label), label == irreps.trivial
            blocks.append(Block(name, term.copies, dim, start, trivial))
            start = blocks[-1].stop
        return tuple(blocks)

    def slices(self) -> tuple[Block, ...]:
        """Return where each term lies: irrep, copies, degree, start and stop."""
        return self.blocks

    @property
    def dim(self) -> int:
        """Length of the vectors acted on."""
        return self.blocks[-1].stop

    @property
    def labels(self) -> tuple[IrrepLabel, ...]:
        """The irrep of each term."""
        return tuple(term.label for term in self.terms)

    @property
    def depth(self) -> int:
        """By how much the worst irrep amplifies rounding errors of an element."""
        return max(self.group.irreps.depth(label) for label in self.labels)

    # --- algebra ----------------------------------------------------------------------------
    def __add__(self, other: Representation) -> Representation:
        if not isinstance(other, Representation):
            return NotImplemented
        if other.group != self.group:
            remedy = "a direct sum needs one group"
            raise ValueError(
                expected(f"{self} + {other}", f"terms of {self.group}", other.group, remedy)
            )
        return Representation(self.group, self.terms + other.terms)

    def __rmul__(self, copies: int) -> Representation:
        if not isinstance(copies, int):
            return NotImplemented
        terms = (Term(copies * term.copies, term.label) for term in self.terms)
        return Representation(self.group, tuple(terms))

    # --- acting -----------------------------------------------------------------------------
    def act(self, g: Tensor, x: Tensor, dim: int = -1) -> Tensor:
        """Return ``rho(g) x`` along axis ``dim``; no dense matrix is formed.

        Args:
            g: Elements, shape ``(*batch, *element_shape)``.
            x: Vectors, shape ``(*batch, *more, dim, *trailing)``, floating.
            dim: The axis of ``x`` of length `Representation.dim`; not one of the batch axes.

        Returns:
            Shape of ``x`` (batch axes broadcast with those of ``g``), dtype of ``x``.

        Raises:
            ShapeError: If an axis has the wrong length or batch axes do not align.
            TypeError: If a dtype is of the wrong kind.
        """
        owner = Method(self, "act")
        check_axis_size(owner, x, dim, self.dim, "the axis holds one vector of the representation")
        check_floating(owner, "x", x)
        g, x, axis = align_batch(owner, self.group, g, x, dim)
        trailing = x.shape[axis + 1 :]
        dtype = torch.promote_types(x.dtype, torch.float32)
        parts = [
            x.narrow(axis, block.start, block.size)
            .reshape(*x.shape[:axis], block.dim, block.copies * math.prod(trailing))
            .to(dtype)
            for block in self.blocks
        ]
        with full_precision(x):
            moved = self.group.irreps.apply(self.labels, g, parts)
        flat = [
            part.reshape(*part.shape[:-2], block.size, *trailing)
            for part, block in zip(moved, self.blocks, strict=True)
        ]
        batch = torch.broadcast_shapes(*(part.shape[:axis] for part in flat))
        flat = [part.expand(*batch, *part.shape[axis:]) for part in flat]
        return torch.cat(flat, axis).to(x.dtype)

    def matrix(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the dense matrices, shape ``(*batch, dim, dim)``; for reading and tests.

        ``dtype`` is that of ``g`` unless given; float32 for integer elements.
        """
        dtype = self._matrix_dtype(g, dtype)
        lead = g.ndim - len(self.group.element_shape)
        eye = torch.eye(self.dim, dtype=dtype, device=g.device)
        return self.act(g, eye.reshape(*(1,) * lead, self.dim, self.dim), dim=-2)

    def character(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the traces, shape ``(*batch,)``; ``dtype`` as for `matrix`."""
        dtype = self._matrix_dtype(g, dtype)
        with full_precision(g):
            matrices = self.group.irreps.matrices(self.labels, g, dtype)
        traces = [m.diagonal(dim1=-2, dim2=-1).sum(-1) for m in matrices]
        pairs = zip(self.terms, traces, strict=True)
        return torch.stack([term.copies * trace for term, trace in pairs]).sum(0)

    def _matrix_dtype(self, g: Tensor, dtype: torch.dtype | None) -> torch.dtype:
        self.group.check_elements(g)
        if dtype is not None:
            return dtype
        return g.dtype if g.is_floating_point() else torch.float32

    def is_invariant(self) -> Tensor:
        """Return a mask ``(dim,)``: true on the entries no element changes."""
        return torch.cat([torch.full((b.size,), b.is_trivial) for b in self.blocks])

    def invariants(self, x: Tensor, dim: int = -1) -> Tensor:
        """Return the entries of ``x`` that no element changes, in their order."""
        owner = Method(self, "invariants")
        check_axis_size(owner, x, dim, self.dim, "the axis holds one vector of the representation")
        parts = [x.narrow(dim, b.start, b.size) for b in self.blocks if b.is_trivial]
        return torch.cat(parts, dim) if parts else x.narrow(dim, 0, 0)
