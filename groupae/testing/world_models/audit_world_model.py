"""Measurements of a world model against trajectories.

All errors are relative: root mean square over trajectories, divided by the root mean square
distance of true codes from their mean, so that 1 is as far as their mean is. A collapsed encoder
has no spread, fails ``spread``, and gets no further numbers.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import ShapeError, check_count, check_floating, expected
from groupae.actions.codes import map_latent
from groupae.groups import Group
from groupae.groups.matching import check_same_group
from groupae.protocols import Trajectories
from groupae.testing.report import LawBook
from groupae.testing.world_models.report import DriftCurve, WorldModelReport
from groupae.testing.world_models.world_model import (
    WorldModel,
    as_world_model,
    evaluated,
    flat,
    weights_of,
)

__all__ = ["audit_world_model"]

_OWNER = "audit_world_model"
_LONGEST = 1000  # steps, where trajectories may be walked back and forth
_DECODED = 24  # steps at which pictures are decoded, spread evenly over the logarithm
_LAWS = ("identity", "inverse", "composition", "order", "loop")


def audit_world_model(
    model: object,
    trajectories: Trajectories,
    *,
    group: Group | None = None,
    steps: int | None = None,
    tolerance: float = 0.1,
    batch_size: int = 250,
    seed: int = 0,
) -> WorldModelReport:
    """Return how far a world model drifts, and which laws of its actions it keeps.

    ================== ========================================================================
    law                holds if
    ================== ========================================================================
    ``spread``         codes of different observations differ
    ``effect``         a step moves codes as far as the codes of the observations move
    ``repeatable``     the same step twice gives the same prediction: none is drawn at random
    ``identity``       the neutral action changes nothing
    ``inverse``        an action, then its inverse, leads back to the start
    ``composition``    two actions in a row do as much as their product in one step
    ``order``          swapping two actions changes what the order of their product changes:
                       nothing if they commute
    ``loop``           a trajectory, then the inverse of its product, leads back to the start
    ================== ========================================================================

    The drift compares the codes of a rollout, which starts from the first observation, with the
    encoded observations. With a group it goes on beyond the trajectories, back and forth over them;
    errors that an inverse action undoes cancel there, and show in the first pass.

    Args:
        model: Anything with ``encode(x)`` and ``predict(z, action)``; or with a latent ``action``,
            as `groupae.LatentActionAE`; or a `WorldModel` of functions. With ``decode(z)``,
            pictures are compared too. Modules are in evaluation mode meanwhile.
        trajectories: Observations and actions, such as ``RotatedDigits("test").trajectories(0, 64,
            8)``, or recorded ones.
        group: Group of the actions, that of the trajectories unless given. Without one, only
            ``spread``, ``effect``, ``repeatable`` and the drift over the trajectories are measured.
        steps: Longest rollout: 1000 with a group, unless given, else the length of the
            trajectories.
        tolerance: Largest relative error allowed.
        batch_size: Largest number of observations that are encoded or decoded at once.
        seed: Seed of the model's random numbers and of the pairs of actions.

    Raises:
        ShapeError: If there is no trajectory or no move, or codes have other shapes than they began
            with.
        TypeError: If the model lacks a method, or data are of another dtype than its weights.
        ValueError: If the groups of model and trajectories differ, or rollouts longer than the
            trajectories are asked for without a group.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> act = VectorAction(SO2().rep("2x0 + 2x1"))
        >>> g = SO2().sample(16, 9, generator=torch.Generator().manual_seed(0))
        >>> x = [torch.randn(16, 6, generator=torch.Generator().manual_seed(1))]
        >>> for t in range(9):
        ...     x.append(act(g[:, t], x[-1]))
        >>> walks = Trajectories(torch.stack(x, 1), g, group=SO2())
        >>> late = WorldModel(lambda x: x, lambda z, g: act(g + 0.01, z))  # 0.01 rad too far
        >>> report = audit_world_model(late, walks)
        >>> report.horizon, round(report.growth, 2)
        (12, 1.0)
    """
    world = as_world_model(_OWNER, model)
    walks = _checked(model, trajectories, group)
    n, length = walks.g.shape[:2]
    steps = _steps(steps, length, walks.group)
    check_count(_OWNER, "batch_size", batch_size)
    if not 0 < tolerance < math.inf:
        raise ValueError(expected(_OWNER, "a tolerance above 0", tolerance))
    name = type(model).__name__ if type(model) is not WorldModel else "world model"
    book = LawBook(walks.x.dtype)
    curves: dict[str, DriftCurve] = {}
    with evaluated(model, seed):
        measured = _Measured(world, walks, tolerance, batch_size, seed, book)
        if measured.has_spread():
            measured.one_step()
            measured.laws()
            curves = measured.drift(steps)
    report = book.report(name)
    title = None if walks.group is None else str(walks.group)
    results = (report.results, report.left_out)
    return WorldModelReport(name, title, n, length, tolerance, curves, *results)


def _checked(model: object, walks: object, group: Group | None) -> Trajectories:
    """Return the trajectories with their group, on the device of the model's weights."""
    if not isinstance(walks, Trajectories):
        got, remedy = type(walks).__name__, "Trajectories(x, g) makes one"
        raise TypeError(expected(_OWNER, "trajectories as Trajectories", got, remedy))
    check_floating(_OWNER, "observations", walks.x)
    if walks.g.shape[0] < 1 or walks.g.shape[1] < 1:
        got = f"{walks.g.shape[0]} of {walks.g.shape[1]}"
        raise ShapeError(expected(_OWNER, "at least one trajectory of one move", got))
    check_same_group(_OWNER, "trajectories", model, walks)
    if group is not None and walks.group is not None and group != walks.group:
        got = f"{group} beside trajectories of {walks.group}"
        raise ValueError(expected(_OWNER, "the group of the trajectories", got))
    group = group or walks.group or getattr(model, "group", None)
    if group is not None:
        group.check_elements(walks.g)
    weights = weights_of(model)
    dtypes = {weight.dtype for weight in weights}
    if len(dtypes) == 1 and walks.x.dtype not in dtypes:
        remedy = "convert the data, or the model with .float() or .double()"
        what = f"observations of the dtype of the weights, {dtypes.pop()}"
        raise TypeError(expected(_OWNER, what, walks.x.dtype, remedy))
    device = weights[0].device if weights else walks.x.device
    return dataclasses.replace(walks, x=walks.x.to(device), g=walks.g.to(device), group=group)


