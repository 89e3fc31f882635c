"""Script that remakes ``so3_couplings.npz`` from e3nn.

Usage: ``python -m groupae.kernels.wigner.tables.regenerate [target.npz]``.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["so3_couplings"]


def so3_couplings(highest: int) -> dict[str, NDArray[np.float64]]:
    """Return ``C_l = sqrt(2l + 1) w3j(l - 1, 1, l)`` for l = 2..highest, signed so that R -> D^1.

    e3nn fixes each 3j symbol up to a sign, which cancels in ``C^T (D (x) R) C``.
    """
    import torch
    from e3nn import o3

    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        return {
            f"C{degree}": (math.sqrt(2 * degree + 1) * o3.wigner_3j(degree - 1, 1, degree)).numpy()
            for degree in range(2, highest + 1)
        }
    finally:
        torch.set_default_dtype(default)


if __name__ == "__main__":
    from groupae.kernels.wigner.matrices import MAX_DEGREE

    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "so3_couplings.npz"
    with target.open("wb") as stream:
        arrays: dict[str, Any] = {**so3_couplings(MAX_DEGREE)}
        np.savez_compressed(stream, **arrays)
