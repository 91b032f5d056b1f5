"""Images with labels, one file per source: `load("orl")`, `load("digits")`, `load("mnist5k")`.

Nothing is downloaded here: the three sets come inside Python packages, whose files are read without importing them.
"""

from mia_kit.data.folders import DataError, data_folder
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.sources import load, names

__all__ = ["DataCard", "DataError", "ImageSet", "data_folder", "load", "names"]
