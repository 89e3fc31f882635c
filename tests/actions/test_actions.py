"""Every latent action keeps the laws of a left action."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from groupae import (
    SO2,
    SO3,
    Affine,
    AffineAction,
    ChannelAction,
    Cyclic,
    PartsAction,
    VectorAction,
    actions,
)
from groupae.actions import LatentAction, LeftMultiplication
from groupae.testing import check_action
from groupae.testing.mixins import ActionLaws
from tests.strategies import element_pairs, groups, representations


class TestVector(ActionLaws):
    def make(self):
        return VectorAction(SO2().rep("8x0 + 6x1 + 4x2 + 2x3"))


class TestChannels(ActionLaws):
    def make(self):
        return ChannelAction(SO3().rep("4x0 + 2x1 + 1x3"))


class TestVolumeChannels(ActionLaws):
    def make(self):
        return ChannelAction(Cyclic(4).rep("2x0 + 1x1 + 1x2"), spatial_dims=3)


class TestAffine(ActionLaws):
    def make(self):
        return AffineAction(varying=5, invariant=3)


class TestAffineOnChannels(ActionLaws):
    def make(self):
        return AffineAction(varying=4, axis=-3)


class TestAffineInHomogeneousCoordinates(ActionLaws):
    def make(self):
        return VectorAction(Affine().rep("3x0 + 5xstd"))


class TestParts(ActionLaws):
    def make(self):
        pose = VectorAction(SO3().rep("2x0 + 3x1"))
        return PartsAction({"pose": pose, "map": ChannelAction(SO3().rep("2x2")), "skip": None})


class TestOtherBasis(ActionLaws):
    def make(self):
        basis = torch.linalg.qr(torch.randn(9, 9, dtype=torch.float64))[0]
        return VectorAction(SO3().rep("1x0 + 1x1 + 1x2").change_basis(basis))


class TestTensorProduct(ActionLaws):
    def make(self):
        rho = SO2().rep("1x0 + 1x1")
        return VectorAction((rho * rho).decompose())


class TestProduct(ActionLaws):
    def make(self):
        return VectorAction((SO2() * Cyclic(8)).rep("2x(0,0) + 3x(1,0) + 2x(2,3)"))


@given(st.data())
def test_composition(data):
    group = data.draw(groups())
    action = VectorAction(data.draw(representations(group)))
    g, h = data.draw(element_pairs(group))
    z = action.random_latent(3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    g, h = g.expand(3, *group.element_shape), h.expand(3, *group.element_shape)
    both, one_by_one = action(group.compose(g, h), z), action(g, action(h, z))
    torch.testing.assert_close(both, one_by_one, rtol=1e-10, atol=1e-10)


def test_the_paper_action_is_copies_of_the_plane_turned():
    """Reshape z to k x n and multiply by the rotation matrix (paper, section on SO(k))."""
    action = VectorAction(SO2().rep("8x0 + 8x1"))
    z, g = torch.randn(5, 24, dtype=torch.float64), SO2().sample(5, dtype=torch.float64)
    turned = SO2().convert(g, "angle", "matrix") @ z[:, 8:].reshape(5, 2, 8)
    torch.testing.assert_close(action(g, z), torch.cat([z[:, :8], turned.flatten(1)], 1))


def test_both_affine_actions_agree():
    """z -> a z + b is the representation in homogeneous coordinates, at height 1."""
    g, z = Affine().sample(6, dtype=torch.float64), torch.randn(6, 4, dtype=torch.float64)
    direct = AffineAction(varying=4)(g, z)
    lifted = torch.cat([z, torch.ones_like(z)], 1)
    linear = VectorAction(Affine().rep("4xstd"))(g, lifted)
    torch.testing.assert_close(linear, torch.cat([direct, torch.ones_like(z)], 1))


def test_channels_are_acted_on_at_every_pixel_alike():
    rho = SO2().rep("1x0 + 2x1")
    z, g = torch.randn(3, 5, 4, 4), SO2().sample(3)
    moved = ChannelAction(rho)(g, z)
    torch.testing.assert_close(moved[:, :, 1, 2], VectorAction(rho)(g, z[:, :, 1, 2]))


def test_an_orbit_is_one_code_under_many_elements():
    action = VectorAction(SO2().rep("1x0 + 2x3"))
    z, gs = torch.randn(4, 5), SO2().grid(12).float()
    orbit = action.orbit(z, gs)
    assert orbit.shape == (4, 12, 5)
    torch.testing.assert_close(orbit[:, 7], action(gs[7], z))


def test_swap_takes_invariants_of_one_and_pose_of_the_other():
    action = VectorAction(SO2().rep("2x0 + 1x1"))
    z, w = torch.zeros(1, 4), torch.ones(1, 4)
    assert action.swap(z, w).tolist() == [[0, 0, 1, 1]]


def test_invariants_in_another_basis_are_no_single_entries():
    """The plane's diagonal stays where an anti-diagonal is flipped."""
    basis = torch.tensor([[1.0, 1.0], [1.0, -1.0]], dtype=torch.float64) / 2**0.5
    action = VectorAction(Cyclic(2).rep("1x0 + 1x1").change_basis(basis))
    z = torch.tensor([[3.0, 1.0]])
    torch.testing.assert_close(action(torch.tensor([1]), z), z.flip(-1))
    torch.testing.assert_close(action.invariants(z), torch.tensor([[4 / 2**0.5]]))
    torch.testing.assert_close(action.swap(z, torch.zeros(1, 2)), torch.tensor([[2.0, 2.0]]))