def _steps(steps: int | None, length: int, group: Group | None) -> int:
    if steps is None:
        return length if group is None else max(_LONGEST, length)
    check_count(_OWNER, "steps", steps)
    if steps > length and group is None:
        remedy = "longer rollouts walk trajectories back, which needs the group of the actions"
        raise ValueError(expected(_OWNER, f"at most {counted(length, 'step')}", steps, remedy))
    return steps


class _Measured:
    """Measurements of one model on one set of trajectories."""

    def __init__(
        self,
        world: WorldModel,
        walks: Trajectories,
        tolerance: float,
        batch_size: int,
        seed: int,
        book: LawBook,
    ) -> None:
        self.world, self.walks, self.book = world, walks, book
        self.tolerance, self.batch_size = tolerance, batch_size
        self.n, self.length = walks.g.shape[:2]
        self.draws = torch.Generator().manual_seed(seed)
        self.starts = [self._encode(walks.x[:, t]) for t in range(self.length + 1)]
        self.truth = [self._flat("encode", z) for z in self.starts]
        if len({codes.shape for codes in self.truth}) != 1:
            got = sorted({tuple(codes.shape) for codes in self.truth})
            raise ShapeError(expected(_OWNER, "encode to return codes of one shape", got))
        self.spread = _spread(torch.cat(self.truth))

    # --- the model, and errors of its codes ---------------------------------------------------
    def _encode(self, x: Tensor) -> Any:
        parts = [self.world.encode(part.clone()) for part in x.split(self.batch_size)]
        return _joined(parts)

    def _decode(self, z: Any) -> Tensor:
        starts = range(0, self.n, self.batch_size)
        pieces = [map_latent(lambda p, s=s: p[s : s + self.batch_size], z) for s in starts]
        assert self.world.decode is not None
        return torch.cat([self.world.decode(_copied(piece)) for piece in pieces])

    def _flat(self, what: str, z: Any) -> Tensor:
        return flat(_OWNER, what, z, self.n)

    def _predict(self, z: Any, g: Tensor) -> Any:
        found = self.world.predict(_copied(z), g)
        shape = self._flat("predict", found).shape
        if shape != self.truth[0].shape:
            what = f"predict to return codes of {self.truth[0].shape[1]} numbers, as encode does"
            raise ShapeError(expected(_OWNER, what, shape[1]))
        return found

    def _errors(self, found: Any, wanted: Any) -> Tensor:
        """Return the squared distance of codes per trajectory, relative to the spread."""
        difference = self._flat("predict", found) - self._flat("predict", wanted)
        squares = difference.square().sum(1) / self.spread
        return torch.nan_to_num(squares, nan=math.inf, posinf=math.inf)

    def _measure(self, law: str, found: Any, wanted: Any, *, note: str = "") -> None:
        error = self._errors(found, wanted).mean().sqrt()[None]
        self.book.measure(law, error, tolerance=self.tolerance, note=note)

    # --- measurements -------------------------------------------------------------------------
    def has_spread(self) -> bool:
        """Record whether codes of different observations differ."""
        every = torch.cat(self.truth)
        size = every.square().sum(1).mean()
        is_finite = bool(every.isfinite().all())
        rounding = torch.finfo(self.walks.x.dtype).eps ** 2 * size
        holds = is_finite and bool(self.spread > 16 * rounding)
        note = "all codes are equal: the encoder has collapsed"
        self.book.require("spread", holds, note if is_finite else "codes are not finite")
        if not holds:
            self.book.leave_out("codes have no spread", "effect", "repeatable", *_LAWS, "drift")
        return holds

    def one_step(self) -> None:
        """Record how far a step moves codes, and whether it is the same twice."""
        z, g = self.starts[0], self.walks.g[:, 0]
        moved, again = self._predict(z, g), self._predict(z, g)
        self._measure("repeatable", moved, again, note="the prediction is drawn at random")
        change = self.truth[1] - self.truth[0]
        seen = change.square().sum()
        if not bool(seen > 1e-12 * self.spread * self.n):
            self.book.leave_out("the first moves do not change any code", "effect")
            return
        made = self._flat("predict", moved) - self.truth[0]
        share = (made * change).sum() / seen
        note = f"codes move {float(share):.2f} times as far as they should"
        self.book.measure("effect", (share - 1)[None], tolerance=self.tolerance, note=note)

    def laws(self) -> None:
        """Record the laws of the group at the start of each trajectory."""
        group = self.walks.group
        if group is None:
            self.book.leave_out("the group of the actions is not known", *_LAWS)
            return
        z, h, g = self.starts[0], self.walks.g[:, 0], self._other_actions()
        first, second = self._predict(z, h), self._predict(z, g)
        neutral = group.identity(self.n, device=g.device)
        neutral = neutral if group.has_integer_elements else neutral.to(g.dtype)
        self._measure("identity", self._predict(z, neutral), z)
        self._measure("inverse", self._predict(first, group.inverse(h)), z)
        both = group.compose(g, h), group.compose(h, g)
        one, other = (self._predict(z, product) for product in both)
        in_a_row, swapped = self._predict(first, g), self._predict(second, h)
        self._measure("composition", in_a_row, one)
        found = self._flat("predict", in_a_row) - self._flat("predict", swapped)
        wanted = self._flat("predict", one) - self._flat("predict", other)
        commute = group.equal(*both)
        wanted = torch.where(commute[:, None], torch.zeros_like(wanted), wanted)
        pairs = int(commute.sum())
        self._measure("order", found, wanted, note=f"{pairs} of {self.n} pairs of actions commute")
        self._loop(group)

    def _other_actions(self) -> Tensor:
        """Return an action of another trajectory or time for each trajectory."""
        every = self.walks.g.flatten(0, 1)
        chosen = torch.randint(len(every), (self.n,), generator=self.draws)
        return every[chosen.to(every.device)]

    def _loop(self, group: Group) -> None:
        z, product = self.starts[0], self.walks.g[:, 0]
        for t in range(self.length):
            z = self._predict(z, self.walks.g[:, t])
            product = group.compose(self.walks.g[:, t], product) if t else product
        self._measure("loop", self._predict(z, group.inverse(product)), self.starts[0])

    # --- drift --------------------------------------------------------------------------------
    def drift(self, steps: int) -> dict[str, DriftCurve]:
        """Return the curves over that many steps."""
        decoded = _spread_steps(steps, self.length) if self.world.decode is not None else set()
        if not decoded:
            self.book.leave_out("the model has no decode(z)", "pictures")
        rows: dict[str, dict[int, Tensor]] = {"codes": {}, "still": {}}
        pictures: dict[str, dict[int, Tensor]] = {"pictures": {}, "reconstruction": {}}
        scale = _spread(self.walks.x.double().flatten(2).flatten(0, 1)) if decoded else None
        z = self.starts[0]
        for step in range(1, steps + 1):
            g, place = self._move(step)
            z = self._predict(z, g)
            rows["codes"][step] = self._errors(z, self.truth[place])
            if step <= self.length:
                rows["still"][step] = self._errors(self.truth[0], self.truth[place])
            if step in decoded and scale is not None:
                x = self.walks.x[:, place]
                for name, code in (("pictures", z), ("reconstruction", self.starts[place])):
                    pictures[name][step] = self._off(self._decode(code), x, scale)
        rows |= pictures if decoded else {}
        return {name: _curve(row) for name, row in rows.items()}

    def _move(self, step: int) -> tuple[Tensor, int]:
        """Return the actions of a step, and the place that they lead to.

        After the first pass the walk goes back and forth between the last place and the first but
        the start: there, the code of an exact latent action would have no error at all. Only
        trajectories of one move return to the start.
        """
        first = 1 if self.length > 1 else 0
        lap, t = divmod(step - self.length - 1, self.length - first)
        if step <= self.length:
            return self.walks.g[:, step - 1], step
        if lap % 2:
            return self.walks.g[:, first + t], first + t + 1
        group = self.walks.group
        assert group is not None  # without one, walks end with the trajectory
        place = self.length - 1 - t
        return group.inverse(self.walks.g[:, place]), place

    def _off(self, found: Tensor, x: Tensor, scale: Tensor) -> Tensor:
        if found.shape != x.shape:
            what = f"decode to return observations of shape {tuple(x.shape)}"
            raise ShapeError(expected(_OWNER, what, tuple(found.shape)))
        squares = (found.double() - x.double()).flatten(1).square().sum(1) / scale
        return torch.nan_to_num(squares, nan=math.inf, posinf=math.inf)


