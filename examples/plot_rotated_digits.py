"""
Rotation of digits in the latent space
======================================

Each pair shows one handwritten digit at two angles, and the angle between them. The model is never
given the rotation of pictures: it encodes, SO(2) acts on the code, and it decodes.
``GROUPAE_MINUTES`` sets the training time; five minutes give good results.
"""

import os

import groupae
from groupae import SO2, LatentActionAE, RotatedDigits, TrainingConfig, evaluate, fit
from groupae.data import rotate
from groupae.experiments.baselines import DataAction
from groupae.viz import element_title, plot_orbit

# %%
# The group, its representation on the code, and an autoencoder with this code. ``10x0`` are ten
# invariants (the identity of the digit); ``9x1 + 8x2 + ...`` have frequencies 1, 2, ... The loss is
# the logarithm of each picture's squared error, in both directions.
G = SO2()
rho = G.rep("10x0 + 9x1 + 8x2 + 8x3 + 7x4 + 6x5 + 6x6 + 4x7 + 4x8 + 3x9 + 2x10 + 2x11")
model = LatentActionAE.conv(rho, (1, 28, 28), objective="log_mse")
print(model.describe())

# %%
# Train on pairs; the weights with the best score on the validation pairs are kept.
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, RotatedDigits("train"), RotatedDigits("validation"), config)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out digits: this model; the one in the package (``groupae zoo``), which was trained for
# longer; and the oracle, which rotates the pixels of x1.
test, zoo = RotatedDigits("test"), groupae.load("zoo:rotated-digits")
for name, other in (("model", model), ("zoo model", zoo), ("oracle", DataAction(rotate))):
    print(f"{name:10} {evaluate(other, test, 'psnr')['psnr']:.2f} dB")

# %%
# Orbits of held-out digits by the zoo's model, counter-clockwise from left to right.
figure = plot_orbit(zoo, test.originals[:5], G.grid(8), title=lambda g: element_title(G, g))
