"""Every experiment: its presets build, learn from a batch, and are judged beside references."""

import dataclasses

import pytest
import torch

from groupae import LatentActionAE, evaluate
from groupae.actions import PartsAction
from groupae.data import shift_phase
from groupae.experiments import EXPERIMENTS, Run, build_model, choose_models
from groupae.experiments.datasets.registry import DATASETS
from groupae.experiments.presets import systems
from groupae.experiments.presets.config import BACKBONES, BaselineConfig, ModelConfig, backbone_of
from groupae.experiments.presets.conv_backbones import UNet
from groupae.experiments.presets.rivals import conditional
from groupae.models import Capabilities, LinearPath
from groupae.testing import check_action
from groupae.training import start_in_closed_form
from tests.installed_data import if_installed

PRESETS = tuple((name, preset) for name, e in EXPERIMENTS.items() for preset in e.presets)
BUILT = tuple(pair for pair in PRESETS if pair[1] != "winter-steerable")  # wants escnn
# the published widths of scenes want a GPU
LEARNING = tuple(
    (name, preset)
    for name, preset in BUILT
    if preset != "paper-published" or name not in ("turntable", "sky-planes")
)


@pytest.fixture(scope="module", autouse=True)
def _own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROUPAE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def test_every_data_set_has_an_experiment():
    assert list(EXPERIMENTS) == list(DATASETS)
    for name, experiment in EXPERIMENTS.items():
        assert experiment.name == experiment.data.name == name
        assert "default" in experiment.presets


