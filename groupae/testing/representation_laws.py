"""Laws of a representation."""

from __future__ import annotations

import functools

import torch
from torch import Tensor

from groupae.groups.samples import sample_elements
from groupae.representations import Block, IrrepSum, Representation
from groupae.testing.gradient_laws import check_gradients
from groupae.testing.ownership_laws import check_ownership
from groupae.testing.report import LawBook, LawReport, run_laws
from groupae.testing.samples import (
    check_element_gradient,
    check_mismatch,
    check_slope,
    each_row,
    error,
    same_data,
    seeded,
    triples,
    weighted_sum,
)

__all__ = ["check_representation"]

_MOST_ENTRIES = 2_000_000  # of the matrices of all samples, to bound memory
_LARGE = 16  # degree from which triple products are not checked: forms of many irreps take seconds


def check_representation(
    rho: Representation, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return a report on the laws of a representation.

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

    def check(book: LawBook) -> None:
        book.error_growth = rho.error_growth
        g, h, _ = triples(group, sample_elements(group, dtype) if elements is None else elements)
        thin = max(1, len(g) * rho.dim**2 // _MOST_ENTRIES)
        g, h = g[::thin], h[::thin]
        generator = seeded(0)
        x = torch.randn(len(g), 3, rho.dim, 2, generator=generator, dtype=dtype)
        _check_matrices(book, rho, g, h)
        book.run("blocks", _check_blocks, rho, g)
        book.run("act_is_matrix", _check_act, rho, g, x)
        book.run("batching", _check_batching, rho, g, h, x)
        _check_splitting(book, rho, g, x)
        book.run("invariant_features", _check_invariant_features, rho, g, x)
        book.run("dtype", _check_dtype, rho, g, x)
        with book.law("data"):
            written = not isinstance(rho, IrrepSum) or group.rep(str(rho)) == IrrepSum(
                group, rho.terms
            )
            book.require("data", same_data(rho) and written, "a copy is another representation")
        weights = torch.randn(x.shape, generator=generator, dtype=dtype)
        _check_derivatives(book, rho, g, x, weights)
        check_mismatch(book, group, "act", lambda other: rho.act(other, x[:2], dim=2))
        check_mismatch(book, group, "matrix", rho.matrix)
        check_mismatch(book, group, "character", rho.character)
        check_gradients(book, group, g, x[:, 0], lambda g, x: rho.act(g, x, dim=-2))
        _check_rows(book, rho, g, h, x)

    return run_laws(lambda: f"{group}: {rho}", dtype, check)


def _check_matrices(book: LawBook, rho: Representation, g: Tensor, h: Tensor) -> None:
    group, dtype = rho.group, book.dtype
    eye = torch.eye(rho.dim, dtype=dtype)
    at_g = rho.matrix(g, dtype)
    with book.law("identity"):
        book.measure("identity", error(rho.matrix(group.identity(1, dtype=dtype), dtype), eye))
    with book.law("homomorphism"):
        at_h, product = rho.matrix(h, dtype), rho.matrix(group.compose(g, h), dtype)
        book.measure("homomorphism", error(product, at_g @ at_h, at_g, at_h), g, h)
    with book.law("inverse"):
        inverse = rho.matrix(group.inverse(g), dtype)
        book.measure("inverse", error(inverse @ at_g, eye, inverse, at_g), g)
    if rho.is_orthogonal:
        book.measure("orthogonality", error(at_g.mT @ at_g, eye), g)
    else:
        book.leave_out("is_orthogonal is False", "orthogonality")
    with book.law("well_defined"):
        other = rho.matrix(group.representatives(g), dtype)
        book.measure("well_defined", error(other, at_g), g)
    with book.law("character"):
        traces = at_g.diagonal(dim1=-2, dim2=-1).sum(-1)
        book.measure("character", error(rho.character(g, dtype), traces), g)


def _check_act(book: LawBook, rho: Representation, g: Tensor, x: Tensor) -> None:
    matrix = rho.matrix(g, book.dtype)
    book.measure("act_is_matrix", error(rho.act(g, x, dim=2), matrix[:, None] @ x), g)
    wide = matrix @ x[:, 0]
    book.measure("act_is_matrix", error(rho.act(g, x[:, 0], dim=1), wide), g)
    book.measure("act_is_matrix", error(rho.act(g, x[:, 0, :, 0]), wide[..., 0]), g)
    one = x[0, 0, :, 0]
    single = error(rho.act(g[0], one)[None], (matrix[0] @ one)[None])
    book.measure("act_is_matrix", single, g[:1])


def _check_dtype(book: LawBook, rho: Representation, g: Tensor, x: Tensor) -> None:
    moved, low = rho.act(g, x, dim=2), x.to(torch.bfloat16)
    half = torch.finfo(torch.bfloat16).eps ** 0.5
    book.measure("dtype", error(rho.act(g, low, dim=2), moved), g, tolerance=half)
    kept = moved.dtype == book.dtype and rho.act(g, low, dim=2).dtype == low.dtype
    book.require("dtype", kept, "the result has not the dtype of x")


def _check_derivatives(
    book: LawBook, rho: Representation, g: Tensor, x: Tensor, weights: Tensor
) -> None:
    y = x.roll(1, 0)

    def along(t: Tensor) -> Tensor:
        return (weights * rho.act(g, x + each_row(t, x) * y, dim=2)).flatten(1).sum(1)

    check_slope(book, g, along)
    for value in (
        lambda e: (weights * rho.act(e, x, dim=2)).flatten(1).sum(1),
        lambda e: weighted_sum(rho.matrix(e, book.dtype)),
        lambda e: weighted_sum(rho.character(e, book.dtype)),
    ):
        check_element_gradient(book, rho.group, g, value)


def _check_rows(book: LawBook, rho: Representation, g: Tensor, h: Tensor, x: Tensor) -> None:
    """Check that results belong to the caller, also for the identity."""
    own = functools.partial(check_ownership, book)
    unit = rho.group.identity(3, dtype=book.dtype)
    g, h, x, y = g[-3:], h[-3:], x[-3:, :2], x[:3, :2]
    for some in (g, unit):
        own("matrix", lambda g: rho.matrix(g, book.dtype), some)
        own("act", lambda g, x: rho.act(g, x, dim=2), some, x)
        own("act", lambda g, x: rho.act(g, x, dim=2), some, x[:1])
        own("character", lambda g: rho.character(g, book.dtype), some)
    if _has_invariant_features(rho):
        own("invariant_features", lambda x: rho.invariant_features(x, dim=2), x)
    own("is_invariant", rho.is_invariant)
    own("invariants", lambda x: rho.invariants(x, dim=2), x)
    own("varying", lambda x: rho.varying(x, dim=2), x)
    own("swap", lambda x, y: rho.swap(x, y, dim=2), x, y)


def _has_invariant_features(rho: Representation) -> bool:
    return rho.group.is_compact and rho.group.has_irreps


def _check_invariant_features(book: LawBook, rho: Representation, g: Tensor, x: Tensor) -> None:
    """Check that features are invariant, as many as their names, and smooth at zero."""
    if not _has_invariant_features(rho):
        ability = "has_irreps" if rho.group.is_compact else "is_compact"
        book.leave_out(f"{ability} is False", "invariant_features")
        return
    z = x[:, 0, :, 0]
    moved = rho.act(g, z)
    small = (("bispectrum", 3, 2),) if rho.dim < _LARGE else ()
    for kind, degree, products in (("power", 2, None), ("gram", 2, None), *small):
        before = rho.invariant_features(z, kind, products=products)
        after = rho.invariant_features(moved, kind, products=products)
        errors = error(after, before, *(z,) * degree)
        allowed = degree * book.tolerance  # each factor of a product has the error of a vector
        book.measure("invariant_features", errors, g, tolerance=allowed, note=kind)
        names = rho.invariant_feature_names(kind, products=products)
        note = f"{before.shape[-1]} features of kind {kind} and {len(set(names))} different names"
        book.require("invariant_features", len(set(names)) == before.shape[-1], note)
    origin = torch.zeros(rho.dim, dtype=book.dtype, requires_grad=True)
    (slope,) = torch.autograd.grad(rho.invariant_features(origin).sum() + 0 * origin.sum(), origin)
    note = "the gradient at zero is not finite"
    book.require("invariant_features", bool(slope.isfinite().all()), note)


def _check_blocks(book: LawBook, rho: Representation, g: Tensor) -> None:
    """Check that each block is the Kronecker product of its irrep and a unit matrix."""
    eye, matrix = torch.eye(rho.dim, dtype=book.dtype), rho.matrix(g, book.dtype)
    there, back = rho.to_blocks(eye, 0), rho.from_blocks(eye, 0)
    book.measure("blocks", error(there @ back, eye))
    found = there @ matrix @ back
    wanted = torch.zeros_like(found)
    for block in rho.blocks:
        at = block.slice
        wanted[:, at, at] = _named(rho, block, g, found[:, at, at])
    book.measure("blocks", error(found, wanted), g)


def _named(rho: Representation, block: Block, g: Tensor, found: Tensor) -> Tensor:
    """Return the matrix of a block according to its name, ``found`` if that names no irrep."""
    if not rho.group.has_irreps:
        return found
    irreps = rho.group.irreps
    try:
        label = irreps.parse(block.irrep)
    except ValueError:  # not the name of an irrep
        return found
    (irrep,) = irreps.matrices([label], g, found.dtype)
    copies = torch.eye(block.copies, dtype=found.dtype)
    return torch.einsum("bij,kl->bikjl", irrep, copies).flatten(3).flatten(1, 2)


def _check_batching(book: LawBook, rho: Representation, g: Tensor, h: Tensor, x: Tensor) -> None:
    at_g, at_h = rho.matrix(g[:4], book.dtype), rho.matrix(h[:4], book.dtype)
    book.measure("batching", error(rho.act(g[0], x, dim=2), at_g[0] @ x))
    book.measure("batching", error(rho.act(g[:1], x, dim=2), at_g[0] @ x))
    pair, wide = torch.stack([g[:4], h[:4]], 1), x[:4, :2]
    both = torch.stack([at_g, at_h], 1) @ wide
    book.measure("batching", error(rho.act(pair, wide, dim=2), both))
    six, y = (part[-6:].reshape(3, 1, 2, *part.shape[1:]) for part in (g, x))
    deep = rho.act(six, y, dim=4).reshape(x[-6:].shape)
    matrix, trace = rho.matrix(g[-6:], book.dtype), rho.character(g[-6:], book.dtype)
    book.measure("batching", error(deep, matrix[:, None] @ x[-6:]), g[-6:])
    deep = rho.matrix(six, book.dtype).reshape(matrix.shape)
    book.measure("batching", error(deep, matrix), g[-6:])
    deep = rho.character(six, book.dtype).reshape(trace.shape)
    book.measure("batching", error(deep, trace), g[-6:])
    for batch in ((), (3, 1, 2), (0,)):
        some = g[0].expand((*batch, *g.shape[1:]))
        shape = tuple(rho.act(some, x.new_zeros(*batch, rho.dim)).shape)
        note = f"act of batch {batch} has shape {shape}"
        book.require("batching", shape == (*batch, rho.dim), note)


def _check_splitting(book: LawBook, rho: Representation, g: Tensor, x: Tensor) -> None:
    with book.law("invariants", "splitting"):
        mask = torch.tensor([block.is_trivial for block in rho.blocks for _ in range(block.size)])
        marked = torch.equal(rho.is_invariant(), mask)
        book.require("invariants", marked, "is_invariant() differs from the trivial blocks")
        fixed, varying = rho.invariants(x, dim=2), rho.varying(x, dim=2)
        count = fixed.shape[2]
        note = f"{count} invariants, but {int(mask.sum())} entries in trivial blocks"
        book.require("invariants", count == int(mask.sum()), note)
        moved = rho.invariants(rho.act(g, x, dim=2), dim=2)
        book.measure("invariants", error(moved, fixed), g)
        rest = varying.shape[2]
        note = f"{count} invariant and {rest} varying entries of {rho.dim}"
        book.require("splitting", count + rest == rho.dim, note)
    with book.law("swap"):
        y = x.roll(1, 0)
        mixed = rho.swap(x, y, dim=2)
        book.measure("swap", error(rho.invariants(mixed, dim=2), rho.invariants(x, dim=2)))
        book.measure("swap", error(rho.varying(mixed, dim=2), rho.varying(y, dim=2)))
        x, y = x.movedim(2, -1), y.movedim(2, -1)
        book.measure("swap", error(rho.swap(x, y), mixed.movedim(2, -1)))
        book.measure("swap", error(rho.invariants(x), fixed.movedim(2, -1)))
        book.measure("swap", error(rho.varying(x), varying.movedim(2, -1)))
