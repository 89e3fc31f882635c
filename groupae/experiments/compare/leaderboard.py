"""Leaderboard of a comparison, as Markdown, as plain data, and printed."""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from groupae._printable import say
from groupae._table import Table
from groupae.experiments.compare.result import Result
from groupae.metrics import Estimate, Score

__all__ = ["Leaderboard", "LeaderboardEntry", "Standing", "Standings"]

OURS, PAPER = "default", "paper"


@dataclasses.dataclass(frozen=True)
class LeaderboardEntry:
    """One model of a leaderboard, with the results of all its seeds.

    Args:
        name: Name of the preset.
        title: Name in tables.
        results: Results of its trials, at least one.

    Example:
        >>> LeaderboardEntry("default", "default", results=()).name
        'default'
    """

    name: str
    title: str
    results: tuple[Result, ...]

    @property
    def cells(self) -> tuple[Result, ...]:
        """Deprecated alias of ``results``, its name until groupae 0.2."""
        return self.results

    def values(self, score: Score) -> list[float]:
        """Return the score of each result that has it."""
        return [
            result.scores[score.name].mean for result in self.results if score.name in result.scores
        ]

    def mean(self, score: Score) -> float | None:
        """Return the mean of a score over seeds; ``None`` if no result has it."""
        values = self.values(score)
        return statistics.fmean(values) if values else None

    def average(self, figure: str) -> float | None:
        """Return the mean over seeds of an attribute of `Result`; ``None`` if one lacks it."""
        values = [getattr(result, figure) for result in self.results]
        return None if None in values else statistics.fmean(values)

    def data(self, columns: Sequence[Score]) -> dict[str, Any]:
        """Return names, seeds, scores and sizes as plain data."""
        scores = {score.name: self.values(score) for score in columns}
        figures = ("steps", "pairs", "images_per_cpu_second", "peak_mebibytes", "cpu_seconds")
        return {
            "name": self.name,
            "title": self.title,
            "seeds": [result.seed for result in self.results],
            "scores": {
                name: {"mean": statistics.fmean(v), "min": min(v), "max": max(v)}
                for name, v in scores.items()
                if v
            },
            "parameters": self.results[0].parameters,
            **{figure: self.average(figure) for figure in figures},
        }


