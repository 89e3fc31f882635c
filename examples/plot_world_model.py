"""
Drift of a world model
======================

A world model predicts the next code from a code and an action. Small errors add up over a rollout.
`groupae.testing.audit_world_model` measures how fast, in codes and in decoded pictures, and whether
the laws of the actions are kept.
"""

import groupae
from groupae import Glyphs
from groupae.testing import WorldModel, audit_world_model
from groupae.viz import plot_world_model

# %%
# Held-out letters that turn by a random angle eight times.
walks = Glyphs("test").trajectories(step=0, size=64, length=8)

# %%
# A model with a latent action keeps all laws of its group, however long the rollout: its codes do
# not drift, and their error is that of its encoder. This one is in the package (``groupae zoo``).
model = groupae.load("zoo:glyphs")
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
