"""Loggers: what they hold after a training, after a resumed one, and after errors."""

from __future__ import annotations

import csv
import json
import math
import struct
import sys
import warnings

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import (
    Callback,
    CSVLogger,
    KeepSnapshots,
    LoggerCallback,
    MetricsLogger,
    StoreLogger,
    get_logger,
)

CONFIG = TrainingConfig(steps=12, batch_size=4, validations=4, learning_rate=1e-2)
SCORE = "validation_relative_snr"


def _training(*callbacks, resume=None, config=CONFIG):
    action = VectorAction(SO2().rep("2x0 + 3x1"))
    torch.manual_seed(0)
    model = LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), action)
    x = torch.randn(20, 8, generator=torch.Generator().manual_seed(3))
    train = OrbitPairs(x, SO2(), action, seed=1)
    held_back = OrbitPairs(x[:5], SO2(), action, seed=2).fixed()
    return fit(model, train, held_back, config, callbacks=callbacks, resume=resume)


class _Fail(Callback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, state):
        if state.step == self.step:
            raise RuntimeError("the machine is taken away")


def _interrupted(logger, folder):
    """Train with a snapshot at step 6, and fail after step 9."""
    callbacks = [KeepSnapshots(folder, every_steps=6), LoggerCallback(logger, every=1), _Fail(9)]
    with pytest.raises(RuntimeError, match="taken away"):
        _training(*callbacks)


def _resumed(logger, folder):
    _training(LoggerCallback(logger, every=1), resume=folder)


