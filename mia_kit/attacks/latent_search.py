"""What GMI, KED-MI and PLG-MI share: a search among a generator's latents, then the choice of each class's best.

Every search of every class goes through the same batches. The sum of their losses is taken, so that the size of a batch
does not change a gradient. What a step draws at random depends on `seed + 1`, the step and the place of the search.
The images are synthesised once at the end and kept for every measure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from tqdm.auto import tqdm

from mia_kit import check
from mia_kit.access import WhiteBox
from mia_kit.attacks import ppa
from mia_kit.attacks.crops import Crop
from mia_kit.attacks.losses import Loss
from mia_kit.attacks.prior_to_target import as_seen, check_targets, count_classes, synthesise
from mia_kit.attacks.reconstructions import Reconstructions, Trace, on_cpu
from mia_kit.models import in_batches
from mia_kit.models.priors import Prior, sample_latents
from mia_kit.seeds import stream
from mia_kit.signatures import checked

# The best of a class is chosen by its image as it is.
WHOLE_IMAGE = Crop(area=(1.0, 1.0))


@runtime_checkable
class ImageLoss(Protocol):
    """A loss that looks at more than the logits, such as LOMMA's."""

    def of_images(self, images: Tensor, targets: Tensor) -> Tensor:
        """Losses of shape (n,), with gradients, for images as the target takes them."""


@dataclass(frozen=True)
class SearchSettings:
    """What the searches have in common: `starts` searches for each class, at `input_size` (h, w) of the target."""

    input_size: tuple[int, int] = (64, 64)
    starts: int = 5
    steps: int = 1500
    learning_rate: float = 0.02
    batch_size: int = 100

    def __post_init__(self) -> None:
        check.size_field(self, "input_size")
        check.whole_fields(self, starts=1, steps=0, batch_size=1)
        check.in_range("learning_rate", self.learning_rate, 0, open_ends="low")

    @property
    def candidates(self) -> int:
        """Images of each class that the search ends with."""
        return self.starts

    @property
    def selection(self) -> ppa.Settings:
        """The last stage of `mia_kit.attacks.ppa`, which selects the one whose whole image the target is surest of."""
        count, size = self.candidates, self.batch_size
        return ppa.Settings(
            self.input_size, count, count, 1, selection_crop=WHOLE_IMAGE, selection_views=1, batch_size=size
        )


@dataclass(frozen=True)
class Group:
    """Searches that share batches: latents of shape (n, candidates of a search, latent_size), where they begin, targets
    (n,), and places (n,), their numbers among all the `searches`.
    """

    latents: Tensor
    targets: Tensor
    places: Tensor
    searches: int
    bar: tqdm


# From a group to the codes of its candidates, of shape (n * candidates of a search, ...), and records of `descend`.
Search = Callable[[Group], tuple[Tensor, Tensor]]


def on_images(access: WhiteBox, loss: Loss | ImageLoss) -> Callable[[Tensor, Tensor], Tensor]:
    """The loss as a function of images as the target takes them, and target classes."""
    if isinstance(loss, ImageLoss):
        return loss.of_images
    return lambda images, targets: loss(access.logits(images), targets)


def answers(access: WhiteBox, images: Tensor, input_size: tuple[int, int]) -> Tensor:
    """The target's confidences in public images, of shape (n, classes), on the CPU; one query for each image."""
    check.images(images)
    confidences = in_batches(
        lambda batch: access.confidences(as_seen(access, batch.to(access.device), input_size)).cpu(), images
    )
    check.finite("the target's answers to public images", confidences)
    return confidences


def check_classes(what: str, classes: int, confidences: Tensor) -> None:
    """ValueError unless a network has as many classes as the target's answers."""
    if classes != confidences.shape[1]:
        raise ValueError(f"the {what} must have the target's {confidences.shape[1]} classes, got {classes} instead")


@checked
def invert(
    access: WhiteBox,
    target_classes: Sequence[int],
    prior: Prior,
    settings: SearchSettings,
    search: Search,
    *,
    seed: int,
    progress: bool,
) -> Reconstructions:
    """Search for all classes, synthesise, score by the target's confidence and select.

    ValueError if a class is out of range or given twice, or the prior's images do not fit the target.
    """
    before = access.queries
    target_classes = check_targets(target_classes, count_classes(access.logits, access, prior, settings.input_size))
    samples = settings.candidates // settings.starts
    targets = torch.tensor(target_classes, device=access.device).repeat_interleave(settings.starts)  # (searches,)
    latents = sample_latents(prior, len(targets) * samples, seed=seed).to(access.device)
    latents = latents.view(len(targets), samples, -1)
    parts, records = [], []
    with tqdm(total=len(targets) * settings.steps, disable=not progress, desc="attacking", unit="image") as bar:
        for places in torch.arange(len(targets)).split(settings.batch_size):
            codes, record = search(Group(latents[places], targets[places], places, len(targets), bar))
            parts.append(codes)
            records.append(record.repeat_interleave(samples, dim=2))  # all candidates of a search share its record
    codes, trace = torch.cat(parts), Trace(*torch.cat(records, dim=2))
    images = synthesise(prior, codes, batch_size=settings.batch_size)
    targets = targets.repeat_interleave(samples)  # (m,)
    scores = ppa.score_candidates(access, images, targets, settings.selection, stream(seed + 1))
    selected, queries = ppa.select(scores, settings.selection), access.queries - before
    return on_cpu(images, codes, targets, scores, selected=selected, trace=trace, queries=queries)
