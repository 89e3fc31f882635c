"""Make ``docs/pictures/viz/*.png`` by the code of the page on pictures, in both themes.

Usage: ``python docs/recipes/make_pictures.py [TARGET]`` where groupae is installed (torch 2.13.0,
matplotlib 3.11.2 and Pillow 13.0.0 made the shipped files). The blocks of
``docs/guides/pictures.rst`` are run as they stand there; each figure that a function of
`groupae.viz` returns is saved under the name of the function, with at most 64 colours.
"""

from __future__ import annotations

import doctest
import functools
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from PIL import Image

from groupae import viz
from groupae.viz import Theme, save_figure

_PAGE = Path(__file__).parents[1] / "guides" / "pictures.rst"
_COLOURS = 64


def main(target: Path) -> None:
    """Write the pictures of all figures of the page."""
    target.mkdir(parents=True, exist_ok=True)
    originals = {name: getattr(viz, name) for name in viz.__all__ if name.startswith("plot_")}
    for theme in get_args(Theme):
        taken: set[str] = set()
        for name, function in originals.items():
            setattr(viz, name, _saving(function, theme, target, taken))
        names: dict[str, Any] = {"__name__": "__main__"}
        for example in doctest.DocTestParser().get_examples(_PAGE.read_text()):
            exec(compile(example.source, str(_PAGE), "single"), names)
    for name, function in originals.items():
        setattr(viz, name, function)


def _saving(
    function: Callable[..., Any], theme: Theme, target: Path, taken: set[str]
) -> Callable[..., Any]:
    """Return a function that draws in a theme, and saves its figure under its name."""

    @functools.wraps(function)
    def draw(*args: Any, **options: Any) -> Any:
        figure = function(*args, **{**options, "theme": theme})
        name = function.__name__.removeprefix("plot_")
        name = next(n for n in (name, *(f"{name}_{i}" for i in range(2, 9))) if n not in taken)
        taken.add(name)
        path = target / f"{name.replace('_', '-')}{'-dark' if theme == 'dark' else ''}.png"
        save_figure(figure, path)
        with Image.open(path) as drawn:
            written = io.BytesIO()
            small = drawn.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
            small.save(written, "PNG", optimize=True)
        path.write_bytes(written.getvalue())
        sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")
        return figure

    return draw


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures/viz"))
