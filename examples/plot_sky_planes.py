"""
Rotation of a plane in front of its sky
=======================================

Each pair shows one plane in two poses in front of one sky, and the rotation between them. SO(3)
rotates the plane; the sky stays, also where the plane hid it. Planes and skies are procedural; test
planes are not in the training data. The first run renders them in about a minute; then
``GROUPAE_MINUTES`` sets the training time, and five minutes give good results.
"""

import os

import torch

import groupae
from groupae import SO3, LatentActionAE, PartsAction, SkyPlanes, VectorAction
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR, evaluate
from groupae.models import UNetDecoder, UNetEncoder
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit

# %%
# The vector code has the degrees 0 to 4; with degree 1 alone, planes are drawn as blobs. The sky
# does not move, so feature maps at full, half and quarter size carry it past the code, unchanged.
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
result = fit(model, SkyPlanes("train"), SkyPlanes("validation"), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out planes, PSNR in dB: of the whole picture, and of the plane's pixels.
# The second is the model in the package (``groupae zoo``), which was trained for longer.
test, zoo = SkyPlanes("test"), groupae.load("zoo:sky-planes")
for name, predictor in (("model", model), ("zoo model", zoo), ("x1 unchanged", Unchanged())):
    scores = evaluate(predictor, test, [PSNR, OWN_PSNR])
    print(f"{name:12}  {scores['psnr']:.1f}  {scores['own_psnr']:.1f}")

# %%
# A full turn about the vertical axis by the zoo's model, above the truth.
seen = test.orbit(torch.arange(3), 8)
truth, gs = seen.x.transpose(0, 1), seen.moves(G)
figure = plot_orbit(zoo, seen.x[0], gs, truth, title=lambda g: element_title(G, g))
