"""Squared lengths of the copies of each irrep."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from torch import Tensor
from typing_extensions import override

from groupae.representations.invariant_features.isotypic import Isotypic
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter

__all__ = ["Power"]


@dataclasses.dataclass(frozen=True)
class Power(FeatureKind):
    r"""The squared length of each copy :math:`v_a` of each irrep: its power spectrum.

    Squares, not lengths, so that all derivatives exist, also at a copy that is zero.

    They separate the orbits of a group that is far larger than G: independent isometries of every
    copy. Relative angles of copies are lost, and everything between irreps. So they are complete
    for one copy of an irrep whose sphere is one orbit (a vector under SO(3), a frequency of SO(2)).

    Example:
        >>> import torch; from groupae import SO2
        >>> rho = SO2().rep("2x1")
        >>> rho.invariant_features(torch.tensor([1.0, 0.0, 0.0, 2.0]), "power")
        tensor([1., 4.])
    """

    @override
    def plan(self, parts: Sequence[Isotypic], writer: NumbersWriter) -> Any:
        del parts, writer
        return ()

    @override
    def evaluate(
        self,
        plan: Any,
        blocks: Sequence[Tensor],
        numbers: Numbers,
        templates: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        del plan, numbers, templates
        return [block.square().sum(-2) for block in blocks]

    @override
    def names(self, plan: Any, parts: Sequence[Isotypic], numbers: Numbers) -> list[str]:
        del plan, numbers
        return [f"|{part.name}[{a}]|^2" for part in parts for a in range(part.copies)]
