"""Device, precision and ranks of a training; several ranks are started by torchrun."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from groupae import PairBatch, TrainingConfig, fit
from groupae._validation import ShapeError
from groupae.training import load_snapshot
from groupae.training.device_choice import Ranks
from groupae.training.devices import Devices, LostRankError
from groupae.training.launching import launch
from tests.training import ranks

TWO = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
PLACE = {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2"}


def _environment():
    root = str(Path(__file__).parents[2])
    free = {k: v for k, v in os.environ.items() if k not in PLACE}
    return {**free, "PYTHONPATH": root, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def _start(kind, folder):
    command = [sys.executable, *TWO, ranks.__file__, kind, str(folder)]
    return subprocess.Popen(
        command, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


# --- two ranks -----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def one(tmp_path_factory):
    with pytest.warns(UserWarning, match="a layer warns"):
        return ranks.trainings(tmp_path_factory.mktemp("one"))


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """What each of two ranks found, and what they wrote to the terminal."""
    folder = tmp_path_factory.mktemp("two")
    process = _start("all", folder)
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    return [torch.load(folder / f"rank-{rank}.pt") for rank in (0, 1)], said, folder


def _largest_difference(a, b):
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a)


@pytest.mark.parametrize("name", ["plain", "all", "resumed", "branching", "stopped", "double"])
def test_two_ranks_give_the_weights_of_one(one, two, name):
    first, _ = two[0]
    untrained, key = ranks.model().state_dict(), "encoder.0.weight"
    assert (one[name][key] - untrained[key]).abs().max() > 1e-3
    bound = 1e-12 if name != "double" else 1e-7  # rounded to the float32 of the model
    assert _largest_difference(first[name], one[name]) <= bound


@pytest.mark.parametrize("name", ["plain", "all", "branching", "norms", "stopped", "mixed"])
def test_all_ranks_end_with_the_same_bits(two, name):
    first, second = two[0]
    assert _largest_difference(first[name], second[name]) == 0


def test_resumed_ranks_end_with_the_bits_of_uninterrupted_ones(two):
    for found in two[0]:
        assert _largest_difference(found["resumed"], found["all"]) == 0


def test_a_callback_of_rank_0_stops_all_ranks(two):
    assert [found["stopped steps"] for found in two[0]] == [7, 7]


def test_ranks_of_different_configs_are_told_instead_of_waiting_for_each_other(two):
    for found in two[0]:
        assert "expected all ranks to have the same config" in found["different"]


def test_model_returns_to_its_dtype(two):
    for found in two[0]:
        assert found["double dtype"] == found["mixed dtype"] == torch.float32
        assert found["plain dtype"] == torch.float64


def test_no_process_group_or_thread_of_it_stays(two):
    for found in two[0]:
        assert not found["group"]
        assert not [name for name in found["threads"] if "gloo" in name]


def test_only_rank_0_warns_and_writes(two):
    _, said, folder = two
    assert said.count("a layer warns") == 1 + said.count('warnings.warn("a layer warns"')
    assert "find_unused" not in said
    assert not [p.name for p in folder.rglob("*") if p.name.startswith(".")]


# --- signals -------------------------------------------------------------------------------------
@pytest.fixture
def running(tmp_path):
    process = _start("endless", tmp_path)
    end = time.monotonic() + 60
    while not (tmp_path / "started").exists():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end, "it has not started"
        time.sleep(0.02)
    yield process, tmp_path
    process.kill()
    process.communicate()


def _is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_sigterm_stops_both_ranks_with_a_snapshot(running):
    process, folder = running
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)
    assert process.returncode != 0
    assert said.count("Terminated") >= 1
    newest = max(int(path.name[5:]) for path in (folder / "snapshots").glob("step-*"))
    assert load_snapshot(folder / "snapshots").step == newest
    assert not [p for p in (folder / "snapshots").iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("rank", [0, 1])
def test_a_killed_rank_ends_the_job_and_leaves_snapshots(running, rank):
    process, folder = running
    pids = [int((folder / f"pid-{i}").read_text()) for i in (0, 1)]
    started = time.monotonic()
    os.kill(pids[rank], signal.SIGKILL)
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - started < 20
    assert process.returncode == 1
    assert "Traceback" in said
    assert all(map(_is_gone, pids))
    assert load_snapshot(folder / "snapshots").step > 0


# --- launch --------------------------------------------------------------------------------------
@pytest.mark.filterwarnings(  # torch 2.13 leaves the files of the ranks' output to the collector
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("print('rank', os.environ['RANK'])", 0),
        ("sys.stderr.write('bad input\\n'); sys.exit(2)", 2),
        ("if rank: sys.stderr.write('bad input\\n'); sys.exit(3)\ntime.sleep(30)", 3),
        ("if rank: os.kill(os.getpid(), 9)\ntime.sleep(30)", 1),
    ],
)
def test_launch_returns_the_exit_code_and_speaks_once(script, code, monkeypatch, capfd):
    for name in PLACE:
        monkeypatch.delenv(name, raising=False)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    begin = "import os, sys, time; rank = int(os.environ['RANK'])\n"
    assert launch(2, ["-c", begin + script]) == code
    out, err = capfd.readouterr()
    assert out == ("rank 0\n" if code == 0 else "")
    assert err.count("\n") == (code != 0)
    if code == 1:
        assert "expected rank 1 to end by itself, got killed by SIGKILL" in err
    assert handlers == [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]


def test_launch_passes_ctrl_c_on(tmp_path):
    child = "import os, time\ntry:\n open('r' + os.environ['RANK'], 'w'); time.sleep(30)\n"
    child += "except KeyboardInterrupt:\n print('saved', flush=True); raise SystemExit(130)"
    script = f"import sys; from groupae.training.launching import launch\nc = {child!r}\n"
    script += "sys.exit(launch(2, ['-c', c]))"
    command = [sys.executable, "-c", script]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, env=_environment(), cwd=tmp_path, **pipes)
    while len(list(tmp_path.iterdir())) < 2:
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30) == ("saved\n", "")
    assert process.returncode == 130


def test_launch_within_a_rank_is_refused(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    with pytest.raises(ValueError, match="launch: expected a process that is no rank itself"):
        launch(2, ["-c", ""])
    with pytest.raises(ValueError, match="devices to be an integer of at least 1, got 0"):
        launch(0, ["-c", ""])


# --- bad input -----------------------------------------------------------------------------------
BAD = [
    ({"device": "gpu"}, "device to be one of auto, cpu, cuda, mps, cuda:N, got 'gpu'"),
    ({"device": "cuda:x"}, "device to be one of"),
    ({"device": "cuda:"}, "device to be one of"),
    ({"device": "cpu:1"}, "device to be one of"),
    ({"device": "CPU"}, "did you mean 'cpu'?"),
    ({"precision": "32"}, "did you mean '32-true'?"),
    ({"precision": "bf16"}, "did you mean 'bf16-mixed'?"),
    ({"precision": "fp8"}, "64-true, bf16-mixed, bf16-products, got 'fp8'"),
    ({"precision": "16-mixed"}, "its loss scale skips steps; bf16-mixed has the range"),
    ({"precision": "bf16-true"}, "group elements would be rounded"),
    ({"precision": "16-true"}, "group elements would be rounded"),
    ({"precision": "transformer-engine"}, "it replaces layers"),
    ({"devices": 2}, "expected 2 processes for devices=2, got one; start them by torchrun"),
    ({"devices": 0}, "devices"),
    ({"batch_size": 10, "accumulate": 4}, "devices x accumulate, 1 x 4, got 10; take batch_size="),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_bad_devices_are_one_sentence(changes, sentence):
    with pytest.raises(ValueError, match="expected") as caught:
        fit(ranks.model(), *ranks.data(), TrainingConfig(**{"steps": 1, "batch_size": 8} | changes))
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
@pytest.mark.parametrize("device", ["cuda", "cuda:7"])
def test_a_device_that_is_not_there(device):
    with pytest.raises(ValueError, match="no CUDA device here; take device='cpu'"):
        Devices(device=device)


def test_a_cuda_device_of_a_number_that_is_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert Devices(device="cuda:1").device == torch.device("cuda", 1)
    assert Devices().device == torch.device("cuda", 0)
    with pytest.raises(ValueError, match="one of 2 CUDA devices, got cuda:7; cuda:0 to cuda:1"):
        Devices(device="cuda:7")


def test_a_precision_that_the_device_lacks(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: False)
    with pytest.raises(ValueError, match="a device with precision bf16-mixed, got cuda:0"):
        Devices(device="cuda", precision="bf16-mixed")


@pytest.mark.parametrize(
    ("changes", "arguments", "sentence"),
    [
        ({}, {}, "the number of processes, 2 in WORLD_SIZE, got 1; set devices=2"),
        ({}, {"devices": 3}, "2 in WORLD_SIZE, got 3"),
        ({}, {"devices": 2, "batch_size": 9}, "2 x 1, got 9; take batch_size=8"),
        ({"WORLD_SIZE": "3"}, {"devices": 3}, "as many processes on each machine"),
        ({"RANK": "-"}, {"devices": 2}, "the environment of torchrun, got RANK=-"),
    ],
)
def test_bad_ranks_are_one_sentence(changes, arguments, sentence, monkeypatch):
    for name, value in (PLACE | changes).items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=sentence):
        Devices(device="cpu", **arguments)


def test_a_number_of_a_device_is_refused_to_several_ranks(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    for name, value in PLACE.items():
        monkeypatch.setenv(name, value)
    assert Devices(device="cuda", devices=2).device == torch.device("cuda", 1)
    with pytest.raises(ValueError, match="each rank takes its own"):
        Devices(device="cuda:0", devices=2)


# --- parts of a batch ----------------------------------------------------------------------------
@pytest.mark.parametrize("accumulate", [1, 2, 3])
@pytest.mark.parametrize("n", [12, 13, 7])
def test_parts_of_all_ranks_are_the_batch(n, accumulate, monkeypatch):
    batch = PairBatch(torch.arange(float(n)), torch.zeros(n), torch.zeros(n))
    seen, total = [], 0.0
    for rank in range(3):
        place = {"RANK": f"{rank}", "WORLD_SIZE": "3", "LOCAL_RANK": f"{rank}"}
        for name, value in place.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
        devices = Devices(device="cpu", devices=3, accumulate=accumulate)
        parts = devices.parts(batch)
        seen += [part.x1 for part, _ in parts]
        total += sum(weight * float(part.x1.mean()) for part, weight in parts) / 3
    assert torch.equal(torch.cat(seen), batch.x1)
    assert total == pytest.approx(float(batch.x1.mean()), rel=1e-12)


def test_fewer_pairs_than_ranks(monkeypatch):
    for name, value in PLACE.items():
        monkeypatch.setenv(name, value)
    batch = PairBatch(torch.zeros(1), torch.zeros(1), torch.zeros(1))
    with pytest.raises(ShapeError, match="one pair for each of 2 ranks, got a batch of 1"):
        Devices(device="cpu", devices=2).parts(batch)


# --- settings that are put back ------------------------------------------------------------------
def test_settings_of_the_process_are_put_back():
    before = (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark)
    with Devices(device="cpu", deterministic=True):
        assert torch.are_deterministic_algorithms_enabled()
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"]
    assert before == (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark)
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ


def test_tensors_keep_their_own_dtypes():
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    model[1].double()
    model.register_buffer("count", torch.tensor(3))
    before = {name: tensor.dtype for name, tensor in model.state_dict().items()}
    with Devices(device="cpu", precision="64-true") as devices:
        devices.setup(model, loss=lambda batch: {})
        assert {p.dtype for p in model.parameters()} == {torch.float64}
        model[0].weight.grad = torch.zeros(2, 2, dtype=torch.float64)
    assert before == {name: tensor.dtype for name, tensor in model.state_dict().items()}
    model[0](torch.zeros(1, 2)).sum().backward()


def test_an_error_of_a_lost_connection_says_so(monkeypatch):
    devices = Devices(device="cpu")
    devices.world_size = 2
    error = RuntimeError("[gloo/transport/tcp/pair.cc:534] Connection closed by peer [::1]:1")
    with pytest.raises(LostRankError, match="resume from the last snapshot"):
        devices.__exit__(type(error), error, None)
    devices.__exit__(ValueError, ValueError("Connection closed"), None)


def test_ranks_of_one_process():
    assert Ranks.of({}) == Ranks(0, 1, 0, 1)
    assert Ranks.of({"WORLD_SIZE": "8"}) == Ranks()
