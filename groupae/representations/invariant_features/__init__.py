"""Invariant features of codes: numbers that tell orbits apart and that no element changes.

One file per kind: ``power``, ``gram``, ``bispectrum``, each of which contains the one before, and
``max_filter``; :doc:`/understand/invariants` says which to take. Features are computed on the
isotypic components of a representation (``isotypic``) with invariant forms of its irreps
(``forms``).
"""

from groupae.representations.invariant_features.bispectrum import Bispectrum
from groupae.representations.invariant_features.gram import Gram
from groupae.representations.invariant_features.invariant_map import (
    KINDS,
    InvariantMap,
    invariant_features,
    invariant_map,
)
from groupae.representations.invariant_features.kind import FeatureKind
from groupae.representations.invariant_features.max_filter import MaxFilter
from groupae.representations.invariant_features.power import Power

__all__ = [
    "KINDS",
    "Bispectrum",
    "FeatureKind",
    "Gram",
    "InvariantMap",
    "MaxFilter",
    "Power",
    "invariant_features",
    "invariant_map",
]
