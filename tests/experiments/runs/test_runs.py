"""A run folder: what was changed is told, what is ours is known, and it belongs to one process."""

import dataclasses
import json
import multiprocessing
import shutil
import threading
from pathlib import Path

import pytest
import torch
import yaml
from filelock import FileLock

from groupae._files import digest
from groupae.experiments import EXPERIMENTS, Experiment, Run, RunExistsError, get_experiment
from groupae.experiments.runs import run as runs
from groupae.experiments.runs import run_folder
from groupae.experiments.runs.run_config import RunConfig, read_yaml
from groupae.training import CheckpointError, TrainingResult

DIGITS = get_experiment("rotated-digits")
SMALL = dataclasses.replace(
    DIGITS.preset("paper"),
    training=dataclasses.replace(DIGITS.preset("paper").training, steps=2, batch_size=4),
)


# three steps need not be better than none
pytestmark = pytest.mark.filterwarnings("ignore:fit. expected a validation better than")


def make(path, **options):
    return Run.create(path, DIGITS, SMALL, preset_name="paper", size="tiny", **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    run = make(tmp_path_factory.mktemp("runs") / "run")
    run.train()
    return run.path


@pytest.fixture
def a_copy(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "copy")


def edit(path, change):
    config = yaml.safe_load((path / "config.yaml").read_text())
    change(config)
    (path / "config.yaml").write_text(yaml.safe_dump(config))


# --- what was changed -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["model"].update(representation="6x0 + 5x1 + 4x2"),  # of the same dimension
        lambda c: c["model"].update(representation="8x0 + 8x2"),
        lambda c: c["model"]["objective"].update(latent_cycle=1e-3),
        lambda c: c.update(experiment="blocked-digits"),
        lambda c: c.update(preset="default"),
        lambda c: c["data"].update(size="small"),
        lambda c: c["training"].update(seed=1),
        lambda c: c["training"].update(batch_size=5),
    ],
)
def test_a_config_that_was_changed_is_told(a_copy, change):
    """Other predictions, other pairs or another title of the report, each without a word."""
    assert Run.open(a_copy).load_model() is not None
    edit(a_copy, change)
    with pytest.raises(CheckpointError, match=r"expected weights of the (run|model) in config\.ya"):
        Run.open(a_copy).load_model()


@pytest.mark.parametrize("name", tuple(EXPERIMENTS))
def test_a_config_that_was_only_written_and_read_counts_as_the_same(name, tmp_path):
    experiment = get_experiment(name)
    for preset_name, preset in experiment.presets.items():
        run = Run(Path("run"), experiment, preset, preset_name, "tiny", Path("/here"), None)
        run.config.write(tmp_path)
        again = RunConfig.parsed(read_yaml(tmp_path))
        assert again == run.config
        assert dataclasses.replace(again, folder=None).sha256 == run.config.sha256


def test_originals_may_move_and_a_setting_may_come_later(a_copy):
    def change(config):
        config["data"]["folder"] = "/elsewhere"
        del config["model"]["stride"], config["training"]["compile"]

    edit(a_copy, change)
    Run.open(a_copy).load_model()
    assert Run.open(a_copy).result.steps == 2


def test_a_run_of_an_earlier_version_opens(a_copy):
    shutil.rmtree(a_copy / "snapshots")
    for file in a_copy.rglob("manifest.json"):
        manifest = json.loads(file.read_text())
        del manifest["sha256"], manifest["model_sha256"]
        file.write_text(json.dumps(manifest))
    values = json.loads((a_copy / "result.json").read_text())
    del values["sha256"], values["config_sha256"]
    (a_copy / "result.json").write_text(json.dumps(values))
    run = Run.open(a_copy)
    run.load_model()
    assert isinstance(run.result, TrainingResult)


@pytest.mark.parametrize("key", ["steps", "best_step", "seconds", "validation_score", "loading"])
def test_a_figure_of_the_result_that_was_changed_is_told(a_copy, key):
    file = a_copy / "result.json"
    values = json.loads(file.read_text())
    file.write_text(json.dumps({**values, key: values[key] + 1}))
    with pytest.raises(ValueError, match="result of a training, got one that was changed; delete"):
        _ = Run.open(a_copy).result


def test_a_result_of_another_run_is_told(a_copy):
    values = json.loads((a_copy / "result.json").read_text())
    values["config_sha256"] = "0" * 64
    values["sha256"] = digest(values)
    (a_copy / "result.json").write_text(json.dumps(values))
    with pytest.raises(ValueError, match=r"got that of another config than config\.yaml"):
        _ = Run.open(a_copy).result


