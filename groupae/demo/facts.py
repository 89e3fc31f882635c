"""Facts on a page that are not in the model, and the description that the page reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from groupae import __version__
from groupae.actions import LatentAction, PartsAction
from groupae.demo.controls import Control
from groupae.demo.graphs import Graphs
from groupae.demo.runtime import PACKAGE

__all__ = ["FORMAT", "ORBIT", "Facts"]

FORMAT = 1
ORBIT = 12  # elements of the orbit strip
_DARK = 0.1  # of the range: most of a drawing is its ground
_MOST_DRAWN = 64  # pixels, of a picture that one draws with a mouse


@dataclasses.dataclass(frozen=True)
class Facts:
    """Facts on a page that are not in the model.

    Args:
        title: Title of the page; the group unless given.
        summary: One sentence on what the group does.
        labels: One text per picture.
        split: Origin of the pictures.
        score: Quality of the model.
        range: Data that are black and white.
        draws: Whether the page has a field to draw in; by default for small pictures of one
            channel on dark ground.
        licences: Licences of data and model.
        watch: One sentence on what to look at.
        links: Addresses by the words that are shown.

    Example:
        >>> Facts(title="Digits", licences=("MNIST: CC BY-SA 3.0",)).title
        'Digits'
    """

    title: str = ""
    summary: str = ""
    labels: Sequence[str] | None = None
    split: str = ""
    score: str | None = None
    range: tuple[float, float] = (0.0, 1.0)
    draws: bool | None = None
    licences: Sequence[str] = ()
    watch: str = ""
    links: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def describe(
        self, action: LatentAction[Any], control: Control, graphs: Graphs, x: Tensor, runtime: str
    ) -> dict[str, Any]:
        """Return the description that the page reads.

        Args:
            action: Action of the model.
            control: Control of its group.
            graphs: Its graphs.
            x: The pictures, shape ``(n, *x_shape)``.
            runtime: Version of onnxruntime-web.
        """
        group, orbit, ground = action.group, control.examples(ORBIT), self._ground(x)
        titles = control.titles_of(orbit, group)
        labels = None if self.labels is None else list(self.labels)
        return {
            "format": FORMAT,
            "title": self.title or str(group),
            "summary": self.summary,
            "group": str(group),
            "representation": _representation(action),
            "x_shape": list(x.shape[1:]),
            "range": list(self.range),
            "code_size": graphs.layout.size,
            "parameters": control.parameters,
            "control": control.describe(),
            "start": list(control.start),
            "orbit": {"p": [[round(v, 6) for v in p] for p in orbit.tolist()], "titles": titles},
            "blocks": [dataclasses.asdict(block) for block in graphs.layout.blocks(action)],
            "pictures": {"count": len(x), "labels": labels, "split": self.split},
            "draws": self._is_drawing(x, ground) if self.draws is None else self.draws,
            "ground": ground,
            "score": self.score,
            "difference": graphs.difference,
            "links": dict(self.links),
            "watch": self.watch,
            "versions": _versions(runtime),
            "licences": [f"{PACKAGE} {runtime}: MIT, Microsoft Corporation", *self.licences],
        }

    @staticmethod
    def _ground(x: Tensor) -> float:
        """Return the median along the upper and lower edges."""
        return round(float(x[..., [0, -1], :].median()), 4)

    def _is_drawing(self, x: Tensor, ground: float) -> bool:
        low, high = self.range
        is_small = x.shape[1] == 1 and max(x.shape[2:]) <= _MOST_DRAWN
        return is_small and (ground - low) / (high - low) < _DARK


def _versions(runtime: str) -> dict[str, str]:
    return {"groupae": __version__, "torch": torch.__version__, "onnxruntime_web": runtime}


def _representation(action: LatentAction[Any]) -> str:
    """Return the representations on the parts of a code that are acted on."""
    if not isinstance(action, PartsAction):
        return str(getattr(action, "rho", action))
    acted = ((name, action._action(name)) for name in action.names)
    return "; ".join(f"{name}: {_representation(own)}" for name, own in acted if own is not None)
