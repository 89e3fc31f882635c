"""Estimator in the manner of scikit-learn: items in unknown orientation in, vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from typing_extensions import Self, override

from groupae._validation import ShapeError, check_count, expected, unknown_choice
from groupae.groups import Group, Translation
from groupae.groups.registry import get_group
from groupae.profiles.autoencoder_describer import AutoencoderDescriber
from groupae.profiles.describers import (
    Describer,
    OutlineDescriber,
    PictureDescriber,
    PointDescriber,
    SeriesDescriber,
    ShiftDescriber,
)
from groupae.profiles.items import Items, Kind, read_items
from groupae.profiles.orbit_distribution import OrbitDistribution
from groupae.profiles.profiles import Profiles
from groupae.training import TrainingConfig

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import validate_data
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] != "sklearn":
        raise
    remedy = "pip install 'groupae[profile]'"
    sentence = expected("OrbitProfiler", "scikit-learn to be installed", "no such module", remedy)
    raise ModuleNotFoundError(sentence, name=error.name) from error

__all__ = ["OrbitProfiler"]

_OWNER = "OrbitProfiler"
_METHODS = ("closed_form", "autoencoder")
_TEMPLATES = 64  # benchmarks/profiles.py: 93 % of leaves right, and not more with 256
_CHUNK = 128  # items whose orbits are held at once
_POOLED = 512  # items at most whose orbits give the thresholds


class OrbitProfiler(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # untyped bases
    """Orientation-free vectors of items that come in unknown orientation, without labels.

    Each item becomes coefficients that the group moves exactly. Random templates, moved by all
    elements, are compared with it; the largest and smallest value and the shares of the group above
    thresholds are the vector (standardised over the fitted items). Turning an item leaves it as it
    is: to rounding for turns that the data allow exactly, to about a percent for interpolated ones.

    Args:
        group: The group that moves the items, or its name: ``"so2"``, ``"o2"`` (also mirror
            images), ``"c(n)"``, ``"d(n)"``, or ``"translation"`` for pictures shifted round their
            edges.
        kind: ``"pictures"`` ``(n, H, W)`` or ``(n, C, H, W)``, square; ``"series"`` round a circle,
            ``(n, length)`` or ``(n, channels, length)``; ``"outlines"``, closed curves in the plane
            that begin anywhere, and ``"points"``, sets of points in the plane, ``(n, N, 2)`` or a
            list of arrays ``(N, 2)``. ``"auto"`` tells series and pictures apart by the shape.
        method: ``"closed_form"`` needs no training; ``"autoencoder"`` (pictures only) takes the
            code of an autoencoder that it trains on turned originals.
        templates: Number of random templates; by default 64, and none for outlines, whose distance
            from the centroid and curvature at five scales are described instead.
        thresholds: Thresholds per template.
        normalize: Whether items are divided by their size: distance from the centroid, contrast or
            amplitude; by default outlines and points are.
        minutes: Budget of a training in minutes.
        steps: Budget in steps instead: then the same items give the same bits.
        random_state: Seed of templates and training.

    Attributes:
        n_features_in_: Length of an item that is a plain series.
        item_shape_: Shape of one item; ``None`` for outlines and points of any number.

    Example:
        >>> items = np.random.default_rng(0).normal(size=(20, 60))
        >>> profiler = OrbitProfiler(templates=4).fit(items)
        >>> turned = np.roll(items, 7, axis=1)
        >>> bool(np.allclose(profiler.transform(items), profiler.transform(turned)))
        True
    """

    def __init__(
        self,
        group: Group | str = "so2",
        *,
        kind: Kind = "auto",
        method: Literal["closed_form", "autoencoder"] = "closed_form",
        templates: int | None = None,
        thresholds: int = 5,
        normalize: bool | None = None,
        minutes: float = 5.0,
        steps: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.group = group
        self.kind = kind
        self.method = method
        self.templates = templates
        self.thresholds = thresholds
        self.normalize = normalize
        self.minutes = minutes
        self.steps = steps
        self.random_state = random_state

    # --- scikit-learn ----------------------------------------------------------------------------
    def fit(self, X: Any, y: object = None) -> Self:
        """Fit thresholds, reference pose and scales to items; return the profiler.

        Args:
            X: The items.
            y: Ignored; no label is used.
        """
        del y
        group = self._checked_group()
        items = self._read(X, reset=True)
        if len(items.data) < 2:
            got = f"1 sample (n_samples = {len(items.data)})"
            raise ValueError(expected(_OWNER, "at least two items to fit", got))
        describer = self._describer(group, items)
        coefficients = describer.coefficients(items.data)
        generator = torch.Generator().manual_seed(self.random_state)
        some = torch.randperm(len(coefficients), generator=generator)[:_POOLED]
        pooled = describer.functions(coefficients[some.sort().values]).flatten(2)
        closed = describer.is_closed
        self.distribution_ = OrbitDistribution.fit(pooled, self.thresholds, is_closed=closed)
        self.describer_ = describer
        raw = self._statistics(coefficients)
        self.mean_, spread = raw.mean(0), raw.std(0, correction=0)
        flat = spread <= 1e-9 * raw.abs().amax(0).clamp(min=1e-300)  # constant up to rounding
        self.scale_: Tensor = torch.where(flat, torch.ones_like(spread), spread)
        distance = ((raw - raw.median(0).values) / self.scale_).norm(dim=1)
        describer.fit_reference(coefficients, int(distance.argmin()))
        self.kind_: str = items.kind
        self._n_features_out = raw.shape[1]
        return self

    def transform(self, X: Any) -> NDArray[np.float64]:
        """Return an orientation-free vector per item, shape ``(n, d)``."""
        self._check_fitted("transform")
        items = self._read(X, reset=False)
        return self._vectors(self.describer_.coefficients(items.data))

    def get_feature_names_out(self, input_features: object = None) -> NDArray[Any]:
        """Return the name of each entry of a vector; names of inputs are not used."""
        del input_features
        self._check_fitted("get_feature_names_out")
        return np.array(self.distribution_.names(self.describer_.names), dtype=object)

    @override
    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # vectors are float64 whatever the items are
        tags.input_tags.three_d_array = True
        return tags

    # --- more than vectors -----------------------------------------------------------------------
    def profile(self, X: Any, names: Sequence[str] | None = None) -> Profiles:
        """Return vectors, poses, their sureness, sizes and canonical items.

        Args:
            X: The items.
            names: Name of each; by default their numbers.

        Raises:
            ValueError: If names and items differ in number.
        """
        self._check_fitted("profile")
        items = self._read(X, reset=False)
        n = len(items.data)
        known = tuple(str(i) for i in range(n)) if names is None else tuple(names)
        if len(known) != n:
            raise ValueError(expected(f"{_OWNER}.profile", f"{n} names", len(known)))
        describer = self.describer_
        coefficients = describer.coefficients(items.data)
        poses = describer.poses(coefficients)
        return Profiles(
            names=known,
            kind=items.kind,
            vectors=self._vectors(coefficients),
            features=tuple(self.get_feature_names_out()),
            poses=describer.pose_numbers(poses).numpy(),
            pose_columns=describer.pose_columns,
            sureness=poses.sureness.numpy(),
            sizes=items.sizes.numpy(),
            canonical=[item.numpy() for item in describer.canonical(items.data, poses)],
        )

    # --- parts -----------------------------------------------------------------------------------
    def _checked_group(self) -> Group:
        if self.method not in _METHODS:
            raise ValueError(unknown_choice(_OWNER, "method", self.method, _METHODS))
        if self.templates is not None:
            check_count(_OWNER, "templates", self.templates)
        check_count(_OWNER, "thresholds", self.thresholds)
        if isinstance(self.group, Group):
            return self.group
        if not isinstance(self.group, str):
            got = type(self.group).__name__
            raise TypeError(expected(_OWNER, "a group or its name, such as 'so2'", got))
        name = self.group.strip().lower()
        return get_group("translation(2)" if name == "translation" else name)

    def _describer(self, group: Group, items: Items) -> Describer:
        generator = torch.Generator().manual_seed(self.random_state)
        is_shift, kind = isinstance(group, Translation), items.kind
        if is_shift and (kind != "pictures" or group.lie_dim != 2):
            remedy = "translation moves pictures only"
            raise ValueError(expected(_OWNER, f"a group of turns for {kind}", group, remedy))
        if self.method == "autoencoder" and (kind != "pictures" or is_shift):
            what = 'pictures under turns for method="autoencoder"'
            raise ValueError(expected(_OWNER, what, f"{kind} under {group}"))
        if kind == "outlines":
            return OutlineDescriber(group, self.templates or 0, generator)
        common = (group, self.templates or _TEMPLATES, generator)
        if kind == "points":
            return PointDescriber(*common)
        assert isinstance(items.data, Tensor)
        shape = tuple(items.data.shape[1:])
        if kind == "series":
            return SeriesDescriber(*common, shape)
        if is_shift:
            return ShiftDescriber(*common, shape)
        if shape[1] != shape[2]:
            got = f"{shape[2]}x{shape[1]} pixels"
            raise ShapeError(expected(_OWNER, "square pictures", got, "crop or pad them"))
        if self.method == "closed_form":
            return PictureDescriber(*common, shape)
        seed, minutes = self.random_state, self.minutes
        config = TrainingConfig(steps=self.steps, minutes=minutes, seed=seed, device="cpu")
        return AutoencoderDescriber(*common, items.data, config)

    def _statistics(self, coefficients: Tensor) -> Tensor:
        parts = coefficients.split(_CHUNK)
        found = [self.distribution_.of(self.describer_.functions(part)) for part in parts]
        return torch.cat(found)

    def _vectors(self, coefficients: Tensor) -> NDArray[np.float64]:
        vectors = (self._statistics(coefficients) - self.mean_) / self.scale_
        found: NDArray[np.float64] = vectors.numpy()
        return found

    def _read(self, x: Any, *, reset: bool) -> Items:
        """Return the items, checked; keep their shape, or compare it with that of the fitted."""
        is_array = isinstance(x, (np.ndarray, Tensor, list, tuple))
        is_plain = not is_array and (hasattr(x, "__array__") or hasattr(x, "toarray"))
        if is_plain:  # tables and sparse matrices: scikit-learn says what it takes
            x = validate_data(self, x, reset=reset, ensure_min_samples=2 if reset else 1)
        kind = self.kind if reset else self.kind_
        items = read_items(x, kind, self.normalize)
        data = items.data
        shape = tuple(data.shape[1:]) if isinstance(data, Tensor) else None
        is_row = items.kind == "series" and shape is not None and shape[0] == 1
        if is_row and not is_plain and isinstance(data, Tensor):
            validate_data(self, data[:, 0].numpy(), reset=reset)
        if reset:
            self.item_shape_ = shape
        elif shape != self.item_shape_:
            what = f"items of shape {self.item_shape_}, as fitted"
            raise ShapeError(expected(_OWNER, what, shape))
        return items

    def _check_fitted(self, method: str) -> None:
        if not hasattr(self, "scale_"):
            what, got = "a fitted profiler", "one that is not fitted"
            raise NotFittedError(expected(f"{_OWNER}.{method}", what, got, "call fit(X) first"))
