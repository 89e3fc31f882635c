"""Symmetric groups.

Conventions: an element of `Permutation` is its images, int64, shape ``(*batch, n)``: ``p[i]`` is
where i goes. ``compose(p, q)`` is q first: ``(p q)[i] = p[q[i]]``. A sequence x is moved by
``(p.x)[p[i]] = x[i]``: the entry at i goes to p[i]; the matrix of p has its ones at
``[p[i], i]``. Irreps are the partitions of n, in Young's orthogonal form (``young``).
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import Method, check_count, expected
from groupae.groups.charts import Chart, check_real, is_permutation, is_permutation_matrix
from groupae.groups.finite.tabulated_irreps import TabulatedIrreps
from groupae.groups.finite.young import (
    Partition,
    partitions,
    sorting_swaps,
    tableau_count,
    young_act,
    young_form,
    young_numbers,
)
from groupae.groups.finite_group import FiniteGroup
from groupae.groups.irreps import IrrepLabel, Irreps

__all__ = ["Permutation"]

T = TypeVar("T")

_MOST_LISTED = 9  # 9! is 362880
_MOST_COUNTED = 20  # 20! is the last factorial below 2^63


def _partition(label: str) -> Partition:
    return tuple(int(part) for part in label[1:-1].split(","))


def _text(partition: Partition) -> str:
    return "[" + ",".join(str(part) for part in partition) + "]"


def _permute(g: Tensor, block: Tensor) -> Tensor:
    """Move the rows of ``(*batch, n, m)``: row i to row ``g[i]``."""
    batch = torch.broadcast_shapes(g.shape[:-1], block.shape[:-2])
    shape = (*batch, *block.shape[-2:])
    return block.expand(shape).gather(-2, g.argsort(-1)[..., None].expand(shape))


def _constant(function: Callable[[str], T]) -> Callable[[str], T]:
    # torch.compile cannot trace tableaux and caches; labels are texts, so constant for it. This is
    # torch.compiler.assume_constant_result, which would load the compiler (2 s) on import.
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


@_constant
def _degree(label: str) -> int:
    return tableau_count(_partition(label))


@_constant
def _listed_form(label: str) -> tuple[Any, Any]:
    return young_numbers(_partition(label))


def _form(label: str) -> tuple[Tensor, Tensor]:
    """Return `young_form`, under torch.compile as constants of the graph.

    A function that is assumed constant may return one tensor in a graph, not several.
    """
    if torch.compiler.is_compiling():
        coefficients, partners = _listed_form(label)
        return torch.tensor(coefficients, dtype=torch.float64), torch.tensor(partners)
    return young_form(_partition(label))


@functools.lru_cache(maxsize=32)
def _ranks(n: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the lexicographic rank of permutations by their first images, and these' places.

    The images of all items but the last are the digits of a number in base n. Numbers that are no
    permutation have a rank that no table holds.
    """
    with torch.inference_mode(False), torch.device("cpu"):
        places = n ** torch.arange(n - 2, -2, -1).clamp(min=0) * (torch.arange(n) < n - 1)
        every = Permutation(n).elements()
        ranks = torch.full((n ** (n - 1),), len(every))
        ranks[(every * places).sum(-1)] = torch.arange(len(every))
        return ranks.to(device), places.to(device)


