"""The strategies live in the package; tests import them from here."""

from groupae.testing.strategies import element_pairs, elements, groups, representations

__all__ = ["element_pairs", "elements", "groups", "representations"]
