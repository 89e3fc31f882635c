"""
Rotation of an object in its room
=================================

Each pair shows one object in two poses in one room, and the rotation between them. SO(3) rotates
the object; floor, wall and lamp stay, so that its faces change their brightness as they turn away
from the lamp. Objects are the random meshes of pybullet (``pip install 'groupae[objects]'``), which
is only read, never imported; test objects are not in the training data. The first run draws them in
half a minute; then ``GROUPAE_MINUTES`` sets the training time.
"""

import os

import torch

import groupae
from groupae import SO3
from groupae.data import FixedSteps
from groupae.experiments.baselines import Unchanged
from groupae.experiments.bench.relative_pose import relative_pose_scores
from groupae.experiments.presets.building import build_model
from groupae.experiments.presets.registry import get_experiment
from groupae.metrics import OWN_PSNR, PSNR, evaluate
from groupae.training import TrainingConfig, fit
from groupae.viz import plot_orbit

# %%
# The default of these data at 32 x 32 pixels. Feature maps carry the room past the code, unchanged.
experiment = get_experiment("objects").resized(32)
train, validation, test = (experiment.data.load(split) for split in ("train", "validation", "test"))
model = build_model(experiment.data, experiment.presets["default"].model, seed=0)
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=64, optimizer="muon", learning_rate=1e-2)
result = fit(model, train, validation, config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out objects, PSNR in dB of the object's pixels: of all rotations, and of exact angles, for
# which views are drawn when asked for. The second is the model in the package (``groupae zoo``).
zoo = groupae.load("zoo:objects")
for degrees in (None, 30, 180):
    steps = None if degrees is None else FixedSteps(SO3(), torch.pi * degrees / 180)
    asked = test if steps is None else test.with_sampler(steps)
    for name, predictor in (("model", model), ("zoo model", zoo), ("x1 unchanged", Unchanged())):
        own = evaluate(predictor, asked, [PSNR, OWN_PSNR], resamples=0)["own_psnr"].mean
        print(f"{'all' if degrees is None else degrees:>4}  {name:12}  {own:.1f}")

# %%
# What the zoo's codes know of the pose: R2 of the rotation between two views, and retrieval of a
# view by its moved code among all views of the object (chance of the mean reciprocal rank: 0.19).
for name, score in relative_pose_scores(zoo, train, test).items():
    print(f"{name:22} {score.mean:.2f}")

# %%
# A full turn about the vertical axis by the zoo's model, above the truth.
seen = test.orbit(torch.arange(3), 8)
figure = plot_orbit(zoo, seen.x[0], seen.moves(SO3()), seen.x.transpose(0, 1))
