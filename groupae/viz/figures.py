"""Drawing of data as pictures, of many pictures in one, and of figures into PNG files."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

from groupae._files import write_durably
from groupae._validation import ShapeError, expected
from groupae.viz.style import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "GAP",
    "channels_of",
    "contain",
    "draw",
    "draw_errors",
    "mosaic",
    "save_figure",
    "save_figures",
    "show",
]

GAP = 2
"""White pixels between pictures by default."""

_LEAST, _MOST = 1e-8, 1e3  # errors drawn: less is rounding; in place of infinite ones


def draw(x: Tensor, to_pictures: Callable[[Tensor], Tensor] | None) -> Tensor:
    """Return data ``(r, c, *x_shape)`` as pictures ``(r, c, C, H, W)``.

    Args:
        x: The data.
        to_pictures: A function from ``(k, *x_shape)`` to ``(k, C, H, W)``; data are pictures
            unless given.
    """
    x = x.cpu()
    return x if to_pictures is None else to_pictures(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def mosaic(rows: Tensor, gaps: tuple[int, int] = (GAP, GAP), ground: str = "#ffffff") -> Tensor:
    """Return many pictures as one, ``(H, W)`` or ``(H, W, C)``, with the ground between them.

    Args:
        rows: Pictures, shape ``(r, c, C, h, w)``, values in [0, 1]; C is 1, 3 or 4.
        gaps: Pixels of ground between rows and between columns.
        ground: Colour between the pictures. Grey pictures stay grey between white only.

    Example:
        >>> mosaic(torch.zeros(2, 5, 3, 8, 8)).shape
        torch.Size([18, 48, 3])
    """
    if rows.ndim != 5 or rows.shape[2] not in (1, 3, 4):
        got = tuple(rows.shape)
        raise ShapeError(expected("mosaic", "pictures (r, c, C, h, w), C = 1, 3 or 4", got))
    below, beside = gaps
    colour = channels_of(ground, rows.shape[2])
    r, c, _, h, w = rows.shape
    padded = colour[:, None, None].repeat(r, c, 1, h + below, w + beside)
    padded[..., :h, :w] = rows.cpu().float()
    whole = padded.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    return whole[: r * (h + below) - below, : c * (w + beside) - beside].clamp(0, 1).squeeze(-1)


def channels_of(ground: str, channels: int) -> Tensor:
    """Return a colour as channels like those of the pictures, three where grey cannot show it."""
    from matplotlib.colors import to_rgba

    red, green, blue, alpha = to_rgba(ground)
    if channels == 1 and red == green == blue:
        return torch.tensor([red])
    return torch.tensor([red, green, blue, alpha])[: max(channels, 3)]


def show(axes: Axes, picture: Tensor, aspect: Literal["equal", "auto"] = "equal") -> None:
    """Draw a picture ``(H, W)`` or ``(H, W, C)`` in [0, 1]; one channel is grey."""
    axes.imshow(picture.numpy(), cmap="gray", vmin=0, vmax=1, aspect=aspect)


def contain(figure: Figure, margin: float = 0.04) -> Figure:
    """Return a figure, enlarged on each side by what its labels need; what is drawn keeps its size.

    Layouts of matplotlib take the size of a figure as given, so long labels end at its edge.

    Args:
        figure: The figure.
        margin: Inches of ground that are left around everything.

    Example:
        >>> from matplotlib import pyplot as plt
        >>> figure = plt.figure(figsize=(1, 1))
        >>> text = figure.text(0.5, 0.5, "a label of many letters", ha="center")
        >>> width, height = contain(figure).get_size_inches()
        >>> bool(width > 1.5), float(height)
        (True, 1.0)
    """
    width, height = figure.get_size_inches()
    box = figure.get_tightbbox()  # in inches
    left, below = max(0.0, margin - box.x0), max(0.0, margin - box.y0)
    right, above = max(0.0, box.x1 + margin - width), max(0.0, box.y1 + margin - height)
    across, down = width + left + right, height + below + above
    for axes in figure.axes:
        place = axes.get_position(original=True)
        corner = (left + place.x0 * width) / across, (below + place.y0 * height) / down
        axes.set_position((*corner, place.width * width / across, place.height * height / down))
    for text in figure.texts:
        x, y = text.get_position()
        text.set_position(((left + x * width) / across, (below + y * height) / down))
    figure.set_size_inches(across, down)
    return figure


def draw_errors(
    axes: Axes,
    names: Sequence[str],
    errors: Sequence[float],
    tolerances: Sequence[float],
    passed: Sequence[bool],
    style: Style,
) -> None:
    """Draw errors as bars on a logarithmic axis; tolerances are ticks, and failures are marked."""
    drawn = [max(e, _LEAST) if math.isfinite(e) else _MOST for e in errors]
    colors = [style.good if is_good else style.bad for is_good in passed]
    places = range(len(drawn))
    axes.barh(places, drawn, left=0, height=0.6, color=colors)
    axes.scatter(tolerances, places, marker="|", s=90, color=style.ink, zorder=3)
    axes.set_yticks(places, names)
    for place, is_good in zip(places, passed, strict=True):
        if not is_good:
            axes.text(1.4 * _LEAST, place, "✗ fails", color=style.ground, fontsize=8, va="center")
    axes.invert_yaxis()
    top = max([*drawn, *tolerances, 1e-3])
    axes.set(xscale="log", xlim=(_LEAST, 3 * top), xlabel="relative error (ticks: tolerance)")
    axes.grid(axis="x")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG and close it; a link of that name is replaced, not written through.

    Files have the default settings of matplotlib, not those of the caller, and the ground of the
    figure. So the same figure makes the same bytes.

    Example:
        >>> import tempfile; from matplotlib.figure import Figure
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_figure(Figure(figsize=(1, 1)), Path(folder, "empty.png"))
        ...     [path.name for path in Path(folder).iterdir()]
        ['empty.png']
    """
    write_durably(path, _png(figure))


def save_figures(figures: Sequence[Figure], path: Path) -> None:
    """Write figures one below the other as one PNG and close them; a link is replaced.

    Example:
        >>> import tempfile; from matplotlib.figure import Figure
        >>> two = [Figure(figsize=(1, 1)), Figure(figsize=(1, 1))]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_figures(two, Path(folder, "two.png"))
        ...     [path.name for path in Path(folder).iterdir()]
        ['two.png']
    """
    from PIL import Image

    drawn = [Image.open(io.BytesIO(_png(figure))).convert("RGB") for figure in figures]
    size = (max(part.width for part in drawn), sum(part.height for part in drawn))
    whole = Image.new("RGB", size, drawn[0].getpixel((0, 0)) if drawn else "white")
    below = 0
    for part in drawn:
        whole.paste(part, (0, below))
        below += part.height
    written = io.BytesIO()
    whole.save(written, format="PNG")
    write_durably(path, written.getvalue())


def _png(figure: Figure) -> bytes:
    """Return a figure as PNG and close it."""
    from matplotlib import pyplot as plt
    from matplotlib import style as sheets

    written = io.BytesIO()
    with sheets.context("default"):
        figure.savefig(written, format="png", dpi="figure", facecolor=figure.get_facecolor())
    plt.close(figure)
    return written.getvalue()
