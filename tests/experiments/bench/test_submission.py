"""Submissions: written and read again, and refused in one sentence when something is wrong."""

import copy
import json
import math

import pytest

from groupae.experiments.bench.fields import BenchFileError
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.submission import (
    LARGEST_SUBMISSION,
    Submission,
    read_others,
    read_results,
    read_submissions,
    tasks_of,
)
from tests.experiments.bench.synthetic import TASKS, a_result, a_score


def a_submission(model="theirs", seeds=2):
    extra = {"r2": a_score(0.7, 0.02)}
    found = [a_result(key, model, s, scores=extra) for key in TASKS for s in range(seeds)]
    address = "https://example.org/code"
    return Submission(model, "A. Author", "a paper, table 2", address, tuple(found))


def test_a_submission_is_read_as_it_was_written(tmp_path):
    written = a_submission()
    written.write(tmp_path / "theirs.json")
    assert Submission.read(tmp_path / "theirs.json", TASKS) == written
    assert read_submissions(tmp_path, TASKS, taken=["default"]) == [written]


def test_rounded_limits_may_cross_the_mean_in_the_last_digit():
    values = a_submission().data()
    values["cells"][0]["conditions"][0]["scores"]["psnr"] = {
        "mean": 29.1234567,
        "low": 29.123457,
        "high": 29.123457,
        "count": 1,
    }
    assert len(Submission.from_data("theirs.json", values).results) == 8


def changed(*path, to):
    """Return a change of one field of a submission; no value removes it."""

    def change(values):
        inner = values
        for name in path[:-1]:
            inner = inner[name]
        if to is None:
            del inner[path[-1]]
        else:
            inner[path[-1]] = to

    return change


CELL = ("cells", 1)
ENTRY = (*CELL, "conditions", 2)
SCORE = (*ENTRY, "scores", "psnr")

BAD = {
    "no code": (changed("code", to=None), "expected a field code, got a file with format"),
    "unknown field": (changed("author", to="A"), "got 'author'; did you mean 'authors'?"),
    "another format": (changed("format", to=2), "expected format to be 1, got 2"),
    "format that is true": (changed("format", to=True), "expected format to be an integer"),
    "empty authors": (changed("authors", to=" "), "expected authors to be one line of text"),
    "authors in a list": (changed("authors", to=["A"]), "expected authors to be one line"),
    "two lines": (changed("source", to="a\nb"), "expected source to be one line of text"),
    "no address": (changed("code", to="my disk"), "expected code to be an address that begins"),
    "address of a file": (changed("code", to="file:///etc/x"), "expected code to be an address"),
    "broken address": (changed("code", to="https://[a/b"), "expected code to be an address"),
    "no cells": (changed("cells", to=[]), "expected cells to be a list of at least one object"),
    "cells by name": (changed("cells", to={"a": 1}), "expected cells to be a list"),
    "a cell that is a number": (changed(*CELL, to=3), "expected cells[1] to be an object, got 3"),
    "no seed": (changed(*CELL, "seed", to=None), "expected a field cells[1].seed, got cells[1]"),
    "seed below 0": (changed(*CELL, "seed", to=-1), "cells[1].seed to be an integer of at least 0"),
    "same seed twice": (
        changed(*CELL, "seed", to=0),
        "expected cells[1] to have a task and seed of its own, got glyphs/steps with seed 0, as in"
        " cells[0]",
    ),
    "another model": (changed(*CELL, "model", to="x"), "cells[1].model to be 'theirs', as in the"),
    "seconds below 0": (changed(*CELL, "cpu_seconds", to=-1.0), "finite number of at least 0"),
    "parameters as text": (changed(*CELL, "parameters", to="9"), "cells[1].parameters to be an"),
    "versions as numbers": (changed(*CELL, "versions", "torch", to=2), "cells[1].versions.torch"),
    "unknown data": (changed(*CELL, "task", "dataset", to="glyph"), "did you mean 'glyphs'?"),
    "unknown split": (
        changed(*CELL, "task", "split", to="stairs"),
        "expected cells[1].task.split to be one of steps, wedge, compose, got 'stairs'",
    ),
    "split of other data": (changed("cells", 6, "task", "split", to="wedge"), "to be one of steps"),
    "no conditions": (changed(*CELL, "conditions", to=[]), "cells[1].conditions to be a list of"),
    "a condition is missing": (
        changed(*ENTRY, to=None),
        "expected cells[1].conditions to have '45 deg', got '10 deg', '30 deg', '60 deg'",
    ),
    "a condition of its own": (changed(*ENTRY, "name", to="46 deg"), "conditions to have '45 deg'"),
    "a condition twice": (changed(*ENTRY, "name", to="10 deg"), "name to be new, got a second"),
    "moved inside": (
        changed(*CELL, "conditions", 7, "inside", to=True),
        "expected cells[1].conditions[7] to be '180 deg', 180 deg, outside, got '180 deg', 180 deg,"
        " inside",
    ),
    "another angle": (changed(*ENTRY, "value", to=44.0), "to be '45 deg', 45 deg, inside, got"),
    "unknown unit": (changed(*ENTRY, "unit", to="rad"), "unit to be one of 'deg', 'steps'"),
    "inside as a word": (changed(*ENTRY, "inside", to="yes"), "inside to be true or false"),
    "no scores": (changed(*ENTRY, "scores", to={}), "scores to have at least one score, got none"),
    "score as a number": (changed(*SCORE, to=29.0), "scores.psnr to be an object, got 29.0"),
    "no count": (changed(*SCORE, "count", to=None), "a field cells[1].conditions[2].scores.psnr.c"),
    "mean that is NaN": (changed(*SCORE, "mean", to=math.nan), "psnr.mean to be a finite number"),
    "infinite limit": (changed(*SCORE, "high", to=math.inf), "psnr.high to be a finite number"),
    "mean outside": (changed(*SCORE, "low", to=29.9), "low and high to enclose the mean"),
    "PSNR above its range": (changed(*SCORE, "mean", to=120.0), "psnr.mean to be a finite number"),
    "mean that is true": (changed(*SCORE, "mean", to=True), "finite number of at most 100, got"),
}


