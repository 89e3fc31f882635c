"""
The contrast of a brain inside its skull
========================================

Pairs show one head at two contrasts of its brain: ``sigmoid(a logit(x) + b)`` on brain pixels only.
The heads are slices of **one** scanned subject, bent so that they differ; those for testing are
neither from the slices nor the warps of training. Give it five minutes (``GROUPAE_MINUTES``).
"""

import os

import torch

from groupae import AffineAction, LatentActionAE, PartsAction, TrainingConfig, evaluate, fit
from groupae.data import BrainContrast
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR
from groupae.models import UNetDecoder, UNetEncoder
from groupae.objectives import CrossReconstruction, log_mean_squared_error
from groupae.viz import plot_orbit

# %%
# Anatomy is too fine for a vector. So the code has parts: a vector, and maps at full and at half
# size, which keep things in place. (a, b) acts on some channels of each, ``z -> a z + b``, and
# leaves the others alone: they can say where the brain is, and what is around it.
action = PartsAction(
    {
        "code": AffineAction(varying=8, invariant=24),
        "skip0": AffineAction(varying=2, invariant=4, axis=-3),
        "skip1": AffineAction(varying=2, invariant=4, axis=-3),
    }
)
shape = {"size": 96, "widths": (8, 16, 32, 48)}
loss = CrossReconstruction({"log_mse": (1.0, log_mean_squared_error)})
model = LatentActionAE(
    UNetEncoder(32, [6, 6], **shape), UNetDecoder(32, [6, 6], **shape), action, loss
)
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=8, optimizer="muon", learning_rate=1e-2)
result = fit(model, BrainContrast("train"), BrainContrast("validation").fixed(), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Heads of unseen anatomy, in dB: on the whole picture, and on the brain's own pixels.
test = BrainContrast("test")
for name, predictor in (("model", model), ("x1 unchanged", Unchanged())):
    scores = evaluate(predictor, test.fixed(), [PSNR, OWN_PSNR])
    print(f"{name:12}  {scores['psnr']:.1f}  {scores['own_psnr']:.1f}")

# %%
# Contrasts of held-out heads, predictions above what is true: the skull stays as it is.
seen = test.orbit(torch.arange(0, 36, 9), 8)
x, gs = seen.x[0], seen.g[:, 0]
figure = plot_orbit(
    model, x, gs, seen.x.transpose(0, 1), title="a = {0[0]:.1f}\nb = {0[1]:.1f}".format
)
