"""The best linear action on outputs whose action is not known, by `groupae.fit_action`.

It is fitted on every other sample and scored on the rest. Vectors are projected to their first
principal directions. Feature maps are turned back in space first, so that only the action on the
channels is fitted, from some of their pixels.
"""

from __future__ import annotations

import dataclasses
import math
import warnings
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._validation import ShapeError, expected
from groupae.actions import GridAction, LatentAction
from groupae.actions.fitted import fit_action
from groupae.groups import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.testing.audit.sides import KnownSide, Side, in_subgroup
from groupae.testing.audit.spread import Spread
from groupae.testing.audit.subject import Subject, rows_of
from groupae.testing.samples import seeded

__all__ = ["MOST_NUMBERS", "ChannelFit", "FittedCode", "FittedSide", "fit_code", "fit_outputs"]

MOST_NUMBERS = 4096  # of one output without a known action
_DIRECTIONS = 128  # of a layer
_OUTPUT_DIRECTIONS = 256
_LEAST_SHARE = 0.95  # of the variance; the action may mix directions with those left out
_ROWS_PER_DIRECTION = 8  # enough for the principal directions
_FEWEST_ROWS = 1024
_PIXELS = 64  # of a map, for a fit of its channels
_PAIRS_PER_NUMBER = 4
FEWEST_PAIRS = 16


@dataclasses.dataclass(frozen=True)
class FittedCode:
    """A linear action on principal directions of a code.

    Args:
        mean: Mean of the code, float64, shape ``(d,)``.
        axes: Principal directions, orthonormal, shape ``(d, k)``.
        action: The fitted action on k numbers.
        share: Share of the variance along those directions, of codes held out too.
        text: Description: irreps, directions, share of variance.
        warnings: Warnings of the fit.
    """

    mean: Tensor
    axes: Tensor
    action: LatentAction[Tensor]
    share: float
    text: str
    warnings: tuple[str, ...]

    @property
    def obstacle(self) -> str:
        """Why its errors would say nothing; empty if they do.

        The action mixes directions with those that are left out, which looks like an error.
        """
        if self.share >= _LEAST_SHARE:
            return ""
        return (
            f"{self.axes.shape[1]} directions hold {self.share:.0%} of the variance, too little to "
            "fit an action on them; give more samples, or name the action"
        )

    def project(self, z: Tensor) -> Tensor:
        """Return the numbers of codes ``(..., d)`` along the directions, ``(..., k)``."""
        return (z.double() - self.mean) @ self.axes


def principal_directions(z: Tensor, most: int) -> tuple[Tensor, Tensor, float]:
    """Return the mean, the principal directions, and their share of the variance.

    Args:
        z: Codes, float64, shape ``(rows, d)``.
        most: Largest number of directions.
    """
    mean = z.mean(0)
    centred = z - mean
    is_wide = centred.shape[1] > len(centred)
    gram = centred @ centred.mT if is_wide else centred.mT @ centred
    variances, vectors = (part.flip(-1) for part in torch.linalg.eigh(gram))
    variances = variances.clamp(min=0)
    k = max(1, min(most, int((variances > 1e-10 * variances[0]).sum())))
    share = float(variances[:k].sum() / variances.sum()) if float(variances.sum()) else 1.0
    axes = vectors[:, :k]
    if is_wide:  # their combinations of rows, made orthonormal
        axes = torch.linalg.qr(centred.mT @ axes).Q
    return mean, axes, share


