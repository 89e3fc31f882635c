"""Models in folders: a description in YAML and weights in safetensors; no pickle, no code.

``description`` has plain data from which a part is made again; ``folder`` writes and reads both
files.
"""

from groupae._configurable import configurable
from groupae.persistence.description import build, describe
from groupae.persistence.folder import load, save

__all__ = ["build", "configurable", "describe", "load", "save"]
