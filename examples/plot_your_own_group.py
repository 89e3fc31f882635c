"""
A group of your own
===================

The eight quaternions 1, i, j, k and their negatives shuffle the eight tiles of a picture: no
rotation, no symmetry of digits, and no group that the library knows. Two generators are all it is
told. ``GROUPAE_MINUTES`` sets how long the model trains; give it five.
"""

import os

import torch

from groupae import FiniteGroup, VectorAction, evaluate
from groupae.data import OrbitPairs, RotatedDigits
from groupae.models import ConvDecoder, ConvEncoder, LatentActionAE
from groupae.testing import check_group
from groupae.training import TrainingConfig, fit
from groupae.viz import plot_orbit, plot_pairs

# %%
# The group, from where i and j send the tiles. Its laws are checked and its irreps found: four of
# degree 1, and one of degree 4 that commutes with the quaternions.
G = FiniteGroup.from_permutations([[1, 2, 3, 0, 5, 6, 7, 4], [4, 7, 6, 5, 2, 1, 0, 3]])
assert check_group(G).passed
print([(G.irreps.dim(k), G.irreps.commutant_dim(k)) for k in G.irreps.labels()])


# %%
# How it acts on pictures: the tile at place t, of two rows and four columns, goes to place p[t].
def shuffle(g: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    origins = G.convert(G.inverse(g), "index", "images").unflatten(1, (2, 4))
    tiles = x.unflatten(3, (4, 7)).unflatten(2, (2, 14)).permute(0, 2, 4, 1, 3, 5).flatten(1, 2)
    moved = tiles[torch.arange(len(x))[:, None, None], origins]
    return moved.permute(0, 3, 1, 4, 2, 5).reshape(x.shape)


splits = (RotatedDigits(split) for split in ("train", "validation", "test"))
train, validation, test = (OrbitPairs(digits.originals, G, shuffle) for digits in splits)
figure = plot_pairs(test.fixed(), G, n=8)

# %%
# A code of 20 regular representations, and a training as for any other group.
rho = 20 * G.regular()
model = LatentActionAE(ConvEncoder(rho.dim), ConvDecoder(rho.dim), VectorAction(rho))
minutes = float(os.environ.get("GROUPAE_MINUTES", "5"))
config = TrainingConfig(minutes=minutes, batch_size=32, optimizer="muon", learning_rate=1e-2)
fit(model, train, validation.fixed(), config)
print(f"{evaluate(model, test.fixed())['psnr']:.2f} dB on held-out digits")

# %%
# Held-out digits and what the eight quaternions make of them.
truth = test.orbit(torch.arange(4), 8).x.transpose(0, 1)
figure = plot_orbit(model, test.originals[:4], G.elements(), truth, title=lambda g: str(int(g)))
