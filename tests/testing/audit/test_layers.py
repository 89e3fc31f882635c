"""Layers of networks with one fault at a known place."""

import json
import math

import pytest
import torch
from torch import nn

from groupae import SO2, SO3, Cyclic, GridAction, audit
from groupae.representations import intertwiners
from tests.testing.audit.test_laws import smooth_pictures

SCALARS_AND_VECTORS = SO3().rep("3x0 + 3x1")


class Mix(nn.Module):
    """Equivariant linear map, with a constant arrow if it is faulty."""

    def __init__(self, rho=SCALARS_AND_VECTORS, *, fault=0.0, seed=0):
        super().__init__()
        basis = intertwiners(rho, rho).float()
        generator = torch.Generator().manual_seed(seed)
        weight = torch.einsum("k,kij->ij", torch.randn(len(basis), generator=generator), basis)
        self.register_buffer("weight", weight / 2)
        self.register_buffer("bias", fault * (1 - rho.is_invariant().float()))

    def forward(self, x):
        return x @ self.weight.mT + self.bias


class Gate(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(x[..., :3]).repeat(1, 4)


class Residual(nn.Module):
    """Two maps with a sum and a function between them that no hook sees."""

    def __init__(self, fault_at=""):
        super().__init__()
        self.first = Mix(seed=1, fault=0.5 * (fault_at == "first"))
        self.second = Mix(seed=2, fault=0.5 * (fault_at == "second"))
        self.between = 0.5 * (fault_at == "between")

    def forward(self, x):
        h = self.first(x)
        h = h * h[..., :3].tanh().repeat(1, 4) + x
        bias = self.between * (1 - SCALARS_AND_VECTORS.is_invariant().float())
        return self.second(h + bias) + x


def vectors(n=32, dim=12, seed=4):
    return torch.randn(n, dim, generator=torch.Generator().manual_seed(seed))


def known(net):
    rho = SCALARS_AND_VECTORS
    return {name: rho for name, m in net.named_modules() if not any(True for _ in m.children())}


def audited(net, **options):
    rho = SCALARS_AND_VECTORS
    return audit(net, rho, rho, vectors(), layer_actions=known(net), **options)


@pytest.mark.parametrize("place", [0, 2, 4])
def test_the_faulty_layer_adds_all_and_the_others_nothing(place):
    mixes = [Mix(seed=k, fault=0.3 * (2 * k == place)) for k in range(3)]
    net = nn.Sequential(mixes[0], Gate(), mixes[1], Gate(), mixes[2])
    report = audited(net)
    assert report.worst_layer.name == str(place)
    adds = {layer.name: layer.adds for layer in report.layers}
    assert adds.pop(str(place)) > 0.01
    assert max(adds.values()) < 1e-5
    later = [layer.error for layer in report.layers if int(layer.name) >= place]
    assert min(later) > 1e-3  # the error stays in all that follow


def test_an_error_that_is_amplified_later_is_still_that_of_its_layer():
    class Sharp(nn.Module):
        def forward(self, x):
            return x * torch.exp(3 * x[..., :3].sum(-1, keepdim=True).tanh())

    report = audited(nn.Sequential(Mix(fault=0.05), Sharp(), Mix(seed=1), Sharp()))
    errors = [layer.error for layer in report.layers]
    assert max(errors[1:]) > errors[0] > 1e-3
    assert report.worst_layer.name == "0"


def test_the_amount_is_that_of_the_layer_alone():
    net = nn.Sequential(Mix(seed=1), Gate(), Mix(seed=2, fault=0.4))
    report = audited(net)
    h = net[:2](vectors(4000, seed=9))
    y = net[2](h)
    g = SO3().sample(500, generator=torch.Generator().manual_seed(0))
    bias = net[2].bias
    change = (SCALARS_AND_VECTORS.act(g, bias.expand(500, -1)) - bias).square().sum(-1).mean()
    turned = SCALARS_AND_VECTORS.act(g.repeat(8, 1, 1), y)
    variance = (turned - turned.mean(0)).square().sum(-1).mean()
    assert report.worst_layer.adds == pytest.approx(math.sqrt(change / variance), rel=0.1)


@pytest.mark.parametrize("fault_at", ["", "first", "between", "second"])
def test_sums_and_functions_between_modules_are_counted_to_the_next_one(fault_at):
    report = audited(Residual(fault_at))
    assert [layer.name for layer in report.layers] == ["first", "second", "(output)"]
    wanted = {"": None, "between": "second"}.get(fault_at, fault_at)
    assert (report.worst_layer and report.worst_layer.name) == wanted
    assert report.passed == (fault_at == "")


def test_what_is_lost_behind_the_last_module_is_in_the_row_of_the_output():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = Mix()

        def forward(self, x):
            return self.mix(x).relu()

    assert audited(Net()).worst_layer.name == "(output)"


def test_the_sum_of_squares_is_not_negative_and_finite():
    for layer in audited(Residual("between")).layers:
        parts = (layer.added.resampling, layer.added.discretisation, layer.added.model)
        assert min(parts) >= 0
        assert layer.adds == pytest.approx(math.sqrt(sum(parts)))


def test_a_module_that_is_called_twice_has_two_rows():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = Mix()
            self.same = self.mix

        def forward(self, x):
            return self.same(self.mix(x))

    rho = SCALARS_AND_VECTORS
    actions = {"mix": rho, "mix (call 2)": rho}
    report = audit(Twice(), rho, rho, vectors(), layer_actions=actions)
    assert [layer.name for layer in report.layers] == ["mix", "mix (call 2)"]
    assert report.passed
    shared = audit(Twice(), rho, rho, vectors(), layers=["same"], layer_actions={"same": rho})
    assert [layer.name for layer in shared.layers] == ["same", "same (call 2)"]


def test_outputs_of_several_tensors_have_a_row_each():
    class Pair(nn.Module):
        def forward(self, x):
            return {"even": x * 2, "odd": (x, x + 1, 7)}

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.pair, self.mix = Pair(), Mix()

        def forward(self, x):
            parts = self.pair(x)
            return self.mix(parts["even"] + parts["odd"][0])

    rho = SCALARS_AND_VECTORS
    actions = {"pair['even']": rho, "pair['odd'][0]": rho, "pair['odd'][1]": rho, "mix": rho}
    report = audit(Net(), rho, rho, vectors(), layer_actions=actions)
    assert [layer.name for layer in report.layers] == [*actions]
    assert report.worst_layer.name == "pair['odd'][1]"
    assert report.passed  # that part is not used


def test_layers_that_change_their_input_in_place():
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(inplace=True), nn.Flatten())
    action = GridAction(Cyclic(4), (6, 6))
    out = lambda g, y: torch.rot90(y.unflatten(1, (2, 6, 6)), int(g), (2, 3)).flatten(1)  # noqa: E731
    x = torch.randn(8, 1, 6, 6)
    report = audit(net, action, out, x, layer_actions="positions")
    assert report.worst_layer.name == "0"
    assert [layer.adds < 1e-5 for layer in report.layers] == [False, True, True]


