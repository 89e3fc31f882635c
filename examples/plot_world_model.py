"""
Drift of a world model
======================

A world model predicts the next code from a code and an action. Small errors add up over a rollout.
`groupae.testing.audit_world_model` measures how fast, in codes and in decoded pictures, and whether
the laws of the actions are kept. ``GROUPAE_MINUTES`` sets the time of the training.
"""

import os

import torch

from groupae import SO2, LatentActionAE, RotatedDigits, TrainingConfig, fit
from groupae.testing import WorldModel, audit_world_model
from groupae.viz import plot_world_model

# %%
# Held-out digits that turn by a random angle eight times.
walks = RotatedDigits("test").trajectories(step=0, size=64, length=8)

# %%
# A model with a latent action keeps all laws of its group, however long the rollout: its codes do
# not drift, and their error is that of its encoder.
torch.manual_seed(0)
model = LatentActionAE.conv(SO2().rep("10x0 + 9x1 + 8x2 + 6x3"), (1, 28, 28))
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, optimizer="muon", learning_rate=1e-2)
fit(model, RotatedDigits("train"), RotatedDigits("validation"), config)
report = audit_world_model(model, walks)
print(report)
figure = plot_world_model(report)

# %%
# A world model of functions: the same encoder, and a step that turns half a degree too far. Turning
# too far commutes with turning, so the order of actions is right; the way back to the start is not.
late = WorldModel(model.encode, lambda z, g: model.action(g + 0.00873, z), model.decode)
report = audit_world_model(late, walks)
print(report)
figure = plot_world_model(report)
