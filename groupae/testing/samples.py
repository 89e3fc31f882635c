"""Common functions of the checks: triples of elements, errors of codes, derivatives.

A code is a tensor or a dict of named tensors; the first axis counts the samples. Errors are
relative to the largest entry of a sample where that is above 1; those of a product, to the product
of the largest entries of its factors.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae.groups import Group
from groupae.testing.report import LawBook

__all__ = [
    "check_ability",
    "check_element_gradient",
    "check_mismatch",
    "check_slope",
    "each_row",
    "error",
    "finite_log",
    "largest",
    "map_parts",
    "parts",
    "rolled",
    "rows",
    "same_data",
    "seeded",
    "triples",
    "weighted_sum",
]


def seeded(seed: int) -> torch.Generator:
    """Return a random generator with a fixed seed."""
    return torch.Generator().manual_seed(seed)


def triples(group: Group, g: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return aligned elements ``a, b, c``, where b is a, its inverse or another element."""
    shuffled = [g[torch.randperm(len(g), generator=seeded(seed))] for seed in (1, 2)]
    a = torch.cat([g, g, g])
    b = torch.cat([g, group.inverse(g), shuffled[0]])
    c = torch.cat([shuffled[1], g, shuffled[1]])
    return a, b, c


def largest(x: Tensor) -> Tensor:
    """Return the largest absolute entry per sample, at least 1, in float64."""
    return x.double().abs().reshape(len(x), -1).amax(-1).clamp(min=1)


def error(found: Any, wanted: Any, *factors: Tensor) -> Tensor:
    """Return the largest relative difference per sample, over all parts.

    The scale is the largest entry of ``wanted``, or the product of those of ``factors``.
    """
    if isinstance(wanted, dict):
        return torch.stack([error(found[name], wanted[name]) for name in wanted]).amax(0)
    a: Tensor
    b: Tensor
    a, b = torch.broadcast_tensors(found.double(), wanted.double())
    if a.numel() == 0:
        return a.new_zeros(len(a))
    difference: Tensor = (a - b).abs().reshape(len(a), -1).amax(-1)
    scale = largest(b)
    if factors:
        scale = torch.maximum(scale, torch.stack([largest(x) for x in factors]).prod(0))
    return difference / scale


def same_data(subject: Any) -> bool:
    """Return whether a pickled and a deep copy are equal to the subject and hash alike."""
    copies = []
    try:
        copies.append(copy.deepcopy(subject))
        copies.append(pickle.loads(pickle.dumps(subject)))
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        if "__main__" not in str(error):  # classes of a prompt cannot be unpickled
            return False
    return all(other == subject and hash(other) == hash(subject) for other in copies)


def parts(z: Any) -> list[Tensor]:
    """Return the tensors of a code."""
    return list(z.values()) if isinstance(z, dict) else [z]


def map_parts(f: Callable[..., Tensor], *codes: Any) -> Any:
    """Apply ``f`` to codes, part by part."""
    first = codes[0]
    if not isinstance(first, dict):
        return f(*codes)
    return {name: f(*(z[name] for z in codes)) for name in first}


def rows(z: Any, some: slice | int) -> Any:
    """Return some samples of a code."""
    return map_parts(lambda part: part[some], z)


def rolled(z: Any) -> Any:
    """Return a code with each sample replaced by the one before it."""
    return map_parts(lambda part: part.roll(1, 0), z)


def each_row(t: Tensor, part: Tensor) -> Tensor:
    """Return one number per sample, shaped to broadcast with ``part``."""
    return t.view(-1, *(1,) * (part.ndim - 1))


def weighted_sum(z: Any) -> Tensor:
    """Return a weighted sum per sample over all parts of a code."""
    flat = torch.cat([part.reshape(len(part), -1) for part in parts(z)], 1)
    return flat @ torch.linspace(1, 2, flat.shape[1], dtype=flat.dtype)


def finite_log(group: Group, g: Tensor) -> Tensor | None:
    """Return the mask of elements that have a logarithm; ``None`` for a group without log."""
    return group.log(g).isfinite().all(-1) if group.has_log else None


def check_ability(book: LawBook, subject: object, ability: str, call: Callable[[], object]) -> None:
    """Check that a method returns if its ability is declared, else raises ``TypeError``."""
    with book.law("abilities"):
        if getattr(subject, ability):
            call()
            book.require("abilities", True)
            return
        try:
            call()
        except TypeError:
            book.require("abilities", True)
        else:
            book.require("abilities", False, f"{ability} is False, but the method returns")


def check_mismatch(
    book: LawBook, group: Group, method: str, call: Callable[[Tensor], object]
) -> None:
    """Check that tensors with another shape or kind of dtype than elements are refused.

    Elements of another group that look alike, such as the angle 1.0 and the shift 1.0, cannot be
    told apart.
    """
    g = group.identity(2, dtype=book.dtype)
    others = {"dtype": g.to(book.dtype) if group.has_integer_elements else g.long()}
    if group.element_shape:
        others["shape"] = g.new_zeros(2, *(length + 1 for length in group.element_shape))
    for kind, other in others.items():
        with book.law("mismatch"):
            try:
                call(other)
            except (TypeError, ValueError):
                book.require("mismatch", True)
            else:
                note = f"{method} takes elements of another {kind}; group.check_elements(g) refuses"
                book.require("mismatch", False, note)


def check_element_gradient(
    book: LawBook, group: Group, g: Tensor, value: Callable[[Tensor], Tensor]
) -> None:
    """Compare the gradient of ``value`` to elements with finite differences."""
    if group.has_integer_elements:
        book.leave_out("elements are integers", "gradient")
        return
    with book.law("gradient"):
        leaf = g.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(value(leaf).sum() + 0 * leaf.sum(), leaf)
        book.measure("gradient", (~gradient.isfinite()).reshape(len(leaf), -1).sum(1), g)
    if not group.has_exp:
        return
    v = torch.ones(len(g), group.lie_dim, dtype=g.dtype)
    check_slope(book, g, lambda t: value(group.compose(g, group.exp(t[:, None] * v))))


def check_slope(
    book: LawBook, g: Tensor, value: Callable[[Tensor], Tensor], note: str = ""
) -> None:
    """Compare the derivative of ``value(t)`` at t = 0, per sample, with finite differences."""
    if book.dtype != torch.float64:
        book.leave_out("differences need float64", "derivative")
        return
    step = 1e-5
    with book.law("derivative"):
        t = torch.zeros(len(g), dtype=book.dtype, requires_grad=True)
        found = value(t)
        (slope,) = torch.autograd.grad(found.sum() + 0 * t.sum(), t)
        difference = (value(t.detach() + step) - value(t.detach() - step)) / (2 * step)
        deviation = (slope - difference).abs() / (slope.abs() + found.abs()).clamp(min=1)
        book.measure("derivative", deviation, g, tolerance=1e-6 * book.error_growth, note=note)
