"""Representations: sums of a group's irreps, their notation, and how they act on vectors.

``base`` has the direct sum. Algebra beyond it (tensor products, restriction, intertwiners) belongs
here, one file an idea; the irreps themselves belong to their group.
"""

from groupae.representations.base import Block, Representation, Term

__all__ = ["Block", "Representation", "Term"]
