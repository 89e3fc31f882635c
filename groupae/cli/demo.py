"""Command ``groupae demo``: a page on which one turns pictures of a trained model."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from groupae.cli.loading import loading

__all__ = ["demo_run"]


def demo_run(
    run: Path,
    *,
    pictures: Path | None = None,
    mode: Literal["L", "RGB"] | None = None,
    pixels: int | None = None,
    out: Path | None = None,
    runtime: Path | None = None,
    serve: bool = False,
    port: int = 8000,
    open: bool = False,
    threads: int | None = None,
    force: bool = False,
) -> None:
    """Write a page on which one turns a model's pictures in the browser, and serve it if asked.

    Writes a folder that needs no server: open index.html in it.

    Args:
        run: A run folder, zoo:NAME for a trained model of the package, or the folder of a model
            that groupae.save wrote; with --serve also the folder of a page that was written before.
        pictures: Folder of pictures to show, or a file .npy with an array of them; by default 16
            held-out ones of the run.
        mode: Turn these pictures to grey (L) or colours (RGB); by default as the run has them.
        pixels: Height and width to resize these pictures to; by default as the run has them.
        out: Folder of the page; by default demo in the run folder, or FOLDER-demo.
        runtime: Folder of the npm package onnxruntime-web, for a machine without network; by
            default it is downloaded once.
        serve: Serve the page to the browsers of this machine until Ctrl-C.
        port: Port of the server.
        open: Open the page in the browser.
        threads: Number of threads; by default one per core.
        force: Replace the page that is in the folder.

    Example:
        ::

            groupae demo zoo:rotated-digits --out digits-demo
            groupae demo runs/rotated-digits-001 --serve --open
    """
    with loading():
        from rich.console import Console

        from groupae.cli.demo_pages import PageOptions, page_in, say_page, show_page, write_page
        from groupae.cli.running import set_threads
        from groupae.demo.server import check_port
    console = Console()
    set_threads(threads)
    if serve:
        check_port(port)  # before minutes of work
    folder = page_in(run) if serve else None
    if folder is None:
        options = PageOptions(run, pictures, mode, pixels, out, runtime, force)
        written = write_page(options, console)
        say_page(console, written)
        folder = written.folder
    show_page(console, folder, port=port if serve else None, is_opened=open)
