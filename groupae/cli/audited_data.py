"""Inputs and actions of an audit, as they are written on the command line."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import expected, unknown_choice
from groupae.actions import GridAction
from groupae.data import TurnedPictures, smooth_pictures
from groupae.groups import SO2, Group
from groupae.representations import Representation

__all__ = ["load_data", "read_action"]

_FORMS = "a file .npy or .npz, a folder of pictures, or random:1x28x28"
_WORDS = ("grid", "vector", "invariant")


def load_data(
    owner: str, text: str | None, samples: int, group: Group, action: str | None
) -> Tensor:
    """Return the inputs of an audit, shape ``(n, ...)``, floating.

    Args:
        owner: Subject of error messages.
        text: What ``--data`` says.
        samples: Largest number of them; those of files are spread evenly.
        group: The group.
        action: What ``--input`` says: a representation tells the shape of random vectors.

    Raises:
        ValueError: If the text is of another form, or the file has no such data.
        FileNotFoundError: If there is no such file.
    """
    if text is None and action is not None and action.startswith("vector"):
        rho = _representation(group, action)
        return torch.randn(samples, rho.dim, generator=_draws())
    if text is None:
        raise ValueError(expected(owner, f"--data, {_FORMS}", "none"))
    if text.startswith("random"):
        return _random(owner, text, samples)
    path = Path(text)
    if path.is_dir():
        stored: Tensor = TurnedPictures(path, SO2()).originals
        x = stored.float() / 255 if stored.dtype == torch.uint8 else stored
    elif path.suffix.lower() in (".npy", ".npz"):
        x = _array(owner, path)
    else:
        raise ValueError(expected(owner, f"--data as {_FORMS}", text))
    if len(x) < 2:
        raise ValueError(expected(owner, f"at least 2 data in {path}", len(x)))
    n = min(samples, len(x))
    return x[torch.arange(n) * len(x) // n]


def _array(owner: str, path: Path) -> Tensor:
    """Return the array of a file; of several named ones, ``x`` or the only one."""
    if not path.is_file():
        raise FileNotFoundError(expected(owner, f"a file {path}", "none"))
    try:
        loaded = np.load(path, allow_pickle=False)
        arrays = {"x": loaded} if isinstance(loaded, np.ndarray) else _members(loaded)
    except (ValueError, zipfile.BadZipFile, EOFError, OSError) as error:
        got = str(error).partition("\n")[0]
        raise ValueError(expected(owner, f"{path} to hold arrays of numbers", got)) from error
    if "x" not in arrays and len(arrays) != 1:
        got = ", ".join(list(arrays)[:8]) or "none"
        raise ValueError(expected(owner, f"an array named x in {path}", got))
    array = arrays.get("x", next(iter(arrays.values())))
    if array.ndim < 1 or array.dtype.kind not in "fiub":
        what = f"an array (n, ...) of numbers in {path}"
        raise ValueError(expected(owner, what, f"{array.dtype} {array.shape}"))
    x = torch.from_numpy(np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="))))
    if x.dtype == torch.uint8:
        return x.float() / 255
    return x if x.dtype in (torch.float32, torch.float64) else x.float()


def _members(archive: Any) -> dict[str, Any]:
    """Return the arrays of an archive, and close it."""
    with archive:
        return {name: archive[name] for name in archive}


def _random(owner: str, text: str, samples: int) -> Tensor:
    """Return random data: smooth in all axes but the channels if there are three or four."""
    if not re.fullmatch(r"random:\d{1,6}(x\d{1,6}){0,3}", text):
        raise ValueError(expected(owner, "--data random with a shape, as random:1x28x28", text))
    shape = [int(part) for part in text.partition(":")[2].split("x")]
    if 0 in shape or samples * int(np.prod(shape, dtype=np.float64)) > 2**28:
        raise ValueError(expected(owner, "a shape of at least 1 and at most 2^28 numbers", text))
    if len(shape) < 3:
        return torch.randn(samples, *shape, generator=_draws())
    return smooth_pictures(samples, *shape, generator=_draws())


def _draws() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def read_action(owner: str, option: str, text: str | None, group: Group, x: Any) -> Any:
    """Return the action that an option names, on data of the shape of ``x``.

    Raises:
        ValueError: If the text is of another form, or the action does not fit the data.
    """
    if not isinstance(x, Tensor):
        what = f"{option} of outputs that are one tensor"
        raise ValueError(
            expected(owner, what, type(x).__name__, "wrap it in a function that returns one")
        )
    if text is None:
        text = "grid" if x.ndim in (4, 5) else "vector"
    word, _, fields = (part.strip() for part in text.partition(":"))
    if word not in _WORDS or (word == "invariant" and fields):
        raise ValueError(unknown_choice(owner, option, text, [*_WORDS, "grid:4x1", "vector:4x1"]))
    if word == "invariant":
        return "invariant"
    if word == "grid":
        return _grid(owner, option, fields, group, x)
    rho = _representation(group, text)
    if x.shape[-1] != rho.dim:
        got = f"{tuple(x.shape)} beside {counted(rho.dim, 'number')} of {rho} of {group}"
        remedy = f"write the representation, as {option} 'vector:8x0 + 4x1'"
        what = f"{option} on the last axis of data"
        raise ValueError(expected(owner, what, got, remedy))
    return rho


def _grid(owner: str, option: str, fields: str, group: Group, x: Tensor) -> GridAction:
    if x.ndim not in (4, 5):
        what = f"{option} grid for pictures (n, C, H, W) or volumes (n, C, D, H, W)"
        raise ValueError(expected(owner, what, tuple(x.shape)))
    channels = group.rep(fields) if fields else None
    if channels is not None and channels.dim != x.shape[1]:
        what = f"{option} with {counted(x.shape[1], 'channel')}"
        raise ValueError(expected(owner, what, f"{channels}, of {counted(channels.dim, 'number')}"))
    return GridAction(group, tuple(x.shape[2:]), channels=channels)


def _representation(group: Group, text: str) -> Representation:
    fields = text.partition(":")[2].strip()
    return group.rep(fields) if fields else group.standard()
