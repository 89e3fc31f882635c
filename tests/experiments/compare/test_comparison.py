"""A comparison: what is trained and in which order, what counts as done, what the table says."""

import dataclasses
import hashlib
import json
import math
import re
from pathlib import Path

import pytest
import torch
from filelock import FileLock
from safetensors.torch import save, save_file

from groupae import experiments
from groupae.experiments import (
    ComparisonRun,
    Leaderboard,
    LeaderboardEntry,
    Preset,
    Result,
    ResultError,
    Trial,
    choose_models,
    get_experiment,
)
from groupae.experiments.compare import comparison, trial
from groupae.experiments.compare.trial import comparison_scores
from groupae.experiments.compare.workers import train_trials
from groupae.experiments.presets.systems import System
from groupae.experiments.runs.report import choose_examples
from groupae.metrics import OWN_PSNR, PSNR, SSIM, ST_LPIPS, Estimate
from groupae.models import Capabilities

DIGITS = get_experiment("rotated-digits")
NAMES = ("default", "paper")


def a_result(config, psnr, **scores):
    estimates = {name: Estimate(value, 0.1) for name, value in {"psnr": psnr, **scores}.items()}
    return Result(
        config=config,
        scores=estimates,
        parameters=1234567,
        steps=100,
        pairs=3200,
        best_step=90,
        wall_seconds=20.0,
        cpu_seconds=16.0,
        peak_mebibytes=512.5,
        versions={"torch": "2"},
        machine={"processor": "x86_64", "cores": 2},
        date="2030-01-02T03:04:05+00:00",
    )


PREDICTIONS = save({"predictions": torch.zeros(8, 1, 28, 28, dtype=torch.uint8)})


def write_cell(cell, psnr=20.0):
    cell.file.parent.mkdir(parents=True, exist_ok=True)
    cell.predictions_file.write_bytes(PREDICTIONS)
    result = a_result(cell.config, psnr, ssim=0.5)
    digest = hashlib.sha256(PREDICTIONS).hexdigest()
    cell.file.write_bytes(dataclasses.replace(result, predictions_sha256=digest).to_json())


def as_written_by_an_earlier_version(cell):
    """Rewrite a result without the digests, and return its values."""
    values = json.loads(cell.file.read_text())
    del values["sha256"], values["predictions_sha256"]
    cell.file.write_text(json.dumps(values))
    return values


def a_comparison(path, **options):
    return ComparisonRun(path, DIGITS, NAMES, **{"seeds": 2, "size": "tiny", **options})


# --- which models --------------------------------------------------------------------------------
@pytest.fixture
def systems(monkeypatch):
    anywhere, in_space = Capabilities(), Capabilities(groups=("SO(3)",))
    fakes = {
        "free": System("free", anywhere, lambda data: None),
        "turning": System("Turning et al. 2030", in_space, lambda data: None),
    }
    monkeypatch.setattr(comparison, "SYSTEMS", fakes)


def test_a_system_that_cannot_be_used_is_told_with_the_reason(systems):
    chosen = choose_models(DIGITS, "default, turning,default")
    assert chosen == (("default",), {"turning": "takes SO(3), not SO(2)"})


def test_all_and_ablation_are_lists_of_the_experiment(systems):
    lists = dataclasses.replace(
        DIGITS.comparison, models=("default", "turning"), ablations=("paper",)
    )
    digits = dataclasses.replace(DIGITS, comparison=lists)
    assert choose_models(digits, "all") == (("default",), {"turning": "takes SO(3), not SO(2)"})
    assert choose_models(digits, "ablation") == (("paper",), {})


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("dfault", r"a model to be one of all, ablation, default, .*'default'\?"),
        ("free", "a preset of rotated-digits for the system free, which could be used there"),
        (" , ", "--models all, ablation, or names with commas between"),
        ("all,paper", "'all' to stand alone, or names with commas between, got 'all,paper'"),
    ],
)
def test_models_that_are_not_there_are_a_sentence(systems, words, sentence):
    with pytest.raises(ValueError, match=sentence):
        choose_models(DIGITS, words)


