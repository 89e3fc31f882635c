#!/usr/bin/env bash
# Library: torch 2.13.0 (2.14.1 does the same).
# Guess: compiled code takes the branch that plain code takes, or torch.compile says that it cannot.
# Seen: where a property asks for the property of its base by super(), compiled code takes the property
#   object for its value. That is true whatever the property says: the other branch, without a word, with
#   fullgraph=True too.
# Output: a flag that is False by super(): plain -1, compiled +1
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
cat > "$folder/script.py" <<'EOF'
import torch


class Base:
    @property
    def flag(self):
        return False


class Derived(Base):
    @property
    def flag(self):
        return super().flag


derived = Derived()


def step(x):
    return x + 1 if derived.flag else x - 1


zero = torch.zeros(())
plain = int(step(zero))
compiled = int(torch.compile(step, backend="eager", fullgraph=True)(zero))
assert (plain, compiled) == (-1, 1), f"changed: {plain}, {compiled}"
print(f"a flag that is False by super(): plain {plain:+d}, compiled {compiled:+d}")
EOF
"$folder/venv/bin/python" "$folder/script.py"
