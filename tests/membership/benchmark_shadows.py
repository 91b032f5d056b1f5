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
    fit_shadows(images, labels, members[:2], seed=0, classes=10, width=4, **settings)  # the first run loads libraries
    for width in (4, 8, 16):
        started = clocks()
        together = fit_shadows(images, labels, members, seed=0, classes=10, width=width, **settings)
        stack = clocks() - started
        started = clocks()
        alone = [SmallClassifier(1, 10, seed=k, width=width) for k in range(SAMPLE)]
        for k, model in enumerate(alone):
            fit(model, images[members[k]], labels[members[k]], seed=0, **settings)
        single = (clocks() - started) / SAMPLE * shadows
        with torch.no_grad():
            gap = max(
                (one(images) - other(images)).abs().max().item() for one, other in zip(alone, together, strict=False)
            )
        wall, processor = single / stack
        print(
            f"  width {width:2}: stack {stack[0]:.1f} s, one after another {single[0]:.1f} s, ratio {wall:.2f} "
            f"(of processor time {processor:.2f}); logits differ by {gap:.1e} at most",
            flush=True,
        )


def clocks() -> np.ndarray:
    """Seconds on the wall, and seconds of the processor, which other programs do not slow as much."""
    return np.array([time.perf_counter(), time.process_time()])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
