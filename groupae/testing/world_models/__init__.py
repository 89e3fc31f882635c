"""Audit of world models: drift over a horizon, order of actions, return to the start.

A world model encodes an observation and predicts the code after an action, step by step. Where the
actions are elements of a group, its laws are known without further data: undoing an action leads
back, two actions in a row are their product, and commuting actions may be swapped. ``world_model``
has the interface, ``audit_world_model`` the measurements, ``report`` their results.
"""

from groupae.testing.world_models.audit_world_model import audit_world_model
from groupae.testing.world_models.report import DriftCurve, WorldModelReport
from groupae.testing.world_models.world_model import WorldModel

__all__ = ["DriftCurve", "WorldModel", "WorldModelReport", "audit_world_model"]
