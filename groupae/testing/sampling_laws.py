"""Laws of `Group.sample`, `Group.grid` and `Group.elements`: they cover the whole group.

Deviations are compared with chance: a fair sample exceeds the tolerance once in a million times,
and the seed is fixed, so that a result never changes from run to run.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable

import torch
from torch import Tensor

from groupae._printable import counted
from groupae.groups import Group
from groupae.groups.irreps import IrrepLabel
from groupae.testing.report import LawBook
from groupae.testing.samples import finite_log, seeded

__all__ = ["LARGEST_LISTED", "check_grid", "check_placement", "check_sampling"]

LARGEST_LISTED = 200
"""Largest order of a finite group whose elements are all listed in checks."""

_DRAWS = 1024  # number of samples
_WIDEST = 8  # largest degree of irreps whose matrices are averaged


def check_sampling(book: LawBook, group: Group) -> None:
    """Check that samples follow the generator and spread over the whole group."""
    small = group.order is not None and group.order <= LARGEST_LISTED
    count = max(_DRAWS, 20 * (group.order or 0)) if small else _DRAWS

    def draw(seed: int) -> Tensor:
        generator = seeded(seed)
        return group.sample(count, generator=generator, dtype=book.dtype)

    g, again, other = draw(0), draw(0), draw(1)
    book.require("sampling", torch.equal(g, again), "the same generator gives other elements")
    if group.order == 1:
        return
    note = "another generator gives the same elements"
    book.require("sampling", not torch.equal(g, other), note)
    if small:
        _check_counts(book, group, g)
        return
    if group.order is None:
        some = g[:64]
        apart = group.distance(some[:, None], some[None, :]) > 0
        distinct = int(apart.sum()) == len(some) * (len(some) - 1)
        book.require("sampling", distinct, "an element is drawn twice")
    if group.is_compact:
        _check_mean(book, group, "sampling", g, tolerance=6)
    else:
        _check_directions(book, group, g)


def _check_counts(book: LawBook, group: Group, g: Tensor) -> None:
    """Compare the counts of elements with chance (chi-square, in standard deviations)."""
    every = group.elements()
    nearest = torch.cat(
        [group.distance(part[:, None], every[None, :]).argmin(1) for part in g.split(256)]
    )
    counts = torch.bincount(nearest, minlength=len(every)).double()
    reached = int((counts > 0).sum())
    note = f"{len(g)} samples reach {reached} of {counted(len(every), 'element')}"
    book.require("sampling", reached == len(every), note)
    freedom, fair = len(every) - 1, len(g) / len(every)
    deviation = ((counts - fair).square().sum() / fair - freedom) / math.sqrt(2 * freedom)
    # P(chi-square > k + 2 sqrt(k t) + 2 t) < e^-t, with t = 14 (Laurent & Massart 2000, lemma 1)
    allowed = math.sqrt(2 * 14) + 2 * 14 / math.sqrt(2 * freedom)
    book.measure("sampling", deviation.clamp(min=0)[None], tolerance=allowed)


def _nontrivial(group: Group) -> list[IrrepLabel]:
    """Return the first small irreps other than the trivial one."""
    if not group.has_irreps:
        return []
    irreps = group.irreps
    labels = (label for label in irreps.labels(2) if label != irreps.trivial)
    small = (label for label in labels if irreps.dim(label) <= _WIDEST)
    return [label for label in small if irreps.is_irreducible(label)][:16]


def _check_mean(book: LawBook, group: Group, law: str, g: Tensor, *, tolerance: float) -> None:
    """Measure the mean matrix of nontrivial irreps, 0 over the group, in standard deviations."""
    for label in _nontrivial(group):
        (matrices,) = group.irreps.matrices([label], g, torch.float64)
        worst = matrices.mean(0).abs().amax() * math.sqrt(len(g))
        book.measure(law, worst[None], tolerance=tolerance)


def _check_directions(book: LawBook, group: Group, g: Tensor) -> None:
    """Check that samples of a non-compact group vary in every direction of the Lie algebra."""
    found = finite_log(group, g)
    if found is None:
        return
    book.require("sampling", bool(found.any()), "no sample has a logarithm")
    if not bool(found.any()):
        return
    v = group.log(g[found]).double()
    spread = torch.linalg.svdvals(v - v.mean(0))
    varied = bool(spread.amin() > 1e-6 * spread.amax())
    book.require("sampling", varied, "samples do not vary in every direction of the Lie algebra")


def check_grid(book: LawBook, group: Group) -> None:
    """Check that a grid has the requested number of elements, all different."""
    if not group.has_grid:
        book.leave_out("has_grid is False", "grid")
        return
    most = group.order or 48
    for n in sorted({n for n in (1, 5, 48, most) if n <= min(most, LARGEST_LISTED)}):
        g = group.grid(n)
        shape, wanted = tuple(g.shape), (n, *group.element_shape)
        book.require("grid", shape == wanted, f"grid({n}) has shape {shape}")
        dtype = g.dtype == (torch.int64 if group.has_integer_elements else torch.float64)
        book.require("dtype", dtype, f"grid({n}) has dtype {g.dtype}, not float64")
        apart = group.distance(g[:, None], g[None, :]) > 1e-6
        book.require("grid", int(apart.sum()) == n * (n - 1), f"grid({n}) repeats an element")
    check_placement(book, group, "grid", functools.partial(group.grid, 1))


def check_placement(book: LawBook, group: Group, method: str, make: Callable[..., Tensor]) -> None:
    """Check the dtype and device of elements, where ``make`` takes these arguments.

    Groups that were written for groupae 0.2 need not take them.
    """
    options = inspect.signature(make).parameters
    if "dtype" in options:
        g = make(dtype=book.dtype)
        fits = g.dtype == book.dtype or group.has_integer_elements
        book.require("dtype", fits, f"{method} in {book.dtype} has dtype {g.dtype}")
    if "device" in options:
        device = make(device="meta").device
        book.require("device", device.type == "meta", f"{method} on meta is on {device}")
