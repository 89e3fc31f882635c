"""The autoencoder whose latent space carries a group action.

The model predicts ``D(g . E(x))``. Encoder and decoder know no group; all structure is in the
action. The theory asks of them only ``E(D(z)) = z`` (paper, Prop. 4.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import check_floating, expected
from groupae.actions import Description, LatentAction
from groupae.actions.base import map_latent
from groupae.models.protocol import TransformModule
from groupae.objectives import CrossReconstruction
from groupae.pairs import PairBatch

__all__ = ["LatentActionAE"]


class LatentActionAE(TransformModule):
    """An autoencoder with a group acting on its latent code.

    Args:
        encoder: Any module from data to codes: a tensor, or a dict of named parts.
        decoder: Any module from codes to data.
        action: How the group acts on codes.
        objective: The loss; symmetric cross-reconstruction by MSE (the paper's) unless given.

    References:
        Jin, Shrivastava & Fletcher, Learning Group Actions on Latent Representations, NeurIPS 2024.

    Example:
        >>> from groupae import SO2, VectorAction
        >>> action = VectorAction(SO2().rep("2x0 + 3x1"))
        >>> ae = LatentActionAE(torch.nn.Linear(16, 8), torch.nn.Linear(8, 16), action)
        >>> ae.transform(torch.zeros(5), torch.randn(5, 16)).shape
        torch.Size([5, 16])
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        action: LatentAction[Any],
        objective: Callable[[Any, PairBatch], dict[str, Tensor]] | None = None,
    ) -> None:
        super().__init__()
        for name, module in (("encoder", encoder), ("decoder", decoder), ("action", action)):
            kind = LatentAction if name == "action" else nn.Module
            if not isinstance(module, kind):
                form = f"the {name} to be a {kind.__name__}"
                raise TypeError(expected("LatentActionAE", form, type(module).__name__))
        self.encoder = encoder
        self.decoder = decoder
        self.action = action
        self.group = action.group
        self.objective = objective or CrossReconstruction()

    def encode(self, x: Tensor) -> Any:
        """Return the code ``E(x)``."""
        check_floating("LatentActionAE.encode", "x", x)
        return self.encoder(x)

    def decode(self, z: Any) -> Tensor:
        """Return the data ``D(z)``."""
        prediction = self.decoder(z)
        if not isinstance(prediction, Tensor):
            got = type(prediction).__name__
            raise TypeError(expected("LatentActionAE", "the decoder to return a tensor", got))
        return prediction

    @override
    def transform(self, g: Tensor, x: Tensor) -> Tensor:
        """Return ``D(g . E(x))``.

        Args:
            g: Elements, shape ``(n, *element_shape)``, or one element for all.
            x: Data, shape ``(n, *x_shape)``.
        """
        return self.decode(self.action(g, self.encode(x)))

    @override
    def forward(self, g: Tensor, x: Tensor) -> Tensor:
        """Return `transform`."""
        return self.transform(g, x)

    @override
    def orbit(self, x: Tensor, gs: Tensor) -> Tensor:
        """Return predictions of each ``x`` under all elements.

        Args:
            x: Data, shape ``(n, *x_shape)``.
            gs: Elements, shape ``(m, *element_shape)``, the same for all, or
                ``(n, m, *element_shape)``.

        Returns:
            Shape ``(n, m, *x_shape)``; each x is encoded once.
        """
        if gs.ndim - len(self.action.group.element_shape) == 2:
            return self._decode_many(self._along(gs, x), len(x), gs.shape[1])
        return self._decode_many(self.action.orbit(self.encode(x), gs), len(x), len(gs))

    def interpolate(self, x: Tensor, g: Tensor, steps: int) -> Tensor:
        """Return ``steps`` frames on the geodesic from ``x`` (the identity) to ``g . x``.

        Args:
            x: Data, shape ``(n, *x_shape)``.
            g: Elements, shape ``(n, *element_shape)``, or one for all.
            steps: Number of frames, at least 2.

        Returns:
            Shape ``(n, steps, *x_shape)``.

        Raises:
            TypeError: If the group is discrete: nothing lies between its elements.
        """
        if steps < 2:
            raise ValueError(expected("LatentActionAE.interpolate", "steps of at least 2", steps))
        group = self.action.group
        g = g.expand(len(x), *group.element_shape)
        start = group.identity(len(x), 1, dtype=g.dtype, device=g.device)
        t = torch.linspace(0, 1, steps, dtype=g.dtype, device=g.device)
        path = group.interpolate(start, g.unsqueeze(1), t)
        return self._decode_many(self._along(path, x), len(x), steps)

    def _along(self, path: Tensor, x: Tensor) -> Any:
        """Return the codes of each ``x`` moved by its own elements ``(n, m, ...)``."""
        return self.action(path, map_latent(lambda part: part.unsqueeze(1), self.encode(x)))

    def swap(self, x: Tensor, y: Tensor) -> Tensor:
        """Return data with the invariant part of ``x`` and the varying part (pose) of ``y``."""
        return self.decode(self.action.swap(self.encode(x), self.encode(y)))

    @override
    def loss(self, batch: PairBatch) -> dict[str, Tensor]:
        """Return the objective's named terms on a batch of pairs."""
        return self.objective(self, batch)

    def describe(self) -> Description:
        """Return a table of the code: latent slice, irrep, copies, invariant or not."""
        return self.action.describe()

    def _decode_many(self, z: Any, n: int, m: int) -> Tensor:
        flat = map_latent(lambda part: part.flatten(0, 1), z)
        return torch.unflatten(self.decode(flat), 0, (n, m))
