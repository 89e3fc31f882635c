"""Actions that give `forward` and a mask, or the shape of a code, inherit everything else."""

import copy
import pickle

import pytest
import torch

from groupae import SO2, SO3, Affine, LatentActionAE, OrbitPairs, actions, evaluate, fit
from groupae.actions import Description, LatentAction, LatentRow
from groupae.cli import main
from groupae.testing import check_action
from groupae.testing.mixins import ActionLaws


class TurnLastTwo(LatentAction):
    """Action with a mask in the class."""

    invariant_mask = torch.tensor([True, False, False])

    def forward(self, g, z):
        return torch.cat([z[..., :1], self.group.rep("1x1").act(g, z[..., 1:])], -1)


class Stretch(LatentAction):
    """Action with a shape of two axes in the constructor; not linear."""

    is_linear = False

    def __init__(self, group):
        super().__init__()
        self.group = group
        self.code_shape = (2, 3)

    def forward(self, g, z):
        return g[..., :1, None] * z + g[..., 1:, None]


class TurnRows(LatentAction):
    """Action with a free axis in its shape."""

    code_shape = (None, 3)

    def forward(self, g, z):
        return z @ g.mT


class Named(LatentAction):
    """Action with masks of named parts."""

    def __init__(self, group):
        super().__init__(group)
        self.invariant_mask = {"pose": torch.zeros(2, 2).bool(), "style": torch.ones(4).bool()}

    def forward(self, g, z):
        turned = self.group.rep("2x1").act(g, z["pose"].flatten(-2)).unflatten(-1, (2, 2))
        return {"pose": turned, "style": z["style"]}


class Silent(LatentAction):
    """Action with neither mask nor shape."""

    def forward(self, g, z):
        return z * g[..., None].exp()


class FiveMethods(LatentAction):
    """Action in the style of groupae 0.2: five methods, no mask, codes of any length."""

    def __init__(self):
        super().__init__()
        self.group = SO2()

    def forward(self, g, z):
        return self.group.rep(f"{z.shape[-1] - 2}x0 + 1x1").act(g, z)

    def invariants(self, z):
        return z[..., :-2].clone()

    def varying(self, z):
        return z[..., -2:].clone()

    def swap(self, z, w):
        return torch.cat([z[..., :-2], w[..., -2:]], -1)

    def describe(self):
        return Description("five", (LatentRow("", "[0:]", "mixed", 1, False),))

    def random_latent(self, *batch, generator=None, dtype=torch.float32):
        return torch.randn(*batch, 5, generator=generator, dtype=dtype)


