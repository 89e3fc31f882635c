"""Autoencoders with a fitted action: dtype, shape and scale of their codes."""

import types

import pytest
import torch
from torch import nn

from groupae import SO2, LatentActionAE, ShapeError, fit_action

RHO = SO2().rep("2x0 + 2x1")


class Plain(nn.Module):
    """An autoencoder whose code is its data, in a given shape."""

    def __init__(self, *shape, dtype=torch.float32):
        super().__init__()
        self.shape, self.factor = shape, nn.Parameter(torch.ones((), dtype=dtype))
        self.config = types.SimpleNamespace(scaling_factor=0.18, shift_factor=0.5)

    def encode(self, x):
        return self.factor * x.reshape(-1, *self.shape)

    def decode(self, z):
        return self.factor * z.flatten(1)


def fitted_and_pairs(dtype=torch.float32):
    draws = torch.Generator().manual_seed(0)
    x = 1 + torch.randn(300, RHO.dim, generator=draws, dtype=dtype)
    g = SO2().sample(300, generator=draws, dtype=dtype)
    return fit_action(SO2(), x, g, RHO.act(g, x)), x, g


@pytest.mark.parametrize("which", ["fitted", "action"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_data_turn_whatever_the_dtype_and_the_scale_in_a_config(which, dtype):
    fitted, x, g = fitted_and_pairs(dtype)
    action = fitted if which == "fitted" else fitted.action
    model = LatentActionAE.wrap(Plain(RHO.dim, dtype=dtype), action)
    assert torch.allclose(model.transform(g, x), RHO.act(g, x), atol=1e-4)


@pytest.mark.parametrize("which", ["fitted", "action"])
@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 1)], ids=str)
def test_codes_of_another_shape_are_refused(which, shape):
    fitted, x, _ = fitted_and_pairs()
    action = fitted if which == "fitted" else fitted.action
    for options in ({"example": x[:1]}, {"code_shape": shape}):
        with pytest.raises(ShapeError, match=r"codes of 6 numbers.*flatten\(1\)"):
            LatentActionAE.wrap(Plain(*shape), action, **options)
