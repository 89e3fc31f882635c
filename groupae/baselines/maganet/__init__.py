"""MAGANet, re-implemented from its description: ``model`` on ``decoder``, ``glow`` and ``bank``."""

from groupae.baselines.maganet.bank import ReferenceBank
from groupae.baselines.maganet.decoder import AdditiveFlowDecoder
from groupae.baselines.maganet.glow import Glow
from groupae.baselines.maganet.model import MAGANet, MAGANetHead

__all__ = ["AdditiveFlowDecoder", "Glow", "MAGANet", "MAGANetHead", "ReferenceBank"]
