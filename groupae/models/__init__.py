"""Models: the autoencoder with a latent action, its encoders and decoders, and the base class.

``autoencoder`` has `LatentActionAE`; ``transform_module`` the base class of all trained systems;
``conv`` encoders and decoders of pictures, ``palette`` and ``colour_pool`` their colours, ``unet``
those with skips, ``polar`` exactly equivariant ones, ``circular`` those of signals on a circle,
``sets`` those of sets of points, ``sequences`` those of series, ``blocks`` the layers that they
share; ``wrapped`` those of an autoencoder made elsewhere; ``exporting`` writes a model as a graph.
"""

from typing import TYPE_CHECKING

from groupae._moved import lazy_names
from groupae.models.autoencoder import LatentActionAE
from groupae.models.circular import CircularDecoder, CircularEncoder
from groupae.models.colour_pool import ColourPool
from groupae.models.conv import ConvDecoder, ConvEncoder
from groupae.models.exporting import ExportError, export_transform, pt2_from_program
from groupae.models.linear_path import LinearPath
from groupae.models.palette import Palette
from groupae.models.polar import PolarDecoder, PolarEncoder
from groupae.models.sequences import SequenceDecoder, SequenceEncoder
from groupae.models.sets import SetDecoder, SetEncoder
from groupae.models.transform_module import Capabilities, TransformModule
from groupae.models.unet import Coordinates, Stride, UNetDecoder, UNetEncoder
from groupae.models.wrapped import WrappedDecoder, WrappedEncoder
from groupae.protocols import TransformModel

if TYPE_CHECKING:
    from groupae.experiments.baselines.paper import (
        AttentionSkip,
        PaperBrainDecoder,
        PaperBrainEncoder,
        PaperDigitDecoder,
        PaperDigitEncoder,
        PaperSceneDecoder,
        PaperSceneEncoder,
        paper_scene_parts,
    )

__all__ = [
    "AttentionSkip",
    "Capabilities",
    "CircularDecoder",
    "CircularEncoder",
    "ColourPool",
    "ConvDecoder",
    "ConvEncoder",
    "Coordinates",
    "ExportError",
    "LatentActionAE",
    "LinearPath",
    "Palette",
    "PaperBrainDecoder",
    "PaperBrainEncoder",
    "PaperDigitDecoder",
    "PaperDigitEncoder",
    "PaperSceneDecoder",
    "PaperSceneEncoder",
    "PolarDecoder",
    "PolarEncoder",
    "SequenceDecoder",
    "SequenceEncoder",
    "SetDecoder",
    "SetEncoder",
    "Stride",
    "TransformModel",
    "TransformModule",
    "UNetDecoder",
    "UNetEncoder",
    "WrappedDecoder",
    "WrappedEncoder",
    "export_transform",
    "paper_scene_parts",
    "pt2_from_program",
]

if not TYPE_CHECKING:  # or every misspelt name would have a type
    __getattr__ = lazy_names(
        __name__,
        {
            "experiments.baselines.paper": (
                "AttentionSkip PaperBrainDecoder PaperBrainEncoder PaperDigitDecoder "
                "PaperDigitEncoder PaperSceneDecoder PaperSceneEncoder paper_scene_parts"
            )
        },
    )
