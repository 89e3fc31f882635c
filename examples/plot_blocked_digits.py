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

from groupae import SO2, BlockedDigits, LatentActionAE, TrainingConfig, evaluate, fit, plot_orbit
from groupae.data import rotate
from groupae.experiments.baselines import DataAction

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
# Held-out digits: the model and the rotation of all pixels of x1, including the square.
test = BlockedDigits("test")
print(f"model           {evaluate(model, test, 'psnr')['psnr']:.2f} dB")
print(f"rotated pixels  {evaluate(DataAction(rotate), test, 'psnr')['psnr']:.2f} dB")

# %%
# Orbits of held-out digits, predictions above the truth: the square stays.
seen = test.orbit(torch.arange(5), 12)
x, gs = seen.x[0], seen.g[:, 0]
figure = plot_orbit(model, x, gs, seen.x.transpose(0, 1), title=lambda g: f"{g.rad2deg():.0f}°")
