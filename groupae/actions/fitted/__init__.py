"""Actions that a given code already has, found in closed form from pairs of codes."""

from groupae.actions.fitted.fit import fit_action
from groupae.actions.fitted.fitted_action import FittedAction, FittedCopy
from groupae.actions.fitted.hidden import HiddenAction

__all__ = ["FittedAction", "FittedCopy", "HiddenAction", "fit_action"]
