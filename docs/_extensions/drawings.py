"""Drawings for the pages, made by the library itself when the documentation is built.

``.. drawing:: square`` inserts one of `DRAWINGS`; its content is the caption. A convention that
changed would change the picture.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import torch
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from svg import BLUE, GREY, ORANGE, arc, arrow, box, document, line, picture, text
from torch import Tensor

import groupae
from groupae import SO2, SO3, BlockedDigits, Dihedral, GridAction, Representation, RotatedDigits
from groupae.data import rotate

__all__ = ["DRAWINGS", "Drawing"]

_SPLIT = "font-style:italic"


def _dial(x: float, y: float, radius: float, hand: Tensor, fill: str) -> list[str]:
    """Return a clock whose hand points along a vector of two numbers, y upwards."""
    u, v = (float(c) for c in hand / hand.norm())
    face = (
        f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{fill}" fill-opacity="0.25" '
        'stroke="currentColor" stroke-width="1"/>'
    )
    return [face, line(x, y, x + 0.9 * radius * u, y - 0.9 * radius * v, width=2.5)]


def _code(x: float, y: float, rho: Representation, z: Tensor, scale: float) -> list[str]:
    """Return a panel of a code: eight of its labels as bars, three copies of frequencies 1 to 3."""
    parts = [box(x, y, 190, 110)]
    for i, label in enumerate((z[:8] / scale).tolist()):
        height = 34 * max(-1.0, min(1.0, label))
        top = min(y + 55, y + 55 - height)
        parts.append(box(x + 12 + 7 * i, top, 5, abs(height), fill=ORANGE, opacity=0.9))
    for row, block in enumerate(rho.slices()[1:4]):
        hands = z[block.slice].reshape(2, -1)
        for column in range(3):
            centre = (x + 100 + 30 * column, y + 22 + 33 * row)
            parts += _dial(*centre, 13, hands[:, column], BLUE)
        parts.append(text(x + 178, y + 27 + 33 * row, block.irrep, size=13))
    return parts


def square() -> str:
    """Return encoder, action and decoder as three sides of a square, with a trained model."""
    model, pairs = groupae.load("zoo:blocked-digits"), BlockedDigits("test").fixed()
    g, x1, x2 = pairs.g[3:4], pairs.x1[3:4], pairs.x2[3:4]
    with torch.no_grad():
        z = model.encode(x1)
        moved = model.action(g, z)
        drawn = model.decode(moved)
    degrees = math.degrees(float(g[0]))
    scale = float(z[0, :32].abs().max())
    rho = model.action.rho
    parts = [*_code(60, 40, rho, z[0], scale), *_code(470, 40, rho, moved[0], scale)]
    parts += [
        text(155, 28, "code z"),
        text(565, 28, "moved code g \N{MIDDLE DOT} z"),
        arrow(258, 95, 462, 95),
        text(360, 84, f"g: turn by {degrees:.0f}\N{DEGREE SIGN}"),
        text(360, 116, "exact", size=13, style=_SPLIT),
        arrow(155, 222, 155, 158),
        text(145, 195, "encoder E", anchor="end"),
        arrow(525, 158, 525, 222),
        text(515, 195, "decoder D", anchor="end"),
        picture(105, 230, 100, x1[0, 0]),
        text(155, 350, "x"),
        picture(475, 230, 100, drawn[0, 0]),
        text(525, 350, "D(g \N{MIDDLE DOT} E(x))"),
        text(595, 287, "\N{ALMOST EQUAL TO}", size=24),
        picture(615, 230, 100, x2[0, 0]),
        text(665, 350, "g x, held out"),
        arrow(213, 280, 467, 280, dash="5 5"),
        text(340, 268, "the digit turns, the block stays"),
        text(340, 302, "no map of pixels does this", size=13, style=_SPLIT),
    ]
    return document(
        740,
        365,
        "A digit behind a block is encoded; the hands of its code turn; the decoder draws the "
        "turned digit behind the same block, much like the true picture.",
        parts,
    )


def angle() -> str:
    """Return a digit before and after a turn by +90 degrees, with axes and indices."""
    digit = RotatedDigits("test").originals[:1]
    turned = rotate(torch.tensor([torch.pi / 2]), digit)
    parts = []
    for left, pixels in ((70, digit), (420, turned)):
        axes = [
            arrow(left + 84, 124, left + 158, 124),
            text(left + 158, 144, "x"),
            arrow(left + 84, 124, left + 84, 50),
            text(left + 70, 58, "y"),
        ]
        parts += [
            picture(left, 40, 168, pixels[0, 0]),
            f'<g color="{ORANGE}">{"".join(axes)}</g>',
            text(left - 10, 52, "row 0", size=13, anchor="end"),
            arrow(left - 30, 62, left - 30, 186),
            text(left - 10, 207, "row 27", size=13, anchor="end"),
            text(left, 30, "column 0", size=13, anchor="start"),
            text(left + 168, 30, "27", size=13, anchor="end"),
            arrow(left + 66, 26, left + 144, 26),
        ]
    parts += [
        arc(300, 130, 40, 0.2, 1.37),
        text(300, 76, "rotate by +90\N{DEGREE SIGN}"),
        text(300, 160, "counter-clockwise,", size=13),
        text(300, 177, "as one sees it", size=13),
    ]
    words = (
        "A digit turned by plus 90 degrees turns counter-clockwise as seen by the viewer. Row 0 is "
        "at the top and rows are counted downwards; the axis y points upwards."
    )
    return document(620, 225, words, parts)


_F = torch.tensor(
    [[0, 1, 1, 1, 0], [0, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 0, 0], [0, 1, 0, 0, 0]]
)


def composition() -> str:
    """Return the letter F under a flip and a quarter turn, in both orders."""
    group, letter = Dihedral(4), _F.float()[None]
    act = GridAction(group, (5, 5), mode="nearest")
    quarter, flip = torch.tensor(1), torch.tensor(4)
    rows = []
    for row, (g, h, names) in enumerate(
        ((quarter, flip, ("flip", "quarter turn")), (flip, quarter, ("quarter turn", "flip")))
    ):
        y = 20 + 130 * row
        steps = (letter, act(h, letter), act(g, act(h, letter)))
        once = act(group.compose(g, h), letter)
        assert torch.equal(once, steps[2])
        for i, pixels in enumerate(steps):
            rows.append(picture(20 + 230 * i, y, 90, pixels[0]))
        symbols = [("h", names[0]), ("g", names[1])]
        for i, (symbol, name) in enumerate(symbols):
            x = 120 + 230 * i
            rows += [
                arrow(x, y + 45, x + 120, y + 45),
                text(x + 58, y + 34, f"{symbol}: {name}"),
            ]
        product = int(group.compose(g, h))
        rows.append(
            text(585, y + 50, f"compose(g, h) = element {product}", size=14, anchor="start")
        )
    return document(
        790,
        255,
        "The letter F, flipped and then turned; turned and then flipped. The results differ. In "
        "compose(g, h) the element h is applied first.",
        rows,
    )


def layout() -> str:
    """Return the numbers of a code ``2x0 + 3x1 + 2x2``: a row of cells, and its blocks."""
    rho = SO2().rep("2x0 + 3x1 + 2x2")
    parts = [text(20, 28, "the code, one vector", anchor="start")]
    left = 20
    for block, fill in zip(rho.slices(), (ORANGE, BLUE, GREY), strict=True):
        middle = left + 25 * block.copies
        parts.append(text(middle, 122, f"{block.copies}x{block.irrep}", size=16))
        parts.append(text(middle, 157 + 34 * block.dim, "copies \N{RIGHTWARDS ARROW}", size=13))
        for place in range(block.start, block.stop):
            row, copy = divmod(place - block.start, block.copies)
            for x, y in ((20 + 50 * place, 40), (left + 50 * copy, 135 + 34 * row)):
                parts.append(box(x, y, 50, 34, fill=fill, opacity=0.45))
                parts.append(text(x + 25, y + 22, f"z[{place}]", size=13))
        left += 50 * block.copies + 110
    rule = "Rows: index within the irrep. An element mixes the rows of each column."
    parts.append(text(20, 254, rule, anchor="start"))
    words = (
        "A vector of twelve numbers, and its blocks as matrices, whose rows are the index within "
        "an irrep and whose columns are the copies."
    )
    return document(640, 268, words, parts)


def _seen(v: Tensor, length: float) -> tuple[float, float]:
    """Return where a vector ends on paper, from (130, 150); seen from ahead, its left and above."""
    x, y, z = (length * float(c) for c in v)
    return 130 - 0.55 * x + 0.83 * y, 150 + 0.28 * x + 0.22 * y - 0.93 * z


def charts() -> str:
    """Return a rotation about z by 60 degrees: axes before and after, and its numbers."""
    group = SO3()
    rotation = group.convert(torch.tensor([0.0, 0.0, torch.pi / 3]), "rotvec", "matrix")
    parts = [text(290, 40, "rotation about z by 60\N{DEGREE SIGN}", anchor="start")]
    for name, unit, moved in zip("xyz", torch.eye(3), rotation.mT, strict=True):
        parts.append(arrow(130, 150, *_seen(unit, 100), dash="4 4"))
        parts.append(text(*_seen(unit, 118), name))
        if name != "z":
            parts.append(arrow(130, 150, *_seen(moved, 100)))
            parts.append(text(*_seen(moved, 124), f"R{name}"))
    y = 40
    for chart in group.charts:
        numbers = group.convert(rotation, "matrix", chart)
        parts.append(text(290, y + 32, chart, anchor="start"))
        y += 8
        for row in numbers if numbers.ndim == 2 else numbers[None]:
            y += 24
            for i, number in enumerate(row.tolist()):
                parts.append(text(455 + 66 * i, y, f"{0.0 + round(number, 3):.3f}", anchor="end"))
    words = (
        "Axes x forward, y left, z up, before and after a rotation about z by 60 degrees, and the "
        "numbers of that rotation in each chart."
    )
    return document(680, 255, words, parts)


def camera() -> str:
    """Return the camera's azimuth, seen from above: 0 in front, a quarter turn at the left side."""
    parts = [
        '<circle cx="200" cy="150" r="100" fill="none" stroke="currentColor" '
        'stroke-dasharray="3 5"/>',
        arrow(200, 150, 200, 85),
        text(210, 98, "x, nose", anchor="start", size=13),
        arrow(200, 150, 135, 150),
        text(195, 172, "y, left", anchor="end", size=13),
        text(210, 172, "z, to you", anchor="start", size=13),
        f'<circle cx="200" cy="150" r="5" fill="{BLUE}" stroke="currentColor"/>',
        arc(200, 150, 118, math.pi / 2 + 0.35, math.pi - 0.35),
    ]
    for degrees in (0, 90, 180, 270):
        turn = math.radians(degrees) + math.pi / 2
        right, up = math.cos(turn), math.sin(turn)
        parts.append(box(193 + 100 * right, 143 - 100 * up, 14, 14, fill=ORANGE))
        parts.append(text(200 + 135 * right, 155 - 130 * up, f"{degrees}\N{DEGREE SIGN}"))
    words = (
        "Seen from above: x points to the nose, y to the left, z to the viewer. The azimuth of the "
        "camera grows counter-clockwise from the front."
    )
    return document(400, 305, words, parts)


DRAWINGS: dict[str, Callable[[], str]] = {
    drawing.__name__: drawing for drawing in (square, angle, composition, layout, charts, camera)
}
_made = functools.cache(lambda name: DRAWINGS[name]())


class Drawing(SphinxDirective):
    """A drawing by name, with its caption as content."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return a figure with the drawing as inline SVG."""
        found = nodes.figure(align="center")
        found += nodes.raw("", _made(self.arguments[0]), format="html")
        if self.content:
            words, _ = self.state.inline_text(" ".join(self.content), self.lineno)
            found += nodes.caption("", "", *words)
        return [found]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("drawing", Drawing)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
