"""Scores of the laws of an action: identity, inverse, homomorphism, closure, drift, derivative."""

from __future__ import annotations

from groupae.metrics.scores import ModelScore

__all__ = ["LAW_SCORES"]

LAW_SCORES: tuple[ModelScore, ...] = ()
"""Scores of the laws of an action."""
