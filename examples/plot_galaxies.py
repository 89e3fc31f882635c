"""
Galaxies, turned and mirrored
=============================

Space has no up and down, and no left and right: O(2) acts on pictures of galaxies. These 286 are
cut out of the Hubble eXtreme Deep Field (NASA), each in a disc of its own; 200 are for training.
``GROUPAE_MINUTES`` sets the training time; five minutes give good results.
"""

import os

import torch

from groupae import O2, Galaxies, LatentActionAE, TrainingConfig, evaluate, fit, plot_orbit
from groupae.experiments.baselines import DataAction, Unchanged

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
# Held-out galaxies. The oracle moves the pixels of x1; most of each picture is dark, so even x1
# itself is not far off, and decibels above it count.
test = Galaxies("test")
for name, other in (
    ("model", model),
    ("oracle", DataAction(test.data_action)),
    ("x1 unchanged", Unchanged()),
):
    print(f"{name:12}  {evaluate(other, test, 'psnr')['psnr']:.2f} dB")

# %%
# Six turns of held-out galaxies, then the same six after a reflection.
angle = torch.arange(6) * torch.pi / 3
signs = torch.tensor([1.0, -1.0]).repeat_interleave(6)
g = G.convert(torch.stack([angle.repeat(2), signs], 1), "angle_sign", "matrix")
largest = test.radii.argsort(descending=True)[:6]
figure = plot_orbit(model, test.originals[largest], g)
