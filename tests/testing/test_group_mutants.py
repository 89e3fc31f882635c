"""A broken group is rejected, by the law one would name."""

import dataclasses
import math

import pytest
import torch

from groupae import SO2, SO3, Affine, Cyclic
from groupae.groups import O2, O3, Dihedral
from groupae.testing import LawViolationError, assert_laws, check_group


class InverseForgotten(Cyclic):
    def inverse(self, g):
        return g


class NotAssociative(SO2):
    def compose(self, g, h):
        return super().compose(g, 2 * h)


class LossyProduct(SO3):
    def compose(self, g, h):
        return super().compose(g, h).half().to(g.dtype)


class LossyProductPassedOffAsExact(LossyProduct):
    def project(self, x):
        return x


class IdentityElsewhere(SO2):
    def identity(self, *batch, dtype=None, device=None):
        return super().identity(*batch, dtype=dtype, device=device) + 1e-4


class IdentityInDouble(SO2):
    def identity(self, *batch, dtype=None, device=None):
        return torch.zeros(batch, dtype=torch.float64, device=device)


class IdentityWithoutBatch(SO3):
    def identity(self, *batch, dtype=None, device=None):
        return super().identity(dtype=dtype, device=device)


class ProductOfFirstOnly(SO2):
    """Right for equal batches, wrong where batch axes broadcast."""

    def compose(self, g, h):
        same = g.shape == h.shape
        return super().compose(g, h) if same else super().compose(g, h.flatten()[:1])


class NegativeDistance(SO2):
    def distance(self, g, h):
        return -super().distance(g, h)


class LopsidedDistance(SO2):
    def distance(self, g, h):
        return super().distance(g, h) * torch.where(g > h, 2, 1)


class DistanceAlwaysZero(SO2):
    def distance(self, g, h):
        return 0 * super().distance(g, h)


class PeriodOff(SO2):
    def representatives(self, g):
        return g + 6.28


class DegreesForRadians(SO2):
    def _to_native(self, x, chart):
        return x if chart == "angle_deg" else super()._to_native(x, chart)


class SaysAbelian(SO3):
    is_abelian = True


class SaysNotAbelian(SO2):
    is_abelian = False


class DihedralSaysNotAbelian(Dihedral):
    is_abelian = False


class ExpBends(SO2):
    def exp(self, v):
        return super().exp(v * v.abs())


class ExpBendsWithoutLog(O2):
    def exp(self, v):
        return super().exp(v * v.abs())


class ExpTwiceAsFast(SO3):
    def exp(self, v):
        return super().exp(2 * v)


class ExpStandsStill(O3):
    def exp(self, v):
        return super().exp(0 * v)


class LogOnlyFarOff(SO3):
    """NaN at and near the identity, as acos without a branch."""

    has_global_log = False

    def log(self, g):
        v = super().log(g)
        return torch.where(v.norm(dim=-1, keepdim=True) < 1e-2, math.nan, v)


class LogWithHoles(SO3):
    """Claims to be global, but is not finite at pi."""

    def log(self, g):
        v = super().log(g)
        return torch.where(v.norm(dim=-1, keepdim=True) > 3.1, math.nan, v)


class LogOfSomeOnly(SO3):
    """Finds none for one rotation in fifty, and says that there is none."""

    has_global_log = False

    def log(self, g):
        v = super().log(g)
        return torch.where((v[..., :1] > 2.4) & (v.norm(dim=-1, keepdim=True) < 3), math.nan, v)


class LogOffFarAway(SO3):
    """The wrong one for one rotation in fifty."""

    def log(self, g):
        v = super().log(g)
        return torch.where((v[..., :1] > 2.4) & (v.norm(dim=-1, keepdim=True) < 3), -v, v)


class LogWithNanGradient(SO3):
    def log(self, g):
        distance = (g - torch.eye(3, dtype=g.dtype)).square().sum((-2, -1)).sqrt()
        return super().log(g) + 0 * distance[..., None]


class InterpolatesBackward(Affine):
    def interpolate(self, g, h, t):
        return super().interpolate(h, g, t)


