"""Audit of networks of escnn: the known culprits are named, sound networks pass."""

import pytest
import torch

pytest.importorskip("escnn")

from escnn import gspaces
from escnn import nn as enn

from groupae import audit
from groupae.data import smooth_pictures
from groupae.interop.escnn import (
    grid_action_from_field_type,
    layer_actions_from_escnn,
    layers_from_escnn,
)

FOUR, EIGHT = gspaces.rot2dOnR2(4), gspaces.rot2dOnR2(8)


def seeded():
    return torch.Generator().manual_seed(0)


def regular(space=FOUR, fields=2):
    return enn.FieldType(space, fields * [space.regular_repr])


def scalars(space=FOUR, fields=3):
    return enn.FieldType(space, fields * [space.trivial_repr])


def audited(net, size, **options):
    """Return the audit of a network of feature maps, each module held to its field type."""
    x = smooth_pictures(16, net.in_type.size, size, size, generator=seeded())
    with torch.no_grad():
        y = net.eval()(net.in_type(x)).tensor
    action_in = grid_action_from_field_type(net.in_type, (size, size))
    action_out = grid_action_from_field_type(net.out_type, tuple(y.shape[2:]))
    options = {"layer_actions": layer_actions_from_escnn, **options}
    return audit(
        lambda x: net(net.in_type(x)).tensor, action_in, action_out, x, module=net, **options
    )


def convolution(size=3, space=FOUR, **options):
    torch.manual_seed(0)
    return enn.R2Conv(scalars(space), regular(space), kernel_size=size, **options)


# A window of k pixels that moves by s over n pixels, p of padding on each side, visits places that
# are symmetric about the centre only if s divides n + 2 p - k.
@pytest.mark.parametrize(
    ("make", "window"),
    [
        (lambda: convolution(3, padding=1), (3, 1, 1)),
        (lambda: convolution(3, padding=1, stride=2), (3, 2, 1)),
        (lambda: convolution(5, padding=2, stride=2), (5, 2, 2)),
        (lambda: enn.PointwiseMaxPool2D(regular(), 2), (2, 2, 0)),
        (lambda: enn.PointwiseMaxPool2D(regular(), 3, 2, 1), (3, 2, 1)),
        (lambda: enn.PointwiseAvgPool2D(regular(), 2), (2, 2, 0)),
        (lambda: enn.R2Upsampling(regular(), 2, align_corners=False), (1, 1, 0)),
        (lambda: enn.R2Upsampling(regular(), 2, align_corners=True), (1, 1, 0)),
    ],
    ids=["conv", "conv/2", "conv5/2", "max 2", "max 3/2", "average 2", "up", "up aligned"],
)
@pytest.mark.parametrize("size", [24, 25])
def test_a_window_that_is_off_centre_breaks_quarter_turns(make, window, size):
    kernel, stride, padding = window
    error = audited(make(), size, layers=()).errors["equivariance"]
    if (size + 2 * padding - kernel) % stride == 0:
        assert error.passed
        assert error.error < 1e-5
    else:
        assert error.split.model > 0.1
        assert not error.passed


def test_the_strided_layer_is_named():
    torch.manual_seed(0)
    inner = regular()
    net = enn.SequentialModule(
        enn.R2Conv(scalars(), inner, kernel_size=3, padding=1),
        enn.ReLU(inner),
        enn.R2Conv(inner, inner, kernel_size=3, padding=1, stride=2),
        enn.ReLU(inner),
        enn.R2Conv(inner, inner, kernel_size=3, padding=1),
    )
    layers = layers_from_escnn(net)
    assert layers == ["0", "1", "2", "3", "4"]
    report = audited(net, 24, layers=layers)
    assert report.worst_layer.kind == "R2Conv"
    assert report.worst_layer.name == "2"
    assert sum(not layer.passed for layer in report.layers) == 1
    sound = audited(net, 25, layers=layers)
    assert sound.passed
    assert sound.worst_layer is None


def test_a_group_of_eight_on_square_pixels_loses_nothing_to_the_network():
    report = audited(convolution(5, EIGHT, padding=2), 25)
    split = report.errors["equivariance"].split
    assert report.passed
    assert split.model < 1e-9 < 1e-5 < split.resampling + split.discretisation
    exact = [entry for entry in report.by_element if entry.is_exact]
    assert len(exact) == 4
    assert max(entry.error for entry in exact) < 1e-5


def test_a_module_of_torch_between_has_no_field_type():
    assert layer_actions_from_escnn("x", torch.nn.ReLU(), torch.zeros(2, 3, 4, 4)) is None
