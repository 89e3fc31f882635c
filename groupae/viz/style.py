"""One style of all figures: grounds, inks and a palette by role, in a light and a dark theme.

The palette has the hues of Okabe and Ito (Color universal design, 2008), in other shades: theirs
include yellow and light blue, which a white ground swallows. Here each colour has a contrast of at
least 3:1 with the ground (WCAG 2.2, success criterion 1.4.11), and each two stay distinct under
simulated protanopia and deuteranopia. Curves also differ in markers or lines, so that nothing
depends on colour alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from typing import Any, get_args

from groupae._choices import Theme
from groupae._validation import unknown_choice

__all__ = [
    "FONT",
    "WIDTH",
    "Style",
    "Theme",
    "figure_style",
    "fitting_size",
    "style_of",
    "widest_line",
]

FONT = "DejaVu Sans"
"""Font of all text; it comes with matplotlib, so that pictures do not depend on the machine."""

WIDTH = 5.2
"""Width of figures with axes, in inches: text of 8 points is 9 pixels high at 400 pixels."""

_DPI = 160  # 832 pixels for the usual width, sharp on screens of twice 400
_ADVANCE = 0.62  # mean width of a letter over the size of the font


@dataclasses.dataclass(frozen=True)
class Style:
    """Colours of a theme, as hexadecimal RGB.

    Args:
        theme: Name of the theme.
        ground: Ground of the figure and between pictures.
        ink: Text, axes and marks without a role of their own.
        muted: Labels, ticks and lines of reference, such as tolerances.
        grid: Lines of grids.
        shade: Areas behind curves, such as a trained range.
        blue: First colour of the palette.
        vermillion: Second.
        green: Third.
        purple: Fourth.
        orange: Fifth.
        sky: Sixth.

    Example:
        >>> style_of("dark").ground
        '#14171c'
        >>> style_of("light").good == style_of("light").blue
        True
    """

    theme: Theme
    ground: str
    ink: str
    muted: str
    grid: str
    shade: str
    blue: str
    vermillion: str
    green: str
    purple: str
    orange: str
    sky: str

    @property
    def palette(self) -> tuple[str, ...]:
        """Colours of curves without a role, in order."""
        hues = (self.blue, self.vermillion, self.green, self.purple, self.orange, self.sky)
        return (*hues, self.ink)

    # --- roles ----------------------------------------------------------------------------------
    @property
    def model(self) -> str:
        """Colour of what a model does, such as its error or its predictions."""
        return self.blue

    @property
    def truth(self) -> str:
        """Colour of data that a model is compared with."""
        return self.ink

    @property
    def good(self) -> str:
        """Colour of laws that hold."""
        return self.blue

    @property
    def bad(self) -> str:
        """Colour of laws that fail, and of edges that must be seen on pictures."""
        return self.vermillion

    @property
    def colour_map(self) -> str:
        """Name of matplotlib's map from zero, near the ground, to large values."""
        return "viridis_r" if self.theme == "light" else "viridis"

    @property
    def signed_map(self) -> Any:
        """Map of matplotlib from negative, through the ground at zero, to positive values."""
        from matplotlib.colors import LinearSegmentedColormap

        colours = [self.blue, self.ground, self.vermillion]
        return LinearSegmentedColormap.from_list(f"groupae-{self.theme}", colours)

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of matplotlib for figures in this style."""
        from cycler import cycler

        return {
            "figure.facecolor": self.ground,
            "figure.dpi": _DPI,
            "savefig.facecolor": self.ground,
            "axes.facecolor": self.ground,
            "axes.edgecolor": self.muted,
            "axes.labelcolor": self.ink,
            "axes.titlecolor": self.ink,
            "axes.labelsize": 9,
            "axes.titlesize": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=self.palette),
            "text.color": self.ink,
            "xtick.color": self.muted,
            "ytick.color": self.muted,
            "xtick.labelcolor": self.ink,
            "ytick.labelcolor": self.ink,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "grid.color": self.grid,
            "grid.linewidth": 0.6,
            "legend.fontsize": 8,
            "legend.frameon": False,
            "font.family": [FONT],
            "mathtext.fontset": "dejavusans",
        }


_STYLES: dict[Theme, Style] = {
    "light": Style(
        theme="light",
        ground="#ffffff",
        ink="#1f2328",
        muted="#59636e",
        grid="#d1d9e0",
        shade="#e9edf1",
        blue="#0f4f96",
        vermillion="#b04a0e",
        green="#14a078",
        purple="#e055bb",
        orange="#c87c00",
        sky="#1c92f0",
    ),
    "dark": Style(
        theme="dark",
        ground="#14171c",
        ink="#e6e9ed",
        muted="#9aa4b0",
        grid="#39414b",
        shade="#262c34",
        blue="#2f7ad1",
        vermillion="#dc6a2a",
        green="#2bd99a",
        purple="#c95c8a",
        orange="#eaa92a",
        sky="#45bdfa",
    ),
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
        >>> with figure_style("dark") as style:
        ...     figure, axes = plt.subplots()
        ...     lines = axes.plot([1, 2, 4], color=style.model)
    """
    from matplotlib import style as sheets

    style = style_of(theme, owner)
    with sheets.context(["default", style.settings]):
        yield style


def fitting_size(texts: Iterable[str], inches: float, most: float = 9.0) -> float:
    """Return the size in points at which the longest line of texts is not wider than a length.

    Args:
        texts: The texts, each of one or more lines.
        inches: The length.
        most: Largest size.

    Example:
        >>> fitting_size(["30°", "120°"], inches=0.75, most=12), fitting_size(["a = 1.28"], 0.5)
        (12, 7.26)
    """
    ems = widest_line(texts)
    return min(most, round(72 * inches / ems, 2)) if ems else most


def widest_line(texts: Iterable[str]) -> float:
    """Return the width of the longest line of texts over the size of the font.

    It is at least that of as many letters of mean width.

    Args:
        texts: The texts, each of one or more lines.

    Example:
        >>> round(widest_line(["iiii", "90°"]), 2), round(widest_line(["WWWW"]), 2)
        (2.48, 3.96)
    """
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=FONT, size=10)
    lines = [line for text in texts for line in text.splitlines()]
    measured = [text_to_path.get_text_width_height_descent(line, font, False)[0] for line in lines]
    letters = [_ADVANCE * len(line) for line in lines]
    return float(max([*letters, *(width / 10 for width in measured)], default=0.0))
