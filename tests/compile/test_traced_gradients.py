"""Gradients of compiled actions are those of plain operations, for everything built in.

The element acts twice, and code and element are made from one parameter, as in the gradient laws.
``aot_eager`` traces forward and backward together: all of the default backend but the code that it
writes.
"""

import pytest
import torch

from groupae.groups.registry import example_groups
from groupae.groups.samples import sample_elements
from groupae.kernels.dispatch import forced_path
from groupae.testing.action_laws import acting_elements
from groupae.testing.catalogue import example_actions, representations_of
from groupae.testing.gradient_laws import _gradient, _Path

GROUPS = tuple(example_groups())
ACTIONS = tuple(example_actions())
SAMPLES = 4


def compare(group, act, g, z):
    path = _Path(group, act, g, z)
    p = torch.tensor([[0.0, 0.0], [0.3, -0.2]], dtype=torch.float64).repeat(SAMPLES // 2, 1)
    with forced_path(fast=False):
        wanted, value = _gradient(path, p), path(p)
    torch._dynamo.reset()
    compiled = torch.compile(path, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(p), value, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(_gradient(compiled, p), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS, ids=str)
def test_representations(group):
    """A mixed sum, which holds every way to act of the group's irreps."""
    for rho in representations_of(group)[:1]:
        g = sample_elements(group, torch.float64)[-SAMPLES:]
        x = torch.randn(SAMPLES, rho.dim, dtype=torch.float64)
        compare(group, rho.act, g, x)


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS, ids=str)
def test_actions(action):
    g = acting_elements(action, torch.float64)[-SAMPLES:]
    compare(action.group, action, g, action.random_latent(SAMPLES, dtype=torch.float64))
