"""The laws of a latent action."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from groupae.actions import LatentAction
from groupae.groups.samples import sample_elements
from groupae.testing.report import LawBook, LawReport
from groupae.testing.samples import (
    check_element_gradient,
    check_slope,
    each_row,
    error,
    largest,
    map_parts,
    parts,
    triples,
    weighted_sum,
)

__all__ = ["acting_elements", "check_action"]


def acting_elements(action: LatentAction[Any], dtype: torch.dtype) -> Tensor:
    """Return elements at which the action holds exactly: of its exact subgroup if it names one."""
    inclusion = action.exact_subgroup
    if inclusion is None:
        return sample_elements(action.group, dtype)
    g = inclusion(sample_elements(inclusion.source, dtype))
    return g if action.group.has_integer_elements else g.to(dtype)


def check_action(
    action: LatentAction[Any],
    *,
    dtype: torch.dtype = torch.float64,
    elements: Tensor | None = None,
    latent: Any = None,
) -> LawReport:
    """Return how well ``action`` keeps the laws of a left action.

    An action that interpolates is held to them on its ``exact_subgroup`` only.

    Args:
        action: The action.
        dtype: Precision of elements and codes.
        elements: Samples to use instead of hard and random ones.
        latent: Codes, one for each of the ``3 n`` pairs made of ``n`` elements; random ones
            unless given.

    Example:
        >>> from groupae import AffineAction
        >>> check_action(AffineAction(varying=3, invariant=2)).passed
        True
    """
    group = action.group
    book = LawBook(action, dtype, depth=action.depth)
    g, h, _ = triples(group, acting_elements(action, dtype) if elements is None else elements)
    n = len(g)
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(n, generator=generator, dtype=dtype) if latent is None else latent
    moved = action(g, z)

    def apart(found: Any, wanted: Any) -> Tensor:
        """A pose is compared on the group, where coordinates may differ."""
        numbers = action.residual(found, wanted).double()
        scale = torch.stack([largest(part) for part in parts(wanted)]).amax(0)
        return numbers.abs().reshape(n, -1).amax(-1) / scale

    book.measure("identity", apart(action(group.identity(n, dtype=dtype), z), z))
    composed = action(group.compose(g, h), z)
    book.measure("composition", apart(composed, action(g, action(h, z))), g, h)
    book.measure("inverse", apart(action.inverse(g, moved), z), g)
    book.measure("well_defined", apart(action(group.representatives(g), z), moved), g)
    _check_splitting(book, action, g, z, moved)
    if action.is_linear:
        w = map_parts(lambda part: part.roll(1, 0), z)
        both = action(g, map_parts(lambda p, q: 2 * p - q, z, w))
        each = map_parts(lambda p, q: 2 * p - q, moved, action(g, w))
        book.measure("linearity", error(both, each), g)
    head = map_parts(lambda part: part[:2], z)
    thrice = map_parts(lambda part: part.repeat_interleave(3, 0), head)
    singles = action(g[:3].repeat(2, *(1,) * (g.ndim - 1)), thrice)
    orbit = map_parts(lambda part: part.flatten(0, 1), action.orbit(head, g[:3]))
    book.measure("orbit", error(orbit, singles))
    _check_batching(book, action, g, z, moved)
    if action.exactness == "exact" and action.can_align:
        _check_alignment(book, action, g, z)
    kept = all(p.dtype == q.dtype for p, q in zip(parts(moved), parts(z), strict=True))
    book.require("dtype", kept, "the result has not the dtype of the code")
    if all(part.is_floating_point() for part in parts(z)):
        _check_derivatives(book, action, g, z)
    return book.report()


def _check_batching(
    book: LawBook, action: LatentAction[Any], g: Tensor, z: Any, moved: Any
) -> None:
    """The same codes, in any batch, are moved alike; a batch may be empty, an element shared."""
    if len(g) < 6:
        return

    def deep(part: Tensor) -> Tensor:
        return part[:6].reshape(3, 1, 2, *part.shape[1:])

    found = map_parts(lambda part: part.flatten(0, 2), action(deep(g), map_parts(deep, z)))
    book.measure("batching", error(found, map_parts(lambda part: part[:6], moved)), g[:6])
    alone = action(g[0], map_parts(lambda part: part[0], z))
    first = map_parts(lambda part: part[:1], moved)
    book.measure("batching", error(map_parts(lambda part: part[None], alone), first), g[:1])
    shared = action(g[:1], map_parts(lambda part: part[:3], z))
    each = action(g[:1].expand(3, *g.shape[1:]), map_parts(lambda part: part[:3], z))
    book.measure("batching", error(shared, each), g[:1].expand(3, *g.shape[1:]))
    w = map_parts(lambda part: part.roll(1, 0), z)
    swapped = action.swap(map_parts(deep, z), map_parts(deep, w))
    flat = map_parts(lambda part: part[:6], action.swap(z, w))
    book.measure("batching", error(map_parts(lambda part: part.flatten(0, 2), swapped), flat))
    none = action(g[:0], map_parts(lambda part: part[:0], z))
    empty = all(p.shape == q[:0].shape for p, q in zip(parts(none), parts(moved), strict=True))
    book.require("batching", empty, "an empty batch of codes has another shape")


def _check_splitting(
    book: LawBook, action: LatentAction[Any], g: Tensor, z: Any, moved: Any
) -> None:
    fixed = action.invariants(z)
    book.measure("invariants", error(action.invariants(moved), fixed), g)
    numbers = sum(part[0].numel() for part in parts(z))
    split = [sum(part[0].numel() for part in parts(p)) for p in (fixed, action.varying(z))]
    note = f"{split[0]} invariant and {split[1]} varying numbers of {numbers}"
    book.require("splitting", sum(split) == numbers, note)
    floating = [part.flatten(1) for part in parts(fixed) if part.is_floating_point()]
    told = all(bool((part.amax(0) > part.amin(0)).all()) for part in floating if part.numel())
    book.require("invariants", told, "a number that is the same for all codes tells nothing")
    w = map_parts(lambda part: part.roll(1, 0), z)
    swapped = action.swap(z, w)
    book.measure("swap", error(action.invariants(swapped), fixed))
    book.measure("swap", error(action.varying(swapped), action.varying(w)))


def _check_alignment(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    """What one element moved, `LatentAction.align` moves back onto it; found, not computed."""
    g, z = g[-4:], map_parts(lambda part: part[-4:], z)  # random ones: a search has its limits
    w = action(g, z)
    found = action.align(z, w)
    tolerance = torch.finfo(book.dtype).eps ** 0.5
    book.measure("align", error(action(found, z), w), g, tolerance=tolerance)
    w = map_parts(lambda part: part.roll(1, 0), z)  # not on the orbit
    distance = action.distance(z, w)
    reached = _length(action, action(action.align(z, w), z), w)
    book.measure("align", (distance - reached).double() / (1 + reached), tolerance=tolerance)
    others = sample_elements(action.group, book.dtype)[-16:]
    for other in others:
        length = _length(action, action(other.expand(len(g), *other.shape), z), w)
        worse = ((distance - length) / (1 + length)).clamp(min=0)
        book.measure("align", worse.double(), tolerance=tolerance)


def _length(action: LatentAction[Any], z: Any, w: Any) -> Tensor:
    length: Tensor = torch.linalg.vector_norm(action.residual(z, w), dim=-1)
    return length


def _check_derivatives(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    w = map_parts(lambda part: part.roll(1, 0), z)
    if action.exactness == "exact":  # an interpolation has kinks just where it is exact
        check_element_gradient(book, action.group, g, lambda e: weighted_sum(action(e, z)))

    def along(t: Tensor) -> Tensor:
        return weighted_sum(action(g, map_parts(lambda p, q: p + each_row(t, p) * q, z, w)))

    check_slope(book, g, along)
