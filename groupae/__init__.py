"""Autoencoders whose latent space carries a group action.

`Group` -> `Representation` -> `LatentAction` -> `LatentActionAE`: each knows nothing of those to
its right. Names are resolved when first used; importing groupae alone loads nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from groupae._moved import find_moved_modules, lazy_names

if TYPE_CHECKING:
    from groupae import actions as actions
    from groupae import data as data
    from groupae import experiments as experiments
    from groupae import groups as groups
    from groupae import interop as interop
    from groupae import metrics as metrics
    from groupae import models as models
    from groupae import objectives as objectives
    from groupae import persistence as persistence
    from groupae import profiles as profiles
    from groupae import protocols as protocols
    from groupae import representations as representations
    from groupae import testing as testing
    from groupae import theory as theory
    from groupae import training as training
    from groupae import viz as viz
    from groupae._validation import ShapeError
    from groupae.actions import (
        AffineAction,
        ChannelAction,
        GridAction,
        LatentAction,
        LeftMultiplication,
        PartsAction,
        SetAction,
        SplitAction,
        TokenAction,
        VectorAction,
        fit_action,
    )
    from groupae.data import FolderPairs, OrbitDataset, OrbitPairs, RecordedPairs, TurnedPictures
    from groupae.experiments.datasets import (
        BlockedDigits,
        BrainContrast,
        Cells,
        Galaxies,
        Glyphs,
        Leaves,
        Molecules,
        Objects,
        PointClouds,
        RotatedDigits,
        Series,
        SkyPlanes,
        Turntable,
    )
    from groupae.experiments.runs.run import Run
    from groupae.groups import (
        O2,
        O3,
        SE2,
        SE3,
        SO2,
        SO3,
        Affine,
        Cyclic,
        Dihedral,
        FiniteGroup,
        Group,
        Homomorphism,
        Icosahedral,
        MatrixLieGroup,
        Octahedral,
        Permutation,
        Product,
        Scaling,
        Semidirect,
        Tetrahedral,
        Translation,
        get_group,
        register_group,
    )
    from groupae.metrics import evaluate
    from groupae.models import ConvDecoder, ConvEncoder, LatentActionAE
    from groupae.objectives import CrossReconstruction
    from groupae.persistence import configurable, load, save
    from groupae.profiles import OrbitProfiler
    from groupae.protocols import PairBatch, TransformModel
    from groupae.representations import Representation
    from groupae.testing.audit import audit
    from groupae.training import TrainingConfig, fit
    from groupae.viz import plot_orbit, save_orbit

__version__ = "0.8.0"

_NAMES = {
    "_validation": "ShapeError",
    "groups": (
        "O2 O3 SE2 SE3 SO2 SO3 Affine Cyclic Dihedral FiniteGroup Group Homomorphism "
        "Icosahedral MatrixLieGroup Octahedral Permutation Product Scaling Semidirect "
        "Tetrahedral Translation get_group register_group"
    ),
    "representations": "Representation",
    "actions": (
        "AffineAction ChannelAction GridAction LatentAction LeftMultiplication PartsAction "
        "SetAction SplitAction TokenAction VectorAction fit_action"
    ),
    "protocols": "PairBatch TransformModel",
    "objectives": "CrossReconstruction",
    "persistence": "configurable load save",
    "metrics": "evaluate",
    "models": "ConvDecoder ConvEncoder LatentActionAE",
    "experiments.datasets": (
        "BlockedDigits BrainContrast Cells Galaxies Glyphs Leaves Molecules Objects PointClouds "
        "RotatedDigits Series SkyPlanes Turntable"
    ),
    "data": "FolderPairs OrbitDataset OrbitPairs RecordedPairs TurnedPictures",
    "training": "TrainingConfig fit",
    "testing.audit": "audit",
    "viz": "plot_orbit save_orbit",
    "profiles": "OrbitProfiler",
    "experiments.runs.run": "Run",
}

__all__ = [
    "O2",
    "O3",
    "SE2",
    "SE3",
    "SO2",
    "SO3",
    "Affine",
    "AffineAction",
    "BlockedDigits",
    "BrainContrast",
    "Cells",
    "ChannelAction",
    "ConvDecoder",
    "ConvEncoder",
    "CrossReconstruction",
    "Cyclic",
    "Dihedral",
    "FiniteGroup",
    "FolderPairs",
    "Galaxies",
    "Glyphs",
    "GridAction",
    "Group",
    "Homomorphism",
    "Icosahedral",
    "LatentAction",
    "LatentActionAE",
    "Leaves",
    "LeftMultiplication",
    "MatrixLieGroup",
    "Molecules",
    "Objects",
    "Octahedral",
    "OrbitDataset",
    "OrbitPairs",
    "OrbitProfiler",
    "PairBatch",
    "PartsAction",
    "Permutation",
    "PointClouds",
    "Product",
    "RecordedPairs",
    "Representation",
    "RotatedDigits",
    "Run",
    "Scaling",
    "Semidirect",
    "Series",
    "SetAction",
    "ShapeError",
    "SkyPlanes",
    "SplitAction",
    "Tetrahedral",
    "TokenAction",
    "TrainingConfig",
    "TransformModel",
    "Translation",
    "TurnedPictures",
    "Turntable",
    "VectorAction",
    "audit",
    "configurable",
    "evaluate",
    "fit",
    "fit_action",
    "get_group",
    "load",
    "plot_orbit",
    "register_group",
    "save",
    "save_orbit",
]


_load = lazy_names(__name__, _NAMES)
_PACKAGES = {"demo", "interop", "testing", "theory", *(home.split(".")[0] for home in _NAMES)}

find_moved_modules()


if not TYPE_CHECKING:  # or every misspelt name would have a type

    def __getattr__(name: str) -> object:
        return importlib.import_module(f"groupae.{name}") if name in _PACKAGES else _load(name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
