"""Audit of a function: is it equivariant, and where is it lost?"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import ShapeError, check_count, expected
from groupae.groups import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.testing.audit.elements import Elements, check_given, choose_elements, rotations
from groupae.testing.audit.error_split import ErrorSplit
from groupae.testing.audit.fitted import (
    FEWEST_PAIRS,
    MOST_NUMBERS,
    ChannelFit,
    FittedSide,
    fit_code,
)
from groupae.testing.audit.laws import (
    LawBook,
    check_group_laws,
    check_identity,
    check_rows,
    check_twice,
)
from groupae.testing.audit.layers import OUTPUT, LayerActions, LayerAudit, check_layer_actions
from groupae.testing.audit.recorder import choose_modules, evaluation_mode
from groupae.testing.audit.report import AuditedLaw, AuditReport, ElementError, LayerError
from groupae.testing.audit.sides import (
    ActionLike,
    KnownSide,
    Side,
    check_data,
    find_group,
    make_side,
)
from groupae.testing.audit.spread import Spread, explained, squared_differences, subtracted
from groupae.testing.audit.structure import tensors
from groupae.testing.audit.subject import Subject, find_module, rows_of

__all__ = ["audit"]

_OWNER = "audit"
_RETURNED = 1e-4  # relative change of data turned there and back that counts as none


def audit(
    f: Callable[[Any], Any],
    action_in: ActionLike,
    action_out: ActionLike | None,
    x: Any,
    *,
    group: Group | None = None,
    elements: Tensor | None = None,
    n_elements: int = 24,
    module: nn.Module | None = None,
    layers: str | Iterable[str] = "leaves",
    layer_actions: LayerActions = None,
    tolerance: float | None = None,
    approximate_tolerance: float = 0.1,
    evaluation: bool = True,
    needs_grad: bool = False,
) -> AuditReport:
    r"""Return which laws of equivariance a function keeps, and where they are lost.

    The law is ``f(g . x) = g . f(x)``. Errors are root mean squares in units of the standard
    deviation of the outputs; `groupae.testing.audit.ErrorSplit` defines the parts of an error.

    Args:
        f: The function or network, from a batch of ``n`` samples to a batch.
        action_in: Action on the inputs: a latent action such as `GridAction`, a `Representation`
            (on the last axis), ``"invariant"``, or a function of one element, shape
            ``element_shape``, and a batch.
        action_out: Action on the outputs. ``None`` fits the best linear one on every other sample
            by `groupae.fit_action`, and scores the rest.
        x: Samples, shape ``(n, ...)``, or a dict or tuple of tensors, as ``f`` takes them.
        group: The group, needed if both actions are functions or words.
        elements: Elements to use, shape ``(m, *element_shape)``. Unless given: all of a small
            finite group; else those that move the data without interpolation, a grid, and random
            ones. Of a group that is not compact they are random, and no average over the group is
            claimed.
        n_elements: Number of elements of the grid, or of random ones where there is no grid.
        module: The network whose layers are audited; ``f`` itself, or the network of which it is
            a method, unless given.
        layers: ``"leaves"`` for all modules without children, or names of modules.
        layer_actions: Actions on the outputs of layers, where known: by name in a dict, by a
            function of name, module and output that may return ``None``, or ``"positions"``:
            feature maps are moved like the pictures, with scalar channels. For all others the
            best linear action is fitted.
        tolerance: Largest error allowed where the law is exact; the root of the dtype's ``eps``
            unless given (3e-4 in float32).
        approximate_tolerance: Largest error allowed where it can only hold approximately: between
            the exact elements, or under a fitted action.
        evaluation: Whether the network is audited in evaluation mode; its modes are restored.
        needs_grad: Whether ``f`` differentiates inside, as networks of forces do.

    Returns:
        The report. Per element it costs one call of ``f`` on ``n`` samples, and a second one if
        the element interpolates; twice that if actions on layers are known; and half a call more
        for ``action_out=None``.

    Raises:
        ValueError: If actions are of different groups, or a layer is unknown.
        ShapeError: If there are fewer than 2 samples, or ``f`` returns another number of samples.
        TypeError: If ``x`` or the outputs are not floating, or an action is none.

    Example:
        >>> from groupae import SO3
        >>> rho = SO3().rep("4x1")
        >>> report = audit(lambda z: z.relu(), rho, rho, torch.randn(32, 12))
        >>> report.passed, report.errors["equivariance"].error > 0.1
        (False, True)
    """
    start = time.perf_counter()
    _check_arguments(f, n_elements, tolerance, approximate_tolerance)
    group = find_group(_OWNER, group, action_in, action_out)
    side_in = make_side(_OWNER, "action_in", action_in, group)
    check_data(_OWNER, side_in, x)
    n = len(tensors(x)[0])
    if n < 2:
        remedy = "errors are measured by the spread of the outputs over samples; 16 are better"
        raise ShapeError(expected(_OWNER, "at least 2 samples in x", n, remedy))
    check_layer_actions(_OWNER, layer_actions, side_in)
    root = find_module(f) if module is None else module
    if tolerance is None:
        floats = [part.dtype for part in tensors(x) if part.is_floating_point()]
        tolerance = math.sqrt(max(torch.finfo(d).eps for d in floats or [torch.float32]))
    run = _Audit(
        Subject(_OWNER, f, needs_grad=needs_grad),
        side_in,
        x,
        LawBook(_OWNER, tolerance),
        LayerAudit(
            _OWNER,
            choose_modules(_OWNER, root, layers),
            layer_actions,
            group,
            side_in,
            tolerance,
            approximate_tolerance,
        ),
        approximate_tolerance,
    )
    if root is None:
        run.notes.append("f is no torch module, so no layers were audited; module= names one")
    with evaluation_mode(root if evaluation else None):
        report = run.report(action_out, elements, n_elements)
    return dataclasses.replace(report, seconds=time.perf_counter() - start)


def _check_arguments(
    f: object, n_elements: object, tolerance: object, approximate_tolerance: object
) -> None:
    """Raise unless the plain arguments are of the right kind."""
    if not callable(f) or isinstance(f, type):
        remedy = "a class is none; make an object of it" if isinstance(f, type) else ""
        raise TypeError(expected(_OWNER, "f as a function or module", repr(f), remedy))
    check_count(_OWNER, "n_elements", n_elements)
    allowed = {"tolerance": tolerance, "approximate_tolerance": approximate_tolerance}
    for name, value in allowed.items():
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if value is not None and not (is_number and value > 0):  # type: ignore[operator]
            raise ValueError(expected(_OWNER, f"{name} as a number above 0", repr(value)))


class _Audit:
    """State of one audit."""

    def __init__(
        self,
        subject: Subject,
        side_in: KnownSide,
        x: Any,
        book: LawBook,
        layers: LayerAudit,
        approximate_tolerance: float,
    ) -> None:
        self.subject, self.side_in, self.x, self.book = subject, side_in, x, book
        self.layers, self.approximate_tolerance = layers, approximate_tolerance
        self.group = side_in.group
        self.notes: list[str] = []
        self.scored = slice(None)  # samples that are scored

    def report(
        self, action_out: ActionLike | None, elements: Tensor | None, n_elements: int
    ) -> AuditReport:
        """Return the report."""
        n = len(tensors(self.x)[0])
        y = self.layers.record(lambda: self.subject(self.x), n)
        check_twice(self.book, self.subject, self.x, y)
        check_rows(self.book, self.subject, self.x, y)
        known = None
        if action_out is not None:
            known = make_side(_OWNER, "action_out", action_out, self.group)
        chosen = self._elements(elements, n_elements, known)
        side_out = known or self._fit(y, chosen)
        code = side_out.code(y)
        self._check_sides(side_out, code, chosen)
        measured = self._measure(side_out, y, code, chosen)
        self.book.require(
            "no_mutation",
            not self.subject.changed,
            f"f changes its input in place: {', '.join(sorted(self.subject.changed))}",
        )
        return self._assembled(side_out, measured, chosen)

    # --- choices ----------------------------------------------------------------------------
    def _elements(self, given: Tensor | None, count: int, side_out: KnownSide | None) -> Elements:
        if given is not None:
            values, note = check_given(_OWNER, self.group, given), "elements given by the caller"
            chosen = Elements(self.group, values, note)
        else:
            sides = [side for side in (self.side_in, side_out) if side is not None]
            found = [side.exact_subgroup for side in sides]
            chosen = choose_elements(self.group, count, [phi for phi in found if phi is not None])
        if bool(chosen.is_identity.all()):
            what = "elements other than the identity"
            raise ValueError(expected(_OWNER, what, "none", "any law holds at the identity"))
        self.notes.append(chosen.note)
        like = tensors(self.x)[0]
        values = chosen.values.to(like.device)
        if values.is_floating_point():
            dtype = like.dtype if like.is_floating_point() else torch.float32
            values = values.to(torch.promote_types(dtype, torch.float32))
        return dataclasses.replace(chosen, values=values)

    def _fit(self, y: Any, chosen: Elements) -> FittedSide:
        """Return the best linear action on the outputs, fitted on every other sample."""
        if not isinstance(y, Tensor):
            remedy = "give action_out as a function, or return one tensor from f"
            what = "one tensor from f for action_out=None"
            raise TypeError(expected(_OWNER, what, type(y).__name__, remedy))
        if not (self.group.is_compact and self.group.has_irreps):
            what = "a compact group with irreps for action_out=None"
            raise TypeError(expected(_OWNER, what, self.group, "name the action on the outputs"))
        fit = ChannelFit.of(self.side_in.action, y)
        if fit.length(y) > MOST_NUMBERS:
            what = f"outputs of at most {MOST_NUMBERS} numbers for action_out=None"
            raise ShapeError(expected(_OWNER, what, fit.length(y), "name their action"))
        some = slice(0, None, 2)
        first, x = fit.codes(y[some]), rows_of(self.x, some)
        second = [fit.codes(self.subject(self.side_in.act(g, x)), g) for g in chosen.values]
        pairs = len(second) * first.shape[0] * first.shape[1]
        if pairs < FEWEST_PAIRS:
            what = f"at least {FEWEST_PAIRS} pairs for action_out=None"
            raise ShapeError(expected(_OWNER, what, pairs, "give more samples or elements"))
        spread = Spread()
        spread.add(torch.cat([first, *second]))
        if spread.is_constant or not all(bool(z.isfinite().all()) for z in second):
            what = "finite outputs that vary, to fit their action"
            raise ValueError(expected(_OWNER, what, "others", "name it: 'invariant' if constant"))
        z2 = torch.stack(second)
        g = chosen.values[:, None, None]
        g = g.expand(*z2.shape[:3], *chosen.values.shape[1:]).flatten(0, 2)
        z1 = first[None].expand_as(z2).flatten(0, 2)
        fitted = fit_code(self.group, z1.cpu(), g.cpu(), z2.flatten(0, 2).cpu())
        self.notes.append(
            "the action on the outputs is not known: the best linear one was fitted on every "
            "other sample, and errors are those on the rest"
        )
        self.notes += fitted.warnings
        self.scored = slice(1, None, 2)
        return FittedSide(self.group, fit, fitted)

    def _check_sides(self, side_out: Side, code: Any, chosen: Elements) -> None:
        """Check that both actions are actions, on elements that do not interpolate."""
        check_identity(self.book, self.subject, (self.side_in, side_out), self.x, code)
        sides = (("input_action", self.side_in, self.x), ("composition", side_out, code))
        for law, side, data in sides:
            exact = self._exact_elements(side, data, chosen.values)
            usable = chosen.values[exact.to(chosen.values.device)]
            if bool((exact & ~chosen.is_identity).any()):
                check_group_laws(self.book, law, side, data, usable)
            else:
                self.book.left_out[law] = "every element but the identity interpolates"

    def _exact_elements(self, side: Side, data: Any, g: Tensor) -> Tensor:
        """Return the mask of elements that move data there and back without a change."""
        exact = side.exact(g)
        if side.is_declared and side.exact_subgroup is None:
            return exact
        spread = Spread()
        spread.add(data)
        for j in torch.nonzero(exact).flatten().tolist():
            back = side.act(self.group.inverse(g[j][None])[0], side.act(g[j], data))
            change = float(squared_differences(_OWNER, back, data).mean())
            exact[j] = change <= _RETURNED**2 * spread.unit
        return exact

    # --- the law ----------------------------------------------------------------------------
    def _measure(self, side_out: Side, y: Any, code: Any, chosen: Elements) -> _Measured:
        """Return the errors at all elements, and those of layers."""
        exact = self._exact_elements(self.side_in, self.x, chosen.values)
        exact &= self._exact_elements(side_out, code, chosen.values)
        moving = ~chosen.is_identity
        for_fits = moving & exact if bool((moving & exact).any()) else moving
        is_layer = self.layers.ends_in(y, side_out)
        found = _Measured(exact, moving, for_fits, has_output=not is_layer)
        for j, g in enumerate(chosen.values):
            gx = self.side_in.act(g, self.x)
            call = functools.partial(self.subject, gx)
            if not moving[j]:
                self._record(found, side_out, g, call(), code)
                continue
            fits = bool(for_fits[j])
            out = self.layers.plain(call, g, fits=fits)
            returned = None
            if not exact[j]:
                back = self.side_in.act(self.group.inverse(g[None])[0], gx)
                returned = side_out.code(self.subject(back))
                if self.layers.has_known:
                    self.layers.returned(functools.partial(self.subject, back), g)
            self._record(found, side_out, g, out, code, returned)
            if self.layers.has_known:
                is_exact = bool(exact[j])
                last = self.layers.forced(call, g, fits=fits, is_exact=is_exact)
                last = side_out.code(last)
                wanted = side_out.compared(g, side_out.act(g, code), last)
                found.forced.append(self._error(last, wanted))
            else:
                found.forced.append(found.total[-1])
        return found

    def _record(
        self,
        found: _Measured,
        side_out: Side,
        g: Tensor,
        out: Any,
        code: Any,
        returned: Any = None,
    ) -> None:
        """Record the error at one element, and its part that interpolation explains."""
        out = side_out.code(out)
        wanted = side_out.compared(g, side_out.act(g, code), out)
        found.spread.add(rows_of(wanted, self.scored))
        found.total.append(self._error(out, wanted))
        lost = 0.0
        if returned is not None:
            lost = self._resampled(side_out, g, out, wanted, [returned, code])
        found.resampling.append(lost)

    def _error(self, found: Any, wanted: Any) -> float:
        return float(squared_differences(_OWNER, found, wanted)[self.scored].mean())

    def _resampled(
        self, side_out: Side, g: Tensor, found: Any, wanted: Any, returned: list[Any]
    ) -> float:
        """Return the part of the squared error that interpolation alone explains, per sample."""
        changed, code = returned
        sources = [changed]
        if side_out.exact_subgroup is not None or not side_out.is_declared:
            sources.append(side_out.there_and_back(g, code))
        directions = [
            subtracted(side_out.compared(g, side_out.act(g, y), wanted), wanted) for y in sources
        ]
        count = len(tensors(wanted)[0][self.scored])
        return explained(subtracted(found, wanted), directions, self.scored) / count

    # --- the report -------------------------------------------------------------------------
    def _assembled(self, side_out: Side, found: _Measured, chosen: Elements) -> AuditReport:
        split = found.split(found.total, chosen.is_identity)
        is_approximate = side_out.source == "fitted"
        self.book.errors["equivariance"] = self._equivariance(
            split, is_approximate, found.has_exact(chosen.is_identity)
        )
        inclusion = self._inclusion(found)
        rows = self.layers.rows(inclusion)
        if rows and found.has_output:
            rows = (*rows, self._output_row(side_out, found, chosen, rows))
        if found.spread.is_constant:
            self.notes.append(
                "the outputs do not vary over the samples: a constant is invariant, trivially, "
                "and nothing follows for the network"
            )
        order = ("equivariance", "identity", "composition", "input_action")
        laws = {law: self.book.errors[law] for law in order if law in self.book.errors}
        return AuditReport(
            subject=self.subject.name,
            group=str(self.group),
            action_in=self.side_in.text,
            action_out=side_out.text,
            samples=len(tensors(self.x)[0]),
            errors={**laws, **self.book.errors},
            layers=rows,
            by_element=found.entries(chosen),
            left_out={**self.book.left_out, **self.layers.left_out},
            notes=tuple(dict.fromkeys([*self.notes, *self.layers.notes])),
            is_constant=found.spread.is_constant,
            passes=self.subject.passes,
        )

    def _equivariance(self, split: ErrorSplit, is_approximate: bool, has_exact: bool) -> AuditedLaw:
        loose, strict = self.approximate_tolerance, self.book.tolerance
        note = ""
        allowed = strict
        if is_approximate or not has_exact:
            allowed = loose
        model, between = math.sqrt(split.model), math.sqrt(split.discretisation)
        if not model <= allowed:
            note = f"the model's part is {model:.2e}"
        elif not between <= loose:
            note = (
                f"it holds on the exact elements only: {between:.2e} between them, "
                f"more than approximate_tolerance {loose:.1e}"
            )
        passed = not note
        if passed and split.error > loose:
            note = "the data are too rough for their grid: a turn alone changes the outputs"
        return AuditedLaw("equivariance", split.error, allowed, split, note, passed)

    def _inclusion(self, found: _Measured) -> Homomorphism | None:
        """Return the finite subgroup to which the elements of the layers belong, if any."""
        inclusion = self.side_in.exact_subgroup
        is_exact = bool(found.exact[found.for_fits].all())
        if inclusion is None or not is_exact or inclusion.source.order in (None, 1):
            return None
        return inclusion

    def _output_row(
        self, side_out: Side, found: _Measured, chosen: Elements, rows: tuple[LayerError, ...]
    ) -> LayerError:
        """Return the row of the function's own output, behind the last layer."""
        last = rows[-1]
        before = 0.0 if last.source == "given" else last.added.total
        split = found.split(found.forced_everywhere(), chosen.is_identity)
        added = dataclasses.replace(split, model=max(0.0, split.model - before))
        is_strict = found.has_exact(chosen.is_identity)
        is_strict &= "fitted" not in (side_out.source, last.source)
        return LayerError(
            name=OUTPUT,
            kind=self.subject.name,
            action=side_out.text,
            source=side_out.source,
            error=found.split(found.total, chosen.is_identity).error,
            adds=math.sqrt(added.model + added.discretisation),
            added=added,
            tolerance=self.book.tolerance if is_strict else self.approximate_tolerance,
            approximate_tolerance=self.approximate_tolerance,
        )


