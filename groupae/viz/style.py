"""One style of all figures: grounds, inks and a palette by role, in a light and a dark theme.

Colours come by the role that they have, such as ``model`` and ``truth``, so that a role looks the
same in all figures. Each has a contrast of at least 3:1 with the ground (WCAG 2.2, 1.4.11), and all
stay distinct under simulated protanopia and deuteranopia.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from typing import Any, Literal, get_args

from groupae._validation import unknown_choice

__all__ = ["FONT", "Style", "Theme", "figure_style", "style_of"]

Theme = Literal["light", "dark"]
"""Theme of a figure: dark ink on white, or light ink on near-black."""

FONT = "DejaVu Sans"
"""Font of all text; it comes with matplotlib, so that pictures do not depend on the machine."""


@dataclasses.dataclass(frozen=True)
class Style:
    """Colours of a theme, as hexadecimal RGB.

    Args:
        theme: Name of the theme.
        ground: Ground of the figure and between pictures.
        ink: Text, axes and marks without a role of their own.
        muted: Text and lines of less weight, such as titles of columns and tolerances.
        grid: Lines of grids, and frames around pictures.
        shade: Areas behind curves, such as a trained range.

    Example:
        >>> style_of("dark").ground
        '#14171c'
    """

    theme: Theme
    ground: str
    ink: str
    muted: str
    grid: str
    shade: str

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of matplotlib for figures in this style."""
        return {
            "figure.facecolor": self.ground,
            "savefig.facecolor": self.ground,
            "axes.facecolor": self.ground,
            "axes.edgecolor": self.muted,
            "axes.labelcolor": self.ink,
            "axes.titlecolor": self.ink,
            "text.color": self.ink,
            "xtick.color": self.muted,
            "ytick.color": self.muted,
            "grid.color": self.grid,
            "font.family": [FONT],
        }


_STYLES: dict[Theme, Style] = {
    "light": Style("light", "#ffffff", "#1f2328", "#59636e", "#d1d9e0", "#eff2f5"),
    "dark": Style("dark", "#14171c", "#e6e9ed", "#9aa4b0", "#39414b", "#232930"),
}


def style_of(theme: Theme, owner: str = "style_of") -> Style:
    """Return the style of a theme.

    Args:
        theme: ``"light"`` or ``"dark"``.
        owner: Name of the caller, for the message.

    Raises:
        ValueError: If there is no such theme.
    """
    if theme not in get_args(Theme):
        raise ValueError(unknown_choice(owner, "theme", theme, get_args(Theme)))
    return _STYLES[theme]


@contextlib.contextmanager
def figure_style(theme: Theme = "light", owner: str = "figure_style") -> Iterator[Style]:
    """Make figures within a block in one style, whatever the settings of the caller.

    The settings of matplotlib are as before after the block.

    Args:
        theme: ``"light"`` or ``"dark"``.
        owner: Name of the caller, for the message.

    Yields:
        The style, with its colours by role.

    Raises:
        ValueError: If there is no such theme.

    Example:
        >>> from matplotlib import pyplot as plt
        >>> with figure_style("dark"):
        ...     figure = plt.figure()
        >>> figure.get_facecolor()[:3] < (0.1, 0.1, 0.12)
        True
    """
    from matplotlib import style as sheets

    style = style_of(theme, owner)
    with sheets.context(["default", style.settings]):
        yield style
