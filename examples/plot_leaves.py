"""
Species of leaves, wherever their outlines begin
================================================

The outline of a leaf is a series that begins at any of its points: SO(2) shifts it. How far two
series are apart depends on where they begin; the invariants of a code do not. The 442 leaves of six
species come from aeon (``pip install --no-deps aeon``). ``GROUPAE_MINUTES`` sets the training time.
"""

import os

import torch

import groupae
from groupae import SO2, LatentActionAE, Leaves, VectorAction
from groupae.experiments.baselines import Unchanged
from groupae.experiments.bench.invariant_accuracy import invariant_accuracy
from groupae.metrics import SNR, evaluate
from groupae.models import SetDecoder, SetEncoder
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit, to_pictures

train, validation, test = Leaves("train"), Leaves("validation"), Leaves("test")

# %%
# Frequency k of the series needs frequency k of SO(2). A linear map of the series could find it; a
# network is added to it.
G = SO2()
rho = G.rep("16x0 + " + " + ".join(f"1x{k}" for k in range(1, 49)))
encoder = SetEncoder(rho.dim, 128, width=64, layers=1, places=1, linear_path=True)
decoder = SetDecoder(rho.dim, 1, 128, width=128, linear_path=True)
model = LatentActionAE(encoder, decoder, VectorAction(rho), "log_mse")
minutes = float(os.environ.get("GROUPAE_MINUTES", "2"))
config = TrainingConfig(minutes=minutes, optimizer="muon", learning_rate=1e-2)
result = fit(model, train, validation, config, score=SNR)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# The 242 held-out leaves: signal-to-noise ratio, and the species, read from the invariants of the
# code by logistic regression (chance is 0.23, the share of the commonest).
zoo = groupae.load("zoo:leaves")  # trained for longer
for name, other in (("model", model), ("zoo model", zoo), ("x1 unchanged", Unchanged())):
    print(f"{name:12}  {evaluate(other, test, [SNR])['snr']:.1f} dB")
print(f"species       {invariant_accuracy(model, train, test):.2f}")

# %%
# Held-out leaves shifted once round by the zoo's model, above the truth.
seen = test.orbit(torch.arange(0, 240, 80), 8)
figure = plot_orbit(
    zoo,
    seen.x[0],
    seen.moves(G),
    seen.x.transpose(0, 1),
    title=lambda g: element_title(G, g),
    to_pictures=to_pictures("series"),
)