@pytest.mark.parametrize(("change", "sentence"), BAD.values(), ids=list(BAD))
def test_a_bad_field_is_one_sentence_that_names_file_and_field(change, sentence):
    values = copy.deepcopy(a_submission().data())
    change(values)
    with pytest.raises(BenchFileError) as caught:
        Submission.from_data("theirs.json", values, TASKS)
    text = str(caught.value)
    assert text.startswith("theirs.json: expected ")
    assert sentence in text
    assert "\n" not in text


def test_a_condition_that_no_task_asks_for_is_refused():
    values = a_submission().data()
    extra = {**values["cells"][0]["conditions"][0], "name": "5 deg", "value": 5.0}
    values["cells"][0]["conditions"].append(extra)
    with pytest.raises(BenchFileError, match=r"conditions\[8\].name to be one of 10 deg"):
        Submission.from_data("theirs.json", values, TASKS)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", "got one that cannot be read"),
        (b"[1, 2]", r"expected the content to be an object, got \[1, 2\]"),
        (b"\xff", "got one that cannot be read"),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (LARGEST_SUBMISSION + 1), f"more than {LARGEST_SUBMISSION} bytes"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, content, sentence):
    (tmp_path / "theirs.json").write_bytes(content)
    with pytest.raises(BenchFileError, match=sentence) as caught:
        Submission.read(tmp_path / "theirs.json")
    assert str(caught.value).startswith("theirs.json: expected ")


def test_a_bad_submission_is_not_written(tmp_path):
    wrong = Submission("other", "A", "a paper", "https://example.org", a_submission().results)
    with pytest.raises(BenchFileError, match="model to be 'other'"):
        wrong.write(tmp_path / "other.json")
    assert list(tmp_path.iterdir()) == []


def test_names_of_models_are_their_own(tmp_path):
    a_submission("default").write(tmp_path / "a.json")
    with pytest.raises(BenchFileError, match=r"a\.json: .*'default', the name of a model of gro"):
        read_submissions(tmp_path, taken=["default"])
    a_submission("default").write(tmp_path / "b.json")
    with pytest.raises(BenchFileError, match=r"b\.json: .*the name of the one in a\.json"):
        read_submissions(tmp_path)


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a folder of submissions"):
        read_submissions(tmp_path)


def test_own_results_are_read_once_each_also_from_folders_below(tmp_path):
    first = a_result(seed=0)
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps/a.json").write_text(json.dumps(first.data()))
    assert read_results(tmp_path) == [first]
    (tmp_path / "steps/b.json").write_text(json.dumps(first.data()))
    with pytest.raises(BenchFileError, match=r"steps/b\.json: .*got those of steps/a\.json again"):
        read_results(tmp_path)


def test_submissions_are_compared_with_the_conditions_of_our_results():
    ours = [a_result(key) for key in TASKS]
    assert tasks_of(ours) == {key: tuple(conditions) for key, conditions in TASKS.items()}
    Submission.from_data("theirs.json", a_submission().data(), tasks_of(ours))
    with pytest.raises(BenchFileError, match="split to be one of steps, wedge, got 'compose'"):
        Submission.from_data("theirs.json", a_submission().data(), tasks_of(ours[:2]))


def digits(**changes):
    """Return a submission on tiny digits, its task changed."""
    angles_off = (0, 2.5, 5, 7.5)
    asked = [Condition(f"{v:g} deg off", float(v), "deg", v == 0) for v in angles_off]
    values = a_result(("rotated-digits", "between"), "theirs", conditions=asked).data()
    values["task"] |= {"size": "tiny", **changes}
    return {**a_submission().data(), "cells": [values]}


def test_conditions_are_known_without_results_of_our_own(tmp_path):
    (tmp_path / "theirs.json").write_text(json.dumps(digits()))
    (found,) = read_others(tmp_path, ["default"])
    assert found.results[0].task.name == "rotated-digits/between"


UNKNOWN = {
    "data": ({"dataset": "rotated-digit"}, "rotated-digit/between"),
    "split": ({"split": "betwixt"}, "expected a split to be one of whole, steps"),
    "split spelt otherwise": ({"split": "steps-45.0"}, "the split as 'steps-45'"),
    "split of other data": ({"split": "symmetric"}, "no known symmetry"),
    "size": ({"size": "huge"}, "the size to be one of tiny, small, full"),
    "pixels": ({"pixels": 9}, "rotated-digits/between"),
    "conditions": (
        {"split": "whole"},
        "expected cells[0].conditions to have 'all', got '0 deg off",
    ),
}


@pytest.mark.parametrize(("changes", "words"), UNKNOWN.values(), ids=list(UNKNOWN))
def test_unknown_tasks_are_refused(tmp_path, changes, words):
    (tmp_path / "theirs.json").write_text(json.dumps(digits(**changes)))
    with pytest.raises(BenchFileError) as caught:
        read_others(tmp_path)
    assert str(caught.value).startswith("theirs.json: expected cells[0].")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
