"""Law checks of groups, representations, homomorphisms and actions.

One file per noun: ``group_laws`` (with ``sampling_laws``), ``representation_laws``,
``action_laws``, ``map_laws`` (homomorphisms, intertwiners, equivariant functions); ``samples`` has
their common functions, ``report`` their results, ``laws_by_kind`` the choice of laws,
``catalogue`` the built-in examples, ``world_models`` the audit of learned dynamics. They need only
torch; ``strategies`` (hypothesis) and ``mixins`` (pytest) are imported by name.

A check runs on the group's hard elements (identity and near it, pi, poles) and on random ones, in
one dtype; a tolerance is ``64 eps(dtype)`` times the error growth (highest frequency or degree).
Errors are relative to the largest entry where that is above 1. Gradients to the element are
compared with central differences, to 1e-6 times the error growth. A law is named after its
violation.
"""

from groupae.groups.samples import sample_elements
from groupae.testing.action_laws import check_action
from groupae.testing.group_laws import check_group
from groupae.testing.laws_by_kind import assert_laws, check_all
from groupae.testing.map_laws import check_equivariant, check_homomorphism, check_intertwiner
from groupae.testing.report import LawReport, LawResult, LawViolationError, LeftOut
from groupae.testing.representation_laws import check_representation
from groupae.testing.world_models import WorldModel, audit_world_model

__all__ = [
    "LawReport",
    "LawResult",
    "LawViolationError",
    "LeftOut",
    "WorldModel",
    "assert_laws",
    "audit_world_model",
    "check_action",
    "check_all",
    "check_equivariant",
    "check_group",
    "check_homomorphism",
    "check_intertwiner",
    "check_representation",
    "sample_elements",
]
