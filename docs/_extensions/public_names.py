"""Public names of groupae, read from the contents of the API reference.

A name is public if a public module of ``docs/reference/api.yaml`` has it in its ``__all__``. It is
shown once, on the page of the module closest to its definition, under its shortest public path:
``groupae.SO2``, not ``groupae.groups.lie.so2.SO2``.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import importlib
import inspect
import re
import types
from collections.abc import Iterator
from pathlib import Path

import yaml
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer

__all__ = ["CONTENTS", "Page", "PublicName", "all_names", "first_line", "members", "read_pages"]

CONTENTS = Path(__file__).parent.parent / "reference" / "api.yaml"


@dataclasses.dataclass(frozen=True)
class Page:
    """A page of the API reference: its title, the part it belongs to, its modules."""

    part: str
    title: str
    modules: tuple[str, ...]
    workings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the file: that of the first module, with hyphens."""
        return self.modules[0].replace(".", "-")


@dataclasses.dataclass(frozen=True, eq=False)
class PublicName:
    """A name of the API: its path, the object, where it is shown, and whether it is public."""

    path: str
    thing: object
    page: Page
    home: str
    is_public: bool

    @property
    def kind(self) -> str:
        """Directive of autodoc that describes it, without ``auto``."""
        if inspect.isclass(self.thing):
            return "exception" if issubclass(self.thing, BaseException) else "class"
        is_function = inspect.isroutine(self.thing) or hasattr(self.thing, "__wrapped__")
        return "function" if is_function else "data"

    @property
    def doc(self) -> str:
        """Docstring; of data, the string or comment beside the assignment."""
        if self.kind != "data":
            return inspect.getdoc(self.thing) or ""
        return data_doc(self.home, self.path.rpartition(".")[2])

    @property
    def first_line(self) -> str:
        """First paragraph of the docstring as one line, without references."""
        return first_line(self.doc)


def first_line(text: str) -> str:
    """Return the first paragraph of a docstring as one line, its references as literals."""
    line = " ".join(text.split("\n\n", maxsplit=1)[0].split())
    return re.sub(r"(:[\w:]+:`[^`]+`|``.+?``(?!`))|`([^`]+)`", _literal, line)


def _literal(found: re.Match[str]) -> str:
    return found[1] or f"``{found[2]}``"


def read_pages() -> tuple[Page, ...]:
    """Return the pages of the API reference in reading order."""
    return tuple(
        Page(part["part"], page["title"], tuple(page["modules"]), tuple(page.get("workings", ())))
        for part in yaml.safe_load(CONTENTS.read_text())
        for page in part["pages"]
    )


@functools.cache
def all_names() -> tuple[PublicName, ...]:
    """Return the names of all pages, each once."""
    public = [module for page in read_pages() for module in page.modules]
    found: dict[object, list[tuple[Page, str, str, object]]] = {}
    for page in read_pages():
        for module in (*page.modules, *page.workings):
            loaded = importlib.import_module(module)
            for name in getattr(loaded, "__all__", ()):
                thing = getattr(loaded, name)
                if inspect.ismodule(thing):
                    continue  # has a section of its own
                found.setdefault(_key(name, thing), []).append((page, module, name, thing))
    return tuple(_named(places, set(public)) for places in found.values())


def _key(name: str, thing: object) -> object:
    """Return what tells things apart; a class or function is one thing under all its names."""
    return id(thing) if inspect.isclass(thing) or inspect.isroutine(thing) else (name, id(thing))


def _named(places: list[tuple[Page, str, str, object]], public: set[str]) -> PublicName:
    thing = places[0][3]
    defined = getattr(thing, "__module__", None) or ""
    own = getattr(thing, "__name__", None)

    def closeness(place: tuple[Page, str, str, object]) -> tuple[bool, bool, int]:
        _, module, name, _ = place
        return name == own, f"{defined}.".startswith(f"{module}."), module.count(".")

    def length(place: tuple[Page, str, str, object]) -> tuple[bool, bool, int]:
        named_so, contains, depth = closeness(place)
        return not named_so, not contains, depth

    page, home, _, _ = max(places, key=closeness)
    shown = [place for place in places if place[1] in public]
    _, module, name, _ = min(shown or places, key=length)
    return PublicName(f"{module}.{name}", thing, page, home, bool(shown))


def data_doc(module: str, name: str) -> str:
    """Return the documentation of data, which Python does not keep, from the source."""
    try:
        analyzer = ModuleAnalyzer.for_module(module)
        docs = analyzer.find_attr_docs()
    except PycodeError:
        return ""
    if ("", name) in docs:
        return "\n".join(docs["", name]).strip()
    origin = _imported_from(module, name)
    return data_doc(origin, name) if origin and origin != module else ""


def _imported_from(module: str, name: str) -> str | None:
    """Return the module from which ``module`` has a name, for type checkers or at once."""
    source = inspect.getsource(importlib.import_module(module))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return node.module
    return None


def members(thing: object) -> Iterator[tuple[str, object]]:
    """Yield the public methods, properties and class attributes that a class defines itself."""
    if not inspect.isclass(thing):
        return
    kinds = (types.FunctionType, property, classmethod, staticmethod, functools.cached_property)
    for name, value in vars(thing).items():
        if not name.startswith("_") and isinstance(value, kinds):
            yield name, value
