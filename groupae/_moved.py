"""Lazy imports of public names, and aliases for modules that have moved.

A package lists the modules of names that it offers without loading them. Modules of groupae 0.2 and
before are found under their old names too, with a `DeprecationWarning`, so that old scripts and
pickles still load.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
import warnings
from collections.abc import Callable, Mapping, Sequence

from typing_extensions import override

__all__ = ["MODULES", "find_moved_modules", "lazy_names", "share_names"]

# Where modules were, where they are, and which: a new name after a colon, parts joined by "+"
_ROOMS = (
    ("", "", "pairs:protocols"),
    ("", "experiments", "baselines"),
    ("baselines", "experiments.baselines", "scenes:scene_rotations srt:scene_transformer"),
    (
        "baselines.maganet",
        "experiments.baselines.maganet",
        "bank:reference_bank decoder:additive_flow_decoder model:maganet",
    ),
    (
        "actions",
        "actions",
        "alignment:align.overlap custom:base gauss_newton:align.gauss_newton learned:split "
        "linear:vector+channel+axis+align.overlap motions:positions+align.motion "
        "multiplication:left_multiplication sets:set "
        "symmetries:grid_symmetries tokens:token",
    ),
    ("actions", "", "newton:representations.correlation.newton"),
    ("actions.align", "", "newton:representations.correlation.newton"),
    (
        "data",
        "data",
        "elements:written_elements folders:folder_pairs orbits:orbit_dataset pairs:orbit_pairs "
        "written:written_elements",
    ),
    (
        "data",
        "",
        "recorded:data.recorded_pairs+experiments.datasets.rendering.recording",
    ),
    (
        "data",
        "experiments.datasets",
        "blocked_digits brain_contrast building:progress cache digits molecules npy_files:npy_file "
        "options originals point_clouds registry rendering rotated_digits series "
        "settings:fixed_settings shapes simulated_heads skies sky_planes turntable warps",
    ),
    ("data.originals", "data", "pixels"),
    (
        "data.rendering",
        "experiments.datasets.rendering",
        "meshes:mesh scenes:mesh_renderer spheres:point_renderer",
    ),
    (
        "experiments",
        "experiments.presets",
        "backbones beyond_pictures:molecules+point_clouds+series blocked_digits "
        "brain_contrast building config experiment paper_backbones paper_presets:paper "
        "rivals rotated_digits sky_planes systems turntable",
    ),
    (
        "experiments",
        "experiments.compare",
        "cells:trial+result comparison processes:workers standings:leaderboard",
    ),
    ("experiments", "experiments.runs", "exports:export report swaps"),
    ("experiments", "experiments", "run:runs.run+presets.registry"),
    ("experiments", "", "tables:_table"),
    (
        "groups",
        "groups.lie",
        "affine:affine+scaling matrix:matrix_lie_group matrix_algebra matrix_irreps "
        "matrix_log matrix_torus:maximal_torus orthogonal:orthogonal_matrices planar:so2 "
        "quaternions reflections:o2+reflections rigid:rigid_motions+se2+se3 "
        "series:power_series spatial:so3+o3 square_matrices vector:translation",
    ),
    ("groups", "interop", "wigner_e3nn:e3nn"),
    (
        "groups",
        "groups.finite",
        "dihedral enumerated:enumerated_group+table_group found_irreps "
        "generated:permutation_group+finite_matrix_group+polyhedral indexed:indexed_group "
        "permutation:symmetric young",
    ),
    ("groups", "groups.products", "extension:extension_irreps packing:packed semidirect"),
    ("groups", "groups.maps", "homomorphisms projections quotients subgroups"),
    ("kernels", "kernels", "forward_mode:autograd paths:dispatch"),
    (
        "kernels",
        "kernels.wigner",
        "wigner_action:action wigner_phases:phases wigner_recursion:recursion "
        "wigner_vectors:vectors",
    ),
    ("models", "experiments.baselines", "paper"),
    ("models", "models", "backbones:conv+blocks"),
    ("models", "", "protocol:models.transform_module+protocols"),
    ("metrics", "metrics", "choosing:registry+relative sets:chamfer+snr"),
    (
        "objectives",
        "objectives",
        "prediction:cross_prediction reconstruction:cross_reconstruction+loss_terms "
        "sets:loss_terms terms:loss_terms+weighted_sum",
    ),
    ("viz", "experiments.datasets", "data_pictures:drawing"),
    ("viz", "viz", "mosaics:figures pictures:orbits+training+figures"),
)


def _moved_modules() -> dict[str, tuple[str, ...]]:
    found = {}
    for before, now, names in _ROOMS:
        for name in names.split():
            old, _, new = name.partition(":")
            homes = (new or old).split("+")
            found[f"{before}.{old}".lstrip(".")] = tuple(
                f"{now}.{home}".lstrip(".") for home in homes
            )
    return found


MODULES = _moved_modules()
"""Old and new places of the modules that moved, both below ``groupae``."""


def share_names(cls: type, old: str, new: str) -> None:
    """Define an attribute of a class under both its old and its new name, if it has one of them.

    Called for each subclass, it lets users override and read the attribute by its old name.
    """
    own = vars(cls)
    for name, other in ((old, new), (new, old)):
        if name in own and other not in own:
            setattr(cls, other, own[name])


def lazy_names(package: str, names: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package that loads its names and moved modules on first use.

    Args:
        package: The package, ``"groupae.data"``.
        names: Names in each module, separated by spaces; modules are below ``groupae``, as in
            ``{"experiments.datasets": "Series Turntable"}``.
    """
    homes = {name: home for home, text in names.items() for name in text.split()}

    def load(name: str) -> object:
        if name in homes:
            return getattr(importlib.import_module(f"groupae.{homes[name]}"), name)
        if _homes(f"{package}.{name}"):
            return importlib.import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return load


def _homes(fullname: str) -> tuple[str, ...]:
    """Return the new modules of a moved module; an empty tuple if it did not move."""
    if not fullname.startswith("groupae."):
        return ()
    name, rest = fullname.removeprefix("groupae."), ""
    while name and name not in MODULES:
        name, _, last = name.rpartition(".")
        rest = f".{last}{rest}"
    return tuple(f"groupae.{home}{rest}" for home in MODULES.get(name, ()))


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # it stands in a file, not in a package
        return False


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Importer of modules under their old names; attributes are looked up in the new modules."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        homes = _homes(fullname)
        if not homes or not _is_module(homes[0]):
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    @override
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        homes = _homes(spec.name)
        now = " and ".join(homes)
        warnings.warn(f"{spec.name} is {now} now", DeprecationWarning, stacklevel=2)
        module = types.ModuleType(spec.name, f"Old name of {now}.")

        def load(name: str) -> object:
            for home in map(importlib.import_module, homes):
                if hasattr(home, name):
                    return getattr(home, name)
            if self.find_spec(f"{spec.name}.{name}", None):
                return importlib.import_module(f"{spec.name}.{name}")
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")

        names = {
            name for home in homes for name in getattr(importlib.import_module(home), "__all__", ())
        }
        vars(module).update(__getattr__=load, __all__=sorted(names), __dir__=lambda: sorted(names))
        return module

    @override
    def exec_module(self, module: types.ModuleType) -> None:
        pass


def find_moved_modules() -> None:
    """Let ``import`` find modules under their old names."""
    if not any(type(finder).__name__ == _Finder.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