def test_outputs_without_an_axis_of_samples_are_left_out_with_the_reason():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.GRU(12, 12)

        def forward(self, x):
            return self.rnn(x[None])[0][0]

    rho = SCALARS_AND_VECTORS
    report = audit(Net(), rho, rho, vectors())
    assert "no first axis of 32" in report.left_out["rnn[0]"]
    assert not report.passed


def test_containers_by_name_and_bound_methods():
    net = nn.Sequential(nn.Sequential(Mix(), Gate()), nn.Sequential(Mix(seed=1), Gate()))
    rho = SCALARS_AND_VECTORS
    actions = {"0": rho, "1": rho}
    report = audit(net.forward, rho, rho, vectors(), layers=["0", "1"], layer_actions=actions)
    assert [layer.name for layer in report.layers] == ["0", "1"]
    report = audit(lambda x: net(x), rho, rho, vectors(), module=net, layers="1")
    assert [layer.name for layer in report.layers] == ["1"]
    assert not any(module._forward_hooks for module in net.modules())
    without = audit(lambda x: net(x), rho, rho, vectors())
    assert without.layers == ()
    assert any("module= names one" in note for note in without.notes)


def test_actions_by_a_function_of_the_module():
    rho = SCALARS_AND_VECTORS
    net = nn.Sequential(Mix(), Gate(), Mix(fault=0.2))

    def action_of(name, module, output):
        return rho if isinstance(module, Mix) else None

    report = audit(net, rho, rho, vectors(), layer_actions=action_of)
    assert [layer.source for layer in report.layers] == ["given", "fitted", "given"]
    assert report.worst_layer.name == "2"


