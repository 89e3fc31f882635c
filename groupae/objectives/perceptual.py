"""Loss terms by perceptual distances of the crossed reconstruction.

The paper adds LPIPS with weight 0.0005 on its two 3D sets. The network is no part of the model: it
has no gradient, is neither among the parameters nor in checkpoints, and is loaded at the first
step.
"""

from __future__ import annotations

import dataclasses

from torch import Tensor

from groupae._validation import check_count
from groupae.metrics import LPIPSDistance, PerceptualDistance, STLPIPSDistance
from groupae.protocols import Predicted

__all__ = ["PerceptualTerm", "lpips_error", "st_lpips_error"]


@dataclasses.dataclass(frozen=True)
class PerceptualTerm:
    """Mean perceptual distance of the crossed reconstruction.

    Args:
        distance: The distance.
        every: One picture in this many is compared, as the network may cost more than the model.
            Pairs come in random order, so the mean and its gradient have the same expectation.

    Example:
        >>> from groupae import CrossReconstruction
        >>> from groupae.metrics import STLPIPSDistance
        >>> term = PerceptualTerm(STLPIPSDistance("vgg"))
        >>> CrossReconstruction({"perceptual": (0.0005, term)}).names
        ('perceptual',)
    """

    distance: PerceptualDistance
    every: int = 1

    def __post_init__(self) -> None:
        check_count("PerceptualTerm", "every", self.every)

    def __call__(self, crossed: Predicted) -> Tensor:
        """Return the mean over pictures, a scalar.

        Raises:
            ShapeError: If pictures are smaller than 32 x 32, or neither grey nor in colour.
            ModuleNotFoundError: If the package with the weights is not installed.
            FileNotFoundError: If the trunk's weights are not named, or not there.
        """
        prediction, target = (part[:: self.every] for part in (crossed.prediction, crossed.target))
        return self.distance(prediction, target).mean()


def st_lpips_error(crossed: Predicted) -> Tensor:
    """Return the mean ST-LPIPS (AlexNet) of the crossed reconstruction, by one picture in four.

    Example:
        >>> from groupae import CrossReconstruction
        >>> CrossReconstruction({"st_lpips": (0.0005, st_lpips_error)}).names
        ('st_lpips',)
    """
    return PerceptualTerm(STLPIPSDistance(), every=4)(crossed)


def lpips_error(crossed: Predicted) -> Tensor:
    """Return the mean LPIPS (VGG) of the crossed reconstruction (`groupae.metrics.LPIPSDistance`).

    References:
        Jin, Shrivastava & Fletcher, NeurIPS 2024: weight 0.0005 on the 3D sets.

    Example:
        >>> from groupae import CrossReconstruction
        >>> CrossReconstruction({"lpips": (0.0005, lpips_error)}).names
        ('lpips',)
    """
    return PerceptualTerm(LPIPSDistance())(crossed)
