"""The laws of maps: homomorphisms, intertwiners, equivariant functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction
from groupae.groups import Group
from groupae.groups.base import ambient_error
from groupae.groups.homomorphisms import Homomorphism
from groupae.groups.samples import sample_elements
from groupae.representations import Representation
from groupae.testing.action_laws import acting_elements
from groupae.testing.report import LawBook, LawReport
from groupae.testing.samples import (
    check_element_gradient,
    error,
    map_parts,
    parts,
    same_data,
    triples,
)

__all__ = ["check_equivariant", "check_homomorphism", "check_intertwiner"]


def check_homomorphism(
    phi: Homomorphism, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return how well ``phi`` keeps products, and comes back if it is injective.

    Args:
        phi: The homomorphism.
        dtype: Precision of floating elements.
        elements: Elements of the source to use instead of hard and random ones.

    Example:
        >>> from groupae import SO3
        >>> check_homomorphism(SO3().subgroup("so2")).passed
        True
    """
    source, target = phi.source, phi.target
    book = LawBook(phi, dtype, depth=1)
    g, h, _ = triples(source, sample_elements(source, dtype) if elements is None else elements)
    image = phi(g)

    def same(law: str, found: Tensor, wanted: Tensor, *at: Tensor) -> None:
        book.measure(law, target.distance(found, wanted), *at)

    unique = torch.equal(target.representatives(image), image)  # not so angles: 2 pi is 0
    nearest = target.project(image)
    off = ambient_error(nearest, image, len(target.element_shape))
    book.measure("closure", off if unique else target.distance(nearest, image), g)
    unit = phi(source.identity(1, dtype=dtype))
    same("identity", unit, target.identity(1, dtype=unit.dtype))
    same("products", phi(source.compose(g, h)), target.compose(image, phi(h)), g, h)
    same("inverse", phi(source.inverse(g)), target.inverse(image), g)
    same("well_defined", phi(source.representatives(g)), image, g)
    if phi.is_injective:
        back = phi.preimage(image)
        book.measure("preimage", source.distance(back, g), g)
        same("preimage", phi(back), image, g)
    deep = phi(g[:6].reshape((3, 1, -1, *source.element_shape)))
    shape = tuple(deep.shape)
    wanted = (3, 1, len(g[:6]) // 3, *target.element_shape)
    book.require("batching", shape == wanted, f"elements of batch {wanted[:3]} go to shape {shape}")
    if shape == wanted:
        flat = phi(g[:6])
        book.measure("batching", target.distance(deep.reshape(flat.shape), flat), g[:6])
    if not (source.has_integer_elements or target.has_integer_elements):
        note = f"elements of {g.dtype} go to {image.dtype}"
        book.require("dtype", image.dtype == g.dtype, note)
        _check_gradient(book, phi, g)
    _check_cosets(book, phi)
    book.require("data", same_data(phi), "a copy is another homomorphism")
    return book.report()


def _check_gradient(book: LawBook, phi: Homomorphism, g: Tensor) -> None:
    weights = torch.randn(
        phi(g[:1]).shape[1:], generator=torch.Generator().manual_seed(0), dtype=g.dtype
    )
    if phi.target.lie_dim and not phi.target.representatives(phi(g[:1])).equal(phi(g[:1])):
        return  # coordinates of the target jump, as an angle does at pi
    check_element_gradient(
        book, phi.source, g, lambda e: (weights * phi(e)).reshape(len(g), -1).sum(1)
    )


def _check_cosets(book: LawBook, phi: Homomorphism) -> None:
    """Cosets start with the identity, differ from each other and, in a finite group, fill it."""
    if not (phi.is_injective and phi.has_cosets):
        return
    t, target = phi.cosets(), phi.target
    first = target.distance(t[:1], target.identity(1, dtype=t.dtype))
    book.measure("cosets", first)
    between = target.compose(target.inverse(t)[:, None], t[None, :])
    outside = target.distance(phi(phi.preimage(between)), between)
    same = int((outside <= 1e-6).sum())
    book.require("cosets", same == len(t), "two representatives of one coset")
    if target.order is not None and phi.source.order is not None:
        filled = len(t) * phi.source.order == target.order
        book.require("cosets", filled, f"{len(t)} cosets of {phi.source.order} elements")


def check_intertwiner(
    weights: Tensor,
    rho: Representation,
    sigma: Representation,
    *,
    dtype: torch.dtype = torch.float64,
    elements: Tensor | None = None,
) -> LawReport:
    """Return how well a matrix commutes with two representations: ``W rho(g) = sigma(g) W``.

    Args:
        weights: W, shape ``(*batch, sigma.dim, rho.dim)``; several at once may be given.
        rho: How the group acts on what W is given.
        sigma: How it acts on what W returns.
        dtype: Precision of elements and matrices.
        elements: Samples to use instead of hard and random ones.

    Raises:
        ShapeError: If W does not fit.
        ValueError: If the representations are of different groups.

    Example:
        >>> from groupae import SO2
        >>> rho = SO2().rep("1x1")
        >>> quarter_turn = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        >>> check_intertwiner(quarter_turn, rho, rho).passed
        True
    """
    group = _same_group("check_intertwiner", rho, sigma)
    if tuple(weights.shape[-2:]) != (sigma.dim, rho.dim):
        what = f"a matrix of shape (*batch, {sigma.dim}, {rho.dim})"
        raise ShapeError(expected("check_intertwiner", what, tuple(weights.shape)))
    depth = max(rho.depth, sigma.depth)
    book = LawBook(f"{group}: {rho} -> {sigma}", dtype, depth=depth)
    g = sample_elements(group, dtype) if elements is None else elements
    w = weights.detach().to(dtype).reshape(-1, sigma.dim, rho.dim)
    before = w @ rho.matrix(g, dtype)[:, None]
    after = sigma.act(g, w.expand(len(g), *w.shape), dim=-2)
    scale = float(w.abs().amax()) if w.numel() else 1.0
    book.measure("intertwining", error(before / (scale or 1.0), after / (scale or 1.0)), g)
    return book.report()


def check_equivariant(
    f: Callable[[Any], Any],
    action_in: LatentAction[Any] | Representation,
    action_out: LatentAction[Any] | Representation,
    x: Any,
    *,
    elements: Tensor | None = None,
    tolerance: float | None = None,
) -> LawReport:
    """Return how well a function commutes with two actions: ``f(g . x) = g . f(x)``.

    Every element meets every sample. If ``action_in`` interpolates, the elements are of its exact
    subgroup. Errors are relative to the largest entry of the result over all samples.

    Args:
        f: The function, of a batch: data or codes in, data or codes out.
        action_in: How the group acts on what goes in; a `Representation` acts on the last axis.
        action_out: How it acts on what comes out.
        x: Samples, shape ``(n, ...)`` or a dict of such; the check runs in their dtype.
        elements: Elements to use instead of hard and random ones, ``(m, *element_shape)``.
        tolerance: What is allowed; ``64 eps(dtype)`` times the depth unless given. A network
            of many layers needs more.

    Raises:
        ValueError: If the actions are of different groups.

    Example:
        >>> from groupae import SO3
        >>> rho = SO3().rep("4x1")
        >>> x = torch.randn(5, 12, dtype=torch.float64)
        >>> norms = lambda z: z.unflatten(-1, (3, 4)).square().sum(-2)
        >>> check_equivariant(norms, rho, SO3().rep("4x0"), x).passed
        True
    """
    group = _same_group("check_equivariant", action_in, action_out)
    dtype = parts(x)[0].dtype
    name = getattr(f, "__name__", type(f).__name__)
    book = LawBook(f"{group}: {name}", dtype, depth=max(action_in.depth, action_out.depth))
    if elements is None:
        elements = (
            sample_elements(group, dtype)
            if isinstance(action_in, Representation)
            else acting_elements(action_in, dtype)
        )
    n, m = len(parts(x)[0]), len(elements)
    g = elements.repeat_interleave(n, 0)
    many = map_parts(lambda part: part.repeat(m, *(1,) * (part.ndim - 1)), x)
    with torch.no_grad():
        before = f(_apply(action_in, g, many))
        after = _apply(action_out, g, f(many))
    scale = max(float(part.abs().amax()) for part in parts(after) if part.numel()) or 1.0
    deviation = error(*(map_parts(lambda part: part / scale, code) for code in (before, after)))
    book.measure("equivariance", deviation, g, tolerance=tolerance)
    return book.report()


def _apply(action: LatentAction[Any] | Representation, g: Tensor, x: Any) -> Any:
    return action.act(g, x) if isinstance(action, Representation) else action(g, x)


def _same_group(
    owner: str, a: LatentAction[Any] | Representation, b: LatentAction[Any] | Representation
) -> Group:
    if a.group != b.group:
        raise ValueError(expected(owner, f"two actions of {a.group}", f"one of {b.group}"))
    return a.group
