"""The laws of groups, representations and latent actions, for yours and ours alike.

A check runs on the group's hard elements (identity and near it, pi, poles) and on random ones, in
one dtype; a tolerance is ``64 eps(dtype)`` times the depth (highest frequency or degree). Errors
are relative to the largest entry where that is above 1. Gradients to the element are compared with
central differences, to 1e-6 times the depth. Every law has the name one would give its violation.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae.actions import LatentAction
from groupae.actions.base import map_latent
from groupae.groups import Group
from groupae.groups.base import ambient_error
from groupae.representations import Representation
from groupae.testing.report import LawBook, LawReport

__all__ = ["check_action", "check_group", "check_representation", "sample_elements"]


def sample_elements(
    group: Group, dtype: torch.dtype = torch.float64, *, random: int = 24, seed: int = 0
) -> Tensor:
    """Return the hard elements of a group followed by random ones."""
    generator = torch.Generator().manual_seed(seed)
    some = group.sample(random, generator=generator, dtype=dtype)
    return torch.cat([group.hard_elements(dtype).to(some.dtype), some])


def _triples(group: Group, dtype: torch.dtype, elements: Tensor | None) -> tuple[Tensor, ...]:
    """Return three aligned lists: each element beside itself, its inverse, and shuffled ones."""
    g = sample_elements(group, dtype) if elements is None else elements
    shuffled = [
        g[torch.randperm(len(g), generator=torch.Generator().manual_seed(seed))] for seed in (1, 2)
    ]
    a = torch.cat([g, g, g])
    b = torch.cat([g, group.inverse(g), shuffled[0]])
    c = torch.cat([shuffled[1], g, shuffled[1]])
    return a, b, c


def _error(found: Any, wanted: Any) -> Tensor:
    """Return the largest difference a sample over the largest entry, if above 1; worst part."""
    if isinstance(wanted, dict):
        return torch.stack([_error(found[name], wanted[name]) for name in wanted]).amax(0)
    a: Tensor
    b: Tensor
    a, b = torch.broadcast_tensors(found.double(), wanted.double())
    if a.numel() == 0:
        return a.new_zeros(len(a))
    difference: Tensor = (a - b).abs().reshape(len(a), -1).amax(-1)
    return difference / b.abs().reshape(len(b), -1).amax(-1).clamp(min=1)


def _same_data(subject: Any) -> bool:
    try:
        copies = (pickle.loads(pickle.dumps(subject)), copy.deepcopy(subject))
    except (AttributeError, TypeError, pickle.PicklingError):
        return False
    return all(other == subject and hash(other) == hash(subject) for other in copies)


def check_group(
    group: Group, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return how well ``group`` keeps the laws of a group.

    Args:
        group: The group.
        dtype: Precision of floating elements.
        elements: Samples to use instead of hard and random ones, shape ``(n, *element_shape)``.

    Example:
        >>> from groupae import SO3
        >>> check_group(SO3()).passed
        True
    """
    book = LawBook(group, dtype, depth=1)
    a, b, c = _triples(group, dtype, elements)
    identity = group.identity(len(a), dtype=dtype)
    ab = group.compose(a, b)

    def same(law: str, found: Tensor, wanted: Tensor, *at: Tensor) -> None:
        book.measure(law, group.distance(found, wanted), *at)

    off = ambient_error(group.project(ab), ab, len(group.element_shape))
    book.measure("closure", off, a, b)
    same("associativity", group.compose(ab, c), group.compose(a, group.compose(b, c)), a, b, c)
    same("identity", group.compose(identity, a), a, a)
    same("identity", group.compose(a, identity), a, a)
    same("inverse", group.compose(group.inverse(a), a), identity, a)
    same("inverse", group.compose(a, group.inverse(a)), identity, a)
    same("well_defined", group.compose(group.representatives(a), b), ab, a, b)
    if group.is_abelian:
        same("commutativity", group.compose(b, a), ab, a, b)
    distance = group.distance(a, b)
    book.measure("distance", _error(distance, group.distance(b, a)), a, b)
    book.measure("distance", group.distance(a, a), a)
    book.measure("distance", distance.clamp(max=0), a, b)
    book.require("distance", bool((distance > 0).any()) or group.order == 1)
    table = group.compose(a[:4, None], b[None, :5]).flatten(0, 1)
    left, right = a[:4].repeat_interleave(5, 0), b[:5].repeat(4, *(1,) * (b.ndim - 1))
    same("batching", table, group.compose(left, right), left, right)
    for chart in group.charts:
        native = group.charts[0]
        again = group.convert(group.convert(a, native, chart), chart, native)
        same(f"chart {chart}", again, a, a)
    if group.order is not None:
        _check_elements(book, group)
    elif group.lie_dim:
        _check_exponential(book, group, a, b)
    drawn = group.sample(3, dtype=dtype)
    book.require("dtype", drawn.dtype == dtype or group.has_integer_elements)
    book.require("data", _same_data(group))
    return book.report()


