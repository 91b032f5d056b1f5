"""229 people of CelebA, 15 to 30 photographs each, aligned, 128 x 128: the course's private set."""

from __future__ import annotations

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size
from mia_kit.data.image_set import ImageSet
from mia_kit.data.people import read_people

ARCHIVE = DataFile(
    "celeba_id", "celeba_id_128.tar.xz", "2b1418a79dc88d31bddd7ae83faad5a92e0c1c0ec4e45d4c45d7ef1dd86a5563"
)
SIZE = 128
# CelebA's numbers of the people in the archive: all from 7201 to 7499 but these, of whom too few photographs remained.
_LEFT_OUT = (
    7202, 7208, 7214, 7215, 7217, 7219, 7229, 7235, 7248, 7262, 7266, 7267, 7281, 7285, 7287, 7288, 7289, 7299,
    7301, 7303, 7310, 7312, 7316, 7319, 7321, 7323, 7324, 7328, 7333, 7340, 7341, 7342, 7345, 7352, 7370, 7376,
    7377, 7387, 7388, 7404, 7412, 7414, 7415, 7416, 7425, 7430, 7431, 7436, 7446, 7451, 7453, 7456, 7457, 7459,
    7461, 7462, 7465, 7466, 7470, 7472, 7473, 7482, 7487, 7489, 7490, 7491, 7492, 7495, 7496, 7497,
)  # fmt: skip
PEOPLE = frozenset(range(7201, 7500)) - frozenset(_LEFT_OUT)


def load(size: Size = None) -> ImageSet:
    """All 5,524 photographs; a class is named by CelebA's five-digit number. Raises DataError as `unpacked` does."""
    return read_people(unpacked(ARCHIVE), "celeba_id", size=size or SIZE, key=ARCHIVE.sha256)
