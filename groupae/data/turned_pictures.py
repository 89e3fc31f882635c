"""Pairs from a folder of plain pictures, which a group turns, mirrors or shifts."""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from groupae._validation import ShapeError, check_count, expected, unknown_choice
from groupae.data.orbit_pairs import OrbitPairs
from groupae.data.pixels import read_pixels
from groupae.data.rotation import rotate
from groupae.groups import O2, SO2, Cyclic, Dihedral, Group, Translation

__all__ = ["TurnedPictures", "picture_action", "split_of_names"]

_OWNER = "TurnedPictures"
_SPLITS = ("train", "validation", "test")
_ENDINGS = (
    *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".dib"),
    *(".gif", ".ppm", ".pgm", ".pnm", ".tga"),
)
_CHANNELS = {None: None, "L": 1, "RGB": 3}


class TurnedPictures(OrbitPairs):
    """Pairs of one picture of a folder, moved by two random elements of a group.

    Pictures are found in all subfolders, in the order of their names, read once and kept, as bytes
    if they have at most 8 bits. The class of a picture is the name of its subfolder.

    Args:
        folder: Folder of pictures.
        group: ``SO2``, ``O2``, ``Cyclic`` or ``Dihedral``; turns are counter-clockwise about the
            centre, and mirror images are upside down. Or ``Translation(2)``, which shifts pictures
            to the right and up, round their edges; a shift by ``2 pi`` is their width or height.
        split: ``"train"``, ``"validation"`` or ``"test"``: the subfolders of these names if there
            are all three, else 80, 10 and 10 percent in the order of a hash of the names; ``None``
            for all pictures.
        mode: Turn all pictures to grey (``"L"``) or colours (``"RGB"``); by default they must be
            alike.
        pixels: Height and width. Pictures are cut to their middle square and resized, with
            antialiasing; by default they must be square and of one size.
        seed: Key of order and elements.

    Raises:
        FileNotFoundError: If the folder is missing.
        ValueError: If no picture is there, or a picture is damaged or unlike the others.

    Example:
        >>> import tempfile; from PIL import Image
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for name in ("cup", "pot"):
        ...         Image.new("L", (8, 8)).save(Path(folder, f"{name}.png"))
        ...     pictures = TurnedPictures(folder, SO2())
        >>> len(pictures), pictures.batch(step=0, size=4).x1.shape
        (2, torch.Size([4, 1, 8, 8]))
    """

    def __init__(
        self,
        folder: Path | str,
        group: Group,
        *,
        split: str | None = None,
        mode: Literal["L", "RGB"] | None = None,
        pixels: int | None = None,
        seed: int = 0,
    ) -> None:
        if mode not in _CHANNELS:
            raise ValueError(unknown_choice(_OWNER, "mode", mode, ("L", "RGB")))
        if pixels is not None:
            check_count(_OWNER, "pixels", pixels)
        move = picture_action(group)
        names = _of_split(Path(folder), _picture_names(Path(folder)), split)
        pictures = _read(Path(folder), names, _CHANNELS[mode], pixels)
        kinds = [_class_of(name) for name in names]
        self.classes: tuple[str, ...] = tuple(sorted(set(kinds) - {""}))
        has_labels = bool(self.classes) and "" not in kinds
        labels = torch.tensor([self.classes.index(k) for k in kinds]) if has_labels else None
        act = functools.partial(_move_stored, move)
        sample = _random_shifts if isinstance(group, Translation) else None
        options: dict[str, Any] = {
            "show": _as_moved,
            "sample": sample,
            "labels": labels,
            "seed": seed,
        }
        super().__init__(pictures, group, act, **options)
        self.names: tuple[str, ...] = tuple(names)


