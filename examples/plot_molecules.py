"""
Turning molecules
=================

Nothing in the method is about pictures. A molecule is a list of atoms, each a position in angstrom
and an element; SO(3) turns positions and leaves elements alone. The model never sees how: it
encodes the list, lets the rotation act on the code, and decodes. ``GROUPAE_MINUTES`` sets how long
it trains; two are plenty.
"""

import os

import torch

from groupae import SO3, LatentActionAE, Molecules, VectorAction, evaluate, fit, plot_orbit
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.molecules import move_atoms
from groupae.metrics import ATOM_SNR
from groupae.models import SetDecoder, SetEncoder
from groupae.objectives import CrossReconstruction, log_mean_squared_error
from groupae.training import TrainingConfig
from groupae.viz import to_pictures

# %%
# ``64x0`` are invariants (which atoms, which shape), ``24x1`` vectors, one for each place in the
# list: room for every position. 16 vectors would have to compress: 16 dB, not 34, in a minute.
# Atoms are encoded as a set; ``places`` tells the encoder which row an atom stands in, so that
# the decoder can list them in the same order.
G = SO3()
rho = G.rep("64x0 + 24x1 + 8x2")
loss = CrossReconstruction({"log_mse": (1.0, log_mean_squared_error)})
encoder = SetEncoder(rho.dim, features=8, width=128, layers=3, places=24)
model = LatentActionAE(encoder, SetDecoder(rho.dim, 24, 8), VectorAction(rho), loss)
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "2"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, Molecules("train"), Molecules("validation").fixed(), config, score=ATOM_SNR)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Unseen molecules: signal-to-noise ratio of positions (0 dB is predicting the centre for all), and
# how many atoms keep their element. The oracle turns the positions themselves, up to rounding.
test = Molecules("test")
pairs = test.fixed()
oracle = DataAction(move_atoms)
for name, other in (("model", model), ("oracle", oracle), ("x1 unchanged", Unchanged())):
    print(f"{name:12}  {evaluate(other, pairs, [ATOM_SNR])['atom_snr']:.1f} dB")
with torch.no_grad():
    elements = model.transform(pairs.g, pairs.x1)[..., 3:].argmax(-1)
present = pairs.x2[..., 3:].sum(-1) > 0
print(f"{(elements == pairs.x2[..., 3:].argmax(-1))[present].float().mean():.1%} elements right")

# %%
# Held-out molecules turned about the vertical, predictions above what is true.
seen = test.orbit(torch.arange(0, 300, 60), 10)
truth, draw = seen.x.transpose(0, 1), to_pictures("molecules")
figure = plot_orbit(model, seen.x[0], seen.moves(G), truth, to_pictures=draw)
