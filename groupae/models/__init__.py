"""Models: the autoencoder with a latent action, backbones to put into it, and the protocol.

``autoencoder`` has `LatentActionAE`, ``protocol`` what every system under comparison can do,
``backbones`` the default encoders and decoders, ``paper`` those of the paper.
"""

from groupae.models.autoencoder import LatentActionAE
from groupae.models.backbones import ConvDecoder, ConvEncoder
from groupae.models.paper import PaperDigitDecoder, PaperDigitEncoder
from groupae.models.protocol import Capabilities, TransformModel

__all__ = [
    "Capabilities",
    "ConvDecoder",
    "ConvEncoder",
    "LatentActionAE",
    "PaperDigitDecoder",
    "PaperDigitEncoder",
    "TransformModel",
]
