r"""Errors of the layers of a network: in all before a layer, and added by it.

The function is called on ``g x`` twice. In the first call it runs as it is: the difference of a
layer's output from ``g . h``, h its output for ``x``, has the errors of all layers before in it.
In the second call the output of each layer with a known action is compared and then *replaced* by
``g . h``, so that the next one sees exactly transformed inputs, whatever stands between them
(additions, reshapes, skip connections): that difference is what the layer adds.

At elements that interpolate a third call, on ``g^-1 g x`` with the outputs replaced by
``g^-1 g h``, tells what interpolation does to the output of each layer alone (`ErrorSplit`).

Where the action on a layer's output is not known, the best linear one is fitted, on every other
sample, and the error is that on the rest, at the elements that do not interpolate if there are any;
then nothing is replaced, and the layer adds the root of the difference of its squared error and
that of the layer before, at least 0, both counted from the last layer with a known action. That is
weaker evidence: a linear layer that loses nothing carries the action of its inputs over to its
outputs, whatever its weights, so that a fault of its weights appears at the next nonlinear layer.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from groupae._validation import unknown_choice
from groupae.groups import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.testing.audit.error_split import ErrorSplit
from groupae.testing.audit.fitted import FEWEST_PAIRS, MOST_NUMBERS, ChannelFit, fit_code
from groupae.testing.audit.layer_actions import LayerActions
from groupae.testing.audit.recorder import Recorder, copied, innermost, is_batch
from groupae.testing.audit.report import LayerError
from groupae.testing.audit.sides import ActionLike, KnownSide, Side, make_side
from groupae.testing.audit.spread import Spread, explained, squared_differences, subtracted

__all__ = ["OUTPUT", "LayerAudit"]

OUTPUT = "(output)"  # name of the row of the function's own output


@dataclasses.dataclass
class _Layer:
    """Running errors of one layer."""

    name: str
    module: nn.Module
    base: Tensor
    side: Side | None
    fit: ChannelFit
    spread: Spread = dataclasses.field(default_factory=Spread)
    plain: list[float] = dataclasses.field(default_factory=list)
    forced: list[float] = dataclasses.field(default_factory=list)
    resampling: list[float] = dataclasses.field(default_factory=list)
    moved: Tensor | None = None  # g h, of the element at hand
    back: Tensor | None = None  # g^-1 g h
    returned: Tensor | None = None  # the output for g^-1 g x
    is_exact: list[bool] = dataclasses.field(default_factory=list)
    codes: dict[str, list[Tensor]] = dataclasses.field(
        default_factory=lambda: {"plain": [], "forced": []}
    )


class LayerAudit:
    """Audit of the layers of a network, one element at a time.

    Args:
        owner: Beginning of error messages.
        modules: Modules to audit, by name.
        layer_actions: Actions on their outputs, where known.
        group: The group.
        side_in: Action on the inputs of the network.
        tolerance: Largest added error allowed of a layer with a known action.
        approximate_tolerance: That of others.
        only_leaves: Whether only the innermost modules that return batches count.
    """

    def __init__(
        self,
        owner: str,
        modules: dict[str, nn.Module],
        layer_actions: LayerActions,
        group: Group,
        side_in: KnownSide,
        tolerance: float,
        approximate_tolerance: float,
        *,
        only_leaves: bool,
    ) -> None:
        self.owner, self.group, self.side_in = owner, group, side_in
        self.recorder, self.layer_actions = Recorder(modules), layer_actions
        self.tolerance, self.approximate_tolerance = tolerance, approximate_tolerance
        self.only_leaves = only_leaves
        self.layers: dict[str, _Layer] = {}
        self.left_out: dict[str, str] = {}
        self.said: dict[str, list[str]] = {}  # warnings of fits, with the layers
        self.elements: list[Tensor] = []

    @property
    def has_known(self) -> bool:
        """Whether the action on the output of some layer is known."""
        return any(layer.side for layer in self.layers.values())

    # --- the three kinds of calls -----------------------------------------------------------
    def record(self, call: Callable[[], Any], n: int) -> Any:
        """Return ``call()`` with the outputs of all layers for ``x`` recorded."""
        if self.only_leaves and self.recorder.modules:
            self.recorder = Recorder(innermost(self.recorder.modules, call, n))

        def visit(name: str, module: nn.Module, part: Tensor) -> None:
            if is_batch(part, n):
                side = self._side(name, module, part)
                fit = ChannelFit.of(getattr(self.side_in, "action", None), part)
                self.layers[name] = _Layer(name, module, copied(part), side, fit)
            elif part.is_floating_point() and part.ndim:
                shape = tuple(part.shape)
                self.left_out[name] = f"its output {shape} has no first axis of {n} samples"

        with self.recorder.visiting(visit):
            y = call()
        self._check_names()
        if not self.only_leaves:
            named = (*self.layers, *self.left_out)
            seen = {name.partition(" (call ")[0].partition("[")[0] for name in named}
            idle = sorted(set(self.recorder.modules) - seen)
            self.left_out |= dict.fromkeys(idle, "no call of it returned a batch")
        for layer in self.layers.values():
            length = layer.fit.length(layer.base)
            if layer.side is None and length > MOST_NUMBERS:
                self.left_out[layer.name] = (
                    f"{length} numbers without a known action, more than {MOST_NUMBERS}: "
                    "name it in layer_actions"
                )
        self.layers = {k: v for k, v in self.layers.items() if k not in self.left_out}
        return y

    def ends_in(self, y: Any, side: Side) -> bool:
        """Return whether the last layer's output is that of the function; then it acts alike."""
        last = next(reversed(self.layers.values()), None)
        if last is None or not isinstance(y, Tensor) or y.shape != last.base.shape:
            return False
        is_last = bool(torch.equal(y, last.base))
        if is_last and last.side is None and isinstance(side, KnownSide):
            last.side = KnownSide(side.action, self.group, "output")
        return is_last

    def plain(self, call: Callable[[], Any], g: Tensor, *, fits: bool) -> Any:
        """Return ``call()``, the function of ``g x``, with the errors of layers recorded.

        Args:
            call: The call.
            g: The element.
            fits: Whether actions that are not known are fitted at this element.
        """
        if fits:
            self.elements.append(g)

        def visit(layer: _Layer, part: Tensor) -> None:
            if layer.side is not None:
                layer.moved = layer.side.act(g, layer.base)
                wanted = layer.side.compared(g, layer.moved, part)
                layer.spread.add(wanted)
                layer.plain.append(self._error(part, wanted))
            elif fits:
                layer.codes["plain"].append(layer.fit.codes(part, g))

        return self._visited(call, visit)

    def returned(self, call: Callable[[], Any], g: Tensor) -> Any:
        """Return ``call()``, the function of ``g^-1 g x``, with what interpolation does recorded.

        The outputs of layers with known actions are replaced by ``g^-1 g h``.
        """

        def visit(layer: _Layer, part: Tensor) -> Tensor | None:
            if layer.side is None:
                return None
            layer.returned = part
            layer.back = layer.side.there_and_back(g, layer.base, layer.moved)
            return layer.back

        return self._visited(call, visit)

    def forced(self, call: Callable[[], Any], g: Tensor, *, fits: bool, is_exact: bool) -> Any:
        """Return ``call()`` with the outputs of layers with known actions replaced by ``g h``.

        Args:
            call: The call.
            g: The element.
            fits: Whether actions that are not known are fitted at this element.
            is_exact: Whether it moves data without interpolation; else `returned` comes before,
                and `plain` in any case.
        """

        def visit(layer: _Layer, part: Tensor) -> Tensor | None:
            if layer.side is None:
                if fits:
                    layer.codes["forced"].append(layer.fit.codes(part, g))
                return None
            wanted: Tensor = layer.side.compared(g, layer.moved, part)
            layer.forced.append(self._error(part, wanted))
            exact = is_exact and bool(layer.side.exact(g[None])[0])
            layer.is_exact.append(exact)
            layer.resampling.append(0.0 if exact else self._resampling(layer, g, part, wanted))
            return wanted

        return self._visited(call, visit)

    def _visited(
        self, call: Callable[[], Any], visit: Callable[[_Layer, Tensor], Tensor | None]
    ) -> Any:
        """Return ``call()`` with each output of a recorded layer visited, as a copy."""

        def each(name: str, _: nn.Module, part: Tensor) -> Tensor | None:
            layer = self.layers.get(name)
            if layer is None or part.shape != layer.base.shape:
                return None
            other = visit(layer, copied(part))
            return None if other is None else other.to(part.dtype)

        if not self.layers:
            return call()
        with self.recorder.visiting(each):
            return call()

    def _error(self, found: Tensor, wanted: Tensor) -> float:
        return float(squared_differences(self.owner, found, wanted).mean())

    def _resampling(self, layer: _Layer, g: Tensor, found: Tensor, wanted: Tensor) -> float:
        """Return the part of the squared error that interpolation explains, per sample."""
        assert layer.side is not None
        directions = [
            subtracted(layer.side.compared(g, layer.side.act(g, y), wanted), wanted)
            for y in (layer.returned, layer.back)
            if y is not None
        ]
        return explained(subtracted(found, wanted), directions, slice(None)) / len(wanted)

    # --- actions ----------------------------------------------------------------------------
    def _side(self, name: str, module: nn.Module, part: Tensor) -> Side | None:
        """Return the action on a layer's output, where the caller knows one."""
        known = self.layer_actions
        action: ActionLike | None = None
        if isinstance(known, str):
            position = ChannelFit.of(getattr(self.side_in, "action", None), part).positions
            action = position
        elif isinstance(known, Mapping):
            action = known.get(name)
        elif known is not None:
            action = known(name, module, part)
        if action is None:
            return None
        side = make_side(self.owner, f"the action of layer {name}", action, self.group)
        unit = self.group.identity(dtype=torch.promote_types(part.dtype, torch.float32))
        try:
            side.act(unit.to(part.device), part.detach())
        except (TypeError, ValueError) as error:
            raise type(error)(f"{self.owner}: layer {name}: {error}") from error
        return side

    def _check_names(self) -> None:
        if isinstance(self.layer_actions, Mapping):
            for name in self.layer_actions:
                if name not in self.layers and name not in self.left_out:
                    raise ValueError(
                        unknown_choice(self.owner, "a layer of layer_actions", name, self.layers)
                    )

    # --- results ----------------------------------------------------------------------------
    @property
    def notes(self) -> list[str]:
        """Warnings of the fits, each with its layers."""
        return [f"{', '.join(layers)}: {said}" for said, layers in self.said.items()]

    def rows(self, inclusion: Homomorphism | None) -> tuple[LayerError, ...]:
        """Return a row per layer, in the order of the calls.

        Args:
            inclusion: The subgroup of the elements that were used, if not of the whole group.
        """
        rows: list[LayerError] = []
        before = ErrorSplit()  # of the layer before, since the last one with a known action
        for layer in self.layers.values():
            row = self._known(layer) if layer.side else self._fitted(layer, inclusion)
            if row is None:
                continue
            added = row.added
            less = added.beyond(before)
            rows.append(dataclasses.replace(row, added=less, adds=less.lost))
            before = ErrorSplit() if layer.side else added
        return tuple(rows)

    def _known(self, layer: _Layer) -> LayerError | None:
        side = layer.side
        assert side is not None
        if not layer.forced:
            self.left_out[layer.name] = "its output for g x has another shape than for x"
            return None
        unit = layer.spread.unit
        exact, other = (
            [
                e
                for e, is_exact in zip(layer.forced, layer.is_exact, strict=True)
                if is_exact is kind
            ]
            for kind in (True, False)
        )
        added = ErrorSplit.of(
            exact=_mean(exact, unit),
            other=_mean(other, unit),
            resampling=(_mean(layer.resampling, unit) or 0.0)
            * (len(layer.forced) / max(1, len(other))),
        )
        tolerance = self.tolerance if exact else self.approximate_tolerance
        return LayerError(
            name=layer.name,
            kind=type(layer.module).__name__,
            action=side.text,
            source=side.source,
            error=math.sqrt(_mean(layer.plain, unit) or 0.0),
            adds=added.lost,
            added=added,
            tolerance=tolerance,
            approximate_tolerance=self.approximate_tolerance,
        )

    def _fitted(self, layer: _Layer, inclusion: Homomorphism | None) -> LayerError | None:
        """Return the row of a layer whose action is fitted on every other sample."""
        plain = layer.codes["plain"]
        forced = layer.codes["forced"] or plain
        group = self.group if inclusion is None else inclusion.source
        reason = self._no_fit(layer, group, plain)
        if reason:
            self.left_out[layer.name] = reason
            return None
        g = torch.stack(self.elements).cpu()
        g = g if inclusion is None else inclusion.preimage(g)
        z = layer.fit.codes(layer.base)
        n, pixels = z.shape[:2]
        each = g[:, None, None].expand(len(g), n, pixels, *g.shape[1:])
        first = z[None].expand(len(g), *z.shape)

        def half(x: Tensor, start: int) -> Tensor:
            return x[:, start::2].flatten(0, 2).cpu()

        targets = torch.stack(forced)
        held_out = half(z[None], 1)
        fitted = fit_code(group, half(first, 0), half(each, 0), half(targets, 0), held_out)
        if fitted.obstacle:
            self.left_out[layer.name] = fitted.obstacle
            return None
        for said in fitted.warnings:
            self.said.setdefault(said, []).append(layer.name)
        codes = fitted.project(half(first, 1))
        elements = half(each, 1)
        elements = elements if group.has_integer_elements else elements.double()
        wanted = fitted.action(elements, codes)
        layer.spread.add(wanted)
        errors = [
            float((fitted.project(half(x, 1)) - wanted).square().sum(-1).mean()) / layer.spread.unit
            for x in (torch.stack(plain), targets)
        ]
        added = ErrorSplit(model=errors[1])
        place = "" if layer.fit.positions is None else "maps moved in space, channels by the "
        return LayerError(
            name=layer.name,
            kind=type(layer.module).__name__,
            action=f"{place}{fitted.text}",
            source="fitted",
            error=math.sqrt(errors[0]),
            adds=added.error,
            added=added,
            tolerance=self.approximate_tolerance,
            approximate_tolerance=self.approximate_tolerance,
        )

    def _no_fit(self, layer: _Layer, group: Group, plain: list[Tensor]) -> str:
        """Return the reason why no action can be fitted; empty if one can."""
        if not (group.is_compact and group.has_irreps):
            return f"no known action, and none can be fitted for {group}, which is not compact"
        if len(plain) != len(self.elements):
            return "its output for g x has another shape than for x"
        pairs = sum(part[::2].flatten(0, 1).shape[0] for part in plain)
        if pairs < FEWEST_PAIRS:
            return f"no known action, and only {pairs} pairs to fit one; give more samples"
        spread = Spread()
        spread.add(torch.cat([part.flatten(0, 1) for part in plain]))
        if not all(bool(part.isfinite().all()) for part in plain):
            return "its outputs are not finite"
        return "its outputs do not vary" if spread.is_constant else ""


def _mean(errors: list[float], unit: float) -> float | None:
    return sum(errors) / len(errors) / unit if errors else None
