"""Tokens, sets of points, and poses."""

import pickle

import pytest
import torch

from groupae import (
    O2,
    O3,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    LeftMultiplication,
    PartsAction,
    SetAction,
    TokenAction,
    VectorAction,
)
from groupae.groups import SE2, SE3, Translation
from groupae.testing import check_action
from groupae.testing.mixins import ActionLaws

LAWFUL = [
    TokenAction(SO3().rep("2x0 + 1x1 + 1x2")),
    TokenAction(SO2().rep("1x0 + 1x1"), tokens=SO2().rep("2x0 + 1x2")),
    TokenAction(Cyclic(6).rep("2x0 + 1x3"), tokens=Cyclic(6).regular()),
    TokenAction(Dihedral(3).rep("1x0- + 1x1") * Dihedral(3).rep("1x1")),
    SetAction(SO2()),
    SetAction(O2(), O2().rep("1x0- + 1x2")),
    SetAction(SO3(), SO3().rep("2x0 + 1x1 + 1x2")),
    SetAction(O3(), O3().rep("1x0o + 1x1e")),
    SetAction(SE2(), SE2().rep("2x0 + 1x1")),
    SetAction(SE3(), SE3().rep("2x0 + 1xstd")),
    SetAction(Translation(3)),
    SetAction(Affine()),
    SetAction(Cyclic(2)),
    SetAction(SO2().rep("1x1 + 1x0"), SO2().rep("1x0")),
    LeftMultiplication(SO3()),
    LeftMultiplication(SE2()),
    PartsAction(
        {"pose": LeftMultiplication(SO3()), "code": VectorAction(SO3().rep("2x0")), "skip": None}
    ),
]


@pytest.mark.parametrize("action", LAWFUL, ids=str)
def test_laws(action):
    for dtype in (torch.float64, torch.float32):
        check_action(action, dtype=dtype).raise_if_failed()


@pytest.mark.parametrize("action", LAWFUL, ids=str)
def test_pickles_and_moves_to_other_dtypes(action):
    again = pickle.loads(pickle.dumps(action))
    assert repr(again) == repr(action)
    z = again.double().random_latent(2, dtype=torch.float64)
    g = again.group.sample(2, dtype=torch.float64)
    moved = again(g, z)
    parts = moved.values() if isinstance(moved, dict) else [moved]
    assert {part.dtype for part in parts} == {torch.float64}
    assert str(action.describe()).startswith(repr(action).split("(")[0])


# --- tokens ---------------------------------------------------------------------------------------
class TestPermutedTokens(ActionLaws):
    def make(self):
        G = Cyclic(4)
        return TokenAction(G.rep("2x0 + 1x1"), tokens=G.regular())


def test_every_token_is_moved_like_a_vector():
    rho = SO3().rep("1x0 + 1x1")
    z, g = torch.randn(4, 5, 4), SO3().sample(4)
    moved = TokenAction(rho)(g, z)
    torch.testing.assert_close(moved[:, 3], VectorAction(rho)(g, z[:, 3]))
    many = SO3().sample(4, 7)
    assert TokenAction(rho)(many, z).shape == (4, 7, 5, 4)
    assert TokenAction(rho)(SO3().sample(6), z[0]).shape == (6, 5, 4)


def test_tokens_and_features_move_by_the_tensor_product():
    G = SO2()
    rho, sigma = G.rep("1x0 + 1x1"), G.rep("1x2")
    z, g = torch.randn(3, 2, 3, dtype=torch.float64), G.sample(3, dtype=torch.float64)
    wanted = (sigma * rho).act(g, z.flatten(1)).view_as(z)
    torch.testing.assert_close(TokenAction(rho, tokens=sigma)(g, z), wanted)


def test_invariants_of_moving_tokens_are_those_of_both_axes():
    G = SO2()
    action = TokenAction(G.rep("2x0 + 1x1"), tokens=G.rep("1x0 + 1x1"))
    z = torch.arange(12.0).view(1, 3, 4)
    assert action.invariants(z).tolist() == [[0, 1]]
    assert action.varying(z).shape == (1, 10)


