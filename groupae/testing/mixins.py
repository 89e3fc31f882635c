"""Pytest mix-ins that test every law of the subject that one method returns.

.. code-block:: python

    from groupae.testing.mixins import GroupLaws

    class TestMyGroup(GroupLaws):
        def make(self):
            return MyGroup()
"""

from __future__ import annotations

import abc
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from groupae.actions import LatentAction
from groupae.representations import Representation
from groupae.testing.extras import missing
from groupae.testing.laws_by_kind import Subject, assert_laws
from groupae.testing.map_laws import check_equivariant, check_intertwiner
from groupae.testing.samples import map_parts

try:
    import pytest
except ModuleNotFoundError as error:
    raise missing("groupae.testing.mixins", "pytest", error) from error

__all__ = [
    "ActionLaws",
    "EquivarianceLaws",
    "GroupLaws",
    "HomomorphismLaws",
    "IntertwinerLaws",
    "RepresentationLaws",
]

_precisions = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


class _SubjectLaws(abc.ABC):
    """Laws of the subject that ``make`` returns, in both precisions."""

    @abc.abstractmethod
    def make(self) -> Subject:
        """Return the subject under test."""

    @_precisions
    def _test(self, dtype: torch.dtype) -> None:
        """Check every law."""
        assert_laws(self.make(), dtype=dtype)


class GroupLaws(_SubjectLaws):
    """Laws of a group, in both precisions; ``make`` returns it.

    Example:
        >>> from groupae import SO2
        >>> class TestTurns(GroupLaws):
        ...     def make(self):
        ...         return SO2()
        >>> TestTurns().test_group_laws(torch.float64)
    """

    test_group_laws = _SubjectLaws._test


class RepresentationLaws(_SubjectLaws):
    """Laws of a representation, in both precisions; ``make`` returns it.

    Example:
        >>> from groupae import SO2
        >>> class TestWaves(RepresentationLaws):
        ...     def make(self):
        ...         return SO2().rep("2x0 + 1x3")
        >>> TestWaves().test_representation_laws(torch.float64)
    """

    test_representation_laws = _SubjectLaws._test


class ActionLaws(_SubjectLaws):
    """Laws of a latent action, in both precisions; ``make`` returns it.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> class TestCode(ActionLaws):
        ...     def make(self):
        ...         return VectorAction(SO2().rep("2x0 + 1x3"))
        >>> TestCode().test_action_laws(torch.float64)
    """

    test_action_laws = _SubjectLaws._test


class HomomorphismLaws(_SubjectLaws):
    """Laws of a homomorphism, in both precisions; ``make`` returns it.

    Example:
        >>> from groupae import SO2
        >>> class TestTurns(HomomorphismLaws):
        ...     def make(self):
        ...         return SO2().subgroup("c(4)")
        >>> TestTurns().test_homomorphism_laws(torch.float64)
    """

    test_homomorphism_laws = _SubjectLaws._test


class IntertwinerLaws(abc.ABC):
    """Law of an intertwiner, in both precisions; `make` returns it with its representations.

    Example:
        >>> from groupae import SO2
        >>> class TestScaling(IntertwinerLaws):
        ...     def make(self):
        ...         rho = SO2().rep("1x1")
        ...         return 2 * torch.eye(2), rho, rho
        >>> TestScaling().test_intertwining(torch.float64)
    """

    @abc.abstractmethod
    def make(self) -> tuple[Tensor, Representation, Representation]:
        """Return W, rho and sigma with ``W rho(g) = sigma(g) W``."""

    @_precisions
    def test_intertwining(self, dtype: torch.dtype) -> None:
        """Check every law."""
        check_intertwiner(*self.make(), dtype=dtype).raise_if_failed()


class EquivarianceLaws(abc.ABC):
    """Law of an equivariant function, in both precisions; `make` returns it with its actions.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> class TestReLU(EquivarianceLaws):
        ...     def make(self):
        ...         action = VectorAction(SO2().rep("1x0"))
        ...         return torch.relu, action, action, torch.randn(8, 1)
        >>> TestReLU().test_equivariance(torch.float64)
    """

    @abc.abstractmethod
    def make(
        self,
    ) -> tuple[
        Callable[[Any], Any],
        LatentAction[Any] | Representation,
        LatentAction[Any] | Representation,
        Any,
    ]:
        """Return f, the actions on its inputs and outputs, and samples."""

    @_precisions
    def test_equivariance(self, dtype: torch.dtype) -> None:
        """Check every law, with samples cast, and ``f`` too if it is a module."""
        f, action_in, action_out, x = self.make()
        if isinstance(f, torch.nn.Module):
            f = f.to(dtype)
        x = map_parts(lambda part: part.to(dtype), x)
        check_equivariant(f, action_in, action_out, x).raise_if_failed()
