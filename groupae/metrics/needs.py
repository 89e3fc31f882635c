"""What a score needs of model and data, each with the reason that is given where it is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from groupae.metrics.evaluated import Evaluated

__all__ = [
    "ACTION",
    "COMPACT",
    "DATA_ACTION",
    "DECODER",
    "FINITE_CODES",
    "GROUP",
    "LABELS",
    "LIE_GROUP",
    "MOVED_DATA",
    "RECOMBINATIONS",
    "SPREAD_OF_CODES",
    "SWAP",
    "Need",
]


@dataclasses.dataclass(frozen=True)
class Need:
    """Ability that a score needs.

    Args:
        name: Name of the ability, such as "labels".
        reason: Why a score without it is left out, in words that follow a colon.
        is_met: Whether a model and its data have it.

    Example:
        >>> pair = Need("two pairs", "there is one pair only", lambda evaluated: len(evaluated) > 1)
        >>> pair.name
        'two pairs'
    """

    name: str
    reason: str
    is_met: Callable[[Evaluated], bool]

    def obstacle(self, evaluated: Evaluated) -> str | None:
        """Return the reason if it is missing, ``None`` if it is there."""
        return None if self.is_met(evaluated) else self.reason


GROUP = Need(
    "group",
    "neither the model nor the pairs know their group",
    lambda e: e.group is not None,
)
ACTION = Need(
    "action",
    "the model has no latent action (a LatentAction, action) on codes of encode(x)",
    lambda e: e.action is not None,
)
DECODER = Need("decoder", "the model has no latent action with a decode(z)", lambda e: e.can_decode)
FINITE_CODES = Need(
    "finite codes",
    "some codes are NaN or infinite",
    lambda e: e.has_finite_codes,
)
SPREAD_OF_CODES = Need(
    "codes that differ",
    "all codes are equal: the encoder has collapsed",
    lambda e: e.code_spread > 0,
)
MOVED_DATA = Need(
    "data that move",
    "x1 and x2 are equal in all pairs, so that doing nothing is perfect",
    lambda e: not torch.equal(e.pairs.x1, e.pairs.x2),
)
LABELS = Need("labels", "the pairs have no labels", lambda e: e.labels is not None)
COMPACT = Need(
    "compact group",
    "the group is not compact, so that it has no mean over all elements",
    lambda e: e.group is not None and e.group.is_compact,
)
LIE_GROUP = Need(
    "Lie group",
    "the group has no one-parameter subgroups exp(tX)",
    lambda e: e.group is not None and e.group.has_exp and e.group.lie_dim > 0,
)
DATA_ACTION = Need(
    "data action",
    "how the group acts on the data is not known; give data_action=",
    lambda e: e.data_action is not None,
)
RECOMBINATIONS = Need(
    "recombinations",
    "the data do not tell what a swap should show",
    lambda e: bool(e.recombinations),
)
SWAP = Need(
    "swap", "the model has no swap(x, y)", lambda e: callable(getattr(e.model, "swap", None))
)
