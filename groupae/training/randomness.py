"""Global random generators of a training: seeded at every step, so that no state is stored.

Layers such as dropout draw from the global generators of torch, numpy and Python. Within a training
they are a function of (seed, step, rank), which makes a resumed training draw the same numbers as
an uninterrupted one.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections.abc import Iterator

import numpy as np
import torch

__all__ = ["generators_restored", "seed_generators"]

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
    np.random.seed(seed % _SEEDS_OF_NUMPY)  # noqa: NPY002
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
