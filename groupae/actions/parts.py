"""Action on a code made of named parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import expected
from groupae.actions.align.overlap import Overlap
from groupae.actions.base import LatentAction
from groupae.actions.codes import carry, join
from groupae.actions.description import Description, LatentRow

__all__ = ["PartsAction"]


@configurable
class PartsAction(LatentAction[dict[str, Tensor]]):
    """One action per named part of a dict code; parts without an action are carried unchanged.

    Args:
        actions: Action by name of the part, all of the same group; ``None`` marks a carried part
            (a skip connection, say), which then belongs to the invariants.

    Raises:
        ValueError: If no part is acted on or the groups differ.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> pose = VectorAction(SO2().rep("4x1"))
        >>> action = PartsAction({"pose": pose, "skip": None})
        >>> z = {"pose": torch.randn(2, 8), "skip": torch.randn(2, 3, 5, 5)}
        >>> sorted(action(action.group.sample(2), z))
        ['pose', 'skip']
    """

    broadcasts = True

    def __init__(self, actions: Mapping[str, LatentAction[Tensor] | None]) -> None:
        if not isinstance(actions, Mapping):
            form, remedy = "actions by the names of parts", "PartsAction({'pose': action})"
            raise TypeError(expected("PartsAction", form, type(actions).__name__, remedy))
        for name, part in actions.items():
            if part is not None and not isinstance(part, LatentAction):
                form = f"an action on the part {name!r}, or None"
                raise TypeError(expected("PartsAction", form, type(part).__name__))
        acted = {name: action for name, action in actions.items() if action is not None}
        groups = {action.group for action in acted.values()}
        if len(groups) != 1:
            got = ", ".join(str(group) for group in groups) or "no action at all"
            raise ValueError(expected("PartsAction", "actions of one group", got))
        super().__init__(groups.pop())
        self.names: tuple[str, ...] = tuple(actions)
        self.acted: nn.ModuleDict = nn.ModuleDict(acted)
        self.is_linear = all(action.is_linear for action in acted.values())
        self.has_second_derivatives = all(a.has_second_derivatives for a in acted.values())
        interpolated = [action for action in acted.values() if action.exactness == "interpolated"]
        if interpolated:
            self.exactness = "interpolated"
            subgroups = {action.exact_subgroup for action in interpolated}
            if len(subgroups) > 1:
                got = ", ".join(str(subgroup) for subgroup in subgroups)
                raise ValueError(expected("PartsAction", "parts exact on one subgroup", got))
            self.exact_subgroup = subgroups.pop()

    @override
    def __repr__(self) -> str:
        parts = (f"{name}: {self._action(name) or 'carried'}" for name in self.names)
        return f"PartsAction({', '.join(parts)})"

    @property
    @override
    def error_growth(self) -> int:
        """Largest error growth of the parts."""
        return max(action.error_growth for _, action in self._acted())

    def _action(self, name: str) -> LatentAction[Tensor] | None:
        if name not in self.acted:
            return None
        action = self.acted[name]
        assert isinstance(action, LatentAction)
        return action

    @override
    def check_latent(self, z: Any) -> None:
        """Raise unless ``z`` is a dict of the named parts."""
        names = sorted(z) if isinstance(z, Mapping) else type(z).__name__
        if names != sorted(self.names):
            raise ValueError(
                expected(self, f"a dict with the parts {', '.join(sorted(self.names))}", names)
            )

    @override
    def forward(self, g: Tensor, z: dict[str, Tensor]) -> dict[str, Tensor]:
        """Act on each part; a carried part only gets the batch axes of ``g``."""
        batch = g.shape[: g.ndim - len(self.group.element_shape)]
        moved = {name: action(g, z[name]) for name, action in self._acted()}
        # batch axes of the code itself: an acted part keeps them, or gains those of g
        own = min(z[name].ndim - moved[name].ndim for name, _ in self._acted()) + len(batch)
        return {
            name: moved[name] if name in moved else carry(z[name], batch, own).clone()
            for name in self.names
        }

    def _acted(self) -> list[tuple[str, LatentAction[Tensor]]]:
        pairs = ((name, self._action(name)) for name in self.names)
        return [(name, action) for name, action in pairs if action is not None]

    @override
    def batch_ndim(self, z: dict[str, Tensor]) -> int:
        """Return the number of batch axes that all acted parts share, and carried parts have."""
        self.check_latent(z)
        return min(action.batch_ndim(z[name]) for name, action in self._acted())

    @override
    def residual(self, z: dict[str, Tensor], w: dict[str, Tensor]) -> Tensor:
        """Return the residuals of all parts, concatenated."""
        batch = self.batch_ndim(z)
        self.check_latent(w)
        parts = []
        for name in self.names:
            action = self._action(name)
            part = z[name] - w[name] if action is None else action.residual(z[name], w[name])
            parts.append(part.unsqueeze(-1).flatten(batch))
        return join(parts)

    @override
    def overlap(self, z: dict[str, Tensor], w: dict[str, Tensor]) -> Overlap | None:
        """Return the sum of the overlaps of the parts, if all have one of the same kind."""
        self.check_latent(z)
        self.check_latent(w)
        acted = self._acted()
        if len({action.batch_ndim(z[name]) for name, action in acted}) > 1:
            return None
        total, *others = (action.overlap(z[name], w[name]) for name, action in acted)
        for overlap in others:
            total = total.plus(overlap) if total and overlap else None
        return total

    @override
    def starts(self, z: dict[str, Tensor], w: dict[str, Tensor]) -> list[Tensor]:
        """Return the best elements for single parts, where they are known in closed form."""
        batch = self.batch_ndim(z)
        guesses = []
        for name, action in self._acted():
            if action.batch_ndim(z[name]) == batch:
                overlap = action.overlap(z[name], w[name])
                guesses += action.starts(z[name], w[name]) if overlap is None else [overlap.best()]
        return guesses

    @override
    def invariants(self, z: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the carried parts, and the invariants of the acted parts."""
        self.check_latent(z)
        return {
            name: part.clone()
            if (action := self._action(name)) is None
            else action.invariants(part)
            for name, part in z.items()
        }

    @override
    def varying(self, z: dict[str, Tensor]) -> dict[str, Tensor]:
        """Return the varying entries of each acted part."""
        self.check_latent(z)
        return {name: action.varying(z[name]) for name, action in self._acted()}

    @override
    def swap(self, z: dict[str, Tensor], w: dict[str, Tensor]) -> dict[str, Tensor]:
        """Swap part by part; carried parts come from ``z``."""
        self.check_latent(z)
        self.check_latent(w)
        return {
            name: part.clone()
            if (action := self._action(name)) is None
            else action.swap(part, w[name])
            for name, part in z.items()
        }

    @override
    def describe(self) -> Description:
        """Return the tables of the parts as one table."""
        rows = []
        for name in self.names:
            action = self._action(name)
            if action is None:
                rows.append(LatentRow(name, "", "carried", 1, True))
            else:
                for row in action.describe().rows:
                    rows.append(LatentRow(name, row.where, row.irrep, row.copies, row.is_invariant))
        return Description(f"PartsAction({self.group})", tuple(rows))

    @override
    def random_latent(
        self,
        *batch: int,
        generator: torch.Generator | None = None,
        dtype: torch.dtype = torch.float32,
    ) -> dict[str, Tensor]:
        """Return normal codes; carried parts are vectors of length 3."""
        return {
            name: torch.randn(*batch, 3, generator=generator, dtype=dtype)
            if (action := self._action(name)) is None
            else action.random_latent(*batch, generator=generator, dtype=dtype)
            for name in self.names
        }
