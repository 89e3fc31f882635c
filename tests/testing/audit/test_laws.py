"""Laws of constructed functions whose errors are known."""

import math

import pytest
import torch
from torch import nn

import groupae
from groupae import SO2, SO3, ChannelAction, Cyclic, GridAction, Translation, VectorAction, audit
from groupae.testing.audit import AuditReport


def normal(*shape, seed=0, dtype=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def smooth_pictures(n, size=16, seed=0):
    """Return smooth blobs, dark outside a disc."""
    x = normal(n, 1, size, size, seed=seed)
    for _ in range(6):
        x = nn.functional.avg_pool2d(x, 3, 1, 1)
    place = torch.arange(size) - (size - 1) / 2
    disc = (place[:, None].square() + place.square() < (size / 2 - 3) ** 2).float()
    for _ in range(2):
        disc = nn.functional.avg_pool2d(disc[None], 3, 1, 1)[0]
    return 10 * x * disc


def test_the_top_level_name_is_the_function():
    assert groupae.audit is audit
    assert callable(groupae.audit)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("as_action", [False, True])
def test_a_sound_function_passes_every_law(dtype, as_action):
    rho = SO3().rep("2x0 + 3x1 + 1x2")
    action = VectorAction(rho) if as_action else rho
    x = normal(16, rho.dim, dtype=dtype)
    report = audit(lambda z: z * z.square().sum(-1, keepdim=True), action, action, x)
    assert isinstance(report, AuditReport)
    assert report.passed, str(report)
    assert report.errors["equivariance"].error < 100 * torch.finfo(dtype).eps
    names = "equivariance identity composition input_action finite deterministic"
    assert set(report.errors) == {*names.split(), "batch_independence", "no_mutation"}


def test_a_constant_arrow_costs_what_it_must():
    """The error of ``z + b`` is ``|b - g b|`` over the spread of ``g (z + b)``, all by hand."""
    group, b = Cyclic(4), torch.tensor([3.0, 4.0])
    rho = group.rep("1x1")
    x = normal(500, 2)
    report = audit(lambda z: z + b, rho, rho, x)
    y = x + b
    turned = torch.stack([y, y.flip(-1) * torch.tensor([-1.0, 1.0]), -y])
    turned = torch.cat([turned, -turned[1:2]])
    variance = (turned - turned.mean((0, 1))).square().sum(-1).mean()
    wanted = math.sqrt((2 * 25 + 4 * 25 + 2 * 25) / 3 / float(variance))  # by 1, 2, 3 quarters
    law = report.errors["equivariance"]
    assert law.error == pytest.approx(wanted, rel=1e-5)
    assert not law.passed
    assert law.split.model == pytest.approx(law.split.total)


def test_the_scale_of_the_output_does_not_matter():
    rho, x = SO3().rep("4x1"), normal(32, 12)
    errors = [
        audit(lambda z, s=s: s * z.relu(), rho, rho, x).errors["equivariance"].error
        for s in (1e-6, 1.0, 1e6)
    ]
    assert errors[0] == pytest.approx(errors[1], rel=1e-4)
    assert errors[2] == pytest.approx(errors[1], rel=1e-4)


def test_unrelated_outputs_have_the_error_of_chance():
    rho = SO2().rep("3x1")
    w = normal(6, 200, seed=3)

    def scrambled(z):
        return torch.sin(50 * z @ w)

    law = audit(scrambled, rho, "invariant", normal(64, 6)).errors["equivariance"]
    assert law.error == pytest.approx(math.sqrt(2), rel=0.1)


def test_a_constant_output_is_reported_as_such():
    rho = SO2().rep("3x1")
    report = audit(lambda z: torch.ones(len(z), 5), rho, "invariant", normal(8, 6))
    assert report.is_constant
    assert "trivially" in str(report)
    assert "passed, but the outputs are constant" in str(report).splitlines()[0]


def test_a_constant_output_that_should_turn_fails():
    rho = SO2().rep("1x1")
    report = audit(lambda z: torch.ones_like(z), rho, rho, normal(8, 2))
    assert not report.passed
    assert not report.is_constant  # g . f(x) varies with g


# --- the split ------------------------------------------------------------------------------
def test_energy_of_a_picture_is_lost_by_resampling_alone():
    action = GridAction(SO2(), (16, 16))
    report = audit(
        lambda x: x.square().sum((1, 2, 3))[:, None], action, "invariant", smooth_pictures(24)
    )
    split = report.errors["equivariance"].split
    assert split.model < 1e-10
    assert split.resampling > 0.9 * split.total > 0


def test_a_network_of_quarter_turns_is_lost_between_them():
    """The maximum over quarter turns of a fixed filter: exact for C(4), not for SO(2)."""
    filters = torch.stack([torch.rot90(normal(16, 16, seed=5), r) for r in range(4)])

    def f(x):
        return torch.einsum("nchw,rhw->nr", x, filters).sort(-1).values

    action = GridAction(SO2(), (16, 16))
    x = smooth_pictures(24)
    report = audit(f, action, "invariant", x)
    law = report.errors["equivariance"]
    assert law.split.model < 1e-10
    assert law.split.discretisation > 0.5 * law.split.total > 0.01
    assert not law.passed
    assert "exact elements only" in law.note
    assert audit(f, GridAction(Cyclic(4), (16, 16)), "invariant", x).passed


def test_a_function_of_the_upright_picture_is_the_models_fault():
    weights = smooth_pictures(1, seed=9)[0]
    action = GridAction(SO2(), (16, 16))
    report = audit(
        lambda x: (x * weights).sum((1, 2, 3))[:, None], action, "invariant", smooth_pictures(32)
    )
    split = report.errors["equivariance"].split
    assert split.model > 0.7 * split.total
    assert split.total > 0.05


def test_the_split_holds_at_each_element_too():
    action = GridAction(SO2(), (16, 16))
    weights = smooth_pictures(1, seed=9)[0]
    report = audit(
        lambda x: (x * weights).sum((1, 2, 3))[:, None], action, "invariant", smooth_pictures(8)
    )
    for entry in report.by_element:
        assert min(entry.split.resampling, entry.split.discretisation, entry.split.model) >= 0
    exact = [entry.angle for entry in report.by_element if entry.is_exact]
    assert sorted(exact) == pytest.approx([-math.pi / 2, 0, math.pi / 2, math.pi], abs=1e-5)


def test_without_exact_turns_discretisation_is_unknown():
    action = GridAction(Cyclic(3), (16, 16))
    law = audit(lambda x: x.flatten(1).cumsum(1), action, "invariant", smooth_pictures(8)).errors
    assert law["equivariance"].split.discretisation == 0
    assert law["equivariance"].tolerance == 0.1


# --- other laws -----------------------------------------------------------------------------
def test_a_function_that_changes_its_batch_is_named_and_the_batch_is_not_changed():
    rho, x = SO2().rep("2x0 + 1x1"), normal(8, 4)
    kept = x.clone()

    def f(z):
        z[:, 0] += 1
        return z

    report = audit(f, rho, rho, x)
    assert report.failures == ("no_mutation",)
    assert "x" in report.errors["no_mutation"].note
    assert torch.equal(x, kept)


def test_a_function_that_mixes_samples_is_found():
    rho = SO2().rep("2x1")
    report = audit(lambda z: z / z.square().mean().sqrt(), rho, rho, normal(8, 4))
    assert report.failures == ("batch_independence",)


def test_nan_outputs_fail_and_are_counted():
    rho = SO2().rep("2x0")

    def f(z):
        y = z.clone()
        y[0, 0] = math.nan
        return y

    report = audit(f, rho, rho, normal(8, 2))
    assert "finite" in report.failures
    assert "1 of 16" in report.errors["finite"].note
    assert math.isinf(report.errors["equivariance"].error)
    assert "inf" in report.to_json()


def test_a_random_function_is_said_to_be_random():
    rho = SO2().rep("2x0")
    report = audit(lambda z: z + torch.randn_like(z), rho, rho, normal(8, 2))
    assert "deterministic" in report.failures
    assert "f is random" in str(report)


def test_dropout_is_audited_in_evaluation_mode_and_modes_are_restored():
    net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2))
    net[1].eval()
    rho = SO2().rep("2x0")
    assert audit(net, rho, "invariant", normal(8, 2)).passed
    assert net.training
    assert net[0].training
    assert not net[1].training
    report = audit(net, rho, "invariant", normal(8, 2), evaluation=False)
    assert "deterministic" in report.failures


