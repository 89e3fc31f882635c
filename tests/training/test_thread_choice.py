"""Threads of a training: the fastest number, fixed where results repeat, restored at the end."""

import contextlib
import dataclasses
import itertools
import os
import signal
import time

import pytest
import torch

from groupae import TrainingConfig, fit
from groupae._cores import Cores
from groupae.training import Callback, KeepSnapshots, thread_choice
from groupae.training.idle_cores import IdleCores
from groupae.training.thread_choice import ThreadChoice, ThreadPolicy
from tests.training.test_training import linear_model, sources

ALL = Cores(8, 8)
IN_TIME = TrainingConfig(minutes=1e-3, batch_size=4, validations=1)
IN_STEPS = TrainingConfig(steps=12, batch_size=4, validations=2)


@pytest.fixture(autouse=True)
def _three_threads(monkeypatch):
    """A process with three threads in which the user has set nothing."""
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OMP_WAIT_POLICY", "PASSIVE")  # more threads are tried at once
    monkeypatch.setattr(Cores, "of_process", lambda: ALL)
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


# --- policy ---------------------------------------------------------------------------------------
def simulated(seconds_of, seconds, limit):
    """Return steps by number of threads, and the last number, of a training of some seconds."""
    policy, spent, steps = ThreadPolicy(limit), 0.0, dict.fromkeys(range(1, limit + 1), 0)
    while spent < seconds:
        steps[policy.threads] += 1
        taken = seconds_of(policy.threads, spent)
        policy.observe(taken)
        spent += taken
    return steps, policy.threads


def quiet(threads, spent):
    return 0.02 + 0.5 / threads


def beside(hogs, limit, delay=3.0):
    """A machine on which some cores are busy: with more threads than are free, all of them wait."""
    return lambda threads, spent: quiet(threads, spent) * (delay if threads > limit - hogs else 1)


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 8, 16, 64])
def test_a_quiet_machine_keeps_all_threads(limit):
    steps, last = simulated(quiet, 600, limit)
    assert last == limit
    best = 600 / quiet(limit, 0)
    assert sum(steps.values()) > 0.95 * best


@pytest.mark.parametrize(("limit", "hogs"), [(2, 1), (4, 1), (4, 2), (8, 3), (16, 1), (16, 5)])
def test_beside_busy_processes_most_of_the_best_is_reached(limit, hogs):
    steps, last = simulated(beside(hogs, limit), 600, limit)
    assert last <= limit - hogs
    fewer = [n for n in ThreadPolicy(limit).choices if n <= limit - hogs]
    assert sum(steps.values()) > 0.85 * 600 / quiet(max(fewer), 0)


def test_few_steps_are_taken_with_threads_that_spin():
    spinning = itertools.cycle([0.2, 4.0, 0.1, 10.0])
    steps, last = simulated(lambda n, _: 0.1 if n == 1 else next(spinning), 300, 2)
    assert last == 1
    assert steps[1] > 0.8 * 300 / 0.1


def test_it_follows_a_machine_that_changes():
    def seconds(threads, spent):
        return (beside(1, 2, delay=20) if 200 < spent < 400 else quiet)(threads, spent)

    steps, last = simulated(seconds, 700, 2)
    assert last == 2
    assert steps[1] > 0.8 * 200 / quiet(1, 0)
    assert steps[2] > 0.7 * 500 / quiet(2, 0)


def test_at_equal_speeds_one_thread_is_enough():
    assert simulated(lambda *_: 0.1, 100, 4)[1] == 1


@pytest.mark.parametrize(
    ("limit", "choices"),
    [(1, (1,)), (2, (2, 1)), (3, (3, 2, 1)), (4, (4, 3, 2, 1)), (16, (16, 15, 14, 12, 8, 1))],
)
def test_choices(limit, choices):
    assert ThreadPolicy(limit).choices == choices


def test_more_threads_wait_for_an_idle_core():
    idle = iter([False] * 3 + [True] * 1000)
    policy, seen = ThreadPolicy(2, lambda: next(idle)), []
    for _ in range(200):
        seen.append(policy.threads)
        policy.observe(quiet(policy.threads, 0))
    assert 3 <= seen.index(2) <= 20
    assert seen[-1] == 2


def stat(file, idle):
    lines = [f"cpu{i} 7 7 7 {idle * ticks()} 7 7 7" for i in os.sched_getaffinity(0)]
    file.write_text("\n".join(["cpu 9 9 9 9 9", *lines, "intr 5"]))


