"""Count the code in the documentation that is executed, of groupae, e3nn and kornia.

    python benchmarks/docs_coverage.py E3NN_SOURCE KORNIA_SOURCE

The sources are the unpacked sdists (``pip download --no-deps --no-binary :all: e3nn kornia``) or
clones; the three packages must be importable. A block is a run of doctest examples without text
between them, a ``jupyter-execute`` directive, or one cell of a gallery file. It counts if the
project's own build or continuous integration executes it:

* groupae: doctests in docstrings (``make test``), doctests in pages (``make docs``), gallery cells;
* e3nn: ``jupyter-execute`` in pages and docstrings (sphinx). Its CI runs pytest with
  ``--doctest-modules`` on tests and examples only, so doctests in its docstrings are not counted;
* kornia: doctests in docstrings (``pixi run doctest``). The pages of its repository have
  code blocks that nothing executes, and the sdist has no pages; its tutorials are a repository of
  their own.

A public name is a class or function of the package that one of its packages exports: by its
``__all__``, else under a name without underscore. Each counts once.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs/_extensions"))

from example_coverage import blocks_of, page_blocks  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Count:
    """Figures of one library."""

    name: str
    version: str
    names: int
    docstrings: int
    pages: int
    gallery: int

    @property
    def blocks(self) -> int:
        """All executed blocks."""
        return self.docstrings + self.pages + self.gallery


def docstrings(folder: Path) -> Iterator[str]:
    """Yield the docstrings in the files of a folder."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kinds) and (doc := ast.get_docstring(node)):
                yield doc


def doctests_in(folder: Path) -> int:
    """Return the number of blocks of doctests in the docstrings of a folder."""
    count = 0
    for doc in docstrings(folder):
        try:
            count += len(blocks_of(doc))
        except ValueError as error:  # doctest refuses it, so nothing of it is executed
            print(f"left out: {error}", file=sys.stderr)
    return count


def cells_in(text: str) -> int:
    """Return the number of ``jupyter-execute`` directives in a text."""
    return len(re.findall(r"^\s*\.\. jupyter-execute::", text, re.MULTILINE))


def pages_in(folder: Path) -> list[str]:
    """Return the pages of a folder, generated ones left out."""
    found = [path for path in folder.rglob("*.rst") if "_build" not in path.parts]
    return [path.read_text(encoding="utf-8") for path in found]


def public_names(package: str) -> int:
    """Return the number of classes and functions that the packages of a library export."""
    found = set()
    top = importlib.import_module(package)
    infos = pkgutil.walk_packages(top.__path__, f"{package}.", onerror=lambda name: None)
    packages = [package, *(info.name for info in infos if info.ispkg)]
    for name in packages:
        if any(part.startswith("_") for part in name.split(".")):
            continue
        try:
            module = importlib.import_module(name)
        except Exception as error:  # an optional requirement is missing
            print(f"left out: {name}: {error}", file=sys.stderr)
            continue
        exported = getattr(module, "__all__", [key for key in vars(module) if key[0] != "_"])
        for key in exported:
            # e3nn 0.6 has a class itself in one __all__
            thing = getattr(module, key, None) if isinstance(key, str) else key
            is_own = str(getattr(thing, "__module__", "")).partition(".")[0] == package
            if is_own and (inspect.isclass(thing) or inspect.isroutine(thing)):
                found.add(id(thing))
    return len(found)


def count_groupae() -> Count:
    """Return the figures of groupae."""
    import groupae

    pages = [path for path, _ in page_blocks() if path.endswith(".rst")]
    gallery = sorted((ROOT / "examples").glob("plot_*.py"))
    cells = sum(len(re.findall(r"^# %%", p.read_text(), re.MULTILINE)) + 1 for p in gallery)
    own = doctests_in(ROOT / "groupae")
    return Count("groupae", groupae.__version__, public_names("groupae"), own, len(pages), cells)


def count_e3nn(source: Path) -> Count:
    """Return the figures of e3nn."""
    import e3nn

    own = sum(map(cells_in, docstrings(source / "e3nn")))
    pages = sum(map(cells_in, pages_in(source / "docs")))
    examples = doctests_in(source / "examples") + doctests_in(source / "tests")
    return Count("e3nn", e3nn.__version__, public_names("e3nn"), own, pages, examples)


def count_kornia(source: Path) -> Count:
    """Return the figures of kornia."""
    import kornia

    pages = sum(map(cells_in, pages_in(source / "docs")))
    own = doctests_in(source / "kornia")
    return Count("kornia", kornia.__version__, public_names("kornia"), own, pages, 0)


def table(counts: list[Count]) -> str:
    """Return the table in Markdown."""
    head = "library|version|public names|in docstrings|in pages|in the gallery|blocks|per name"
    rows = [
        f"{c.name}|{c.version}|{c.names}|{c.docstrings}|{c.pages}|{c.gallery}|{c.blocks}|"
        f"{c.blocks / c.names:.2f}"
        for c in counts
    ]
    lines = [head, "|".join(["---"] * 8), *rows]
    return "\n".join(f"| {line.replace('|', ' | ')} |" for line in lines) + "\n"


def main() -> None:
    """Print the table and write it into the results."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("e3nn", type=Path, help="source of e3nn")
    parser.add_argument("kornia", type=Path, help="source of kornia")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    text = table([count_groupae(), count_e3nn(given.e3nn), count_kornia(given.kornia)])
    print(text)
    (ROOT / "benchmarks/results/docs-coverage.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
