"""
Walking round an object
=======================

Pairs show one object from two of 24 places on a circle, and how many places lie between. The cyclic
group moves the camera: nothing on the picture's pixels could show the other side of a car. Objects
are procedural; test objects are unseen. The first run renders them, about a minute; then give it
five (``GROUPAE_MINUTES``).
"""

import os

import torch

from groupae import (
    ConvDecoder,
    ConvEncoder,
    Cyclic,
    LatentActionAE,
    TrainingConfig,
    Turntable,
    VectorAction,
    evaluate,
    fit,
    plot_orbit,
)
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR

# %%
# C(24) has irreps 0 to 12; irrep k turns k times while the camera goes round once. An object with
# a symmetry, such as a table, has codes in the even ones only.
G = Cyclic(24)
rho = G.rep("48x0 + 12x1 + 12x2 + 10x3 + 10x4 + 9x5 + 8x6 + 7x7 + 6x8 + 5x9 + 3x10 + 2x11 + 3x12")
shape = {"size": 64, "widths": (16, 32, 64, 128)}
encoder = ConvEncoder(rho.dim, in_channels=3, **shape)
model = LatentActionAE(encoder, ConvDecoder(rho.dim, out_channels=3, **shape), VectorAction(rho))

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, Turntable("train"), Turntable("validation").fixed(), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Unseen objects, in dB: on the whole picture, and on the object's own pixels.
test = Turntable("test")
for name, predictor in (("model", model), ("x1 unchanged", Unchanged())):
    scores = evaluate(predictor, test.fixed(), [PSNR, OWN_PSNR])
    print(f"{name:12}  {scores['psnr']:.1f}  {scores['own_psnr']:.1f}")

# %%
# Round unseen objects from the first view, predictions above what is true.
seen = test.orbit(torch.arange(6), 12)
figure = plot_orbit(
    model, seen.x[0], seen.moves(G), seen.x.transpose(0, 1), title=lambda j: f"{15 * j}°"
)