@pytest.mark.parametrize(("name", "preset"), if_installed(LEARNING))
def test_a_preset_learns_from_a_batch(name, preset):
    experiment = EXPERIMENTS[name]
    data = experiment.data.resized(experiment.comparison.pixels)
    model = build_model(data, experiment.presets[preset].model, seed=0)
    assert model.group == data.group
    if isinstance(model, LatentActionAE):
        assert check_action(model.action).passed
    batch = data.load("train", size="tiny").batch(0, 4)
    assert batch.x1.shape[1:] == data.x_shape
    assert model.transform(batch.g, batch.x1).shape == batch.x1.shape
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(8):
        loss = torch.stack(list(model.loss(batch).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("name", ["turntable", "sky-planes"])
def test_the_published_scenes_are_as_wide_as_published(name):
    experiment = EXPERIMENTS[name]
    model = build_model(experiment.data, experiment.presets["paper-published"].model, seed=0)
    x = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        z = model.encode(x)
    assert {part: tuple(found.shape[1:]) for part, found in z.items()} == {
        "code": (1020, 4, 4),
        "skip": (256, 16, 16),
    }
    assert set(model.objective.terms) == {"mse", "lpips"}
    assert model.objective.terms["lpips"][0] == 5e-4


@pytest.mark.parametrize("name", list(EXPERIMENTS)[:5])
def test_all_that_is_compared_has_a_preset_or_a_reason(name):
    models, obstacles = choose_models(EXPERIMENTS[name], "all")
    assert models[:2] == ("default", "paper")
    assert set(models) | set(obstacles) == set(EXPERIMENTS[name].comparison.models)
    assert obstacles


@pytest.mark.parametrize("name", if_installed(EXPERIMENTS))
def test_references_are_judged_by_the_same_scores(name):
    experiment = EXPERIMENTS[name]
    pairs = experiment.data.load("test", size="tiny").fixed()
    references = experiment.references(experiment.data.load("train", size="tiny"))
    scores = {
        key: evaluate(model, pairs, experiment.scores)[experiment.scores[0].name].mean
        for key, model in references.items()
    }
    assert "x1 unchanged" in scores
    for key, score in scores.items():
        if key.startswith("oracle"):
            assert score > scores["x1 unchanged"] + 5


def test_what_a_loss_needs_is_asked_for_before_anything_is_written(tmp_path, monkeypatch):
    experiment = EXPERIMENTS["turntable"]
    monkeypatch.delenv("GROUPAE_LPIPS_TRUNK", raising=False)
    with pytest.raises(FileNotFoundError, match="GROUPAE_LPIPS_TRUNK"):
        Run.create(tmp_path / "run", experiment, experiment.presets["paper-published"])
    assert not (tmp_path / "run").exists()


def test_a_run_keeps_size_and_folder(tmp_path):
    experiment = EXPERIMENTS["turntable"]
    preset = experiment.presets["default"]
    short = dataclasses.replace(preset.training, steps=1, batch_size=2, validations=1)
    preset = dataclasses.replace(preset, training=short)
    run = Run.create(tmp_path / "run", experiment, preset, size="tiny")
    assert len(run.load("test")) == 6
    opened = Run.open(tmp_path / "run")
    assert (opened.size, opened.folder) == ("tiny", None)
    assert len(opened.fixed("test")) == 1000
    other = Run.create(tmp_path / "other", experiment, preset, folder=tmp_path / "nowhere")
    assert Run.open(tmp_path / "other").folder == other.folder
    with pytest.raises(FileNotFoundError, match="nowhere"):
        other.load("train")


def test_a_run_keeps_how_the_picture_is_acted_on(tmp_path):
    experiment = EXPERIMENTS["brain-contrast"]
    for name in ("default", "conditional"):
        preset = experiment.presets[name]
        Run.create(tmp_path / name, experiment, preset, size="tiny")
        assert Run.open(tmp_path / name).preset == preset
    parts = build_model(experiment.data, experiment.presets["default"].model, seed=0).action.acted
    assert str(parts["acted_picture"]) == "ChannelAction(Aff+(1), 1xstd)"


def test_a_control_leaves_out_what_its_cells_were_written_without():
    brain = EXPERIMENTS["brain-contrast"].presets["default"]
    acted = conditional(brain, "1xstd").model.options
    assert (acted["coordinates"], acted["acted_picture"]) == ("logit", "1xstd")
    plain = brain.replace(coordinates="intensity", acted_picture="")
    assert set(acted) - set(conditional(plain, "1xstd").model.options) == {
        "coordinates",
        "acted_picture",
    }


@pytest.mark.parametrize("name", ["rotated-digits", "blocked-digits"])
def test_rivals_of_a_default_differ_from_it_in_one_respect(name):
    presets = EXPERIMENTS[name].presets
    default, before = presets["default"], presets["conditional"]
    assert presets["frequency-1"].training == default.training
    assert presets["conditional-0.6"].training == default.training
    assert before.training == dataclasses.replace(
        default.training, precision="32-true", ema_share=0.0
    )
    assert presets["conditional-0.6"].model == before.model  # the published one trained as before
    changed = dataclasses.replace(default.training, validations=2)
    assert presets["plain"].training == changed
    data = EXPERIMENTS[name].data
    models = {
        key: build_model(data, presets[key].model, seed=0)
        for key in ("default", "frequency-1", "conditional-0.6", "plain", "learned-mask")
    }
    standard = models["frequency-1"].action.rho
    assert {str(term.label) for term in standard.terms} == {"0", "1"}
    assert standard.dim == models["default"].action.rho.dim == models["plain"].size
    ours, *others = (sum(p.numel() for p in m.parameters()) for m in models.values())
    assert all(abs(count / ours - 1) < 0.2 for count in others)


def test_the_current_preset_is_that_of_todays_default():
    for name in ("rotated-digits", "blocked-digits"):
        experiment = EXPERIMENTS[name]
        training = experiment.presets["default"].training
        for rival in ("conditional", "learned-mask", "winter", "plain", "frequency-1"):
            current = experiment.current_preset(rival)
            assert (current.training.precision, current.training.ema_share) == (
                training.precision,
                training.ema_share,
            )
            assert current.model == experiment.presets[rival].model
    assert EXPERIMENTS["cells"].current_preset("plain") == EXPERIMENTS["cells"].presets["plain"]
    with pytest.raises(ValueError, match="expected a preset to be one of"):
        EXPERIMENTS["cells"].current_preset("plane")


BENCHMARKED = ("glyphs", "galaxies", "cells", "leaves", "objects")
# the control of outlines is told the matrices of all irreps that the action has, so it is larger
LARGER = {"cells": 1.1, "leaves": 0.6}


@pytest.mark.parametrize("name", BENCHMARKED)
def test_the_benchmark_compares_models_of_one_size_and_training(name):
    experiment = EXPERIMENTS[name]
    data = experiment.data.resized(experiment.comparison.pixels)
    names = ("default", "frequency-1", "conditional", "learned-mask", "plain")
    presets, obstacles = choose_models(experiment, ",".join((*names, "winter")))
    assert presets[:5] == names
    assert ("winter" in presets) == (str(data.group) == "SO(2)")
    assert ("winter" in presets) != ("takes SO(2), not" in obstacles.get("winter", ""))
    chosen = {key: experiment.presets[key] for key in names}
    trainings = [preset.training for key, preset in chosen.items() if key != "plain"]
    assert trainings == [trainings[0]] * 4
    assert chosen["plain"].training == dataclasses.replace(trainings[0], validations=2)
    models = {key: build_model(data, chosen[key].model, seed=0) for key in names}
    ours, *others = (sum(p.numel() for p in m.parameters()) for m in models.values())
    assert all(-0.1 < count / ours - 1 < LARGER.get(name, 0.27) for count in others)
    ours, standard = (_code(models[key]) for key in ("default", "frequency-1"))
    assert ours.dim == standard.dim
    frequencies = [term.label for term in standard.terms]
    assert set(frequencies) <= set(data.group.irreps.labels(1))
    told = data.group.rep(chosen["conditional"].model.options["features"])
    varying = {t.label for t in ours.terms} - {data.group.irreps.trivial}
    assert [term.multiplicity for term in told.terms] == [1] * len(varying)
    assert {term.label for term in told.terms} == varying


def _code(model):
    action = model.action
    return (action.acted["code"] if isinstance(action, PartsAction) else action).rho


def test_winter_and_the_mask_take_series():
    data = dataclasses.replace(EXPERIMENTS["series"].data, data_action=shift_phase)
    shape = {"encoder_widths": (8, 8), "decoder_widths": (8, 8), "turns": 4, "dim": 6}
    mask = {"backbone": "sequence", "representation": "2x1 + 1x2", "widths": (8, 8)}
    batch = data.load("train", size="tiny").batch(0, 3)
    for config in (BaselineConfig("winter", shape), BaselineConfig("learned-mask", mask)):
        model = build_model(data, config, seed=0)
        assert model.transform(batch.g, batch.x1).shape == batch.x1.shape
        assert sum(model.loss(batch).values()).isfinite()
    with pytest.raises(ValueError, match=r"'winter': expected its options, got .*'breadth'"):
        build_model(data, BaselineConfig("winter", {**shape, "breadth": 3}), seed=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"coordinates": "log"},
            "backbone 'unet': expected coordinates to be one of intensity, logit",
        ),
        ({"acted_picture": 2}, "backbone 'unet': expected acted_picture as text, got 2"),
        (
            {"backbone": "residual", "acted_picture": "1xstd"},
            "ModelConfig: expected a backbone of unet for acted_picture, got 'residual'; leave",
        ),
        (
            {"backbone": "residual", "coordinates": "logit"},
            "a backbone of unet for coordinates, got",
        ),
    ],
)
def test_a_bad_picture_is_one_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        ModelConfig(
            **{"backbone": "unet", "representation": "2x0", "objective": {"mse": 1.0}, **options}
        )


