"""The command line among links, full disks, signals, odd names and narrow terminals."""

import errno
import inspect
import io
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import yaml
from rich.console import Console

from groupae._printable import say
from groupae._table import Table
from groupae.cli import main, table
from groupae.cli.running import warn_unwritten
from groupae.experiments import EXPERIMENTS, Leaderboard, Run, get_experiment
from groupae.experiments.datasets.progress import Building, show_building, tell
from groupae.experiments.presets import experiment
from groupae.experiments.runs import run as runs
from groupae.experiments.runs.report import Report
from groupae.experiments.runs.swaps import SwapReport
from groupae.metrics import PSNR, Estimate
from groupae.training import ProgressBar, Terminated, TrainingState, load_best

SHORT = ["--steps", "3", "--batch-size", "4", "--threads", "1", "--size", "tiny"]


# three steps need not be better than none
pytestmark = pytest.mark.filterwarnings("ignore:fit. expected a validation better than")


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


def the_only_line(capsys):
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert err.startswith("groupae: ")
    assert "Traceback" not in err
    return err


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "run"
    assert run("train", "blocked-digits", "--out", path, *SHORT) == 0
    return path


@pytest.fixture
def a_copy(trained, tmp_path):
    return shutil.copytree(trained, tmp_path / "copy")


# --- quick ----------------------------------------------------------------------------------------
QUICK = """
import resource, sys
from groupae.cli import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert stop.code == {code}, stop.code
used = resource.getrusage(resource.RUSAGE_SELF)
loaded = [name for name in ("torch", "numpy", "jsonargparse") if name in sys.modules]
print(used.ru_utime + used.ru_stime, *loaded)
"""


def cost_of(*words, code=0):
    """Return processor seconds, what heavy was loaded, and what was printed."""
    program = [sys.executable, "-c", QUICK.format(code=code), *words]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    *lines, last = done.stdout.splitlines()
    seconds, *loaded = last.split()
    return float(seconds), loaded, "\n".join(lines)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"], ["data", "--help"]])
def test_help_and_version_load_nothing(words):
    seconds, loaded, out = cost_of(*words)
    assert seconds < 0.5
    assert not loaded
    assert "groupae" in out


def leaves(commands, words=()):
    for name, command in commands.items():
        if isinstance(command, table.Command):
            yield (*words, name), command
        else:
            yield from leaves(command, (*words, name))


LEAVES = dict(leaves(table.COMMANDS))


@pytest.mark.parametrize("words", tuple(LEAVES), ids=" ".join)
def test_the_help_of_a_command_needs_no_library(words):
    seconds, loaded, out = cost_of(*words, "--help")
    assert seconds < 1.0
    assert loaded == ["jsonargparse"]
    assert LEAVES[words].summary.split(":")[0] in " ".join(out.split())


def test_a_mistake_in_the_words_needs_no_library():
    assert cost_of("fly", code=2)[1] == []
    assert cost_of("train", "x", "--minutes", "soon", code=2)[1] == ["jsonargparse"]


def test_the_table_says_what_the_functions_say(capsys):
    import importlib

    for command in LEAVES.values():
        module, _, name = command.place.partition(":")
        function = getattr(importlib.import_module(module), name)
        assert inspect.getdoc(function).splitlines()[0] == command.summary
        given = {*command.flags, *command.optional}
        assert given <= set(inspect.signature(function).parameters)
    assert run("--help") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert all(command.summary in out for words, command in LEAVES.items() if len(words) == 1)
    assert table.DATA_SUMMARY in out


# --- one spelling ---------------------------------------------------------------------------------
@pytest.mark.parametrize("words", tuple(LEAVES), ids=" ".join)
def test_options_are_printed_with_hyphens(words, capsys):
    assert run(*words, "--help") == 0
    out = capsys.readouterr().out
    options = [word for word in out.split() if word.lstrip("[").startswith("--")]
    assert options
    assert not [option for option in options if "_" in option]