@dataclasses.dataclass(frozen=True)
class Leaderboard:
    """All models of a comparison, best first.

    Args:
        title: Title of the tables.
        facts: Circumstances of the comparison, name to text.
        columns: Scores of the models; the first one orders them.
        rows: The models.
        references: Scores of predictions without training, by name.
        not_applicable: Systems that do not support the data set, with the reasons.
        failures: Trials that failed, with the errors.

    Example:
        >>> from groupae.metrics import PSNR
        >>> board = Leaderboard("Digits", {}, (PSNR,), (), {}, not_applicable={}, failures={})
        >>> board.markdown().splitlines()[0]
        '# Digits'
    """

    title: str
    facts: Mapping[str, str]
    columns: tuple[Score, ...]
    rows: tuple[LeaderboardEntry, ...]
    references: Mapping[str, Mapping[str, Estimate]]
    not_applicable: Mapping[str, str]
    failures: Mapping[str, str]

    def __post_init__(self) -> None:
        key, rows = self.columns[0], sorted(self.rows, key=lambda row: row.name)
        ranked = sorted(rows, key=lambda row: _goodness(key, row.mean(key)), reverse=True)
        object.__setattr__(self, "rows", tuple(ranked))

    def margins(self, score: Score) -> dict[str, tuple[str, float]]:
        """Return the margins of our default over the paper and over the best rival.

        Rivals are all models but ours and the paper's, whose names begin with ``default`` and
        ``paper``. A positive margin means that our default is better, also where lower is better.

        Returns:
            Model and margin, for ``"paper"`` and ``"best rival"``.
        """
        means = {row.name: row.mean(score) for row in self.rows}
        known = {name: mean for name, mean in means.items() if mean is not None}
        if OURS not in known:
            return {}
        sign = -1 if score.lower_is_better else 1
        over = {name: sign * (known[OURS] - mean) for name, mean in known.items()}
        margins = {"paper": (PAPER, over[PAPER])} if PAPER in over else {}
        rivals = {name: d for name, d in over.items() if not name.startswith((OURS, PAPER))}
        if rivals:
            best = min(rivals, key=lambda name: rivals[name])
            margins["best rival"] = (best, rivals[best])
        return margins

    # --- as data --------------------------------------------------------------------------------
    def data(self) -> dict[str, Any]:
        """Return the leaderboard as plain data."""
        return {
            "groupae_comparison": 1,
            "title": self.title,
            "facts": dict(self.facts),
            "columns": [
                {"name": c.name, "title": c.title, "lower_is_better": c.lower_is_better}
                for c in self.columns
            ],
            "models": [row.data(self.columns) for row in self.rows],
            "references": {
                name: {key: estimate.data() for key, estimate in scores.items()}
                for name, scores in self.references.items()
            },
            "not_applicable": dict(self.not_applicable),
            "failures": dict(self.failures),
            "margins": {
                score.name: {
                    over: {"model": name, "margin": margin}
                    for over, (name, margin) in self.margins(score).items()
                }
                for score in self.columns
            },
        }

    # --- as text --------------------------------------------------------------------------------
    @property
    def _heads(self) -> list[str]:
        figures = ["parameters", "steps", "pairs seen", "images/s", "peak MiB", "seeds"]
        return ["model", *(score.heading for score in self.columns), *figures]

    def _row(self, row: LeaderboardEntry) -> list[str]:
        peak = row.average("peak_mebibytes")
        return [
            row.title,
            *(_span(score, row.values(score)) for score in self.columns),
            f"{row.results[0].parameters:,}",
            f"{row.average('steps'):,.0f}",
            f"{row.average('pairs'):,.0f}",
            f"{row.average('images_per_cpu_second'):,.0f}",
            "-" if peak is None else f"{peak:,.0f}",
            f"{len(row.results)}",
        ]

    def _reference(self, name: str, scores: Mapping[str, Estimate]) -> list[str]:
        shown = [_figure(c, scores[c.name].mean) if c.name in scores else "-" for c in self.columns]
        return [name, *shown, *[""] * 6]

    def _margin_table(self) -> Table | None:
        """Return the margins over the paper and the best rival; ``None`` if there are none."""
        rows = []
        for score in self.columns:
            margins = self.margins(score)
            if margins:
                paper, rival = margins.get("paper"), margins.get("best rival")
                over_paper = f"{paper[1]:+.{score.digits}f}" if paper else "-"
                over_rival = f"{rival[1]:+.{score.digits}f} ({rival[0]})" if rival else "-"
                rows.append([score.title, over_paper, over_rival])
        headings = ("our default is better by", "than paper", "than the best rival")
        return Table(headings, rows, labels=3) if rows else None

    def markdown(self) -> str:
        """Return the leaderboard as Markdown, with a link to the picture."""
        lines = [f"# {self.title}", ""]
        lines += [f"- {name}: {text}" for name, text in self.facts.items()]
        rows = [self._row(row) for row in self.rows]
        for row, entry in zip(rows, self.rows, strict=True):
            if entry.name == OURS:
                row[:] = [f"**{text}**" for text in row]
        rows += [self._reference(name, scores) for name, scores in self.references.items()]
        blank = [""] * (len(self._heads) - 2)
        for name, reason in self.not_applicable.items():
            rows.append([name, f"not applicable: {reason}", *blank])
        for name, error in self.failures.items():
            rows.append([name, f"failed: {error}", *blank])
        lines += ["", Table(self._heads, rows).markdown(), "", self._caption, ""]
        if margins := self._margin_table():
            lines += [margins.markdown(), ""]
        lines += ["![x1, the true x2, and what each model predicts](compare.png)", ""]
        return "\n".join(lines)

    @property
    def _caption(self) -> str:
        return (
            "Scores on the fixed test pairs: mean over seeds (least .. largest). Images a second "
            "of processor time: training images, two a pair, validations included. Peak memory: "
            "of the process in training, with libraries and data."
        )

    def print(self, console: Console) -> None:
        """Print the leaderboard, with as many columns as fit on the terminal."""
        styles = {i: "bold" for i, row in enumerate(self.rows) if row.name == OURS}
        styles |= {len(self.rows) + i: "dim" for i in range(len(self.references))}
        rows = [self._row(row) for row in self.rows]
        rows += [self._reference(name, scores) for name, scores in self.references.items()]
        Table(self._heads, rows, self.title, styles=styles, file="compare.md").print(console)
        for kind, items in (("not applicable", self.not_applicable), ("failed", self.failures)):
            for name, why in items.items():
                line = f"{name}: {kind}, {why}" if kind == "failed" else f"{name}: {kind}: {why}"
                say(console, line)
        if margins := self._margin_table():
            margins.print(console)


def _goodness(score: Score, mean: float | None) -> float:
    if mean is None:
        return float("-inf")
    return -mean if score.lower_is_better else mean


def _figure(score: Score, value: float) -> str:
    return f"{value:.{score.digits}f}"


def _span(score: Score, values: Sequence[float]) -> str:
    if not values:
        return "-"
    mean = _figure(score, statistics.fmean(values))
    if len(values) == 1:
        return mean
    return f"{mean} ({_figure(score, min(values))} .. {_figure(score, max(values))})"


Standing, Standings = LeaderboardEntry, Leaderboard  # names until groupae 0.2
