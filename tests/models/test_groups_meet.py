"""Objects of different groups are refused wherever they meet, with one sentence."""

import pytest
import torch
from torch import nn

from groupae import (
    O2,
    SO2,
    SO3,
    Affine,
    Cyclic,
    Dihedral,
    GridAction,
    LatentActionAE,
    OrbitPairs,
    PartsAction,
    Scaling,
    SetAction,
    TokenAction,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
)
from groupae.data import RecordedPairs, rotate
from groupae.experiments.baselines import MAGANet, OrbitAveragedEncoder, SceneTransformer, Winter
from groupae.experiments.baselines.conditional import Conditional
from groupae.experiments.baselines.references import DataAction
from groupae.groups.matching import check_same_group
from groupae.interop.e3nn import E3nnSO3
from groupae.metrics import swap_scores
from groupae.objectives import CrossPrediction, CrossReconstruction
from groupae.protocols import PairBatch, Recombinations
from groupae.theory import fixed_vectors, realise_canonicalisation
from groupae.viz import plot_pairs

X = torch.rand(6, 8, generator=torch.Generator().manual_seed(0))


def model(group):
    rho = group.rep(group.standard_text)
    return LatentActionAE(nn.Linear(8, rho.dim), nn.Linear(rho.dim, 8), VectorAction(rho))


def data(group):
    return OrbitPairs(X, group, lambda g, x: x)


MISMATCHES = [  # model, data; elements of all of these have one shape and kind of dtype, or not
    (Cyclic(4), Cyclic(8)),
    (Cyclic(8), Cyclic(4)),
    (SO2(), Scaling()),
    (Scaling(), SO2()),
    (SO2(), Cyclic(4)),
    (Cyclic(4), SO2()),
    (Dihedral(2), Cyclic(4)),
    (Cyclic(6), Dihedral(3)),
    (SO3(), SO2()),
    (SO2(), O2()),
    (Cyclic(2) * Cyclic(3), Cyclic(3) * Cyclic(2)),
    (SO2() * SO2(), Affine()),
]
IDS = [f"{a} and {b}" for a, b in MISMATCHES]
CONFIG = TrainingConfig(steps=1, batch_size=2)


@pytest.mark.parametrize(("mine", "theirs"), MISMATCHES, ids=IDS)
def test_data_of_another_group_reach_no_model(mine, theirs):
    ae, pairs = model(mine), data(theirs).fixed()
    calls = {
        "fit: expected training pairs": lambda: fit(ae, data(theirs), data(mine).fixed(), CONFIG),
        "fit: expected (validation )?pairs": lambda: fit(ae, data(mine), pairs, CONFIG),
        "evaluate: expected pairs": lambda: evaluate(ae, pairs),
        r"LatentActionAE\.loss: expected pairs": lambda: ae.loss(pairs[:3]),
        "CrossReconstruction: expected pairs": lambda: CrossReconstruction()(ae, pairs),
        "CrossPrediction: expected pairs": lambda: CrossPrediction()(ae, pairs),
        "plot_pairs: expected pairs": lambda: plot_pairs(pairs, mine),
        "swap_scores: expected data": lambda: swap_scores(
            ae, Recombinations("x", X, X, X, group=theirs)
        ),
    }
    for words, call in calls.items():
        with pytest.raises(ValueError, match=words) as caught:
            call()
        assert f" of {theirs}; " in str(caught.value)
        assert f" of {mine}, got " in str(caught.value)


@pytest.mark.parametrize(
    "group", sorted({g for pair in MISMATCHES for g in pair}, key=str), ids=str
)
def test_data_of_the_same_group_do(group):
    ae, pairs = model(group), data(group).fixed()
    ae.loss(pairs)
    evaluate(ae, pairs)
    bare = PairBatch(pairs.x1, pairs.g, pairs.x2)  # knows no group: it is let through
    assert bare.group is None
    ae.loss(bare)


def test_a_batch_keeps_its_group():
    pairs = data(Cyclic(8)).fixed()
    index = torch.tensor([3, 1])
    for batch in (pairs, pairs[:2], pairs[index], pairs.to("cpu"), pairs.detach()):
        assert batch.group == Cyclic(8)
    assert all(batch.group == Cyclic(8) for batch in pairs.chunks(2))
    assert data(SO2()).trajectories(0, 2, 3).group == SO2()
    assert data(SO2()).batch(0, 2).group == SO2()
    with pytest.raises(TypeError, match="group to be a group, such as SO2"):
        PairBatch(X, torch.zeros(6), X, group=SO2)


def test_other_sources_know_their_group():
    pictures = torch.zeros(2, 4, 1, 2, 2, dtype=torch.uint8).numpy()
    recorded = RecordedPairs(pictures, torch.arange(4), Cyclic(4))
    with pytest.raises(ValueError, match=r"pairs of C\(8\), got pairs of C\(4\)"):
        evaluate(model(Cyclic(8)), recorded)

    class Bare:
        """A source of a user's own, whose batches know their group where it does not."""

        def batch(self, step, size):
            return data(Cyclic(8)).batch(step, size)

    with pytest.raises(ValueError, match=r"training step 0: expected pairs of C\(4\)"):
        fit(model(Cyclic(4)), Bare(), data(Cyclic(4)).fixed(), CONFIG)

    class NoGroup(nn.Module):
        """A model of a user's own that knows no group: data are compared with data."""

        def loss(self, batch):
            return {}

        def transform(self, g, x):
            return x

    ae = NoGroup()
    ae.weight = nn.Parameter(torch.zeros(()))
    with pytest.raises(ValueError, match=r"validation pairs of C\(8\), got .* of C\(4\)"):
        fit(ae, data(Cyclic(8)), data(Cyclic(4)).fixed(), CONFIG)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (SO3(), E3nnSO3()),
        (SO3() * SO2(), E3nnSO3() * SO2()),
        (SO2(), SO2()),
    ],
)
def test_how_a_group_is_computed_makes_it_no_other(one, other):
    check_same_group("x", "pairs", one, other)
    check_same_group("x", "pairs", other, one)


