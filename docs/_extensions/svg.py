"""Elements of inline SVG that take their colours from the page, so that light and dark both work.

Lines and letters have the colour of the text around them. The two hues differ in lightness too, so
they are told apart without colour vision.
"""

from __future__ import annotations

import base64
import io
import math

from matplotlib import image
from torch import Tensor

__all__ = ["BLUE", "GREY", "ORANGE", "arc", "arrow", "box", "document", "line", "picture", "text"]

BLUE, ORANGE, GREY = "#3b82d0", "#e08a1e", "#8a8f98"


def document(width: int, height: int, description: str, parts: list[str]) -> str:
    """Return a drawing; a narrow page shrinks and scrolls it, screen readers read a description."""
    least = min(width, 560)  # narrower, letters could not be read
    style = f"width:100%;min-width:{least}px;max-width:{width}px;height:auto;font-family:inherit"
    start = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{description}" style="{style}">'
    )
    return "\n".join(['<div style="overflow-x:auto">', start, *parts, "</svg></div>"])


def text(
    x: float, y: float, words: str, *, size: int = 15, anchor: str = "middle", style: str = ""
) -> str:
    """Return a line of text, centred at x unless ``anchor`` is start or end."""
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="currentColor" style="{style}">{words}</text>'
    )


def line(x1: float, y1: float, x2: float, y2: float, *, width: float = 1.5, dash: str = "") -> str:
    """Return a line in the colour of the text."""
    return (
        f'<path d="M{x1:g},{y1:g} L{x2:g},{y2:g}" stroke="currentColor" fill="none" '
        f'stroke-width="{width:g}" stroke-dasharray="{dash}"/>'
    )


def _head(x: float, y: float, direction: float) -> str:
    """Return the head of an arrow that ends at a point; its direction counter-clockwise."""
    corners = [(x, y)]
    for side in (-0.42, 0.42):
        back = direction + math.pi + side
        corners.append((x + 11 * math.cos(back), y - 11 * math.sin(back)))
    points = " ".join(f"{u:.1f},{v:.1f}" for u, v in corners)
    return f'<polygon points="{points}" fill="currentColor"/>'


def arrow(x1: float, y1: float, x2: float, y2: float, *, dash: str = "") -> str:
    """Return an arrow in the colour of the text."""
    return line(x1, y1, x2, y2, dash=dash) + _head(x2, y2, math.atan2(y1 - y2, x2 - x1))


def arc(x: float, y: float, radius: float, start: float, stop: float) -> str:
    """Return an arrow counter-clockwise on a circle, from one angle to a larger one, in radians."""
    ends = [(x + radius * math.cos(a), y - radius * math.sin(a)) for a in (start, stop)]
    (x1, y1), (x2, y2) = ends
    path = f"M{x1:.1f},{y1:.1f} A{radius:g},{radius:g} 0 0 0 {x2:.1f},{y2:.1f}"
    curve = f'<path d="{path}" stroke="currentColor" fill="none" stroke-width="1.5"/>'
    return curve + _head(x2, y2, stop + math.pi / 2 - 6 / radius)


def box(
    x: float, y: float, width: float, height: float, *, fill: str = "none", opacity: float = 1
) -> str:
    """Return a rectangle with a thin border."""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="{fill}" '
        f'fill-opacity="{opacity:g}" stroke="currentColor" stroke-width="1"/>'
    )


def picture(x: float, y: float, size: float, pixels: Tensor) -> str:
    """Return a grey picture ``(H, W)`` with values from 0 to 1, its pixels as squares."""
    file = io.BytesIO()
    image.imsave(file, pixels.clamp(0, 1).numpy(), cmap="gray", vmin=0, vmax=1, format="png")
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<image x="{x:g}" y="{y:g}" width="{size:g}" height="{size:g}" '
        f'style="image-rendering:pixelated" href="data:image/png;base64,{data}"/>'
        + box(x, y, size, size)
    )
