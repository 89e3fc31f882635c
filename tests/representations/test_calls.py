"""Acting takes few Python calls: sizes are stored, and each argument is checked once."""

import sys

import pytest
import torch

from groupae import SO2, SO3
from groupae.kernels.dispatch import forced_path

MOST = {"SO(2)": 40, "SO(3)": 60}
SUMS = {
    "SO(2)": lambda: SO2().rep("8x0 + 8x1 + 4x2"),
    "SO(3)": lambda: SO3().rep("16x0 + 8x1 + 4x2"),
}


def calls(function):
    """Names of the Python functions that are called, those of torch and numpy among them."""
    function()  # what is made once is made
    seen = []
    sys.setprofile(
        lambda frame, event, _: seen.append(frame.f_code.co_name) if event == "call" else None
    )
    try:
        function()
    finally:
        sys.setprofile(None)
    return seen[1:]  # without the function itself


def test_calls_are_counted():
    def outer(n):
        return outer(n - 1) if n else sorted([2, 1], key=lambda x: -x)

    assert calls(lambda: outer(2)) == ["outer"] * 3 + ["<lambda>"] * 2


@pytest.mark.parametrize("of", ["none", "x", "g and x"])
@pytest.mark.parametrize("name", SUMS)
def test_acting_takes_few_python_calls(name, of):
    rho = SUMS[name]()
    g, x = rho.group.sample(64), torch.randn(64, rho.dim)
    g.requires_grad_(of == "g and x")
    x.requires_grad_(of != "none")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with forced_path(fast=True, compiled=False):  # compiled kernels are called by ctypes
            seen = calls(lambda: rho.act(g, x))
    finally:
        torch.set_num_threads(before)
    assert len(seen) <= MOST[name], seen
