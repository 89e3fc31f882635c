"""Progress of `fit`: a bar where someone looks, nothing in pipes, never two bars."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import warnings

import pytest
import torch
from rich.console import Console
from torch import nn

from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import ProgressBar
from groupae.training.progress_bar import progress_bars

_SCRIPT = """
import torch
from torch import nn
from groupae import SO2, LatentActionAE, OrbitPairs, TrainingConfig, VectorAction, fit
from groupae.training import ProgressBar
action = VectorAction(SO2().rep("2x0 + 3x1"))
model = LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), action)
train, held_back = (OrbitPairs(torch.randn(9, 8), SO2(), action) for _ in range(2))
config = TrainingConfig(steps=4, batch_size=4, validations=2)
fit(model, train, held_back, config)
"""
_MORE = """
print("--")
fit(model, train, held_back, config, callbacks=ProgressBar())
print("--")
fit(model, train, held_back, config, progress=False)
"""


def _fit(**options):
    action = VectorAction(SO2().rep("2x0 + 3x1"))
    torch.manual_seed(0)
    model = LatentActionAE(nn.Linear(8, 8), nn.Linear(8, 8), action)
    train, held_back = (OrbitPairs(torch.randn(9, 8), SO2(), action) for _ in range(2))
    config = TrainingConfig(steps=4, batch_size=4, validations=2)
    return fit(model, train, held_back, config, **options)


def _in_terminal(code):
    """Run a script on a terminal of its own and return what it shows."""
    pty = pytest.importorskip("pty")
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "140"}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=other, stderr=other, env=environment
    )
    os.close(other)
    shown = b""
    with contextlib.suppress(OSError):  # how Linux tells the end
        while piece := os.read(main, 65536):
            shown += piece
    os.close(main)
    assert process.wait() == 0, shown.decode()
    return shown.decode()


def test_a_terminal_gets_one_bar_also_beside_one_of_the_callbacks_and_none_if_not_wanted():
    first, second, third = _in_terminal(_SCRIPT + _MORE).split("--\r\n")
    for shown in (first, second):
        assert "━" in shown
        assert sum("step 4" in line for line in shown.split("\n")) == 1
    assert third == ""


def test_pipes_get_nothing_unless_asked(capfd):
    _fit()
    assert capfd.readouterr() == ("", "")
    _fit(progress=False)
    assert capfd.readouterr() == ("", "")


def test_pipes_get_a_line_per_validation_if_asked(capsys):
    _fit(progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 3
    assert "step 4  validation" in err.splitlines()[-1]


def test_a_bar_serves_one_training_after_another():
    bar = ProgressBar(Console(file=io.StringIO(), force_terminal=True))
    for _ in range(3):
        _fit(callbacks=bar)
        assert len(bar.bar.tasks) == 1


def test_progress_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="fit: expected progress as True, False or None, got str"):
        _fit(progress="yes")


def test_processes_of_multiprocessing_do_not_draw_by_themselves(monkeypatch):
    monkeypatch.setattr(Console, "is_dumb_terminal", False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert len(progress_bars(None, [])) == 1
    monkeypatch.setattr("multiprocessing.parent_process", object)
    assert progress_bars(None, []) == []
    assert len(progress_bars(True, [])) == 1


def test_a_terminal_that_cannot_draw_stays_silent(monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr(Console, "is_dumb_terminal", True)
    assert progress_bars(None, []) == []


@pytest.mark.parametrize("has_widgets", [True, False])
def test_a_notebook_gets_one_bar_or_nothing(has_widgets):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nbclient = pytest.importorskip("nbclient")
        nbformat = pytest.importorskip("nbformat")
        pytest.importorskip("ipykernel")
        pytest.importorskip("ipywidgets")
        hidden = "" if has_widgets else "import sys; sys.modules['ipywidgets'] = None\n"
        code = f"import warnings; warnings.simplefilter('error')\n{hidden}"
        code += _SCRIPT
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        nbclient.NotebookClient(book, timeout=60).execute()
    outputs = book.cells[0].outputs
    widgets = [
        o for o in outputs if "application/vnd.jupyter.widget-view+json" in o.get("data", {})
    ]
    assert len(widgets) == (1 if has_widgets else 0)
    assert not [o for o in outputs if o.output_type == "stream" and "rror" in o.text]