def _copied(z: Any) -> Any:
    """Return a copy of codes, which a model may change in place."""
    return map_latent(torch.clone, z)


def _spread(every: Tensor) -> Tensor:
    """Return the mean squared distance of rows from their mean."""
    return (every - every.mean(0)).square().sum(1).mean()


def _joined(parts: Sequence[Any]) -> Any:
    if len(parts) == 1:
        return parts[0]
    return map_latent(lambda *pieces: torch.cat(pieces), *parts)


def _spread_steps(steps: int, length: int) -> set[int]:
    """Return steps spread evenly over the logarithm, and the end of the trajectories."""
    even = torch.logspace(0, math.log10(steps), _DECODED, dtype=torch.float64)
    return (
        {round(step) for step in even.tolist()}
        | {length}
        | {10**k for k in range(10) if 10**k <= steps}
    )


def _curve(rows: dict[int, Tensor]) -> DriftCurve:
    squares = torch.stack(list(rows.values()))
    errors = [part.tolist() for part in _summaries(squares)]
    return DriftCurve(tuple(rows), *(tuple(part) for part in errors))


def _summaries(squares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the mean of squares per step, and where a tenth is below and above; as roots."""
    ordered = squares.sort(1).values
    last = ordered.shape[1] - 1
    low, high = ordered[:, round(0.1 * last)], ordered[:, round(0.9 * last)]
    return squares.mean(1).sqrt(), low.sqrt(), high.sqrt()
