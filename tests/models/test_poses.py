"""Elements found from data: estimate, and canonical poses."""

import pytest
import torch
from torch import nn

from groupae import (
    SO2,
    SO3,
    ChannelAction,
    Cyclic,
    LatentActionAE,
    PartsAction,
    Permutation,
    ShapeError,
    VectorAction,
)


def turned_model(rho):
    """An exactly equivariant autoencoder: a fixed rotation of the code there and back."""
    generator = torch.Generator().manual_seed(3)
    basis = torch.linalg.qr(torch.randn(rho.dim, rho.dim, generator=generator))[0]
    encoder, decoder = (nn.Linear(rho.dim, rho.dim, bias=False) for _ in range(2))
    encoder.weight.data, decoder.weight.data = basis.clone(), basis.T.clone()
    return LatentActionAE(encoder, decoder, VectorAction(rho))


MODELS = [
    turned_model(SO2().rep("2x0 + 2x1 + 1x2")),
    turned_model(SO3().rep("1x0 + 3x1")),
    turned_model(Cyclic(6).rep("1x0 + 2x1")),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_estimate_finds_the_element_between_data(model):
    x, g = torch.randn(5, model.action.size), model.group.sample(5)
    moved = model.transform(g, x)
    found = model.estimate(x, moved)
    assert not found.requires_grad
    torch.testing.assert_close(model.transform(found, x), moved, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_data_of_one_orbit_have_one_canonical_datum(model):
    x, g = torch.randn(5, model.action.size), model.group.sample(5)
    canonical, pose = model.canonicalize(x)
    again, moved_pose = model.canonicalize(model.transform(g, x))
    torch.testing.assert_close(again, canonical, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(model.transform(pose, canonical), x, atol=1e-4, rtol=1e-4)
    distance = model.group.distance(moved_pose, model.group.compose(g, pose))
    assert distance.max() < 1e-2


def test_data_of_different_orbits_have_different_canonical_data():
    x = torch.tensor([[1.0, 0, 1, 0, 0, 0, 0, 0], [1.0, 0, 0, 1, 0, 0, 0, 0]])
    canonical, _ = turned_model(SO2().rep("4x1")).canonicalize(x)
    assert (canonical[0] - canonical[1]).norm() > 0.5


def test_canonical_data_do_not_depend_on_the_global_generator_or_the_batch():
    model, x = MODELS[0], torch.randn(5, 8)
    canonical, _ = model.canonicalize(x)
    torch.testing.assert_close(model.canonicalize(x[2:3])[0], canonical[2:3])


class _Parts(nn.Module):
    def forward(self, x):
        return {"pose": x[:, :4], "skip": x[:, 4:]}


class _Join(nn.Module):
    def forward(self, z):
        return torch.cat([z["pose"], z["skip"]], -1)


def test_codes_of_parts_have_canonical_poses_too():
    action = PartsAction({"pose": VectorAction(SO2().rep("2x1")), "skip": None})
    model, x = LatentActionAE(_Parts(), _Join(), action), torch.randn(3, 6)
    canonical, _ = model.canonicalize(x)
    again, _ = model.canonicalize(model.transform(SO2().sample(3), x))
    torch.testing.assert_close(again, canonical, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(canonical[:, 4:], x[:, 4:])


def test_codes_with_axes_of_any_length_have_canonical_poses_too():
    model = LatentActionAE(nn.Identity(), nn.Identity(), ChannelAction(SO2().rep("2x1")))
    x = torch.randn(2, 4, 3, 5)
    canonical, pose = model.canonicalize(x)
    assert pose.shape == (2,)
    again, _ = model.canonicalize(model.transform(SO2().sample(2), x))
    torch.testing.assert_close(again, canonical, atol=1e-4, rtol=1e-4)


def test_reconstruct_is_the_transform_by_the_identity():
    model, x = MODELS[1], torch.randn(4, 10)
    torch.testing.assert_close(model.reconstruct(x), model.transform(SO3().identity(4), x))


def test_an_action_that_cannot_align_is_named():
    action = VectorAction(Permutation(9).rep("1x[9] + 1xstd"))
    model, x = LatentActionAE(nn.Identity(), nn.Identity(), action), torch.randn(2, 9)
    assert not action.can_align
    for call in (lambda: model.estimate(x, x), lambda: model.canonicalize(x)):
        with pytest.raises(ValueError, match="expected an action that can align codes"):
            call()


def test_data_of_different_shapes_are_refused():
    with pytest.raises(ShapeError, match="estimate: expected x1 and x2 of one shape"):
        MODELS[0].estimate(torch.randn(2, 8), torch.randn(3, 8))