def test_describe_is_a_table():
    text = str(VectorAction(SO2().rep("8x0 + 6x1")).describe())
    assert text.splitlines()[0] == "VectorAction(SO(2), 8x0 + 6x1)"
    assert text.splitlines()[1].split() == ["latent", "irrep", "copies", "invariant"]
    assert text.splitlines()[3].split() == ["[0:8]", "0", "8", "yes"]
    assert text.splitlines()[4].split() == ["[8:20]", "1", "6", "no"]
    parts = PartsAction({"pose": VectorAction(SO2().rep("1x1")), "skip": None}).describe()
    assert "carried" in str(parts)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: VectorAction(SO3().rep("8x0 + 4x1"))(SO3().sample(64), torch.zeros(64, 24)),
            ValueError,
            r"^VectorAction\(SO\(3\), 8x0 \+ 4x1\): expected z of shape \(\*batch, 20\), "
            r"got \(64, 24\); the encoder must end in 20 features$",
        ),
        (
            lambda: ChannelAction(SO2().rep("4x0"))(SO2().sample(2), torch.zeros(2, 5, 3, 3)),
            ValueError,
            r"z of shape \(\*batch, 4, _, _\), got \(2, 5, 3, 3\); .* 4 channels",
        ),
        (lambda: VectorAction("8x0"), TypeError, "expected a representation, such as"),
        (lambda: AffineAction(varying=0), ValueError, "varying >= 1"),
        (lambda: AffineAction(varying=2, axis=1), ValueError, "a negative axis"),
        (lambda: PartsAction({"skip": None}), ValueError, "got no action at all"),
        (
            lambda: PartsAction({"pose": VectorAction(SO2().rep("1x1"))})(
                torch.zeros(2), {"other": torch.zeros(2, 2)}
            ),
            ValueError,
            "a dict with the parts pose, got",
        ),
        (
            lambda: VectorAction(SO2().rep("1x1"))(torch.zeros(2), {"z": torch.zeros(2, 2)}),
            TypeError,
            "expected z to be a tensor, got dict",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


@pytest.mark.parametrize("group", [SO2(), SO3(), Cyclic(5), Affine()], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_pose_keeps_the_laws_of_any_group(group, dtype):
    check_action(LeftMultiplication(group), dtype=dtype).raise_if_failed()


def test_an_action_stands_in_the_file_of_its_name():
    kinds = [kind for kind in map(actions.__dict__.get, actions.__all__) if isinstance(kind, type)]
    names = {
        kind.__name__: kind.__module__.rpartition(".")[2]
        for kind in kinds
        if issubclass(kind, LatentAction) and kind is not LatentAction
    }
    assert names.pop("LeftMultiplication") == "left_multiplication"
    assert len(names) == 10
    assert all(file == name.removesuffix("Action").lower() for name, file in names.items())
