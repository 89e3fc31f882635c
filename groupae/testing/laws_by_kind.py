"""Checks of any subject by the laws of its kind: `check_all` reports, `assert_laws` raises."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from groupae._validation import expected
from groupae.actions import LatentAction
from groupae.groups import Group
from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.representations import Representation
from groupae.testing.action_laws import check_action
from groupae.testing.group_laws import check_group
from groupae.testing.map_laws import check_homomorphism
from groupae.testing.report import LawReport
from groupae.testing.representation_laws import check_representation

__all__ = ["Subject", "assert_laws", "check_all"]

Subject = Group | Representation | Homomorphism | LatentAction[Any]

_CHECKS: Sequence[tuple[type[Any], Callable[..., LawReport]]] = (
    (Group, check_group),
    (Representation, check_representation),
    (Homomorphism, check_homomorphism),
    (LatentAction, check_action),
)


def check_all(
    subject: Subject, dtypes: Sequence[torch.dtype] = (torch.float64, torch.float32)
) -> tuple[LawReport, ...]:
    """Return one report per precision, by the laws of the kind of the subject.

    Args:
        subject: A group, representation, homomorphism or latent action.
        dtypes: The precisions.

    Raises:
        TypeError: If it is none of these.

    Example:
        >>> from groupae import SO2
        >>> [report.passed for report in check_all(SO2().rep("2x0 + 3x1"))]
        [True, True]
    """
    check = _check_of("check_all", subject)
    return tuple(check(subject, dtype=dtype) for dtype in dtypes)


def assert_laws(
    subject: Subject,
    *,
    dtype: torch.dtype = torch.float64,
    elements: Tensor | None = None,
    latent: Any = None,
) -> None:
    """Raise unless the subject keeps every law of its kind.

    Args:
        subject: A group, representation, homomorphism or latent action.
        dtype: Precision of floating elements, vectors and codes.
        elements: Samples to use instead of hard and random ones.
        latent: Codes to use instead of random ones, for an action.

    Raises:
        LawViolationError: An ``AssertionError`` with one row per law that does not hold.
        TypeError: If there are no laws for the subject, or codes are given for no action.

    Example:
        >>> from groupae import SO2
        >>> assert_laws(SO2())
        >>> assert_laws(SO2().rep("2x0 + 3x1"), dtype=torch.float32)
    """
    check = _check_of("assert_laws", subject)
    if latent is not None and not isinstance(subject, LatentAction):
        raise TypeError(expected("assert_laws", "latent only with a LatentAction", repr(subject)))
    options = {} if latent is None else {"latent": latent}
    report = check(subject, dtype=dtype, elements=elements, **options)
    broken = tuple(result for result in report.results if not result.passed)
    dataclasses.replace(report, results=broken, left_out=()).raise_if_failed()


def _check_of(owner: str, subject: Subject) -> Callable[..., LawReport]:
    """Return the check for the kind of a subject."""
    for kind, check in _CHECKS:
        if isinstance(subject, kind):
            return check
    what = "a Group, Representation, Homomorphism or LatentAction"
    raise TypeError(expected(owner, what, repr(subject)))
