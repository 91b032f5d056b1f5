"""How much faster is BiDO's loss than its printed form? `python tests/defences/benchmark_hsic.py`

The printed form inverts both kernel matrices of each of ten pairs, five layers with the picture and the label. Ours
factorises seven matrices, and sends gradients through five. Forward and backward, hidden layers of 128 numbers.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from mia_kit.defences.bido import EPSILON, gaussian_kernel, linear_kernel, weighted_dependence

LAYERS, SIZE, CLASSES, REPEATS = 5, 128, 10, 5


def printed(hidden: list[Tensor], images: Tensor, labels: Tensor) -> Tensor:
    """The same sum with an inverse for each kernel of each pair."""
    total = images.new_zeros(())
    for layer in hidden:
        with_picture = (inverted(gaussian_kernel(layer)) * inverted(gaussian_kernel(images)).T).sum()
        targets = one_hot(labels, CLASSES).to(images.dtype)
        with_label = (inverted(gaussian_kernel(layer)) * inverted(linear_kernel(targets)).T).sum()
        total = total + 0.05 * with_picture - 0.5 * with_label
    return total


def inverted(kernel: Tensor) -> Tensor:
    m = len(kernel)
    return kernel @ torch.linalg.inv(kernel + EPSILON * m * torch.eye(m))


def ours(hidden: list[Tensor], images: Tensor, labels: Tensor) -> Tensor:
    return weighted_dependence(hidden, images, labels, CLASSES, picture_weight=0.05, label_weight=0.5)


def seconds(loss: Callable[[list[Tensor], Tensor, Tensor], Tensor], batch: int) -> tuple[float, float]:
    """The least time of a forward and backward pass, and the loss."""
    random = torch.Generator().manual_seed(0)
    hidden = [torch.randn(batch, SIZE, generator=random).requires_grad_() for _ in range(LAYERS)]
    images, labels = torch.randn(batch, 3, 64, 64, generator=random), torch.arange(batch) % CLASSES
    times = []
    for _ in range(REPEATS + 1):  # the first one warms up
        began = time.perf_counter()
        value = loss(hidden, images, labels)
        value.backward()
        times.append(time.perf_counter() - began)
    return min(times[1:]), value.item()


if __name__ == "__main__":
    for size in (64, 256):
        (slow, expected), (fast, found) = seconds(printed, size), seconds(ours, size)
        print(f"batch {size}: printed {1e3 * slow:.1f} ms, ours {1e3 * fast:.1f} ms, ratio {slow / fast:.1f}; ", end="")
        print(f"losses {expected:.4f} and {found:.4f}")
    print(f"{torch.get_num_threads()} threads, torch {torch.__version__}")