@pytest.mark.parametrize("spelled", ["--cpu-minutes", "--cpu_minutes"])
@pytest.mark.parametrize("value", ["-1", "soon", "nan"])
def test_errors_spell_options_as_they_are_typed(spelled, value, capsys, tmp_path):
    words = ("train", "rotated-digits", "--out", tmp_path / "run")
    assert run(*words, f"{spelled}={value}") == 2
    line = the_only_line(capsys)
    assert "--cpu-minutes" in line
    assert "cpu_minutes" not in line


@pytest.mark.parametrize(
    ("words", "beginning"),
    [
        (["train", "nonsense"], "groupae: expected a data set to be one of rotated-digits"),
        (["data", "show", "nonsense"], "groupae: expected a data set to be one of rotated-digits"),
        (["compare", "nonsense"], "groupae: expected a data set to be one of rotated-digits"),
        (["check", "nonsense"], "groupae: "),
        (["check", "no:thing"], "groupae: check: expected"),
        (["compare", "series", "--models", "x"], "groupae: compare: expected a model to be one of"),
        (["fly"], "groupae: expected a command to be one of {train,"),
        (["data"], "groupae: expected a command to be one of {list,prepare,show}, got none"),
        (["--fly"], "groupae: expected a command to be one of {train,"),
    ],
)
def test_the_programs_name_is_said_once(words, beginning, capsys):
    assert run(*words) == 2
    line = the_only_line(capsys)
    assert line.startswith(beginning)
    assert line.count("groupae: ") == 1
    assert "groupae: groupae" not in line


