"""The page of the command line says what the program does."""

import inspect
import shlex

import pytest

pytest.importorskip("sphinx")
from command_reference import command_text, commands, examples_of, function_of

from groupae.cli.parsing import parser_of

COMMANDS = dict(commands())


def refuse(message):
    raise AssertionError(message)


@pytest.mark.parametrize("prog", COMMANDS)
def test_each_argument_of_a_command_is_on_the_page(prog):
    command = COMMANDS[prog]
    text = "\n".join(command_text(prog, command))
    for name, parameter in inspect.signature(function_of(command)).parameters.items():
        is_option = parameter.kind is parameter.KEYWORD_ONLY
        shown = f"--{name.replace('_', '-')}" if is_option else name.upper()
        assert f"``{shown}``" in text
    assert inspect.getdoc(function_of(command)).splitlines()[0] == command.summary


@pytest.mark.parametrize("prog", COMMANDS)
def test_a_command_has_examples_that_parse_and_says_what_it_writes(prog):
    command = COMMANDS[prog]
    parser = parser_of(prog, command, function_of(command), refuse)
    found = examples_of(command)
    assert found
    for line in found:
        assert line.startswith(prog)
        parser.parse_args(shlex.split(line.removeprefix(prog)))
    assert any(word in inspect.getdoc(function_of(command)) for word in ("Writes ", "The file "))
