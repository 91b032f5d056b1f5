"""Fetch MNIST and Fashion-MNIST (12 and 31 MB): the idx files, into `mnist/` and `fashion_mnist/` of a data folder.

`python data_scripts/fetch_mnist.py` fetches both, with a name only that one. Addresses and md5 are torchvision's own;
`mia_kit.data.load` checks the sha256 of the content besides. Never run against the real hosts by us.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from downloads import download
from mia_kit.data.folders import DataError, fetch_folder
from mia_kit.terminal import script

TERMS = {
    "mnist": "MNIST: usually given as CC BY-SA 3.0; credit Y. LeCun, C. Cortes and C. J. C. Burges.",
    "fashion_mnist": "Fashion-MNIST: MIT; credit H. Xiao, K. Rasul and R. Vollgraf, Zalando Research.",
}
MAX_BYTES = 40 * 10**6


def fetch(name: str, folder: Path) -> None:
    """The four files of a data set into `folder`. DataError as `download`, for the last of torchvision's mirrors."""
    from torchvision.datasets import MNIST, FashionMNIST

    source = {"mnist": MNIST, "fashion_mnist": FashionMNIST}[name]
    for file, md5 in source.resources:
        for number, mirror in enumerate(source.mirrors, start=1):
            try:
                download(mirror + file, folder / file, known_hash=f"md5:{md5}", max_bytes=MAX_BYTES)
                break
            except DataError:
                if number == len(source.mirrors):
                    raise


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch what is not there yet. DataError, a sentence, if that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*TERMS, []], help="mnist, fashion_mnist; both by default")
    names = parser.parse_args(arguments).names or list(TERMS)
    for name in names:
        print(TERMS[name])
        folder = fetch_folder() / name
        fetch(name, folder)
        print(f"{folder} is complete.")


if __name__ == "__main__":
    script(main)
