"""Experiments by name: built in, or offered by entry points of the group ``groupae.datasets``."""

from __future__ import annotations

from groupae._plugins import PlugInError, PlugIns
from groupae._validation import expected
from groupae.experiments.datasets.registry import DatasetInfo
from groupae.experiments.presets.blocked_digits import BLOCKED_DIGITS
from groupae.experiments.presets.brain_contrast import BRAIN_CONTRAST
from groupae.experiments.presets.cells import CELLS
from groupae.experiments.presets.experiment import Experiment
from groupae.experiments.presets.galaxies import GALAXIES
from groupae.experiments.presets.glyphs import GLYPHS
from groupae.experiments.presets.leaves import LEAVES
from groupae.experiments.presets.molecules import MOLECULES
from groupae.experiments.presets.objects import OBJECTS
from groupae.experiments.presets.point_clouds import POINT_CLOUDS
from groupae.experiments.presets.rotated_digits import ROTATED_DIGITS
from groupae.experiments.presets.series import SERIES
from groupae.experiments.presets.sky_planes import SKY_PLANES
from groupae.experiments.presets.turntable import TURNTABLE

__all__ = ["DATASET_PLUG_INS", "EXPERIMENTS", "get_experiment"]

EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        *(ROTATED_DIGITS, BLOCKED_DIGITS, BRAIN_CONTRAST, TURNTABLE, SKY_PLANES, OBJECTS),
        *(POINT_CLOUDS, MOLECULES, SERIES),
        *(CELLS, LEAVES, GLYPHS, GALAXIES),
    )
}
"""Experiments by name: each data set with its presets."""

DATASET_PLUG_INS = PlugIns(
    "datasets",
    "data set",
    base=Experiment,
    described="an Experiment",
    form="an Experiment or a function without arguments that returns one",
    is_built_in=lambda name: name.casefold() in EXPERIMENTS,
)


def get_experiment(name: str) -> Experiment:
    """Return an experiment by name, built in or of a plug-in.

    Raises:
        ValueError: If no experiment has the name, or its plug-in cannot be used.

    Example:
        >>> sorted(get_experiment("rotated-digits").presets)[:2]
        ['conditional', 'conditional-0.6']
    """
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    found: Experiment = DATASET_PLUG_INS.get("groupae", name, EXPERIMENTS)
    owner = f"plug-in {name!r}"
    if not isinstance(found.data, DatasetInfo):
        raise PlugInError(expected(owner, "an Experiment on a DatasetInfo", repr(found.data)))
    if found.name != name:  # a run folder keeps the experiment's own name
        raise PlugInError(expected(owner, "an Experiment of that name", repr(found.name)))
    return found