def test_hooks_are_removed_when_the_network_raises():
    class Broken(nn.Module):
        def __init__(self):
            super().__init__()
            self.mix = Mix()

        def forward(self, x):
            self.mix(x)
            raise RuntimeError("out of paper")

    net = Broken()
    with pytest.raises(RuntimeError, match="paper"):
        audited(net)
    assert not net.mix._forward_hooks
    assert net.training


def test_a_plain_convolution_keeps_quarter_turns_if_its_kernel_does():
    conv = nn.Conv2d(1, 1, 3, padding=1)
    with torch.no_grad():
        conv.weight[:] = torch.tensor([[1.0, 2, 1], [2, 3, 2], [1, 2, 1]]) / 15
    net = nn.Sequential(conv, nn.ReLU(), nn.Conv2d(1, 2, 1))
    action = GridAction(Cyclic(4), (9, 9))
    x = torch.randn(8, 1, 9, 9)
    report = audit(net, action, action, x, layer_actions="positions")
    assert report.passed
    assert report.worst_layer is None
    with torch.no_grad():
        conv.weight[0, 0, 0, 1] += 0.1
    assert audit(net, action, action, x, layer_actions="positions").worst_layer.name == "0"


# --- fitted actions -------------------------------------------------------------------------
def test_layers_without_a_known_action_get_the_best_linear_one():
    rho = SCALARS_AND_VECTORS
    net = nn.Sequential(Mix(), nn.Linear(12, 12), nn.Linear(12, 12, bias=False))
    report = audit(net, rho, None, vectors(64))
    assert report.passed, str(report)
    assert [layer.source for layer in report.layers] == ["fitted"] * 3
    assert report.worst_layer is None
    broken = nn.Sequential(net, nn.ReLU(), nn.Linear(12, 12))
    report = audit(broken, rho, None, vectors(64))
    assert not report.passed
    assert report.worst_layer.name == "1"


def test_the_action_on_the_output_is_fitted_and_the_report_says_so():
    rho = SO2().rep("1x0 + 2x1 + 1x2")
    mix = torch.linalg.qr(torch.randn(7, 7, generator=torch.Generator().manual_seed(1)))[0]
    report = audit(lambda z: z @ mix, rho, None, vectors(64, 7))
    assert report.passed, str(report)
    assert "best linear action 1x0 + 2x1 + 1x2" in report.action_out
    assert any("fitted" in note for note in report.notes)
    assert report.errors["equivariance"].tolerance == 0.1
    assert not audit(lambda z: z.relu() @ mix, rho, None, vectors(64, 7)).passed


def test_maps_are_turned_back_before_their_channels_are_fitted():
    group = Cyclic(4)
    channels = group.rep("2x0 + 1x1")
    action = GridAction(group, (8, 8), channels=channels)
    mix = torch.randn(4, 4, generator=torch.Generator().manual_seed(2)) + 2 * torch.eye(4)
    x = torch.randn(24, 4, 8, 8, generator=torch.Generator().manual_seed(3))
    report = audit(lambda x: torch.einsum("nchw,cd->ndhw", x, mix), action, None, x)
    assert report.passed, str(report)
    assert report.errors["equivariance"].error < 1e-3


def test_pixels_beyond_all_directions_are_left_out_with_the_reason():
    rho = SO2().rep("2x1")
    net = nn.Sequential(nn.Linear(4, 5000), nn.Linear(5000, 4))
    report = audit(net, rho, rho, vectors(8, 4))
    assert "5000 numbers without a known action" in report.left_out["0"]


