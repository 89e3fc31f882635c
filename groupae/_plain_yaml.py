"""Reader of YAML from files that are not trusted: plain data, few levels, no aliases, no tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from groupae._files import read_bounded

__all__ = ["read_plain_yaml"]


class _PlainLoader(yaml.SafeLoader):
    """Loader of YAML with few levels and without aliases, which can grow without bound."""

    deepest = 20
    _depth = 0

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias, which groupae never writes")
        if self._depth == self.deepest:
            raise yaml.YAMLError(f"more than {self.deepest} levels, one in another")
        self._depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _DeeperLoader(_PlainLoader):
    """Loader for descriptions of models, whose parts hold parts."""

    deepest = 100


def read_plain_yaml(file: Path, largest: int, *, nests_deeply: bool = False) -> Any:
    """Return the plain data in a YAML file.

    Args:
        file: The file.
        largest: Number of bytes above which it is not read.
        nests_deeply: Whether 100 levels are allowed instead of 20.

    Raises:
        ValueError: If it is larger, nested too deeply, no YAML, or not plain.
    """
    loader = _DeeperLoader if nests_deeply else _PlainLoader
    try:
        # a SafeLoader that reads less than a SafeLoader does
        return yaml.load(read_bounded(file, largest), Loader=loader)
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from None
