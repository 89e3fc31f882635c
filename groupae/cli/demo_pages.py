"""Steps of ``groupae demo``; the library is loaded with this module."""

from __future__ import annotations

import dataclasses
import webbrowser
from pathlib import Path
from typing import Any, Literal

import torch
from rich.console import Console
from torch import Tensor

from groupae._printable import counted, say
from groupae._validation import ShapeError, expected, said_by
from groupae.cli.running import open_run
from groupae.demo import Demo, DemoServer, Facts, check_demo_folder, write_demo
from groupae.experiments.runs.run_config import CONFIG
from groupae.experiments.runs.run_demo import PICTURES, check_shows, write_run_demo
from groupae.experiments.runs.run_folder import DEMO
from groupae.persistence import load
from groupae.persistence.folder import DESCRIPTION
from groupae.persistence.zoo import is_zoo_name, zoo_hint

__all__ = ["PageOptions", "page_in", "say_page", "show_page", "write_page"]

_OWNER = "groupae demo"


@dataclasses.dataclass(frozen=True)
class PageOptions:
    """Arguments of the command, but for those of the server."""

    run: Path
    pictures: Path | None
    mode: Literal["L", "RGB"] | None
    pixels: int | None
    out: Path | None
    runtime: Path | None
    force: bool

    def folder(self, default: Path) -> Path:
        """Return the folder of the page, checked before minutes of work."""
        asked = default if self.out is None else self.out
        return check_demo_folder(asked, force=self.force)


def page_in(folder: Path) -> Path | None:
    """Return the folder of a page that was written before: this one, or ``demo`` in it.

    A run or model is no page, though there may be one in its folder.
    """
    if any((folder / name).is_file() for name in (CONFIG, DESCRIPTION)):
        return None
    return next(filter(_is_page, (folder, folder / DEMO)), None)


def _is_page(folder: Path) -> bool:
    return all((folder / name).is_file() for name in ("index.html", "model.js", "runtime.js"))


def write_page(options: PageOptions, console: Console) -> Demo:
    """Write the page of a run or of a saved model.

    Raises:
        FileNotFoundError: If there is no run or model in the folder.
    """
    with said_by(_OWNER, "write_demo"):
        return _write(options, console)


def _write(options: PageOptions, console: Console) -> Demo:
    run = options.run
    if is_zoo_name(str(run)) or (run / CONFIG).is_file():
        return _write_run(options)
    if not (run / DESCRIPTION).is_file():
        what = "a run folder, zoo:NAME or the folder of a saved model"
        got = f"{run}, which holds neither" if run.is_dir() else f"{run}, which is no folder"
        page = page_in(run)
        remedy = zoo_hint(run) if page is None else f"the page is in {page}: --serve shows it"
        raise FileNotFoundError(expected(_OWNER, what, got, remedy))
    folder = options.folder(run.with_name(f"{run.resolve().name}-demo"))
    if options.pictures is None:
        what, remedy = "--pictures for a saved model", "name a folder of pictures that it shows"
        raise ValueError(expected(_OWNER, what, "none", remedy))
    shown = read_pictures(options.pictures, options.mode, options.pixels)
    model = _load(run, folder)
    facts = Facts(title=run.resolve().name, split=str(options.pictures.name))
    with console.status("exporting"):
        return write_demo(
            model, shown, folder, facts=facts, runtime=options.runtime, force=options.force
        )


def _load(folder: Path, page: Path) -> Any:
    """Return a saved model; one with a class of the user's own is for Python.

    Raises:
        ValueError: If a class is unknown, or the model is damaged.
    """
    try:
        return load(folder)
    except ValueError as error:
        head, hint, _ = str(error).partition("; give it by load(")
        if not hint:
            raise
        call = f"model = groupae.load({str(folder)!r}, classes=[...])"
        remedy = f"in Python: {call}, then groupae.demo.write_demo(model, pictures, {str(page)!r})"
        raise ValueError(f"{head}; {remedy}") from None


def _write_run(options: PageOptions) -> Demo:
    with open_run(options.run, None) as (run, model, console):
        check_shows(run)
        folder = options.folder(run.path / DEMO)
        shown = None
        if options.pictures is not None:
            channels, _, width = run.data.x_shape
            mode = options.mode or ("L" if channels == 1 else "RGB")
            shown = read_pictures(options.pictures, mode, options.pixels or width)
        name, rest = str(options.run), {"runtime": options.runtime, "force": options.force}
        with console.status("exporting"):
            return write_run_demo(run, model, folder, source=name, pictures=shown, **rest)  # type: ignore[arg-type]  # mypy takes the values of a dict to be of one type


def read_pictures(source: Path, mode: Literal["L", "RGB"] | None, pixels: int | None) -> Tensor:
    """Return pictures of a folder or an array in [0, 1], spread over it, ``(n, C, H, W)``.

    Raises:
        ShapeError: If an array holds no pictures.
    """
    from groupae.profiles.profile_folder import read_source  # needs scikit-learn

    if not source.is_dir():  # an array is shown as it is
        mode = pixels = None
    items, _ = read_source(source, mode=mode, pixels=pixels, owner=_OWNER)
    x = torch.as_tensor(items)
    x = x.float() / 255 if x.dtype == torch.uint8 else x.float()
    x = x.unsqueeze(1) if x.ndim == 3 else x
    if x.ndim != 4:
        what = "pictures (n, H, W) or (n, C, H, W)"
        raise ShapeError(expected(_OWNER, what, f"{tuple(x.shape)} in {source}"))
    count = min(PICTURES, len(x))
    return x[torch.arange(count) * len(x) // count]


def say_page(console: Console, demo: Demo) -> None:
    """Print what was written."""
    off = demo.difference * 255
    size = f"{counted(demo.pictures, 'picture')}, {demo.megabytes:.1f} MB"
    say(console, f"{demo.folder / 'index.html'}: {size}")
    checked = f"onnxruntime's pictures differ from torch's by at most {off:.2g} of 255"
    say(console, f"{checked}; onnxruntime-web {demo.runtime}")


def show_page(console: Console, folder: Path, *, port: int | None, is_opened: bool) -> None:
    """Open a page in the browser, or serve it until Ctrl-C, or both, as asked."""
    if port is None:
        address = (folder / "index.html").absolute().as_uri()
        if is_opened:
            webbrowser.open(address)
        return
    with DemoServer(folder, port) as server:
        say(console, f"{server.address} until Ctrl-C")
        if is_opened:
            webbrowser.open(server.address)
        server.serve_forever(poll_interval=0.2)
