"""Networks, trainings and pairs of codes of one data set for ``plain_codes.py``."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from typing_extensions import override

from groupae import LatentActionAE, PairBatch
from groupae.data import OrbitDataset
from groupae.experiments.datasets.registry import get_dataset
from groupae.experiments.presets.config import OUR_TRAINING
from groupae.groups import Group
from groupae.training import Callback, TrainingConfig, TrainingState, fit

__all__ = ["STUDIES", "SinglePictures", "Study", "Workshop", "alone", "reconstruction"]

_DIGITS = (
    "11x1 + 10x2 + 10x3 + 9x4 + 8x5 + 8x6 + 7x7 + 6x8 + 6x9 + 5x10 + 4x11 + 3x12 + 2x13 + 1x14"
)
_HALF = "6x0 + 6x1 + 5x2 + 5x3 + 5x4 + 4x5 + 4x6 + 4x7 + 3x8 + 3x9 + 2x10 + 2x11 + 1x12 + 1x13"
_PLANES = "48x0 + 16x1 + 12x2 + 8x3 + 4x4"


@dataclasses.dataclass(frozen=True)
class Study:
    """Network, training and fit for one data set.

    Args:
        name: Name of the study.
        data: Name of the data set.
        representation: That of the network trained with the action from the start: the one of our
            default preset. The plain code has as many numbers.
        told: Irreps whose matrices tell the conditional net the element.
        widths: Channels of the network at each resolution.
        batch_size: Pairs per step; a plain training takes both pictures of each.
        seconds: Processor seconds of the plain training and of the conditional net, and half of
            those of the network trained with an action from the start.
        tuning: Processor seconds of the fine-tuning from the fitted action.
        tuning_rate: Its learning rate.
        pairs: Pairs of codes that are fitted.
        components: Principal components of the pictures to which the same fit is applied.
        net_rate: Learning rate of the conditional net.
        trains: Trainings besides the plain one.
    """

    name: str
    data: str
    representation: str
    told: str
    widths: tuple[int, ...] = (32, 64)
    batch_size: int = 32
    seconds: float = 150.0
    tuning: float = 150.0
    tuning_rate: float = 3e-3
    pairs: int = 21000
    components: int = 300
    net_rate: float = 1e-3
    trains: tuple[str, ...] = ("conditional", "tuned", "start")

    @property
    def group(self) -> Group:
        """The group of the data set."""
        return get_dataset(self.data).group

    def load(self, split: str) -> OrbitDataset:
        """Return the data of a split."""
        return get_dataset(self.data).load(split)

    def network(self, representation: str, objective: Any) -> LatentActionAE:
        """Return an untrained network; the weights are the same for every representation."""
        torch.manual_seed(0)
        shape, rho = get_dataset(self.data).x_shape, self.group.rep(representation)
        return LatentActionAE.conv(rho, shape, widths=self.widths, objective=objective)

    @property
    def numbers(self) -> int:
        """Length of the code."""
        return self.group.rep(self.representation).dim


_TOLD = "1x1 + 1x2 + 1x3 + 1x4"
_STUDIES = (
    Study("rotated-digits", "rotated-digits", f"12x0 + {_DIGITS}", _TOLD),
    Study("rotated-digits-96", "rotated-digits", _HALF, _TOLD, trains=()),
    Study("blocked-digits", "blocked-digits", f"32x0 + {_DIGITS}", _TOLD),
    Study("brain-contrast", "brain-contrast", "24x0 + 36xstd", "1xstd", (16, 32, 64), 4),
    Study("sky-planes", "sky-planes", _PLANES, "1x1 + 1x2", (16, 32, 64, 128), 8, pairs=12000),
)
STUDIES = {study.name: study for study in _STUDIES}


class SinglePictures:
    """Pictures of pairs one by one: pairs of a picture, the identity, and the picture itself."""

    def __init__(self, pairs: OrbitDataset) -> None:
        self.pairs = pairs

    def batch(self, step: int, size: int) -> PairBatch:
        """Return ``size`` pictures, both of each pair."""
        pairs = self.pairs.batch(step, size // 2)
        return alone(torch.cat([pairs.x1, pairs.x2]), self.pairs.group)


def alone(x: Tensor, group: Group) -> PairBatch:
    """Return pictures as pairs with themselves."""
    return PairBatch(x, group.identity(len(x)), x)


def reconstruction(model: LatentActionAE, batch: PairBatch) -> dict[str, Tensor]:
    """Return the loss of a plain autoencoder, which contains no element."""
    error = (model.reconstruct(batch.x1) - batch.x1).square().flatten(1).mean(1)
    return {"log_mse": error.clamp(min=1e-8).log().mean()}


class _Curve(Callback):
    """Validation scores against processor seconds."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.points: list[tuple[float, float]] = []

    @override
    def on_validation(self, state: TrainingState) -> None:
        self.points.append((state.progress * self.seconds, state.validation_score))


@dataclasses.dataclass
class Workshop:
    """Data of one study, and a folder in which trained weights are kept.

    Args:
        study: The study.
        cache: The folder.
        only_kept: Whether trainings whose weights are not kept are left out, but the plain one.
    """

    study: Study
    cache: Path
    only_kept: bool = False

    def __post_init__(self) -> None:
        self.train, self.test = self.study.load("train"), self.study.load("test").fixed()
        self.validation = self.study.load("validation").fixed()[:500]
        self.curves: dict[str, list[tuple[float, float]]] = {}

    def wants(self, name: str) -> bool:
        """Whether a training is part of the study."""
        return name in self.study.trains and (self.has(name) or not self.only_kept)

    def has(self, name: str) -> bool:
        """Whether the weights of a training are kept."""
        return self._weights(name).exists()

    def _weights(self, name: str) -> Path:
        return self.cache / f"{self.study.name}-{name}.pt"

    def trained(
        self, name: str, model: nn.Module, source: Any, seconds: float, *, rate: float = 1e-2
    ) -> Any:
        """Return the model after training, or with the weights of an earlier training."""
        weights = self._weights(name)
        if not self.has(name):
            plain = isinstance(source, SinglePictures)
            validation = alone(self.validation.x2, self.study.group) if plain else self.validation
            curve = _Curve(seconds)
            fit(model, source, validation, self._config(plain, seconds, rate), callbacks=[curve])
            torch.save(model.state_dict(), weights)
            weights.with_suffix(".json").write_text(json.dumps(curve.points))
        model.load_state_dict(torch.load(weights, weights_only=True))
        self.curves[name] = json.loads(weights.with_suffix(".json").read_text())
        return model.eval()

    def _config(self, plain: bool, seconds: float, rate: float) -> TrainingConfig:
        return dataclasses.replace(
            OUR_TRAINING,
            cpu_minutes=seconds / 60,
            learning_rate=rate,
            batch_size=self.study.batch_size * (2 if plain else 1),
            validations=10,
            device="cpu",
        )

    @torch.no_grad()
    def codes(self, encode: Callable[[Tensor], Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Return codes of fresh training pairs, and their elements."""
        batches = [self.train.batch(50000 + i, 500) for i in range(self.study.pairs // 500)]
        z1, z2 = (
            torch.cat([encode(x) for x in xs]).double()
            for xs in ([b.x1 for b in batches], [b.x2 for b in batches])
        )
        return z1, torch.cat([b.g for b in batches]).double(), z2
