"""GTSRB, German traffic signs in 43 classes: an archive of 32 x 32 pictures, or the official files at full size.

`load` reads every fifth training frame and the whole test set; `load_full` what `data_scripts/fetch_gtsrb.py` fetches.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mia_kit.data.archives import DataFile, unpacked
from mia_kit.data.decoding import Size, decode, fingerprint
from mia_kit.data.folders import DataError
from mia_kit.data.image_set import DataCard, ImageSet
from mia_kit.data.inventory import GTSRB
from mia_kit.data.lists import read_lines
from mia_kit.data.people import names_below, pictures_in

ARCHIVE = DataFile(
    "gtsrb", "gtsrb32_train5th_test.tar.xz", "afe869fddb8910a8063a65b3d30f3ebbd2495a67622140d456a3867f098c2138"
)
TEST_LABELS = DataFile(
    "gtsrb", "GT-final_test.csv.gz", "71858804af72e2abc907e22104de818d2e3681a5114392c464b481b4ae55fdda"
)
SIZE = 32
CLASSES = (
    "speed limit 20", "speed limit 30", "speed limit 50", "speed limit 60", "speed limit 70", "speed limit 80",
    "end of speed limit 80", "speed limit 100", "speed limit 120", "no passing", "no passing for lorries",
    "right of way at the next junction", "priority road", "give way", "stop", "no vehicles", "no lorries",
    "no entry", "general caution", "dangerous curve to the left", "dangerous curve to the right", "double curve",
    "bumpy road", "slippery road", "road narrows on the right", "road works", "traffic signals", "pedestrians",
    "children crossing", "bicycles crossing", "ice or snow", "wild animals", "end of all limits",
    "turn right ahead", "turn left ahead", "ahead only", "straight or right", "straight or left", "keep right",
    "keep left", "roundabout", "end of no passing", "end of no passing for lorries",
)  # fmt: skip


def load(size: Size = None) -> ImageSet:
    """7,841 training frames, then 12,630 test pictures: `official_split` tells them apart.

    Raises DataError as `unpacked` does, and if a class has no training frame or a test picture no label.
    """
    folder = unpacked(ARCHIVE)
    with gzip.open(TEST_LABELS.checked(), "rt", encoding="ascii") as lines:
        test_labels = {
            name.removesuffix(".ppm"): label for name, label in _labels(lines, Path(TEST_LABELS.name)).items()
        }
    train = [pictures_in(folder / "train" / f"{label:05}") for label in range(len(CLASSES))]
    empty = next((label for label, paths in enumerate(train) if not paths), None)
    test = pictures_in(folder / "test")
    unknown = next((path.stem for path in test if path.stem not in test_labels), None)
    if empty is not None or unknown is not None:
        what = f"class {empty} has no training frame" if empty is not None else f"test picture {unknown} has no label"
        raise DataError(f"{ARCHIVE.name} is not complete, {what}: get the data set gtsrb again.")
    labels = np.repeat(np.arange(len(CLASSES)), [len(paths) for paths in train])
    labels = np.concatenate([labels, [test_labels[path.stem] for path in test]]).astype(np.int64)
    paths = [path for of_class in train for path in of_class] + test
    images = decode(paths, size or SIZE, key=ARCHIVE.sha256)
    return ImageSet(images, labels, CLASSES, DataCard.read("gtsrb"), files=names_below(folder, paths))


def load_full(size: Size = None) -> ImageSet:
    """All training frames, then 12,630 test pictures, in torchvision's layout; `official_split` tells them apart.

    Each picture is cropped around its centre to a square, 32 x 32 unless `size` is given. Raises DataError if a folder,
    the list of labels or a picture is absent or damaged.
    """
    listing = GTSRB.path()
    folder = listing.parent
    test_labels = _labels(read_lines(listing), listing)
    train = [pictures_in(folder / "GTSRB" / "Training" / f"{label:05}") for label in range(len(CLASSES))]
    test = [folder / "GTSRB" / "Final_Test" / "Images" / name for name in sorted(test_labels)]
    absent = next((path for path in test if not path.is_file()), None)
    if absent is not None or not all(train):
        raise DataError(f"{absent or folder} is missing or lacks a class: run  {GTSRB.command}")
    labels = [label for label, paths in enumerate(train) for _ in paths] + [test_labels[path.name] for path in test]
    paths = [path for of_class in train for path in of_class] + test
    names = [f"train/{path.parent.name}/{path.name}" for of_class in train for path in of_class]
    return ImageSet(
        decode(paths, size or SIZE, key=fingerprint(paths)),
        np.array(labels, dtype=np.int64),
        CLASSES,
        DataCard.read("gtsrb_full"),
        files=(*names, *(f"test/{path.name}" for path in test)),
    )


def _labels(lines: Iterable[str], path: Path) -> dict[str, int]:
    """File name -> class, of a list with a heading and semicolons."""
    try:
        labels = {row["Filename"]: int(row["ClassId"]) for row in csv.DictReader(lines, delimiter=";")}
    except (KeyError, TypeError, ValueError, csv.Error) as problem:
        raise DataError(
            f"{path} should list Filename and ClassId, got something else ({problem!r}): get it again."
        ) from problem
    wrong = next((name for name, label in labels.items() if not 0 <= label < len(CLASSES)), None)
    if wrong is not None:
        raise DataError(
            f"{path} should give {wrong} a class in [0, {len(CLASSES)}), got {labels[wrong]}: get it again."
        )
    return labels