# --- options of baselines -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("system", "options", "words"),
    [
        ("maganet", {"breadth": 3}, "'maganet': expected its options, got .*'breadth'"),
        ("winter", {"breadth": 3}, "'winter': expected its options, got .*'breadth'"),
        ("conditional", {"features": "1x1", "feature": 3}, "got missing .*'backbone'"),
        ("conditional", {"backbone": "residual"}, "its options, got missing .*'features'"),
        ("conditional", {"features": "1x1", "backbone": "set"}, "got missing .*'representation'"),
    ],
)
def test_options_that_a_system_lacks_are_one_sentence(system, options, words):
    data = EXPERIMENTS["rotated-digits"].data
    with pytest.raises(ValueError, match=words):
        build_model(data, BaselineConfig(system, options), seed=0)


def test_a_type_error_inside_a_system_is_shown_as_it_is(monkeypatch):
    def broken(data, *, width=1):
        return len(width)

    fake = systems.System("broken", Capabilities(), broken)
    monkeypatch.setattr(systems, "SYSTEMS", {"broken": fake})
    data = EXPERIMENTS["rotated-digits"].data
    with pytest.raises(TypeError, match="object of type 'int' has no len"):
        build_model(data, BaselineConfig("broken", {"width": 2}), seed=0)
    with pytest.raises(ValueError, match=r"system 'broken': expected its options, got .*'depth'"):
        build_model(data, BaselineConfig("broken", {"depth": 2}), seed=0)


# --- backbones ------------------------------------------------------------------------------------
def test_every_backbone_is_built_from_the_fields_of_its_own():
    names = {field.name for field in dataclasses.fields(ModelConfig)}
    for name, kind in BACKBONES.items():
        assert kind.name == name
        fields = dataclasses.fields(kind)
        assert {field.name for field in fields} < names
        flat = ModelConfig(name, "1x0", {"mse": 1.0})
        assert backbone_of(flat, kind) == kind()
        for field in fields:
            assert field.default == getattr(flat, field.name), "files leave defaults out"


def test_a_linear_backbone_has_a_refiner_for_pictures_of_even_size():
    digits, series = EXPERIMENTS["rotated-digits"].data, EXPERIMENTS["series"].data
    config = ModelConfig("linear", "2x0 + 1x1", {"mse": 1.0}, (8, 16))
    decoder = build_model(digits, config, seed=0).decoder
    assert decoder(torch.zeros(2, 4)).shape == (2, 1, 28, 28)
    assert sum(isinstance(m, torch.nn.Conv2d) for m in decoder.refiner) == 3
    plain = build_model(series, dataclasses.replace(config, widths=()), seed=0)
    assert plain.decoder.refiner is None
    with pytest.raises(ValueError, match="'linear': expected square pictures"):
        build_model(series, config, seed=0)
    with pytest.raises(ValueError, match="pictures of even size, got 7; leave widths empty"):
        build_model(digits.resized(7), config, seed=0)


