"""How much faster is a private step than a loop over its pictures? `python tests/defences/benchmark_dp.py`

A `SmallClassifier` with group norm, colour pictures at 64 x 64, batches of 64. The loop takes the gradient of one
picture after another, clips it and adds it up. Both without noise, so that their steps can be compared.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mia_kit.defences import PrivateSettings, with_group_norm
from mia_kit.defences.dp_sgd import _Stepper
from mia_kit.models import SmallClassifier
from mia_kit.training import SmoothedObjective

BATCH, CLASSES, REPEATS = 64, 40, 3
SETTINGS = PrivateSettings(0.0, batch_size=BATCH)


def looped(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    """One step of SGD at rate 1, picture by picture."""
    weights = list(model.parameters())
    total = [torch.zeros_like(weight) for weight in weights]
    for image, label in zip(images, labels, strict=True):
        gradient = torch.autograd.grad(cross_entropy(model(image[None]), label[None]), weights)
        norm = torch.stack([part.norm() for part in gradient]).norm()
        for place, part in zip(total, gradient, strict=True):
            place += part * (SETTINGS.clip_norm / norm).clamp(max=1)
    with torch.no_grad():
        for weight, place in zip(weights, total, strict=True):
            weight -= place / BATCH


def timed(model: nn.Module, step: Callable[[Tensor, Tensor], object]) -> tuple[float, Tensor]:
    """The least seconds of a step, and the weights after all of them."""
    random = torch.Generator().manual_seed(0)
    images, labels = torch.randn(BATCH, 3, 64, 64, generator=random), torch.arange(BATCH) % CLASSES
    times = []
    for _ in range(REPEATS + 1):  # the first one warms up
        began = time.perf_counter()
        step(images, labels)
        times.append(time.perf_counter() - began)
    return min(times[1:]), nn.utils.parameters_to_vector(model.parameters()).detach()


if __name__ == "__main__":
    first, second = (with_group_norm(SmallClassifier(3, CLASSES, seed=0)) for _ in range(2))
    slow, expected = timed(first, lambda images, labels: looped(first, images, labels))
    stepper = _Stepper(second, SETTINGS, torch.optim.SGD(second.parameters(), lr=1.0))
    fast, found = timed(second, lambda images, labels: stepper.step(SmoothedObjective(0.0, 1), images, labels, 0))
    print(
        f"batch {BATCH}: loop {1e3 * slow:.0f} ms, ours {1e3 * fast:.0f} ms a step, ratio {slow / fast:.1f}; ", end=""
    )
    print(f"greatest difference of a weight {(expected - found).abs().max():.1e}")
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
