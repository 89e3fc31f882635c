"""Figure of a latent code before and after a group element, irrep by irrep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from groupae._validation import ShapeError, expected
from groupae.actions import AffineAction, PartsAction
from groupae.actions.axis import RepresentationAction
from groupae.groups import Group
from groupae.representations import Representation
from groupae.representations.base import Block
from groupae.viz.element_titles import element_title
from groupae.viz.figures import contain
from groupae.viz.style import WIDTH, Style, Theme, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_latent_blocks"]

_MOST = 10  # blocks drawn; the figure would be longer than a screen
_PER_ROW = 3  # planes side by side
_STEPS = 41  # points of the path from the code to the moved code
_PLANE, _ROW = 1.75, 1.25  # heights of panels in inches


@torch.no_grad()
def plot_latent_blocks(
    model: Any, z: Any, g: Tensor, *, part: str | None = None, theme: Theme = "light"
) -> Figure:
    """Return a figure of a code before and after an element: rings before, dots after.

    Entries of irreps of dimension one stand side by side, and invariants are dots within their
    rings. An irrep of dimension two is a plane: each copy is a point, which moves along a curve.
    One of more dimensions is a picture before and one after, with a row per dimension and a column
    per copy. Of more than ten blocks, the first are drawn.

    Args:
        model: A model with an ``action``, the action, or a representation.
        z: One code without batch axes: a vector, or a dict of parts as the encoder returns it.
        g: One element, shape ``element_shape``.
        part: Name of the part of a dict that is drawn; by default the first vector that moves.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        TypeError: If the model has no action by irreps, or ``z`` is no code of it.
        ShapeError: If ``z`` is no single vector, or ``g`` no single element.
        ValueError: If there is no such part.

    Example:
        >>> from groupae import SO2
        >>> rho = SO2().rep("3x0 + 2x1 + 2x2")
        >>> figure = plot_latent_blocks(rho, torch.arange(11.0), SO2().grid(8)[1].float())
        >>> [axes.get_title() for axes in figure.axes]
        ['irrep 0: 3 invariants', 'irrep 1', 'irrep 2']
    """
    from matplotlib import pyplot as plt

    code = _Code(getattr(model, "action", model), z, part)
    moved = code.path(g)
    shown = code.blocks[:_MOST]
    planes = [b for b in shown if b.dim == 2]
    wide = [b for b in shown if b.dim != 2]
    wide = [b for b in wide if b.is_trivial] + [b for b in wide if not b.is_trivial]
    heights = [_ROW] * len(wide) + [_PLANE] * math.ceil(len(planes) / _PER_ROW)
    with figure_style(theme, "plot_latent_blocks") as style:
        figure = plt.figure(figsize=(WIDTH, sum(heights) + 0.6), layout="constrained")
        grid = figure.add_gridspec(len(heights), _PER_ROW, height_ratios=heights)
        for i, block in enumerate(wide):
            _draw_wide(figure.add_subplot(grid[i, :]), block, _rows(block, moved), style)
        for i, block in enumerate(planes):
            place = grid[len(wide) + i // _PER_ROW, i % _PER_ROW]
            _draw_plane(figure.add_subplot(place), block, _rows(block, moved), style)
        left_out = len(code.blocks) - len(shown)
        more = f"; {left_out} more blocks are not drawn" if left_out else ""
        title = " ".join(element_title(code.group, g).split("\n"))
        figure.suptitle(f"rings: code, dots: code moved by {title}{more}", fontsize=9)
        contain(figure)
    return figure


def _rows(block: Block, moved: Tensor) -> Tensor:
    """Return a block along the path, shape ``(steps, dim, copies)``."""
    entries = moved[:, block.start : block.stop]
    return entries.reshape(len(moved), block.dim, block.copies)


# --- codes ---------------------------------------------------------------------------------------
class _Code:
    """Vector of a code, in coordinates in which a representation or affine action is by blocks."""

    def __init__(self, action: Any, z: Any, part: str | None) -> None:
        if isinstance(action, PartsAction):
            action, z = _part_of(action, z, part)
        elif part is not None:
            got = f"part={part!r}"
            raise ValueError(expected("plot_latent_blocks", "no part of a code without parts", got))
        acting = action.rho if isinstance(action, RepresentationAction) else action
        if not isinstance(acting, (Representation, AffineAction)):
            what = "a model, an action or a representation with irreps"
            raise TypeError(expected("plot_latent_blocks", what, type(action).__name__))
        self.acting = acting
        self.group: Group = acting.group
        size = self.blocks[-1].stop
        if not isinstance(z, Tensor):
            what, got = f"z to be a tensor of shape ({size},)", type(z).__name__
            raise TypeError(expected("plot_latent_blocks", what, got))
        if z.shape != (size,):
            remedy = "take one of a batch, such as z[0], and one place of a map"
            what = f"one code z of shape ({size},)"
            raise ShapeError(expected("plot_latent_blocks", what, tuple(z.shape), remedy))
        self.z = z.detach().cpu().double()

    @property
    def blocks(self) -> Sequence[Block]:
        """Blocks of the vectors of `path`."""
        if isinstance(self.acting, Representation):
            return self.acting.blocks
        still = int(self.acting.invariant_mask.sum())
        moving = Block("a z + b", len(self.acting.invariant_mask) - still, 1, still, False)
        return [Block("0", still, 1, 0, True), moving] if still else [moving]

    def path(self, g: Tensor) -> Tensor:
        """Return the code along a path from the identity to an element, shape ``(steps, size)``."""
        self.group.check_elements(g)
        if tuple(g.shape) != self.group.element_shape:
            what = f"one element g of {self.group}, of shape {self.group.element_shape}"
            raise ShapeError(expected("plot_latent_blocks", what, tuple(g.shape)))
        gs = _way(self.group, g.detach().cpu())
        codes = self.z.expand(len(gs), -1)
        if isinstance(self.acting, Representation):
            return self.acting.to_blocks(self.acting.act(gs, codes))
        moved: Tensor = self.acting(gs, codes)
        return moved


def _part_of(action: PartsAction, z: Any, part: str | None) -> tuple[Any, Any]:
    """Return the action on a part of a code, and the part."""
    acted: dict[str, Any] = dict(action.acted.items())
    if not isinstance(z, dict) or not acted.keys() <= z.keys():
        got = sorted(z) if isinstance(z, dict) else type(z).__name__
        what = f"z to be a dict with the parts {', '.join(action.names)}"
        raise TypeError(expected("plot_latent_blocks", what, got))
    vectors = [n for n, a in acted.items() if getattr(a, "axis", None) == -1]
    name = part if part is not None else next(iter(vectors), next(iter(acted)))
    if name not in acted:
        raise ValueError(
            expected("plot_latent_blocks", f"part to be one of {', '.join(acted)}", name)
        )
    inner, value = acted[name], z[name]
    is_map = isinstance(inner, RepresentationAction) and inner.axis != -1
    return (inner.rho if is_map else inner), value


def _way(group: Group, g: Tensor) -> Tensor:
    """Return elements from the identity to ``g``, or only these two where no path is known."""
    g = g if group.has_integer_elements else g.double()
    start = group.identity() if group.has_integer_elements else group.identity(dtype=g.dtype)
    if group.has_log:
        t = torch.linspace(0, 1, _STEPS, dtype=torch.float64)
        way = group.exp(t[:, None] * group.log(g))
        if bool(way.isfinite().all()) and bool(group.equal(way[-1], g, 1e-6)):
            return way
    return torch.stack([start, g])


# --- panels --------------------------------------------------------------------------------------
def _draw_wide(axes: Axes, block: Block, rows: Tensor, style: Style) -> None:
    if block.dim == 1:
        _draw_entries(axes, block, rows, style)
    else:
        _draw_matrices(axes, block, rows, style)


def _draw_entries(axes: Axes, block: Block, rows: Tensor, style: Style) -> None:
    """Draw the copies of an irrep of dimension one side by side."""
    before, after = rows[0, 0].tolist(), rows[-1, 0].tolist()
    places = range(block.copies)
    color = style.muted if block.is_trivial else style.model
    axes.axhline(0, color=style.grid, linewidth=0.8)
    axes.vlines(places, before, after, color=style.muted, linewidth=0.8)
    axes.plot(places, before, "o", color=style.ink, fillstyle="none", markersize=7, mew=0.9)
    axes.plot(places, after, "o", color=color, markersize=4)
    kind = "invariants" if block.is_trivial else f"{_copies(block)}"
    number = f"{block.copies} " if block.is_trivial else ""
    axes.set_title(f"irrep {block.irrep}: {number}{kind}")
    axes.set_xticks([])
    axes.margins(x=0.02, y=0.2)
    axes.spines["bottom"].set_visible(False)


def _draw_plane(axes: Axes, block: Block, rows: Tensor, style: Style) -> None:
    """Draw the copies of an irrep of dimension two as points that move through a plane."""
    radius = 1.15 * max(float(rows.norm(dim=1).max()), 1e-12)
    for copy in range(block.copies):
        x, y = rows[:, 0, copy].tolist(), rows[:, 1, copy].tolist()
        line = "-" if len(x) > 2 else ":"
        axes.plot(x, y, line, color=style.sky, linewidth=1.1)
        axes.plot(x[0], y[0], "o", color=style.ink, fillstyle="none", markersize=6, mew=0.9)
        axes.plot(x[-1], y[-1], "o", color=style.model, markersize=4)
    axes.axhline(0, color=style.grid, linewidth=0.8, zorder=0)
    axes.axvline(0, color=style.grid, linewidth=0.8, zorder=0)
    axes.set(xlim=(-radius, radius), ylim=(-radius, radius), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.set_title(f"irrep {block.irrep}")
    axes.set_xlabel(_copies(block), fontsize=8, color=style.muted)


def _draw_matrices(axes: Axes, block: Block, rows: Tensor, style: Style) -> None:
    """Draw the entries of an irrep of more dimensions as colours, before beside after."""
    both = torch.cat([rows[0], torch.full((block.dim, 1), math.nan), rows[-1]], 1)
    bound = max(float(both.nan_to_num().abs().max()), 1e-12)
    drawn = axes.imshow(both.numpy(), cmap=style.signed_map, vmin=-bound, vmax=bound, aspect="auto")
    axes.set_xticks([(block.copies - 1) / 2, 1.5 * block.copies + 0.5], ["code", "moved code"])
    axes.set_yticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title(f"irrep {block.irrep} of dimension {block.dim}: {_copies(block)}")
    figure: Any = axes.figure
    figure.colorbar(drawn, ax=axes, pad=0.01, aspect=8)


def _copies(block: Block) -> str:
    return "1 copy" if block.copies == 1 else f"{block.copies} copies"
