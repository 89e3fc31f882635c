"""Frames of a moving orbit: inputs at rest above predictions and truth that move."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupae.viz.figures import mosaic
from groupae.viz.style import Style, Theme, figure_style, widest_line

if TYPE_CHECKING:
    import numpy.typing as npt
    from matplotlib.figure import Figure

    Pixels = npt.NDArray[Any]

__all__ = ["Layout", "draw_frames"]

_DPI = 100  # pixels per inch, so that lengths are whole pixels
_GAP, _MARGIN = 6, 8  # pixels between pictures, and around all
_LINE = 17  # pixels of a line of text of 9 points
_LABEL, _TITLE = 9, 10  # points of labels and titles
_LETTER = 7.4  # pixels of a letter, at most on average


@dataclasses.dataclass(frozen=True)
class Layout:
    """Places of pictures and labels in a frame, in pixels.

    Args:
        rows: Labels of the rows.
        columns: Number of data.
        picture: Height and width of a picture as drawn.
        lines: Lines of the title.
        title: Width of the longest title.
    """

    rows: Sequence[str]
    columns: int
    picture: tuple[int, int]
    lines: int
    title: int = 0

    @property
    def corner(self) -> tuple[int, int]:
        """Distances of the pictures from the top and the left."""
        beside = max(math.ceil(_LETTER * len(row)) for row in self.rows)
        beside = max(beside, _width(self.rows, _LABEL)) + 6
        return _MARGIN + (self.lines * _LINE + 4 if self.lines else 0), _MARGIN + beside

    @property
    def inner(self) -> tuple[int, int]:
        """Height and width of all pictures, with the gaps between them."""
        (height, width), n = self.picture, len(self.rows)
        return n * (height + _GAP) - _GAP, self.columns * (width + _GAP) - _GAP

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of a frame; both are even, as codecs of video want it."""
        (top, left), (height, width) = self.corner, self.inner
        across = max(left + width, _MARGIN + self.title) + _MARGIN
        down = top + height + _MARGIN
        return down + down % 2, across + across % 2


def draw_frames(
    pictures: Tensor, rows: Sequence[str], titles: Sequence[str], theme: Theme, scale: int
) -> Iterator[Pixels]:
    """Yield the frames of an orbit, RGB ``(H, W, 3)`` in bytes.

    Args:
        pictures: Pictures by frame, row and datum, shape ``(m, r, n, C, h, w)``, in [0, 1].
        rows: Label of each row.
        titles: Title of each frame; none where there is none.
        theme: Theme of the frames.
        scale: Pixels of a frame per pixel of a picture.
    """
    height, width = (scale * length for length in pictures.shape[-2:])
    lines = max((title.count("\n") + 1 for title in titles if title), default=0)
    layout = Layout(rows, pictures.shape[2], (height, width), lines, _width(titles, _TITLE))
    with figure_style(theme) as style:
        figure = _drawn(layout, style)
        shown = _axes(figure, layout).imshow(torch.zeros(*layout.inner, 3).numpy())
        title = figure.text(
            0.5, 1 - _MARGIN / layout.size[0], "", ha="center", va="top", fontsize=_TITLE
        )
        for i, frame in enumerate(pictures):
            shown.set_data(_sheet(frame, style, scale).numpy())
            title.set_text(titles[i] if titles else "")
            yield _pixels(figure)


def _width(texts: Sequence[str], points: float) -> int:
    """Return the pixels of the longest line of texts, with room for letters put on whole pixels."""
    return math.ceil(1.05 * widest_line(texts) * points * _DPI / 72)


def _sheet(frame: Tensor, style: Style, scale: int) -> Tensor:
    """Return the pictures of a frame as one in colour, on the ground of the style."""
    enlarged = frame.repeat_interleave(scale, -1).repeat_interleave(scale, -2)
    sheet = mosaic(enlarged, (_GAP, _GAP), style.ground)
    return sheet if sheet.ndim == 3 else sheet[..., None].expand(*sheet.shape, 3)


def _drawn(layout: Layout, style: Style) -> Figure:
    """Return a figure with the labels of the rows."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    height, width = layout.size
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)
    top, left = layout.corner
    for i, label in enumerate(layout.rows):
        y = top + i * (layout.picture[0] + _GAP) + layout.picture[0] / 2
        place = ((left - 6) / width, 1 - y / height)
        figure.text(*place, label, ha="right", va="center", fontsize=_LABEL, color=style.muted)
    return figure


def _axes(figure: Figure, layout: Layout) -> Any:
    """Return axes whose pixels are those of the pictures."""
    (height, width), (top, left), (h, w) = layout.size, layout.corner, layout.inner
    axes = figure.add_axes((left / width, 1 - (top + h) / height, w / width, h / height))
    axes.set_axis_off()
    return axes


def _pixels(figure: Figure) -> Pixels:
    import numpy as np

    canvas: Any = figure.canvas
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
