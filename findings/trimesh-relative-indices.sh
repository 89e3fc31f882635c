#!/usr/bin/env bash
# Library: trimesh 5.2.0 (numpy 2.4.6).
# Guess: negative indices of an OBJ count back from the vertices that stand before the face, as the
#   format says, so that a file may be written in pieces, vertices and face, vertices and face.
# Seen: they count back from the end of the file. Both faces become the last one: of two triangles of
#   areas 0.5 and 1 there come two of area 1, and three of six vertices are gone.
# Output: absolute 6 vertices, area 1.5; relative 3 vertices, area 2
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import io

import trimesh

text = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf {}\nv 0 0 1\nv 1 0 1\nv 0 2 1\nf {}\n"
found = []
for faces in (("1 2 3", "4 5 6"), ("-3 -2 -1", "-3 -2 -1")):
    mesh = trimesh.load_mesh(io.BytesIO(text.format(*faces).encode()), file_type="obj")
    found.append((len(mesh.vertices), round(float(mesh.area), 6)))
assert found == [(6, 1.5), (3, 2.0)], f"changed: {found}"
print("; ".join(f"{name} {count} vertices, area {area:g}"
                for name, (count, area) in zip(("absolute", "relative"), found)))
EOF
