#!/usr/bin/env bash
# Library: torch 2.13.0.
# Guess: in compiled code "3 in x.shape" is decided by the size of each call, as "x.shape[-1] == 3" is:
#   torch.compile guards what a branch depends on.
# Seen: once a second size has made it symbolic, a number is never found among sizes, so the function
#   takes the other branch for size 3, without an error and without compiling again. The size on the
#   left, "x.shape[-1] in (3, 7)", is right, and so is "==".
# Output: at size 3, seen last: "3 in x.shape" wrong; "x.shape[-1] in (3, 7)" and "== 3" right
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check torch==2.13.0 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
import torch


def number_among_sizes(x):
    return x + 1 if 3 in x.shape else x - 1


def size_among_numbers(x):
    return x + 1 if x.shape[-1] in (3, 7) else x - 1


def equal(x):
    return x + 1 if x.shape[-1] == 3 else x - 1


seen = []
for function in (number_among_sizes, size_among_numbers, equal):
    compiled = torch.compile(function, fullgraph=True, backend="eager")
    agrees = [torch.equal(compiled(torch.zeros(2, n)), function(torch.zeros(2, n))) for n in (4, 5, 3)]
    assert agrees[:2] == [True, True]
    seen.append(agrees[2])
assert seen == [False, True, True], f"changed: {seen}"
print('at size 3, seen last: "3 in x.shape" wrong; "x.shape[-1] in (3, 7)" and "== 3" right')
EOF
