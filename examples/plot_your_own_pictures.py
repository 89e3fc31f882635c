"""
Your own pictures
=================

A folder of pictures and a table that says which original each one shows and how that was moved:
that is a data set. Here the folder is made first, of handwritten digits in the colour of a hue;
yours would come from a camera. ``GROUPAE_MINUTES`` sets how long the model trains; give it five.
"""

import os
import tempfile
from pathlib import Path

import torch
from PIL import Image

from groupae import SO2, VectorAction, evaluate
from groupae.data import FolderPairs, RotatedDigits
from groupae.models import ConvDecoder, ConvEncoder, LatentActionAE
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit, plot_pairs

# %%
# The folder: 1500 digits, each in four hues on a grey ground. ``element`` is the hue in degrees.
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
# This makes it pairs; a mistake in the table would be told with its line.
G, splits = SO2(), ("train", "validation", "test")
train, validation, test = (FolderPairs(folder, G, chart="angle_deg", split=s) for s in splits)
figure = plot_pairs(test.fixed(), G, n=8)

# %%
# What is left is as for any other set. All but the hue should be in the invariants, ``48x0``.
rho = G.rep("48x0 + 12x1 + 8x2 + 4x3")
encoder, decoder = ConvEncoder(rho.dim, in_channels=3), ConvDecoder(rho.dim, out_channels=3)
model = LatentActionAE(encoder, decoder, VectorAction(rho))
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
fit(model, train, validation.fixed(), config)
print(f"{evaluate(model, test.fixed())['psnr']:.2f} dB on held-out digits")

# %%
# Held-out digits in ten hues, whatever hues the table has of them.
turns = G.grid(10).float()
figure = plot_orbit(model, test.fixed().x1[:5], turns, title=lambda g: element_title(G, g))
