"""Networks of perceptual distances, and their weights.

Layers are numbered as in the files of their weights. Nothing is random: a network is made without
weights and reads all of them from files, or is not made at all.
"""

from __future__ import annotations

import dataclasses
import importlib.metadata
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from typing_extensions import override

from groupae._validation import expected

__all__ = ["DESIGNS", "Design", "PerceptualNetwork", "installed_file", "load_network"]


class _Blur(nn.Module):
    """Smoothing by a 3 x 3 filter with mirrored borders, at every other place."""

    filt: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("filt", torch.empty(channels, 1, 3, 3))

    @override
    def forward(self, x: Tensor) -> Tensor:
        mirrored = F.pad(x, (2, 2, 2, 2), mode="reflect")
        return F.conv2d(mirrored, self.filt, stride=2, groups=x.shape[1])


_Layers = list[nn.Module]


def _convolution(channels: int, width: int, size: int = 3) -> _Layers:
    return [nn.Conv2d(channels, width, size, padding=size // 2), nn.ReLU(inplace=True)]


def _alexnet(first: _Layers, pool: Callable[[int], _Layers]) -> _Layers:
    layers = [*first, *pool(64), *_convolution(64, 192, 5), *pool(192)]
    for channels, width in ((192, 384), (384, 256), (256, 256)):
        layers += _convolution(channels, width)
    return layers


def _plain_alexnet() -> _Layers:
    first = [nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(inplace=True)]
    return _alexnet(first, lambda width: [nn.MaxPool2d(3, 2)])


def _blurred_alexnet() -> _Layers:
    """Return AlexNet with blurs as strides, of which one precedes the first activation."""
    first = [nn.Conv2d(3, 64, 11, padding=2), _Blur(64), nn.ReLU(inplace=True)]
    return _alexnet(first, lambda width: [nn.MaxPool2d(3, 1), _Blur(width)])


def _vgg16(pool: Callable[[int], _Layers]) -> _Layers:
    layers: _Layers = []
    channels = 3
    for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        layers += pool(channels) if layers else []
        for _ in range(depth):
            layers += _convolution(channels, width)
            channels = width
    return layers


def _plain_vgg16() -> _Layers:
    return _vgg16(lambda width: [nn.MaxPool2d(2, 2)])


def _blurred_vgg16() -> _Layers:
    return _vgg16(lambda width: [nn.MaxPool2d(2, 1), _Blur(width)])


@dataclasses.dataclass(frozen=True)
class Design:
    """Description of a network.

    Args:
        name: Name in messages.
        layers: Function that makes its layers, with arbitrary weights.
        taps: Numbers of the layers whose output is compared.
        widths: Their channels.
    """

    name: str
    layers: Callable[[], _Layers]
    taps: tuple[int, ...]
    widths: tuple[int, ...]


_ALEX, _VGG = (64, 192, 384, 256, 256), (64, 128, 256, 512, 512)

DESIGNS = {
    ("plain", "alex"): Design("AlexNet", _plain_alexnet, (1, 4, 7, 9, 11), _ALEX),
    ("plain", "vgg"): Design("VGG16", _plain_vgg16, (3, 8, 15, 22, 29), _VGG),
    ("blurred", "alex"): Design("blurred AlexNet", _blurred_alexnet, (2, 6, 10, 12, 14), _ALEX),
    ("blurred", "vgg"): Design("blurred VGG16", _blurred_vgg16, (3, 9, 17, 25, 33), _VGG),
}
"""Networks of LPIPS (plain) and of ST-LPIPS (blurred)."""


class PerceptualNetwork(nn.Module):
    """Network that returns the distance of standardised pictures.

    Args:
        design: Its description; weights are still to be loaded.
    """

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.taps: tuple[int, ...] = design.taps
        self.trunk: nn.Sequential = nn.Sequential(*design.layers())
        self.heads = nn.ModuleList(nn.Conv2d(width, 1, 1, bias=False) for width in design.widths)

    def features(self, x: Tensor) -> list[Tensor]:
        """Return unit vectors at each place, layer by layer; zero where all features are zero."""
        found = []
        for number, layer in enumerate(self.trunk):
            x = layer(x)
            if number in self.taps:
                found.append(F.normalize(x, dim=1, eps=1e-10))
        return found

    @override
    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.features(target)
        layers = zip(self.heads, self.features(prediction), wanted, strict=True)
        return torch.stack([head((a - b).square()).mean((1, 2, 3)) for head, a, b in layers]).sum(0)

    @override
    def train(self, mode: bool = True) -> PerceptualNetwork:
        """Stay in evaluation mode, as the network only measures."""
        return super().train(False)


def installed_file(owner: str, package: str, name: str, remedy: str) -> Path:
    """Return the path of a file of an installed package, without importing the package.

    Raises:
        ModuleNotFoundError: If the package is not installed, or has no such file.
    """
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        sentence = expected(owner, f"{package} to be installed", "no such package", remedy)
        raise ModuleNotFoundError(sentence, name=package) from None
    places = [Path(str(file.locate())) for file in files if file.as_posix() == name]
    if not places or not places[0].is_file():
        what = f"{package} to come with {name}"
        sentence = expected(owner, what, "a version without it", f"{remedy}, anew")
        raise ModuleNotFoundError(sentence, name=package)
    return places[0]


# "net.slice2.5.weight" of ST-LPIPS and "features.5.weight" of torchvision; "lin0.model.1.weight"
_NAMES = (
    (re.compile(r"(?:net\.slice\d|features)\.(\d+\.(?:weight|bias|filt))"), r"trunk.\1"),
    (re.compile(r"lin(\d)\.model\.1\.(weight)"), r"heads.\1.\2"),
)


def _read(owner: str, file: Path) -> dict[str, Tensor]:
    """Return the tensors of a file that `PerceptualNetwork` has, by their names there."""
    try:
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # torch raises almost any kind for a damaged file
        what = f"weights saved by torch in {file}"
        reason = str(error).strip().partition("\n")[0].partition(". ")[0] or type(error).__name__
        raise ValueError(expected(owner, what, f"a file that cannot be read ({reason})")) from error
    if not isinstance(weights, Mapping):
        raise ValueError(expected(owner, f"a dict of weights in {file}", type(weights).__name__))
    found = {}
    for name, value in weights.items():
        for pattern, place in _NAMES:
            if isinstance(value, Tensor) and (match := pattern.fullmatch(str(name))):
                found[match.expand(place)] = _channels_last(value.float())
    return found


def _channels_last(value: Tensor) -> Tensor:
    """Return a kernel in the memory format in which the networks are a quarter faster."""
    return value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value


def load_network(
    owner: str, design: Design, files: Sequence[Path], device: torch.device
) -> PerceptualNetwork:
    """Return a frozen network with the weights of the files, without drawing random numbers.

    Raises:
        ValueError: If the files do not hold all of the weights, in their shapes.
    """
    with torch.inference_mode(False):  # inference tensors could not be used in a later training
        with torch.device("meta"):
            network = PerceptualNetwork(design)
        weights = {name: value for file in files for name, value in _read(owner, file).items()}
        wanted = network.state_dict()
        for name, value in wanted.items():
            shape = tuple(weights[name].shape) if name in weights else "none"
            if shape != tuple(value.shape):
                what = f"weights of {design.name} in {' and '.join(map(str, files))}"
                got = f"{shape} for {name} of shape {tuple(value.shape)}"
                remedy = "the trunk's are those that torchvision saves" if len(files) > 1 else ""
                raise ValueError(expected(owner, what, got, remedy))
        network.load_state_dict({name: weights[name] for name in wanted}, assign=True)
        return network.requires_grad_(False).eval().to(device)