class SampleStandsStill(SO3):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        super().sample(*batch, generator=generator, dtype=dtype, device=device)
        return self.identity(*batch, dtype=dtype, device=device)


class SampleOnOneAxis(SO3):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        angle = SO2().sample(*batch, generator=generator, dtype=dtype, device=device)
        return self.exp(angle[..., None] * torch.tensor([0, 0, 1.0], dtype=angle.dtype))


class SampleInOneComponent(O3):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        return SO3().sample(*batch, generator=generator, dtype=dtype, device=device)


class SampleMostlyNear(SO2):
    """Normal angles, not uniform ones."""

    def sample(self, *batch, generator=None, dtype=None, device=None):
        return torch.randn(batch, generator=generator, dtype=dtype or torch.float32)


class SampleIgnoresTheGenerator(SO2):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        return super().sample(*batch, dtype=dtype, device=device)


class SampleIgnoresTheSeed(SO2):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        generator = torch.Generator().manual_seed(0)
        return super().sample(*batch, generator=generator, dtype=dtype, device=device)


class SampleOfEvenOnes(Cyclic):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        return 2 * torch.randint(self.n // 2, batch, generator=generator)


class SampleLoaded(Cyclic):
    """Like a die that shows 0 twice as often."""

    def sample(self, *batch, generator=None, dtype=None, device=None):
        return torch.randint(self.n + 1, batch, generator=generator) % self.n


class SampleOfScalesOnly(Affine):
    def sample(self, *batch, generator=None, dtype=None, device=None):
        g = super().sample(*batch, generator=generator, dtype=dtype, device=device)
        return g * torch.tensor([1.0, 0.0], dtype=g.dtype)


class GridRepeats(SO2):
    def grid(self, n):
        return 2 * super().grid(n)


class GridEndsTwice(SO2):
    """From 0 to 2 pi, both ends included."""

    def grid(self, n):
        return torch.linspace(0, 2 * math.pi, n, dtype=torch.float64)


class GridOfSquares(SO3):
    """As many elements as are convenient, not as were asked for."""

    def grid(self, n):
        return super().grid(math.isqrt(n) ** 2)


class GridInSingle(SO3):
    def grid(self, n):
        return super().grid(n).float()


class GridIgnoresTheDtype(SO3):
    def grid(self, n, *, dtype=None, device=None):
        return super().grid(n, device=device)


class GridIgnoresTheDevice(SO2):
    def grid(self, n, *, dtype=None, device=None):
        return super().grid(n, dtype=dtype)


class ElementsIgnoreTheDevice(Cyclic):
    def elements(self, *, dtype=None, device=None):
        return super().elements(dtype=dtype)


class GridWithoutOptions(SO2):
    """As groups were written before grids were cast."""

    def grid(self, n):
        return super().grid(n)


class ElementsWithoutOptions(Cyclic):
    def elements(self):
        return super().elements()


class ElementsTwice(Cyclic):
    def elements(self):
        return torch.arange(self.n) // 2 * 2


class ElementsMissing(Cyclic):
    def elements(self):
        return torch.arange(self.n - 1)


class IndexReversed(Cyclic):
    def index(self, g):
        return self.n - 1 - g


@dataclasses.dataclass(frozen=True)
class IrrepMissing(Cyclic):
    @property
    def irreps(self):
        class Fewer(type(super().irreps)):
            def labels(self, cutoff=None):
                return super().labels(cutoff)[:-1]

        return Fewer(self.n)


@dataclasses.dataclass(frozen=True)
class IrrepReducible(Cyclic):
    """Counts the planes of a cyclic group as of real type."""

    @property
    def irreps(self):
        class Real(type(super().irreps)):
            def commutant_dim(self, label):
                return 1

        return Real(self.n)


class NotData(SO2):
    def __eq__(self, other):
        return self is other

    __hash__ = object.__hash__


MUTANTS = [
    (InverseForgotten(5), "inverse"),
    (NotAssociative(), "associativity"),
    (LossyProduct(), "closure"),
    (LossyProductPassedOffAsExact(), "associativity"),
    (IdentityElsewhere(), "identity"),
    (IdentityInDouble(), "dtype"),
    (IdentityWithoutBatch(), "batching"),
    (ProductOfFirstOnly(), "batching"),
    (NegativeDistance(), "distance"),
    (LopsidedDistance(), "distance"),
    (DistanceAlwaysZero(), "distance"),
    (PeriodOff(), "well_defined"),
    (DegreesForRadians(), "chart angle_deg"),
    (SaysAbelian(), "commutativity"),
    (SaysNotAbelian(), "commutativity"),
    (DihedralSaysNotAbelian(2), "commutativity"),
    (ExpBends(), "one_parameter"),
    (ExpBendsWithoutLog(), "one_parameter"),
    (ExpTwiceAsFast(), "exp_log"),
    (ExpStandsStill(), "one_parameter"),
    (LogOnlyFarOff(), "exp_log"),
    (LogWithHoles(), "exp_log"),
    (LogWithHoles(), "global_log"),
    (LogOfSomeOnly(), "exp_log"),
    (LogOffFarAway(), "exp_log"),
    (LogWithNanGradient(), "gradient"),
    (InterpolatesBackward(), "interpolation"),
    (SampleStandsStill(), "sampling"),
    (SampleOnOneAxis(), "sampling"),
    (SampleInOneComponent(), "sampling"),
    (SampleMostlyNear(), "sampling"),
    (SampleIgnoresTheGenerator(), "sampling"),
    (SampleIgnoresTheSeed(), "sampling"),
    (SampleOfEvenOnes(8), "sampling"),
    (SampleLoaded(3), "sampling"),
    (SampleOfScalesOnly(), "sampling"),
    (GridRepeats(), "grid"),
    (GridEndsTwice(), "grid"),
    (GridOfSquares(), "grid"),
    (GridInSingle(), "dtype"),
    (GridIgnoresTheDevice(), "device"),
    (ElementsIgnoreTheDevice(6), "device"),
    (ElementsTwice(6), "elements"),
    (ElementsMissing(6), "elements"),
    (IndexReversed(6), "elements"),
    (IrrepMissing(6), "irreps"),
    (IrrepReducible(6), "irreps"),
    (NotData(), "data"),
]


@pytest.mark.parametrize(("group", "law"), MUTANTS, ids=[type(g).__name__ for g, _ in MUTANTS])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_a_mutant_is_rejected_by_the_law_one_would_name(group, law, dtype):
    report = check_group(group, dtype=dtype)
    if isinstance(group, IdentityInDouble) and dtype == torch.float64:
        assert report.passed  # nothing is wrong there
        return
    assert law in report.failures
    assert report[law].in_tolerances > 1
    with pytest.raises(LawViolationError, match=law):
        report.raise_if_failed()


def test_what_is_wrong_is_said():
    assert "1024 samples reach 4 of 8 elements" in str(check_group(SampleOfEvenOnes(8)))
    assert "is_abelian is False, but all samples commute" in str(check_group(SaysNotAbelian()))
    assert "grid(5) has shape (4, 3, 3)" in str(check_group(GridOfSquares()))
    assert "sum of dim^2 / commutant_dim is 5, the order 6" in str(check_group(IrrepMissing(6)))


def test_a_grid_in_another_dtype_than_asked_for_is_rejected():
    assert check_group(GridIgnoresTheDtype()).passed  # float64 is what it gives
    report = check_group(GridIgnoresTheDtype(), dtype=torch.float32)
    assert report.failures == ("dtype",)
    assert report["dtype"].note == "grid in torch.float32 has dtype torch.float64"


@pytest.mark.parametrize("group", [GridWithoutOptions(), ElementsWithoutOptions(6)], ids=str)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_grids_and_elements_need_not_take_a_dtype_and_a_device(group, dtype):
    assert_laws(group, dtype=dtype)
    product = group * SO2() if group.order is None else group * Cyclic(2)
    assert product.grid(4, dtype=dtype, device="cpu").shape == (4, 2)


def test_given_elements_leave_sampling_and_grid_unjudged():
    report = check_group(SampleStandsStill(), elements=SO3().sample(5, dtype=torch.float64))
    assert report.passed
    assert "sampling" not in [result.law for result in report.results]
