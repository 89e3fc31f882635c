"""
The contrast of a brain inside its skull
========================================

Each pair shows one head with two contrasts of its brain: ``sigmoid(a logit(x) + b)`` on brain
pixels only. All heads are slices of **one** scanned subject, warped so that they differ; test heads
are from other slices and other warps than training heads. ``GROUPAE_MINUTES`` sets the training
time; five minutes give good results.
"""

import os

import torch

import groupae
from groupae import AffineAction, BrainContrast, LatentActionAE, PartsAction
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR, evaluate
from groupae.models import UNetDecoder, UNetEncoder
from groupae.training import TrainingConfig, fit
from groupae.viz import plot_orbit

# %%
# A vector is too small for the anatomy. So the code has three parts: a vector, and feature maps at
# full and at half size, which keep positions. (a, b) maps some channels z of each part to a z + b.
# The others are invariant and can hold the position of the brain and its surroundings.
action = PartsAction(
    {
        "code": AffineAction(varying=8, invariant=24),
        "skip0": AffineAction(varying=2, invariant=4, axis=-3),
        "skip1": AffineAction(varying=2, invariant=4, axis=-3),
    }
)
shape = {"size": 96, "widths": (8, 16, 32, 48)}
encoder, decoder = UNetEncoder(32, [6, 6], **shape), UNetDecoder(32, [6, 6], **shape)
model = LatentActionAE(encoder, decoder, action, "log_mse")
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=8, optimizer="muon", learning_rate=1e-2)
result = fit(model, BrainContrast("train"), BrainContrast("validation"), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out heads, PSNR in dB: of the whole picture, and of the brain's pixels.
# The second is the model in the package (``groupae zoo``), which was trained for longer.
test, zoo = BrainContrast("test"), groupae.load("zoo:brain-contrast")
for name, predictor in (("model", model), ("zoo model", zoo), ("x1 unchanged", Unchanged())):
    scores = evaluate(predictor, test, [PSNR, OWN_PSNR])
    print(f"{name:12}  {scores['psnr']:.1f}  {scores['own_psnr']:.1f}")

# %%
# Contrasts of held-out heads by the zoo's model, above the truth: the skull does not change.
seen = test.orbit(torch.arange(0, 36, 12), 8)
truth, gs = seen.x.transpose(0, 1), seen.g[:, 0]
figure = plot_orbit(zoo, seen.x[0], gs, truth, title="a = {0[0]:.1f}\nb = {0[1]:.1f}".format)