def test_the_report_is_plain_data():
    report = audited(Residual("first"))
    data = json.loads(report.to_json())
    assert data["worst_layer"] == "first"
    assert data["passed"] is False
    assert len(data["layers"]) == 3
    assert len(data["by_element"]) == len(report.by_element)
    assert data["errors"]["equivariance"]["split"]["model"] > 0
    assert "<- worst" in str(report)


def filtered(kernel):
    """Return a convolution by a kernel of unit sum."""
    conv = nn.Conv2d(1, 1, kernel.shape[-1], padding=kernel.shape[-1] // 2, bias=False)
    conv.weight.data = (kernel / kernel.sum())[None, None]
    return conv


def test_a_filter_that_only_keeps_quarter_turns_is_lost_between_them():
    place = torch.arange(9.0) - 4
    round_filter = torch.exp(-(place[:, None].square() + place.square()) / 4)
    dots = torch.zeros(9, 9)  # at the ends of a cross
    dots[[0, 8, 4, 4], [4, 4, 0, 8]] = 1.0
    action = GridAction(SO2(), (20, 20))
    x = smooth_pictures(8, 20)
    net = nn.Sequential(filtered(round_filter), nn.Softplus(), filtered(dots), nn.ReLU())
    report = audit(net, action, action, x, layer_actions="positions", n_elements=8)
    worst = report.worst_layer
    assert worst.name == "2"
    assert not worst.is_faulty
    assert worst.added.discretisation > 0.8 * worst.added.total > 0.01
    others = [layer.adds for layer in report.layers if layer.name != "2"]
    assert max(others) < 0.1 * worst.adds
    assert max(layer.added.model for layer in report.layers) < 1e-10


def test_the_corners_of_turned_maps_are_not_compared():
    """A constant background is turned out of the corners by the action, not by the layer."""
    action = GridAction(SO2(), (20, 20))
    net = nn.Sequential(nn.Softplus(), nn.Softplus())
    report = audit(
        net, action, action, smooth_pictures(8, 20), layer_actions="positions", n_elements=8
    )
    assert report.worst_layer is None
    assert max(layer.adds for layer in report.layers) < 0.05


def test_a_fitted_layer_does_not_count_where_the_function_keeps_the_law():
    class Squares(nn.Module):
        def forward(self, x):
            return torch.sin(3 * x), x

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.squares, self.mix = Squares(), Mix()

        def forward(self, x):
            return self.mix(self.squares(x)[1])

    rho = SCALARS_AND_VECTORS
    report = audit(Net(), rho, rho, vectors(64))
    row = report.layers[0]
    assert row.source == "fitted"
    assert not row.passed
    assert report.passed
    assert report.worst_layer is None


def test_a_module_that_does_not_call_its_children_is_a_leaf():
    class Weights(nn.Module):
        def forward(self):
            return torch.eye(12)

    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights, self.unused = Weights(), nn.Linear(3, 3)

        def forward(self, x):
            return x @ self.weights()

    rho = SCALARS_AND_VECTORS
    report = audit(nn.Sequential(Made(), Mix()), rho, rho, vectors())
    assert [layer.name for layer in report.layers] == ["0", "1"]
    assert "0.weights" in report.left_out


def test_modes_are_restored_by_the_modules_own_method():
    class Cached(Mix):
        def train(self, mode=True):
            self.cache = None if mode else self.weight.clone()
            return super().train(mode)

        def forward(self, x):
            return x @ (self.weight if self.training else self.cache).mT

    net = nn.Sequential(Cached(), nn.Sequential(nn.Dropout(), Cached()))
    net[1].eval()
    net[1][0].train()
    modes = [module.training for module in net.modules()]
    rho = SCALARS_AND_VECTORS
    assert audit(net, rho, rho, vectors(), layers=()).passed
    assert [module.training for module in net.modules()] == modes
    assert net[0].cache is None
    assert net[1][1].cache is not None
