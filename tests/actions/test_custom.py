"""Actions by a user's function, whose laws are checked in the constructor."""

import pickle

import pytest
import torch

from groupae import SO2, SO3, Affine, LatentAction
from groupae.testing.mixins import ActionLaws


def stretch(g, z):
    """Scale and shift a row of numbers, in a curved coordinate."""
    return (g[..., :1] * z.sinh() + g[..., 1:]).asinh()


def turn_first_two(g, z):
    turned = SO2().rep("1x1").act(g, z[..., :2])
    return torch.cat([turned, z[..., 2:]], -1)


def double_turn(g, z):
    return SO2().rep("1x1").act(2 * g + 1, z)


def turn_backwards(g, z):
    return SO3().standard().act(g.mT, z)


def shorten(g, z):
    return z[..., :-1] + 0 * g[..., None]


class Learned(torch.nn.Module):
    """A frequency-1 action seen through a learned orthogonal basis."""

    def __init__(self):
        super().__init__()
        self.angle = torch.nn.Parameter(torch.tensor(0.4))

    def forward(self, g, z):
        rho = SO2().rep("1x1")
        angle = self.angle.to(g.dtype)
        return rho.act(angle, rho.act(g, rho.act(-angle, z)))


class TestCurved(ActionLaws):
    def make(self):
        return LatentAction.from_callable(Affine(), stretch, (3,))


class TestLinear(ActionLaws):
    def make(self):
        mask = torch.tensor([False, False, True, True])
        return LatentAction.from_callable(
            SO2(), turn_first_two, (4,), is_linear=True, invariant=mask
        )


def test_invariants_follow_the_mask():
    action = TestLinear().make()
    z, w = torch.zeros(2, 4), torch.ones(2, 4)
    assert action.swap(z, w).tolist() == [[1, 1, 0, 0]] * 2
    assert action.invariants(w).shape == action.varying(w).shape == (2, 2)
    assert "[4] marked" in str(action.describe())


def test_elements_and_codes_reach_the_function_in_one_batch():
    action = LatentAction.from_callable(Affine(), stretch, (3,))
    z, g = torch.randn(4, 1, 3), Affine().sample(4, 5)
    assert action(g, z).shape == (4, 5, 3)
    assert action(g[0, 0], z).shape == (4, 1, 3)
    assert action.orbit(z[:, 0], g[0]).shape == (4, 5, 3)


def test_numbers_may_be_codes():
    action = LatentAction.from_callable(SO2(), scalar, (), is_linear=True)
    assert action(torch.zeros(3), torch.ones(3)).tolist() == [1, 1, 1]


def scalar(g, z):
    return z + 0 * g


def test_it_pickles_and_aligns():
    action = pickle.loads(pickle.dumps(LatentAction.from_callable(Affine(), stretch, (5,))))
    z, g = torch.randn(4, 5, dtype=torch.float64), Affine().sample(4, dtype=torch.float64)
    torch.testing.assert_close(action.align(z, action(g, z)), g)


def test_a_module_brings_its_parameters():
    action = LatentAction.from_callable(SO2(), Learned(), (2,), is_linear=True)
    assert len(list(action.parameters())) == 1
    action(torch.tensor(0.3), torch.randn(2)).sum().backward()
    assert "Learned" in repr(action)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: LatentAction.from_callable(SO2(), double_turn, (2,)),
            ValueError,
            r"double_turn, \(2,\)\): expected act\(e, z\) = z, got a difference of",
        ),
        (
            lambda: LatentAction.from_callable(SO3(), turn_backwards, (3,)),
            ValueError,
            r"expected act\(gh, z\) = act\(g, act\(h, z\)\), got a difference of .* at .* and .*",
        ),
        (
            lambda: LatentAction.from_callable(SO2(), shorten, (3,)),
            ValueError,
            r"the function to return shape \(\d+, 3\), got \(\d+, 2\)",
        ),
        (
            lambda: LatentAction.from_callable(Affine(), stretch, (3,), is_linear=True),
            ValueError,
            r"expected act\(g, 2 z - w\) = 2 act\(g, z\) - act\(g, w\), got a difference",
        ),
        (
            lambda: LatentAction.from_callable(
                SO2(), turn_first_two, (3,), invariant=torch.tensor([True, False, True])
            ),
            ValueError,
            "the entries marked invariant to stay as they are",
        ),
        (
            lambda: LatentAction.from_callable(
                SO2(), turn_first_two, (3,), invariant=torch.tensor([True])
            ),
            ValueError,
            r"a mask of shape \(3,\), got \(1,\) of torch.bool",
        ),
        (
            lambda: LatentAction.from_callable("so2", stretch, (3,)),
            TypeError,
            "expected a group, got 'so2'",
        ),
        (
            lambda: LatentAction.from_callable(Affine(), stretch, (3,))(
                Affine().identity(), torch.zeros(4)
            ),
            ValueError,
            r"z of shape \(\*batch, 3\), got \(4,\)",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()
