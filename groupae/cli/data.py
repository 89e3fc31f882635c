"""Command ``groupae data``: list, prepare and draw data sets."""

from __future__ import annotations

import time
from pathlib import Path

from groupae._choices import Size
from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["list_datasets", "prepare", "show"]

_SPLITS = ("train", "validation", "test")


def _size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _cached(name: str) -> int:
    """Return the size of the cache of a data set, in bytes."""
    from groupae.experiments.datasets.cache import cache_root

    return sum(_size_of(folder) for folder in cache_root().glob(f"{name}-*") if folder.is_dir())


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _ready(name: str, *, is_rendered: bool, missing: tuple[str, ...]) -> str:
    """Return the state of the cache of a data set, in a few words."""
    count = _cached(name)
    if missing:
        return f"needs {', '.join(missing)}"
    if count:
        return f"{_megabytes(count)} cached"
    return "to be built" if is_rendered else "ready"


def list_datasets() -> None:
    """List the data sets with group, shape, state of the cache and source.

    Writes nothing.

    Example:
        ::

            groupae data list
    """
    with loading():
        from rich.console import Console

        from groupae._plugins import PlugInError
        from groupae._table import Table
        from groupae.experiments import get_experiment
        from groupae.experiments.datasets.cache import cache_root
        from groupae.experiments.datasets.registry import DATASETS
        from groupae.experiments.presets.registry import DATASET_PLUG_INS
    console = Console()
    found, problems = list(DATASETS.values()), list(DATASET_PLUG_INS.problems())
    for name in DATASET_PLUG_INS.names():
        try:
            found.append(get_experiment(name).data)
        except PlugInError as error:
            problems.append(str(error))
    rows = [
        (
            info.name,
            str(info.group),
            "x".join(map(str, info.x_shape)),
            _ready(info.name, is_rendered=info.is_rendered, missing=info.missing_packages),
            info.summary,
        )
        for info in found
    ]
    headings = ("name", "group", "shape", "in cache", "what the group does")
    Table(headings, rows, labels=len(headings)).print(console)
    for info in found:
        originals = f"; originals: {info.originals}" if info.originals else ""
        extra = f"; pip install 'groupae[{info.extra}]'" if info.missing_packages else ""
        say(console, f"{info.name}: {info.source or 'no source is named'}{originals}{extra}")
    say(console, f"cache: {cache_root()}; groupae data prepare NAME builds one, show NAME draws it")
    for line in dict.fromkeys(problems):
        say(console, line)


def prepare(dataset: str, *, size: Size = "small", folder: Path | None = None) -> None:
    """Build or download a data set into the cache.

    Writes arrays into the cache, the folder of GROUPAE_CACHE or that of the user.

    Args:
        dataset: Name of the data set; groupae data list shows them.
        size: Size of the data set: tiny, small or full.
        folder: Folder of the originals, in their published layout, to use instead of the default.

    Example:
        ::

            groupae data prepare turntable --size tiny
    """
    with loading():
        from rich.console import Console

        from groupae.cli.folders import explaining_originals, find_dataset
        from groupae.experiments.datasets.cache import cache_root
        from groupae.experiments.datasets.progress import show_building
    console = Console()
    info = find_dataset(dataset)
    started = time.monotonic()
    with show_building(console), explaining_originals(folder):
        counts = [len(info.load(split, size=size, folder=folder)) for split in _SPLITS]
    parts = ", ".join(f"{count} {split}" for count, split in zip(counts, _SPLITS, strict=True))
    seconds = time.monotonic() - started
    say(console, f"{dataset}, {size}: originals {parts}; ready after {seconds:.0f} s")
    root = cache_root()
    total = _size_of(root) if root.is_dir() else 0
    own = _cached(dataset)
    share = f", {_megabytes(own)} of it {dataset}" if own else ""
    say(console, f"cache: {root}, {_megabytes(total)}{share}")


def show(
    dataset: str,
    *,
    size: Size = "small",
    folder: Path | None = None,
    out: Path | None = None,
    masks: bool = False,
) -> None:
    """Draw a contact sheet of held-out data: pairs, and orbits of four items.

    Writes one picture, DATASET.png here by default.

    Args:
        dataset: Name of the data set; groupae data list shows them.
        size: Size of the data set: tiny, small or full.
        folder: Folder of the originals, in their published layout, to use instead of the default.
        out: File of the picture; by default DATASET.png.
        masks: Outline the part that the group moves, where it is known.

    Example:
        ::

            groupae data show blocked-digits --masks --out digits.png
    """
    with loading():
        import torch
        from rich.console import Console

        from groupae._validation import expected
        from groupae.cli.folders import explaining_originals, find_dataset
        from groupae.experiments.datasets.progress import show_building
        from groupae.viz import plot_pairs, plot_views, save_figures, to_pictures
    console = Console()
    info = find_dataset(dataset)
    path = Path(f"{dataset}.png") if out is None else out
    if path.suffix.lower() != ".png" or not path.parent.is_dir():
        what = "a file in a folder that exists, its name ending in .png"
        raise ValueError(expected("--out", what, path))
    with show_building(console), explaining_originals(folder):
        test = info.load("test", size=size, folder=folder)
    draw = to_pictures(info.kind)
    pairs = plot_pairs(test.batch(0, 12), info.group, to_pictures=draw, outline=masks)
    count = min(4, len(test))
    chosen = torch.arange(count) * len(test) // count
    views = plot_views(test.orbit(chosen, 12), info.group, to_pictures=draw)
    save_figures([pairs, views], path)
    say(console, str(path))
