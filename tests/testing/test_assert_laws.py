"""`assert_laws` raises for a broken subject of every kind, and says which laws do not hold."""

import pytest
import torch

from groupae import SO2, SO3, VectorAction
from groupae.groups.maps.homomorphisms import IdentityMap
from groupae.representations import IrrepSum
from groupae.testing import LawViolationError, assert_laws


class HalfTurnOff(SO2):
    def inverse(self, g):
        return torch.pi - g


class Doubled(IrrepSum):
    def character(self, g, dtype=None):
        return 2 * super().character(g, dtype)


class Backward(IdentityMap):
    def _map(self, g):
        return self.target.inverse(g)


class JumpsBelowZero(VectorAction):
    def forward(self, g, z):
        return super().forward(g, z) + (z[..., :1] < 0)


SMALL = SO2().rep("1x0 + 1x1")
SOUND = (SO2(), SO3().rep("1x0 + 2x1"), IdentityMap(SO3(), SO3()), VectorAction(SMALL))
BROKEN = (
    (HalfTurnOff(), "inverse"),
    (Doubled(SO2(), SMALL.terms), "character"),
    (Backward(SO3(), SO3()), "products"),
    (JumpsBelowZero(SMALL), "identity"),
)


@pytest.mark.parametrize("subject", SOUND, ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_sound_subject_raises_nothing(subject, dtype):
    assert assert_laws(subject, dtype=dtype) is None


@pytest.mark.parametrize(("subject", "law"), BROKEN, ids=[law for _, law in BROKEN])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_broken_subject_raises_the_laws_that_do_not_hold(subject, law, dtype):
    with pytest.raises(LawViolationError) as caught:
        assert_laws(subject, dtype=dtype)
    first, title, *rows = str(caught.value).splitlines()
    assert law in first.removesuffix(" failed").split(", ")
    assert title.endswith(str(dtype).removeprefix("torch."))
    assert any(row.split()[0] == law for row in rows)
    assert not any(row.endswith("ok") or "left out" in row for row in rows)


def test_what_is_raised_is_an_assertion():
    with pytest.raises(AssertionError, match=r"inverse .*FAILED\n    at "):
        assert_laws(HalfTurnOff())


def test_options_reach_the_check():
    turns = SO2().grid(7)
    with pytest.raises(LawViolationError, match="inverse"):
        assert_laws(HalfTurnOff(), elements=turns)
    with pytest.raises(LawViolationError, match="identity"):
        assert_laws(JumpsBelowZero(SMALL), elements=turns)
    codes = torch.rand(21, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    codes[:, 0] += 2  # so that no combination in a law is below zero
    assert_laws(JumpsBelowZero(SMALL), elements=turns, latent=codes)


def test_what_has_no_laws_is_refused():
    with pytest.raises(TypeError, match="assert_laws: expected a Group, Representation, Homo"):
        assert_laws("so2")
    with pytest.raises(TypeError, match="expected latent only with a LatentAction, got SO2"):
        assert_laws(SO2(), latent=torch.zeros(3))
