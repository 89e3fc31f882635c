"""Each public name has a docstring, a place in the reference and an executed example."""

import inspect

import pytest

pytest.importorskip("sphinx")
from example_coverage import doc_of, has_example, public_members
from public_names import all_names

PUBLIC = [name for name in all_names() if name.is_public]
MEMBERS = list(public_members())

WITHOUT_EXAMPLE = {
    # prefix of a path: why no example of it is executed with the others
    "groupae.interop.escnn.": "escnn needs numpy below 2; tests/interop/test_escnn.py runs each",
    "groupae.interop.steerable.": "built from layers of escnn; tests/interop/test_steerable.py",
    "groupae.interop.symm_learning.": "needs escnn; tests/interop/test_symm_learning.py",
    "groupae.interop.cuequivariance.": "no extra of development has it; tests/interop has tests",
    "groupae.training.MLflowLogger": "needs mlflow; tests/training has tests",
    "groupae.training.TensorBoardLogger": "needs tensorboard; tests/training has tests",
    "groupae.training.TrackioLogger": "needs trackio; tests/training has tests",
    "groupae.training.WandbLogger": "needs wandb; tests/training has tests",
    "groupae.kernels.compiled.build": "needs a C compiler; tests/kernels has tests",
    "groupae.experiments.bench.read_others": "reads the tasks of the whole benchmark",
    # names of types, which annotations use
    "groupae.models.Coordinates": "name of a type",
    "groupae.models.Stride": "name of a type",
    "groupae.objectives.PredictionTerm": "name of a type",
    "groupae.objectives.Terms": "name of a type",
    "groupae.viz.Theme": "name of a type",
    "groupae.experiments.Backbone": "name of a type",
    "groupae.experiments.Format": "name of a type",
}


def is_excused(path):
    return any(path == prefix or path.startswith(prefix) for prefix in WITHOUT_EXAMPLE)


def test_each_public_name_has_a_docstring():
    assert [name.path for name in PUBLIC if not name.doc] == []


def test_each_public_method_and_property_has_a_docstring():
    bare = [
        f"{name.path}.{key}"
        for name, key, value in MEMBERS
        if not doc_of(value) and not inspect.getdoc(getattr(name.thing, key))
    ]
    assert bare == []


def test_each_public_name_has_an_executed_example():
    assert [n.path for n in PUBLIC if not has_example(n) and not is_excused(n.path)] == []


def test_each_public_method_and_property_has_an_executed_example():
    """One in its class counts, which shows how to make an object that has it."""
    bare = [f"{n.path}.{key}" for n, key, _ in MEMBERS if not has_example(n, key)]
    assert [path for path in bare if not is_excused(path)] == []


def test_no_excuse_is_out_of_date():
    shown = {name.path for name in PUBLIC if has_example(name)}
    paths = [name.path for name in PUBLIC if name.path not in shown]
    unused = [p for p in WITHOUT_EXAMPLE if not any(path.startswith(p) for path in paths)]
    assert unused == []


def test_each_name_is_shown_once():
    paths = [name.path for name in all_names()]
    assert len(paths) == len(set(paths))
    assert not [name.path for name in all_names() if name.page is None]
