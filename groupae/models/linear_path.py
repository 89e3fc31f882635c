"""Affine map with a network beside it, for the end of an autoencoder.

An equivariant linear code is known in closed form from pairs alone
(`groupae.training.start_in_closed_form`). It is put beside a network, which learns what is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import ShapeError, expected

__all__ = ["LinearPath"]


@configurable
class LinearPath(nn.Module):
    r"""Encoder or decoder that is an affine map with a network beside it.

    .. math:: f(x) = y + R(y), \quad y = W x + b + s\,N(x)

    The affine map is 0 at first and is not trained unless asked for: it is set in closed form by
    `groupae.training.start_in_closed_form`. Optimisers that change all weights at one rate would
    undo it within a few steps.

    Args:
        in_shape: Shape of one input.
        out_shape: Shape of one output.
        network: Module from such inputs to such outputs; ``None`` for the affine map alone.
        scale: Factor s of the network. Below 1 it takes more steps of an optimiser to outweigh the
            affine map: networks that change a code at full rate undo it before they improve it.
        is_trained: Whether the affine map is trained too.
        refiner: Module R of outputs, whose result is added to them; ``None`` for none. It removes
            errors that can be seen in a decoder's output, such as ripples beside an edge, with few
            weights, which the network would need to predict from the code.

    Attributes:
        linear: The affine map of flattened inputs.
        network: The network, or ``None``.
        refiner: The refiner, or ``None``.

    Raises:
        TypeError: If the network or the refiner is no module.
        ValueError: If a shape is none.

    Example:
        >>> from groupae.models import ConvDecoder
        >>> decoder = LinearPath((40,), (1, 28, 28), ConvDecoder(40))
        >>> decoder(torch.zeros(2, 40)).shape
        torch.Size([2, 1, 28, 28])
    """

    def __init__(
        self,
        in_shape: Sequence[int],
        out_shape: Sequence[int],
        network: nn.Module | None = None,
        *,
        scale: float = 1.0,
        is_trained: bool = False,
        refiner: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.in_shape: tuple[int, ...] = _shape("in_shape", in_shape)
        self.out_shape: tuple[int, ...] = _shape("out_shape", out_shape)
        for name, part in (("network", network), ("refiner", refiner)):
            if part is not None and not isinstance(part, nn.Module):
                what = f"{name} to be a module, or None"
                raise TypeError(expected("LinearPath", what, type(part).__name__))
        if (
            not isinstance(scale, (int, float))
            or isinstance(scale, bool)
            or not 0 < scale < math.inf
        ):
            what = "scale as a finite number above zero"
            raise ValueError(expected("LinearPath", what, repr(scale)))
        self.linear: nn.Linear = nn.Linear(math.prod(self.in_shape), math.prod(self.out_shape))
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)
        self.linear.requires_grad_(bool(is_trained))
        self.network = network
        self.scale = scale
        self.refiner = refiner

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of all, shape ``(n, *out_shape)``."""
        if x.shape[1:] != self.in_shape:
            form = f"x of shape {('n', *self.in_shape)}".replace("'", "")
            raise ShapeError(expected("LinearPath", form, tuple(x.shape)))
        out: Tensor = self.linear(x.flatten(1)).unflatten(1, self.out_shape)
        if self.network is not None:
            out = out + self.scale * self.network(x)
        return out if self.refiner is None else out + self.refiner(out)

    @torch.no_grad()
    def set_affine(self, weight: Tensor, bias: Tensor) -> None:
        """Set the affine map.

        Args:
            weight: Matrix of flattened inputs, shape ``(outputs, inputs)``.
            bias: Shape ``(outputs,)``.

        Raises:
            ShapeError: If a shape is another one.
        """
        for name, own, given in (
            ("weight", self.linear.weight, weight),
            ("bias", self.linear.bias, bias),
        ):
            if given.shape != own.shape:
                what = f"{name} of shape {tuple(own.shape)}"
                raise ShapeError(expected("LinearPath", what, tuple(given.shape)))
            own.copy_(given)

    @torch.no_grad()
    def silence_network(self) -> None:
        """Set the last layer of network and refiner to 0, so that they add nothing until trained.

        Raises:
            TypeError: If one of them does not end in a linear layer or a convolution.
        """
        for name, shape in (("network", self.in_shape), ("refiner", self.out_shape)):
            part = getattr(self, name)
            if part is not None:
                self._silence(name, part, shape)

    def _silence(self, name: str, network: nn.Module, shape: tuple[int, ...]) -> None:
        last = [m for m in network.modules() if isinstance(m, _LAYERS)][-1:]
        for parameter in (parameter for layer in last for parameter in layer.parameters()):
            nn.init.zeros_(parameter)
        if not last or not self._is_silent(network, shape):
            what = f"a {name} with a linear layer or a convolution at its end"
            got = type(network).__name__
            raise TypeError(expected("LinearPath.silence_network", what, got))

    def _is_silent(self, network: nn.Module, shape: tuple[int, ...]) -> bool:
        was_training = [m for m in network.modules() if m.training]
        weight = self.linear.weight
        network.eval()
        zeros = torch.zeros(1, *shape, dtype=weight.dtype, device=weight.device)
        is_silent = not bool(network(zeros).any())
        for module in was_training:
            module.training = True
        return is_silent


_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def _shape(name: str, given: object) -> tuple[int, ...]:
    shape = tuple(given) if isinstance(given, Sequence) and not isinstance(given, str) else ()
    if not shape or not all(type(length) is int and length > 0 for length in shape):
        what = f"{name} as lengths above zero, without the batch axis"
        raise ValueError(expected("LinearPath", what, repr(given)))
    return shape
