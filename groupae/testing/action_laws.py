"""Laws of a latent action."""

from __future__ import annotations

import functools
from typing import Any

import torch
from torch import Tensor

from groupae.actions import LatentAction
from groupae.groups.samples import sample_elements
from groupae.testing.gradient_laws import check_gradients
from groupae.testing.ownership_laws import check_ownership
from groupae.testing.report import LawBook, LawReport, run_laws
from groupae.testing.samples import (
    check_element_gradient,
    check_mismatch,
    check_slope,
    each_row,
    error,
    largest,
    map_parts,
    parts,
    rolled,
    rows,
    seeded,
    triples,
    weighted_sum,
)

__all__ = ["acting_elements", "check_action"]


def acting_elements(action: LatentAction[Any], dtype: torch.dtype) -> Tensor:
    """Return elements at which the action is exact: of its exact subgroup if it has one."""
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
    """Return a report on the laws of a left action.

    An action that interpolates is checked on its ``exact_subgroup`` only.

    Args:
        action: The action.
        dtype: Precision of elements and codes.
        elements: Samples to use instead of hard and random ones.
        latent: Codes, one for each of the ``3 n`` pairs of ``n`` elements; random ones unless
            given.

    Example:
        >>> from groupae import AffineAction
        >>> check_action(AffineAction(varying=3, invariant=2)).passed
        True
    """

    def check(book: LawBook) -> None:
        book.error_growth = action.error_growth
        some = acting_elements(action, dtype) if elements is None else elements
        g, h, _ = triples(action.group, some)
        z, n = latent, len(g)
        if z is None:
            z = action.random_latent(n, generator=seeded(0), dtype=dtype)
        _check_products(book, action, g, h, z)
        _check_splitting(book, action, g, z)
        book.run("linearity", _check_linearity, action, g, z)
        book.run("orbit", _check_orbit, action, g, z)
        book.run("batching", _check_batching, action, g, z)
        book.run("align", _check_alignment, action, g, z)
        with book.law("dtype"):
            pairs = zip(parts(action(g, z)), parts(z), strict=True)
            kept = all(p.dtype == q.dtype for p, q in pairs)
            book.require("dtype", kept, "the result has not the dtype of the code")
        _check_derivatives(book, action, g, z)
        _check_groups(book, action, z)
        check_gradients(
            book,
            action.group,
            _without_kinks(action, g),
            z,
            action,
            second=action.has_second_derivatives,
        )
        _check_rows(book, action, g, z)
        with book.law("described"):
            book.require("described", bool(str(action.describe())), "describe() is empty")

    return run_laws(lambda: str(action), dtype, check)


def _check_products(book: LawBook, action: LatentAction[Any], g: Tensor, h: Tensor, z: Any) -> None:
    group, n = action.group, len(g)

    def same(law: str, found: Any, wanted: Any, *at: Tensor) -> None:
        """Record the error of a code; poses are compared on the group, where coordinates differ."""
        numbers = action.residual(found, wanted).double()
        scale = torch.stack([largest(part) for part in parts(wanted)]).amax(0)
        book.measure(law, numbers.abs().reshape(n, -1).amax(-1) / scale, *at)

    with book.law("identity"):
        same("identity", action(group.identity(n, dtype=book.dtype), z), z)
    with book.law("composition"):
        composed = action(group.compose(g, h), z)
        same("composition", composed, action(g, action(h, z)), g, h)
    with book.law("inverse"):
        same("inverse", action.inverse(g, action(g, z)), z, g)
    with book.law("well_defined"):
        same("well_defined", action(group.representatives(g), z), action(g, z), g)