def test_a_right_action_is_no_action():
    group = SO3()
    report = audit(lambda z: z, lambda g, x: x @ g, lambda g, y: y @ g, normal(8, 3), group=group)
    assert set(report.failures) == {"input_action", "composition"}
    good = audit(lambda z: z, lambda g, x: x @ g.T, lambda g, y: y @ g.T, normal(8, 3), group=group)
    assert good.passed


def test_an_action_whose_identity_moves_is_found():
    report = audit(lambda z: z, lambda g, x: x + 1, "invariant", normal(8, 3), group=SO2())
    assert {"identity", "input_action"} <= set(report.failures)


def test_a_function_that_differentiates_inside():
    rho = SO3().rep("1x1")

    def force(x):
        x.requires_grad_()
        energy = x.square().sum(-1).square().sum()
        return -torch.autograd.grad(energy, x)[0]

    assert audit(force, rho, rho, normal(8, 3), needs_grad=True).passed


def test_dicts_and_tuples_pass_through():
    def act(g, x):
        return {"v": SO3().rep("1x1").act(g, x["v"]), "s": x["s"]}

    def f(x):
        return x["v"] * x["s"], x["s"]

    def act_out(g, y):
        return SO3().rep("1x1").act(g, y[0]), y[1]

    x = {"v": normal(8, 3), "s": normal(8, 1)}
    assert audit(f, act, act_out, x, group=SO3()).passed
    wrong = audit(f, act, "invariant", x, group=SO3())
    assert wrong.failures == ("equivariance",)


