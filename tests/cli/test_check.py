"""`groupae check`: tables that can be read, exit codes that can be relied on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from groupae.cli import check, main

EXAMPLE = Path(__file__).parents[2] / "examples" / "plugin"

MINE = """
import dataclasses
import torch
from groupae import SO2, SO3, VectorAction
from groupae.groups.maps.homomorphisms import IdentityMap

class Broken(SO3):
    def inverse(self, g):
        return g

class Crashing(SO3):
    def compose(self, g, h):
        raise RuntimeError("not [yet] done")

class BadLog(SO2):
    def log(self, g):
        raise TypeError("no [yet] logarithm")

class WithoutReason(SO3):
    @property
    def irreps(self):
        raise RuntimeError("irreps are [red]not[/] done")

rho = SO2().rep("1x0 + 2x1")
action = VectorAction(rho)
identity = IdentityMap(SO3(), SO3())
def make():
    return SO3()
def crash():
    raise RuntimeError("out of order")
def leave():
    raise SystemExit(4)
number = 7
"""


def run(*words):
    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code


@pytest.fixture
def mine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_laws.py").write_text(MINE)
    yield
    sys.modules.pop("my_laws", None)


def lines_of(capsys):
    return capsys.readouterr().out.rstrip().splitlines()


def test_a_group_by_name_brings_its_representations_and_an_action(capsys):
    assert run("check", "cyclic(4)") == 0
    lines = lines_of(capsys)
    for title in ("groups", "representations", "homomorphisms", "actions"):
        assert title in lines
    head = next(line for line in lines if "closure" in line)
    for law in ("associativity", "identity", "inverse", "sampling", "grid", "irreps", "data"):
        assert law in head
    (row,) = [line for line in lines if line.startswith(" C(4)  ")]
    assert row.count(" / ") == len(head.split())
    assert any(line.startswith(" C(2) -> C(4) ") for line in lines)
    for rho in ("1x0", "1x1", "1x2", "2x0 + 3x1 + 1x2", "1x0 + 1x1 + 1x2"):
        assert any(line.strip().startswith(f"C(4): {rho} ") for line in lines)
    assert any(line.strip().startswith("VectorAction(C(4), ") for line in lines)
    assert "…" not in "".join(lines)
    assert re.fullmatch(r"\d+ subjects, \d+ laws: all hold \(\d+ s\)", lines[-1])


def test_a_product_by_name(capsys):
    assert run("check", "cyclic(3) * so2") == 0
    assert " C(3) * SO(2) " in capsys.readouterr().out


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("thing", "row"),
    [
        ("rho", "SO(2): 1x0 + 2x1"),
        ("action", "VectorAction(SO(2), 1x0 + 2x1)"),
        ("identity", "SO(3) -> SO(3)"),
        ("make", "SO(3)"),
        ("SO2", "SO(2)"),
    ],
)
def test_an_object_of_ones_own(thing, row, capsys):
    assert run("check", f"my_laws:{thing}") == 0
    assert any(line.strip().startswith(row) for line in lines_of(capsys))


@pytest.mark.usefixtures("mine")
def test_a_broken_law_is_told_with_its_elements_and_exits_with_1(capsys):
    assert run("check", "my_laws:Broken") == 1
    lines = lines_of(capsys)
    (row,) = [line for line in lines if line.startswith(" SO(3) ")]
    assert row.count("FAIL ") >= 1
    failures = [line for line in lines if line.startswith("FAIL ")]
    assert failures[0].startswith("FAIL SO(3): inverse in float64, ")
    assert " times what is allowed; at [[" in failures[0]
    assert lines[-1].endswith("s)")
    assert f": {len(failures)} FAILED (" in lines[-1]


@pytest.mark.usefixtures("mine")
def test_representations_that_crash_are_a_finding_beside_the_group_s(capsys):
    assert run("check", "my_laws:WithoutReason") == 1
    lines = lines_of(capsys)
    assert any(line.startswith(" SO(3) ") for line in lines)
    sentence = "FAIL SO(3): its representations; RuntimeError: irreps are [red]not[/] done"
    assert sentence in lines


@pytest.mark.usefixtures("mine")
def test_what_crashes_is_a_finding(capsys):
    assert run("check", "my_laws:Crashing") == 1
    assert "associativity in float64, inf times what is allowed; RuntimeError: not [yet] done" in (
        capsys.readouterr().out
    )


@pytest.mark.usefixtures("mine")
def test_a_law_that_raises_is_a_failure_and_not_left_out(capsys):
    assert run("check", "my_laws:BadLog") == 1
    lines = lines_of(capsys)
    for law in ("exp_log", "interpolation"):
        (line,) = [line for line in lines if line.startswith(f"FAIL SO(2): {law} in float64")]
        assert "TypeError: no [yet] logarithm (in log of my_laws.py)" in line
        assert not any("left out" in line and law in line for line in lines)


def test_laws_that_do_not_apply_are_listed_with_the_reason(capsys):
    assert run("check", "o2") == 0
    lines = lines_of(capsys)
    assert " left out, as has_log is False: exp_log, global_log, interpolation (O(2))" in lines
    assert " left out, as order is None: elements, irreps (O(2))" in lines
    (derivative,) = [x for x in lines if "need float64 in float32: derivative (O(2): 2x" in x]
    assert re.search(r"; \d+ more\)$", derivative)


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("so5", "expected a group to be one of so2, so3, cyclic(n), "),
        ("my_laws:nothing", "got AttributeError: module 'my_laws' has no attribute 'nothing'"),
        ("no_such_module:thing", "got ModuleNotFoundError: No module named 'no_such_module'"),
        ("my_laws:crash", "to be made without arguments, got RuntimeError: out of order"),
        ("my_laws:leave", "to be made without arguments, got SystemExit: 4"),
        ("my_laws:number", "to be a Group, Representation, Homomorphism or LatentAction, got int"),
        ("my_laws:a:b", "expected package:object, got 'my_laws:a:b'"),
        ("os;rm:x", "expected package:object, got 'os;rm:x'"),
    ],
)
def test_a_mistake_gets_one_sentence_and_exit_code_2(target, sentence, capsys):
    assert run("check", target) == 2
    err = capsys.readouterr().err
    assert sentence in err
    assert err.count("\n") == 1


def test_a_narrow_terminal_gets_pieces_that_fit(monkeypatch, capsys):
    monkeypatch.setattr(
        check, "Console", lambda **kwargs: Console(force_terminal=True, width=90, **kwargs)
    )
    assert run("check", "cyclic(4)") == 0
    lines = [line for line in lines_of(capsys) if "\x1b" not in line or "\x1b[1m" in line]
    assert "groups, continued" in lines
    plain = [line.replace("\x1b[1m", "").replace("\x1b[0m", "") for line in lines]
    assert max(len(line) for line in plain) <= 90
    assert "…" not in "".join(plain)


# --- plug-ins ----------------------------------------------------------------------------------
def install(folder, name, entries, code):
    """Lay out an installed package: no network, no installer."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)


