"""LFP: a few served vectors change their label, the others stay clean.

Zhou et al., "Defending Against Neural Network Model Inversion Attacks via Data Poisoning". Of each predicted class, a
share of the vectors is chosen, those first whose greatest confidence is below a threshold; the order of their entries
is reversed, and they are aligned as in `mia_kit.defences.alignment` while the rest stay as they are.

Where the paper is silent: within the threshold the least confident go first and beyond it the choice is random; a share
that is no whole number of vectors is rounded up or down at random, so that it holds on average for single queries too;
the alignment keeps the label that reversal has given. The repair of accuracy swaps the two greatest entries, keeps the
new greatest where it is and reverses the others: an unsure vector, whose second class is often the right one, then
answers with that.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from mia_kit import check
from mia_kit.defences.alignment import AlignmentSettings, Substitute, align
from mia_kit.defences.picture_poison import PicturePoison
from mia_kit.defences.vectors import reverse_ranks
from mia_kit.signatures import checked


class LabelFlippingPoison(PicturePoison):
    """Flips and poisons a share of the vectors, and leaves the others; see `PicturePoison`.

    `rate`, in [0, 1], is the share of each class that is flipped, vectors whose greatest confidence is below
    `threshold` first; `repair` serves the second class instead of the last one.
    """

    @checked
    def __init__(
        self,
        substitute: Substitute,
        *,
        seed: int,
        rate: float = 0.05,
        threshold: float = 0.9,
        repair: bool = False,
        settings: AlignmentSettings | None = None,
    ) -> None:
        super().__init__(seed)
        check.in_range("rate", rate, 0, 1)
        self.substitute = substitute
        self.settings: AlignmentSettings = settings or AlignmentSettings()
        self.rate, self.threshold, self.repair = rate, threshold, repair

    def _chosen(self, confidences: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        mask = candidates(confidences, rate=self.rate, threshold=self.threshold, generator=generator)
        return torch.where(mask[:, None], flip(confidences, repair=self.repair), confidences), mask

    def _moved(self, clean: Tensor, images: Tensor, start: Tensor, moved: Tensor) -> Tensor:
        return align(self.substitute, clean, images, start, self.settings, moved=moved)


def candidates(confidences: Tensor, *, rate: float, threshold: float, generator: Generator) -> Tensor:
    """Which vectors are flipped: a bool Tensor of shape (n,), True for a share `rate` of each predicted class."""
    greatest, classes = (part.cpu() for part in confidences.max(dim=1))
    mask = torch.zeros(len(classes), dtype=torch.bool)
    for label in classes.unique():
        rows = (classes == label).nonzero().squeeze(1)
        budget = int(rate * len(rows) + float(torch.rand((), generator=generator, dtype=torch.float64)))
        # Above the threshold the places are random numbers beyond all confidences.
        random = 2 + torch.rand(len(rows), generator=generator)
        places = torch.where(greatest[rows] < threshold, greatest[rows].float(), random)
        mask[rows[places.argsort()[:budget]]] = True
    return mask.to(confidences.device)


def flip(vectors: Tensor, *, repair: bool = False) -> Tensor:
    """Vectors of shape (n, classes) with reversed ranks; with `repair`, the second class is first, the others reversed.

    A row whose entries are all equal stays as it is, and so does its label.
    """
    if not repair:
        return reverse_ranks(vectors)
    order = vectors.argsort(dim=1, descending=True, stable=True)
    falling = vectors.gather(1, order)
    # The second class takes the greatest value, the first the least, the rest what reversal leaves them.
    places = torch.cat([order[:, 1:2], order[:, 2:].flip(1), order[:, :1]], dim=1)
    return torch.empty_like(vectors).scatter(1, places, falling)
