"""Plug-ins: found by name, lazily; what is wrong with one is told and hides nothing else."""

import dataclasses
import sys

import pytest
import torch

import groupae
from groupae import Cyclic, LatentAction, Representation, get_group, register_group
from groupae._plugins import PlugInError
from groupae.actions import get_action
from groupae.cli import main
from groupae.experiments import (
    EXPERIMENTS,
    ModelConfig,
    Run,
    build_model,
    get_backbone,
    get_experiment,
)
from groupae.groups.registry import GROUP_PLUG_INS

CODE = """
import dataclasses
import torch
from groupae import SO2, Cyclic, VectorAction
from groupae.experiments import EXPERIMENTS

@dataclasses.dataclass(frozen=True)
class Turns(Cyclic):
    @property
    def name(self):
        return f"turns({self.n})"

five = Turns(5)
def spin():
    return VectorAction(SO2().rep("1x0 + 2x1"))
def digits():
    ours = EXPERIMENTS["rotated-digits"]
    return dataclasses.replace(ours, data=dataclasses.replace(ours.data, name="my-digits"))
def misnamed():
    return EXPERIMENTS["rotated-digits"]
def affine(group, x_shape, config):
    size, rho = torch.Size(x_shape).numel(), group.rep(config.representation)
    encoder = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(size, rho.dim))
    back = torch.nn.Sequential(torch.nn.Linear(rho.dim, size), torch.nn.Unflatten(1, x_shape))
    return encoder, back, VectorAction(rho)
def whole(group, x_shape, config):
    return torch.nn.Identity()
def bare():
    return dataclasses.replace(EXPERIMENTS["rotated-digits"], data="digits")
def crash():
    raise RuntimeError("out of turns")
number = 7
"""


@pytest.fixture(autouse=True)
def _nothing_registered(monkeypatch):
    monkeypatch.setattr(GROUP_PLUG_INS, "_registered", {})


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a package with entry points on the path, without a network or an installer."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(package, entries, code=CODE):
        (tmp_path / f"{package}.py").write_text(code)
        info = tmp_path / f"{package}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        sections = (f"[groupae.{kind}]\n{lines}\n" for kind, lines in entries.items())
        (info / "entry_points.txt").write_text("\n".join(sections))
        monkeypatch.delitem(sys.modules, package, raising=False)

    yield make
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


def test_a_group_is_found_by_name_and_takes_integers(install):
    install("plug_a", {"groups": "turns = plug_a:Turns\nfive = plug_a:five"})
    assert "plug_a" not in sys.modules
    assert get_group("so2") == groupae.SO2()
    assert "plug_a" not in sys.modules, "a built-in name loads no plug-in"
    group = get_group("turns(8)")
    assert str(group) == "turns(8)"
    assert get_group(str(group)) == group
    assert get_group("Turns( 8 )") == group
    assert get_group("turns(8) * five").factors[1].order == 5
    rho = group.rep("2x0 + 1x3")
    assert Representation.from_config(rho.to_config()) == rho


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("turns", r"expected turns\(n\), got 'turns'"),
        ("turns(1, 2)", r"expected turns\(n\), got 'turns\(1, 2\)'"),
        ("five(2)", "expected 'five' without arguments, got 'five\\(2\\)'"),
        ("turns(-3)", "plug-in 'turns': expected a group from 'turns\\(-3\\)', got ValueError"),
        ("crash", "plug-in 'crash': expected a group from 'crash', got RuntimeError: out of turns"),
        ("spin", r"plug-in 'spin': expected a group, got VectorAction\(SO\(2\), 1x0 \+ 2x1\)"),
        ("number", "plug-in 'number': expected a group or a function that returns one, got 7"),
        ("turn(8)", "did you mean|expected a group to be one of"),
    ],
)
def test_a_name_that_makes_no_group_gets_one_sentence(install, text, sentence):
    names = ("turns = plug_a:Turns", "five = plug_a:five", "crash = plug_a:crash")
    more = ("spin = plug_a:spin", "number = plug_a:number")
    install("plug_a", {"groups": "\n".join(names + more)})
    with pytest.raises(ValueError, match=sentence) as caught:
        get_group(text)
    assert "\n" not in str(caught.value)


