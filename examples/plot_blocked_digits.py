"""
Rotation of digits behind a block
=================================

Each pair shows one digit at two angles, mostly behind a white square that stays in place. SO(2)
acts on the digit and not on the picture: rotation of the pixels would move the square. A code can
hold both, a part that turns and a part that stays. ``GROUPAE_MINUTES`` sets the training time; five
minutes give good results.
"""

import os

import torch

import groupae
from groupae import SO2, BlockedDigits, LatentActionAE, TrainingConfig, evaluate, fit
from groupae.data import rotate
from groupae.experiments.baselines import DataAction
from groupae.viz import element_title, plot_orbit

# %%
# ``24x0`` are 24 invariants: the identity of the digit and the position of the square, if any.
G = SO2()
rho = G.rep("24x0 + 9x1 + 8x2 + 8x3 + 7x4 + 6x5 + 6x6 + 4x7 + 4x8 + 3x9 + 2x10 + 2x11")
model = LatentActionAE.conv(rho, (1, 28, 28), objective="log_mse")

# %%
# Both pictures of a pair have the same square. All else is as for rotated digits.
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, BlockedDigits("train"), BlockedDigits("validation"), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out digits: this model; the one in the package (``groupae zoo``), which was trained for
# longer; and the rotation of all pixels of x1, including the square.
test, zoo = BlockedDigits("test"), groupae.load("zoo:blocked-digits")
for name, other in (("model", model), ("zoo model", zoo), ("pixels", DataAction(rotate))):
    print(f"{name:10} {evaluate(other, test, 'psnr')['psnr']:.2f} dB")

# %%
# Orbits of held-out digits by the zoo's model, above the truth: the square stays.
seen = test.orbit(torch.tensor([0, 2, 3]), 8)
truth, gs = seen.x.transpose(0, 1), seen.moves(G)
figure = plot_orbit(zoo, seen.x[0], gs, truth, title=lambda g: element_title(G, g))
# sphinx_gallery_thumbnail_path = "pictures/blocked-digits-turning.gif"
