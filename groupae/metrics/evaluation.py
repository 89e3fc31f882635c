"""Evaluation of any model on fixed pairs: one table of scores with intervals."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from typing_extensions import override

from groupae._printable import counted, say
from groupae._validation import ShapeError, check_count, expected
from groupae.metrics.estimate import Estimate
from groupae.metrics.evaluated import Evaluated, evaluation_mode
from groupae.metrics.evaluation_pairs import as_pairs
from groupae.metrics.registry import MODEL_SCORES, default_scores, parse_any_scores
from groupae.metrics.scores import AnyScore, ModelScore, Score
from groupae.protocols import FixedPairs, Model, PairBatch

if TYPE_CHECKING:
    from rich.console import Console

    from groupae._table import Table

__all__ = ["Estimate", "Evaluation", "as_pairs", "evaluate", "evaluation_mode"]


class Evaluation(Mapping[str, Estimate]):
    """Scores of a model by name, each with its interval; its text is a table.

    Args:
        scores: The scores.
        estimates: Their estimates, by name.
        left_out: Reasons why scores do not apply, by name.
        pairs: Number of pairs.
        items: Number of items that the interval is over, by name; all pairs unless given.

    Example:
        >>> from groupae.metrics import PSNR
        >>> found = Evaluation((PSNR,), {"psnr": Estimate(22.0, 0.5, (21.4, 22.5))}, pairs=100)
        >>> found["psnr"].mean, len(found.left_out)
        (22.0, 0)
    """

    def __init__(
        self,
        scores: Sequence[Score | ModelScore],
        estimates: Mapping[str, Estimate],
        left_out: Mapping[str, str] | None = None,
        *,
        pairs: int,
        items: Mapping[str, int] | None = None,
    ) -> None:
        self.scores: tuple[Score | ModelScore, ...] = tuple(scores)
        self.left_out: dict[str, str] = dict(left_out or {})
        self.pairs = pairs
        self.items_of = {score.name: (items or {}).get(score.name, pairs) for score in scores}
        self._estimates = dict(estimates)

    @override
    def __getitem__(self, name: str) -> Estimate:
        return self._estimates[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._estimates)

    @override
    def __len__(self) -> int:
        return len(self._estimates)

    @override
    def __repr__(self) -> str:
        return f"Evaluation({self._estimates!r})"

    @override
    def __str__(self) -> str:
        from rich.console import Console

        console = Console(width=10_000, color_system=None, force_terminal=False)
        with console.capture() as captured:
            self.print(console)
        lines = captured.get().rstrip().splitlines()
        return "\n".join(line.rstrip() for line in lines)

    @property
    def _table(self) -> Table:
        """Title, value, 95 % interval, range and items of every score, one row per score."""
        from groupae._table import Table  # loads rich, which predictions do without

        rows = [
            [*_row(score, self[score.name]), str(self.items_of[score.name])]
            for score in self.scores
        ]
        caption = f"{counted(self.pairs, 'pair')}; 95 % intervals over items, bootstrapped"
        return Table(["score", "value", "95 % interval", "range", "items"], rows, caption=caption)

    def print(self, console: Console) -> None:
        """Print the table, and the scores that were left out with their reasons."""
        self._table.print(console)
        for name, why in self.left_out.items():
            say(console, f"{name} left out: {why}")

    def to_json(self) -> str:
        """Return scores, intervals, definitions and what was left out as JSON text.

        Numbers that are not finite are ``null``.

        Example:
            >>> from groupae.metrics import PSNR
            >>> text = Evaluation((PSNR,), {"psnr": Estimate(22.0, 0.5)}, pairs=9).to_json()
            >>> json.loads(text)["scores"]["psnr"]["value"]
            22.0
        """
        scores = {
            score.name: {**_entry(score, self[score.name]), "items": self.items_of[score.name]}
            for score in self.scores
        }
        found = {"pairs": self.pairs, "scores": scores, "left_out": self.left_out}
        return json.dumps(found, indent=2, ensure_ascii=False, allow_nan=False)


def _row(score: AnyScore, estimate: Estimate) -> list[str]:
    interval = ""
    if estimate.interval is not None:
        low, high = (_number(limit, score.digits) for limit in estimate.interval)
        interval = f"[{low}, {high}]"
    return [score.heading, _number(estimate.mean, score.digits), interval, _span(score.range)]


def _number(value: float, digits: int) -> str:
    """Return a number with its digits, in scientific notation if they are all zero or too many."""
    is_extreme = 0 < abs(value) < 0.5 * 10.0**-digits or abs(value) >= 1e6
    return f"{value:.1e}" if is_extreme else f"{value:.{digits}f}"


def _span(limits: tuple[float, float]) -> str:
    """Return a range as text, such as ``[0, inf)``."""
    low, high = limits
    start = "(-inf" if low == -math.inf else f"[{low:g}"
    return f"{start}, inf)" if high == math.inf else f"{start}, {high:g}]"


def _entry(score: AnyScore, estimate: Estimate) -> dict[str, Any]:
    interval = estimate.interval
    return {
        "title": score.title,
        "value": _finite(estimate.mean),
        "half_width": _finite(estimate.half_width),
        "interval": None if interval is None else [_finite(limit) for limit in interval],
        "lower_is_better": score.lower_is_better,
        "range": [_finite(limit) for limit in score.range],
        "definition": score.definition,
        "source": score.source,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def evaluate(
    model: Model,
    pairs: PairBatch | FixedPairs,
    scores: Sequence[Score | ModelScore | str] | Score | ModelScore | str | None = None,
    *,
    batch_size: int = 250,
    resamples: int = 1000,
    seed: int = 0,
    data_action: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Evaluation:
    """Return the scores of a model on pairs, each with a bootstrapped 95 % interval.

    Args:
        model: Any `Model`. A module is in evaluation mode meanwhile.
        pairs: The pairs, or a data set, whose ``fixed()`` pairs are taken.
        scores: Scores or their names, such as "psnr" and "skill_score". All that apply to model and
            data unless given: predictions by `groupae.metrics.default_scores`, and
            ``groupae.metrics.MODEL_SCORES``.
        batch_size: Largest number of pairs per batch.
        resamples: Number of draws of the bootstrap; 0 for no intervals.
        seed: Seed of all random choices: of scores, of the bootstrap, and of a model that draws.
        data_action: Action of the group on data, a function of ``(g, x)``; that of the data set
            unless given.

    Returns:
        Estimates by name of the score; its text is a table. Scores that do not apply are in
        ``left_out``, each with the reason.

    Raises:
        ShapeError: If there are no pairs, predictions have another shape than ``x2``, or a score is
            not one number per item.
        TypeError: If an argument is of another kind.
        ValueError: If model and pairs are of different groups, or a score that is named is unknown
            or does not suit the data.

    Example:
        >>> from groupae import RotatedDigits
        >>> from groupae.experiments.baselines import DataAction
        >>> from groupae.data import rotate
        >>> found = evaluate(DataAction(rotate), RotatedDigits("test", size="tiny"), "psnr")
        >>> 29 < found["psnr"].mean < 32
        True
    """
    owner = "evaluate"
    _check_arguments(owner, model, batch_size, resamples, seed, data_action)
    batch = as_pairs(owner, pairs, model)
    evaluated = Evaluated(
        model, batch, data=pairs, data_action=data_action, batch_size=batch_size, seed=seed
    )
    with torch.no_grad(), evaluation_mode(model), torch.random.fork_rng():
        torch.manual_seed(seed)  # of models that draw
        chosen, left_out = _choose(owner, scores, evaluated)
        rows = _rows(chosen, evaluated)
    estimates = {
        score.name: Estimate.of(
            rows[score.name],
            combine=score.combine if isinstance(score, ModelScore) else None,
            resamples=resamples,
            seed=seed,
        )
        for score in chosen
    }
    items = {name: len(numbers) for name, numbers in rows.items()}
    return Evaluation(chosen, estimates, left_out, pairs=len(batch), items=items)


def _check_arguments(
    owner: str,
    model: object,
    batch_size: object,
    resamples: object,
    seed: object,
    data_action: object,
) -> None:
    if isinstance(model, type) or not callable(getattr(model, "transform", None)):
        got, remedy = type(model).__name__, "LatentActionAE is one"
        if isinstance(model, type):
            got, remedy = f"the class {model.__name__}", "make an object of it"
        raise TypeError(expected(owner, "a model with transform(g, x)", got, remedy))
    check_count(owner, "batch_size", batch_size)
    if resamples != 0 or isinstance(resamples, bool):
        check_count(owner, "resamples", resamples)
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**63:
        raise ValueError(expected(owner, "seed as an integer in 0..2^63 - 1", repr(seed)))
    if data_action is not None and not callable(data_action):
        what = "data_action as a function of (g, x)"
        raise TypeError(expected(owner, what, type(data_action).__name__))


def _choose(
    owner: str, scores: object, evaluated: Evaluated
) -> tuple[tuple[AnyScore, ...], dict[str, str]]:
    """Return the scores to compute, and reasons why others do not apply, by name.

    Raises:
        ValueError: If a score that is named does not apply.
    """
    if scores is not None:
        chosen = parse_any_scores(owner, scores, evaluated.pairs)
        for score in chosen:
            why = score.obstacle(evaluated) if isinstance(score, ModelScore) else None
            if why is not None:
                what = f"model and data that {score.name!r} applies to"
                raise ValueError(expected(owner, what, f"others: {why}"))
        return chosen, {}
    reasons = {score: score.obstacle(evaluated) for score in MODEL_SCORES.values()}
    chosen = (*default_scores(evaluated.pairs), *(s for s, why in reasons.items() if why is None))
    return chosen, {s.name: why for s, why in reasons.items() if why is not None}


def _rows(scores: Sequence[AnyScore], evaluated: Evaluated) -> dict[str, Tensor]:
    """Return one row of numbers per item, by the name of the score."""
    of_models = [score for score in scores if isinstance(score, ModelScore)]
    of_predictions = [score for score in scores if isinstance(score, Score)]
    found = {score.name: _judged(score, evaluated) for score in of_models}
    return found | _judge_predictions(of_predictions, evaluated)


def _judge_predictions(scores: Sequence[Score], evaluated: Evaluated) -> dict[str, Tensor]:
    if not scores:
        return {}
    rows = [
        [_judge(score, prediction, batch) for score in scores]
        for batch, prediction in evaluated.predictions()
    ]
    columns = (torch.cat(column) for column in zip(*rows, strict=True))
    return {score.name: column for score, column in zip(scores, columns, strict=True)}


def _judge(score: Score, prediction: Tensor, batch: PairBatch) -> Tensor:
    values = score.function(prediction, batch)
    if not isinstance(values, Tensor):
        what, got = f"a tensor of one number per pair, shape ({len(batch)},)", type(values).__name__
        raise TypeError(expected(f"score {score.name!r}", what, got))
    if values.shape != (len(batch),):
        what = f"one number per pair, shape ({len(batch)},)"
        raise ShapeError(expected(f"score {score.name!r}", what, tuple(values.shape)))
    return values


def _judged(score: ModelScore, evaluated: Evaluated) -> Tensor:
    """Return the rows of a score of models, checked."""
    values, owner = score.function(evaluated), f"score {score.name!r}"
    form, axes = ("(items,)", 1) if score.combine is None else ("(items, k)", 2)
    if not isinstance(values, Tensor):
        raise TypeError(expected(owner, f"a tensor {form}", type(values).__name__))
    if values.ndim != axes or len(values) == 0:
        raise ShapeError(expected(owner, f"a row of numbers per item, {form}", tuple(values.shape)))
    if score.combine is not None and (whole := score.combine(values.mean(0))).ndim:
        what = "combine to return one number for k means, shape (...,) of (..., k)"
        raise ShapeError(expected(owner, what, tuple(whole.shape)))
    return values