def _check_linearity(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    if not action.is_linear:
        book.leave_out("is_linear is False", "linearity")
        return

    def mix(p: Tensor, q: Tensor) -> Tensor:
        return 2 * p - q if p.is_floating_point() else p  # keep a mask

    w = map_parts(lambda part: part.roll(1, 0) if part.is_floating_point() else part, z)
    both, each = action(g, map_parts(mix, z, w)), map_parts(mix, action(g, z), action(g, w))
    book.measure("linearity", error(both, each), g)


def _check_orbit(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    head = rows(z, slice(2))
    thrice = map_parts(lambda part: part.repeat_interleave(3, 0), head)
    singles = action(g[:3].repeat(2, *(1,) * (g.ndim - 1)), thrice)
    orbit = map_parts(lambda part: part.flatten(0, 1), action.orbit(head, g[:3]))
    book.measure("orbit", error(orbit, singles))


def _check_batching(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    """Check that the result of a code does not depend on its batch, which may be empty."""
    if len(g) < 6:
        book.leave_out("fewer than 6 elements were given", "batching")
        return

    def deep(part: Tensor) -> Tensor:
        return part[-6:].reshape(3, 1, 2, *part.shape[1:])

    moved = action(g, z)
    found = map_parts(lambda part: part.flatten(0, 2), action(deep(g), map_parts(deep, z)))
    book.measure("batching", error(found, rows(moved, slice(-6, None))), g[-6:])
    alone = action(g[0], rows(z, 0))
    first = rows(moved, slice(1))
    book.measure("batching", error(map_parts(lambda part: part[None], alone), first), g[:1])
    shared = action(g[:1], rows(z, slice(3)))
    each = action(g[:1].expand(3, *g.shape[1:]), rows(z, slice(3)))
    book.measure("batching", error(shared, each), g[:1].expand(3, *g.shape[1:]))
    w = rolled(z)
    swapped = action.swap(map_parts(deep, z), map_parts(deep, w))
    flat = map_parts(lambda part: part[-6:], action.swap(z, w))
    book.measure("batching", error(map_parts(lambda part: part.flatten(0, 2), swapped), flat))
    none = action(g[:0], rows(z, slice(0)))
    empty = all(p.shape == q[:0].shape for p, q in zip(parts(none), parts(moved), strict=True))
    book.require("batching", empty, "an empty batch of codes has another shape")


def _check_splitting(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    with book.law("invariants", "splitting"):
        fixed = action.invariants(z)
        book.measure("invariants", error(action.invariants(action(g, z)), fixed), g)
        numbers = sum(part[0].numel() for part in parts(z))
        split = [sum(part[0].numel() for part in parts(p)) for p in (fixed, action.varying(z))]
        note = f"{split[0]} invariant and {split[1]} varying numbers of {numbers}"
        book.require("splitting", sum(split) == numbers, note)
        floating = [part.flatten(1) for part in parts(fixed) if part.is_floating_point()]
        told = all(bool((part.amax(0) > part.amin(0)).all()) for part in floating if part.numel())
        book.require("invariants", told, "a number that is the same for all codes tells nothing")
    with book.law("swap"):
        w = rolled(z)
        swapped = action.swap(z, w)
        book.measure("swap", error(action.invariants(swapped), action.invariants(z)))
        book.measure("swap", error(action.varying(swapped), action.varying(w)))


def _check_alignment(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    """Check that `LatentAction.align` finds the element that moved a code, and a nearest one."""
    if action.exactness != "exact":
        book.leave_out("the action interpolates", "align")
        return
    if not action.can_align:
        book.leave_out("can_align is False", "align")
        return
    g, z = g[-4:], rows(z, slice(-4, None))  # no hard ones, where a search may fail
    w = action(g, z)
    found = action.align(z, w)
    tolerance = torch.finfo(book.dtype).eps ** 0.5
    book.measure("align", error(action(found, z), w), g, tolerance=tolerance)
    w = rolled(z)  # not on the orbit
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


def _without_kinks(action: LatentAction[Any], g: Tensor) -> Tensor:
    """Return the elements; for an interpolation random ones, as it has kinks at exact elements."""
    if action.exactness == "exact":
        return g
    return action.group.sample(len(g), generator=seeded(6), dtype=g.dtype)


def _check_derivatives(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    if not all(part.is_floating_point() for part in parts(z)):
        book.leave_out("a part of the codes is not floating", "gradient", "derivative")
        return
    w = rolled(z)
    if action.exactness == "exact":  # an interpolation has kinks where it is exact
        check_element_gradient(book, action.group, g, lambda e: weighted_sum(action(e, z)))
        check_element_gradient(book, action.group, g, lambda e: weighted_sum(action.inverse(e, z)))
    else:
        book.leave_out("the action interpolates", "gradient")

    def along(t: Tensor) -> Tensor:
        return weighted_sum(action(g, map_parts(lambda p, q: p + each_row(t, p) * q, z, w)))

    def swapped(t: Tensor) -> Tensor:
        moved = map_parts(lambda p, q: p + each_row(t, p) * q, z, w)
        return weighted_sum(action.swap(moved, w)) + weighted_sum(action.swap(w, moved))

    for value in (along, swapped):
        check_slope(book, g, value)


def _check_groups(book: LawBook, action: LatentAction[Any], z: Any) -> None:
    """Check that elements of another group are refused, and that `exact_subgroup` is a subgroup."""
    group, two = action.group, rows(z, slice(2))
    check_mismatch(book, group, "act", lambda other: action(other, two))
    check_mismatch(book, group, "inverse", lambda other: action.inverse(other, two))
    check_mismatch(book, group, "orbit", lambda other: action.orbit(two, other))
    with book.law("mismatch"):
        inclusion = action.exact_subgroup
        note = f"exact_subgroup is {inclusion}, no subgroup of {group}"
        book.require("mismatch", inclusion is None or inclusion.target == group, note)


def _check_rows(book: LawBook, action: LatentAction[Any], g: Tensor, z: Any) -> None:
    """Check that results belong to the caller, also for the identity."""
    own = functools.partial(check_ownership, book)
    unit = action.group.identity(3, dtype=book.dtype)
    w = map_parts(lambda part: part.roll(1, 0)[-3:], z)
    g, z = g[-3:], rows(z, slice(-3, None))
    one = rows(z, slice(1))
    for some in (g, unit):
        own("act", action, some, z)
        own("act", action, some, one)
        own("inverse", action.inverse, some, z)
        own("orbit", action.orbit, z, some)
    own("invariants", action.invariants, z)
    own("varying", action.varying, z)
    own("swap", action.swap, z, w)
    own("residual", action.residual, z, w)
    own("random_latent", lambda: action.random_latent(3, generator=seeded(6), dtype=book.dtype))
    if action.exactness == "exact" and action.can_align:
        z, w = (rows(code, slice(2)) for code in (z, w))
        own("align", action.align, z, w)
