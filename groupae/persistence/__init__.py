"""Models in folders: a description in YAML and weights in safetensors; no pickle, no code.

``description`` has plain data from which a part is made again; ``folder`` writes and reads both
files; ``zoo`` finds the trained models that come with the package.
"""

from groupae._configurable import configurable
from groupae.persistence.description import build, describe
from groupae.persistence.folder import load, save
from groupae.persistence.zoo import read_card, zoo_names

__all__ = ["build", "configurable", "describe", "load", "read_card", "save", "zoo_names"]
