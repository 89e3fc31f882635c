"""Arrays embedded in the package; ``assets/NOTICE.md`` gives their sources and licences."""

from __future__ import annotations

from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["load_embedded"]


def load_embedded(name: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of an embedded file.

    Args:
        name: Name of the file, without ``.npz``.

    Example:
        >>> load_embedded("mnist5k")["x"].shape
        (5000, 28, 28)
    """
    asset = resources.files("groupae.experiments.datasets") / "assets" / f"{name}.npz"
    with asset.open("rb") as stream, np.load(stream) as arrays:
        return dict(arrays)