MAKERS = {
    "mask": lambda: TurnLastTwo(SO2()),
    "shape": lambda: Stretch(Affine()),
    "free axis": lambda: TurnRows(SO3()),
    "named": lambda: Named(SO2()),
    "five methods": FiveMethods,
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


class TestMask(ActionLaws):
    def make(self):
        return TurnLastTwo(SO2())


class TestShape(ActionLaws):
    def make(self):
        return Stretch(Affine())


class TestFreeAxis(ActionLaws):
    def make(self):
        return TurnRows(SO3())


class TestNamed(ActionLaws):
    def make(self):
        return Named(SO2())


class TestFiveMethods(ActionLaws):
    def make(self):
        return FiveMethods()


def test_the_mask_splits_a_code():
    action, z, w = TurnLastTwo(SO2()), torch.zeros(2, 3), torch.ones(2, 3)
    assert action.swap(z, w).tolist() == [[0, 1, 1]] * 2
    assert action.invariants(w).shape == (2, 1)
    assert action.varying(w).shape == (2, 2)
    assert [row.is_invariant for row in action.describe().rows] == [True, False]


def test_without_a_mask_everything_varies():
    action, z, w = Stretch(Affine()), torch.zeros(5, 2, 3), torch.ones(5, 2, 3)
    assert action.invariants(z).shape == (5, 0)
    assert action.varying(z).shape == (5, 2, 3)
    assert torch.equal(action.swap(z, w), w)
    assert [row.where for row in action.describe().rows] == ["[2x3]"]
    assert TurnRows(SO3()).describe().rows[0].where == "[_x3]"


def test_named_parts_are_split_by_name():
    action = Named(SO2())
    z, w = action.random_latent(3), action.random_latent(3)
    swapped = action.swap(z, w)
    assert torch.equal(swapped["style"], z["style"])
    assert torch.equal(swapped["pose"], w["pose"])
    assert {name: part.shape[1] for name, part in action.varying(z).items()} == {
        "pose": 4,
        "style": 0,
    }


@every_kind
def test_codes_align_and_one_code_has_an_orbit(make):
    action = make()
    g = action.group.sample(4, dtype=torch.float64)
    z = action.random_latent(4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    moved = action(g, z)
    assert action.residual(action(action.align(z, moved), z), moved).abs().max() < 1e-6
    assert action.distance(z, moved).max() < 1e-6
    orbit = action.orbit(z, g)
    flat = orbit if isinstance(orbit, torch.Tensor) else orbit["pose"]
    assert flat.shape[:2] == (4, 4)


@every_kind
def test_it_pickles_copies_and_changes_device_and_dtype(make):
    action = make()
    z, g = action.random_latent(3), action.group.sample(3)
    wanted = action(g, z)
    for other in (copy.deepcopy(action), pickle.loads(pickle.dumps(action)), action.cpu().float()):
        torch.testing.assert_close(other(g, z), wanted)
        torch.testing.assert_close(other.swap(z, wanted), action.swap(z, wanted))
    assert repr(action) == f"{type(action).__name__}({action.group})"


@every_kind
def test_it_compiles_whole(make):
    action = make()
    z, g = action.random_latent(3), action.group.sample(3)
    compiled = torch.compile(action, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(g, z), action(g, z))


def turn(g, x):
    return SO2().rep("1x0 + 1x1").act(g, x)


def test_it_trains_and_is_scored():
    torch.manual_seed(0)
    model = LatentActionAE(torch.nn.Linear(3, 3), torch.nn.Linear(3, 3), TurnLastTwo(SO2()))
    pairs, others = (OrbitPairs(torch.randn(64, 3), SO2(), turn, seed=seed) for seed in (0, 1))
    before = float(sum(model.loss(pairs.fixed()).values()).detach())
    fit(model, pairs, others, {"steps": 150, "batch_size": 64, "learning_rate": 3e-2})
    assert float(sum(model.loss(pairs.fixed()).values()).detach()) < 0.2 * before
    assert evaluate(model, pairs.fixed())["relative_snr"].mean > 20
    batch = pairs.fixed()
    assert model.swap(batch.x1, batch.x2).shape == (64, 3)
    assert model.orbit(batch.x1, SO2().grid(5).float()).shape == (64, 5, 3)


def test_the_command_line_checks_it(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit, match="0"):
        main(["check", f"{__name__}:made_without_arguments"])
    assert "TurnLastTwo(SO(2))" in capsys.readouterr().out


def made_without_arguments():
    return TurnLastTwo(SO2())


def returning(result):
    """Return an action whose `forward` returns ``result(z)``."""

    class Wrong(TurnLastTwo):
        def forward(self, g, z):
            return result(z)

    return Wrong(SO2())


class FloatMask(TurnLastTwo):
    invariant_mask = torch.ones(3)


ZERO, Z = torch.zeros(2), torch.zeros(2, 3)
NEITHER = (
    "Silent: expected code_shape, the shape of one code, or invariant_mask, a bool per entry of "
    "it, got neither; set one of them"
)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: Silent(SO2()).random_latent(), NotImplementedError, NEITHER),
        (lambda: Silent(SO2()).invariants(Z), NotImplementedError, NEITHER),
        (lambda: Silent(SO2()).swap(Z, Z), NotImplementedError, NEITHER),
        (lambda: Silent(SO2()).align(Z, Z), NotImplementedError, NEITHER),
        (lambda: Silent(SO2()).describe(), NotImplementedError, NEITHER),
        (lambda: TurnLastTwo("so2"), TypeError, "TurnLastTwo: expected a group, got 'so2'"),
        (lambda: FloatMask(SO2()).swap(Z, Z), TypeError, "an invariant_mask of bool, got torch.f"),
        (
            lambda: TurnLastTwo(SO2())(ZERO, torch.zeros(2, 4)),
            ValueError,
            r"TurnLastTwo\(SO\(2\)\): expected z of shape \(\*batch, 3\), got \(2, 4\)",
        ),
        (
            lambda: TurnRows(SO3())(SO3().identity(2), torch.zeros(3)),
            ValueError,
            r"z of shape \(\*batch, _, 3\), got \(3,\)",
        ),
        (lambda: TurnLastTwo(SO2())(ZERO.long(), Z), TypeError, "SO"),
        (lambda: TurnLastTwo(SO2())(ZERO, Z.long()), TypeError, "z of a floating dtype"),
        (lambda: TurnLastTwo(SO2())(ZERO, {"z": Z}), TypeError, "z to be a tensor, got dict"),
        (lambda: Named(SO2())(ZERO, Z), ValueError, "the parts pose, style, got Tensor"),
        (
            lambda: Named(SO2())(ZERO, {"pose": torch.zeros(2, 2, 2)}),
            ValueError,
            r"a dict with the parts pose, style, got \['pose'\]",
        ),
        (
            lambda: returning(lambda z: z[..., :2])(ZERO, Z),
            ValueError,
            r"forward to return shape \(2, 3\), got \(2, 2\)",
        ),
        (
            lambda: returning(lambda z: None)(ZERO, Z),
            ValueError,
            r"forward to return shape \(2, 3\), got NoneType",
        ),
    ],
)
def test_bad_input_gets_one_sentence(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_names_are_found_where_they_stood_in_groupae_0_2():
    assert actions.base.AxisAction is actions.AxisAction
    for name in ("carry", "join", "map_latent", "match_batch"):
        assert getattr(actions.base, name) is getattr(actions.codes, name)
    for name in ("Description", "LatentAction", "LatentRow"):
        assert getattr(actions.base, name) is getattr(actions, name)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        actions.base.nothing  # noqa: B018 - looking it up is what is tested


def test_a_wrong_action_fails_its_laws():
    class Backwards(TurnRows):
        def forward(self, g, z):
            return z @ g @ g

    assert not check_action(Backwards(SO3())).passed
