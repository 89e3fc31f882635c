"""Correlation of two vectors over a compact group, and the element where it is highest.

``highest`` chooses the method by the group, ``newton`` searches where there is no closed form.
Alignment of codes (`groupae.actions.align`) and max filters are built on it.
"""

from groupae.representations.correlation.highest import highest_element, in_irreps, moments_of

__all__ = ["highest_element", "in_irreps", "moments_of"]
