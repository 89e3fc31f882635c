"""Latent actions: how a group moves a latent code.

The law, for every action: ``act(gh, z) = act(g, act(h, z))`` and ``act(e, z) = z``. A code splits
into an invariant part, which no element changes, and a varying part. Two codes compare up to the
group: `LatentAction.align` finds the element that carries one nearest to the other, and
`LatentAction.distance` what remains between them then.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._moved import share_names
from groupae._validation import ShapeError, expected
from groupae.actions.align.newton import MOST_TRIED
from groupae.groups import Group
from groupae.groups.base import align_batch
from groupae.groups.maps.homomorphisms import Homomorphism

if TYPE_CHECKING:
    from groupae.actions.align.overlap import Overlap

__all__ = [
    "Description",
    "LatentAction",
    "LatentRow",
    "carry",
    "join",
    "map_latent",
    "match_batch",
]

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
        exact_subgroup: The inclusion of a subgroup on which the law holds exactly; ``None`` means
            that it does on the whole group.
        has_second_derivatives: Whether derivatives of derivatives are defined; else torch refuses.
    """

    group: Group
    is_linear: bool = True
    exactness: Literal["exact", "interpolated"] = "exact"
    exact_subgroup: Homomorphism | None = None
    has_second_derivatives: bool = True

    @override
    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        share_names(cls, "depth", "error_growth")

    @property
    def error_growth(self) -> int:
        """Factor by which rounding errors of an element grow."""
        return 1

    depth = error_growth  # its name until groupae 0.2

    @property
    def can_align(self) -> bool:
        """Whether `align` and `distance` are defined.

        They are not for a finite group of more than 50,000 elements, all of which would be tried.
        """
        return self.group.order is None or self.group.order <= MOST_TRIED

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
        """Return the part of ``z`` that no element changes.

        That is no complete set of invariants: codes of different orbits may have the same, for
        lengths and relative angles of varying copies are invariant too. To tell whether codes are
        of one orbit, take `distance`.

        Example:
            >>> from groupae import SO2, VectorAction
            >>> action = VectorAction(SO2().rep("2x1"))  # two arrows that turn together
            >>> parallel, across = torch.tensor([[1.0, 0, 1, 0], [1.0, 0, 0, 1]])
            >>> action.invariants(parallel).numel(), action.invariants(across).numel()
            (0, 0)
            >>> action.distance(parallel, across)  # no turn makes one of the other
            tensor(1.0824)
        """

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

    # --- two codes up to the group ----------------------------------------------------------
    def batch_ndim(self, z: Latent) -> int:
        """Return how many of the first axes of ``z`` are a batch."""
        one = self.random_latent(generator=torch.Generator())
        return min(part.ndim - own.ndim for part, own in _pairs(z, one))

    def residual(self, z: Latent, w: Latent) -> Tensor:
        """Return the numbers whose squares `align` sums, shape ``(*batch, size)``.

        They are the differences of all entries, unless an action measures otherwise.
        """
        batch = self.batch_ndim(z)
        differences = [
            torch.subtract(*(x.to(torch.promote_types(x.dtype, torch.float32)) for x in pair))
            for pair in _pairs(z, w)
        ]
        return join([d.unsqueeze(-1).flatten(batch) for d in differences])

    def overlap(self, z: Latent, w: Latent) -> Overlap | None:
        """Return what decides `align` in closed form, or ``None`` if nothing does."""
        del z, w
        return None

    def starts(self, z: Latent, w: Latent) -> list[Tensor]:
        """Return guesses for a search, each of shape ``(*batch, *element_shape)``."""
        del z, w
        return []

    def align(self, z: Latent, w: Latent) -> Tensor:
        """Return the element ``g`` that carries ``z`` nearest to ``w``: least ``|g z - w|^2``.

        In closed form where there is one: linear actions of SO(2) (Fourier series), of cyclic
        groups (their transform), of finite groups (every element), of SO(3) by invariants and
        vectors (singular values), `AffineAction` (regression). Linear actions of other compact
        groups are searched through the Fourier coefficients of the score, all else by
        `groupae.actions.search`. Where many elements are best (a stabiliser) it is one of them.

        Args:
            z: Codes with batch axes.
            w: Codes of as many axes; batch axes broadcast.

        Returns:
            Elements, shape ``(*batch, *element_shape)``, in the dtype of the codes, at least
            float32. Not differentiable: use `distance`, or a model that infers the element.

        Raises:
            ShapeError: If the codes have different numbers of axes.
        """
        from groupae.actions.align.gauss_newton import search

        axes = [[part.ndim for part in pair] for pair in _pairs(z, w)]
        if any(a != b for a, b in axes):
            got = " and ".join(str([n[i] for n in axes]) for i in (0, 1))
            raise ShapeError(expected(self, "two codes of as many axes", got))
        with torch.no_grad():
            overlap = self.overlap(z, w)
            return search(self, z, w, self.starts(z, w)) if overlap is None else overlap.best()

    def distance(self, z: Latent, w: Latent) -> Tensor:
        """Return the distance from the orbit of ``z`` to ``w``: least ``|g z - w|`` over all ``g``.

        The invariant parts count in full. It is symmetric where the group acts by isometries.
        Gradients are exact though `align` has none: at the best element the derivative by the
        element is zero. Second derivatives are not: the best element moves with the codes, and they
        leave that out.

        Returns:
            Shape ``(*batch,)``.
        """
        moved = self(self.align(z, w), z)
        length: Tensor = torch.linalg.vector_norm(self.residual(moved, w), dim=-1)
        return length

    @staticmethod
    def from_callable(
        group: Group,
        function: Callable[[Tensor, Tensor], Tensor],
        shape: tuple[int, ...],
        *,
        is_linear: bool = False,
        invariant: Tensor | None = None,
    ) -> LatentAction[Tensor]:
        """Return the action given by a function of elements and codes; checked here.

        Args:
            group: The acting group.
            function: From elements ``(*batch, *element_shape)`` and codes ``(*batch, *shape)`` of
                the same batch to codes; defined at the top of a module, so that it can be
                pickled. A ``torch.nn.Module`` is registered and may have parameters.
            shape: Shape of one code.
            is_linear: Whether each element acts linearly.
            invariant: Mask of the given shape: true on the entries no element changes.

        Raises:
            ValueError: If the law fails in float64; the sentence names a pair of elements.
            ShapeError: If the function returns another shape.

        Example:
            >>> from groupae import SO2
            >>> action = LatentAction.from_callable(SO2(), lambda g, z: z + g[..., None], (3,))
            Traceback (most recent call last):
            ...
            ValueError: ...: expected act(gh, z) = act(g, act(h, z)), got a difference ...
        """
        from groupae.actions.custom import FunctionAction

        return FunctionAction(group, function, shape, is_linear=is_linear, invariant=invariant)