@dataclasses.dataclass
class _Measured:
    """Squared errors at all elements, not yet relative."""

    exact: Tensor
    moving: Tensor
    for_fits: Tensor
    has_output: bool
    total: list[float] = dataclasses.field(default_factory=list)
    resampling: list[float] = dataclasses.field(default_factory=list)
    forced: list[float] = dataclasses.field(default_factory=list)
    spread: Spread = dataclasses.field(default_factory=Spread)

    def has_exact(self, is_identity: Tensor) -> bool:
        """Return whether some element other than the identity does not interpolate."""
        return bool((self.exact & ~is_identity).any())

    def forced_everywhere(self) -> list[float]:
        """Return the errors with exact inputs to the last part, 0 at the identity."""
        forced = iter(self.forced)
        return [next(forced) if moves else 0.0 for moves in self.moving.tolist()]

    def split(self, errors: list[float], is_identity: Tensor) -> ErrorSplit:
        """Return the split of the mean of errors over all elements but the identity."""
        lost = self._mean(self.resampling, ~self.exact)
        exact = self._mean(errors, self.exact & ~is_identity)
        return ErrorSplit.of(
            exact=exact, other=self._mean(errors, ~self.exact), resampling=lost or 0.0
        )

    def _mean(self, errors: list[float], mask: Tensor) -> float | None:
        chosen = [e for e, use in zip(errors, mask.tolist(), strict=True) if use]
        return sum(chosen) / len(chosen) / self.spread.unit if chosen else None

    def entries(self, chosen: Elements) -> tuple[ElementError, ...]:
        """Return an entry per element, each error split by the same rule."""
        unit, at_exact = self.spread.unit, self._mean(self.total, self.exact & ~chosen.is_identity)
        entries = []
        places = rotations(chosen.group, chosen.values.cpu())
        for j, (angle, axis, is_reflection) in enumerate(places):
            total, lost = self.total[j] / unit, self.resampling[j] / unit
            if bool(self.exact[j]):
                split = ErrorSplit(model=total)
            else:
                known = None if at_exact is None else min(at_exact, total)
                split = ErrorSplit.of(exact=known, other=total, resampling=lost)
            element = tuple(chosen.values[j].flatten().tolist())
            is_exact = bool(self.exact[j])
            entries.append(ElementError(element, angle, axis, is_reflection, is_exact, split))
        return tuple(entries)
