#!/usr/bin/env bash
# Library: e3nn 0.6.0, with torch 2.13.0.
# Guess: every package of e3nn lists its public names as text in __all__, so tools that read them, and
#   "from e3nn.o3.experimental import *", work alike for all.
# Seen: e3nn.o3.experimental lists the classes FullTensorProductv2 and ElementwiseTensorProductv2 themselves;
#   the star import raises a TypeError. Imported by name, both work, and e3nn.o3 lists text.
# Output: 2 classes in __all__ of e3nn.o3.experimental, star import: TypeError; by name: a layer
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check e3nn==0.6.0 torch==2.13.0 numpy==2.4.6 setuptools==80.9.0
"$folder/venv/bin/python" - <<'EOF'
import warnings

warnings.simplefilter("ignore")
import e3nn.o3
import e3nn.o3.experimental as package
from e3nn.o3.experimental import FullTensorProductv2

assert all(isinstance(name, str) for name in e3nn.o3.__all__)
classes = [name for name in package.__all__ if isinstance(name, type)]
try:
    exec("from e3nn.o3.experimental import *", {})
    seen = "no error"
except TypeError as error:
    seen = type(error).__name__
layer = FullTensorProductv2("1x0e", "1x1o")
assert len(classes) == len(package.__all__) == 2 and seen == "TypeError", f"changed: {classes}, {seen}"
print(f"{len(classes)} classes in __all__ of e3nn.o3.experimental, star import: {seen}; by name: a layer")
EOF
