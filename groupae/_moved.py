"""Names that are resolved when they are first used, and modules that stood elsewhere before.

A package lists the homes of names that it offers without loading them. Modules of groupae 0.2 and
before are found under their old names too, with a `DeprecationWarning`, so that scripts and pickles
of then still load.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
import types
import warnings
from collections.abc import Callable, Mapping, Sequence

from typing_extensions import override

__all__ = ["MODULES", "find_moved_modules", "lazy_names"]


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package that loads its names on first use.

    Args:
        package: The package, ``"groupae.data"``.
        homes: Module of each name; below ``groupae``, as in ``"experiments.datasets"``.
    """

    def load(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"groupae.{homes[name]}"), name)

    return load


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Importer of modules under their old names: their names are looked up where they are now."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not fullname.startswith("groupae.") or fullname[8:] not in MODULES:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    @override
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        homes = [f"groupae.{name}" for name in MODULES[spec.name[8:]].split()]
        now = " and ".join(homes)
        warnings.warn(f"{spec.name} is {now} now", DeprecationWarning, stacklevel=2)
        module = types.ModuleType(spec.name, f"Old name of {now}.")

        def load(name: str) -> object:
            for home in map(importlib.import_module, homes):
                if hasattr(home, name):
                    return getattr(home, name)
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}")

        vars(module)["__getattr__"] = load
        return module

    @override
    def exec_module(self, module: types.ModuleType) -> None:
        pass


def find_moved_modules() -> None:
    """Let ``import`` find modules under their old names."""
    if not any(type(finder).__name__ == _Finder.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


MODULES: Mapping[str, str] = {
    "baselines": "experiments.baselines",
    "baselines.conditional": "experiments.baselines.conditional",
    "baselines.dupont": "experiments.baselines.dupont",
    "baselines.learned_mask": "experiments.baselines.learned_mask",
    "baselines.maganet": "experiments.baselines.maganet",
    "baselines.maganet.bank": "experiments.baselines.maganet.bank",
    "baselines.maganet.decoder": "experiments.baselines.maganet.decoder",
    "baselines.maganet.glow": "experiments.baselines.maganet.glow",
    "baselines.maganet.model": "experiments.baselines.maganet.model",
    "baselines.references": "experiments.baselines.references",
    "baselines.scenes": "experiments.baselines.scenes",
    "baselines.srt": "experiments.baselines.srt",
    "baselines.winter": "experiments.baselines.winter",
    "data.blocked_digits": "experiments.datasets.blocked_digits",
    "data.brain_contrast": "experiments.datasets.brain_contrast",
    "data.building": "experiments.datasets.progress",
    "data.cache": "experiments.datasets.cache",
    "data.digits": "experiments.datasets.digits",
    "data.molecules": "experiments.datasets.molecules",
    "data.npy_files": "experiments.datasets.npy_files",
    "data.options": "experiments.datasets.options",
    "data.originals": "experiments.datasets.originals",
    "data.originals.files": "experiments.datasets.originals.files",
    "data.originals.meshes": "experiments.datasets.originals.meshes",
    "data.originals.mnist": "experiments.datasets.originals.mnist",
    "data.originals.nifti": "experiments.datasets.originals.nifti",
    "data.originals.nmr": "experiments.datasets.originals.nmr",
    "data.originals.pictures": "experiments.datasets.originals.pictures",
    "data.originals.pixels": "data.pixels",
    "data.originals.polygons": "experiments.datasets.originals.polygons",
    "data.point_clouds": "experiments.datasets.point_clouds",
    "data.registry": "experiments.datasets.registry",
    "data.rendering": "experiments.datasets.rendering",
    "data.rendering.camera": "experiments.datasets.rendering.camera",
    "data.rendering.meshes": "experiments.datasets.rendering.meshes",
    "data.rendering.rasterizer": "experiments.datasets.rendering.rasterizer",
    "data.rendering.scenes": "experiments.datasets.rendering.scenes",
    "data.rendering.shading": "experiments.datasets.rendering.shading",
    "data.rendering.spheres": "experiments.datasets.rendering.spheres",
    "data.rotated_digits": "experiments.datasets.rotated_digits",
    "data.series": "experiments.datasets.series",
    "data.settings": "experiments.datasets.settings",
    "data.shapes": "experiments.datasets.shapes",
    "data.shapes.airplanes": "experiments.datasets.shapes.airplanes",
    "data.shapes.cars": "experiments.datasets.shapes.cars",
    "data.shapes.chairs": "experiments.datasets.shapes.chairs",
    "data.shapes.draws": "experiments.datasets.shapes.draws",
    "data.shapes.lamps": "experiments.datasets.shapes.lamps",
    "data.shapes.lofting": "experiments.datasets.shapes.lofting",
    "data.shapes.mugs": "experiments.datasets.shapes.mugs",
    "data.shapes.primitives": "experiments.datasets.shapes.primitives",
    "data.shapes.tables": "experiments.datasets.shapes.tables",
    "data.shapes.wings": "experiments.datasets.shapes.wings",
    "data.simulated_heads": "experiments.datasets.simulated_heads",
    "data.skies": "experiments.datasets.skies",
    "data.sky_planes": "experiments.datasets.sky_planes",
    "data.turntable": "experiments.datasets.turntable",
    "data.warps": "experiments.datasets.warps",
    "experiments.backbones": "experiments.presets.backbones",
    "experiments.beyond_pictures": "experiments.presets.beyond_pictures",
    "experiments.blocked_digits": "experiments.presets.blocked_digits",
    "experiments.brain_contrast": "experiments.presets.brain_contrast",
    "experiments.building": "experiments.presets.building",
    "experiments.cells": "experiments.compare.cells",
    "experiments.comparison": "experiments.compare.comparison",
    "experiments.config": "experiments.presets.config",
    "experiments.experiment": "experiments.presets.experiment",
    "experiments.exports": "experiments.runs.export",
    "experiments.paper_backbones": "experiments.presets.paper_backbones",
    "experiments.paper_presets": "experiments.presets.paper",
    "experiments.processes": "experiments.compare.workers",
    "experiments.report": "experiments.runs.report",
    "experiments.rivals": "experiments.presets.rivals",
    "experiments.rotated_digits": "experiments.presets.rotated_digits",
    "experiments.run": "experiments.runs.run",
    "experiments.sky_planes": "experiments.presets.sky_planes",
    "experiments.standings": "experiments.compare.leaderboard",
    "experiments.swaps": "experiments.runs.swaps",
    "experiments.systems": "experiments.presets.systems",
    "experiments.tables": "experiments.runs.tables",
    "experiments.turntable": "experiments.presets.turntable",
    "models.paper": "experiments.baselines.paper",
    "models.paper.brain": "experiments.baselines.paper.brain",
    "models.paper.digits": "experiments.baselines.paper.digits",
    "models.paper.scenes": "experiments.baselines.paper.scenes",
    "viz.data_pictures": "experiments.datasets.drawing",
}
"""The modules that moved: where each was, and where its names are now, both below ``groupae``."""
