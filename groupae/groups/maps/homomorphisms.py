"""Homomorphisms between groups.

Conventions: ``phi(g)`` maps elements of ``phi.source`` to elements of ``phi.target``, batch axes
kept; ``phi @ psi`` is psi first. Injective ones are inclusions of subgroups and have a
`Homomorphism.preimage`. Like groups they are frozen data.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import expected
from groupae.groups.base import Group
from groupae.groups.constants import Constant, look_up
from groupae.groups.samples import sample_pairs

__all__ = [
    "Composition",
    "FunctionHomomorphism",
    "Homomorphism",
    "IdentityMap",
    "TabulatedHomomorphism",
    "offending_pair",
]

_MOST_TRIED = 128  # largest order for which all pairs are tried


@dataclasses.dataclass(frozen=True)
class Homomorphism(abc.ABC):
    """A map from ``source`` to ``target`` with ``phi(gh) = phi(g) phi(h)``.

    Subclasses are frozen dataclasses that define ``_map``; injective ones ``_preimage`` too.

    Args:
        source: Domain.
        target: Codomain.

    Example:
        >>> from groupae import SO3
        >>> phi = SO3().subgroup("so2")
        >>> print(phi)
        SO(2) -> SO(3)
        >>> phi(torch.tensor(torch.pi)).round().int().tolist()
        [[-1, 0, 0], [0, -1, 0], [0, 0, 1]]
    """

    source: Group
    target: Group

    def __post_init__(self) -> None:
        groups = isinstance(self.source, Group) and isinstance(self.target, Group)
        if not groups or not self._fits():
            got = f"{self.source} -> {self.target}"
            raise ValueError(expected(type(self).__name__, self._form, got))

    _form: ClassVar[str] = "two groups"

    def _fits(self) -> bool:
        """Return whether the map is defined between its groups; `_form` describes those allowed."""
        return True

    @abc.abstractmethod
    def _map(self, g: Tensor) -> Tensor: ...

    def _preimage(self, g: Tensor) -> Tensor:
        raise TypeError(expected(self, "an injective map with a known preimage", "one without"))

    @property
    def is_injective(self) -> bool:
        """Whether the map is injective, with a known `preimage`."""
        return type(self)._preimage is not Homomorphism._preimage

    @property
    def has_cosets(self) -> bool:
        """Whether `cosets` is defined: for finite groups, and where a subclass lists them."""
        finite = self.target.order is not None and self.source.order is not None
        return finite or type(self).cosets is not Homomorphism.cosets

    def __call__(self, g: Tensor) -> Tensor:
        """Return the image, shape ``(*batch, *target.element_shape)``."""
        self.source.check_elements(g)
        return self._map(g)

    def preimage(self, g: Tensor) -> Tensor:
        """Return the source element that is mapped to ``g``, for ``g`` in the image.

        For other elements the result is that of a near one in the image; check with
        ``target.distance(phi(phi.preimage(g)), g)``.

        Raises:
            TypeError: If the map is not injective or its preimages are not known.
        """
        self.target.check_elements(g)
        return self._preimage(g)

    def cosets(self) -> Tensor:
        """Return one element of each left coset ``t H`` of the image, the identity first.

        Returns:
            Shape ``(index, *target.element_shape)``.

        Raises:
            TypeError: If the index is infinite or the cosets are not known.
        """
        if self.target.order is not None and self.source.order is not None:
            elements, image = self.target.elements(), self(self.source.elements())
            places = torch.arange(len(elements))
            first = [  # whether an element is the first of its coset
                self.target.index(self.target.compose(part[:, None], image[None])).amin(1) == place
                for part, place in zip(elements.split(256), places.split(256), strict=True)
            ]
            return elements[torch.cat(first)]
        remedy = "only subgroups of finite index with listed cosets can be induced from"
        raise TypeError(expected(self, "a subgroup with known cosets", "one without", remedy))

    def __matmul__(self, other: Homomorphism) -> Homomorphism:
        if not isinstance(other, Homomorphism):
            return NotImplemented
        if other.target != self.source:
            what = f"a homomorphism into {self.source} on the right of @"
            raise ValueError(expected(self, what, other))
        if isinstance(self, IdentityMap) or isinstance(other, IdentityMap):
            return other if isinstance(self, IdentityMap) else self
        return Composition(other.source, self.target, self, other)

    @override
    def __str__(self) -> str:
        return f"{self.source} -> {self.target}"

    @staticmethod
    def from_callable(
        source: Group,
        target: Group,
        function: Callable[[Tensor], Tensor],
        *,
        preimage: Callable[[Tensor], Tensor] | None = None,
    ) -> Homomorphism:
        """Return the homomorphism given by a function of batches of elements.

        Args:
            source: Domain.
            target: Codomain.
            function: From ``(*batch, *source.element_shape)`` to target elements; defined at the
                top of a module, so that it can be pickled.
            preimage: Inverse on the image, if the function is injective.

        Raises:
            ValueError: If products are not kept; the message names a pair.
        """
        for given in (function, preimage or function):
            if not callable(given):
                what = "a function of batches of elements"
                raise TypeError(expected("Homomorphism.from_callable", what, repr(given)))
        phi = FunctionHomomorphism(source, target, function, preimage)
        pair = offending_pair(phi)
        if pair is not None:
            g, h = (x.tolist() for x in pair)
            raise ValueError(expected(phi, "phi(gh) = phi(g) phi(h)", f"a difference at {g}, {h}"))
        if preimage is not None:
            every, _ = sample_pairs(source)
            off = source.distance(phi.preimage(phi(every)), every).double()
            worst = int(torch.nan_to_num(off, nan=float("inf")).argmax())
            if not off[worst] <= 1e-6:
                at = f"another element at {every[worst].tolist()}"
                raise ValueError(expected(phi, "preimage(phi(g)) = g", at))
        return phi


def offending_pair(phi: Homomorphism, *, tolerance: float = 1e-6) -> tuple[Tensor, Tensor] | None:
    """Return a pair of elements whose product ``phi`` does not preserve, or ``None``.

    Elements are float64; the tolerance is on the target's distance.
    """
    g, h = sample_pairs(phi.source)
    wanted = phi.target.compose(phi(g), phi(h))
    error = phi.target.distance(phi(phi.source.compose(g, h)), wanted).double()
    worst = int(torch.nan_to_num(error, nan=float("inf")).argmax())
    return None if error[worst] <= tolerance else (g[worst], h[worst])


class IdentityMap(Homomorphism):
    """The identity of a group as a homomorphism."""

    _form = "one group twice"

    @override
    def _fits(self) -> bool:
        return self.source == self.target

    @override
    def cosets(self) -> Tensor:
        """Return the identity, the representative of the only coset."""
        return self.target.identity(1, dtype=torch.float64)

    @override
    def _map(self, g: Tensor) -> Tensor:
        return g.clone()

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        return g.clone()


@dataclasses.dataclass(frozen=True)
class Composition(Homomorphism):
    """The composition ``outer @ inner``, inner first; ``@`` checks the groups."""

    outer: Homomorphism
    inner: Homomorphism

    _form = "the source of the inner map and the target of the outer one, which must meet"

    @override
    def _fits(self) -> bool:
        ends = (self.inner.source, self.inner.target, self.outer.target)
        return ends == (self.source, self.outer.source, self.target)

    @property
    @override
    def is_injective(self) -> bool:
        """Whether both maps are injective."""
        return self.outer.is_injective and self.inner.is_injective

    @property
    @override
    def has_cosets(self) -> bool:
        """Whether both groups are finite, or both maps have cosets."""
        finite = self.target.order is not None and self.source.order is not None
        return finite or (self.outer.has_cosets and self.inner.has_cosets)

    @override
    def cosets(self) -> Tensor:
        """Return the products of outer representatives with images of inner ones."""
        if self.source.order is not None and self.target.order is not None:
            return super().cosets()
        outer, inner = self.outer.cosets(), self.outer(self.inner.cosets())
        return self.target.compose(outer[:, None], inner.to(outer.dtype)[None]).flatten(0, 1)

    @override
    def _map(self, g: Tensor) -> Tensor:
        return self.outer(self.inner(g))

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        return self.inner.preimage(self.outer.preimage(g))


@dataclasses.dataclass(frozen=True)
class FunctionHomomorphism(Homomorphism):
    """An unchecked homomorphism by a function; `Homomorphism.from_callable` checks it."""

    function: Callable[[Tensor], Tensor]
    inverse: Callable[[Tensor], Tensor] | None = None

    @property
    @override
    def is_injective(self) -> bool:
        """Whether a preimage was given."""
        return self.inverse is not None

    @override
    def _map(self, g: Tensor) -> Tensor:
        return self._owned(self.target, self.function(g))

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        if self.inverse is None:
            return super()._preimage(g)
        return self._owned(self.source, self.inverse(g))

    def _owned(self, group: Group, g: Tensor) -> Tensor:
        """Return a copy of the result of a user's function, after a check of its form."""
        group.check_elements(g)
        return g.clone()