def match_batch(
    owner: object, group: Group, g: Tensor, z: Tensor, batch_ndim: int
) -> tuple[Tensor, Tensor, int]:
    """Return ``g`` and ``z`` with as many batch axes, and how many; the first axes align.

    Raises:
        ShapeError: If the batch axes differ.
    """
    g, z, lead = align_batch(owner, group, g, z.unsqueeze(batch_ndim), batch_ndim)
    return g, z.squeeze(lead), lead


def carry(part: Tensor, batch: tuple[int, ...], own: int) -> Tensor:
    """Return ``part``, of which the first ``own`` axes are a batch, broadcast to ``batch``."""
    missing = len(batch) - own
    if missing > 0:
        part = part.reshape(*part.shape[:own], *(1,) * missing, *part.shape[own:])
    shape = torch.broadcast_shapes(part.shape[: len(batch)], batch)
    return part.expand((*shape, *part.shape[len(batch) :]))


def _pairs(z: Any, w: Any) -> list[tuple[Tensor, Tensor]]:
    return [(z[name], w[name]) for name in z] if isinstance(z, dict) else [(z, w)]


def join(parts: list[Tensor]) -> Tensor:
    """Return the parts one after another along the last axis, other axes broadcast."""
    batch = torch.broadcast_shapes(*(part.shape[:-1] for part in parts))
    return torch.cat([part.expand(*batch, part.shape[-1]) for part in parts], -1)
