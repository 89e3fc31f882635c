#!/usr/bin/env bash
# Library: jsonargparse 4.53.0 with its signatures (typeshed-client 2.14.0, docstring-parser 0.18.0).
# Guess: what a module imports under `if TYPE_CHECKING:` is for type checkers alone, so a parser made from
#   the signature of one of its functions does not import it, above all if no parameter is of such a type.
# Seen: the parser runs the block and so imports all of it, also for a function of one int. A command
#   line that keeps a heavy library out by such a block loads it for --help all the same.
# Output: colorsys, imported for type checkers only: loaded by import False, by the parser True
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check \
  'jsonargparse[signatures]==4.53.0' typeshed-client==2.14.0 docstring-parser==0.18.0
cat > "$folder/command.py" <<'EOF'
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import colorsys


def paint(count: int = 1) -> None:
    print(count)


def shade(colour: colorsys) -> None:
    print(colour)
EOF
cd "$folder" && "$folder/venv/bin/python" - <<'EOF'
import sys

import command
from jsonargparse import ArgumentParser

imported = "colorsys" in sys.modules
parser = ArgumentParser()
parser.add_function_arguments(command.paint)
parsed = "colorsys" in sys.modules
assert (imported, parsed) == (False, True), f"changed: {imported}, {parsed}"
print(f"colorsys, imported for type checkers only: loaded by import {imported}, by the parser {parsed}")
EOF