@dataclasses.dataclass(frozen=True)
class _YoungIrreps(TabulatedIrreps):
    """Partitions of n, written ``[3,1]``, and ``std``, the reducible permutation matrices."""

    n: int

    @property
    @override
    def order(self) -> int:
        return math.factorial(self.n)

    @override
    def elements(self) -> Tensor:
        return Permutation(self.n).elements()

    @override
    def row(self, g: Tensor) -> Tensor:
        ranks, places = _ranks(self.n, g.device)
        return ranks[(g.long() * places).sum(-1)]

    @property
    @override
    def trivial(self) -> IrrepLabel:
        return _text((self.n,))

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        below = self.n - 1 if cutoff is None else min(cutoff, self.n - 1)
        return tuple(
            _text((self.n - outside, *rest))
            for outside in range(below + 1)
            for rest in partitions(outside, self.n - outside)
        )

    @override
    def parse(self, text: str) -> IrrepLabel:
        plain = text.replace(" ", "")
        if plain == "std":
            return plain
        if re.fullmatch(r"\[[1-9]\d*(,[1-9]\d*)*\]", plain):
            parts = _partition(plain)
            if sum(parts) == self.n and sorted(parts, reverse=True) == list(parts):
                return plain
        what = f"a partition of {self.n} such as {self._example()}, or 'std'"
        raise ValueError(expected(f"S({self.n})", what, repr(text)))

    def _example(self) -> str:
        return "[1]" if self.n == 1 else _text((self.n - 1, 1))

    @override
    def dim(self, label: IrrepLabel) -> int:
        assert isinstance(label, str)
        return self.n if label == "std" else _degree(label)

    @override
    def commutant_dim(self, label: IrrepLabel) -> int:
        return 2 if label == "std" and self.n > 1 else 1

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        return label != "std" or self.n == 1

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        units = (torch.eye(self.dim(label), dtype=dtype, device=g.device) for label in labels)
        blocks = [unit.expand(*g.shape[:-1], *unit.shape) for unit in units]
        return self._move(labels, g, blocks)

    @override
    def apply(
        self, labels: Sequence[IrrepLabel], g: Tensor, blocks: Sequence[Tensor]
    ) -> list[Tensor]:
        wide = [
            i
            for i, block in enumerate(blocks)
            if labels[i] not in ("std", self.trivial) and block.shape[-1] > block.shape[-2]
        ]  # for more copies than columns the matrix is cheaper
        narrow = [i for i in range(len(blocks)) if i not in wide]
        parts = self._move([labels[i] for i in narrow], g, [blocks[i] for i in narrow])
        matrices = self.matrices([labels[i] for i in wide], g, blocks[0].dtype)
        moved = dict(zip(narrow, parts, strict=True))
        moved |= {i: matrix @ blocks[i] for i, matrix in zip(wide, matrices, strict=True)}
        return [moved[i] for i in range(len(blocks))]

    def _move(
        self, labels: Sequence[IrrepLabel], g: Tensor, blocks: Sequence[Tensor]
    ) -> list[Tensor]:
        """Apply ``g`` to each block ``(*batch, d, m)`` without forming a matrix."""
        swaps = sorting_swaps(g)
        moved = []
        for label, block in zip(labels, blocks, strict=True):
            assert isinstance(label, str)
            if label == self.trivial:
                batch = torch.broadcast_shapes(g.shape[:-1], block.shape[:-2])
                moved.append(block.expand(*batch, *block.shape[-2:]))
            elif label == "std":
                moved.append(_permute(g, block))
            else:
                coefficients, partners = _form(label)
                moved.append(young_act(coefficients, partners.to(g.device), swaps, block))
        return moved


