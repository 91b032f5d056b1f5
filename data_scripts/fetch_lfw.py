"""Fetch LFW (0.24 GB) with scikit-learn, to `lfw_home/` of the data folder for `load("lfw")`.

scikit-learn knows the addresses and sha256, and unpacks with the tar filter "data". It begins anew after a break. Never
run against the real host by us.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mia_kit.data.folders import DataError, fetch_folder
from mia_kit.terminal import script

TERMS = (
    "LFW: no licence is stated, the site calls it a benchmark only; real people in news photographs, nobody was asked. "
    "Credit University of Massachusetts Amherst."
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch unless it is there."""
    argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0]).parse_args(arguments)
    from sklearn.datasets import fetch_lfw_people

    print(TERMS)
    try:
        folder = fetch_folder()
        # 400 and more of one person: scikit-learn fetches everything, and decodes little.
        fetch_lfw_people(data_home=str(folder), min_faces_per_person=400)
    except DataError as problem:
        sys.exit(str(problem))
    except (OSError, ValueError, EOFError) as problem:
        sys.exit(f"LFW cannot be fetched ({problem}): try again later, or put lfw_funneled into lfw_home yourself.")
    print(f"{folder / 'lfw_home'} is complete.")


if __name__ == "__main__":
    script(main)
