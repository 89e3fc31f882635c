"""Classic scripts that hold binary files, since a page opened from a disk may not fetch any."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from groupae.demo.runtime import Runtime

__all__ = ["model_script", "packed", "runtime_script"]


def packed(content: bytes) -> str:
    """Return bytes as base64 of gzip, always the same text for the same bytes.

    Example:
        >>> gzip.decompress(base64.b64decode(packed(b"abc")))
        b'abc'
    """
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


def runtime_script(runtime: Runtime) -> bytes:
    """Return the script that sets ``window.GROUPAE_RUNTIME``."""
    values = {"version": runtime.version}
    values |= {"loader": packed(runtime.loader), "wasm": packed(runtime.wasm)}
    return _script("GROUPAE_RUNTIME", values)


def model_script(
    description: Mapping[str, Any], files: Mapping[str, bytes], pictures: npt.NDArray[np.uint8]
) -> bytes:
    """Return the script that sets ``window.GROUPAE_MODEL``.

    Args:
        description: Facts for the page.
        files: Content of the graphs, by name.
        pictures: Pictures, shape ``(n, *x_shape)``.
    """
    graphs = {name: packed(content) for name, content in files.items()}
    values = {"description": description, "files": graphs, "pictures": packed(pictures.tobytes())}
    return _script("GROUPAE_MODEL", values)


def _script(name: str, values: Mapping[str, Any]) -> bytes:
    # ASCII only, and no "</script>" even if somebody puts the file into a page
    text = json.dumps(values, allow_nan=False).replace("</", "<\\/")
    return f"window.{name} = {text};\n".encode()
