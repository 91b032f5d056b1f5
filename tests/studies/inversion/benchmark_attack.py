"""How fast is a step of the attack at full size? `python tests/studies/inversion/benchmark_attack.py --out FILE.json`

A ResNet-152 as target and a StyleGAN2 of 1,024 pixels, both with random weights, which cost as much as trained ones.
The plain loop is what one writes first: float32, batches of 25 as in the public code, networks as they were built. Our
loop is the package's own second stage: bfloat16, pixels before channels, as many candidates at once as memory takes;
once as it is and once with both networks compiled. All draw the same latents and crops, so that their losses can be
compared step by step. Printed: images a second, memory, the ratio, and hours of FaceScrub's whole optimisation.

`--tiny` is the same at toy size on any computer, for the test of this script.
"""

import argparse
import copy
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor, nn

from mia_kit.access import WhiteBox
from mia_kit.attacks import Settings
from mia_kit.attacks.crops import cut
from mia_kit.attacks.losses import poincare
from mia_kit.attacks.ppa import optimise
from mia_kit.models import Prior, sample_latents
from mia_kit.runs.circumstances import circumstances
from mia_kit.studies.inversion.devices import InBfloat16, device_of, with_room
from mia_kit.studies.inversion.networks import untrained
from mia_kit.studies.inversion.priors import load_prior
from mia_kit.studies.inversion.recipe import Network

CLASSES, CANDIDATES, STEPS = 530, 200, 50  # of the run that the hours are for
FULL = ("stylegan2 random", Network(architecture="resnet152", device="auto"), 224)
TINY = ("stylegan2 tiny", Network(width=2, device="auto"), 32)
Setup = tuple[str, Network, int]
PLAIN_BATCH = 25


class Compiled:
    """A prior whose synthesis is compiled."""

    def __init__(self, prior: Prior) -> None:
        self.map, self.latent_size, self.image_size = prior.map, prior.latent_size, prior.image_size
        self.synthesise = torch.compile(prior.synthesise)


def plain(target: nn.Module, prior: Prior, latents: Tensor, targets: Tensor, settings: Settings) -> Tensor:
    """Losses of shape (steps, m)."""
    steps, count = settings.steps, len(latents)
    boxes = settings.crop.boxes(steps * count, Generator().manual_seed(1)).view(steps, count, 2, 3)
    curves = []
    for part in torch.arange(count).split(settings.batch_size):
        codes = prior.map(latents[part]).detach().clone().requires_grad_()
        adam = torch.optim.Adam([codes], lr=settings.learning_rate, betas=settings.betas)
        losses = []
        for step in range(steps):
            adam.zero_grad()
            images = cut(prior.synthesise(codes), boxes[step, part], settings.input_size)
            loss = poincare(target(images), targets[part])
            loss.sum().backward()
            adam.step()
            losses.append(loss.detach().cpu())
        curves.append(torch.stack(losses))
    return torch.cat(curves, dim=1)


def ours(target: nn.Module, prior: Prior, latents: Tensor, targets: Tensor, settings: Settings) -> Tensor:
    """Losses of shape (steps, m)."""
    generator = Generator().manual_seed(1)
    return optimise(WhiteBox(target), prior, latents, targets, settings, poincare, generator)[1].losses.cpu()


def timed(work: Callable[[int], Tensor], steps: int, count: int, device: torch.device) -> dict[str, Any]:
    """Images a second of `work(steps)` after a warm-up, the peak of memory in GiB, and the mean loss of each step."""
    on_gpu = device.type == "cuda"
    work(1)
    if on_gpu:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    began = time.perf_counter()
    losses = work(steps)
    if on_gpu:
        torch.cuda.synchronize()
    taken, memory = time.perf_counter() - began, torch.cuda.max_memory_allocated() / 2**30 if on_gpu else None
    return {"images_per_second": steps * count / taken, "gib": memory, "losses": losses.mean(dim=1).tolist()}


@torch.no_grad()
def settled(target: nn.Module, images: Tensor) -> nn.Module:
    """The target with batch norms that know the size of its activations, as training would have left them."""
    for module in target.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean of all batches, here of one
    target.train()(images)
    return target.eval()


def measure(setup: Setup, *, count: int, steps: int, rounded: bool = True) -> dict[str, Any]:
    """Both loops, and ours compiled, on `count` candidates; ours in float32 if not `rounded`."""
    name, network, side = setup
    device = device_of(network)
    slow_prior = load_prior(name, device=device.type)
    fast_prior = load_prior(name, device=device.type, precision="bfloat16") if rounded else slow_prior
    sample = slow_prior.synthesise(slow_prior.map(sample_latents(slow_prior, 8, seed=1).to(device)))
    target = settled(untrained(network, channels=3, classes=CLASSES, size=side, seed=0), sample)
    plain_target = copy.deepcopy(target).to(memory_format=torch.contiguous_format)
    fast_target = InBfloat16(target) if rounded else target
    latents = sample_latents(slow_prior, count, seed=0).to(device)
    targets = torch.arange(count, device=device) % CLASSES
    settings = Settings((side, side), pool=count, candidates=1, keep=1, learning_rate=0.005, betas=(0.1, 0.1))

    def loop(walk: Callable[..., Tensor], batch: int, model: nn.Module, prior: Prior) -> dict[str, Any]:
        def work(steps: int) -> Tensor:
            def attempt(size: int) -> Tensor:
                return walk(model, prior, latents, targets, replace(settings, steps=steps, batch_size=size))

            return with_room(attempt, batch)

        return timed(work, steps, count, device)

    loops = {
        "plain": loop(plain, PLAIN_BATCH, plain_target, slow_prior),
        "ours": loop(ours, count, fast_target, fast_prior),
        "ours, compiled": loop(ours, count, torch.compile(fast_target), Compiled(fast_prior)),
    }
    first = torch.tensor(loops["plain"]["losses"])
    for result in loops.values():
        result["ratio"] = result["images_per_second"] / loops["plain"]["images_per_second"]
        off = (torch.tensor(result["losses"]) - first).abs() / first.abs()
        result["greatest_relative_difference_of_losses"] = float(off.max())
        result["hours_of_the_full_optimisation"] = CLASSES * CANDIDATES * STEPS / result["images_per_second"] / 3600
    return loops


def main(arguments: list[str] | None = None) -> None:
    """Measure, print, and write a file if one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--count", type=int, default=200, help="candidates, and the batch that is tried first")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options, began = parser.parse_args(arguments), time.perf_counter()
    loops = measure(TINY if options.tiny else FULL, count=options.count, steps=options.steps)
    for name, result in loops.items():
        memory = "" if result["gib"] is None else f", {result['gib']:.1f} GiB"
        print(
            f"{name}: {result['images_per_second']:.1f} images a second{memory}, ratio {result['ratio']:.2f}, losses "
            f"off by {result['greatest_relative_difference_of_losses']:.1%}, "
            f"{result['hours_of_the_full_optimisation']:.1f} h for FaceScrub's optimisation"
        )
    if options.out:
        record = {"tiny": options.tiny, "count": options.count, "steps": options.steps, "loops": loops}
        options.out.write_text(json.dumps(record | circumstances(time.perf_counter() - began), indent=1) + "\n")


if __name__ == "__main__":
    main()
