"""
The phase of a partly hidden signal
===================================

A series is a periodic signal, multiplied by a gain with dips and added to a drift. SO(2) shifts the
phase of the signal; gain and drift stay. A shift of the whole series would be wrong, and part of
the signal is hidden where the gain is low. So SO(2) acts on the code instead. ``GROUPAE_MINUTES``
sets the training time.
"""

import os

import torch

import groupae
from groupae import SO2, LatentActionAE, Series, VectorAction
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets import shift_phase
from groupae.metrics import SNR, evaluate
from groupae.models import SequenceDecoder, SequenceEncoder
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit, to_pictures

# %%
# Harmonic k of the signal turns k times during one period of the phase: it needs frequency k, with
# one copy per channel. ``16x0`` hold the invariants: gain, drift and amplitudes.
G = SO2()
rho = G.rep("16x0 + 2x1 + 2x2 + 2x3 + 2x4 + 2x5 + 2x6 + 2x7 + 2x8")
shape = {"channels": 2, "length": 128}
encoder, decoder = SequenceEncoder(rho.dim, **shape), SequenceDecoder(rho.dim, **shape)
model = LatentActionAE(encoder, decoder, VectorAction(rho), "log_mse")
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "2"))
config = TrainingConfig(minutes=minutes, optimizer="muon", learning_rate=2e-2)
result = fit(model, Series("train"), Series("validation"), config, score=SNR)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out series, signal-to-noise ratio, also of the model in the package (``groupae zoo``). A
# shift of x1 does not predict x2.
test, zoo = Series("test"), groupae.load("zoo:series")
references = {"x1 shifted": DataAction(shift_phase), "x1 unchanged": Unchanged()}
for name, other in {"model": model, "zoo model": zoo, **references}.items():
    print(f"{name:12}  {evaluate(other, test, [SNR])['snr']:.1f} dB")

# %%
# Held-out series over one period by the zoo's model, above the truth.
seen = test.orbit(torch.arange(3), 8)
figure = plot_orbit(
    zoo,
    seen.x[0],
    seen.moves(G),
    seen.x.transpose(0, 1),
    title=lambda g: element_title(G, g),
    to_pictures=to_pictures("series"),
)
