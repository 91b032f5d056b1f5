"""From a prior's codes to what the target sees, and what every attack checks before it begins.

One file, because each attack does this in the same way and differs in what it asks for and how it moves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from mia_kit import check
from mia_kit.access import Access
from mia_kit.models.batches import in_batches
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.snapshot import check_mode

Ask = Callable[[Tensor], Tensor]


def synthesise(prior: Prior, codes: Tensor, *, batch_size: int = 128) -> Tensor:
    """Images of shape (n, channels, h, w), clipped to [-1, 1], without gradients, at most `batch_size` at a time."""
    return in_batches(lambda part: prior.synthesise(part).clamp(-1, 1), codes, batch_size=batch_size)


def resize(images: Tensor, size: tuple[int, int]) -> Tensor:
    """The images at `size` = (h, w), with a low-pass filter and with gradients."""
    if images.shape[2:] == size:
        return images
    return interpolate(images, size=size, mode="bilinear", antialias=True, align_corners=False)


def in_channels(channels: int | None, images: Tensor) -> Tensor:
    """The mean of the colours if `channels` is 1, else the images as they are."""
    return images.mean(dim=1, keepdim=True) if channels == 1 else images


def as_seen(access: Access, images: Tensor, size: tuple[int, int]) -> Tensor:
    """The images as the target takes them: at `size`, and grey if it takes grey ones."""
    return in_channels(access.channels, resize(images, size))


def asker(ask: Ask, access: Access, prior: Prior, *, size: tuple[int, int], batch_size: int) -> Ask:
    """`ask`, a method of `access` that takes images, as a function of codes (n, ...), without gradients, in batches.

    An attack that holds no more than this function can learn no more than `ask` tells.
    """

    def answer(codes: Tensor) -> Tensor:
        return ask(as_seen(access, synthesise(prior, codes, batch_size=batch_size), size))

    return lambda codes: in_batches(answer, codes, batch_size=batch_size)


def fitness(ask: Ask, codes: Tensor, targets: Tensor) -> Tensor:
    """Confidence in each population's target, of shape (m, n), for codes of shape (m, n, ...); -1 for no number."""
    answers = ask(codes.flatten(0, 1))
    confidences = answers.gather(1, targets.repeat_interleave(codes.shape[1])[:, None])
    return confidences.view(codes.shape[:2]).nan_to_num(nan=-1.0)


def count_classes(ask: Ask, access: Access, prior: Prior, size: tuple[int, int]) -> int:
    """How many classes `ask` tells of, in one query, so that what does not fit is told before the work begins."""
    check_images(access, prior)
    return asker(ask, access, prior, size=size, batch_size=1)(_one_code(access, prior)).shape[1]


@torch.no_grad()
def check_images(access: Access, prior: Prior) -> None:
    """ValueError if the prior is in training mode, its images not what it says, or grey for a target of colours."""
    network = prior
    while not isinstance(network, torch.nn.Module) and hasattr(network, "prior"):  # framed ones are no modules
        network = network.prior
    check_mode("prior", network)
    images = synthesise(prior, _one_code(access, prior))
    if tuple(images.shape[1:]) != tuple(prior.image_size):
        raise ValueError(
            f"the prior's image_size is {tuple(prior.image_size)}, got images of {tuple(images.shape[1:])} from it "
            "instead: correct image_size, or give it weights of that size"
        )
    if access.channels not in (None, 1, images.shape[1]):
        raise ValueError(
            f"the target expects images of {access.channels} channels, got a prior of {images.shape[1]} instead: take "
            "a prior of colour images or a target of grey ones"
        )


def check_targets(target_classes: Sequence[int], classes: int | None) -> list[int]:
    """The classes, a list, array or tensor of whole numbers, as plain ints.

    ValueError if one is given twice or is none of `classes`; None if the attacker cannot know how many.
    """
    given = check.counts("target_classes", target_classes, least=0)
    if len(set(given)) != len(given) or (classes is not None and max(given) >= classes):
        end = "..." if classes is None else classes
        raise ValueError(
            f"target_classes must be different classes in [0, {end}), at least one, got {list(given)} instead"
        )
    return list(given)


def _one_code(access: Access, prior: Prior) -> Tensor:
    return prior.map(sample_latents(prior, 1, seed=0).to(access.device))
