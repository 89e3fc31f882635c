"""The public table: means, intervals, who is best, and what is missing."""

import csv
import dataclasses
import io
import math
import random
import statistics

import pytest

from groupae.experiments.bench.board import Board
from groupae.experiments.bench.board_text import board_csv, board_markdown
from groupae.experiments.bench.fields import BenchFileError
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.seed_estimate import SeedEstimate, student_factor
from groupae.experiments.bench.submission import Submission
from tests.experiments.bench.synthetic import (
    COMPOSE,
    FEW,
    STEPS,
    TASKS,
    a_result,
    a_score,
    falling,
    flat,
    results,
)


def row_of(board, model, table=0):
    (row,) = [row for row in board.tables[table].rows if row.model == model]
    return row


# --- intervals ---
@pytest.mark.parametrize("seeds", range(2, 41))
def test_the_factor_is_that_of_scipy(seeds):
    stats = pytest.importorskip("scipy.stats")
    assert student_factor(seeds) == pytest.approx(stats.t.ppf(0.975, seeds - 1), abs=6e-4)


def test_the_interval_over_seeds_holds_the_mean_in_95_of_100():
    draws = random.Random(0)
    held = 0
    for _ in range(4000):
        found = SeedEstimate.of([draws.gauss(20, 0.7) for _ in range(3)], [0.0] * 3)
        held += found.limits[0] <= 20 <= found.limits[1]
    assert 0.94 < held / 4000 < 0.96


def test_both_intervals_are_given_and_joined():
    found = SeedEstimate.of([20.0, 21.0, 22.0], [0.3, 0.4, 0.5])
    assert found.mean == 21
    assert found.over_pairs == pytest.approx(0.4)
    assert found.over_seeds == pytest.approx(4.303 / math.sqrt(3))
    assert found.both == pytest.approx(math.hypot(found.over_seeds, 0.4))


def test_one_seed_has_no_interval_over_seeds():
    found = SeedEstimate.of([20.0], [0.3])
    assert (found.over_seeds, found.both, found.limits) == (None, None, None)
    with pytest.raises(ValueError, match="at least two seeds, got 1"):
        student_factor(1)


# --- rows ---
def test_inside_and_outside_are_means_over_their_conditions():
    levels = {c.name: 30 - i for i, c in enumerate(STEPS)}
    row = row_of(Board.of([a_result(psnr=lambda c: levels[c.name], spread=0)]), "default")
    assert row.inside.mean == pytest.approx(29)  # 30, 29, 28
    assert row.outside.mean == pytest.approx(25)  # 27 to 23


def test_the_ratio_of_errors_is_that_of_the_geometric_means():
    found = results({"conditional": falling(28, 11)}, spread=0.3, half_width=0.0)
    ratio, low, high = row_of(Board.of(found), "conditional").error_ratio
    assert ratio == pytest.approx(10**1.7)
    assert low == pytest.approx(ratio)
    assert high == pytest.approx(ratio)


def test_the_ratio_has_an_interval_over_pairs():
    row = row_of(Board.of(results({"default": flat()}, half_width=0.3)), "default")
    assert row.error_ratio == pytest.approx((1.0, 10**-0.0424264, 10**0.0424264), rel=1e-4)


def test_no_ratio_where_nothing_is_outside_or_the_score_is_no_error():
    few = Board.of([a_result(("digits", "few"), conditions=FEW)])
    assert row_of(few, "default").error_ratio is None
    assert row_of(few, "default").outside is None
    closeness = Board.of([a_result(psnr=flat(0.9), score="ssim")])
    assert row_of(closeness, "default").error_ratio is None
    assert "error outside / inside |" not in board_markdown(closeness)


def test_steps_in_a_row_are_compared_with_their_product():
    asked = [Condition("product of 1", None, "", True)]
    for n in (10, 100):
        asked.append(Condition(f"product of {n}", None, "", False))
        asked.append(Condition(f"{n} steps", float(n), "steps", False))
    levels = {"product of 100": 25.0, "100 steps": 24.9}
    found = [
        a_result(seed=s, conditions=asked, psnr=lambda c: levels.get(c.name, 29.0), half_width=0.3)
        for s in range(3)
    ]
    board = Board.of(found)
    steps, loss = row_of(board, "default").composition_loss
    assert steps == 100
    assert loss.mean == pytest.approx(0.1)
    assert loss.over_seeds == pytest.approx(0, abs=1e-9)
    assert loss.over_pairs == pytest.approx(0.3 * 2**0.5)
    text = board_markdown(board)
    assert "| model | lost by 100 steps in a row (dB) |" in text
    assert "| default | 0.100 ± 0.000 ± 0.424 |" in text
    assert row_of(Board.of([a_result()]), "default").composition_loss is None


def test_tasks_of_one_data_set_stand_together():
    keys = [("glyphs", "steps"), ("digits", "steps"), ("glyphs", "wedge")]
    board = Board.of([a_result(key) for key in keys])
    names = [table.task.name for table in board.tables]
    assert names == ["glyphs/steps", "glyphs/wedge", "digits/steps"]


# --- who is best ---
def test_best_is_who_is_apart_from_all_others():
    clear = Board.of(results({"a": flat(29), "b": flat(25)}, spread=0.05)).tables[0]
    assert clear.best("outside") == {"a"}
    near = Board.of(results({"a": flat(29), "b": flat(28.8)}, spread=0.05)).tables[0]
    assert near.best("outside") == set()


