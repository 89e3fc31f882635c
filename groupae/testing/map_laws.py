"""Laws of homomorphisms, intertwiners and equivariant functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import ShapeError, expected
from groupae.actions import LatentAction
from groupae.groups import Group
from groupae.groups.batches import ambient_error
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.samples import sample_elements
from groupae.representations import Representation
from groupae.testing.action_laws import acting_elements
from groupae.testing.ownership_laws import check_ownership
from groupae.testing.report import LawBook, LawReport, run_laws
from groupae.testing.samples import (
    check_ability,
    check_element_gradient,
    check_mismatch,
    error,
    map_parts,
    parts,
    same_data,
    seeded,
    triples,
)

__all__ = ["check_equivariant", "check_homomorphism", "check_intertwiner"]


def check_homomorphism(
    phi: Homomorphism, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return a report on the laws of a homomorphism and of its preimage, if injective.

    Args:
        phi: The homomorphism.
        dtype: Precision of floating elements.
        elements: Elements of the source to use instead of hard and random ones.

    Example:
        >>> from groupae import SO3
        >>> check_homomorphism(SO3().subgroup("so2")).passed
        True
    """

    def check(book: LawBook) -> None:
        source = phi.source
        g, h, _ = triples(source, sample_elements(source, dtype) if elements is None else elements)
        _check_products(book, phi, g, h)
        book.run("batching", _check_batching, phi, g[-6:])
        if source.has_integer_elements or phi.target.has_integer_elements:
            book.leave_out("elements are integers", "dtype", "gradient", "derivative")
        else:
            with book.law("dtype"):
                image = phi(g)
                note = f"elements of {g.dtype} go to {image.dtype}"
                book.require("dtype", image.dtype == g.dtype, note)
            book.run("gradient", _check_gradient, phi, g)
        book.run("cosets", _check_cosets, phi)
        check_ability(book, phi, "is_injective", lambda: phi.preimage(phi(g[:1])))
        check_ability(book, phi, "has_cosets", phi.cosets)
        check_mismatch(book, source, "phi", phi)
        if phi.is_injective:
            check_mismatch(book, phi.target, "preimage", phi.preimage)
        _check_rows(book, phi, g)
        with book.law("data"):
            book.require("data", same_data(phi), "a copy is another homomorphism")

    return run_laws(lambda: str(phi), dtype, check)


def _check_products(book: LawBook, phi: Homomorphism, g: Tensor, h: Tensor) -> None:
    source, target = phi.source, phi.target

    def same(law: str, found: Tensor, wanted: Tensor, *at: Tensor) -> None:
        book.measure(law, target.distance(found, wanted), *at)

    with book.law("closure"):
        image = phi(g)
        unique = torch.equal(target.representatives(image), image)  # not angles: 2 pi is 0
        nearest = target.project(image)
        off = ambient_error(nearest, image, len(target.element_shape))
        book.measure("closure", off if unique else target.distance(nearest, image), g)
    with book.law("identity"):
        unit = phi(source.identity(1, dtype=book.dtype))
        same("identity", unit, target.identity(1, dtype=unit.dtype))
    with book.law("products"):
        same("products", phi(source.compose(g, h)), target.compose(phi(g), phi(h)), g, h)
    with book.law("inverse"):
        same("inverse", phi(source.inverse(g)), target.inverse(phi(g)), g)
    with book.law("well_defined"):
        same("well_defined", phi(source.representatives(g)), phi(g), g)
    if not phi.is_injective:
        book.leave_out("is_injective is False", "preimage")
        return
    with book.law("preimage"):
        back = phi.preimage(phi(g))
        book.measure("preimage", source.distance(back, g), g)
        same("preimage", phi(back), phi(g), g)


