"""Global random generators of torch, numpy and Python: seeded by a key, and put back.

Layers such as dropout and transforms of users draw from them. Within a training they are a
function of (seed, step, rank), and in a ``DataLoader`` of (seed, epoch). So a resumed training
draws the same numbers as an uninterrupted one, and no state is stored.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

__all__ = ["GeneratorStates", "generators_restored", "seed_generators"]

_SEEDS_OF_NUMPY = 2**32


def seed_generators(*key: int) -> None:
    """Seed the global generators by a key; those of accelerators only where they are in use.

    Example:
        >>> with generators_restored():
        ...     seed_generators(0, 7)
        ...     first = torch.rand(3)
        ...     seed_generators(0, 7)
        ...     bool((torch.rand(3) == first).all())
        True
    """
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    seed = int.from_bytes(digest, "little") >> 1  # a SeedSequence takes ten times as long
    torch.default_generator.manual_seed(seed)  # torch.manual_seed asks every device: 70 us
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(seed)
    elif torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)
    # models and transforms of users draw from numpy's global generator
    np.random.seed(seed % _SEEDS_OF_NUMPY)  # noqa: NPY002  # the global one is meant
    random.seed(seed)


@contextlib.contextmanager
def generators_restored() -> Iterator[None]:
    """Leave the global generators as they were before the block."""
    of_numpy, of_python = np.random.get_state(), random.getstate()  # noqa: NPY002  # the global one
    devices = range(torch.cuda.device_count()) if torch.cuda.is_initialized() else []
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        np.random.set_state(of_numpy)  # noqa: NPY002  # the global one
        random.setstate(of_python)


class GeneratorStates:
    """States of the global generators of the CPU that belong to one consumer of random numbers.

    Within ``with states:`` the global generators are in these states; before and after in those of
    the caller. So what is drawn elsewhere has no effect.

    Example:
        >>> states = GeneratorStates(0, 1)
        >>> with states:
        ...     first = torch.rand(1)
        >>> _ = torch.rand(1)
        >>> with states:
        ...     second = torch.rand(1)
        >>> with GeneratorStates(0, 1):
        ...     bool((torch.rand(2) == torch.cat([first, second])).all())
        True
    """

    def __init__(self, *key: int) -> None:
        with generators_restored():
            seed_generators(*key)
            self._own = _states()
        self._callers = self._own

    def __enter__(self) -> None:
        self._callers = _states()
        _set_states(self._own)

    def __exit__(self, *error: object) -> None:
        self._own = _states()
        _set_states(self._callers)


_States = tuple[torch.Tensor, Any, Any]


def _states() -> _States:
    of_numpy = np.random.get_state()  # noqa: NPY002  # the global one is meant
    return torch.get_rng_state(), of_numpy, random.getstate()


def _set_states(states: _States) -> None:
    torch.set_rng_state(states[0])
    np.random.set_state(states[1])  # noqa: NPY002  # the global one
    random.setstate(states[2])