def fit_code(
    group: Group,
    z1: Tensor,
    g: Tensor,
    z2: Tensor,
    held_out: Tensor,
    *,
    directions: int = _DIRECTIONS,
) -> FittedCode:
    """Return the best linear action on codes.

    Args:
        group: A compact group with irreps.
        z1: First codes, shape ``(pairs, d)``.
        g: Elements, shape ``(pairs, *element_shape)``.
        z2: Second codes, same shape as the first.
        held_out: Codes that are scored, shape ``(rows, d)``.
        directions: Largest number of principal directions.
    """
    both = torch.cat([z1, z2])
    most = max(1, min(directions, len(z1) // _PAIRS_PER_NUMBER))
    order = torch.randperm(len(both), generator=seeded(0))
    some = order[: max(_FEWEST_ROWS, _ROWS_PER_DIRECTION * most)].to(both.device)
    mean, axes, share = principal_directions(both[some].double(), most)
    scored = held_out.double() - mean
    size = float(scored.square().sum())
    share = min(share, float((scored @ axes).square().sum()) / size) if size else share
    first, second = ((z.double() - mean) @ axes for z in (z1, z2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        g = g if group.has_integer_elements else g.double()
        fitted = fit_action(group, first, g, second)
    text = f"best linear action {fitted.representation} of {group}"
    if axes.shape[1] < z1.shape[1]:
        text += f" on {axes.shape[1]} of {z1.shape[1]} directions ({share:.0%} of the variance)"
    said = tuple(dict.fromkeys(str(warning.message) for warning in caught))
    return FittedCode(mean, axes, fitted.action, share, text, said)


@dataclasses.dataclass(frozen=True)
class ChannelFit:
    """Codes of outputs for a fit: pixels of maps that are turned back in space, or whole vectors.

    Args:
        positions: Action on the grid of the maps; ``None`` for vectors.
    """

    positions: GridAction | None

    @staticmethod
    def of(side_in: Any, part: Tensor) -> ChannelFit:
        """Return the codes for outputs ``(n, ...)``: maps if the inputs are moved on a grid too."""
        n = len(side_in.size) if isinstance(side_in, GridAction) else 0
        size = tuple(part.shape[2:])
        is_map = n > 0 and part.ndim == n + 2 and len(set(size)) == 1 and size[0] > 2
        if not is_map:
            return ChannelFit(None)
        return ChannelFit(GridAction(side_in.group, size, mode=side_in.mode))

    def length(self, part: Tensor) -> int:
        """Return the number of entries of a code."""
        return part.shape[1] if self.positions else part[0].numel()

    def codes(self, h: Tensor, g: Tensor | None = None) -> Tensor:
        """Return codes of outputs, shape ``(n, pixels, d)``; of ``g x`` turned back by ``g``."""
        if self.positions is None:
            return h.reshape(len(h), 1, -1)
        if g is not None:
            back = self.positions.group.inverse(g[None])[0]
            h = self.positions(back.expand(len(h), *back.shape), h)
        return h.flatten(2)[:, :, self._pixels(h.device)].mT

    def _pixels(self, device: torch.device) -> Tensor:
        """Return some pixels inside the largest circle or ball, which no turn moves outside."""
        assert self.positions is not None
        size = self.positions.size
        axes = [torch.arange(length) - (length - 1) / 2 for length in size]
        radius = torch.stack(torch.meshgrid(*axes, indexing="ij")).square().sum(0).sqrt()
        inside = torch.nonzero(radius.flatten() <= size[0] / 2).flatten()
        return inside[:: math.ceil(len(inside) / _PIXELS)].to(device)


class FittedSide(Side):
    """The best linear action on the outputs of the function.

    Args:
        group: The group.
        fit: Places of the codes.
        fitted: The action on a code.
    """

    def __init__(self, group: Group, fit: ChannelFit, fitted: FittedCode) -> None:
        super().__init__(group, fitted.text, "fitted")
        self.fit, self.fitted = fit, fitted

    @override
    def code(self, y: Any) -> Tensor:
        y = y.cpu()  # where the fit is, in float64
        if self.fit.positions is None:
            return self.fitted.project(y.reshape(len(y), -1))
        return self.fitted.project(y.movedim(1, -1)).movedim(-1, 1)

    @override
    def act(self, g: Tensor, code: Any) -> Tensor:
        z: Tensor = code
        g = g.cpu()
        each = g[None] if self.group.has_integer_elements else g[None].double()
        if self.fit.positions is None:
            return self.fitted.action(each, z)
        turned = self.fitted.action(each.expand(len(z), *g.shape), z.movedim(1, -1))
        moved: Tensor = self.fit.positions(each.expand(len(z), *g.shape), turned.movedim(-1, 1))
        return moved

    @property
    @override
    def grid(self) -> GridAction | None:
        return self.fit.positions

    @override
    def exact(self, g: Tensor) -> Tensor:
        inclusion = self.exact_subgroup
        return super().exact(g) if inclusion is None else in_subgroup(inclusion, g)

    @property
    @override
    def exact_subgroup(self) -> Homomorphism | None:
        return self.fit.positions.exact_subgroup if self.fit.positions else None


def fit_outputs(subject: Subject, side_in: KnownSide, x: Any, y: Any, g: Tensor) -> FittedSide:
    """Return the best linear action on the outputs of a function, from every other sample.

    Args:
        subject: The function.
        side_in: Action on its inputs.
        x: Inputs.
        y: Outputs.
        g: Elements, shape ``(m, *element_shape)``.

    Raises:
        TypeError: If the output is no tensor, or the group is not compact or has no irreps.
        ShapeError: If an output has too many numbers, or there are too few pairs.
        ValueError: If outputs do not vary or are not finite.
    """
    owner, group = subject.owner, side_in.group
    if not isinstance(y, Tensor):
        remedy = "give action_out as a function, or return one tensor from f"
        what = "one tensor from f for action_out=None"
        raise TypeError(expected(owner, what, type(y).__name__, remedy))
    if not (group.is_compact and group.has_irreps):
        what = "a compact group with irreps for action_out=None"
        raise TypeError(expected(owner, what, group, "name the action on the outputs"))
    fit = ChannelFit.of(side_in.action, y)
    if fit.length(y) > MOST_NUMBERS:
        what = f"outputs of at most {MOST_NUMBERS} numbers for action_out=None"
        raise ShapeError(expected(owner, what, fit.length(y), "name their action"))
    some = slice(0, None, 2)
    first, half = fit.codes(y[some]), rows_of(x, some)
    z2 = torch.stack([fit.codes(subject(side_in.act(one, half)), one) for one in g])
    if z2.shape[:3].numel() < FEWEST_PAIRS:
        what = f"at least {FEWEST_PAIRS} pairs for action_out=None"
        got = z2.shape[:3].numel()
        raise ShapeError(expected(owner, what, got, "give more samples or elements"))
    spread = Spread()
    spread.add(torch.cat([first, *z2]))
    if not all(bool(part.isfinite().all()) for part in (first, z2)):
        what = "finite outputs, to fit their action"
        raise ValueError(expected(owner, what, "some that are NaN or infinite"))
    if spread.is_constant:
        what, remedy = "outputs that vary, to fit their action", "a constant is 'invariant'"
        raise ValueError(expected(owner, what, "the same for all samples", remedy))
    each = g[:, None, None].expand(*z2.shape[:3], *g.shape[1:]).flatten(0, 2)
    z1 = first[None].expand_as(z2).flatten(0, 2)
    z2 = z2.flatten(0, 2)
    most = _OUTPUT_DIRECTIONS
    held_out = fit.codes(y[1::2]).flatten(0, 1).cpu()
    fitted = fit_code(group, z1.cpu(), each.cpu(), z2.cpu(), held_out, directions=most)
    if fitted.obstacle:
        what = "outputs whose action can be fitted, for action_out=None"
        raise ValueError(expected(owner, what, fitted.obstacle))
    return FittedSide(group, fit, fitted)
