"""Digit model of the paper, as its appendix describes it.

Encoder: four 3x3 convolutions of stride 2 (32, 64, 64, 64 channels; 28-14-7-4-2), flatten, two
linear layers. Decoder: two linear layers, then transposed convolutions (2-4-7-14-28) and a sigmoid.
ELU throughout.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn
from typing_extensions import override

from groupae._configurable import configurable
from groupae._validation import check_axis_size
from groupae.models.blocks import check_x_shape

__all__ = ["PaperDigitDecoder", "PaperDigitEncoder"]


@configurable
class PaperDigitEncoder(nn.Module):
    """Encoder of the paper for pictures ``(n, 1, 28, 28)``.

    Args:
        dim: Length of the code; the paper's is 24.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, appendix.

    Example:
        >>> import torch
        >>> PaperDigitEncoder(24)(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 24])
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inner, outer in itertools.pairwise((1, 32, 64, 64, 64)):
            layers += [nn.Conv2d(inner, outer, 3, stride=2, padding=1), nn.ELU()]
        head = (nn.Flatten(), nn.Linear(256, 256), nn.ELU(), nn.Linear(256, dim))
        self.layers: nn.Sequential = nn.Sequential(*layers, *head)

    @override
    def forward(self, x: Tensor) -> Tensor:
        """Return codes ``(n, dim)``."""
        remedy = "pictures of that size, or use ConvEncoder"
        check_x_shape("PaperDigitEncoder", x, (1, 28, 28), remedy)
        code: Tensor = self.layers(x)
        return code


@configurable
class PaperDigitDecoder(nn.Module):
    """Decoder of the paper, from codes ``(n, dim)`` to pictures ``(n, 1, 28, 28)``.

    The last ELU before the sigmoid is left out: with it no pixel could be darker than 0.27.

    Args:
        dim: Length of the code.

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024, appendix.

    Example:
        >>> import torch
        >>> PaperDigitDecoder(24)(torch.zeros(2, 24)).shape
        torch.Size([2, 1, 28, 28])
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        layers: list[nn.Module] = [nn.Linear(dim, 256), nn.ELU(), nn.Linear(256, 256), nn.ELU()]
        layers.append(nn.Unflatten(1, (64, 2, 2)))
        odd = (1, 0, 1, 1)  # sizes 2-4-7-14-28
        for (inner, outer), extra in zip(itertools.pairwise((64, 64, 64, 32, 1)), odd, strict=True):
            convolution = nn.ConvTranspose2d(inner, outer, 3, 2, padding=1, output_padding=extra)
            layers += [convolution, nn.ELU()]
        self.layers: nn.Sequential = nn.Sequential(*layers[:-1], nn.Sigmoid())

    @override
    def forward(self, z: Tensor) -> Tensor:
        """Return pictures ``(n, 1, 28, 28)``."""
        remedy = "give it the length of the code"
        check_axis_size("PaperDigitDecoder", z, -1, self.dim, remedy, name="z")
        picture: Tensor = self.layers(z)
        return picture
