"""Autoencoders whose latent space carries a group action.

`Group` -> `Representation` -> `LatentAction` -> `LatentActionAE`: each knows nothing of those to
its right. Names are resolved when first used; importing groupae alone loads nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    )
    from groupae.data import (
        BlockedDigits,
        BrainContrast,
        FolderPairs,
        Molecules,
        OrbitDataset,
        OrbitPairs,
        PointClouds,
        RecordedPairs,
        RotatedDigits,
        Series,
        SkyPlanes,
        Turntable,
    )
    from groupae.experiments import Run
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
    from groupae.models import ConvDecoder, ConvEncoder, LatentActionAE, TransformModel
    from groupae.objectives import CrossReconstruction
    from groupae.pairs import PairBatch
    from groupae.representations import Representation
    from groupae.training import TrainingConfig, fit
    from groupae.viz import plot_orbit

__version__ = "0.2.0"

_HOMES = {
    "ShapeError": "_validation",
    "O2": "groups",
    "O3": "groups",
    "SO2": "groups",
    "SO3": "groups",
    "Affine": "groups",
    "Cyclic": "groups",
    "Dihedral": "groups",
    "Group": "groups",
    "Tetrahedral": "groups",
    "Octahedral": "groups",
    "Icosahedral": "groups",
    "Homomorphism": "groups",
    "FiniteGroup": "groups",
    "MatrixLieGroup": "groups",
    "Permutation": "groups",
    "Product": "groups",
    "SE2": "groups",
    "SE3": "groups",
    "Scaling": "groups",
    "Semidirect": "groups",
    "Translation": "groups",
    "get_group": "groups",
    "register_group": "groups",
    "Representation": "representations",
    "AffineAction": "actions",
    "ChannelAction": "actions",
    "GridAction": "actions",
    "LatentAction": "actions",
    "LeftMultiplication": "actions",
    "PartsAction": "actions",
    "SetAction": "actions",
    "SplitAction": "actions",
    "TokenAction": "actions",
    "VectorAction": "actions",
    "PairBatch": "pairs",
    "CrossReconstruction": "objectives",
    "evaluate": "metrics",
    "ConvDecoder": "models",
    "ConvEncoder": "models",
    "LatentActionAE": "models",
    "TransformModel": "models",
    "BlockedDigits": "data",
    "BrainContrast": "data",
    "FolderPairs": "data",
    "Molecules": "data",
    "OrbitDataset": "data",
    "OrbitPairs": "data",
    "PointClouds": "data",
    "RecordedPairs": "data",
    "SkyPlanes": "data",
    "Turntable": "data",
    "RotatedDigits": "data",
    "Series": "data",
    "TrainingConfig": "training",
    "fit": "training",
    "plot_orbit": "viz",
    "Run": "experiments",
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
    "ChannelAction",
    "ConvDecoder",
    "ConvEncoder",
    "CrossReconstruction",
    "Cyclic",
    "Dihedral",
    "FiniteGroup",
    "FolderPairs",
    "GridAction",
    "Group",
    "Homomorphism",
    "Icosahedral",
    "LatentAction",
    "LatentActionAE",
    "LeftMultiplication",
    "MatrixLieGroup",
    "Molecules",
    "Octahedral",
    "OrbitDataset",
    "OrbitPairs",
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
    "Turntable",
    "VectorAction",
    "evaluate",
    "fit",
    "get_group",
    "plot_orbit",
    "register_group",
]


def __getattr__(name: str) -> object:
    if name in ("interop", "testing", "theory", *_HOMES.values()):
        return importlib.import_module(f"groupae.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'groupae' has no attribute {name!r}")
    return getattr(importlib.import_module(f"groupae.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
