"""Shapes: objects of six categories, no two alike, each made of a few hundred triangles.

An object is a function of its category and its number alone. Conventions are those of
``rendering.meshes``: z up, x forward, y left, the middle of the bounding box at the origin and the
farthest vertex at distance 1. ``lofting`` is the one surface everything is made of, ``primitives``
are its common forms, ``draws`` the choices, and each category has a file.
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
"""What makes an object of each category; the order numbers the classes, so append only."""

_STREAM = 0x5AFE  # keeps these draws apart from those of other keys


def make_shape(category: str, index: int) -> Mesh:
    """Return one object, the same whenever and wherever it is asked for.

    Args:
        category: A key of ``CATEGORIES``.
        index: Number of the object in its category, from 0 without end.

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
