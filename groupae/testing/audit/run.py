"""Course of an audit: choice of elements, calls of the function, assembly of the report."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.testing.audit.elements import Elements, check_given, choose_elements
from groupae.testing.audit.error_split import ErrorSplit
from groupae.testing.audit.fitted import FittedSide, fit_outputs
from groupae.testing.audit.laws import (
    LawBook,
    check_group_laws,
    check_identity,
    check_rows,
    check_twice,
)
from groupae.testing.audit.layers import OUTPUT, LayerAudit
from groupae.testing.audit.measured import Measured
from groupae.testing.audit.report import AuditedLaw, AuditReport, LayerError
from groupae.testing.audit.sides import ActionLike, KnownSide, Side, make_side
from groupae.testing.audit.spread import Spread, explained, squared_differences, subtracted
from groupae.testing.audit.structure import tensors
from groupae.testing.audit.subject import Subject, rows_of

__all__ = ["AuditRun"]

_RETURNED = 1e-4  # relative change of data turned there and back that counts as none


class AuditRun:
    """State of one audit.

    Args:
        subject: The function.
        side_in: Action on its inputs.
        x: Inputs.
        book: Record of the laws.
        layers: Audit of the layers.
        approximate_tolerance: Largest error allowed where the law holds approximately.
    """

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
            known = make_side(self.subject.owner, "action_out", action_out, self.group)
        chosen = self._elements(elements, n_elements, known)
        side_out = known or self._fitted(y, chosen)
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
            values, note = (
                check_given(self.subject.owner, self.group, given),
                "elements given by the caller",
            )
            chosen = Elements(self.group, values, note)
        else:
            sides = [side for side in (self.side_in, side_out) if side is not None]
            found = [side.exact_subgroup for side in sides]
            chosen = choose_elements(self.group, count, [phi for phi in found if phi is not None])
        if bool(chosen.is_identity.all()):
            what = "elements other than the identity"
            raise ValueError(
                expected(self.subject.owner, what, "none", "any law holds at the identity")
            )
        self.notes.append(chosen.note)
        like = tensors(self.x)[0]
        values = chosen.values.to(like.device)
        if values.is_floating_point():
            dtype = like.dtype if like.is_floating_point() else torch.float32
            values = values.to(torch.promote_types(dtype, torch.float32))
        return dataclasses.replace(chosen, values=values)

    def _fitted(self, y: Any, chosen: Elements) -> FittedSide:
        """Return the best linear action on the outputs, fitted on every other sample."""
        side = fit_outputs(self.subject, self.side_in, self.x, y, chosen.values)
        self.notes.append(
            "the action on the outputs is not known: the best linear one was fitted on every "
            "other sample, and errors are those on the rest"
        )
        self.notes += side.fitted.warnings
        self.scored = slice(1, None, 2)
        return side

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
            change = float(squared_differences(self.subject.owner, back, data).mean())
            exact[j] = change <= _RETURNED**2 * spread.unit
        return exact

    # --- the law ----------------------------------------------------------------------------
    def _measure(self, side_out: Side, y: Any, code: Any, chosen: Elements) -> Measured:
        """Return the errors at all elements, and those of layers."""
        exact_in = self._exact_elements(self.side_in, self.x, chosen.values)
        exact = exact_in & self._exact_elements(side_out, code, chosen.values)
        moving = ~chosen.is_identity
        has_exact_input = bool((moving & exact_in).any())
        for_fits = moving & exact_in if has_exact_input else moving
        is_layer = self.layers.ends_in(y, side_out)
        found = Measured(
            exact, moving, for_fits, fits_interpolate=not has_exact_input, has_output=not is_layer
        )
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
        found: Measured,
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
        return float(squared_differences(self.subject.owner, found, wanted)[self.scored].mean())

    def _resampled(
        self, side_out: Side, g: Tensor, found: Any, wanted: Any, returned: list[Any]
    ) -> float:
        """Return the part of the squared error that interpolation alone explains, per sample."""
        changed, code = returned
        sources = [changed]
        if side_out.exact_subgroup is not None or not side_out.is_declared:
            sources.append(side_out.there_and_back(g, code, side_out.act(g, code)))
        directions = [
            subtracted(side_out.compared(g, side_out.act(g, y), wanted), wanted) for y in sources
        ]
        count = len(tensors(wanted)[0][self.scored])
        return explained(subtracted(found, wanted), directions, self.scored) / count

    # --- the report -------------------------------------------------------------------------
    def _assembled(self, side_out: Side, found: Measured, chosen: Elements) -> AuditReport:
        split = found.split(found.total, chosen.is_identity)
        is_approximate = side_out.source == "fitted"
        self.book.errors["equivariance"] = self._equivariance(
            split, is_approximate, found.has_exact(chosen.is_identity)
        )
        inclusion = self._inclusion(found)
        rows = self.layers.rows(inclusion)
        if rows and found.has_output:
            rows = (*rows, self._output_row(side_out, found, chosen, rows))
        if any(row.source == "fitted" for row in rows):
            self.notes.append(
                "the best linear action was fitted for layers whose action is not known; a fault "
                "of a linear layer then appears at the next nonlinear one: name layer_actions"
            )
            if inclusion is not None:
                count = int(found.for_fits.sum())
                self.notes.append(
                    f"these fits use the {count} elements that turn the inputs without "
                    f"interpolation, so they are actions of {inclusion.source}: irreps of "
                    f"{self.group} that agree on it are not told apart"
                )
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

    def _inclusion(self, found: Measured) -> Homomorphism | None:
        """Return the finite subgroup to which the elements of the layers belong, if any."""
        inclusion = self.side_in.exact_subgroup
        if inclusion is None or found.fits_interpolate or inclusion.source.order in (None, 1):
            return None
        return inclusion

    def _output_row(
        self, side_out: Side, found: Measured, chosen: Elements, rows: tuple[LayerError, ...]
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
            adds=added.lost,
            added=added,
            tolerance=self.book.tolerance if is_strict else self.approximate_tolerance,
            approximate_tolerance=self.approximate_tolerance,
        )
