"""Interface of the kinds of invariant features."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from groupae.representations.invariant_features.isotypic import Isotypic
from groupae.representations.invariant_features.numbers import Numbers, NumbersWriter

__all__ = ["FeatureKind"]


class FeatureKind(abc.ABC):
    """A way to make invariants of the isotypic components of a code.

    A kind is frozen data. It sees the components that are not trivial; the entries of the trivial
    one stand in front of its features.

    Example:
        >>> from groupae.representations.invariant_features import Gram
        >>> issubclass(Gram, FeatureKind)
        True
    """

    @abc.abstractmethod
    def plan(self, parts: Sequence[Isotypic], writer: NumbersWriter) -> Any:
        """Return the plan for `evaluate`: tuples of integers, texts and references to tensors."""

    @abc.abstractmethod
    def evaluate(
        self,
        plan: Any,
        blocks: Sequence[Tensor],
        numbers: Numbers,
        templates: Sequence[Tensor] | None = None,
    ) -> list[Tensor]:
        """Return the features of the copies of each irrep.

        Args:
            plan: What `plan` returned.
            blocks: One tensor per component, shape ``(*batch, dim, copies)``.
            numbers: The numbers of the plan.
            templates: Templates in the form of ``blocks``, for a kind that takes them.

        Returns:
            Pieces of shape ``(*batch, count)``, in the order of `names`.
        """

    @abc.abstractmethod
    def names(self, plan: Any, parts: Sequence[Isotypic], numbers: Numbers) -> list[str]:
        """Return one name per feature."""