@dataclasses.dataclass(frozen=True)
class Permutation(FiniteGroup):
    """The symmetric group S_n of all permutations of 0..n-1.

    Args:
        n: Number of permuted items, at least 1.

    Example:
        >>> G = Permutation(3)
        >>> cycle = torch.tensor([1, 2, 0])  # 0 goes to 1, 1 to 2, 2 to 0
        >>> G.standard().act(cycle, torch.tensor([10.0, 11.0, 12.0]))
        tensor([12., 10., 11.])
        >>> G.regular()
        S(3).rep('1x[3] + 2x[2,1] + 1x[1,1,1]')
    """

    n: int
    standard_text = "1xstd"

    def __post_init__(self) -> None:
        check_count("Permutation", "n", self.n)

    @property
    @override
    def name(self) -> str:
        """``S(n)``."""
        return f"S({self.n})"

    @property
    @override
    def element_shape(self) -> tuple[int, ...]:
        """``(n,)``."""
        return (self.n,)

    @property
    @override
    def atlas(self) -> tuple[Chart, ...]:
        """``images``, and the permutation ``matrix``."""
        n, whole = self.n, f"0..{self.n - 1} in some order"
        return (
            Chart("images", (n,), "integer", whole, is_permutation),
            Chart("matrix", (n, n), "real", "a permutation matrix", is_permutation_matrix),
        )

    @property
    @override
    def is_abelian(self) -> bool:
        """Whether n is at most 2."""
        return self.n <= 2

    @property
    @override
    def order(self) -> int:
        """Return n factorial."""
        return math.factorial(self.n)

    @property
    @override
    def irreps(self) -> Irreps:
        """Partitions of n; a cutoff is on the number of boxes below the first row."""
        return _YoungIrreps(self.n)

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return 0..n-1, int64 for every requested dtype."""
        self._asked(batch, dtype)
        return torch.arange(self.n, device=device).repeat(*batch, 1)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``g[h[i]]``."""
        self.check_elements(g, h)
        g, h = torch.broadcast_tensors(g.long(), h.long())
        return g.gather(-1, h)

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the positions of 0..n-1 among the images."""
        self.check_elements(g)
        return g.argsort(-1)

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return uniform permutations: the order of random numbers."""
        self._asked(batch, dtype, generator)
        shape = (*batch, self.n)
        keys = torch.rand(shape, generator=generator, dtype=torch.float64, device=device)
        return keys.argsort(-1)

    @override
    def project(self, x: Tensor) -> Tensor:
        """Return the ranks of the entries, ties in the given order.

        They are the nearest permutation in the Euclidean norm (rearrangement inequality).
        """
        check_real(Method(self, "project"), x, self.element_shape)
        return x.argsort(dim=-1, stable=True).argsort(-1)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the Hamming distance, int64: the number of different images."""
        self.check_elements(g, h)
        return (g != h).sum(-1)

    @override
    def elements(
        self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Tensor:
        """Return all permutations in lexicographic order.

        Raises:
            ValueError: If n is above 9.
        """
        if self.n > _MOST_LISTED:
            what = f"n of at most {_MOST_LISTED} for a list of all elements"
            remedy = f"there are {self.order} of them; use sample"
            raise ValueError(expected(self, what, self.n, remedy))
        self._asked((), dtype)
        return torch.tensor(list(itertools.permutations(range(self.n))), device=device)

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` elements evenly spaced in lexicographic order."""
        places = [i * self.order // n for i in range(n)]
        return torch.tensor([self._unrank(place) for place in places]).reshape(n, self.n)

    def _unrank(self, place: int) -> list[int]:
        left, images = list(range(self.n)), []
        for i in range(self.n, 0, -1):
            digit, place = divmod(place, math.factorial(i - 1))
            images.append(left.pop(digit))
        return images

    @override
    def index(self, g: Tensor) -> Tensor:
        """Return the lexicographic rank, from the Lehmer code.

        Raises:
            ValueError: If n is above 20: ranks exceed int64.
        """
        self.check_elements(g)
        if self.n > _MOST_COUNTED:
            what = f"n of at most {_MOST_COUNTED} for ranks in int64"
            raise ValueError(expected(self, what, self.n))
        later = torch.ones(self.n, self.n, dtype=torch.bool, device=g.device).triu(1)
        code = ((g[..., None, :] < g[..., :, None]) & later).sum(-1)
        places = [math.factorial(self.n - 1 - i) for i in range(self.n)]
        return (code * torch.tensor(places, device=g.device)).sum(-1)

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return the identity, transpositions, n-cycles, the reversal; all elements for n < 5."""
        if self.n < 5:
            return super().hard_elements(dtype)
        unit = torch.arange(self.n)
        swaps = unit.repeat(self.n, 1)
        for k in range(self.n):  # the last one swaps the two ends
            swaps[k, [k, (k + 1) % self.n]] = swaps[k, [(k + 1) % self.n, k]]
        cycles = [unit.roll(shift) for shift in (1, -1, 2)]
        three = torch.cat([unit[:3].roll(1), unit[3:]])
        return torch.cat([unit[None], swaps, torch.stack([*cycles, unit.flip(0), three])])

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return x.argmax(-2) if chart == "matrix" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        if chart == "images":
            return g
        rows = torch.arange(self.n, device=g.device)
        return (g[..., None, :] == rows[:, None]).to(torch.float64)