def _check_elements(book: LawBook, group: Group) -> None:
    every = group.elements()
    distances = group.distance(every[:, None], every[None, :])
    book.require(
        "elements", len(every) == group.order and int((distances == 0).sum()) == len(every)
    )


def _check_exponential(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    try:
        v = group.log(a)
    except TypeError:  # a product with a discrete factor
        return
    book.measure("exp_log", group.distance(group.exp(v), a), a)
    book.measure("interpolation", group.distance(group.interpolate(a, b, 1.0), b), a, b)
    book.measure("interpolation", group.distance(group.interpolate(a, b, 0.0), a), a, b)
    half, quarter = 0.5 * v, 0.25 * v
    doubled = group.compose(group.exp(quarter), group.exp(quarter))
    book.measure("one_parameter", group.distance(doubled, group.exp(half)), a)
    leaf = a.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(group.log(group.compose(leaf, b)).sum(), leaf)
    book.measure("gradient", (~gradient.isfinite()).reshape(len(leaf), -1).sum(1), a)


def check_representation(
    rho: Representation, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return how well ``rho`` keeps the laws of a representation.

    Args:
        rho: The representation.
        dtype: Precision of elements and vectors.
        elements: Samples to use instead of hard and random ones.

    Example:
        >>> from groupae import SO2
        >>> check_representation(SO2().rep("2x0 + 3x1 + 1x5")).failures
        ()
    """
    group = rho.group
    book = LawBook(f"{group}: {rho}", dtype, depth=rho.depth)
    g, h, _ = _triples(group, dtype, elements)
    eye = torch.eye(rho.dim, dtype=dtype)
    matrix_g, matrix_h = rho.matrix(g, dtype), rho.matrix(h, dtype)
    book.measure("identity", _error(rho.matrix(group.identity(1, dtype=dtype), dtype), eye))
    product = rho.matrix(group.compose(g, h), dtype)
    book.measure("homomorphism", _error(product, matrix_g @ matrix_h), g, h)
    book.measure("inverse", _error(rho.matrix(group.inverse(g), dtype) @ matrix_g, eye), g)
    if group.is_compact:
        book.measure("orthogonality", _error(matrix_g.mT @ matrix_g, eye), g)
    other = rho.matrix(group.representatives(g), dtype)
    book.measure("well_defined", _error(other, matrix_g), g)
    book.measure("blocks", _error(matrix_g, _block_matrix(rho, g, dtype)), g)
    traces = matrix_g.diagonal(dim1=-2, dim2=-1).sum(-1)
    book.measure("character", _error(rho.character(g, dtype), traces), g)

    generator = torch.Generator().manual_seed(0)
    x = torch.randn(len(g), 3, rho.dim, 2, generator=generator, dtype=dtype)
    moved = rho.act(g, x, dim=2)
    book.measure("act_is_matrix", _error(moved, matrix_g[:, None] @ x), g)
    book.measure("act_is_matrix", _error(rho.act(g[0], x[0, 0, :, 0]), matrix_g[0] @ x[0, 0, :, 0]))
    single, pair = g[:1], torch.stack([g[:4], h[:4]], 1)
    wide = x[:4, :2]
    book.measure("batching", _error(rho.act(single[0], x, dim=2), matrix_g[0] @ x))
    book.measure("batching", _error(rho.act(single, x, dim=2), matrix_g[0] @ x))
    product = torch.stack([matrix_g[:4], matrix_h[:4]], 1) @ wide
    book.measure("batching", _error(rho.act(pair, wide, dim=2), product))
    mask = torch.tensor([block.is_trivial for block in rho.slices() for _ in range(block.size)])
    book.require("invariants", torch.equal(rho.is_invariant(), mask))
    fixed = rho.invariants(x, dim=2)
    book.require("invariants", fixed.shape[2] == int(mask.sum()))
    book.measure("invariants", _error(rho.invariants(moved, dim=2), fixed), g)
    low = x.to(torch.bfloat16)
    book.require("dtype", moved.dtype == dtype and rho.act(g, low, dim=2).dtype == low.dtype)
    again = group.rep(str(rho))
    book.require("data", _same_data(rho) and again.terms == rho.terms)
    weights = torch.randn(x.shape, generator=generator, dtype=dtype)
    _check_gradient(book, group, g, lambda e: (weights * rho.act(e, x, dim=2)).flatten(1).sum(1))
    return book.report()


def _check_gradient(
    book: LawBook, group: Group, g: Tensor, value: Callable[[Tensor], Tensor]
) -> None:
    """Compare the gradient of ``value`` (one number a sample) with central differences."""
    if group.has_integer_elements:
        return
    leaf = g.detach().clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(leaf).sum() + 0 * leaf.sum(), leaf)
    book.measure("gradient", (~gradient.isfinite()).reshape(len(leaf), -1).sum(1), g)
    v = torch.ones(len(g), group.lie_dim, dtype=g.dtype)
    try:
        group.exp(v)
    except TypeError:  # a product with a discrete factor: no exponential to step along
        return
    if group.lie_dim:
        _check_slope(book, g, lambda t: value(group.compose(g, group.exp(t[:, None] * v))))


def _check_slope(book: LawBook, g: Tensor, value: Callable[[Tensor], Tensor]) -> None:
    """Compare the derivative of ``value(t)`` at t = 0, a number a sample, with differences."""
    if book.dtype != torch.float64:
        return
    step, depth = 1e-5, book.tolerance / (64 * torch.finfo(book.dtype).eps)
    t = torch.zeros(len(g), dtype=book.dtype, requires_grad=True)
    found = value(t)
    (slope,) = torch.autograd.grad(found.sum() + 0 * t.sum(), t)
    difference = (value(t.detach() + step) - value(t.detach() - step)) / (2 * step)
    error = (slope - difference).abs() / (slope.abs() + found.abs()).clamp(min=1)
    book.measure("derivative", error, g, tolerance=1e-6 * depth)


def _like(t: Tensor, part: Tensor) -> Tensor:
    return t.view(-1, *(1,) * (part.ndim - 1))


def _block_matrix(rho: Representation, g: Tensor, dtype: torch.dtype) -> Tensor:
    """Return what the matrix must be by the layout: kron(irrep, unit matrix of the copies)."""
    found = torch.zeros(len(g), rho.dim, rho.dim, dtype=dtype)
    irreps = rho.group.irreps.matrices(rho.labels, g, dtype)
    for block, irrep in zip(rho.slices(), irreps, strict=True):
        copies = torch.eye(block.copies, dtype=dtype)
        kron = torch.einsum("bij,kl->bikjl", irrep, copies).flatten(3).flatten(1, 2)
        found[:, block.slice, block.slice] = kron
    return found


def check_action(
    action: LatentAction[Any],
    *,
    dtype: torch.dtype = torch.float64,
    elements: Tensor | None = None,
    latent: Any = None,
) -> LawReport:
    """Return how well ``action`` keeps the laws of a left action.

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
    g, h, _ = _triples(group, dtype, elements)
    n = len(g)
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(n, generator=generator, dtype=dtype) if latent is None else latent
    w = map_latent(lambda part: part.roll(1, 0), z)
    moved = action(g, z)
    book.measure("identity", _error(action(group.identity(n, dtype=dtype), z), z))
    composed = action(group.compose(g, h), z)
    book.measure("composition", _error(composed, action(g, action(h, z))), g, h)
    book.measure("inverse", _error(action.inverse(g, moved), z), g)
    book.measure("well_defined", _error(action(group.representatives(g), z), moved), g)
    fixed = action.invariants(z)
    book.measure("invariants", _error(action.invariants(moved), fixed), g)
    numbers = sum(part[0].numel() for part in _parts(z))
    split = [sum(part[0].numel() for part in _parts(p)) for p in (fixed, action.varying(z))]
    book.require("splitting", sum(split) == numbers)
    swapped = action.swap(z, w)
    book.measure("swap", _error(action.invariants(swapped), fixed))
    book.measure("swap", _error(action.varying(swapped), action.varying(w)))
    if action.is_linear:
        both = action(g, _map2(lambda p, q: 2 * p - q, z, w))
        book.measure("linearity", _error(both, _map2(lambda p, q: 2 * p - q, moved, action(g, w))))
    head = map_latent(lambda part: part[:2], z)
    singles = action(g[:3].repeat(2, *(1,) * (g.ndim - 1)), map_latent(_repeat3, head))
    orbit = map_latent(lambda part: part.flatten(0, 1), action.orbit(head, g[:3]))
    book.measure("orbit", _error(orbit, singles))
    book.require("dtype", all(part.dtype == dtype for part in _parts(moved)))
    _check_gradient(book, group, g, lambda e: _total(action(e, z)))
    _check_slope(
        book, g, lambda t: _total(action(g, _map2(lambda p, q: p + _like(t, p) * q, z, w)))
    )
    return book.report()


def _total(z: Any) -> Tensor:
    """Return a weighted sum a sample over all parts of a code."""
    flat = torch.cat([part.flatten(1) for part in _parts(z)], 1)
    return flat @ torch.linspace(1, 2, flat.shape[1], dtype=flat.dtype)


def _parts(z: Any) -> list[Tensor]:
    return list(z.values()) if isinstance(z, dict) else [z]


def _map2(f: Any, z: Any, w: Any) -> Any:
    return {name: f(z[name], w[name]) for name in z} if isinstance(z, dict) else f(z, w)


def _repeat3(part: Tensor) -> Tensor:
    return part.repeat_interleave(3, 0)
