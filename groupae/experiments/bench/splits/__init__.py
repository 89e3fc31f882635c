"""Questions of the benchmark: restricted training sets, and what is asked afterwards."""

from groupae.experiments.bench.splits.base import GeneralisationSplit, HeldOut
from groupae.experiments.bench.splits.registry import SPLITS, get_split

__all__ = ["SPLITS", "GeneralisationSplit", "HeldOut", "get_split"]
