"""Hundreds of bad inputs of all rooms, each of which gets one clear sentence."""

import inspect
import re
import warnings

import pytest

from groupae.cli import main
from tests.bad_input import (
    actions,
    codes,
    command_line,
    data,
    evaluation,
    files,
    groups,
    models,
    profiles,
    training,
)

ROOMS = {
    module.__name__.rpartition(".")[2]: module.TABLE
    for module in (
        groups,
        actions,
        models,
        data,
        training,
        evaluation,
        codes,
        files,
        profiles,
        command_line,
    )
}
ROWS = [
    pytest.param(*row[1:], id=f"{room}: {row.name}")
    for room, table in ROOMS.items()
    for row in table
]
FEWEST = 200

RAW = (
    *("size mismatch", "The size of tensor", "KeyError", "invalid literal", "Traceback"),
    *("mat1 and mat2", "NoneType' object", "object has no attribute", "is not subscriptable"),
    *("not supported between", "unsupported operand", "Expected all tensors", "positional arg"),
    *("keyword argument", "out of range", "invalid index", "invalid device", "must match the"),
    *("could not convert", "a bytes-like object", "Error(s) in loading", "Errno"),
)
"""Parts of messages of Python, numpy and torch that say nothing to a user."""

FORM = re.compile(
    r".+: expected .+, got .+|[^,]+: expected .+|groupae: (.+: )?[a-z].+[,;] .+"
    r"|groupae: (unrecognized arguments|the following arguments are required): .+"  # argparse's
)


def sentence_of(text):
    """Check what all sentences have in common, and return the sentence."""
    assert "\n" not in text
    assert FORM.fullmatch(text), text
    assert not [part for part in RAW if part in text], text
    return text


@pytest.mark.parametrize(("call", "error", "words"), ROWS)
def test_one_sentence(call, error, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if isinstance(call, list):
            with pytest.raises(SystemExit) as left:
                main(call)
            assert left.value.code == error
            printed = capsys.readouterr()
            lines = printed.err.strip().split("\n")
            assert len(lines) == 1, printed.err
            assert lines[0].startswith("groupae: ")
            said = lines[0]
        else:
            with pytest.raises(error) as caught:
                call(*[tmp_path] * len(inspect.signature(call).parameters))
            assert type(caught.value).__name__ == error.__name__ or issubclass(
                type(caught.value), error
            )
            said = str(caught.value)
    assert words in sentence_of(said), said


def test_the_count(capsys):
    counts = {room: len(table) for room, table in ROOMS.items()}
    for table in ROOMS.values():
        names = [row.name for row in table]
        assert len(set(names)) == len(names)
    with capsys.disabled():
        print(f"\nbad inputs: {sum(counts.values())} {counts}")  # noqa: T201
    assert sum(counts.values()) >= FEWEST