def _rows(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


class _Recorder:
    def __init__(self, fails_at=()):
        self.calls, self.status, self.fails_at = [], [], set(fails_at)

    def log_metrics(self, metrics, step=None):
        if step in self.fails_at:
            raise OSError("no route to host")
        self.calls.append((step, dict(metrics)))

    def finalize(self, status):
        self.status.append(status)


# --- the callback --------------------------------------------------------------------------------
def test_a_logger_gets_each_step_once_with_all_its_metrics():
    logger = _Recorder()
    _training(LoggerCallback(logger, every=2))
    steps = [step for step, _ in logger.calls]
    assert steps == sorted(set(steps)) == sorted({*range(0, 13, 2), 3, 9})
    found = dict(logger.calls)
    assert set(found[6]) == {"learning_rate", "reconstruction", "seconds", SCORE}
    assert set(found[2]) == {"learning_rate", "reconstruction", "seconds"}
    assert set(found[3]) == {"seconds", SCORE}
    assert logger.status == ["success"]


def test_the_status_tells_how_a_training_ended():
    failed, aborted = _Recorder(), _Recorder()
    with pytest.raises(RuntimeError):
        _training(LoggerCallback(failed), _Fail(3))

    class Stop(Callback):
        def on_step(self, state):
            if state.step == 5:
                import signal

                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _training(LoggerCallback(aborted), Stop())
    assert (failed.status, aborted.status) == (["failed"], ["aborted"])
    assert aborted.calls[-1][0] == 5
    assert SCORE in aborted.calls[-1][1]


def test_a_logger_that_never_worked_ends_the_training():
    with pytest.raises(OSError, match="no route"):
        _training(LoggerCallback(_Recorder(fails_at=[0])))


def test_a_logger_that_breaks_later_costs_its_metrics_and_one_warning():
    logger = _Recorder(fails_at=[4, 5])
    with pytest.warns(
        UserWarning, match=r"_Recorder: expected metrics of step 4 .* no route"
    ) as seen:
        result = _training(LoggerCallback(logger, every=1))
    assert result.steps == 12
    assert len(seen) == 1
    assert {step for step, _ in logger.calls} == set(range(13)) - {4, 5}


@pytest.mark.parametrize(
    ("logger", "got"), [("csv", "str"), (CSVLogger, "CSVLogger"), (None, "NoneType")]
)
def test_what_is_no_logger_is_refused(logger, got):
    with pytest.raises(TypeError, match=f"LoggerCallback: expected an object with .*, got {got}; "):
        LoggerCallback(logger)


def test_settings_need_a_logger_that_takes_them():
    with pytest.raises(TypeError, match="log_hyperparams"):
        LoggerCallback(_Recorder(), hyperparameters={"steps": 1})


# --- by name -------------------------------------------------------------------------------------
def test_an_unknown_logger_or_option_is_told_with_the_nearest_name(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'wandb'"):
        get_logger("wanbd", tmp_path)
    with pytest.raises(ValueError, match="did you mean 'project'"):
        get_logger("mlflow", tmp_path, projekt="x")


@pytest.mark.parametrize("name", ["tensorboard", "wandb", "mlflow", "trackio"])
def test_a_missing_package_is_told_with_the_command_that_installs_it(name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with pytest.raises(ModuleNotFoundError, match=rf"pip install 'groupae\[{name}\]'"):
        get_logger(name, tmp_path)


def test_no_logger_package_is_imported_by_the_library():
    import subprocess

    names = "('tensorboard', 'wandb', 'mlflow', 'trackio', 'lightning_fabric')"
    code = f"import sys, groupae.training; print([n for n in {names} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- CSV -----------------------------------------------------------------------------------------
def test_a_table_has_one_row_per_step_and_grows_columns(tmp_path):
    logger = CSVLogger(tmp_path)
    logger.log_metrics({"a": 1.0}, step=0)
    logger.log_metrics({"a": 2.0}, step=1)
    logger.log_metrics({"b, of x": torch.tensor(0.1, dtype=torch.float64)}, step=1)
    logger.log_metrics({"a": float("nan"), "c": 'x"y\nz'}, step=5)
    logger.log_metrics({"a": 3.0}, step=5)
    assert _rows(logger.path) == [
        {"step": "0", "a": "1.0", "b, of x": "", "c": ""},
        {"step": "1", "a": "2.0", "b, of x": "0.1", "c": ""},
        {"step": "5", "a": "3.0", "b, of x": "", "c": 'x"y\nz'},
    ]


def test_a_resumed_table_equals_that_of_an_uninterrupted_training(tmp_path):
    whole, parts = CSVLogger(tmp_path / "whole"), tmp_path / "parts"
    _training(LoggerCallback(whole, every=1))
    _interrupted(CSVLogger(parts), parts / "snapshots")
    assert len(_rows(parts / "metrics.csv")) == 10
    _resumed(CSVLogger(parts), parts / "snapshots")
    found, wanted = _rows(parts / "metrics.csv"), _rows(whole.path)
    for row in (*found, *wanted):
        row.pop("seconds")
    assert found == wanted


def test_a_half_written_row_is_dropped_and_nothing_else(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,a\n0,1.0\n1,2.0\n2,3.0\n3,4")
    logger = CSVLogger(tmp_path)
    logger.resume(1)
    assert path.read_text() == "step,a\n0,1.0\n1,2.0\n"
    logger.log_metrics({"a": 9.0}, step=2)
    assert path.read_text() == "step,a\n0,1.0\n1,2.0\n2,9.0\n"
    path.write_text("step,a\n0,1.0\n1,2")
    CSVLogger(tmp_path).resume(5)
    assert path.read_text() == "step,a\n0,1.0\n"


def test_the_table_of_another_training_is_not_touched(tmp_path):
    path = tmp_path / "metrics.csv"
    path.write_text("step,a\n0,1.0\n")
    with pytest.raises(FileExistsError, match="name another folder, or resume"):
        _training(LoggerCallback(CSVLogger(tmp_path)))
    assert path.read_text() == "step,a\n0,1.0\n"


def test_nothing_is_written_through_a_link(tmp_path):
    (tmp_path / "other").write_text("mine")
    (tmp_path / "metrics.csv").symlink_to(tmp_path / "other")
    CSVLogger(tmp_path).log_metrics({"a": 1.0}, step=0)
    assert (tmp_path / "other").read_text() == "mine"
    assert _rows(tmp_path / "metrics.csv") == [{"step": "0", "a": "1.0"}]


# --- lightning-fabric's own ----------------------------------------------------------------------
def test_the_loggers_of_lightning_fabric_work_as_they_are(tmp_path):
    loggers = pytest.importorskip("lightning_fabric.loggers")
    logger = loggers.CSVLogger(tmp_path, name="digits", flush_logs_every_n_steps=1)
    assert isinstance(logger, MetricsLogger)
    _training(LoggerCallback(logger, every=3))
    rows = _rows(tmp_path / "digits" / "version_0" / "metrics.csv")
    assert [row["step"] for row in rows] == ["0", "3", "6", "9", "12"]
    assert all(math.isfinite(float(row[SCORE])) for row in rows)


@pytest.mark.parametrize("name", ["CSVLogger", "TensorBoardLogger"])
def test_the_loggers_of_lightning_work_as_they_are(name, tmp_path):
    pytest.importorskip("tensorboard")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loggers = pytest.importorskip("pytorch_lightning.loggers")
    logger = getattr(loggers, name)(tmp_path, name="digits")
    listener = LoggerCallback(logger, every=3, hyperparameters={"steps": 12})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _training(listener)
    assert any(path.is_file() for path in (tmp_path / "digits" / "version_0").iterdir())


# --- TensorBoard ---------------------------------------------------------------------------------
def _scalars(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def test_tensorboard_shows_each_step_of_a_resumed_training_once(tmp_path):
    pytest.importorskip("tensorboard")
    whole = tmp_path / "whole"
    listener = LoggerCallback(get_logger("tensorboard", whole), every=1, hyperparameters={"a": 1})
    _training(listener)
    parts = tmp_path / "parts"
    _interrupted(get_logger("tensorboard", parts), parts / "snapshots")
    assert [step for step, _ in _scalars(parts / "tensorboard")["learning_rate"]] == [*range(1, 10)]
    _resumed(get_logger("tensorboard", parts), parts / "snapshots")
    found, wanted = _scalars(parts / "tensorboard"), _scalars(whole / "tensorboard")
    assert found.keys() == wanted.keys()
    for name in wanted.keys() - {"seconds"}:
        assert found[name] == wanted[name]
    assert len(found["seconds"]) == 13


# --- wandb ---------------------------------------------------------------------------------------
def _wandb_records(content):
    """Records of a file of wandb: blocks of 32 KiB, in each pieces with a head of 7 bytes."""
    place, record = 7, b""
    while place < len(content):
        if 32768 - place % 32768 < 7:
            place += 32768 - place % 32768
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        record += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # whole, or last
            yield record
            record = b""


def _wandb_history(file):
    from wandb.proto.wandb_internal_pb2 import Record

    for content in _wandb_records(file.read_bytes()):
        record = Record.FromString(content)
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            yield {(i.key or i.nested_key[0]): json.loads(i.value_json) for i in items}


def test_wandb_offline_has_each_step_of_a_resumed_training_once(tmp_path, monkeypatch):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_SILENT", "true")
    first = get_logger("wandb", tmp_path, mode="offline", project="digits")
    _interrupted(first, tmp_path / "snapshots")
    _resumed(get_logger("wandb", tmp_path, mode="offline"), tmp_path / "snapshots")
    files = sorted((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert len(files) == 2
    assert len({file.name for file in files}) == 1  # one id
    steps = [row["_step"] for file in files for row in _wandb_history(file)]
    assert sorted(steps) == [*range(13)]
    assert SCORE in next(_wandb_history(files[0]))


def test_wandb_disabled_writes_no_run(tmp_path):
    pytest.importorskip("wandb")
    _training(LoggerCallback(get_logger("wandb", tmp_path, mode="disabled")))
    assert not (tmp_path / "wandb").exists()


# --- mlflow --------------------------------------------------------------------------------------
@pytest.mark.filterwarnings("ignore")  # its own, and those of sqlalchemy and pydantic
def test_mlflow_has_each_step_of_a_resumed_training_once(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    _interrupted(get_logger("mlflow", tmp_path, project="digits"), tmp_path / "snapshots")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (experiment,) = (e for e in client.search_experiments() if e.name == "digits")
    (run,) = client.search_runs(experiment.experiment_id)
    assert run.info.status == "FAILED"
    _resumed(get_logger("mlflow", tmp_path, project="digits"), tmp_path / "snapshots")
    (run,) = client.search_runs(experiment.experiment_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", tmp_path.name)
    history = client.get_metric_history(run.info.run_id, "reconstruction")
    assert [metric.step for metric in history] == [*range(1, 13)]
    history = client.get_metric_history(run.info.run_id, SCORE)
    assert [metric.step for metric in history] == [0, 3, 6, 9, 12]


@pytest.mark.filterwarnings("ignore")
def test_mlflow_gets_settings_and_names_that_it_refuses(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    logger = get_logger("mlflow", tmp_path)
    logger.log_hyperparams({"steps": 12, "rho(x)": "2x0 + 3x1"})
    logger.log_metrics({"loss(a)": 1.0}, step=3)
    logger.finalize("aborted")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    run_id = json.loads((tmp_path / "mlflow.json").read_text())["run"]
    run = client.get_run(run_id)
    assert run.data.params == {"steps": "12", "rho_x_": "2x0 + 3x1"}
    assert run.data.metrics == {"loss_a_": 1.0}
    assert run.info.status == "KILLED"


# --- trackio -------------------------------------------------------------------------------------
def test_trackio_has_each_step_of_a_resumed_training_once(tmp_path, monkeypatch):
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "store"))  # read when it is imported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("trackio")
        storage = pytest.importorskip("trackio.sqlite_storage").SQLiteStorage
    _interrupted(get_logger("trackio", tmp_path, project="digits"), tmp_path / "snapshots")
    _resumed(get_logger("trackio", tmp_path, project="digits"), tmp_path / "snapshots")
    (name,) = storage.get_runs("digits")
    assert name == json.loads((tmp_path / "trackio.json").read_text())["run"]
    rows = storage.get_logs("digits", name)
    assert sorted(row["step"] for row in rows) == [*range(13)]


# --- notes of runs -------------------------------------------------------------------------------
@pytest.mark.parametrize(("delay", "noted"), [(0.0, 2), (60.0, -1)])
def test_a_step_is_noted_when_it_is_surely_in_the_store(delay, noted, tmp_path, monkeypatch):
    class Listed(StoreLogger):
        package = "listed"

        def _import(self):
            self.rows = []

        def _begin(self, run_id):
            return self.rows, run_id or "a"

        def _log(self, metrics, step):
            self.rows.append(step)

        def _end(self, run, status):
            del run, status

    monkeypatch.setattr(Listed, "delay", delay)
    logger = Listed(tmp_path)
    for step in range(3):
        logger.log_metrics({"x": 1.0}, step=step)
    note = tmp_path / "listed.json"
    assert json.loads(note.read_text()) == {"run": "a", "step": noted}  # as after a kill
    logger.finalize("success")
    assert json.loads(note.read_text()) == {"run": "a", "step": 2}
    again = Listed(tmp_path)
    again.resume(1)
    for step in range(2, 5):
        again.log_metrics({"x": 1.0}, step=step)
    assert again.rows == [3, 4]


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_note_is_told(tmp_path):
    pytest.importorskip("mlflow")
    (tmp_path / "mlflow.json").write_text('{"run": "a"}')
    with pytest.raises(ValueError, match="expected a note of a run and its last step"):
        get_logger("mlflow", tmp_path).resume(3)
