"""Maps of codes that know the element but keep no group law, to compare fitted actions with.

`PerElement` is one linear regression per bin of elements; `ConditionalNet` is a network of code and
element. Both move the code of an autoencoder that stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae import LatentActionAE, PairBatch
from groupae.groups import Group
from groupae.models import TransformModule
from groupae.representations import Representation

__all__ = ["ConditionalNet", "LinearPictures", "PerElement", "nearest_of"]


class PerElement(TransformModule):
    """Linear regression of the second code on the first, one per bin of elements.

    Args:
        plain: The autoencoder.
        nearest: Function of elements ``(n, ...)`` that returns the numbers of their bins.
        codes: Codes and elements ``(z1, g, z2)`` of pairs.
        ridge: Weight of the ridge, relative to the variance of a standardised code.
    """

    def __init__(
        self,
        plain: LatentActionAE,
        nearest: Callable[[Tensor], Tensor],
        codes: tuple[Tensor, Tensor, Tensor],
        *,
        ridge: float = 1e-2,
    ) -> None:
        super().__init__()
        self.plain, self.group, self.nearest = plain, plain.group, nearest
        z1, g, z2 = codes
        self.mean, self.spread = z1.mean(0), z1.std(0) + 1e-6
        own, target = (z1 - self.mean) / self.spread, z2 - self.mean
        bins = nearest(g)
        eye = torch.eye(z1.shape[1], dtype=z1.dtype)
        self.maps = torch.stack(
            [
                torch.linalg.solve(a.T @ a + ridge * len(a) * eye, a.T @ target[bins == j])
                for j in range(int(bins.max()) + 1)
                for a in [own[bins == j]]
            ]
        )

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        z = (self.plain.encode(x).double() - self.mean) / self.spread
        moved = torch.bmm(z.unsqueeze(1), self.maps[self.nearest(g)]).squeeze(1)
        return self.plain.decode((moved + self.mean).to(x.dtype))

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        return {}


class ConditionalNet(TransformModule):
    """Network of a code and the entries of ``rho(g)``, between two halves that are frozen.

    Args:
        plain: The autoencoder; it is trained no further.
        rho: Representation whose matrices tell the network the element.
        codes: A batch of codes, which sets the scale of its input.
        width: Width of its two hidden layers.
    """

    def __init__(
        self, plain: LatentActionAE, rho: Representation, codes: Tensor, *, width: int = 512
    ) -> None:
        super().__init__()
        self.plain, self.group, self.rho = plain.requires_grad_(False), plain.group, rho
        size = codes.shape[1]
        self.register_buffer("mean", codes.mean(0))
        self.register_buffer("spread", codes.std(0) + 1e-6)
        self.net = nn.Sequential(
            nn.Linear(size + rho.dim**2, width),
            nn.SiLU(),
            nn.Linear(width, width),
            nn.SiLU(),
            nn.Linear(width, size),
        )

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        z = (self.plain.encode(x) - self.mean) / self.spread
        moved = z + self.net(torch.cat([z, self.rho.matrix(g).flatten(1)], 1))
        return self.plain.decode(moved * self.spread + self.mean)

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        error = (self.transform(batch.g, batch.x1) - batch.x2).square().flatten(1).mean(1)
        return {"log_mse": error.clamp(min=1e-8).log().mean()}


class LinearPictures(nn.Module):
    """Linear autoencoder of pictures: principal components.

    Args:
        pictures: Training pictures, shape ``(n, *x_shape)``.
        components: Length of the code.
    """

    def __init__(self, pictures: Tensor, components: int) -> None:
        super().__init__()
        self.x_shape = pictures.shape[1:]
        flat = pictures.flatten(1).double()
        self.mean = flat.mean(0)
        self.axes = torch.pca_lowrank(flat, components, niter=4)[2]

    def encode(self, x: Tensor) -> Tensor:
        """Return codes ``(n, components)``."""
        return ((x.flatten(1).double() - self.mean) @ self.axes).float()

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures ``(n, *x_shape)``."""
        x: Tensor = (z.double() @ self.axes.T + self.mean).float().unflatten(1, self.x_shape)
        return x


def nearest_of(group: Group, centres: Tensor) -> Callable[[Tensor], Tensor]:
    """Return the function of elements ``(n, ...)`` to the numbers of the nearest centres."""

    def nearest(g: Tensor) -> Tensor:
        found: Tensor = group.distance(g.unsqueeze(1), centres.to(g.dtype)).argmin(1)
        return found

    return nearest
