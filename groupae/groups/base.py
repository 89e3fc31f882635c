"""Interface of every group: compose, invert, sample and compare batches of elements.

Conventions fixed here:

* ``compose(g, h)`` means *h first, then g*; every action is a left action.
* An element is one plain tensor ``(*batch, *element_shape)``; batch axes lead and broadcast.
* dtype and device come from the element, never from torch's default dtype. Elements made from
  nothing (`Group.identity`, `Group.sample`) are float32 unless a dtype is given.
* A group is frozen data: equal by value, hashable, picklable; ``get_group(str(G)) == G``.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from typing_extensions import override

from groupae._moved import lazy_names
from groupae._validation import (
    Method,
    check_axis_size,
    check_batches,
    check_count,
    check_element,
    check_floating,
    expected,
    unknown_choice,
)
from groupae.groups.batches import align_batch, ambient_error
from groupae.groups.charts import Chart, check_chart
from groupae.groups.irreps import IrrepLabel, Irreps

if TYPE_CHECKING:
    from groupae.groups.maps.homomorphisms import Homomorphism
    from groupae.groups.products.product import Product
    from groupae.representations.base import Representation

__all__ = ["MOST_LISTED", "Group", "align_batch", "ambient_error", "check_complete"]

# Both were here until groupae 0.2. Found on demand, because their modules import this one.
if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(
        __name__, {"groups.finite_group": "FiniteGroup", "groups.lie_group": "LieGroup"}
    )

MOST_LISTED = 5000
"""Order of the largest group whose elements are all tabulated against each other."""


def check_complete(group: Group, method: str) -> None:
    """Raise `TypeError` unless the group lists all its irreps."""
    if not group.irreps.is_complete:
        remedy = "if it is finite, FiniteGroup.from_table of its products does"
        what = f"a group that lists all its irreps for {method}"
        raise TypeError(expected(group, what, "one that names some of them", remedy))


class Group(abc.ABC):
    """A group whose elements are tensors.

    Subclasses define `identity`, `compose`, `inverse` and `sample`, and, to be represented,
    `irreps`; everything else has a default. Make them frozen dataclasses. Angles are in radians.

    Example:
        >>> from groupae import get_group
        >>> G = get_group("so2")
        >>> G.element_shape, G.is_discrete, G.has_exp, list(G.charts)[:2]
        ((), False, True, ['angle', 'angle_deg'])
    """

    # Read-only here, so that a subclass may give a plain class attribute or compute it.
    @property
    def element_shape(self) -> tuple[int, ...]:
        """Trailing shape of an element."""
        return ()

    @property
    def is_discrete(self) -> bool:
        """Whether every element has a neighbourhood without other elements."""
        return False

    @property
    def is_compact(self) -> bool:
        """Whether the group is compact, so that Haar measure is a probability."""
        return True

    @property
    def is_abelian(self) -> bool:
        """Whether all elements commute."""
        return False

    @property
    def lie_dim(self) -> int:
        """Dimension of the Lie algebra, 0 for a discrete group."""
        return 0

    # --- abilities --------------------------------------------------------------------------
    # Optional methods are declared, so that callers ask and never catch. An overridden method
    # counts as one that works; a class that overrides one to refuse says so here, and
    # `groupae.testing` compares the declaration with the method.
    @property
    def has_exp(self) -> bool:
        """Whether `exp` is defined; where it is not, it raises ``TypeError``."""
        return type(self).exp is not Group.exp

    @property
    def has_log(self) -> bool:
        """Whether `log` is defined for at least some elements (NaN for the others)."""
        return type(self).log is not Group.log

    @property
    def has_global_log(self) -> bool:
        """Whether every element has a logarithm, so that none is NaN."""
        return self.has_log

    @property
    def has_grid(self) -> bool:
        """Whether `grid` is defined."""
        mine = type(self)
        return mine.grid is not Group.grid or mine._grid is not Group._grid

    @property
    def has_irreps(self) -> bool:
        """Whether `irreps` is defined; the list is exhaustive where ``irreps.is_complete``."""
        return type(self).irreps is not Group.irreps

    @property
    def has_standard(self) -> bool:
        """Whether `standard` is defined."""
        return self.has_irreps

    # --- identity as data -------------------------------------------------------------------
    @property
    def name(self) -> str:
        """Name of the group; `get_group` reads the names of built-in groups back."""
        return type(self).__name__

    @override
    def __str__(self) -> str:
        return self.name

    def to_config(self) -> dict[str, str]:
        """Return JSON-ready data that `get_group` turns back into the group."""
        return {"group": self.name}

    @property
    def order(self) -> int | None:
        """Number of elements; ``None`` for an infinite group."""
        return None

    @property
    def has_integer_elements(self) -> bool:
        """Whether elements are integer tensors."""
        return self.is_discrete

    @property
    def irreps(self) -> Irreps:
        """The irreducible representations of this group.

        Raises:
            TypeError: If the group does not list any.
        """
        remedy = "override the property `irreps`"
        raise TypeError(expected(self, "a group that lists its irreps", "one without", remedy))

    # --- the group operations ---------------------------------------------------------------
    @abc.abstractmethod
    def identity(
        self,
        *batch: int,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return the neutral element, shape ``(*batch, *element_shape)``."""

    @abc.abstractmethod
    def compose(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``g h``: h first, then g. Batch axes broadcast."""

    @abc.abstractmethod
    def inverse(self, g: Tensor) -> Tensor:
        """Return the inverse, same shape."""

    @abc.abstractmethod
    def sample(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return random elements: Haar where the group is compact, else as the class documents."""

    def conjugate(self, g: Tensor, h: Tensor) -> Tensor:
        """Return ``g h g^-1``."""
        return self.compose(self.compose(g, h), self.inverse(g))

    def project(self, x: Tensor) -> Tensor:
        """Return the nearest element, a copy where the input is one."""
        self.check_elements(x)
        return x.clone()

    def representatives(self, g: Tensor) -> Tensor:
        """Return other coordinates of the same element if there are any (angle + 2 pi)."""
        self.check_elements(g)
        return g.clone()

    def distance(self, g: Tensor, h: Tensor) -> Tensor:
        """Return a distance, shape ``(*batch,)``; 0 exactly when equal."""
        self.check_elements(g, h)
        return ambient_error(self.project(g), self.project(h), len(self.element_shape))

    def equal(self, g: Tensor, h: Tensor, atol: float | None = None) -> Tensor:
        """Return whether elements agree to ``atol`` (64 eps by default), shape ``(*batch,)``."""
        self.check_elements(g, h)
        if atol is None:
            atol = 0.0 if not g.is_floating_point() else 64 * torch.finfo(g.dtype).eps
        return self.distance(g, h) <= atol

    def elements(
        self, *, dtype: torch.dtype | None = None, device: torch.device | str | None = None
    ) -> Tensor:
        """Return all elements of a finite group, shape ``(order, *element_shape)``."""
        raise TypeError(expected(self, "elements() of a finite group", "an infinite one; use grid"))

    def index(self, g: Tensor) -> Tensor:
        """Return the position of each element in `elements`, int64, shape ``(*batch,)``.

        Raises:
            TypeError: If the group is infinite.
        """
        every = self.elements()
        self.check_elements(g)
        lead = g.ndim - len(self.element_shape)
        return self.distance(g.unsqueeze(lead), every.to(g.device)).argmin(-1)

    def grid(
        self,
        n: int,
        *,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
    ) -> Tensor:
        """Return ``n`` well-spread elements, for search and pictures.

        Args:
            n: Number of elements, at least 1.
            dtype: Dtype of floating elements, float64 if none is given; integers stay int64.
            device: Device of the elements, the CPU if none is given.

        Raises:
            TypeError: If the group has no grid (`has_grid`).
        """
        check_count(Method(self, "grid"), "n", n)
        return self._as_asked(self._grid(n), dtype, device)

    def _grid(self, n: int) -> Tensor:
        """Return the grid in float64 or int64 on the CPU; `grid` checks ``n`` and casts."""
        raise TypeError(expected(self, "grid() of a group with a known mesh", "one without"))

    def hard_elements(self, dtype: torch.dtype = torch.float64) -> Tensor:
        """Return elements at which code tends to fail, shape ``(n, *element_shape)``."""
        return self.identity(1, dtype=dtype)

    # --- charts -----------------------------------------------------------------------------
    @property
    def atlas(self) -> tuple[Chart, ...]:
        """The charts (coordinates) of elements, the native one first, each with its valid values.

        Inputs of a custom group that defines only the names, ``charts``, are not checked.
        """
        return ()

    @property
    def charts(self) -> tuple[str, ...]:
        """Names of the charts for `convert`; the first one is that of the native element."""
        return tuple([chart.name for chart in self.atlas])

    def convert(self, x: Tensor, from_: str, to: str) -> Tensor:
        """Return elements in another chart; names contain order and unit.

        Shape, dtype and values are checked, values not while a graph is traced or under
        ``torch.func``. The tolerance is documented in `groupae.groups.charts`.

        Raises:
            ValueError: If a chart is unknown, or the numbers are no element.
            ShapeError: If the trailing axes are not the chart's.
            TypeError: If the dtype is not of the chart's kind.
        """
        if not self.charts:
            what = "a group with charts for convert"
            raise TypeError(expected(self, what, "one without", "convert its parts, if it has any"))
        for name in (from_, to):
            if name not in self.charts:
                raise ValueError(unknown_choice(self, "a chart", name, self.charts))
        for chart in self.atlas:
            if chart.name == from_:
                check_chart(self, chart, x)
        found = self._from_native(self._to_native(x, from_), to)
        return found.clone() if found is x else found

    def _to_native(self, x: Tensor, chart: str) -> Tensor:
        del chart
        return x

    def _from_native(self, g: Tensor, chart: str) -> Tensor:
        del chart
        return g

    def check_elements(self, *elements: Tensor) -> None:
        """Raise unless all have the shape and kind of dtype of elements, and batches broadcast.

        It costs no arithmetic: values are checked by `convert`.
        """
        shape, is_integer = self.element_shape, self.has_integer_elements
        for g in elements:
            check_element(self, g, shape, is_integer=is_integer)
        if len(elements) == 1:
            return
        # whole shapes are compared for speed; an exporter would take equality as an invariant
        is_traced = torch.compiler.is_compiling()
        if is_traced or any(g.shape != elements[0].shape for g in elements[1:]):
            check_batches(self, *(g.shape[: g.ndim - len(shape)] for g in elements))

    def check_coordinates(self, v: Tensor, what: str) -> None:
        """Raise unless ``v`` is a floating tensor of Lie-algebra coordinates."""
        owner = Method(self, "exp")
        check_axis_size(owner, v, -1, self.lie_dim, what)
        check_floating(owner, "x", v)

    def _asked(
        self,
        batch: tuple[int, ...],
        dtype: torch.dtype | None,
        generator: torch.Generator | None = None,
    ) -> torch.dtype:
        """Return the dtype of new elements, after a check of the arguments of their constructor."""
        for size in batch:
            if not hasattr(size, "__index__") or (isinstance(size, int) and size < 0):
                what, remedy = "batch sizes of at least 0", "give them one by one: sample(2, 3)"
                raise ValueError(expected(self, what, repr(size), remedy))
        if not (generator is None or isinstance(generator, torch.Generator)):
            what, remedy = "generator as a torch.Generator", "torch.Generator().manual_seed(0)"
            raise TypeError(expected(self, what, repr(generator), remedy))
        if self.has_integer_elements:
            return torch.int64
        if not (dtype is None or (isinstance(dtype, torch.dtype) and dtype.is_floating_point)):
            raise TypeError(expected(self, "a floating dtype", dtype, "or none for float32"))
        return dtype or torch.float32

    def _as_asked(
        self, g: Tensor, dtype: torch.dtype | None, device: torch.device | str | None
    ) -> Tensor:
        """Return new elements in the requested dtype and on the requested device."""
        return g.to(device=device, dtype=g.dtype if dtype is None else self._asked((), dtype))

    # --- subgroups --------------------------------------------------------------------------
    def subgroup(self, spec: str | Tensor) -> Homomorphism:
        """Return the inclusion of a subgroup.

        Args:
            spec: Its name, such as ``"so2"`` in SO(3) or ``"c(4)"`` in SO(2) (an unknown name
                lists the known ones), or elements that generate it, for a finite group.

        Raises:
            ValueError: If the group knows no subgroup of that name.
        """
        from groupae.groups.maps.subgroups import find_subgroup

        return find_subgroup(self, spec)

    # --- representations --------------------------------------------------------------------
    def rep(self, text: str) -> Representation:
        """Return the representation written ``text``, such as ``"8x0 + 6x1"``.

        Raises:
            ValueError: If the text does not parse or names no irrep of the group.
        """
        # The only import against the layers: `G.rep` is sugar for `Representation.parse(G, text)`.
        from groupae.representations.base import Representation

        return Representation.parse(self, text)

    def irrep(self, label: IrrepLabel) -> Representation:
        """Return one irrep as a representation."""
        return self.rep(f"1x{self.irreps.format(label)}")

    def trivial(self) -> Representation:
        """Return the trivial representation."""
        return self.irrep(self.irreps.trivial)

    @property
    def standard_text(self) -> str:
        """Text of the standard representation."""
        return "1x1"

    def standard(self) -> Representation:
        """Return the standard representation, such as rotation matrices."""
        return self.rep(self.standard_text)

    def regular(self, cutoff: int | None = None, *, on_elements: bool = False) -> Representation:
        """Return the regular representation: functions on the group, ``(g f)(x) = f(g^-1 x)``.

        By the Peter-Weyl theorem each real irrep appears ``dim / commutant_dim`` times.

        Args:
            cutoff: Highest irrep kept (frequency, degree), needed where there are infinitely many.
            on_elements: Write the vectors as values at the elements of a finite group, which are
                then permuted, instead of as irreps.

        Raises:
            ValueError: If the group is infinite and no cutoff is given.
            TypeError: If the group is not compact: then the representation is no sum of irreps.
        """
        if not self.is_compact:
            raise TypeError(expected(self, "a compact group for regular()", "a non-compact one"))
        if cutoff is not None and (not isinstance(cutoff, int) or cutoff < 0):
            got, remedy = repr(cutoff), "frequencies and degrees are whole numbers"
            raise ValueError(expected(f"{self}.regular", "a cutoff of at least 0", got, remedy))
        if on_elements:
            from groupae.representations.base import Representation

            return Representation.regular_of(self)
        check_complete(self, "regular()")
        irreps = self.irreps
        terms = (
            f"{irreps.dim(label) // irreps.commutant_dim(label)}x{irreps.format(label)}"
            for label in irreps.labels(cutoff)
        )
        return self.rep(" + ".join(terms))

    def quotient(
        self, phi: Homomorphism, cutoff: int | None = None, *, on_cosets: bool = False
    ) -> Representation:
        """Return the representation on functions on the cosets ``G / H``, as a sum of irreps.

        An irrep appears as often as it has vectors fixed by H (Frobenius reciprocity).

        Args:
            phi: The inclusion of H.
            cutoff: Highest irrep kept, needed where there are infinitely many.
            on_cosets: Write the vectors as values at the cosets instead (finite index).

        Raises:
            TypeError: If the group is not compact, or the index infinite where it must not be.
        """
        from groupae.representations.base import Representation

        return Representation.quotient_of(self, phi, cutoff, on_cosets=on_cosets)

    def __mul__(self, other: Group) -> Product:
        from groupae.groups.products.product import Product

        if isinstance(other, str):
            remedy = "get_group reads names"
            raise TypeError(expected(self, "a group on the right of *", repr(other), remedy))
        if not isinstance(other, Group):
            return NotImplemented
        return Product.of(self, other)

    # --- Lie groups (finite groups raise) ---------------------------------------------------
    def exp(self, v: Tensor) -> Tensor:
        """Return the exponential of Lie-algebra coordinates ``(*batch, lie_dim)``."""
        raise TypeError(expected(self, "a Lie group for exp", f"{self._kind}: no Lie algebra"))

    def log(self, g: Tensor) -> Tensor:
        """Return Lie-algebra coordinates ``(*batch, lie_dim)`` with ``exp(log(g)) = g``."""
        raise TypeError(expected(self, "a Lie group for log", f"{self._kind}: no Lie algebra"))

    def interpolate(self, g: Tensor, h: Tensor, t: Tensor | float) -> Tensor:
        """Return ``g exp(t log(g^-1 h))``, from ``g`` (t = 0) to ``h`` (t = 1).

        Args:
            g: Start of the path.
            h: End of the path; batch axes broadcast.
            t: A number, or a tensor of shape ``(*batch,)``.

        Raises:
            TypeError: If the group has no logarithm.
        """
        if not (self.has_exp and self.has_log):
            got = f"{self._kind}: no path between elements"
            raise TypeError(expected(self, "a Lie group for interpolate", got))
        if not isinstance(t, (int, float, Tensor)) or (isinstance(t, Tensor) and t.is_complex()):
            what = "t as a number or a real tensor of shape (*batch,)"
            raise TypeError(expected(Method(self, "interpolate"), what, type(t).__name__))
        v = self.log(self.compose(self.inverse(g), h))
        t = torch.as_tensor(t, dtype=v.dtype, device=v.device)
        return self.compose(g, self.exp(t[..., None] * v))

    @property
    def _kind(self) -> str:
        return "a discrete one" if self.is_discrete else "one without exp and log"
