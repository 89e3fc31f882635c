"""Number of threads of a training on a processor that other processes use too.

The threads of torch wait for the slowest one at every operation. Where another process keeps a core
busy, fewer threads can be faster; where none does, all are. Which it is, is measured: now and then
a few steps are taken with another number, and the faster one is kept. The first step has one
thread, the next ones all. Trials take about a twentieth of the time at most.

Another number of threads sums gradients in another order, so results differ in their last digits.
Hence the number is fixed where results are to be repeated: with a budget in steps, or with
deterministic algorithms.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from statistics import fmean
from types import TracebackType

import torch
from typing_extensions import Self

from groupae._cores import Cores
from groupae._waiting import is_set_by_user, threads_spin
from groupae.training.config import TrainingConfig
from groupae.training.idle_cores import IdleCores

__all__ = ["ThreadChoice", "ThreadPolicy"]

_RECENT = 8  # steps by which the present number is judged
_TRIAL = 4  # steps with another number
_GAIN = 0.95  # a number is taken if it needs less than this share of the time
_SLOWER = 1.5  # a step that takes so much longer than usual asks for a trial
_SHARE = 20  # seconds without a trial per second of one
_WAIT = 1.0  # seconds until idle cores are looked for again
_IDLE = 0.5  # cores that are idle if another thread can have one
_PAUSE, _LONGEST = 5.0, 120.0  # seconds between rounds of trials; doubled by one without a gain


class ThreadPolicy:
    """Choice among numbers of threads by the seconds that steps take.

    Args:
        limit: Largest number of threads.
        may_grow: Function that says whether more threads may be tried now; always, by default.

    Example:
        >>> policy = ThreadPolicy(2)
        >>> for _ in range(100):
        ...     policy.observe({2: 0.7, 1: 0.1}[policy.threads])  # the second core is busy
        >>> policy.threads
        1
    """

    def __init__(self, limit: int, may_grow: Callable[[], bool] = lambda: True) -> None:
        self.choices, self._may_grow = _choices(limit), may_grow
        # in use, and under trial: the same while there is no trial. One thread waits for no other
        self._at = self._trial = len(self.choices) - 1
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._tried: list[float] = []
        self._usual = float("inf")
        self._pause, self._cost = _PAUSE, 0.0
        self._time = self._next = 0.0
        self._skipped = 0
        self._others = [*range(self._at)]  # to be tried in this round

    @property
    def threads(self) -> int:
        """Number of threads for the next step."""
        return self.choices[self._trial]

    def observe(self, seconds: float) -> None:
        """Take the seconds of a step with `threads`."""
        self._time += seconds
        if len(self.choices) == 1:
            return
        if self._trial != self._at:
            self._observe_trial(seconds)
        elif self._skipped:  # the first step with a number makes and warms up what it needs
            self._skipped -= 1
        else:
            self._recent.append(seconds)
            if self._time >= self._next or self._is_slow():
                self._begin_trial()

    def _is_slow(self) -> bool:
        last = list(self._recent)[-_TRIAL:]
        if len(last) < _TRIAL:
            return False
        self._usual = min(self._usual, fmean(last))
        return fmean(last) > _SLOWER * self._usual

    def _begin_trial(self) -> None:
        if not self._others:
            others = (i for i in range(len(self.choices)) if i != self._at)
            self._others = sorted(others, key=lambda i: abs(i - self._at))
        if self._others[0] < self._at and not self._may_grow():
            self._next = self._time + _WAIT
            return
        self._trial = self._others.pop(0)
        self._tried, self._cost, self._skipped = [], 0.0, 1

    def _observe_trial(self, seconds: float) -> None:
        self._cost += seconds
        now = fmean(self._recent)
        if self._skipped:
            self._skipped -= 1
        else:
            self._tried.append(seconds)
        if self._cost > 3 * _TRIAL * now:  # no need to see more
            self._end_trial(is_faster=False)
        elif len(self._tried) == _TRIAL:
            self._end_trial(is_faster=fmean(self._tried) < _GAIN * now)

    def _end_trial(self, *, is_faster: bool) -> None:
        pause = min(_SHARE * self._cost, _LONGEST)  # a step may have been stopped for an hour
        if is_faster:
            self._at, self._others = self._trial, []
            self._recent = deque(self._tried, maxlen=_RECENT)
            self._pause = _PAUSE
        else:
            self._trial, self._skipped = self._at, 1
        if not self._others:
            pause = max(pause, self._pause)
            self._pause = _PAUSE if is_faster else min(2 * self._pause, _LONGEST)
        self._usual = fmean(self._recent)
        self._next = self._time + pause


def _choices(limit: int) -> tuple[int, ...]:
    """Return the numbers to choose from: each leaves twice as many cores as the one before."""
    fewer = [limit - 2**k for k in range(limit.bit_length()) if limit - 2**k > 1]
    return tuple(dict.fromkeys([limit, *fewer, 1]))


class ThreadChoice:
    """Number of threads of torch during a training; a context, after which it is as before.

    Args:
        config: Settings of the training. ``threads`` fixes the number. By default it is the present
            one of torch, or what a quota grants if that is less; and fewer while that is faster,
            unless results are to be repeated.
        is_alone: Whether the training is on a processor, and in one process.

    Attributes:
        policy: The policy; ``None`` if the number is fixed.

    Example:
        >>> before = torch.get_num_threads()
        >>> with ThreadChoice(TrainingConfig(steps=10, threads=1)) as threads:
        ...     torch.get_num_threads(), threads.policy
        (1, None)
        >>> torch.get_num_threads() == before
        True
    """

    def __init__(self, config: TrainingConfig, *, is_alone: bool = True) -> None:
        self._before = torch.get_num_threads()
        self._limit = config.threads or min(self._before, Cores.of_process().usable)
        is_repeatable = config.steps is not None or config.deterministic
        # torch.compile compiles again for another number
        is_fixed = config.threads or is_repeatable or config.compile or not is_alone
        is_adaptive = not is_fixed and not is_set_by_user("OMP_NUM_THREADS")
        self.policy: ThreadPolicy | None = None
        if is_adaptive and self._limit > 1:
            gate = (_has_idle_core(IdleCores()),) if threads_spin() else ()
            self.policy = ThreadPolicy(self._limit, *gate)

    def __enter__(self) -> Self:
        self._before = torch.get_num_threads()
        _set(self._limit if self.policy is None else self.policy.threads)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _set(self._before)

    @contextlib.contextmanager
    def step(self) -> Iterator[None]:
        """Run a step with the number of threads chosen for it, and measure it."""
        if self.policy is None:
            yield
            return
        _set(self.policy.threads)
        started = time.perf_counter()
        yield
        self.policy.observe(time.perf_counter() - started)


def _has_idle_core(cores: IdleCores) -> Callable[[], bool]:
    """Return a function that says whether a core was idle lately, or that is not known.

    Where threads spin, one step with too many of them may take ten seconds.
    """

    def is_found() -> bool:
        idle = cores.since_last()
        return idle is None or idle >= _IDLE

    return is_found


def _set(threads: int) -> None:
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