def test_smaller_is_better_for_distances():
    found = results({"a": flat(0.3), "b": flat(0.1)}, spread=0.001, half_width=0.01, score="lpips")
    table = Board.of(found).tables[0]
    assert table.best("inside") == {"b"}
    assert [row.model for row in table.rows] == ["b", "a"]


def test_nobody_is_best_alone_or_beside_a_single_seed():
    assert Board.of(results({"a": flat(29)})).tables[0].best("inside") == set()
    with_one = [*results({"a": flat(29)}), a_result(model="b", psnr=flat(10))]
    assert Board.of(with_one).tables[0].best("inside") == set()
    assert "10.0" in board_markdown(Board.of(with_one))


def test_trainings_over_their_budget_do_not_compete():
    """A closed form that cannot be stopped is marked, and nobody is measured by it."""
    found = results({"default": flat(29), "conditional": flat(20), "closed": flat(35)})
    slow = [dataclasses.replace(r, cpu_seconds=900.0) if r.model == "closed" else r for r in found]
    board = Board.of(slow)
    assert board.tables[0].best("outside") == {"default"}
    assert "900 (over)" in board_markdown(board)
    assert Board.of(found).tables[0].best("outside") == {"closed"}


def test_other_budgets_do_not_compete():
    short = results({"a": flat(29), "b": flat(20)}, spread=0.01)
    long = results({"c": flat(40)}, spread=0.01, minutes=600.0)
    table = Board.of([*short, *long]).tables[0]
    assert table.budgets == (5.0, 600.0)
    assert table.best("outside") == {"a"}
    text = board_markdown(Board.of([*short, *long]))
    assert "5 or 600 processor minutes per training" in text
    assert text.count("**29.") == 2
    assert "**40" not in text


def test_sizes_are_tables_of_their_own():
    small, large = a_result(), a_result()
    object.__setattr__(large, "task", large.task.__class__("glyphs", "steps", "full", 28, 5.0))
    assert [table.task.size for table in Board.of([small, large]).tables] == ["small", "full"]


# --- what is missing, and what does not fit ---
def test_missing_results_are_said():
    found = results({"default": flat(), "conditional": falling()}, list(TASKS))
    gone = [
        r
        for r in found
        if (r.model, r.task.split) != ("conditional", "wedge")
        and (r.model, r.task.name, r.seed) != ("default", "digits/steps", 2)
    ]
    assert Board.of(found).missing == ()
    assert Board.of(gone).missing == (
        "digits/steps: default, seed 2",
        "glyphs/wedge: conditional, seeds 0, 1, 2",
    )
    assert "- digits/steps: default, seed 2\n" in board_markdown(Board.of(gone))
    reasons = {"glyphs/wedge: conditional": "takes no wedge"}
    assert Board.of(gone, left_out=reasons).missing == ("digits/steps: default, seed 2",)


def test_what_was_asked_for_is_compared_with_what_is_there():
    asked = [("glyphs", "steps", "default", 0), ("objects", "steps", "default", 0)]
    assert Board.of([a_result()], asked=asked).missing == ("objects/steps: default, seed 0",)


def test_results_of_other_conditions_are_refused():
    other = a_result(model="b", conditions=STEPS[:-1])
    with pytest.raises(BenchFileError, match="the conditions of a with seed 0 from all results"):
        Board.of([a_result(model="a"), other])


def test_results_without_a_common_score_are_refused():
    with pytest.raises(BenchFileError, match="a score that all conditions of all results have"):
        Board.of([a_result(model="a"), a_result(model="b", score="snr")])


# --- submissions, text and data ---
def test_a_submission_stands_in_the_table():
    theirs = Submission(
        *("theirs", "A. Author", "a paper", "https://example.org"),
        tuple(a_result(model="theirs", seed=s, psnr=flat(31)) for s in range(3)),
    )
    board = Board.of(results({"default": flat(25)}), [theirs])
    assert row_of(board, "theirs").handed_in_by == "A. Author"
    text = board_markdown(board)
    assert text.index("| theirs | **") < text.index("| default | 25")
    assert "- theirs: A. Author; a paper; https://example.org" in text
    assert board.data()["submissions"][0]["code"] == "https://example.org"


def test_further_scores_have_a_table():
    scores = {"r2": a_score(0.74, 0.01), "pose_error": a_score(0.1, 0.01)}
    text = board_markdown(Board.of([a_result(seed=s, scores=scores) for s in range(3)]))
    assert "| default | 0.740 ± 0.000 ± 0.010 |" in text


def test_the_csv_has_a_line_per_condition():
    mirrored = Condition("mirrored", None, "", False)
    found = [a_result(seed=s, conditions=[*COMPOSE, mirrored]) for s in range(3)]
    lines = list(csv.DictReader(io.StringIO(board_csv(Board.of(found)))))
    assert [line["condition"] for line in lines] == [*(c.name for c in COMPOSE), "mirrored"]
    assert lines[2]["value"] == "10.0"
    assert lines[5]["value"] == ""
    means = [entry.conditions[0].scores["psnr"].mean for entry in found]
    assert float(lines[0]["mean"]) == pytest.approx(statistics.fmean(means))
    assert float(lines[0]["low"]) < float(lines[0]["mean"]) < float(lines[0]["high"])


def test_the_data_have_both_intervals():
    (model,) = Board.of(results({"default": flat()})).data()["tables"][0]["models"]
    assert model["inside"]["seeds"] == 3
    assert model["inside"]["over_seeds"] > 0
    assert model["inside"]["over_pairs"] > 0
    assert [entry["name"] for entry in model["conditions"]] == [c.name for c in STEPS]
