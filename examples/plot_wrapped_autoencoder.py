"""
A pretrained autoencoder
========================

An autoencoder that never heard of groups gets a latent action: its weights stay as they are, and
two linear maps are learned between its code and the code that rotations act on.
``GROUPAE_MINUTES`` sets the processor time of each of two trainings.
"""

import os

import torch

from groupae import SO2, LatentActionAE, PairBatch, RotatedDigits, VectorAction
from groupae.metrics import evaluate
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit

minutes = max(0.3, float(os.environ.get("GROUPAE_MINUTES", "5")))  # less makes no picture
G, test = SO2(), RotatedDigits("test")
train, validation = RotatedDigits("train"), RotatedDigits("validation")

# %%
# A plain autoencoder first, which learns to reconstruct pictures one by one: pairs of a picture and
# itself. Yours would come from elsewhere, such as ``diffusers.AutoencoderKL.from_pretrained``; all
# that it needs is ``encode`` and ``decode``.
alone = [
    PairBatch(x, G.identity(len(x)), x)
    for x in [train.batch(i, 32).x2 for i in range(500)] + [validation.fixed().x2]
]
torch.manual_seed(0)
plain = LatentActionAE.conv(G.rep("96x0"), (1, 28, 28), objective="log_mse")
config = TrainingConfig(cpu_minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(plain, alone[:-1], alone[-1], config)
print(f"{result.steps} steps")

# %%
# The wrapped model is trained on pairs; only the two maps have gradients.
pairs = test.fixed()
action = VectorAction(G.rep("24x0 + 16x1 + 12x2 + 8x3"))
model = LatentActionAE.wrap(plain, action, example=pairs.x1[:1], objective="log_mse")
config = TrainingConfig(cpu_minutes=minutes, batch_size=32, learning_rate=3e-3)
result = fit(model, train, validation, config)
psnr = evaluate(model, test, "psnr")["psnr"]
print(f"{psnr:.2f} dB on held-out digits after {result.steps} steps")

# %%
# Held-out digits in eight turns, decoded by the plain decoder.
figure = plot_orbit(model, pairs.x1[:5], G.grid(8), title=lambda g: element_title(G, g))
