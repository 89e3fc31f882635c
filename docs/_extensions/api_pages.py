"""Pages of the API reference, one per module, written before sphinx reads the sources.

Each page has the docstring of its module, a table of its names with their first lines, and the
description of each name by autodoc. ``docs/reference/api.yaml`` has the contents.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

from public_names import CONTENTS, Page, PublicName, all_names, first_line, read_pages
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError

FOLDER = CONTENTS.with_suffix("")


def write_pages(app: Sphinx) -> None:
    """Write the pages into ``docs/reference/api``, and delete those of former contents."""
    pages = read_pages()
    texts = {f"{page.name}.rst": "\n".join(_page(page)) + "\n" for page in pages}
    texts["index.rst"] = "\n".join(_index(pages)) + "\n"
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        write_if_changed(FOLDER / name, text)


def write_if_changed(path: Path, text: str) -> None:
    """Write a page, unless it is the same: sphinx reads again what has a new date."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def heading(text: str, line: str = "=") -> list[str]:
    """Return a heading in reStructuredText."""
    return [text, line * len(text), ""]


def table(
    rows: Iterable[tuple[str, ...]], widths: str = "30 70", *, head: bool = False
) -> Iterator[str]:
    """Yield a table whose cells are reStructuredText of one line each."""
    rows = list(rows)
    if not rows:
        return
    yield from (".. list-table::", "    :class: summary", f"    :widths: {widths}")
    yield from (("    :header-rows: 1", "") if head else ("",))
    for row in rows:
        for i, cell in enumerate(row):
            yield f"    {'* -' if i == 0 else '  -'} {cell}"
    yield ""


# --- a page --------------------------------------------------------------------------------------
def _page(page: Page) -> Iterator[str]:
    names = sorted((n for n in all_names() if n.page == page), key=lambda n: _sort_key(n.path))
    public = [name for name in names if name.is_public]
    yield from heading(page.title)
    sections = len(page.modules) > 1 and len({_module_of(name) for name in public}) > 1
    if not sections:
        for module in page.modules:
            if module != "groupae":
                yield from (f".. automodule:: {module}", "")
        yield from _names(public)
    else:
        for module in page.modules:
            own = [name for name in public if _nearest(name, page) == module]
            if module != "groupae":
                yield from heading(f"``{module}``", "-")
                yield from (f".. automodule:: {module}", "")
            else:
                yield from heading("Errors", "-")
            yield from _names(own)
    if page.workings:
        yield from heading("Workings", "-")
        yield from ("For those who extend groupae.", "")
    for module in page.workings:
        own = [name for name in names if not name.is_public and name.home == module]
        yield from heading(f"``{module}``", "~")
        yield from (f".. automodule:: {module}", "")
        yield from _names(own)


def _names(names: list[PublicName]) -> Iterator[str]:
    yield from table((_link(name), name.first_line) for name in names)
    for name in names:
        yield from _description(name)


def _description(name: PublicName) -> Iterator[str]:
    if name.kind != "data":
        yield f".. auto{name.kind}:: {name.path}"
        yield from (() if name.kind == "function" else ("    :members:",))
        yield from (() if name.is_public else ("    :no-index-entry:",))
    else:  # autodoc does not find the text beside the assignment in another module
        module, _, own = name.path.rpartition(".")
        yield from (f".. py:data:: {own}", f"    :module: {module}")
        yield from (() if name.is_public else ("    :no-index-entry:",))
        value = repr(name.thing)
        if isinstance(name.thing, (bool, int, float, str)) and len(value) < 60:
            yield f"    :value: {value}"
        yield ""
        yield from (f"    {line}" for line in name.doc.splitlines())
    yield ""


def _link(name: PublicName) -> str:
    return f":py:obj:`~{name.path}`"


def _module_of(name: PublicName) -> str:
    return name.path.rpartition(".")[0]


def _nearest(name: PublicName, page: Page) -> str:
    """Return the module of a page that shows a name, the one closest to its definition."""
    return name.home if name.home in page.modules else page.modules[0]


def _sort_key(path: str) -> tuple[bool, str]:
    own = path.rpartition(".")[2]
    return own[0].islower(), own.lower()


# --- the first page ------------------------------------------------------------------------------
def _index(pages: tuple[Page, ...]) -> Iterator[str]:
    yield from heading("API")
    yield from (
        "On these pages one finds each public name, with its arguments and an example. The pages "
        "are in reading order; :ref:`the names of groupae itself <names-of-groupae>` are in "
        "alphabetical order below.",
        "",
    )
    for part in dict.fromkeys(page.part for page in pages):
        yield from heading(part, "-")
        shown = [page for page in pages if page.part == part]
        yield from table((f":doc:`{p.title} <{p.name}>`", _summary(p.modules[0])) for p in shown)
    yield from (".. _names-of-groupae:", "")
    yield from heading("Names of ``groupae``", "-")
    top = [name for name in all_names() if _module_of(name) == "groupae"]
    top.sort(key=lambda name: name.path.lower())
    yield from table((_link(name), name.first_line) for name in top)
    yield from (".. toctree::", "    :hidden:", "    :maxdepth: 1", "")
    yield from (f"    {page.name}" for page in pages)


def _summary(module: str) -> str:
    text = inspect.getdoc(importlib.import_module(module)) or ""
    return f"{first_line(text)} ``{module}``"


def check_presence(app: Sphinx, env: BuildEnvironment) -> None:
    """Raise unless every public name has a description.

    Raises:
        ExtensionError: If one has none.
    """
    found = env.domains["py"].objects
    missing = [name.path for name in all_names() if name.path not in found]
    if missing:
        raise ExtensionError(f"the API reference lacks {', '.join(missing)}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages when the build begins."""
    app.connect("builder-inited", write_pages)
    app.connect("env-check-consistency", check_presence)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
