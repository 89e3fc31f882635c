"""Folder of a page on which one turns the group element, for any model of pictures.

The folder works from a disk as from a server: its scripts are classic ones, which hold the graphs,
the pictures and onnxruntime-web as base64 of gzip, and nothing is fetched.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from groupae._files import is_leftover, write_durably, written_whole
from groupae._printable import counted
from groupae._validation import ShapeError, check_floating, expected
from groupae.actions.codes import map_latent
from groupae.demo.controls import Control
from groupae.demo.facts import ORBIT, Facts
from groupae.demo.graphs import check_control, check_has_parts, export_graphs, on_processor
from groupae.demo.group_controls import control_of
from groupae.demo.runtime import LICENCE, find_runtime
from groupae.demo.scripts import model_script, runtime_script
from groupae.groups import Group
from groupae.interop.onnx import check_onnx_installed
from groupae.viz import plot_orbit, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Demo", "check_demo_folder", "write_demo"]

_PAGE = Path(__file__).parent / "page"
_MODEL, _RUNTIME, _STILL, _LICENCES = "model.js", "runtime.js", "orbit.png", "LICENCES.txt"
_ROWS = 4  # of the still picture
_FEWEST, _MOST = 2, 64  # pictures; two, since torch.export takes a batch of one for a constant


@dataclasses.dataclass(frozen=True)
class Demo:
    """A written page.

    Args:
        folder: Its folder.
        megabytes: Size of all files, in 10^6 bytes.
        difference: Largest difference of a picture from the model's, of a range of 1.
        pictures: Number of pictures on it.
        runtime: Version of onnxruntime-web.

    Example:
        >>> from pathlib import Path
        >>> page = Demo(Path("digits"), 8.1, difference=1e-6, pictures=16, runtime="1.22")
        >>> page.pictures
        16
    """

    folder: Path
    megabytes: float
    difference: float
    pictures: int
    runtime: str


def write_demo(
    model: nn.Module,
    pictures: Tensor,
    folder: str | Path,
    *,
    facts: Facts | None = None,
    control: Control | None = None,
    elements: Tensor | None = None,
    frame: Tensor | None = None,
    runtime: str | Path | None = None,
    force: bool = False,
) -> Demo:
    """Write a folder with a page on which a model turns pictures in the browser.

    Args:
        model: A model of pictures with ``encode``, ``action`` and ``decode``, such as
            `groupae.LatentActionAE`; it is not changed.
        pictures: Pictures on the page, shape ``(n, C, H, W)``, C of 1 or 3; 2 to 64 of them. They
            are rounded to 256 levels.
        folder: The folder; it must be missing or empty, or hold a page that ``force`` replaces.
        facts: Title, labels, range of the data and other facts.
        control: How an element is chosen; that of `control_of` unless given.
        elements: Elements that move the data, for the ranges of sliders (see `control_of`).
        frame: Axes of the camera, for a `Trackball`.
        runtime: Folder of the npm package onnxruntime-web; by default it is downloaded once.
        force: Replace the page that is in the folder.

    Returns:
        Size and accuracy of the page.

    Raises:
        ModuleNotFoundError: If the extra ``onnx`` is not installed.
        ShapeError: If data are no pictures, or labels are not as many.
        TypeError: If the model lacks a part.
        ValueError: If pictures are outside the range.
        ExportError: If the model cannot be exported.
        FileExistsError: If the folder holds other files, or a page and ``force`` is not given.
        OSError: If onnxruntime-web is not to be had, or writing fails.

    Example:
        >>> from groupae import SO2, LatentActionAE
        >>> ae = LatentActionAE.conv(SO2().rep("2x0 + 3x1"), (1, 8, 8), widths=(8,))
        >>> demo = write_demo(ae, torch.rand(16, 1, 8, 8), "page")  # doctest: +SKIP
    """
    path, facts = check_demo_folder(folder, force=force), Facts() if facts is None else facts
    if not isinstance(facts, Facts):
        raise TypeError(expected("write_demo", "facts as Facts(...)", repr(facts)))
    check_onnx_installed("write_demo")
    check_has_parts("write_demo", model)
    _check_pictures(pictures, facts)
    own: Any = on_processor(model)
    if control is None:
        control = control_of(own.action.group, elements=elements, frame=frame)
    check_control("write_demo", control, own)  # before a download
    found = find_runtime(runtime)
    low, high = facts.range
    stored = _levels(pictures, facts.range)
    x = torch.from_numpy(stored).float() / 255 * (high - low) + low
    graphs = export_graphs(own, x, control, scale=high - low)
    description = facts.describe(own.action, control, graphs, x, found.version)
    scripts = {
        _MODEL: model_script(description, graphs.files, stored),
        _RUNTIME: runtime_script(found),
        _LICENCES: _licences(description["licences"]),
    }
    size = _write(path, scripts, _still(own, control, x, facts.range))
    return Demo(path, size / 1e6, graphs.difference, len(x), found.version)


# --- arguments -----------------------------------------------------------------------------------
def check_demo_folder(folder: str | Path, *, force: bool = False) -> Path:
    """Return a folder as a path, which is missing, empty, or holds a page that may be replaced.

    Raises:
        FileExistsError: If it holds other files, or a page and ``force`` is not given.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     check_demo_folder(folder).name == Path(folder).name
        True
    """
    if not isinstance(folder, (str, Path)) or not str(folder):
        raise TypeError(expected("write_demo", "folder as a path", repr(folder)))
    path = Path(folder).absolute()
    if path.exists() and not path.is_dir():
        raise FileExistsError(expected("write_demo", "a folder", f"the file {path}"))
    names = [entry.name for entry in path.iterdir()] if path.is_dir() else []
    if not names:
        return path
    own = {_MODEL, _RUNTIME, _STILL, _LICENCES, *(file.name for file in _page_files())}
    others = sorted(n for n in names if n not in own and not is_leftover(n, ".*"))
    if others or _MODEL not in names:
        got = f"{path} with {', '.join((others or names)[:3])}"
        what = "a folder that is missing, empty or holds a demo"
        raise FileExistsError(expected("write_demo", what, got, "name another folder"))
    if not force:
        what, got = "a folder that is missing or empty", f"the demo in {path}"
        remedy = f"force (--force) replaces it, and groupae demo {path} --serve shows it"
        raise FileExistsError(expected("write_demo", what, got, remedy))
    return path


def _check_pictures(pictures: Tensor, facts: Facts) -> None:
    check_floating("write_demo", "pictures", pictures)
    shape = tuple(pictures.shape)
    if pictures.ndim != 4 or shape[1] not in (1, 3) or 0 in shape[2:]:
        remedy = "a page shows no outlines, points or series yet"
        what = "pictures of shape (n, 1, H, W) or (n, 3, H, W)"
        raise ShapeError(expected("write_demo", what, shape, remedy))
    if not _FEWEST <= len(pictures) <= _MOST:
        what = f"{_FEWEST} to {_MOST} pictures"
        raise ShapeError(expected("write_demo", what, len(pictures)))
    if facts.labels is not None and len(facts.labels) != len(pictures):
        what = f"one label for each of {counted(len(pictures), 'picture')}"
        raise ShapeError(expected("write_demo", what, len(facts.labels)))
    low, high = facts.range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        what = "a range from black to white, the smaller number first"
        raise ValueError(expected("write_demo", what, f"{low:g} to {high:g}"))
    if not bool(pictures.isfinite().all()):
        raise ValueError(expected("write_demo", "finite pictures", "NaN or infinity among them"))
    least, most = float(pictures.min()), float(pictures.max())
    slack = (high - low) / 255
    if not (low - slack <= least and most <= high + slack):
        remedy = "give the range of the data: Facts(range=(low, high))"
        got = f"{least:g} to {most:g}"
        raise ValueError(expected("write_demo", f"pictures in {low:g} to {high:g}", got, remedy))


def _levels(pictures: Tensor, range: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """Return pictures rounded to 256 levels."""
    low, high = range
    levels = (pictures.detach().cpu().double() - low) / (high - low) * 255
    return levels.round().clamp(0, 255).to(torch.uint8).numpy()


# --- files ---------------------------------------------------------------------------------------
def _page_files() -> list[Path]:
    return sorted(file for file in _PAGE.iterdir() if file.suffix in (".html", ".css", ".js"))


def _write(path: Path, scripts: dict[str, bytes], still: Figure) -> int:
    """Write the folder and return the size of its files in bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as beside:
        for file in _page_files():
            write_durably(beside / file.name, file.read_bytes())
        for name, content in scripts.items():
            write_durably(beside / name, content)
        save_figure(still, beside / _STILL)
        return sum(file.stat().st_size for file in beside.iterdir())


