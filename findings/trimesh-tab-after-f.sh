#!/usr/bin/env bash
# Library: trimesh 5.2.0 (numpy 2.4.6).
# Guess: words of a line of an OBJ may stand apart by any blanks, so a tab is as good as a space.
# Seen: a face whose f is followed by a tab is left out without a word, and so is one that is indented:
#   of two faces one arrives.
# Output: faces of 2: 2 behind spaces, 1 where the second stands behind a tab, 1 where it is indented
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check trimesh==5.2.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import io

import trimesh

text = "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 1 1 0\nf 1 2 3\n{}2 4 3\n"
count = []
for start in ("f ", "f\t", "  f "):
    mesh = trimesh.load_mesh(io.BytesIO(text.format(start).encode()), file_type="obj")
    count.append(len(mesh.faces))
assert count == [2, 1, 1], f"changed: {count}"
print(f"faces of 2: {count[0]} behind spaces, {count[1]} where the second stands behind a tab, "
      f"{count[2]} where it is indented")
EOF
