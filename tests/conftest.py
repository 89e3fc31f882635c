"""One thread a process: two 2-thread processes on two cores collapse. Every test draws alike."""

import matplotlib as mpl
import pytest
import torch
from hypothesis import settings

mpl.use("Agg")
torch.set_num_threads(1)
settings.register_profile("groupae", deadline=None, max_examples=40, derandomize=True)
settings.load_profile("groupae")


@pytest.fixture(autouse=True)
def _seeded():
    """What a test draws without a generator does not depend on the tests before it."""
    torch.manual_seed(0)
