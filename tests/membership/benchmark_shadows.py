"""How much faster is a stack of shadow models than one after another? `python tests/membership/benchmark_shadows.py`

Trains shadow models of several widths as one stack on pictures of noise, 28 x 28; then, in the same run, a sample of
them one after another, scales that to all, and prints the ratio and how far the answers differ. Takes the number of
shadow models and of pictures as arguments.
"""

import sys
import time

import numpy as np
import torch

from mia_kit.membership import fit_shadows, half_memberships
from mia_kit.models import SmallClassifier
from mia_kit.training import fit

EPOCHS = 2
SAMPLE = 2


def main(shadows: int = 16, pictures: int = 640) -> None:
    images = torch.rand(pictures, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    labels = torch.arange(pictures) % 10
    members = half_memberships(pictures, shadows, seed=0)
    print(f"{shadows} shadow models, {pictures // 2} pictures each, {EPOCHS} epochs, threads {torch.get_num_threads()}")
    settings = {"epochs": EPOCHS, "progress": False}
    for width in (4, 8, 16):
        started = time.perf_counter()
        together = fit_shadows(images, labels, members, seed=0, classes=10, width=width, **settings)
        batch = time.perf_counter() - started
        started = time.perf_counter()
        gaps = []
        for k in range(SAMPLE):
            alone = SmallClassifier(1, 10, seed=k, width=width)
            fit(alone, images[members[k]], labels[members[k]], seed=0, **settings)
            with torch.no_grad():
                gaps.append((alone(images) - together[k](images)).abs().max().item())
        single = (time.perf_counter() - started) / SAMPLE * shadows
        print(
            f"  width {width:2}: stack {batch:.1f} s, one after another {single:.1f} s, ratio {single / batch:.2f}; "
            f"logits differ by {np.max(gaps):.1e} at most"
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
