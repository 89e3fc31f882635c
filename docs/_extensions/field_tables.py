"""Tables of the fields of dataclasses, and the config of a preset as it is written.

``.. fields:: groupae.TrainingConfig`` has name, type, default and meaning of each field, read from
the annotations and the docstring. ``.. config:: rotated-digits default`` is a ``config.yaml``.
"""

from __future__ import annotations

import dataclasses
import inspect
import pkgutil
import re
from collections.abc import Iterable
from typing import Any, ClassVar

import yaml
from api_pages import table
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from groupae.experiments import get_experiment
from groupae.experiments.runs.run_config import RunConfig

__all__ = ["config_of", "field_rows", "setup"]


def field_rows(kind: Any, elsewhere: Iterable[Any] = ()) -> list[tuple[str, ...]]:
    """Return name, type, default and meaning of each field of a dataclass.

    Args:
        kind: The dataclass.
        elsewhere: Classes whose docstrings describe fields that have no entry of their own.

    Raises:
        ValueError: If the docstring says nothing of a field.
    """
    doc = inspect.getdoc(kind) or ""
    meanings, alone = _arguments(doc), re.findall(r"^ {4}(\w+):", doc, re.MULTILINE)
    for other in elsewhere:
        described = _arguments(inspect.getdoc(other) or "")
        meanings |= {name: text for name, text in described.items() if name not in alone}
    rows = []
    for field in dataclasses.fields(kind):
        if field.name not in meanings:
            raise ValueError(f"{kind.__name__}: expected {field.name} in the docstring, got none")
        default = "" if field.default is dataclasses.MISSING else f"``{_plain(field.default)}``"
        annotation = getattr(field.type, "__name__", None) or str(field.type)
        annotation = re.sub(r"Literal\[(.*)\]", r"\1", annotation)
        rows.append((f"``{field.name}``", f"``{annotation}``", default, meanings[field.name]))
    return rows


def _plain(value: Any) -> str:
    return (
        "null" if value is None else yaml.safe_dump(value, default_flow_style=True).split("\n")[0]
    )


def _arguments(doc: str) -> dict[str, str]:
    """Return the entries of the section Args, by name; one entry may have several names."""
    section = re.split(r"\n(?=\S)", doc.partition("\nArgs:\n")[2], maxsplit=1)[0]
    found = {}
    for entry in re.split(r"\n(?= {4}\S)", section):
        names, _, text = entry.strip().partition(":")
        found.update(dict.fromkeys(names.split(", "), " ".join(text.split())))
    return found


def config_of(experiment: str, preset: str) -> str:
    """Return the ``config.yaml`` of a preset."""
    found = get_experiment(experiment)
    config = RunConfig(found, found.presets[preset], preset, "small", None, None)
    return yaml.safe_dump(config.as_data(), sort_keys=False)


class Fields(SphinxDirective):
    """Table of the fields of a dataclass."""

    required_arguments = 1
    option_spec: ClassVar = {"elsewhere": pkgutil.resolve_name}

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        self.env.note_reread()  # the class may have changed though the page has not
        others = self.options.get("elsewhere", {})
        rows = field_rows(pkgutil.resolve_name(self.arguments[0]), others.values())
        head = ("field", "type", "default", "meaning")
        lines = table([head, *rows], "18 18 14 50", head=True)
        return self.parse_text_to_nodes("\n".join(lines))


class Config(SphinxDirective):
    """The ``config.yaml`` of a preset."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Return it as a block of YAML."""
        text = config_of(*self.arguments)
        return [nodes.literal_block(text, text, language="yaml")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directives."""
    app.add_directive("fields", Fields)
    app.add_directive("config", Config)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
