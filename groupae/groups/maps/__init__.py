"""Homomorphisms between groups: inclusions of subgroups, quotients, projections."""

from groupae.groups.maps.homomorphisms import Homomorphism
from groupae.groups.maps.projections import FactorInclusion, Projection
from groupae.groups.maps.quotients import RotationPart, Sign, Winding

__all__ = ["FactorInclusion", "Homomorphism", "Projection", "RotationPart", "Sign", "Winding"]
