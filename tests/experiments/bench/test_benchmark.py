"""Cells of the benchmark: trained once, read again, made anew only if their settings changed."""

import dataclasses
import json
import math

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, VectorAction
from groupae.experiments.bench import (
    BenchCell,
    BenchRun,
    BenchTask,
    benchmark,
    choose_models,
    choose_tasks,
)
from groupae.experiments.bench.cell import InSteps
from groupae.experiments.bench.extra_scores import pose_error_modulo_symmetry
from groupae.experiments.bench.result import Condition
from groupae.experiments.bench.splits import HeldOut
from groupae.protocols import PairBatch

TASK = BenchTask("rotated-digits", "wedge", 0.01, size="tiny", count=10)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")
    cell = BenchCell(out, TASK, "paper", 0)
    return cell, cell.train()


def test_a_cell_has_all_conditions_with_intervals(finished):
    cell, result = finished
    assert cell.read() == result
    assert [entry.condition for entry in result.conditions] == [
        held_out.condition for held_out in TASK.conditions()
    ]
    for entry in result.conditions:
        assert list(entry.scores) == ["psnr", "ssim"]
        assert entry.scores["psnr"].count == 10
        assert entry.scores["psnr"].low < entry.scores["psnr"].high
    assert result.steps > 0
    assert result.seed == 0


def test_a_finished_cell_is_not_made_again(finished):
    cell, _ = finished
    before = cell.file.read_bytes()
    told = []
    run = BenchRun(cell.out, (TASK,), ("paper",), seeds=1)
    assert run.run(tell=told.append) == {}
    assert cell.file.read_bytes() == before
    assert told == ["1 cells, 1 there already, 1 at a time"]
    assert [result.model for result in run.results()] == ["paper"]


def test_results_of_other_models_stay_in_the_table(finished):
    """One model after the other makes the same table as all at once."""
    cell, result = finished
    assert list(BenchRun(cell.out, (TASK,), ("default",), seeds=1).results()) == [result]
    elsewhere = dataclasses.replace(TASK, split_name="steps-45")
    assert not list(BenchRun(cell.out, (elsewhere,), ("paper",), seeds=1).results())


def test_a_cell_of_other_settings_is_told_apart(finished):
    cell, _ = finished
    other = dataclasses.replace(cell, task=dataclasses.replace(TASK, cpu_minutes=0.02))
    assert other.digest != cell.digest
    with pytest.raises(LookupError, match="other settings"):
        other.read()
    assert not list(BenchRun(cell.out, (other.task,), ("paper",), seeds=1).results())


def test_a_cell_of_other_data_of_the_split_is_told_apart(finished, monkeypatch):
    cell, _ = finished
    before = cell.digest
    monkeypatch.setattr(type(cell.task.split), "version", 7)
    assert cell.digest != before
    with pytest.raises(LookupError, match="other settings"):
        cell.read()


def test_results_of_another_budget_are_not_overwritten(finished):
    cell, _ = finished
    before = cell.file.read_bytes()
    longer = dataclasses.replace(TASK, cpu_minutes=0.02)
    message = r"expected results of 0.02 processor minutes, got .*paper-0 of 0.01.*--out"
    with pytest.raises(ValueError, match=message):
        BenchRun(cell.out, (longer,), ("paper",), seeds=1).run()
    assert cell.file.read_bytes() == before


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 1}'])
def test_a_damaged_cell_is_made_again(tmp_path, finished, damage):
    cell = dataclasses.replace(finished[0], out=tmp_path)
    cell.file.parent.mkdir(parents=True)
    cell.file.write_text(damage)
    told = []
    assert BenchRun(tmp_path, (TASK,), ("paper",), seeds=1).run(tell=told.append) == {}
    assert "trained again" in told[0]
    assert cell.read().steps > 0


