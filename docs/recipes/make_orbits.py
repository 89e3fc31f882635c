"""Make the moving pictures ``docs/pictures/orbit*.gif`` from models of the zoo.

Usage: ``python docs/recipes/make_orbits.py [TARGET]`` where groupae is installed (torch 2.13.0,
matplotlib 3.11.2 and Pillow 13.0.0 made the shipped files). Data are held out, and each prediction
is made from the picture in the upper row. Digits were chosen whose square touches the digit, of
different classes; heads and airplanes are spread evenly over the test set.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, get_args

import torch

import groupae
from groupae.experiments.datasets.registry import get_dataset
from groupae.viz import Theme, save_orbit

_SEEN = 60  # test data whose views are drawn, on whose number the places of squares depend
_DIGITS = (6, 2, 12, 57, 33)  # a six, three, seven, four and two
_ORBITS: dict[str, dict[str, Any]] = {
    "blocked-digits": {"rows": _DIGITS, "frames": 30, "colours": 10},
    "brain-contrast": {"rows": (0, 84, 168), "frames": 24, "colours": 24, "scale": 1},
    "sky-planes": {"rows": (0, 24, 48), "frames": 24, "colours": 48, "scale": 2},
}


def main(target: Path) -> None:
    """Write one picture per data set and theme."""
    for name, options in _ORBITS.items():
        for theme in get_args(Theme):
            first = "orbit" if name == "blocked-digits" else f"orbit-{name}"
            path = target / f"{first}{'-dark' if theme == 'dark' else ''}.gif"
            draw(name, theme, path, **options)
            sys.stdout.write(f"{path}: {path.stat().st_size / 1000:.0f} kB\n")


def draw(
    name: str, theme: Theme, path: Path, *, rows: tuple[int, ...], frames: int, **options: Any
) -> None:
    """Write the picture of a data set."""
    model, test = groupae.load(f"zoo:{name}"), get_dataset(name).load("test")
    shown, chosen = torch.arange(max(_SEEN, max(rows) + 1)), list(rows)
    views = test.orbit(shown, frames)
    save_orbit(
        model,
        views.x[0, chosen],
        path,
        views.moves(test.group)[chosen],
        views.x[:, chosen].transpose(0, 1),
        theme=theme,
        **options,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/pictures"))
