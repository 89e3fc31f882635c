"""
Views around an object
======================

Each pair shows one object from two of 24 positions on a circle, and the number of steps between
them. The cyclic group moves the camera: no action on pixels could show the other side of a car.
Objects are procedural; test objects are not in the training data. The first run renders them in
about a minute; then ``GROUPAE_MINUTES`` sets the training time, and five minutes give good results.
"""

import os

import torch

import groupae
from groupae import Cyclic, LatentActionAE, TrainingConfig, Turntable, evaluate, fit, plot_orbit
from groupae.experiments.baselines import Unchanged
from groupae.metrics import OWN_PSNR, PSNR

# %%
# C(24) has irreps 0 to 12; irrep k turns k times during one circle of the camera. An object with a
# symmetry, such as a table, has codes in the even ones only.
G = Cyclic(24)
rho = G.rep("48x0 + 12x1 + 12x2 + 10x3 + 10x4 + 9x5 + 8x6 + 7x7 + 6x8 + 5x9 + 3x10 + 2x11 + 3x12")
model = LatentActionAE.conv(rho, (3, 64, 64), widths=(16, 32, 64, 128))

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, Turntable("train"), Turntable("validation"), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out objects, PSNR in dB: of the whole picture, and of the object's pixels.
# The second is the model in the package (``groupae zoo``), which was trained for longer.
test, zoo = Turntable("test"), groupae.load("zoo:turntable")
for name, predictor in (("model", model), ("zoo model", zoo), ("x1 unchanged", Unchanged())):
    scores = evaluate(predictor, test, [PSNR, OWN_PSNR])
    print(f"{name:12}  {scores['psnr']:.1f}  {scores['own_psnr']:.1f}")

# %%
# Views around held-out objects by the zoo's model, above the truth. It never sees the far side of
# the table: it has learned what tables look like.
seen = test.orbit(torch.arange(3), 8)
truth, gs = seen.x.transpose(0, 1), seen.moves(G)
figure = plot_orbit(zoo, seen.x[0], gs, truth, title=lambda j: f"{15 * j}°")