def picture_action(group: Group) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the action of a group of turns and mirror images, or of shifts, on pictures.

    Raises:
        ValueError: If the group is none of SO(2), O(2), C(n), D(n) and T(2).

    Example:
        >>> x = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]]])
        >>> picture_action(Cyclic(4))(torch.tensor([1]), x).int().squeeze().tolist()
        [[0, 0], [1, 0]]
    """
    if isinstance(group, SO2):
        return rotate
    if isinstance(group, O2):
        return functools.partial(_move_o2, group)
    if isinstance(group, Cyclic):
        return functools.partial(_move_cyclic, group)
    if isinstance(group, Dihedral):
        return functools.partial(_move_dihedral, group)
    if isinstance(group, Translation) and group.n == 2:
        return _shift_round
    what = "a group that moves pictures: so2, o2, c(n), d(n) or translation(2)"
    remedy = "other groups need views with their elements in a table elements.csv"
    raise ValueError(expected(_OWNER, what, group, remedy))


def split_of_names(names: Sequence[str], split: str) -> list[str]:
    """Return the names in a split, 80, 10 and 10 percent of them in the order of their hashes.

    Raises:
        ValueError: If there are fewer than three names, or no such split.

    Example:
        >>> [len(split_of_names([f"{i}.png" for i in range(20)], s)) for s in _SPLITS]
        [16, 2, 2]
    """
    if split not in _SPLITS:
        raise ValueError(unknown_choice(_OWNER, "split", split, _SPLITS))
    n = len(names)
    if n < 3:
        remedy = "training, validation and test need one each"
        raise ValueError(expected(_OWNER, "at least three originals", n, remedy))
    order = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    few = max(1, n // 10)
    parts = {"validation": order[:few], "test": order[few : 2 * few], "train": order[2 * few :]}
    return sorted(parts[split])


# --- actions -----------------------------------------------------------------------------------
def _move_o2(group: Group, g: Tensor, x: Tensor) -> Tensor:
    angle, sign = group.convert(g, "matrix", "angle_sign").unbind(-1)
    return rotate(angle, _flipped(sign < 0, x))


def _move_cyclic(group: Cyclic, g: Tensor, x: Tensor) -> Tensor:
    return rotate(g.to(x.dtype) * (2 * math.pi / group.n), x)


def _move_dihedral(group: Dihedral, g: Tensor, x: Tensor) -> Tensor:
    turns = (g % group.n).to(x.dtype)
    return rotate(turns * (2 * math.pi / group.n), _flipped(g >= group.n, x))


def _flipped(is_flipped: Tensor, x: Tensor) -> Tensor:
    return torch.where(is_flipped[:, None, None, None], x.flip(-2), x)


def _shift_round(g: Tensor, x: Tensor) -> Tensor:
    """Return pictures shifted by phases of their Fourier series, which compose exactly."""
    height, width = x.shape[-2:]
    right = torch.fft.fftfreq(width, 1 / width, dtype=x.dtype, device=x.device)
    up = torch.fft.fftfreq(height, 1 / height, dtype=x.dtype, device=x.device)
    right_by, up_by = g.to(x.dtype)[:, :, None, None].unbind(1)
    phase = up_by * up[:, None] - right_by * right
    spectrum = torch.fft.fft2(x) * torch.polar(torch.ones_like(phase), phase).unsqueeze(1)
    moved: Tensor = torch.fft.ifft2(spectrum).real
    return moved


def _random_shifts(*size: int, generator: torch.Generator | None = None) -> Tensor:
    return (torch.rand(*size, 2, generator=generator) * 2 - 1) * math.pi


def _move_stored(move: Callable[[Tensor, Tensor], Tensor], g: Tensor, x: Tensor) -> Tensor:
    return move(g, x.float() / 255 if x.dtype == torch.uint8 else x)


def _as_moved(scenes: Tensor, generator: torch.Generator) -> Tensor:
    del generator
    return scenes


# --- files -------------------------------------------------------------------------------------
def _picture_names(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise FileNotFoundError(expected(_OWNER, f"a folder {folder}", "none"))
    files = (path for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS)
    paths = (path.relative_to(folder) for path in files if path.is_file())
    names = sorted(p.as_posix() for p in paths if not any(x.startswith(".") for x in p.parts))
    if not names:
        remedy = "name the folder with the pictures, such as .png or .jpg"
        raise ValueError(expected(_OWNER, f"pictures in {folder}", "none", remedy))
    return names


def _of_split(folder: Path, names: list[str], split: str | None) -> list[str]:
    if split is None:
        return names
    if split in _SPLITS and all((folder / part).is_dir() for part in _SPLITS):
        chosen = [name for name in names if name.startswith(f"{split}/")]
        if not chosen:
            raise ValueError(expected(_OWNER, f"pictures in {folder / split}", "none"))
        return chosen
    return split_of_names(names, split)


def _class_of(name: str) -> str:
    parts = name.split("/")[:-1]
    return "/".join(parts[1:] if parts and parts[0] in _SPLITS else parts)


def _read(folder: Path, names: list[str], channels: int | None, pixels: int | None) -> Tensor:
    """Return all pictures, uint8 or float32, shape ``(n, C, H, W)``."""
    for i, name in enumerate(names):
        picture = _squared(read_picture(folder / name, name, channels), pixels)
        if i == 0:
            pictures = picture.new_empty(len(names), *picture.shape)
        first = pictures[0]
        if i == 0 and picture.shape[1] != picture.shape[2]:
            remedy = "pixels= cuts them to a square and resizes them"
            got = f"{picture.shape[2]}x{picture.shape[1]} pixels in {name}"
            raise ShapeError(expected(_OWNER, "square pictures", got, remedy))
        if picture.shape != first.shape or picture.dtype != first.dtype:
            what = f"pictures like {names[0]}, {tuple(first.shape)} of {first.dtype}"
            got = f"{tuple(picture.shape)} of {picture.dtype} in {name}"
            remedy = "pixels= resizes them, mode= turns them to grey (L) or colours (RGB)"
            raise ShapeError(expected(_OWNER, what, got, remedy))
        pictures[i] = picture
    return pictures


def read_picture(file: Path, name: str, channels: int | None) -> Tensor:
    """Return a picture of a folder over white, shape ``(C, H, W)``, uint8 or float32."""
    return read_pixels(_OWNER, file, name).over(1.0, channels)


def _squared(picture: Tensor, pixels: int | None) -> Tensor:
    """Return the middle square of a picture, resized; the picture itself if no size is given."""
    if pixels is None or picture.shape[1:] == (pixels, pixels):
        return picture
    height, width = picture.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = picture[None, :, top : top + side, left : left + side].float()
    sized = F.interpolate(square, (pixels, pixels), mode="bilinear", antialias=True)[0]
    if picture.dtype == torch.uint8:
        return sized.round().clamp(0, 255).to(torch.uint8)
    return sized