# --- points ---------------------------------------------------------------------------------------
def test_points_move_as_positions_under_rigid_motions():
    points = torch.randn(4, 6, 3, dtype=torch.float64)
    motion = SE3().sample(4, dtype=torch.float64)
    rotation, shift = motion[:, :3, :3], motion[:, :3, 3]
    moved = SetAction(SE3())(motion, {"points": points})["points"]
    torch.testing.assert_close(moved, points @ rotation.mT + shift[:, None])
    moved = SetAction(SO3())(rotation, {"points": points})["points"]
    torch.testing.assert_close(moved, points @ rotation.mT)
    moved = SetAction(Translation(3))(shift, {"points": points})["points"]
    torch.testing.assert_close(moved, points + shift[:, None])


def test_one_set_under_many_elements():
    action = SetAction(SE2(), SE2().rep("1x0 + 1x1"))
    z, gs = action.random_latent(2), SE2().sample(5)
    orbit = action.orbit(z, gs)
    assert {name: tuple(part.shape) for name, part in orbit.items()} == {
        "points": (2, 5, 6, 2),
        "features": (2, 5, 6, 3),
    }
    torch.testing.assert_close(orbit["points"][:, 3], action(gs[3], z)["points"])


def masked(action, batch=5):
    generator = torch.Generator().manual_seed(0)
    z = action.random_latent(batch, generator=generator, dtype=torch.float64)
    return {**z, "mask": torch.rand(batch, 6, generator=generator) < 0.7}


@pytest.mark.parametrize("group", [SO3(), SE2(), SE3()], ids=str)
def test_padding_is_carried_and_counts_for_nothing(group):
    action = SetAction(group, group.rep("1x0 + 1x1"))
    z, g = masked(action), group.sample(5, dtype=torch.float64)
    g, h = g, g.roll(1, 0)
    moved = action(g, z)
    assert torch.equal(moved["mask"], z["mask"])
    assert torch.equal(moved["points"][~z["mask"]], z["points"][~z["mask"]])
    assert torch.equal(moved["features"][~z["mask"]], z["features"][~z["mask"]])
    both, one_by_one = action(group.compose(h, g), z), action(h, moved)
    torch.testing.assert_close(both["points"], one_by_one["points"])
    assert action.orbit(z, g[:2])["mask"].shape == (5, 2, 6)

    spoilt = {name: part.clone() for name, part in moved.items()}
    spoilt["points"][~z["mask"]] = torch.nan
    assert group.distance(action.align(z, spoilt), g).max() < 1e-12
    assert action.distance(z, spoilt).max() < 1e-12


def test_an_empty_set_aligns_by_any_element():
    action = SetAction(SE3())
    z = {"points": torch.randn(2, 6, 3), "mask": torch.zeros(2, 6, dtype=torch.bool)}
    assert action.align(z, z).isfinite().all()
    assert action.distance(z, z).tolist() == [0, 0]


def test_swap_keeps_features_and_takes_points():
    action = SetAction(SO3(), SO3().rep("1x0 + 1x1"))
    z, w = masked(action), masked(action)
    w = {name: part.roll(1, 0) for name, part in w.items()}
    mixed = action.swap(z, w)
    assert torch.equal(mixed["points"], w["points"])
    assert torch.equal(mixed["features"][..., :1], z["features"][..., :1])
    assert torch.equal(mixed["features"][..., 1:], w["features"][..., 1:])
    assert torch.equal(mixed["mask"], z["mask"])
    assert set(action.invariants(z)) == {"points", "features", "mask"}
    assert action.invariants(z)["points"].shape == (5, 6, 0)


def test_a_coordinate_may_be_invariant():
    """SO(2) about a vertical axis does not change heights."""
    action = SetAction(SO2().rep("1x1 + 1x0"))
    z = action.random_latent(3)
    assert torch.equal(action.invariants(z)["points"], z["points"][..., 2:])


