"""Direct sums of irreps with multiplicities, as ``G.rep("8x0 + 6x1")`` makes them.

Convention: a term ``m x irrep`` of degree d is a block ``(d, m)``, flattened: irrep index first,
copies last. Terms stand in the order written.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._validation import expected
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.products.packed import split_outside
from groupae.kernels.dispatch import full_precision
from groupae.representations.base import Block, Representation, Summand

if TYPE_CHECKING:
    from groupae.groups.maps.homomorphisms import Homomorphism

__all__ = ["IrrepSum", "Term"]


@dataclasses.dataclass(frozen=True)
class Term:
    """Irrep named ``label`` with its multiplicity ``copies``.

    Example:
        >>> from groupae import SO2
        >>> SO2().rep("8x0 + 6x1").terms[1]
        Term(copies=6, label=1)
    """

    copies: int
    label: IrrepLabel

    @property
    def multiplicity(self) -> int:
        """Number of copies of the irrep, the same as ``copies``."""
        return self.copies


@dataclasses.dataclass(frozen=True, repr=False)
class IrrepSum(Representation):
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

    terms: tuple[Term, ...]
    _blocks: tuple[Block, ...] = dataclasses.field(init=False, repr=False, compare=False)
    _terms: Terms = dataclasses.field(init=False, repr=False, compare=False)
    _irreps: Irreps = dataclasses.field(init=False, repr=False, compare=False)
    _dim: int = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.terms:
            raise ValueError(expected(self.group, "a representation of at least one term", "none"))
        irreps = self.group.irreps
        object.__setattr__(self, "_irreps", irreps)
        for term in self.terms:
            irreps.parse(irreps.format(term.label))  # raises if the group has no such irrep
            if term.copies < 1:
                remedy = "leave the term out instead"
                raise ValueError(
                    expected(self.group, "at least one copy of an irrep", term.copies, remedy)
                )
        # not cached on first use: torch.compile cannot enter the lock of a cached_property
        object.__setattr__(self, "_blocks", self._make_blocks())
        dims, copies = zip(*((block.dim, block.copies) for block in self._blocks), strict=True)
        object.__setattr__(self, "_terms", Terms(self.labels, dims, copies))
        object.__setattr__(self, "_dim", self._blocks[-1].stop)

    @override
    def __getstate__(self) -> dict[str, Any]:
        return {"group": self.group, "terms": self.terms}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name in ("group", "terms"):
            object.__setattr__(self, name, state[name])
        self.__post_init__()  # what else is stored follows, whatever release wrote the state

    @classmethod
    def from_text(cls, group: Group, text: str) -> Self:
        """Return the sum written ``text``; see `Representation.parse`."""
        if not isinstance(text, str):
            form = "a text such as '8x0 + 6x1'"
            raise TypeError(expected(f"{group}.rep", form, type(text).__name__))
        if found := re.search(r"\d{19,}|[^+]{1000,}", text):
            what, begin = "terms of fewer than 1000 characters and 19 digits", repr(found[0][:30])
            raise ValueError(expected(f"{group}.rep", what, f"one of {len(found[0])}, {begin}..."))
        terms = []
        for part in split_outside(text, "+"):
            match = re.fullmatch(r"\s*(?:(\d+)\s*x\s*)?([^\sx][^x]*?)\s*", part)
            if match is None:
                form = "terms like '8x0', joined by '+'"
                shown = text if len(text) <= 1000 else f"{text[:1000]}..."
                raise ValueError(expected(f"{group}.rep({shown!r})", form, repr(part.strip())))
            terms.append(Term(int(match[1] or 1), group.irreps.parse(match[2])))
        return cls(group, tuple(terms))

    @override
    def __str__(self) -> str:
        return " + ".join(f"{t.copies}x{self.group.irreps.format(t.label)}" for t in self.terms)

    @override
    def __repr__(self) -> str:
        return f"{self.group}.rep({str(self)!r})"

    @override
    def to_config(self) -> dict[str, str]:
        """Return JSON-ready data; `Representation.from_config` undoes it."""
        return {**self.group.to_config(), "terms": str(self)}

    # --- sizes ------------------------------------------------------------------------------
    def _make_blocks(self) -> tuple[Block, ...]:
        irreps, start, blocks = self.group.irreps, 0, []
        for term in self.terms:
            label = term.label
            name, dim, trivial = irreps.format(label), irreps.dim(label), label == irreps.trivial
            blocks.append(Block(name, term.copies, dim, start, trivial))
            start = blocks[-1].stop
        return tuple(blocks)

    @property
    @override
    def blocks(self) -> tuple[Block, ...]:
        """Blocks of the vector, one per term."""
        return self._blocks

    @property
    @override
    def dim(self) -> int:
        """Length of the vectors acted on."""
        return self._dim

    @property
    def labels(self) -> tuple[IrrepLabel, ...]:
        """Label of the irrep of each term."""
        return tuple(term.label for term in self.terms)

    @property
    @override
    def error_growth(self) -> int:
        """Largest error growth of the irreps."""
        return max(self.group.irreps.error_growth(label) for label in self.labels)

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether the group is compact and the matrices of its irreps are orthogonal."""
        irreps = self.group.irreps
        return self.group.is_compact and all(irreps.is_orthogonal(label) for label in self.labels)

    @override
    def summands(self) -> tuple[Summand, ...]:
        """Return the irreps with their copies."""
        eye = torch.eye(self.dim, dtype=torch.float64)
        return tuple(
            Summand(
                IrrepSum(self.group, (Term(1, term.label),)),
                eye[:, block.slice].reshape(self.dim, block.dim, block.copies).permute(2, 0, 1),
            )
            for term, block in zip(self.terms, self.blocks, strict=True)
        )

    # --- algebra ----------------------------------------------------------------------------
    @override
    def __add__(self, other: Representation) -> Representation:
        if not isinstance(other, IrrepSum):
            return super().__add__(other)
        self._same_group(other, "+")
        return IrrepSum(self.group, self.terms + other.terms)

    @override
    def __rmul__(self, copies: int) -> Representation:
        if not isinstance(copies, int):
            return NotImplemented
        terms = (Term(copies * term.copies, term.label) for term in self.terms)
        return IrrepSum(self.group, tuple(terms))

    @override
    def restrict(self, phi: Homomorphism) -> Representation:
        from groupae.representations.algebra import BasisChange

        restricted = super().restrict(phi)
        if isinstance(restricted, BasisChange):  # elements are mapped with less work than vectors
            return dataclasses.replace(restricted, original=self.pullback(phi))
        return restricted

    # --- acting -----------------------------------------------------------------------------
    @property
    @override
    def _takes_half(self) -> bool:
        return self._irreps.takes_half

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        return self._irreps.act(self._terms, g, x)

    @override
    def character(self, g: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """Return the traces, shape ``(*batch,)``, without forming the whole matrix."""
        dtype = self._matrix_dtype(g, dtype)
        with full_precision(g):
            matrices = self.group.irreps.matrices(self.labels, g, dtype)
        traces = [m.diagonal(dim1=-2, dim2=-1).sum(-1) for m in matrices]
        pairs = zip(self.terms, traces, strict=True)
        return torch.stack([term.copies * trace for term, trace in pairs]).sum(0)
