"""Shifts of space.

Conventions: an element of `Translation` is a vector ``b``, shape ``(*batch, n)``, and maps ``x`` to
``x + b``. The group is not compact: a representation need not be a sum of irreps, such as the
homogeneous matrices ``[[I, b], [0, 1]]``. Shifts with scalings are in ``affine``, with rotations
in ``rigid_motions``, with other groups that act on vectors in ``semidirect``.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
import re
from collections.abc import Sequence

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import check_count, expected
from groupae.groups.charts import Chart, is_homogeneous
from groupae.groups.irreps import IrrepLabel, Irreps, Terms
from groupae.groups.lie.so2 import FrequencyIrreps
from groupae.groups.lie_group import LieGroup
from groupae.groups.matrices import unit_like
from groupae.kernels.turning import turn_blocks

__all__ = ["Translation", "homogeneous_matrix", "kronecker_lattice"]


def homogeneous_matrix(linear: Tensor, shift: Tensor) -> Tensor:
    """Return ``[[A, b], [0, 1]]``, shape ``(*batch, n + 1, n + 1)``; batch axes broadcast."""
    n = shift.shape[-1]
    batch = torch.broadcast_shapes(linear.shape[:-2], shift.shape[:-1])
    above = [linear.expand(*batch, n, n), shift[..., None].expand(*batch, n, 1)]
    last = torch.zeros(n + 1, dtype=shift.dtype, device=shift.device)
    last[n] = 1
    return torch.cat([torch.cat(above, -1), last.expand(*batch, 1, n + 1)], -2)


def kronecker_lattice(n: int, dim: int) -> Tensor:
    """Return ``n`` evenly spread points of the unit cube, shape ``(n, dim)``, float64.

    The steps are powers of 1 / phi with ``phi^(dim + 1) = phi + 1``: the golden section in one
    dimension, the plastic number in two.

    References:
        Roberts, The unreasonable effectiveness of quasirandom sequences, 2018.
    """
    phi = 1.5
    for _ in range(64):
        phi = (1 + phi) ** (1 / (dim + 1))
    steps = torch.tensor([phi ** -(i + 1) for i in range(dim)], dtype=torch.float64)
    return torch.frac(0.5 + torch.arange(n, dtype=torch.float64)[:, None] * steps)


def _waves(n: int, highest: int) -> list[tuple[int, ...]]:
    """Return the wave vectors up to sign with entries of at most ``highest``, smallest first."""
    every = itertools.product(range(-highest, highest + 1), repeat=n)
    half = [k for k in every if _is_canonical(k)]
    return sorted(half, key=lambda k: (max(map(abs, k)), sum(map(abs, k)), [-i for i in k]))


def _is_canonical(k: Sequence[int]) -> bool:
    return next((i for i in k if i), 0) > 0


@dataclasses.dataclass(frozen=True)
class _TranslationIrreps(FrequencyIrreps):
    """``0``, the waves ``[k1,...,kn]``, and the indecomposable ``std`` = [[I, b], [0, 1]].

    A wave vector and its opposite give equivalent irreps; the label is the one whose first nonzero
    entry is positive. The group has an irrep for every real vector; only integer ones have names.
    """

    n: int

    @override
    def labels(self, cutoff: int | None = None) -> tuple[IrrepLabel, ...]:
        if cutoff is None:
            what = "a cutoff, the largest entry of a wave vector"
            raise ValueError(expected(f"T({self.n})", what, None, "there is no last one"))
        return (0, *_waves(self.n, cutoff), "std")

    @override
    def parse(self, text: str) -> IrrepLabel:
        if text in ("0", "std"):
            return 0 if text == "0" else text
        owner = f"T({self.n})"
        if not re.fullmatch(r"\[\s*-?\d+(\s*,\s*-?\d+)*\s*\]", text):
            form = "[" + ",".join(f"k{i + 1}" for i in range(self.n)) + "]"
            what = f"'0', 'std' ([[I, b], [0, 1]]) or a wave vector {form} of integers"
            raise ValueError(expected(owner, what, repr(text)))
        k = tuple(map(int, text[1:-1].split(",")))
        if len(k) != self.n:
            raise ValueError(expected(owner, f"a wave vector of {self.n} entries", repr(text)))
        if not any(k):
            what = "a wave vector other than zero"
            raise ValueError(expected(owner, what, repr(text), "the trivial irrep is '0'"))
        if not _is_canonical(k):
            remedy = f"it is equivalent to {self.format(tuple(-i for i in k))}"
            what = "a wave vector whose first entry that is not 0 is positive"
            raise ValueError(expected(owner, what, repr(text), remedy))
        return k

    @override
    def format(self, label: IrrepLabel) -> str:
        return json.dumps(label, separators=(",", ":")) if isinstance(label, tuple) else str(label)

    @override
    def dim(self, label: IrrepLabel) -> int:
        # Equal to the dimension of the commutant, the matrices [[d I, v], [0, d]].
        return self.n + 1 if label == "std" else super().dim(label)

    @override
    def is_irreducible(self, label: IrrepLabel) -> bool:
        return label != "std"

    @override
    def is_orthogonal(self, label: IrrepLabel) -> bool:
        return label != "std"

    @override
    def error_growth(self, label: IrrepLabel) -> int:
        return sum(map(abs, label)) if isinstance(label, tuple) else 1

    @override
    def angles(self, labels: Sequence[IrrepLabel], g: Tensor) -> Tensor:
        rows = [label if isinstance(label, tuple) else (0,) * self.n for label in labels]
        waves = torch.tensor(rows, dtype=g.dtype, device=g.device).reshape(len(rows), self.n)
        return (g[..., None, :] * waves).sum(-1)

    @override
    def matrices(self, labels: Sequence[IrrepLabel], g: Tensor, dtype: torch.dtype) -> list[Tensor]:
        rest = iter(super().matrices([label for label in labels if label != "std"], g, dtype))
        unit = torch.eye(self.n, dtype=dtype, device=g.device)
        return [
            homogeneous_matrix(unit, g.to(dtype)) if label == "std" else next(rest)
            for label in labels
        ]

    @override
    def act(self, terms: Terms, g: Tensor, x: Tensor) -> Tensor:
        if "std" in terms.labels:  # a block that is no rotation
            return Irreps.act(self, terms, g, x)
        return super().act(terms, g, x)

    @override
    def apply(
        self, labels: Sequence[IrrepLabel], g: Tensor, blocks: Sequence[Tensor]
    ) -> list[Tensor]:
        cosine, sine = self.phases(labels, g, blocks[0].dtype)
        moved = []
        for i, (label, block) in enumerate(zip(labels, blocks, strict=True)):
            if label == 0:
                batch = torch.broadcast_shapes(g.shape[:-1], block.shape[:-2])
                block = block.expand(*batch, 1, -1)
            elif isinstance(label, tuple):
                block = turn_blocks(cosine[..., i], sine[..., i], block)
            else:
                upper, last = block.split((self.n, 1), -2)
                upper = upper + g[..., None].to(block.dtype) * last
                block = torch.cat([upper, last.expand(*upper.shape[:-2], 1, -1)], -2)
            moved.append(block)
        return moved


def _is_shift(x: Tensor, tolerance: float) -> Tensor:
    still = ((x - unit_like(x))[..., :-1].abs() <= tolerance).flatten(-2).all(-1)
    return still & is_homogeneous(x, tolerance)


@dataclasses.dataclass(frozen=True)
class Translation(LieGroup):
    """Shifts of an n-dimensional space, the group R^n under addition.

    Args:
        n: Dimension of the space, at least 1.

    Example:
        >>> G = Translation(2)
        >>> G.standard().matrix(torch.tensor([3.0, 4.0])).int().tolist()
        [[1, 0, 3], [0, 1, 4], [0, 0, 1]]
        >>> G.rep("2x0 + 4x[1,0] + 1x[2,-1]").dim
        12
    """

    n: int = 1
    standard_text = "1xstd"
    is_compact = False
    is_abelian = True

    def __post_init__(self) -> None:
        check_count("Translation", "n", self.n)

    @property
    @override
    def name(self) -> str:
        """``T(n)``."""
        return f"T({self.n})"

    @property
    @override
    def element_shape(self) -> tuple[int, ...]:
        """``(n,)``."""
        return (self.n,)

    @property
    @override
    def atlas(self) -> tuple[Chart, ...]:
        """``vector``, and the homogeneous ``matrix``."""
        n, what = self.n, "[[I, b], [0, 1]]"
        return (
            Chart("vector", (n,), "floating", "a shift"),
            Chart("matrix", (n + 1, n + 1), "floating", what, _is_shift),
        )

    @property
    @override
    def lie_dim(self) -> int:
        """The dimension of the space."""
        return self.n

    @property
    @override
    def irreps(self) -> Irreps:
        """The waves ``[k1,...,kn]`` and the indecomposable ``std``."""
        return _TranslationIrreps(self.n)

    @override
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return zeros."""
        return torch.zeros(*batch, self.n, dtype=self._asked(batch, dtype), device=device)

    @override
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the sum."""
        self.check_elements(g, h)
        return g + h

    @override
    def inverse(self, g: Tensor) -> Tensor:
        """Return the opposite vector."""
        self.check_elements(g)
        return -g

    @override
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return standard normal vectors; there is no Haar probability."""
        dtype = self._asked(batch, dtype, generator)
        return torch.randn(*batch, self.n, generator=generator, dtype=dtype, device=device)

    @override
    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return the Euclidean distance."""
        self.check_elements(g, h)
        length: Tensor = torch.linalg.vector_norm(g - h, dim=-1)
        return length

    @override
    def exp(self, v: Tensor) -> Tensor:
        """Return the vector itself."""
        self.check_coordinates(v, "a Lie-algebra vector is the shift")
        return v.clone()

    @override
    def log(self, g: Tensor) -> Tensor:
        """Return the vector itself."""
        self.check_elements(g)
        return g.clone()

    @override
    def _grid(self, n: int) -> Tensor:
        """Return ``n`` shifts with entries of at most 1: a Kronecker lattice."""
        return 2 * kronecker_lattice(n, self.n) - 1

    @override
    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return zero, tiny, long and oblique shifts, and half turns of the waves."""
        axes = torch.eye(self.n, dtype=dtype)
        oblique = torch.tensor([(-1.5) ** i for i in range(self.n)], dtype=dtype)
        lengths = torch.tensor([1e-7, -1e-7, 1, math.pi, -math.pi / 2, 4], dtype=dtype)
        along = (lengths[:, None, None] * axes).flatten(0, 1)
        return torch.cat([torch.zeros_like(axes[:1]), along, oblique[None]])

    @override
    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        return x[..., :-1, -1].clone() if chart == "matrix" else x

    @override
    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        return self.standard().matrix(g) if chart == "matrix" else g
