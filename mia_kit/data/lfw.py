"""LFW as scikit-learn keeps it: `lfw_home/lfw_funneled/<Name>/<Name>_0001.jpg`, all 5,749 people."""

from __future__ import annotations

from mia_kit.data.decoding import Size
from mia_kit.data.folders import DataError, data_folder
from mia_kit.data.image_set import ImageSet
from mia_kit.data.people import read_people

# The centre of the 250 x 250 photographs at half size; most people have one photograph only.
SIZE = 125
PATTERN = r"{person}_\d{4}\.jpg"


def load(size: Size = None) -> ImageSet:
    """Every person in the folder. Raises DataError if neither `lfw_funneled` nor `lfw` is there, or one is damaged."""
    home = data_folder() / "lfw_home"
    for name in ("lfw_funneled", "lfw"):
        if (home / name).is_dir():
            return read_people(home / name, "lfw", size=size or SIZE, pattern=PATTERN)
    raise DataError(
        f"The folder {home / 'lfw_funneled'} is missing: fetch it with "
        f"sklearn.datasets.fetch_lfw_people(data_home={str(data_folder())!r}), or correct MIA_KIT_DATA."
    )