@pytest.mark.parametrize(
    "content",
    ["[" * 100_000, " " * 2**21, "[1]", '{"steps": ' + "9" * 5000 + "}", '{"steps": 1e400}'],
)
def test_a_result_beyond_reason_is_a_sentence(a_copy, content):
    (a_copy / "result.json").write_text(content)
    with pytest.raises(ValueError, match=r"result\.json: expected the result of a training, got "):
        _ = Run.open(a_copy).result


# --- configs of strangers -------------------------------------------------------------------------
def bomb():
    """Nine lines that stand for a billion entries."""
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    return "\n".join([*lines, "groupae_run: 1"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bomb(), "an alias, which groupae never writes"),
        ("groupae_run: &a [*a]", "an alias"),
        ("groupae_run: 1\nmodel: &m {a: 1}\ntraining: {<<: *m}", "an alias"),
        ("[" * 60_000, "more than 20 levels"),
        ("{a: " * 10_000, "more than 20 levels"),
        ("- " * 30_000, "more than 20 levels"),
        ("#" * 2**17, "more than 65536 bytes"),
        ("groupae_run: " + "9" * 5000, "Exceeds the limit"),
        ("groupae_run: true", "with groupae_run: 1, got True"),
        ("groupae_run: 2030-99-99", "YAML as groupae writes it, got "),
        ("groupae_run: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("\x00", "YAML as groupae writes it, got "),
        ("? [a, b]\n: c", "YAML as groupae writes it|with groupae_run"),
    ],
)
def test_a_config_beyond_reason_is_one_sentence_at_once(a_copy, content, words):
    (a_copy / "config.yaml").write_text(content)
    with pytest.raises(ValueError, match=words) as caught:
        Run.open(a_copy)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    with pytest.raises(RunExistsError, match="one that holds other things"):
        Run.check_path(a_copy, force=True)


@pytest.mark.parametrize("name", ["\x1b[31m", "a\nb", "a\u202eb", "\x9b1m", "a" * 101])
def test_a_config_with_a_preset_that_steers_a_terminal_is_refused(a_copy, name):
    edit(a_copy, lambda c: c.update(preset=name))
    with pytest.raises(ValueError, match="the config of a groupae run, got a preset that is"):
        Run.open(a_copy)


def test_a_run_of_an_earlier_version_may_have_any_printable_name(a_copy):
    edit(a_copy, lambda c: c.update(preset="[red] big net [/]"))
    assert Run.open(a_copy).preset_name == "[red] big net [/]"


@pytest.mark.parametrize("name", ["[red]a[/]", "[/]", "\x1b[31m", "a\nb", "../a", "", "a" * 65])
def test_a_presets_name_is_a_name(tmp_path, name):
    with pytest.raises(ValueError, match="preset_name of letters, digits and"):
        Run.create(tmp_path / "new", DIGITS, SMALL, preset_name=name)
    assert not (tmp_path / "new").exists()
    with pytest.raises(ValueError, match="names of presets of letters, digits and"):
        Experiment(DIGITS.data, {name: SMALL}, DIGITS.references)


# --- what a kill left -----------------------------------------------------------------------------
LEFT = (".config.yaml.4711", ".orbit.png.4711.0123abcd.groupae", ".discarded-checkpoints.4711")


def leave(path, names=LEFT):
    path.mkdir(exist_ok=True)
    for name in names:
        (path / name).write_text("half")


def test_a_kill_in_the_first_instant_leaves_a_folder_that_can_be_used(tmp_path):
    leave(tmp_path / "run")
    make(tmp_path / "run")
    assert {p.name for p in (tmp_path / "run").iterdir()} == {"config.yaml"}


def test_what_a_kill_left_in_a_run_does_not_keep_it_from_being_replaced(a_copy):
    leave(a_copy, (*LEFT, ".lock"))
    with pytest.raises(RunExistsError, match="got a finished run of 2 steps, the best"):
        make(a_copy)
    make(a_copy, force=True)
    assert {p.name for p in a_copy.iterdir()} == {"config.yaml"}


@pytest.mark.parametrize("name", [".thesis.tex.4711", ".bashrc", "thesis.tex", ".config.yaml.bak"])
def test_foreign_things_are_refused_still(a_copy, name):
    leave(a_copy, (name,))
    with pytest.raises(RunExistsError, match="one that holds other things"):
        make(a_copy, force=True)
    assert (a_copy / name).exists()
    assert (a_copy / "result.json").exists()


def test_a_run_that_is_half_deleted_can_still_be_replaced(a_copy, monkeypatch):
    deleted = []

    def killed(path):
        if len(deleted) == 2:
            raise SystemExit
        deleted.append(path.name)
        discard(path)

    discard = run_folder.discard
    monkeypatch.setattr(run_folder, "discard", killed)
    with pytest.raises(SystemExit):
        make(a_copy, force=True)
    monkeypatch.undo()
    make(a_copy, force=True)