def test_a_flat_config_and_its_backbone_make_the_same_model():
    data = EXPERIMENTS["rotated-digits"].data
    config = ModelConfig("unet", "2x0 + 1x1", {"mse": 1.0}, (8, 16), skips=("1x1", ""), stride=2)
    unet = UNet((8, 16), skips=("1x1", ""), stride=2)
    assert backbone_of(config, UNet) == unet
    torch.manual_seed(0)
    encoder, _, action = unet.build(data.group, data.x_shape, "2x0 + 1x1")
    model = build_model(data, config, seed=0)
    assert str(model.action) == str(action)
    ours, theirs = encoder.state_dict(), model.encoder.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize(
    ("representation", "words"),
    [
        ("2x0 + 4x1", "'residual': expected a code of 4 invariants, the gathered colours"),
        ("4x1 + 9x0", "got 4x1 [+] 9x0; write invariants first, or take fewer colours"),
        ("4x0", "and more, got 4x0; write"),
    ],
)
def test_gathered_colours_need_invariants_first(representation, words):
    config = ModelConfig(
        "residual", representation, {"mse": 1.0}, (8, 16), colours=4, gathers_colours=True
    )
    with pytest.raises(ValueError, match=words):
        build_model(EXPERIMENTS["rotated-digits"].data, config, seed=0)


def test_gathered_colours_stay_where_g_acts():
    common = {"colours": 4, "gathers_colours": True, "widths": (8, 16)}
    data = EXPERIMENTS["rotated-digits"].data
    for backbone in ("residual", "unet"):
        config = ModelConfig(backbone, "5x0 + 2x1", {"mse": 1.0}, **common)
        model = build_model(data, config, seed=0)
        code = model.encode(torch.rand(3, 1, 28, 28))
        moved = model.action(torch.tensor([0.1, 1.0, 3.0]), code)
        code, moved = (z if backbone == "residual" else z["code"] for z in (code, moved))
        assert torch.equal(moved[:, :4], code[:, :4])
        assert not torch.equal(moved[:, 5:], code[:, 5:])
    with pytest.raises(ValueError, match="'unet': expected colours to gather, got 0"):
        ModelConfig("unet", "5x0", {"mse": 1.0}, gathers_colours=True)
    with pytest.raises(ValueError, match="gathers_colours as true or false, got 1"):
        ModelConfig("residual", "5x0", {"mse": 1.0}, colours=2, gathers_colours=1)


@pytest.mark.parametrize("backbone", ["paper_digit", "sequence", "somebodys"])
def test_widths_and_blocks_are_accepted_with_every_backbone_as_by_groupae_0_2(backbone):
    assert ModelConfig(backbone, "1x0", {"mse": 1.0}, (8,), 3).blocks == 3
    with pytest.raises(ValueError, match=r"widths above zero and blocks from 0, got widths \(0,\)"):
        ModelConfig(backbone, "1x0", {"mse": 1.0}, (0,))
    with pytest.raises(ValueError, match="a backbone of unet, paper_scene for skips, got"):
        ModelConfig(backbone, "1x0", {"mse": 1.0}, skips=("1x0",))


def test_the_blocks_of_a_model_are_bounded():
    common = {"backbone": "residual", "representation": "1x0 + 2x1", "objective": {"log_mse": 1.0}}
    assert ModelConfig(**common, widths=(4,), blocks=1000).blocks == 1000
    with pytest.raises(ValueError, match="ModelConfig: expected at most 1000 blocks, got 1001"):
        ModelConfig(**common, widths=(4,), blocks=1001)


def test_a_linear_path_stands_beside_the_backbone_of_series():
    data = EXPERIMENTS["series"].data
    config = ModelConfig("sequence", "2x0 + 2x1", {"mse": 1.0}, (8, 8), linear_path=True)
    model = build_model(data, config, seed=0)
    assert isinstance(model.encoder, LinearPath)
    assert isinstance(model.decoder, LinearPath)
    start_in_closed_form(model, data.load("train", size="tiny"), count=300)
    assert bool(model.encoder.linear.weight.any())
    with pytest.raises(ValueError, match="backbone 'sequence': expected linear_path as true"):
        ModelConfig("sequence", "2x0", {"mse": 1.0}, (8, 8), linear_path=1)
