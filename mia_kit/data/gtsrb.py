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
from mia_kit.data.people import pictures_in

SHA256 = "afe869fddb8910a8063a65b3d30f3ebbd2495a67622140d456a3867f098c2138"
ARCHIVE = DataFile("gtsrb", "gtsrb32_train5th_test.tar.xz", SHA256, ("gtsrb_full", GTSRB.command))
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
    """7,841 training frames, then 12,630 test pictures: `official_split` tells them apart. DataError as `unpacked`."""
    folder = unpacked(ARCHIVE)
    with gzip.open(TEST_LABELS.checked(), "rt", encoding="ascii") as lines:
        labels = _labels(lines, Path(TEST_LABELS.name))
    test = pictures_in(folder / "test")
    return _signs("gtsrb", folder / "train", test, labels, size, ARCHIVE.sha256, "get the data set gtsrb again.")


def load_full(size: Size = None) -> ImageSet:
    """All training frames, then 12,630 test pictures, in torchvision's layout; `official_split` tells them apart.

    Each picture is cropped around its centre to a square, 32 x 32 unless `size` is given. DataError if a folder, the
    list of labels or a picture is absent or damaged.
    """
    listing = GTSRB.path()
    folder, labels = listing.parent / "GTSRB", _labels(read_lines(listing), listing)
    test = [folder / "Final_Test" / "Images" / f"{name}.ppm" for name in sorted(labels)]
    return _signs("gtsrb_full", folder / "Training", test, labels, size, None, f"run  {GTSRB.command}")


def _signs(
    card: str, training: Path, test: list[Path], test_labels: dict[str, int], size: Size, key: str | None, remedy: str
) -> ImageSet:
    """The set of the frames in `training`, a folder for each class, and of the test pictures."""
    train = [pictures_in(training / f"{label:05}") for label in range(len(CLASSES))]
    faults = [f"class {label} has no training frame" for label, paths in enumerate(train) if not paths]
    faults += [f"test picture {path.stem} has no label" for path in test if path.stem not in test_labels]
    faults += [f"test picture {path.name} is missing" for path in test if not path.is_file()]
    if faults:
        raise DataError(f"{training.parent} is not complete, {faults[0]}: {remedy}")
    frames = [path for of_class in train for path in of_class]
    labels = [label for label, paths in enumerate(train) for _ in paths] + [test_labels[path.stem] for path in test]
    names = [f"train/{path.parent.name}/{path.name}" for path in frames] + [f"test/{path.name}" for path in test]
    images = decode(frames + test, size or SIZE, key=key or fingerprint(frames + test))
    return ImageSet(images, np.array(labels, dtype=np.int64), CLASSES, DataCard.read(card), files=tuple(names))


def _labels(lines: Iterable[str], path: Path) -> dict[str, int]:
    """File name without ending -> class, of a list with a heading and semicolons."""
    try:
        return {Path(row["Filename"]).stem: int(row["ClassId"]) for row in csv.DictReader(lines, delimiter=";")}
    except (KeyError, TypeError, ValueError, csv.Error) as problem:
        raise DataError(
            f"{path} should list Filename and ClassId, got something else ({problem!r}): get it again."
        ) from problem
