"""Laws anyone can run: checks of groups, representations and latent actions.

``laws`` has the checks and needs nothing beyond torch; ``strategies`` (hypothesis) and ``mixins``
(pytest) are imported by name.
"""

from groupae.testing.laws import check_action, check_group, check_representation, sample_elements
from groupae.testing.report import LawReport, LawResult, LawViolationError

__all__ = [
    "LawReport",
    "LawResult",
    "LawViolationError",
    "check_action",
    "check_group",
    "check_representation",
    "sample_elements",
]
