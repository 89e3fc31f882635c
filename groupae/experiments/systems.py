"""The systems we compare with by name: how each is made for a data set, and what it can do."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

from groupae._validation import expected, unknown_choice
from groupae.data.registry import DatasetInfo
from groupae.experiments.config import BaselineConfig
from groupae.models import Capabilities, TransformModule

__all__ = ["SYSTEMS", "System", "build_baseline", "find_obstacle"]


@dataclasses.dataclass(frozen=True)
class System:
    """A system we compare with.

    Args:
        title: What a table calls it.
        capabilities: What it takes.
        build: Function of a data set and the options of a config, as keyword arguments.
    """

    title: str
    capabilities: Capabilities
    build: Callable[..., TransformModule]


SYSTEMS: Mapping[str, System] = {}


def find_obstacle(system: System, data: DatasetInfo) -> str | None:
    """Return why a system cannot be used on a data set, in a few words; ``None`` if it can."""
    has_data_action = data.data_action is not None
    return system.capabilities.obstacle(data.group, has_data_action=has_data_action)


def build_baseline(data: DatasetInfo, config: BaselineConfig) -> TransformModule:
    """Return the model of a config for a data set.

    Raises:
        ValueError: If there is no such system, it cannot be used there, or an option is unknown.
    """
    if config.system not in SYSTEMS:
        raise ValueError(unknown_choice("BaselineConfig", "a system", config.system, SYSTEMS))
    system = SYSTEMS[config.system]
    obstacle = find_obstacle(system, data)
    if obstacle is not None:
        what = f"a data set that {config.system} can be used on"
        got = f"{data.name}: it {obstacle}"
        raise ValueError(expected("groupae", what, got, "see groupae compare for what can"))
    try:
        return system.build(data, **config.options)
    except TypeError as error:
        raise ValueError(expected(f"system {config.system!r}", "its options", error)) from None
