"""Representations given by a function, or by the images of generators."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.groups import Group
from groupae.groups.constants import Constant, look_up
from groupae.groups.samples import sample_pairs
from groupae.kernels.exponential import matrix_exponential
from groupae.representations.base import Representation

__all__ = [
    "FunctionRepresentation",
    "LieRepresentation",
    "TabulatedRepresentation",
    "from_generators",
]


def _check(rho: Representation, what: str) -> None:
    """Raise unless ``rho`` preserves the identity and products, on hard and random elements."""
    group = rho.group
    g, h = sample_pairs(group)
    if isinstance(rho, LieRepresentation):  # known only where there is a logarithm
        known = [group.log(x).isfinite().all(-1) for x in (g, h, group.compose(g, h))]
        logarithms = torch.stack(known).all(0)
        g, h = g[logarithms], h[logarithms]
    found = rho.matrix(group.compose(g, h), torch.float64)
    wanted = rho.matrix(g, torch.float64) @ rho.matrix(h, torch.float64)
    error = (found - wanted).abs().flatten(1).amax(1)
    error = error / wanted.abs().flatten(1).amax(1).clamp(min=1)
    error = torch.nan_to_num(error, nan=torch.inf)
    worst = int(error.argmax())
    if error[worst] > 1e-6 * rho.error_growth:
        pair = f"a difference of {error[worst]:.1e} at g = {g[worst].tolist()}, h = "
        raise ValueError(expected(what, "rho(gh) = rho(g) rho(h)", f"{pair}{h[worst].tolist()}"))
    eye = torch.eye(rho.dim, dtype=torch.float64)
    if (rho.matrix(group.identity(dtype=torch.float64), torch.float64) - eye).abs().amax() > 1e-6:
        raise ValueError(expected(what, "rho(e) = 1", "another matrix"))
    again = rho.matrix(group.representatives(g), torch.float64)
    off = (again - rho.matrix(g, torch.float64)).abs().flatten(1).amax(1)
    off = off / again.abs().flatten(1).amax(1).clamp(min=1)
    if off.amax() > 1e-6 * rho.error_growth:
        worst = int(off.argmax())
        remedy = "it must depend on the element only, not on the coordinates written"
        got = f"two at g = {g[worst].tolist()} and {group.representatives(g)[worst].tolist()}"
        raise ValueError(expected(what, "one matrix an element", got, remedy))


@dataclasses.dataclass(frozen=True, repr=False)
class FunctionRepresentation(Representation):
    """A representation by a function of elements; `Representation.from_callable` makes it.

    Example:
        >>> from groupae import SO2, Representation
        >>> rho = Representation.from_callable(SO2(), lambda g: torch.ones(*g.shape, 1, 1), 1)
        >>> type(rho).__name__, rho.dim
        ('FunctionRepresentation', 1)
    """

    function: Callable[[Tensor], Tensor]
    degree: int

    @classmethod
    def checked(
        cls, group: Group, function: Callable[[Tensor], Tensor], dim: int
    ) -> FunctionRepresentation:
        """Return the representation after a check of shape and law."""
        rho = cls(group, function, dim)
        what = f"Representation.from_callable({group}, {rho})"
        g = group.identity(2, 3, dtype=torch.float64)
        found = function(g)
        if not isinstance(found, Tensor) or tuple(found.shape) != (2, 3, dim, dim):
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            form = f"matrices of shape (*batch, {dim}, {dim})"
            raise ShapeError(expected(what, form, f"{got} for elements {tuple(g.shape)}"))
        _check(rho, what)
        return rho

    @override
    def __str__(self) -> str:
        return getattr(self.function, "__qualname__", type(self.function).__name__)

    @property
    @override
    def dim(self) -> int:
        """Degree of the matrices."""
        return self.degree

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        return self.function(g).to(x.dtype) @ x


@dataclasses.dataclass(frozen=True, repr=False)
class LieRepresentation(Representation):
    """Representation ``rho(exp v) = exp(sum_i v_i X_i)`` of a Lie group with a global logarithm.

    Args:
        group: The Lie group.
        generators: Images X_i of the Lie-algebra axes, shape ``(lie_dim, dim, dim)``.

    Example:
        >>> from groupae import SO2, Representation
        >>> rho = Representation.from_generators(SO2(), torch.tensor([[[0.0, -1.0], [1.0, 0.0]]]))
        >>> type(rho).__name__, rho.dim
        ('LieRepresentation', 2)
    """

    generators: Constant

    @override
    def __str__(self) -> str:
        return f"generated(dim {self.dim})"

    @property
    @override
    def dim(self) -> int:
        """Size of the generators."""
        return self.generators.shape[-1]

    @property
    @override
    def error_growth(self) -> int:
        """Largest norm of a generator times the norms that logarithms reach."""
        norms = torch.linalg.matrix_norm(self.generators.values, 2)
        return max(4, 4 * math.ceil(float(norms.amax()) - 1e-6))

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        v = self.group.log(g)
        combined = torch.einsum("...i,ijk->...jk", v, self.generators.like(v))
        return matrix_exponential(combined).to(x.dtype) @ x


@dataclasses.dataclass(frozen=True, repr=False)
class TabulatedRepresentation(Representation):
    """One matrix for each element of a finite group.

    Args:
        group: A finite group.
        matrices: In the order of ``group.elements()``, shape ``(order, dim, dim)``.

    Example:
        >>> from groupae import Cyclic, Representation
        >>> sign, swap = torch.tensor([[[-1.0]]]), torch.tensor([1])
        >>> rho = Representation.from_generators(Cyclic(2), sign, swap)
        >>> type(rho).__name__, rho.character(torch.arange(2))
        ('TabulatedRepresentation', tensor([ 1., -1.]))
    """

    matrices: Constant

    @override
    def __str__(self) -> str:
        return f"tabulated(dim {self.dim})"

    @property
    @override
    def dim(self) -> int:
        """Size of the matrices."""
        return self.matrices.shape[-1]

    @property
    @override
    def is_orthogonal(self) -> bool:
        """Whether the matrices are orthogonal."""
        m = self.matrices.values
        eye = torch.eye(self.dim, dtype=m.dtype)
        return bool((m.mT @ m - eye).abs().amax() < 1e-12)

    @override
    def _apply(self, g: Tensor, x: Tensor) -> Tensor:
        matrices = look_up(self.matrices.to(x.dtype), self.group.index(g))
        return matrices @ x


def from_generators(
    group: Group, matrices: Tensor, elements: Tensor | None = None
) -> Representation:
    """Return the representation with these images; see `Representation.from_generators`."""
    what = f"Representation.from_generators({group})"
    if not isinstance(matrices, Tensor):
        raise TypeError(expected(what, "matrices as a tensor", type(matrices).__name__))
    if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2]:
        form = "square matrices of shape (k, dim, dim)"
        raise ShapeError(expected(what, form, tuple(matrices.shape)))
    matrices = matrices.to(torch.float64)
    if group.order is not None:
        return _from_finite_generators(group, matrices, elements, what)
    if len(matrices) != group.lie_dim or group.lie_dim == 0:
        form = f"one matrix for each of the {group.lie_dim} Lie-algebra axes"
        raise ShapeError(expected(what, form, f"{len(matrices)} matrices"))
    rho = LieRepresentation(group, Constant(matrices))
    _check(rho, what)
    return rho


def _from_finite_generators(
    group: Group, matrices: Tensor, elements: Tensor | None, what: str
) -> Representation:
    if elements is None or len(elements) != len(matrices):
        got = "no elements" if elements is None else f"{len(elements)} of them"
        raise ValueError(expected(what, "an element for each matrix of a finite group", got))
    every = group.elements()
    known = torch.zeros(len(every), dtype=torch.bool)
    found = torch.zeros(len(every), *matrices.shape[1:], dtype=torch.float64)
    start = int(group.index(group.identity()))
    known[start], found[start] = True, torch.eye(matrices.shape[-1], dtype=torch.float64)
    frontier = torch.tensor([start])
    while len(frontier):  # breadth first: one generator further in each round
        new = []
        for element, matrix in zip(elements, matrices, strict=True):
            reached = group.index(group.compose(element, every[frontier]))
            fresh = ~known[reached]
            found[reached[fresh]] = matrix @ found[frontier[fresh]]
            known[reached[fresh]] = True
            new.append(reached[fresh])
        frontier = torch.cat(new).unique()
    if not bool(known.all()):
        got = f"elements that reach {int(known.sum())} of {len(every)}"
        raise ValueError(expected(what, "elements that generate the group", got))
    rho = TabulatedRepresentation(group, Constant(found))
    _check(rho, what)
    return rho
