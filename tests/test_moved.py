"""Modules of groupae 0.2 are found under their old names; a file is named as its class."""

import importlib
import pickle
import re
import sys
from pathlib import Path

import pytest

import groupae
from groupae import SO2, groups
from groupae._moved import MODULES
from groupae.groups import finite, lie, maps, products
from groupae.groups.products.product import Sense
from groupae.metrics import SEEN_PSNR

SUBMODULES = ("baselines.maganet.glow", "data.rendering.camera", "models.paper.digits")


OLD = pytest.mark.filterwarnings("ignore:groupae.* is groupae:DeprecationWarning")


@pytest.fixture
def forgotten():
    """Old names are imported anew, and nothing of them stays."""
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.removeprefix("groupae.").startswith(tuple(MODULES)):
            del sys.modules[name]


@OLD
@pytest.mark.parametrize("name", [*MODULES, *SUBMODULES])
def test_a_module_has_its_old_name_too(name, forgotten):
    sys.modules.pop(f"groupae.{name}", None)
    with pytest.warns(DeprecationWarning, match=rf"groupae\.{name} is groupae\.\S+.* now"):
        module = importlib.import_module(f"groupae.{name}")
    for home in MODULES.get(name, ()):
        now = importlib.import_module(f"groupae.{home}")
        for public in getattr(now, "__all__", ()):
            assert getattr(module, public) is getattr(now, public)


def test_no_new_module_hides_behind_an_old_name():
    for homes in MODULES.values():
        assert not set(homes) & set(MODULES)


@OLD
def test_a_pickle_of_then_still_loads(forgotten):
    now = pickle.dumps(SO2(), protocol=0)
    then = now.replace(b"groupae.groups.lie.so2", b"groupae.groups.planar")
    assert then != now
    assert pickle.loads(then) == SO2()


@OLD
def test_a_name_that_never_was_is_an_error(forgotten):
    with pytest.raises(ImportError, match="nothing"):
        from groupae.data.digits import nothing  # noqa: F401
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("groupae.data.rendering.nothing")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        groupae.data.nothing  # noqa: B018 - looking it up is what is tested


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("fixed_settings", "usual_settings", "fixed_settings"),
        ("progress", "Building", "BuildProgress"),
        ("progress", "tell", "report_progress"),
    ],
)
def test_a_name_of_then_stands_beside_its_new_one(module, old, new):
    home = importlib.import_module(f"groupae.experiments.datasets.{module}")
    assert getattr(home, old) is getattr(home, new)


@OLD
@pytest.mark.parametrize("name", MODULES)
def test_a_moved_module_is_an_attribute_of_its_package_too(name, forgotten):
    package, _, last = f"groupae.{name}".rpartition(".")
    assert getattr(importlib.import_module(package), last).__name__ == f"groupae.{name}"


@OLD
def test_a_star_import_of_a_module_that_was_split_has_all_its_names(forgotten):
    names = {}
    exec("from groupae.groups.spatial import *", names)
    assert names["O3"] is groupae.O3
    assert names["SO3"] is groupae.SO3


@OLD
@pytest.mark.parametrize(
    ("thing", "now", "then"),
    [
        (Sense(1, 2), b"groups.products.product", b"groups.products"),
        (SEEN_PSNR, b"metrics.scores\n_seen", b"metrics.swaps\n_seen"),
    ],
)
def test_parts_of_pickles_are_where_they_were(thing, now, then):
    text = pickle.dumps(thing, protocol=0)
    assert now in text
    assert pickle.loads(text.replace(now, then)) == thing


@pytest.mark.parametrize("kind", [groupae.SO3, groupae.O3])
def test_a_pickle_of_a_group_by_e3nn_is_still_one(kind):
    assert kind().backend == "table"
    restored = kind()
    restored.__setstate__({"backend": "e3nn"})
    assert restored.backend == "e3nn"
    assert str(restored) == f"{kind().name[:-1]}, backend=e3nn)"
    assert type(pickle.loads(pickle.dumps(restored))) is type(restored)


def snake_case(name):
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


BY_FAMILY = {
    "Permutation": "symmetric",
    "Tetrahedral": "polyhedral",
    "Octahedral": "polyhedral",
    "Icosahedral": "polyhedral",
}


@pytest.mark.parametrize("wing", [lie, finite, products, maps])
def test_a_group_stands_in_the_file_of_its_name(wing):
    for name in wing.__all__:
        found = getattr(wing, name)
        file = found.__module__.rpartition(".")[2]
        words = BY_FAMILY.get(name, snake_case(name))
        words = words.removeprefix("finite_").removeprefix("lie_") if wing is products else words
        assert file == words or wing is maps
        assert found.__module__.startswith(wing.__name__)


def test_every_group_has_a_wing():
    wings = {name for wing in (lie, finite, products) for name in wing.__all__}
    rest = {"FiniteGroup", "Group", "Homomorphism", "Irreps", "LieGroup", "get_group"}
    assert set(groups.__all__) - wings == {*rest, "register_group"}


def test_the_changelog_lists_every_module_that_moved():
    changelog = (Path(__file__).parent.parent / "CHANGELOG.md").read_text()
    for name, homes in MODULES.items():
        assert f"| `{name}` | {', '.join(f'`{home}`' for home in homes)} |" in changelog
