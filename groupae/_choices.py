"""What the command line and the library both let one choose from; importing it loads nothing."""

from __future__ import annotations

from typing import Literal

__all__ = ["Format", "Size", "Split"]

Split = Literal["train", "validation", "test"]
"""Which part of a data set."""

Size = Literal["tiny", "small", "full"]
"""How much of it: seconds to make (for tests), about a minute, or as in the paper."""

Format = Literal["pt2", "onnx"]
"""``torch.export``'s archive, read by torch alone; or ONNX, read by many runtimes."""
