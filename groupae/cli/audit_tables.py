"""Report of an audit on a console: an answer in words, then the tables."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from groupae._printable import counted, say
from groupae._table import Cell, Table
from groupae.testing.audit import AuditedLaw, AuditReport, ErrorSplit

__all__ = ["print_audit"]

_PARTS = ("model", "discretisation", "resampling")


def print_audit(console: Console, part: str, report: AuditReport) -> None:
    """Print a report.

    Args:
        console: The console.
        part: Name of the audited part.
        report: Its report.
    """
    say(console, f"{part}: {_answer(report)}")
    say(console, f"  inputs: {report.action_in}; outputs: {report.action_out}")
    rows = [_law_row(law) for law in report.errors.values()]
    Table(["law", "error", "allowed", ""], rows).print(console)
    if report.layers:
        worst = report.worst_layer
        layers: list[list[Cell]] = [
            [
                layer.name,
                layer.kind,
                f"{layer.error:.2e}",
                f"{layer.adds:.2e}",
                _shares(layer.added) if not layer.passed else "",
                layer.source,
            ]
            for layer in report.layers
        ]
        styles = {i: "bold red" for i, layer in enumerate(report.layers) if layer is worst}
        headings = ["layer", "", "error", "adds", "of its square", "action"]
        Table(headings, layers, labels=2, styles=styles).print(console)
    for note in report.notes:
        say(console, f"  {note}")
    for line in report.left_out_lines:
        say(console, f"  {line}")
    samples, elements = counted(report.samples, "sample"), len(report.by_element)
    counts = f"{samples}, {counted(elements, 'element')}, {counted(report.passes, 'call')}"
    say(console, f"  {counts} ({report.seconds:.1f} s)")


def _answer(report: AuditReport) -> str:
    """Return one sentence: whether it is equivariant, and if not, by how much and where."""
    law = report.errors.get("equivariance")
    under = f"under {report.group}"
    if report.passed:
        error = "" if law is None else f", relative error {law.error:.2g}"
        return f"passed {under}{error}" + (
            ", but the outputs are constant" if report.is_constant else ""
        )
    sentence = f"FAILED {under}: {', '.join(report.failures).replace('_', ' ')}"
    if law is not None and not law.passed:
        sentence += f"; relative error {law.error:.2g}"
        shares = "" if law.split is None else _shares(law.split)
        sentence += f" ({shares})" if shares else ""
        worst = report.worst_layer
        if worst is not None:
            sentence += f"; most is added by {worst.name} ({worst.kind}), {worst.adds:.2g}"
    return sentence


def _law_row(law: AuditedLaw) -> list[Cell]:
    verdict: Cell = "ok" if law.passed else Text(f"FAIL {law.note}".strip(), style="bold red")
    return [law.law.replace("_", " "), f"{law.error:.2e}", f"{law.tolerance:.1e}", verdict]


def _shares(split: ErrorSplit) -> str:
    """Return the parts of a squared error in percent, those below a half left out."""
    if not 0 < split.total < float("inf"):
        return ""
    shares = {name: getattr(split, name) / split.total for name in _PARTS}
    return ", ".join(f"{name} {share:.0%}" for name, share in shares.items() if share >= 0.005)
