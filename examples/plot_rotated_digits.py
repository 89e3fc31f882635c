"""
Turning digits through the latent space
=======================================

Pairs show one handwritten digit at two angles, and the angle between. The model never sees how a
picture is turned: it encodes, lets SO(2) act on the code, and decodes. ``GROUPAE_MINUTES`` sets
how long it trains; give it five minutes.
"""

import os

from groupae import (
    SO2,
    ConvDecoder,
    ConvEncoder,
    CrossReconstruction,
    LatentActionAE,
    RotatedDigits,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
    plot_orbit,
)
from groupae.data import rotate
from groupae.experiments.baselines import DataAction
from groupae.objectives import log_mean_squared_error

# %%
# The group, how it acts on the code, and the autoencoder around it. ``10x0`` are ten invariants
# (what the digit is); ``9x1 + 8x2 + ...`` turn once, twice, ... while the picture turns once. The
# loss is the logarithm of each picture's squared error, both ways.
G = SO2()
rho = G.rep("10x0 + 9x1 + 8x2 + 8x3 + 7x4 + 6x5 + 6x6 + 4x7 + 4x8 + 3x9 + 2x10 + 2x11")
loss = CrossReconstruction({"log_mse": (1.0, log_mean_squared_error)})
model = LatentActionAE(ConvEncoder(rho.dim), ConvDecoder(rho.dim), VectorAction(rho), loss)
print(model.describe())

# %%
# Train on pairs, keep the weights that do best on the validation pairs.
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, RotatedDigits("train"), RotatedDigits("validation").fixed(), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out digits: the model beside the oracle, which turns the pixels of x1 themselves.
test = RotatedDigits("test")
print(f"model  {evaluate(model, test.fixed())['psnr']:.2f} dB")
print(f"oracle {evaluate(DataAction(rotate), test.fixed())['psnr']:.2f} dB")

# %%
# Orbits of held-out digits, counter-clockwise from the left.
figure = plot_orbit(model, test.originals[:6], G.grid(12).float())
