"""One thread a process: two 2-thread processes on two cores collapse. Every test draws alike."""

import contextlib
import os

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings

from groupae.kernels.dispatch import forced_path

mpl.use("Agg")
torch.set_num_threads(1)
settings.register_profile("groupae", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("groupae")


@pytest.fixture(autouse=True, scope="session")
def _on_the_plain_way():
    """``GROUPAE_TEST_WAY=plain`` takes the plain way of the kernels in all tests."""
    way = os.environ.get("GROUPAE_TEST_WAY", "")
    assert way in ("", "plain"), way
    with forced_path(fast=False) if way else contextlib.nullcontext():
        yield


@pytest.fixture(autouse=True)
def _seeded():
    """What a test draws without a generator does not depend on the tests before it."""
    torch.manual_seed(0)