@pytest.mark.parametrize(
    ("mine", "theirs", "remedy"),
    [
        (SO2(), Cyclic(4), r"the inclusion SO(2).subgroup('c(4)') carries elements over"),
        (Cyclic(4), SO2(), r"build on SO(2): the inclusion is SO(2).subgroup('c(4)')"),
        (Cyclic(8), Cyclic(4), r"the inclusion C(8).subgroup('c(4)') carries elements over"),
        (SO3(), SO2(), "the inclusion SO(3).subgroup('so(2)') carries elements over"),
        (SO2(), Scaling(), "an element means something else in each"),
    ],
)
def test_the_remedy_names_the_inclusion_and_it_works(mine, theirs, remedy):
    with pytest.raises(ValueError, match="expected pairs of") as caught:
        evaluate(model(mine), data(theirs))
    assert remedy in str(caught.value)
    assert ".float()" not in str(caught.value)
    if "carries" in remedy:
        pairs = data(theirs).fixed()
        g = mine.subgroup(str(theirs).lower())(pairs.g)
        carried = g.long() if mine.is_discrete else g.float()
        model(mine).loss(PairBatch(pairs.x1, carried, pairs.x2, group=mine))


def test_an_index_is_no_angle_and_an_angle_no_index():
    with pytest.raises(TypeError, match=r"inclusion, such as SO2\(\)\.subgroup\('c\(4\)'\)\(g\)"):
        model(SO2()).transform(torch.tensor([1, 2]), X[:2])
    with pytest.raises(TypeError, match=r"index of an angle is found by preimage"):
        model(Cyclic(4)).transform(torch.tensor([1.57, 0.0]), X[:2])


def test_actions_of_data_and_samples_are_of_the_group():
    rho = Cyclic(8).regular(on_elements=True)
    assert OrbitPairs(X, Cyclic(8), rho.act).fixed().group == Cyclic(8)
    for act in (rho.act, VectorAction(rho), VectorAction(rho).forward):
        with pytest.raises(ValueError, match=r"OrbitPairs: expected an action of C\(4\), got"):
            OrbitPairs(X, Cyclic(4), act)
        with pytest.raises(ValueError, match=r"evaluate: expected pairs of C\(8\), got"):
            evaluate(DataAction(act), data(Cyclic(4)))
    with pytest.raises(ValueError, match=r"OrbitPairs: expected samples of C\(4\), got"):
        OrbitPairs(X, Cyclic(4), lambda g, x: x, sample=Cyclic(8).sample)
    with pytest.raises(ValueError, match=r"SO\(3\): expected elements of shape"):
        OrbitPairs(X, SO3(), lambda g, x: x, sample=lambda *n, generator: torch.zeros(n)).fixed()
    for group in (SO2, "SO(2)", None):
        with pytest.raises(TypeError, match="OrbitPairs: expected group to be a group"):
            OrbitPairs(X, group, lambda g, x: x)
    for make in (
        lambda: Winter(SO2(), (1, 28, 28), rho.act, encoder=nn.Identity()),
        lambda: OrbitAveragedEncoder(nn.Identity(), rho.act),
        lambda: realise_canonicalisation(SO2(), abs, abs, abs, rho.act),
    ):
        with pytest.raises(ValueError, match=r"expected an action of SO\(2\), got .* of C\(8\)"):
            make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: TokenAction(Cyclic(4).rep("1x1"), tokens=Cyclic(8).regular()),
        lambda: SetAction(SO3(), SO2().rep("1x1")),
        lambda: GridAction(SO2(), (4, 4), channels=Cyclic(4).rep("1x1")),
        lambda: PartsAction(
            {"a": VectorAction(SO2().rep("1x1")), "b": VectorAction(Scaling().standard())}
        ),
        lambda: Cyclic(4).rep("1x1") + Cyclic(8).rep("1x1"),
        lambda: Cyclic(4).rep("1x1") * SO2().rep("1x1"),
        lambda: fixed_vectors(SO2().rep("1x1"), SO3().subgroup("so2")),
    ],
)
def test_parts_of_different_groups_do_not_join(make):
    with pytest.raises(ValueError, match=r": expected .*, got "):
        make()


def test_baselines_ask_too():
    x = torch.rand(2, 1, 8, 8)
    theirs = PairBatch(x, torch.zeros(2), x, group=Scaling())
    linear = nn.Sequential(nn.Flatten(), nn.Linear(64, 4))
    back = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8)))
    for ae in (
        Winter(SO2(), (1, 8, 8), rotate, encoder_widths=(8,), decoder_widths=(8,)),
        Winter(SO2(), (1, 8, 8), rotate, learns_from_pairs=False, encoder_widths=(8,)),
        MAGANet(SO2(), (1, 8, 8), encoder_widths=(8,), widths=(8,)),
        Conditional(linear, back, SO2().rep("1x1"), 4),
    ):
        with pytest.raises(ValueError, match=r"expected pairs of SO\(2\), got pairs of R>0"):
            ae.loss(theirs)
    turns = PairBatch(x, torch.zeros(2, dtype=torch.long), x, group=Cyclic(8))
    with pytest.raises(ValueError, match=r"SceneTransformer.loss: expected pairs of C\(24\)"):
        SceneTransformer(Cyclic(24), (1, 8, 8), widths=(8, 8)).loss(turns)
