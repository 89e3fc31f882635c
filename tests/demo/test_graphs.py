"""Graphs give the pictures of the model, for batches of any size, or are refused."""

import pytest
import torch
from torch import nn

from groupae import (
    O3,
    SE2,
    SO2,
    SO3,
    AffineAction,
    ChannelAction,
    Cyclic,
    LatentActionAE,
    PartsAction,
    VectorAction,
)
from groupae.demo import Block, CodeLayout, Slider, Sliders, control_of, export_graphs
from groupae.demo.graphs import _rounded, on_processor
from groupae.interop.onnx import run_onnx, run_onnx_all
from groupae.models import ExportError, Palette


class SkipEncoder(nn.Module):
    """A code of three parts, one of them the picture."""

    def __init__(self):
        super().__init__()
        self.code, self.maps = nn.Linear(3 * 16, 8), nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return {"code": self.code(x.flatten(1)), "maps": self.maps(x), "picture": x}


class SkipDecoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.code, self.maps = nn.Linear(8, 3 * 16), nn.Conv2d(4, 3, 1)

    def forward(self, z):
        drawn = self.code(z["code"]).unflatten(1, (3, 4, 4))
        return z["picture"] / 2 + drawn / 4 + self.maps(z["maps"]) / 4


def parts_model():
    group = SO3()
    actions = {"code": VectorAction(group.rep("2x0 + 2x1")), "picture": None}
    action = PartsAction(actions | {"maps": ChannelAction(group.rep("1x0 + 1x1"))})
    return LatentActionAE(SkipEncoder(), SkipDecoder(), action)


def check_pictures(model, x, control):
    """Compare all three graphs with the model on another number of pictures."""
    graphs = export_graphs(model, x, control)
    assert graphs.difference <= 0.5 / 255 + 1e-4
    more = torch.cat([x, x.flip(0), x[:1]])
    p = control.examples(len(more))[torch.arange(len(more)) % len(control.examples(len(more)))]
    z = run_onnx(graphs.files["encode"], more)
    assert z.shape == (len(more), graphs.layout.size)
    z_g, x_g = run_onnx_all(graphs.files["turn"], z, p)
    with torch.no_grad():
        g = control.element(p)
        wanted = model.transform(g, more)
        wanted_z = graphs.layout.flatten(model.action(g, model.encode(more)))
        swapped = model.swap(more, more.flip(0))
    torch.testing.assert_close(x_g, wanted, atol=2 / 255, rtol=0)
    torch.testing.assert_close(z_g, wanted_z, atol=0.02, rtol=0.02)
    start = torch.tensor([control.start]).expand(len(more), -1)
    both = run_onnx(graphs.files["swap"], z, z.flip(0))
    torch.testing.assert_close(
        run_onnx_all(graphs.files["turn"], both, start)[1], swapped, atol=2 / 255, rtol=0
    )
    return graphs


def test_a_control_of_ones_own_is_part_of_the_graph(small):
    model, x = small
    halves = Sliders([Slider("halves", -1, 1)], lambda p: p[:, 0] * torch.pi)
    graphs = check_pictures(model, x, halves)
    z = run_onnx(graphs.files["encode"], x)
    found = run_onnx_all(graphs.files["turn"], z, torch.full((3, 1), 0.5))[1]
    wanted = model.transform(torch.full((3,), torch.pi / 2), x)
    torch.testing.assert_close(found, wanted, atol=2 / 255, rtol=0)
    assert model.training  # it is not changed


def test_graphs_of_a_code_of_several_parts():
    model, x = parts_model(), torch.rand(2, 3, 4, 4)
    graphs = check_pictures(model, x, control_of(SO3()))
    assert graphs.layout.size == 8 + 4 * 16 + 3 * 16


def test_graphs_of_steps_and_a_palette():
    rho = Cyclic(4).rep("12x0 + 2x1")  # the palette takes 3 x 4 invariants for colours
    model = LatentActionAE.conv(rho, (3, 8, 8), widths=(8,), colours=4, gathers_colours=True)
    assert isinstance(model.decoder.palette, Palette)
    check_pictures(model, torch.rand(3, 3, 8, 8), control_of(Cyclic(4)))


def test_weights_are_rounded_as_far_as_it_does_not_show(small):
    model, x = small
    last = next(m for m in reversed(list(model.decoder.modules())) if isinstance(m, nn.Conv2d))
    with torch.no_grad():
        last.weight.mul_(300)  # pictures in the hundreds
    for scale, dtype in ((1.0, "float32"), (100.0, "float16"), (1000.0, "bfloat16")):
        rounded, found = _rounded(on_processor(model), x, control_of(SO2()), scale)
        assert found == dtype
        for weight in rounded.parameters():
            assert torch.equal(weight, weight.to(getattr(torch, dtype)).float())


