"""Laws of a function as a whole, beside equivariance itself."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import torch
from torch import Tensor

from groupae._printable import counted
from groupae.groups import Group
from groupae.testing.audit.report import AuditedLaw
from groupae.testing.audit.sides import Side
from groupae.testing.audit.spread import Spread, squared_differences
from groupae.testing.audit.structure import map_tensors, tensors
from groupae.testing.audit.subject import Subject, find_module, rows_of
from groupae.testing.samples import seeded

__all__ = ["LawBook", "check_group_laws", "check_rows", "check_twice"]

_MOST_ROWS = 4  # samples that are also sent through the function one by one
_MOST_PAIRS = 12  # pairs of elements for the composition


@dataclasses.dataclass
class LawBook:
    """Laws found so far.

    Args:
        owner: Beginning of error messages.
        tolerance: Largest relative error allowed.
    """

    owner: str
    tolerance: float
    errors: dict[str, AuditedLaw] = dataclasses.field(default_factory=dict)
    left_out: dict[str, str] = dataclasses.field(default_factory=dict)

    def measure(self, law: str, found: Any, wanted: Any, unit: float, note: str = "") -> None:
        """Record the relative error of a law; the largest of several."""
        mean = float(squared_differences(self.owner, found, wanted).mean()) / unit
        error = math.sqrt(mean)
        known = self.errors.get(law)
        if known is None or error > known.error:
            passed = error <= self.tolerance
            shown = "" if passed else note
            self.errors[law] = AuditedLaw(law, error, self.tolerance, None, shown, passed)

    def require(self, law: str, holds: bool, note: str) -> None:
        """Record whether a law holds."""
        error = 0.0 if holds else math.inf
        shown = "" if holds else note
        self.errors[law] = AuditedLaw(law, error, self.tolerance, None, shown, holds)


def check_twice(book: LawBook, subject: Subject, x: Any, y: Any) -> None:
    """Check that a second call returns the same, and that outputs are finite."""
    parts = tensors(y)
    bad = sum(int((~part.isfinite()).sum()) for part in parts)
    total = sum(part.numel() for part in parts)
    book.require("finite", bad == 0, f"{bad} of {total} outputs are NaN or infinite")
    again = subject(x)
    note = (
        "two calls on the same batch differ: f is random (dropout, sampling); every other error "
        "contains this one"
    )
    book.measure("deterministic", again, y, _unit(y), note)


def _unit(y: Any) -> float:
    spread = Spread()
    spread.add(y)
    return spread.unit


def check_rows(book: LawBook, subject: Subject, x: Any, y: Any) -> None:
    """Check that the output of a sample does not depend on the others in the batch."""
    module = find_module(subject.f)
    does_train = module is not None and any(part.training for part in module.modules())
    n = len(tensors(x)[0])
    if any(part.ndim == 0 or len(part) != n for part in tensors(x)):
        reason = f"a part of x has no first axis of {counted(n, 'sample')}"
        book.left_out["batch_independence"] = reason
        return
    for i in range(min(n, _MOST_ROWS)):
        if does_train:  # statistics of a batch of one are refused
            some, word = [i, i], "twice"
        else:
            some, word = [i], "alone"
        note = f"f of sample {i} {word} differs from its row in f of the batch"
        book.measure(
            "batch_independence", subject(rows_of(x, some)), rows_of(y, some), _unit(y), note
        )


def check_group_laws(book: LawBook, law: str, side: Side, data: Any, g: Tensor) -> None:
    """Check that an action maps ``e`` to nothing and ``gh`` to ``g`` after ``h``.

    Args:
        book: Record of the laws.
        law: Name of the law of composition.
        side: The action.
        data: Data to act on.
        g: Elements that act without resampling, at least one.
    """
    group, unit = side.group, _unit(data)
    a, b = _pairs(group, g)
    for first, second in zip(a, b, strict=True):
        both = side.act(group.compose(first[None], second[None])[0], data)
        note = f"(g h) . y is not g . (h . y) at {first.tolist()} and {second.tolist()}"
        book.measure(law, side.act(first, side.act(second, data)), both, unit, note)


def _pairs(group: Group, g: Tensor) -> tuple[Tensor, Tensor]:
    """Return some pairs of elements, other than the identity where possible."""
    unit = group.identity(1, dtype=g.dtype, device=g.device)
    moving = g[(group.distance(g, unit) > 1e-5).to(g.device)]
    g = moving if len(moving) else g
    order = torch.randperm(len(g), generator=seeded(0))[:_MOST_PAIRS].to(g.device)
    other = torch.randperm(len(g), generator=seeded(1))[:_MOST_PAIRS].to(g.device)
    return g[order], g[other]


def check_identity(
    book: LawBook, subject: Subject, sides: tuple[Side, Side], x: Any, y: Any
) -> None:
    """Check that the identity changes neither data nor outputs.

    Args:
        book: Record of the laws.
        subject: The function.
        sides: Actions on inputs and outputs.
        x: Inputs.
        y: Outputs, as compared.
    """
    side_in, side_out = sides
    like = next(part for part in tensors(x))
    dtype = torch.promote_types(like.dtype, torch.float32)
    unit = side_in.group.identity(dtype=dtype, device=like.device)
    moved = side_out.code(subject(side_in.act(unit, x)))
    book.measure("identity", moved, y, _unit(y), "f(e . x) is not f(x)")
    book.measure("identity", side_out.act(unit, y), y, _unit(y), "e . f(x) is not f(x)")
    same = map_tensors(lambda _, part: part.double(), x)
    still = side_in.act(unit, x)
    book.measure("input_action", still, same, _unit(x), "e . x is not x")
