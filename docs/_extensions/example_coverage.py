"""Coverage of the public names: docstring, place in the reference, executed example.

An example of a name is a doctest in its own docstring; of a class also one in a method of its own;
of a method or property also one in its class; of any name also an executed block of a page or a
file of the gallery that uses it.
"""

from __future__ import annotations

import ast
import doctest
import functools
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from public_names import PublicName, all_names, members

__all__ = [
    "Member",
    "blocks_of",
    "doc_of",
    "has_example",
    "page_blocks",
    "public_members",
    "used_names",
]

ROOT = Path(__file__).parents[2]
Member = tuple[PublicName, str, Any]
"""A class, the name of a method or property, and that itself."""


def blocks_of(text: str) -> list[str]:
    """Return the blocks of doctests in a text: runs of examples without text between them."""
    found: list[list[str]] = []
    is_new = True
    for part in doctest.DocTestParser().parse(text):
        if isinstance(part, doctest.Example):
            if is_new:
                found.append([])
            found[-1].append(part.source)
            is_new = False
        else:
            is_new = is_new or bool(part.strip())
    return ["".join(block) for block in found]


def used_names(source: str) -> set[str]:
    """Return the names and attributes that a program uses."""
    tree = ast.walk(ast.parse(source))
    found = set()
    for node in tree:
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
    return found


@functools.cache
def page_blocks() -> tuple[tuple[str, str], ...]:
    """Return the executed blocks of the pages and of the gallery, each with its file."""
    pages = [path for path in sorted((ROOT / "docs").rglob("*.rst")) if _is_written(path)]
    found = [(p, block) for p in pages for block in blocks_of(p.read_text(encoding="utf-8"))]
    gallery = sorted((ROOT / "examples").glob("plot_*.py"))
    found += [(path, path.read_text(encoding="utf-8")) for path in gallery]
    return tuple((path.relative_to(ROOT).as_posix(), block) for path, block in found)


def _is_written(path: Path) -> bool:
    parts = path.relative_to(ROOT / "docs").parts
    return parts[0] not in ("_build", "gallery") and parts[:2] != ("reference", "api")


@functools.cache
def _names_of_pages() -> frozenset[str]:
    return frozenset().union(*(used_names(block) for _, block in page_blocks()))


def public_members() -> Iterator[Member]:
    """Yield the methods and properties of all public classes."""
    for name in all_names():
        if name.is_public:
            yield from ((name, key, value) for key, value in members(name.thing))


def doc_of(thing: Any) -> str:
    """Return the docstring of a function, method or property itself."""
    return getattr(getattr(thing, "__func__", thing), "__doc__", None) or ""


def has_example(name: PublicName, member: str | None = None) -> bool:
    """Return whether a name, or a method or property of it, has an executed example."""
    own = name.path.rpartition(".")[2] if member is None else member
    if own in _names_of_pages():
        return True
    docs = [name.doc]
    if member is None:
        docs += [doc_of(value) for _, value in members(name.thing)]
    else:
        docs += [doc_of(inspect.getattr_static(name.thing, member))]
    return any(">>>" in doc for doc in docs)
