"""The documentation as plain text, for editors and language models.

``llms.txt`` lists the pages with one line each, in the form of https://llmstxt.org.
``llms-full.txt`` has every public name (signature, first line, example) and the programs of the
guides.
"""

from __future__ import annotations

import doctest
import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

from public_names import PublicName, all_names, first_line, members, read_pages

__all__ = ["SUMMARY", "code_of", "full_text", "index_text"]

ROOT = Path(__file__).parents[2]
SUMMARY = (
    "Autoencoders whose latent space carries a group action, in PyTorch: "
    "turn, shift or recolour what a picture shows by acting on its code."
)
_RECIPES = ("index.rst", "install.rst", "quickstart.rst", "guides/*.rst", "understand/*.rst")


def index_text(pages: Iterable[tuple[str, str, str, str]]) -> str:
    """Return ``llms.txt``.

    Args:
        pages: Section, title, address and first sentence of each page, in reading order.
    """
    lines = ["# groupae", "", f"> {SUMMARY}", ""]
    lines += ["All of the API and all programs are in [llms-full.txt](llms-full.txt).", ""]
    section = None
    for name, title, address, sentence in pages:
        if name != section:
            lines += ([""] if section else []) + [f"## {name}", ""]
            section = name
        lines.append(f"- [{title}]({address}){': ' if sentence else ''}{sentence}")
    return "\n".join(lines) + "\n"


def full_text() -> str:
    """Return ``llms-full.txt``."""
    lines = ["# groupae", "", f"> {SUMMARY}", "", "## API", ""]
    for page in read_pages():
        lines += [f"### {page.title} ({page.modules[0]})", ""]
        names = [n for n in all_names() if n.page == page and n.is_public]
        for name in sorted(names, key=lambda name: name.path):
            lines += _name(name)
    lines += ["## Recipes", ""]
    for pattern in _RECIPES:
        for path in sorted((ROOT / "docs").glob(pattern)):
            lines += _recipes(path)
    return "\n".join(lines)


def _name(name: PublicName) -> Iterator[str]:
    yield f"{name.path}{_signature(name.thing, name.kind)}"
    yield f"    {name.first_line}"
    for key, value in members(name.thing):
        doc = first_line(getattr(getattr(value, "__func__", value), "__doc__", None) or "")
        if doc:
            call = _signature(value, "data" if isinstance(value, property) else "function")
            yield f"    .{key}{call}: {doc}"
    code = code_of(name.doc)
    if code:
        yield from ("```python", *code.splitlines(), "```")
    yield ""


def _signature(thing: object, kind: str) -> str:
    if kind in ("data", "exception"):
        return ""
    thing = getattr(thing, "__func__", thing)
    try:
        found = inspect.signature(thing)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    parts = [p.replace(annotation=p.empty) for p in found.parameters.values()]
    return str(found.replace(parameters=parts, return_annotation=found.empty))


def code_of(doc: str) -> str:
    """Return the program in the doctests of a docstring, without prompts and outputs."""
    return "".join(example.source for example in doctest.DocTestParser().get_examples(doc))


def _recipes(path: Path) -> Iterator[str]:
    """Yield the programs of a page, each below the title of its section."""
    text = path.read_text(encoding="utf-8")
    parts = re.split(r"^(.+)\n([=~^-])\2{2,}\n", text, flags=re.MULTILINE)
    for title, body in zip(parts[1::3], parts[3::3], strict=True):
        blocks = [*_blocks(body)]
        if blocks:
            yield from (f"### {title} ({path.relative_to(ROOT / 'docs').with_suffix('')})", "")
        for block in blocks:
            yield from ("```python", *block.strip().splitlines(), "```", "")


def _blocks(body: str) -> Iterator[str]:
    form = r"^\.\. code-block:: python\n((?: +:.*\n)*)\n?((?:(?: {4}.*)?\n)+)"
    for found in re.finditer(form, body + "\n", re.MULTILINE):
        yield textwrap.dedent(found[2])
    outside = re.sub(form, "", body + "\n", flags=re.MULTILINE)
    if code := code_of(outside):
        yield code
