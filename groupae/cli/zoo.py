"""Command ``groupae zoo``: the trained models that come with the package."""

from __future__ import annotations

from typing import Any

from groupae._printable import say
from groupae.cli.loading import loading

__all__ = ["list_zoo"]


def list_zoo() -> None:
    """List the trained models that come with the package, with their scores.

    Writes nothing.

    Example:
        ::

            groupae zoo
    """
    with loading():
        from rich.console import Console

        from groupae._table import Table
        from groupae.persistence import read_card, zoo_names
    console, headings = Console(), ("name", "group", "shape", "parameters", "trained", "scores")
    rows = [(f"zoo:{name}", *_cells(read_card(f"zoo:{name}"))) for name in zoo_names()]
    Table(headings, rows, labels=len(headings)).print(console)
    say(console, "groupae.load('zoo:NAME') is the model, groupae inspect zoo:NAME prints its card")


def _cells(card: dict[str, Any]) -> tuple[str, ...]:
    data, training = card["data"], card["training"]
    scores = {k: v for k, v in card["scores"].items() if isinstance(v, dict)}
    return (
        data["group"],
        "x".join(map(str, data["shape"])),
        f"{card['parameters']:,}",
        f"{training['processor_seconds'] / 60:.1f} processor minutes",
        ", ".join(f"{name} {value['mean']:.4g}" for name, value in scores.items()),
    )
