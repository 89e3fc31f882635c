"""Probes of codes: can the class, or the element, be read from them?"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import torch
from torch import Tensor

from groupae._printable import counted
from groupae._validation import ShapeError, expected
from groupae.groups import Group
from groupae.metrics.chance import check_rows, code_rows

__all__ = ["FOLDS", "class_skill", "element_leakage"]

FOLDS = 5
"""Folds of the cross-validation unless given."""
_PRODUCTS = 12  # principal components of each invariant vector whose products are regressors
_PENALTIES = tuple(10.0**k for k in range(-3, 5))


def class_skill(y1: Any, y2: Any, label: Tensor, *, folds: int = FOLDS, seed: int = 0) -> Tensor:
    r"""Return how well a linear classifier reads the class from features, over chance.

    .. math:: \epsilon_i = \frac{n\, \hat p_i / (K n_{c_i}) - 1 / K}{1 - 1 / K}

    Logistic regression on standardised features, cross-validated by pair: both data of a pair are
    in one fold. The number :math:`\hat p_i` is the share of the pair's data that is classified
    rightly, weighted so that classes count alike; the mean over pairs is the balanced accuracy,
    stretched so that chance is 0. Invariants should score well.

    A class that is not linearly separable scores too low. Classes of fewer pairs than there are
    folds are refused.

    Args:
        y1: Features of the first data, such as ``action.invariants(z1)``, shape ``(n, ...)`` or a
            dict of parts.
        y2: Features of the second data, likewise.
        label: Class of each pair, shape ``(n,)``.
        folds: Number of folds.
        seed: Seed of the split.

    Returns:
        Shape ``(n,)``, float64, between ``-1 / (K - 1)`` and a number above 1 for rare classes; its
        mean is 1 if every class is read, 0 at chance.

    Raises:
        ShapeError: If shapes do not fit.
        ValueError: If there are fewer than two classes, a class is too small, or features are not
            finite.
        ImportError: If scikit-learn is not installed.

    References:
        Alain & Bengio, Understanding intermediate layers using linear classifier probes, 2016.

    Example:
        >>> label = torch.arange(40) % 2
        >>> y = label[:, None] + 0.1 * torch.randn(40, 3)
        >>> class_skill(y, y, label).mean()
        tensor(1., dtype=torch.float64)
    """
    owner = "class_skill"
    first, second = _finite(owner, y1, y2)
    if label.shape != (len(first),):
        what = f"one label for each of {counted(len(first), 'pair')}"
        raise ShapeError(expected(owner, what, tuple(label.shape)))
    classes, index, counts = label.cpu().unique(return_inverse=True, return_counts=True)
    if len(classes) < 2:
        raise ValueError(expected(owner, "at least two classes", len(classes)))
    if int(counts.min()) < folds:
        what, got = f"at least {folds} pairs of each class", f"{int(counts.min())} of one"
        raise ValueError(expected(owner, what, got, "drop rare classes, or use fewer folds"))
    selection = _sklearn(owner, "model_selection")
    split = selection.StratifiedKFold(folds, shuffle=True, random_state=seed)
    right = np.zeros(len(first))
    for train, test in split.split(first, index):
        model = _classifier(owner)
        model.fit(np.concatenate([first[train], second[train]]), np.tile(index[train], 2))
        for features in (first, second):
            right[test] += (model.predict(features[test]) == index.numpy()[test]) / 2
    k = len(classes)
    weight = len(first) / (k * counts[index].double())
    skill: Tensor = (torch.from_numpy(right) * weight - 1 / k) / (1 - 1 / k)
    return skill


def element_leakage(
    group: Group, g: Tensor, y1: Any, y2: Any, *, folds: int = FOLDS, seed: int = 0
) -> Tensor:
    r"""Return how well the element of a pair is read from the invariants of both data.

    .. math:: \epsilon_i = 1 - |\hat m_i - m(g_i)|^2 / \mathrm{E}_j |\bar m_j - m(g_j)|^2

    The target m is the matrix of the element in the standard representation of the group. Its
    prediction :math:`\hat m` is a ridge regression on the invariants of both data and the products
    of their leading components, cross-validated by pair. Products are needed: if the invariants
    hold the pose, the matrix of the element between two poses is bilinear in them. The reference
    :math:`\bar m` is the better of the mean and a regression on the invariants of the first datum
    alone, so that elements that depend on the item in the data do not count.

    It finds what a quadratic function reads; a value near 0 does not prove invariance. Poses that
    only higher frequencies of the standard representation show are not found.

    Args:
        group: The group.
        g: Elements, shape ``(n, *element_shape)``.
        y1: Invariants of the first data, shape ``(n, ...)`` or a dict of parts.
        y2: Invariants of the second data, likewise.
        folds: Number of folds.
        seed: Seed of the split.

    Returns:
        Shape ``(n,)``, float64; its mean is 0 or slightly less if the invariants do not know the
        element, 1 if they tell it exactly.

    Raises:
        ShapeError: If shapes do not fit, there are no invariants, or fewer pairs than folds.
        TypeError: If the group has no standard representation.
        ValueError: If all elements are equal, or invariants are not finite.
        ImportError: If scikit-learn is not installed.

    References:
        Alain & Bengio, Understanding intermediate layers using linear classifier probes, 2016;
        Higgins et al., Towards a definition of disentangled representations, 2018.

    Example:
        >>> from groupae import SO2
        >>> item, g = torch.randn(200, 3), SO2().sample(200)
        >>> abs(float(element_leakage(SO2(), g, item, item).mean())) < 0.1
        True
        >>> pose = SO2().sample(200)
        >>> y1, y2 = (torch.stack([a.cos(), a.sin()], 1) for a in (pose, pose + g))
        >>> float(element_leakage(SO2(), g, y1, y2).mean()) > 0.99
        True
    """
    owner = "element_leakage"
    first, second = _finite(owner, y1, y2)
    target = _matrix_entries(owner, group, g)
    n = len(first)
    if len(target) != n or n < 2 * folds:
        what = f"one element per pair, and at least {counted(2 * folds, 'pair')}"
        raise ShapeError(expected(owner, what, f"{len(target)} elements and {n} pairs"))
    if np.ptp(target, 0).max(initial=0) == 0:
        raise ValueError(expected(owner, "elements that differ", "equal ones"))
    found, alone, mean = (np.zeros_like(target) for _ in range(3))
    split = _sklearn(owner, "model_selection").KFold(folds, shuffle=True, random_state=seed)
    for train, test in split.split(first):
        mean[test] = target[train].mean(0)
        both, one = _regressors(first, second, train)
        for features, store in ((both, found), (one, alone)):
            model = _sklearn(owner, "linear_model").RidgeCV(_PENALTIES)
            model.fit(features[train], target[train])
            store[test] = model.predict(features[test]).reshape(len(test), -1)
    errors = [np.square(guess - target).sum(1) for guess in (found, alone, mean)]
    reference = min(errors[1].mean(), errors[2].mean())
    return torch.from_numpy(1 - errors[0] / reference)


def _finite(owner: str, y1: Any, y2: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return features as arrays in float64, checked."""
    first, second = (code_rows(y).detach().cpu().double() for y in (y1, y2))
    check_rows(owner, first, second)
    if not first.shape[1]:
        got, remedy = "none", "this action has no invariant entry; give invariant features"
        raise ShapeError(expected(owner, "at least one feature", got, remedy))
    if not bool(first.isfinite().all() & second.isfinite().all()):
        raise ValueError(expected(owner, "finite features", "NaN or infinite ones"))
    return first.numpy(), second.numpy()


