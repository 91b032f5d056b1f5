"""Fetch the evaluators' weights: ImageNet's for `Backbone(pretrained=True)` by torchvision, FaceNet's as they are.

torchvision checks its own hash and keeps the files in torch's cache. FaceNet's Inception-ResNet-v1 (VGGFace2, 0.1 GB)
goes to `facenet/vggface2.pt`; its sha256 is printed, to be given as `--sha256` from then on. A recipe's
`embedder: facenet` reads it. Never run against the real hosts by us.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from downloads import download
from mia_kit.data.folders import fetch_folder
from mia_kit.models.backbones import BACKBONES
from mia_kit.terminal import script

TERMS = (
    "torchvision: BSD, weights trained on ImageNet (non-commercial research); FaceNet: MIT, trained on VGGFace2 faces."
)
FACENET = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt"
MAX_BYTES = 300 * 10**6


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch what is not there yet. OSError or RuntimeError, a sentence, if a host refuses."""
    parser = argparse.ArgumentParser(description=(__doc__ or " ").splitlines()[0])
    parser.add_argument("--networks", nargs="*", choices=BACKBONES, default=["inception_v3", "resnet152"])
    parser.add_argument("--sha256", help="what FaceNet's file must be")
    options = parser.parse_args(arguments)
    print(TERMS)
    from torchvision.models import get_model_weights

    for name in options.networks:
        get_model_weights(name)["IMAGENET1K_V1"].get_state_dict(progress=True, check_hash=True)
    path = fetch_folder() / "facenet" / "vggface2.pt"
    download(FACENET, path, known_hash=options.sha256, max_bytes=MAX_BYTES)
    print(f"{path} is there.")


if __name__ == "__main__":
    script(main)
