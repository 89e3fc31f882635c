"""Allowed values of options, shared by the command line and the library; free of imports."""

from __future__ import annotations

from typing import Literal

__all__ = ["Format", "Size", "Split"]

Split = Literal["train", "validation", "test"]
"""Part of a data set."""

Size = Literal["tiny", "small", "full"]
"""Size of a data set: made in seconds (for tests), in about a minute, or as in the paper."""

Format = Literal["pt2", "onnx"]
"""Format of an exported model: the archive of ``torch.export``, or ONNX for many runtimes."""