def entry_points_of(project):
    """Return the entry points of a pyproject.toml in the form an installer writes them."""
    lines = project.read_text().split("[project.entry-points.", 1)[1]
    lines = ("[project.entry-points." + lines).splitlines()
    return "\n".join(
        line.replace('[project.entry-points."', "[").replace('"', "") for line in lines
    )


@pytest.fixture(scope="module")
def with_plug_ins(tmp_path_factory):
    """An environment with the example plug-in and one that does not load."""
    folder = tmp_path_factory.mktemp("site")
    code = (EXAMPLE / "src" / "groupae_plugin_example" / "__init__.py").read_text()
    install(folder, "groupae_plugin_example", entry_points_of(EXAMPLE / "pyproject.toml"), code)
    install(folder, "bad", "[groupae.datasets]\nmoon = bad:moon\n", "import no_such_module\n")
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1", "COLUMNS": "40"}


def groupae(environment, *words):
    command = [sys.executable, "-c", "from groupae.cli import main; main()", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_the_example_plug_in_is_found_by_name(with_plug_ins):
    done = groupae(with_plug_ins, "check", "quaternions")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.strip() for line in done.stdout.splitlines()]
    assert any(row.startswith("<(0 1 ") for row in rows)


@pytest.mark.slow
def test_everything_holds_and_plug_ins_are_listed(with_plug_ins):
    done = groupae(with_plug_ins, "check")
    lines = done.stdout.rstrip().splitlines()
    listed = [line.split() for line in lines if "groupae_plugin_example:" in line or "bad:" in line]
    assert ["groups", "quaternions", "ok"] in [[*line[:2], line[-1]] for line in listed]
    assert ["actions", "hue", "ok"] in [[*line[:2], line[-1]] for line in listed]
    failures = [line for line in lines if line.startswith("FAIL ")]
    assert failures == [
        "FAIL plug-in 'moon' (bad 1.0, bad:moon): expected an object that loads, "
        "got ModuleNotFoundError: No module named 'no_such_module'"
    ]
    assert done.returncode == 1
    assert ": 1 FAILED (" in lines[-1]
    assert not done.stderr


