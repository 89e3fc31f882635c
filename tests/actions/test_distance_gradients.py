"""Gradients of the distance of orbits: at ties of two elements, at zero, on one orbit."""

import pytest
import torch

from groupae import O2, SO2, SO3, Cyclic, VectorAction

ACTIONS = {
    "turns": VectorAction(SO2().rep("1x0 + 1x1 + 1x2")),
    "reflections": VectorAction(O2().rep("2x1 + 1x2")),
    "rotations": VectorAction(SO3().rep("1x0 + 2x1")),
    "quarter turns": VectorAction(Cyclic(4).rep("1x0 + 2x1 + 1x2")),
}
actions = pytest.mark.parametrize("name", ACTIONS)


def codes(action, seed):
    generator = torch.Generator().manual_seed(seed)
    return action.random_latent(3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("excess", [0.0, 1e-12, 1e-8, 1e-4, -1e-8])
def test_at_a_tie_the_gradient_is_that_of_one_of_the_elements(excess):
    """A quarter turn and none are equally good; the gradient is the unit residual of either."""
    action = VectorAction(Cyclic(4).rep("1x1"))
    z = torch.tensor([[1.0, 0.0]], dtype=torch.float64, requires_grad=True)
    w = torch.tensor([[1.0, 1.0 + excess]], dtype=torch.float64)
    (slope,) = torch.autograd.grad(action.distance(z, w).sum(), z)
    either = torch.tensor([[0.0, -1.0], [0.0, 1.0]], dtype=torch.float64)
    assert (slope - either).abs().amax(1).amin() < 2e-4
    assert torch.linalg.vector_norm(slope) == pytest.approx(1.0)


@actions
@pytest.mark.parametrize("zero", ["first", "second", "both"])
def test_the_gradient_is_finite_where_every_element_is_as_good(name, zero):
    action = ACTIONS[name]
    z, w = codes(action, 0), codes(action, 1)
    z, w = (z * (zero == "second"), w * (zero == "first"))
    z, w = z.requires_grad_(), w.requires_grad_()
    for slope in torch.autograd.grad(action.distance(z, w).sum(), (z, w)):
        assert slope.isfinite().all()
        assert float(torch.linalg.vector_norm(slope, dim=-1).amax()) < 1 + 1e-9


@actions
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_the_gradient_is_finite_on_one_orbit_and_at_most_one(name, dtype):
    action = ACTIONS[name]
    z = codes(action, 0).to(dtype)
    g = action.group.sample(3, generator=torch.Generator().manual_seed(0), dtype=dtype)
    leaf = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(action.distance(leaf, action(g, z)).sum(), leaf)
    assert slope.isfinite().all()
    assert float(torch.linalg.vector_norm(slope, dim=-1).amax()) < 1 + 1e-4


@actions
@pytest.mark.parametrize("apart", [1.0, 1e-3])
def test_the_gradient_agrees_with_differences_away_from_ties(name, apart):
    action = ACTIONS[name]
    z, w = codes(action, 0), codes(action, 1)
    g = action.group.sample(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    w = action(g, z) + apart * w
    leaf = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(action.distance(leaf, w).sum(), leaf)
    along = codes(action, 2)
    step = 1e-4 * apart
    ends = [action.distance(z + sign * step * along, w) for sign in (1, -1)]
    torch.testing.assert_close(
        (slope * along).sum(-1), (ends[0] - ends[1]) / (2 * step), rtol=1e-4, atol=1e-4
    )


def test_the_angle_is_found_to_rounding_error_on_every_orbit():
    """Of several starts that end at one peak, some are 1e-8 away from it at an equal score."""
    action = VectorAction(SO2().rep("1x0 + 1x1 + 1x2"))
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(5000, generator=generator, dtype=torch.float64)
    g = action.group.sample(5000, generator=generator, dtype=torch.float64)
    assert float(action.group.distance(action.align(z, action(g, z)), g).amax()) < 1e-12