def test_a_plug_in_that_fails_is_told_and_hides_nothing(install):
    install("plug_a", {"groups": "turns = plug_a:Turns"})
    install("plug_b", {"groups": "bad = plug_b:thing"}, code="import no_such_module")
    install("plug_c", {"groups": "quits = plug_c:thing"}, code="raise SystemExit(3)")
    assert get_group("turns(3)").order == 3
    sentence = (
        r"plug-in 'bad' \(plug_b 1.0, plug_b:thing\): expected an object that loads, "
        "got ModuleNotFoundError: No module named 'no_such_module'"
    )
    with pytest.raises(PlugInError, match=sentence):
        get_group("bad")
    with pytest.raises(ValueError, match=rf"one of so2, .*turns, got 'nonsense'; .*{sentence}"):
        get_group("nonsense")
    assert [str(problem).split("'")[1] for problem in GROUP_PLUG_INS.problems()] == ["bad", "quits"]


def test_two_plug_ins_with_one_name_are_told(install):
    install("plug_a", {"groups": "turns = plug_a:Turns"})
    install("plug_b", {"groups": "Turns = plug_b:Turns"})
    sentence = (
        "plug-ins: expected one group named '[Tt]urns', got .*plug_a 1.0.* and .*plug_b 1.0.*; "
        "uninstall all but one"
    )
    with pytest.raises(PlugInError, match=sentence):
        get_group("turns(3)")
    assert len(GROUP_PLUG_INS.problems()) == 2
    register_group("turns", Cyclic, replace=True)
    assert get_group("turns(3)") == Cyclic(3)


@pytest.mark.parametrize("name", ["so2", "SO3", "c", "cyclic", "affine", "permutation", "o"])
def test_a_built_in_name_cannot_be_taken(install, name):
    with pytest.raises(ValueError, match="another name than that of a built-in group, got"):
        register_group(name, Cyclic)
    with pytest.raises(ValueError, match="another name than that of a built-in group"):
        register_group(name, Cyclic, replace=True)
    install("plug_a", {"groups": f"{name} = plug_a:five"})
    assert name not in GROUP_PLUG_INS.names()
    (problem,) = GROUP_PLUG_INS.problems()
    assert "another name than that of a built-in group" in problem


@pytest.mark.parametrize("name", ["a*b", "", "8", "a(2)", "a b", "x__", "a:b"])
def test_a_name_must_be_readable(name):
    with pytest.raises(ValueError, match="a name of letters, digits and single"):
        register_group(name, Cyclic)


def test_registering():
    register_group("turns", Cyclic)
    assert get_group("turns(4)") == Cyclic(4)
    with pytest.raises(ValueError, match="a new name, got 'TURNS' again; or give replace=True"):
        register_group("TURNS", Cyclic)
    register_group("turns", Cyclic(5), replace=True)
    assert get_group("TURNS") == Cyclic(5)
    with pytest.raises(TypeError, match="a group or a function that returns one, got 'C'"):
        register_group("other", "C")
    with pytest.raises(TypeError, match="expected a name, got 8"):
        register_group(8, Cyclic)


def test_a_plug_in_is_not_shadowed_silently(install):
    install("plug_a", {"groups": "turns = plug_a:Turns"})
    with pytest.raises(ValueError, match=r"that of 'turns' \(plug_a 1.0, plug_a:Turns\); or give"):
        register_group("turns", Cyclic)


