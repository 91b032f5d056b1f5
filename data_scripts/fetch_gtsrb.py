"""Fetch GTSRB (0.3 GB): the official archives, unpacked to `gtsrb/` of the data folder for `load("gtsrb_full")`.

Addresses and md5 are those in torchvision's `GTSRB.download`, the layout is torchvision's. Never run against the real
host by us.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Sequence
from pathlib import Path

from downloads import download
from mia_kit.data.folders import fetch_folder, write_whole
from mia_kit.terminal import script
from unpacking import unpack

TERMS = "GTSRB: free for research; credit Institut fuer Neuroinformatik, Ruhr-Universitaet Bochum."
HOST = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370"
TRAIN = ("GTSRB-Training_fixed.zip", "md5:513f3c79a4c5141765e10e952eaa2478")
TEST = ("GTSRB_Final_Test_Images.zip", "md5:c7e4e6327067d32654124b0fe9e82185")
LABELS = ("GTSRB_Final_Test_GT.zip", "md5:fe31e9c9270bbcd7b84b7f21a9d9d9e5")
MAX_BYTES = 500 * 10**6


def fetch(folder: Path) -> None:
    """All three archives into `folder`. Raises DataError as `download` and `unpack` do."""
    train, test, labels = (
        download(f"{HOST}/{name}", folder / name, known_hash=md5, max_bytes=MAX_BYTES)
        for name, md5 in (TRAIN, TEST, LABELS)
    )
    unpack(train, folder / "GTSRB" / "Training", inside="GTSRB/Training")
    unpack(test, folder / "GTSRB" / "Final_Test", inside="GTSRB/Final_Test")
    with zipfile.ZipFile(labels) as archive:
        write_whole(folder / "GT-final_test.csv", archive.read("GT-final_test.csv"))


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch what is not there yet. OSError, a sentence, if that fails."""
    argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0]).parse_args(arguments)
    print(TERMS)
    folder = fetch_folder() / "gtsrb"
    fetch(folder)
    print(f"{folder} is complete.")


if __name__ == "__main__":
    script(main)
