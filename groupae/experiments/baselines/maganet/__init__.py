"""MAGANet, re-implemented from its description: ``model`` on ``decoder``, ``glow`` and ``bank``."""

from groupae.experiments.baselines.maganet.bank import ReferenceBank
from groupae.experiments.baselines.maganet.decoder import AdditiveFlowDecoder
from groupae.experiments.baselines.maganet.glow import Glow
from groupae.experiments.baselines.maganet.model import MAGANet, MAGANetHead

__all__ = ["AdditiveFlowDecoder", "Glow", "MAGANet", "MAGANetHead", "ReferenceBank"]
