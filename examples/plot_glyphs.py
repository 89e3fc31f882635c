"""
Rotation of letters, and their symmetries
=========================================

Letters and digits of the fonts that come with matplotlib, each at two angles. No shape of the test
set was seen in training in any pose: all forms of a letter in one family of fonts are in one split.
Some letters coincide with themselves after half a turn, so their pose is known up to that only.
``GROUPAE_MINUTES`` sets the training time; five minutes give good results.
"""

import os

import torch

from groupae import SO2, Glyphs, LatentActionAE, TrainingConfig, evaluate, fit, plot_orbit
from groupae.data import rotate
from groupae.experiments.baselines import DataAction

# %%
# Train, validation and test, by shape; labels count the characters.
train, validation, test = (Glyphs(split) for split in ("train", "validation", "test"))
print([len(data) for data in (train, validation, test)], "glyphs of", len(train.classes), "classes")

# %%
# Letters of the test set whose picture half a turn leaves as it is.
symmetric = test.symmetry_orders == 2
print("".join(sorted({test.classes[i] for i in test.labels[symmetric]})))

# %%
# Strokes are sharp, so the code has frequencies up to 14; copies fall with the frequency.
G = SO2()
low = "12x0 + 11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7"
rho = G.rep(low + " + 6x8 + 6x9 + 5x10 + 4x11 + 3x12 + 2x13 + 1x14")
model = LatentActionAE.conv(rho, (1, 28, 28), objective="log_mse")
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, train, validation, config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out shapes: the model and the oracle, which rotates the pixels of x1.
print(f"model  {evaluate(model, test, 'psnr')['psnr']:.2f} dB")
print(f"oracle {evaluate(DataAction(rotate), test, 'psnr')['psnr']:.2f} dB")

# %%
# Orbits of held-out glyphs, three of them symmetric: their second half repeats the first.
rows = torch.cat([symmetric.nonzero()[:3, 0], (~symmetric).nonzero()[:60:20, 0]])
figure = plot_orbit(model, test.originals[rows], G.grid(12))