def _check_batching(book: LawBook, phi: Homomorphism, g: Tensor) -> None:
    deep = phi(g.reshape((3, 1, -1, *phi.source.element_shape)))
    shape = tuple(deep.shape)
    wanted = (3, 1, len(g) // 3, *phi.target.element_shape)
    book.require("batching", shape == wanted, f"elements of batch {wanted[:3]} go to shape {shape}")
    if shape == wanted:
        flat = phi(g)
        book.measure("batching", phi.target.distance(deep.reshape(flat.shape), flat), g)


def _check_rows(book: LawBook, phi: Homomorphism, g: Tensor) -> None:
    check_ownership(book, "phi", phi, g[-3:])
    if phi.is_injective:
        book.run("ownership", check_ownership, "preimage", phi.preimage, phi(g[-3:]))
    if phi.has_cosets:
        check_ownership(book, "cosets", phi.cosets)


def _check_gradient(book: LawBook, phi: Homomorphism, g: Tensor) -> None:
    weights = torch.randn(phi(g[:1]).shape[1:], generator=seeded(0), dtype=g.dtype)
    if phi.target.lie_dim and not phi.target.representatives(phi(g[:1])).equal(phi(g[:1])):
        book.leave_out("coordinates of the target jump, as angles do", "gradient", "derivative")
        return
    check_element_gradient(
        book, phi.source, g, lambda e: (weights * phi(e)).reshape(len(g), -1).sum(1)
    )


def _check_cosets(book: LawBook, phi: Homomorphism) -> None:
    """Check that cosets start with the identity, differ, and fill a finite group."""
    if not (phi.is_injective and phi.has_cosets):
        ability = "has_cosets" if phi.is_injective else "is_injective"
        book.leave_out(f"{ability} is False", "cosets")
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
        book.require("cosets", filled, f"{len(t)} cosets of {counted(phi.source.order, 'element')}")


def check_intertwiner(
    weights: Tensor,
    rho: Representation,
    sigma: Representation,
    *,
    dtype: torch.dtype = torch.float64,
    elements: Tensor | None = None,
) -> LawReport:
    """Return a report on the law of an intertwiner: ``W rho(g) = sigma(g) W``.

    Args:
        weights: W, shape ``(*batch, sigma.dim, rho.dim)``; several at once may be given.
        rho: Representation on the inputs of W.
        sigma: Representation on the outputs of W.
        dtype: Precision of elements and matrices.
        elements: Samples to use instead of hard and random ones.

    Raises:
        ShapeError: If the shape of W does not fit the representations.
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

    def check(book: LawBook) -> None:
        book.error_growth = max(rho.error_growth, sigma.error_growth)
        g = sample_elements(group, dtype) if elements is None else elements
        w = weights.detach().to(dtype).reshape(-1, sigma.dim, rho.dim)
        with book.law("intertwining"):
            before = w @ rho.matrix(g, dtype)[:, None]
            after = sigma.act(g, w.expand(len(g), *w.shape), dim=-2)
            scale = float(w.abs().amax()) if w.numel() else 1.0
            book.measure("intertwining", error(before / (scale or 1.0), after / (scale or 1.0)), g)

    return run_laws(lambda: f"{group}: {rho} -> {sigma}", dtype, check)


def check_equivariant(
    f: Callable[[Any], Any],
    action_in: LatentAction[Any] | Representation,
    action_out: LatentAction[Any] | Representation,
    x: Any,
    *,
    elements: Tensor | None = None,
    tolerance: float | None = None,
) -> LawReport:
    """Return a report on the law of an equivariant function: ``f(g . x) = g . f(x)``.

    All elements act on all samples. If ``action_in`` interpolates, the elements are of its exact
    subgroup. Errors are relative to the largest entry of the result over all samples.

    Args:
        f: The function, from a batch of data or codes to a batch of data or codes.
        action_in: Action on the inputs; a `Representation` acts on the last axis.
        action_out: Action on the outputs.
        x: Samples, shape ``(n, ...)`` or a dict of such; the check runs in their dtype.
        elements: Elements to use instead of hard and random ones, ``(m, *element_shape)``.
        tolerance: Largest error allowed; ``64 eps(dtype)`` times the error growth unless given.
            A network of many layers needs more.

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

    def check(book: LawBook) -> None:
        book.error_growth = max(action_in.error_growth, action_out.error_growth)
        chosen = elements if elements is not None else _elements_of(action_in, dtype)
        n, m = len(parts(x)[0]), len(chosen)
        g = chosen.repeat_interleave(n, 0)
        many = map_parts(lambda part: part.repeat(m, *(1,) * (part.ndim - 1)), x)
        with book.law("equivariance"), torch.no_grad():
            before = f(_apply(action_in, g, many))
            after = _apply(action_out, g, f(many))
            scale = max(float(part.abs().amax()) for part in parts(after) if part.numel()) or 1.0
            scaled = (map_parts(lambda part: part / scale, code) for code in (before, after))
            book.measure("equivariance", error(*scaled), g, tolerance=tolerance)

    return run_laws(lambda: f"{group}: {name}", dtype, check)


def _elements_of(action: LatentAction[Any] | Representation, dtype: torch.dtype) -> Tensor:
    if isinstance(action, Representation):
        return sample_elements(action.group, dtype)
    return acting_elements(action, dtype)


def _apply(action: LatentAction[Any] | Representation, g: Tensor, x: Any) -> Any:
    return action.act(g, x) if isinstance(action, Representation) else action(g, x)


def _same_group(
    owner: str, a: LatentAction[Any] | Representation, b: LatentAction[Any] | Representation
) -> Group:
    if a.group != b.group:
        raise ValueError(expected(owner, f"two actions of {a.group}", f"one of {b.group}"))
    return a.group
