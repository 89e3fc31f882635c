"""Laws of a group: products, distance, exponential, elements, irreps."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from torch import Tensor

from groupae._printable import counted
from groupae.groups import FiniteGroup, Group
from groupae.groups.batches import ambient_error
from groupae.groups.samples import sample_elements
from groupae.testing.gradient_laws import check_gradients
from groupae.testing.ownership_laws import check_ownership
from groupae.testing.report import LawBook, LawReport, run_laws
from groupae.testing.samples import (
    check_ability,
    check_slope,
    largest,
    same_data,
    seeded,
    triples,
    weighted_sum,
)
from groupae.testing.sampling_laws import (
    LARGEST_LISTED,
    check_grid,
    check_placement,
    check_sampling,
)

__all__ = ["check_group"]

_BATCHES = ((), (1,), (3, 1, 2), (0,))
_FEW = 16  # number of samples for derivatives
_WIDE = 256  # number of samples and of exponentials for logarithms


def check_group(
    group: Group, *, dtype: torch.dtype = torch.float64, elements: Tensor | None = None
) -> LawReport:
    """Return a report on the laws of a group.

    Args:
        group: The group.
        dtype: Precision of floating elements.
        elements: Samples to use instead of hard and random ones, shape ``(n, *element_shape)``;
            then `Group.sample` and `Group.grid` are not checked.

    Example:
        >>> from groupae import SO3
        >>> check_group(SO3()).passed
        True
    """

    def check(book: LawBook) -> None:
        a, b, c = triples(group, sample_elements(group, dtype) if elements is None else elements)
        _check_products(book, group, a, b, c)
        _check_distance(book, group, a, b)
        book.run("batching", _check_batching, group, a, b)
        _check_charts(book, group, a)
        _check_finite(book, group)
        _check_lie(book, group, a, b)
        if elements is None:
            book.run("commutativity", _check_commuting, group, a, b)
            book.run("sampling", check_sampling, group)
            book.run("grid", check_grid, group)
        else:
            book.leave_out("elements were given", "sampling", "grid", "commutativity")
        _check_abilities(book, group)
        _check_rows(book, group, a, b)
        with book.law("data"):
            note = "a copy is another group: use a frozen dataclass"
            book.require("data", same_data(group), note)

    return run_laws(lambda: str(group), dtype, check)


def _check_products(book: LawBook, group: Group, a: Tensor, b: Tensor, c: Tensor) -> None:
    def same(law: str, found: Tensor, wanted: Tensor, *at: Tensor) -> None:
        book.measure(law, group.distance(found, wanted), *at)

    with book.law("closure"):
        ab = group.compose(a, b)
        off = ambient_error(group.project(ab), ab, len(group.element_shape))
        book.measure("closure", off, a, b)
    with book.law("associativity"):
        left, right = group.compose(group.compose(a, b), c), group.compose(b, c)
        same("associativity", left, group.compose(a, right), a, b, c)
    with book.law("identity"):
        identity = group.identity(len(a), dtype=book.dtype)
        same("identity", group.compose(identity, a), a, a)
        same("identity", group.compose(a, identity), a, a)
    with book.law("inverse"):
        identity = group.identity(len(a), dtype=book.dtype)
        same("inverse", group.compose(group.inverse(a), a), identity, a)
        same("inverse", group.compose(a, group.inverse(a)), identity, a)
    with book.law("conjugation"):
        moved = group.compose(group.compose(a, b), group.inverse(a))
        same("conjugation", group.conjugate(a, b), moved, a, b)
    with book.law("well_defined"):
        again = group.compose(group.representatives(a), b)
        same("well_defined", again, group.compose(a, b), a, b)
    if group.is_abelian:
        with book.law("commutativity"):
            same("commutativity", group.compose(b, a), group.compose(a, b), a, b)


def _check_commuting(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    """Check that a group that declares itself not abelian has a pair that does not commute."""
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
    with book.law("distance"):
        distance = group.distance(a, b).double()
        book.measure("distance", distance - group.distance(b, a), a, b)
        book.measure("distance", group.distance(a, a), a)
        book.measure("distance", distance.clamp(max=0), a, b)
        some = bool((distance > 0).any()) or group.order == 1
        book.require("distance", some, "no two samples are apart")
        for atol in (0.0, float(distance.median())):
            near = group.distance(a, b) <= atol
            note = f"equal to {atol:.3g} is not where the distance is at most that"
            book.require("distance", torch.equal(group.equal(a, b, atol), near), note)
        book.require("distance", bool(group.equal(a, a).all()), "an element does not equal itself")


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
    generator = seeded(3)
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


def _check_charts(book: LawBook, group: Group, a: Tensor) -> None:
    if not group.charts:
        book.leave_out("charts is empty", "chart")
    for chart in group.charts:
        with book.law(f"chart {chart}"):
            native = group.charts[0]
            again = group.convert(group.convert(a, native, chart), chart, native)
            book.measure(f"chart {chart}", group.distance(again, a), a)


# --- finite groups -----------------------------------------------------------------------------
def _check_finite(book: LawBook, group: Group) -> None:
    if group.order is None or group.order > LARGEST_LISTED:
        book.leave_out(f"order is {group.order}", "elements", "irreps")
        return
    book.run("elements", _check_elements, group)
    if group.has_irreps:
        book.run("irreps", _check_irreps, group)
    else:
        book.leave_out("has_irreps is False", "irreps")


def _check_elements(book: LawBook, group: Group) -> None:
    every = group.elements()
    note = f"{counted(len(every), 'element')} in a group of order {group.order}"
    book.require("elements", len(every) == group.order, note)
    equal = (group.distance(every[:, None], every[None, :]) == 0).sum()
    book.require("elements", int(equal) == len(every), "an element is listed twice")
    if isinstance(group, FiniteGroup):
        placed = torch.equal(group.index(every), torch.arange(len(every)))
        book.require("elements", placed, "index(elements()) is not 0, 1, 2, ...")
    check_placement(book, group, "elements", group.elements)


def _check_irreps(book: LawBook, group: Group) -> None:
    """Check the sum of squared degrees (Burnside) and the orthogonality of characters (Schur)."""
    irreps = group.irreps
    if not irreps.is_complete:
        book.leave_out("irreps.is_complete is False", "irreps")
        return
    labels = irreps.labels()
    types = torch.tensor([irreps.commutant_dim(label) for label in labels], dtype=torch.float64)
    sizes = torch.tensor([irreps.dim(label) for label in labels], dtype=torch.float64)
    total = float((sizes**2 / types).sum())
    note = f"sum of dim^2 / commutant_dim is {total:g}, the order {group.order}"
    book.require("irreps", total == group.order, note)
    matrices = irreps.matrices(labels, group.elements().to(_like(group, book.dtype)), book.dtype)
    traces = torch.stack([m.diagonal(dim1=-2, dim2=-1).sum(-1) for m in matrices]).double()
    gram = traces @ traces.mT / traces.shape[1]
    growth = max(irreps.error_growth(label) for label in labels)
    size = max(1.0, float(sizes.amax()))
    book.measure("irreps", gram - types.diag(), tolerance=book.tolerance * growth * size)


def _like(group: Group, dtype: torch.dtype) -> torch.dtype:
    return torch.int64 if group.has_integer_elements else dtype


# --- exponential and logarithm -----------------------------------------------------------------
def _check_lie(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    path = ("exp_log", "global_log", "interpolation")
    if not group.has_exp:
        book.leave_out("has_exp is False", "one_parameter", *path, "gradient", "derivative")
        return
    book.run("one_parameter", _check_exponential, group, len(a))
    book.run("derivative", _check_slopes, group)
    _check_orders(book, group)
    if not group.has_log:
        book.leave_out("has_log is False", *path)
        return
    book.run("exp_log", _check_logarithm, group, a)
    book.run("global_log", _check_global_log, group)
    book.run("interpolation", _check_interpolation, group, a, b)


def _check_exponential(book: LawBook, group: Group, n: int) -> None:
    generator = seeded(0)
    v = torch.randn(n, group.lie_dim, generator=generator, dtype=book.dtype) / 2
    moved, half = group.exp(v), group.exp(v / 2)
    law = "one_parameter"
    book.measure(law, group.distance(group.compose(half, half), moved), moved)
    book.measure(law, group.distance(group.exp(-v), group.inverse(moved)), moved)
    if group.is_compact:  # more than a full turn
        far = 4 * torch.randn(_WIDE, group.lie_dim, generator=generator, dtype=book.dtype)
        half, whole = group.exp(far / 2), group.exp(far)
        book.measure(law, group.distance(group.compose(half, half), whole), whole)
    zero = torch.zeros(1, group.lie_dim, dtype=book.dtype, requires_grad=True)
    (slope,) = torch.autograd.grad(group.exp(zero).sum() + 0 * zero.sum(), zero)
    book.require("gradient", bool(slope.isfinite().all()), "exp has no finite gradient at 0")
    unit = group.identity(n, dtype=book.dtype)
    book.measure(law, group.distance(group.exp(0 * v), unit))
    apart = bool((group.distance(moved, unit) > 0).all())
    book.require(law, apart, "exp is the identity somewhere else than at 0")
    _check_same_in_batches(book, "exp", group.exp, v, group.element_shape)


def _check_same_in_batches(
    book: LawBook, method: str, f: Callable[[Tensor], Tensor], x: Tensor, shape: tuple[int, ...]
) -> None:
    """Check that a function of rows gives the same values and dtype in every batch."""
    alone = x.shape[1:]
    with book.law("batching"):
        six = f(x[:6])
        note = f"{method} gives others in batches"
        for batch in ((3, 1, 2), (6,)):
            found = f(x[:6].reshape(*batch, *alone))
            fits = found.shape == (*batch, *shape) and found.dtype == book.dtype
            book.require("batching", fits, f"{method} of batch {batch} has another shape or dtype")
            if fits:
                _measure_alike(book, found.reshape(six.shape), six, note)
        _measure_alike(book, f(x[0])[None], six[:1], note)
        empty = f(x[:0]).shape == (0, *shape)
        book.require("batching", empty, f"{method} of an empty batch has another shape")


def _measure_alike(book: LawBook, found: Tensor, wanted: Tensor, note: str) -> None:
    equal = torch.nan_to_num(found - wanted) + (found.isnan() != wanted.isnan())
    errors = equal.reshape(len(wanted), -1).abs().amax(-1) / largest(torch.nan_to_num(wanted))
    book.measure("batching", errors, note=note)


def _check_slopes(book: LawBook, group: Group) -> None:
    """Compare derivatives of group operations with finite differences, where they are smooth.

    All depend on one parameter through ``g exp(t u)``, or through ``exp(v + t u)``.
    """
    generator = seeded(7)
    g, h = (group.sample(_FEW, generator=generator, dtype=book.dtype) for _ in range(2))
    v, u = torch.randn(2, _FEW, group.lie_dim, generator=generator, dtype=book.dtype) / 2

    def along(t: Tensor) -> Tensor:
        return group.compose(g, group.exp(t[:, None] * u))

    values: dict[str, Callable[[Tensor], Tensor]] = {
        "exp": lambda t: group.exp(v + t[:, None] * u),
        "compose": lambda t: group.compose(group.compose(h, along(t)), h),
        "inverse": lambda t: group.inverse(along(t)),
        "conjugate": lambda t: group.conjugate(along(t), h),
        "distance": lambda t: group.distance(along(t), h)[:, None],
    }
    if group.has_log:
        values["log"] = lambda t: group.log(along(t))
        values["interpolate"] = lambda t: group.interpolate(along(t), h, 0.25)
    for method, value in values.items():
        check_slope(book, g, _where_smooth(value, g), note=f"of {method}")


def _check_orders(book: LawBook, group: Group) -> None:
    """Check all paths of first and second derivatives near the identity, where log is smooth."""
    generator = seeded(8)
    v = torch.randn(_FEW, group.lie_dim, generator=generator, dtype=book.dtype) / 4

    def numbers(g: Tensor) -> Tensor:
        lead = g.shape[: g.ndim - len(group.element_shape)]
        inverse = group.inverse(g)
        parts = [inverse, group.log(g)] if group.has_log else [inverse]
        return torch.cat([part.reshape(*lead, -1) for part in parts], -1)

    with book.law("gradient_paths"):
        g = group.exp(v)
        z = torch.zeros_like(numbers(g))
        check_gradients(book, group, g, z, lambda g, z: z + numbers(g))


def _where_smooth(value: Callable[[Tensor], Tensor], g: Tensor) -> Callable[[Tensor], Tensor]:
    """Return a weighted sum per sample, 0 where the value jumps or is not finite."""
    step = torch.full((len(g),), 1e-5, dtype=g.dtype)
    jump = (value(step) - value(-step)).reshape(len(g), -1)
    smooth = (jump.abs() < 1e-2).all(-1)  # false where it is not finite
    return lambda t: torch.where(smooth, weighted_sum(value(torch.where(smooth, t, 0.0))), 0.0)


def _samples(group: Group, dtype: torch.dtype) -> Tensor:
    return group.sample(_WIDE, generator=seeded(4), dtype=dtype)


def _missing(v: Tensor) -> Tensor:
    """Return infinity where a logarithm is not finite, else 0."""
    return torch.where(v.isfinite().all(-1), 0.0, math.inf)


def _check_logarithm(book: LawBook, group: Group, a: Tensor) -> None:
    """Check ``exp(log(g)) = g`` wherever a logarithm exists, at least at exponentials."""
    law, dtype = "exp_log", book.dtype
    # beyond full turns in a compact group; else small, so that entries have small errors
    wide = 3 if group.is_compact else 1 / math.sqrt(group.lie_dim)
    generator = seeded(5)
    v = wide * torch.randn(_WIDE, group.lie_dim, generator=generator, dtype=dtype)
    reached, others = group.exp(v), torch.cat([a, _samples(group, dtype)])
    book.measure(law, _missing(group.log(reached)), reached)
    logs = group.log(others)
    if group.has_global_log:
        book.measure(law, _missing(logs), others)
    every = torch.cat([reached, others[logs.isfinite().all(-1)]])
    book.measure(law, group.distance(group.exp(group.log(every)), every), every)
    axes = torch.eye(group.lie_dim, dtype=dtype)
    small = torch.tensor([0, 1e-7, -1e-7, 1e-3, -1e-3], dtype=dtype)
    v = (small[:, None, None] * axes).reshape(-1, group.lie_dim)
    book.measure(law, (group.log(group.exp(v)) - v).abs().amax(-1), group.exp(v))
    _check_same_in_batches(book, "log", group.log, reached, (group.lie_dim,))


def _check_global_log(book: LawBook, group: Group) -> None:
    """Check that `Group.has_global_log` is true exactly if no sample lacks a logarithm."""
    g = _samples(group, book.dtype)
    tried = [group.hard_elements(book.dtype).to(g.dtype), g]
    for _ in range(1 if group.is_compact else 3):  # exp may reach every single sample
        tried.append(group.compose(tried[-1], tried[-1].roll(1, 0)))
    missing = _missing(group.log(torch.cat(tried))) > 0
    if group.has_global_log:
        note = "has_global_log is True, but log is not finite at a sample"
        book.require("global_log", not bool(missing.any()), note)
    elif group.is_compact or bool(missing.any()):
        note = "has_global_log is False, but log is finite at all samples"
        book.require("global_log", bool(missing.any()), note)
    else:
        book.leave_out("has_global_log is False, though no sample shows it", "global_log")


def _check_interpolation(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    law = "interpolation"
    path = group.log(group.compose(group.inverse(a), b))
    between = path.isfinite().all(-1)
    p, q, path = a[between], b[between], path[between]
    book.measure(law, group.distance(group.interpolate(p, q, 1.0), q), p, q)
    book.measure(law, group.distance(group.interpolate(p, q, 0.0), p), p, q)
    for t in (0.25, 0.5):
        wanted = group.compose(p, group.exp(t * path))
        each = torch.full((len(p),), t, dtype=book.dtype)
        for time in (t, each):
            book.measure(law, group.distance(group.interpolate(p, q, time), wanted), p, q)
    leaf = p.detach().clone().requires_grad_()
    path = group.log(group.compose(group.inverse(leaf), q))
    (gradient,) = torch.autograd.grad(path.sum(), leaf)
    book.measure("gradient", (~gradient.isfinite()).reshape(len(leaf), -1).sum(1), p, q)


# --- declarations and memory -------------------------------------------------------------------
def _check_abilities(book: LawBook, group: Group) -> None:
    """Check that declared abilities work and all others raise ``TypeError``."""
    one = functools.partial(group.identity, 1, dtype=book.dtype)
    calls = {
        "has_exp": lambda: group.exp(torch.zeros(1, group.lie_dim, dtype=book.dtype)),
        "has_log": lambda: group.log(one()),
        "has_grid": lambda: group.grid(1),
        "has_irreps": lambda: group.trivial().matrix(one()),
        "has_standard": lambda: group.standard().matrix(one()),
    }
    for ability, call in calls.items():
        check_ability(book, group, ability, call)


def _check_rows(book: LawBook, group: Group, a: Tensor, b: Tensor) -> None:
    """Check that results belong to the caller."""
    a, b, dtype = a[-3:], b[-3:], book.dtype
    own = functools.partial(check_ownership, book)
    own("identity", lambda: group.identity(3, dtype=dtype))
    own("sample", lambda: group.sample(3, generator=seeded(6), dtype=dtype))
    own("hard_elements", lambda: group.hard_elements(dtype))
    for method in ("inverse", "project", "representatives"):
        own(method, getattr(group, method), a)
    for method in ("compose", "conjugate", "distance"):
        own(method, getattr(group, method), a, b)
        own(method, getattr(group, method), a, b[:1])
    if group.order is not None and group.order <= LARGEST_LISTED:
        own("elements", group.elements)
        own("index", group.index, a)
    if group.has_grid:
        own("grid", lambda: group.grid(min(3, group.order or 3)))
    for chart in group.charts:
        there = (group.charts[0], chart)
        own(f"convert to {chart}", lambda g, there=there: group.convert(g, *there), a)
        with book.law("ownership"):
            x = group.convert(a, *there)
            own(f"convert from {chart}", lambda x, to=there[::-1]: group.convert(x, *to), x)
    if group.has_exp:
        own("exp", group.exp, torch.ones(3, group.lie_dim, dtype=dtype) / 2)
    if group.has_exp and group.has_log:
        own("log", group.log, a)
        own("interpolate", lambda g, h: group.interpolate(g, h, 0.5), a, b)
