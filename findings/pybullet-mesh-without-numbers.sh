#!/usr/bin/env bash
# Library: pybullet 3.2.7 (its data, read from the wheel for Linux; nothing is imported).
# Guess: random_urdfs are 1000 meshes that can all be drawn, coloured by the .mtl beside each .obj.
# Seen: all 35 vertices of 168.obj are "nan nan nan", so that 999 can be drawn; the 1000 .mtl files are one
#   and the same grey, and no .obj but that one names its own. The colours are in the .urdf: 998 of them.
# Output: 1000 meshes, without a number: 168; materials 1, colours 998
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip download -q -q --disable-pip-version-check --no-deps --only-binary :all: \
  --python-version 3.11 --platform manylinux2014_x86_64 -d "$folder" pybullet==3.2.7
"$folder/venv/bin/python" - "$folder" <<'EOF'
import re
import sys
import zipfile
from pathlib import Path

(wheel,) = Path(sys.argv[1]).glob("pybullet-3.2.7-*.whl")
empty, materials, colours = [], set(), set()
with zipfile.ZipFile(wheel) as archive:
    for number in range(1000):
        name = f"pybullet_data/random_urdfs/{number:03d}/{number:03d}"
        vertices = re.findall(r"^v (.*)$", archive.read(f"{name}.obj").decode(), re.MULTILINE)
        if all("nan" in vertex for vertex in vertices):
            empty.append(number)
        materials.add(archive.read(f"{name}.mtl"))
        colours.add(re.search(r'rgba="(.*?)"', archive.read(f"{name}.urdf").decode())[1])
found = (empty, len(materials), len(colours))
assert found == ([168], 1, 998), f"changed: {found}"
print(f"1000 meshes, without a number: {empty[0]}; materials {found[1]}, colours {found[2]}")
EOF
