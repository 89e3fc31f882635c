"""Modules that need a test library name the extra that brings it."""

import importlib
import sys

import pytest

from groupae.testing.extras import missing


@pytest.mark.parametrize(
    ("module", "library"), [("mixins", "pytest"), ("strategies", "hypothesis")]
)
def test_a_missing_library_is_one_sentence(module, library, monkeypatch):
    owner = f"groupae.testing.{module}"
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.delitem(sys.modules, owner, raising=False)
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module(owner)
    assert str(caught.value) == (
        f"{owner}: expected {library} to be installed, got no such module; "
        "pip install 'groupae[testing]'"
    )


def test_what_a_library_lacks_itself_is_left_as_it_is():
    error = ModuleNotFoundError("No module named 'pluggy'", name="pluggy")
    assert missing("groupae.testing.mixins", "pytest", error) is error