def _licences(sentences: Sequence[str]) -> bytes:
    head = "Licences of what is in this folder\n\n"
    page = "page: groupae, Apache-2.0 (https://www.apache.org/licenses/LICENSE-2.0)"
    lines = "".join(f"* {sentence}\n" for sentence in (page, *sentences))
    return (head + lines + "\nonnxruntime-web\n\n").encode() + LICENCE.read_bytes()


class _Orbits:
    """Any model with the parts of a codec as a model of orbits."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.group: Group = model.action.group

    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return predictions ``(n, m, *x_shape)``."""
        n, m = len(x), len(gs)
        z = map_latent(lambda part: part.repeat_interleave(m, 0), self.model.encode(x))
        moved = self.model.action(gs.repeat(n, *[1] * (gs.ndim - 1)), z)
        turned: Tensor = self.model.decode(moved)
        return turned.reshape(n, m, *turned.shape[1:])


def _still(model: Any, control: Control, x: Tensor, range: tuple[float, float]) -> Figure:
    """Return a figure of orbits, which the page shows where it cannot compute any."""
    low, high = range
    p = control.examples(ORBIT)
    titles = iter(control.titles_of(p, model.action.group))  # asked for in order
    return plot_orbit(
        _Orbits(model),
        x[:_ROWS],
        control.element(p),
        title=lambda _: next(titles),
        to_pictures=lambda y: ((y - low) / (high - low)).clamp(0, 1),
    )
