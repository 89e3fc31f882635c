"""
Turning a plane before its sky
==============================

Pairs show one plane in two poses before one sky, and the rotation between them. SO(3) turns the
plane; the sky stays, also where the plane hid it. Planes and skies are procedural; test planes are
unseen. The first run renders them, about a minute; then give it five (``GROUPAE_MINUTES``).
"""

import os

import torch

from groupae import (
    SO3,
    LatentActionAE,
    PartsAction,
    SkyPlanes,
    TrainingConfig,
    VectorAction,
    evaluate,
    fit,
    plot_orbit,
)
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR
from groupae.models import UNetDecoder, UNetEncoder

# %%
# The pose is a vector in Wigner degrees 0 to 4; with degree 1 alone, a plane is a blob. The sky is
# in place already, so maps at full, half and quarter size carry it past the code, unmoved.
G = SO3()
rho = G.rep("48x0 + 16x1 + 12x2 + 8x3 + 4x4")
carried = {"skip0": None, "skip1": None, "skip2": None}
shape = {"size": 64, "widths": (8, 16, 32, 64, 128)}
model = LatentActionAE(
    UNetEncoder(rho.dim, [8, 8, 8], in_channels=3, **shape),
    UNetDecoder(rho.dim, [8, 8, 8], out_channels=3, **shape),
    PartsAction({"code": VectorAction(rho), **carried}),
)
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=16, optimizer="muon", learning_rate=1e-2)
result = fit(model, SkyPlanes("train"), SkyPlanes("validation").fixed(), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Unseen planes, in dB: on the whole picture, and on the plane's own pixels.
test = SkyPlanes("test")
for name, predictor in (("model", model), ("x1 unchanged", Unchanged())):
    scores = evaluate(predictor, test.fixed(), [PSNR, OWN_PSNR])
    print(f"{name:12}  {scores['psnr']:.1f}  {scores['own_psnr']:.1f}")

# %%
# Once about the vertical, predictions above what is true.
seen = test.orbit(torch.arange(6), 12)
figure = plot_orbit(model, seen.x[0], seen.moves(G), seen.x.transpose(0, 1))
