"""Interface of latent actions, with defaults for everything but the action itself.

The law, for every action: ``act(gh, z) = act(g, act(h, z))`` and ``act(e, z) = z``. A code splits
into an invariant part, which no element changes, and a varying part. Two codes compare up to the
group: `LatentAction.align` finds the element that carries one nearest to the other, and
`LatentAction.distance` is the distance that remains.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Literal

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._moved import lazy_names, share_names
from groupae._validation import ShapeError, check_batches, check_floating, expected
from groupae.actions.align.gauss_newton import search
from groupae.actions.align.overlap import Overlap
from groupae.actions.codes import (
    Latent,
    empty_part,
    join,
    like_code,
    map_latent,
    named,
    paired_parts,
    to_one_batch,
)
from groupae.actions.description import Description, LatentRow
from groupae.groups import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.samples import sample_pairs
from groupae.representations.correlation.newton import MOST_TRIED

__all__ = ["FunctionAction", "LatentAction"]

_TOLERANCE = 1e-6  # of a law in float64, relative: a user's function may be badly conditioned


class LatentAction(nn.Module, Generic[Latent], abc.ABC):
    """A left action of `group` on latent codes (a tensor, or a dict of named tensors).

    A subclass gives `forward` and one of `invariant_mask` and `code_shape`. Everything else has a
    default, which a subclass overrides where it can do better; set `is_linear` to false if an
    element does not act linearly.

    Args:
        group: The acting group; a subclass may also set the attribute itself.

    Attributes:
        group: The acting group.
        code_shape: Shape of one code without batch axes, ``None`` for an axis of any length; of
            named parts a dict of shapes. That of the mask unless given.
        invariant_mask: True for the entries of a code that no element changes: bool, of the shape
            of one code, or a dict of such masks. No entry is invariant unless given.
        free_length: Length, in random codes, of the axes that may have any length.
        broadcasts: Whether `forward` broadcasts batches of elements and codes; else both are
            expanded to one batch before, and the shape of its result is checked.
        is_linear: Whether every element acts linearly.
        exactness: ``"exact"``, or ``"interpolated"`` for actions that hold up to resampling.
        exact_subgroup: The inclusion of a subgroup on which the law holds exactly; ``None`` means
            that it does on the whole group.
        has_second_derivatives: Whether second derivatives are defined; else torch raises.

    Example:
        >>> from groupae import SO2
        >>> from groupae.testing import check_action
        >>> class TurnLastTwo(LatentAction):
        ...     invariant_mask = torch.tensor([True, False, False])
        ...     def forward(self, g, z):
        ...         return torch.cat([z[..., :1], self.group.rep("1x1").act(g, z[..., 1:])], -1)
        >>> check_action(TurnLastTwo(SO2())).passed
        True
    """

    group: Group
    code_shape: Any = None
    invariant_mask: Any
    free_length: int = 2
    broadcasts: bool = False
    is_linear: bool = True
    exactness: Literal["exact", "interpolated"] = "exact"
    exact_subgroup: Homomorphism | None = None
    has_second_derivatives: bool = True
    _maker = "forward"

    def __init__(self, group: Group | None = None) -> None:
        super().__init__()
        if group is not None:
            if not isinstance(group, Group):
                raise TypeError(expected(type(self).__name__, "a group", repr(group)))
            self.group = group

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.group})"

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

        They are not for a finite group of more than 50,000 elements, for all would be tried.
        """
        return self.group.order is None or self.group.order <= MOST_TRIED

    # --- the action -------------------------------------------------------------------------
    @override
    def __call__(self, g: Tensor, z: Latent) -> Latent:
        """Return ``g . z`` after a check of elements and code."""
        self.group.check_elements(g)
        self.check_latent(z)
        moved: Latent
        if self.broadcasts or self._shape() is None:
            moved = super().__call__(g, z)
        else:
            g, z = to_one_batch(self, self.group, g, z, self.batch_ndim(z))
            moved = like_code(self, self._maker, super().__call__(g, z), z)
        return moved

    @abc.abstractmethod
    @override
    def forward(self, g: Tensor, z: Latent) -> Latent:
        """Return ``g . z``; the first axes of ``z`` align with the batch axes of ``g``."""

    def inverse(self, g: Tensor, z: Latent) -> Latent:
        """Return ``g^-1 . z``."""
        return self(self.group.inverse(g), z)

    def orbit(self, z: Latent, gs: Tensor) -> Latent:
        """Return ``g . z`` for all ``gs`` of shape ``(n, *element_shape)``.

        Args:
            z: Codes with one batch axis, ``(batch, ...)``.
            gs: Elements.

        Returns:
            Codes ``(batch, n, ...)``.
        """
        return self(gs[None], map_latent(lambda part: part.unsqueeze(1), z))

    # --- the shape of a code ----------------------------------------------------------------
    def _mask(self) -> Any:
        mask = getattr(self, "invariant_mask", None)
        for part in named(mask).values():
            if part is not None and part.dtype != torch.bool:
                raise TypeError(expected(self, "an invariant_mask of bool", part.dtype))
        return mask

    def _shape(self) -> Any:
        """Return the shape of one code, ``None`` if the subclass gives neither shape nor mask."""
        if self.code_shape is not None:
            return self.code_shape
        mask = self._mask()
        return None if mask is None else map_latent(lambda part: tuple(part.shape), mask)

    def _known_shape(self) -> Any:
        shape = self._shape()
        if shape is None:
            what = "code_shape, the shape of one code, or invariant_mask, a bool per entry of it"
            remedy = "set one of them in the class or in __init__"
            raise NotImplementedError(expected(type(self).__name__, what, "neither", remedy))
        return shape

    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` has the shape and the names of a code, where the subclass gives them.

        Raises:
            TypeError: If a part is no floating tensor.
            ShapeError: If a part has another shape.
            ValueError: If parts have other names.
        """
        shape = self._shape()
        if shape is None:
            return
        if not isinstance(shape, dict):
            self._check_part("z", z, shape)
            return
        if not isinstance(z, dict) or set(z) != set(shape):
            got = sorted(z) if isinstance(z, dict) else type(z).__name__
            what = f"a dict with the parts {', '.join(sorted(shape))}"
            raise ValueError(expected(self, what, got))
        for name, part in z.items():
            self._check_part(name, part, shape[name])

    def _check_part(self, name: str, part: Tensor, shape: tuple[int | None, ...]) -> None:
        check_floating(self, name, part)
        ending = part.shape[max(0, part.ndim - len(shape)) :]
        fits = len(ending) == len(shape) and all(
            wanted is None or wanted == found for wanted, found in zip(shape, ending, strict=True)
        )
        if not fits:
            form = "".join(f", {'_' if size is None else size}" for size in shape)
            what = f"{name} of shape (*batch{form})"
            raise ShapeError(expected(self, what, tuple(part.shape)))

    def batch_ndim(self, z: Latent) -> int:
        """Return the number of batch axes of ``z``."""
        shape = self._shape()
        if shape is None:  # a subclass may give random codes instead
            one = self.random_latent(generator=torch.Generator())
            shape = map_latent(lambda part: tuple(part.shape), one)
        parts = named(z)
        counts: list[int] = [parts[name].ndim - len(one) for name, one in named(shape).items()]
        return min(counts)

    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> Latent:
        """Return normal codes of the right shape, for tests and examples."""

        def draw(shape: tuple[int | None, ...]) -> Tensor:
            sizes = (self.free_length if size is None else size for size in shape)
            return torch.randn(*batch, *sizes, generator=generator, dtype=dtype)

        codes: Latent = map_latent(draw, self._known_shape())
        return codes

    def describe(self) -> Description:
        """Return a table: latent slice, irrep, copies, whether it is invariant."""
        rows: list[LatentRow] = []
        masks = named(self._mask())
        for name, shape in named(self._known_shape()).items():
            mask = masks.get(name)
            where = "x".join("_" if size is None else str(size) for size in shape) or "1"
            count = math.prod(size for size in shape if size is not None)
            fixed = 0 if mask is None else int(mask.sum())
            if fixed:
                rows.append(LatentRow(name, f"[{where}] marked", "0", fixed, True))
            if fixed < count:
                place = f"[{where}] other" if fixed else f"[{where}]"
                rows.append(LatentRow(name, place, "own", count - fixed, False))
        return Description(repr(self), tuple(rows))

    # --- the invariant and the varying part -------------------------------------------------
    def invariants(self, z: Latent) -> Latent:
        """Return the part of ``z`` that no element changes.

        These are not a complete set of invariants: codes of different orbits may share them, for
        lengths and relative angles of varying copies are invariant too: `invariant_features` has
        them. To tell whether codes are on one orbit, use `distance`.

        Returns:
            Shape ``(*batch, count)`` by default.

        Example:
            >>> from groupae import SO2, VectorAction
            >>> action = VectorAction(SO2().rep("2x1"))  # two arrows that turn together
            >>> parallel, across = torch.tensor([[1.0, 0, 1, 0], [1.0, 0, 0, 1]])
            >>> action.invariants(parallel).numel(), action.invariants(across).numel()
            (0, 0)
            >>> action.distance(parallel, across)  # no turn makes one of the other
            tensor(1.0824)
        """
        return self._by_mask(self._select, empty_part, z)

    @property
    def has_invariant_features(self) -> bool:
        """Whether `invariant_features` is defined, as it is for actions by a representation."""
        return False

    def invariant_features(
        self,
        z: Latent,
        kind: str = "gram",
        *,
        products: int | None = None,
        templates: Tensor | int | None = None,
    ) -> Tensor:
        """Return invariants that tell orbits apart, the trivial entries among them.

        Arguments are those of `groupae.representations.Representation.invariant_features`.

        Returns:
            Shape of ``z`` with features in place of the axis acted on, so those of each position
            for the channels of a map.

        Raises:
            TypeError: If the action has none (`has_invariant_features`).
        """
        del z, kind, products, templates
        what, remedy = (
            "an action by a representation of fixed entries",
            "distance() compares orbits",
        )
        raise TypeError(expected(f"{self!r}.invariant_features", what, "another", remedy))

    def varying(self, z: Latent) -> Latent:
        """Return the varying entries of ``z``, ``(*batch, count)``; all of ``z`` without a mask."""
        return self._by_mask(
            lambda part, mask: self._select(part, ~mask), lambda part, _: part.clone(), z
        )

    def swap(self, z: Latent, w: Latent) -> Latent:
        """Return the code with the invariant part of ``z`` and the varying part of ``w``."""
        return self._by_mask(self._blend, lambda _, other, shape: other.clone(), z, w)

    def _by_mask(
        self, with_mask: Callable[..., Tensor], without: Callable[..., Tensor], *codes: Latent
    ) -> Latent:
        """Return a function of codes and masks, or without a mask of codes and shapes, by part."""
        for code in codes:
            self.check_latent(code)
        shape, mask = self._known_shape(), self._mask()
        found: Latent = (
            map_latent(without, *codes, shape)
            if mask is None
            else map_latent(with_mask, *codes, mask)
        )
        return found

    def _select(self, part: Tensor, mask: Tensor) -> Tensor:
        """Return the masked entries of a part, flattened to one last axis."""
        flat = part.unsqueeze(-1).flatten(part.ndim - mask.ndim)
        return flat[..., mask.flatten().to(part.device)]

    def _blend(self, part: Tensor, other: Tensor, mask: Tensor) -> Tensor:
        """Return one part where the mask is true, and another where it is false."""
        return torch.where(mask.to(part.device), part, other)

    # --- two codes up to the group ----------------------------------------------------------
    def residual(self, z: Latent, w: Latent) -> Tensor:
        """Return the numbers whose sum of squares `align` minimises, shape ``(*batch, size)``.

        By default they are the differences of all entries.
        """
        batch = self.batch_ndim(z)
        differences = [
            torch.subtract(*(x.to(torch.promote_types(x.dtype, torch.float32)) for x in pair))
            for pair in paired_parts(z, w)
        ]
        return join([d.unsqueeze(-1).flatten(batch) for d in differences])

    def overlap(self, z: Latent, w: Latent) -> Overlap | None:
        """Return the sums that give `align` in closed form, or ``None`` where it is searched."""
        del z, w
        return None

    def starts(self, z: Latent, w: Latent) -> list[Tensor]:
        """Return starting elements for the search, each of shape ``(*batch, *element_shape)``."""
        del z, w
        return []

    def align(self, z: Latent, w: Latent) -> Tensor:
        """Return the element ``g`` that carries ``z`` nearest to ``w``: least ``|g z - w|^2``.

        In closed form where there is one: linear actions of SO(2) (Fourier series), of cyclic
        groups (their transform), of finite groups (every element), of SO(3) by invariants and
        vectors (singular values), `AffineAction` (regression). Linear actions of other compact
        groups are searched through the Fourier coefficients of the score, all other actions by
        `groupae.actions.search`. Of several best elements (a stabiliser) it is one.

        Args:
            z: Codes with batch axes.
            w: Codes with equally many axes; batch axes broadcast.

        Returns:
            Elements, shape ``(*batch, *element_shape)``, in the dtype of the codes, at least
            float32. Not differentiable: use `distance`, or a model that infers the element.

        Raises:
            ShapeError: If the codes have different numbers of axes.
        """
        axes = [[part.ndim for part in pair] for pair in paired_parts(z, w)]
        if any(a != b for a, b in axes):
            got = " and ".join(str([n[i] for n in axes]) for i in (0, 1))
            raise ShapeError(expected(self, "two codes of as many axes", got))
        for pair in paired_parts(z, w):
            check_batches(self, *(part.shape[:1] for part in pair))
        with torch.no_grad():
            overlap = self.overlap(z, w)
            return search(self, z, w, self.starts(z, w)) if overlap is None else overlap.best()

    def distance(self, z: Latent, w: Latent) -> Tensor:
        """Return the distance from the orbit of ``z`` to ``w``: least ``|g z - w|`` over all ``g``.

        Invariant parts count in full. The distance is symmetric where the group acts by isometries.
        Gradients are exact although `align` has none, for at the best element the derivative by
        the element is zero. Second derivatives are not: they omit that the best element depends on
        the codes.

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
        """Return the action by a function of elements and codes, after a check of its laws.

        Args:
            group: The acting group.
            function: From elements ``(*batch, *element_shape)`` and codes ``(*batch, *shape)`` of
                the same batch to codes; defined at the top of a module, so that it can be
                pickled. A ``torch.nn.Module`` is registered and may have parameters.
            shape: Shape of one code.
            is_linear: Whether each element acts linearly.
            invariant: Mask of the given shape, true for the entries that no element changes.

        Raises:
            ValueError: If a law fails in float64; the message names a pair of elements.
            ShapeError: If the function returns another shape.

        Example:
            >>> from groupae import SO2
            >>> action = LatentAction.from_callable(SO2(), lambda g, z: z + g[..., None], (3,))
            Traceback (most recent call last):
            ...
            ValueError: ...: expected act(gh, z) = act(g, act(h, z)), got a difference ...
        """
        return FunctionAction(group, function, shape, is_linear=is_linear, invariant=invariant)


class FunctionAction(LatentAction[Tensor]):
    """The action by a function of elements and codes, from `LatentAction.from_callable`.

    Args:
        group: The acting group.
        function: From elements and codes of one batch to codes.
        shape: Shape of one code.
        is_linear: Whether each element acts linearly.
        invariant: Mask of the given shape, true for the entries that no element changes.

    Raises:
        ValueError: If a law fails; the message names a pair of elements.
        ShapeError: If the mask or the result of the function has another shape.
        TypeError: If ``group`` is no group.

    Example:
        >>> from groupae import Affine
        >>> action = FunctionAction(Affine(), lambda g, z: g[..., :1] * z + g[..., 1:], (3,))
        >>> action(torch.tensor([2.0, 1.0]), torch.ones(3))
        tensor([3., 3., 3.])
    """

    invariant_mask: Tensor
    _maker = "the function"

    def __init__(
        self,
        group: Group,
        function: Callable[[Tensor, Tensor], Tensor],
        shape: tuple[int, ...],
        *,
        is_linear: bool = False,
        invariant: Tensor | None = None,
    ) -> None:
        if not isinstance(group, Group):
            raise TypeError(expected("LatentAction.from_callable", "a group", repr(group)))
        super().__init__(group)
        self.function = function
        self.shape: tuple[int, ...] = tuple(shape)
        self.is_linear = is_linear
        if invariant is None:
            invariant = torch.zeros(self.shape, dtype=torch.bool)
        if tuple(invariant.shape) != self.shape or invariant.dtype != torch.bool:
            got = f"{tuple(invariant.shape)} of {invariant.dtype}"
            what = f"invariant to be a mask of shape {self.shape}"
            raise ShapeError(expected(self, what, got))
        self.register_buffer("invariant_mask", invariant.clone(), persistent=False)
        with torch.no_grad():
            self._check_laws()

    @override
    def __repr__(self) -> str:
        name = getattr(self.function, "__name__", type(self.function).__name__)
        return f"LatentAction.from_callable({self.group}, {name}, {self.shape})"

    @property
    @override
    def code_shape(self) -> tuple[int, ...]:
        """The given shape."""
        return self.shape

    def _check_laws(self) -> None:
        """Raise unless identity, composition, linearity and invariants hold, in float64."""
        group, generator = self.group, torch.Generator().manual_seed(0)
        g, h = sample_pairs(group)
        z, w = (
            self.random_latent(len(g), generator=generator, dtype=torch.float64) for _ in range(2)
        )
        moved = self(g, z)

        def require(law: str, found: Tensor, wanted: Tensor, *at: Tensor) -> None:
            error = (found - wanted).abs().unsqueeze(-1).flatten(1)
            error = error / wanted.abs().unsqueeze(-1).flatten(1).amax(1, keepdim=True).clamp(min=1)
            worst = torch.nan_to_num(error.amax(1), nan=torch.inf)
            i = int(worst.argmax())
            if not bool(worst[i] <= _TOLERANCE):
                place = " and ".join(str(x[i].tolist()) for x in at)
                got = f"a difference of {float(worst[i]):.3g}" + (f" at {place}" if at else "")
                raise ValueError(expected(self, law, got))

        identity = group.identity(len(g), dtype=torch.float64)
        require("act(e, z) = z", self(identity, z), z)
        composed = self(group.compose(g, h), z)
        require("act(gh, z) = act(g, act(h, z))", composed, self(g, self(h, z)), g, h)
        fixed = self.invariants(z)
        if fixed.shape[1]:
            what = "the entries marked invariant to stay as they are"
            require(what, self.invariants(moved), fixed, g)
        if self.is_linear:
            both, apart = self(g, 2 * z - w), 2 * moved - self(g, w)
            require("act(g, 2 z - w) = 2 act(g, z) - act(g, w)", both, apart, g)

    @override
    def forward(self, g: Tensor, z: Tensor) -> Tensor:
        """Return the user's function of ``g`` and ``z``."""
        return self.function(g, z)


# names that stood here until groupae 0.2
if TYPE_CHECKING:
    from groupae.actions.axis import AxisAction as AxisAction
    from groupae.actions.codes import carry as carry
    from groupae.actions.codes import match_batch as match_batch
else:  # or every misspelt name would have a type
    __getattr__ = lazy_names(
        __name__,
        {"actions.axis": "AxisAction", "actions.codes": "carry match_batch"},
    )
