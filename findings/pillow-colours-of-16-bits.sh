#!/usr/bin/env bash
# Library: pillow 13.0.0 (numpy 2.4.6).
# Guess: a PNG with 16 bits a colour is opened with them, as one of grey is, or it is refused.
# Seen: it is opened as mode RGB with the upper 8 bits of each; nothing tells of the lower ones.
# Output: 65536 values of red: grey arrives with 65536, colours with 256
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check pillow==13.0.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder" <<'EOF'
import io
import struct
import zlib

import numpy as np
from PIL import Image


def png(array, kind):
    """Return a PNG of 16 bits; kind 0 is grey, 2 is colours."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)

    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


values = np.arange(65536, dtype=np.uint16).reshape(256, 256)
grey = np.asarray(Image.open(io.BytesIO(png(values, 0))))
picture = Image.open(io.BytesIO(png(np.stack([values] * 3, -1), 2)))
colours = np.asarray(picture)[..., 0]
assert np.array_equal(grey, values), "changed: grey"
assert picture.mode == "RGB" and np.array_equal(colours, values >> 8), f"changed: {picture.mode}"
print(f"65536 values of red: grey arrives with {len(np.unique(grey))}, "
      f"colours with {len(np.unique(colours))}")
EOF
