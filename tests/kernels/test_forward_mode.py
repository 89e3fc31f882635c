"""Forward mode: what the library does in it shows the user none of torch's own warnings."""

import subprocess
import sys

import torch

from groupae.kernels.autograd import directional_derivative

_ALIGN = """
import torch
from groupae import SO2, SO3, O3, VectorAction

for group, text in [(SO2(), "1x0 + 2x1"), (SO3(), "1x1 + 1x2"), (O3(), "1x1o + 1x2e")]:
    action = VectorAction(group.rep(text))
    z, w = action.random_latent(2, 3)
    action.distance(z, w)
    action.align(z, w)
"""


def test_aligning_shows_no_warning_of_torch():
    """All warnings are errors in a fresh process: torch's deprecations would end it."""
    command = [sys.executable, "-W", "error", "-c", _ALIGN]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stderr


def test_a_derivative_along_a_direction():
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    value, slope = directional_derivative(lambda v: (v.sin(), v**2), x, 2 * torch.ones_like(x))
    torch.testing.assert_close(value, (x.sin(), x**2))
    torch.testing.assert_close(slope, (2 * x.cos(), 4 * x))
