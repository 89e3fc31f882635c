"""
Your own pictures
=================

A folder of pictures with a table is a data set; the table names the original and the element of
each picture. Here the folder is made first, from handwritten digits in many hues; yours would come
from a camera. ``GROUPAE_MINUTES`` sets the processor time of the training.
"""

import os
import tempfile
from pathlib import Path

import torch
from PIL import Image

from groupae import SO2, FolderPairs, LatentActionAE, RotatedDigits
from groupae.metrics import evaluate
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit, plot_pairs

# %%
# The folder has 1500 digits, each in four hues on a grey background. ``element`` is the hue in
# degrees.
folder = Path(tempfile.mkdtemp())
lines = ["picture,original,element,split"]
for i, digit in enumerate(RotatedDigits("train").originals[:1500, 0]):
    split = ("test", "validation", "train", "train", "train")[i % 5]
    for hue in torch.randint(360, (4,), generator=torch.Generator().manual_seed(i)).tolist():
        phases = torch.deg2rad(hue - torch.tensor([0.0, 120.0, 240.0]))  # red, green, blue
        pixels = 90 + 160 * digit[..., None] * phases.cos().clamp(min=-0.5)
        Image.fromarray(pixels.byte().numpy()).save(folder / f"{i}-{hue}.png")
        lines.append(f"{i}-{hue}.png,{i},{hue},{split}")
(folder / "elements.csv").write_text("\n".join(lines))

# %%
# Pairs from the folder; a mistake in the table is reported with its line.
G, splits = SO2(), ("train", "validation", "test")
train, validation, test = (FolderPairs(folder, G, chart="angle_deg", split=s) for s in splits)
figure = plot_pairs(test.fixed(), G, n=8)

# %%
# The rest is as for any other data set. All but the hue should be in the invariants, ``48x0``.
rho = G.rep("48x0 + 12x1 + 8x2 + 4x3")
model = LatentActionAE.conv(rho, (3, 28, 28))
minutes = max(0.3, float(os.environ.get("GROUPAE_MINUTES", "5")))  # less makes no picture
config = TrainingConfig(cpu_minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, train, validation, config)
psnr = evaluate(model, test, "psnr")["psnr"]
print(f"{psnr:.2f} dB on held-out digits after {result.steps} steps")

# %%
# Held-out digits in eight hues; the table need not contain these hues.
turns = G.grid(8)
figure = plot_orbit(model, test.fixed().x1[:5], turns, title=lambda g: element_title(G, g))
# sphinx_gallery_thumbnail_number = -1
