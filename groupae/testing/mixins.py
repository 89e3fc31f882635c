"""Pytest mix-ins: subclass one, give one method, inherit every law as a test.

.. code-block:: python

    from groupae.testing.mixins import GroupLaws

    class TestMyGroup(GroupLaws):
        def make(self):
            return MyGroup()
"""

from __future__ import annotations

import abc
from typing import Any

import pytest
import torch

from groupae.actions import LatentAction
from groupae.groups import Group
from groupae.representations import Representation
from groupae.testing import check_action, check_group, check_representation

__all__ = ["ActionLaws", "GroupLaws", "RepresentationLaws"]

_precisions = pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)


class GroupLaws(abc.ABC):
    """Laws of a group, in both precisions; `make` returns it."""

    @abc.abstractmethod
    def make(self) -> Group:
        """Return the group under test."""

    @_precisions
    def test_group_laws(self, dtype: torch.dtype) -> None:
        """Check every law."""
        check_group(self.make(), dtype=dtype).raise_if_failed()


class RepresentationLaws(abc.ABC):
    """Laws of a representation, in both precisions; `make` returns it."""

    @abc.abstractmethod
    def make(self) -> Representation:
        """Return the representation under test."""

    @_precisions
    def test_representation_laws(self, dtype: torch.dtype) -> None:
        """Check every law."""
        check_representation(self.make(), dtype=dtype).raise_if_failed()


class ActionLaws(abc.ABC):
    """Laws of a latent action, in both precisions; `make` returns it."""

    @abc.abstractmethod
    def make(self) -> LatentAction[Any]:
        """Return the action under test."""

    @_precisions
    def test_action_laws(self, dtype: torch.dtype) -> None:
        """Check every law."""
        check_action(self.make(), dtype=dtype).raise_if_failed()
