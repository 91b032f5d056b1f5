"""Photographs of people, in checked archives and in folders that scripts fill; `celeba.py` has the list of all CelebA.

celeba_id : 229 people of CelebA, 15 to 30 photographs each, aligned, 128 x 128: the course's private set
lfw_ge8 : 217 people of LFW (deep-funnelled), 8 photographs or more each, 192 x 192
facescrub12 : 12 people of FaceScrub, 1,846 faces, each matched by sha256 with its own list; small ones are enlarged
facescrub : FaceScrub in its own layout, `<Name>/<Name>_<image>_<face>.jpg`; it distributes addresses, not images
celeba_hd : the finer faces that `data_scripts/fetch_celeba.py` cuts, `<person>/<number>.jpg`
celeba10k : CelebA 000001 to 010000, aligned, 89 x 109, without the people of `celeba_id`: a public set
utkface : 8,000 adults, 96 x 96, without identities: a public set, for training a prior
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size, decode
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.inventory import CELEBA, CELEBA_HD, FACESCRUB, Fetched
from mia_kit.data.lists import read_identities
from mia_kit.data.people import names_below, pictures_in, read_people


class PeopleSet(NamedTuple):
    """Folders of people: where they lie, the usual size of a picture, and how pictures must be named."""

    source: DataFile | Fetched
    size: int
    pattern: str | None = None


NAMED = r"{person}_\d+_\d+\.\w+"
CELEBA_ID = "celeba_id_128.tar.xz", "2b1418a79dc88d31bddd7ae83faad5a92e0c1c0ec4e45d4c45d7ef1dd86a5563"
LFW = "lfw_deepfunneled_ge8_crop192.tar.xz", "1f7b11765b4ed4cf03792c08886ad6e3de56edfebd31cf9b4f4b209b16fd8122"
TWELVE = "facescrub12_crops.tar.xz", "77f0e03b53ce746b3d9fa39ecfae8a20a03f49f2c11ac1f08a87fa413812f626"
PEOPLE = {
    "celeba_id": PeopleSet(DataFile("celeba_id", *CELEBA_ID, ("celeba", CELEBA.command)), 128),
    "lfw_ge8": PeopleSet(DataFile("lfw_ge8", *LFW), 192),
    "facescrub12": PeopleSet(DataFile("facescrub12", *TWELVE, ("facescrub", FACESCRUB.command)), 192, NAMED),
    "facescrub": PeopleSet(FACESCRUB, 192, NAMED),
    "celeba_hd": PeopleSet(CELEBA_HD, 224),
}
UTKFACE = DataFile(
    "utkface", "utkface_96_8000.tar.xz", "977887fd0bfe556dcc4ddcdc0e3791145b0d0791bcb23dd4dd6c7ae4040d195d"
)
CELEBA10K = DataFile(
    "celeba10k",
    "celeba_000001-010000_89x109.tar.xz",
    "a1a403c47ae6270baa014233c28c1818d68af8c2ff0147a3610b2f618a19d7ff",
)
IDENTITIES = DataFile(
    "celeba10k", "identity_000001-010000.txt", "6cd54c9b599f7a9d45292e44fea130dfa18937a013858601471bbb57e3b11c8e"
)
# CelebA's numbers of the people of `celeba_id`: all from 7201 to 7499 but these, of whom too few photographs remained.
_LEFT_OUT = (
    7202, 7208, 7214, 7215, 7217, 7219, 7229, 7235, 7248, 7262, 7266, 7267, 7281, 7285, 7287, 7288, 7289, 7299,
    7301, 7303, 7310, 7312, 7316, 7319, 7321, 7323, 7324, 7328, 7333, 7340, 7341, 7342, 7345, 7352, 7370, 7376,
    7377, 7387, 7388, 7404, 7412, 7414, 7415, 7416, 7425, 7430, 7431, 7436, 7446, 7451, 7453, 7456, 7457, 7459,
    7461, 7462, 7465, 7466, 7470, 7472, 7473, 7482, 7487, 7489, 7490, 7491, 7492, 7495, 7496, 7497,
)  # fmt: skip
PRIVATE_PEOPLE = frozenset(range(7201, 7500)) - frozenset(_LEFT_OUT)


def load_people(name: str, size: Size = None) -> ImageSet:
    """All people of a set of `PEOPLE`, a class named after each. DataError as from `unpacked` and `read_people`."""
    source, usual, pattern = PEOPLE[name]
    root, key = (unpacked(source), source.sha256) if isinstance(source, DataFile) else (source.path(), None)
    return read_people(root, name, size=size or usual, key=key, pattern=pattern)


def load_celeba10k(size: Size = None) -> ImageSet:
    """9,706 photographs: of the 10,000, the 294 of people in `celeba_id` are left out, so that the two share nobody.

    A class is a person, named by CelebA's number. DataError if a file is absent or damaged.
    """
    identities = read_identities(IDENTITIES.checked())
    folder = unpacked(CELEBA10K)
    public = [path.name for path in pictures_in(folder) if identities[path.name] not in PRIVATE_PEOPLE]
    people, labels = np.unique([identities[name] for name in public], return_inverse=True)
    key = f"{CELEBA10K.sha256} {IDENTITIES.sha256}"
    images = decode([folder / name for name in public], size or (109, 89), key=key)
    numbers = tuple(f"{number:05}" for number in people)
    return ImageSet(images, labels.astype(np.int64), numbers, DataCard.read("celeba10k"), files=tuple(public))


def load_utkface(size: Size = None) -> ImageSet:
    """All 8,000 photographs in one class, "adult": there are no identities. DataError as from `unpacked`."""
    folder = unpacked(UTKFACE)
    paths = pictures_in(folder)
    images, labels = decode(paths, size or 96, key=UTKFACE.sha256), np.zeros(len(paths), dtype=np.int64)
    return ImageSet(images, labels, ("adult",), DataCard.read("utkface"), files=names_below(folder, paths))


def utkface_attributes(images: ImageSet) -> np.ndarray:
    """Age in years, gender (0, 1) and race (0 to 4) as UTKFace's file names give them: int64 of shape (n, 3).

    A few names lack the race; it is then -1. The values were estimated by a program and checked by people; nobody in
    the pictures was asked.
    """
    parts = [name.split("_")[:-1] for name in images.files]  # the last is the date
    return np.array([[int(part) for part in [*fields, "-1"][:3]] for fields in parts], dtype=np.int64)
