"""MAGANet, re-implemented from its description."""

from groupae.experiments.baselines.maganet.additive_flow_decoder import AdditiveFlowDecoder
from groupae.experiments.baselines.maganet.glow import Glow
from groupae.experiments.baselines.maganet.maganet import MAGANet, MAGANetHead
from groupae.experiments.baselines.maganet.reference_bank import ReferenceBank

__all__ = ["AdditiveFlowDecoder", "Glow", "MAGANet", "MAGANetHead", "ReferenceBank"]
