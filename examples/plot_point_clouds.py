"""
Turning clouds of points
========================

A cloud is a set: 256 points of a surface, listed in an order drawn anew for every view. The encoder
pools over points, so the order does not matter to it; the loss is the Chamfer distance, which
compares sets. SO(3) turns the cloud; the model learns how from pairs alone. Training objects and
test objects are different. ``GROUPAE_MINUTES`` sets how long it trains; give it three or more.
"""

import os

import torch

from groupae import SO3, LatentActionAE, PointClouds, VectorAction, evaluate, fit, plot_orbit
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.metrics import CHAMFER
from groupae.models import SetDecoder, SetEncoder
from groupae.objectives import CrossReconstruction, log_chamfer_error
from groupae.training import TrainingConfig
from groupae.viz import to_pictures

# %%
# Irrep l of SO(3) turns like the spherical harmonics of degree l: the higher, the finer. Copies
# fall with the degree, as the detail of a shape does. Degree 1 alone costs more than 2 dB.
G = SO3()
rho = G.rep("16x0 + 8x1 + 6x2 + 4x3")
loss = CrossReconstruction({"log_chamfer": (1.0, log_chamfer_error)})
model = LatentActionAE(SetEncoder(rho.dim), SetDecoder(rho.dim, 256), VectorAction(rho), loss)
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "3"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, PointClouds("train"), PointClouds("validation").fixed(), config, score=CHAMFER)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Unseen objects, as -10 log10 of the squared Chamfer distance (the unit ball has radius 1). The
# oracle turns x1 itself. Another 256 points of the same surface would score about 20 dB.
test = PointClouds("test")
oracle = DataAction(lambda g, x: x @ g.mT)
for name, other in (("model", model), ("oracle", oracle), ("x1 unchanged", Unchanged())):
    print(f"{name:12}  {evaluate(other, test.fixed(), [CHAMFER])['chamfer']:.1f} dB")

# %%
# Unseen objects of the six classes turned about the vertical, predictions above what is true.
seen = test.orbit(torch.arange(6), 10)
truth, draw = seen.x.transpose(0, 1), to_pictures("points")
figure = plot_orbit(model, seen.x[0], seen.moves(G), truth, to_pictures=draw)
