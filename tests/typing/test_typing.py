"""The program that checkers read also runs, and the types that list names list all of them.

`make typing` runs the checkers themselves: tests/typing/check.py.
"""

import ast
import typing
from pathlib import Path

import pytest

import groupae
from groupae.persistence.zoo import ZooName, zoo_names
from tests.typing import program


@pytest.mark.filterwarnings("ignore:fit. expected a validation better than")  # after two steps
def test_the_program_runs(tmp_path, capsys):
    program.main(str(tmp_path))
    assert "VectorAction(SO(2), 10x0 + 9x1)" in capsys.readouterr().out


def test_the_type_of_names_has_all_models():
    assert set(typing.get_args(ZooName)) == {f"zoo:{name}" for name in zoo_names()}
    assert all(type(groupae.load(f"zoo:{n}")) is groupae.LatentActionAE for n in zoo_names())


def test_checkers_know_every_top_level_name():
    """Lazy names are imported for them alone, so the two lists could differ."""
    (block, *_) = (
        node
        for node in ast.parse(Path(groupae.__file__).read_text()).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    known = {
        a.asname or a.name for n in block.body if isinstance(n, ast.ImportFrom) for a in n.names
    }
    assert set(groupae.__all__) - {"__version__"} <= known
    assert {name for name in known if not hasattr(groupae, name)} == set()
