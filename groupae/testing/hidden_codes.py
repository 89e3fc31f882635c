"""Codes with an action that is hidden in a random basis, to try `groupae.fit_action` on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import torch
from torch import Tensor

from groupae.groups import Group
from groupae.representations import Representation

__all__ = ["HiddenCodes", "random_multiplicities"]


@dataclasses.dataclass(frozen=True)
class HiddenCodes:
    r"""Noisy pairs of codes, :math:`z_2 = Q \rho(g) Q^{-1} z_1`, with a known answer.

    Args:
        rho: The representation.
        mixing: The matrix Q, float64, shape ``(d, d)``.
        z1: First codes, float64, shape ``(n, d)``.
        g: Elements.
        z2: Second codes.

    Example:
        >>> from groupae import SO2
        >>> codes = HiddenCodes.draw(SO2(), {"0": 1, "2": 1}, 20, seed=0)
        >>> codes.z1.shape
        torch.Size([20, 3])
    """

    rho: Representation
    mixing: Tensor
    z1: Tensor
    g: Tensor
    z2: Tensor

    @classmethod
    def draw(
        cls,
        group: Group,
        multiplicities: Mapping[str, int],
        n: int,
        *,
        seed: int,
        noise: float = 0.1,
        spread: float = 1.0,
    ) -> HiddenCodes:
        """Return random pairs.

        Args:
            group: The group.
            multiplicities: Number of copies of each irrep by its text.
            n: Number of pairs.
            seed: Seed of all draws.
            noise: Standard deviation of the noise on both codes, relative to that of all entries.
            spread: The singular values of Q are ``exp(u)``, u uniform within plus and minus this.
        """
        draws = torch.Generator().manual_seed(seed)
        terms = (f"{m}x{irrep}" for irrep, m in multiplicities.items() if m)
        rho = group.rep(" + ".join(terms))
        size = rho.dim

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draws, dtype=torch.float64)

        left, right = (torch.linalg.qr(normal(size, size))[0] for _ in range(2))
        uniform = 2 * torch.rand(size, generator=draws, dtype=torch.float64) - 1
        mixing = left * torch.exp(spread * uniform) @ right
        z, g = normal(n, size), group.sample(n, generator=draws, dtype=torch.float64)
        z1, z2 = z @ mixing.mT, rho.act(g, z) @ mixing.mT
        scale = noise * z1.std()
        return cls(rho, mixing, z1 + scale * normal(n, size), g, z2 + scale * normal(n, size))

    def oracle(self) -> Tensor:
        """Return the prediction of ``z2`` by the true action, whose error is that of the noise."""
        inverse = torch.linalg.inv(self.mixing)
        return self.rho.act(self.g, self.z1 @ inverse.mT) @ self.mixing.mT

    def __getitem__(self, part: slice) -> HiddenCodes:
        return dataclasses.replace(self, z1=self.z1[part], g=self.g[part], z2=self.z2[part])


def random_multiplicities(
    group: Group, most: int, *, seed: int, cutoff: int | None = None
) -> dict[str, int]:
    """Return random numbers of copies, from 0 to ``most``, of the irreps up to a cutoff.

    There is at least one copy of the trivial irrep.

    Example:
        >>> from groupae import SO2
        >>> sorted(random_multiplicities(SO2(), 3, seed=0, cutoff=2))
        ['0', '1', '2']
    """
    draws, irreps = torch.Generator().manual_seed(seed), group.irreps
    labels = irreps.labels(cutoff)
    counts = torch.randint(0, most + 1, (len(labels),), generator=draws).tolist()
    counts[0] = max(counts[0], 1)
    return {irreps.format(label): m for label, m in zip(labels, counts, strict=True)}