def flat_model(rho, pixels=16):
    encode = nn.Sequential(nn.Flatten(), nn.Linear(pixels, rho.dim))
    decode = nn.Sequential(nn.Linear(rho.dim, pixels), nn.Unflatten(1, (1, 4, 4)))
    return LatentActionAE(encode, decode, VectorAction(rho))


@pytest.mark.parametrize(
    ("group", "text"),
    [
        (O3(), "2x0e + 1x0o + 2x1o + 1x2e"),
        (Cyclic(3) * Cyclic(4), "2x(0,0) + 1x(1,0) + 1x(1,1)"),
        (SE2(), "2x0 + 1xstd"),
    ],
    ids=str,
)
def test_graphs_of_groups_with_reflections_and_of_products(group, text):
    check_pictures(flat_model(group.rep(text)), torch.rand(3, 1, 4, 4), control_of(group))


@pytest.mark.parametrize("group", [SO3(), Cyclic(3) * SO2()], ids=str)
def test_graphs_are_of_float32_whatever_the_default_dtype(group):
    model = flat_model(group.rep("2x0 + 1x1" if group == SO3() else "2x(0,0) + 1x(1,1)"))
    before, x = torch.get_default_dtype(), torch.rand(3, 1, 4, 4)
    try:
        torch.set_default_dtype(torch.float64)
        graphs = export_graphs(model, x, control_of(group))
    finally:
        torch.set_default_dtype(before)
    assert graphs.difference <= 2 / 255


class OtherWhenTraced(nn.Linear):
    def forward(self, z):
        return super().forward(z) + float(torch.compiler.is_compiling())


class RoundsWholeNumbers(nn.Linear):
    def forward(self, z):  # the exporter writes a step that onnxruntime does not know
        return super().forward(z) + 0 * z.long().round().sum()


class FixesTheBatch(nn.Linear):
    def forward(self, z):
        return super().forward(z) + torch.zeros(len(z), 1)


@pytest.mark.parametrize(
    ("decoder", "sentence"),
    [
        (OtherWhenTraced(8, 16), "differ from the model's by at most 0.0078, got 1"),
        (RoundsWholeNumbers(8, 16), "expected graphs that onnxruntime can evaluate"),
        (FixesTheBatch(8, 16), "read the size as x.shape[0], for tracing fixes len(x)"),
    ],
)
def test_a_model_that_is_another_as_a_graph_is_refused(decoder, sentence):
    decode = nn.Sequential(decoder, nn.Unflatten(1, (1, 4, 4)))
    encode = nn.Sequential(nn.Flatten(), nn.Linear(16, 8))
    model = LatentActionAE(encode, decode, VectorAction(SO2().rep("2x0 + 3x1")))
    with pytest.raises(ExportError) as raised:
        export_graphs(model, torch.rand(3, 1, 4, 4), control_of(SO2()))
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_model_without_a_code_is_refused():
    with pytest.raises(TypeError, match="such as LatentActionAE, got a Linear without encode"):
        export_graphs(nn.Linear(3, 3), torch.rand(3, 3), control_of(SO2()))


# --- the layout of codes -------------------------------------------------------------------------
def test_codes_become_vectors_and_codes_again():
    model, x = parts_model(), torch.rand(5, 3, 4, 4)
    z = model.encode(x)
    layout = CodeLayout.of(z)
    again = layout.unflatten(layout.flatten(z))
    assert list(again) == list(z)
    assert all(torch.equal(again[name], z[name]) for name in z)
    plain = CodeLayout.of(z["maps"])
    assert torch.equal(plain.unflatten(plain.flatten(z["maps"])), z["maps"])


def test_blocks_say_which_entries_turn():
    model, x = parts_model(), torch.rand(5, 3, 4, 4)
    z = model.encode(x)
    layout = CodeLayout.of(z)
    blocks = layout.blocks(model.action)
    assert [(b.part, b.irrep, b.dim, b.copies, b.invariant) for b in blocks] == [
        ("code", "0", 1, 2, True),
        ("code", "1", 3, 2, False),
    ]
    moved = layout.flatten(model.action(SO3().sample(5), z)) - layout.flatten(z)
    for block in blocks:
        change = moved[:, block.offset : block.offset + block.dim * block.copies]
        assert bool((change.abs().amax(0) > 1e-4).all()) != block.invariant


def test_blocks_of_an_affine_action_are_its_invariants_and_the_rest():
    layout = CodeLayout.of(torch.zeros(2, 5))
    still, moving = layout.blocks(AffineAction(varying=3, invariant=2))
    assert (still.irrep, still.copies, still.offset, still.invariant) == ("0", 2, 0, True)
    assert (moving.irrep, moving.copies, moving.offset) == ("a z + b", 3, 2)
    assert not moving.invariant
    assert layout.blocks(AffineAction(varying=5)) == [
        Block("code", "a z + b", dim=1, copies=5, offset=0, invariant=False)
    ]
