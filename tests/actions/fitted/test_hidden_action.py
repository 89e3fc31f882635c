"""A representation behind a linear map is an action on every path, and is kept in files."""

import copy
import pickle

import pytest
import torch

import groupae
from groupae import SO2, SO3, LatentActionAE, get_group
from groupae.actions import HiddenAction
from groupae.testing import check_action

REPRESENTATIONS = {
    "so2": "2x0 + 1x1 + 1x3",
    "so3": "1x0 + 1x1 + 1x2",
    "o2": "1x0- + 2x2",
    "o3": "1x1o + 1x0e",
    "s(4)": "1x[3,1] + 1x[2,2]",
    "c(5)": "1x1 + 1x2",
}


def mixed(name="so2", size=12, dtype=torch.float64):
    """Return an action on codes of more numbers than the representation has, in a random basis."""
    rho, draws = get_group(name).rep(REPRESENTATIONS[name]), torch.Generator().manual_seed(0)
    basis = torch.randn(size, size, generator=draws, dtype=torch.float64)
    mean = torch.randn(size, generator=draws, dtype=torch.float64)
    inverse = torch.linalg.inv(basis)
    return HiddenAction.of(rho, inverse[: rho.dim], basis[:, : rho.dim], mean).to(dtype)


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_the_laws(name):
    report = check_action(mixed(name))
    assert report.passed, report


def test_features_turn_and_the_remainder_stays():
    action = mixed()
    z, g = action.random_latent(9, dtype=torch.float64), SO2().sample(9, dtype=torch.float64)
    moved = action(g, z)
    assert torch.allclose(action.features(moved), action.rho.act(g, action.features(z)))
    assert torch.allclose(action.remainder(moved), action.remainder(z))
    assert not torch.allclose(moved, z)
    centre = action.mean[None].clone()
    assert torch.allclose(action(g[:1], centre), centre)


def test_align_finds_the_element():
    action = mixed("so3")
    z, g = action.random_latent(20, dtype=torch.float64), SO3().sample(20, dtype=torch.float64)
    assert bool((SO3().distance(action.align(z, action(g, z)), g) < 1e-5).all())
    assert bool((action.distance(z, action(g, z)) < 1e-5).all())


def test_float32_codes_keep_their_dtype():
    action = mixed()
    z, g = action.random_latent(5), SO2().sample(5)
    assert action(g, z).dtype == action.varying(z).dtype == torch.float32
    assert torch.allclose(action(g, z).double(), action(g.double(), z.double()), atol=1e-4)


@pytest.mark.parametrize("name", ["so2", "so3", "s(4)"])
def test_compiled_vmapped_and_second_order(name):
    action = mixed(name)
    g = action.group.sample(4, dtype=torch.float64)
    g = action.group.sample(4) if action.group.has_integer_elements else g
    z = action.random_latent(4, dtype=torch.float64)
    compiled = torch.compile(lambda g, z: action(g, z), fullgraph=True, backend="eager")
    assert torch.allclose(compiled(g, z), action(g, z))
    assert torch.allclose(torch.vmap(lambda g, z: action(g, z))(g, z), action(g, z))
    assert torch.autograd.gradcheck(lambda z: action(g, z), z.clone().requires_grad_())
    assert torch.autograd.gradgradcheck(lambda z: action(g, z) ** 2, z.clone().requires_grad_())


def test_copies_and_pickles():
    action = mixed()
    z, g = action.random_latent(5, dtype=torch.float64), SO2().sample(5, dtype=torch.float64)
    for other in (copy.deepcopy(action), pickle.loads(pickle.dumps(action))):
        assert torch.equal(other(g, z), action(g, z))


def test_models_with_one_are_saved(tmp_path):
    action = mixed(dtype=torch.float32)
    model = LatentActionAE(torch.nn.Linear(7, 12), torch.nn.Linear(12, 7), action)
    groupae.save(model, tmp_path / "model")
    loaded = groupae.load(tmp_path / "model")
    x, g = torch.randn(5, 7), SO2().sample(5)
    assert torch.equal(loaded.transform(g, x), model.transform(g, x))


def test_a_description():
    text = str(mixed().describe())
    assert "features [0:2]" in text
    assert "remainder [6 of 12]" in text
