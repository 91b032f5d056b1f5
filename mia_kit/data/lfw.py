"""LFW as scikit-learn keeps it: `lfw_home/lfw_funneled/<Name>/<Name>_0001.jpg`, all 5,749 people."""

from __future__ import annotations

from mia_kit.data.decoding import Size
from mia_kit.data.image_set import ImageSet
from mia_kit.data.inventory import LFW
from mia_kit.data.people import read_people

# The centre of the 250 x 250 photographs at half size; most people have one photograph only.
SIZE = 125
PATTERN = r"{person}_\d{4}\.\w+"


def load(size: Size = None) -> ImageSet:
    """Every person in the folder. Raises DataError if neither `lfw_funneled` nor `lfw` is there, or one is damaged."""
    return read_people(LFW.path(), "lfw", size=size or SIZE, pattern=PATTERN)
