"""Convert NVIDIA's StyleGAN2-ADA pickle to safetensors, without running the code that lies in it.

1. reads the pickle as dead matter: it can ask for tensors, dictionaries and NVIDIA's own objects, and is refused if it
asks for anything else; 2. takes the weights of `G_ema` and the arguments that it was built with; 3. checks that they
make a generator, and that every weight is a finite number; 4. writes `stylegan2/NAME.safetensors` into the
first data folder that can be written, or to `--to`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mia_kit.data.folders import check_output, fetch_folder, located
from mia_kit.terminal import script
from stylegan2_pickle import convert

FOLDER = "stylegan2"
TERMS = "NVIDIA's networks are for research and evaluation, not for commercial use: see the licence they came with."


def main() -> None:
    """Convert unless the result is there; `--force` converts again. OSError, a sentence, if that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("pickle", type=Path, nargs="?", help="NVIDIA's file; by default what fetch_stylegan2 fetched")
    parser.add_argument("--to", type=Path, help="the safetensors file to write")
    parser.add_argument("--force", action="store_true", help="convert again even if the result is there")
    options = parser.parse_args()
    source = options.pickle or located(f"{FOLDER}/ffhq.pkl", remedy="run  python data_scripts/fetch_stylegan2.py")
    target = options.to or fetch_folder() / FOLDER / f"{source.stem}.safetensors"
    if target.is_file() and not options.force:
        print(f"{target} is there already.")
        return
    print(TERMS)
    check_output(target)
    convert(source, target)
    print(f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB).")


if __name__ == "__main__":
    script(main)
