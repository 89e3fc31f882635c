"""SIGTERM interrupts as Ctrl-C does, at the end of a step; handlers are restored."""

import os
import signal
import threading

import pytest
import torch

from groupae import TrainingConfig, fit
from groupae._interrupts import interrupts_deferred, terminations_raised
from groupae.training import Callback, KeepBest, Terminated, load_best
from tests.training.test_training import linear_model, sources


@pytest.fixture(autouse=True)
def usual():
    """The handlers of a program that handles no signal; some runners change them."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.signal(signal.SIGTERM, signal.SIG_DFL),
    }
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    for number, handler in before.items():
        signal.signal(number, handler)


class SendAt(Callback):
    """Sends a signal in the middle of a step."""

    def __init__(self, number, step):
        self.number, self.step, self.heard = number, step, []

    def on_step(self, state):
        if state.step == self.step:
            os.kill(os.getpid(), self.number)
            self.heard.append("the step went on")


@pytest.mark.parametrize(
    ("number", "kind"), [(signal.SIGTERM, Terminated), (signal.SIGINT, KeyboardInterrupt)]
)
def test_a_training_is_stopped_at_a_steps_end_with_a_checkpoint(tmp_path, number, kind):
    train, validation = sources()
    send = SendAt(number, 7)
    config = TrainingConfig(steps=400, batch_size=8, validations=2, learning_rate=1e-2)
    with pytest.raises(kind) as caught:
        fit(linear_model(), train, validation, config, callbacks=[KeepBest(tmp_path), send])
    assert caught.type is kind
    assert load_best(tmp_path).step == 7
    assert send.heard == ["the step went on"]


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_one_comes_at_once(first, second):
    with interrupts_deferred():
        signal.raise_signal(first)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(second)


def test_it_is_raised_where_the_block_is():
    with terminations_raised(), pytest.raises(Terminated):
        signal.raise_signal(signal.SIGTERM)
    with terminations_raised(), interrupts_deferred() as raise_if_interrupted:
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(Terminated):
            raise_if_interrupted()


def test_a_handler_of_the_program_is_left_alone():
    received = []
    signal.signal(signal.SIGTERM, lambda *_: received.append(1))
    with terminations_raised(), interrupts_deferred() as raise_if_interrupted:
        signal.raise_signal(signal.SIGTERM)
        raise_if_interrupted()
    assert received == [1]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def test_another_thread_than_the_first_handles_none():
    outcome = []

    def work():
        with terminations_raised(), interrupts_deferred() as raise_if_interrupted:
            raise_if_interrupted()
            outcome.append(signal.getsignal(signal.SIGTERM))
        torch.zeros(1)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert outcome == [signal.SIG_DFL]
