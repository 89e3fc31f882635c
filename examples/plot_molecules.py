"""
Rotation of molecules
=====================

The method is not limited to pictures. A molecule is a list of atoms, each with a position in
angstrom and an element; SO(3) rotates positions and leaves elements unchanged. The model is never
given this action: it encodes the list, the rotation acts on the code, and it decodes.
``GROUPAE_MINUTES`` sets the training time; two minutes are enough.
"""

import os

import torch

import groupae
from groupae import SO3, LatentActionAE, Molecules, VectorAction
from groupae.experiments.baselines import DataAction, Unchanged
from groupae.experiments.datasets.molecules import move_atoms
from groupae.metrics import ATOM_SNR, evaluate
from groupae.models import SetDecoder, SetEncoder
from groupae.training import TrainingConfig, fit
from groupae.viz import plot_orbit, to_pictures

# %%
# ``64x0`` are invariants (elements and shape), ``24x1`` are vectors, one per atom, which can hold
# all positions. 16 vectors would have to compress them: 16 dB instead of 34 after one minute. Atoms
# are encoded as a set; ``places`` tells the encoder the row of each atom, so that the decoder can
# list them in the same order.
G = SO3()
rho = G.rep("64x0 + 24x1 + 8x2")
encoder = SetEncoder(rho.dim, features=8, width=128, layers=3, places=24)
model = LatentActionAE(encoder, SetDecoder(rho.dim, 24, 8), VectorAction(rho), "log_mse")
print(model.describe())

# %%
minutes = float(os.environ.get("GROUPAE_MINUTES", "2"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
result = fit(model, Molecules("train"), Molecules("validation"), config, score=ATOM_SNR)
print(f"{result.steps} steps in {result.seconds:.0f} s")

# %%
# Held-out molecules: signal-to-noise ratio of positions (0 dB is the centre for all atoms), and the
# share of atoms with the right element, by the model in the package (``groupae zoo``). The oracle
# rotates the positions, up to rounding.
test, zoo = Molecules("test"), groupae.load("zoo:molecules")
pairs, references = test.fixed(), {"oracle": DataAction(move_atoms), "x1 unchanged": Unchanged()}
for name, other in {"model": model, "zoo model": zoo, **references}.items():
    print(f"{name:12}  {evaluate(other, pairs, [ATOM_SNR])['atom_snr']:.1f} dB")
with torch.no_grad():
    elements = zoo.transform(pairs.g, pairs.x1)[..., 3:].argmax(-1)
present = pairs.x2[..., 3:].sum(-1) > 0
print(f"{(elements == pairs.x2[..., 3:].argmax(-1))[present].float().mean():.1%} elements right")

# %%
# Held-out molecules rotated about the vertical axis by the zoo's model, above the truth.
seen = test.orbit(torch.arange(0, 300, 100), 8)
truth, draw = seen.x.transpose(0, 1), to_pictures("molecules")
figure = plot_orbit(zoo, seen.x[0], seen.moves(G), truth, to_pictures=draw)
