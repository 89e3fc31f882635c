"""
What does my encoder know of the group?
=======================================

An autoencoder that never saw an angle has a code on which rotations act all the same, nearly:
`groupae.fit_action` finds the action in closed form. ``GROUPAE_MINUTES`` sets the processor
time of the training.
"""

import os

import torch
from matplotlib import pyplot as plt

from groupae import SO2, LatentActionAE, PairBatch, RotatedDigits, evaluate, fit_action
from groupae.training import TrainingConfig, fit
from groupae.viz import element_title, plot_orbit

minutes = max(0.3, float(os.environ.get("GROUPAE_MINUTES", "5")))  # less makes no picture
G, train, test = SO2(), RotatedDigits("train"), RotatedDigits("test").fixed()

# %%
# A plain autoencoder first: it reconstructs pictures one by one, pairs of a picture and itself.
# Yours would come from elsewhere.
singles = [train.batch(i, 32).x2 for i in range(500)] + [RotatedDigits("validation").fixed().x2]
alone = [PairBatch(x, G.identity(len(x)), x) for x in singles]
torch.manual_seed(0)
plain = LatentActionAE.conv(G.rep("96x0"), (1, 28, 28), objective="log_mse")
config = TrainingConfig(cpu_minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(plain, alone[:-1], alone[-1], config)
print(f"{result.steps} steps")

# %%
# Pairs of codes and the angles between them. The table counts the copies of each frequency.
batches = [train.batch(10_000 + i, 500) for i in range(20)]
with torch.no_grad():
    codes = [(plain.encode(b.x1), b.g, plain.encode(b.x2)) for b in batches]
fitted = fit_action(G, codes)
print(fitted)

# %%
# Residuals on held-out pairs: 0 is a copy that turns exactly, 2 one that does not know the angle.
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for copy in fitted.spectrum:
    axis.plot(int(copy.irrep), copy.residual, "o", color="C0" if copy.is_used else "0.8", ms=4)
axis.set(xlabel="frequency", ylabel="residual")

# %%
# The network with the action on its code turns held-out digits; no weight of it has changed.
model = LatentActionAE.wrap(plain, fitted)
own = evaluate(plain, PairBatch(test.x2, torch.zeros(len(test.x2)), test.x2), "psnr")["psnr"]
turned = evaluate(model, test, "psnr")["psnr"]
print(f"reconstructed: {own:.1f} dB; turned: {turned:.1f} dB")
orbit = plot_orbit(model, test.x1[:5], G.grid(8), title=lambda g: element_title(G, g))
# sphinx_gallery_thumbnail_number = -1
