"""Codes with a hidden action: pairs ``Q rho(g) Q^-1 z + noise`` for a random Q."""

import torch

from groupae import get_group


def hidden_pairs(group, multiplicities, seed, *, noise=0.1, pairs_per_number=4, spread=1.0, n=None):
    """Return the representation, its basis Q, and noisy pairs (z1, g, z2), float64."""
    draws = torch.Generator().manual_seed(seed)
    terms = (f"{m}x{name}" for name, m in multiplicities.items() if m)
    rho = group.rep(" + ".join(terms))
    size = rho.dim
    n = n or pairs_per_number * size

    def normal(*shape):
        return torch.randn(*shape, generator=draws, dtype=torch.float64)

    stretch = torch.exp((torch.rand(size, generator=draws, dtype=torch.float64) * 2 - 1) * spread)
    mix = torch.linalg.qr(normal(size, size))[0] * stretch @ torch.linalg.qr(normal(size, size))[0]
    z, g = normal(n, size), group.sample(n, generator=draws, dtype=torch.float64)
    z1, z2 = z @ mix.mT, rho.act(g, z) @ mix.mT
    scale = noise * z1.std()
    return rho, mix, (z1 + scale * normal(n, size), g, z2 + scale * normal(n, size))


def random_multiplicities(name, seed, most, cutoff=None):
    """Return multiplicities of 0 to ``most`` of all irreps up to a cutoff, not all 0."""
    draws, irreps = torch.Generator().manual_seed(1000 + seed), get_group(name).irreps
    labels = irreps.labels(cutoff)
    counts = torch.randint(0, most + 1, (len(labels),), generator=draws).tolist()
    counts[0] = max(counts[0], 1)
    return {irreps.format(label): m for label, m in zip(labels, counts, strict=True)}
