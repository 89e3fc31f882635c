"""Allowed values of options, shared by the command line and the library; free of imports."""

from __future__ import annotations

from typing import Literal

__all__ = ["Format", "OrbitFormat", "Size", "Split", "Theme"]

Split = Literal["train", "validation", "test"]
"""Part of a data set."""

Size = Literal["tiny", "small", "full"]
"""Size of a data set: made in seconds (for tests), in about a minute, or as in the paper."""

Format = Literal["pt2", "onnx"]
"""Format of an exported model: the archive of ``torch.export``, or ONNX for many runtimes."""

OrbitFormat = Literal["png", "gif", "webp", "mp4"]
"""Format of a picture of orbits: a strip at rest, or one that moves."""

Theme = Literal["light", "dark"]
"""Theme of a figure: dark ink on white, or light ink on near-black."""