def test_a_cell_that_a_changed_groupae_made_is_a_failure_and_the_others_go_on(
    tmp_path, finished, monkeypatch
):
    _, result = finished

    def train(cells, jobs):
        for cell, digest in zip(cells, ("of another version", cells[1].digest), strict=True):
            cell.file.parent.mkdir(parents=True, exist_ok=True)
            made = dataclasses.replace(result, seed=cell.seed, digest=digest)
            cell.file.write_text(json.dumps(made.data()))
            yield cell, None

    monkeypatch.setattr(benchmark, "train_trials", train)
    told = []
    run = BenchRun(tmp_path, (TASK,), ("paper",), seeds=2)
    failures = run.run(tell=told.append)
    assert list(failures) == ["rotated-digits/wedge/paper-0"]
    assert "made with other settings; was groupae changed" in told[1]
    assert "inside" in told[2]
    assert [found.seed for found in run.results()] == [1]


def test_no_path_is_in_a_cell(finished):
    cell, _ = finished
    assert str(cell.out) not in cell.file.read_text()
    assert json.loads(cell.file.read_text())["task"]["split"] == "wedge"


def test_an_unknown_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="groupae bench: expected a preset of these data sets"):
        BenchRun(tmp_path, (TASK,), ("papre",))
    with pytest.raises(ValueError, match="seeds"):
        BenchRun(tmp_path, (TASK,), ("paper",), seeds=0)


def test_a_model_that_only_another_set_has_is_left_out(tmp_path):
    tasks = (TASK, BenchTask("series", "whole", 0.01, size="tiny"))
    cells = BenchRun(tmp_path, tasks, ("default", "paper"), seeds=1).cells
    assert [cell.name for cell in cells] == [
        "rotated-digits/wedge/default-0",
        "rotated-digits/wedge/paper-0",
        "series/whole/default-0",
    ]


def test_models_and_tasks_by_name():
    tasks = choose_tasks("rotated-digits, blocked-digits", "wedge", 1.0, size="tiny")
    assert [task.dataset for task in tasks] == ["rotated-digits", "blocked-digits"]
    assert "default" in choose_models(tasks, "all", quick=True)
    assert choose_models(tasks, "paper, default", quick=False) == ("paper", "default")
    with pytest.raises(ValueError, match="data sets with commas"):
        choose_tasks(" , ", "wedge", 1.0)


# --- predictions --------------------------------------------------------------------------------
def _turning(frequency=1):
    action = VectorAction(SO2().rep(f"1x{frequency}"))
    return LatentActionAE(nn.Identity(), nn.Identity(), action)


class _Forgetful:
    """Model that loses a tenth of what it sees each time."""

    def transform(self, g, x):
        return 0.9 * _turning().transform(g, x)


def test_steps_are_applied_one_after_the_other():
    steps = torch.rand(5, 3, generator=torch.Generator().manual_seed(0))
    x = torch.randn(3, 2, generator=torch.Generator().manual_seed(1))
    product = _turning().transform(steps.sum(0), x)
    assert torch.allclose(InSteps(_turning(), steps).transform(steps[0], x), product, atol=1e-5)
    lost = InSteps(_Forgetful(), steps).transform(steps[0], x)
    assert torch.allclose(lost, 0.9**5 * product, atol=1e-5)


@pytest.mark.parametrize("order", [1, 2])
def test_pose_errors_count_modulo_the_symmetry(order):
    """A code of frequency 2 cannot tell half turns apart, and need not where the datum cannot."""
    model = _turning(2)
    g = torch.tensor([0.3, math.pi + 0.3])
    x1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    pairs = PairBatch(x1, g, model.transform(g, x1), group=SO2())
    key = Condition("symmetric", float(order), "order", is_inside=True)
    held_out = HeldOut(key, pairs, orders=torch.full((2,), order))
    errors = pose_error_modulo_symmetry(model, held_out)
    assert float(errors.max()) < 1e-3 if order == 2 else float(errors.max()) > 3
