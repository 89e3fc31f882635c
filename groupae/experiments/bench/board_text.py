"""Public table as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence

from groupae._table import Table
from groupae.experiments.bench.board import Board, BoardTable
from groupae.experiments.bench.board_row import BoardRow, is_in_decibels
from groupae.experiments.bench.seed_estimate import SeedEstimate
from groupae.experiments.bench.styles import ordered_models
from groupae.metrics.registry import MODEL_SCORES, SCORES

__all__ = ["board_csv", "board_markdown", "board_table", "score_title"]

_SCORES = {score.name: score for score in (*SCORES.values(), *MODEL_SCORES.values())}
_NONE = "-"

CAPTION = (
    "Mean over seeds and over the conditions of one side, ± half width of the 95 % interval over "
    "seeds (Student's t; ? with one seed), ± that over test pairs. Bold: better than every other "
    "model of the same budget, with intervals over seeds and pairs that do not overlap. Error "
    "outside / inside: ratio of squared errors (geometric means over pairs), with its 95 % "
    "interval over both. (over): trainings that took more than the budget, as a closed form "
    "cannot be stopped; they are not compared for bold."
)


def board_markdown(board: Board) -> str:
    """Return a board as Markdown: an overview, one table per task, and what is missing.

    There are no headings, so that it can be part of a page.

    Example:
        >>> print(board_markdown(Board((), missing=("glyphs/steps: default, seed 2",))))
        **Missing**
        <BLANKLINE>
        - glyphs/steps: default, seed 2
        <BLANKLINE>
    """
    parts = ["\n".join(f"- {name}: {text}" for name, text in board.facts.items())]
    if len(board.tables) > 1:
        parts += [*_overview(board), CAPTION]
    for table in board.tables:
        parts += [f"**{table.task.name}**: {_facts(table)}", board_table(table).markdown()]
        if further := _further(table):
            parts.append(further.markdown())
    if len(board.tables) == 1:
        parts.append(CAPTION)
    parts += _notes(board)
    return "\n\n".join(part for part in parts if part) + "\n"


# --- tables --------------------------------------------------------------------------------------
def _facts(table: BoardTable) -> str:
    pixels = f", {table.task.pixels} x {table.task.pixels} pixels" if table.task.pixels else ""
    minutes = " or ".join(f"{budget:g}" for budget in table.budgets)
    return f"{table.task.size}{pixels}; {minutes} processor minutes per training"


def board_table(table: BoardTable) -> Table:
    """Return one row per model: scores inside and outside, ratio of errors, seeds and costs."""
    title = score_title(table.score)
    sides = [side for side in ("inside", "outside") if _has(table, side)]
    has_ratio = len(sides) == 2 and is_in_decibels(table.score)
    has_budgets = len(table.budgets) > 1
    best = {side: table.best(side) for side in sides}
    rows = []
    for row in table.rows:
        shown = [_estimate(getattr(row, side), table.score) for side in sides]
        for i, side in enumerate(sides):
            if row.model in best[side]:
                shown[i] = f"**{shown[i]}**"
        cells = [row.model, *shown]
        cells += [_ratio(row)] if has_ratio else []
        cells += [f"{len(row.results)}", f"{row.parameters:,}", _seconds(row)]
        rows.append(cells + ([f"{row.budget:g}"] if has_budgets else []))
    headings = ["model", *(f"{title}, {side}" for side in sides)]
    headings += ["error outside / inside"] if has_ratio else []
    headings += ["seeds", "parameters", "processor seconds"]
    return Table(headings + (["minutes"] if has_budgets else []), rows)


def _seconds(row: BoardRow) -> str:
    """Return processor seconds, with a mark if they are more than the budget."""
    return f"{row.cpu_seconds:,.0f}{' (over)' if row.is_over_budget else ''}"


def _further(table: BoardTable) -> Table | None:
    """Return the scores of the task as a whole; ``None`` if there are none."""
    found = {row.model: _of_task(row) for row in table.rows}
    names = list(dict.fromkeys(name for scores in found.values() for name in scores))
    if not names:
        return None
    rows = [
        [model, *(_estimate(scores.get(name), name) for name in names)]
        for model, scores in found.items()
        if scores
    ]
    return Table(["model", *map(score_title, names)], rows)


def _of_task(row: BoardRow) -> dict[str, SeedEstimate]:
    """Return the scores of a task as a whole, and what many steps in a row lose."""
    scores = row.further()
    if (loss := row.composition_loss) is not None:
        unit = " (dB)" if is_in_decibels(row.score) else ""
        scores[f"lost by {loss[0]} steps in a row{unit}"] = loss[1]
    return scores


def _overview(board: Board) -> Iterator[str]:
    """Yield tables of tasks by models: scores outside, ratios of errors."""
    models = ordered_models(row.model for table in board.tables for row in table.rows)
    scores, ratios = [], []
    for table in board.tables:
        by_budget = sorted(table.rows, key=lambda row: -row.budget)
        by_model = {row.model: row for row in by_budget}  # the smallest budget stays
        side = "outside" if _has(table, "outside") else "inside"
        best = table.best(side)
        cells = [_level(by_model.get(name), side, table.score, best) for name in models]
        scores.append([table.task.name, f"{score_title(table.score)}, {side}", *cells])
        shown = [_ratio(by_model[name]) if name in by_model else _NONE for name in models]
        if set(shown) != {_NONE}:
            ratios.append([table.task.name, *shown])
    yield "**Scores**"
    yield Table(["task", "score", *models], scores, labels=2).markdown()
    if ratios:
        yield "**Error outside / inside**"
        yield Table(["task", *models], ratios).markdown()


def _level(row: BoardRow | None, side: str, score: str, best: set[str]) -> str:
    found: SeedEstimate | None = None if row is None else getattr(row, side)
    if row is None or found is None:
        return _NONE
    shown = _number(found.mean, score)
    return f"**{shown}**" if row.model in best else shown


def _notes(board: Board) -> Iterator[str]:
    """Yield lists of the submissions, of what does not apply and of what is missing."""
    lists = {
        "Handed in": [f"{s.model}: {s.authors}; {s.source}; {s.code}" for s in board.submissions],
        "Does not apply": [f"{name}: {why}" for name, why in board.left_out.items()],
        "Missing": list(board.missing),
    }
    for heading, lines in lists.items():
        if lines:
            yield f"**{heading}**"
            yield "\n".join(f"- {line}" for line in lines)


def _has(table: BoardTable, side: str) -> bool:
    return getattr(table.rows[0], side) is not None


# --- numbers -------------------------------------------------------------------------------------
def score_title(score: str) -> str:
    """Return the heading of a score.

    Example:
        >>> score_title("psnr")
        'PSNR (dB)'
    """
    return _SCORES[score].heading if score in _SCORES else score.replace("_", " ")


def _number(value: float, score: str) -> str:
    digits = _SCORES[score].digits if score in _SCORES else 2 if is_in_decibels(score) else 3
    return f"{value:.{digits}f}"


def _estimate(found: SeedEstimate | None, score: str) -> str:
    if found is None:
        return _NONE
    seeds = "?" if found.over_seeds is None else _number(found.over_seeds, score)
    return f"{_number(found.mean, score)} ± {seeds} ± {_number(found.over_pairs, score)}"


def _ratio(row: BoardRow) -> str:
    if row.error_ratio is None:
        return _NONE
    ratio, low, high = row.error_ratio
    if low is None or high is None:
        return _times(ratio)
    return f"{_times(ratio)} [{_times(low)}, {_times(high)}]"


def _times(ratio: float) -> str:
    """Return a ratio with three digits that count, two behind the point at most."""
    if not 0.005 <= ratio < 1e5:
        return f"{ratio:.0e}"
    digits = max(0, 2 - max(0, math.floor(math.log10(ratio))))
    return f"{ratio:.{digits}f}"


# --- CSV -----------------------------------------------------------------------------------------
_COLUMNS = (
    *("dataset", "split", "size", "pixels", "cpu_minutes", "model", "handed_in_by", "score"),
    *("condition", "value", "unit", "inside", "mean", "over_seeds", "over_pairs", "low", "high"),
    "seeds",
)


def board_csv(board: Board) -> str:
    """Return a board as CSV, one line per task, model and condition.

    Example:
        >>> board_csv(Board(())).startswith("dataset,split,size,")
        True
    """
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\n")
    lines.writerow(_COLUMNS)
    for table in board.tables:
        for row in table.rows:
            lines.writerows(_lines(table, row))
    return written.getvalue()


def _lines(table: BoardTable, row: BoardRow) -> Iterator[Sequence[object]]:
    task = table.task
    start = (task.dataset, task.split, task.size, task.pixels, row.budget, row.model)
    for condition, found in row.by_condition():
        low, high = found.limits or (None, None)
        yield (
            *(*start, row.handed_in_by, row.score, condition.name, condition.value),
            *(condition.unit, condition.is_inside, found.mean, found.over_seeds),
            *(found.over_pairs, low, high, found.seeds),
        )