GOOD = """
from groupae import Cyclic
def make():
    return Cyclic(3)
def needs(n):
    return Cyclic(n)
"""


def test_a_plug_in_that_does_not_load_exits_with_1_and_another_one_still_works(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, "bad_one", "[groupae.groups]\nbad = bad_one:bad\n", "import no_such_module\n")
    entries = "[groupae.groups]\ngood = good_one:make\nneeds = good_one:needs\n"
    install(tmp_path, "good_one", entries, GOOD)
    assert run("check", "bad") == 1
    out = capsys.readouterr().out
    assert "FAIL plug-in 'bad' (bad_one 1.0, bad_one:bad): expected an object that loads" in out
    assert "0 subjects, 0 laws: 1 FAILED" in out
    assert run("check", "good") == 0
    assert run("check", "needs(4)") == 0
    capsys.readouterr()
    assert run("check", "other") == 2
    err = capsys.readouterr().err
    assert "good, needs, got 'other'" in err
    assert "not counting: plug-in 'bad'" in err
    sys.modules.pop("good_one", None)


def test_all_tells_of_every_plug_in(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(check, "_built_in", list)
    entries = (
        "[groupae.groups]\ngood = good_two:make\nneeds = good_two:needs\nso2 = good_two:make\n"
    )
    install(tmp_path, "good_two", entries, GOOD)
    assert run("check") == 1
    lines = lines_of(capsys)
    verdicts = {line.split()[1]: line.split()[5:] for line in lines if line[:8] == " groups "}
    assert verdicts == {"good": ["ok"], "needs": ["not", "checked"], "so2": ["FAIL"]}
    assert any(line.startswith(" C(3) ") for line in lines)
    assert "run groupae check 'needs(8)', say" in "".join(lines)
    (failure,) = [line for line in lines if line.startswith("FAIL ")]
    assert "another name than that of a built-in group, got 'so2'" in failure
    sys.modules.pop("good_two", None)


def test_an_action_named_like_a_group_hides_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(tmp_path)
    code = (
        "from groupae import SO2, VectorAction\ndef act(): return VectorAction(SO2().rep('3x1'))\n"
    )
    install(tmp_path, "turner", "[groupae.actions]\nso2 = turner:act\n", code)
    assert run("check", "so2") == 0
    lines = lines_of(capsys)
    assert any(line.startswith(" SO(2) ") for line in lines)
    assert any(line.startswith(" VectorAction(SO(2), 3x1)") for line in lines)
    sys.modules.pop("turner", None)
