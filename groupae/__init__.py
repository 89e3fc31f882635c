"""Autoencoders whose latent space carries a group action.

`Group` -> `Representation` -> `LatentAction` -> `LatentActionAE`: each knows nothing of those to
its right. Names are resolved when first used; importing groupae alone loads nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from groupae._moved import find_moved_modules, lazy_names

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
    from groupae.data import FolderPairs, OrbitDataset, OrbitPairs, RecordedPairs
    from groupae.experiments.datasets import (
        BlockedDigits,
        BrainContrast,
        Molecules,
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
    from groupae.protocols import PairBatch, TransformModel
    from groupae.representations import Representation
    from groupae.training import TrainingConfig, fit
    from groupae.viz import plot_orbit

__version__ = "0.3.0"

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
    "PairBatch": "protocols",
    "CrossReconstruction": "objectives",
    "evaluate": "metrics",
    "ConvDecoder": "models",
    "ConvEncoder": "models",
    "LatentActionAE": "models",
    "TransformModel": "protocols",
    "BlockedDigits": "experiments.datasets",
    "BrainContrast": "experiments.datasets",
    "FolderPairs": "data",
    "Molecules": "experiments.datasets",
    "OrbitDataset": "data",
    "OrbitPairs": "data",
    "PointClouds": "experiments.datasets",
    "RecordedPairs": "data",
    "SkyPlanes": "experiments.datasets",
    "Turntable": "experiments.datasets",
    "RotatedDigits": "experiments.datasets",
    "Series": "experiments.datasets",
    "TrainingConfig": "training",
    "fit": "training",
    "plot_orbit": "viz",
    "Run": "experiments.runs.run",
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


_load = lazy_names(__name__, _HOMES)
_PACKAGES = {"interop", "testing", "theory", *(home.split(".")[0] for home in _HOMES.values())}

find_moved_modules()


def __getattr__(name: str) -> object:
    return importlib.import_module(f"groupae.{name}") if name in _PACKAGES else _load(name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
