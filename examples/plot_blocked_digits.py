"""
Turning what is behind a block
==============================

Pairs show one digit at two angles, mostly behind a white square that stays where it is. So SO(2)
acts on the digit, not on the picture: turning pixels would take the square along. A code has room
for both, what turns and what does not. Give it five minutes (``GROUPAE_MINUTES``).
"""

import os

import torch

from groupae import (
    SO2,
    ConvDecoder,
    ConvEncoder,
    CrossReconstruction,
    LatentActionAE,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
    plot_orbit,
)
from groupae.data import BlockedDigits, rotate
from groupae.experiments.baselines import DataAction
from groupae.objectives import log_mean_squared_error

# %%
# ``24x0`` are 24 invariants: what the digit is, whether there is a square, and where.
G = SO2()
rho = G.rep("24x0 + 9x1 + 8x2 + 8x3 + 7x4 + 6x5 + 6x6 + 4x7 + 4x8 + 3x9 + 2x10 + 2x11")
loss = CrossReconstruction({"log_mse": (1.0, log_mean_squared_error)})
model = LatentActionAE(ConvEncoder(rho.dim), ConvDecoder(rho.dim), VectorAction(rho), loss)

# %%
# The square is the same in both pictures of a pair, and everything else is as for rotated digits.
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, BlockedDigits("train"), BlockedDigits("validation").fixed(), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out digits: the model beside the rotation of x1 itself, square and all.
test = BlockedDigits("test")
print(f"model           {evaluate(model, test.fixed())['psnr']:.2f} dB")
print(f"turning pixels  {evaluate(DataAction(rotate), test.fixed())['psnr']:.2f} dB")

# %%
# Orbits of held-out digits, predictions above what is true: the square stays.
seen = test.orbit(torch.arange(5), 12)
x, gs = seen.x[0], seen.g[:, 0]
figure = plot_orbit(model, x, gs, seen.x.transpose(0, 1), title=lambda g: f"{g.rad2deg():.0f}°")
