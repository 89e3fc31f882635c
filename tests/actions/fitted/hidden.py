"""Codes with a hidden action, in the form that the tests here read."""

from groupae import get_group
from groupae.testing import hidden_codes


def hidden_pairs(group, multiplicities, seed, *, noise=0.1, pairs_per_number=4, n=None):
    """Return the representation, its basis Q, and noisy pairs (z1, g, z2), float64."""
    irreps = group.irreps
    size = sum(m * irreps.dim(irreps.parse(text)) for text, m in multiplicities.items())
    n = n or pairs_per_number * size
    codes = hidden_codes.HiddenCodes.draw(group, multiplicities, n, seed=seed, noise=noise)
    return codes.rho, codes.mixing, (codes.z1, codes.g, codes.z2)


def random_multiplicities(name, seed, most, cutoff=None):
    """Return multiplicities of 0 to ``most`` of all irreps up to a cutoff, not all 0."""
    return hidden_codes.random_multiplicities(get_group(name), most, seed=seed, cutoff=cutoff)
