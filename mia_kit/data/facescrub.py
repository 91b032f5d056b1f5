"""FaceScrub: its own layout `<Name>/<Name>_<image>_<face>.jpg`, and a checked archive of 12 of its people.

FaceScrub distributes addresses, not images. `load` reads a folder `facescrub` that somebody has filled; `load_twelve`
an archive of 1,846 faces, each matched by sha256 with FaceScrub's own list.
"""

from __future__ import annotations

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size
from mia_kit.data.image_set import ImageSet
from mia_kit.data.inventory import FACESCRUB
from mia_kit.data.people import read_people

TWELVE = DataFile(
    "facescrub12", "facescrub12_crops.tar.xz", "77f0e03b53ce746b3d9fa39ecfae8a20a03f49f2c11ac1f08a87fa413812f626"
)
# The smaller faces of the archive are enlarged to the size that most have.
SIZE = 192
PATTERN = r"{person}_\d+_\d+\.\w+"


def load(size: Size = None) -> ImageSet:
    """All people in the folder `facescrub`. Raises DataError as `read_people` does."""
    return read_people(FACESCRUB.path(), "facescrub", size=size or SIZE, pattern=PATTERN)


def load_twelve(size: Size = None) -> ImageSet:
    """The 12 people of the archive. Raises DataError as `unpacked` does."""
    return read_people(unpacked(TWELVE), "facescrub12", size=size or SIZE, key=TWELVE.sha256, pattern=PATTERN)
