"""
Galaxies, turned and mirrored
=============================

Space has no up and down, and no left and right: O(2) acts on pictures of galaxies. These 286 are
cut out of the Hubble eXtreme Deep Field (NASA), each in a disc of its own; 200 are for training.
``GROUPAE_MINUTES`` sets the training time; five minutes give good results.
"""

import os

import torch

import groupae
from groupae import O2, Galaxies, LatentActionAE, TrainingConfig, evaluate, fit
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.viz import element_title, plot_orbit

# %%
# The code has numbers that neither rotations nor reflections change (``0``), numbers that change
# their sign under reflections (``0-``), and pairs that turn with frequency 1, 2, ...
G = O2()
rho = G.rep("16x0 + 4x0- + 14x1 + 13x2 + 12x3 + 10x4 + 9x5 + 8x6 + 7x7 + 5x8 + 4x9 + 3x10 + 1x11")
model = LatentActionAE.conv(rho, (3, 32, 32), objective="log_mse", colours=8)
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, Galaxies("train"), Galaxies("validation"), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out galaxies: this model; the one in the package (``groupae zoo``), which was trained for
# longer; the oracle, which moves the pixels of x1; and x1 itself. Most of each picture is dark, so
# even x1 is not far off, and decibels above it count.
test, zoo = Galaxies("test"), groupae.load("zoo:galaxies")
references = {"oracle": DataAction(test.data_action), "x1 unchanged": Unchanged()}
for name, other in {"model": model, "zoo model": zoo, **references}.items():
    print(f"{name:12}  {evaluate(other, test, 'psnr')['psnr']:.2f} dB")

# %%
# Held-out galaxies by the zoo's model: four turns, then the same four after a reflection.
angle = torch.arange(8) * torch.pi / 2
signs = torch.tensor([1.0, -1.0]).repeat_interleave(4)
g = G.convert(torch.stack([angle, signs], 1), "angle_sign", "matrix")
largest = test.radii.argsort(descending=True)[:5]
figure = plot_orbit(zoo, test.originals[largest], g, title=lambda h: element_title(G, h))