def _matrix_entries(owner: str, group: Group, g: Tensor) -> np.ndarray[Any, Any]:
    """Return the entries of the elements' matrices that vary, standardised together."""
    if not group.has_standard:
        what, got = "a group with a standard representation", str(group)
        raise TypeError(expected(owner, what, got))
    matrices = group.standard().matrix(g.detach().cpu(), dtype=torch.float64)
    entries: np.ndarray[Any, Any] = matrices.flatten(1).numpy()
    return entries


def _regressors(
    first: np.ndarray[Any, Any], second: np.ndarray[Any, Any], train: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return regressors of both invariants and of the first alone, scaled by the training fold."""
    known = np.concatenate([first[train], second[train]])
    centre = known.mean(0)
    scale = known.std(0)
    scale[scale <= 1e-12 * np.abs(known).max(0, initial=1)] = np.inf  # constant entries
    one, two = (first - centre) / scale, (second - centre) / scale
    axes = np.linalg.svd((known - centre) / scale, full_matrices=False)[2][:_PRODUCTS]
    u, v = one @ axes.T, two @ axes.T

    def with_products(a: np.ndarray[Any, Any], *features: Any) -> np.ndarray[Any, Any]:
        products = (u[:, :, None] * a[:, None, :]).reshape(len(u), -1)
        joined = np.concatenate([*features, products], 1)
        spread = joined[train].std(0)
        spread[spread < 1e-9] = np.inf
        scaled: np.ndarray[Any, Any] = (joined - joined[train].mean(0)) / spread
        return scaled

    return with_products(v, one, two), with_products(u, one)


def _classifier(owner: str) -> Any:
    pipeline, linear = _sklearn(owner, "pipeline"), _sklearn(owner, "linear_model")
    scaler = _sklearn(owner, "preprocessing").StandardScaler()
    return pipeline.make_pipeline(scaler, linear.LogisticRegression(max_iter=1000))


def _sklearn(owner: str, module: str) -> Any:
    """Return a module of scikit-learn, which is needed for probes only."""
    try:
        return importlib.import_module(f"sklearn.{module}")
    except ModuleNotFoundError as error:
        remedy = 'pip install "groupae[profile]" installs it'
        raise ImportError(expected(owner, "scikit-learn for probes", "none", remedy)) from error
