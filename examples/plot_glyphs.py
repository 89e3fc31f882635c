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

import groupae
from groupae import SO2, Glyphs, LatentActionAE, TrainingConfig, evaluate, fit
from groupae.data import rotate
from groupae.experiments.baselines import DataAction
from groupae.viz import element_title, plot_orbit

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
# Held-out shapes: this model; the one in the package (``groupae zoo``), which was trained for
# longer; and the oracle, which rotates the pixels of x1.
zoo = groupae.load("zoo:glyphs")
for name, other in (("model", model), ("zoo model", zoo), ("oracle", DataAction(rotate))):
    print(f"{name:10} {evaluate(other, test, 'psnr')['psnr']:.2f} dB")

# %%
# Orbits of held-out glyphs by the zoo's model, the first two symmetric: the second half of their
# orbits repeats the first.
rows = torch.cat([symmetric.nonzero()[:20:10, 0], (~symmetric).nonzero()[:60:20, 0]])
figure = plot_orbit(zoo, test.originals[rows], G.grid(8), title=lambda g: element_title(G, g))
