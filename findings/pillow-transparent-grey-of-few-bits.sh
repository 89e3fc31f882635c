#!/usr/bin/env bash
# Library: pillow 13.0.0 (numpy 2.4.6).
# Guess: the grey that a PNG names as transparent (tRNS) is so whatever the bits of a grey.
# Seen: of 8 bits it is. Of 2 and of 4 bits the greys are spread over 0 to 255 when they are read, but
#   the transparent one is compared as it is stored, so no pixel of it becomes transparent.
# Output: transparent pixels of 4: 4 of 8 bits, 0 of 4 bits, 0 of 2 bits
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


def png(grey, bits):
    """Return a row of 4 pixels of one grey, which is the transparent one."""
    number = int(format(grey, f"0{bits}b") * 4, 2)
    row = b"\0" + number.to_bytes(4 * bits // 8, "big")

    def chunk(name, data):
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 1, bits, 0, 0, 0, 0))
    key = chunk(b"tRNS", struct.pack(">H", grey))
    return b"\x89PNG\r\n\x1a\n" + head + key + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")


count = {}
for bits in (8, 4, 2):
    alpha = np.asarray(Image.open(io.BytesIO(png(2, bits))).convert("RGBA"))[..., 3]
    count[bits] = int((alpha == 0).sum())
assert count == {8: 4, 4: 0, 2: 0}, f"changed: {count}"
print("transparent pixels of 4: " + ", ".join(f"{n} of {bits} bits" for bits, n in count.items()))
EOF
