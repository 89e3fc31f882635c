"""
Shifting the phase of a hidden signal
=====================================

A series is a periodic signal seen through a gain that dips and on a drift. Only the signal shifts;
gain and drift stay. So shifting what is seen would be wrong, and part of the signal is hidden where
the gain is low. SO(2) acts on the code instead. ``GROUPAE_MINUTES`` sets how long it trains.
"""

import os

import torch

from groupae import SO2, LatentActionAE, Series, VectorAction, evaluate, fit, plot_orbit
from groupae.data import shift_phase
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.metrics import SNR
from groupae.models import SequenceDecoder, SequenceEncoder
from groupae.objectives import CrossReconstruction, log_mean_squared_error
from groupae.training import TrainingConfig
from groupae.viz import element_title, to_pictures

# %%
# Harmonic k of the signal turns k times while the phase goes round once: it needs frequency k, one
# copy for each of the two channels. ``16x0`` hold what stays: gain, drift, amplitudes.
G = SO2()
rho = G.rep("16x0 + 2x1 + 2x2 + 2x3 + 2x4 + 2x5 + 2x6 + 2x7 + 2x8")
shape = {"channels": 2, "length": 128}
encoder, decoder = SequenceEncoder(rho.dim, **shape), SequenceDecoder(rho.dim, **shape)
loss = CrossReconstruction({"log_mse": (1.0, log_mean_squared_error)})
model = LatentActionAE(encoder, decoder, VectorAction(rho), loss)
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "2"))
config = TrainingConfig(minutes=minutes, optimizer="muon", learning_rate=2e-2)
result = fit(model, Series("train"), Series("validation").fixed(), config, score=SNR)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Unseen series, signal-to-noise ratio. No action on what is seen does well: that is the second row.
test = Series("test")
whole = DataAction(shift_phase)
for name, other in (("model", model), ("x1 shifted", whole), ("x1 unchanged", Unchanged())):
    print(f"{name:12}  {evaluate(other, test.fixed(), [SNR])['snr']:.1f} dB")

# %%
# Unseen series once round, predictions above what is true.
seen = test.orbit(torch.arange(6), 8)
figure = plot_orbit(
    model,
    seen.x[0],
    seen.moves(G),
    seen.x.transpose(0, 1),
    title=lambda g: element_title(G, g),
    to_pictures=to_pictures("series"),
)