def ticks():
    return os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="needs affinity, as on Linux")
def test_idle_cores(tmp_path, monkeypatch):
    now = iter([10.0, 12.0, 16.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(now))
    stat(tmp_path / "stat", 100)
    cores = IdleCores(tmp_path / "stat")
    stat(tmp_path / "stat", 101)
    assert cores.since_last() == pytest.approx(len(os.sched_getaffinity(0)) / 2)
    assert cores.since_last() == 0


def test_idle_cores_that_are_not_known(tmp_path):
    (tmp_path / "stat").write_text("cpu0 1\nnonsense\n\n")
    assert IdleCores(tmp_path / "stat").since_last() is None
    assert IdleCores(tmp_path / "none").since_last() is None


# --- in fit ---------------------------------------------------------------------------------------
class Seen(Callback):
    """Numbers of threads in the course of a training."""

    def __init__(self):
        self.threads = []

    def on_step(self, state):
        assert state.threads == torch.get_num_threads()
        self.threads.append(state.threads)


def threads_in(config):
    seen = Seen()
    fit(linear_model(), *sources(), config, callbacks=seen, progress=False)
    assert torch.get_num_threads() == 3
    return seen.threads


@pytest.mark.parametrize("changes", [{}, {"threads": 2}, {"deterministic": True}])
def test_the_number_is_fixed_where_results_repeat(changes):
    config = dataclasses.replace(IN_STEPS, **changes)
    assert set(threads_in(config)) == {config.threads or 3}


def test_the_number_of_the_user_is_kept(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert ThreadChoice(IN_TIME).policy is None


@pytest.mark.parametrize("changes", [{"compile": True}, {"deterministic": True}, {"steps": 5}])
def test_there_is_no_choice(changes):
    assert ThreadChoice(dataclasses.replace(IN_TIME, **changes)).policy is None
    assert ThreadChoice(IN_TIME, is_alone=False).policy is None
    assert ThreadChoice(IN_TIME).policy is not None


def test_a_quota_is_the_limit(monkeypatch):
    monkeypatch.setattr(Cores, "of_process", lambda: Cores(8, 8, 1.0))
    assert set(threads_in(IN_STEPS)) == {1}
    assert set(threads_in(dataclasses.replace(IN_STEPS, threads=2))) == {2}


class Fewer(ThreadPolicy):
    """Another number of threads at every step."""

    def observe(self, seconds):
        assert seconds > 0
        self._trial = (self._trial + 1) % len(self.choices)


class Ends(Callback):
    """End a training after three steps, in the last of which it had two threads."""

    def __init__(self, error):
        self.error = error

    def on_step(self, state):
        if state.step == 3:
            assert state.threads == 2
            if self.error is KeyboardInterrupt:
                signal.raise_signal(signal.SIGINT)
            elif self.error is not None:
                raise self.error
            else:
                state.stop("seen enough")


@pytest.mark.parametrize("error", [None, RuntimeError, KeyboardInterrupt])
@pytest.mark.filterwarnings("ignore:fit. expected a validation better than")
def test_the_number_is_restored(error, monkeypatch):
    monkeypatch.setattr(thread_choice, "ThreadPolicy", Fewer)
    config = dataclasses.replace(IN_TIME, minutes=1.0)
    ends = contextlib.nullcontext() if error is None else pytest.raises(error)
    with ends:
        fit(linear_model(), *sources(), config, callbacks=Ends(error), progress=False)
    assert torch.get_num_threads() == 3


def test_a_training_resumed_with_several_threads_has_the_same_bits(tmp_path):
    whole, cut = linear_model(), linear_model()
    fit(whole, *sources(), IN_STEPS, progress=False)
    keep = KeepSnapshots(tmp_path, every_steps=5)
    with pytest.raises(RuntimeError):
        fit(cut, *sources(), IN_STEPS, callbacks=[keep, _Killed()], progress=False)
    cut = linear_model(seed=4)
    fit(cut, *sources(), IN_STEPS, resume=tmp_path, progress=False)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, cut.state_dict()[name])


class _Killed(Callback):
    def on_step(self, state):
        if state.step == 7:
            raise RuntimeError


@pytest.mark.parametrize("threads", [-1, 1.5, True])
def test_a_wrong_number_is_refused(threads):
    with pytest.raises(ValueError, match=r"TrainingConfig: expected threads .*, got"):
        TrainingConfig(threads=threads)
