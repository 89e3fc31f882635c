#!/usr/bin/env bash
# Library: Pillow 13.0.0 (matplotlib 3.11.2 for its font, numpy 2.4.6).
# Guess: ImageDraw.text at fractional coordinates draws smooth text between the pixels, as their
#   description says ("text may render differently when starting at fractional coordinates"): a letter at
#   x + 0.25 has its centre of grey 0.25 pixels to the right.
# Seen: the letter is the same picture at a whole pixel. From x + 0.5 on it is one pixel further right,
#   but y + 0.5 is drawn at y: half a pixel goes right and does not go down.
# Output: moved by 0.25, 0.50, 0.75: x 0.00 1.00 1.00, y 0.00 0.00 1.00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${PYTHON:-python3}" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install -q -q --disable-pip-version-check pillow==13.0.0 matplotlib==3.11.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'EOF'
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

path = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
font = ImageFont.truetype(path, 24, layout_engine=ImageFont.Layout.BASIC)


def centre(x, y):
    picture = Image.new("L", (60, 60))
    ImageDraw.Draw(picture).text((x, y), "H", fill=255, font=font)
    grey = np.asarray(picture, float)
    assert grey[0].max() == grey[-1].max() == 0  # nothing is cut off
    return grey.sum(0) @ np.arange(60) / grey.sum(), grey.sum(1) @ np.arange(60) / grey.sum()


start = centre(10, 10)
assert np.allclose(centre(11, 12), (start[0] + 1, start[1] + 2))  # whole pixels are right
moves = (0.25, 0.5, 0.75)
x = [round(centre(10 + move, 10)[0] - start[0], 2) for move in moves]
y = [round(centre(10, 10 + move)[1] - start[1], 2) for move in moves]
assert (x, y) == ([0, 1, 1], [0, 0, 1]), f"changed: {x} {y}"
print("moved by 0.25, 0.50, 0.75:", *("x %.2f %.2f %.2f," % tuple(x), "y %.2f %.2f %.2f" % tuple(y)))
EOF