def test_an_action_is_found_by_name(install):
    install("plug_a", {"actions": "spin = plug_a:spin\nfive = plug_a:five\nbad = plug_a:digits"})
    action = get_action("spin")
    assert isinstance(action, LatentAction)
    assert action(torch.zeros(2), torch.ones(2, 5)).shape == (2, 5)
    with pytest.raises(PlugInError, match="a function without arguments that returns an action"):
        get_action("five")
    with pytest.raises(PlugInError, match="plug-in 'bad': expected a LatentAction, got Experiment"):
        get_action("bad")
    with pytest.raises(ValueError, match="an action to be one of bad, five, spin, got 'spun'"):
        get_action("spun")
    with pytest.raises(TypeError, match="expected the name of an action, got int"):
        get_action(3)


def test_without_plug_ins_an_unknown_action_says_so():
    with pytest.raises(ValueError, match=r"no package offers a groupae\.actions"):
        get_action("spin")


@pytest.mark.filterwarnings("ignore:fit. expected a validation better")  # in one step
def test_a_data_set_becomes_trainable_and_its_run_opens_again(install, tmp_path):
    install("plug_a", {"datasets": "my-digits = plug_a:digits\nother = plug_a:misnamed"})
    experiment = get_experiment("my-digits")
    preset = experiment.preset("default")
    small = dataclasses.replace(preset.model, representation="2x0 + 2x1", widths=(8,))
    run = Run.create(tmp_path / "run", experiment, dataclasses.replace(preset, model=small))
    assert Run.open(run.path).experiment.name == "my-digits"
    words = ("--steps", "1", "--batch_size", "4", "--threads", "1", "--out", tmp_path / "trained")
    with pytest.raises(SystemExit) as stop:
        main(["train", "my-digits", *map(str, words)])
    assert stop.value.code == 0
    assert "my-digits" in (tmp_path / "trained" / "report.md").read_text()
    with pytest.raises(PlugInError, match="an Experiment of that name, got 'rotated-digits'"):
        get_experiment("other")
    with pytest.raises(
        ValueError, match=r"one of rotated-digits, .*, my-digits, other, got 'moon'"
    ):
        get_experiment("moon")


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("number", "an Experiment or a function without arguments that returns one, got 7"),
        ("crash", "expected an Experiment, got RuntimeError: out of turns"),
        ("bare", "expected an Experiment on a DatasetInfo, got 'digits'"),
    ],
)
def test_a_data_set_that_is_none_gets_one_sentence(install, entry, sentence):
    install("plug_a", {"datasets": f"moon = plug_a:{entry}"})
    with pytest.raises(PlugInError, match=sentence):
        get_experiment("moon")


def test_the_list_of_data_sets_tells_of_every_offer_that_cannot_be_used(install, capsys):
    install("plug_a", {"datasets": "bad name = plug_a:digits\nturntable = plug_a:digits"})
    with pytest.raises(SystemExit) as stop:
        main(["data", "list"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    assert "a name of letters, digits and single . - _, got 'bad name'\n" in out
    assert "another name than that of a built-in data set, got 'turntable'\n" in out


def test_a_backbone_is_found_by_name(install):
    names = ("affine = plug_a:affine", "number = plug_a:number", "whole = plug_a:whole")
    install("plug_a", {"models": "\n".join(names)})
    config = ModelConfig("affine", "1x0 + 2x1", {"mse": 1.0})
    experiment = EXPERIMENTS["rotated-digits"]
    model = build_model(experiment.data, config, seed=0)
    assert model.transform(torch.zeros(2), torch.zeros(2, 1, 28, 28)).shape == (2, 1, 28, 28)
    with pytest.raises(PlugInError, match="returns an encoder, a decoder and an action"):
        get_backbone("number")
    with pytest.raises(TypeError, match="backbone 'whole': expected an encoder, a decoder and an "):
        build_model(experiment.data, dataclasses.replace(config, backbone="whole"), seed=0)
    with pytest.raises(
        ValueError,
        match="paper_scene, polar, circular, affine, number, whole, got 'cnn'",
    ):
        build_model(experiment.data, dataclasses.replace(config, backbone="cnn"), seed=0)
