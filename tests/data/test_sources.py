"""Each source on tiny files in its own layout; bad files give one sentence."""

import gzip
import hashlib
import struct
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pytest
from tiny_data import Pack, colours, picture

from mia_kit.data import DataCard, DataError, cifar10, faces, gtsrb, load, mnist, names
from mia_kit.data.archives import DataFile, sha256_of
from mia_kit.studies.inversion import recipe as inversion
from mia_kit.studies.membership import recipe as membership
from mia_kit.studies.poisoning import recipe as poisoning


def text_file(root: Path, folder: str, name: str, content: bytes) -> DataFile:
    path = root / folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return DataFile(folder, name, sha256_of(path))


@pytest.mark.parametrize("name", names())
def test_every_source_has_a_card(name: str) -> None:
    card = DataCard.read(name)
    assert all(len(text) > 2 for text in (card.title, card.origin, card.people, card.terms, card.credit))
    assert card.known_issues


@pytest.mark.parametrize("name", [n for n in names() if n not in ("orl", "digits", "mnist5k", "fashion_mnist")])
def test_missing_data_is_one_sentence(data_root: Path, cache: Path, name: str) -> None:
    remedy = "(it is not|put it into|run  python )"
    with pytest.raises(DataError, match=rf"is missing: looked in {data_root}, {cache}; {remedy}"):
        load(name)


@pytest.mark.parametrize("name", ["celeba_id", "cifar10", "facescrub12", "gtsrb"])
def test_what_is_not_handed_out_names_a_public_set_that_recipes_take(data_root: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"let the recipe name \w+ instead, and run  python data_scripts/") as told:
        load(name)
    public = str(told.value).split(" instead")[0].split()[-1]
    types = [inversion.World, membership.World]
    taken = [get_args(get_type_hints(world)["name"]) for world in types] + [get_args(poisoning.Pictures)]
    assert public in names() and [public in sets for sets in taken] == [name in sets for sets in taken]
    with pytest.raises(DataError, match=rf"is missing: .* run  {str(told.value).split('run  ')[1]}$"):
        load(public)


def test_archive_of_people(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {"07201/000005.jpg": picture(200), "07203/000001.jpg": picture(10), "07203/000002.jpg": picture(20)}
    monkeypatch.setitem(faces.PEOPLE, "celeba_id", faces.PeopleSet(pack("celeba_id", members), 128))
    images = load("celeba_id", size=8)
    assert images.class_names == ("07201", "07203")
    assert colours(images.images) == [200, 10, 20]


def test_celeba10k_drops_the_private_people(pack: Pack, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "CELEBA10K", pack("celeba10k", {f"00000{i}.jpg": picture(i) for i in range(1, 5)}))
    lines = b"000001.jpg 9000\n000002.jpg 7201\n000003.jpg 12\n000004.jpg 9000\n"
    monkeypatch.setattr(faces, "IDENTITIES", text_file(data_root, "celeba10k", "identity.txt", lines))
    images = load("celeba10k", size=8)
    assert colours(images.images) == [1, 3, 4]
    assert images.class_names == ("00012", "09000")
    assert images.labels.tolist() == [1, 0, 1]


def test_torchvision_celeba_layout(data_root: Path) -> None:
    from mia_kit.data import celeba

    folder = data_root / "celeba" / "img_align_celeba"
    folder.mkdir(parents=True)
    for number in range(1, 7):
        (folder / f"00000{number}.jpg").write_bytes(picture(number))
    listing = data_root / "celeba" / "identity_CelebA.txt"
    owners = [5, 9, 9, 2, 5, 5]
    listing.write_text("".join(f"00000{i}.jpg {owner}\n" for i, owner in enumerate(owners, start=1)))
    images = celeba.load(8, people=2)
    assert images.class_names == ("00005", "00009")
    assert colours(images.images) == [1, 5, 6, 2, 3]
    with pytest.raises(DataError, match="should hold at least 4 people, got 3 instead"):
        celeba.load(8, people=4)
    (folder / "000001.jpg").unlink()
    with pytest.raises(DataError, match=r"000001\.jpg is missing, though the list of identities names it"):
        celeba.load(8, people=2)


def test_utkface_attributes(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {"26_1_2_2016.jpg": picture(1), "40_0_3_2017.jpg": picture(2), "61_1_18.jpg": picture(3)}
    monkeypatch.setattr(faces, "UTKFACE", pack("utkface", members))
    images = load("utkface", size=8)
    assert images.class_names == ("adult",)
    assert faces.utkface_attributes(images).tolist() == [[26, 1, 2], [40, 0, 3], [61, 1, -1]]  # no race


def test_cifar10(pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {
        f"{part}/{name}/0.jpg": picture(100 * (part == "test") + label)
        for part in ("train", "test")
        for label, name in enumerate(cifar10.CLASSES)
    }
    monkeypatch.setattr(cifar10, "ARCHIVE", pack("cifar10", members))
    images = load("cifar10")
    assert colours(images.images) == [*range(10), *range(100, 110)]
    assert images.labels.tolist() == [*range(10), *range(10)]


def test_gtsrb(pack: Pack, data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"train/{label:05}/00000_0000{frame}.jpg": picture(label) for label in range(43) for frame in (4, 9)}
    members |= {"test/00000.jpg": picture(200)}
    monkeypatch.setattr(gtsrb, "ARCHIVE", pack("gtsrb", members))
    labels = gzip.compress(b"Filename;Width;ClassId\n00000.ppm;53;16\n")
    monkeypatch.setattr(gtsrb, "TEST_LABELS", text_file(data_root, "gtsrb", "labels.csv.gz", labels))
    images = load("gtsrb")
    assert images.labels.tolist() == [label for label in range(43) for _ in range(2)] + [16]
    with monkeypatch.context() as patch, pytest.raises(DataError, match="should list"):
        wrong = gzip.compress(b"Filename,ClassId\n00000.ppm,16")
        patch.setattr(gtsrb, "TEST_LABELS", text_file(data_root, "gtsrb", "wrong.csv.gz", wrong))
        load("gtsrb")
    members["test/00001.jpg"] = picture(3)
    monkeypatch.setattr(gtsrb, "ARCHIVE", pack("gtsrb", members))
    with pytest.raises(DataError, match="test picture 00001 has no label"):
        load("gtsrb")
    members = {name: content for name, content in members.items() if not name.startswith("train/00007/")}
    monkeypatch.setattr(gtsrb, "ARCHIVE", pack("gtsrb", members))
    with pytest.raises(DataError, match="is not complete, class 7 has no training frame: get the data set gtsrb again"):
        load("gtsrb")


def idx(array: np.ndarray) -> bytes:
    return struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def test_mnist_files(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = data_root / "mnist"
    folder.mkdir()
    pictures = np.arange(2 * 28 * 28).reshape(2, 28, 28).astype(np.uint8)
    contents = idx(pictures), idx(np.array([7, 1], np.uint8))
    for part in mnist.DIGITS:
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(contents[0]))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(contents[1])  # plain and packed may stand side by side
        digests = tuple(hashlib.sha256(content).hexdigest() for content in contents)
        monkeypatch.setitem(mnist.DIGITS, part, digests)
    images = load("mnist")
    assert images.labels.tolist() == [7, 1, 7, 1]
    assert np.array_equal(images.images[2:], pictures)
    packed = folder / "t10k-images-idx3-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte\.gz is damaged or only half downloaded"):
        load("mnist")
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(np.array([1, 7], np.uint8)))
    with pytest.raises(DataError, match="the sha256 of its content should begin with"):
        load("mnist")
