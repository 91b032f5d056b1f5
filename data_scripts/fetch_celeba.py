"""Fetch CelebA (1.4 GB) to `celeba/` of the data folder for `load("celeba")`; cut it finely for `load("celeba_hd")`.

torchvision asks CelebA's host, a file service with a daily quota that often refuses. What was placed in `celeba/` by
hand is taken as it is: `img_align_celeba.zip` and `identity_CelebA.txt`. For pictures of more than 178 pixels place the
photographs in the wild too, unpacked, as `img_celeba/`, with `list_landmarks_celeba.txt`: those of the people with most
photographs are turned and cut by their five landmarks, the midpoint of the eyes in the middle, a face of 0.65 of the
side, as the label-smoothing paper's are (the geometry of HD-CelebA-Cropper, with a mean face that is symmetric). Never
run against the real host by us.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from mia_kit import check
from mia_kit.data.celeba import PEOPLE, most_photographed
from mia_kit.data.folders import DataError, fetch_folder, locate, write_data
from mia_kit.data.lists import read_identities, read_lines
from mia_kit.data.reading import read_file
from mia_kit.terminal import script
from unpacking import unpack

TERMS = (
    "CelebA: non-commercial research only; real people, nobody was asked. Credit Multimedia Laboratory, The Chinese "
    "University of Hong Kong."
)
FACE = 0.65  # of the side of the picture
LANDMARKS = 0.35  # of the face's side: the unit of the mean face below
# Eyes, nose, corners of the mouth of a mean face, from the midpoint of its eyes: x to the right, y down.
MEAN_FACE = np.array([[-0.463, 0.0], [0.463, 0.0], [0.0, 0.584], [-0.417, 0.984], [0.417, 0.984]])
SIZE = 224


def fetch(folder: Path) -> None:
    """The aligned pictures and the list of identities into `folder`. Raises DataError, a sentence, if that fails."""
    archive = folder / "img_align_celeba.zip"
    if not (folder / "img_align_celeba").is_dir() and not archive.is_file():
        _ask_the_host(folder)
    if archive.is_file():
        unpack(archive, folder / "img_align_celeba", inside="img_align_celeba")
    read_identities(folder / "identity_CelebA.txt")


def _ask_the_host(folder: Path) -> None:
    from torchvision.datasets import CelebA

    try:
        CelebA(str(folder.parent), target_type="identity", download=True)
    except Exception as problem:  # a quota, a missing package, a page instead of an archive: each its own class
        reason = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise DataError(
            f"CelebA's host refuses ({reason}): its quota is often used up, so try again tomorrow, or fetch "
            f"img_align_celeba.zip and identity_CelebA.txt with a browser, put them into {folder} and run this again."
        ) from problem


def crop_all(folder: Path, target: Path, *, people: int, size: int) -> int:
    """Cut the photographs of the `people` with most of them into `target`, a folder each; those that are there stay.

    Returns how many there are. Raises DataError if a list or a photograph is absent or damaged, or the disk is full.
    """
    landmarks = read_landmarks(folder / "list_landmarks_celeba.txt")
    identities = read_identities(folder / "identity_CelebA.txt")
    chosen = set(most_photographed(identities, people))
    files = [(name, number) for name, number in identities.items() if number in chosen]
    for name, number in files:
        path = target / f"{number:05}" / f"{Path(name).stem}.jpg"
        if not path.is_file():
            if name not in landmarks:
                raise DataError(f"list_landmarks_celeba.txt should name {name}: get CelebA again.")
            write_data(path, crop(folder / "img_celeba" / name, landmarks[name], size))
    return len(files)


def crop(path: Path, landmarks: np.ndarray, size: int) -> bytes:
    """One face as JPEG, size x size; `landmarks` has the shape (5, 2), x and y in pixels of the photograph.

    Raises DataError if the photograph is absent or cannot be decoded.
    """
    (a, b), (x, y) = similarity(MEAN_FACE * size * FACE * LANDMARKS + size / 2, landmarks)
    whole = read_file(path, upright=False)  # landmarks refer to the pixels as they are stored
    # A low-pass filter first where the face is larger than what it is cut to; then its edge, repeated, around it.
    shrink = max(1, int(np.hypot(a, b)))
    small = whole.reduce(shrink)
    pixels = np.pad(np.asarray(small), ((size, size), (size, size), (0, 0)), mode="edge")
    numbers = np.array([a, -b, x, b, a, y]) / shrink + np.array([0, 0, size, 0, 0, size])
    face = Image.fromarray(pixels).transform(
        (size, size), Image.Transform.AFFINE, tuple(numbers), resample=Image.Resampling.BICUBIC
    )
    content = io.BytesIO()
    face.save(content, "JPEG", quality=95)
    return content.getvalue()


def similarity(points: np.ndarray, images: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """The turn and scale (a, b) and shift (x, y) that bring points of shape (n, 2) nearest to their images.

    A point (u, v) goes to (a u - b v + x, b u + a v + y).
    """
    own, theirs = (part[:, 0] + 1j * part[:, 1] for part in (points, images))
    centred = own - own.mean()
    factor = (centred.conj() * (theirs - theirs.mean())).sum() / (np.abs(centred) ** 2).sum()
    shift = theirs.mean() - factor * own.mean()
    return (factor.real, factor.imag), (shift.real, shift.imag)


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """CelebA's list, a count and a heading before it: file name -> five points of shape (5, 2). DataError as above."""
    landmarks = {}
    for line in read_lines(path)[2:]:
        name, *numbers = line.split()
        if len(numbers) != 10 or not all(number.removeprefix("-").isdecimal() for number in numbers):
            raise DataError(f"{path} holds the line {line!a}, a file name and ten numbers are expected: get it again.")
        landmarks[name] = np.array(numbers, dtype=float).reshape(5, 2)
    return landmarks


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch what is not there yet, and crop where the pictures in the wild are. DataError or ValueError, a sentence."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--people", type=int, default=PEOPLE, help="how many, those with most photographs")
    parser.add_argument("--size", type=int, default=SIZE, help="pixels of a face that is cut out")
    options = parser.parse_args(arguments)
    check.count("--people", options.people)
    check.count("--size", options.size)
    print(TERMS)
    folder = locate("celeba") or fetch_folder() / "celeba"
    if (folder / "img_celeba").is_dir():
        target = fetch_folder() / "celeba_hd"
        count = crop_all(folder, target, people=options.people, size=options.size)
        print(f"{target} holds {count} faces.")
    else:
        fetch(folder)
        print(f"{folder} is complete; with img_celeba in it, this script also makes celeba_hd.")


if __name__ == "__main__":
    script(main)
