"""
Outlines of real cells
======================

The outline of a cell may lie at any angle, be seen from either side, and begin at any of its
points: O(2) x SO(2) acts on it. The shape, which neither changes, says which drug the cell was
given. The 650 cells come from geomstats (``pip install --no-deps geomstats``).
``GROUPAE_MINUTES`` sets the training time.
"""

import os

import torch

import groupae
from groupae import Cells, LatentActionAE, VectorAction
from groupae.experiments.baselines import Unchanged
from groupae.experiments.bench.invariant_accuracy import invariant_accuracy
from groupae.metrics import SNR, evaluate
from groupae.models import SetDecoder, SetEncoder
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit, to_pictures

train, validation, test = Cells("train"), Cells("validation"), Cells("test")
G = train.group

# %%
# The irrep ``(1,m)`` is the standard representation of O(2) times frequency m of SO(2): so moves
# the m-th term of the Fourier series of an outline. A linear map of the outline could find it; a
# network is added to it.
rho = G.rep("16x(0,0) + " + " + ".join(f"1x(1,{m})" for m in range(1, 33)))
encoder = SetEncoder(rho.dim, 128, width=64, layers=1, places=2, linear_path=True)
decoder = SetDecoder(rho.dim, 2, 128, width=128, linear_path=True)
model = LatentActionAE(encoder, decoder, VectorAction(rho), "log_mse")
minutes = float(os.environ.get("GROUPAE_MINUTES", "2"))
config = TrainingConfig(minutes=minutes, optimizer="muon", learning_rate=1e-2)
result = fit(model, train, validation, config, score=SNR)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out cells, signal-to-noise ratio; then the drug and the line of the cell, read by logistic
# regression from the invariants of the code (chance is 0.48 and 0.60, the shares of the commonest).
zoo = groupae.load("zoo:cells")  # a closed form; see ``groupae zoo``
for name, other in (("model", model), ("zoo model", zoo), ("x1 unchanged", Unchanged())):
    print(f"{name:12}  {evaluate(other, test, [SNR])['snr']:.1f} dB")
for labels in ("labels", "cell_lines"):
    print(f"{labels:12}  {invariant_accuracy(model, train, test, labels=labels):.2f}")

# %%
# Held-out cells along their orbit by the zoo's model, above the truth; red is the first point.
seen = test.orbit(torch.arange(0, 75, 25), 8)
figure = plot_orbit(
    zoo,
    seen.x[0],
    seen.moves(G),
    seen.x.transpose(0, 1),
    title=lambda g: element_title(G, g),
    to_pictures=to_pictures("outlines"),
)