def test_no_ablations_are_a_sentence():
    bare = dataclasses.replace(
        DIGITS, comparison=dataclasses.replace(DIGITS.comparison, ablations=())
    )
    with pytest.raises(ValueError, match="to have models to compare by --models ablation"):
        choose_models(bare, "ablation")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seeds": 0}, "groupae compare: expected seeds to be an integer of at least 1, got 0"),
        ({"cpu_minutes": -1.0}, "cpu_minutes above zero, got -1.0"),
        ({"pixels": 5}, "pixels that divide 28, got 5"),
        ({"size": "huge"}, "size to be one of tiny, small, full"),
    ],
)
def test_figures_out_of_range_are_a_sentence(tmp_path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        a_comparison(tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


# --- what is done --------------------------------------------------------------------------------
def test_the_first_seed_of_every_model_comes_first(tmp_path):
    cells = a_comparison(tmp_path, cpu_minutes=3).trials
    assert [cell.name for cell in cells] == ["default-0", "paper-0", "default-1", "paper-1"]
    assert [cell.preset.training.seed for cell in cells] == [0, 0, 1, 1]
    assert {cell.preset.training.cpu_minutes for cell in cells} == {3}


def test_a_cell_is_read_as_it_was_written(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    with pytest.raises(FileNotFoundError):
        cell.read()
    write_cell(cell)
    result = cell.read()
    assert dataclasses.replace(result, predictions_sha256="") == a_result(
        cell.config, 20.0, ssim=0.5
    )
    assert result.images_per_cpu_second == 400.0
    stored = json.loads(cell.file.read_text())
    assert stored["images_per_cpu_second"] == 400.0


def test_a_cell_holds_no_path_and_is_found_wherever_the_originals_are(tmp_path):
    here = a_comparison(tmp_path, folder=tmp_path / "here" / "mnist").trials[0]
    write_cell(here)
    assert str(tmp_path) not in here.file.read_text()
    a_comparison(tmp_path, folder=Path("mnist")).trials[0].read()
    with pytest.raises(ResultError, match='a result with folder null, got "mnist"'):
        a_comparison(tmp_path).trials[0].read()


@pytest.mark.parametrize(
    ("changes", "key"),
    [({"steps": 7}, "training"), ({"cpu_minutes": 6}, "training"), ({"size": "small"}, "size")],
)
def test_a_cell_of_other_settings_is_not_taken(tmp_path, changes, key):
    write_cell(a_comparison(tmp_path).trials[0])
    with pytest.raises(ResultError, match=f"default-0.json: expected a result with {key} "):
        a_comparison(tmp_path, **changes).trials[0].read()


def test_a_cell_of_another_model_is_not_taken(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    write_cell(cell)
    other = dataclasses.replace(cell, preset=cell.preset.replace(blocks=2))
    with pytest.raises(ResultError, match="a result with model"):
        other.read()


def test_a_setting_that_came_later_counts_as_its_default(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    write_cell(cell)
    values = as_written_by_an_earlier_version(cell)
    del values["config"]["training"]["validations"], values["config"]["model"]["skips"]
    cell.file.write_text(json.dumps(values))
    assert cell.read().steps == 100


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"groupae_cell": 2}', b'{"groupae_cell": 1}']
)
def test_a_damaged_cell_is_a_sentence(tmp_path, content):
    cell = a_comparison(tmp_path).trials[0]
    write_cell(cell)
    cell.file.write_bytes(content)
    with pytest.raises(ResultError, match=r"default-0\.json: expected a finished result, got "):
        cell.read()


def test_cut_anywhere_a_cell_is_damaged(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    write_cell(cell)
    content = cell.file.read_bytes()
    for length in range(0, len(content) - 2, 97):
        cell.file.write_bytes(content[:length])
        with pytest.raises(ResultError):
            cell.read()


def test_predictions_are_pictures_again(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    write_cell(cell)
    as_written_by_an_earlier_version(cell)
    shades = torch.tensor([0, 51, 255], dtype=torch.uint8).view(3, 1, 1, 1)
    save_file({"predictions": shades.repeat(1, 1, 28, 28)}, cell.predictions_file)
    assert torch.allclose(cell.read_predictions()[:, 0, 0, 0], torch.tensor([0, 0.2, 1]))
    save_file({"predictions": torch.full((1, 1, 28, 28), -3.0)}, cell.predictions_file)
    assert cell.read_predictions().unique() == torch.tensor([-3.0])
    for content, words in (
        (b"nothing", "expected predictions, got"),
        (save({"other": torch.zeros(1)}), "expected predictions, got 'predictions'"),
        (save({"predictions": torch.zeros(8, 3, 28, 28)}), r"its figures, \(n, \*\(1, 28, 28\)\)"),
    ):
        cell.predictions_file.write_bytes(content)
        with pytest.raises(ResultError, match=words):
            cell.read_predictions()
        with pytest.raises(ResultError, match=words):
            cell.read()


# --- bad cells -----------------------------------------------------------------------------------
def changed(change):
    """Return damage that changes a cell's values, with no digest as of groupae 0.1."""

    def damage(cell):
        values = as_written_by_an_earlier_version(cell)
        change(values)
        cell.file.write_text(json.dumps(values))

    return damage


def a_digit(cell):
    text = cell.file.read_text()
    assert "20.0" in text
    cell.file.write_text(text.replace("20.0", "29.0"))


def a_folder(which):
    def damage(cell):
        getattr(cell, which).unlink()
        getattr(cell, which).mkdir()

    return damage


def write(content):
    def damage(cell):
        cell.file.write_bytes(content)

    return damage


def other_predictions(cell):
    other = torch.ones(8, 1, 28, 28, dtype=torch.uint8)
    save_file({"predictions": other}, cell.predictions_file)


BAD = {
    "a digit": (a_digit, "got one that was changed"),
    "score null": (changed(lambda v: v["scores"]["psnr"].update(mean=None)), "that is None"),
    "score text": (changed(lambda v: v["scores"]["psnr"].update(mean="20")), "that is '20'"),
    "score NaN": (changed(lambda v: v["scores"]["psnr"].update(mean=math.nan)), "that is nan"),
    "score inf": (changed(lambda v: v["scores"]["psnr"].update(mean=math.inf)), "that is inf"),
    "score true": (changed(lambda v: v["scores"]["psnr"].update(mean=True)), "that is True"),
    "score huge": (changed(lambda v: v["scores"]["psnr"].update(mean=10**400)), "that is 1000"),
    "a score's list": (changed(lambda v: v["scores"].update(psnr=[])), "that is \\[\\]"),
    "scores a list": (changed(lambda v: v.update(scores=[])), "scores that is"),
    "no scores": (changed(lambda v: v.update(scores={})), "no scores"),
    "not the first": (changed(lambda v: v["scores"].pop("psnr")), "one without psnr"),
    "a version": (changed(lambda v: v["versions"].update(torch=2)), "a version of torch that is"),
    "format a text": (changed(lambda v: v.update(groupae_cell="1")), "version '1'"),
    "steps text": (changed(lambda v: v.update(steps="100")), "steps that is '100'"),
    "config a list": (changed(lambda v: v.update(config=[])), "config that is"),
    "model a list": (changed(lambda v: v["config"].update(model=[])), "a finished result, got "),
    "a date": (changed(lambda v: v.update(date=2030)), "date that is 2030"),
    "peak text": (changed(lambda v: v.update(peak_mebibytes="9")), "peak_mebibytes that is"),
    "deep": (write(b"[" * 100_000), "nested too deeply"),
    "digits": (write(b'{"groupae_cell": ' + b"9" * 5000 + b"}"), "Exceeds the limit"),
    "large": (write(b" " * 2**21), "more than 1048576 bytes"),
    "a folder": (a_folder("file"), "got Is a directory"),
    "predictions gone": (lambda cell: cell.predictions_file.unlink(), "got No such file"),
    "predictions a folder": (a_folder("predictions_file"), "got Is a directory"),
    "predictions cut": (lambda cell: cell.predictions_file.write_bytes(PREDICTIONS[:-9]), "predi"),
    "predictions of others": (other_predictions, "the predictions of its figures, got others"),
}


@pytest.mark.parametrize("name", tuple(BAD))
def test_a_bad_cell_is_trained_again_with_the_reason_and_no_other_one(tmp_path, monkeypatch, name):
    damage, words = BAD[name]
    run = a_comparison(tmp_path, seeds=1)
    for cell in run.trials:
        write_cell(cell)
    damage(run.trials[0])
    trained = []

    def train(cells, jobs):
        for cell in cells:
            trained.append(cell.name)
            for file in (cell.file, cell.predictions_file):
                trial._make_place(file)
            write_cell(cell, 21.0)
            yield cell, None

    monkeypatch.setattr(comparison, "train_trials", train)
    monkeypatch.setattr(ComparisonRun, "_draw", lambda *_: None)
    monkeypatch.setattr(comparison._Judged, "of", lambda run: JUDGED)
    told = []
    leaderboard = run.run(tell=told.append)
    assert re.match(rf"default-0: trained again: .*{words}", told[0])
    assert told[1] == "paper-0: there already"
    assert trained == ["default-0"]
    assert {row.name: row.values(PSNR) for row in leaderboard.rows} == {
        "default": [21.0],
        "paper": [20.0],
    }


JUDGED = comparison._Judged((PSNR, SSIM), {}, {}, (), 1)


def test_a_bad_cell_that_was_not_asked_for_is_told_too(tmp_path, monkeypatch):
    run = a_comparison(tmp_path, seeds=1)
    extra = run._trial("default", 7)
    for cell in (*run.trials, extra):
        write_cell(cell)
    extra.predictions_file.unlink()
    monkeypatch.setattr(ComparisonRun, "_draw", lambda *_: None)
    monkeypatch.setattr(comparison._Judged, "of", lambda run: JUDGED)
    told = []
    leaderboard = run.run(tell=told.append)
    assert re.match(
        "default-7: left out of the table: .*expected predictions, got No such", told[0]
    )
    assert leaderboard.rows[0].values(PSNR) == [20.0]


def test_a_folder_with_something_in_it_is_not_trained_over(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    (cell.file / "notes").mkdir(parents=True)
    with pytest.raises(
        ResultError, match="expected a file, got a folder with something in it; move"
    ):
        trial.train_trial(cell)
    assert not cell.run_path.exists()
    assert (cell.file / "notes").is_dir()


def test_what_a_kill_left_in_a_comparison_is_swept(tmp_path, monkeypatch):
    run = a_comparison(tmp_path, seeds=1)
    for cell in run.trials:
        write_cell(cell)
    for left in (".compare.md.4711", "cells/.paper-0.json.4711.0123abcd.groupae", "cells/.notes.1"):
        (tmp_path / left).write_text("")
    monkeypatch.setattr(ComparisonRun, "_draw", lambda *_: None)
    monkeypatch.setattr(comparison._Judged, "of", lambda run: JUDGED)
    run.run()
    assert {path.name for path in tmp_path.rglob(".*")} == {".lock", ".notes.1"}


RESULTS = sorted(Path(__file__).parents[3].glob("docs/results/*/cells/*.json"))


def test_cells_of_earlier_versions_can_be_read():
    assert len(RESULTS) > 80
    for file in RESULTS:
        result = Result.from_json(file.read_bytes())
        assert result.scores
        assert result.images_per_cpu_second > 0


def test_a_finished_comparison_trains_nothing_and_tells_the_rest(tmp_path):
    run = a_comparison(tmp_path, steps=3, not_applicable={"turning": "takes SO(3), not SO(2)"})
    for cell, psnr in zip(run.trials, (20, 10, 22, 13), strict=True):
        write_cell(cell, psnr)
    write_cell(
        run._trial("default", 7), 100.0
    )  # of a third seed, not asked for, there all the same
    (tmp_path / "cells" / "paper-3.json").write_text("{")
    told = []
    leaderboard = run.run(tell=told.append)
    left_out, *there = told
    assert re.match(
        r"paper-3: left out of the table: .*: expected a finished result, got ", left_out
    )
    assert there == [f"{cell.name}: there already" for cell in run.trials]
    assert [row.name for row in leaderboard.rows] == ["default", "paper"]
    assert leaderboard.rows[0].values(PSNR) == [20, 22, 100]
    assert set(leaderboard.references) == {"oracle: x1 itself turned", "x1 unchanged", "mean image"}
    assert leaderboard.references["oracle: x1 itself turned"]["psnr"].mean == pytest.approx(
        30.5, 0.1
    )
    text = (tmp_path / "compare.md").read_text()
    assert "| turning | not applicable: takes SO(3), not SO(2) |" in text
    assert json.loads((tmp_path / "compare.json").read_text())["models"][1]["seeds"] == [0, 1]
    assert (tmp_path / "compare.png").stat().st_size > 10_000


def test_a_table_with_no_cell_of_these_settings_is_empty(tmp_path):
    write_cell(a_comparison(tmp_path, steps=9).trials[0])
    run = a_comparison(tmp_path, steps=3)
    assert not tuple(run._rows())
    assert (
        run._leaderboard(comparison._Judged.of(run), {}).markdown().startswith("# rotated-digits")
    )


def test_a_folder_belongs_to_one_process(tmp_path):
    (tmp_path / "runs").mkdir()
    with (
        FileLock(tmp_path / "runs" / ".lock"),
        pytest.raises(BlockingIOError, match="got one that another groupae compare is at work on"),
    ):
        a_comparison(tmp_path).run()


# --- the table -----------------------------------------------------------------------------------
def a_row(name, *results):
    config = {"training": {"seed": 0}}
    return LeaderboardEntry(name, name, tuple(a_result(config, **scores) for scores in results))


@pytest.fixture
def leaderboard():
    rows = (
        a_row("paper", {"psnr": 17.0, "st_lpips": 0.5}),
        a_row("default", {"psnr": 24.0, "st_lpips": 0.1}, {"psnr": 26.0, "st_lpips": 0.3}),
        a_row("winter", {"psnr": 20.0, "st_lpips": 0.9}),
        a_row("maganet", {"psnr": 19.5, "st_lpips": 0.15}),
        a_row("paper-plain", {"psnr": 24.9, "st_lpips": 0.01}),
    )
    return Leaderboard(
        title="A title",
        facts={"seeds": "0, 1"},
        columns=(PSNR, ST_LPIPS, SSIM),
        rows=rows,
        references={"x1 unchanged": {"psnr": Estimate(11.0, 0.1)}},
        not_applicable={"dupont": "takes SO(3), not SO(2)"},
        failures={"winter-1": "a loss | of nan"},
    )


def test_rows_are_best_first(leaderboard):
    order = ["default", "paper-plain", "winter", "maganet", "paper"]
    assert [row.name for row in leaderboard.rows] == order


def test_margins_are_over_the_paper_and_the_best_rival_of_each_score(leaderboard):
    psnr = leaderboard.margins(PSNR)
    assert psnr == {"paper": ("paper", 8.0), "best rival": ("winter", 5.0)}
    distance = leaderboard.margins(ST_LPIPS)
    assert distance["paper"] == ("paper", pytest.approx(0.3))
    assert distance["best rival"] == ("maganet", pytest.approx(-0.05))
    assert leaderboard.margins(SSIM) == {}


def test_the_table_says_mean_and_range_over_seeds(leaderboard):
    text = leaderboard.markdown()
    head = "| model | PSNR (dB) | ST-LPIPS ↓ | SSIM | parameters | steps | pairs seen | images/s |"
    assert head in text
    assert (
        "| **default** | **25.00 (24.00 .. 26.00)** | **0.200 (0.100 .. 0.300)** | **-** |" in text
    )
    assert "| winter | 20.00 | 0.900 | - | 1,234,567 | 100 | 3,200 | 400 | 512 | 1 |" in text
    assert "| x1 unchanged | 11.00 | - | - |" in text
    assert "| dupont | not applicable: takes SO(3), not SO(2) |" in text
    assert r"| winter-1 | failed: a loss \| of nan |" in text
    assert "| PSNR (dB) | +8.00 | +5.00 (winter) |" in text
    tables = re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    assert len(tables) == 2
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(columns) == 1, "all rows have as many cells as the head"


def test_the_table_as_data(leaderboard):
    data = json.loads(json.dumps(leaderboard.data()))
    best = data["models"][0]
    assert best["scores"]["psnr"] == {"mean": 25.0, "min": 24.0, "max": 26.0}
    assert best["seeds"] == [0, 0]
    assert data["margins"]["psnr"]["best rival"] == {"model": "winter", "margin": 5.0}
    assert data["not_applicable"] == {"dupont": "takes SO(3), not SO(2)"}


def test_without_our_default_there_are_no_margins(leaderboard):
    rest = dataclasses.replace(leaderboard, rows=leaderboard.rows[1:])
    assert rest.margins(PSNR) == {}
    assert "our default" not in rest.markdown()


# --- what is judged ------------------------------------------------------------------------------
def test_what_moves_is_judged_where_it_is_known(tmp_path):
    cell = a_comparison(tmp_path).trials[0]
    pairs = cell.run.fixed("test")[:4]
    assert comparison_scores(cell.run, pairs) == (PSNR, SSIM)
    masked = dataclasses.replace(pairs, mask=torch.ones(4, 1, 28, 28, dtype=torch.bool))
    assert comparison_scores(cell.run, masked) == (PSNR, SSIM, OWN_PSNR)


def test_examples_are_of_different_classes():
    labels = torch.arange(1000) // 100
    shown = choose_examples(labels, 1000, 8)
    assert len(labels[shown].unique()) == 8
    assert len(choose_examples(labels, 1000, 25)) == len(choose_examples(None, 1000, 25)) == 25
    assert choose_examples(None, 3, 8).tolist() == [0, 1, 2]


# --- processes -----------------------------------------------------------------------------------
def test_a_cell_that_fails_is_a_sentence_and_the_others_go_on(tmp_path):
    """Through the real processes."""
    run = a_comparison(tmp_path, steps=3)
    paper, default = run._trial("paper", 0), run._trial("default", 0)
    training = dataclasses.replace(default.preset.training, optimizer="adam", learning_rate=1e30)
    wild = dataclasses.replace(
        default, preset_name="wild", preset=Preset(default.preset.model, training)
    )
    ended = {cell.name: error for cell, error in train_trials([wild, paper], jobs=2)}
    assert ended.keys() == {"wild-0", "paper-0"}
    assert ended["paper-0"] is None
    assert re.match(r"NonFiniteLossError: (training|validation) ?.*step \d", ended["wild-0"])
    assert "\n" not in ended["wild-0"]
    assert "NonFiniteLossError" in wild.log.read_text(), "the log has the traceback"
    assert not wild.file.exists()
    result = paper.read()
    assert result.steps == 3
    assert result.pairs == 3 * paper.preset.training.batch_size
    assert result.parameters == sum(p.numel() for p in paper.run.build_model().parameters())
    assert result.cpu_seconds > 0
    assert paper.read_predictions().shape == (8, 1, 28, 28)


# --- names of 0.2 ---------------------------------------------------------------------------------
def test_names_of_before_still_work(tmp_path):
    assert (experiments.Cell, experiments.CellResult) == (Trial, Result)
    assert experiments.CellError is ResultError
    assert (experiments.Standing, experiments.Standings) == (LeaderboardEntry, Leaderboard)
    run = a_comparison(tmp_path)
    assert run.cells == run.trials
    entry = a_row("default", {"psnr": 24.0})
    assert entry.cells == entry.results
