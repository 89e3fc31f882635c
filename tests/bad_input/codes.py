"""Bad input to the scores of codes."""

import torch

from groupae import SO2, VectorAction, evaluate
from groupae.metrics import (
    chance_error,
    class_skill,
    code_cycle_error,
    consistency_ratio,
    element_leakage,
    invariance_ratio,
    orbit_ranks,
    pose_error,
    relative_equivariance_error,
    retrieval_ranks,
    swap_cycle_error,
    swap_error,
)
from groupae.protocols import PairBatch
from groupae.theory import realise_data_action
from tests.bad_input.rows import rows

ACTION = VectorAction(SO2().rep("2x0 + 1x1"))
G, Z = SO2().sample(20), torch.randn(20, 4)
LABEL = torch.arange(20) % 2


def relative(g=G, z1=Z, z2=Z):
    return lambda: relative_equivariance_error(ACTION, g, z1, z2)


def probed(y=Z, label=LABEL):
    return lambda: class_skill(y, y, label)


def leaked(g=G, y=Z, group=None):
    return lambda: element_leakage(group or SO2(), g, y, y)


TABLE = rows(
    {
        "codes of two lengths": (relative(z2=Z[:5]), ValueError, "codes of pairs, of one shape"),
        "fewer elements than codes": (relative(g=G[:5]), ValueError, "one element for each"),
        "one code": (relative(G[:1], Z[:1], Z[:1]), ValueError, "at least 2 items"),
        "one element in all pairs": (relative(torch.zeros(20)), ValueError, "elements that differ"),
        "codes as a list": (lambda: invariance_ratio([1.0], [1.0]), TypeError, "real tensors"),
        "no invariants": (
            lambda: invariance_ratio(Z[:, :0], Z[:, :0]),
            ValueError,
            "at least one invariant",
        ),
        "complex codes": (lambda: retrieval_ranks(Z + 0j, Z), TypeError, "real tensors"),
        "hits at none": (lambda: retrieval_ranks(Z, Z).hits(0), ValueError, "k to be an integer"),
        "one candidate": (
            lambda: orbit_ranks(ACTION, Z, Z, count=1),
            ValueError,
            "at least 2 candidates",
        ),
        "rows of two widths": (lambda: chance_error(Z, Z[:, :2]), ValueError, "of one shape"),
        "one class": (probed(label=0 * LABEL), ValueError, "at least two classes"),
        "a class of one pair": (
            probed(label=torch.arange(20)),
            ValueError,
            "at least 5 pairs of each class",
        ),
        "labels of another length": (probed(label=LABEL[:3]), ValueError, "one label for each"),
        "features that are NaN": (probed(Z * torch.nan), ValueError, "finite features"),
        "a probe of few pairs": (leaked(G[:4], Z[:4]), ValueError, "at least 10 pairs"),
        "a probe of equal elements": (leaked(0 * G), ValueError, "elements that differ"),
        "poses of two lengths": (
            lambda: pose_error(SO2(), G, G[:3]),
            ValueError,
            "elements and estimates of one shape",
        ),
        "cycles of two shapes": (lambda: code_cycle_error(Z, Z[:, :1]), ValueError, "one shape"),
        "pictures of two shapes": (
            lambda: consistency_ratio(Z, Z, Z, Z[:, :2]),
            ValueError,
            "four pictures of one shape",
        ),
        "a swap without invariants": (
            lambda: swap_cycle_error(VectorAction(SO2().rep("2x1")), Z, Z),
            ValueError,
            "at least one invariant entry",
        ),
        "a swap of another shape": (
            lambda: swap_error(Z[:, :1], Z, Z, Z),
            ValueError,
            "swaps, data and truth of one shape",
        ),
        "a score of labels without labels": (
            lambda: evaluate(
                realise_data_action(ACTION.rho), PairBatch(Z, G, Z, group=SO2()), "class_skill"
            ),
            ValueError,
            "the pairs have no labels",
        ),
    }
)
