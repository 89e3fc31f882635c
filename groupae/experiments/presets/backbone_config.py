"""Base class of the backbones: sizes as plain data, from which the parts of a model are built."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any, ClassVar

from torch import nn

from groupae._validation import expected
from groupae.actions import LatentAction
from groupae.groups import Group

__all__ = ["ENCODER_SCALE", "BackboneConfig", "Parts", "is_count"]

Parts = tuple[nn.Module, nn.Module, LatentAction[Any]]
"""Encoder, decoder, and the action of the group on the code between them."""


ENCODER_SCALE = 0.1
"""Factor of the encoder beside a linear path, whose code has variance 1."""


class BackboneConfig(abc.ABC):
    """Sizes of a backbone; subclasses are frozen dataclasses.

    Their fields are those of the same names in a `ModelConfig`, which has checked ``widths`` and
    ``blocks``; the other fields they check themselves.
    """

    name: ClassVar[str]

    @abc.abstractmethod
    def build(self, group: Group, x_shape: tuple[int, ...], representation: str) -> Parts:
        """Return encoder, decoder and action.

        Args:
            group: The acting group.
            x_shape: Shape of one datum.
            representation: Action of the group on the code, as text.

        Raises:
            ValueError: If the backbone takes data of another shape, or another group.
        """

    @property
    def _owner(self) -> str:
        return f"backbone {self.name!r}"

    def _check(self, is_valid: bool, what: str, got: object, remedy: str = "") -> None:
        """Raise `ValueError` unless a condition holds."""
        if not is_valid:
            raise ValueError(expected(self._owner, what, got, remedy))

    def _check_texts(self, name: str, texts: object) -> None:
        is_valid = isinstance(texts, tuple) and all(isinstance(text, str) for text in texts)
        self._check(is_valid, f"{name} as a list of texts", repr(texts))

    def _check_axes(self, x_shape: Sequence[int], axes: int, form: str) -> None:
        self._check(len(x_shape) == axes, form, tuple(x_shape), "choose another backbone")

    def _check_square(self, x_shape: Sequence[int]) -> tuple[int, int]:
        """Return channels and height of square pictures."""
        is_square = len(x_shape) == 3 and x_shape[1] == x_shape[2]
        form = "square pictures (channels, size, size)"
        self._check(is_square, form, tuple(x_shape), "choose another backbone")
        return x_shape[0], x_shape[1]


def is_count(value: object, least: int) -> bool:
    """Return whether a value is an integer (not a bool) of at least ``least``."""
    return isinstance(value, int) and type(value) is not bool and value >= least
