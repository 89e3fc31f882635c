"""Files of the built site: plain text for editors, and checks of what was written.

The build fails if a page is larger than 400 kB or asks for anything off its own folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from plain_text import full_text, index_text
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

__all__ = ["LARGEST", "problems", "setup"]

LARGEST = 400_000
"""Bytes of a page; a browser shows more only after a wait, and a search finds less in it."""

_REQUEST = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*\bsrc=["'](https?:)?//[^"']*"""
    r"""|<link\b(?=[^>]*\brel=["'](?:stylesheet|preload|icon|preconnect)\b)"""
    r"""[^>]*\bhref=["'](https?:)?//[^"']*"""
)


def problems(folder: Path) -> Iterator[str]:
    """Yield a sentence for each page that is too large or asks for something off the site."""
    for page in sorted(folder.rglob("*.html")):
        name = page.relative_to(folder).as_posix()
        if page.stat().st_size > LARGEST:
            yield f"{name}: expected at most {LARGEST} bytes, got {page.stat().st_size}"
        if found := _REQUEST.search(page.read_text(encoding="utf-8")):
            yield f"{name}: expected no request off the site, got {found[0][:120]}"
    for text in folder.glob("llms*.txt"):
        if text.stat().st_size > LARGEST:
            yield f"{text.name}: expected at most {LARGEST} bytes, got {text.stat().st_size}"


def _pages(app: Sphinx) -> Iterator[tuple[str, str, str, str]]:
    """Yield section, title, address and first sentence of each page, in reading order."""
    env = app.env
    seen = set()
    order = [app.config.root_doc]
    while order:
        name = order.pop(0)
        if name in seen:
            continue
        seen.add(name)
        order[:0] = env.toctree_includes.get(name, [])
        section = name.split("/")[0].capitalize() if "/" in name else "Start"
        if name.startswith("reference/api/"):
            section = "API"
        title = env.titles[name].astext()
        yield section, title, f"{app.builder.get_target_uri(name)}", _sentence(app, name)


def _sentence(app: Sphinx, name: str) -> str:
    for paragraph in app.env.get_doctree(name).findall(nodes.paragraph):
        text = " ".join(paragraph.astext().split())
        return re.split(r"(?<=[.:]) ", text, maxsplit=1)[0]
    return ""


def finish(app: Sphinx, error: Exception | None) -> None:
    """Write the plain text and check the pages.

    Raises:
        ExtensionError: If a page is too large, or asks for something off the site.
    """
    if error is not None or app.builder.format != "html":
        return
    folder = Path(app.outdir)
    pages = sorted(_pages(app), key=lambda page: _SECTIONS.get(page[0], len(_SECTIONS)))
    (folder / "llms.txt").write_text(index_text(pages), encoding="utf-8")
    (folder / "llms-full.txt").write_text(full_text(), encoding="utf-8")
    if found := [*problems(folder)]:
        raise ExtensionError("\n".join(found))


_SECTIONS = {
    name: i
    for i, name in enumerate(("Start", "Guides", "Understand", "Results", "Gallery", "Reference"))
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Write and check when the build is done."""
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