def test_links_in_a_run_folder_are_deleted_not_followed(a_copy, tmp_path):
    outside = tmp_path / "outside"
    (outside / "checkpoints").mkdir(parents=True)
    (outside / "thesis.tex").write_text("years of work")
    for name in ("orbit.png", "report.md", "metrics.jsonl", "training.png"):
        (a_copy / name).unlink(missing_ok=True)
        (a_copy / name).symlink_to(outside / "thesis.tex")
    (a_copy / "swap.md").symlink_to(outside / "checkpoints")
    make(a_copy, force=True)
    assert (outside / "thesis.tex").read_text() == "years of work"
    assert (outside / "checkpoints").is_dir()


# --- one process ----------------------------------------------------------------------------------
def race(path, count, together, outcomes, **options):
    for i in range(count):
        together.wait()
        try:
            Run(path / str(i), DIGITS, SMALL, "paper", "tiny").make_folder(**options)
            outcomes.put((i, "went on"))
        except RunExistsError:
            outcomes.put((i, "refused"))


def outcome_of(workers, outcomes, count):
    for worker in workers:
        worker.start()
    found = [outcomes.get(timeout=120) for _ in range(count * len(workers))]
    for worker in workers:
        worker.join()
    return {i: sorted(word for j, word in found if j == i) for i in range(count)}


@pytest.mark.parametrize("kind", ["processes", "threads"])
def test_of_two_that_begin_at_once_one_goes_on(tmp_path, kind):
    count = 100
    context = multiprocessing.get_context("spawn") if kind == "processes" else None
    if context is None:
        import queue

        together, outcomes, start = threading.Barrier(2), queue.SimpleQueue(), threading.Thread
    else:
        together, outcomes, start = context.Barrier(2), context.SimpleQueue(), context.Process
        outcomes.get = lambda timeout, get=outcomes.get: get()
    workers = [start(target=race, args=(tmp_path, count, together, outcomes)) for _ in range(2)]
    found = outcome_of(workers, outcomes, count)
    assert set(map(tuple, found.values())) == {("refused", "went on")}
    for i in range(count):  # a lock may stay behind, and counts for none
        assert {p.name for p in (tmp_path / str(i)).iterdir()} - {".lock"} == {"config.yaml"}


def test_a_run_that_is_being_trained_is_not_replaced(a_copy):
    with FileLock(a_copy / ".lock"):
        for force in (False, True):
            with pytest.raises(RunExistsError, match="one that another process is at work on"):
                make(a_copy, force=force)
        with pytest.raises(RunExistsError, match="one that another process is at work on"):
            Run.open(a_copy).train()
    assert (a_copy / "result.json").exists()


def test_a_run_without_checkpoints_is_not_said_to_be_of_use(tmp_path):
    make(tmp_path / "run")
    with pytest.raises(
        RunExistsError,
        match=r"without checkpoints; groupae train --resume \S+ completes it; to train anew",
    ):
        make(tmp_path / "run")


def test_a_run_is_trained_once(a_copy):
    with pytest.raises(FileExistsError, match=r"a folder without checkpoints, got .*resume=True"):
        Run.open(a_copy).train()


# --- once -----------------------------------------------------------------------------------------
def test_data_are_loaded_once_and_the_model_is_built_once(tmp_path, monkeypatch):
    loaded, built = [], []

    def load(split, **options):
        loaded.append(split)
        return DIGITS.data.load(split, **options)

    def build(*words, **options):
        built.append(1)
        return build_model(*words, **options)

    build_model = runs.build_model
    monkeypatch.setattr(runs, "build_model", build)
    data = dataclasses.replace(DIGITS.data, load=load)
    experiment = dataclasses.replace(DIGITS, data=data)
    run = Run.create(tmp_path / "run", experiment, SMALL, size="tiny")
    for split in ("train", "validation", "test"):
        run.load(split)
        run.fixed(split)
    run.train()
    run.experiment.references(run.load("train"))
    assert sorted(loaded) == ["test", "train", "validation"]
    assert built == [1]
    moved = run.moved_to(tmp_path / "other")
    assert moved.load("train") is run.load("train")
    assert moved.path == tmp_path / "other"


def test_two_models_of_a_run_share_nothing(tmp_path):
    run = make(tmp_path / "run")
    first, second = run.build_model(), run.build_model()
    with torch.no_grad():
        next(first.parameters()).zero_()
    assert next(second.parameters()).abs().max() > 0
    model, _ = run.train()
    assert model is not first
