"""Fetch NVIDIA's StyleGAN2 for FFHQ (0.4 GB) to `stylegan2/ffhq.pkl` of a data folder. The file is not opened.

It is a pickle, which could run code: read it with `convert_stylegan2.py` alone, which runs nothing. Nobody publishes
a sha256: the first download prints it; give it as `--sha256` from then on. Never run against the real host by us.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from downloads import download
from mia_kit.data.folders import fetch_folder
from mia_kit.terminal import script

TERMS = "NVIDIA Source Code License: non-commercial research only; FFHQ, its photographs, is CC BY-NC-SA 4.0."
URL = "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/ffhq.pkl"
MAX_BYTES = 10**9


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch unless it is there. DataError, a sentence, if that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--sha256", help="what the file must be")
    options = parser.parse_args(arguments)
    print(TERMS)
    path = download(URL, fetch_folder() / "stylegan2" / "ffhq.pkl", known_hash=options.sha256, max_bytes=MAX_BYTES)
    print(f"{path} is there ({path.stat().st_size / 1e6:.1f} MB).")


if __name__ == "__main__":
    script(main)
