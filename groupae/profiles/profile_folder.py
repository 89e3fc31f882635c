"""Profiles of a folder of pictures, or of an array in a file, written into a folder."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from groupae._validation import expected, said_by
from groupae.data import TurnedPictures
from groupae.groups import SO2
from groupae.profiles.neighbours_page import draw_item, plot_neighbours
from groupae.profiles.profiles import Profiles
from groupae.viz import figure_style, save_figure

__all__ = ["claim_folder", "read_source", "write_profiles"]

_OWNER = "groupae profile"
_MARK = "README.md"  # begins so in a folder that is ours
_BEGINNING = "Profiles of "


def read_source(
    source: Path,
    *,
    mode: Literal["L", "RGB"] | None = None,
    pixels: int | None = None,
    owner: str = _OWNER,
) -> tuple[Any, list[str]]:
    """Return the items in a folder of pictures or an ``.npy`` file, and their names.

    Args:
        source: The folder or file.
        mode: Turn the pictures of a folder to grey (``"L"``) or colours (``"RGB"``).
        pixels: Height and width to resize them to.
        owner: Subject of error messages.

    Raises:
        FileNotFoundError: If there is neither.
        ValueError: If pictures are damaged or differ, or the file holds no array of numbers.
    """
    if source.is_dir():
        with said_by(owner, "TurnedPictures"):
            pictures = TurnedPictures(source, SO2(), mode=mode, pixels=pixels)
        stored = pictures.originals
        values = stored.float() / 255 if stored.dtype == torch.uint8 else stored
        return values.numpy(), list(pictures.names)
    if not source.is_file():
        what = f"a folder of pictures or a file of an array (.npy), {source}"
        raise FileNotFoundError(expected(owner, what, "none"))
    if source.suffix != ".npy":
        raise ValueError(expected(owner, "a folder of pictures or a file .npy", source))
    if mode is not None or pixels is not None:
        raise ValueError(expected(owner, "a folder of pictures for mode and pixels", source))
    try:
        items = np.load(source, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(expected(owner, f"an array of numbers in {source}", error)) from error
    return items, [str(i) for i in range(len(items))] if items.ndim else []


def claim_folder(folder: Path, *, force: bool) -> None:
    """Make the folder of results, or empty that of an earlier profile.

    Raises:
        FileExistsError: If something else is there, or results are, without ``force``.
    """
    mark = folder / _MARK
    is_ours = mark.is_file() and mark.read_text(encoding="utf-8").startswith(_BEGINNING)
    is_taken = folder.exists() and (not folder.is_dir() or any(folder.iterdir()))
    if is_taken and not (force and is_ours):
        remedy = "--force replaces them" if is_ours else "name another folder with --out"
        got = f"{folder} with {'profiles' if is_ours else 'something else'} in it"
        raise FileExistsError(expected(_OWNER, "a free folder for the results", got, remedy))
    if is_taken:
        for part in ("profile.csv", "profile.parquet", "neighbours.png"):
            (folder / part).unlink(missing_ok=True)
        shutil.rmtree(folder / "canonical", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def write_profiles(
    profiles: Profiles, items: Sequence[Any], folder: Path, *, neighbours: int = 6
) -> list[str]:
    """Write table, canonical items and neighbours into a folder; return the names of the files."""
    profiles.write_readme(folder)
    profiles.write_csv(folder / "profile.csv")
    written = ["profile.csv"]
    if profiles.write_parquet(folder / "profile.parquet"):
        written.append("profile.parquet")
    _write_canonical(profiles, folder / "canonical")
    save_figure(plot_neighbours(profiles, items, count=neighbours), folder / "neighbours.png")
    return [*written, "canonical", "neighbours.png"]


def _write_canonical(profiles: Profiles, folder: Path) -> None:
    for name, item in zip(profiles.names, profiles.canonical, strict=True):
        path = (folder / name).with_suffix(".png") if Path(name).suffix else folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if profiles.kind == "pictures" and len(item) in (1, 3):
            _write_picture(item, path)
        else:
            _draw(profiles.kind, item, path)


def _write_picture(item: Any, path: Path) -> None:
    from PIL import Image

    pixels = (item.clip(0, 1) * 255).round().astype(np.uint8)
    Image.fromarray(pixels[0] if len(pixels) == 1 else np.moveaxis(pixels, 0, -1)).save(path)


def _draw(kind: str, item: Any, path: Path) -> None:
    from matplotlib.figure import Figure

    with figure_style() as style:
        figure = Figure(figsize=(1, 1), dpi=110, layout="constrained")
        draw_item(figure.subplots(), kind, item, style)
    save_figure(figure, path)