def test_fields_on_both_sides():
    action = GridAction(Cyclic(4), (7, 7), channels=Cyclic(4).rep("1x1"))
    out = GridAction(Cyclic(4), (7, 7))
    x = normal(6, 2, 7, 7)
    report = audit(lambda v: v.square().sum(1, keepdim=True), action, out, x)
    assert report.passed
    bad = audit(lambda v: v[:, :1], action, out, x)
    assert not bad.passed
    assert audit(
        lambda v: v, ChannelAction(SO2().rep("1x1")), ChannelAction(SO2().rep("1x1")), x
    ).passed


# --- elements -------------------------------------------------------------------------------
def test_angles_and_axes():
    rho = SO3().rep("1x1")
    entries = audit(lambda z: z, rho, rho, normal(8, 3)).by_element
    axes = torch.tensor([entry.axis for entry in entries if entry.axis])
    assert len(axes) == len(entries) - 1  # the identity has none
    torch.testing.assert_close(axes.norm(dim=1), torch.ones(len(axes)))
    plane = SO2().rep("1x1")
    angles = [entry.angle for entry in audit(lambda z: z, plane, plane, normal(8, 2)).by_element]
    assert len(angles) == 28
    assert max(angles) <= math.pi
    assert min(angles) > -math.pi - 1e-6


@pytest.mark.parametrize(
    "name", ["o2", "o3", "dihedral(3)", "cyclic(6)", "permutation(4)", "octahedral"]
)
def test_reflections_and_finite_groups(name):
    group = groupae.get_group(name)
    rho = group.standard() if name != "octahedral" else group.regular()
    report = audit(lambda z: 2 * z, rho, rho, normal(8, rho.dim))
    assert report.passed, str(report)
    if group.order is not None:
        assert len(report.by_element) == group.order
    if name in ("o2", "o3", "dihedral(3)"):
        assert {entry.is_reflection for entry in report.by_element} == {False, True}


def test_elements_of_a_group_that_is_not_compact_are_sampled_and_it_is_said():
    action = GridAction(Translation(2), (12, 12))
    x = nn.functional.pad(normal(8, 1, 4, 4), (4, 4, 4, 4))
    report = audit(nn.Conv2d(1, 2, 3, padding=1, bias=False), action, action, x)
    assert any("no average over the group is claimed" in note for note in report.notes)
    assert report.errors["equivariance"].split.model < 1e-10
    law = audit(lambda x: x.cumsum(-1) * torch.arange(12), action, action, x).errors
    assert law["equivariance"].split.model > 1e-3


def test_elements_given_by_the_caller():
    rho = SO2().rep("1x1")
    g = torch.tensor([0.0, 0.5, 1.0])
    report = audit(lambda z: z, rho, rho, normal(8, 2), elements=g)
    assert [entry.angle for entry in report.by_element] == pytest.approx([0.0, 0.5, 1.0])
    assert "elements given by the caller" in report.notes


def test_a_callable_action_is_exact_where_it_can_be_undone():
    grid = GridAction(SO2(), (16, 16))

    def turn(g, x):
        return grid(g.expand(len(x)), x)

    report = audit(
        lambda x: x.square().sum((1, 2, 3))[:, None],
        turn,
        "invariant",
        smooth_pictures(8),
        group=SO2(),
    )
    exact = [entry.angle for entry in report.by_element if entry.is_exact]
    assert sorted(exact) == pytest.approx([-math.pi / 2, 0, math.pi / 2, math.pi], abs=1e-5)
