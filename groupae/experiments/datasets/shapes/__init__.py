"""Parametric shapes of six categories, no two alike, with a few hundred triangles each.

A shape is a function of its category and number only. Conventions are those of ``rendering.mesh``:
z up, x forward, y left, the middle of the bounding box at the origin and the farthest vertex at
distance 1. All surfaces are made by ``lofting``; ``primitives`` are its common forms, ``draws``
makes the random choices, and each category has its file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch

from groupae._validation import expected, unknown_choice
from groupae.data.keys import keyed_generator
from groupae.experiments.datasets.rendering.mesh import Mesh
from groupae.experiments.datasets.shapes.airplanes import make_airplane
from groupae.experiments.datasets.shapes.cars import make_car
from groupae.experiments.datasets.shapes.chairs import make_chair
from groupae.experiments.datasets.shapes.lamps import make_lamp
from groupae.experiments.datasets.shapes.mugs import make_mug
from groupae.experiments.datasets.shapes.tables import make_table

__all__ = [
    "CATEGORIES",
    "make_airplane",
    "make_car",
    "make_chair",
    "make_lamp",
    "make_mug",
    "make_shape",
    "make_table",
]

CATEGORIES: Mapping[str, Callable[[torch.Generator], Mesh]] = MappingProxyType(
    {
        "airplane": make_airplane,
        "chair": make_chair,
        "table": make_table,
        "lamp": make_lamp,
        "car": make_car,
        "mug": make_mug,
    }
)
"""Constructor of each category. The order numbers the classes, so append only."""

_STREAM = 0x5AFE  # separates these draws from those of other keys


def make_shape(category: str, index: int) -> Mesh:
    """Return one object, the same on every machine.

    Args:
        category: A key of ``CATEGORIES``.
        index: Number of the object in its category, any integer of at least 0.

    Raises:
        ValueError: If there is no such category or ``index`` is no integer of at least 0.

    Example:
        >>> make_shape("chair", 7), bool(make_shape("mug", 1).vertices.norm(dim=-1).max() <= 1)
        (Mesh(... vertices, ... faces), True)
    """
    if category not in CATEGORIES:
        raise ValueError(unknown_choice("make_shape", "category", category, CATEGORIES))
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise ValueError(
            expected("make_shape", "index to be an integer of at least 0", repr(index))
        )
    number = list(CATEGORIES).index(category)
    return CATEGORIES[category](keyed_generator(_STREAM, number, index))
