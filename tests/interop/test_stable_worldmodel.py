"""World models of stable-worldmodel: theirs where the package is installed, else of its methods."""

import importlib.util
import sys
import types

import pytest
import torch
from torch import nn

from groupae import Translation
from groupae.interop.stable_worldmodel import (
    StableEncoder,
    StableWorldModel,
    from_stable_worldmodel,
)
from groupae.protocols import Trajectories
from groupae.testing import audit_world_model

X = (3, 8, 8)


class VisionModel(nn.Module):
    """As transformers' ViT is called by them."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3 * 8 * 8, 16)

    def forward(self, x, interpolate_pos_encoding=False):
        return types.SimpleNamespace(last_hidden_state=self.layer(x.flatten(1))[:, None])


@pytest.fixture(scope="module")
def wm():
    """Return a function that imports a module of their models, without their environments."""
    spec = importlib.util.find_spec("stable_worldmodel")
    if spec is None:
        pytest.skip("stable-worldmodel is not installed")
    pytest.importorskip("einops")
    [folder] = spec.submodule_search_locations
    with pytest.MonkeyPatch.context() as patch:
        for name, path in (("stable_worldmodel", folder), ("stable_worldmodel.wm", f"{folder}/wm")):
            package = types.ModuleType(name)
            package.__path__ = [path]
            patch.setitem(sys.modules, name, package)
        yield lambda name: importlib.import_module(f"stable_worldmodel.wm.{name}")


def joint_embedding(wm, name):
    kind = {"lewm": "LeWM", "pldm": "PLDM"}[name]
    module = wm(f"{name}.module")
    torch.manual_seed(0)
    predictor = module.Predictor(
        num_frames=3, depth=1, heads=2, mlp_dim=32, input_dim=16, hidden_dim=16, dim_head=8
    )
    actions = module.Embedder(input_dim=2, smoothed_dim=4, emb_dim=16)
    model = getattr(wm(f"{name}.{name}"), kind)(VisionModel(), predictor, actions)
    for weight in model.parameters():  # its last layers begin at 0, so that actions do nothing
        weight.data += 0.1 * torch.randn_like(weight)
    return model.eval()


@pytest.mark.parametrize("name", ["lewm", "pldm"])
def test_one_step_is_the_first_of_their_rollout(wm, name):
    model = joint_embedding(wm, name)
    world = from_stable_worldmodel(model)
    assert isinstance(world, StableWorldModel)
    x, action = torch.randn(4, *X), torch.randn(4, 1, 2, 2)
    with torch.no_grad():
        found = model.rollout({"pixels": x[:, None, None]}, action)["predicted_emb"]
        z = world.encode(x)
        torch.testing.assert_close(z, found[:, 0, 0])
        torch.testing.assert_close(world.predict(z, action[:, 0, 0]), found[:, 0, 1])
        other = world.predict(z, action[:, 0, 0] + 1)
    assert (other - found[:, 0, 1]).abs().max() > 1e-3


def test_td_mpc_is_called_with_code_and_action(wm):
    options = {
        "tau": 0.01,
        "enc_dim": 8,
        "mlp_dim": 16,
        "num_bins": 5,
        "num_q": 2,
        "simnorm_dim": 4,
    }
    options |= {"vmin": -1, "vmax": 1, "encoding": {"state": 8}}
    cfg = types.SimpleNamespace(wm=_Config(options), extra_dims={"state": 3}, action_dim=2)
    torch.manual_seed(0)
    model = wm("tdmpc2.tdmpc2").TDMPC2(cfg).eval()
    world = from_stable_worldmodel(model, pixels="state", to_action=lambda g: 2 * g)
    x, g = torch.randn(5, 3), torch.randn(5, 2)
    with torch.no_grad():
        z = world.encode(x)
        torch.testing.assert_close(z, model.encode({"state": x}))
        torch.testing.assert_close(world.predict(z, g), model(z, 2 * g)[0])


class _Config(dict):
    __getattr__ = dict.__getitem__


# --- models with the same methods -------------------------------------------------------------
class Shifted(nn.Module):
    """Codes of a plane, moved by actions in other units, off by a known amount."""

    def __init__(self, off=0.0):
        super().__init__()
        self.off = nn.Parameter(torch.tensor([off, 0.0]))

    def encode(self, info):
        assert not self.training
        info["emb"] = info["pixels"].flatten(2)
        return info

    def action_encoder(self, action):
        return action / 10

    def predict(self, emb, act_emb):
        return emb + act_emb + self.off


def walks():
    generator = torch.Generator().manual_seed(0)
    g = torch.randn(16, 5, 2, generator=generator)
    x = torch.randn(16, 1, 2, generator=generator)
    return Trajectories(torch.cat([x, x + g.cumsum(1)], 1), g, group=Translation(2))


def test_the_audit_of_world_models_takes_it():
    world = from_stable_worldmodel(Shifted(), to_action=lambda g: 10 * g)
    report = audit_world_model(world, walks(), steps=20)
    assert report.passed
    assert world.training  # the mode is restored


def test_the_audit_sees_a_wrong_step():
    world = from_stable_worldmodel(Shifted(off=1.0), to_action=lambda g: 10 * g)
    report = audit_world_model(world, walks(), steps=20)
    assert not report.passed


def test_a_model_that_only_encodes_is_an_encoder():
    class Goals(nn.Module):
        def encode(self, info):
            return {"pixels_embed": None, "embed": info["pixels"].flatten(3).mean(3)}

    encoder = from_stable_worldmodel(Goals())
    assert type(encoder) is StableEncoder
    x = torch.randn(4, *X)
    torch.testing.assert_close(encoder(x), x.mean((2, 3)))
    assert not hasattr(encoder, "predict")


def test_weights_are_those_of_the_model():
    model = Shifted()
    world = from_stable_worldmodel(model)
    assert next(world.parameters()) is model.off
    world.double()
    assert model.off.dtype == torch.float64


# --- bad input --------------------------------------------------------------------------------
def returning(value):
    class Odd(nn.Module):
        def encode(self, info):
            return value

    return from_stable_worldmodel(Odd())


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: from_stable_worldmodel(nn.Linear(2, 2)), TypeError, "encode(dict), such as LeWM"),
        (lambda: from_stable_worldmodel(len), TypeError, "a torch module with encode(dict)"),
        (
            lambda: from_stable_worldmodel(returning(0).model, to_action=lambda g: g),
            TypeError,
            "where to_action is given, got Odd; its encoder alone needs no to_action",
        ),
        (
            lambda: returning({"z": 0}).encode(torch.zeros(2, 3)),
            TypeError,
            "Odd: expected encode to write the code to one of emb, embed, got z",
        ),
        (
            lambda: returning(3).encode(torch.zeros(2, 3)),
            TypeError,
            "return a tensor or a dict of tensors, got int",
        ),
        (
            lambda: returning(torch.zeros(2, 3)).encode(torch.zeros(2, 3)),
            ValueError,
            "codes of shape (2, 1, ...) for 2 observations at one time, got (2, 3)",
        ),
        (
            lambda: from_stable_worldmodel(Shifted()).predict(torch.zeros(2, 2), torch.zeros(2)),
            ValueError,
            "Shifted: expected actions of shape (2, action_dim), got (2,); to_action= makes",
        ),
    ],
)
def test_bad_input_is_answered_with_a_sentence(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