# --- a folder of one's own ------------------------------------------------------------------------
@pytest.fixture
def pics(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pics").mkdir()
    Path("pics/a.png").write_bytes(b"")
    return Path("pics")


@pytest.mark.parametrize("command", [["train"], ["compare"], ["data", "prepare"], ["data", "show"]])
def test_a_folder_in_the_place_of_a_data_set_is_told_of_training_on_folders(pics, command, capsys):
    assert run(*command, "pics") == 2
    line = the_only_line(capsys)
    if command == ["train"]:
        assert "expected --group for a folder of pictures, got none" in line
    else:
        assert "expected the name of a data set, got the folder 'pics'; groupae train FOL" in line
    assert list(Path().iterdir()) == [Path("pics")]


@pytest.mark.parametrize("command", [["train"], ["compare"], ["data", "prepare"], ["data", "show"]])
@pytest.mark.parametrize(
    "name", ["rotated-digits", "blocked-digits", "brain-contrast", "turntable", "sky-planes"]
)
def test_a_folder_in_the_place_of_originals_is_told_of_training_on_folders(
    pics, command, name, capsys
):
    models = ["--models", "default"] if command == ["compare"] else []
    assert run(*command, name, "--folder", "pics", *models) == 2
    line = the_only_line(capsys)
    assert "if it is a folder of your own, groupae train FOLDER --group GROUP trains on" in line
    assert list(Path().iterdir()) == [Path("pics")]


# --- once -----------------------------------------------------------------------------------------
def test_a_training_loads_its_data_once_and_builds_its_model_once(tmp_path, monkeypatch):
    loaded, built = [], []
    digits = get_experiment("rotated-digits")

    def load(split, **options):
        loaded.append(split)
        return digits.data.load(split, **options)

    def build(*words, **options):
        built.append(1)
        return build_model(*words, **options)

    build_model = runs.build_model
    monkeypatch.setattr(runs, "build_model", build)
    counted = experiment.Experiment(
        type(digits.data)(**{**vars(digits.data), "load": load}),
        digits.presets,
        digits.references,
    )
    monkeypatch.setitem(EXPERIMENTS, "rotated-digits", counted)
    assert run("train", "rotated-digits", "--out", tmp_path / "run", *SHORT) == 0
    assert sorted(loaded) == ["test", "train", "validation"]
    assert built == [1]


def test_a_number_that_another_process_takes_meanwhile_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_path = Run.check_path

    def come_first(path, **options):
        if path.name.endswith("-001") and not path.exists() and len(asked) == 1:
            path.mkdir(parents=True)
            (path / "config.yaml").write_text("groupae_run: 1")
        asked.append(path)
        check_path(path, **options)

    asked = []
    monkeypatch.setattr(Run, "check_path", staticmethod(come_first))
    assert run("train", "rotated-digits", *SHORT) == 0
    assert (tmp_path / "runs" / "rotated-digits-002" / "result.json").exists()
    assert (tmp_path / "runs" / "rotated-digits-001" / "config.yaml").read_text() == (
        "groupae_run: 1"
    )


# --- an unfinished run ----------------------------------------------------------------------------
def test_the_same_command_after_a_kill_says_how_to_use_what_is_there(a_copy, capsys):
    (a_copy / "result.json").unlink()
    assert run("train", "blocked-digits", "--out", a_copy, *SHORT) == 2
    line = the_only_line(capsys)
    assert "got an unfinished run, at step 3; groupae train --resume " in line
    assert f"judge it with groupae evaluate {a_copy}, or open it with groupae.Run.open; " in line
    assert "name another folder with --out (--force deletes it)" in line
    assert run("evaluate", a_copy, "--threads", "1") == 0
    capsys.readouterr()
    assert run("train", "blocked-digits", "--out", a_copy, "--force", *SHORT) == 0
    assert f"--force: {a_copy}, an unfinished run, at step 3, is deleted" in capsys.readouterr().out


# --- links ----------------------------------------------------------------------------------------
WRITTEN = {
    "evaluate": ["report.md"],
    "orbit": ["orbit.png"],
    "swap": ["swap.md", "swap.png"],
    "export": ["model.pt2"],
}


@pytest.mark.parametrize("command", tuple(WRITTEN))
def test_a_link_in_a_run_folder_is_replaced(a_copy, tmp_path, command):
    precious = tmp_path / "thesis.tex"
    precious.write_text("years of work")
    for name in WRITTEN[command]:
        (a_copy / name).unlink(missing_ok=True)
        (a_copy / name).symlink_to(precious)
    assert run(command, a_copy, "--threads", "1") == 0
    for name in WRITTEN[command]:
        assert (a_copy / name).is_file()
        assert not (a_copy / name).is_symlink()
    assert precious.read_text() == "years of work"


def test_links_that_appear_while_a_run_is_trained_are_replaced(tmp_path, monkeypatch):
    precious = tmp_path / "thesis.tex"
    precious.write_text("years of work")
    names = ("metrics.jsonl", "result.json", "orbit.png", "training.png", "report.md")
    make_folder = Run.make_folder

    def plant(self, **options):
        make_folder(self, **options)
        for name in names:
            (self.path / name).symlink_to(precious)

    monkeypatch.setattr(Run, "make_folder", plant)
    assert run("train", "rotated-digits", "--out", tmp_path / "run", *SHORT) == 0
    assert not any((tmp_path / "run" / name).is_symlink() for name in names)
    assert precious.read_text() == "years of work"


def test_a_link_in_the_place_of_a_contact_sheet_is_replaced(tmp_path):
    precious = tmp_path / "thesis.tex"
    precious.write_text("years of work")
    sheet = tmp_path / "sheet.png"
    sheet.symlink_to(precious)
    assert run("data", "show", "rotated-digits", "--size", "tiny", "--out", sheet) == 0
    assert not sheet.is_symlink()
    assert precious.read_text() == "years of work"


# --- names that look like something ---------------------------------------------------------------
ODD = "[red]a[/] [/b] \x1b[31m\x07 \x9b31m \u202ea"
SAFE = "[red]a[/] [/b] \\x1b[31m\\x07 \\x9b31m \\u202ea"


def printed(draw, **options):
    console = Console(file=io.StringIO(), width=400, **options)
    draw(console)
    return console.file.getvalue()


def a_report(columns=(PSNR,)):
    estimates = {column.name: Estimate(20.0, 0.1) for column in columns}
    return Report(ODD, columns, {ODD: estimates, "oracle": estimates}, {ODD: ODD}, 7)


def a_swap_report(columns=(PSNR,)):
    scores = {column.name: Estimate(20.0, 0.1) for column in columns}
    return SwapReport(ODD, columns, {ODD: {"swap": scores, ODD: scores}}, 7)


def leaderboard(console):
    Leaderboard(ODD, {}, (PSNR,), (), {ODD: {}}, {ODD: ODD}, {ODD: ODD}).print(console)


def a_build(console):
    with show_building(console):
        tell(Building(ODD, 1, 2, Path(ODD)))
        tell(Building(ODD, 1, 2, Path(ODD), is_waiting=True))


def a_training(console):
    import dataclasses

    score = dataclasses.replace(PSNR, title=ODD)
    state = TrainingState(torch.nn.Linear(1, 1), score)
    bar = ProgressBar(console)
    for listen in (bar.on_start, bar.on_validation, bar.on_end):
        listen(state)


DRAWN = {
    "a line": lambda console: say(console, ODD),
    "a table": lambda console: Table(["", ODD], [[ODD, cell(ODD)]]).print(console),
    "a report": lambda console: a_report().print(console),
    "a swap": lambda console: a_swap_report().print(console),
    "leaderboard": leaderboard,
    "a build": a_build,
    "a training": a_training,
}


def cell(text):
    from rich.text import Text

    return Text(text)


@pytest.mark.parametrize("name", tuple(DRAWN))
@pytest.mark.parametrize("is_terminal", [False, True])
def test_text_of_users_is_printed_as_it_is(name, is_terminal):
    out = printed(DRAWN[name], force_terminal=is_terminal, color_system=None)
    assert SAFE in out
    assert "\x1b[31m" not in out
    assert not {"\x07", "\x9b", "\u202e"} & set(out)


def test_errors_and_warnings_are_printed_as_they_are(tmp_path, capsys):
    assert run("evaluate", tmp_path / ODD) == 2
    assert SAFE in the_only_line(capsys)
    cli_main_module = sys.modules["groupae.cli.main"]
    cli_main_module._show_warning(ODD, UserWarning, "", 0)
    assert "\\x1b[31m" in the_only_line(capsys)
    with warn_unwritten(ODD):
        raise OSError(errno.EROFS, "Read-only file system")
    assert SAFE in the_only_line(capsys)


def test_a_run_in_a_folder_with_an_odd_name(a_copy, tmp_path, capsys):
    odd = a_copy.rename(tmp_path / ODD.replace("/", "_"))
    assert run("orbit", odd, "--threads", "1") == 0
    assert SAFE.replace("/", "_") in capsys.readouterr().out


# --- disks and limits -----------------------------------------------------------------------------
def full_at(name):
    """Have the disk be full for a file of that name."""
    fsync = os.fsync

    def full(descriptor):
        if name in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    return full


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux for a file's name")
@pytest.mark.parametrize(
    ("name", "kept"),
    [("model.safetensors", 0), ("manifest.json", 0), ("result.json", 1), ("report.md", 1)],
)
def test_a_disk_that_fills_in_training_is_a_sentence(tmp_path, capsys, monkeypatch, name, kept):
    out = tmp_path / "run"
    monkeypatch.setattr(os, "fsync", full_at(name))
    assert run("train", "rotated-digits", "--out", out, *SHORT) == 2
    line = the_only_line(capsys)
    assert "no space left on device; free some room, or name a folder on another disk" in line
    assert str(out) in line
    monkeypatch.undo()
    assert not list(out.rglob("*.groupae")), "nothing half written is left"
    assert len(list(out.glob("checkpoints/*"))) >= kept
    if kept:
        load_best(out / "checkpoints")


def test_a_disk_that_fills_for_the_metrics_is_a_sentence(tmp_path, capsys, monkeypatch):
    if not Path("/dev/full").exists():
        pytest.skip("no device that is always full")
    make_folder = Run.make_folder
    on_start = "groupae.training.MetricsLog.on_start"

    def plant(self, **options):
        make_folder(self, **options)
        (self.path / "metrics.jsonl").symlink_to("/dev/full")

    monkeypatch.setattr(Run, "make_folder", plant)
    monkeypatch.setattr(on_start, lambda self, state: None)
    assert run("train", "rotated-digits", "--out", tmp_path / "run", *SHORT) == 2
    assert "metrics.jsonl: no space left on device; free some room" in the_only_line(capsys)


@pytest.mark.parametrize(
    "words",
    [
        ["data", "show", "rotated-digits", "--size", "tiny", "--out", "a" * 300 + ".png"],
        ["train", "rotated-digits", "--out", "a" * 300],
        ["evaluate", "a" * 300],
        ["train", "rotated-digits", "--folder", "a" * 300],
        ["compare", "rotated-digits", "--out", "a" * 300, "--models", "default", "--seeds", "1"],
    ],
)
def test_a_name_that_is_too_long_is_a_sentence(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    line = the_only_line(capsys)
    assert "file name too long; give it a shorter name" in line
    assert "a" * 300 in line
    assert ".groupae" not in line


def test_the_longest_name_that_the_system_takes_is_taken(tmp_path):
    sheet = tmp_path / ("a" * 251 + ".png")
    assert run("data", "show", "rotated-digits", "--size", "tiny", "--out", sheet) == 0
    assert sheet.exists()


NINES = "9" * 5000


@pytest.mark.parametrize(
    "option",
    ["--steps", "--seed", "--batch-size", "--pixels", "--threads", "--minutes", "--cpu-minutes"],
)
@pytest.mark.parametrize("number", [NINES, "9" * 4000, "9" * 400, "1e400", "-" + NINES])
def test_a_number_of_thousands_of_digits_is_a_sentence(option, number, capsys, tmp_path):
    out = tmp_path / "run"
    words = ["train", "rotated-digits", "--out", out, *SHORT]
    if option == "--steps":
        words.remove("--steps")
        words.remove("3")
    assert run(*words, f"{option}={number}") == 2
    line = the_only_line(capsys)
    assert option in line or option.strip("-") in line
    assert "Error" not in line
    assert not out.exists()


# --- read only, and narrow ------------------------------------------------------------------------
def test_a_table_is_the_result_in_a_folder_that_is_read_only(a_copy, capsys, monkeypatch):
    """Root may write anywhere, so the refusal of the system is played."""

    def refuse(path, content):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr("groupae.experiments.runs.report.write_durably", refuse)
    assert run("evaluate", a_copy, "--threads", "1") == 0
    captured = capsys.readouterr()
    assert "x1 unchanged" in captured.out
    assert captured.err == "groupae: report.md is not written: read-only file system\n"


def many(count):
    import dataclasses

    return tuple(
        dataclasses.replace(PSNR, name=f"score{i}", title=f"score {i}") for i in range(count)
    )


@pytest.mark.parametrize("make", [a_report, a_swap_report])
@pytest.mark.parametrize("width", [20, 80, 200])
def test_where_there_is_no_room_columns_are_left_out_and_never_digits(make, width):
    report = make(many(20))
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    report.print(console)
    out = console.file.getvalue()
    assert "…" not in out
    shown = out.count("20.00 ± 0.10") // 2
    assert 1 <= shown < 20
    assert f"the terminal is too narrow for score {shown}, " in out
    assert "score 19" in out
    if width == 200:
        assert shown > 3
        assert max(len(line) for line in out.splitlines()[:-1] if "20.00" in line) <= width


@pytest.mark.parametrize("width", [22, 40, 64, 80, 100, 150])
def test_a_narrow_bar_leaves_out_columns_and_never_digits(width):
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    state = TrainingState(torch.nn.Linear(1, 1), step=12345, validation_score=10.654321)
    state.best_score = 10.714321
    bar = ProgressBar(console)
    for listen in (bar.on_start, bar.on_step, bar.on_validation, bar.on_end):
        listen(state)
    out = console.file.getvalue()
    assert "…" not in out
    assert "10.65 (best 10.71)" in " ".join(out.split())
    assert "12345" in out
    assert ("training" in out) == (width == 150)


@pytest.mark.parametrize("make", [a_report, a_swap_report])
def test_what_is_no_terminal_gets_all_columns(make):
    console = Console(file=io.StringIO(), width=80)
    make(many(20)).print(console)
    out = console.file.getvalue()
    assert out.count("20.00 ± 0.10") == 40
    assert "…" not in out
    assert "too narrow" not in out


# --- signals --------------------------------------------------------------------------------------
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
from groupae.cli import main
print("begun", flush=True)
main()
"""


def start(*words):
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("after", [0.0, 0.15, 0.4, 0.8, 1.5, 2.5])
def test_ctrl_c_in_the_first_seconds_is_one_line(tmp_path, after):
    process = start("train", "rotated-digits", "--minutes", "5", "--out", tmp_path / "run")
    assert process.stdout.readline() == "begun\n"
    time.sleep(after)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.startswith("groupae: interrupted")
    assert err.count("\n") == 1


def test_ctrl_c_while_the_library_is_loaded_ends_at_once(tmp_path):
    code = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from groupae.cli.loading import loading
with loading():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10**7):
            pass
    except BaseException:
        print("swallowed by a library")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "groupae: interrupted\n")


def test_sigterm_writes_a_checkpoint_and_exits_with_143(tmp_path):
    out = tmp_path / "run"
    words = ["rotated-digits", "--minutes", "5", "--threads", "1", "--size", "tiny"]
    process = start("train", *words, "--out", out)
    deadline = time.monotonic() + 90
    while not (out / "metrics.jsonl").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 143
    again = f"groupae train --resume {out} goes on"
    kept = f"what was trained so far is kept; {again}, groupae evaluate {out} makes its table"
    assert err.splitlines() == [f"groupae: terminated; {kept}"]
    assert list((out / "checkpoints").glob("step-*"))
    assert not (out / ".lock").exists()
    assert run("evaluate", out, "--threads", "1") == 0


def test_sigterm_outside_of_a_training_is_one_line_too(monkeypatch, capsys):
    def terminate(*words, **options):
        signal.raise_signal(signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        monkeypatch.setattr("groupae.experiments.datasets.progress.show_building", terminate)
        assert run("data", "prepare", "rotated-digits") == 143
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
    assert the_only_line(capsys) == "groupae: terminated\n"


@pytest.mark.parametrize(
    ("kind", "word", "code"),
    [(KeyboardInterrupt, "interrupted", 130), (Terminated, "terminated", 143)],
)
def test_what_is_kept_is_said_wherever_it_stops(kind, word, code, tmp_path, monkeypatch, capsys):
    def stop(run, *words, **options):
        (run.checkpoints / "step-00000000").mkdir(parents=True, exist_ok=True)
        raise kind

    out = tmp_path / "run"
    for target, kept in (
        (
            "groupae.experiments.Run.train",
            f"what was trained so far is kept; groupae train --resume {out} goes on, "
            f"groupae evaluate {out} makes its table",
        ),
        (
            "groupae.experiments.make_report",
            f"the training is kept; groupae train --resume {out} makes its table and pictures",
        ),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(target, stop)
            assert run("train", "rotated-digits", "--out", out, "--force", *SHORT) == code
        assert the_only_line(capsys) == f"groupae: {word}; {kept}\n"
    monkeypatch.setattr(
        "groupae.experiments.compare.comparison.train_trials", stopped_at_once(kind)
    )
    words = ("--models", "paper", "--seeds", "1", "--steps", "2", "--size", "tiny")
    assert run("compare", "rotated-digits", *words, "--out", tmp_path / "c") == code
    kept = f"finished results are kept in {tmp_path / 'c' / 'cells'}; run it again to go on"
    assert the_only_line(capsys) == f"groupae: {word}; {kept}\n"


def stopped_at_once(kind):
    def train(cells, jobs):
        raise kind
        yield

    return train


def test_a_config_that_was_changed_is_one_sentence(a_copy, capsys):
    config = yaml.safe_load((a_copy / "config.yaml").read_text())
    config["training"]["seed"] = 5
    (a_copy / "config.yaml").write_text(yaml.safe_dump(config))
    for command in ("evaluate", "orbit", "swap", "export"):
        assert run(command, a_copy) == 2
        line = the_only_line(capsys)
        assert "expected weights of the run in config.yaml, got those of one that reads" in line
        assert "put config.yaml back as groupae wrote it" in line