@dataclasses.dataclass(frozen=True)
class TabulatedHomomorphism(Homomorphism):
    """A homomorphism from a finite group, given by the image of each element.

    Args:
        source: A finite group.
        target: Any group.
        images: Images in the order of ``source.elements()``.

    Raises:
        ShapeError: If the images have not the shape of elements of the target.
        ValueError: If their number is wrong, or products are not kept (checked up to order 128).
    """

    images: Constant

    @override
    def __post_init__(self) -> None:
        if self.source.order is None or len(self.images) != self.source.order:
            what = f"one image for each element of a finite source, here {self.source}"
            raise ValueError(expected("TabulatedHomomorphism", what, f"{len(self.images)} images"))
        images = self.images.values
        self.target.check_elements(images)
        if len(images) <= _MOST_TRIED:
            g = self.source.elements()
            places = self.source.index(self.source.compose(g[:, None], g[None]))
            product = self.target.compose(images[:, None], images[None])
            off = self.target.distance(images[places], product).double()
            if not bool((off <= 1e-6).all()):
                i, j = divmod(int(torch.nan_to_num(off, nan=torch.inf).argmax()), len(g))
                got = f"a difference at {g[i].tolist()}, {g[j].tolist()}"
                raise ValueError(expected(self, "phi(gh) = phi(g) phi(h)", got))

    @functools.cached_property
    def _kernel_order(self) -> int:
        images = self.images.values
        unit = self.target.identity(1, dtype=images.dtype)
        return int((self.target.distance(images, unit) <= 1e-6).sum())

    @property
    @override
    def is_injective(self) -> bool:
        """Whether the kernel is trivial."""
        return self._kernel_order == 1

    @override
    def _map(self, g: Tensor) -> Tensor:
        images = self.images.to()
        if g.is_floating_point() and images.is_floating_point():
            images = images.to(g.dtype)
        return look_up(images, self.source.index(g))

    @override
    def _preimage(self, g: Tensor) -> Tensor:
        if not self.is_injective:
            return super()._preimage(g)
        images = self.images.like(g)
        lead = g.ndim - len(self.target.element_shape)
        nearest = self.target.distance(g.unsqueeze(lead), images).argmin(-1)
        return self.source.elements().to(g.device)[nearest]
