"""The laws of a group: products, distance, exponential, elements, irreps."""

from __future__ import annotations

import torch
from torch import Tensor

from groupae.groups import FiniteGroup, Group
from groupae.groups.base import ambient_error
from groupae.groups.samples import sample_elements
from groupae.testing.report import LawBook, LawReport
from groupae.testing.samples import same_data, triples
from groupae.testing.sampling_laws import LARGEST_LISTED, check_grid, check_sampling

__all__ = ["check_group"]

_BATCHES = ((), (1,), (3, 1, 2), (0,))


def check_group(
    group: Group, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return how well ``group`` keeps the laws of a group.

    Args:
        group: The group.
        dtype: Precision of floating elements.
        elements: Samples to use instead of hard and random ones, shape ``(n, *element_shape)``;
            then `Group.sample` and `Group.grid` are not judged.

    Example:
        >>> from groupae import SO3
        >>> check_group(SO3()).passed
        True
    """
    book = LawBook(group, dtype, depth=1)
    a, b, c = triples(group, sample_elements(group, dtype) if elements is None else elements)
    _check_products(book, group, a, b, c)
    _check_distance(book, group, a, b)
    _check_batching(book, group, a, b)
    for chart in group.charts:
        native = group.charts[0]
        again = group.convert(group.convert(a, native, chart), chart, native)
        book.measure(f"chart {chart}", group.distance(again, a), a)
    if group.order is not None and group.order <= LARGEST_LISTED:
        _check_elements(book, group)
        _check_irreps(book, group)
    if group.has_exp:
        _check_exponential(book, group, a)
    if group.has_exp and group.has_log:
        _check_logarithm(book, group, a, b)
    if elements is None:
        _check_commuting(book, group, a, b)
        check_sampling(book, group)
        check_grid(book, group)
    book.require("data", same_data(group), "a copy is another group: use a frozen dataclass")
    return book.report()


def _check_products(book: LawBook, group: Group, a: Tensor, b: Tensor, c: Tensor) -> None:
    identity = group.identity(len(a), dtype=book.dtype)
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


def _check_commuting(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    """A group that says it is not abelian must have two elements that do not commute."""
    if group.is_abelian:
        return
    if group.order is not None and group.order <= 32:
        every = group.elements()
        n = len(every)
        a, b = every.repeat_interleave(n, 0), every.repeat(n, *(1,) * (every.ndim - 1))
    apart = group.distance(group.compose(a, b), group.compose(b, a)).double().amax()
    note = "is_abelian is False, but all samples commute"
    book.require("commutativity", bool(apart > 100 * book.tolerance), note)


def _check_distance(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    distance = group.distance(a, b).double()
    book.measure("distance", distance - group.distance(b, a), a, b)
    book.measure("distance", group.distance(a, a), a)
    book.measure("distance", distance.clamp(max=0), a, b)
    some = bool((distance > 0).any()) or group.order == 1
    book.require("distance", some, "no two samples are apart")


def _check_batching(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    a, b = a[:4], b[:5]
    n, m = len(a), len(b)
    table = group.compose(a[:, None], b[None, :])
    spread = table.shape == (n, m, *group.element_shape)
    note = f"compose of batches ({n}, 1) and (1, {m}) has shape {tuple(table.shape)}"
    book.require("batching", spread, note)
    left, right = a.repeat_interleave(m, 0), b.repeat(n, *(1,) * (b.ndim - 1))
    if spread:
        apart = group.distance(table.flatten(0, 1), group.compose(left, right))
        book.measure("batching", apart, left, right)
    wide = (3, 1, -1, *group.element_shape)
    generator = torch.Generator().manual_seed(3)
    g, h = (group.sample(6, generator=generator, dtype=book.dtype) for _ in range(2))
    pairs = {
        "compose": (group.compose(g.reshape(wide), h.reshape(wide)), group.compose(g, h)),
        "inverse": (group.inverse(g.reshape(wide)), group.inverse(g)),
    }
    for many, flat in pairs.values():
        if many.numel() == flat.numel():
            book.measure("batching", group.distance(many.reshape(flat.shape), flat), g, h)
    for batch in _BATCHES:
        g = group.sample(*batch, dtype=book.dtype)
        made = {
            "sample": g,
            "identity": group.identity(*batch, dtype=book.dtype),
            "compose": group.compose(g, g),
            "inverse": group.inverse(g),
        }
        for name, x in made.items():
            shaped = x.shape == (*batch, *group.element_shape)
            book.require("batching", shaped, f"{name} of batch {batch} has shape {tuple(x.shape)}")
            right_dtype = x.dtype == book.dtype or group.has_integer_elements
            book.require("dtype", right_dtype, f"{name} in {book.dtype} has dtype {x.dtype}")
        shape = tuple(group.distance(g, g).shape)
        book.require("batching", shape == batch, f"distance of batch {batch} has shape {shape}")


def _check_elements(book: LawBook, group: Group) -> None:
    every = group.elements()
    note = f"{len(every)} elements in a group of order {group.order}"
    book.require("elements", len(every) == group.order, note)
    equal = (group.distance(every[:, None], every[None, :]) == 0).sum()
    book.require("elements", int(equal) == len(every), "an element is listed twice")
    if isinstance(group, FiniteGroup):
        placed = torch.equal(group.index(every), torch.arange(len(every)))
        book.require("elements", placed, "index(elements()) is not 0, 1, 2, ...")


def _check_irreps(book: LawBook, group: Group) -> None:
    """Burnside and Schur: sizes of the irreps, and characters orthogonal over all elements."""
    if not (group.has_irreps and group.irreps.is_complete):
        return
    irreps = group.irreps
    labels = irreps.labels()
    types = torch.tensor([irreps.commutant_dim(label) for label in labels], dtype=torch.float64)
    sizes = torch.tensor([irreps.dim(label) for label in labels], dtype=torch.float64)
    total = float((sizes**2 / types).sum())
    note = f"sum of dim^2 / commutant_dim is {total:g}, the order {group.order}"
    book.require("irreps", total == group.order, note)
    matrices = irreps.matrices(labels, group.elements().to(_like(group, book.dtype)), book.dtype)
    traces = torch.stack([m.diagonal(dim1=-2, dim2=-1).sum(-1) for m in matrices]).double()
    gram = traces @ traces.mT / traces.shape[1]
    depth = max(irreps.depth(label) for label in labels)
    size = max(1.0, float(sizes.amax()))
    book.measure("irreps", gram - types.diag(), tolerance=book.tolerance * depth * size)


def _like(group: Group, dtype: torch.dtype) -> torch.dtype:
    return torch.int64 if group.has_integer_elements else dtype


def _check_exponential(book: LawBook, group: Group, a: Tensor) -> None:
    generator = torch.Generator().manual_seed(0)
    v = torch.randn(len(a), group.lie_dim, generator=generator, dtype=book.dtype) / 2
    moved = group.exp(v)
    half = group.exp(v / 2)
    law = "one_parameter"
    book.measure(law, group.distance(group.compose(half, half), moved), moved)
    book.measure(law, group.distance(group.exp(-v), group.inverse(moved)), moved)
    zero = torch.zeros(1, group.lie_dim, dtype=book.dtype, requires_grad=True)
    (slope,) = torch.autograd.grad(group.exp(zero).sum() + 0 * zero.sum(), zero)
    book.require("gradient", bool(slope.isfinite().all()), "exp has no finite gradient at 0")
    unit = group.identity(len(a), dtype=book.dtype)
    book.measure(law, group.distance(group.exp(0 * v), unit))
    apart = bool((group.distance(moved, unit) > 0).all())
    book.require(law, apart, "exp is the identity somewhere else than at 0")


def _check_logarithm(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    """``exp(log(g)) = g`` wherever there is a logarithm; near the identity there always is."""
    found = group.log(a).isfinite().all(-1)
    if group.has_global_log:
        book.require("exp_log", bool(found.all()), "log is not finite at a sample")
    a, b = a[found], b[found]
    book.measure("exp_log", group.distance(group.exp(group.log(a)), a), a)
    axes = torch.eye(group.lie_dim, dtype=book.dtype)
    small = torch.tensor([0, 1e-7, -1e-7, 1e-3, -1e-3], dtype=book.dtype)
    v = (small[:, None, None] * axes).reshape(-1, group.lie_dim)
    book.measure("exp_log", (group.log(group.exp(v)) - v).abs().amax(-1), group.exp(v))
    between = group.log(group.compose(group.inverse(a), b)).isfinite().all(-1)
    p, q = a[between], b[between]
    book.measure("interpolation", group.distance(group.interpolate(p, q, 1.0), q), p, q)
    book.measure("interpolation", group.distance(group.interpolate(p, q, 0.0), p), p, q)
    path = group.log(group.compose(group.inverse(p), q))
    for t in (0.25, 0.5):
        wanted = group.compose(p, group.exp(t * path))
        book.measure("interpolation", group.distance(group.interpolate(p, q, t), wanted), p, q)
    leaf = p.detach().clone().requires_grad_()
    path = group.log(group.compose(group.inverse(leaf), q))
    (gradient,) = torch.autograd.grad(path.sum(), leaf)
    book.measure("gradient", (~gradient.isfinite()).reshape(len(leaf), -1).sum(1), p, q)
