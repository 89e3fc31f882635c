"""Actions that groupae 0.2 pickled work: they need only the attributes that it stored."""

import pickle

import pytest
import torch
from torch import nn

from groupae import (
    SE2,
    SO2,
    SO3,
    Affine,
    AffineAction,
    ChannelAction,
    Cyclic,
    LatentActionAE,
    PartsAction,
    Translation,
    VectorAction,
)
from groupae.actions import (
    GridAction,
    LatentAction,
    LeftMultiplication,
    SetAction,
    SplitAction,
    TokenAction,
)
from groupae.actions.base import FunctionAction
from groupae.experiments.baselines.dupont import VolumeAction
from groupae.experiments.baselines.scene_rotations import scene_turns
from groupae.testing import check_action

GRID = "channels exact_subgroup exactness is_homogeneous mode places size"
STORED = {  # beside the group and what torch stores for every module, in groupae 0.2
    AffineAction: "axis",
    ChannelAction: "axis rho",
    VectorAction: "axis rho",
    SplitAction: "axis rho threshold",
    TokenAction: "rho tokens",
    SetAction: "features is_homogeneous is_linear of_group points",
    GridAction: GRID,
    VolumeAction: f"{GRID} has_second_derivatives",
    LeftMultiplication: "",
    PartsAction: "exact_subgroup exactness has_second_derivatives is_linear names",
    FunctionAction: "function is_linear shape",
}


def scale(g, z):
    return g[..., :1, None] * z + g[..., 1:, None]


RHO = SO2().rep("1x0 + 2x1")
REGULAR = Cyclic(4).regular()
MAKERS = {
    "vector": lambda: VectorAction(RHO),
    "channels": lambda: ChannelAction(RHO),
    "affine": lambda: AffineAction(3, 2),
    "affine on channels": lambda: AffineAction(3, 2, axis=-3),
    "split": lambda: SplitAction(RHO),
    "split on channels": lambda: SplitAction(RHO, spatial_dims=2),
    "tokens": lambda: TokenAction(RHO),
    "moving tokens": lambda: TokenAction(Cyclic(4).rep("2x0 + 1x1"), tokens=REGULAR),
    "set": lambda: SetAction(SO3().irrep(1)),
    "set with features": lambda: SetAction(SO3(), SO3().rep("2x0 + 1x1")),
    "set of positions": lambda: SetAction(SE2()),
    "exact grid": lambda: GridAction(Cyclic(4), (6, 6)),
    "grid": lambda: GridAction(SO2(), (6, 6), channels=RHO),
    "shifted grid": lambda: GridAction(Translation(2), (8, 6)),
    "volume": lambda: VolumeAction(scene_turns("VolumeAction", Cyclic(24), 0.0), 4),
    "poses": lambda: LeftMultiplication(SO3()),
    "function": lambda: LatentAction.from_callable(Affine(), scale, (2, 3)),
    "parts": lambda: PartsAction({"a": TokenAction(RHO), "b": VectorAction(RHO), "skip": None}),
}


def as_pickled(action):
    """Return the action with the state that groupae 0.2 stored."""
    kept = {*vars(nn.Module()), "group", *STORED[type(action)].split()}
    state = {name: value for name, value in vars(action).items() if name in kept}
    old = type(action).__new__(type(action))
    old.__setstate__(state)
    if isinstance(old, PartsAction):
        old.acted = nn.ModuleDict({name: as_pickled(part) for name, part in action.acted.items()})
    return old


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_an_action_of_groupae_0_2_works(make):
    action, old = make(), pickle.loads(pickle.dumps(as_pickled(make())))

    def use(a):
        random = torch.Generator().manual_seed(0)
        z, w = (a.random_latent(2, generator=random) for _ in range(2))
        g = a.group.sample(2, generator=random)
        codes = (z, a(g, z), a.invariants(z), a.varying(z), a.swap(z, w), a.orbit(z, g))
        return [*codes, a.align(z, w), a.distance(z, w)]

    torch.testing.assert_close(use(old), use(action), equal_nan=True)
    assert (repr(old), str(old.describe())) == (repr(action), str(action.describe()))
    assert getattr(old, "shape", None) == getattr(action, "shape", None)
    check_action(old).raise_if_failed()


def test_a_model_of_groupae_0_2_transforms():
    x, g = torch.randn(2, 4, 5), SO2().sample(2)
    action = TokenAction(RHO)
    models = (LatentActionAE(nn.Identity(), nn.Identity(), a) for a in (action, as_pickled(action)))
    torch.testing.assert_close(*(model.transform(g, x) for model in models))