# --- poses ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("group", [SO2(), Cyclic(5), SO2() * Cyclic(3)], ids=str)
def test_poses_compose_and_any_reaches_any(group):
    """Distances are those of the group: angles wrap, indices are integers."""
    action = LeftMultiplication(group)
    generator = torch.Generator().manual_seed(0)
    g, h, z, w = (group.sample(9, generator=generator, dtype=torch.float64) for _ in range(4))
    apart = group.distance(action(group.compose(g, h), z), action(g, action(h, z)))
    assert (apart < 1e-12).all()
    assert (group.distance(action(action.align(z, w), z), w) < 1e-12).all()
    assert (action.distance(z, w) < 1e-12).all()
    assert action.orbit(z, g[:4]).shape == (9, 4, *group.element_shape)
    assert action.invariants(z).shape == (9, 0)


def test_a_canonicalising_code_is_aligned_by_its_pose():
    action = PartsAction(
        {"pose": LeftMultiplication(SO3()), "code": VectorAction(SO3().rep("4x0"))}
    )
    g, pose, code = SO3().sample(5), SO3().sample(5), torch.randn(5, 4)
    z = {"pose": pose, "code": code}
    found = action.align(z, action(g, z))
    torch.testing.assert_close(found, g, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: TokenAction("1x1"), TypeError, "expected a representation, such as"),
        (
            lambda: TokenAction(SO2().rep("1x1"), tokens=SO3().rep("1x1")),
            ValueError,
            r"a representation of SO\(2\) on the tokens, got one of SO\(3\)",
        ),
        (
            lambda: TokenAction(SO2().rep("1x1"))(torch.tensor(0.0), torch.zeros(2)),
            ValueError,
            r"z of shape \(\*batch, T, 2\), got \(2,\)",
        ),
        (
            lambda: TokenAction(SO2().rep("1x1"), tokens=SO2().rep("3x0"))(
                torch.tensor(0.0), torch.zeros(4, 2)
            ),
            ValueError,
            r"got \(4, 2\); the encoder must make 3 tokens",
        ),
        (lambda: SetAction("so3"), TypeError, "a group or a representation of points, got str"),
        (lambda: SetAction(SO3(), "1x0"), TypeError, "a representation on features, got str"),
        (
            lambda: SetAction(SO3(), SO2().rep("1x1")),
            ValueError,
            r"features of SO\(3\) like the points, got features of SO\(2\)",
        ),
        (
            lambda: SetAction(SO2())(torch.tensor(0.0), torch.zeros(4, 2)),
            ValueError,
            "a dict with points, and perhaps mask, got Tensor",
        ),
        (
            lambda: SetAction(SO2(), SO2().rep("1x1"))(
                torch.tensor(0.0), {"points": torch.zeros(4, 2)}
            ),
            ValueError,
            r"a dict with points and features, and perhaps mask, got \['points'\]",
        ),
        (
            lambda: SetAction(SO2())(torch.tensor(0.0), {"points": torch.zeros(4, 3)}),
            ValueError,
            r"got \(4, 3\); points have 2 coordinates",
        ),
        (
            lambda: SetAction(SO2())(torch.tensor(0.0), {"points": torch.zeros(2)}),
            ValueError,
            r"points of shape \(\*batch, N, 2\), got \(2,\)",
        ),
        (
            lambda: SetAction(SO2())(
                torch.tensor(0.0), {"points": torch.zeros(4, 2), "mask": torch.ones(4)}
            ),
            ValueError,
            r"a bool mask of shape \(4,\), got torch.float32",
        ),
        (
            lambda: SetAction(SO2(), SO2().rep("1x0"))(
                torch.tensor(0.0), {"points": torch.zeros(4, 2), "features": torch.zeros(3, 1)}
            ),
            ValueError,
            r"features of shape \(4, 1\), one for each point, got \(3, 1\)",
        ),
        (lambda: LeftMultiplication("so3"), TypeError, "expected a group, got 'so3'"),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()
