"""Pairs from any originals and any action on them.

The action moves *scenes*; ``show`` maps a moved scene to the observation. Where the two differ, a
group acts on something that is partly hidden: a digit behind a block, the brain inside its skull.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._validation import ShapeError, check_count, expected
from groupae.data.keys import Stream, keyed_generator
from groupae.data.lazy_originals import LazyOriginals
from groupae.data.orbit_dataset import OrbitDataset, Views
from groupae.data.orbit_path import orbit_path
from groupae.groups import Group
from groupae.groups.matching import check_same_group
from groupae.protocols import Recombinations

__all__ = ["OrbitPairs"]

_CHUNK = 4096  # scenes moved at once: actions on pictures need several times their memory


class OrbitPairs(OrbitDataset):
    """Pairs of views of originals that a known action moves by random elements.

    Args:
        originals: Shape ``(n, *scene_shape)``; or those of a data set, read when they are used
            (`groupae.data.originals_of`).
        group: The group.
        act: The action on scenes, a function of ``(g, scenes)``, both batched along one axis.
        show: The observation of moved scenes, a function of (scenes ``(m, n, *scene_shape)``,
            generator) with values ``(m, n, *x_shape)``; its random draws should be the same for
            all ``m`` views of an original. By default scenes are observed as they are.
        mask: Pixels of the moving part, a function of moved scenes with bool values
            ``(m, n, 1, H, W)``.
        sample: A function of (m, n) and ``generator=`` that draws elements; ``group.sample`` by
            default.
        labels: Class of each original, shape ``(n,)``; by default those of the data set, if any.
        seed: Key of all randomness, at least 0.

    Attributes:
        data_action: The action on the data themselves: ``act`` if scenes are observed as they are,
            ``None`` otherwise.

    Raises:
        TypeError: If originals or labels are no tensors, ``act`` returns something else, or
            observations are bytes or truth values.
        ShapeError: If there are no originals, or ``act``, ``show`` or ``mask`` return other shapes.
        ValueError: If ``act`` or ``sample`` is the method of an action or group of another group.

    Example:
        >>> from groupae import Cyclic
        >>> def shift(j, x):
        ...     return x.gather(1, (torch.arange(4) - j[:, None]) % 4)
        >>> batch = OrbitPairs(torch.eye(4), Cyclic(4), shift).batch(step=0, size=2)
        >>> torch.equal(shift(batch.g, batch.x1), batch.x2)
        True
    """

    def __init__(
        self,
        originals: Tensor | LazyOriginals,
        group: Group,
        act: Callable[[Tensor, Tensor], Tensor],
        *,
        show: Callable[[Tensor, torch.Generator], Tensor] | None = None,
        mask: Callable[[Tensor], Tensor] | None = None,
        sample: Callable[..., Any] | None = None,
        labels: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        owner = type(self).__name__
        if isinstance(originals, LazyOriginals):
            labels = originals.labels if labels is None else labels
        elif not isinstance(originals, Tensor) or originals.ndim == 0:
            got = type(originals).__name__ if not isinstance(originals, Tensor) else "a number"
            remedy = "convert an array with torch.from_numpy, a data set with originals_of"
            raise TypeError(expected(owner, "originals as a tensor (n, *scene_shape)", got, remedy))
        if show is None and isinstance(originals, Tensor):
            _check_no_bytes(owner, "originals", originals)
        super().__init__(group, len(originals), labels=labels, seed=seed)
        check_same_group(owner, "an action", group, act)
        check_same_group(owner, "samples", group, sample)
        self.originals: Any = originals
        self.act = act
        self.data_action = act if show is None else None
        self._show = show
        self._mask = mask
        self._sample = sample or group.sample

    @override
    def views(self, index: Tensor, count: int, generator: torch.Generator) -> Views:
        """Return views moved by random elements, one draw per view and original."""
        check_count(type(self).__name__, "count", count)
        g = self._sample(count, len(index), generator=generator)
        self.group.check_elements(g)
        shape = (count, len(index), *self.group.element_shape)
        if g.shape != shape:
            got = tuple(g.shape)
            raise ShapeError(expected(type(self).__name__, f"sample to return shape {shape}", got))
        return self._move(g, self.originals[index], generator)

    @override
    def with_sampler(self, sampler: Callable[..., Tensor]) -> Self:
        check_same_group(type(self).__name__, "samples", self.group, sampler)
        found = copy.copy(self)
        found._sample = sampler
        return found

    @override
    def _keep(self, rows: Tensor) -> None:
        self.originals = self.originals[rows]

    @override
    def orbit(self, index: Tensor, count: int) -> Views:
        """Return views of all originals moved by the same elements, the identity first.

        Elements of a finite group are spread over it; those of a compact Lie group go once round,
        along its last generator, with reflections in the second half where the group has them and
        eight or more views are asked for; others go from the identity along the sum of all
        generators and back.
        """
        check_count(type(self).__name__, "count", count)
        g = orbit_path(self.group, count).unsqueeze(1)
        g = g.expand(count, len(index), *self.group.element_shape)
        return self._move(g, self.originals[index], keyed_generator(self.seed, Stream.ORBIT))

    def _swap_poses(self, x_index: Tensor, y_index: Tensor) -> tuple[Recombinations, ...]:
        """Return both truths for scenes that move as a whole: x in the pose of y, and y.

        A pose is the element that moved the original, so all originals must have the same pose.
        """
        g, h = self._poses(len(x_index))
        x, y = self._see(x_index, g, 0), self._see(y_index, h, 1)
        posed = Recombinations("x in the pose of y", x, y, self._see(x_index, h, 0))
        return posed, dataclasses.replace(posed, meaning="y as it is", truth=y)

    def _poses(self, n: int) -> tuple[Tensor, Tensor]:
        """Return the elements that move the originals of x and of y in recombinations."""
        generator = keyed_generator(self.seed, Stream.RECOMBINED)
        g, h = self._sample(2, n, generator=generator)
        return g, h

    def _see(self, index: Tensor, g: Tensor, key: int) -> Tensor:
        """Return a view of each original; ``key`` determines the random draws of ``show``."""
        return self._move(g.unsqueeze(0), self.originals[index], self._draws(key)).x[0]

    def _draws(self, key: int) -> torch.Generator:
        return keyed_generator(self.seed, Stream.RECOMBINED, key)

    def _move(self, g: Tensor, originals: Tensor, generator: torch.Generator) -> Views:
        self.group.check_elements(g)
        m, n = g.shape[:2]
        repeated = originals.expand(m, *originals.shape).flatten(0, 1)
        parts = zip(g.flatten(0, 1).split(_CHUNK), repeated.split(_CHUNK), strict=True)
        moved = [self._checked("act", self.act(*part), (len(part[0]),)) for part in parts]
        scenes = torch.cat(moved).unflatten(0, (m, n))
        mask = None if self._mask is None else self._checked("mask", self._mask(scenes), (m, n, 1))
        seen = scenes if self._show is None else self._show(scenes, generator)
        seen = self._checked("show", seen, (m, n))
        _check_no_bytes(type(self).__name__, "observations", seen)
        return Views(seen, g, mask)

    def _checked(self, name: str, value: object, start: tuple[int, ...]) -> Tensor:
        """Return the result of a user's function, after a check of its type and leading axes."""
        owner, form = type(self).__name__, ", ".join(map(str, start))
        if not isinstance(value, Tensor):
            raise TypeError(expected(owner, f"{name} to return a tensor", type(value).__name__))
        if value.shape[: len(start)] != start:
            got = tuple(value.shape)
            raise ShapeError(expected(owner, f"{name} to return shape ({form}, ...)", got))
        return value


def _check_no_bytes(owner: str, name: str, x: Tensor) -> None:
    """Raise `TypeError` for uint8 and bool, which must be converted to floats before."""
    if x.dtype in (torch.uint8, torch.bool):
        remedy = "divide bytes by 255: x.float() / 255" if x.dtype == torch.uint8 else "x.float()"
        raise TypeError(expected(owner, f"{name} of a floating dtype", x.dtype, remedy))
