"""How fast is course size, on one core? `OMP_NUM_THREADS=1 python tests/studies/inversion/benchmark_course.py`

A target of 200 people learns for 18,750 steps, and 100 people are attacked in 50 steps. Each loop of the package is
timed beside the one that one writes first: float32, Adam as it comes, pixels as they lie. Training is timed over a few
epochs of random pictures, which cost as much as photographs.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from benchmark_attack import ours, plain, timed
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from mia_kit.attacks import Settings
from mia_kit.models import Prior, sample_latents
from mia_kit.studies.inversion import shipped
from mia_kit.studies.inversion.networks import train, untrained
from mia_kit.studies.inversion.people import Photos
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.training.augment import usual_augmentation

PHOTOGRAPHS, PEOPLE, STEPS, FACTOR = 4000, 200, 18_750, 0.1
Loss = float


def train_plainly(photos: Photos, epochs: int) -> Loss:
    """The loop that one writes first; the mean loss of its last epoch."""
    network, generator, augment = shipped.recipe().target, Generator().manual_seed(0), usual_augmentation(3)
    model = untrained(network, channels=3, classes=PEOPLE, size=32, seed=0).to(memory_format=torch.contiguous_format)
    adam = torch.optim.Adam(model.train().parameters(), lr=network.learning_rate)
    images, losses = photos.floats, [0.0]
    for _ in range(epochs):
        losses = []
        for batch in torch.randperm(len(photos.labels), generator=generator).split(network.batch_size):
            adam.zero_grad()
            logits = model(augment(images[batch], generator))
            loss = cross_entropy(logits, photos.labels[batch], label_smoothing=FACTOR)
            loss.backward()
            adam.step()
            losses.append(loss.item())
    return sum(losses) / len(losses)


def train_as_here(photos: Photos, epochs: int) -> Loss:
    """The course's loop."""
    network = shipped.recipe().target
    model = untrained(network, channels=3, classes=PEOPLE, size=32, seed=0)
    result = train(model, photos, network, seed=0, smoothing=FACTOR, epochs=epochs, progress=False)
    return result.history[-1].loss


def training(epochs: int) -> None:
    """Print minutes of all steps for both loops, and their ratio."""
    generator = Generator().manual_seed(0)
    images = torch.randint(256, (PHOTOGRAPHS, 3, 32, 32), generator=generator, dtype=torch.uint8)
    photos = Photos(images, torch.arange(PEOPLE).repeat_interleave(PHOTOGRAPHS // PEOPLE))
    loops: dict[str, Callable[[Photos, int], Loss]] = {"plain": train_plainly, "ours": train_as_here}
    minutes = {}
    for name, loop in loops.items():
        began = time.perf_counter()
        loss = loop(photos, epochs)
        steps = epochs * PHOTOGRAPHS / shipped.recipe().target.batch_size
        minutes[name] = (time.perf_counter() - began) / steps * STEPS / 60
        print(f"training, {name}: {minutes[name]:.1f} minutes for {STEPS:,} steps (loss {loss:.2f} after {steps:.0f})")
    print(f"training: {minutes['plain'] / minutes['ours']:.2f} times as fast as the plain loop")


def attack(people: int, steps: int) -> None:
    """Print seconds of an attack for both loops, and their ratio."""
    target, slow, fast = shipped.shipped_target(0.0), load_prior("dcgan"), load_prior("dcgan", precision="bfloat16")
    latents, targets = sample_latents(slow, people, seed=0), torch.arange(people)
    settings = Settings((32, 32), pool=people, candidates=1, keep=1, steps=steps, learning_rate=0.01, batch_size=50)
    pairs = {"plain": (plain, slow), "ours": (ours, fast)}

    def run(walk: Callable[..., Tensor], prior: Prior) -> dict[str, Any]:
        def work(count: int) -> Tensor:
            return walk(target, prior, latents, targets, replace(settings, steps=count))

        return timed(work, steps, people, torch.device("cpu"))

    results = {name: run(*pair) for name, pair in pairs.items()}
    for name, result in results.items():
        seconds = people * steps / result["images_per_second"]
        print(
            f"attack, {name}: {seconds:.1f} s for {people} people and {steps} steps (loss {result['losses'][-1]:.3f})"
        )
    ratio = results["ours"]["images_per_second"] / results["plain"]["images_per_second"]
    print(f"attack: {ratio:.2f} times as fast as the plain loop")


def main(arguments: list[str] | None = None) -> None:
    """Time both and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=5, help="of training, 125 steps each")
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args(arguments)
    training(options.epochs)
    attack(options.people, options.steps)


if __name__ == "__main__":
    main()
