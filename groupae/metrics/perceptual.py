r"""Perceptual distances of pictures, by the features of a network trained on photographs.

Both pictures pass through the convolutions of a classifier. Its features after five of the layers
are scaled to unit length at each place; their squared differences are weighted by channel, averaged
over places and summed over layers:

.. math:: d(x, y) = \sum_l \frac1{H_l W_l} \sum_{h, w} \sum_c w_{l c}
    \left( \hat f_{l c}(x) - \hat f_{l c}(y) \right)_{h w}^2

`LPIPSDistance` is the usual one, with a classifier trained on ImageNet. `STLPIPSDistance` is
shift-tolerant: the same layers, trained again with blurred strides, so that a shift by one pixel
hardly counts. Figures of the two do not compare.

Conventions: pictures have values in [0, 1], shape ``(n, C, H, W)``, one channel or three, at least
32 x 32; 0 is equal, and lower is better. The networks are frozen, compute in float32, and are in no
model's parameters. Weights come from installed packages or from a file that you name: nothing is
downloaded, and no weight is ever random. Only the weights of the packages are read; their code,
which needs torchvision, is not run.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import math
import os
from pathlib import Path
from typing import ClassVar, Literal

import torch
from torch import Tensor
from typing_extensions import Self, override

from groupae._validation import ShapeError, check_floating, expected, unknown_choice
from groupae.metrics.perceptual_networks import (
    DESIGNS,
    PerceptualNetwork,
    installed_file,
    load_network,
)
from groupae.metrics.scores import Score
from groupae.protocols import PairBatch

__all__ = [
    "LPIPS",
    "ST_LPIPS",
    "LPIPSDistance",
    "PerceptualDistance",
    "STLPIPSDistance",
    "perceptual_scores",
]

_SMALLEST = 32  # pixels: the deepest features of a smaller picture have no place left
_AT_ONCE = 50  # pictures in the network: VGG makes 1 MB per picture and layer at 64 x 64
_TRUNK = "GROUPAE_LPIPS_TRUNK"
# ImageNet's mean and spread of red, green and blue; LPIPS's shift and scale for [-1, 1] are these
_MEAN, _SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_TITLES = {"alex": "AlexNet", "vgg": "VGG"}


@dataclasses.dataclass(frozen=True)
class PerceptualDistance(abc.ABC):
    """Distance of pictures by the features of a network, which is loaded at the first use.

    It is a plain description, equal by value: equal distances share one network.

    Args:
        net: The network, ``"alex"`` or ``"vgg"``.

    Example:
        >>> LPIPSDistance("alex").title, STLPIPSDistance().title
        ('LPIPS (AlexNet)', 'ST-LPIPS')
    """

    net: Literal["alex", "vgg"]
    _family: ClassVar[str]

    def __post_init__(self) -> None:
        if self.net not in _TITLES:
            raise ValueError(unknown_choice(type(self).__name__, "net", self.net, _TITLES))

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """Name of its score."""

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """Title of its score in tables."""

    @property
    def is_available(self) -> bool:
        """Whether the files with its weights exist; they are not read."""
        try:
            self.check_available()
        except (ModuleNotFoundError, FileNotFoundError):
            return False
        return True

    def check_available(self) -> None:
        """Raise unless the files with its weights exist; they are not read.

        Raises:
            ModuleNotFoundError: If the package with the weights is not installed.
            FileNotFoundError: If the trunk's weights are not named, or not there.
        """
        self._settled()._files()

    @abc.abstractmethod
    def _files(self) -> tuple[Path, ...]:
        """Return the files with the weights."""

    def _settled(self) -> Self:
        """Return the same distance, with the settings of the environment filled in."""
        return self

    def __call__(self, prediction: Tensor, target: Tensor) -> Tensor:
        """Return the distance of each picture to its target, shape ``(n,)``, float32.

        The gradient goes to the prediction only.

        Args:
            prediction: Shape ``(n, C, H, W)``, values in [0, 1]; C is 3, or 1 for grey pictures.
            target: Same shape.

        Raises:
            ShapeError: If shapes don't fit, or pictures are smaller than 32 x 32.
            TypeError: If pictures are not floating.
            ModuleNotFoundError: If the package with the weights is not installed.
            FileNotFoundError: If the trunk's weights are not named, or not there.
            ValueError: If a file does not hold the weights.
        """
        self._check(prediction, target)
        network = _load(self._settled(), target.device)
        with torch.autocast(target.device.type, enabled=False):
            distance = network(_standardised(prediction), _standardised(target))
        assert isinstance(distance, Tensor)
        return distance

    def _check(self, prediction: Tensor, target: Tensor) -> None:
        check_floating(self.title, "prediction", prediction)
        check_floating(self.title, "target", target)
        shape = target.shape
        if prediction.shape != shape or len(shape) != 4 or shape[1] not in (1, 3):
            got = f"{tuple(prediction.shape)} and {tuple(shape)}"
            what = "two batches of pictures (n, C, H, W) of one shape, C being 1 or 3"
            raise ShapeError(expected(self.title, what, got))
        if min(shape[2:]) < _SMALLEST:
            what = f"pictures of at least {_SMALLEST} x {_SMALLEST}"
            got, remedy = f"{shape[2]} x {shape[3]}", "judge smaller ones by PSNR and SSIM"
            raise ShapeError(expected(self.title, what, got, remedy))

    @property
    def score(self) -> Score:
        """Score for `groupae.metrics.evaluate`, which clamps predictions; lower is better."""
        return Score(
            self.name,
            self.title,
            3,
            _Judge(self),
            lower_is_better=True,
            range=(0.0, math.inf),
            definition=f"{self.title} distance of features of the network {self.net!r}",
            source="Zhang et al., CVPR 2018; Ghildyal & Liu, ECCV 2022 (shift-tolerant)",
        )


@dataclasses.dataclass(frozen=True)
class _Judge:
    """Score function, equal by value, that evaluates pictures in batches of bounded size."""

    distance: PerceptualDistance

    def __call__(self, prediction: Tensor, pairs: PairBatch) -> Tensor:
        self.distance._check(prediction, pairs.x2)
        parts = prediction.clamp(0, 1).split(_AT_ONCE)
        targets = pairs.x2.split(_AT_ONCE)
        return torch.cat([self.distance(p, x) for p, x in zip(parts, targets, strict=True)])


@dataclasses.dataclass(frozen=True)
class STLPIPSDistance(PerceptualDistance):
    """Shift-tolerant perceptual distance, all of whose weights come with stlpips-pytorch.

    Args:
        net: ``"alex"``, or ``"vgg"``, which takes about six times as long.

    References:
        Ghildyal & Liu, Shift-tolerant perceptual similarity metric, ECCV 2022.

    Example:
        >>> x = torch.linspace(0, 1, 32).expand(1, 3, 32, 32)
        >>> STLPIPSDistance()(x, x), STLPIPSDistance()(x, x.mT) > 0.1
        (tensor([0.]), tensor([True]))
    """

    net: Literal["alex", "vgg"] = "alex"
    _family: ClassVar[str] = "blurred"

    @property
    @override
    def name(self) -> str:
        return "st_lpips" if self.net == "alex" else "st_lpips_vgg"

    @property
    @override
    def title(self) -> str:
        return "ST-LPIPS" if self.net == "alex" else "ST-LPIPS (VGG)"

    @override
    def _files(self) -> tuple[Path, ...]:
        name = f"stlpips_pytorch/weights/vST0.0/{self.net}_shift_tolerant.pth"
        remedy = "pip install --no-deps stlpips-pytorch, or groupae[stlpips]"
        return (installed_file(self.title, "stlpips-pytorch", name, remedy),)


@dataclasses.dataclass(frozen=True)
class LPIPSDistance(PerceptualDistance):
    """Learned perceptual distance (version 0.1), as the package lpips computes it.

    That package contains the five heads. The trunk is a classifier: name a file with torchvision's
    weights of VGG16 or AlexNet.

    Args:
        net: ``"vgg"``, as in the paper's tables, or ``"alex"``.
        trunk: File with the trunk's weights, as torchvision saves them; unless given, the
            environment variable ``GROUPAE_LPIPS_TRUNK`` names it.

    References:
        Zhang et al., The unreasonable effectiveness of deep features as a perceptual metric, CVPR
        2018.

    Example:
        >>> LPIPSDistance("vgg", trunk="vgg16.pth").is_available
        False
    """

    net: Literal["alex", "vgg"] = "vgg"
    trunk: str | os.PathLike[str] | None = None
    _family: ClassVar[str] = "plain"

    @property
    @override
    def name(self) -> str:
        return "lpips" if self.net == "vgg" else "lpips_alex"

    @property
    @override
    def title(self) -> str:
        return f"LPIPS ({_TITLES[self.net]})"

    @override
    def _settled(self) -> Self:
        trunk = self.trunk or os.environ.get(_TRUNK)
        return dataclasses.replace(self, trunk=Path(trunk).absolute() if trunk else None)

    @override
    def _files(self) -> tuple[Path, ...]:
        remedy = "pip install --no-deps lpips, or groupae[lpips]"
        heads = installed_file(self.title, "lpips", f"lpips/weights/v0.1/{self.net}.pth", remedy)
        if self.trunk is None or not Path(self.trunk).is_file():
            what = f"a file with torchvision's weights of {DESIGNS[self._family, self.net].name}"
            got = "none" if self.trunk is None else f"{self.trunk}, which is no file"
            remedy = f"nothing is downloaded: name one by trunk= or in {_TRUNK}, or use ST-LPIPS"
            raise FileNotFoundError(expected(self.title, what, got, remedy))
        return Path(self.trunk), heads


@functools.lru_cache(maxsize=4)
def _load(distance: PerceptualDistance, device: torch.device) -> PerceptualNetwork:
    design = DESIGNS[distance._family, distance.net]
    return load_network(distance.title, design, distance._files(), device)


def _standardised(x: Tensor) -> Tensor:
    x = x.float().expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    mean, spread = (x.new_tensor(values).view(3, 1, 1) for values in (_MEAN, _SPREAD))
    return (x - mean) / spread


ST_LPIPS = STLPIPSDistance().score
"""Shift-tolerant perceptual distance by AlexNet; lower is better."""

LPIPS = LPIPSDistance().score
"""Perceptual distance by VGG16, whose weights ``GROUPAE_LPIPS_TRUNK`` names; lower is better."""


def perceptual_scores(x_shape: tuple[int, ...]) -> tuple[Score, ...]:
    """Return the perceptual scores for pictures of that shape, where their weights are installed.

    Only colour pictures of at least 32 x 32 have any.

    Args:
        x_shape: Shape of one picture, ``(C, H, W)``.

    Example:
        >>> perceptual_scores((1, 28, 28))
        ()
    """
    if len(x_shape) != 3 or x_shape[0] != 3 or min(x_shape[1:]) < _SMALLEST:
        return ()
    distances = (STLPIPSDistance(), LPIPSDistance())
    return tuple(distance.score for distance in distances if distance.is_available)
