"""Accuracy of a classifier that sees the invariants of codes alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from groupae._validation import check_count, expected, unknown_choice
from groupae.actions import VectorAction
from groupae.data import OrbitDataset, keyed_generator
from groupae.metrics.chance import code_rows
from groupae.metrics.estimate import Estimate
from groupae.metrics.evaluation import evaluation_mode

__all__ = ["MOST_ORIGINALS", "Classifier", "code_features", "has_code", "invariant_accuracy"]

Classifier = Literal["logistic", "nearest"]
"""Logistic regression, or the class of the nearest training datum."""

MOST_ORIGINALS = 2000
"""Largest number of originals of a data set that are classified, unless given."""

_OWNER = "invariant_accuracy"
_STRENGTHS = (1e-3, 1e-2, 1e-1, 1.0)  # inverse strengths of the penalty, cross-validated
_FOLDS = 5
_CHUNK = 500
_KINDS = ("power", "gram", "bispectrum")


def invariant_accuracy(
    model: Any,
    train: OrbitDataset,
    test: OrbitDataset,
    *,
    labels: str = "labels",
    kind: str = "gram",
    classifier: Classifier = "logistic",
    views: int = 4,
    count: int = MOST_ORIGINALS,
    resamples: int = 1000,
) -> Estimate:
    """Return the share of test data whose class is read from the invariants of their codes.

    The classifier is fitted on views of the training originals, each moved by a random element, and
    evaluated on such views of the test originals. Features are standardised by the training data;
    the penalty of the regression is cross-validated, all views of an original in one fold.

    Args:
        model: Anything with a method ``encode``, or a module ``encoder``. If it has an ``action``,
            the features are the invariants of the action, else the code itself; of a tuple (code,
            pose) the code.
        train: Training originals.
        test: Test originals.
        labels: Name of the attribute of both data sets that holds the class of each original, such
            as ``"cell_lines"``.
        kind: Kind of invariants of a `VectorAction`, ``"power"``, ``"gram"`` or ``"bispectrum"``.
        classifier: ``"logistic"`` or ``"nearest"``.
        views: Views per original.
        count: Largest number of originals of each data set, spread evenly over it.
        resamples: Number of draws of the bootstrap, for the interval.

    Returns:
        Accuracy in [0, 1]; its interval is over the test originals.

    Raises:
        TypeError: If the model has no code.
        ValueError: If a data set has no such labels, all are equal, a feature is not finite, there
            is none, or the classifier is unknown.
        ImportError: If scikit-learn is not installed.

    Example:
        >>> from groupae import SO2, LatentActionAE, OrbitPairs, VectorAction
        >>> rho = SO2().rep("2x1")  # two arrows that turn together
        >>> model = LatentActionAE(torch.nn.Identity(), torch.nn.Identity(), VectorAction(rho))
        >>> x, label = torch.randn(60, 4), torch.arange(60) % 2
        >>> x[:, 1] = x[:, 0] * (2 * label - 1)  # x components alike, or opposite
        >>> x[:, 3] = x[:, 2] * (2 * label - 1)  # y components likewise
        >>> data = OrbitPairs(x, SO2(), rho.act, labels=label)
        >>> invariant_accuracy(model, data, data, views=2).mean > 0.95
        True
    """
    if classifier not in get_args(Classifier):
        raise ValueError(unknown_choice(_OWNER, "classifier", classifier, get_args(Classifier)))
    check_count(_OWNER, "views", views)
    check_count(_OWNER, "count", count)
    chosen, held_out = _spread(train, count), _spread(test, count)
    known, asked = _classes(train, labels)[chosen], _classes(test, labels)[held_out]
    if len(known.unique()) < 2:
        raise ValueError(expected(_OWNER, "two or more classes in train", "one"))
    x = _features(model, train, chosen, views, kind)
    y = _features(model, test, held_out, views, kind)
    groups = np.tile(np.arange(len(known)), views)
    fitted = _fit(classifier, x, np.tile(known.numpy(), views), groups)
    found = torch.from_numpy(fitted.predict(y)).view(views, len(asked))
    right = (found == asked).double().mean(0)
    return Estimate.of(right, resamples=resamples)


def _classes(data: OrbitDataset, name: str) -> Tensor:
    found = getattr(data, name, None)
    if not isinstance(found, Tensor) or found.shape != (len(data),) or found.is_floating_point():
        what = f"{type(data).__name__} to have {name}, one integer per original"
        raise ValueError(expected(_OWNER, what, "none" if found is None else f"{found!r:.80}"))
    return found.cpu()


def _spread(data: OrbitDataset, count: int) -> Tensor:
    n = min(count, len(data))
    return torch.arange(n) * len(data) // n


def _features(
    model: Any, data: OrbitDataset, rows: Tensor, views: int, kind: str
) -> npt.NDArray[np.float64]:
    """Return features of random views, one view of all originals after the other."""
    seen = data.views(rows, views, keyed_generator(0))
    return code_features(model, seen.x.flatten(0, 1), kind).numpy()


def has_code(model: Any) -> bool:
    """Return whether data can be encoded by a model, so that `code_features` are defined.

    Example:
        >>> has_code(torch.nn.Linear(2, 2))
        False
    """
    return _encode(model) is not None


def _encode(model: Any) -> Callable[[Tensor], Any] | None:
    for name in ("encode", "encoder"):
        if callable(found := getattr(model, name, None)):
            encode: Callable[[Tensor], Any] = found
            return encode
    return None


@torch.no_grad()
def code_features(model: Any, x: Tensor, kind: str = "gram") -> Tensor:
    """Return the features by which data are classified: invariants of codes, or codes.

    Invariants of degree 2 and 3 of a `VectorAction`, such as inner products of copies, are given as
    signed square and cube roots, so that all features are in the unit of the code.

    Args:
        model: Anything with a method ``encode``, or a module ``encoder``; its ``action``, if any,
            determines which features are invariant.
        x: Data, shape ``(n, *x_shape)``.
        kind: ``"power"``, ``"gram"`` or ``"bispectrum"``, kinds of the invariant features of a
            representation; for a `VectorAction`.

    Returns:
        Shape ``(n, features)``, float64, on the CPU.

    Raises:
        TypeError: If the model has no code.
        ValueError: If the kind is unknown, there are no features, or some are not finite.

    Example:
        >>> from groupae import SO2, LatentActionAE, VectorAction
        >>> parts = torch.nn.Identity(), torch.nn.Identity()
        >>> model = LatentActionAE(*parts, VectorAction(SO2().rep("1x0 + 1x1")))
        >>> code_features(model, torch.tensor([[5.0, 3.0, 4.0]])).tolist()
        [[5.0, 5.0]]
    """
    if kind not in _KINDS:
        raise ValueError(unknown_choice(_OWNER, "kind", kind, _KINDS))
    encode = _encode(model)
    if encode is None:
        what = "a model with encode(x), or an encoder"
        raise TypeError(expected(_OWNER, what, type(model).__name__))
    device = next((p.device for p in getattr(model, "parameters", tuple)()), x.device)
    with evaluation_mode(model):
        parts = [_of_code(model, encode(part.to(device)), kind) for part in x.split(_CHUNK)]
    found = torch.cat(parts)
    if not found.shape[1]:
        remedy = "its action leaves nothing unchanged"
        raise ValueError(expected(_OWNER, "codes with an invariant", "none", remedy))
    if not bool(found.isfinite().all()):
        raise ValueError(expected(_OWNER, "finite features", "NaN or infinite ones"))
    return found


def _of_code(model: Any, z: Any, kind: str) -> Tensor:
    if isinstance(z, tuple):
        z = z[0]  # a code that is invariant by itself, beside the pose
    action = getattr(model, "action", None)
    if action is None:
        return _rows(z)
    if not action.has_invariant_features:
        return _rows(action.invariants(z))
    if not isinstance(action, VectorAction):
        return _rows(action.invariant_features(z))
    features = _rows(action.invariant_features(z, kind))
    entries = action.invariants(z).shape[-1]  # these come first, those of degree 3 last
    squares = len(action.rho.invariant_feature_names("power" if kind == "power" else "gram"))
    parts = features.split([entries, squares - entries, features.shape[1] - squares], 1)
    roots = [x.sign() * x.abs() ** (1 / degree) for degree, x in enumerate(parts, 1)]
    return torch.cat(roots, 1)


def _rows(z: Any) -> Tensor:
    return code_rows(z).cpu().double()


def _fit(
    classifier: Classifier,
    x: npt.NDArray[np.float64],
    label: npt.NDArray[np.int64],
    groups: npt.NDArray[np.int64],
) -> Any:
    scaler = _sklearn("preprocessing").StandardScaler()
    if classifier == "nearest":
        last = _sklearn("neighbors").KNeighborsClassifier(1)
        return _sklearn("pipeline").make_pipeline(scaler, last).fit(x, label)
    logistic = _sklearn("linear_model").LogisticRegression(max_iter=1000, tol=1e-3)
    pipeline = _sklearn("pipeline").make_pipeline(scaler, logistic)
    selection = _sklearn("model_selection")
    folds = selection.StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    grid = {"logisticregression__C": list(_STRENGTHS)}
    splits = list(folds.split(x, label, groups))
    return selection.GridSearchCV(pipeline, grid, cv=splits).fit(x, label)


def _sklearn(module: str) -> Any:
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ModuleNotFoundError as error:
        remedy = "pip install 'groupae[profile]'"
        raise ImportError(expected(_OWNER, "scikit-learn", "none", remedy)) from error
